"""The mailbox: one user's events in one order, kept so that a reconnect misses nothing. It knows no socket."""

from __future__ import annotations

import asyncio
import time
from collections import deque
from collections.abc import Callable, Sequence
from contextlib import suppress
from contextvars import Context
from functools import partial

import orjson

from sessions import numbers
from sessions.errors import Overloaded, RoostError, SessionClosed, StoreError
from sessions.events import EVENT_COST, PAGE, PAGE_BYTES, Event, Pages, Recent
from sessions.follower import Follower
from sessions.jsontext import Json
from sessions.memento import Meter
from sessions.store import Statement, Store
from sessions.values import json_of, name_of

EVENT_BYTES = 1 << 20
"""How much JSON one event may be."""

WAITING = 10_000
WAITING_BYTES = 16 << 20
"""What may wait for the disk and is seen by nobody yet; beyond it nothing more is taken."""

DROPPED = "mailbox.dropped"
"""The type of the event that stands where one could not be stored: `{type}` says of which type that was."""

PUT = "INSERT INTO events (seq, type, data, time) VALUES (?, ?, ?, ?)"
PLACE = f"SELECT {numbers.GET}, (SELECT max(seq) FROM events)"
PAGES = (
    "SELECT max(seq), count(*), sum(size) FROM (SELECT seq, length(data) AS size,"
    f" row_number() OVER moved / {PAGE} + sum(length(data)) OVER moved / {PAGE_BYTES} AS page"
    " FROM events WINDOW moved AS (ORDER BY seq)) GROUP BY page ORDER BY 1"
)
STORED = "SELECT seq, type, data, time FROM events WHERE seq > ? AND seq <= ? ORDER BY seq"
PRUNE = "DELETE FROM events WHERE seq <= ?"

Listener = Callable[[], None]


class Post:
    """An event that has a number and that nobody has seen: it waits for the disk, or for one before it that does."""

    __slots__ = ("error", "event", "ready", "shown")

    def __init__(self, event: Event, shown: asyncio.Future[int]) -> None:
        self.event = event
        self.shown = shown
        self.ready = not event.durable
        self.error: BaseException | None = None


