"""5,000 idle and 500 active users at once: whether all stay, none hears another, and how soon each is answered.

An active user writes and reads a file and state of their own, has an extension post events, and pings, once a second
each; every name, content and event carries who it is for, and any that comes to another counts. An idle user has done
`session.open` and must hear nothing at all. The quick form holds it for a minute, the long one for ten.
"""

from __future__ import annotations

import asyncio
import random
import tempfile
import time
from pathlib import Path
from typing import Any

import uvloop

from benchmarks import people, servers
from benchmarks.figures import Row, figure, percentile

IDLE, ACTIVE = 5_000, 500
SETTLED_S = 8.0


class Active:
    """A user who works, and checks that all they get is theirs."""

    def __init__(self, person: people.Person) -> None:
        self.person = person
        self.word = f"canary-{person.uid}-"
        self.echoes: list[float] = []
        self.others: list[float] = []
        self.foreign = self.told = self.heard = self.last_seq = 0
        person.hear = self.hear

    def hear(self, message: dict[str, Any]) -> None:
        event = message["params"]
        if event.get("type") == "bench.told":
            self.heard += 1
            self.foreign += not event["data"]["word"].startswith(self.word)
        self.foreign += event.get("seq", 0) <= self.last_seq
        self.last_seq = event.get("seq", self.last_seq)

    async def work(self, until: float, chance: random.Random) -> None:
        """Something each half second, and a ping that is timed in between."""
        await asyncio.sleep(chance.random())
        number = 0
        while time.perf_counter() < until:
            began = time.perf_counter()
            number += 1
            await self._timed(self.echoes, "session.ping")
            await asyncio.sleep(0.2 + 0.2 * chance.random())
            await self._something(number)
            await asyncio.sleep(max(0.0, began + 1.0 - time.perf_counter()))

    async def _something(self, number: int) -> None:
        word = f"{self.word}{number}"
        kind = number % 5
        if kind == 0:
            await self._timed(self.others, "workspace.fs.writeFile", uri="/workspace/mine.txt", content=word)
        elif kind == 1:
            found = await self._timed(self.others, "workspace.fs.readFile", uri="/workspace/mine.txt")
            self.foreign += not found["content"].startswith(self.word)
        elif kind == 2:
            await self._timed(self.others, "state.update", scope="global", key="mine", value=word)
        elif kind == 3:
            found = await self._timed(self.others, "state.get", scope="global", key="mine", default=self.word)
            self.foreign += not found.startswith(self.word)
        else:
            self.told += 2
            command = {"command": "bench.tell", "arguments": [2, word]}
            await self._timed(self.others, "commands.executeCommand", **command)

    async def _timed(self, into: list[float], method: str, **params: Any) -> Any:
        began = time.perf_counter()
        found = await self.person.call(method, **params)
        into.append(1e3 * (time.perf_counter() - began))
        return found


class Crowd:
    """Everybody who is there, and what they and the host came to."""

    def __init__(self, host: servers.Server) -> None:
        self.host = host
        self.idle: list[people.Person] = []
        self.active: list[Active] = []
        self.idle_kib = 0.0
        self.cpu: dict[str, float] = {}
        self.took_s = 0.0

    async def gather(self) -> None:
        """All arrive; the idle are weighed before the others work."""
        warm = await people.arrive_all(self.host.port, [f"warm{number}" for number in range(50)])
        await asyncio.sleep(SETTLED_S)
        before = self.host.resident
        self.idle = await people.arrive_all(self.host.port, [f"idle{number}" for number in range(IDLE)])
        await asyncio.sleep(SETTLED_S)
        self.idle_kib = (self.host.resident - before) / IDLE / 1024
        self.cpu["idle"] = await self._busy(5.0)
        found = await people.arrive_all(self.host.port, [f"active{number}" for number in range(ACTIVE)])
        self.active = [Active(person) for person in found]
        for one in self.active:
            await one.person.call("workspace.fs.writeFile", uri="/workspace/mine.txt", content=one.word)
            await one.person.call("commands.executeCommand", command="bench.tell", arguments=[0, ""])
        await people.leave(warm)

    async def work(self, seconds: float) -> None:
        """The active ones work that long, the idle ones stay."""
        began, spent = time.perf_counter(), self.host.cpu_s
        async with asyncio.TaskGroup() as group:
            for number, one in enumerate(self.active):
                group.create_task(one.work(began + seconds, random.Random(number)))
        self.took_s = time.perf_counter() - began
        self.cpu["work"] = (self.host.cpu_s - spent) / self.took_s
        await asyncio.sleep(1)

    async def _busy(self, seconds: float) -> float:
        before = self.host.cpu_s
        await asyncio.sleep(seconds)
        return (self.host.cpu_s - before) / seconds

    def rows(self) -> list[Row]:
        """What it came to."""
        everybody = [*self.idle, *(one.person for one in self.active)]
        foreign = sum(person.foreign for person in everybody) + sum(one.foreign for one in self.active)
        heard_by_idle = sum(person.count - 1 for person in self.idle)
        echoes = [wait for one in self.active for wait in one.echoes]
        others = [wait for one in self.active for wait in one.others]
        missing = sum(one.told - one.heard for one in self.active)
        return [
            figure("users who were cut off", "", sum(person.lost for person in everybody)),
            figure("messages to somebody they were not for", "", foreign + heard_by_idle),
            figure("events that did not come", "", missing),
            figure("requests answered", "", len(echoes) + len(others)),
            figure("seconds under that load", "s", self.took_s),
            figure("memory of an idle user", "KiB", self.idle_kib),
            figure("echo, p50", "ms", percentile(echoes, 0.5)),
            figure("echo, p99", "ms", percentile(echoes, 0.99)),
            figure("echo, the longest", "ms", max(echoes)),
            figure("files, state and commands, p50", "ms", percentile(others, 0.5)),
            figure("files, state and commands, p99", "ms", percentile(others, 0.99)),
            figure("processor of the host, all idle", "cores", self.cpu["idle"]),
            figure(f"processor of the host, {ACTIVE} active", "cores", self.cpu["work"]),
        ]


def run(quick: bool) -> list[Row]:
    """One host, one crowd."""
    seconds = 60.0 if quick else 600.0
    with (
        tempfile.TemporaryDirectory(prefix="roost-bench-") as folder,
        servers.host(**people.extension(Path(folder))) as host,
        asyncio.Runner(loop_factory=uvloop.new_event_loop) as runner,
    ):
        crowd = Crowd(host)
        runner.run(crowd.gather())
        runner.run(crowd.work(seconds))
        return crowd.rows()
