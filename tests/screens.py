"""A client's view of terminals, as anybody could write it from PROTOCOL.md: frames in, bytes in order out."""

from __future__ import annotations

import asyncio
import os
import struct
import tempfile
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager, contextmanager
from pathlib import Path
from typing import Any

from tests.client import Client, connect

HEADER = struct.Struct(">BIQ")
OUTPUT, INPUT, ACKNOWLEDGE = 1, 2, 3


@contextmanager
def passable() -> Iterator[Path]:
    """A folder for a host's data: where the host is root, the users' own OS uids must be able to pass through it."""
    with tempfile.TemporaryDirectory(prefix="roost-", ignore_cleanup_errors=True) as folder:
        os.chmod(folder, 0o711)
        yield Path(folder)


class Screen:
    """What one client saw of one terminal. A byte that is lost or doubled on the way fails the test."""

    def __init__(self, client: Client, terminal_id: str, channel: int, offset: int = 0) -> None:
        self.client = client
        self.id = terminal_id
        self.channel = channel
        self.begun = offset
        self.seen = bytearray()
        self.frames = 0
        self.acknowledges = False
        self.wrong: str | None = None
        self._news = asyncio.Event()

    @property
    def end(self) -> int:
        """The offset behind the last byte that came."""
        return self.begun + len(self.seen)

    def take(self, offset: int, payload: bytes) -> None:
        if offset != self.end:
            self.wrong = f"a frame begins at {offset}, and the one before ended at {self.end}"
        self.seen += payload
        self.frames += 1
        self._news.set()

    async def see(self, text: str | bytes, within_s: float = 15.0, times: int = 1) -> None:
        """Wait until the output holds `text` so many times."""
        wanted = text.encode() if isinstance(text, str) else text
        found = at = 0
        try:
            async with asyncio.timeout(within_s):
                while True:
                    while (place := self.seen.find(wanted, at)) >= 0:
                        found, at = found + 1, place + len(wanted)
                    at = max(at, len(self.seen) - len(wanted) + 1)
                    if found >= times:
                        break
                    self.check()
                    self._news.clear()
                    await self._news.wait()
        except TimeoutError:
            raise AssertionError(f"{wanted!r} did not appear in {bytes(self.seen[-2_000:])!r}") from None
        self.check()

    async def grow(self, length: int, within_s: float = 30.0) -> None:
        """Wait until so many bytes have come."""
        async with asyncio.timeout(within_s):
            while len(self.seen) < length:
                self.check()
                self._news.clear()
                await self._news.wait()

    def check(self) -> None:
        assert self.wrong is None, self.wrong

    async def type(self, text: str | bytes) -> None:
        """Type through the channel."""
        data = text.encode() if isinstance(text, str) else text
        await self.client.send(HEADER.pack(INPUT, self.channel, 0) + data)

    async def run(self, command: str) -> None:
        """Type a command and Enter."""
        await self.type(command + "\r")

    async def acknowledge(self, offset: int | None = None) -> None:
        """Say what has arrived: all of it, unless told otherwise."""
        await self.client.send(HEADER.pack(ACKNOWLEDGE, self.channel, self.end if offset is None else offset))

    async def refused(self) -> dict[str, Any]:
        """The error that the host answers a frame with."""
        async with asyncio.timeout(15):
            while "error" not in (message := await self.client.inbox.get()):
                pass
        return dict(message["error"])

    async def exit_code(self) -> Any:
        """What the host says when the shell has ended."""
        while (told := (await self.client.next("terminal.exit"))["params"])["terminalId"] != self.id:
            pass
        return told["exitCode"]


class Desk:
    """The terminals on one client's connection."""

    def __init__(self, client: Client) -> None:
        self.client = client
        self.screens: dict[int, Screen] = {}
        self.stray: dict[int, list[tuple[int, bytes]]] = {}
        """Output on channels that nobody here asked for, or whose name has not been read yet."""
        client.framed = self._framed

    def _framed(self, frame: bytes) -> None:
        kind, channel, offset = HEADER.unpack_from(frame)
        assert kind == OUTPUT, kind
        if channel in self.screens:
            self.screens[channel].take(offset, frame[HEADER.size :])
        else:
            self.stray.setdefault(channel, []).append((offset, frame[HEADER.size :]))

    async def create(self, **params: Any) -> Screen:
        """A new terminal. bash without anybody's startup files, unless told otherwise."""
        params = {"shellPath": "/bin/bash", "shellArgs": ["--norc", "--noprofile"], **params}
        made = await self._named("window.createTerminal", params)
        return self._screen(made["terminalId"], made["channel"], 0)

    async def attach(self, terminal_id: str, after: int | None = None) -> Screen:
        params = {"terminalId": terminal_id, **({} if after is None else {"after": after})}
        found = await self._named("terminal.attach", params)
        return self._screen(terminal_id, found["channel"], found["offset"])

    async def _named(self, method: str, params: dict[str, Any]) -> Any:
        return await self.client.call(method, **params)

    def _screen(self, terminal_id: str, channel: int, offset: int) -> Screen:
        assert channel not in self.screens, "a channel number is given twice"
        screen = self.screens[channel] = Screen(self.client, terminal_id, channel, offset)
        for at, payload in self.stray.pop(channel, []):
            screen.take(at, payload)
        return screen


@asynccontextmanager
async def desk(base: str, uid: str, **more: Any) -> AsyncIterator[Desk]:
    """A connection of `uid` with nothing on it yet."""
    async with connect(base, uid, **more) as client:
        await client.call("session.open")
        yield Desk(client)