class Mailbox:
    """The numbered events of `uid`: `seq` up by one, never back, also after kill -9.

    A durable event is shown once its row is committed; a live one is in memory only, and is shown again to who
    reconnects while this mailbox lives. Whatever was posted before is shown before. The store keeps the newest durable
    events: `stored` of them, or `stored_bytes` where that is less; `meter` counts them, and none is ever refused by it.
    """

    __slots__ = (
        "_closed",
        "_counted",
        "_keep",
        "_listeners",
        "_loaded",
        "_meter",
        "_numbers",
        "_pages",
        "_recent",
        "_stored",
        "_waiting",
        "_waiting_bytes",
        "lost",
        "seq",
        "store",
        "uid",
    )

    def __init__(
        self,
        store: Store,
        uid: str,
        *,
        keep: int = 10_000,
        keep_bytes: int = 4 << 20,
        stored: int = 10_000,
        stored_bytes: int = 16 << 20,
        meter: Meter | None = None,
    ) -> None:
        self.store = store
        self.uid = uid
        self.seq = 0
        """The newest number that was shown; 0 before the first."""
        self.lost = 0
        """The newest number that cannot be shown again."""
        self._keep = (keep, keep_bytes)
        self._stored = (max(stored, keep), max(stored_bytes, keep_bytes))
        self._numbers = numbers.Numbers(store, self._go_on)
        self._recent: Recent | None = None
        self._pages: Pages | None = None
        self._meter = meter
        self._counted = 0
        self._waiting: deque[Post] | None = None
        self._waiting_bytes = 0
        self._listeners: list[Listener] = []
        self._loaded = self._closed = False

    async def load(self) -> None:
        """Go on where the last run ended, or beyond it after a crash. Await it before all else."""
        if self._loaded:
            return
        ((noted, newest),) = await self.store.read(PLACE)
        if newest:
            self._pages = Pages(await self.store.read(PAGES))
            self._measure(self._pages)
        self._numbers.begin(max(noted or 0, newest or 0))
        # Of the runs before only what is stored is left, and what else there was nobody knows.
        self.seq = self.lost = self._numbers.last
        self._loaded = True

    def post(
        self, type: str, data: object, *, durable: bool = False, along: Sequence[Statement] = ()
    ) -> asyncio.Future[int]:
        """Number an event at once; the future gives the number when followers can see it. It need not be awaited.

        `data` is at most 1 MiB of JSON. A durable event is one commit with the statements `along`.
        Raises `InvalidValue`, `Overloaded` and `SessionClosed` at once; the future of a durable event that cannot be
        stored raises `StoreError`, or `FileSystemError` with NoSpace.
        """
        self._refuse_when_not_open()
        seq = self._numbers.last + 1
        text = (
            bytes(data) if isinstance(data, Json) and len(data) <= EVENT_BYTES else json_of("data", data, EVENT_BYTES)
        )
        event = Event(seq, name_of("type", type, 256), text, _now_ms(), durable)
        post = Post(event, asyncio.get_running_loop().create_future())
        self._numbers.ask(seq)
        if durable:
            put: Statement = (PUT, (seq, event.type, event.data_json, event.time))
            written = self.store.write_all([*along, put])
            written.add_done_callback(partial(self._stored_or_not, post))
        self._numbers.last = seq
        if self._waiting or durable or seq > self._numbers.noted:
            self._wait(post)
        else:
            self._show(post)
            self._wake()
        return post.shown

    async def all_shown(self, within_s: float) -> None:
        """Return once all that was posted so far is shown, or after so many seconds."""
        if self._waiting:
            await asyncio.wait({self._waiting[-1].shown}, timeout=within_s)

    def resumed(self, after: int) -> bool:
        """Whether every event after number `after` can still be shown."""
        return self.lost <= after <= self.seq

    def follow(self, after: int | None) -> Follower:
        """The events after number `after`, from now on without a gap.

        None, and a number beyond the newest: only new ones. A number that is too old: all that is still there.
        """
        return Follower(self, after)

    def listen(self, listener: Listener) -> Callable[[], None]:
        """Call `listener` soon after there is something new, in no user's turn; returns the undo."""
        self._listeners.append(listener)

        def undo() -> None:
            if listener in self._listeners:
                self._listeners.remove(listener)

        return undo

    async def close(self) -> None:
        """Show what is on its way, and note the exact newest number, so that the next run goes on from it."""
        if self._closed:
            return
        self._closed = True
        await self._numbers.end()  # once its last write has ended, so has every one before it
        for post in self._waiting or ():
            _fail(post.shown, SessionClosed(f"the session of {self.uid} ended before an event could be shown"))
        self._waiting = None
        self._wake()

    @property
    def closed(self) -> bool:
        """Whether nothing new will come."""
        return self._closed

    # -- what followers read

    def recent(self, after: int) -> list[Event] | None:
        """The next events after `after` from memory, none if there are none yet; None where only the store has them."""
        if after >= self.seq:
            return []
        if self._recent is None or after + 1 < self._recent.first:
            return None
        return self._recent.after(after)

    async def stored(self, after: int) -> tuple[int, list[Event]]:
        """The next events after `after` that memory no longer has, and the number that one has come to with them."""
        before = self._recent.first - 1 if self._recent else self.seq
        end = self._pages.end(after) if self._pages else 0
        if not end:
            return before, []
        end = min(end, before)
        rows = await self.store.read(STORED, (after, end))
        return end, [Event(seq, type, data, time, True) for seq, type, data, time in rows]

    # -- on the way to being shown

    def _refuse_when_not_open(self) -> None:
        if self._closed:
            raise SessionClosed(f"the session of {self.uid} has ended: nothing more can be posted to it")
        if not self._loaded:
            raise StoreError(f"the mailbox of {self.uid} is not read yet: await its load() first")
        if self._waiting and (len(self._waiting) >= WAITING or self._waiting_bytes >= WAITING_BYTES):
            raise Overloaded(f"{len(self._waiting)} events of {self.uid} wait for the disk", 1_000)

    def _wait(self, post: Post) -> None:
        if self._waiting is None:
            self._waiting = deque()
        self._waiting.append(post)
        self._waiting_bytes += EVENT_COST + len(post.event.data_json)

    def _stored_or_not(self, post: Post, written: asyncio.Future[None]) -> None:
        post.error = written.exception()
        post.ready = True
        if post.error is None:
            self._count(post.event)
        self._go_on()

    def _go_on(self) -> None:
        """Show what waits, as far as it is ready and its numbers are noted."""
        waiting, seq = self._waiting, self.seq
        while waiting and waiting[0].ready and waiting[0].event.seq <= self._numbers.noted:
            post = waiting.popleft()
            self._waiting_bytes -= EVENT_COST + len(post.event.data_json)
            self._show(post)
        if self.seq > seq:
            self._wake()

    def _show(self, post: Post) -> None:
        event = post.event
        if post.error is not None:
            event = event._replace(type=DROPPED, data_json=orjson.dumps({"type": event.type}), durable=False)
        if self._recent is None:
            self._recent = Recent(*self._keep)
        self.lost = max(self.lost, self._recent.add(event))
        self.seq = event.seq
        if post.error is not None:
            _fail(post.shown, post.error)
        elif not post.shown.done():
            post.shown.set_result(event.seq)

    def _wake(self) -> None:
        loop = asyncio.get_running_loop()
        for listener in self._listeners:
            loop.call_soon(listener, context=Context())

    # -- what is removed

    def _count(self, event: Event) -> None:
        self._pages = self._pages or Pages()
        self._pages.add(event.seq, len(event.data_json))
        cut = self._pages.cut(*self._stored)
        self._measure(self._pages)
        if not cut:
            return
        self.lost = max(self.lost, cut)
        with suppress(RoostError):  # the next cut removes these too
            self.store.write(PRUNE, (cut,))

    def _measure(self, pages: Pages) -> None:
        if self._meter is not None:
            before, self._counted = self._counted, pages.size
            self._meter.stored(self._counted - before)


def _fail(shown: asyncio.Future[int], error: BaseException) -> None:
    if not shown.done():
        shown.set_exception(error)
        shown.exception()  # marks it as seen: who does not await it finds it in the store's log


def _now_ms() -> int:
    return time.time_ns() // 1_000_000
