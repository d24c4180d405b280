"""Memento: named JSON values of one extension (or of the user's clients), read from memory and kept in the store."""

from __future__ import annotations

import asyncio
from enum import Enum
from typing import Any, Final, Literal, Protocol

import orjson

from sessions.errors import InvalidValue, QuotaExceeded, StoreError
from sessions.store import Store
from sessions.tasks import settle
from sessions.values import json_of, name_of

KEY_COST = 128
"""What a key costs besides its own bytes and its value's, so that countless empty values are bounded too."""


class Absent(Enum):
    """The type of `ABSENT`."""

    ABSENT = "absent"


ABSENT: Final[Literal[Absent.ABSENT]] = Absent.ABSENT
"""No value at all (JavaScript's undefined), where None is a value (null)."""


class Meter(Protocol):
    """Who counts what a user keeps, in bytes; `sessions.quotas.Allowance` does."""

    def store(self, more_bytes: int) -> None:
        """Raises `QuotaExceeded`, and counts nothing, where it does not fit."""

    def stored(self, more_bytes: int) -> None:
        """So much more is kept, whatever the limit; where it is negative, less."""


class Flight:
    """A key whose updates are on their way to the disk: what is there now, how many are to come, the bytes counted."""

    __slots__ = ("count", "counted", "durable")

    def __init__(self, durable: bytes | None, counted: int) -> None:
        self.durable = durable
        self.count = 0
        self.counted = counted


class Memento:
    """VS Code's Memento over one `namespace` and `scope` ('global' or 'workspace'); make one object of each.

    `get` and `keys` answer from memory at once. `update` changes the memory at once, and its future is done when the
    change is on the disk; if it cannot be kept, the memory goes back to what is there.
    """

    __slots__ = ("_bytes", "_flights", "_meter", "_values", "namespace", "scope", "store")

    value_bytes = 8 << 20
    """How much JSON one value may be."""
    all_bytes = 64 << 20
    """How much all values may be together: they are in memory."""

    def __init__(self, store: Store, namespace: str, scope: str, meter: Meter | None = None) -> None:
        if scope not in ("global", "workspace"):
            raise InvalidValue("scope", "must be 'global' or 'workspace'")
        self.store = store
        self.namespace = namespace
        self.scope = scope
        self._meter = meter
        self._values: dict[str, bytes] | None = None
        self._flights: dict[str, Flight] = {}
        self._bytes = 0

    async def load(self) -> None:
        """Read the values once, before anything else is asked. Raises `StoreError`."""
        rows = await self.store.read(
            "SELECT key, value FROM kv WHERE namespace = ? AND scope = ?", (self.namespace, self.scope)
        )
        self.fill(dict(rows))

    def fill(self, values: dict[str, bytes]) -> None:
        """Begin with these values, key -> JSON, as `load` does; later calls change nothing."""
        if self._values is None:
            self._values = values
            self._bytes = sum(_cost(key, value) for key, value in values.items())

    def count(self) -> None:
        """Let the meter know what was kept before; call it once, after loading."""
        if self._meter is not None:
            self._meter.stored(self._bytes)

    def get(self, key: str, default: Any = None) -> Any:
        """A copy of the value, or `default` where there is none (a stored null is None)."""
        value = self._loaded().get(key)
        try:
            return default if value is None else orjson.loads(value)
        except orjson.JSONDecodeError:
            raise StoreError(f"the value of '{key}' is damaged on the disk: update it to a new one") from None

    def keys(self) -> list[str]:
        """The keys that have a value."""
        return list(self._loaded())

    def set_keys_for_sync(self, keys: list[str]) -> None:
        """VS Code's `setKeysForSync`. There is nothing to sync with here, so it keeps nothing."""

    def update(self, key: str, value: object = ABSENT) -> asyncio.Future[None]:
        """Keep a snapshot of `value`; without one, delete the key. The future is done when that is on the disk.

        It need not be awaited. Raises `InvalidValue`, `QuotaExceeded` and `Overloaded` at once; the future raises
        `StoreError`, or `FileSystemError` with NoSpace.
        """
        values = self._loaded()
        name_of("key", key)
        text = None if value is ABSENT else json_of("value", value, self.value_bytes, of=f"of '{key}' ")
        flight = self._flights.get(key) or Flight(values.get(key), _cost(key, values.get(key)))
        self._reserve(flight, _cost(key, text))
        try:
            written = self._write(key, text)
        except BaseException:
            self._release(flight, key)
            raise
        flight.count += 1
        self._flights[key] = flight
        self._set(key, text)
        return self._followed(written, flight, key, text)

    def _loaded(self) -> dict[str, bytes]:
        if self._values is None:
            raise StoreError(f"the {self.scope} state of {self.namespace} is not read yet: await its load() first")
        return self._values

    def _write(self, key: str, text: bytes | None) -> asyncio.Future[None]:
        place = (self.namespace, self.scope, key)
        if text is None:
            return self.store.write("DELETE FROM kv WHERE namespace = ? AND scope = ? AND key = ?", place)
        return self.store.write(
            "INSERT INTO kv (namespace, scope, key, value) VALUES (?, ?, ?, ?)"
            " ON CONFLICT DO UPDATE SET value = excluded.value",
            (*place, text),
        )

    def _followed(
        self, written: asyncio.Future[None], flight: Flight, key: str, text: bytes | None
    ) -> asyncio.Future[None]:
        """What the caller gets: a future of its own, so that cancelling it does not hide how the write went."""
        promise: asyncio.Future[None] = written.get_loop().create_future()

        def landed(written: asyncio.Future[None]) -> None:
            error = written.exception()
            if error is None:
                flight.durable = text
            self._land(flight, key)
            settle(promise, error)

        written.add_done_callback(landed)
        return promise

    def _land(self, flight: Flight, key: str) -> None:
        flight.count -= 1
        if flight.count == 0:
            del self._flights[key]
            self._set(key, flight.durable)
            self._release(flight, key)

    def _set(self, key: str, text: bytes | None) -> None:
        values = self._loaded()
        self._bytes += _cost(key, text) - _cost(key, values.get(key))
        if text is None:
            values.pop(key, None)
        else:
            values[key] = text

    def _reserve(self, flight: Flight, cost: int) -> None:
        more = cost - flight.counted
        if more <= 0:
            return
        if self._bytes + more > self.all_bytes:
            raise QuotaExceeded("state", self.all_bytes, self._bytes, "delete keys, or keep large things in files")
        if self._meter is not None:
            self._meter.store(more)
        flight.counted = cost

    def _release(self, flight: Flight, key: str) -> None:
        """Count the key as what is on the disk of it, once nothing more is on its way there."""
        if flight.count == 0 and self._meter is not None:
            self._meter.stored(_cost(key, flight.durable) - flight.counted)


def _cost(key: str, text: bytes | None) -> int:
    return 0 if text is None else KEY_COST + len(key) + len(text)
