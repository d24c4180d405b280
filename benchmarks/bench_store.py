"""Acknowledged updates a second, against sqlite3 committing one by one at FULL on the same disk; what a user costs."""

from __future__ import annotations

import asyncio
import itertools
import resource
import sqlite3
import statistics
import tempfile
import time
import tracemalloc
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager, closing
from pathlib import Path
from typing import Any

import uvloop

from benchmarks.figures import Row, apart, figure, percentile
from sessions.mailbox import Mailbox
from sessions.memento import Memento
from sessions.settings import Settings
from sessions.store import Databases
from sessions.tasks import Tasks

LOADS = ((1, 1), (10, 1), (100, 1), (1, 32), (100, 8))
"""Users and the updates that each has under way."""

PUT = "INSERT INTO kv VALUES ('n', 'global', ?, ?) ON CONFLICT DO UPDATE SET value = excluded.value"


def floor(folder: Path, seconds: float) -> float:
    """Commits a second of the bare library, one row each; every value differs, else nothing would be written."""
    with closing(sqlite3.connect(folder / f"floor-{time.time_ns()}.db", isolation_level=None)) as connection:
        connection.execute("PRAGMA journal_mode = WAL")
        connection.execute("PRAGMA synchronous = FULL")
        connection.execute(
            "CREATE TABLE kv (namespace, scope, key, value, PRIMARY KEY (namespace, scope, key)) WITHOUT ROWID"
        )
        began, count = time.perf_counter(), 0
        while time.perf_counter() - began < seconds:
            count += 1
            connection.execute(PUT, (str(count % 50), b'{"number":%d}' % count))
        return count / (time.perf_counter() - began)


@asynccontextmanager
async def opened(folder: Path) -> AsyncIterator[Databases]:
    """Databases in a folder of their own, closed after the body."""
    async with asyncio.TaskGroup() as group:
        databases = Databases(Path(tempfile.mkdtemp(dir=folder)), Tasks(group, print), idle_s=0.5)
        try:
            yield databases
        finally:
            await databases.close()


async def updates(folder: Path, users: int, under_way: int, seconds: float) -> dict[str, float]:
    """Rate, time to the acknowledgement and lag of the loop, in updates a second and in milliseconds."""
    times: list[float] = []
    numbers = itertools.count()

    async def work(state: Memento, key: str, until: float) -> None:
        while (began := time.perf_counter()) < until:
            await state.update(key, {"number": next(numbers)})
            times.append(time.perf_counter() - began)

    async with opened(folder) as databases:
        states = [Memento(databases.store(f"u{number}"), "a.b", "global") for number in range(users)]
        for state in states:
            await state.load()
            await state.update("made", True)
        began = time.perf_counter()
        async with watched() as lags, asyncio.TaskGroup() as group:
            for state, key in itertools.product(states, range(under_way)):
                group.create_task(work(state, str(key), began + seconds))
        took = time.perf_counter() - began
    return {
        "rate": len(times) / took,
        "p99_ms": percentile(times, 0.99) * 1e3,
        "lag_p99_ms": percentile(lags, 0.99) * 1e3,
    }


@asynccontextmanager
async def watched() -> AsyncIterator[list[float]]:
    """How late the loop wakes a task that sleeps a millisecond at a time, in seconds."""
    lags: list[float] = []

    async def look() -> None:
        while True:
            began = time.perf_counter()
            await asyncio.sleep(0.001)
            lags.append(max(0.0, time.perf_counter() - began - 0.001))

    looking = asyncio.get_running_loop().create_task(look())
    try:
        yield lags
    finally:
        looking.cancel()


