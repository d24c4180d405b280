"""What is left of who has gone: nothing. Counting references alone frees it, as the collector looks at it seldom."""

from __future__ import annotations

import asyncio
import gc
import shutil
import socket
import weakref
from collections import Counter
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import pytest
import uvicorn

from host.app import Host, create_app
from host.config import load
from host.connection import Connection
from host.http import BoundedProtocol
from host.metrics import render
from host.socket import Socket
from sessions.tasks import Tasks
from tests import raw
from tests.client import Client, Refused, connect
from tests.hosted import hosted
from tests.people import extension
from tests.screens import passable

pytestmark = pytest.mark.anyio

OURS = ("sessions.", "shim.", "host.", "extensions.", "websockets.server")
WITHIN_S = 30.0
PING, PONG = 9, 10

REFUSED: dict[str, dict[str, Any]] = {
    "workspace.fs.readFile": {"uri": "/workspace/none.txt"},
    "workspace.openTextDocument": {"uri": "/workspace/none.txt"},
    "workspace.fs.stat": {"uri": 7},
    "commands.executeCommand": {"command": "nobody.has.it"},
    "terminal.attach": {"terminalId": "nobodys"},
    "lm.sendRequest": {"model": "none", "messages": []},
    "workspace.findTextInFiles": {"query": {"pattern": "(", "isRegExp": True}},
}


@pytest.fixture
def anyio_backend() -> tuple[str, dict[str, bool]]:
    """The loop that the command runs: asyncio's own keeps timers that were cancelled, and who set them, for a while."""
    return "asyncio", {"use_uvloop": True}


