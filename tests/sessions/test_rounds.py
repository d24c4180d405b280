"""Short works of many users: in order for each, by turns among them, and never more at once than some milliseconds."""

from __future__ import annotations

import asyncio
import time
from contextvars import ContextVar
from functools import partial

import pytest

from sessions import rounds
from sessions.rounds import Rounds

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


async def test_one_users_works_can_be_finished_at_once() -> None:
    works, done = Rounds(), list[str]()
    for name in ("a0", "b0", "a1"):
        works.soon(name[0], partial(done.append, name))
    works.finish("a")
    assert done == ["a0", "a1"]
    works.finish("nobody")
    await asyncio.sleep(0)
    assert done == ["a0", "a1", "b0"]
