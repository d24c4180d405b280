"""One SQLite file per user: an acknowledged write is durable, and few files are open at once. It knows no table."""

from __future__ import annotations

import asyncio
import logging
import sqlite3
from collections import deque
from collections.abc import Sequence
from itertools import groupby
from operator import itemgetter
from pathlib import Path
from typing import Any, NamedTuple

from sessions.backups import is_damage
from sessions.current import checked_uid
from sessions.database import Connection
from sessions.errors import Overloaded, RoostError, SessionClosed, StoreError
from sessions.pace import Pace
from sessions.pool import Pool, Told
from sessions.statefile import trouble
from sessions.tasks import Tasks

log = logging.getLogger("roost.sessions")

Params = Sequence[object]


class Asked(NamedTuple):
    """A query within a commit: its `rows` are there once that is on the disk, as they were before what follows it."""

    sql: str
    params: Params
    rows: list[tuple[Any, ...]]


Statement = tuple[str, Params] | Asked

PENDING_WRITES = 10_000
PENDING_BYTES = 64 << 20
"""What one user may have waiting to be committed; beyond it a write is refused at once."""

GROUP_WRITES = 1_000
GROUP_BYTES = 8 << 20
"""What goes into one commit at most, so that a flood of one user holds a commit slot for a bounded time."""

TURN = 100
"""Writes of one commit that are acknowledged before everybody else gets a turn of the loop."""


class Write(NamedTuple):
    """Statements that are kept together or not at all, and the future that says so. `size` is bytes, roughly."""

    statements: Sequence[Statement]
    size: int
    durable: asyncio.Future[None]


class Databases:
    """Every user's state.db, `folder/<uid>/state.db`, of which at most `limit` are open.

    One unused for `idle_s` seconds is closed; at most `gate` commits run at once, which bounds how long the event loop
    is kept from others. `tasks` runs the commits: close this before them. `keep` and `told` are the pool's: how many
    backups a file has, and who hears that a damaged one was replaced.
    """

    def __init__(
        self,
        folder: Path,
        tasks: Tasks,
        *,
        limit: int = 256,
        idle_s: float = 5.0,
        gate: int = 16,
        keep: int = 0,
        told: Told = lambda uid, rescued: None,
    ) -> None:
        self.pool = Pool(folder, tasks, limit, idle_s, keep, told)
        self.gate = asyncio.Semaphore(gate)
        self.tasks = tasks
        self.busy: set[Store] = set()
        """The stores that have something to commit."""
        self.closed = False
        self.pace = Pace()
        self.commits = 0
        """Transactions committed since the start, for metrics."""
        self.acks = 0
        """Writes that became durable in them."""

    @property
    def open(self) -> int:
        """How many files are open now."""
        return len(self.pool)

    @property
    def waiting(self) -> int:
        """How many wait now for another user's file to be closed."""
        return self.pool.waiting

    def store(self, uid: str) -> Store:
        """The user's store. It opens nothing until it is read or written. Raises `InvalidUid`."""
        return Store(self, checked_uid(uid))

    async def close(self) -> None:
        """Commit what waits, close every file, and refuse whatever comes later."""
        self.closed = True
        while self.busy:
            await next(iter(self.busy)).flush()
        await self.pool.close()


