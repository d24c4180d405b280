"""Walk: a task as it was on the disk after each of its commits. From every one of them a new host brings it to its end.

Between two commits the world may be as it was after the first, or as it is just before the second: both are tried.
"""

from __future__ import annotations

import asyncio
import hashlib
import shutil
import sqlite3
import subprocess
from collections.abc import Sequence
from contextlib import closing
from pathlib import Path
from typing import Any

import orjson
import pytest

from shim.proposed import records
from tests.extensions.coder.scripted import WHOLE, Agent
from tests.host.fakes import Asked, openai_says, provider
from tests.hosted import hosted
from tests.screens import passable
from tests.sessions.sandboxes import HAS_BUBBLEWRAP, NO_BUBBLEWRAP

pytestmark = [pytest.mark.anyio, pytest.mark.skipif(not HAS_BUBBLEWRAP, reason=NO_BUBBLEWRAP)]

SHARES = 3
"""Each takes all snapshots and goes on from its share of them, so that no worker is left with all of it at the end."""
BELOW = "Make the fourth line."
LINES = ("one", "two", "three", "four")


def line(word: str) -> tuple[str, dict[str, Any]]:
    """A call that nobody may make twice."""
    return "execute_command", {"command": f"echo {word} >> lines.txt"}


ABOVE: Sequence[Sequence[tuple[str, dict[str, Any]]]] = (
    [("update_todo_list", {"todos": "[ ] Make lines\n[ ] Ask"})],
    [line("one")],
    [line("two"), line("three")],
    [("new_task", {"mode": "code", "message": BELOW})],
    [("ask_followup_question", {"question": "Is it enough?", "follow_up": [{"text": "Yes"}]})],
    [("attempt_completion", {"result": "All lines are made."})],
)
CHILD: Sequence[Sequence[tuple[str, dict[str, Any]]]] = (
    [line("four")],
    [("attempt_completion", {"result": "The fourth is made."})],
)


class Model:
    """Answers by how far a conversation is, so that it does not matter which host asks."""

    def __init__(self) -> None:
        self.last: dict[str, Any] = {}

    async def __call__(self, asked: Asked) -> None:
        messages = asked.body["messages"]
        first = orjson.dumps(next(one for one in messages if one["role"] == "user")).decode()
        steps = CHILD if BELOW in first else ABOVE
        self.last[BELOW if BELOW in first else "above"] = messages
        at = min(sum(one["role"] == "assistant" for one in messages), len(steps) - 1)
        calls = [
            (f"{id(steps)}-{len(messages)}-{n}", name, orjson.dumps(given).decode())
            for n, (name, given) in enumerate(steps[at])
        ]
        await openai_says(asked, "On with it.", calls=calls)


def snapshot(data: Path, place: Path) -> None:
    """The data folder as a kill would leave it now: files with their owners, databases whole."""
    place.parent.mkdir(mode=0o711, exist_ok=True)
    subprocess.run(["cp", "-a", data, place], check=True)
    for database in data.rglob("state.db"):
        copy = place / database.relative_to(data)
        for file in copy.parent.glob("state.db*"):
            file.unlink()
        with closing(sqlite3.connect(database)) as source, closing(sqlite3.connect(copy)) as target:
            source.backup(target)


def content(place: Path) -> dict[Path, bytes]:
    """Every file of a snapshot."""
    return {
        path.relative_to(place): hashlib.sha256(path.read_bytes()).digest()
        for path in place.rglob("*")
        if path.is_file() and not path.is_symlink()
    }


class Disk:
    """Takes a snapshot after each commit of the agent, and before the next one where that is another."""

    def __init__(self, data: Path, place: Path) -> None:
        self._data = data
        self._place = place
        self._commit = records.commit
        self._lock = asyncio.Lock()
        self._last: dict[Path, bytes] = {}
        self.taken: list[Path] = []

    async def take(self, when: str) -> None:
        place = self._place / f"{len(self.taken):03}-{when}"
        await asyncio.to_thread(snapshot, self._data, place)
        found = await asyncio.to_thread(content, place)
        if found == self._last:
            await asyncio.to_thread(shutil.rmtree, place)
            return
        self._last = found
        self.taken.append(place)

    async def commit(self, changes: Any, event: Any = None, **more: Any) -> Any:
        async with self._lock:
            if self.taken:
                await self.take("late")
            number = await self._commit(changes, event, **more)
            await self.take("early")
            return number


