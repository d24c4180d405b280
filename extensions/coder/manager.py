"""TaskManager (seed 000): the tasks of one user, from their making to their removal, and which of them run.

What is asked of a task is a change of what is on the disk; then its run begins, or begins anew. Nothing here waits for
a person, and a host that is killed at any place goes on from the last step.
"""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Sequence
from contextlib import suppress
from dataclasses import replace
from typing import Any

import shim as vscode
from extensions.coder import journal
from extensions.coder.admitting import Queue
from extensions.coder.agent import Run
from extensions.coder.checkpoints import NoCheckpoint
from extensions.coder.condensing import CannotCondense
from extensions.coder.house import House, begun, new, setting
from extensions.coder.journal import new_id, now_ms
from extensions.coder.permissions import Leave
from extensions.coder.purse import Purse
from extensions.coder.speech import spoken
from extensions.coder.task import ENDED, QUEUED, Conversation, Draft, Json, Task, interrupted
from extensions.coder.turns import (
    aborted,
    again,
    answer_of,
    answered,
    break_off,
    decided,
    limit_decided,
)
from shim.proposed import background
from shim.proposed.http import Conflict, Invalid, NotFound

PAGE = 50
LARGEST_PAGE = 200
AT_ONCE = 3
STOP_S = 5.0


def _at_once() -> int:
    return setting("maxConcurrentTasks", AT_ONCE) or 1


