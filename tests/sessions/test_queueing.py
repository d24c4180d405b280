"""Whose turn it is: never too many, nobody shut out, whoever comes and leaves when."""

from __future__ import annotations

import asyncio
from collections import Counter
from collections.abc import Callable
from typing import Any

import pytest
from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, precondition, rule

from sessions.queueing import Line, Place

pytestmark = pytest.mark.anyio

USERS = "abcde"


def nothing() -> None:
    """A position that nobody reads."""


def share_of(limit: int) -> int:
    """What one user may have at most, as `Line` promises: one in four, and at least one, is left to others."""
    return max(1, limit - max(1, limit // 4))


class AnyLine(RuleBasedStateMachine):
    """Users come, leave and change their minds in any order."""

    def __init__(self) -> None:
        super().__init__()
        self.loop = asyncio.new_event_loop()
        self.places: list[Place] = []
        self.passed: Counter[Place] = Counter()

    @initialize(limit=st.integers(1, 9))
    def begin(self, limit: int) -> None:
        self.line = Line(limit)
        self.limit = limit

    def teardown(self) -> None:
        if hasattr(self, "line"):
            for place in self.places:
                self.do(lambda place=place: self.line.leave(place))
            assert (self.line.running, self.line.waiting) == (0, 0)
        self.loop.close()

    def do(self, what: Callable[[], Any]) -> Any:
        """Do it in the loop, and let the loop tell the positions."""

        async def done() -> Any:
            found = what()
            await asyncio.sleep(0)
            return found

        waited = [place for place in self.places if not place.ready.done()]
        found = self.loop.run_until_complete(done())
        went = [place for place in waited if place.ready.done()]
        for place in waited:
            if place in went or self.running_of(place.uid):
                self.passed[place] = 0
            else:
                self.passed[place] += sum(one.uid != place.uid for one in went)
        return found

    def running_of(self, uid: str) -> int:
        return sum(one.uid == uid and one.ready.done() for one in self.places)

    @rule(uid=st.sampled_from(USERS))
    def join(self, uid: str) -> None:
        self.places.append(self.do(lambda: self.line.join(uid, nothing)))

    @precondition(lambda self: self.places)
    @rule(data=st.data(), twice=st.booleans())
    def leave(self, data: Any, twice: bool) -> None:
        place = self.places.pop(data.draw(st.integers(0, len(self.places) - 1)))
        self.do(lambda: self.line.leave(place))
        if twice:
            self.do(lambda: self.line.leave(place))

    @invariant()
    def never_too_many_and_never_too_few(self) -> None:
        running = Counter(one.uid for one in self.places if one.ready.done())
        waiting = Counter(one.uid for one in self.places if not one.ready.done())
        if not self.places:
            return
        assert running.total() == self.line.running <= self.limit
        assert waiting.total() == self.line.waiting
        assert all(count <= share_of(self.limit) for count in running.values())
        if running.total() < self.limit:
            assert all(running[uid] == share_of(self.limit) for uid in waiting), "a connection is free and unused"

    @invariant()
    def nobody_with_nothing_is_passed_by_for_long(self) -> None:
        assert all(count <= len(USERS) for count in self.passed.values())

    @invariant()
    def positions_are_counted_from_one(self) -> None:
        waiting = sorted(one.position for one in self.places if not one.ready.done())
        assert waiting == list(range(1, len(waiting) + 1))


AnyLine.TestCase.settings = settings(max_examples=100, stateful_step_count=40, deadline=None)
TestAnyLine = AnyLine.TestCase


async def test_each_users_requests_go_in_their_order() -> None:
    line = Line(1)
    places = [line.join("ada", nothing) for _ in range(5)]
    for place in places:
        assert place.ready.done()
        line.leave(place)


async def test_who_asks_again_and_again_does_not_lose_the_place_they_have() -> None:
    line = Line(1)
    going = [line.join(f"guest{number}", nothing) for number in range(3)]
    mine = line.join("ada", nothing)
    for number in range(3, 20):
        line.leave(going.pop(0))
        if mine.ready.done():
            break
        line.join("ada", nothing)
        going.append(line.join(f"guest{number}", nothing))
    assert number < 6, "those who came later went first"


async def test_a_user_with_double_weight_has_double_the_places() -> None:
    line = Line(9, {"ada": 2.0, "ben": 1.0}.__getitem__)
    places = [line.join(uid, nothing) for _ in range(40) for uid in ("ada", "ben")]
    for place in places[:30]:
        line.leave(place)
    assert Counter(place.uid for place in places[30:] if place.ready.done()) == {"ada": 6, "ben": 3}


async def test_somebody_new_goes_at_once_whatever_one_user_has_waiting() -> None:
    line = Line(20)
    for _ in range(100):
        line.join("ada", nothing)
    assert line.running == 15
    assert line.join("ben", nothing).ready.done()


async def test_a_place_given_up_while_it_waits_is_nobodys() -> None:
    line = Line(1)
    first, second, third = (line.join("ada", nothing) for _ in range(3))
    line.leave(second)
    line.leave(first)
    assert third.ready.done()
    line.leave(third)
    assert (line.running, line.waiting) == (0, 0)
