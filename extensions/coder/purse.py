"""The tasks of one user that wait for money: they go on by themselves once their budget leaves what they need."""

from __future__ import annotations

from collections.abc import Awaitable, Callable

import shim as vscode
from extensions.coder.task import Task
from shim.proposed import background, operator


class Purse:
    """Knows who waits; `go_on` lets a task go on, `look` gives a task's row as it is now."""

    def __init__(
        self, look: Callable[[str], Awaitable[Task | None]], go_on: Callable[[str], Awaitable[object]]
    ) -> None:
        self._look = look
        self._go_on = go_on
        self._waiting: dict[str, None] = {}
        self._looking: vscode.Thenable[None] | None = None
        self._again = False
        self._undo = [
            operator.on_budget(self.check),
            vscode.workspace.on_did_change_configuration(
                lambda change: self.check() if change.affects_configuration("budgets") else None
            ),
        ]

    def __len__(self) -> int:
        return len(self._waiting)

    def add(self, task: Task) -> None:
        """This one waits for money."""
        self._waiting[task.task_id] = None
        self.check()  # its budget may have been raised while it went to rest

    def discard(self, task_id: str) -> None:
        """This one does not wait for money, or not any more."""
        self._waiting.pop(task_id, None)

    def dispose(self) -> None:
        for one in self._undo:
            one.dispose()
        self._undo.clear()
        self._look = self._go_on = _nothing  # who is asked holds this

    def check(self) -> None:
        """Look, soon, whether there is enough for one of them."""
        if not self._waiting:
            return
        if self._looking is not None and not self._looking.done():
            self._again = True
            return
        self._looking = background.start(self._check(), "look for money")

    async def _check(self) -> None:
        self._again = True
        while self._again:
            self._again = False
            for task_id in list(self._waiting):
                task = await self._look(task_id)
                if task is None or task.waiting_for != "budget":
                    self._waiting.pop(task_id, None)
                elif await self._is_enough(task):
                    self._waiting.pop(task_id, None)
                    await self._go_on(task_id)

    @staticmethod
    async def _is_enough(task: Task) -> bool:
        short = task.short or {}
        left = await operator.room(short.get("budget", ""), task.task_id)
        needed = short.get("needed")
        return left is None or (needed is not None and left >= needed)


async def _nothing(task_id: str) -> None:
    """Knows no task any more."""
