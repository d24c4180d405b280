"""Tree views: levels asked for one by one, elements that stay themselves, and what the extension hears."""

from __future__ import annotations

import asyncio
import time
from typing import Any

import pytest

import shim as vscode
from sessions.context import SessionContext
from sessions.errors import InvalidValue, RoostError
from shim import (
    Command,
    EventEmitter,
    ThemeIcon,
    TreeItem,
    TreeItemCheckboxState,
    TreeItemCollapsibleState,
    TreeView,
    Uri,
    ViewBadge,
)
from shim import trees as module
from shim.nodes import Node, together
from shim.trees import MOST_CHILDREN
from shim.views import Views
from tests.shim.screen import Screen

pytestmark = pytest.mark.anyio

CHECKED, UNCHECKED = TreeItemCheckboxState.CHECKED, TreeItemCheckboxState.UNCHECKED


class Provider:
    """A tree of names; what ends with `/` has what is below."""

    def __init__(self, **names: list[str]) -> None:
        self.names = names or {"top": ["a/", "b"], "a/": ["a1", "a2"]}
        self.changed = EventEmitter[Any]()
        self.on_did_change_tree_data = self.changed.event
        self.boxes = False

    async def get_children(self, element: str | None = None) -> list[str]:
        await asyncio.sleep(0)
        return self.names.get(element or "top", [])

    def get_tree_item(self, element: str) -> TreeItem:
        state = TreeItemCollapsibleState.COLLAPSED if element in self.names else TreeItemCollapsibleState.NONE
        item = TreeItem(element, state)
        item.checkbox_state = UNCHECKED if self.boxes else None
        return item

    def get_parent(self, element: str) -> str | None:
        return next((parent for parent, below in self.names.items() if element in below and parent != "top"), None)


def view(session: SessionContext, provider: Any = None, **options: Any) -> TreeView[Any]:
    with session.entered("acme.hello"):
        return vscode.window.create_tree_view("hello.tree", tree_data_provider=provider or Provider(), **options)


async def test_a_view_is_told_and_its_levels_are_asked_for(ada: SessionContext, ben: SessionContext) -> None:
    screen, his = Screen(ada), Screen(ben)
    tree = view(ada, can_select_many=True)
    tree.title, tree.message, tree.badge = "Hello", "two things", ViewBadge(2, "two")
    assert await screen.shows("treeView") == {
        "viewId": "hello.tree",
        "revision": 0,
        "dropMimeTypes": [],
        "title": "Hello",
        "message": "two things",
        "badge": {"value": 2, "tooltip": "two"},
        "canSelectMany": True,
        "showCollapseAll": False,
    }
    top = await tree.children(None)
    assert [(one["label"], one["collapsibleState"]) for one in top] == [("a/", 1), ("b", 0)]
    below = await tree.children(top[0]["handle"])
    assert [one["label"] for one in below] == ["a1", "a2"]
    assert await tree.children(below[0]["handle"]) == []
    await his.settle()
    assert his.events == []


async def test_an_item_has_the_words_of_vs_code(ada: SessionContext) -> None:
    class One(Provider):
        def get_tree_item(self, element: str) -> TreeItem:
            item = TreeItem(Uri.file("/workspace/x.py"), id=element, icon_path=ThemeIcon("bug"), description=True)
            item.tooltip, item.context_value = "why", "thing"
            item.command = Command("Open", "hello.open", arguments=[object()])
            return item

    (told,) = await view(ada, One(top=["x"])).children(None)
    told.pop("handle")
    assert told == {
        "label": "x.py",
        "collapsibleState": 0,
        "resourceUri": "file:///workspace/x.py",
        "id": "x",
        "iconPath": {"id": "bug"},
        "description": True,
        "tooltip": "why",
        "command": {"title": "Open", "command": "hello.open", "tooltip": None},
        "contextValue": "thing",
    }


