"""Tabs: one window of a user, changed by extensions and clients, and what everybody hears of it."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

import shim as vscode
from sessions.context import SessionContext
from sessions.errors import InvalidValue
from shim import Tab, TabChangeEvent, TabInputText, TabInputWebview, Uri, ViewColumn
from shim.tab import COLUMNS
from shim.tabs import MOST, Tabs
from tests.shim.screen import Screen

pytestmark = pytest.mark.anyio


def text(name: str) -> TabInputText:
    return TabInputText(Uri.file(f"/workspace/{name}"))


def shape(tabs: Tabs) -> list[list[str]]:
    """The labels of the tabs in each group; the one that is shown in brackets, `*` is where the user is."""
    return [
        [f"[{tab.label}]" if tab.is_active else tab.label for tab in group.tabs] + ["*"] * group.is_active
        for group in tabs.groups
    ]


@pytest.fixture
def tabs(ada: SessionContext) -> Tabs:
    return ada.get(Tabs)


@pytest.fixture
def put(tabs: Tabs) -> Callable[..., Tab]:
    def put(name: str, column: int | None = None, **more: Any) -> Tab:
        return tabs.open(text(name), name, column, **more)

    return put


async def test_at_first_there_is_one_empty_group(ada: SessionContext) -> None:
    with ada.entered():
        groups = vscode.window.tab_groups
        assert len(groups.all) == 1
        assert groups.active_tab_group is groups.all[0]
        assert groups.all[0].tabs == ()
        assert groups.all[0].active_tab is None
        assert groups.all[0].view_column == ViewColumn.ONE
        assert vscode.window.tab_groups is groups


async def test_tabs_open_beside_the_one_that_is_shown(tabs: Tabs, put: Callable[..., Tab]) -> None:
    a = put("a")
    put("b")
    tabs.show(a)
    put("c")
    assert shape(tabs) == [["a", "[c]", "b", "*"]]


async def test_the_same_file_opens_once_in_a_column_and_again_in_another(tabs: Tabs, put: Callable[..., Tab]) -> None:
    first = put("a")
    put("b")
    assert put("a") is first
    assert put("a", ViewColumn.BESIDE) is not first
    assert shape(tabs) == [["[a]", "b"], ["[a]", "*"]]


async def test_columns_are_made_as_they_are_needed_and_no_more(tabs: Tabs, put: Callable[..., Tab]) -> None:
    put("a")
    put("b", ViewColumn.NINE)
    put("c", ViewColumn.ONE, preserve_focus=True)
    assert shape(tabs) == [["a", "[c]"], ["[b]", "*"]]
    for number in range(20):
        put(str(number), ViewColumn.BESIDE)
    assert len(tabs.groups) == COLUMNS
    with pytest.raises(InvalidValue, match="view_column"):
        put("d", -7)


async def test_a_preview_makes_room_for_the_next_unless_it_has_changes(tabs: Tabs, put: Callable[..., Tab]) -> None:
    put("kept")
    put("a", preview=True)
    put("b", preview=True)
    assert shape(tabs) == [["kept", "[b]", "*"]]
    tabs.active.tabs[1]._is_dirty = True
    assert tabs.active.tabs[1].is_dirty
    put("c", preview=True)
    assert shape(tabs) == [["kept", "b", "[c]", "*"]]
    assert put("c").is_preview is False


async def test_closing_shows_the_one_that_was_shown_before(tabs: Tabs, put: Callable[..., Tab]) -> None:
    a, _b, c = put("a"), put("b"), put("c")
    tabs.show(a)
    tabs.show(c)
    tabs.shut(c)
    assert shape(tabs) == [["[a]", "b", "*"]]


async def test_a_group_goes_with_its_last_tab_but_for_the_last_group(tabs: Tabs, put: Callable[..., Tab]) -> None:
    put("a")
    b = put("b", ViewColumn.TWO)
    put("c", ViewColumn.THREE)
    tabs.show(b)
    tabs.shut(b)
    assert shape(tabs) == [["[a]"], ["[c]", "*"]]
    assert [group.view_column for group in tabs.groups] == [1, 2]
    tabs.shut(*(tab for group in tabs.groups for tab in group.tabs))
    assert shape(tabs) == [["*"]]


async def test_a_tab_moves_to_another_column_or_place(tabs: Tabs, put: Callable[..., Tab]) -> None:
    a, b = put("a"), put("b")
    tabs.move(a, ViewColumn.TWO)
    assert shape(tabs) == [["[b]"], ["[a]", "*"]]
    assert a.group.view_column == ViewColumn.TWO
    tabs.move(b, ViewColumn.TWO, 0)
    assert shape(tabs) == [["[b]", "a", "*"]]
    tabs.move(b, ViewColumn.ONE, 99)
    assert shape(tabs) == [["a", "[b]", "*"]]


async def test_extensions_hear_what_was_opened_closed_and_changed(ada: SessionContext) -> None:
    heard: list[TabChangeEvent] = []
    with ada.entered():
        groups, tabs = vscode.window.tab_groups, ada.get(Tabs)
        groups.on_did_change_tabs(heard.append)
        a = tabs.open(text("a"), "a")
        b = tabs.open(text("b"), "b")
        tabs.show(b)
        assert await groups.close(a)
        assert not await groups.close([a, b])
        assert not await groups.close(b)
    told = [[[tab.label for tab in one] for one in (event.opened, event.closed, event.changed)] for event in heard]
    assert told == [[["a"], [], []], [["b"], [], ["a"]], [[], ["a"], []], [[], ["b"], []]]


async def test_extensions_hear_of_groups(ada: SessionContext) -> None:
    heard: list[Any] = []
    with ada.entered():
        groups, tabs = vscode.window.tab_groups, ada.get(Tabs)
        groups.on_did_change_tab_groups(heard.append)
        tabs.open(text("a"), "a")
        tabs.open(text("b"), "b", ViewColumn.TWO)
        second = groups.active_tab_group
        assert await groups.close(second)
    assert [(len(one.opened), len(one.closed), len(one.changed)) for one in heard] == [(0, 0, 1), (1, 0, 1), (0, 1, 1)]


async def test_a_listener_that_changes_tabs_is_heard_too(ada: SessionContext) -> None:
    with ada.entered():
        groups, tabs = vscode.window.tab_groups, ada.get(Tabs)

        def close_again(event: TabChangeEvent) -> None:
            tabs.shut(*event.opened)

        groups.on_did_change_tabs(close_again)
        tabs.open(text("a"), "a")
    assert shape(tabs) == [["*"]]


async def test_clients_see_the_same(ada: SessionContext, ben: SessionContext) -> None:
    screen, his = Screen(ada), Screen(ben)
    with ada.entered():
        tabs = ada.get(Tabs)
        tabs.open(text("a"), "a")
        tabs.open(TabInputWebview("page"), "Page", ViewColumn.TWO)
    state = await screen.shows("tabGroups")
    assert [(group["viewColumn"], group["isActive"]) for group in state["groups"]] == [(1, False), (2, True)]
    assert state["groups"][0]["tabs"] == [
        {
            "handle": "1",
            "label": "a",
            "isActive": True,
            "isDirty": False,
            "isPinned": False,
            "isPreview": False,
            "input": {"kind": "text", "uri": "file:///workspace/a"},
        }
    ]
    assert state["groups"][1]["tabs"][0]["input"] == {"kind": "webview", "viewType": "page"}
    assert Screen(ada, late=True).of("tabGroups") == [state]
    await his.settle()
    assert his.events == []


async def test_a_user_has_a_bounded_number_of_tabs(tabs: Tabs, put: Callable[..., Tab]) -> None:
    for number in range(MOST):
        put(str(number))
    with pytest.raises(InvalidValue, match="close some first"):
        put("one more", ViewColumn.BESIDE)
    assert len(tabs.groups) == 1


async def test_a_handle_of_a_closed_tab_means_nothing(tabs: Tabs, put: Callable[..., Tab]) -> None:
    a = put("a")
    assert tabs.find(a.handle) is a
    tabs.shut(a)
    with pytest.raises(InvalidValue, match="tab"):
        tabs.find(a.handle)
