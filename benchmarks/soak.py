"""Fifty users come, work and go for `SOAK_MINUTES`: memory, descriptors, processes and threads must not grow.

Each visit is of some seconds, with state, files, documents, searches and at times a shell; then the user is gone for
longer than a session stays awake, so that sessions, databases and sandboxes begin and end all the time. The start is
taken after one visit of everybody, and the end once all are gone. The slope is of the samples after the warm-up; its
spread is where it lies with 95 % certainty, so that a run says itself how much it can tell: only long ones are judged.
"""

from __future__ import annotations

import argparse
import asyncio
import json
import math
import os
import random
import statistics
import sys
import time
from collections.abc import Sequence
from pathlib import Path
from typing import Any, NamedTuple

import uvloop

from benchmarks import numbers, people, report, servers
from benchmarks.figures import Row, figure

USERS = 50
SAMPLE_S = 10.0
WARM = 0.4
"""The part of the run that is left out of the slope: caches fill, code is loaded."""

JUDGED_MINUTES = 30.0
"""A shorter run says nothing of an hour."""

BLOCK = 12
"""Samples whose median is one point of the slope: what memory does within two minutes is no growth."""

REST_S = 90.0
"""How long it may take until all that the users began has ended."""

SHARED_THREADS = 32
"""All that the host's threads are: they are made as there is work for them, and stay. A leak is of thousands."""

NAMES = {"fds": "descriptors", "processes": "processes", "threads": "threads"}

Point = tuple[float, float]


class Sample(NamedTuple):
    """What the host holds: seconds since the start, MiB of memory, and how many of each."""

    s: float
    MiB: float
    fds: int
    processes: int
    threads: int


def sample(host: servers.Server, began: float) -> Sample:
    """What the host holds now; processes are those below it."""
    fds = len(os.listdir(f"/proc/{host.pid}/fd"))
    seconds, mib = round(time.monotonic() - began, 1), round(host.resident / 2**20, 2)
    return Sample(seconds, mib, fds, len(servers.below(host.pid)) - 1, host.threads)


class Churn:
    """The users, and how often each kind of thing was done."""

    def __init__(self, port: int) -> None:
        self.port = port
        self.counts = {"visits": 0, "rounds": 0, "terminals": 0}

    async def live(self, uid: str, until: float) -> None:
        """A visit, a pause, and again."""
        chance = random.Random(uid)
        while time.monotonic() < until:
            await self.visit(uid, chance)
            await asyncio.sleep(chance.uniform(0.5, 8))

    async def visit(self, uid: str, chance: random.Random, terminal: float = 0.2) -> None:
        """Some of everything; with the chance of `terminal` a shell."""
        user = await people.arrive(self.port, uid)
        for _ in range(chance.randrange(3, 12)):
            number = chance.randrange(20)
            uri = f"/workspace/{number}.txt"
            await user.call("state.update", scope="global", key=f"k{number}", value="x" * chance.randrange(2_000))
            await user.call("workspace.fs.writeFile", uri=uri, content="y" * 5_000)
            await user.call("workspace.openTextDocument", uri=uri)
            await user.call("workspace.findFiles", include="**/*.txt")
            self.counts["rounds"] += 1
            await asyncio.sleep(chance.uniform(0.05, 0.5))
        if chance.random() < terminal:
            made = await user.call("window.createTerminal")
            await user.call("terminal.sendText", terminalId=made["terminalId"], text="echo hello")
            await asyncio.sleep(0.3)
            await user.call("terminal.dispose", terminalId=made["terminalId"])
            self.counts["terminals"] += 1
        self.counts["visits"] += 1
        user.transport.abort()


async def rested(host: servers.Server, began: float, still_s: float = 15.0) -> Sample:
    """What is left once nobody is there and nothing more ends."""
    last, since = sample(host, began), time.monotonic()
    until = since + REST_S
    while time.monotonic() < min(until, since + still_s):
        await asyncio.sleep(1)
        now = sample(host, began)
        if now[2:] != last[2:]:
            since = time.monotonic()
        last = now
    return last


