"""ToolExecutor (seed 000): the calls of one answer, from what the model wrote to what it reads of them.

A call is checked against its schema, its mode and the calls before it; it plans; leave is asked for; it acts, once;
what came of it is durable before the next one. What needs a person ends the run: their word begins it anew.
"""

from __future__ import annotations

import asyncio
import base64
import json
import uuid
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from typing import TYPE_CHECKING, Any

import shim as vscode
from extensions.coder.bounded import LONGEST, bounded
from extensions.coder.bounded import shortened as cut
from extensions.coder.journal import now_ms
from extensions.coder.mcp_names import meant
from extensions.coder.modes import Mode, ToolRefused, UnknownTool, check_command, check_tool, may_edit_all
from extensions.coder.permissions import Judge, Leave
from extensions.coder.prompting import choice
from extensions.coder.task import Call, Draft, Json, reshow
from extensions.coder.tool import Action, Effect, Image, Plan, Result, Tool, ToolError
from shim.proposed.operator import ceiling
from shim.schemas import mistake

if TYPE_CHECKING:
    from extensions.coder.agent import Run

RESULT_CHARACTERS = 200_000
"""Of one result a model reads; each tool has bounds of its own below it."""

REPEATS = 3
"""Identical calls in a row that are made; the next one is stopped."""

WRITING = frozenset({"write", "delete", "execute"})
"""Actions before which the workspace is remembered."""

SKIPPED = "Not done: an earlier call of the same answer was refused by the user."


class Using:
    """What one call may know of its task (`tool.Use`)."""

    def __init__(self, run: Run, call: Call, mode: Mode) -> None:
        self.task_id = run.task.task_id
        self.call_id = call.call_id
        self.mode = mode
        self.cwd = run.task.cwd
        self.access = run.access
        self.protection = run.protection
        self.token = run.token
        self.sees_images = run.sees_images
        self.depth = run.task.depth
        self.has_open_todos = any(one.get("status") != "completed" for one in run.task.todos)
        self.notes = run.notes
        self.effects: list[tuple[Effect, Json]] = []
        self._run = run
        self._shown_id = call.shown_id

    async def modes(self) -> Sequence[Mode]:
        return await self._run.house.files.modes(self._run.cwd)

    def effect(self, kind: Effect, **data: Any) -> None:
        self.effects.append((kind, data))

    def stream(self, text: str) -> None:
        self._run.deltas.add(self._shown_id, "output", text)

    def store(self) -> vscode.Uri:
        return self._run.store


class Stopped(Exception):
    """A person has to say something first: the run ends here."""


