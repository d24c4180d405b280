"""Events as a mailbox keeps them: the newest in memory, and the pages of those in the store. No I/O happens here."""

from __future__ import annotations

from array import array
from bisect import bisect_right
from collections import deque
from collections.abc import Iterable
from itertools import islice
from typing import NamedTuple

BATCH = 256
BATCH_BYTES = 256 << 10
"""What a follower is given at once from memory, so that many slow ones hold little."""

PAGE = 512
PAGE_BYTES = 1 << 20
"""How many stored events, and how many bytes of them, are read or removed at once (and one more event at most)."""

EVENT_COST = 200
"""What an event costs besides its data, in bytes."""


class Event(NamedTuple):
    """One event as everybody gets it: `data_json` is encoded once, `time` is milliseconds since 1970."""

    seq: int
    type: str
    data_json: bytes
    time: int
    durable: bool


class Recent:
    """The newest events, without a gap, at most `keep` of them and `keep_bytes` bytes; the newest one in any case."""

    __slots__ = ("_bytes", "_events", "_keep", "_keep_bytes")

    def __init__(self, keep: int, keep_bytes: int) -> None:
        self._keep = keep
        self._keep_bytes = keep_bytes
        self._events: deque[Event] = deque()
        self._bytes = 0

    @property
    def first(self) -> int:
        """The number of the oldest one."""
        return self._events[0].seq

    def add(self, event: Event) -> int:
        """Keep `event`, whose number is the next; returns the newest number that is kept nowhere any more, or 0."""
        self._events.append(event)
        self._bytes += EVENT_COST + len(event.data_json)
        lost = 0
        while len(self._events) > 1 and (len(self._events) > self._keep or self._bytes > self._keep_bytes):
            oldest = self._events.popleft()
            self._bytes -= EVENT_COST + len(oldest.data_json)
            lost = lost if oldest.durable else oldest.seq
        return lost

    def after(self, seq: int) -> list[Event]:
        """The next events after `seq`, which is at least `first` - 1: a batch of them."""
        batch: list[Event] = []
        size = 0
        for event in islice(self._events, seq + 1 - self.first, seq + 1 - self.first + BATCH):
            size += len(event.data_json)
            if batch and size > BATCH_BYTES:
                break
            batch.append(event)
        return batch


class Pages:
    """Where the stored events lie, in runs of some 512: enough to read them in pieces and to remove the oldest."""

    __slots__ = ("_bytes", "_count", "_last")

    def __init__(self, pages: Iterable[tuple[int, int, int]] = ()) -> None:
        self._last = array("q")
        self._count = array("q")
        self._bytes = array("q")
        for last, count, size in pages:
            self._begin(last, count, size)

    def add(self, seq: int, size: int) -> None:
        """Count an event that is now in the store; numbers come in order."""
        if not self._last or self._count[-1] >= PAGE or self._bytes[-1] >= PAGE_BYTES:
            self._begin(seq, 0, 0)
        self._last[-1] = seq
        self._count[-1] += 1
        self._bytes[-1] += size

    def end(self, after: int) -> int:
        """The last number of the page that holds the first stored event after `after`, or 0 where none is."""
        page = bisect_right(self._last, after)
        return self._last[page] if page < len(self._last) else 0

    @property
    def size(self) -> int:
        """What the stored events take, in bytes."""
        return sum(self._bytes) + EVENT_COST * sum(self._count)

    def cut(self, count: int, size: int) -> int:
        """Forget the oldest pages without which `count` events or `size` bytes are left; their last number, or 0."""
        cut = 0
        while sum(self._count) - self._count[0] >= count or sum(self._bytes) - self._bytes[0] >= size:
            cut = self._last.pop(0)
            self._count.pop(0)
            self._bytes.pop(0)
        return cut

    def _begin(self, last: int, count: int, size: int) -> None:
        self._last.append(last)
        self._count.append(count)
        self._bytes.append(size)
