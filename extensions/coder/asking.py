"""Asks for what tasks wait for by messages of the window, too: for editors that know no tasks. An answer counts as any.

Nothing depends on it: what waits stands on the disk, and whoever decides first has decided.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Iterator
from contextlib import suppress
from functools import partial
from types import MappingProxyType
from typing import Any

import shim as vscode
from extensions.coder.task import Conversation, Json
from shim.proposed import background
from shim.proposed.http import Conflict, NotFound
from shim.proposed.processes import Failure

DECISIONS = MappingProxyType({"Allow once": "once", "Always allow": "always", "Reject": "reject"})
DETAIL = 4_000
"""Characters of a diff or a command that are shown."""

Ask = Callable[[], Awaitable[object]]


class Asking:
    """What is asked at the moment. `decide` takes task, approval and decision, `say` a task and an answer."""

    def __init__(
        self, decide: Callable[[str, str, str], Awaitable[object]], say: Callable[[str, str], Awaitable[object]]
    ) -> None:
        self._decide = decide
        self._say = say
        self._asked: dict[tuple[str, str], vscode.Thenable[None]] = {}

    @property
    def is_wanted(self) -> bool:
        """Whether the user wants it."""
        return vscode.workspace.get_configuration("coder").get("askByMessages") is True

    def dispose(self) -> None:
        """Nothing is asked any more."""
        while self._asked:
            self._asked.popitem()[1].cancel()
        self._decide = self._say = _nothing

    def look(self, conversation: Conversation) -> None:
        """Ask for what a task waits for now, and no more for what was decided elsewhere."""
        task_id = conversation.task.task_id
        waits = dict(self._waits(conversation)) if self.is_wanted else {}
        for key in [key for key in self._asked if key[0] == task_id and key[1] not in waits]:
            self._asked.pop(key).cancel()
        for name, ask in waits.items():
            if (task_id, name) not in self._asked:
                self._asked[task_id, name] = background.start(self._one((task_id, name), ask), "question of a task")

    def _waits(self, conversation: Conversation) -> Iterator[tuple[str, Ask]]:
        task = conversation.task
        if task.status != "waiting":
            return
        approvals = [call.approval for call in conversation.waiting_calls]
        for approval in filter(None, (*approvals, task.limit)):
            yield approval["approvalId"], partial(self._leave, task.task_id, approval)
        if (question := task.question) is not None:
            yield f"question-{question['shownId']}", partial(self._answer, task.task_id, question)

    async def _one(self, key: tuple[str, str], ask: Ask) -> None:
        with suppress(NotFound, Conflict, Failure):  # somebody else was faster, or too many questions wait
            await ask()
        self._asked.pop(key, None)

    async def _leave(self, task_id: str, approval: Json) -> None:
        shown: dict[str, Any] = approval["shown"]
        what = shown.get("command") or shown.get("path") or shown.get("limit") or approval.get("why") or ""
        chosen = await vscode.window.show_information_message(
            f"{approval['tool'] or 'The agent'} asks for leave: {str(what)[:200]}",
            *DECISIONS,
            modal=True,
            detail=str(shown.get("diff") or shown.get("command") or approval.get("why") or "")[:DETAIL],
        )
        if chosen is not None:
            self._asked.pop((task_id, approval["approvalId"]), None)
            await self._decide(task_id, approval["approvalId"], DECISIONS[chosen])

    async def _answer(self, task_id: str, question: Json) -> None:
        answers = {_labelled(one): one["text"] for one in question["suggestions"] if one["text"]}
        if answers:
            chosen = await vscode.window.show_information_message(question["text"], *answers, modal=True)
            said = answers.get(chosen or "")
        else:
            said = await vscode.window.show_input_box(prompt=question["text"])
        if said:
            self._asked.pop((task_id, f"question-{question['shownId']}"), None)
            await self._say(task_id, said)


def _labelled(suggestion: Json) -> str:
    """A suggestion with the mode that comes with it: who takes the one takes the other."""
    mode = suggestion.get("mode")
    return f"{suggestion['text']} (in mode {mode})" if mode else str(suggestion["text"])


async def _nothing(*_: object) -> None:
    """Takes no answer any more."""