async def open_and_close(folder: Path, count: int) -> dict[str, float]:
    """Milliseconds of a read of who has no file, to the first row of a new and of a known file, and to close one."""

    async def each(step: Callable[[int], Awaitable[object]]) -> float:
        spans = []
        for number in range(count):
            began = time.perf_counter()
            await step(number)
            spans.append(time.perf_counter() - began)
        return statistics.median(spans) * 1e3

    async with opened(folder) as databases:
        stores = [databases.store(f"u{number}") for number in range(count)]
        none = await each(lambda number: stores[number].read("SELECT 1"))
        made = await each(lambda number: stores[number].write(PUT, ("k", b"%d" % number)))
        close = await each(lambda number: databases.pool.shut(f"u{number}"))
        known = await each(lambda number: stores[number].read("SELECT 1"))
    return {"read of none": none, "made": made, "opened": known, "closed": close}


async def returning(folder: Path, count: int) -> float:
    """Bytes of resident memory a user, when users with a file have all come back at once and are idle again.

    It happens twice, to other users: the first time pays for what the process needs once.
    """
    async with opened(folder) as databases:
        kept, sizes = [], [0]
        for uids in ([f"u{number}" for number in range(count)], [f"v{number}" for number in range(count)]):
            await asyncio.gather(*(databases.store(uid).write(PUT, ("k", uid.encode())) for uid in uids))
            await all_closed(databases)
            kept += await asyncio.gather(*(load(databases, uid) for uid in uids))
            await all_closed(databases)
            sizes.append(resident())
        return (sizes[-1] - sizes[-2]) / count


async def all_closed(databases: Databases) -> None:
    """Wait until every file was idle long enough, and what they took is given back."""
    async with asyncio.timeout(30):
        while databases.open:  # noqa: ASYNC110  there is no event for it
            await asyncio.sleep(0.05)
    await asyncio.sleep(0.3)


def resident() -> int:
    """What of this process is in memory, in bytes."""
    return int(Path("/proc/self/statm").read_text().split()[1]) * resource.getpagesize()


async def memory(folder: Path, count: int) -> float:
    """Bytes a user whose mailbox, settings and state are loaded and whose file is closed again."""
    async with opened(folder) as databases:
        await load(databases, "warm")
        await databases.pool.shut("warm")
        tracemalloc.start()
        kept = []
        for number in range(count):
            kept.append(await load(databases, f"u{number}"))
            await databases.pool.shut(f"u{number}")
        held, _ = tracemalloc.get_traced_memory()
        tracemalloc.stop()
    return held / len(kept)


async def load(databases: Databases, uid: str) -> tuple[Any, ...]:
    """What a session without an extension has of all this."""
    store = databases.store(uid)
    mailbox, settings, state = Mailbox(store, uid), Settings(store), Memento(store, "client", "global")
    for one in (mailbox, settings, state):
        await one.load()
    return store, mailbox, settings, state


def run(quick: bool) -> list[Row]:
    """A row for each figure; the floor is taken right before each load."""
    seconds = 0.4 if quick else 0.8
    rows: list[Row] = []
    with (
        tempfile.TemporaryDirectory(prefix="roost-bench-") as name,
        asyncio.Runner(loop_factory=uvloop.new_event_loop) as runner,
    ):
        folder = Path(name)
        # First, while nothing else has left holes in memory.
        back = runner.run(returning(folder, 100 if quick else 200))
        rows.append(figure("resident, a user who came back and is idle", "bytes", back))
        for users, under_way in LOADS:
            bare = floor(folder, seconds / 2)
            ours = runner.run(updates(folder, users, under_way, seconds))
            what = f"{users} users x {under_way} updates under way"
            rows.append(apart(what, "acknowledged/s", [ours["rate"]], [bare]))
            rows.append(figure(f"{what}: until acknowledged, p99", "ms", ours["p99_ms"]))
            rows.append(figure(f"{what}: loop late, p99", "ms", ours["lag_p99_ms"]))
        for key, value in runner.run(open_and_close(folder, 50 if quick else 100)).items():
            rows.append(figure(f"a state.db: {key}", "ms", value))
        held = runner.run(memory(folder, 50 if quick else 200))
        rows.append(figure("a loaded idle user", "bytes", held))
    return rows
