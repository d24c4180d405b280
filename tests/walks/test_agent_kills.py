"""Walk: a host is killed at any moment of a task. The next one goes on with it, or asks; no call is made twice.

A few moments are enough for every day, `make faults` has two hundred; `ROOST_KILLS=100` has a hundred of them at once.
"""

from __future__ import annotations

import asyncio
import os
import random
import signal
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

import httpx2
import orjson
import pytest

from tests.client import Process, running
from tests.host.fakes import Asked, openai_says, provider
from tests.screens import passable
from tests.sessions.sandboxes import HAS_BUBBLEWRAP, NO_BUBBLEWRAP

pytestmark = [pytest.mark.anyio, pytest.mark.skipif(not HAS_BUBBLEWRAP, reason=NO_BUBBLEWRAP)]

STEPS = 4
KILLS = int(os.environ.get("ROOST_KILLS", "5"))
MOST = int(os.environ.get("FAULTS_KILLS", "200"))
MOMENT_S = 1.6
"""How long a task of this script takes, about: a moment is drawn from it."""

ALLOWED = {"autoApprovalEnabled": True, "alwaysAllowWrite": True, "alwaysAllowExecute": True, "allowedCommands": ["*"]}
WHO = {"uid": "ada"}
LATE = "and mind the harbour lights"


class Model:
    """Appends one line a step to a file, which nobody may do twice, and then is done."""

    def __init__(self) -> None:
        self.asked: list[dict[str, Any]] = []
        self._news = asyncio.Event()

    async def __call__(self, asked: Asked) -> None:
        self.asked.append(asked.body)
        self._news.set()
        at = sum(one["role"] == "assistant" for one in asked.body["messages"])
        name, given = ("attempt_completion", {"result": "All steps are made."})
        if at < STEPS:
            name, given = "execute_command", {"command": f"sleep 0.05; echo step-{at} >> steps.txt; sleep 0.05"}
        await openai_says(asked, "On", " with", " it.", calls=[(f"call-{at}", name, orjson.dumps(given).decode())])

    async def hears(self, asked: int) -> bool:
        """Whether it is asked more than so often, soon."""
        try:
            async with asyncio.timeout(15):
                while len(self.asked) <= asked:
                    self._news.clear()
                    await self._news.wait()
        except TimeoutError:
            return False
        return True


@asynccontextmanager
async def client_of(process: Process) -> AsyncIterator[httpx2.AsyncClient]:
    async with httpx2.AsyncClient(base_url=process.base, timeout=20) as client:
        yield client


def environment(url: str) -> dict[str, str]:
    told = {"KIND": "openai", "BASE_URL": url, "API_KEY": "sk-test-0123", "MODELS": '["m"]'}
    return {f"ROOST_AI_PROVIDERS__ACME__{name}": value for name, value in told.items()}


async def rest(client: httpx2.AsyncClient, task: str) -> dict[str, Any]:
    """The task once it has ended; what was broken off is not made again."""
    found: dict[str, Any] = {}
    async with asyncio.timeout(60):
        while True:
            found = (await client.get(f"/api/v1/tasks/{task}", params=WHO)).json()
            if found["status"] in ("completed", "failed", "aborted"):
                return found
            for approval in found.get("approvals", ()):
                assert approval["shown"].get("interrupted"), "all else was allowed before"
                at = f"/api/v1/tasks/{task}/approvals/{approval['approvalId']}"
                await client.post(at, params=WHO, json={"decision": "reject"})
            await asyncio.sleep(0.05)


@pytest.mark.parametrize(
    "seed", [*range(KILLS), *(pytest.param(seed, marks=pytest.mark.faults) for seed in range(KILLS, MOST))]
)
async def test_a_killed_hosts_task_goes_on_and_no_call_is_made_twice(seed: int) -> None:
    draw, model = random.Random(seed), Model()
    with passable() as folder:
        async with provider(model) as acme:
            with running(folder / "data", **environment(acme.url)) as process:
                async with client_of(process) as client:
                    task, goes_on = await begun(client, draw)
                process.send(signal.SIGKILL)
                await asyncio.to_thread(process.process.wait)
            asked = len(model.asked)
            with running(folder / "data", **environment(acme.url)) as process:
                goes_on = goes_on and await model.hears(asked)  # nobody has connected
                async with client_of(process) as client:
                    if not goes_on:
                        await asks(client, task)
                    ended = await rest(client, task)
                    shown = (await client.get(f"/api/v1/tasks/{task}/messages", params=WHO)).json()["messages"]
                    file = await client.get("/api/v1/files", params={**WHO, "path": "/workspace/steps.txt"})
    assert ended["status"] == "completed", shown
    lines = file.text.splitlines() if file.status_code == 200 else []
    assert len(lines) == len(set(lines)), "a call was made twice"
    broken = {one["arguments"]["command"].split()[3] for one in shown if one.get("status") == "interrupted"}
    assert {f"step-{at}" for at in range(STEPS)} - set(lines) <= broken, shown
    assert len(broken) <= 1
    last = orjson.dumps(model.asked[-1]["messages"]).decode()
    assert last.count(LATE) == 1, "a message was lost, or said twice"
    assert "Make the steps." in last


async def asks(client: httpx2.AsyncClient, task: str) -> None:
    """What did not go on by itself has ended, or waits for its user."""
    found = (await client.get(f"/api/v1/tasks/{task}", params=WHO)).json()
    assert found["status"] in ("waiting", "completed"), found


async def begun(client: httpx2.AsyncClient, draw: random.Random) -> tuple[str, bool]:
    """A task at some moment, with a message on its way; and whether it needs nobody."""
    await client.put("/api/v1/autoapprove", params=WHO, json=ALLOWED)
    made = await client.post("/api/v1/tasks", params=WHO, json={"message": "Make the steps."})
    assert made.status_code == 201, made.text
    task = made.json()["taskId"]
    await asyncio.sleep(draw.uniform(0, MOMENT_S / 2))
    said = await client.post(f"/api/v1/tasks/{task}/messages", params=WHO, json={"message": LATE})
    assert said.status_code == 200, said.text
    await asyncio.sleep(draw.uniform(0, MOMENT_S / 2))
    now = (await client.get(f"/api/v1/tasks/{task}", params=WHO)).json()["status"]
    return task, now == "running"