async def test_elements_keep_their_handles_when_they_are_listed_again(ada: SessionContext) -> None:
    provider = Provider(top=["same", "same", "other"])
    tree = view(ada, provider)
    first = [one["handle"] for one in await tree.children(None)]
    assert len(set(first)) == 3
    provider.names["top"] = ["new", "same", "same", "other"]
    again = [one["handle"] for one in await tree.children(None)]
    assert again[1:] == first
    provider.names["top"] = ["other"]
    await tree.children(None)
    with pytest.raises(InvalidValue, match="ask for its children again"):
        await tree.children(first[0])


class Named(Provider):
    """Each element's id is its name without what stands before a dot: `a.x` and `b.x` have the same."""

    def get_tree_item(self, element: str) -> Any:
        item = super().get_tree_item(element)
        item.id = element.rpartition(".")[2]
        return item if item.id != "nothing" else None


async def test_an_id_names_one_element_of_a_view(ada: SessionContext) -> None:
    named = Named(top=["a", "b"], a=["a.x"], b=["b.y", "b.x"])
    tree = view(ada, named)
    a, b = [one["handle"] for one in await tree.children(None)]
    await tree.children(a)
    await tree.children(a)
    with pytest.raises(InvalidValue, match="Element with id x is already registered"):
        await tree.children(b)
    other = view(ada, Named(top=["a.x"]))
    assert [one["id"] for one in await other.children(None)] == ["x"]
    with pytest.raises(InvalidValue, match="Element with id x is already registered"):
        await view(ada, Named(top=["a.x", "b.x"])).children(None)
    assert len(await view(ada, Named(top=["a.", "b."])).children(None)) == 2, "an empty id is none"


async def test_an_element_may_go_elsewhere_with_its_id_once_it_is_told_of(ada: SessionContext) -> None:
    named = Named(top=["a", "b"], a=["a.x"], b=[])
    tree, screen = view(ada, named), Screen(ada)
    a, b = [one["handle"] for one in await tree.children(None)]
    (before,) = await tree.children(a)
    named.names.update(a=[], b=["b.x"])
    named.changed.fire(["a", "b"])
    await screen.settle()
    (after,) = await tree.children(b)
    assert await tree.children(a) == []
    assert (before["id"], after["id"]) == ("x", "x")
    assert [one["id"] for one in await tree.children(b)] == ["x"]
    named.names.update(a=["a.x"], b=[])
    named.changed.fire(None)
    assert [one["id"] for one in await tree.children(a)] == ["x"]


async def test_what_is_listed_below_an_element_that_was_listed_anew_meanwhile_is_below_the_new_one(
    ada: SessionContext,
) -> None:
    named, go_on = Named(top=["a"], a=["a.x"]), asyncio.Event()
    tree = view(ada, named)
    (a,) = [one["handle"] for one in await tree.children(None)]
    list_all = named.get_children

    async def waits(element: str | None = None) -> list[str]:
        if element == "a" and not go_on.is_set():
            await go_on.wait()
        return await list_all(element)

    named.get_children = waits  # type: ignore[method-assign]
    slow = asyncio.ensure_future(tree.children(a))
    await asyncio.sleep(0)
    await tree.children(None)
    go_on.set()
    assert [one["id"] for one in await slow] == ["x"]
    assert [one["id"] for one in await tree.children(a)] == ["x"]


async def test_what_is_nothing_is_not_listed(ada: SessionContext) -> None:
    named: Any = Named(top=["a", None, "nothing", "b"])
    assert [one["id"] for one in await view(ada, named).children(None)] == ["a", "b"]


async def test_nothing_among_what_changed_is_the_whole_tree(ada: SessionContext) -> None:
    provider, screen = Provider(), Screen(ada)
    tree = view(ada, provider)
    await tree.children(None)
    provider.changed.fire(["b", None])
    assert (await screen.shows("treeView"))["revision"] == 1
    assert not [data for type, data in screen.events if type == "window.onDidChangeTreeData"]