async def soak(host: servers.Server, minutes: float) -> list[Row]:
    """The whole run: warm, churn, rest."""
    churn, began = Churn(host.port), time.monotonic()
    uids = [f"user{number}" for number in range(USERS)]
    await asyncio.gather(*(churn.visit(uid, random.Random(uid), terminal=1.0) for uid in uids))
    first = await rested(host, began)
    samples: list[Sample] = []
    until = time.monotonic() + 60 * minutes
    async with asyncio.TaskGroup() as group:
        for uid in uids:
            group.create_task(churn.live(uid, until))
        while time.monotonic() < until:
            await asyncio.sleep(SAMPLE_S)
            samples.append(sample(host, began))
            print(json.dumps(samples[-1]._asdict() | churn.counts), file=sys.stderr, flush=True)
    last = await rested(host, began)
    return rows(minutes, first, samples, last, churn.counts)


def rows(minutes: float, first: Sample, samples: Sequence[Sample], last: Sample, counts: dict[str, int]) -> list[Row]:
    """What came of it, each with its bar."""
    steady = [(one.s, one.MiB) for one in samples[int(len(samples) * WARM) :]]
    by_hour, spread = slope(steady)
    climb = figure(
        "memory after the warm-up, by the hour", "MiB", by_hour, "<= 1 MiB" if minutes >= JUDGED_MINUTES else ""
    )
    points = [[one.s / 60, one.MiB] for one in samples]
    ends = zip(NAMES.items(), (3, 0, SHARED_THREADS), strict=True)
    return [
        climb | {"spread": spread, "points": {"memory of the host": points}, "axes": ["minutes", "MiB"]},
        figure("memory at rest before", "MiB", first.MiB),
        figure("memory at rest after", "MiB", last.MiB),
        *(
            figure(f"{name} left over", "", getattr(last, key) - getattr(first, key), f"<= {more}")
            for (key, name), more in ends
        ),
        figure("minutes", "", minutes),
        *(figure(what, "", count) for what, count in counts.items()),
    ]


def slope(points: Sequence[Point]) -> tuple[float, list[float] | None]:
    """MiB an hour by least squares over medians of blocks, and the lowest and highest that it may well be."""
    blocks = [points[at : at + BLOCK] for at in range(0, len(points) - BLOCK + 1, BLOCK)]
    if len(blocks) < 3:
        return 0.0, None
    xs = [statistics.mean(x for x, _ in block) / 3600 for block in blocks]
    ys = [statistics.median(y for _, y in block) for block in blocks]
    found = statistics.linear_regression(xs, ys)
    off = sum((y - found.intercept - found.slope * x) ** 2 for x, y in zip(xs, ys, strict=True))
    wide = sum((x - statistics.mean(xs)) ** 2 for x in xs)
    error = 2 * math.sqrt(off / (len(xs) - 2) / wide)
    return found.slope, [found.slope - error, found.slope + error]


def main() -> int:
    """Run it and print what came of it; 1 where something has grown."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.soak", description=__doc__)
    parser.add_argument("--keep", action="store_true", help="keep the figures, and write them into docs/numbers.md")
    parser.add_argument("--json", type=Path, metavar="FILE", help="keep the figures there")
    chosen = parser.parse_args()
    minutes, load, began = float(os.environ.get("SOAK_MINUTES", "120")), os.getloadavg()[0], time.perf_counter()
    environ = {"ROOST_SESSIONS__SLEEP_AFTER_S": "5", "ROOST_SESSIONS__KEEP_TERMINALS_S": "5"}
    with servers.host(**environ) as host, asyncio.Runner(loop_factory=uvloop.new_event_loop) as runner:
        found = runner.run(soak(host, minutes))
        found.append(figure("exit code other than 0", "", abs(host.stop()), "<= 0"))
    run = report.begun()
    took: dict[str, Any] = {"quick": False, "took_s": round(time.perf_counter() - began, 1)}
    run["benchmarks"]["soak"] = report.stamp(load) | took | {"rows": report.judged("soak", found)}
    print(report.table(run))
    for path in [chosen.json, numbers.LONG if chosen.keep else None]:
        if path:
            report.keep(run, path)
    if chosen.keep:
        numbers.write()
    return 0 if report.held(run) else 1


if __name__ == "__main__":
    sys.exit(main())
