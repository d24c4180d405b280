"""Each method of the wire and each route raises, hangs or answers rubbish, by name: one error for who asked only."""

from __future__ import annotations

import asyncio
import logging
import socket
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
import uvicorn

from host import api
from host.contract import Method, Params
from host.methods import CONTRACT
from host.routes import PART, Table
from host.socket import Socket
from tests.client import Client, connect
from tests.hosted import made
from tests.raw import fetch

pytestmark = pytest.mark.anyio

Handler = Callable[..., Any]


class Nothing(Params):
    """A method that takes nothing, so that what is broken is reached whatever it takes."""


@asynccontextmanager
async def listening(folder: Path) -> AsyncIterator[str]:
    """A host of this process behind a real socket: what is patched here is patched there."""
    host = await asyncio.to_thread(made, folder, {"auth": {}})
    with socket.create_server(("127.0.0.1", 0)) as door:
        config = uvicorn.Config(host, ws=Socket, lifespan="off", log_config=None, timeout_graceful_shutdown=1)
        server = uvicorn.Server(config)
        async with host, asyncio.TaskGroup() as group:
            serving = group.create_task(server.serve([door]))
            try:
                yield f"http://127.0.0.1:{door.getsockname()[1]}"
            finally:
                server.should_exit = True
                await serving


def raises(error: BaseException) -> Handler:
    def handler(_: Any) -> None:
        raise error

    return handler


def later(handler: Handler) -> Callable[..., Awaitable[Any]]:
    """The same as a coroutine."""

    async def wait(caller: Any) -> Any:
        await asyncio.sleep(0)
        return handler(caller)

    return wait


FAULTS: dict[str, Handler] = {
    "a defect": raises(ZeroDivisionError("the password is hunter2")),
    "a key": raises(KeyError("hunter2")),
    "the end of memory": raises(MemoryError()),
    "too deep": raises(RecursionError("hunter2")),
    "the end of an iteration": raises(RuntimeError("hunter2")),
    "an errno": raises(OSError(5, "Input/output error", "/var/lib/roost/hunter2")),
    "an exit": raises(SystemExit(3)),
    "an object": lambda _: object(),
    "half a character": lambda _: "\ud800",
    "a circle": lambda _: (one := [], one.append(one))[0],
    "no number": lambda _: {"value": {1, 2}},
}
ANSWERED = {"an object", "half a character", "a circle", "no number"}
"""Those that raise nothing."""


def broken(method: Method, handler: Handler) -> Method:
    return replace(method, handler=handler if method.inline else later(handler), params=Nothing, bare=True)


async def answers(client: Client) -> None:
    assert "result" in await client.ask("session.ping")


@pytest.mark.parametrize("fault", FAULTS)
async def test_whatever_a_method_raises_or_answers_one_user_gets_one_error(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, fault: str, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.CRITICAL)
    async with listening(tmp_path / "data") as base, connect(base, "ada") as ada, connect(base, "ben") as ben:
        for name, method in dict(CONTRACT).items():
            if name == "session.ping":
                continue
            monkeypatch.setitem(CONTRACT._methods, name, broken(method, FAULTS[fault]))
            error = (await ada.ask(name))["error"]
            assert error["code"] in (-32603, -32010), f"{name}: {error}"
            assert "hunter2" not in str(error) and "Traceback" not in str(error), f"{name}: {error}"
            await answers(ada)
            await answers(ben)
        assert not [message for message in ben.heard if "error" in message]


async def test_whatever_hangs_can_be_given_up_and_holds_nobody_else(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def hangs(_: Any) -> None:
        await asyncio.Event().wait()

    async with listening(tmp_path / "data") as base, connect(base, "ada") as ada, connect(base, "ben") as ben:
        slow = [name for name, method in CONTRACT.items() if not method.inline]
        for name in slow:
            monkeypatch.setitem(CONTRACT._methods, name, broken(CONTRACT[name], lambda _: None))
            method = CONTRACT._methods[name]
            monkeypatch.setitem(CONTRACT._methods, name, replace(method, handler=hangs))
        asked = {name: asyncio.ensure_future(ada.ask(name, id=f"hung {name}")) for name in slow}
        await answers(ada)
        await answers(ben)
        assert not any(future.done() for future in asked.values())
        for name in slow:
            cancel = {"jsonrpc": "2.0", "method": "$/cancelRequest", "params": {"id": f"hung {name}"}}
            await ada.send({**cancel, "uid": "ada"})
        for name, future in asked.items():
            assert (await future)["error"]["code"] == -32800, name


RAISED = [name for name in FAULTS if name not in ANSWERED]


@pytest.mark.parametrize("fault", RAISED)
async def test_whatever_a_route_raises_who_asked_gets_a_refusal_and_others_their_answers(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, fault: str, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.CRITICAL)
    whole = [one for one in api.TABLE if one.path != "/healthz"]
    broken_ones = [replace(one, handler=later(FAULTS[fault]), query=None, body=None, described=None) for one in whole]
    monkeypatch.setattr(api, "TABLE", Table([*broken_ones, *(one for one in api.TABLE if one not in whole)]))
    async with listening(tmp_path / "data") as base, connect(base, "ben") as ben:
        for one in whole:
            answer = await fetch(base, PART.sub("1", one.path) + "?uid=ada", one.method)
            assert answer.status in (500, 503), f"{one.method} {one.path}: {answer}"
            assert answer.kind in ("application/problem+json", "application/json")
            assert b"hunter2" not in answer.body and b"Traceback" not in answer.body
            assert answer.json().get("detail") or answer.json()["error"]["message"]
            assert (await fetch(base, "/healthz")).status == 200
            await answers(ben)
