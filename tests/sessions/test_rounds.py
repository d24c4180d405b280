"""Short works of many users: in order for each, by turns among them, and never more at once than some milliseconds."""

from __future__ import annotations

import asyncio
import time
from contextvars import ContextVar
from functools import partial

import pytest

from sessions import rounds
from sessions.rounds import Gate, Rounds

pytestmark = pytest.mark.anyio

WHO: ContextVar[str] = ContextVar("who", default="nobody")


async def test_a_work_is_the_loops_next_thing_in_the_context_of_who_asked() -> None:
    works, seen = Rounds(), list[str]()
    WHO.set("ada")
    works.soon("ada", lambda: seen.append(WHO.get()))
    WHO.set("ben")
    assert not seen
    await asyncio.sleep(0)
    assert seen == ["ada"]


async def test_users_take_turns_and_each_ones_works_are_done_in_their_order() -> None:
    works, done = Rounds(), list[str]()
    for number in range(3):
        works.soon("ada", partial(done.append, f"a{number}"))
    works.soon("ben", partial(done.append, "b0"))
    works.soon("cy", partial(done.append, "c0"))
    await asyncio.sleep(0)
    assert done == ["a0", "b0", "c0", "a1", "a2"]


async def test_what_does_not_fit_into_a_round_lets_everything_else_of_the_loop_run_first() -> None:
    works, done = Rounds(), list[str]()

    def long_work(name: str) -> None:
        until = time.monotonic() + rounds.ROUND_S * 1.5
        while time.monotonic() < until:
            pass
        done.append(name)

    for name in "abc":
        works.soon(name, partial(long_work, name))
    asyncio.get_running_loop().call_soon(done.append, "another")
    for _ in range(4):
        await asyncio.sleep(0)
    assert done == ["a", "another", "b", "c"]


async def test_what_a_work_asks_for_is_done_after_it(monkeypatch: pytest.MonkeyPatch) -> None:
    works, done = Rounds(), list[str]()

    def first() -> None:
        works.soon("ada", partial(done.append, "second"))
        done.append("first")

    works.soon("ada", first)
    await asyncio.sleep(0)
    await asyncio.sleep(0)
    assert done == ["first", "second"]


async def test_who_waits_for_a_users_works_comes_after_them_and_holds_up_nobody_by_that() -> None:
    works, done = Rounds(), list[str]()

    def long_work(name: str) -> None:
        until = time.monotonic() + rounds.ROUND_S * 1.5
        while time.monotonic() < until:
            pass
        done.append(name)

    for name in ("a0", "a1", "a2"):
        works.soon("a", partial(long_work, name))
    asyncio.get_running_loop().call_soon(done.append, "another")
    await works.done("a")
    assert done == ["a0", "another", "a1", "a2"]
    await works.done("nobody")


async def test_who_no_longer_waits_for_a_users_works_stops_none_of_them() -> None:
    works, done = Rounds(), list[str]()
    works.soon("a", partial(done.append, "a0"))
    waiting = asyncio.ensure_future(works.done("a"))
    await asyncio.sleep(0)
    waiting.cancel()
    works.soon("a", partial(done.append, "a1"))
    for _ in range(3):
        await asyncio.sleep(0)
    assert done == ["a0", "a1"]


async def test_a_gate_lets_few_through_in_each_turn_of_the_loop_in_their_order() -> None:
    gate, turn, passed = Gate(2), 0, list[tuple[str, int]]()

    async def one(name: str) -> None:
        await gate.through()
        passed.append((name, turn))

    async with asyncio.TaskGroup() as group:
        tasks = [group.create_task(one(name)) for name in "abcdefg"]
        while len(passed) < 5:
            await asyncio.sleep(0)
            turn += 1
            if turn == 1:
                tasks[3].cancel()
    assert [name for name, _ in passed] == list("abcefg")
    turns = [at for _, at in passed]
    assert max(map(turns.count, turns)) == 2
    assert turns[-1] - turns[0] <= 4, "nobody waits for a turn that nobody uses"


async def test_a_gate_that_nobody_waits_at_is_open() -> None:
    gate, told = Gate(1), list[str]()
    for _ in range(3):
        asyncio.get_running_loop().call_soon(told.append, "another")
        await gate.through()
        told.append("through")
        await asyncio.sleep(0)
    assert told == ["through", "another"] * 3
