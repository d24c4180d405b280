"""ToolExecutor (seed 000): the calls of one answer, from what the model wrote to what it reads of them.

A call is checked against its schema, its mode and the calls before it; it plans; leave is asked for; it acts, once;
what came of it is durable before the next one. What needs a person ends the run: their word begins it anew.
"""

from __future__ import annotations

import asyncio
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from typing import TYPE_CHECKING, Any

from extensions.coder.arguments import fitted, refuse_broken
from extensions.coder.bounded import LONGEST, bounded
from extensions.coder.bounded import shortened as cut
from extensions.coder.consent import Consent, Denied, hash_of_plan
from extensions.coder.journal import now_ms
from extensions.coder.modes import Mode, ToolRefused, UnknownTool, check_command, check_tool, may_edit_all
from extensions.coder.plugins import plugin
from extensions.coder.prompting import choice
from extensions.coder.repetition import counted, digest, ended, named
from extensions.coder.results import kept, told_together
from extensions.coder.task import Call, Draft, Json, reshow
from extensions.coder.tool import TYPED, Effect, Plan, Result, Tool, ToolError
from extensions.coder.turns import INTERRUPTED
from extensions.coder.using import Using
from shim.beside import beside
from shim.schemas import mistake_in_turns

if TYPE_CHECKING:
    from extensions.coder.agent import Run

REPEATS = 3
"""Identical calls in a row that are made; the next one is stopped."""

WRITING = frozenset({"write", "delete", "execute"})
"""Actions before which the workspace is remembered."""

SKIPPED = "Not done: an earlier call of the same answer was refused by the user."

UNFINISHED = "The task is not completed: another call of the same answer failed. Look at it first."
TOO_MANY = (
    "{} answers in a row could not be used, or only tried what is denied: the model may be too weak, "
    "or the task unclear. How shall it go on?"
)


class Stopped(Exception):
    """A person has to say something first: the run ends here."""


