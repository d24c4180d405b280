"""A user who takes all they can: where they are, what they got, and the ways to be loud by name. No noise is here."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from benchmarks.people import Person, arrive

MiB = 1 << 20


@dataclass
class Place:
    """The host, the noisy user, and how often they got what they wanted."""

    port: int
    data: Path
    uid: str
    done: int = 0
    refused: int = 0
    moved: int = 0
    """Bytes that went to the host or came from it by HTTP."""

    async def again(self, work: Callable[[], Awaitable[Any]], each_s: float = 0.0) -> None:
        """Do it over and over, at most once in so many seconds; who is refused tries again."""
        loop = asyncio.get_running_loop()
        due = loop.time()
        while True:
            due = max(due + each_s, loop.time() - 1)
            try:
                await work()
                self.done += 1
            except (RuntimeError, ConnectionError):
                self.refused += 1
            await asyncio.sleep(max(0.0, due - loop.time()))

    def file(self, name: str) -> Path:
        """Where a file of the workspace is, to make in no time what would take a user long."""
        return self.data / "users" / self.uid / "root/workspace" / name

    @asynccontextmanager
    async def person(self) -> AsyncIterator[Person]:
        """The noisy one's socket."""
        person = await arrive(self.port, self.uid)
        try:
            yield person
        finally:
            person.transport.abort()

    async def http(
        self, method: str, path: str, body: Callable[[], AsyncIterator[bytes]] | None, size: int = 0
    ) -> None:
        """One request on a connection of its own."""
        reader, writer = await asyncio.open_connection("127.0.0.1", self.port)
        try:
            head = f"{method} /api/v1/files?uid={self.uid}&path={path} HTTP/1.1\r\nHost: 127.0.0.1:{self.port}\r\n"
            writer.write(f"{head}Content-Length: {size}\r\nConnection: close\r\n\r\n".encode())
            if body is not None:
                async for piece in body():
                    writer.write(piece)
                    await writer.drain()
                    self.moved += len(piece)
            while piece := await reader.read(MiB):
                self.moved += len(piece)
        finally:
            writer.close()


Noise = Callable[[Place], AbstractAsyncContextManager[None]]
KINDS: dict[str, Noise] = {}


def kind(name: str) -> Callable[[Callable[[Place], AsyncIterator[None]]], Noise]:
    """A neighbour of that name: it is loud within the body."""

    def named(noise: Callable[[Place], AsyncIterator[None]]) -> Noise:
        KINDS[name] = asynccontextmanager(noise)
        return KINDS[name]

    return named


@asynccontextmanager
async def all_of(*work: Awaitable[Any]) -> AsyncIterator[None]:
    """Run these until the body ends."""
    tasks = [asyncio.ensure_future(one) for one in work]
    try:
        yield
    finally:
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)


@asynccontextmanager
async def terminals(place: Place, count: int, *command: str) -> AsyncIterator[Person]:
    """So many terminals that run that, until the body ends."""
    async with place.person() as person:
        command_line = {"shellPath": command[0], "shellArgs": list(command[1:])}
        made = [await person.call("window.createTerminal", **command_line) for _ in range(count)]
        yield person
    async with place.person() as person:  # the first may be cut off by now
        for one in made:
            await person.call("terminal.dispose", terminalId=one["terminalId"])
