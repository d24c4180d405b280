"""SessionManager: uid -> SessionContext. Opened once however many ask, put to sleep when idle, ended together."""

from __future__ import annotations

import asyncio
import logging
import time
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator
from contextlib import asynccontextmanager
from weakref import WeakValueDictionary

from sessions.context import SessionContext
from sessions.current import checked_uid
from sessions.errors import SessionClosed

log = logging.getLogger("roost.sessions")

AT_ONCE = 4
"""Sessions that are put to sleep at a time, while others work; one that is slow to end keeps few from it."""

ALL_AT_ONCE = 32
"""Sessions that are ended at a time when the host stops."""

Make = Callable[[str], Awaitable[SessionContext]]
"""Builds a session's parts for a uid; the manager opens what it gets."""

Hook = Callable[[SessionContext], Awaitable[None]]


async def _nothing(session: SessionContext) -> None:
    """The hook of a manager without extensions."""


class SessionManager:
    """The sessions of one host.

    `opened` runs as the user before anybody gets a new session: if it raises, what was opened is closed again and the
    caller gets the error. `ending` runs before a session's work is cancelled. A session is idle when it is not
    `busy`; after `sleep_after_s` seconds of that it is closed, and the next `open` wakes it from what is stored.
    """

    def __init__(
        self, make: Make, *, sleep_after_s: float | None = 900.0, opened: Hook = _nothing, ending: Hook = _nothing
    ) -> None:
        self._make = make
        self._sleep_after_s = sleep_after_s
        self._opened = opened
        self._ending = ending
        self._open: dict[str, SessionContext] = {}
        self._locks: WeakValueDictionary[str, asyncio.Lock] = WeakValueDictionary()
        self._closed = False
        self.opens = 0
        """How many sessions were opened since the start, for metrics."""
        self.sleeps = 0
        """How many were put to sleep."""

    def __len__(self) -> int:
        return len(self._open)

    def __iter__(self) -> Iterator[SessionContext]:
        return iter(list(self._open.values()))

    def get(self, uid: str) -> SessionContext | None:
        """The session that is open now, if one is."""
        return self._open.get(uid)

    async def open(self, uid: str) -> SessionContext:
        """The user's session, opened if it is not. Raises `InvalidUid`, `SessionClosed`, or what activation raised."""
        session = self._open.get(uid)
        if session is not None:
            return session
        async with self._lock(checked_uid(uid)):
            session = self._open.get(uid)
            if session is None:
                session = await self._begin(uid)
            return session

    @asynccontextmanager
    async def using(self, uid: str) -> AsyncIterator[SessionContext]:
        """The user's session, kept awake for the body: what an HTTP request holds."""
        session = await self.open(uid)
        session.in_flight += 1
        try:
            yield session
        finally:
            session.in_flight -= 1

    def _lock(self, uid: str) -> asyncio.Lock:
        lock = self._locks.get(uid)
        if lock is None:
            lock = self._locks[uid] = asyncio.Lock()
        return lock

    async def _begin(self, uid: str) -> SessionContext:
        self._refuse_when_closed()
        session = await self._make(uid)
        try:
            await session.mailbox.load()
            await session.settings.load()
            with session.entered():
                await self._opened(session)
            self._refuse_when_closed()
        except BaseException:
            await self._end(session)
            raise
        self._open[uid] = session
        self.opens += 1
        return session

    def _refuse_when_closed(self) -> None:
        if self._closed:
            raise SessionClosed("the host is stopping; connect again in a moment")

    async def close(self, uid: str) -> None:
        """End the user's session now, if it is open; what is stored stays."""
        async with self._lock(uid):
            session = self._open.pop(uid, None)
            if session is not None:
                await self._end(session)

    async def _end(self, session: SessionContext) -> None:
        try:
            with session.entered():
                await self._ending(session)
        finally:
            await session.close()

    async def sweep(self, now: float | None = None) -> int:
        """Put to sleep whoever has been idle long enough; returns how many. `now` is of `time.monotonic`."""
        if self._sleep_after_s is None:
            return 0
        moment = time.monotonic() if now is None else now
        tired = [session.uid for session in self if self._is_tired(session, moment)]
        await self._each(tired, self._sleep, AT_ONCE)
        return len(tired)

    def _is_tired(self, session: SessionContext, now: float) -> bool:
        if session.busy:
            session.idle_since = 0.0
            return False
        if not session.idle_since:
            session.idle_since = now
        assert self._sleep_after_s is not None
        return now - session.idle_since >= self._sleep_after_s

    async def _sleep(self, uid: str) -> None:
        async with self._lock(uid):
            session = self._open.get(uid)
            if session is None or session.busy:
                return
            del self._open[uid]
            await self._end(session)
            self.sleeps += 1
            log.info("session asleep", extra={"user": uid})

    async def close_all(self) -> None:
        """End every session, in parallel but not all at once; no new one opens after this is called."""
        self._closed = True
        await self._each(list(self._open), self.close, ALL_AT_ONCE)

    async def _each(self, uids: list[str], end: Callable[[str], Awaitable[None]], at_once: int) -> None:
        """End these sessions, several at a time; one that fails to must not keep the others from being saved."""
        slots = asyncio.Semaphore(at_once)

        async def one(uid: str) -> None:
            async with slots:
                try:
                    await end(uid)
                except Exception:  # one user's failure is theirs: what could be ended is
                    log.exception("session did not end cleanly", extra={"user": uid})

        async with asyncio.TaskGroup() as group:
            for uid in uids:
                group.create_task(one(uid))
