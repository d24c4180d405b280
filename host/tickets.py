"""Addresses that are keys: each lets its holder see one port of one user, for a while. They are kept in memory only.

A previewed page has no origin of its own, so a browser sends no cookie with what the page loads: the address has to do.
"""

from __future__ import annotations

import secrets
import time
from collections.abc import Callable
from dataclasses import dataclass

IDLE_S = 3600.0
"""A ticket that nobody used for so long is no good any more."""

MOST = 16
"""Tickets of one user; one more takes the place of that which was used least lately."""


@dataclass(slots=True)
class Ticket:
    """What a ticket is good for. `expires` is when the login ends that it was given for, in seconds since 1970."""

    uid: str
    port: int
    expires: float | None
    used: float


class Tickets:
    """All tickets of a host. `clock` counts seconds, `wall` tells the time as logins do."""

    def __init__(self, clock: Callable[[], float] = time.monotonic, wall: Callable[[], float] = time.time) -> None:
        self._clock = clock
        self._wall = wall
        self._found: dict[str, Ticket] = {}
        self._of: dict[str, list[str]] = {}

    def issue(self, uid: str, port: int, expires: float | None) -> str:
        """The user's ticket for that port: the one that they have, good as long as this login, or a new one."""
        for name in list(self._of.get(uid, ())):
            if (kept := self._alive(name)) is not None and kept.port == port:
                kept.expires, kept.used = expires, self._clock()
                return name
        held = self._of.setdefault(uid, [])
        if len(held) >= MOST:
            self._drop(min(held, key=lambda name: self._found[name].used))
        name = secrets.token_urlsafe(32)
        self._of.setdefault(uid, []).append(name)
        self._found[name] = Ticket(uid, port, expires, self._clock())
        return name

    def find(self, name: str) -> Ticket | None:
        """What that ticket is good for now, and note that it was used."""
        ticket = self._alive(name)
        if ticket is not None:
            ticket.used = self._clock()
        return ticket

    def _alive(self, name: str) -> Ticket | None:
        ticket = self._found.get(name)
        if ticket is None:
            return None
        ended = ticket.expires is not None and ticket.expires <= self._wall()
        if ended or self._clock() - ticket.used > IDLE_S:
            self._drop(name)
            return None
        return ticket

    def sweep(self) -> None:
        """Forget what is no good any more."""
        oldest = self._clock() - IDLE_S
        for name in [name for name, ticket in self._found.items() if ticket.used < oldest]:
            self._drop(name)

    def _drop(self, name: str) -> None:
        ticket = self._found.pop(name)
        held = self._of[ticket.uid]
        held.remove(name)
        if not held:
            del self._of[ticket.uid]
