"""TaskManager (seed 000): the tasks of one user, from their making to their removal, and which of them run.

What is asked of a task is a change of what is on the disk; then its run begins, or begins anew. Nothing here waits for
a person, and a host that is killed at any place goes on from the last step.
"""

from __future__ import annotations

from collections.abc import Awaitable, Sequence
from dataclasses import replace
from typing import Any

import shim as vscode
from extensions.coder import journal
from extensions.coder.agent import Run
from extensions.coder.asking import Asking
from extensions.coder.checkpoints import NoCheckpoint
from extensions.coder.condensing import CannotCondense
from extensions.coder.deciding import Deciding
from extensions.coder.house import begun, new
from extensions.coder.inquiry import Inquiry
from extensions.coder.journal import new_id
from extensions.coder.permissions import Leave
from extensions.coder.rewinding import Rewinding
from extensions.coder.roster import Roster
from extensions.coder.speech import noted, quoted, spoken
from extensions.coder.task import ENDED, QUEUED, Conversation, Draft, Json, Task
from extensions.coder.tool import ToolError
from extensions.coder.tools.update_todo_list import listed
from extensions.coder.turns import aborted, again, answered
from shim.proposed.http import Conflict, Invalid, NotFound

PAGE = 50
LARGEST_PAGE = 200

NAMED = 12
"""Models that are named where a task asks for one that is none."""


