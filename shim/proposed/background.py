"""The proposal `background`: work that goes on with nobody connected, and after the host was killed.

While an extension holds its user's session, the host opens it again by itself when it starts; the activation event
`onBackground` then wakes the extension, which goes on from what it stored.
"""

from __future__ import annotations

from collections.abc import Coroutine
from typing import Any, TypeVar

from sessions.current import current_session
from shim.thenable import Thenable, thenable

T = TypeVar("T")


def start(work: Coroutine[Any, Any, T], name: str) -> Thenable[T]:
    """Begin work of the current user that nobody waits for; it ends with the session. Cancel it by what this gives."""
    return thenable(work, name)


def hold(on: bool) -> Thenable[None]:
    """Note durably that the current user's work goes on (or, with False, that there is none any more)."""
    return thenable(_pin("work", on), "background.hold")


def wait_for_budget(on: bool) -> Thenable[None]:
    """Note durably that work of the current user waits for money (or, with False, that none does any more).

    The host then opens the session, with `onBackground`, whenever more may be spent than before: a budget was raised,
    a new day has begun, the host starts with another configuration. `operator.on_budget` tells when to look.
    """
    return thenable(_pin("budget", on), "background.wait_for_budget")


async def _pin(what: str, on: bool) -> None:
    session = current_session()
    if session.pin is not None:
        await session.pin(what, on)
