"""What all runs of one user share: models, prompts, files, tools, checkpoints, and what tools remember."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping
from dataclasses import replace
from typing import Any

import shim as vscode
from extensions.coder.access import Access
from extensions.coder.agent_files import AgentFiles
from extensions.coder.checklist import Todo
from extensions.coder.checkpoints import Checkpoints, NoCheckpoint
from extensions.coder.condensing import Folding
from extensions.coder.executor import REPEATS
from extensions.coder.journal import new_id, now_ms
from extensions.coder.prompting import PromptService
from extensions.coder.running import Commands
from extensions.coder.speech import Speech, quoted
from extensions.coder.task import Conversation, Draft, Json, Task
from extensions.coder.tool import Tool
from extensions.coder.tools import TOOLS

REMEMBERED = 20
"""Tasks of which tools remember what they saw, beside those in which something runs."""

TITLE = 100
"""Characters of a task's title."""


class House:
    """What all runs of one user share."""

    def __init__(self, storage: vscode.Uri) -> None:
        self.storage = storage
        self.files = AgentFiles(storage, watches=True)
        self.prompts = PromptService(self.files, TOOLS)
        self.checkpoints = Checkpoints()
        self.tools: Mapping[str, Tool] = {name: tool for tool in TOOLS for name in (tool.name, *tool.aliases)}
        self.patience = 1.0
        """What waits between tries are multiplied with; tests are in a hurry."""
        self._notes: dict[str, dict[str, Any]] = {}
        self._resting: dict[str, None] = {}
        """Tasks with notes that have ended, those that ended last behind the others."""
        self._locks: dict[str, asyncio.Lock] = {}

    @property
    def repeats(self) -> int:
        return setting("repeatedCallLimit", REPEATS)

    @property
    def mistakes(self) -> int:
        return setting("consecutiveMistakeLimit", 3) or 1_000_000

    def lock_of(self, task_id: str) -> asyncio.Lock:
        """What holds the changes of one task apart."""
        return self._locks.setdefault(task_id, asyncio.Lock())

    def notes_of(self, task_id: str) -> dict[str, Any]:
        """What the tools of a task remember while the host lives."""
        self._resting.pop(task_id, None)
        return self._notes.setdefault(task_id, {})

    def rest(self, task_id: str) -> None:
        """A task has ended, and may go on some day: what only the newest of them remember is kept of no others."""
        self.checkpoints.rest(task_id)
        if (notes := self._notes.get(task_id)) is None or not Commands.of(notes).is_idle:
            return
        self._resting.pop(task_id, None)
        self._resting[task_id] = None
        if len(self._resting) > REMEMBERED:
            oldest = next(iter(self._resting))
            del self._resting[oldest], self._notes[oldest]

    async def forget(self, task_id: str) -> None:
        """A task is gone, and what it had running."""
        notes = self._notes.pop(task_id, None)
        self._resting.pop(task_id, None)
        if notes is not None:
            await Commands.of(notes).end()
        self._locks.pop(task_id, None)

    async def model(self, wanted: str | None) -> vscode.LanguageModelChat | None:
        """The model that a task asks for, else the user's choice, else the first."""
        chosen = wanted or vscode.workspace.get_configuration("coder").get("model")
        models = await vscode.lm.select_chat_models()
        named = [one for one in models if chosen in (one.id, one.family)] if chosen else []
        return next(iter(named or ([] if wanted else models)), None)

    def todos_of(self, task: Task) -> list[Todo]:
        return [Todo(one["content"], one["status"]) for one in task.todos]

    def folding(self, cwd: vscode.Uri, access: Access) -> Folding:
        """How files that were read are kept in a summary."""
        return Folding(cwd, access)

    async def remember(self, task: Task) -> tuple[str, str] | None:
        """A checkpoint of the workspace: its id and no problem, or a problem to tell once; None where it is off."""
        if vscode.workspace.get_configuration("coder").get("enableCheckpoints") is False:
            return None
        notes = self.notes_of(task.task_id)
        if notes.get("no checkpoints"):
            return None
        try:
            return await self.checkpoints.save(task.task_id), ""
        except NoCheckpoint as error:
            notes["no checkpoints"] = True
            return "", f"The workspace cannot be remembered before changes: {error}"

    # -- tasks below others

    def child_of(self, parent: Task, data: Json) -> tuple[Conversation, Draft]:
        """A task below another, not yet on the disk."""
        made = new(data["message"], parent.cwd, data["mode"], parent.model)
        todos = tuple(data.get("todos", ()))
        child = replace(made, parent_task_id=parent.task_id, depth=parent.depth + 1, kind=parent.kind, todos=todos)
        return begun(child, quoted(data["message"]))


def setting(name: str, default: int) -> int:
    given = vscode.workspace.get_configuration("coder").get(name)
    return given if isinstance(given, int) and not isinstance(given, bool) and given >= 0 else default


def new(message: str, cwd: str, mode: str, model: str | None) -> Task:
    now = now_ms()
    title = " ".join(message.split())[:TITLE]
    return Task(new_id(), "pending", mode, title, now, now, cwd, model)


def begun(task: Task, speech: Speech) -> tuple[Conversation, Draft]:
    """A task with its first message."""
    conversation = Conversation(task)
    draft = conversation.draft()
    draft.show("user", now_ms(), text=speech.text)
    draft.say("user", speech.content, now_ms())
    return conversation, draft
