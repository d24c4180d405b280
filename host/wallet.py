"""What one user has spent and what their running calls hold back, in memory. Whether that is too much is not asked."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Collection
from typing import TYPE_CHECKING

from sessions.errors import RoostError
from sessions.usage import Book, periods

if TYPE_CHECKING:
    from host.totals import Totals
    from sessions.context import SessionContext

log = logging.getLogger("roost.host")

MOST = 1_000
"""How many days, months and tasks are kept in memory; those that nothing runs in are read again."""

Period = tuple[str, str]
"""('day' | 'month' | 'task', which one)."""


class Spending:
    """One period's money in billionths of a USD: what calls that have ended cost, and what those that run may."""

    __slots__ = ("held", "spent")

    def __init__(self, spent: int = 0) -> None:
        self.spent = spent
        self.held = 0

    @property
    def used(self) -> int:
        """All that a further call cannot have."""
        return self.spent + self.held

    def settle(self, held: int, cost: int) -> None:
        """A call that held back so much has cost this."""
        self.held -= held
        self.spent += cost


class Wallet:
    """The spendings of one session, read from the store when they are first asked for: `session.get(Wallet)`."""

    __slots__ = ("_lock", "_spendings", "_totals", "book", "session")

    def __init__(self, session: SessionContext) -> None:
        self.session = session
        self.book = Book(session.store)
        self._spendings: dict[Period, Spending] = {}
        self._lock = asyncio.Lock()
        self._totals: Totals | None = None

    async def spendings(
        self, time: int, task: str | None, totals: Totals, alive: Collection[str]
    ) -> dict[str, Spending]:
        """What a call of that time and task counts for: the spending of the day, the month, and the task if any.

        `alive`: the holds of calls that run. The caller must look and hold without waiting in between.
        """
        asked = periods(time, task)
        async with self._lock:
            if self._totals is None:
                await self._begin(totals, alive)
            for period in asked:
                if period not in self._spendings:
                    await self._read(period, asked)
        return {period[0]: self._spendings[period] for period in asked}

    async def _begin(self, totals: Totals, alive: Collection[str]) -> None:
        await totals.opened(self.session.uid)
        await self.book.recover(alive)
        await self.book.forget_old_tasks()
        self._totals = totals

    async def _read(self, period: Period, needed: Collection[Period]) -> None:
        if len(self._spendings) >= MOST:
            await self.book.store.flush()  # what was spent there can be read again
            self._spendings = {name: one for name, one in self._spendings.items() if one.held or name in needed}
        spent = await self.book.spent(*period)
        self._spendings[period] = Spending(spent)

    async def close(self) -> None:
        """Called when the session ends: what is in the store is then all that was spent."""
        if self._totals is None:
            return
        try:
            await self._note(self._totals)
        except RoostError as error:  # the session ends all the same; the host's next start reads the user's own rows
            log.warning("what a user spent is not noted in the host's rows: %s", error)

    async def _note(self, totals: Totals) -> None:
        await self.book.store.flush()
        for (period, name), spending in self._spendings.items():
            if period == "month":
                await totals.put(name, self.session.uid, spending.spent)
        await totals.closed(self.session.uid)
