"""Users who work, more and more of them on one host, and what a second of theirs costs it."""

from __future__ import annotations

import asyncio
import random
import time
from collections.abc import Sequence
from typing import Any

from benchmarks import people, servers
from benchmarks.bench_crowd import SETTLED_S, Active
from benchmarks.figures import percentile

KINDS = {"files": (0, 1), "state": (2, 3), "events": (4,), "all in turn": (0, 1, 2, 3, 4)}
"""What a worker asks for, as `Active` counts it. Who asks for state alone does so before their file is closed."""

WAITS = ("echoes", "others", "durable")


class Worker(Active):
    """One who works as those of `crowd` do, of whose kinds of requests these are made in turn."""

    def __init__(self, person: people.Person, kinds: Sequence[int]) -> None:
        super().__init__(person)
        self.kinds = kinds
        self.durable: list[float] = []
        """Waits for what is acknowledged once it is on the disk."""

    async def _something(self, number: int) -> None:
        await super()._something(self.kinds[number % len(self.kinds)])

    async def _timed(self, into: list[float], method: str, **params: Any) -> Any:
        found = await super()._timed(into, method, **params)
        if method in ("workspace.fs.writeFile", "state.update"):
            self.durable.append(into[-1])
        return found


class Crew:
    """More and more users who work on one host."""

    def __init__(self, host: servers.Server, kinds: Sequence[int]) -> None:
        self._host = host
        self._kinds = kinds
        self._there: list[Worker] = []

    async def grow(self, size: int) -> None:
        """Until they are so many, and what arriving costs is over."""
        names = [f"work{number}" for number in range(len(self._there), size)]
        more = [Worker(person, self._kinds) for person in await people.arrive_all(self._host.port, names)]
        for start in range(0, len(more), 50):
            await asyncio.gather(*map(_begin, more[start : start + 50]))
        self._there += more
        await asyncio.sleep(SETTLED_S)

    async def work(self, seconds: float) -> dict[str, float]:
        """What a second of theirs costs the host, in ms of processor time, and how many ms they wait for what."""
        for one in self._there:
            one.echoes, one.others, one.durable = [], [], []
        until, all_s, loop_s = time.perf_counter() + seconds, self._host.cpu_s, self._host.loop_cpu_s
        async with asyncio.TaskGroup() as group:
            for number, one in enumerate(self._there):
                group.create_task(one.work(until, random.Random(number)))
        echoes, others, durable = ([w for one in self._there for w in getattr(one, name)] for name in WAITS)
        spent = max(1.0, 1e3 * (self._host.cpu_s - all_s))
        found = {
            "processor of the host": spent / seconds,
            "of which its loop's": max(1.0, 1e3 * (self._host.loop_cpu_s - loop_s)) / seconds,
            "processor of a request": spent / (len(echoes) + len(others)),
            "echo, p50": percentile(echoes, 0.5),
            "echo, p99": percentile(echoes, 0.99),
        }
        if durable:
            found |= {"durable write, p50": percentile(durable, 0.5), "durable write, p99": percentile(durable, 0.99)}
        return found

    async def leave(self) -> int:
        """All of them; how many messages came to somebody whom they were not for."""
        await people.leave([one.person for one in self._there])
        return sum(one.foreign + one.person.foreign for one in self._there)


async def _begin(one: Worker) -> None:
    """Have a file of their own, and their extension loaded."""
    await one.person.call("workspace.fs.writeFile", uri="/workspace/mine.txt", content=one.word)
    await one.person.call("commands.executeCommand", command="bench.tell", arguments=[0, ""])
