"""Somebody sets the host's clock a day ahead or an hour back: dates go by it, and nothing that takes a while does."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest

from tests.client import Client, Process, connect, running
from tests.faults.clock import DAY, HOUR, Clock
from tests.raw import fetch
from tests.screens import desk, passable
from tests.sessions.sandboxes import HAS_BUBBLEWRAP, NO_BUBBLEWRAP
from tests.tokens import GUARDED, bearer

pytestmark = pytest.mark.anyio

DEMO = "demo/scripted"
ENDLESS = {"rules": [{"text": "word " * 10_000}]}

SWEEPS_S = 2.5
"""In this time the host has looked at least once for what is overdue."""


@contextmanager
def clocked(folder: Path, **environ: str) -> Iterator[tuple[Process, Clock]]:
    clock = Clock(folder / "clock")
    with running(folder / "data", before=clock.command, **environ) as host:
        yield host, clock


async def time_of(client: Client) -> float:
    """What the host's clock says, in seconds from here."""
    return float((await client.call("session.ping"))["time"] / 1_000 - time.time())


async def metric(host: Process, name: str) -> float:
    text = (await fetch(host.base, "/metrics")).body.decode()
    return next(float(line.split()[-1]) for line in text.splitlines() if line.startswith(f"{name} "))


async def asleep(host: Process, within_s: float) -> bool:
    """Whether no session is open any more, soon."""
    until = time.monotonic() + within_s
    while await metric(host, "roost_sessions") > 0:
        if time.monotonic() > until:
            return False
        await asyncio.sleep(0.1)
    return True


async def test_a_login_ends_at_its_date_wherever_the_clock_comes_from(tmp_path: Path) -> None:
    with clocked(tmp_path, **GUARDED) as (host, clock):
        login: Any = {"additional_headers": bearer("ada", seconds=2 * HOUR)}
        headers = {"authorization": bearer("ada", seconds=2 * HOUR)["Authorization"]}
        async with connect(host.base, "ada", **login) as client:
            assert abs(await time_of(client)) < 5
            clock.ahead(-HOUR)
            assert abs(await time_of(client) + HOUR) < 5, "the host's clock is the test's"
            await asyncio.sleep(SWEEPS_S)
            assert abs(await time_of(client) + HOUR) < 5, "who is here stays"
            early = await fetch(host.base, "/api/v1/me", **headers)
            assert early.status == 401 and "future" in early.json()["detail"]
            clock.ahead(DAY)
            assert await client.closed() == 4401
        late = await fetch(host.base, "/api/v1/me", **headers)
        assert late.status == 401 and "expired" in late.json()["detail"]
        clock.ahead(0)
        assert (await fetch(host.base, "/api/v1/me", **headers)).status == 200
        assert await host.stop() == 0


@pytest.mark.faults
async def test_a_users_sleep_and_connections_go_by_no_clock(tmp_path: Path) -> None:
    with clocked(tmp_path, ROOST_SESSIONS__SLEEP_AFTER_S="4") as (host, clock):
        async with connect(host.base, "ada") as client:
            await client.call("session.open")
            for seconds in (DAY, -HOUR, 0):
                clock.ahead(seconds)
                await asyncio.sleep(SWEEPS_S)
                assert abs(await time_of(client) - seconds) < 5, "a connection without an end is kept"
        clock.ahead(DAY)
        assert not await asleep(host, SWEEPS_S), "a day has not passed"
        clock.ahead(-HOUR)
        assert await asleep(host, 15), "nor is there an hour to wait"
        assert 0 < await metric(host, "roost_uptime_seconds") < 300
        assert await host.stop() == 0


async def test_a_call_counts_on_the_day_of_the_clock_and_none_is_lost(tmp_path: Path) -> None:
    with clocked(tmp_path) as (host, clock):
        async with connect(host.base, "ada") as client:
            for seconds in (0, 3 * DAY, -HOUR, 3 * DAY + 1, 0):
                clock.ahead(seconds)
                await client.call("lm.sendRequest", model="demo/scripted", messages=[{"role": "user", "content": "x"}])
        dates = [time.strftime("%Y-%m-%d", time.gmtime(time.time() + ahead)) for ahead in (-HOUR, 0, 3 * DAY)]
        place = f"/api/v1/usage?uid=ada&by=day&from={dates[0]}&to={dates[-1]}"
        rows = {one["key"]: one["calls"] for one in (await fetch(host.base, place)).json()["rows"]}
        assert sum(rows.values()) == 5
        assert rows[dates[-1]] == 2
        assert await host.stop() == 0


@pytest.mark.faults
async def test_events_and_tasks_keep_their_order_through_jumps(tmp_path: Path) -> None:
    with clocked(tmp_path) as (host, clock):
        async with connect(host.base, "ada") as client:
            await client.call("session.open")
            seen = []
            for number, seconds in enumerate((0, DAY, -HOUR, 0)):
                clock.ahead(seconds)
                made = await fetch(host.base, "/api/v1/tasks?uid=ada", "POST", {"message": f"number {number}"})
                assert made.status == 201, made
                seen.append(await ended(host, made.json()["taskId"]))
            assert [one["status"] for one in seen] == ["completed"] * 4
            assert all(one["updatedAt"] >= one["createdAt"] for one in seen)
        listed = (await fetch(host.base, "/api/v1/tasks?uid=ada")).json()["tasks"]
        assert sorted(one["createdAt"] for one in listed) == [one["createdAt"] for one in reversed(listed)]
        numbers = [one["params"]["seq"] for one in client.heard if one.get("method") == "event"]
        assert numbers == list(range(1, len(numbers) + 1)) and len(numbers) > 8
        assert await host.stop() == 0


async def ended(host: Process, task: str) -> dict[str, Any]:
    async with asyncio.timeout(30):
        while True:
            found: dict[str, Any] = (await fetch(host.base, f"/api/v1/tasks/{task}?uid=ada")).json()
            if found["status"] not in ("pending", "running"):
                return found
            await asyncio.sleep(0.05)


@pytest.mark.faults
@pytest.mark.skipif(not HAS_BUBBLEWRAP, reason=NO_BUBBLEWRAP)
async def test_terminals_and_tasks_go_on_three_hours_after_their_user_was_lost(alice: str, bob: str) -> None:
    with passable() as folder, clocked(folder) as (host, clock):
        async with desk(host.base, alice) as lost, connect(host.base, bob) as idle:
            await idle.call("session.open")
            setting = {"key": "demo.script", "value": ENDLESS, "target": "global"}
            await lost.client.call("workspace.updateConfiguration", **setting)
            made = await fetch(host.base, f"/api/v1/tasks?uid={alice}", "POST", {"message": "Talk.", "model": DEMO})
            task = f"/api/v1/tasks/{made.json()['taskId']}?uid={alice}"
            screen = await lost.create()
            await screen.run("while :; do echo ti''ck; sleep 0.2; done")
            await screen.see("tick")
            lost.client.socket.transport.abort()
        for hours in range(1, 4):
            await asyncio.sleep(SWEEPS_S)
            clock.passes(hours * HOUR)
        while await metric(host, "roost_sessions") > 1:  # noqa: ASYNC110  who has nothing that runs falls asleep
            await asyncio.sleep(0.1)
        assert (await fetch(host.base, task)).json()["status"] == "running"
        async with desk(host.base, alice) as back:
            again = await back.attach(screen.id, screen.end)
            await again.see("tick", times=3)
        assert (await fetch(host.base, task, "DELETE")).json()["status"] == "aborted"
        assert await host.stop() == 0