async def test_clients_hear_what_to_ask_for_again(ada: SessionContext) -> None:
    provider, screen = Provider(), Screen(ada)
    tree = view(ada, provider)
    top = await tree.children(None)
    provider.changed.fire("a/")
    await screen.settle()
    provider.changed.fire(["b", "a/", "unknown"])
    provider.changed.fire("unknown")
    provider.changed.fire(None)
    await screen.settle()
    told = [data["items"] for type, data in screen.events if type == "window.onDidChangeTreeData"]
    assert told == [[top[0]["handle"]], [top[1]["handle"], top[0]["handle"]]]
    assert (await screen.shows("treeView"))["revision"] == 1
    tree.dispose()
    provider.changed.fire("a/")
    await screen.settle()
    assert screen.pieces == {}


async def test_what_changes_in_one_turn_is_told_at_once_and_nothing_of_a_view_that_is_gone(ada: SessionContext) -> None:
    provider, screen = Provider(), Screen(ada)
    tree = view(ada, provider)
    top = [one["handle"] for one in await tree.children(None)]
    for _ in range(100):
        provider.changed.fire("b")
        provider.changed.fire("a/")
    await screen.settle()
    provider.changed.fire("b")
    tree.dispose()
    await screen.settle()
    told = [data["items"] for type, data in screen.events if type == "window.onDidChangeTreeData"]
    assert told == [[top[1], top[0]]]


async def test_a_level_is_other_at_once_and_not_by_and_by(ada: SessionContext) -> None:
    provider = Provider(top=[f"item {number}" for number in range(1_000)])
    tree = view(ada, provider)
    before = [item["handle"] for item in await tree.children(None)]
    asked = asyncio.ensure_future(tree.children(None))
    while not asked.done():
        for handle in (before[0], before[-1]):
            assert await tree.children(handle) == [], "it is still known"
    assert [item["handle"] for item in await asked] == before


async def test_what_the_user_does_is_heard(ada: SessionContext) -> None:
    heard: list[Any] = []
    tree = view(ada, can_select_many=True)
    with ada.entered():
        tree.on_did_expand_element(lambda event: heard.append(("open", event.element)))
        tree.on_did_collapse_element(lambda event: heard.append(("close", event.element)))
        tree.on_did_change_selection(lambda event: heard.append(("select", *event.selection)))
        tree.on_did_change_active_item(lambda event: heard.append(("active", event.active_item)))
    a, b = [one["handle"] for one in await tree.children(None)]
    tree.expand(a, True)
    tree.expand(a, False)
    tree.select([b, a])
    tree.select([b])
    tree.select([])
    assert heard == [
        ("open", "a/"),
        ("close", "a/"),
        ("select", "b", "a/"),
        ("active", "b"),
        ("select", "b"),
        ("select",),
        ("active", None),
    ]
    tree.can_select_many = False
    tree.select([a, b])
    assert (tree.selection, tree.active_item) == (("a/",), "a/")


async def test_a_view_is_visible_while_a_client_shows_it(ada: SessionContext) -> None:
    heard: list[bool] = []
    views, one, other = ada.get(Views), object(), object()
    await views.show("hello.tree", one)
    tree = view(ada)
    assert tree.visible
    with ada.entered():
        tree.on_did_change_visibility(lambda event: heard.append(event.visible))
    await views.show("hello.tree", other)
    views.leave(one)
    views.hide("hello.tree", other)
    assert not tree.visible
    await views.show("hello.tree", other)
    assert heard == [False, True]


async def test_an_element_is_revealed_with_what_is_above_it(ada: SessionContext) -> None:
    screen = Screen(ada)
    tree = view(ada)
    with ada.entered("acme.hello"):
        await tree.reveal("a2", focus=True, expand=2)
        with pytest.raises(InvalidValue, match="not among the children"):
            await tree.reveal("nowhere")
    top = await tree.children(None)
    below = await tree.children(top[0]["handle"])
    await screen.settle()
    (revealed,) = screen.revealed
    assert revealed["items"] == [top[0]["handle"], below[1]["handle"]]
    assert (revealed["select"], revealed["focus"], revealed["expand"]) == (True, True, 2)


