"""Walk: thirty users have a task each at the same time in one host. Nothing of one is in what another's agent knows."""

from __future__ import annotations

import asyncio
import re
from typing import Any

import httpx2
import orjson
import pytest

from tests.client import Client, connect, running
from tests.host.fakes import Asked, openai_says, provider
from tests.screens import passable
from tests.sessions.sandboxes import HAS_BUBBLEWRAP, NO_BUBBLEWRAP
from tests.walks.test_agent_kills import ALLOWED, environment

pytestmark = [pytest.mark.anyio, pytest.mark.skipif(not HAS_BUBBLEWRAP, reason=NO_BUBBLEWRAP)]

USERS = [f"user{number:02}" for number in range(30)]
SECRET = re.compile(r"secret-of-(user\d\d)")
TOGETHER = 4
"""How many answers of the model are held back until so many have been asked for: the tasks really meet."""


class Model:
    """Reads a secret, writes it elsewhere, and ends with it; each conversation by its own words."""

    def __init__(self) -> None:
        self.bodies: list[bytes] = []
        self._waiting = 0
        self._all = asyncio.Event()

    async def __call__(self, asked: Asked) -> None:
        text = orjson.dumps(asked.body)
        self.bodies.append(text)
        await self._meet()
        at = sum(one["role"] == "assistant" for one in asked.body["messages"])
        mine = SECRET.findall(text.decode())[0]
        steps: list[tuple[str, dict[str, Any]]] = [
            ("execute_command", {"command": "cat secret.txt"}),
            ("execute_command", {"command": f"cat secret.txt > copy.txt; echo {mine} >> copy.txt"}),
            ("attempt_completion", {"result": f"Copied secret-of-{mine}."}),
        ]
        name, given = steps[at]
        await openai_says(asked, "On with it.", calls=[(f"call-{at}", name, orjson.dumps(given).decode())])

    async def _meet(self) -> None:
        self._waiting += 1
        if self._waiting >= TOGETHER:
            self._all.set()
        await self._all.wait()


async def one(base: str, uid: str) -> list[dict[str, Any]]:
    """A user's task to its end, followed over the socket; gives every event that they heard."""
    who = {"uid": uid}
    async with httpx2.AsyncClient(base_url=base, timeout=60) as client, connect(base, uid) as socket:
        await socket.call("session.open")
        await client.put("/api/v1/autoapprove", params=who, json=ALLOWED)
        await client.put("/api/v1/files", params={**who, "path": "/workspace/secret.txt"}, content=f"secret-of-{uid}\n")
        message = f"Copy the file with secret-of-{uid}."
        made = await client.post("/api/v1/tasks", params=who, json={"message": message})
        assert made.status_code == 201, made.text
        events = await until_ended(socket, made.json()["taskId"])
        copy = await client.get("/api/v1/files", params={**who, "path": "/workspace/copy.txt"})
        listed = (await client.get("/api/v1/tasks", params=who)).json()["tasks"]
    assert copy.text == f"secret-of-{uid}\n{uid}\n"
    assert [(task["status"], task["title"]) for task in listed] == [("completed", message)]
    return events


async def until_ended(socket: Client, task: str) -> list[dict[str, Any]]:
    """The events up to the one that says that the task has ended."""
    heard = []
    while True:
        event = (await socket.next())["params"]
        heard.append(event)
        if event["type"] == "coder.task" and event["data"]["status"] in ("completed", "failed", "waiting"):
            assert event["data"]["status"] == "completed", heard[-3:]
            assert event["data"]["taskId"] == task
            return heard


@pytest.mark.timeout(180)
async def test_thirty_users_tasks_meet_and_know_nothing_of_each_other() -> None:
    model = Model()
    with passable() as folder:
        async with provider(model) as acme:
            with running(folder / "data", **environment(acme.url)) as process:
                heard = await asyncio.gather(*(one(process.base, uid) for uid in USERS))
    for body in model.bodies:
        assert len(set(SECRET.findall(body.decode()))) == 1, "two users in one prompt"
    for uid, events in zip(USERS, heard, strict=True):
        text = orjson.dumps(events).decode()
        assert set(SECRET.findall(text)) == {uid}
        numbers = [event["seq"] for event in events]
        assert numbers == sorted(set(numbers))
    assert len(model.bodies) == 3 * len(USERS)
