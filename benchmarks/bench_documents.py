"""Documents of many users at once: what an edit costs, who hears of it, and how long the loop stops.

In one process without sockets: edits by the API at a given rate a user, each timed until it would survive `kill -9`.
"""

from __future__ import annotations

import asyncio
import json
import random
import statistics
import tempfile
import time
from contextlib import ExitStack
from pathlib import Path
from typing import Any

import uvloop

from benchmarks.figures import Row, figure, percentile
from host.tenure import Tenure
from sessions.context import SessionContext
from sessions.rounds import Rounds
from shim import Position, Range, TextDocument, TextEdit, Uri, WorkspaceEdit, workspace
from tests.people import people


class Heartbeat:
    """How late a timer of 2 ms is, and how much of that the loop's own thread computed: others may have the machine."""

    def __init__(self) -> None:
        self.worst = self.computed = 0.0
        self._going = True

    async def watch(self) -> None:
        while self._going:
            began, own = time.perf_counter(), time.thread_time()
            await asyncio.sleep(0.002)
            self.worst = max(self.worst, time.perf_counter() - began - 0.002)
            self.computed = max(self.computed, time.thread_time() - own)

    def stop(self) -> None:
        self._going = False


class Typist:
    """One user who edits a document and hears of it, by the API and in the mailbox."""

    def __init__(self, session: SessionContext) -> None:
        self.session = session
        self.made = 0
        self.foreign = 0
        self.texts: list[str] = []
        self.took: list[float] = []
        self.waiting: set[asyncio.Future[bool]] = set()

    async def begin(self) -> None:
        with self.session.entered():
            self.uri = Uri.file(f"/workspace/{self.session.uid}.py")
            await self.session.files.write(self.uri.path, b"pass\n" * 200)
            self.document: TextDocument = await workspace.open_text_document(self.uri)
            edit = WorkspaceEdit()
            edit.insert(self.uri, Position(0, 0), "# the first edit opens the user's store\n")
            assert await workspace.apply_edit(edit)
            workspace.on_did_change_text_document(self.hear)
            self.follower = self.session.mailbox.follow(None)

    def hear(self, event: Any) -> None:
        self.foreign += event.document.uri != self.uri
        self.texts += [change.text for change in event.content_changes]

    async def type(self, rate: float, seconds: float) -> None:
        """Edit at the given rate, whether or not the edits before are durable yet."""
        loop = asyncio.get_running_loop()
        begin = loop.time() + random.random() / rate
        with self.session.entered():
            for number in range(int(rate * seconds)):
                await asyncio.sleep(max(0.0, begin + number / rate - loop.time()))
                self.edit(number)
            await asyncio.gather(*self.waiting)

    def edit(self, number: int) -> None:
        edit = WorkspaceEdit()
        edit.set(self.uri, [TextEdit(Range(Position(7, 0), Position(7, 4)), f"{self.session.uid}:{number}")])
        began = time.perf_counter()
        applied = workspace.apply_edit(edit)
        self.waiting.add(applied)
        applied.add_done_callback(lambda _: self.took.append(time.perf_counter() - began))
        applied.add_done_callback(self.waiting.discard)
        self.made += 1

    async def check(self) -> tuple[int, int]:
        """(events lost, events of somebody else), by the listener and by the mailbox."""
        wanted = [f"{self.session.uid}:{number}" for number in range(self.made)]
        posted: list[str] = []
        while len(posted) < self.made:
            async with asyncio.timeout(10):
                batch = await anext(self.follower)
            for event in batch:
                data = json.loads(event.data_json)
                self.foreign += self.session.uid not in data["uri"]
                posted += [change["text"] for change in data.get("contentChanges", ())]
        return (self.texts != wanted) + (posted != wanted), self.foreign


async def _idle(seconds: float) -> Heartbeat:
    """The control: the same loop on the same machine while nobody types."""
    heart = Heartbeat()
    async with asyncio.TaskGroup() as group:
        group.create_task(heart.watch())
        await asyncio.sleep(seconds)
        heart.stop()
    return heart


async def measured(users: int, rate: float, seconds: float) -> dict[str, float]:
    with tempfile.TemporaryDirectory() as folder, ExitStack() as stack:
        async with people(Path(folder)) as sessions:
            stack.enter_context(Tenure(lambda: False))  # as in a host
            rounds, typists = Rounds(), []
            for number in range(users):
                session = await sessions.open(f"user{number}")
                session.rounds = rounds
                typists.append(Typist(session))
                await typists[-1].begin()
            idle = await _idle(min(seconds, 5))
            heart = Heartbeat()
            cpu, began = time.process_time(), time.perf_counter()
            async with asyncio.TaskGroup() as group:
                group.create_task(heart.watch())
                async with asyncio.TaskGroup() as typing:
                    for typist in typists:
                        typing.create_task(typist.type(rate, seconds))
                heart.stop()
            wall, cpu = time.perf_counter() - began, time.process_time() - cpu
            checks = [await typist.check() for typist in typists]
            took = [value for typist in typists for value in typist.took]
            return {
                "rate": len(took) / wall,
                "lost": sum(lost for lost, _ in checks),
                "foreign": sum(foreign for _, foreign in checks),
                "idle_ms": idle.worst * 1e3,
                "stall_ms": heart.worst * 1e3,
                "computed_ms": heart.computed * 1e3,
                "median_ms": statistics.median(took) * 1e3,
                "p99_ms": percentile(took, 0.99) * 1e3,
                "cpu_ms": cpu / len(took) * 1e3,
            }


def run(quick: bool) -> list[Row]:
    """200 users, 20 edits a second each, and a tenth of them."""
    rows: list[Row] = []
    for users in (20, 200):
        found = uvloop.run(measured(users, 20, 5 if quick else 60))
        rows += [figure(f"{users} users x 20 edits/s: {what}", unit, value) for what, unit, value in _figures(found)]
    return rows


def _figures(found: dict[str, float]) -> list[tuple[str, str, float]]:
    return [
        ("edits made durable", "edits/s", found["rate"]),
        ("users whose events were lost or out of order", "", found["lost"]),
        ("events that reached somebody else", "", found["foreign"]),
        ("longest stop of the loop", "ms", found["stall_ms"]),
        ("longest stop of the same loop while nobody types", "ms", found["idle_ms"]),
        ("longest stop by work of its own", "ms", found["computed_ms"]),
        ("an edit until it is durable, median", "ms", found["median_ms"]),
        ("an edit until it is durable, 99 %", "ms", found["p99_ms"]),
        ("processor time of an edit", "ms", found["cpu_ms"]),
    ]
