"""Watchers of many users at once: who hears of what a program writes, how soon, and how long the loop stops for it.

In one process without sockets; the files are made by another process, as a shell of each user would. The control is the
same loop beside the same program while nobody watches.
"""

from __future__ import annotations

import asyncio
import subprocess
import sys
import tempfile
import time
from contextlib import ExitStack
from pathlib import Path

import uvloop

from benchmarks.bench_documents import Heartbeat
from benchmarks.figures import Row, figure, percentile
from host.tenure import Tenure
from sessions.context import SessionContext
from sessions.inotify import Instances
from shim import Uri, workspace
from tests.people import people
from tests.sessions.stores import eventually

WRITER = """
import os, sys, time
folder, users, rate, seconds, name = sys.argv[1], int(sys.argv[2]), float(sys.argv[3]), float(sys.argv[4]), sys.argv[5]
begin = time.monotonic()
for number in range(int(users * rate * seconds)):
    late = begin + number / (users * rate) - time.monotonic()
    if late > 0.001:
        time.sleep(late)
    path = f"{folder}/users/user{number % users}/root/workspace/{name}{number}-{time.monotonic_ns()}"
    os.close(os.open(path, os.O_CREAT | os.O_WRONLY | os.O_EXCL, 0o644))
"""


class Listener:
    """One user whose extension watches everything."""

    def __init__(self, session: SessionContext) -> None:
        self.session = session
        self.number = int(session.uid.removeprefix("user"))
        self.heard: list[int] = []
        self.late: list[float] = []

    def begin(self) -> None:
        with self.session.entered():
            self.watcher = workspace.create_file_system_watcher("**")
            self.watcher.on_did_create(self.hear)

    def hear(self, uri: Uri) -> None:
        number, _, written = uri.path.rpartition("/")[2].removeprefix("made").partition("-")
        self.heard.append(int(number))
        self.late.append((time.monotonic_ns() - int(written)) / 1e6)

    def check(self, users: int, made: int) -> tuple[int, int]:
        """(events lost or told twice, events of somebody else)."""
        wanted = set(range(self.number, made, users))
        foreign = sum(number % users != self.number for number in self.heard)
        return len(wanted - set(self.heard)) + len(self.heard) - len(set(self.heard)), foreign


async def _beside_the_writer(folder: str, users: int, rate: float, seconds: float, name: str) -> dict[str, float]:
    """Run the program to its end; what the loop did meanwhile."""
    command = [sys.executable, "-c", WRITER, folder, str(users), str(rate), str(seconds), name]
    heart, cpu, began = Heartbeat(), time.process_time(), time.perf_counter()
    async with asyncio.TaskGroup() as group:
        group.create_task(heart.watch())
        writer = await asyncio.to_thread(subprocess.Popen, command)
        code = await asyncio.to_thread(writer.wait)
        await asyncio.sleep(0.5)
        heart.stop()
    assert code == 0
    return {
        "stall_ms": heart.worst * 1e3,
        "computed_ms": heart.computed * 1e3,
        "cpu": time.process_time() - cpu,
        "wall": time.perf_counter() - began,
    }


async def measured(users: int, rate: float, seconds: float) -> dict[str, float]:
    made = int(users * rate * seconds)
    with tempfile.TemporaryDirectory() as folder, ExitStack() as stack:
        async with people(Path(folder)) as sessions:
            stack.enter_context(Tenure(lambda: False))  # as in a host
            instances, listeners = Instances(), []
            for number in range(users):
                session = await sessions.open(f"user{number}")
                session.inotify = instances
                listeners.append(Listener(session))
            idle = await _beside_the_writer(folder, users, rate, min(seconds, 10), "idle")
            for listener in listeners:
                listener.begin()
            await asyncio.sleep(2)
            busy = await _beside_the_writer(folder, users, rate, seconds, "made")
            await eventually(lambda: sum(len(one.heard) for one in listeners) >= made, 30)
            checks = [one.check(users, made) for one in listeners]
            late = [value for one in listeners for value in one.late]
            return {
                "rate": made / busy["wall"],
                "lost": sum(lost for lost, _ in checks),
                "foreign": sum(foreign for _, foreign in checks),
                "idle_ms": idle["stall_ms"],
                "stall_ms": busy["stall_ms"],
                "computed_ms": busy["computed_ms"],
                "median_ms": percentile(late, 0.5),
                "p99_ms": percentile(late, 0.99),
                "cpu_ms": busy["cpu"] / made * 1e3,
            }


def run(quick: bool) -> list[Row]:
    """200 users, 20 files made a second in each one's workspace."""
    found = uvloop.run(measured(200, 20, 10 if quick else 60))
    rows = [
        ("events", "events/s", found["rate"]),
        ("events lost or told twice", "", found["lost"]),
        ("events that reached somebody else", "", found["foreign"]),
        ("longest stop of the loop", "ms", found["stall_ms"]),
        ("longest stop of the same loop while nobody watches", "ms", found["idle_ms"]),
        ("longest stop by work of its own", "ms", found["computed_ms"]),
        ("from writing to hearing, median", "ms", found["median_ms"]),
        ("from writing to hearing, 99 %", "ms", found["p99_ms"]),
        ("processor time of an event", "ms", found["cpu_ms"]),
    ]
    return [figure(f"200 users x 20 files/s: {what}", unit, value) for what, unit, value in rows]
