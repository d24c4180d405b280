"""What all users spent together, in a database of the host's own, and what an administrator set. No budget is here."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence

import orjson

from sessions.store import Statement, Store

NAME = "ledger"
"""The host's own rows are `DATA/host/ledger/state.db`, in the tables that every state.db has."""

PUT = (
    "INSERT INTO kv (namespace, scope, key, value) VALUES (?, ?, ?, ?) ON CONFLICT DO UPDATE SET value = excluded.value"
)
GET = "SELECT key, value FROM kv WHERE namespace = ? AND scope = ? ORDER BY key"
DELETE = "DELETE FROM kv WHERE namespace = ? AND scope = ? AND key = ?"
SPENT = "SELECT coalesce(sum(value), 0) FROM kv WHERE namespace = 'spent' AND scope = ?"

Limits = dict[str, float | None]
"""`task`, `day`, `month` and `host` in USD, as far as they are said; None is no limit."""


class Totals:
    """Rows of the host. A user's own store is the truth; `spent` repeats its months so that a sum is quick.

    A user is `open` from before their first call to after their last: whoever still is when the host starts was cut
    off by a kill, and is read again.
    """

    __slots__ = ("_noted", "_store")

    def __init__(self, store: Store) -> None:
        self._store = store
        self._noted: asyncio.Future[None] | None = None

    async def spent(self, month: str) -> int:
        """What all users spent in a month, in billionths of a USD."""
        await self._all_noted()
        ((total,),) = await self._store.read(SPENT, (month,))
        return int(total)

    async def by_user(self, month: str) -> dict[str, int]:
        """What each user spent in a month."""
        await self._all_noted()
        return dict(await self._store.read(GET, ("spent", month)))

    def put(self, month: str, uid: str, spent: int) -> asyncio.Future[None]:
        """Note the whole of what a user spent in a month."""
        self._noted = self._store.write(PUT, ("spent", month, uid, spent))
        return self._noted

    async def _all_noted(self) -> None:
        """Wait for what was noted before: nobody waits for it when a call ends, and a sum is to have it."""
        if self._noted is not None:
            await asyncio.wait([self._noted])

    async def open_users(self) -> list[str]:
        """Those whose rows here may be older than their own."""
        return [uid for uid, _ in await self._store.read(GET, ("open", ""))]

    def opened(self, uid: str) -> asyncio.Future[None]:
        """The user is about to spend."""
        return self._store.write(PUT, ("open", "", uid, b""))

    def closed(self, uid: str) -> asyncio.Future[None]:
        """All that the user spent is noted here."""
        return self._store.write(DELETE, ("open", "", uid))

    async def limits(self) -> dict[str, Limits]:
        """What an administrator set while the host ran: by uid, and for the host and everybody under ''."""
        return {uid: orjson.loads(held) for uid, held in await self._store.read(GET, ("budgets", ""))}

    def set_limits(self, uid: str, limits: Limits, deed: Sequence[Statement] = ()) -> asyncio.Future[None]:
        """Keep them, with `deed`, which says who set them; empty ones are what the configuration says."""
        row = (PUT, ("budgets", "", uid, orjson.dumps(limits))) if limits else (DELETE, ("budgets", "", uid))
        return self._store.write_all([row, *deed])
