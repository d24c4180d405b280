"""What one call of a tool may know of its task, and change of it."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

import shim as vscode
from extensions.coder.modes import Mode
from extensions.coder.task import Call, Json
from extensions.coder.tool import Action, Effect

if TYPE_CHECKING:
    from extensions.coder.agent import Run


class Using:
    """The `tool.Use` of one call; `effects` are what it changes."""

    def __init__(self, run: Run, call: Call, mode: Mode) -> None:
        self.task_id = run.task.task_id
        self.call_id = call.call_id
        self.mode = mode
        self.cwd = run.task.cwd
        self.access = run.access
        self.protection = run.protection
        self.token = run.token
        self.sees_images = run.sees_images
        self.is_allowed = call.state == "allowed"
        self.depth = run.task.depth
        self.has_open_todos = any(one.get("status") != "completed" for one in run.task.todos)
        self.notes = run.notes
        self.effects: list[tuple[Effect, Json]] = []
        self._run = run
        self._shown_id = call.shown_id

    def may_read(self, path: str) -> bool:
        return self._run.judge().decide([Action("read", path)]).verdict == "approve"

    async def modes(self) -> Sequence[Mode]:
        return await self._run.house.files.modes(self._run.cwd)

    def effect(self, kind: Effect, **data: Any) -> None:
        self.effects.append((kind, data))

    def stream(self, text: str) -> None:
        self._run.deltas.add(self._shown_id, "output", text)

    def store(self) -> vscode.Uri:
        return self._run.store