class ToolExecutor:
    """Works on the calls of one run's task."""

    def __init__(self, run: Run) -> None:
        self._run = run
        self._consent = Consent(run)
        self._repeated: Json | None = None
        """The record of repetitions with the calls that are made side by side, of which not all are done."""
        self._is_stuck = False

    async def run(self) -> None:
        """Work on the open calls in their order, reading ones side by side, until all are done or a person is asked."""
        self._repeated, self._is_stuck = self._run.task.repeated, False
        try:
            for group in _groups(self._run.conversation.open_calls, self._run.house.tools):
                if len(group) > 1:
                    async with asyncio.TaskGroup() as side_by_side:
                        for call in group:
                            side_by_side.create_task(self._one(call))
                else:
                    await self._one(group[0])
                self._refuse_when_waiting()
        except* Stopped:
            pass
        if (
            self._run.conversation.calls and not self._run.conversation.open_calls
        ):  # a person's word was the last of them
            await self._run.step(self._close, along=self._run.roster.parent_goes_on)

    def _refuse_when_waiting(self) -> None:
        if self._run.task.status != "running":
            raise Stopped

    # -- one call

    async def _one(self, call: Call) -> None:
        call = self._run.conversation.calls[call.call_id]
        if self._is_stuck:  # the others beside it end first: one of them asks the user
            return
        if call.state in ("waiting", "interrupted"):
            raise Stopped
        if call.state == "begun":  # the run that began it failed half-way: it is not made again unasked
            await self._done(call, Result(INTERRUPTED, failed=True))
            return
        if self._was_refused(call):
            await self._done(call, Result(SKIPPED, failed=True))
            return
        call = await self._fitted(call)
        short = await beside(named, call.name, call.arguments)
        repeated = counted(self._repeated, short, self._run.house.repeats)
        if repeated is None:
            await self._too_often(call)
            return
        self._repeated = repeated
        try:
            mode = await self._run.mode()
            tool = await self._checked(call, mode)
            using = Using(self._run, call, mode)
            plan = await tool.plan(using, call.arguments)
            await self._check_commands(mode, plan)
        except (ToolError, ToolRefused, UnknownTool, PermissionError) as error:
            await self._done(call, Result(str(error), failed=True), mistake=True)
            return
        except Exception as error:  # noqa: BLE001  the edge of a tool: its failure is something that the model reads
            await self._done(call, Result(f"{type(error).__name__}: {error}", failed=True))
            return
        try:
            if not await self._consent.given(call, plan):
                raise Stopped
        except Denied as error:  # who tries nothing but what is denied is stuck, or means to get around it
            await self._done(call, Result(str(error), failed=True), mistake=True)
            return
        await self._act(call, tool, using, plan)

    async def _tool(self, name: str) -> Tool | None:
        """Raises `ToolError` where it may be one of two."""
        return self._run.house.tools.get(name) or await plugin(name)

    async def _fitted(self, call: Call) -> Call:
        """The call with its arguments as its tool takes them."""
        try:
            tool = await self._tool(call.name)
        except ToolError:  # which the model is told where the call is checked
            return call
        return call if tool is None else replace(call, arguments=await beside(fitted, call.arguments, tool.schema))

    async def _checked(self, call: Call, mode: Mode) -> Tool:
        """The tool, once name, mode and arguments are right. Raises what a model may read."""
        tool = await self._tool(call.name)
        included, disabled = choice(self._run.task.model)
        is_plugin = tool is not None and call.name not in self._run.house.tools
        name = tool.name if tool is not None and is_plugin else call.name
        plugins = (name,) if is_plugin else ()
        check_tool(name, mode, call.arguments, disabled=disabled, included=included, plugins=plugins)
        if tool is None:
            raise UnknownTool(f"there is no tool {call.name!r}")
        if tool.is_alone and len(self._run.conversation.calls) > 1:
            raise ToolError(f"{call.name} must be the only call of an answer: make the others first, then this one")
        refuse_broken(call.name, call.arguments)
        if (wrong := await mistake_in_turns(call.arguments, tool.schema)) is not None:
            raise ToolError(f"{call.name}: {': '.join(part for part in wrong if part)}")
        return tool

    async def _check_commands(self, mode: Mode, plan: Plan) -> None:
        """Raise `ToolRefused` where the shell would do what the mode may not."""
        if may_edit_all(mode):
            return
        for action in plan.actions:
            if action.kind == "execute" and action.name == TYPED:
                raise ToolRefused(
                    f"the mode {mode.slug!r} may not edit all files, and what a program does with what is typed "
                    "into it cannot be told: end the program, run it with other arguments, or switch the mode"
                )
            if action.kind == "execute" and action.command:
                await asyncio.to_thread(check_command, mode, action.command, self._run.folders)

    def _was_refused(self, call: Call) -> bool:
        return any(
            one.at < call.at and one.approval is not None and one.approval["status"] == "reject"
            for one in self._run.conversation.calls.values()
        )

    # -- the deed

    async def _act(self, call: Call, tool: Tool, using: Using, plan: Plan) -> None:
        if WRITING & {action.kind for action in plan.actions}:
            await self._run.remember()
        shown, looked_at = await beside(bounded, plan.shown), await hash_of_plan(plan)

        def begin(draft: Draft) -> None:
            draft.call(replace(call, state="begun", plan=looked_at))
            draft.change(repeated=self._repeated)
            reshow(draft, self._run.conversation, call, status="running", shown=shown)

        if not (tool.is_reading or tool.is_record):
            await self._run.step(begin)
        try:
            result = await plan.act()
        except ToolError as error:
            result = Result(str(error), failed=True)
        except Exception as error:  # noqa: BLE001  the edge of a tool: its failure is something that the model reads
            result = Result(f"{type(error).__name__}: {error}", failed=True)
        self._run.deltas.flush()
        await self._done(call, result, effects=using.effects)

    async def _too_often(self, call: Call) -> None:
        """Ask the user what to do about an agent that goes round in circles."""
        result = Result(
            f"Not done: {call.name} was called {self._run.house.repeats} times with the same arguments, in a row or in "
            "turn with others whose results were always the same, too. Do something else.",
            failed=True,
        )
        self._repeated, self._is_stuck = None, True
        await self._done(call, result)
        text = f"The agent calls {call.name} again and again with the same arguments. What shall it do?"
        await self._run.wait_for_answer(text)
        raise Stopped

    # -- its end

    async def _done(
        self,
        call: Call,
        result: Result,
        *,
        mistake: bool = False,
        effects: Sequence[tuple[Effect, Json]] = (),
    ) -> None:
        found = kept(result, mistake=mistake)
        short, came = await beside(named, call.name, call.arguments), await beside(digest, found)
        more = {"shown": await beside(bounded, result.shown)} if result.shown is not None else {}
        if self._repeated is not None:
            self._repeated = ended(self._repeated, short, came)
        status = "failed" if result.failed else "done"
        along = None

        def change(draft: Draft) -> None:
            nonlocal along
            draft.call(replace(call, state="done", result=found))
            draft.change(repeated=self._repeated)
            reshow(draft, self._run.conversation, call, status=status, output=cut(found["text"], LONGEST), **more)
            if not result.failed:
                for kind, data in effects:
                    along = self._effect(draft, call, kind, data) or along
            self._close(draft)

        await self._run.step(change, along=lambda draft: along or self._run.roster.parent_goes_on(draft))
        if along is not None:
            self._run.roster.begin(along[0])
        self._refuse_when_waiting()

    def _effect(self, draft: Draft, call: Call, kind: Effect, data: Json) -> Any:
        """What a call changes of its task; gives the task that begins below it, if one does."""
        match kind:
            case "todos":
                draft.change(todos=tuple(data["todos"]))
            case "mode":
                draft.change(mode=data["mode"])
            case "complete":
                draft.show("completion", now_ms(), text=data["text"])
                draft.change(completing=data["text"])
            case "question":
                question = {"callId": call.call_id, "text": data["text"], "suggestions": data["suggestions"]}
                draft.call(replace(call, state="waiting", result=None))
                reshow(draft, self._run.conversation, call, status="waiting", output=None)
                number = draft.show("question", now_ms(), text=data["text"], suggestions=data["suggestions"])
                draft.change(status="waiting", waiting_for="question", question={**question, "shownId": number})
            case "subtask":
                child = self._run.house.child_of(draft.task, data)
                draft.call(replace(call, state="waiting", result=None))
                reshow(draft, self._run.conversation, call, status="waiting", output=None)
                draft.show("subtask", now_ms(), childTaskId=child[0].task.task_id)
                draft.change(status="delegated", child_task_id=child[0].task.task_id)
                return child
        return None

    def _close(self, draft: Draft) -> None:
        """Once all calls are done: what the model reads of them becomes the next message."""
        calls = self._run.conversation.calls | {one.call_id: one for one in draft.calls}
        if draft.task.status != "running" or any(one.state != "done" for one in calls.values()):
            return
        ordered = sorted(calls.values(), key=lambda one: one.at)
        results = told_together(ordered)
        only_mistakes = all((call.result or {}).get("mistake") for call in ordered)
        failed = any((call.result or {}).get("failed") for call in ordered)
        draft.forgets_calls = True
        completing, mistakes = draft.task.completing, draft.task.mistakes + 1 if only_mistakes else 0
        draft.change(mistakes=mistakes, completing=None)
        if completing is not None and failed:
            results.append({"type": "text", "text": UNFINISHED})
        results.extend(self._run.steered(draft))
        draft.say("user", results, now_ms())
        if completing is not None and not failed:
            self._run.complete(draft, completing)
        elif mistakes >= self._run.house.mistakes:
            self._run.question(draft, TOO_MANY.format(mistakes))


def _groups(calls: Sequence[Call], tools: Mapping[str, Tool]) -> Iterator[list[Call]]:
    """The calls in their order; reading ones that follow each other go together."""
    group: list[Call] = []
    for call in calls:
        tool = tools.get(call.name)
        reads = tool is not None and tool.is_reading and call.state == "asked"
        if group and not reads:
            yield group
            group = []
        if not reads:
            yield [call]
        else:
            group.append(call)
    if group:
        yield group
