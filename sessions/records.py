"""Records: JSON values of one extension in named collections, read from the disk and not from memory. It knows no task.

Where a Memento holds what an extension keeps at hand, this holds what grows: conversations, logs, results. Changes that
belong together, and the event that tells of them, are one commit: none is seen without the others.
"""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from contextlib import suppress
from dataclasses import dataclass
from typing import Any

import orjson

from sessions.beside import is_large
from sessions.errors import InvalidValue, Overloaded, QuotaExceeded, StoreError
from sessions.jsontext import Json
from sessions.mailbox import EVENT_BYTES, Mailbox
from sessions.memento import Meter
from sessions.store import Asked, Statement, Store
from sessions.values import json_of, name_of

VALUE_BYTES = 8 << 20
"""How much JSON one value may be."""

CHANGES = 1_000
"""How many changes one commit may have."""

PAGE = 1_000
"""How many records are read at once."""

PUT = (
    "INSERT INTO records (namespace, collection, key, value) VALUES (?, ?, ?, ?)"
    " ON CONFLICT (namespace, collection, key) DO UPDATE SET value = excluded.value"
)
DELETE = "DELETE FROM records WHERE namespace = ? AND collection = ? AND key = ?"
CLEAR = "DELETE FROM records WHERE namespace = ? AND collection = ?"
GET = "SELECT value FROM records WHERE namespace = ? AND collection = ? AND key = ?"
UP = "SELECT key, value FROM records WHERE namespace = ? AND collection = ? AND key > ? ORDER BY key LIMIT ?"
DOWN = "SELECT key, value FROM records WHERE namespace = ? AND collection = ? AND key < ? ORDER BY key DESC LIMIT ?"
RECORD_BYTES = 128
"""What a record takes besides its value."""

WHOLE = f"SELECT coalesce(sum(length(value) + {RECORD_BYTES}), 0) FROM records WHERE namespace = ?"
SIZE = f"SELECT coalesce(sum(length(records.value) + {RECORD_BYTES}), 0) FROM"
BEFORE = (
    f"SELECT ({SIZE} records WHERE namespace = ? AND collection IN (SELECT value FROM json_each(?))),"
    f" ({SIZE} json_each(?) AS place CROSS JOIN records ON namespace = ? AND collection = place.value ->> 0"
    " AND records.key = place.value ->> 1)"
)
"""What whole collections, and what records of some places take: one question, however many changes there are."""

LAST = "\U0010ffff"


@dataclass(frozen=True, slots=True)
class Put:
    """Keep `value` under `key`, in the place of what was there."""

    collection: str
    key: str
    value: Any


@dataclass(frozen=True, slots=True)
class Delete:
    """Remove a record; one that is not there is fine. Without a key: the whole collection."""

    collection: str
    key: str | None = None


Change = Put | Delete


