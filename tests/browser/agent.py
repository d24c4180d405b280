"""The coding agent as the page sees it, played by the test: its REST answered, its events told, what is asked kept."""

from __future__ import annotations

import json
import re
from collections.abc import Callable
from typing import Any
from urllib.parse import urlsplit

from playwright.sync_api import Page, Route

from tests.browser.conftest import Line

TASK: dict[str, Any] = {
    "taskId": "t1", "status": "running", "title": "Fix the failing test in tests/test_billing.py", "mode": "code",
    "model": "demo/scripted", "createdAt": 1_764_000_000_000, "updatedAt": 1_764_000_000_000, "todos": [],
    "cost": 0.0312, "usage": {"input": 21_400, "output": 1_830, "cacheRead": 18_100, "cacheWrite": 3_000},
    "contextTokens": 23_230, "contextWindow": 200_000,
}  # fmt: skip


class Agent(Line):
    """`watch` a page with it before it is opened."""

    def __init__(self, *messages: dict[str, Any], **task: Any) -> None:
        super().__init__()
        self.task = TASK | task
        self.messages = list(messages)
        self.approvals: list[dict[str, Any]] = []
        self.asked: list[tuple[str, str, Any]] = []
        self.files: list[dict[str, Any]] = []
        self.late: list[Callable[[], None]] | None = None
        """What is answered later of the task, once this is a list."""

    def watch(self, page: Page) -> None:
        super().watch(page)
        page.route(re.compile(r"/api/v1/(tasks|modes|extensions|autoapprove)"), self._answer)

    def _answer(self, route: Route) -> None:
        request = route.request
        path = urlsplit(request.url).path.split("/api/v1/")[1]
        if request.method != "GET":
            body = request.post_data
            self.asked.append((request.method, path, json.loads(body) if body else None))
            route.fulfill(json=self.task, status=201 if path == "tasks" else 200)
            return
        found = self._found(path)
        if path == "tasks/t1" and self.late is not None:
            self.late.append(lambda: route.fulfill(json=found))
        else:
            route.fulfill(json=found)

    def _found(self, path: str) -> Any:
        if path == "extensions":
            return {"extensions": [{"id": "roost.coder", "name": "Coder", "version": "1", "contributes": {}}]}
        if path == "modes":
            return [{"slug": "code", "name": "Code"}, {"slug": "architect", "name": "Architect"}]
        if path == "tasks":
            return {"tasks": [self.task]}
        if path.endswith("/messages"):
            return {"messages": [{"taskId": "t1", "message": one} for one in self.messages]}
        if path.endswith("/checkpoints"):
            return [{"checkpointId": "c1", "ts": 1_764_000_000_000, "messageId": 1}]
        if path.endswith("/diff"):
            return {"files": self.files}
        return {**self.task, "approvals": self.approvals}

    def says(self, **message: Any) -> None:
        self.tell("coder.message", {"taskId": "t1", "message": {"ts": 1_764_000_000_000, **message}})

    def streams(self, message: int, text: str, kind: str = "text") -> None:
        self.tell("coder.delta", {"taskId": "t1", "messageId": message, "kind": kind, "text": text})

    def is_now(self, **task: Any) -> None:
        self.task |= task
        self.tell("coder.task", self.task)

    def asks(self, **approval: Any) -> None:
        usual = {"taskId": "t1", "approvalId": "a1", "callId": "k1", "tool": "execute_command", "status": "waiting"}
        self.tell("coder.approval", usual | approval)
