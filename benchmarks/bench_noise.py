"""Noisy neighbours: what others notice while one user takes all they can, against quiet moments just before and after.

Others ping and type at an easy pace. Theirs is the wait that counts, and how late the loop of the host is; what the
noisy one gets is told too. Quiet and noisy moments alternate, as others may have the machine.
"""

from __future__ import annotations

import asyncio
import json
import os
import tempfile
import time
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field
from pathlib import Path

import uvloop

from benchmarks import flooding, neighbours, provider, servers
from benchmarks.figures import Row, apart, figure, percentile
from benchmarks.lines import HEADER, Line, line
from benchmarks.people import Person, arrive, leave

PINGERS, TYPISTS = 4, 2
EASY_S = 0.005
MiB = 1 << 20
DEAF = "a client that reads nothing"
BOMB = "a fork bomb"
MOVING = ("uploads of 10 MiB/s", "4 uploads as fast as they go", "8 large downloads")
OWN = ("stopped by work of its own, at most", "computed", 1.0)


@dataclass
class Moments:
    """What others waited for, in milliseconds, how late the loop was, and how much of that it computed itself."""

    pings: list[float] = field(default_factory=list)
    keys: list[float] = field(default_factory=list)
    late: list[float] = field(default_factory=list)
    computed: list[float] = field(default_factory=list)


class Others:
    """Users who work at an easy pace."""

    def __init__(self, people: list[Person], typists: list[tuple[Line, int]]) -> None:
        self._people = people
        self._typists = typists

    async def listen(self, seconds: float, into: Moments) -> None:
        """Measure for so long."""
        until = time.perf_counter() + seconds
        async with asyncio.TaskGroup() as group:
            for person in self._people[1:]:
                group.create_task(self._ping(person, until, into.pings))
            for typist, channel in self._typists:
                group.create_task(self._type(typist, channel, until, into.keys))
            asked = {"command": "noise.late", "arguments": [seconds]}
            for late, computed in await self._people[0].call("commands.executeCommand", **asked):
                into.late.append(late)
                into.computed.append(computed)

    async def _ping(self, person: Person, until: float, into: list[float]) -> None:
        while (began := time.perf_counter()) < until:
            await person.call("session.ping")
            into.append(1e3 * (time.perf_counter() - began))
            await asyncio.sleep(EASY_S)

    async def _type(self, typist: Line, channel: int, until: float, into: list[float]) -> None:
        while (began := time.perf_counter()) < until:
            typist.output.clear()
            await typist.socket.send(HEADER.pack(2, channel, 0) + b"x")
            await typist.output.wait()
            into.append(1e3 * (time.perf_counter() - began))
            await asyncio.sleep(EASY_S)


@dataclass
class Neighbour:
    """One of them: what others waited for beside it, and without it."""

    name: str
    before: Moments = field(default_factory=Moments)
    after: Moments = field(default_factory=Moments)
    noisy: Moments = field(default_factory=Moments)
    served: int = 0
    refused: int = 0
    moved: int = 0
    seconds: float = 0.0
    grown: int = 0

    def rows(self) -> list[Row]:
        """What it came to, by the quieter of the moments before and after: either may hear what others left."""
        found = []
        for what in ("pings", "keys"):
            for share in (0.5, 0.99):
                noisy, calm = self._both(what, share)
                bar = f"<= {max(2 * calm, calm + 10):.1f} ms" if share == 0.99 else ""
                name = f"{self.name}: others' {what}, p{share * 100:.0f}"
                found.append(apart(name, "ms", [noisy], [calm], bar))
        for what, of, share in (("late, p99", "late", 0.99), ("late, at most", "late", 1.0), OWN):
            noisy, calm = self._both(of, share)
            found.append(apart(f"{self.name}: loop {what}", "ms", [noisy], [max(calm, 0.01)]))
        found.append(figure(f"{self.name}: served to it", "/s", self.served / self.seconds))
        if self.name in MOVING:
            found.append(figure(f"{self.name}: moved", "MiB/s", self.moved / MiB / self.seconds))
        if self.name == BOMB:
            found.append(figure(f"{self.name}: forks refused", "/s", self.refused / self.seconds))
        if self.name == DEAF:
            found.append(figure(f"{self.name}: memory of the host that it added", "MiB", self.grown / MiB))
        return found

    def _both(self, what: str, share: float) -> tuple[float, float]:
        """That percentile beside the neighbour, and without."""
        noisy, before, after = (percentile(getattr(one, what), share) for one in (self.noisy, self.before, self.after))
        return noisy, min(before, after)


async def measure(
    port: int, loud: neighbours.Neighbours, names: list[str], host: servers.Server, long: bool
) -> list[Row]:
    """Each of them in turn."""
    rounds, seconds = (3, 3.0) if long else (1, 0.8)
    people = [await arrive(port, f"other{number}") for number in range(PINGERS + 1)]
    rows: list[Row] = []
    async with line(port, "typist0") as one, line(port, "typist1") as two:
        others = Others(people, [(typist, await typist.create("/bin/cat")) for typist in (one, two)])
        await others.listen(1.0, Moments())
        for name in names:
            found = Neighbour(name)
            for _ in range(rounds):
                await others.listen(seconds / 3, found.before)
                await beside(found, others, loud, host, seconds)
                await asyncio.sleep(0.2)
                await others.listen(seconds / 3, found.after)
            rows += found.rows()
    await leave(people)
    return rows


async def beside(found: Neighbour, others: Others, loud: neighbours.Neighbours, host: servers.Server, s: float) -> None:
    """One loud moment of so many seconds."""
    before = host.resident
    await asyncio.to_thread(loud.begin, found.name)
    began = time.perf_counter()
    await others.listen(s, found.noisy)
    found.grown = max(found.grown, host.resident - before)
    found.seconds += time.perf_counter() - began
    got = await asyncio.to_thread(loud.end)
    found.served += got.done
    found.refused += got.refused
    found.moved += got.moved


@contextmanager
def house() -> Iterator[tuple[servers.Server, Path]]:
    """A host with a scripted model, the extension that floods, and terminals."""
    with ExitStack() as stack:
        folder = Path(stack.enter_context(tempfile.TemporaryDirectory(prefix="roost-bench-")))
        os.chmod(folder, 0o711)
        plan = {"STEPS": json.dumps(flooding.STEPS), "THINKS_MS": "20"}
        model = stack.enter_context(provider.running("steps", **plan))
        acme = {
            "ROOST_AI_PROVIDERS__ACME__KIND": "openai",
            "ROOST_AI_PROVIDERS__ACME__API_KEY": "k",
            "ROOST_AI_PROVIDERS__ACME__BASE_URL": f"http://127.0.0.1:{model.port}/v1",
            "ROOST_AI_PROVIDERS__ACME__MODELS": '["m"]',
        }
        environ = {"MULTI_USER": "1", **acme, **flooding.extension(folder / "extensions")}
        arguments = ["-m", "host", "--port", "0", "--data", str(folder / "data")]
        yield stack.enter_context(servers.started(arguments, environ)), folder / "data"


def run(quick: bool) -> list[Row]:
    """One host, one neighbour after the other; `NOISE` names those that count, as `grep` finds them."""
    wanted = os.environ.get("NOISE", "")
    names = [name for name in neighbours.KINDS if wanted in name]
    with (
        house() as (host, data),
        neighbours.moved_in(host.port, data) as loud,
        asyncio.Runner(loop_factory=uvloop.new_event_loop) as runner,
    ):
        return runner.run(measure(host.port, loud, names, host, not quick))
