"""Turns at short works: few go at the same time, over all users, and one user's flood keeps no other from theirs."""

from __future__ import annotations

import asyncio

import pytest

from sessions.context import LOOKS, SessionContext
from sessions.queueing import Line
from shim.proposed import admission

pytestmark = pytest.mark.anyio


async def test_few_short_works_go_at_once_and_another_users_comes_before_the_rest_of_a_flood(
    ada: SessionContext, ben: SessionContext
) -> None:
    ada.looks = ben.looks = Line(LOOKS)
    going = most = 0
    order: list[str] = []

    async def work(session: SessionContext) -> None:
        nonlocal going, most
        with session.entered("acme.git"):
            async with admission.turn():
                going += 1
                most = max(most, going)
                order.append(session.uid)
                await asyncio.sleep(0)
                going -= 1

    async with asyncio.TaskGroup() as group:
        for _ in range(40):
            group.create_task(work(ada))
        group.create_task(work(ben))
    assert (len(order), going) == (41, 0)
    assert 1 < most <= LOOKS
    assert order.index("ben") <= LOOKS


async def test_a_work_that_is_given_up_gives_its_turn_back(ada: SessionContext) -> None:
    ada.looks = Line(1)
    with ada.entered("acme.git"):
        holder = admission.turn()
        await holder.__aenter__()
        with pytest.raises(TimeoutError):
            async with asyncio.timeout(0.01), admission.turn():
                raise AssertionError("there was no place")
        await holder.__aexit__(None, None, None)
        async with admission.turn():
            assert ada.looks.running == 1
    assert (ada.looks.running, ada.looks.waiting) == (0, 0)
