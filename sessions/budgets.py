"""Who in a session waits for money, and is told when there may be more of it. No amount is known here."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from sessions.context import SessionContext


class BudgetListeners:
    """The listeners of one session: `session.get(BudgetListeners)`."""

    __slots__ = ("_listeners",)

    def __init__(self, session: SessionContext) -> None:
        self._listeners: list[Callable[[], None]] = []

    def listen(self, changed: Callable[[], None]) -> Callable[[], None]:
        """Call `changed` whenever more may be spent than before; returns the undo."""
        self._listeners.append(changed)
        return lambda: self._listeners.remove(changed) if changed in self._listeners else None

    def changed(self) -> None:
        """More may be spent than before, perhaps."""
        for listener in list(self._listeners):
            listener()
