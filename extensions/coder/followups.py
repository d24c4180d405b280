"""Questions of tasks whose first suggestion is taken by itself after a time, where their user wants that."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable

from extensions.coder.permissions import Leave
from extensions.coder.task import Conversation, Json
from shim.proposed import background


class Followups:
    """Knows which wait. `answer` gives a suggestion as the answer, `settled` is called once one waits no longer."""

    def __init__(
        self, answer: Callable[[str, Json], Awaitable[object]], settled: Callable[[], Awaitable[object]]
    ) -> None:
        self._answer = answer
        self._settled = settled
        self._waiting = 0

    def __len__(self) -> int:
        return self._waiting

    def dispose(self) -> None:
        """Nothing is answered any more."""
        self._answer = self._settled = _nothing  # who is asked holds this

    def add(self, conversation: Conversation) -> None:
        """This one may ask something."""
        question = conversation.task.question
        if conversation.task.status != "waiting" or not question or not (after_ms := _takes()):
            return
        if question["suggestions"]:
            self._waiting += 1
            background.start(self._wait(conversation, question, after_ms / 1000), "answer of a question")

    async def _wait(self, conversation: Conversation, question: Json, seconds: float) -> None:
        try:
            await asyncio.sleep(seconds)
            if conversation.task.question == question and conversation.task.status == "waiting" and _takes():
                await self._answer(conversation.task.task_id, question["suggestions"][0])
        finally:
            self._waiting -= 1
        await self._settled()


def _takes() -> int | None:
    """After how many milliseconds the user wants an answer to be taken, as their settings are now."""
    leave = Leave.of_user()
    return leave.followup_ms if leave.enabled and "question" in leave.switches else None


async def _nothing(*_: object) -> None:
    """Takes no answer any more."""
