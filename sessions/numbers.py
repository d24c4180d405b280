"""Numbers that are never given twice, also after kill -9: blocks of them are noted as used before one is seen."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from contextvars import Context
from functools import partial

from sessions.errors import RoostError
from sessions.store import Store

BLOCK = 1_000
"""How many numbers are noted at once. After a crash the numbering goes on from the note, so it may jump so far."""

AHEAD = 250
"""How many numbers before the end of a block the next one is noted, so that nothing waits for it."""

RETRY_S = 1.0
"""How long after a full disk refused a note it is tried again, in seconds."""

GET = "(SELECT value FROM meta WHERE key = 'mailbox.mark')"
PUT = "INSERT INTO meta (key, value) VALUES ('mailbox.mark', ?) ON CONFLICT DO UPDATE SET value = excluded.value"


class Numbers:
    """The numbering of one user's events. `last` was given last; up to `noted` they may be seen.

    `noted_more` is called when `noted` has grown.
    """

    __slots__ = ("_asked", "_begun", "_noted_more", "_retry", "_store", "last", "noted")

    def __init__(self, store: Store, noted_more: Callable[[], None]) -> None:
        self._store = store
        self._noted_more = noted_more
        self._retry: asyncio.TimerHandle | None = None
        self._begun = self._asked = 0
        self.last = 0
        self.noted = 0

    def begin(self, after: int) -> None:
        """Go on after this number: the newest that the runs before have noted (`GET`) or stored."""
        self.last = self.noted = self._asked = self._begun = after

    def ask(self, number: int) -> None:
        """See that `number` is noted, and some after it. Raises `Overloaded` and `SessionClosed`: nothing changed."""
        if number <= self._asked - AHEAD or self._retry is not None:
            return
        mark = number + BLOCK
        written = self._store.write(PUT, (mark,))
        self._asked = mark
        written.add_done_callback(partial(self._written, mark))

    async def end(self) -> None:
        """Note the exact last number, if one was given, so that the next run goes on from it: the last write of all."""
        if self._retry is not None:
            self._retry.cancel()
        noted_more, self._noted_more = self._noted_more, _nobody
        if self.last == self._begun:
            return
        try:
            await self._store.write(PUT, (self.last,))
        except RoostError:
            return  # the next run begins at the older note, which is beyond all that was seen
        self.noted = max(self.noted, self.last)
        noted_more()

    def _written(self, mark: int, written: asyncio.Future[None]) -> None:
        if written.exception() is None:
            self.noted = max(self.noted, mark)
            self._noted_more()
        else:
            self._asked = self.noted
            self._retry = self._retry or self._later()

    def _later(self) -> asyncio.TimerHandle:
        return asyncio.get_running_loop().call_later(RETRY_S, self._try_again, context=Context())

    def _try_again(self) -> None:
        self._retry = None
        if self.last <= self.noted:
            return  # nothing waits; the next one that is given asks
        try:
            self.ask(self.last)
        except RoostError:
            self._retry = self._later()


def _nobody() -> None:
    """Hears of no more numbers."""
