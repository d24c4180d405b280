"""Which state.dbs are open: those in use, and a bounded number lately used. What is in them is sessions/store.py's."""

from __future__ import annotations

import asyncio
import sqlite3
import threading
from collections.abc import AsyncIterator, Callable, Iterable
from concurrent.futures import ThreadPoolExecutor
from contextlib import asynccontextmanager
from contextvars import Context
from functools import partial
from pathlib import Path

from sessions.backups import Rescued, is_damage
from sessions.database import Connection
from sessions.heaps import give_back_memory
from sessions.migrations import template
from sessions.statefile import is_there, open_empty, open_file, open_kept, trouble
from sessions.tasks import Tasks

THREADS = 24
"""Threads for all files together: as many as commit at once, and some that read."""

NOBODY = ""
"""Whose file is the empty one: no uid is empty."""

MANY = 32
"""After so many files were open at once, the memory that they took is given back when most are closed."""


class Database:
    """One user's file while somebody uses it: pinned it stays open, unpinned it may be closed."""

    __slots__ = ("connection", "lock", "pins", "used")

    def __init__(self) -> None:
        self.connection: Connection | None = None
        self.lock = asyncio.Lock()
        """Held by a read and by a whole commit, so that no read sees half of a transaction."""
        self.pins = 0
        self.used = 0.0


Told = Callable[[str, Rescued], None]


