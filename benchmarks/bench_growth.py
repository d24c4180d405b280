"""How costs grow with users who are there, users who work, tasks and events that are kept and files of a workspace.

There is no floor: a line is judged by the exponent of its fit over all sizes (1 is linear), and drawn over its sizes.
Pings are of one more user, while all others are there.
"""

from __future__ import annotations

import asyncio
import sqlite3
import tempfile
import time
from contextlib import closing
from pathlib import Path
from typing import Any

import uvloop

from benchmarks import people, servers
from benchmarks.crew import KINDS, Crew
from benchmarks.figures import Row, figure, growth, percentile

Point = tuple[float, float]

REQUESTS_BY = 200
"""So many users ask where a request's cost is found: fewer than may have their state files open."""

UNITS = {"processor of the host": "ms/s", "of which its loop's": "ms/s", "processor of a request": "ms a request"}
"""Of what `Crew.work` finds; all else are ms to wait."""


async def _pings(person: people.Person, seconds: float) -> list[float]:
    """Milliseconds of a ping each 5 ms."""
    waits, until = [], time.perf_counter() + seconds
    while time.perf_counter() < until:
        began = time.perf_counter()
        await person.call("session.ping")
        waits.append(1e3 * (time.perf_counter() - began))
        await asyncio.sleep(0.005)
    return waits


async def users(host: servers.Server, sizes: list[int]) -> list[Row]:
    """Idle users, more and more of them on one host."""
    probe = await people.arrive(host.port, "probe")
    there = await people.arrive_all(host.port, [f"warm{number}" for number in range(20)])
    await asyncio.sleep(6)
    empty, spent = host.resident, 0.0
    held: list[Point] = []
    cpu: list[Point] = []
    idle: list[Point] = []
    p50: list[Point] = []
    p99: list[Point] = []
    count = 0
    for size in sizes:
        began = host.cpu_s
        there += await people.arrive_all(host.port, [f"user{number}" for number in range(count, size)])
        spent, count = spent + host.cpu_s - began, size
        await asyncio.sleep(4)
        held.append((size, max(1.0, (host.resident - empty) / 1024)))
        cpu.append((size, max(1.0, 1e3 * spent)))
        began = host.cpu_s
        await asyncio.sleep(4)
        idle.append((size, 1e3 * (host.cpu_s - began) / 4))
        waits = await _pings(probe, 2)
        p50.append((size, percentile(waits, 0.5)))
        p99.append((size, percentile(waits, 0.99)))
    await people.leave([probe, *there])
    return [
        growth("memory of idle users", "KiB", held, "users"),
        growth("processor time to let them in", "ms", cpu, "users"),
        growth("ping of one more, p50", "ms", p50, "users"),
        growth("ping of one more, p99", "ms", p99, "users"),
        figure(f"processor while {sizes[-1]} are idle", "ms/s", idle[-1][1]),
    ]


async def working(host: servers.Server, sizes: list[int], seconds: float, kinds: str) -> list[Row]:
    """Users who work, two requests a second each, half of them pings, and what it costs; lines of `kinds`."""
    crew = Crew(host, KINDS[kinds])
    lines: dict[str, list[Point]] = {}
    for size in sizes:
        await crew.grow(size)
        for name, value in (await crew.work(seconds)).items():
            lines.setdefault(name, []).append((size, value))
    return [
        *(growth(f"{name}, {kinds}", UNITS.get(name, "ms"), line, "users who work") for name, line in lines.items()),
        figure(f"messages to somebody they were not for, {kinds}", "", await crew.leave()),
    ]


async def requests(host: servers.Server, size: int, seconds: float, kinds: str) -> Row:
    """What a request costs the host where they are of these kinds."""
    crew = Crew(host, KINDS[kinds])
    await crew.grow(size)
    cost = (await crew.work(seconds))["processor of a request"]
    await crew.leave()
    return figure(f"processor of a request, {size} users, {kinds}", "ms", cost)


async def events(host: servers.Server, sizes: list[int]) -> list[Row]:
    """Events of one user that somebody who comes back has missed: until all of them are there."""
    took: list[Point] = []
    for size in sizes:
        person = await people.arrive(host.port, f"missed{size}")
        await person.call("commands.executeCommand", command="bench.burst", arguments=[size, "a"])
        await people.leave([person])
        back = await people.arrive(host.port, f"missed{size}", hello=False)
        began, done = time.perf_counter(), asyncio.Event()
        back.hear = lambda _, back=back, size=size, done=done: done.set() if back.count >= size else None  # type: ignore[misc]
        await back.call("session.open", after=0)
        async with asyncio.timeout(60):
            await done.wait()
        took.append((size, 1e3 * (time.perf_counter() - began)))
        await people.leave([back])
    return [growth("come back to events", "ms", took, "events")]


