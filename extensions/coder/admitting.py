"""The line before a run: a place of the host's, which all users share, and no more than the user wants at a time."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from extensions.coder.agent import Run
from extensions.coder.task import Json, Task
from shim.proposed import admission, events

TOLD_S = 1.0
"""Seconds between two words about a position: many who come and go move it often."""


class Queue:
    """The places of one user's tasks."""

    def __init__(self, most: int) -> None:
        self._most = most
        self._waiting: dict[str, admission.Place] = {}

    def allow(self, most: int) -> None:
        """So many of the user's tasks run at the same time, from now on."""
        self._most = most
        admission.allow(most)

    def told(self, task: Task) -> Json:
        """A task as clients see it, with its place in the line."""
        place = self._waiting.get(task.task_id)
        return task.told() | ({} if place is None or not place.position else {"queuePosition": place.position})

    @asynccontextmanager
    async def turn(self, run: Run) -> AsyncIterator[None]:
        """Wait until the run may begin, and hold its place for the body."""
        place = admission.join(self._most)
        try:
            if not place.ready.done():
                await self._wait(run, place)
            yield
        finally:
            admission.leave(place)

    async def _wait(self, run: Run, place: admission.Place) -> None:
        if run.task.status == "running":  # it rested, and goes on with somebody's word
            await run.step(lambda draft: draft.change(status="pending"))
        self._waiting[run.task.task_id] = place
        told = 0
        try:
            while not place.ready.done():
                await asyncio.wait({place.ready}, timeout=TOLD_S if told else 0)
                if place.position not in (0, told):
                    told = place.position
                    events.post("coder.task", self.told(run.task))
        finally:
            del self._waiting[run.task.task_id]