class TaskManager:
    """The tasks of the current user."""

    def __init__(self, storage: vscode.Uri) -> None:
        self.house = House(self, storage)
        self._runs: dict[str, tuple[Run, asyncio.Future[None]]] = {}
        self._open: dict[str, Conversation] = {}
        self.queue = Queue(_at_once())
        self._purse = Purse(self._look, self.resume_task)
        self._settings = vscode.workspace.on_did_change_configuration(self._set)
        self._holds: bool | None = None
        """Whether the host remembers; None: what it remembers of the run before."""
        self._waits: bool | None = None
        """The same, of tasks that wait for money."""
        self._timers = 0
        """Questions whose first suggestion is taken after a time."""
        self._hold_lock = asyncio.Lock()
        self._closing = False

    # -- their life

    async def wake(self) -> None:
        """Go on with what ran when the host stopped."""
        found = [await self._get(task_id) for task_id in await journal.open_tasks()]
        for conversation in sorted(found, key=lambda one: (one.task.status == "pending", one.task.task_id)):
            draft = interrupted(conversation, now_ms())
            if draft is not None:
                await journal.commit(conversation, draft)
            self.begin(conversation)
            self._answer_later(conversation)
            self._note_short(conversation.task)
        await self._hold()

    async def dispose(self) -> None:
        """The session ends: what runs is broken off at a place from which it goes on."""
        self._closing = True
        self._settings.dispose()
        self._purse.dispose()
        for task_id in list(self._runs):
            await self._stop(task_id)
        for task_id in list(self._open):
            await self.house.forget(task_id)

    def begin(self, conversation: Conversation) -> None:
        """Let a task run, if it does not yet."""
        task_id = conversation.task.task_id
        if self._closing or conversation.next == "rest" or task_id in self._runs:
            return
        self._open[task_id] = conversation
        run = Run(self.house, conversation)
        work = background.start(self._live(run), f"task {task_id}")
        self._runs[task_id] = (run, work)
        work.add_done_callback(lambda done: self._rested(task_id, done))

    async def _live(self, run: Run) -> None:
        try:
            await self._hold()
            if run.task.parent_task_id is not None:
                await self._get(run.task.parent_task_id)  # its end is the other's next step
            async with self.queue.turn(run):
                await run.live()
        finally:
            run.over.set()

    def _rested(self, task_id: str, work: asyncio.Future[None]) -> None:
        run, _ = self._runs.pop(task_id)
        run.deltas.flush()
        if self._closing:
            return
        if not work.cancelled() and (error := work.exception()) is not None:
            background.start(self._broke(task_id, error), f"end of task {task_id}")
            return
        conversation = self._open[task_id]
        above = self._open.get(conversation.task.parent_task_id or "")
        if conversation.task.ended and above is not None:
            self.begin(above)
        if not work.cancelled() and conversation.next != "rest":
            self.begin(conversation)  # a person's word came while it went to rest
        else:
            self._answer_later(conversation)
            self._note_short(conversation.task)
        self._let_go(task_id)
        background.start(self._hold(), "hold of tasks")

    async def _broke(self, task_id: str, error: BaseException) -> None:
        """A run failed in a way that nobody foresaw: the task says so, and its user can go on with it."""
        reason = f"the agent failed: {type(error).__name__}: {error}"[:1_000]

        def change(draft: Draft) -> None:
            draft.show("error", now_ms(), text=reason)
            draft.change(status="failed", error=reason)

        await self._step(self._open[task_id], change)
        await self._hold()
        raise error

    async def _hold(self, *, sure: bool = False) -> None:
        """Have the host remember that there is work to go on with, while there is, or where it is `sure` to come."""
        async with self._hold_lock:
            wanted, waits = sure or bool(self._runs) or self._timers > 0, len(self._purse) > 0
            if waits != self._waits and not self._closing:
                await background.wait_for_budget(waits)
                self._waits = waits
            if wanted != self._holds and not self._closing:
                await background.hold(wanted)
                self._holds = wanted

    def _note_short(self, task: Task) -> None:
        """Let a task that waits for money go on by itself once there is enough."""
        if task.status == "waiting" and task.waiting_for == "budget":
            self._purse.add(task)

    async def _look(self, task_id: str) -> Task | None:
        held = self._open.get(task_id)
        return held.task if held else await journal.row(task_id)

    def _set(self, change: vscode.ConfigurationChangeEvent) -> None:
        if change.affects_configuration("coder.maxConcurrentTasks"):
            self.queue.allow(_at_once())

    def _answer_later(self, conversation: Conversation) -> None:
        """Take the first suggestion by itself, where the user wants that after a time."""
        leave, question = Leave.of_user(), conversation.task.question
        if conversation.task.status != "waiting" or not (
            leave.enabled and "question" in leave.switches and leave.followup_ms and question
        ):
            return
        if question["suggestions"]:
            self._timers += 1
            background.start(self._answer_in(conversation, question, leave.followup_ms / 1000), "answer of a question")

    async def _answer_in(self, conversation: Conversation, question: Json, seconds: float) -> None:
        try:
            await asyncio.sleep(seconds)
            if conversation.task.question == question and conversation.task.status == "waiting":
                await self.send_message(conversation.task.task_id, question["suggestions"][0]["text"])
        finally:
            self._timers -= 1
        await self._hold()

    async def _stop(self, task_id: str) -> None:
        """Break off a task's run, if it runs, and note what was broken off with it."""
        found = self._runs.get(task_id)
        if found is None:
            return
        run, work = found
        run.source.cancel()
        work.cancel()
        with suppress(TimeoutError):
            async with asyncio.timeout(STOP_S):
                await run.over.wait()
        async with run.lock:  # a step that was on its way to the disk is there
            pass
        begun = [call for call in run.conversation.calls.values() if call.state == "begun"]
        if begun:
            await self._step(run.conversation, lambda draft: break_off(draft, run.conversation, begun))

    async def _step(self, conversation: Conversation, change: Callable[[Draft], object]) -> None:
        await journal.whole(self._stepped(conversation, change))

    async def _stepped(self, conversation: Conversation, change: Callable[[Draft], object]) -> None:
        async with self.house.lock_of(conversation.task.task_id):
            draft = conversation.draft()
            change(draft)
            if draft.task.status in journal.RUNS:
                await self._hold(sure=True)
            await journal.commit(conversation, draft)
        if conversation.task.waiting_for != "budget":
            self._purse.discard(conversation.task.task_id)

    async def _get(self, task_id: Any) -> Conversation:
        """The task in memory, read if it is not there. Raises `NotFound`."""
        if not isinstance(task_id, str):
            raise Invalid("taskId", "must be the id of a task")
        found = self._open.get(task_id)
        if found is None:
            read = await journal.read(task_id)
            if read is None:
                raise NotFound(f"there is no task {task_id[:80]!r}")
            found = self._open.setdefault(task_id, read)
        return found

    async def _row(self, task_id: str) -> Task:
        """A task to look at, which keeps nothing of it in memory. Raises `NotFound`."""
        task = await self._look(task_id)
        if task is None:
            raise NotFound(f"there is no task {task_id[:80]!r}")
        return task

    def _let_go(self, task_id: str) -> None:
        """Keep an ended task in memory no longer."""
        found = self._open.get(task_id)
        if found is not None and found.task.ended and task_id not in self._runs:
            del self._open[task_id]

    # -- what is asked of them

    async def create_task(
        self, message: str, mode: str | None = None, model: str | None = None, images: Sequence[str] = (),
        kind: str | None = None,
    ) -> Task:  # fmt: skip
        """A new task, durable before this returns; it runs by itself. Raises `Invalid`."""
        cwd = self._folder()
        if model is not None and await self.house.model(model) is None:
            raise Invalid("model", f"there is no model {model[:100]!r}; lm.selectChatModels lists those there are")
        slug = mode or str(vscode.workspace.get_configuration("coder").get("mode") or "code")
        await self._check_mode(cwd, slug)
        speech = await spoken(self.house, cwd, message, images)
        conversation, draft = begun(replace(new(message, cwd, speech.mode or slug, model), kind=kind), speech)
        await self._hold(sure=True)
        await journal.whole(journal.commit(conversation, draft))
        self.begin(conversation)
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
        task = await self._row(task_id)
        held = self._open.get(task_id)
        calls = list(held.calls.values()) if held else await journal.calls(task_id) if task.status == "waiting" else []
        asked = sorted((one for one in calls if one.state in ("waiting", "interrupted")), key=lambda one: one.at)
        waiting = [one.approval for one in asked if one.approval]
        return {**self.queue.told(task), "approvals": waiting + ([task.limit] if task.limit else [])}

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
        told: Json = {"tasks": [self.queue.told(one) for one in found[:limit]]}
        return told | ({"next": found[limit - 1].task_id} if len(found) > limit else {})

    async def messages(self, task_id: str, after: int = 0, limit: int = 500) -> Json:
        """What people see of a task, in order: `{messages, next?}`."""
        task = await self._row(task_id)
        limit = max(1, min(limit, 1_000))
        found = await journal.shown(task, after, limit)
        more = bool(found) and len(found) == limit and found[-1]["id"] < task.shown
        return {"messages": found} | ({"next": found[-1]["id"]} if more else {})

    async def pause_task(self, task_id: str) -> Task:
        """Stop a task where it is, to go on later."""
        conversation = await self._get(task_id)
        if conversation.task.status == "paused":
            return conversation.task
        self._refuse_ended(conversation, "pause")
        if conversation.task.status == "delegated":
            raise Conflict("it waits for the task below it: pause that one")
        await self._stop(task_id)
        if not conversation.task.ended:
            await self._step(conversation, lambda draft: draft.change(status="paused", waiting_for=None))
        await self._hold()
        return conversation.task

    async def resume_task(self, task_id: str) -> Task:
        """Go on with a task that was paused, ran out of budget, failed or was aborted."""
        conversation = await self._get(task_id)
        task = conversation.task
        if task.status in ("pending", "running", "delegated"):
            return task
        if task.status == "completed":
            raise Conflict("it is completed: send it a message to go on")
        if task.status == "waiting" and task.waiting_for in ("approval", "question"):
            raise Conflict(f"it waits for your {'decision' if task.waiting_for == 'approval' else 'answer'}: give that")

        def change(draft: Draft) -> None:
            waits = self._waits_for(conversation)
            draft.change(
                status="waiting" if waits else "running", waiting_for=waits, error=None, short=None, mistakes=0
            )

        await self._step(conversation, change)
        self.begin(conversation)
        return conversation.task

    @staticmethod
    def _waits_for(conversation: Conversation) -> Any:
        if conversation.task.question is not None:
            return "question"
        return "approval" if conversation.waiting_calls or conversation.task.limit else None

    async def abort_task(self, task_id: str) -> Task:
        """End a task, and those below it. Raises `Conflict` where it has ended."""
        conversation = await self._get(task_id)
        self._refuse_ended(conversation, "abort")
        child = conversation.task.child_task_id
        if conversation.task.status == "delegated" and child:
            below = await self._get(child)
            await self._step(conversation, lambda draft: draft.change(child_task_id=None))  # it does not go on with it
            if not below.task.ended:
                await self.abort_task(child)
        await self._stop(task_id)
        if not conversation.task.ended:
            await self._step(conversation, lambda draft: aborted(draft, conversation))
        await self._parent_after(conversation)
        await self.house.forget(task_id)
        await self._hold()
        return conversation.task

    async def _parent_after(self, conversation: Conversation) -> None:
        """Tell the task above that this one was aborted."""
        parent = conversation.task.parent_task_id
        if parent is None:
            return
        above = await self._get(parent)
        step = answer_of(above, conversation.task, "The task was aborted by the user.", failed=True)
        if step is not None:
            await self._hold(sure=True)
            await journal.whole(journal.commit(*step))
            self.begin(above)

    def parent_goes_on(self, draft: Draft) -> tuple[Conversation, Draft] | None:
        """The step of the task above, where this one ends one below it."""
        task = draft.task
        above = self._open.get(task.parent_task_id or "")
        if above is None or task.status not in ("completed", "failed"):
            return None
        failed = task.status == "failed"
        text = f"The task failed: {task.error}" if failed else f"The task is completed:\n\n{task.result}"
        return answer_of(above, task, text, failed=failed)

    async def delete_task(self, task_id: str) -> None:
        """Remove a task that has ended, and all that was kept of it."""
        conversation = await self._get(task_id)
        if not conversation.task.ended:
            raise Conflict("it has not ended: abort it first")
        await self._stop(task_id)
        await journal.remove(task_id)
        self._open.pop(task_id, None)
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
        conversation = await self._get(task_id)
        if mode not in ("steer", "queue"):
            raise Invalid("mode", "must be 'steer' or 'queue'")
        speech = await spoken(self.house, conversation.task.cwd, message, images)
        task = conversation.task
        if task.question is not None and task.status == "waiting":
            await self._step(conversation, lambda draft: answered(draft, conversation, speech))
        elif task.status in ("completed", "failed", "aborted"):
            await self._step(conversation, lambda draft: again(draft, conversation, speech))
        else:
            if len(task.queue) >= QUEUED:
                raise Conflict(f"{QUEUED} messages wait for it already; wait until it has read some")
            queued = {"id": new_id(), "text": message, "mode": mode, "content": speech.content}
            await self._step(conversation, lambda draft: draft.change(queue=(*draft.task.queue, queued)))
        self.begin(conversation)
        return conversation.task

    # -- what people decide

    async def decide(
        self, task_id: str, approval_id: str, decision: str, reason: str | None = None, pattern: str | None = None
    ) -> Task:
        """Give or refuse leave: `once`, `always` (for the task, or for a pattern of commands for good), `reject`."""
        conversation = await self._get(task_id)
        if decision not in ("once", "always", "reject"):
            raise Invalid("decision", "must be 'once', 'always' or 'reject'")
        limit = conversation.task.limit
        if limit is not None and limit["approvalId"] == approval_id:
            await self._step(conversation, lambda draft: limit_decided(draft, limit, decision))
        else:
            await self._decide_call(conversation, approval_id, decision, reason, pattern)
        self.begin(conversation)
        return conversation.task

    async def _decide_call(
        self, conversation: Conversation, approval_id: str, decision: str, reason: str | None, pattern: str | None
    ) -> None:
        call = next(
            (one for one in conversation.waiting_calls if one.approval and one.approval["approvalId"] == approval_id),
            None,
        )
        if call is None or call.approval is None:
            raise NotFound(f"no approval {approval_id[:80]!r} waits here: it was decided, or never asked")
        approval = {**call.approval, "status": decision, **({"reason": reason} if reason else {})}
        keys: tuple[str, ...] = ()
        if decision == "always":
            keys = tuple(approval.get("keys", ()))
            await self._allow_commands(approval, pattern)

        def change(draft: Draft) -> None:
            draft.approvals.append(approval)
            decided(draft, conversation, call, approval)
            draft.change(granted=tuple(dict.fromkeys((*draft.task.granted, *keys))))
            left = [one for one in conversation.waiting_calls if one.call_id != call.call_id]
            if not left and draft.task.status == "waiting":
                draft.change(status="running", waiting_for=None)

        await self._step(conversation, change)

    @staticmethod
    async def _allow_commands(approval: Json, pattern: str | None) -> None:
        """Let commands that begin so run unasked from now on, in all of the user's tasks."""
        if not approval["patterns"]:
            return
        chosen = [pattern] if pattern else approval["patterns"]
        if pattern is not None and pattern not in approval["patterns"]:
            raise Invalid("pattern", f"must be one of {', '.join(approval['patterns'])}")
        settings = vscode.workspace.get_configuration("coder")
        allowed = [*dict.fromkeys((*settings.get("allowedCommands", []), *chosen))]
        await settings.update("allowedCommands", allowed, vscode.ConfigurationTarget.GLOBAL)
        await settings.update("alwaysAllowExecute", True, vscode.ConfigurationTarget.GLOBAL)
        await settings.update("autoApprovalEnabled", True, vscode.ConfigurationTarget.GLOBAL)

    # -- its mode, context and checkpoints

    async def set_mode(self, task_id: str, mode: str) -> Task:
        """Let a task go on in another mode."""
        conversation = await self._get(task_id)
        await self._check_mode(conversation.task.cwd, mode)
        await self._step(conversation, lambda draft: draft.change(mode=mode))
        return conversation.task

    async def condense(self, task_id: str) -> Json:
        """Condense a task that does not run. Gives `{summary}`."""
        conversation = await self._get(task_id)
        if task_id in self._runs:
            raise Conflict("it runs: pause it first, or let it condense by itself")
        try:
            return {"summary": await Run(self.house, conversation).condense()}
        except (CannotCondense, ValueError) as error:
            raise Conflict(str(error)) from None

    async def checkpoints(self, task_id: str) -> list[Json]:
        """The states of the workspace that the task remembers, oldest first."""
        await self._row(task_id)
        try:
            return [
                {"checkpointId": one.checkpoint_id, "ts": one.ts} for one in await self.house.checkpoints.list(task_id)
            ]
        except NoCheckpoint:
            return []

    async def diff(self, task_id: str, checkpoint_id: str, to: str | None = None) -> Json:
        """What changed since a checkpoint, up to another or to now."""
        await self._row(task_id)
        try:
            return {"files": list(await self.house.checkpoints.diff(task_id, checkpoint_id, to))}
        except NoCheckpoint as error:
            raise NotFound(str(error)) from None

    async def restore(self, task_id: str, checkpoint_id: str, scope: str = "files") -> Task:
        """Bring the workspace back; with the scope `task` the conversation, too."""
        if scope not in ("files", "task"):
            raise Invalid("scope", "must be 'files' or 'task'")
        conversation = await self._get(task_id)
        if task_id in self._runs or conversation.task.status == "delegated":
            raise Conflict("it runs: pause it first")
        place = await self._place_of(conversation, checkpoint_id) if scope == "task" else None
        try:
            await self.house.checkpoints.restore(task_id, checkpoint_id)
        except NoCheckpoint as error:
            raise NotFound(str(error)) from None
        if place is not None:
            async with self.house.lock_of(task_id):
                draft = conversation.draft()
                draft.change(
                    status="paused", waiting_for=None, question=None, limit=None, result=None, error=None, todos=()
                )
                await journal.rewind(conversation, draft, *place)
        return conversation.task

    async def _place_of(self, conversation: Conversation, checkpoint_id: str) -> tuple[int, int]:
        """How many messages there were before the answer that a checkpoint was made in, with the model and shown."""
        seen = 0
        while page := await journal.shown(conversation.task, seen, 500):
            for one in page:
                if one.get("checkpointId") == checkpoint_id:
                    return max(1, one["said"] - 1), one["id"]
            seen = page[-1]["id"]
        raise NotFound(f"there is no checkpoint {checkpoint_id[:80]!r} in this task")