async def tasks(host: servers.Server, data: Path, sizes: list[int]) -> list[Row]:
    """A user with more and more tasks of the agent: list the newest, show an old one whole, and work on one more."""
    person = await people.arrive(host.port, "busy")
    first = await _worked(person)
    oldest = _older(first, 1)
    listed: list[Point] = []
    read: list[Point] = []
    worked: list[Point] = []
    there = 1
    for size in sizes:
        await asyncio.to_thread(_copied, data / "users/busy/state.db", first, there, size)
        waits: list[list[float]] = [[], [], []]
        for _ in range(5):
            began = time.perf_counter()
            await _command(person, "coder.listTasks", {})
            waits[0].append(1e3 * (time.perf_counter() - began))
            began = time.perf_counter()
            await _command(person, "coder.getTask", {"taskId": oldest})
            await _command(person, "coder.getMessages", {"taskId": oldest})
            waits[1].append(1e3 * (time.perf_counter() - began))
            began = time.perf_counter()
            await _worked(person)
            waits[2].append(1e3 * (time.perf_counter() - began))
        there = size + 5
        for points, took in zip((listed, read, worked), waits, strict=True):
            points.append((size, percentile(took, 0.5)))
    await people.leave([person])
    return [
        growth("list the newest tasks", "ms", listed, "tasks"),
        growth("show a task and its messages", "ms", read, "tasks"),
        growth("one more task, to its end", "ms", worked, "tasks"),
    ]


async def _command(person: people.Person, command: str, *arguments: Any) -> Any:
    return await person.call("commands.executeCommand", command=command, arguments=list(arguments))


async def _worked(person: people.Person) -> str:
    """The id of a task that is done, by the demo's model."""
    done: asyncio.Queue[str] = asyncio.Queue()

    def hear(message: dict[str, Any]) -> None:
        event = message.get("params", {})
        if event.get("type") == "coder.task" and event["data"].get("status") == "completed":
            done.put_nowait(event["data"]["taskId"])

    person.hear = hear
    made: str = (await _command(person, "coder.createTask", {"message": "hello"}))["taskId"]
    async with asyncio.timeout(60):
        while await done.get() != made:
            pass
    return made


def _copied(file: Path, task: str, there: int, size: int) -> None:
    """Make a user's tasks so many, as copies of one under older ids of the same length."""
    with closing(sqlite3.connect(file, timeout=10)) as database, database:
        rows = database.execute("SELECT namespace, collection, key, value FROM records").fetchall()
        own = [row for row in rows if task in (row[2], row[1].rpartition(".")[2])]
        for number in range(there, size):
            old, new = task.encode(), _older(task, number).encode()
            copies = (
                (space, place.replace(task, new.decode()), key.replace(task, new.decode()), value.replace(old, new))
                for space, place, key, value in own
            )
            database.executemany("INSERT OR REPLACE INTO records VALUES (?, ?, ?, ?)", copies)


def _older(task: str, number: int) -> str:
    return f"{number:0{len(task)}d}"


async def files(host: servers.Server, data: Path, sizes: list[int]) -> list[Row]:
    """A workspace with more and more files, 100 a folder: find a tenth of them, and write one more."""
    found: list[Point] = []
    written: list[Point] = []
    for size in sizes:
        person = await people.arrive(host.port, f"files{size}")
        await person.call("workspace.fs.createDirectory", uri="/workspace/big")
        await asyncio.to_thread(_tree, data / f"users/files{size}/root/workspace/big", size)
        took = []
        for number in range(5):
            began = time.perf_counter()
            await person.call("workspace.findFiles", include="**/*7.txt")
            middle = time.perf_counter()
            await person.call("workspace.fs.writeFile", uri=f"/workspace/big/new{number}", content="x")
            took.append((1e3 * (middle - began), 1e3 * (time.perf_counter() - middle)))
        found.append((size, percentile([one for one, _ in took], 0.5)))
        written.append((size, percentile([one for _, one in took], 0.5)))
        await people.leave([person])
    return [
        growth("find a tenth of the files", "ms", found, "files"),
        growth("write one more file", "ms", written, "files"),
    ]


def _tree(folder: Path, count: int) -> None:
    for number in range(count):
        place = folder / f"part{number // 100}"
        if number % 100 == 0:
            place.mkdir(parents=True)
        (place / f"{number}.txt").touch()


def run(quick: bool) -> list[Row]:
    """A fresh host for each kind of growth."""
    rows: list[Row] = []
    with (
        tempfile.TemporaryDirectory(prefix="roost-bench-") as folder,
        asyncio.Runner(loop_factory=uvloop.new_event_loop) as runner,
    ):
        environ = people.extension(Path(folder, "extensions"))
        with servers.host(**environ) as host:
            rows += runner.run(users(host, [10, 100, 1_000] if quick else [10, 100, 1_000, 5_000]))
        sizes = [100, 600, 900, 1_200] if quick else [10, 100, 300, 600, 900, 1_200, 1_500]
        for kinds, some in (("all in turn", sizes), ("events", sizes[::3])):
            with servers.host(**environ) as host:
                rows += runner.run(working(host, some, 4 if quick else 10, kinds))
        for kinds in KINDS:
            with servers.host(**environ) as host:
                rows.append(runner.run(requests(host, REQUESTS_BY, 4 if quick else 10, kinds)))
        data = Path(folder, "data")
        with servers.host(data, **environ) as host:
            rows += runner.run(events(host, [10, 100, 1_000, 5_000]))
            rows += runner.run(tasks(host, data, [10, 100, 1_000] if quick else [10, 100, 1_000, 5_000]))
            rows += runner.run(files(host, data, [100, 1_000, 10_000] if quick else [100, 1_000, 10_000, 50_000]))
    return rows