class Store:
    """One user's rows. Take one for a session: writes through two stores of a user are not in one order."""

    __slots__ = ("_bytes", "_closed", "_databases", "_pending", "_writer", "uid")

    def __init__(self, databases: Databases, uid: str) -> None:
        self.uid = uid
        self._databases = databases
        self._pending: deque[Write] = deque()
        self._bytes = 0
        self._writer: asyncio.Task[None] | None = None
        self._closed = False

    async def read(self, sql: str, params: Params = ()) -> list[tuple[Any, ...]]:
        """All rows of a query (bound it in SQL); it sees every write that was acknowledged. Raises `StoreError`."""
        self._refuse_when_closed()
        try:
            return await self._read(sql, params)
        except StoreError as error:
            if not isinstance(error.__cause__, Exception) or not is_damage(error.__cause__):
                raise
            await self._databases.pool.doubt(self.uid, error.__cause__)
            return await self._read(sql, params)

    async def _read(self, sql: str, params: Params) -> list[tuple[Any, ...]]:
        async with self._databases.pool.look(self.uid) as connection:
            try:
                return await connection.fetch(sql, params)
            except Exception as error:  # whatever a query raises belongs to whoever asked it
                raise trouble(self.uid, error) from error

    def write(self, sql: str, params: Params = ()) -> asyncio.Future[None]:
        """Queue one statement, in the order of calls; the future is done when it is on the disk, or has failed.

        It need not be awaited: failures are logged as well. Cancelling the future does not cancel the write.
        Raises `Overloaded` and `SessionClosed` at once; the future `StoreError`, or `FileSystemError` with NoSpace.
        """
        return self.write_all([(sql, params)])

    def write_all(self, statements: Sequence[Statement]) -> asyncio.Future[None]:
        """As `write`, for statements that are kept together or not at all."""
        self._refuse_when_closed()
        if len(self._pending) >= PENDING_WRITES or self._bytes >= PENDING_BYTES:
            raise Overloaded(f"{len(self._pending)} writes of {self.uid} wait for the disk", 1_000)
        durable: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        size = sum(map(_size, statements))
        self._pending.append(Write(statements, size, durable))
        self._bytes += size
        if self._writer is None or self._writer.done():
            self._databases.busy.add(self)
            self._writer = self._databases.tasks.start(self._drain(), f"commit for {self.uid}")
        return durable

    @property
    def pause_s(self) -> float:
        """How long who can gather what it writes should do so, in seconds: longer where many users write."""
        return self._databases.pace.seconds

    async def flush(self) -> None:
        """Wait until no write waits: each is durable or has failed."""
        if self._writer is not None:
            await asyncio.wait([self._writer])
        while self._pending:  # its task was cancelled before it could
            await self._drain()

    async def close(self) -> None:
        """Commit what waits and close the file; reads and writes are refused from now on."""
        self._closed = True
        await self.flush()
        await self._databases.pool.shut(self.uid)

    def _refuse_when_closed(self) -> None:
        if self._closed or self._databases.closed:
            raise SessionClosed(f"the state of {self.uid} is closed; open the session again")

    async def _drain(self) -> None:
        try:
            while self._pending:
                await self._commit_some()
        finally:
            self._writer = None
            if not self._pending:
                self._databases.busy.discard(self)

    async def _commit_some(self) -> None:
        failures: list[RoostError] = []
        group: list[Write] = []
        async with self._databases.gate:
            try:
                async with self._databases.pool.use(self.uid) as connection:
                    # Taken only now: what came while others committed goes into the same group.
                    group = self._take()
                    await self._commit(connection, group, failures)
            except RoostError as error:  # the file does not open, so nothing that waits can be kept
                group = self._take()
                failures += [_fail(write, error) for write in group]
        if failures:
            log.warning("%d of %d writes of %s were not kept: %s", len(failures), len(group), self.uid, failures[0])
            if isinstance(cause := failures[0].__cause__, Exception):
                await self._databases.pool.doubt(self.uid, cause)

    def _take(self) -> list[Write]:
        group: list[Write] = []
        size = 0
        while self._pending and len(group) < GROUP_WRITES and size < GROUP_BYTES:
            group.append(self._pending.popleft())
            size += group[-1].size
        self._bytes -= size
        return group

    async def _commit(self, connection: Connection, group: list[Write], failures: list[RoostError]) -> None:
        try:
            await connection.call(_transact, [statement for write in group for statement in write.statements])
        except Exception as error:  # noqa: BLE001  whatever a write raises belongs to whoever awaits it
            if len(group) == 1:
                told = trouble(self.uid, error)
                told.__cause__ = error
                failures.append(_fail(group[0], told))
                return
            for write in group:  # only the guilty one fails
                await self._commit(connection, [write], failures)
        except BaseException:
            for write in group:
                _fail(write, SessionClosed(f"the host stopped before a write of {self.uid} was known to be durable"))
            raise
        else:
            await self._acknowledge(group)

    async def _acknowledge(self, group: list[Write]) -> None:
        self._databases.commits += 1
        self._databases.acks += len(group)
        self._databases.pace.wrote(self.uid)
        try:
            for number, write in enumerate(group, 1):
                _succeed(write)
                if number % TURN == 0:
                    await asyncio.sleep(0)
        except asyncio.CancelledError:
            for write in group:  # all of them are on the disk
                _succeed(write)
            raise


def _transact(connection: sqlite3.Connection, statements: list[Statement]) -> None:
    """A transaction in one trip to a thread, not one for each statement."""
    if len(statements) == 1 and not isinstance(only := statements[0], Asked):
        connection.execute(*only)  # a transaction of its own
        return
    try:
        connection.execute("BEGIN IMMEDIATE")
        for sql, run in groupby(statements, itemgetter(0)):
            first, *others = run
            if others and not isinstance(first, Asked):
                connection.executemany(sql, [first[1], *(one[1] for one in others)])
                continue
            for one in (first, *others):
                found = connection.execute(sql, one[1])
                if isinstance(one, Asked):
                    one.rows[:] = found.fetchall()
        connection.execute("COMMIT")
    except BaseException:
        connection.rollback()
        raise


def _succeed(write: Write) -> None:
    if not write.durable.done():
        write.durable.set_result(None)


def _fail(write: Write, error: RoostError) -> RoostError:
    if not write.durable.done():
        write.durable.set_exception(error)
        write.durable.exception()  # marks it as seen: a write that nobody awaits is told by our log, not by asyncio
    return error


def _size(statement: Statement) -> int:
    return 64 + sum(len(value) for value in statement[1] if isinstance(value, str | bytes))
