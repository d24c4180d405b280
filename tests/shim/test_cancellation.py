"""Asking for work to stop, and hearing of it."""

from __future__ import annotations

import asyncio
import weakref

import pytest

from shim.cancellation import CancellationError, CancellationToken, CancellationTokenSource

pytestmark = pytest.mark.anyio


def test_cancelling_is_seen_and_heard_once() -> None:
    source = CancellationTokenSource()
    heard: list[None] = []
    source.token.on_cancellation_requested(heard.append)
    assert not source.token.is_cancellation_requested
    source.cancel()
    source.cancel()
    assert source.token.is_cancellation_requested
    assert heard == [None]


async def test_one_who_asks_late_hears_it_in_the_next_round_of_the_loop() -> None:
    source = CancellationTokenSource()
    source.cancel()
    heard: list[str] = []
    source.token.on_cancellation_requested(lambda _: heard.append("kept"))
    source.token.on_cancellation_requested(lambda _: heard.append("left")).dispose()
    assert heard == []
    await asyncio.sleep(0)
    assert heard == ["kept"]


def test_cancelling_before_anybody_asks_for_the_token_costs_no_token() -> None:
    source = CancellationTokenSource()
    source.cancel()
    assert source.token is CancellationToken.CANCELLED


def test_once_cancelled_a_token_holds_nobody_who_listened() -> None:
    class Listener:
        def __call__(self, _: None) -> None:
            self.heard = True

    listener = Listener()
    source = CancellationTokenSource()
    subscription = source.token.on_cancellation_requested(listener)
    source.cancel()
    gone = weakref.ref(listener)
    assert listener.heard
    del listener
    assert gone() is None
    subscription.dispose()


def test_after_dispose_nobody_hears_a_cancellation() -> None:
    source = CancellationTokenSource()
    heard: list[None] = []
    token = source.token
    token.on_cancellation_requested(heard.append)
    source.dispose()
    source.cancel()
    assert (heard, token.is_cancellation_requested) == ([], True)


async def test_the_token_of_nobody_is_never_cancelled() -> None:
    source = CancellationTokenSource()
    source.dispose()
    heard: list[None] = []
    source.token.on_cancellation_requested(heard.append).dispose()
    source.token.on_cancellation_requested(heard.append)
    source.cancel()
    await asyncio.sleep(0)
    assert source.token is CancellationToken.NONE
    assert not CancellationToken.NONE.is_cancellation_requested
    assert heard == []


def test_a_child_is_cancelled_with_its_parent_until_it_is_disposed_of() -> None:
    parent = CancellationTokenSource()
    child = CancellationTokenSource(parent.token)
    orphan = CancellationTokenSource(parent.token)
    left = orphan.token
    orphan.dispose()
    parent.cancel()
    assert child.token.is_cancellation_requested
    assert not left.is_cancellation_requested


def test_a_token_cannot_be_cancelled_by_assignment() -> None:
    with pytest.raises(AttributeError):
        CancellationTokenSource().token.is_cancellation_requested = True  # type: ignore[misc]


def test_the_error_says_canceled() -> None:
    error = CancellationError()
    assert (error.name, error.message, str(error)) == ("Canceled", "Canceled", "Canceled")