class TaskManager:
    """The tasks of the current user; `past` brings back what was."""

    def __init__(self, storage: vscode.Uri) -> None:
        asking = Asking(lambda *given: self.decide(*given), self.send_message)
        self._roster = Roster(storage, self.resume_task, self._take_suggestion, asking)
        self.decide = Deciding(self._roster).decide
        self.house = self._roster.house
        self.past = Rewinding(self._roster)

    async def wake(self) -> None:
        """Go on with what ran when the host stopped."""
        await self._roster.wake()

    async def dispose(self) -> None:
        """The session ends: what runs is broken off at a place from which it goes on."""
        await self._roster.dispose()

    # -- what is asked of them

    async def create_task(
        self, message: str, mode: str | None = None, model: str | None = None, images: Sequence[str] = (),
        kind: str | None = None,
    ) -> Task:  # fmt: skip
        """A new task, durable before this returns; it runs by itself. Raises `Invalid`."""
        cwd = self._folder()
        if model is not None and await self.house.model(model) is None:
            names = [one.id for one in await vscode.lm.select_chat_models()]
            more = f" and {len(names) - NAMED} more" if len(names) > NAMED else ""
            raise Invalid("model", f"there is no model {model[:100]!r}; there are {', '.join(names[:NAMED])}{more}")
        slug = mode or str(vscode.workspace.get_configuration("coder").get("mode") or "code")
        await self._check_mode(cwd, slug)
        speech = await spoken(self.house, cwd, slug, message, images)
        conversation, draft = begun(replace(new(message, cwd, speech.mode or slug, model), kind=kind), speech)
        await self._roster.hold(sure=True)
        await journal.whole(journal.commit(conversation, draft))
        await noted(self.house, conversation.task.task_id, speech)
        self._roster.begin(conversation)
        return conversation.task

    async def _check_mode(self, cwd: str, slug: str) -> None:
        modes = await self.house.files.modes(vscode.Uri.file(cwd))
        if slug not in {one.slug for one in modes}:
            raise Invalid("mode", f"there is no mode {slug[:64]!r}; there are {', '.join(one.slug for one in modes)}")

    @staticmethod
    def _folder() -> str:
        folders = vscode.workspace.workspace_folders
        if not folders:
            raise Conflict("there is no workspace folder to work in")
        return folders[0].uri.path

    async def get_task(self, task_id: str) -> Json:
        """A task as clients see it, with what it waits for."""
        task = await self._roster.row(task_id)
        held = self._roster.held(task_id)
        calls = list(held.calls.values()) if held else await journal.calls(task_id) if task.status == "waiting" else []
        asked = sorted((one for one in calls if one.state in ("waiting", "interrupted")), key=lambda one: one.at)
        waiting = [one.approval for one in asked if one.approval]
        return {**self._roster.queue.told(task), "approvals": waiting + ([task.limit] if task.limit else [])}

    async def list_tasks(
        self, status: str | None = None, parent: str | None = None, limit: int = PAGE, after: str | None = None
    ) -> Json:
        """Tasks, newest first: `{tasks, next?}`; `next` is the `after` of the following page."""
        found: list[Task] = []
        place, limit = after, max(1, min(limit, LARGEST_PAGE))
        while len(found) <= limit:
            page = await journal.tasks(place, LARGEST_PAGE)
            found += [
                one
                for one in page
                if (status is None or one.status == status) and (parent is None or one.parent_task_id == parent)
            ]
            if len(page) < LARGEST_PAGE:
                break
            place = page[-1].task_id
        told: Json = {"tasks": [self._roster.queue.told(one) for one in found[:limit]]}
        return told | ({"next": found[limit - 1].task_id} if len(found) > limit else {})

    async def messages(self, task_id: str, after: int = 0, limit: int = 500) -> Json:
        """What people see of a task, in order: `{messages, next?}`."""
        task = await self._roster.row(task_id)
        limit = max(1, min(limit, 1_000))
        found = await journal.shown(task, after, limit)
        more = bool(found) and len(found) == limit and found[-1]["id"] < task.shown
        return {"messages": found} | ({"next": found[-1]["id"]} if more else {})

    async def pause_task(self, task_id: str) -> Task:
        """Stop a task where it is, to go on later."""
        conversation = await self._roster.get(task_id)
        if conversation.task.status == "paused":
            return conversation.task
        self._refuse_ended(conversation, "pause")
        if conversation.task.status == "delegated":
            raise Conflict("it waits for the task below it: pause that one")
        await self._roster.stop(task_id)

        def change(draft: Draft) -> None:
            if draft.task.status not in (*ENDED, "delegated"):
                draft.change(status="paused", waiting_for=None)

        await self._roster.step(conversation, change)
        await self._roster.hold()
        return conversation.task

    async def resume_task(self, task_id: str) -> Task:
        """Go on with a task that was paused, ran out of budget, failed or was aborted."""
        conversation = await self._roster.get(task_id)
        task = conversation.task
        if task.status in ("pending", "running", "delegated"):
            return task
        if task.status == "completed":
            raise Conflict("it is completed: send it a message to go on")
        if task.status == "waiting" and task.waiting_for in ("approval", "question"):
            raise Conflict(f"it waits for your {'decision' if task.waiting_for == 'approval' else 'answer'}: give that")

        def change(draft: Draft) -> None:
            if draft.task.status != task.status:
                return  # somebody else was faster
            waits = self._waits_for(conversation)
            draft.change(
                status="waiting" if waits else "running", waiting_for=waits, error=None, short=None, mistakes=0
            )
            if task.ended:  # they were withdrawn then
                draft.approvals += [one.approval for one in conversation.waiting_calls if one.approval]

        await self._roster.step(conversation, change)
        self._roster.begin(conversation)
        return conversation.task

    @staticmethod
    def _waits_for(conversation: Conversation) -> Any:
        if conversation.task.question is not None:
            return "question"
        return "approval" if conversation.waiting_calls or conversation.task.limit else None

    async def abort_task(self, task_id: str) -> Task:
        """End a task, and those below it. Raises `Conflict` where it has ended."""
        conversation = await self._roster.get(task_id)
        self._refuse_ended(conversation, "abort")
        child = conversation.task.child_task_id
        if conversation.task.status == "delegated" and child:
            below = await self._roster.get(child)
            await self._roster.step(
                conversation, lambda draft: draft.change(child_task_id=None)
            )  # it does not go on with it
            if not below.task.ended:
                await self.abort_task(child)
        await self._roster.stop(task_id)
        parent = conversation.task.parent_task_id
        above = await self._roster.get(parent) if parent is not None else None

        def change(draft: Draft) -> None:
            if not draft.task.ended:
                aborted(draft, conversation)

        await self._roster.step(conversation, change, above)
        if above is not None:
            self._roster.begin(above)
        await self.house.forget(task_id)
        await self._roster.hold()
        return conversation.task

    async def delete_task(self, task_id: str) -> None:
        """Remove a task that has ended, and all that was kept of it."""
        await self._roster.remove(await self._roster.get(task_id))
        await self.house.forget(task_id)
        await self._quietly(self.house.checkpoints.remove(task_id))
        folder = vscode.Uri.join_path(self.house.storage, "tasks", task_id)
        await self._quietly(vscode.workspace.fs.delete(folder, recursive=True))

    @staticmethod
    async def _quietly(work: Awaitable[object]) -> None:
        """Wait for what need not succeed: it may not be there."""
        try:
            await work
        except (NoCheckpoint, vscode.FileSystemError):
            return

    @staticmethod
    def _refuse_ended(conversation: Conversation, what: str) -> None:
        if conversation.task.status in ENDED:
            raise Conflict(f"it has {conversation.task.status}: there is nothing to {what}")

    # -- what people say

    async def send_message(self, task_id: str, message: str, mode: str = "steer", images: Sequence[str] = ()) -> Task:
        """Say something to a task: an answer to its question, a new turn of one that rests, or a word to a busy one.

        `mode` is for a busy one: `steer` is heard before the next request, `queue` when it would be completed.
        """
        if mode not in ("steer", "queue"):
            raise Invalid("mode", "must be 'steer' or 'queue'")
        task = await self._roster.row(task_id)
        suggested = [one["text"] for one in (task.question or {}).get("suggestions", ())]
        is_chosen = message in suggested and not images
        speech = quoted(message) if is_chosen else await spoken(self.house, task.cwd, task.mode, message, images)
        conversation = await self._roster.get(task_id)  # what is mentioned may have taken long to read

        def change(draft: Draft) -> None:
            if draft.task.question is not None and draft.task.status == "waiting":
                answered(draft, conversation, speech)
            elif draft.task.status in ENDED:
                again(draft, conversation, speech)
            elif len(draft.task.queue) >= QUEUED:
                raise Conflict(f"{QUEUED} messages wait for it already; wait until it has read some")
            else:
                queued = {"id": new_id(), "text": message, "mode": mode, "content": speech.content, "to": speech.mode}
                draft.change(queue=(*draft.task.queue, queued))

        await self._roster.step(conversation, change)
        await noted(self.house, task_id, speech)
        self._roster.begin(conversation)
        return conversation.task

    async def take_back(self, task_id: str, message_id: str) -> Task:
        """Take back a message that still waits for a busy task. Raises `NotFound` where it was heard already."""
        conversation = await self._roster.get(task_id)

        def change(draft: Draft) -> None:
            left = tuple(one for one in draft.task.queue if one["id"] != message_id)
            if len(left) == len(draft.task.queue):
                raise NotFound(f"no message {message_id[:80]!r} waits here: the agent has heard it, or it never was")
            draft.change(queue=left)

        await self._roster.step(conversation, change)
        return conversation.task

    async def _take_suggestion(self, task_id: str, suggestion: Json) -> None:
        """Answer a question by itself. A mode that comes with the answer takes the leave that switching it takes."""
        leave = Leave.of_user()
        keeps_mode = not leave.enabled or "mode" not in leave.switches
        conversation = await self._roster.get(task_id)

        def change(draft: Draft) -> None:
            if draft.task.question is not None and draft.task.status == "waiting":
                speech = quoted(suggestion["text"])
                answered(draft, conversation, speech, keeps_mode=keeps_mode, by_itself=True)

        await self._roster.step(conversation, change)
        self._roster.begin(conversation)

    # -- its mode and context

    async def set_mode(self, task_id: str, mode: str) -> Task:
        """Let a task go on in another mode."""
        conversation = await self._roster.get(task_id)
        await self._check_mode(conversation.task.cwd, mode)
        await self._roster.step(conversation, lambda draft: draft.change(mode=mode))
        return conversation.task

    async def set_todos(self, task_id: str, text: str) -> Task:
        """Put a checklist in the place of a task's; the agent hears of it with its next request."""
        conversation = await self._roster.get(task_id)
        try:
            todos = tuple(listed(text))
        except ToolError as error:
            raise Invalid("todos", str(error).removeprefix("todos: ")) from None
        await self._roster.step(conversation, lambda draft: draft.change(todos=todos))
        return conversation.task

    async def condense(self, task_id: str) -> Json:
        """Condense a task that does not run. Gives `{summary}`."""
        conversation = await self._roster.get(task_id)
        async with self._roster.apart(conversation):
            try:
                return {"summary": await Inquiry(Run(self._roster, conversation)).condense()}
            except CannotCondense as error:
                raise Conflict(str(error)) from None
