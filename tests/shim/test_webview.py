"""Webviews as extensions have them: pages, messages, files that they may load, panels, views, and what comes back."""

from __future__ import annotations

import asyncio
import time
from pathlib import Path
from typing import Any

import pytest

import shim as vscode
from sessions.context import SessionContext
from sessions.errors import InvalidValue
from sessions.manager import SessionManager
from shim import Uri, ViewColumn, Webview, WebviewOptions, WebviewPanel, WebviewView, WebviewViewResolveContext, tabs
from shim.absent import NotSupported
from shim.surface import Surface
from shim.urihandlers import UriHandlers
from shim.views import Views
from shim.webview import LARGEST_HTML, nonces
from tests.people import extension, loads, people
from tests.sessions.stores import eventually
from tests.shim.screen import Screen

pytestmark = pytest.mark.anyio


def panel(title: str = "Page", column: Any = ViewColumn.ONE, **options: Any) -> WebviewPanel:
    return vscode.window.create_webview_panel("page", title, column, **options)


async def test_a_panel_is_a_tab_that_clients_load_from_an_address_of_its_own(ada: SessionContext) -> None:
    screen = Screen(ada)
    with ada.entered("acme.hello"):
        one = panel(enable_scripts=True)
        one.webview.html = "<p>hello"
        other = panel("Other")
    await screen.settle()
    state = screen.of("webview")[0]
    assert state["path"] == one.webview.path
    assert state["path"].startswith("/webview/ada/")
    assert len(state["path"].split("/")[3]) == 43
    assert (state["place"], state["viewType"], state["title"], state["scripts"]) == ("panel", "page", "Page", True)
    assert (state["visible"], one.visible, one.active) == (False, False, False)
    assert (other.visible, other.active, other.view_column) == (True, True, ViewColumn.ONE)
    assert one.webview.key != other.webview.key
    with ada.entered():
        (group,) = vscode.window.tab_groups.all
        assert [tab.label for tab in group.tabs] == ["Page", "Other"]
        assert group.tabs[0].input == vscode.TabInputWebview("mainThreadWebview-page")


