"""Sockets that are fetched from a sandbox's network: whoever stops waiting for them leaves none open."""

from __future__ import annotations

import asyncio
import os
import socket
import threading

import pytest

from sessions import sockets
from sessions.sockets import Fetch
from tests.sessions.stores import eventually

pytestmark = pytest.mark.anyio


class Slow:
    """Makes sockets as `in_thread` does, once it may."""

    def __init__(self) -> None:
        self.asked, self.go = threading.Event(), threading.Event()
        self.made: list[int] = []

    def __call__(self, network: int, port: int, count: int) -> list[int]:
        self.asked.set()
        assert self.go.wait(20)
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
        waiting = group.create_task(Fetch().sockets(-1, 3))
        assert await asyncio.to_thread(slow.asked.wait, 20)
        waiting.cancel()
    slow.go.set()
    await eventually(lambda: slow.made and not any(map(is_open, slow.made)))


async def test_sockets_that_are_waited_for_are_open(slow: Slow) -> None:
    slow.go.set()
    found = await Fetch().sockets(-1, 3)
    assert all(map(is_open, slow.made))
    for each in found:
        each.close()
