"""The proposal `fetching`: a page of the internet for the current user. VS Code's extensions use Node.

There is one client for it in the host, and it goes to public addresses only, judged when it connects and at every
redirect. Size, time and memory are bounded, and nothing is sent along that says who asks.
"""

from __future__ import annotations

import asyncio

from sessions.context import SessionContext
from sessions.current import current_session
from sessions.egress import User
from sessions.web import FetchFailed, Page
from shim.thenable import Thenable, thenable

__all__ = ["FetchFailed", "Page", "fetch"]

AT_ONCE = 4
"""Pages that one user may have under way; further ones wait."""


class Fetches:
    """One user's."""

    __slots__ = ("slots", "user")

    def __init__(self, session: SessionContext) -> None:
        self.slots = asyncio.Semaphore(AT_ONCE)
        self.user = User(session.uid)


def fetch(url: str, *, max_bytes: int = 2 << 20, timeout: float = 30.0) -> Thenable[Page]:
    """The page at an `http:` or `https:` address, whatever its status; of a longer one, the first `max_bytes`.

    Raises `FetchFailed` with a sentence for what may not be reached and what cannot, `InvalidValue` for what is no URL.
    """
    return thenable(_fetch(current_session(), url, max_bytes, timeout), "fetching.fetch")


async def _fetch(session: SessionContext, url: str, max_bytes: int, timeout: float) -> Page:
    if session.web is None:
        raise FetchFailed("nothing may leave this host for users: terminals.network is none; ask your operator")
    fetches = session.get(Fetches)
    async with fetches.slots:
        return await session.web.fetch(fetches.user, url, max_bytes=max_bytes, timeout=timeout)