async def test_revealing_needs_to_know_parents(ada: SessionContext) -> None:
    class Orphans:
        def get_children(self, element: object = None) -> list[str]:
            return []

        def get_tree_item(self, element: str) -> TreeItem:
            return TreeItem(element)

    tree = view(ada, Orphans())
    with ada.entered(), pytest.raises(RoostError, match="get_parent"):
        tree.reveal("x")


async def test_checking_takes_along_what_is_below_and_above(ada: SessionContext) -> None:
    heard: list[Any] = []
    provider = Provider()
    provider.boxes = True
    tree = view(ada, provider)
    with ada.entered():
        tree.on_did_change_checkbox_state(lambda event: heard.append(sorted(event.items)))
    top = await tree.children(None)
    a1, a2 = [one["handle"] for one in await tree.children(top[0]["handle"])]
    assert [one["label"] for one in await tree.check(a1, True)] == ["a1"]
    assert sorted(one["label"] for one in await tree.check(a2, True)) == ["a/", "a2"]
    assert sorted(one["label"] for one in await tree.check(a1, False)) == ["a/", "a1"]
    assert sorted(one["label"] for one in await tree.check(top[0]["handle"], True)) == ["a/", "a1"]
    assert await tree.check(a1, True) == []
    assert heard[1] == [("a/", CHECKED), ("a2", CHECKED)]
    assert heard[2] == [("a/", UNCHECKED), ("a1", UNCHECKED)]


def test_checking_one_of_many_asks_of_each_once() -> None:
    def node(parent: Node | None) -> Node:
        made = Node("", None, TreeItem("x"), parent)
        made.item.checkbox_state = UNCHECKED
        if parent is not None:
            parent.children.append(made)
        return made

    top = node(None)
    checked, *_ = [node(top) for _ in range(MOST_CHILDREN)]
    below = [node(checked) for _ in range(MOST_CHILDREN)]
    began = time.process_time()
    assert together(checked, CHECKED) == [checked, *below]
    assert together(checked, UNCHECKED) == [checked, *below, top]
    assert time.process_time() - began < 0.3  # each compared with all others took ten times as long


async def test_an_extension_may_keep_checkboxes_itself(ada: SessionContext) -> None:
    provider = Provider()
    provider.boxes = True
    tree = view(ada, provider, manage_checkbox_state_manually=True)
    top = await tree.children(None)
    await tree.children(top[0]["handle"])
    assert [one["label"] for one in await tree.check(top[0]["handle"], True)] == ["a/"]
    provider.boxes = False
    handle = (await tree.children(None))[1]["handle"]
    with pytest.raises(InvalidValue, match="has no checkbox"):
        await tree.check(handle, True)


async def test_choosing_an_element_runs_its_command(ada: SessionContext) -> None:
    heard: list[Any] = []

    class Commanded(Provider):
        def get_tree_item(self, element: str) -> TreeItem:
            return TreeItem(element, command=Command("Take", "hello.take", arguments=[element, 7]))

        def resolve_tree_item(self, item: TreeItem, element: str, token: object) -> TreeItem:
            item.tooltip = f"all about {element}"
            return item

    tree = view(ada, Commanded())
    handle = (await tree.children(None))[1]["handle"]
    with ada.entered("acme.hello"):
        vscode.commands.register_command("hello.take", lambda *arguments: heard.append(arguments))
        await tree.run(handle)
    assert heard == [("b", 7)]
    assert (await tree.resolve(handle))["tooltip"] == "all about b"


