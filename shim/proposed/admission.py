"""The proposal `admission`: heavy work waits for one of the places that all users of the host share, fairly by user.

Who has the fewest places goes first. An extension sees the place of its own work and its position, and nobody else's.
"""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from sessions.current import current_session
from sessions.queueing import Place

__all__ = ["Place", "allow", "join", "leave", "turn"]


def join(most: int) -> Place:
    """Ask for a place of the current user's, who has `most` at the same time. `leave` it, whatever happens.

    `ready` is done once it may be used; until then `position` says how many go before it, itself counted.
    """
    session = current_session()
    return session.agents.join(session.uid, most=most)


def leave(place: Place) -> None:
    """The work is over, or not wanted any more; a second time does nothing."""
    current_session().agents.leave(place)


def allow(most: int) -> None:
    """The current user may have so many places at the same time, from now on."""
    session = current_session()
    session.agents.allow(session.uid, most)


@asynccontextmanager
async def turn() -> AsyncIterator[None]:
    """Wait for a turn at a short work that all users share few places for, and have it for the body.

    It is for what many would do at once, such as looking at a repository; long works `join` the line above.
    """
    session = current_session()
    async with session.looks.turn(session.uid):
        yield