@pytest.fixture(autouse=True)
def nobody_collects(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """No collection runs meanwhile, and nothing is put out of its sight: what only one would free is seen."""
    gc.collect()
    gc.disable()
    monkeypatch.setattr(gc, "collect", lambda generation=2: 0)
    monkeypatch.setattr(gc, "freeze", lambda: None)
    yield
    gc.enable()


@asynccontextmanager
async def served(folder: Path, **more: Any) -> AsyncIterator[tuple[Host, str]]:
    """A host in this process on a socket, and its address."""
    host = await asyncio.to_thread(create_app, load({"multi_user": True, "data": folder, **more}, {}))
    with socket.create_server(("127.0.0.1", 0)) as listener:
        async with host, asyncio.TaskGroup() as group:
            config = uvicorn.Config(host, http=BoundedProtocol, ws=Socket, lifespan="off", log_config=None)
            server = uvicorn.Server(config)
            serving = group.create_task(server._serve([listener]))
            try:
                yield host, f"http://127.0.0.1:{listener.getsockname()[1]}"
            finally:
                server.should_exit = True
                await serving


def ours() -> Counter[str]:
    """How many objects of each type of ours there are."""
    kinds = (type(one) for one in gc.get_objects())
    return Counter(f"{kind.__module__}.{kind.__qualname__}" for kind in kinds if str(kind.__module__).startswith(OURS))


async def gone(before: Counter[str]) -> None:
    """Return once nothing is there that was not there before; the last that runs for somebody ends soon after them."""
    try:
        async with asyncio.timeout(WITHIN_S):
            while ours() - before:  # noqa: ASYNC110  nobody tells of what is freed
                await asyncio.sleep(0.5)  # counting stops the loop, for a second where many objects are left of others
    except TimeoutError:
        raise AssertionError(f"only a collection would free {dict(ours() - before)}") from None


async def work(client: Client) -> None:
    """Files, documents, settings, watches, secrets, searches and events."""
    for number in range(3):
        uri = f"/workspace/{number}.txt"
        await client.call("state.update", scope="global", key=f"k{number}", value="x")
        await client.call("workspace.fs.writeFile", uri=uri, content="y" * 5_000)
        await client.call("workspace.openTextDocument", uri=uri)
        shown = await client.call("window.showTextDocument", uri=uri, viewColumn=number + 1)
    await client.call("window.tabs.close", tab=shown["tab"])
    await client.call("workspace.findFiles", include="**/*.txt")
    await client.call("workspace.watch", glob="**/*")
    await client.call("workspace.updateConfiguration", key="editor.tabSize", value=3, target="workspace")
    await client.call("secrets.store", key="a", value="b")


async def refusals(client: Client) -> None:
    """Requests that fail, each in its own place."""
    for method, params in REFUSED.items():
        with pytest.raises(Refused):
            await client.call(method, **params)


async def shells(client: Client) -> None:
    """One that ends, and one that is left."""
    terminal = await client.call("window.createTerminal")
    await client.call("terminal.sendText", terminalId=terminal["terminalId"], text="exit 3")
    await client.next("terminal.exit")
    await client.call("window.createTerminal")


async def repository(client: Client) -> None:
    """One that git's extension shows, with a changed file in an editor."""
    await client.call("commands.executeCommand", command="git.init")
    await client.call("workspace.fs.writeFile", uri="/workspace/a.txt", content="x")
    await client.call("window.showTextDocument", uri="/workspace/a.txt")
    await client.call("commands.executeCommand", command="git.refresh")
    kinds = {piece["kind"] for piece in (await client.call("window.surface"))["pieces"]}
    assert "sourceControl" in kinds


GIT = pytest.mark.skipif(shutil.which("git") is None, reason="git is not installed")


@pytest.mark.parametrize("does", [work, refusals, shells, pytest.param(repository, marks=GIT)])
async def test_who_was_here_is_freed_by_counting_alone(does: Callable[[Client], Awaitable[None]]) -> None:
    with passable() as folder:
        async with served(folder) as (host, base):
            for uid in ("eve", "ada"):  # what is made once for all is there after the first
                before = ours()
                async with connect(base, uid) as client:
                    await client.call("session.open")
                    await does(client)
                await host.sessions.close(uid)
            await gone(before)


async def test_a_connection_is_freed_while_its_session_goes_on(tmp_path: Path) -> None:
    async with served(tmp_path) as (host, base), connect(base, "ada") as other:
        await other.call("session.open")
        before = ours()
        async with connect(base, "ada") as client:
            await client.call("session.open")
            assert len(host.connections) == 2
        await gone(before)


async def test_a_connection_that_the_host_has_looked_at_is_freed(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    looked = asyncio.Event()
    rest = Connection.let_rest
    monkeypatch.setattr(Connection, "let_rest", lambda connection: (rest(connection), looked.set()))
    async with served(tmp_path) as (_, base):
        before = ours()
        async with connect(base, "ada") as client:
            await client.call("session.ping")
            await looked.wait()
        others = {kind: count for kind, count in ours().items() if kind != "host.connection.Connection"}
        await gone(before | Counter(others))


async def test_a_connection_that_is_cut_with_output_on_its_way_is_freed() -> None:
    with passable() as folder:
        async with served(folder) as (host, base):
            for uid in ("eve", "ada"):
                before = ours()
                socket = await raw.Socket.open(base, f"/ws?uid={uid}")
                params = {"shellPath": "/bin/sh", "shellArgs": ["-c", "head -c 9M /dev/zero; sleep 99"]}
                socket.send(
                    {"jsonrpc": "2.0", "id": 1, "method": "window.createTerminal", "params": params, "uid": uid}
                )
                for pings in range(2):
                    while (frame := await socket.receive())[0] != PING:
                        pass
                    if not pings:
                        socket.send(frame[1], PONG)
                socket.writer.transport.abort()
                await host.sessions.close(uid)
            await gone(before)


async def test_whose_agent_worked_is_freed_by_counting_alone(tmp_path: Path) -> None:
    async with hosted(tmp_path) as (host, user):
        for uid in ("eve", "ada"):
            before = ours()
            assert (await user(uid).post("/api/v1/tasks", json={"message": "Fix the tests"})).status_code == 201
            assert (await user(uid).get("/api/v1/config")).status_code == 200
            await host.sessions.close(uid)
        await gone(before)


MANIFEST = """
[[contributes.commands]]
command = "acme.all"
title = "All"

[[contributes.views.explorer]]
id = "acme.zoo"
name = "Zoo"

[[contributes.views.explorer]]
id = "acme.frame"
name = "Frame"
type = "webview"
"""

SHOWS = """
    import shim as vscode

    class Zoo:
        def __init__(self):
            self._changed = vscode.EventEmitter()
            self.on_did_change_tree_data = self._changed.event

        def get_children(self, element=None):
            return [] if element else ["lion"]

        def get_tree_item(self, element):
            return vscode.TreeItem(element)

    class Frame:
        def resolve_webview_view(self, view, context, token):
            view.webview.html = "<p>a view</p>"

    class Hovers:
        def provide_hover(self, document, position, token):
            return vscode.Hover("x")

    async def all_of_it(context):
        window, workspace, languages = vscode.window, vscode.workspace, vscode.languages
        document = await workspace.open_text_document(content="x = 1", language="python")
        editor = await window.show_text_document(document)
        dotted = window.create_text_editor_decoration_type(after={"content_text": "."})
        editor.set_decorations(dotted, [vscode.Range(0, 0, 0, 1)])
        await editor.edit(lambda edit: edit.insert(vscode.Position(0, 0), "y"))
        panel = window.create_webview_panel("frame", "Frame", vscode.ViewColumn.TWO, enable_scripts=True)
        panel.webview.on_did_receive_message(lambda message: panel.webview.post_message(message))
        panel.webview.html = "<p>a panel</p>"
        item = window.create_status_bar_item()
        item.text, item.command = "here", "acme.all"
        item.show()
        window.create_output_channel("Log").append_line("hello")
        window.create_quick_pick().show()
        window.create_input_box().show()
        control = vscode.scm.create_source_control("acme", "Acme")
        control.create_resource_group("one", "One").resource_states = [
            vscode.SourceControlResourceState(vscode.Uri.file("/workspace/a"))
        ]
        found = languages.create_diagnostic_collection("acme")
        found.set(document.uri, [vscode.Diagnostic(vscode.Range(0, 0, 0, 1), "wrong")])
        workspace.create_file_system_watcher("**/*").on_did_create(lambda uri: found.clear())
        workspace.on_did_change_configuration(lambda event: item.hide())
        wait = lambda progress, token: vscode.commands.execute_command("acme.waits")
        window.with_progress(wait, location=vscode.ProgressLocation.NOTIFICATION, title="Waits")
        await context.secrets.store("a", "b")
        await context.global_state.update("a", 1)
        return "done"

    def activate(context):
        import asyncio
        tree = vscode.window.create_tree_view("acme.zoo", tree_data_provider=Zoo())
        vscode.window.register_webview_view_provider("acme.frame", Frame())
        vscode.commands.register_command("acme.all", lambda: all_of_it(context))
        vscode.commands.register_command("acme.waits", asyncio.Event().wait)
        vscode.languages.register_hover_provider("python", Hovers())
        context.subscriptions.append(vscode.Disposable(lambda: tree))
"""


async def test_whose_extension_left_everything_open_is_freed_by_counting_alone(tmp_path: Path) -> None:
    place = extension(tmp_path / "extensions", "shows", MANIFEST, extension=SHOWS)
    async with served(tmp_path / "data", extensions={"folders": [str(place)]}) as (host, base):
        for uid in ("eve", "ada"):
            before = ours()
            async with connect(base, uid) as client:
                await client.call("session.open")
                assert await client.call("commands.executeCommand", command="acme.all") == "done"
                for piece in (await client.call("window.surface"))["pieces"]:
                    if piece["kind"] == "treeView":
                        await client.call("window.tree.children", handle=piece["handle"])
                await client.call("window.views.show", viewId="acme.frame")
            await host.sessions.close(uid)
        before["host.modules.Copy"] += 1  # whose modules are searched by themselves: tests/host/test_collecting.py
        await gone(before)


async def test_a_scrape_leaves_no_types_behind(tmp_path: Path) -> None:
    async with hosted(tmp_path) as (host, _):
        await asyncio.to_thread(render, host)
        before = len(type.__subclasses__(object))
        await asyncio.to_thread(render, host)
        assert len(type.__subclasses__(object)) == before


async def test_a_failed_promise_holds_nothing_but_what_it_failed_with() -> None:
    class Thing: ...

    async def fails(thing: Thing) -> None:
        raise ValueError(f"{thing} is none")

    async with asyncio.TaskGroup() as group:
        thing = Thing()
        freed = weakref.ref(thing)
        promise = Tasks(group, lambda name, error: None).promise(fails(thing), "fails")
        with pytest.raises(ValueError, match="is none"):
            await promise
        del thing, promise
        await asyncio.sleep(0)
        assert freed() is None
