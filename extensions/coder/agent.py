"""AIAgent (seed 000): one task as it runs. Observe, plan, act, reflect, until it rests; the disk knows each step.

A run holds nothing that is not on the disk: whatever ends it, the next run goes on from the same place.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING

import shim as vscode
from extensions.coder import journal
from extensions.coder.access import Access, Protection
from extensions.coder.answer import Answer, charge
from extensions.coder.bounded import bounded
from extensions.coder.deltas import Deltas
from extensions.coder.executor import ToolExecutor
from extensions.coder.inquiry import Inquiry
from extensions.coder.journal import now_ms
from extensions.coder.kinds import narrow
from extensions.coder.modes import BUILT_IN, Mode
from extensions.coder.permissions import Judge, Leave
from extensions.coder.task import Call, Conversation, Draft, Json, Task
from shim.beside import beside
from shim.proposed.operator import QuotaExceeded, ceiling

if TYPE_CHECKING:
    from extensions.coder.roster import Roster

Other = tuple[Conversation, Draft]

CUT_OFF = "Your answer was cut off at its greatest length. Go on in smaller steps: one tool call at a time."
EMPTY = "Your answer was empty. Use a tool, or call attempt_completion if everything that was asked for is done."
WRITTEN = "You wrote a tool call as text, so nothing was done. Make the call itself, or answer without one."
UNFINISHED = (
    "You called no tool, but the todo list has open items. Go on with them, correct the list with update_todo_list, or "
    "call attempt_completion."
)

USELESS = "The model gave several answers in a row that were of no use. How shall it go on?"


class Run:
    """A task that runs. `live` returns when it rests: it ended, or waits for a person."""

    def __init__(self, roster: Roster, conversation: Conversation) -> None:
        house = roster.house
        self.roster = roster
        self.house = house
        self.conversation = conversation
        self.lock = house.lock_of(conversation.task.task_id)
        self.deltas = Deltas(conversation.task.task_id)
        self.notes = house.notes_of(conversation.task.task_id)
        self.protection = Protection(self.task.cwd)
        self.access = Access(self.task.cwd, "*")
        """What is closed to it: everything, until it has looked."""
        self.sees_images = False
        self.source = vscode.CancellationTokenSource()
        self.over = asyncio.Event()
        """Set once nothing of it runs any more."""
        self._remembered = False

    @property
    def task(self) -> Task:
        return self.conversation.task

    @property
    def token(self) -> vscode.CancellationToken:
        return self.source.token

    @property
    def store(self) -> vscode.Uri:
        """The task's own folder."""
        return vscode.Uri.join_path(self.house.storage, "tasks", self.task.task_id)

    @property
    def cwd(self) -> vscode.Uri:
        return vscode.Uri.file(self.task.cwd)

    @property
    def folders(self) -> tuple[str, ...]:
        found = tuple(one.uri.path for one in vscode.workspace.workspace_folders or () if one.uri.scheme == "file")
        return (*found, self.task.cwd)

    def judge(self) -> Judge:
        """Who judges what its calls would do, by the settings as they are now."""
        folders = (*self.folders, self.store.path)
        return Judge(Leave.of_user(), ceiling(), folders, self.protection, self.task.granted)

    # -- the loop

    async def live(self) -> None:
        """Go on until the task rests."""
        if self.task.status == "pending":
            await self.step(lambda draft: draft.change(status="running"))
        await self.look()  # calls may come first, where a person's word began the run
        executor, inquiry = ToolExecutor(self), Inquiry(self)
        while (step := self.conversation.next) != "rest":
            if step == "call":
                await executor.run()
            elif await self._may_ask():
                await self._reflect(await inquiry.answer())

    async def step(
        self, change: Callable[[Draft], object], along: Callable[[Draft], Other | None] | None = None
    ) -> None:
        """Make one change of the task durable, with a step of another task where they belong together; then show it."""
        await journal.whole(self._step(change, along))

    async def _step(self, change: Callable[[Draft], object], along: Callable[[Draft], Other | None] | None) -> None:
        async with self.lock:
            if self.token.is_cancellation_requested:
                raise asyncio.CancelledError  # whatever swallowed the first one: this run is over
            draft = self.conversation.draft()
            change(draft)
            other = along(draft) if along is not None else None
            if other is None:
                await journal.commit(self.conversation, draft)
                return
            async with self.house.lock_of(other[0].task.task_id):
                other = along(draft) if along is not None else None  # as it stands now that nobody else changes it
                await journal.commit(self.conversation, draft, along=[other] if other is not None else None)

    async def look(self) -> vscode.LanguageModelChat | None:
        """Know what the task may see from now on; gives its model."""
        model = await self.house.model(self.task.model)
        self.access = await self.house.files.access(self.cwd)
        self.sees_images = model is not None and bool(model.capabilities.images)
        return model

    async def mode(self) -> Mode:
        """The task's mode, with no more than its kind takes. One that is gone is ask: to lose it gives no leave."""
        found = await self.house.files.mode(self.cwd, self.task.mode)
        return narrow(found or next(one for one in BUILT_IN if one.slug == "ask"), self.task.kind)

    # -- asking the model

    async def _may_ask(self) -> bool:
        """Take what a person said meanwhile, and stop where the user set a limit to requests or costs."""
        leave = Leave.of_user()
        reached = None
        if leave.max_requests is not None and self.task.requests >= leave.max_requests:
            reached = f"{self.task.requests} requests were made, and the limit is {leave.max_requests}"
        if leave.max_cost is not None and self.task.spent >= leave.max_cost - 0.0001 and self.task.spent > 0:
            reached = f"${self.task.spent:.4f} were spent, and the limit is ${leave.max_cost:g}"
        if reached is not None:
            await self._ask_to_go_on(reached)
            return False
        if any(one["mode"] == "steer" for one in self.task.queue):

            def take(draft: Draft) -> None:
                draft.say("user", self.steered(draft), now_ms())

            await self.step(take)
        return True

    async def _ask_to_go_on(self, reason: str) -> None:
        approval: Json = {
            "taskId": self.task.task_id, "approvalId": f"limit-{self.task.messages}-{now_ms()}", "callId": None,
            "tool": None, "actions": [], "shown": {"limit": reason}, "patterns": [], "keys": [], "why": reason,
            "status": "waiting",
        }  # fmt: skip

        def change(draft: Draft) -> None:
            draft.approvals.append(approval)
            draft.change(status="waiting", waiting_for="approval", limit=approval)

        await self.step(change)

    # -- what came of it

    async def _reflect(self, answer: Answer | None) -> None:
        """Make an answer durable, with what follows from it."""
        if answer is None:
            return
        usage = answer.usage
        cut_off = usage is not None and usage.reason == "length"
        shown = await beside(_shown, answer.calls)

        def change(draft: Draft) -> None:
            charge(draft, usage)
            if not answer.blocks:
                self._nudge(draft, CUT_OFF if cut_off else EMPTY)
            else:
                draft.say("assistant", answer.kept, now_ms())
                self._show(draft, answer, shown)
                if not answer.calls:
                    self._without_calls(draft, answer, cut_off=cut_off)
            if draft.task.mistakes >= self.house.mistakes and draft.task.status == "running":
                self.question(draft, USELESS)

        self._remembered = False
        await self.step(change, along=self.roster.parent_goes_on)

    def _show(self, draft: Draft, answer: Answer, arguments: Sequence[Json]) -> None:
        """What people see of an answer; of its calls `arguments`, in their order."""
        seen = iter(arguments)
        for at, block in enumerate(answer.blocks):
            if block["type"] == "text":
                draft.show("assistant", now_ms(), text=block["text"])
            elif block["type"] == "tool_use":
                call_id, name = block["id"], block["name"]
                number = draft.show("tool", now_ms(), callId=call_id, name=name, arguments=next(seen), status="pending")
                draft.call(Call(call_id, at, name, _given(block), shown_id=number))
            elif block["type"] == "thinking":
                draft.show("thinking", now_ms(), text=block["thinking"])

    def _without_calls(self, draft: Draft, answer: Answer, *, cut_off: bool) -> None:
        """An answer that calls nothing is the end, unless it was cut off, says nothing, or the todo list is open."""
        unfinished = any(one.get("status") != "completed" for one in draft.task.todos)
        if cut_off:
            self._nudge(draft, CUT_OFF)
        elif not answer.text:
            self._nudge(draft, EMPTY)
        elif answer.wrote_call(self.house.tools):
            self._nudge(draft, WRITTEN)
        elif unfinished and not draft.task.mistakes:
            self._nudge(draft, UNFINISHED)
        else:
            self.complete(draft, answer.text)

    def _nudge(self, draft: Draft, text: str) -> None:
        draft.change(mistakes=draft.task.mistakes + 1)
        draft.say("user", [{"type": "text", "text": text}, *self.steered(draft)], now_ms())

    def complete(self, draft: Draft, text: str) -> None:
        """End the task well, or go on with what a person queued meanwhile."""
        if draft.task.queue:
            queued = draft.task.queue[0]
            draft.change(queue=draft.task.queue[1:], mistakes=0)
            self._say(draft, queued)
            return
        draft.change(status="completed", result=text, mistakes=0)

    def steered(self, draft: Draft) -> list[Json]:
        """The parts of what a person said to a busy task, taken from its queue."""
        taken = [one for one in draft.task.queue if one["mode"] == "steer"]
        if taken:
            draft.change(queue=tuple(one for one in draft.task.queue if one["mode"] != "steer"))
        for one in taken:
            draft.show("user", now_ms(), text=one["text"])
            draft.change(mode=one.get("to") or draft.task.mode)
        return [part for one in taken for part in one["content"]]

    def _say(self, draft: Draft, message: Json) -> None:
        draft.show("user", now_ms(), text=message["text"])
        draft.say("user", message["content"], now_ms())
        draft.change(mode=message.get("to") or draft.task.mode)

    # -- when it cannot go on

    async def wait_for_answer(self, text: str) -> None:
        """Ask the user, outside of any call."""
        await self.step(lambda draft: self.question(draft, text))

    @staticmethod
    def question(draft: Draft, text: str) -> None:
        """The same, as a part of a step."""
        number = draft.show("question", now_ms(), text=text, suggestions=[])
        question: Json = {"callId": None, "text": text, "suggestions": [], "shownId": number}
        draft.change(status="waiting", waiting_for="question", question=question)

    async def fail(self, reason: str) -> None:
        def change(draft: Draft) -> None:
            draft.show("error", now_ms(), text=reason)
            draft.change(status="failed", error=reason)

        await self.step(change, along=self.roster.parent_goes_on)

    async def out_of_budget(self, error: QuotaExceeded) -> None:
        def change(draft: Draft) -> None:
            draft.show("error", now_ms(), text=str(error))
            short = {"budget": error.quota, "needed": error.needed}
            draft.change(status="waiting", waiting_for="budget", error=str(error), short=short)

        await self.step(change)

    # -- checkpoints

    async def remember(self) -> None:
        """Remember the workspace before the first writing call of an answer."""
        if self._remembered:
            return
        self._remembered = True
        saved = await self.house.remember(self.task)
        if saved is None:
            return
        checkpoint, problem = saved

        def change(draft: Draft) -> None:
            if problem:
                draft.show("error", now_ms(), text=problem)
            else:
                draft.show("checkpoint", now_ms(), checkpointId=checkpoint, said=draft.task.messages)

        await self.step(change)


def _given(call: Json) -> Json:
    given = call["input"]
    return given if isinstance(given, dict) else {}


def _shown(calls: Sequence[Json]) -> list[Json]:
    """The arguments of calls as people see them."""
    return [bounded(_given(one)) for one in calls]