async def to_the_end(agent: Agent, task: str) -> dict[str, Any]:
    """Answer what is asked until the task has ended: what was broken off is not made again."""
    async with asyncio.timeout(30):
        while True:
            listed = (await agent.client.get("/api/v1/tasks")).json()["tasks"]
            for one in listed:
                found = await agent.look(one["taskId"])
                for approval in found.get("approvals", ()):
                    assert approval["shown"].get("interrupted"), approval
                    at = f"/api/v1/tasks/{one['taskId']}/approvals/{approval['approvalId']}"
                    await agent.client.post(at, json={"decision": "reject"})
                if found.get("waitingFor") == "question":
                    await agent.say(one["taskId"], "Yes")
            found = await agent.look(task)
            if found["status"] in ("completed", "failed", "aborted"):
                return found
            await asyncio.sleep(0.02)


@pytest.mark.timeout(300)
@pytest.mark.parametrize("share", range(SHARES))
async def test_every_commit_is_a_place_to_go_on_from(monkeypatch: pytest.MonkeyPatch, share: int) -> None:
    model = Model()
    with passable() as folder:
        async with provider(model) as acme:
            told = {"kind": "openai", "api_key": "sk-test-0123", "base_url": acme.url, "models": ["m"]}
            async with hosted(folder / "data", ai_providers={"acme": told}) as (host, user):
                ada = Agent(user("ada"), host, "ada")
                await ada.allow(**WHOLE)
                disk = Disk(folder / "data", folder / "disk")
                monkeypatch.setattr(records, "commit", disk.commit)
                task = await ada.task("Make the lines.")
                ended = await to_the_end(ada, task)
                assert ended["status"] == "completed", (ended, (await ada.shown(task))[-3:])
                assert (await ada.read("lines.txt") or "").split() == list(LINES)
                monkeypatch.undo()
            assert len(disk.taken) > 2 * len(ABOVE)
            wrong = [name for place in disk.taken[share::SHARES] for name in [await again(place, told, model)] if name]
    assert not wrong, "\n".join(wrong)


async def again(data: Path, told: dict[str, Any], model: Model) -> str | None:
    """What is wrong with how a task goes on from a snapshot; None where nothing is."""
    model.last.clear()
    async with hosted(data, ai_providers={"acme": told}) as (host, user):
        ada = Agent(user("ada"), host, "ada")
        listed = (await ada.client.get("/api/v1/tasks")).json()["tasks"]
        above = [one["taskId"] for one in listed if not one.get("parentTaskId")]
        if not above:
            return f"{data.name}: the task is gone"
        try:
            ended = await to_the_end(ada, above[0])
        except TimeoutError:
            return f"{data.name}: it hangs: {[await ada.look(one['taskId']) for one in listed]}"
        made = (await ada.read("lines.txt") or "").split()
        listed = (await ada.client.get("/api/v1/tasks")).json()["tasks"]
        broken = [
            one["arguments"]["command"].split()[1]
            for task in listed
            for one in await ada.shown(task["taskId"])
            if one.get("status") == "interrupted" and "command" in one["arguments"]
        ]
    if ended["status"] != "completed":
        return f"{data.name}: it {ended['status']}: {ended}"
    if len(made) != len(set(made)):
        return f"{data.name}: a call was made twice: {made}"
    if set(LINES) - set(made) - set(broken):
        return f"{data.name}: a call was never made: {made}, {broken}"
    if "above" in model.last and orjson.dumps(model.last["above"]).count(b"Make the lines.") != 1:
        return f"{data.name}: the user's message was lost, or is there twice"
    return None
