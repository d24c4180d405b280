"""Events that somebody waits for: one listener after the other, each with an event of its own, as in VS Code."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable
from typing import Any

import pytest

from sessions.context import SessionContext
from sessions.errors import RoostError
from shim.waiting import MOST_FAILURES, WillEmitter, WillEvent

pytestmark = pytest.mark.anyio


class About(WillEvent):
    __slots__ = ("what",)

    def __init__(self, what: str) -> None:
        super().__init__()
        self.what = what


def about() -> About:
    return About("this")


async def said(word: str, after: Awaitable[object] | None = None) -> str:
    if after is not None:
        await after
    return word


async def test_listeners_are_asked_in_their_order_and_each_once_the_one_before_has_ended(ada: SessionContext) -> None:
    emitter, order = WillEmitter[About](), list[str]()

    async def then(results: list[Any]) -> None:
        order.extend(results)

    def slow(event: About) -> None:
        order.append("slow")
        event.wait_until(said("slow ended", asyncio.sleep(0.01)))
        event.wait_until(said("both"))

    async def async_one(event: About) -> str:
        order.append("async")
        return "async ended"

    with ada.entered():
        emitter.event(slow)
        emitter.event(async_one)
        emitter.event(lambda event: order.append("last"))
        assert await emitter.fire(about, 5, then) == ["slow ended", "both", "async ended"]
    assert order == ["slow", "slow ended", "both", "async", "async ended", "last"]


async def test_waiting_is_asked_for_while_the_listener_is_called(ada: SessionContext) -> None:
    emitter, events, raised = WillEmitter[About](), list[About](), asyncio.Event()

    async def late() -> None:
        await asyncio.sleep(0)
        with pytest.raises(RoostError, match="before the listener returns"):
            events[0].wait_until(asyncio.get_running_loop().create_future())
        raised.set()

    def listener(event: About) -> None:
        events.append(event)
        event.wait_until(late())

    async def long_one(event: About) -> None:
        await asyncio.sleep(0)
        event.wait_until(said("yes"))

    with ada.entered():
        emitter.event(listener)
        emitter.event(long_one)
        assert await emitter.fire(about, 5) == [None, None, "yes"]
    assert raised.is_set()


async def test_what_an_event_is_about_cannot_be_set(ada: SessionContext) -> None:
    event = about()
    with pytest.raises(AttributeError, match="cannot be set"):
        event.what = "that"
    assert event.what == "this"


async def test_who_takes_too_long_is_not_waited_for_and_nobody_after_them_is_asked(ada: SessionContext) -> None:
    emitter, asked, ended = WillEmitter[About](), list[int](), asyncio.Event()

    async def never() -> None:
        try:
            await asyncio.Event().wait()
        finally:
            ended.set()

    def listener(event: About) -> None:
        asked.append(2)
        event.wait_until(never())

    with ada.entered():
        emitter.event(lambda event: asked.append(1))
        emitter.event(listener)
        emitter.event(lambda event: asked.append(3))
        assert await emitter.fire(about, 0.02) == []
    await ended.wait()
    assert asked == [1, 2]


@pytest.mark.parametrize("waits", [False, True])
async def test_who_fails_harms_nobody_and_is_asked_no_more_after_some_times(ada: SessionContext, waits: bool) -> None:
    emitter, asked, good = WillEmitter[About](), list[int](), list[int]()

    async def failing() -> None:
        raise ValueError("mine")

    def listener(event: About) -> None:
        asked.append(1)
        if not waits:
            raise ValueError("mine")
        event.wait_until(failing())

    with ada.entered():
        emitter.event(listener)
        emitter.event(lambda event: good.append(1))
        for _ in range(10):
            await emitter.fire(about, 5)
    assert (len(asked), len(good)) == (MOST_FAILURES + 1, 10)
