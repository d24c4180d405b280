"""AIAgent (seed 000): one task as it runs. Observe, plan, act, reflect, until it rests; the disk knows each step.

A run holds nothing that is not on the disk: whatever ends it, the next run goes on from the same place.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

import shim as vscode
from extensions.coder import journal
from extensions.coder.access import Access, Protection
from extensions.coder.bounded import bounded
from extensions.coder.condensing import Asking, Condensed, condense
from extensions.coder.context import Fit, budget_of, fit, reduced, tokens_now
from extensions.coder.deltas import Deltas
from extensions.coder.environment import Situation, environment
from extensions.coder.executor import ToolExecutor
from extensions.coder.history import effective
from extensions.coder.journal import now_ms
from extensions.coder.kinds import hint
from extensions.coder.modes import BUILT_IN, Mode
from extensions.coder.permissions import Leave
from extensions.coder.running import Commands
from extensions.coder.sending import sent
from extensions.coder.task import Call, Conversation, Draft, Json, Task
from shim.proposed.operator import QuotaExceeded

if TYPE_CHECKING:
    from extensions.coder.house import House

Other = tuple[Conversation, Draft]

TRIES = 5
"""How often a request is made that fails before anything came of it."""

WAITS_S = (2.0, 5.0, 10.0, 20.0)
TOO_LONG = 3
"""How often a conversation is shortened because the provider says that it is too long."""

PASSING = frozenset({"Overloaded", "Unavailable", "Cut", "Unknown"})
"""Errors of a model that may be over soon."""

CUT_OFF = "Your answer was cut off at its greatest length. Go on in smaller steps: one tool call at a time."
EMPTY = "Your answer was empty. Use a tool, or call attempt_completion if everything that was asked for is done."
UNFINISHED = (
    "You called no tool, but the todo list has open items. Go on with them, correct the list with update_todo_list, or "
    "call attempt_completion."
)


@dataclass(slots=True)
class Answer:
    """What a model said: blocks in the order they came, and what it took."""

    blocks: list[Json] = field(default_factory=list)
    usage: vscode.LanguageModelUsagePart | None = None

    @property
    def calls(self) -> list[Json]:
        return [one for one in self.blocks if one["type"] == "tool_use"]

    @property
    def text(self) -> str:
        return "\n\n".join(one["text"] for one in self.blocks if one["type"] == "text" and one["text"].strip())

    def take(self, part: Any) -> tuple[str, str] | None:
        """Add a piece; gives its kind and text where it can be shown at once."""
        if isinstance(part, vscode.LanguageModelTextPart):
            self._last("text", "text")["text"] += part.value
            return "text", part.value
        if isinstance(part, vscode.LanguageModelThinkingPart):
            if part.redacted:
                self.blocks.append({"type": "redacted_thinking", "data": part.id})
                return None
            block = self._last("thinking", "thinking")
            block["thinking"] += part.value
            block["signature"] = part.id or block.get("signature", "")
            return "thinking", part.value
        if isinstance(part, vscode.LanguageModelToolCallPart):
            self.blocks.append({"type": "tool_use", "id": part.call_id, "name": part.name, "input": part.input})
        elif isinstance(part, vscode.LanguageModelUsagePart):
            self.usage = part
        return None

    def _last(self, kind: str, name: str) -> Json:
        if not self.blocks or self.blocks[-1]["type"] != kind:
            self.blocks.append({"type": kind, name: ""})
        return self.blocks[-1]


class Run:
    """A task that runs. `live` returns when it rests: it ended, or waits for a person."""

    def __init__(self, house: House, conversation: Conversation) -> None:
        self.house = house
        self.conversation = conversation
        self.lock = house.lock_of(conversation.task.task_id)
        self.deltas = Deltas(conversation.task.task_id)
        self.notes = house.notes_of(conversation.task.task_id)
        self.protection = Protection(self.task.cwd)
        self.access = Access(self.task.cwd)
        self.sees_images = False
        self.source = vscode.CancellationTokenSource()
        self.over = asyncio.Event()
        """Set once nothing of it runs any more."""
        self._remembered = False
        self._counted = 0
        """How many of the messages that count the provider has counted."""

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

    # -- the loop

    async def live(self) -> None:
        """Go on until the task rests."""
        if self.task.status == "pending":
            await self.step(lambda draft: draft.change(status="running"))
        executor = ToolExecutor(self)
        while (step := self.conversation.next) != "rest":
            if step == "call":
                await executor.run()
            elif await self._may_ask():
                await self._reflect(await self._ask())

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

    async def mode(self) -> Mode:
        """The task's mode; one that is gone is the code mode."""
        found = await self.house.files.mode(self.cwd, self.task.mode)
        return found or next(one for one in BUILT_IN if one.slug == "code")

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

    async def _ask(self) -> Answer | None:
        """The model's answer; None where the task rests or has to try again."""
        model = await self.house.model(self.task.model)
        if model is None:
            await self._fail("there is no language model: set a provider's key, or choose one of lm.selectChatModels")
            return None
        self.access, mode = await asyncio.gather(self.house.files.access(self.cwd), self.mode())
        self.sees_images = bool(model.capabilities.images)
        system = await self.house.prompts.system(self.cwd, mode, is_subtask=self.task.parent_task_id is not None)
        tools = await self.house.prompts.tools(mode, model=model, kind=self.task.kind)
        asking = Asking(
            model, system, tools, (await self.house.files.texts())["condense"], self.task.task_id, self.token
        )
        shortened = 0
        for attempt in range(TRIES):
            answer = Answer()
            try:
                if not attempt:
                    await self._fit(asking)
                await self._stream(asking, mode, answer)
                return answer
            except vscode.LanguageModelError as error:
                if error.code == "ContextLength" and shortened < TOO_LONG:
                    shortened += 1
                    await self._fit(asking, forced=True)
                    continue
                if error.code not in PASSING or attempt == TRIES - 1:
                    await self._fail(f"{model.name}: {error}")
                    return None
                await self._say_again(
                    str(error), answer, error.retry_after_s or WAITS_S[min(attempt, len(WAITS_S) - 1)]
                )
            except QuotaExceeded as error:
                if error.quota.startswith("budgets."):
                    await self._out_of_budget(error)
                    return None
                if attempt == TRIES - 1:
                    await self._fail(str(error))
                    return None
                await self._say_again(str(error), answer, WAITS_S[min(attempt, len(WAITS_S) - 1)])
        await self._fail(f"{model.name}: the conversation stays too long for it, however it is shortened")
        return None

    async def _stream(self, asking: Asking, mode: Mode, answer: Answer) -> None:
        now = Situation(
            cwd=self.cwd, mode=mode, access=self.access, is_first=self.task.messages == 1,
            kind=hint(self.task.kind, self.task.title, {one.name for one in asking.tools}),
            todos=self.house.todos_of(self.task), news=Commands.of(self.notes).news(), cost=self.task.cost,
            tokens=self.task.context_tokens, window=asking.model.max_input_tokens,
        )  # fmt: skip
        around = await environment(now)
        messages = effective(self.conversation.messages)
        told = await asyncio.to_thread(sent, messages, around)
        response = await asking.model.send_request(
            told, tools=asking.tools, system=asking.system, task=self.task.task_id, token=self.token
        )
        first = self.task.shown + 1
        try:
            async for part in response.stream:
                if (piece := answer.take(part)) is not None:
                    self.deltas.add(first + len(answer.blocks) - 1, *piece)
        finally:
            self.deltas.flush()
        self._counted = len(messages) + 1

    async def _say_again(self, reason: str, answer: Answer, wait_s: float) -> None:
        """Show that a request failed and is made again."""
        wait_s = min(wait_s, 600.0) * self.house.patience

        def change(draft: Draft) -> None:
            draft.show("error", now_ms(), text=f"{reason}. It is tried again in {wait_s:g} s.", retrying=True)

        await self.step(change)
        await asyncio.sleep(wait_s)

    # -- what came of it

    async def _reflect(self, answer: Answer | None) -> None:
        """Make an answer durable, with what follows from it."""
        if answer is None:
            return
        usage = answer.usage
        cut_off = usage is not None and usage.reason == "length"

        def change(draft: Draft) -> None:
            self._charge(draft, usage)
            if not answer.blocks:
                self._nudge(draft, CUT_OFF if cut_off else EMPTY)
                return
            draft.say("assistant", _kept(answer), now_ms())
            self._show(draft, answer)
            if not answer.calls:
                self._without_calls(draft, answer, cut_off=cut_off)

        self._remembered = False
        await self.step(change, along=self.house.parent_goes_on)
        if self.task.mistakes >= self.house.mistakes and self.task.status == "running":
            await self.wait_for_answer(
                "The model gave several answers in a row that were of no use. How shall it go on?"
            )

    def _charge(self, draft: Draft, usage: vscode.LanguageModelUsagePart | None) -> None:
        task = draft.task
        draft.change(requests=task.requests + 1)
        if usage is None:
            return
        draft.change(
            input=task.input + usage.input,
            output=task.output + usage.output,
            cache_read=task.cache_read + usage.cache_read,
            cache_write=task.cache_write + usage.cache_write,
            context_tokens=usage.input + usage.output,
            cost=None if usage.cost is None or task.cost is None else task.cost + usage.cost,
            spent=task.spent + (usage.cost or 0.0),
        )

    def _show(self, draft: Draft, answer: Answer) -> None:
        for at, block in enumerate(answer.blocks):
            if block["type"] == "text":
                draft.show("assistant", now_ms(), text=block["text"])
            elif block["type"] == "tool_use":
                call_id, arguments = block["id"], block["input"] if isinstance(block["input"], dict) else {}
                number = draft.show(
                    "tool", now_ms(), callId=call_id, name=block["name"], arguments=bounded(arguments), status="pending"
                )
                draft.call(Call(call_id, at, block["name"], arguments, shown_id=number))
            else:
                draft.show("thinking", now_ms(), text=block.get("thinking", ""))

    def _without_calls(self, draft: Draft, answer: Answer, *, cut_off: bool) -> None:
        """An answer that calls nothing is the end, unless it was cut off or the todo list says otherwise."""
        unfinished = any(one.get("status") != "completed" for one in draft.task.todos)
        if cut_off:
            self._nudge(draft, CUT_OFF)
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
        return [part for one in taken for part in one["content"]]

    def _say(self, draft: Draft, message: Json) -> None:
        draft.show("user", now_ms(), text=message["text"])
        draft.say("user", message["content"], now_ms())

    # -- when it cannot go on

    async def wait_for_answer(self, text: str) -> None:
        """Ask the user, outside of any call."""

        def change(draft: Draft) -> None:
            number = draft.show("question", now_ms(), text=text, suggestions=[])
            question: Json = {"callId": None, "text": text, "suggestions": [], "shownId": number}
            draft.change(status="waiting", waiting_for="question", question=question)

        await self.step(change)

    async def _fail(self, reason: str) -> None:
        def change(draft: Draft) -> None:
            draft.show("error", now_ms(), text=reason)
            draft.change(status="failed", error=reason)

        await self.step(change, along=self.house.parent_goes_on)

    async def _out_of_budget(self, error: QuotaExceeded) -> None:
        def change(draft: Draft) -> None:
            draft.show("error", now_ms(), text=str(error))
            short = {"budget": error.quota, "needed": error.needed}
            draft.change(status="waiting", waiting_for="budget", error=str(error), short=short)

        await self.step(change)

    # -- its context

    async def _fit(self, asking: Asking, *, forced: bool = False) -> None:
        """Condense or cut the conversation where it does not fit, or where it must."""
        budget = budget_of(asking.model)
        if (self.task.context_window, self.task.served) != (budget.window, asking.model.id):
            await self.step(lambda draft: draft.change(context_window=budget.window, served=asking.model.id))
        messages = self.conversation.messages
        known = self.task.context_tokens if self._counted else 0
        tokens = tokens_now(effective(messages), known=known, since=self._counted)
        shrink = reduced if forced else fit
        await self._take(await shrink(list(messages), budget, tokens, self._condenser(asking)))

    def _condenser(self, asking: Asking) -> Callable[[list[Json]], Any]:
        async def summed(messages: list[Json]) -> Condensed:
            return await condense(messages, asking, self.house.folding(self.cwd, self.access), now_ms())

        return summed

    async def condense(self) -> str:
        """Condense now, whether it is needed or not; gives the summary. Raises `CannotCondense`."""
        model = await self.house.model(self.task.model)
        if model is None:
            raise ValueError("there is no language model to sum up with")
        mode = await self.mode()
        system = await self.house.prompts.system(self.cwd, mode, is_subtask=self.task.parent_task_id is not None)
        tools = await self.house.prompts.tools(mode, model=model, kind=self.task.kind)
        asking = Asking(
            model, system, tools, (await self.house.files.texts())["condense"], self.task.task_id, self.token
        )
        before = tokens_now(effective(self.conversation.messages))
        done: Condensed = await self._condenser(asking)(list(self.conversation.messages))
        await self._take(Fit(done.messages, before, tokens_now(effective(done.messages)), done))
        return done.text

    async def _take(self, fit: Fit) -> None:
        if not fit.has_changed:
            return
        self._counted = 0
        changed = [one | {"id": at} for at, one in enumerate(fit.messages, 1)]
        known = {one["id"]: one for one in self.conversation.messages}

        def change(draft: Draft) -> None:
            draft.said += [one for one in changed if known.get(one["id"]) != one]
            text = fit.condensed.text if fit.condensed else f"{fit.cut.hidden} messages are hidden" if fit.cut else ""
            draft.show("condensed", now_ms(), text=text, before=fit.before, after=fit.after)
            draft.change(messages=len(changed), context_tokens=fit.after)
            if fit.condensed is not None:
                self._charge(draft, fit.condensed.usage)
                draft.change(context_tokens=fit.after)

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


def _kept(answer: Answer) -> list[Json]:
    """The blocks as they are sent back: thinking only where it is signed, texts only where there is one."""
    return [
        one
        for one in answer.blocks
        if (one["type"] != "text" or one["text"].strip()) and (one["type"] != "thinking" or one.get("signature"))
    ] or [{"type": "text", "text": answer.text or "…"}]