class ToolExecutor:
    """Works on the calls of one run's task."""

    def __init__(self, run: Run) -> None:
        self._run = run

    async def run(self) -> None:
        """Work on the open calls in their order, reading ones side by side, until all are done or a person is asked."""
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
        if not self._run.conversation.open_calls:
            await self._close()

    def _refuse_when_waiting(self) -> None:
        if self._run.task.status != "running":
            raise Stopped

    # -- one call

    async def _one(self, call: Call) -> None:
        call = self._run.conversation.calls[call.call_id]
        if call.state in ("waiting", "interrupted"):
            raise Stopped
        if self._was_refused(call):
            await self._done(call, Result(SKIPPED, failed=True))
            return
        try:
            mode = await self._run.mode()
            tool = self._checked(call, mode)
            using = Using(self._run, call, mode)
            plan = await tool.plan(using, call.arguments)
            await self._check_commands(mode, plan)
        except (ToolError, ToolRefused, UnknownTool, PermissionError) as error:
            await self._done(call, Result(str(error), failed=True), mistake=True)
            return
        except Exception as error:  # noqa: BLE001  the edge of a tool: its failure is something that the model reads
            await self._done(call, Result(f"{type(error).__name__}: {error}", failed=True))
            return
        if await self._has_leave(call, plan):
            await self._act(call, tool, using, plan)

    def _checked(self, call: Call, mode: Mode) -> Tool:
        """The tool, once name, mode and arguments are right. Raises what a model may read."""
        tool = self._run.house.tools.get(call.name) or _plugin(call.name)
        included, disabled = choice(self._run.task.model)
        is_plugin = tool is not None and call.name not in self._run.house.tools
        name = tool.name if tool is not None and is_plugin else call.name
        plugins = (name,) if is_plugin else ()
        check_tool(name, mode, call.arguments, disabled=disabled, included=included, plugins=plugins)
        if tool is None:
            raise UnknownTool(f"there is no tool {call.name!r}")
        if tool.is_alone and len(self._run.conversation.calls) > 1:
            raise ToolError(f"{call.name} must be the only call of an answer: make the others first, then this one")
        if (wrong := mistake(call.arguments, tool.schema)) is not None:
            raise ToolError(f"{call.name}: {': '.join(part for part in wrong if part)}")
        return tool

    async def _check_commands(self, mode: Mode, plan: Plan) -> None:
        """Raise `ToolRefused` where the shell would do what the mode may not."""
        lines = [action.command for action in plan.actions if action.kind == "execute" and action.command]
        for line in lines if not may_edit_all(mode) else ():
            await asyncio.to_thread(check_command, mode, line, self._run.folders)

    def _was_refused(self, call: Call) -> bool:
        return any(
            one.at < call.at and one.approval is not None and one.approval["status"] == "reject"
            for one in self._run.conversation.calls.values()
        )

    # -- leave

    async def _has_leave(self, call: Call, plan: Plan) -> bool:
        """Whether the plan may be carried out. Where a person has to be asked they are, and the run ends."""
        judge = Judge(
            Leave.of_user(), ceiling(), (*self._run.folders, self._run.store.path), self._run.protection,
            self._run.task.granted,
        )  # fmt: skip
        decision = await asyncio.to_thread(judge.decide, plan.actions)  # it reads a shell's grammar
        if decision.verdict == "deny":
            await self._done(call, Result(f"Refused: {decision.reason}", failed=True))
            return False
        if decision.verdict == "approve" or self._is_allowed(call, plan):
            return True
        changed = call.approval is not None and call.state == "allowed"
        await self._ask(call, plan, decision.keys, decision.patterns, decision.reason, changed=changed)
        raise Stopped

    def _is_allowed(self, call: Call, plan: Plan) -> bool:
        """Whether a person allowed just this: what a plan would do may have changed since they looked."""
        if call.state != "allowed" or call.approval is None:
            return False
        if call.approval["shown"].get("interrupted"):
            return True
        return bool(call.approval.get("plan") == _hash_of_plan(plan))

    async def _ask(
        self, call: Call, plan: Plan, keys: Sequence[str], patterns: Sequence[str], reason: str, *, changed: bool
    ) -> None:
        approval: Json = {
            "taskId": self._run.task.task_id,
            "approvalId": uuid.uuid4().hex,
            "callId": call.call_id,
            "tool": call.name,
            "actions": bounded({"": _actions(plan)})[""],
            "shown": bounded(plan.shown),
            "plan": _hash_of_plan(plan),
            "patterns": list(patterns),
            "keys": list(keys),
            "why": ("what it would do has changed since it was allowed; " if changed else "") + reason,
            "status": "waiting",
        }

        def change(draft: Draft) -> None:
            draft.call(replace(call, state="waiting", approval=approval))
            draft.approvals.append(approval)
            reshow(draft, self._run.conversation, call, status="waiting", shown=bounded(plan.shown))
            draft.change(status="waiting", waiting_for="approval")

        await self._run.step(change)

    # -- the deed

    async def _act(self, call: Call, tool: Tool, using: Using, plan: Plan) -> None:
        repeated = self._count(call)
        if repeated is None:
            await self._too_often(call)
            return
        if WRITING & {action.kind for action in plan.actions}:
            await self._run.remember()
        call = replace(call, state="begun")

        def begin(draft: Draft) -> None:
            draft.call(call)
            draft.change(repeated=repeated)
            reshow(draft, self._run.conversation, call, status="running", shown=bounded(plan.shown))

        if not (tool.is_reading or tool.is_record):
            await self._run.step(begin)
        try:
            result = await plan.act()
        except ToolError as error:
            result = Result(str(error), failed=True)
        except Exception as error:  # noqa: BLE001  the edge of a tool: its failure is something that the model reads
            result = Result(f"{type(error).__name__}: {error}", failed=True)
        self._run.deltas.flush()
        await self._done(call, result, effects=using.effects, repeated=repeated)

    def _count(self, call: Call) -> Json | None:
        """How often this call was made in a row with it; None where that is once too often."""
        made = json.dumps([call.name, call.arguments], sort_keys=True)
        last = self._run.task.repeated or {}
        count = last["count"] + 1 if last.get("call") == hash_of(made) else 1
        limit = self._run.house.repeats
        return None if limit and count > limit else {"call": hash_of(made), "count": count}

    async def _too_often(self, call: Call) -> None:
        """Ask the user what to do about an agent that goes round in circles."""
        result = Result(
            f"Not done: {call.name} was called {self._run.house.repeats} times in a row with the same arguments. "
            "Do something else.",
            failed=True,
        )
        await self._done(call, result, repeated={})
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
        repeated: Json | None = None,
    ) -> None:
        text, result = shortened(result.text), replace(result, text="")
        kept = {
            "text": text,
            "failed": result.failed,
            "mistake": mistake,
            "images": [_stored(one) for one in result.images],
        }
        status = "failed" if result.failed else "done"
        along = None

        def change(draft: Draft) -> None:
            nonlocal along
            draft.call(replace(call, state="done", result=kept))
            if repeated is not None:
                draft.change(repeated=repeated or None)
            more = {"shown": bounded(result.shown)} if result.shown is not None else {}
            reshow(draft, self._run.conversation, call, status=status, output=cut(text, LONGEST), **more)
            if not result.failed:
                for kind, data in effects:
                    along = self._effect(draft, call, kind, data) or along

        await self._run.step(change, along=lambda _: along)
        if along is not None:
            self._run.house.begin(along[0])
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

    async def _close(self) -> None:
        """All calls are done: what the model reads of them becomes the next message."""
        calls = sorted(self._run.conversation.calls.values(), key=lambda one: one.at)
        results = [_told(call) for call in calls]
        only_mistakes = all((call.result or {}).get("mistake") for call in calls)
        failed = any((call.result or {}).get("failed") for call in calls)

        def change(draft: Draft) -> None:
            draft.forgets_calls = True
            completing, mistakes = draft.task.completing, draft.task.mistakes + 1 if only_mistakes else 0
            draft.change(mistakes=mistakes, completing=None)
            refused = "The task is not completed: another call of the same answer failed. Look at it first."
            if completing is not None and failed:
                results.append({"type": "text", "text": refused})
                completing = None
            results.extend(self._run.steered(draft))
            draft.say("user", results, now_ms())
            if completing is not None:
                self._run.complete(draft, completing)

        await self._run.step(change, along=self._run.house.parent_goes_on)
        if self._run.task.mistakes >= self._run.house.mistakes and self._run.task.status == "running":
            await self._run.wait_for_answer(
                f"{self._run.task.mistakes} answers in a row could not be used: the model may be too weak for this, or "
                "the task unclear. How shall it go on?"
            )


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