async def test_a_command_of_an_elements_menu_gets_the_element_and_all_that_are_selected_if_it_takes_them(
    ada: SessionContext,
) -> None:
    heard: list[Any] = []
    tree = view(ada, Provider(), can_select_many=True)
    first, second = (one["handle"] for one in await tree.children(None))
    with ada.entered("acme.hello"):
        vscode.commands.register_command("hello.none", lambda: heard.append("none"))
        vscode.commands.register_command("hello.one", lambda element: heard.append(element))
        vscode.commands.register_command("hello.both", lambda element, selected: heard.append((element, selected)))
        for command in ("hello.none", "hello.one", "hello.both"):
            await tree.run(second, command)
        tree.select([first, second])
        await tree.run(second, "hello.both")
        tree.select([first])
        await tree.run(second, "hello.both")
    assert heard == ["none", "b", ("b", None), ("b", ["a/", "b"]), ("b", None)]


async def test_what_is_dragged_comes_to_the_extension(ada: SessionContext) -> None:
    heard: list[Any] = []

    class Controller:
        drop_mime_types = ("application/vnd.code.tree.hello.tree",)
        drag_mime_types = ("text/plain",)

        def handle_drag(self, source: list[str], data: vscode.DataTransfer, token: object) -> None:
            data.set("text/plain", vscode.DataTransferItem(" ".join(source)))

        async def handle_drop(self, target: str | None, data: vscode.DataTransfer, token: object) -> None:
            item = data.get("text/plain")
            heard.append((target, item and item.value, getattr(data.get(self.drop_mime_types[0]), "value", None)))

    tree = view(ada, drag_and_drop_controller=Controller())
    a, b = [one["handle"] for one in await tree.children(None)]
    await tree.drop([b], a)
    await tree.drop([a, b], None)
    assert heard == [("a/", "b", ["b"]), (None, "a/ b", ["a/", "b"])]
    with pytest.raises(InvalidValue, match="takes nothing dragged"):
        await view(ada).drop([], None)


async def test_a_provider_that_gives_too_much_or_nonsense_or_nothing_in_time_is_named(
    ada: SessionContext, monkeypatch: pytest.MonkeyPatch
) -> None:
    with pytest.raises(InvalidValue, match="may give 5000 elements"):
        await view(ada, Provider(top=[str(number) for number in range(MOST_CHILDREN + 1)])).children(None)

    class Nonsense(Provider):
        def get_tree_item(self, element: str) -> Any:
            return element

    with pytest.raises(InvalidValue, match="must give a TreeItem, not str"):
        await view(ada, Nonsense()).children(None)

    class Asleep(Provider):
        async def get_children(self, element: str | None = None) -> list[str]:
            await asyncio.Event().wait()
            return []

    monkeypatch.setattr(module, "PROVIDER_S", 0.01)
    with pytest.raises(RoostError, match=r"'hello\.tree' took more than 0\.01 s"):
        await view(ada, Asleep()).children(None)
    with pytest.raises(InvalidValue, match="must have get_tree_item"):
        view(ada, object())


async def test_another_provider_takes_the_place_of_the_first(ada: SessionContext) -> None:
    screen = Screen(ada)
    first = view(ada)
    with ada.entered():
        undo = vscode.window.register_tree_data_provider("hello.tree", Provider())
    assert first.disposed
    await screen.settle()
    assert len(screen.of("treeView")) == 1
    undo.dispose()
    await screen.settle()
    assert screen.of("treeView") == []


async def test_as_many_elements_as_there_may_be_leave_turns_for_others(ada: SessionContext) -> None:
    tree = view(ada, Provider(top=["same"] * (MOST_CHILDREN // 2) + [f"b{n}" for n in range(MOST_CHILDREN // 2)]))
    asked, turns = asyncio.ensure_future(tree.children(None)), 0
    while not asked.done():
        await asyncio.sleep(0)
        turns += 1
    handles = [item["handle"] for item in await asked]
    assert len(set(handles)) == MOST_CHILDREN and turns > 50
    assert [item["handle"] for item in await tree.children(None)] == handles, "and they are the same the next time"
