"""Turns: who reads next, with real pipes to watch and readers that say what they were given."""

from __future__ import annotations

import asyncio
import os
import threading
from types import SimpleNamespace

import pytest

from sessions import turns as turns_module
from sessions.turns import PIECE, ROUND, Turns
from tests.sessions.stores import eventually

pytestmark = pytest.mark.anyio


class Source:
    """Something that always has more, and writes down each of its turns."""

    def __init__(self, name: str, log: list[str], bytes_left: int = 10**9) -> None:
        self.name = name
        self.log = log
        self.left = bytes_left
        self.alone: bool | None = None

    def read(self, most: int, alone: bool) -> tuple[int, bool]:
        self.alone = alone
        taken = min(most, self.left)
        self.left -= taken
        self.log.append(self.name)
        return taken, self.left > 0


async def test_users_take_turns_and_so_do_the_terminals_of_each() -> None:
    turns, log = Turns(), []
    for name in ("ada 1", "ada 2", "ada 3", "ben 1"):
        turns.ask(name[:3], Source(name, log).read)
    await eventually(lambda: len(log) >= 12)
    assert [name[:3] for name in log[:8]] == ["ada", "ben"] * 4
    assert [name for name in log if name.startswith("ada")][:3] == ["ada 1", "ada 2", "ada 3"]


async def test_a_round_is_bounded_so_that_everything_else_runs_between() -> None:
    turns, log = Turns(), []
    turns.ask("ada", Source("ada", log).read)
    await asyncio.sleep(0)
    seen = []
    for _ in range(5):
        seen.append(len(log))
        await asyncio.sleep(0)
    assert seen == [ROUND // PIECE * count for count in range(1, 6)]


async def test_one_who_is_alone_has_it_all_and_may_wait_for_more() -> None:
    turns, log = Turns(), []
    source = Source("ada", log)
    turns.ask("ada", source.read)
    await eventually(lambda: len(log) > 10_000)
    assert source.alone is True


async def test_who_floods_is_held_to_a_share_while_others_are_there(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(turns_module, "ALONE_S", 0.3)
    turns, log = Turns(), []
    source = Source("ada", log)
    turns.note("ben")
    turns.ask("ada", source.read)
    began = 10**9
    await asyncio.sleep(0.2)
    assert source.alone is False
    assert began - source.left <= 40 * turns_module.MOST
    await eventually(lambda: source.alone is True)
    held = source.left
    await asyncio.sleep(0.05)
    assert held - source.left > 40 * turns_module.MOST


async def test_a_light_user_is_served_at_once_beside_a_flood() -> None:
    turns, log = Turns(), []
    for number in range(4):
        turns.note(f"flood{number}")
        turns.ask(f"flood{number}", Source("flood", log).read)
    for _ in range(20):
        await asyncio.sleep(0.003)
        before = len(log)
        light = Source("light", log, bytes_left=5)
        turns.ask("ben", light.read)
        for _ in range(3):
            await asyncio.sleep(0)
        assert "light" in log[before:]


async def test_who_is_watched_is_told_of_more_and_of_the_end() -> None:
    turns = Turns()
    out, into = os.pipe()
    os.set_blocking(out, False)
    told: list[bool] = []
    turns.watch(out, "ada", told.append)
    os.write(into, b"one")
    await eventually(lambda: told == [False])
    os.write(into, b"two")
    await eventually(lambda: told == [False, False])
    os.close(into)
    await eventually(lambda: told and told[-1])
    turns.forget(out)
    turns.forget(out)
    os.close(out)


async def test_one_who_is_forgotten_hears_nothing_more() -> None:
    turns = Turns()
    out, into = os.pipe()
    told: list[bool] = []
    turns.watch(out, "ada", told.append)
    os.write(into, b"one")
    turns.forget(out)
    await asyncio.sleep(0.05)
    assert told == []
    turns.watch(out, "ada", told.append)
    await eventually(lambda: told)
    turns.forget(out)
    os.close(out)
    os.close(into)


async def test_a_terminal_is_closed_beside_the_loop(monkeypatch: pytest.MonkeyPatch) -> None:
    """The kernel waits then until its readers let go, who may not have the processor: held up here in their place."""
    held, closed = threading.Event(), []

    def slow(fd: int) -> None:
        held.wait(20)
        os.close(fd)
        closed.append(fd)

    monkeypatch.setattr("sessions.turns.os", SimpleNamespace(close=slow))
    master, slave = os.openpty()
    turns = Turns()
    turns.watch(master, "ada", lambda deserted: None)
    turns.forget(master)
    turns.hang_up(master)
    turns.close()
    assert closed == []
    held.set()
    await eventually(lambda: closed == [master])
    os.close(slave)
