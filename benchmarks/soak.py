"""`make soak`: users come, work and go for `SOAK_MINUTES`; memory, descriptors and processes must not grow.

It prints a line of JSON a sample and one at the end, and exits with 1 where something has grown.
"""

from __future__ import annotations

import asyncio
import json
import os
import random
import statistics
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from tests.client import connect, running

USERS = 50
SAMPLE_S = 10.0
WARM = 0.4
"""The part of the run that is left out of the slope: caches fill, code is loaded."""

MOST_MIB_AN_HOUR = 1.0


async def churn(base: str, uid: str, until: float, counts: dict[str, int]) -> None:
    """One user: a connection of some seconds with some of everything, a pause, and again."""
    chance = random.Random(uid)
    while time.monotonic() < until:
        async with connect(base, uid) as client:
            await client.call("session.open")
            for _ in range(chance.randrange(3, 12)):
                number = chance.randrange(20)
                await client.call("state.update", scope="global", key=f"k{number}", value="x" * chance.randrange(2_000))
                await client.call("workspace.fs.writeFile", uri=f"/workspace/{number}.txt", content="y" * 5_000)
                await client.call("workspace.openTextDocument", uri=f"/workspace/{number}.txt")
                await client.call("workspace.findFiles", include="**/*.txt")
                counts["rounds"] += 1
                await asyncio.sleep(chance.uniform(0.05, 0.5))
            if chance.random() < 0.2:
                terminal = await client.call("window.createTerminal")
                await client.call("terminal.sendText", terminalId=terminal["terminalId"], text="echo hello")
                await asyncio.sleep(0.3)
                await client.call("terminal.dispose", terminalId=terminal["terminalId"])
                counts["terminals"] += 1
        counts["visits"] += 1
        await asyncio.sleep(chance.uniform(0.5, 4))


def children(pid: int) -> int:
    """Processes below the host."""
    below, found = [pid], 0
    while below:
        one = below.pop()
        for task in Path(f"/proc/{one}/task").glob("*/children"):
            try:
                more = [int(child) for child in task.read_text().split()]
            except OSError:
                continue
            found += len(more)
            below += more
    return found


def sample(pid: int, began: float) -> dict[str, Any]:
    """What the host holds now."""
    status = Path(f"/proc/{pid}/status").read_text()
    rss = int(status.partition("VmRSS:")[2].split()[0]) / 1024
    fds = len(list(Path(f"/proc/{pid}/fd").iterdir()))
    return {"s": round(time.monotonic() - began), "MiB": round(rss, 1), "fds": fds, "processes": children(pid)}


def slope(samples: list[dict[str, Any]]) -> float:
    """MiB an hour, by least squares, after the warm-up."""
    warm = samples[int(len(samples) * WARM) :]
    if len(warm) < 3:
        return 0.0
    return 3600 * statistics.linear_regression([one["s"] for one in warm], [one["MiB"] for one in warm]).slope


@contextmanager
def _folder() -> Iterator[Path]:
    with tempfile.TemporaryDirectory() as folder:
        Path(folder).chmod(0o711)  # the tenants of sandboxes pass through it
        yield Path(folder)


async def soak(minutes: float) -> dict[str, Any]:
    """The whole run against a host of its own."""
    environ = {"ROOST_SESSIONS__SLEEP_AFTER_S": "5", "ROOST_SESSIONS__KEEP_TERMINALS_S": "5"}
    counts = {"rounds": 0, "visits": 0, "terminals": 0}
    with _folder() as folder, running(folder / "data", **environ) as host:
        pid, began = host.process.pid, time.monotonic()
        first = sample(pid, began)
        samples: list[dict[str, Any]] = []
        until = began + minutes * 60
        async with asyncio.TaskGroup() as group:
            for number in range(USERS):
                group.create_task(churn(host.base, f"user{number}", until, counts))
            while time.monotonic() < until:
                await asyncio.sleep(SAMPLE_S)
                samples.append(sample(pid, began))
                print(json.dumps(samples[-1] | counts), flush=True)
        last = sample(pid, began)
        for _ in range(60):  # sessions fall asleep, sandboxes end, files are closed
            last = sample(pid, began)
            if last["fds"] <= first["fds"] + 3 and last["processes"] <= first["processes"]:
                break
            await asyncio.sleep(1)
        code = await host.stop()
    grown = [name for name, more in (("fds", 3), ("processes", 0)) if last[name] > first[name] + more]
    return {
        "first": first,
        "last": last,
        "MiB_an_hour": round(slope(samples), 2),
        "grown": grown,
        "exit": code,
        **counts,
    }


def main() -> None:
    """Run it, print what came of it."""
    minutes = float(os.environ.get("SOAK_MINUTES", "120"))
    found = asyncio.run(soak(minutes))
    print(json.dumps(found))
    too_steep = minutes >= 30 and found["MiB_an_hour"] > MOST_MIB_AN_HOUR  # a shorter run says nothing of an hour
    sys.exit(1 if found["grown"] or found["exit"] or too_steep else 0)


if __name__ == "__main__":
    main()