class Pool:
    """The open files of `folder/<uid>/state.db`, at most `limit`; one unused for `idle_s` seconds is closed.

    Who needs one while all are in use waits. An open file costs three descriptors and some 180 KB. Who only reads and
    has no file yet is answered from one empty database in memory, which all such users share.

    With `keep` backups a damaged file is kept aside, the newest good backup put in its place, and `told` called.
    """

    def __init__(
        self, folder: Path, tasks: Tasks, limit: int, idle_s: float, keep: int = 0, told: Told = lambda uid, _: None
    ) -> None:
        self.waiting = 0
        """How many wait now for another user's file to be closed."""
        self._folder = folder.absolute()
        self._tasks = tasks
        self._idle_s = idle_s
        self._room = asyncio.Semaphore(limit)
        self._threads = ThreadPoolExecutor(THREADS, "state.db")  # makes its threads when there is work
        self._leaving = 0
        """How many are being closed for those who wait."""
        self._used: dict[str, Database] = {}
        """In the order of use. What is pinned or open is here, nothing else."""
        self._timer: asyncio.TimerHandle | None = None
        self._closed = False
        self._fresh = b""
        self._keep = keep
        self._told = told
        self._whole: set[str] = set()
        """Whose files were found whole since the start."""
        self._doubted: set[str] = set()
        """Whose files somebody found damaged."""
        self._placing = tuple(threading.Lock() for _ in range(16))
        self._most = 0
        """How many were open at once since memory was last given back."""

    def __len__(self) -> int:
        return sum(database.connection is not None for database in self._used.values())

    async def close(self) -> None:
        """Close every file, after those who use it now."""
        self._closed = True
        if self._timer:
            self._timer.cancel()
        while self._used:
            await self.shut(next(iter(self._used)))
        self._threads.shutdown(wait=False)

    @asynccontextmanager
    async def use(self, uid: str) -> AsyncIterator[Connection]:
        """The user's open connection, for the body alone. Raises `StoreError`, or `FileSystemError` with NoSpace."""
        database = self._pin(uid)
        try:
            async with database.lock:
                yield database.connection or await self._open(uid, database)
        finally:
            self._unpin(uid, database)

    @asynccontextmanager
    async def look(self, uid: str) -> AsyncIterator[Connection]:
        """As `use`, to read only: it makes no file."""
        known = uid in self._used or await asyncio.to_thread(is_there, self._path(uid))
        async with self.use(uid if known else NOBODY) as connection:
            yield connection

    async def shut(self, uid: str) -> None:
        """Close the user's file if it is open, after those who use it now; the next use opens it again."""
        if uid not in self._used:
            return
        database = self._pin(uid)
        try:
            async with database.lock:
                connection, database.connection = database.connection, None
                if connection is not None:
                    await self._close(connection)
        finally:
            self._unpin(uid, database)

    def _pin(self, uid: str) -> Database:
        database = self._used.pop(uid) if uid in self._used else Database()
        self._used[uid] = database
        database.pins += 1
        return database

    def _unpin(self, uid: str, database: Database) -> None:
        database.pins -= 1
        database.used = asyncio.get_running_loop().time()
        if database.pins:
            return
        if database.connection is None:
            del self._used[uid]
        elif self.waiting > self._leaving:
            self._evict(uid)
        elif self._timer is None and not self._closed:
            self._timer = self._in_a_while()

    async def _open(self, uid: str, database: Database) -> Connection:
        await self._make_room()
        rescued: list[Rescued] = []
        try:
            connection = await Connection.opened(self._threads, self._opening(uid, rescued))
        except Exception as error:  # whatever an opening raises belongs to whoever wanted the file
            self._room.release()
            raise trouble(uid, error) from error
        except BaseException:
            self._room.release()
            raise
        database.connection = connection
        self._whole.add(uid)
        self._doubted.discard(uid)
        for one in rescued:
            self._told(uid, one)
        self._most = max(self._most, len(self))
        return connection

    async def _close(self, connection: Connection) -> None:
        try:
            await connection.close()
        finally:
            self._room.release()

    async def doubt(self, uid: str, error: Exception) -> None:
        """Somebody got this error of the user's file: if it says that the file is damaged, the next use repairs it."""
        if self._keep and uid != NOBODY and is_damage(error):
            self._doubted.add(uid)
            await self.shut(uid)

    def _opening(self, uid: str, rescued: list[Rescued]) -> Callable[[], sqlite3.Connection]:
        if uid == NOBODY:
            return partial(open_empty, self._template)
        # A cancelled opening goes on in its thread: the next one of that user must not be in its way.
        placing = self._placing[hash(uid) % len(self._placing)]
        if not self._keep:
            return partial(open_file, self._path(uid), self._template, placing)
        doubted = True if uid in self._doubted else None if uid in self._whole else False
        return partial(
            open_kept,
            self._path(uid),
            self._template,
            placing,
            keep=self._keep,
            doubted=doubted,
            rescued=rescued.append,
        )

    def _path(self, uid: str) -> Path:
        return self._folder / uid / "state.db"

    def _template(self) -> bytes:
        # Called in threads: two of them may both build it, and get the same bytes.
        self._fresh = self._fresh or template()
        return self._fresh

    async def _make_room(self) -> None:
        self.waiting += 1
        try:
            if self._room.locked():
                self._evict(self._oldest())
            await self._room.acquire()
        finally:
            self.waiting -= 1

    def _oldest(self) -> str | None:
        return next((uid for uid, one in self._used.items() if one.connection and not one.pins), None)

    def _evict(self, uid: str | None) -> None:
        """Close this one for somebody who waits."""
        if uid is not None:
            self._leaving += 1
            database = self._pin(uid)  # so that nobody else who waits counts on it
            self._tasks.start(self._leave(uid, database), "close a state.db", Context())

    async def _leave(self, uid: str, database: Database) -> None:
        try:
            await self.shut(uid)
        finally:
            self._leaving -= 1
            self._unpin(uid, database)
            if self.waiting > self._leaving and self._room.locked():
                self._evict(self._oldest())  # whoever waits need not wait until somebody is done

    def _in_a_while(self) -> asyncio.TimerHandle:
        return asyncio.get_running_loop().call_later(self._idle_s, self._sweep, context=Context())

    def _sweep(self) -> None:
        before = asyncio.get_running_loop().time() - self._idle_s
        idle = [uid for uid, one in self._used.items() if not one.pins and one.used <= before]
        if idle:
            self._tasks.start(self._shut_idle(idle, before), "close idle state.dbs")
        self._timer = self._in_a_while() if len(self._used) > len(idle) else None

    async def _shut_idle(self, uids: Iterable[str], before: float) -> None:
        for uid in uids:
            database = self._used.get(uid)
            if database is not None and not database.pins and database.used <= before:
                await self.shut(uid)
        if self._most >= MANY and len(self) <= self._most // 4:
            self._most = len(self)
            await asyncio.to_thread(give_back_memory)
