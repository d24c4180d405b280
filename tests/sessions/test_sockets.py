"""Sockets that are fetched from a sandbox's network: whoever stops waiting for them leaves none open."""

from __future__ import annotations

import asyncio
import os
import socket
import threading

import pytest

from sessions import sockets
from sessions.descriptors import Handle
from sessions.errors import SandboxDied
from sessions.sockets import SPARE, Fetch, Sockets
from tests.sessions.stores import eventually

pytestmark = pytest.mark.anyio


class Slow:
    """Makes sockets as `in_thread` does, once it may."""

    def __init__(self) -> None:
        self.asked, self.go = threading.Event(), threading.Event()
        self.made: list[int] = []
        self.fetched = 0
        self.network = Handle(-1)

    def __call__(self, network: Handle, port: int, count: int) -> list[int]:
        self.asked.set()
        assert self.go.wait(20)
        self.fetched += 1
        self.network = network
        self.made = [socket.socket().detach() for _ in range(count)]
        return list(self.made)


@pytest.fixture
def slow(monkeypatch: pytest.MonkeyPatch) -> Slow:
    monkeypatch.setattr(os, "geteuid", lambda: 0)
    made = Slow()
    monkeypatch.setattr(sockets, "in_thread", made)
    return made


def is_open(fd: int) -> bool:
    try:
        os.fstat(fd)
    except OSError:
        return False
    return True


async def test_sockets_that_come_after_the_wait_was_cancelled_are_closed(slow: Slow) -> None:
    async with asyncio.TaskGroup() as group:
        waiting = group.create_task(Fetch().sockets(Handle(-1), 3))
        assert await asyncio.to_thread(slow.asked.wait, 20)
        waiting.cancel()
    slow.go.set()
    await eventually(lambda: slow.made and not any(map(is_open, slow.made)))


async def test_sockets_that_are_waited_for_are_open(slow: Slow) -> None:
    slow.go.set()
    found = await Fetch().sockets(Handle(-1), 3)
    assert all(map(is_open, slow.made))
    for each in found:
        each.close()


async def test_a_namespace_stays_open_under_who_still_fetches_from_it_and_gives_nothing_of_it_away(slow: Slow) -> None:
    network = Handle(os.open("/proc/self/ns/net", os.O_RDONLY))
    held, fd = Sockets(network), network.fd
    del network
    waiting = [asyncio.ensure_future(held.connect(1)) for _ in range(3)]
    assert await asyncio.to_thread(slow.asked.wait, 20)
    held.close()
    assert is_open(fd)  # so no other sandbox's is called by this number
    slow.go.set()
    assert all(isinstance(found, SandboxDied) for found in await asyncio.gather(*waiting, return_exceptions=True))
    assert slow.network.fd == fd
    assert not any(map(is_open, slow.made))
    slow.network = Handle(-1)
    await eventually(lambda: not is_open(fd))


async def test_many_who_connect_at_once_fetch_once(slow: Slow) -> None:
    held = Sockets(Handle(-1))
    waiting = [asyncio.ensure_future(held.connect(1)) for _ in range(SPARE)]
    slow.go.set()
    await asyncio.gather(*waiting, return_exceptions=True)
    assert slow.fetched <= 2  # what is refused on ::ffff:127.0.0.1 is tried on ::1
    held.close()
