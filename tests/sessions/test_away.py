"""A user who is away: for three hours by a clock that is put forward, what runs for them goes on."""

from __future__ import annotations

import asyncio
import time

import pytest

from sessions.shells import ShellOptions
from sessions.terminals import Terminals
from tests.inside import kept, tenants
from tests.sessions.stores import eventually

pytestmark = pytest.mark.anyio

MINUTE, HOURS = 60.0, 3


async def test_terminals_and_tasks_live_on_for_three_hours_without_a_client(monkeypatch: pytest.MonkeyPatch) -> None:
    async with tenants("ada") as (sessions, (ada,)):
        leave, done = ada.client(), asyncio.Event()
        terminal = await ada.get(Terminals).open(ShellOptions("/bin/bash", ("--norc", "--noprofile")))
        viewer = terminal.view()
        ada.start(done.wait(), "a task")
        leave()
        viewer.lose()  # the line was cut
        loop, ahead = asyncio.get_running_loop(), 0.0
        for clock, name in ((loop, "time"), (time, "monotonic")):
            real = getattr(clock, name)
            monkeypatch.setattr(clock, name, lambda real=real: real() + ahead)

        async def hours() -> None:
            nonlocal ahead
            for _ in range(int(HOURS * 3_600 / MINUTE)):
                ahead += MINUTE
                await asyncio.sleep(0.001)
                await sessions.sweep()

        await hours()
        assert sessions.get("ada") is ada and ada.busy
        await terminal.send(b"echo still $((40 + 2))\r")
        await eventually(lambda: b"still 42" in kept(terminal))
        await terminal.send(b"exit\r")
        await eventually(lambda: terminal.ended)
        await hours()
        assert sessions.get("ada") is ada and ada.busy, "the task goes on alone"
        done.set()
        await eventually(lambda: not ada.busy)
        await sessions.sweep()
        ahead += 901
        await sessions.sweep()
        assert sessions.get("ada") is None, "and then it sleeps, so the clock was believed"
