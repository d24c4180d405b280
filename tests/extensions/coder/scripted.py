"""A host of many users with a scripted model: what the agent is told, and what it did, as its user's clients see it."""

from __future__ import annotations

import asyncio
import json
import tempfile
from collections.abc import AsyncIterator, Callable, Sequence
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import httpx2

import shim as vscode
from host.app import Host
from tests.host.fakes import Asked, openai_says, provider
from tests.hosted import hosted

PRICES = {"m": {"input": 1, "output": 10, "cache_read": 0.1}}

Step = Any
"""What the model says next: a text, calls as `(name, arguments)`, or both as `(text, [calls])`; or a coroutine."""


class Model:
    """Plays steps in order, for each conversation by what its first message names as `script <name>`."""

    def __init__(self, **scripts: Sequence[Step]) -> None:
        self.scripts = {name: list(steps) for name, steps in scripts.items()}
        self.asked: dict[str, list[dict[str, Any]]] = {name: [] for name in scripts}
        """The bodies of the requests, by script."""

    async def __call__(self, asked: Asked) -> None:
        body = asked.body
        text = json.dumps(body["messages"])
        name = max((one for one in self.scripts if f"script {one}." in text), key=text.rfind, default="main")
        self.asked[name].append(body)
        steps = self.scripts[name]
        step = steps.pop(0) if steps else "The script has ended."
        if callable(step):
            await step(asked)
            return
        words, calls = said(step)
        number = len(self.asked[name])
        made = [(f"{name}-{number}-{at}", tool, given) for at, (tool, given) in enumerate(calls)]
        await openai_says(asked, *words, calls=made or None)


def said(step: Step) -> tuple[list[str], list[tuple[str, str]]]:
    """Words and calls of a step; arguments become JSON unless they are a text already."""
    if isinstance(step, str):
        return [step], []
    words, calls = ([step[0]], step[1]) if isinstance(step, tuple) and isinstance(step[1], list) else ([], step)
    calls = [calls] if isinstance(calls, tuple) else calls
    return words, [(name, given if isinstance(given, str) else json.dumps(given)) for name, given in calls]


class Agent:
    """One user's tasks over HTTP."""

    def __init__(self, client: httpx2.AsyncClient, host: Host, uid: str) -> None:
        self.client = client
        self.host = host
        self.uid = uid

    async def task(self, message: str = "script main.", **more: Any) -> str:
        """Begin a task; gives its id."""
        answer = await self.client.post("/api/v1/tasks", json={"message": message, **more})
        assert answer.status_code == 201, answer.text
        return str(answer.json()["taskId"])

    async def look(self, task: str) -> dict[str, Any]:
        answer = await self.client.get(f"/api/v1/tasks/{task}")
        assert answer.status_code == 200, answer.text
        found: dict[str, Any] = answer.json()
        return found

    async def until(self, task: str, *statuses: str, seconds: float = 30.0) -> dict[str, Any]:
        """The task once it is one of these."""
        return await self.when(task, lambda found: found["status"] in statuses, seconds)

    async def when(self, task: str, holds: Callable[[dict[str, Any]], bool], seconds: float = 30.0) -> dict[str, Any]:
        found: dict[str, Any] = {}
        try:
            async with asyncio.timeout(seconds):
                while not holds(found := await self.look(task)):  # noqa: ASYNC110  it is told over HTTP
                    await asyncio.sleep(0.02)
        except TimeoutError:
            raise AssertionError(f"it is still {found.get('status')}: {await self.shown(task)}") from None
        return found

    async def rest(self, task: str, seconds: float = 30.0) -> dict[str, Any]:
        """The task once it waits for somebody or has ended."""
        return await self.until(task, "completed", "failed", "aborted", "waiting", "paused", seconds=seconds)

    async def decide(self, task: str, decision: str = "once", **more: Any) -> None:
        """Decide what waits."""
        found = await self.until(task, "waiting")
        (approval,) = found["approvals"]
        at = f"/api/v1/tasks/{task}/approvals/{approval['approvalId']}"
        answer = await self.client.post(at, json={"decision": decision, **more})
        assert answer.status_code == 200, answer.text

    async def say(self, task: str, message: str, **more: Any) -> None:
        answer = await self.client.post(f"/api/v1/tasks/{task}/messages", json={"message": message, **more})
        assert answer.status_code == 200, answer.text

    async def shown(self, task: str) -> list[dict[str, Any]]:
        """What people see of it."""
        answer = await self.client.get(f"/api/v1/tasks/{task}/messages")
        assert answer.status_code == 200, answer.text
        found: list[dict[str, Any]] = answer.json()["messages"]
        return found

    async def seen(self, task: str, holds: Callable[[dict[str, Any]], bool], seconds: float = 30.0) -> None:
        """Wait until people see a message like this."""
        async with asyncio.timeout(seconds):
            while not any(holds(one) for one in await self.shown(task)):  # noqa: ASYNC110  it is told over HTTP
                await asyncio.sleep(0.02)

    async def tools(self, task: str) -> list[tuple[str, str, str]]:
        """The calls that were made: name, what became of it, what came out."""
        return [
            (one["name"], one["status"], one.get("output", ""))
            for one in await self.shown(task)
            if one["kind"] == "tool"
        ]

    async def allow(self, **settings: Any) -> None:
        """Change what is allowed unasked."""
        answer = await self.client.put("/api/v1/autoapprove", json=settings)
        assert answer.status_code == 200, answer.text

    async def set(self, **settings: Any) -> None:
        """Change other settings of the agent's."""
        session = await self.host.sessions.open(self.uid)
        with session.entered():
            for name, value in settings.items():
                await vscode.workspace.get_configuration("coder").update(name, value, vscode.ConfigurationTarget.GLOBAL)

    async def heard(self, kind: str) -> list[dict[str, Any]]:
        """What was told in events of a kind, since the session was opened."""
        session = await self.host.sessions.open(self.uid)
        return [json.loads(one.data_json) for one in session.mailbox.recent(0) or () if one.type == kind]

    async def write(self, path: str, text: str) -> None:
        answer = await self.client.put("/api/v1/files", params={"path": f"/workspace/{path}"}, content=text.encode())
        assert answer.status_code < 300, answer.text

    async def read(self, path: str) -> str | None:
        answer = await self.client.get("/api/v1/files", params={"path": f"/workspace/{path}"})
        return answer.text if answer.status_code == 200 else None


def reachable(folder: Path) -> None:
    """Let the users' OS users pass to the data folder."""
    for one in (folder, *folder.parents):
        if one == Path(tempfile.gettempdir()):
            break
        one.chmod(0o711)


@asynccontextmanager
async def agents(folder: Path, model: Model, **settings: Any) -> AsyncIterator[Callable[..., Agent]]:
    """Agents of users on one host, whose model is `model`."""
    reachable(folder)
    async with provider(model) as acme:
        told = {"kind": "openai", "api_key": "sk-test-0123", "base_url": acme.url, "models": ["m"], "prices": PRICES}
        async with hosted(folder, ai_providers={"acme": told}, **settings) as (host, user):
            yield lambda uid, **claims: Agent(user(uid, **claims), host, uid)


WHOLE = {"autoApprovalEnabled": True, "alwaysAllowWrite": True, "alwaysAllowExecute": True, "allowedCommands": ["*"],
         "alwaysAllowModeSwitch": True, "alwaysAllowSubtasks": True}  # fmt: skip
"""Everything of everyday work, unasked."""
