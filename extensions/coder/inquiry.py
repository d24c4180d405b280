"""What the model is asked: the request, how often it is tried, and a conversation that is made to fit."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from dataclasses import replace
from typing import TYPE_CHECKING, Any

import shim as vscode
from extensions.coder.answer import Answer, charge
from extensions.coder.condensing import Asking, CannotCondense, Condensed, condense
from extensions.coder.context import Fit, budget_of, fit, reduced, tokens_now
from extensions.coder.environment import Situation, beginning, environment
from extensions.coder.history import effective
from extensions.coder.journal import now_ms
from extensions.coder.kinds import hint
from extensions.coder.modes import Mode
from extensions.coder.running import Commands
from extensions.coder.seen import Seen
from extensions.coder.sending import blind, has_pictures, sent
from extensions.coder.task import Draft, Json
from shim.proposed.operator import QuotaExceeded

if TYPE_CHECKING:
    from extensions.coder.agent import Run

TRIES = 5
"""How often a request is made that fails before anything came of it."""

WAITS_S = (2.0, 5.0, 10.0, 20.0)
TOO_LONG = 3
"""How often a conversation is shortened because the provider says that it is too long."""

REFUSED = frozenset({"InvalidRequest", "NotFound"})
"""Errors of a model that may mean that it takes no pictures."""

PASSING = frozenset({"Overloaded", "Unavailable", "Cut", "Unknown"})
"""Errors of a model that may be over soon."""

NO_MODEL = "there is no language model: set a provider's key, or choose one of lm.selectChatModels"


class Inquiry:
    """Asks the model of one run."""

    def __init__(self, run: Run) -> None:
        self._run = run
        self._counted = 0
        """How many of the messages that count the provider has counted."""
        self._is_blind = False
        """Whether the model refused a request with pictures."""

    async def _asking(self, mode: Mode) -> Asking | None:
        """Whom to ask, and with which prompt and tools; None where there is no model."""
        run = self._run
        model = await run.look()
        if model is None:
            return None
        system = await run.house.prompts.system(run.cwd, mode, is_subtask=run.task.parent_task_id is not None)
        tools = await run.house.prompts.tools(mode, model=model)
        texts = await run.house.files.texts()
        return Asking(model, system, tools, texts["condense"], run.task.task_id, run.token)

    async def answer(self) -> Answer | None:
        """What the model says next; None where the task rests by now."""
        mode = await self._run.mode()
        asking = await self._asking(mode)
        if asking is None:
            await self._run.fail(NO_MODEL)
            return None
        model = asking.model
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
                if error.code in REFUSED and self._may_be_blind():
                    self._is_blind = True
                    continue
                if error.code not in PASSING or attempt == TRIES - 1:
                    await self._run.fail(f"{model.name}: {error}")
                    return None
                await self._say_again(str(error), error.retry_after_s or WAITS_S[min(attempt, len(WAITS_S) - 1)])
            except QuotaExceeded as error:
                if error.quota.startswith("budgets."):
                    await self._run.out_of_budget(error)
                    return None
                if attempt == TRIES - 1:
                    await self._run.fail(str(error))
                    return None
                await self._say_again(str(error), WAITS_S[min(attempt, len(WAITS_S) - 1)])
        await self._run.fail(f"{model.name}: the conversation stays too long for it, however it is shortened")
        return None

    async def _stream(self, asking: Asking, mode: Mode, answer: Answer) -> None:
        around = await environment(self._situation(asking, mode))
        messages = effective(self._run.conversation.messages)
        begin = await self._beginning(messages)
        told = await asyncio.to_thread(sent, blind(messages) if self._is_blind else messages, around, begin)
        response = await asking.model.send_request(
            told, tools=asking.tools, system=asking.system, task=self._run.task.task_id, token=self._run.token
        )
        first = self._run.task.shown + 1
        try:
            async for part in response.stream:
                if (piece := answer.take(part)) is not None:
                    self._run.deltas.add(first + answer.shown - 1, *piece)
        finally:
            self._run.deltas.flush()
        self._counted = len(messages) + 1

    async def _beginning(self, messages: list[Json]) -> str:
        """What stands behind the first of the messages that count, made once for each: a summary gets it anew."""
        first = messages[0]["id"] if messages else 0
        kept: dict[int, str] = self._run.notes.setdefault("beginning", {})
        if first not in kept and (made := await beginning(self._run.cwd, self._run.access)):
            kept.clear()
            kept[first] = made
        return kept.get(first, "")

    def _may_be_blind(self) -> bool:
        """Whether the model is not known to see, and was shown pictures."""
        seen = effective(self._run.conversation.messages)
        return not self._run.sees_images and not self._is_blind and has_pictures(seen)

    def _situation(self, asking: Asking, mode: Mode) -> Situation:
        run, task = self._run, self._run.task
        is_first = task.messages == 1
        return Situation(
            cwd=run.cwd,
            mode=mode,
            access=run.access,
            seen=Seen.of(run.notes),
            kind=hint(task.kind, task.title, {one.name for one in asking.tools}) if is_first else "",
            todos=run.house.todos_of(task),
            news=Commands.of(run.notes).news(),
            cost=task.cost,
            tokens=task.context_tokens,
            window=asking.model.max_input_tokens,
        )

    async def _say_again(self, reason: str, wait_s: float) -> None:
        """Show that a request failed and is made again."""
        wait_s = min(wait_s, 600.0) * self._run.house.patience

        def change(draft: Draft) -> None:
            draft.show("error", now_ms(), text=f"{reason}. It is tried again in {wait_s:.0f} s.", retrying=True)

        await self._run.step(change)
        await asyncio.sleep(wait_s)

    # -- its length

    async def _fit(self, asking: Asking, *, forced: bool = False) -> None:
        """Condense or cut the conversation where it does not fit, or where it must."""
        budget = budget_of(asking.model)
        if (self._run.task.context_window, self._run.task.served) != (budget.window, asking.model.id):
            await self._run.step(lambda draft: draft.change(context_window=budget.window, served=asking.model.id))
        messages = self._run.conversation.messages
        known = self._run.task.context_tokens if self._counted else 0
        tokens = tokens_now(effective(messages), known=known, since=self._counted)
        shrink = reduced if forced else fit
        await self._take(await shrink(list(messages), budget, tokens, self._condenser(asking)))

    def _condenser(self, asking: Asking) -> Callable[[list[Json]], Any]:
        async def summed(messages: list[Json]) -> Condensed:
            begin = await self._beginning(effective(messages))
            asked = replace(asking, beginning=begin, is_blind=self._is_blind)
            return await condense(messages, asked, self._run.house.folding(self._run.cwd, self._run.access), now_ms())

        return summed

    async def condense(self) -> str:
        """Condense now, whether it is needed or not; gives the summary. Raises `CannotCondense`."""
        asking = await self._asking(await self._run.mode())
        if asking is None:
            raise CannotCondense(NO_MODEL)
        before = tokens_now(effective(self._run.conversation.messages))
        done: Condensed = await self._condenser(asking)(list(self._run.conversation.messages))
        await self._take(Fit(done.messages, before, tokens_now(effective(done.messages)), done))
        return done.text

    async def _take(self, fit: Fit) -> None:
        if not fit.has_changed:
            return
        self._counted = 0
        changed = [one | {"id": at} for at, one in enumerate(fit.messages, 1)]
        known = {one["id"]: one for one in self._run.conversation.messages}

        def change(draft: Draft) -> None:
            draft.said += [one for one in changed if known.get(one["id"]) != one]
            text = fit.condensed.text if fit.condensed else f"{fit.cut.hidden} messages are hidden" if fit.cut else ""
            draft.show("condensed", now_ms(), text=text, before=fit.before, after=fit.after)
            draft.change(messages=len(changed), context_tokens=fit.after)
            if fit.condensed is not None:
                charge(draft, fit.condensed.usage)
                draft.change(context_tokens=fit.after)

        await self._run.step(change)
