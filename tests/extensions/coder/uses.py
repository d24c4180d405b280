"""What a tool knows of its task, for tests that call tools without a task around them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import shim as vscode
from extensions.coder.access import Access, Protection
from extensions.coder.modes import BUILT_IN, Mode
from extensions.coder.tool import Effect, Plan, Result, Tool


class Using:
    """A `Use`: what is streamed is in `streamed`, `stop()` is what aborting the task does."""

    def __init__(self, cwd: str = "/workspace", ignore: str | None = None) -> None:
        self.task_id = "task-1"
        self.call_id = "call-1"
        self.mode: Mode = next(mode for mode in BUILT_IN if mode.slug == "code")
        self.cwd = cwd
        self.access = Access(cwd, ignore)
        self.protection = Protection(cwd)
        self.sees_images = True
        self.is_allowed = False
        self.depth = 0
        self.has_open_todos = False
        self.notes: dict[str, Any] = {}
        self.streamed: list[str] = []
        self.unread: set[str] = set()
        """Paths that would have to be asked about."""
        self._stopping = vscode.CancellationTokenSource()
        self.token = self._stopping.token

    def may_read(self, path: str) -> bool:
        return path not in self.unread

    async def modes(self) -> Sequence[Mode]:
        return BUILT_IN

    def effect(self, kind: Effect, **data: Any) -> None:
        raise AssertionError(f"a task around it would change: {kind}, {data}")

    def stop(self) -> None:
        self._stopping.cancel()

    def stream(self, text: str) -> None:
        self.streamed.append(text)

    def store(self) -> vscode.Uri:
        return vscode.Uri.file("/home/.local/share/roost/tasks/task-1")


async def planned(tool: Tool, use: Using, **arguments: Any) -> Plan:
    """What the tool would do."""
    given: Mapping[str, Any] = arguments
    return await tool.plan(use, given)


async def done(tool: Tool, use: Using, **arguments: Any) -> Result:
    """What comes of it, with leave."""
    return await (await planned(tool, use, **arguments)).act()
