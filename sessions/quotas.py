"""How much one user may have: the limits, and the count of what they have on disk. Rates are not here."""

from __future__ import annotations

import math
import threading
import time
from collections.abc import Callable
from dataclasses import asdict, dataclass
from typing import Any

from sessions.errors import QuotaExceeded

FRESH_S = 30.0
"""How long a count of the disk is believed, in seconds; shells write without asking."""

DUTY = 20
"""A count that took t seconds is believed for this many times t, so that counting takes at most 5 % of the time."""


@dataclass(frozen=True, slots=True)
class Quotas:
    """One user's limits; None is no limit. `bytes` and `memory` are bytes, all else counts (`quotas.*`)."""

    bytes: int | None = None
    files: int | None = None
    connections: int | None = 100
    requests_in_flight: int | None = 1_000
    requests_per_second: int | None = 10_000
    terminals: int | None = 32
    processes: int | None = 512
    memory: int | None = None
    streams: int | None = 8

    def to_wire(self) -> dict[str, Any]:
        """The limits under their names in the configuration."""
        return asdict(self)


class Allowance:
    """The bytes and files that a user has on disk, as `sessions.files.Meter` and the state store ask for them.

    `measure()` counts the user's world and may take long: it runs in the thread that asks for room, never on the loop.
    What is kept in their database it does not see: that is counted as it is written.
    """

    __slots__ = ("_believed_until", "_bytes", "_files", "_limits", "_lock", "_measure", "_stored")

    def __init__(self, limits: Quotas, measure: Callable[[], tuple[int, int]]) -> None:
        self._limits = limits
        self._measure = measure
        self._lock = threading.Lock()
        self._bytes = 0
        self._files = 0
        self._stored = 0
        """Bytes in the database, as far as that was read."""
        self._believed_until = 0.0

    def allow(self, limits: Quotas) -> None:
        """Other limits from now on; what is on the disk already stays."""
        self._limits = limits

    def reserve(self, more_bytes: int, more_files: int) -> None:
        """Count what is about to be written; raises `QuotaExceeded` and counts nothing where it does not fit."""
        if not self.limited:
            return
        self._refresh()
        with self._lock:
            self._check("bytes", self._limits.bytes, self._bytes + self._stored, more_bytes)
            self._check("files", self._limits.files, self._files, more_files)
            self._bytes += more_bytes
            self._files += more_files

    def store(self, more_bytes: int) -> None:
        """As `reserve`, of what goes into the database: for the loop, so it goes by the last count of the disk."""
        with self._lock:
            self._check("bytes", self._limits.bytes, self._bytes + self._stored, more_bytes)
            self._stored += more_bytes

    def stored(self, more_bytes: int) -> None:
        """So much more is in the database, whatever the limit; where it is negative, less."""
        with self._lock:
            self._stored = max(0, self._stored + more_bytes)

    def released(self, fewer_bytes: int, fewer_files: int) -> None:
        """Take back what was removed, or reserved and not written."""
        with self._lock:
            self._bytes = max(0, self._bytes - fewer_bytes)
            self._files = max(0, self._files - fewer_files)

    @property
    def limited(self) -> bool:
        """Whether there is anything to count."""
        return self._limits.bytes is not None or self._limits.files is not None

    @property
    def counted(self) -> tuple[int, int]:
        """Bytes and files, as last counted and with what was reserved and released since."""
        with self._lock:
            return self._bytes + self._stored, self._files

    @property
    def most(self) -> tuple[float, float]:
        """The most bytes and files; infinite where there is no limit."""
        return _bound(self._limits.bytes), _bound(self._limits.files)

    def learn(self, counted_bytes: int, counted_files: int) -> None:
        """Believe a count of the disk that somebody else just made."""
        with self._lock:
            self._bytes, self._files = counted_bytes, counted_files
            self._believed_until = max(self._believed_until, time.monotonic() + FRESH_S)

    def excess(self) -> QuotaExceeded | None:
        """What the user is over, if anything: nothing but their own processes can have written that."""
        used = self.counted
        for quota, limit, has in zip(("bytes", "files"), self.most, used, strict=True):
            if has > limit:
                return QuotaExceeded(
                    quota, limit, has, "delete what you do not need: until then nothing can be written"
                )
        return None

    def used(self) -> tuple[int, int]:
        """As `counted`, the disk counted anew where the last count is too old: may block for long."""
        self._refresh()
        return self.counted

    def _refresh(self) -> None:
        """Count the disk anew if the last count is too old: one thread does, outside of the lock, the others go on."""
        started = time.monotonic()
        with self._lock:
            if started < self._believed_until:
                return
            self._believed_until = started + FRESH_S
        counted = self._measure()
        ended = time.monotonic()
        with self._lock:
            self._bytes, self._files = counted
            self._believed_until = ended + max(FRESH_S, DUTY * (ended - started))

    def _check(self, quota: str, limit: int | None, used: int, more: int) -> None:
        if limit is not None and more > 0 and used + more > limit:
            raise QuotaExceeded(
                quota, limit, used, f"delete what you do not need, or ask the operator for more {quota}"
            )


def _bound(limit: int | None) -> float:
    return math.inf if limit is None else limit
