"""A reader whose line is cut at any byte, or whose host dies, goes on from its last number: none missed, none twice."""

from __future__ import annotations

import asyncio
import json
import math
import random
import signal
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import pytest
from websockets.exceptions import ConnectionClosed

from tests.client import connect, running
from tests.raw import Socket
from tests.sirens import planted, sound

pytestmark = pytest.mark.anyio

UID = "ada"
TOGETHER = 200
"""Events of one call."""

AHEAD = 6_000
"""How far the events may be ahead of their reader: less than what is kept to be shown again."""


class Reader:
    """What one client has seen, through all its connections. `after` is all that it brings to the next one."""

    def __init__(self, chance: random.Random) -> None:
        self.chance = chance
        self.after = 0
        self.numbers: list[int] = []
        """Of the extension's own count, in the order in which they came."""
        self.cuts = 0
        self.news = asyncio.Event()

    def take(self, event: dict[str, Any], *, gapless: bool) -> None:
        """Note an event; its number in the mailbox follows the last one, unless a host has died between."""
        seq = event["seq"]
        assert seq == self.after + 1 if gapless else seq > self.after, f"{seq} came after {self.after}"
        self.after = seq
        if event["type"] == "siren.sounded":
            self.numbers.append(event["data"]["number"])
        self.news.set()

    async def read(self, base: str, end: int) -> None:
        """One connection, cut after the event of that number, in the middle of what comes next."""
        way = self.chance.choice([self._socket, self._stream])
        async with way(base) as (frames, rest):
            opened = await anext(frames)
            while self.after < end:
                gapless = opened["resumed"] or self.after > opened["seq"]
                self.take(await anext(frames), gapless=gapless)
            await cut(rest, self.chance.randrange(200))
        self.cuts += 1

    @asynccontextmanager
    async def _socket(self, base: str) -> AsyncIterator[tuple[AsyncIterator[dict[str, Any]], asyncio.StreamReader]]:
        socket = await Socket.open(base, f"/ws?uid={UID}", limit=1_024)
        call = {"jsonrpc": "2.0", "id": 1, "method": "session.open", "params": {"after": self.after}, "uid": UID}
        socket.send(call)

        async def frames() -> AsyncIterator[dict[str, Any]]:
            while True:
                message = json.loads((await socket.receive())[1])
                if "result" in message:
                    yield message["result"]
                elif message["method"] == "event":
                    yield message["params"]

        try:
            yield frames(), socket.reader
        finally:
            socket.drop()

    @asynccontextmanager
    async def _stream(self, base: str) -> AsyncIterator[tuple[AsyncIterator[dict[str, Any]], asyncio.StreamReader]]:
        place = urlsplit(base)
        reader, writer = await asyncio.open_connection(place.hostname, place.port, limit=1_024)
        lines = [f"GET /api/v1/events?uid={UID} HTTP/1.1", f"Host: {place.netloc}", f"Last-Event-ID: {self.after}"]
        writer.write("\r\n".join([*lines, "", ""]).encode())

        async def frames() -> AsyncIterator[dict[str, Any]]:
            while True:
                line = await reader.readuntil(b"\n")
                if line.startswith(b"data: "):
                    yield json.loads(line.removeprefix(b"data: "))

        try:
            yield frames(), reader
        finally:
            writer.transport.abort()


async def cut(reader: asyncio.StreamReader, size: int) -> None:
    """Read so many bytes more, if they come, that nobody makes anything of."""
    try:
        async with asyncio.timeout(0.02):
            await reader.readexactly(size)
    except (TimeoutError, EOFError, ConnectionError):
        pass


class Poster:
    """Posts numbered events as fast as the reader allows; of every four calls one has durable ones, or all."""

    def __init__(self, reader: Reader, *, durable: bool) -> None:
        self.last = 0
        """The newest number that was asked for."""
        self.answered: list[int] = []
        """The numbers whose call was answered."""
        self._reader = reader
        self._durable = durable

    async def post(self, base: str, until: float = math.inf) -> None:
        """Until that number, or until the host is gone."""
        try:
            async with connect(base, UID) as client:
                while self.last < until:
                    first, self.last = self.last + 1, self.last + TOGETHER
                    durable = self._durable or first // TOGETHER % 4 == 0
                    await sound(client, TOGETHER, durable=durable, first=first)
                    self.answered += range(first, self.last + 1)
                    await self._wait()
        except (ConnectionError, ConnectionClosed):
            assert until == math.inf, "the host is gone"

    async def _wait(self) -> None:
        while self.last - len(self._reader.numbers) > AHEAD:
            self._reader.news.clear()
            await self._reader.news.wait()


async def cuts_in(folder: Path, events: int, cuts: int) -> Reader:
    """A stream of so many events that is cut about so often at random."""
    reader = Reader(random.Random(events))
    poster = Poster(reader, durable=False)
    with running(folder / "data", **planted(folder / "extensions")) as host:
        async with asyncio.TaskGroup() as group:
            group.create_task(poster.post(host.base, events))
            while reader.after < events:
                await reader.read(host.base, min(reader.after + reader.chance.randint(1, 2 * events // cuts), events))
        assert await host.stop() == 0
    return reader


async def lives_of(folder: Path, events: int, lives: int, cuts: int) -> Reader:
    """The same of durable events, through so many hosts that are killed as they post."""
    reader = Reader(random.Random(events))
    poster = Poster(reader, durable=True)
    environ = planted(folder / "extensions")
    for life in range(1, lives + 1):
        with running(folder / "data", **environ) as host:
            async with asyncio.TaskGroup() as group:
                posting = group.create_task(poster.post(host.base))
                while len(reader.numbers) < events * life // lives:
                    await reader.read(host.base, reader.after + reader.chance.randint(1, 2 * events // cuts))
                await host.stop(signal.SIGKILL)
                posting.cancel()
    with running(folder / "data", **environ) as host:
        async with connect(host.base, UID) as client:
            end = await sound(client, 1, first=poster.last + 1)
        await reader.read(host.base, end)
    # In order, none twice, and each that was answered; the call that the kill cut off may have been stored or not.
    assert reader.numbers == sorted(set(reader.numbers))
    assert set(poster.answered) <= set(reader.numbers)
    assert len(poster.answered) >= events - lives * TOGETHER
    return reader


async def test_a_stream_that_is_cut_again_and_again_is_seen_whole(tmp_path: Path) -> None:
    reader = await cuts_in(tmp_path, 3_000, 20)
    assert reader.numbers == list(range(1, 3_001))
    assert reader.cuts > 10


async def test_what_is_stored_is_seen_once_through_cuts_and_killed_hosts(tmp_path: Path) -> None:
    assert (await lives_of(tmp_path, 2_000, 2, 12)).cuts > 5


@pytest.mark.faults
@pytest.mark.timeout(1_800)
async def test_a_hundred_cuts_in_a_hundred_thousand_events_lose_and_double_none(tmp_path: Path) -> None:
    reader = await cuts_in(tmp_path, 100_000, 120)
    assert reader.numbers == list(range(1, 100_001))
    assert reader.cuts >= 100
    print(f"{reader.cuts} cuts in {len(reader.numbers)} events")


@pytest.mark.faults
@pytest.mark.timeout(1_800)
async def test_a_hundred_cuts_and_ten_killed_hosts_in_a_hundred_thousand_stored_events(tmp_path: Path) -> None:
    reader = await lives_of(tmp_path, 100_000, 10, 100)
    print(f"{reader.cuts} cuts in {len(reader.numbers)} events")