def _plugin(name: str) -> Tool | None:
    """A tool of another extension or an MCP server, whose name a model may have mangled. Raises `ToolError` where two fit."""  # noqa: E501  a pattern
    tools = {one.name: one for one in vscode.lm.tools}
    names = meant(name, tools)
    if len(names) > 1:
        raise ToolError(f"{name!r} may be {' or '.join(sorted(names))}: call the one you mean by its exact name")
    if not names:
        return None
    (name,) = names
    found = tools[name]
    schema = found.input_schema or {"type": "object"}

    async def plan(use: Any, arguments: Mapping[str, Any]) -> Plan:
        async def act() -> Result:
            answer = await vscode.lm.invoke_tool(name, arguments, use.token)
            texts = [one.value for one in answer.content if isinstance(one, vscode.LanguageModelTextPart)]
            pictures = [
                Image(one.data, one.mime_type)
                for one in answer.content
                if isinstance(one, vscode.LanguageModelDataPart) and one.mime_type.startswith("image/")
            ]
            return Result("\n".join(texts) or "(no text)", tuple(pictures))

        return Plan(act, (Action("mcp", name=name),), {"tool": name, "arguments": dict(arguments)})

    return Tool(name, schema, plan)


def shortened(text: str) -> str:
    """What a model reads of a result at most: its beginning and its end."""
    if len(text) <= RESULT_CHARACTERS:
        return text
    half = RESULT_CHARACTERS // 2
    left_out = f"\n\n[{len(text) - 2 * half} characters are left out here; ask for less at once]\n\n"
    return text[:half] + left_out + text[-half:]


def hash_of(text: str) -> str:
    """A short name of a long text."""
    return uuid.uuid5(uuid.NAMESPACE_OID, text).hex


def _actions(plan: Plan) -> list[Json]:
    return [
        {name: value for name in ("kind", "path", "command", "name") if (value := getattr(action, name)) is not None}
        for action in plan.actions
    ]


def _hash_of_plan(plan: Plan) -> str:
    """What a plan would do, in short: a person allows just this, also what is too long to show."""
    return hash_of(json.dumps([_actions(plan), dict(plan.shown)], sort_keys=True, default=str))


def _stored(image: Image) -> Json:
    return {"media_type": image.mime, "data": base64.b64encode(image.data).decode()}


def _told(call: Call) -> Json:
    """What the model reads of a call."""
    result = call.result or {"text": "", "failed": True, "images": []}
    content: list[Json] = [{"type": "text", "text": result["text"] or "(no output)"}]
    content += [{"type": "image", "source": {"type": "base64", **one}} for one in result.get("images", ())]
    told: Json = {"type": "tool_result", "tool_use_id": call.call_id, "content": content}
    return told | ({"is_error": True} if result["failed"] else {})