async def test_a_panel_that_has_no_room_leaves_nothing(ada: SessionContext, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(tabs, "MOST", 1)
    with ada.entered():
        panel()
        with pytest.raises(InvalidValue, match="close some first"):
            panel("Other")
    assert len(ada.get(Surface).all(Webview)) == 1


async def test_a_new_page_tells_the_clients_to_load_it(ada: SessionContext) -> None:
    screen = Screen(ada)
    with ada.entered():
        one = panel()
        one.webview.html = "<p>one"
        first = (await screen.shows("webview"))["revision"]
        one.webview.html = "<p>two"
        assert (await screen.shows("webview"))["revision"] > first
        assert "<p>" not in str(screen.events)
        with pytest.raises(InvalidValue, match="html"):
            one.webview.html = "x" * (LARGEST_HTML + 1)


async def test_an_extension_hears_of_what_happens_to_its_panel(ada: SessionContext) -> None:
    heard: list[Any] = []
    with ada.entered():
        one = panel()
        one.title = "Another"
        assert (one.title, vscode.window.tab_groups.all[0].tabs[0].label) == ("Another", "Another")
        page = one.webview
        one.on_did_change_view_state(lambda event: heard.append((event.webview_panel.visible, one.active)))
        one.on_did_dispose(lambda _: heard.append("gone"))
        other = panel("Other", ViewColumn.TWO)
        one.reveal()
        one.reveal(ViewColumn.TWO)
        assert not other.visible
        await vscode.window.tab_groups.close(vscode.window.tab_groups.all)
        one.dispose()
        with pytest.raises(InvalidValue, match="create another one"):
            one.reveal()
        for name in ("title", "icon_path", "view_type", "webview", "visible", "active", "view_column"):
            with pytest.raises(InvalidValue, match=rf"{name}.*create another one"):
                getattr(one, name)
        with pytest.raises(InvalidValue, match=r"title.*create another one"):
            one.title = "too late"
        assert not one.options.retain_context_when_hidden
        with pytest.raises(InvalidValue, match="disposed"):
            page.html = ""
    assert heard[:2] == [(True, False), (True, True)]
    assert heard[-1] == "gone"
    assert heard.count("gone") == 1
    assert ada.get(Surface).all(Webview) == []


async def test_messages_go_both_ways_while_somebody_shows_it(ada: SessionContext, ben: SessionContext) -> None:
    screen, his, heard = Screen(ada), Screen(ben), []
    with ada.entered():
        one = panel()
        one.webview.on_did_receive_message(heard.append)
        assert not await one.webview.post_message("nobody is here")
        leave = ada.client()
        assert await one.webview.post_message({"type": "state", "value": [1, None]})
        hiding = panel("Other")
        assert not await one.webview.post_message("hidden")
        hiding.dispose()
        with pytest.raises(InvalidValue, match="JSON"):
            await one.webview.post_message(object())
    page = one.webview
    page.received({"type": "ready"})
    one.dispose()
    page.received("too late")
    assert heard == [{"type": "ready"}]
    await screen.settle()
    posted = [data for type, data in screen.events if type == "window.onDidPostWebviewMessage"]
    assert posted == [{"handle": page.handle, "message": {"type": "state", "value": [1, None]}}]
    await his.settle()
    assert his.events == []
    leave()


async def test_a_client_knows_the_page_before_it_gets_a_message_for_it(ada: SessionContext) -> None:
    screen = Screen(ada)
    leave = ada.client()
    with ada.entered():
        one = panel()
        one.webview.html = "<p>new"
        await one.webview.post_message("first")
    await screen.settle()
    types = [type for type, data in screen.events if data.get("handle") == one.webview.handle]
    assert types == ["window.onDidChangeSurface", "window.onDidPostWebviewMessage"]
    leave()


async def test_a_hidden_panel_takes_messages_if_it_is_kept(ada: SessionContext) -> None:
    leave = ada.client()
    with ada.entered():
        one = panel(retain_context_when_hidden=True)
        panel("Other")
        assert not one.visible
        assert await one.webview.post_message("still there")
    leave()


@pytest.mark.parametrize(
    ("roots", "path", "space"),
    [
        (None, "/workspace/a.png", "user"),
        (None, "/workspace", "user"),
        (None, "/workspaces/a.png", None),
        (None, "/home/.ssh/id", None),
        (None, "/workspace/../home/.ssh/id", None),
        (None, "/workspace//a", None),
        (None, "workspace/a", None),
        (None, "/workspace/a\0", None),
        ([], "/workspace/a.png", None),
        (["/home/media"], "/home/media/a.png", "user"),
        (["/home/media/"], "/home/media/a.png", "user"),
        (["/home/media"], "/home/mediator/a.png", None),
        (["/home/media"], "/workspace/a.png", None),
        (["/"], "/home/a", "user"),
    ],
)
async def test_a_page_loads_only_what_its_roots_hold(
    ada: SessionContext, roots: list[str] | None, path: str, space: str | None
) -> None:
    given = None if roots is None else [Uri.file(root) for root in roots]
    with ada.entered("acme.hello"):
        one = panel(local_resource_roots=given)
        assert one.webview.space_of(path) == space


async def test_files_are_named_from_where_the_page_is(ada: SessionContext) -> None:
    with ada.entered():
        webview = panel().webview
    uri = webview.as_webview_uri(Uri.file("/workspace/a b#c.png"))
    assert str(uri) == "./file/workspace/a%20b%23c.png"
    assert str(uri.with_(query="v=1")) == "./file/workspace/a%20b%23c.png?v=1"
    assert str(Uri.join_path(webview.as_webview_uri(Uri.file("/workspace/media")), "x", "y.js")) == (
        "./file/workspace/media/x/y.js"
    )
    assert str(webview.as_webview_uri(Uri.parse("https://example.org/a"))) == "https://example.org/a"
    with pytest.raises(InvalidValue):
        webview.as_webview_uri("/workspace/a")  # type: ignore[arg-type]


async def test_the_nonces_of_a_pages_own_scripts_are_found() -> None:
    html = """<script nonce="a+/=">1</script><SCRIPT src=x nonce='b-_'></SCRIPT><script nonce=c>2</script>
    <script>no</script><script data-nonce="d">no</script><p nonce="e"></p>"""
    assert nonces(html) == ["a+/=", "b-_", "c"]
    began = time.process_time()
    assert nonces("<script " * 500_000) == []
    assert time.process_time() - began < 2  # a tag was taken to go on in the next one: half a minute


async def test_options_may_change_later(ada: SessionContext) -> None:
    screen = Screen(ada)
    with ada.entered():
        webview = panel().webview
        webview.options = WebviewOptions(enable_scripts=True, enable_command_uris=["hello.open"])
    state = await screen.shows("webview")
    assert (state["scripts"], state["commandUris"]) == (True, ["hello.open"])


async def test_options_are_read_as_attributes_and_may_be_given_as_a_mapping(ada: SessionContext) -> None:
    with ada.entered():
        made = panel(retain_context_when_hidden=True)
        assert (made.options.retain_context_when_hidden, made.options.enable_find_widget) == (True, False)
        made.webview.options = {"enable_scripts": True}
        assert made.webview.options.enable_scripts is True
        with pytest.raises(InvalidValue, match="options"):
            made.webview.options = None  # type: ignore[assignment]


async def test_ports_are_refused_with_the_way_out(ada: SessionContext) -> None:
    with ada.entered(), pytest.raises(NotSupported, match="as_external_uri"):
        panel(port_mapping=[vscode.WebviewPortMapping(3000, 3000)])


# -- views


class Provider:
    """Counts how often it was asked."""

    def __init__(self) -> None:
        self.views: list[WebviewView] = []
        self.heard: list[bool] = []

    def resolve_webview_view(self, view: WebviewView, context: WebviewViewResolveContext, token: object) -> None:
        self.views.append(view)
        view.webview.html = "<p>view"
        view.on_did_change_visibility(lambda _: self.heard.append(view.visible))


async def test_a_view_is_filled_when_a_client_first_shows_it(ada: SessionContext) -> None:
    provider, views, screen = Provider(), ada.get(Views), Screen(ada)
    one, other = object(), object()
    with ada.entered("acme.hello"):
        vscode.window.register_webview_view_provider("hello.view", provider)
    assert provider.views == []
    assert views.is_new(one)
    await views.show("hello.view", one)
    assert not views.is_new(one)
    await views.show("hello.view", other)
    (view,) = provider.views
    assert (view.visible, view.webview.extension) == (True, "acme.hello")
    view.title, view.description, view.badge = "Hello", "there", vscode.ViewBadge(3, "three things")
    state = await screen.shows("webview")
    assert (state["place"], state["viewType"], state["title"]) == ("view", "hello.view", "Hello")
    assert state["badge"] == {"value": 3, "tooltip": "three things"}
    views.leave(one)
    assert view.visible
    views.hide("hello.view", other)
    await views.show("hello.view", other)
    assert provider.heard == [False, True]
    assert len(provider.views) == 1


async def test_a_view_that_is_shown_already_is_filled_when_its_provider_comes(ada: SessionContext) -> None:
    provider, gone = Provider(), []
    await ada.get(Views).show("hello.view", object())
    with ada.entered("acme.hello"):
        undo = vscode.window.register_webview_view_provider("hello.view", provider)
        with pytest.raises(ValueError, match="has a provider already"):
            vscode.window.register_webview_view_provider("hello.view", provider)
        with pytest.raises(InvalidValue, match="resolve_webview_view"):
            vscode.window.register_webview_view_provider("other", object())  # type: ignore[arg-type]
        await eventually(lambda: provider.views)
        provider.views[0].on_did_dispose(gone.append)
        undo.dispose()
    assert gone == [None]
    assert ada.get(Surface).all(Webview) == []


async def test_a_view_has_a_command_that_shows_it(ada: SessionContext) -> None:
    screen = Screen(ada)
    with ada.entered():
        undo = vscode.window.register_webview_view_provider("hello.view", Provider())
        await vscode.commands.execute_command("hello.view.focus")
        undo.dispose()
        assert "hello.view.focus" not in await vscode.commands.get_commands()
    await screen.settle()
    assert screen.revealed == [{"kind": "view", "viewType": "hello.view"}]


# -- what comes back


CODE = """
import shim as vscode

revived = []

class Serializer:
    async def deserialize_webview_panel(self, panel, state):
        if state == "bad":
            raise RuntimeError("no")
        panel.webview.html = "<p>again"
        revived.append((panel.title, state))

def activate(context):
    def make(title, state):
        panel = vscode.window.create_webview_panel("page", title, vscode.ViewColumn.ONE, enable_scripts=True)
        panel.webview.keep(state)
        context.subscriptions.append(panel)
    context.subscriptions += [
        vscode.commands.register_command("keeper.make", make),
        vscode.commands.register_command("keeper.revived", lambda: list(revived)),
        vscode.window.register_webview_panel_serializer("page", Serializer()),
    ]
"""
MANIFEST = 'activation_events = ["onStartupFinished"]'


async def made(sessions: SessionManager, *panels: tuple[str, object]) -> SessionContext:
    ada = await sessions.open("ada")
    await eventually(lambda: not ada.busy)
    with ada.entered():
        for title, state in panels:
            await vscode.commands.execute_command("keeper.make", title, state)
    return ada


async def revived(session: SessionContext) -> list[Any]:
    await eventually(lambda: not session.busy)
    with session.entered():
        found: list[Any] = await vscode.commands.execute_command("keeper.revived")
    return found


async def test_panels_with_a_serializer_come_back_with_what_they_kept(tmp_path: Path) -> None:
    loader = loads(extension(tmp_path / "e", "keeper", MANIFEST, extension=CODE))
    async with people(tmp_path, loader) as sessions:
        await made(sessions, ("One", {"at": 1}), ("Two", "bad"), ("Three", None))
        await sessions.close("ada")
        ada = await sessions.open("ada")
        assert await revived(ada) == [("One", {"at": 1}), ("Three", None)]
        with ada.entered():
            assert [tab.label for tab in vscode.window.tab_groups.all[0].tabs] == ["One", "Three"]
            await vscode.window.tab_groups.close(vscode.window.tab_groups.all[0].tabs[0])
        ben = await sessions.open("ben")
        assert await revived(ben) == []
        await sessions.close("ada")
        assert await revived(await sessions.open("ada")) == [("Three", None)]


async def test_what_an_extension_leaves_open_goes_with_it(ada: SessionContext) -> None:
    with ada.entered("acme.hello"):
        panel()
        vscode.window.register_webview_view_provider("hello.view", Provider())
    with ada.entered("acme.other"):
        panel("Stays")
    await ada.get(Views).show("hello.view", object())
    ada.forget_extension("acme.hello")
    with ada.entered():
        assert [tab.label for tab in vscode.window.tab_groups.all[0].tabs] == ["Stays"]
    assert [one.extension for one in ada.get(Surface).all(Webview)] == ["acme.other"]


# -- links


class Handler:
    def __init__(self) -> None:
        self.uris: list[Uri] = []

    async def handle_uri(self, uri: Uri) -> None:
        await asyncio.sleep(0)
        self.uris.append(uri)


async def test_a_link_comes_to_the_extension_that_it_names(ada: SessionContext, ben: SessionContext) -> None:
    hers, his = Handler(), Handler()
    for session, handler in ((ada, hers), (ben, his)):
        with session.entered("Acme.hello"):
            undo = vscode.window.register_uri_handler(handler)
            with pytest.raises(ValueError, match="has a URI handler already"):
                vscode.window.register_uri_handler(handler)
    link = Uri.parse("roost://acme.Hello/did-auth?code=1%262")
    assert await ada.get(UriHandlers).open(link)
    assert (hers.uris, his.uris) == ([link], [])
    assert hers.uris[0].query == "code=1&2"
    assert not await ada.get(UriHandlers).open(Uri.parse("roost://acme.other/x"))
    for wrong in ("https://acme.hello/x", "roost://hello/x"):
        with pytest.raises(InvalidValue, match="must lead to an extension"):
            await ada.get(UriHandlers).open(Uri.parse(wrong))
    undo.dispose()
    assert not await ben.get(UriHandlers).open(link)


async def test_only_extensions_take_links(ada: SessionContext) -> None:
    with ada.entered(), pytest.raises(InvalidValue, match="an extension's"):
        vscode.window.register_uri_handler(Handler())
    with ada.entered("acme.hello"), pytest.raises(InvalidValue, match="handle_uri"):
        vscode.window.register_uri_handler(object())  # type: ignore[arg-type]
