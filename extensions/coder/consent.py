"""Leave for a call: given by settings, by what a person allowed, or asked for; then the run ends until they say."""

from __future__ import annotations

import asyncio
import uuid
from dataclasses import replace
from typing import TYPE_CHECKING

from extensions.coder.bounded import bounded
from extensions.coder.permissions import Decision
from extensions.coder.repetition import digest
from extensions.coder.task import Call, Draft, Json, reshow
from extensions.coder.tool import Plan
from shim.beside import beside

if TYPE_CHECKING:
    from extensions.coder.agent import Run


ACTION = ("kind", "path", "command", "name", "definition")
"""What clients are told of each thing that a call would do."""


class Denied(Exception):
    """The operator or the user denies such a call whatever anybody says now; the sentence is for the model."""


class Consent:
    """Asks for leave for the calls of one run's task."""

    def __init__(self, run: Run) -> None:
        self._run = run

    async def given(self, call: Call, plan: Plan) -> bool:
        """Whether the plan may be carried out; where not, a person is asked by now. Raises `Denied`."""
        judge = self._run.judge()
        # To read a shell's grammar takes time; all else takes less than a thread would.
        commands = any(action.kind == "execute" for action in plan.actions)
        decision = await asyncio.to_thread(judge.decide, plan.actions) if commands else judge.decide(plan.actions)
        if decision.verdict == "deny":
            raise Denied(f"Refused: {decision.reason}")
        if decision.verdict == "approve" or await _is_allowed(call, plan):
            return True
        await self._ask(call, plan, decision)
        return False

    async def _ask(self, call: Call, plan: Plan, decision: Decision) -> None:
        shown = await beside(bounded, plan.shown)
        changed = call.approval is not None and call.state == "allowed"
        approval: Json = {
            "taskId": self._run.task.task_id,
            "approvalId": uuid.uuid4().hex,
            "callId": call.call_id,
            "tool": call.name,
            "actions": (await beside(bounded, {"": _actions(plan)})).get("", []),
            "shown": shown,
            "plan": await hash_of_plan(plan),
            "patterns": list(decision.patterns),
            "keys": list(decision.keys),
            "why": ("what it would do has changed since it was allowed; " if changed else "") + decision.reason,
            "status": "waiting",
        }

        def change(draft: Draft) -> None:
            draft.call(replace(call, state="waiting", approval=approval))
            draft.approvals.append(approval)
            reshow(draft, self._run.conversation, call, status="waiting", shown=shown)
            draft.change(status="waiting", waiting_for="approval")

        await self._run.step(change)


async def _is_allowed(call: Call, plan: Plan) -> bool:
    """Whether a person allowed just this: what a plan would do may have changed since they looked, or it began."""
    if call.state != "allowed" or call.approval is None:
        return False
    known = call.plan if call.approval["shown"].get("interrupted") else call.approval.get("plan")
    return bool(known == await hash_of_plan(plan))


def _actions(plan: Plan) -> list[Json]:
    return [{name: value for name in ACTION if (value := getattr(action, name)) is not None} for action in plan.actions]


async def hash_of_plan(plan: Plan) -> str:
    """What a plan would do, in short: a person allows just this, also what is too long to show."""
    return await beside(digest, _actions(plan), dict(plan.shown))