class Records:
    """The records of one `namespace`. Keys are in the order of their code points: pad numbers with zeros."""

    __slots__ = ("_counted", "_lock", "_mailbox", "_meter", "_namespace", "_store")

    def __init__(self, store: Store, mailbox: Mailbox, namespace: str, meter: Meter) -> None:
        self._store = store
        self._mailbox = mailbox
        self._namespace = namespace
        self._meter = meter
        self._lock = asyncio.Lock()
        self._counted = False

    async def get(self, collection: str, key: str) -> Any:
        """The value, or None. Raises `StoreError`."""
        rows = await self._store.read(GET, (self._namespace, collection, key))
        return _value(key, rows[0][0]) if rows else None

    async def page(
        self, collection: str, after: str = "", before: str | None = None, limit: int = PAGE
    ) -> list[tuple[str, Any]]:
        """Records in the order of their keys from beyond `after`; with `before`, downwards from below it."""
        limit = max(0, min(limit, PAGE))
        query = UP if before is None else DOWN
        rows = await self._store.read(query, (self._namespace, collection, after if before is None else before, limit))
        return [(key, _value(key, value)) for key, value in rows if before is None or key > after]

    async def commit(
        self, changes: Sequence[Change], event: tuple[str, Any] | None = None, more: Sequence[tuple[str, Any]] = ()
    ) -> int | None:
        """Make the changes durable, all or none; with an event, it is shown once they are. Gives the event's number.

        What there is `more` to tell goes to the disk with them and is shown behind the event.

        What is large is read beside the loop: leave it as it is until then.

        Raises `InvalidValue`, `QuotaExceeded`, `Overloaded` and `StoreError`; then nothing was changed.
        """
        if len(changes) > CHANGES:
            raise InvalidValue("changes", f"are at most {CHANGES} in one commit, and these are {len(changes)}")
        large = is_large([change.value for change in changes if isinstance(change, Put)])
        statements = [] if large else self._statements(changes)
        async with self._lock:
            statements = await asyncio.to_thread(self._statements, changes) if large else statements
            await self._count()
            after, before = self._sizes(changes, statements)
            counted = await self._reserve(after, before)
            try:
                written = self._write([before, *statements] if statements else [], event, more)
            except BaseException:
                self._meter.stored(-counted)
                raise

            def landed(written: asyncio.Future[int | None]) -> None:
                kept = 0 if written.exception() is not None else after - sum(map(sum, before.rows))
                self._meter.stored(kept - counted)

            written.add_done_callback(landed)
            return await asyncio.shield(written)  # it goes on where whoever asked for it was cancelled

    async def _reserve(self, after: int, before: Asked) -> int:
        """Make room, and say how much: what is replaced is known in time only where there is not enough else."""
        with suppress(QuotaExceeded):
            self._meter.store(after)
            return after
        rows = await self._store.read(before.sql, before.params)
        growth = max(0, after - sum(map(sum, rows)))
        self._meter.store(growth)
        return growth

    async def _count(self) -> None:
        """Count what was kept before, once."""
        if not self._counted:
            ((whole,),) = await self._store.read(WHOLE, (self._namespace,))
            self._meter.stored(int(whole))
            self._counted = True

    def _write(
        self, statements: list[Statement], event: tuple[str, Any] | None, more: Sequence[tuple[str, Any]]
    ) -> asyncio.Future[Any]:
        if event is not None:
            texts = [(type, Json(json_of("data", data, EVENT_BYTES))) for type, data in more]
            shown = self._mailbox.post(*event, durable=True, along=statements)
            with suppress(Overloaded):  # the changes are on their way: who waits for events reads them from the records
                for one in texts:  # at once: it is one commit with the first
                    self._mailbox.post(*one, durable=True)
            return shown
        if statements:
            return self._store.write_all(statements)
        nothing: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        nothing.set_result(None)
        return nothing

    def _statements(self, changes: Sequence[Change]) -> list[Statement]:
        return [self._statement(change) for change in changes]

    def _statement(self, change: Change) -> Statement:
        name_of("collection", change.collection)
        if change.key is None:
            return CLEAR, (self._namespace, change.collection)
        name_of("key", change.key)
        if isinstance(change, Delete):
            return DELETE, (self._namespace, change.collection, change.key)
        text = json_of("value", change.value, VALUE_BYTES, of=f"of '{change.key}' ")
        return PUT, (self._namespace, change.collection, change.key, text)

    def _sizes(self, changes: Sequence[Change], statements: Sequence[Statement]) -> tuple[int, Asked]:
        """How many bytes are there after the changes in their places, and what asks how many are there before."""
        cleared: set[str] = set()
        after: dict[tuple[str, str], int] = {}
        for change, statement in zip(changes, statements, strict=True):
            if change.key is None:
                cleared.add(change.collection)
                after = {place: size for place, size in after.items() if place[0] != change.collection}
            else:
                size = len(statement[1][3]) + RECORD_BYTES if isinstance(change, Put) else 0  # type: ignore[arg-type]
                after[change.collection, change.key] = size
        places = [place for place in after if place[0] not in cleared]
        told = [orjson.dumps(one).decode() for one in (sorted(cleared), places)]
        return sum(after.values()), Asked(BEFORE, (self._namespace, *told, self._namespace), [])


def _value(key: str, text: bytes) -> Any:
    try:
        return orjson.loads(text)
    except orjson.JSONDecodeError:
        raise StoreError(f"the record '{key}' is damaged on the disk: write it anew") from None
