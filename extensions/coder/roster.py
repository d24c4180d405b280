"""Which tasks of a user are in memory, and which of them run: begun, broken off, gone to rest, gone on with.

A task's run is work of the session; while there is any, the host remembers to go on with it after a restart.
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import AbstractAsyncContextManager, asynccontextmanager, nullcontext, suppress
from typing import Any

import shim as vscode
from extensions.coder import journal
from extensions.coder.admitting import Queue
from extensions.coder.agent import Run
from extensions.coder.asking import Asking
from extensions.coder.followups import Followups
from extensions.coder.house import House, setting
from extensions.coder.journal import now_ms
from extensions.coder.purse import Purse
from extensions.coder.task import Conversation, Draft, Json, Task, interrupted
from extensions.coder.turns import answer_of, break_off
from shim.proposed import background
from shim.proposed.http import Conflict, Invalid, NotFound

AT_ONCE = 3
ASKED = 200
"""The newest tasks, whose approvals are asked for again as a session begins."""

STOP_S = 5.0
CANCELLED = "something that it waited for was broken off, and nobody had stopped the task"


class Cancelled(RuntimeError):
    """A run was cancelled by what it waited for."""


def _at_once() -> int:
    return setting("maxConcurrentTasks", AT_ONCE) or 1


class Roster:
    """The tasks of the current user. `resume` goes on with one, `answer` takes a suggestion for one's question.

    `asking` asks by messages of the window for what they wait for.
    """

    def __init__(
        self,
        storage: vscode.Uri,
        resume: Callable[[str], Awaitable[object]],
        answer: Callable[[str, Json], Awaitable[object]],
        asking: Asking,
    ) -> None:
        self.house = House(storage)
        self.queue = Queue(_at_once())
        self._runs: dict[str, tuple[Run, asyncio.Future[None]]] = {}
        self._open: dict[str, Conversation] = {}
        self._purse = Purse(self.look, resume)
        self._apart: set[str] = set()
        """Tasks that are worked on as a whole, and do not run meanwhile."""
        self._followups = Followups(answer, self.hold)
        self._asking = asking
        self._settings = vscode.workspace.on_did_change_configuration(self._set)
        self._holds: bool | None = None
        """Whether the host remembers; None: what it remembers of the run before."""
        self._waits: bool | None = None
        """The same, of tasks that wait for money."""
        self._hold_lock = asyncio.Lock()
        self._closing = False

    def _set(self, change: vscode.ConfigurationChangeEvent) -> None:
        if change.affects_configuration("coder.maxConcurrentTasks"):
            self.queue.allow(_at_once())

    # -- the life of all of them

    async def wake(self) -> None:
        """Go on with what ran when the host stopped."""
        found = [await self.get(task_id) for task_id in await journal.open_tasks()]
        for conversation in sorted(found, key=lambda one: (one.task.status == "pending", one.task.task_id)):
            draft = interrupted(conversation, now_ms())
            if draft is not None:
                await journal.commit(conversation, draft)
            self.begin(conversation)
            self._await(conversation)
        if self._asking.is_wanted:
            for task in await journal.tasks(None, ASKED):
                if task.status == "waiting" and task.waiting_for == "approval":
                    self._asking.look(await self.get(task.task_id))
        await self.hold()

    async def dispose(self) -> None:
        """The session ends: what runs is broken off at a place from which it goes on."""
        self._closing = True
        self._settings.dispose()
        self._purse.dispose()
        for task_id in list(self._runs):
            await self.stop(task_id)
        for task_id in list(self._open):
            await self.house.forget(task_id)
        self._followups.dispose()
        self._asking.dispose()

    async def hold(self, *, sure: bool = False) -> None:
        """Have the host remember that there is work to go on with, while there is, or where it is `sure` to come."""
        async with self._hold_lock:
            wanted, waits = sure or bool(self._runs) or len(self._followups) > 0, len(self._purse) > 0
            if waits != self._waits and not self._closing:
                await background.wait_for_budget(waits)
                self._waits = waits
            if wanted != self._holds and not self._closing:
                await background.hold(wanted)
                self._holds = wanted

    # -- those in memory

    async def get(self, task_id: Any) -> Conversation:
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

    def held(self, task_id: str) -> Conversation | None:
        """The task, if it is in memory."""
        return self._open.get(task_id)

    async def row(self, task_id: str) -> Task:
        """A task to look at, which keeps nothing of it in memory. Raises `NotFound`."""
        task = await self.look(task_id)
        if task is None:
            raise NotFound(f"there is no task {task_id[:80]!r}")
        return task

    async def look(self, task_id: str) -> Task | None:
        """As `row`, None where there is none."""
        held = self._open.get(task_id)
        return held.task if held else await journal.row(task_id)

    def let_go(self, task_id: str, *, removed: bool = False) -> None:
        """Keep a task in memory no longer, if it has ended or was removed."""
        found = self._open.get(task_id)
        if found is not None and (removed or (found.task.ended and task_id not in self._runs)):
            del self._open[task_id]
            self.house.rest(task_id)

    async def step(
        self, conversation: Conversation, change: Callable[[Draft], object], above: Conversation | None = None
    ) -> None:
        """Make one change of a task durable, whatever becomes of who asked for it.

        `change` may raise; then nothing was changed. The task `above`, whose call this one is, goes on where it ends.
        """
        await journal.whole(self._step(conversation, change, above))

    async def _step(
        self, conversation: Conversation, change: Callable[[Draft], object], above: Conversation | None
    ) -> None:
        task_id = conversation.task.task_id
        async with self.house.lock_of(task_id), self._lock_of(above):
            self._check(conversation)
            draft = conversation.draft()
            change(draft)
            other = self._answer(above, draft.task) if above is not None else None
            if other is not None or draft.task.status in journal.RUNS:
                await self.hold(sure=True)
            await journal.commit(conversation, draft, along=[other] if other is not None else None)
        if conversation.task.waiting_for != "budget":
            self._purse.discard(task_id)
        self._asking.look(conversation)
        self.let_go(task_id)

    def _lock_of(self, conversation: Conversation | None) -> AbstractAsyncContextManager[object]:
        return nullcontext() if conversation is None else self.house.lock_of(conversation.task.task_id)

    def _check(self, conversation: Conversation) -> None:
        """Raise where the task was removed, read anew or taken apart since it was looked up."""
        task_id = conversation.task.task_id
        if conversation.is_removed:
            raise NotFound(f"there is no task {task_id!r} any more")
        if task_id in self._apart or self._open.setdefault(task_id, conversation) is not conversation:
            raise Conflict("something else changes it at this moment: try again")

    @asynccontextmanager
    async def apart(self, conversation: Conversation) -> AsyncIterator[None]:
        """Keep a task as it is for the body, which changes it as a whole. Raises `Conflict` where it runs."""
        task_id = conversation.task.task_id
        if task_id in self._runs or conversation.task.status == "delegated":
            raise Conflict("it runs: pause it first")
        self._check(conversation)
        self._apart.add(task_id)
        try:
            async with self.house.lock_of(task_id):  # a step that was on its way to the disk is there
                pass
            yield
        finally:
            self._apart.discard(task_id)
            self.begin(conversation)
            self.let_go(task_id)

    async def remove(self, conversation: Conversation) -> None:
        """Forget a task that has ended. Raises `Conflict` where it has not."""
        await journal.whole(self._remove(conversation))

    async def _remove(self, conversation: Conversation) -> None:
        task_id = conversation.task.task_id
        async with self.house.lock_of(task_id):
            self._check(conversation)
            if not conversation.task.ended or task_id in self._runs:
                raise Conflict("it has not ended: abort it first")
            await journal.remove(task_id)
            conversation.is_removed = True
            self.let_go(task_id, removed=True)

    # -- those that run

    def begin(self, conversation: Conversation) -> None:
        """Let a task run, if it does not yet."""
        task_id = conversation.task.task_id
        if self._closing or conversation.next == "rest" or task_id in self._runs or task_id in self._apart:
            return
        self._open[task_id] = conversation
        run = Run(self, conversation)
        work = background.start(self._live(run), f"task {task_id}")
        self._runs[task_id] = (run, work)
        work.add_done_callback(lambda done: self._rested(task_id, done))

    async def _live(self, run: Run) -> None:
        try:
            await self.hold()
            if run.task.parent_task_id is not None:
                await self.get(run.task.parent_task_id)  # its end is the other's next step
            async with self.queue.turn(run):
                await run.live()
        finally:
            run.over.set()

    def _rested(self, task_id: str, work: asyncio.Future[None]) -> None:
        run, _ = self._runs.pop(task_id)
        run.deltas.flush()
        if self._closing:
            return
        was_stopped = run.token.is_cancellation_requested
        error = work.exception() if not work.cancelled() else None if was_stopped else Cancelled(CANCELLED)
        if error is not None:
            background.start(self._broke(task_id, error), f"end of task {task_id}")
            return
        conversation = self._open[task_id]
        above = self._open.get(conversation.task.parent_task_id or "")
        if conversation.task.ended and above is not None:
            self.begin(above)
        if not work.cancelled() and conversation.next != "rest":
            self.begin(conversation)  # a person's word came while it went to rest
        else:
            self._await(conversation)
        self.let_go(task_id)
        background.start(self.hold(), "hold of tasks")

    def _await(self, conversation: Conversation) -> None:
        """Let a task that waits go on by itself, where it may: once there is money, or after a time."""
        task = conversation.task
        if task.status == "waiting" and task.waiting_for == "budget":
            self._purse.add(task)
        self._followups.add(conversation)
        self._asking.look(conversation)

    async def _broke(self, task_id: str, error: BaseException) -> None:
        """A run failed in a way that nobody foresaw: the task says so, and its user can go on with it."""
        cause = alone(error)
        reason = f"the agent failed: {type(cause).__name__}: {cause}"[:1_000]

        conversation = self._open[task_id]

        def change(draft: Draft) -> None:
            break_off(draft, conversation, conversation.begun_calls)
            draft.show("error", now_ms(), text=reason)
            draft.change(status="failed", error=reason)

        await self.step(conversation, change)
        await self.hold()
        raise error

    async def stop(self, task_id: str) -> None:
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
        if begun := run.conversation.begun_calls:
            await self.step(run.conversation, lambda draft: break_off(draft, run.conversation, begun))

    def parent_goes_on(self, draft: Draft) -> tuple[Conversation, Draft] | None:
        """The step of the task above, where this one ends one below it."""
        task = draft.task
        above = self._open.get(task.parent_task_id or "")
        if above is None or task.status not in ("completed", "failed"):
            return None
        return self._answer(above, task)

    @staticmethod
    def _answer(above: Conversation, task: Task) -> tuple[Conversation, Draft] | None:
        """The step of the task above, where this one has come to its end."""
        texts = {
            "completed": f"The task is completed:\n\n{task.result}",
            "failed": f"The task failed: {task.error}",
            "aborted": "The task was aborted by the user.",
        }
        text = texts.get(task.status)
        return None if text is None else answer_of(above, task, text, failed=task.status != "completed")


def alone(error: BaseException) -> BaseException:
    """What a group of errors holds, where that is one: its name says more than the group's."""
    while isinstance(error, BaseExceptionGroup) and len(error.exceptions) == 1:
        error = error.exceptions[0]
    return error
