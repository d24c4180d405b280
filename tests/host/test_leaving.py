"""What is left of who has gone: nothing. Counting references alone frees it, as the collector looks at it seldom."""

from __future__ import annotations

import asyncio
import gc
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
from host.http import BoundedProtocol
from host.metrics import render
from host.socket import Socket
from sessions.tasks import Tasks
from tests.client import Client, Refused, connect
from tests.hosted import hosted
from tests.screens import passable

pytestmark = pytest.mark.anyio

OURS = ("sessions.", "shim.", "host.", "extensions.", "websockets.server")
WITHIN_S = 30.0

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
async def served(folder: Path) -> AsyncIterator[tuple[Host, str]]:
    """A host in this process on a socket, and its address."""
    host = await asyncio.to_thread(create_app, load({"multi_user": True, "data": folder}, {}))
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


@pytest.mark.parametrize("does", [work, refusals, shells])
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


async def test_whose_agent_worked_is_freed_by_counting_alone(tmp_path: Path) -> None:
    async with hosted(tmp_path) as (host, user):
        for uid in ("eve", "ada"):
            before = ours()
            assert (await user(uid).post("/api/v1/tasks", json={"message": "Fix the tests"})).status_code == 201
            assert (await user(uid).get("/api/v1/config")).status_code == 200
            await host.sessions.close(uid)
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
