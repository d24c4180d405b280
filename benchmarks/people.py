"""Users for the benchmarks: each a socket that asks, hears its events and counts what is not its own. It is cheap."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import orjson

import tests.people
from benchmarks.sockets import Socket, frame

PATIENCE_S = 60.0

EXTENSION = '''
import shim as vscode
from shim.proposed import events

told = 0

async def tell(count, word):
    """Post so many events, one after the other has been seen."""
    global told
    for _ in range(count):
        told += 1
        await events.post("bench.told", {"number": told, "word": word})
    return told

async def burst(count, word):
    """The same, without waiting in between."""
    global told
    for _ in range(count):
        told += 1
        last = events.post("bench.told", {"number": told, "word": word})
    await last
    return told

def activate(context):
    context.subscriptions += [
        vscode.commands.register_command("bench.tell", tell),
        vscode.commands.register_command("bench.burst", burst),
    ]
'''

MANIFEST = """
enabled_api_proposals = ["events"]
[[contributes.commands]]
command = "bench.tell"
title = "Tell"
[[contributes.commands]]
command = "bench.burst"
title = "Burst"
"""


def extension(folder: Path) -> dict[str, str]:
    """An extension whose commands post events, and what a host's environment needs to find it."""
    tests.people.extension(folder, "bench", MANIFEST, extension=EXTENSION)
    return {"ROOST_EXTENSIONS__FOLDERS": orjson.dumps([str(folder)]).decode()}


class Person(Socket):
    """A user's socket: many requests under way, answers by id; `foreign` counts what names another user, or nobody."""

    def __init__(self, port: int, uid: str, query: str = "") -> None:
        super().__init__(f"/ws?uid={uid}{query}", port)
        self.uid = uid
        self.foreign = 0
        self.hear: Callable[[dict[str, Any]], object] = lambda message: None
        """Called with each event and request of the host."""
        self._waiting: dict[int, asyncio.Future[Any]] = {}
        self._number = 0

    def _answer(self, payload: bytes) -> None:
        self.count += 1
        message = orjson.loads(payload)
        if message.get("uid") != self.uid:
            self.foreign += 1
        if "method" in message:
            self.hear(message)
        elif (future := self._waiting.pop(message["id"], None)) is None:
            self.foreign += 1
        elif not future.done():
            future.set_result(message)

    def connection_lost(self, error: Exception | None) -> None:
        super().connection_lost(error)
        for future in self._waiting.values():
            if not future.done():
                future.set_exception(ConnectionError("closed"))
                future.exception()

    async def call(self, method: str, **params: Any) -> Any:
        """One request and its result. Raises RuntimeError on an error answer."""
        self._number += 1
        future = self._waiting[self._number] = asyncio.get_running_loop().create_future()
        message = {"jsonrpc": "2.0", "id": self._number, "method": method, "params": params, "uid": self.uid}
        self.transport.write(frame(message))
        async with asyncio.timeout(PATIENCE_S):
            answer = await future
        if "error" in answer:
            raise RuntimeError(f"{method}: {answer['error']['message']}")
        return answer["result"]


async def arrive(port: int, uid: str, hello: bool = True, query: str = "") -> Person:
    """A user whose socket is open, and with `hello` the session too."""
    loop = asyncio.get_running_loop()
    _, person = await loop.create_connection(lambda: Person(port, uid, query), "127.0.0.1", port)
    async with asyncio.timeout(PATIENCE_S):
        if not await person.open:
            raise RuntimeError("the upgrade was refused")
    if hello:
        await person.call("session.open")
    return person


async def arrive_all(port: int, uids: Sequence[str], at_once: int = 50) -> list[Person]:
    """All of them, so many at a time."""
    people: list[Person] = []
    for start in range(0, len(uids), at_once):
        people += await asyncio.gather(*(arrive(port, uid) for uid in uids[start : start + at_once]))
    return people


async def leave(people: Sequence[Socket]) -> None:
    """Cut all connections, and let the server see it."""
    for person in people:
        person.transport.abort()
    await asyncio.sleep(0.2)
