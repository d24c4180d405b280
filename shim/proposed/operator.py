"""The proposal `operator`: what the host's operator lays down for agents, above every user's settings."""

from __future__ import annotations

import contextvars
from collections.abc import Callable

from sessions.budgets import BudgetListeners
from sessions.ceiling import Ceiling
from sessions.current import current_session
from sessions.errors import QuotaExceeded
from shim.events import Disposable
from shim.thenable import Thenable, thenable

__all__ = ["Ceiling", "QuotaExceeded", "ceiling", "on_budget", "room"]


def ceiling() -> Ceiling:
    """What the current user's agents may do at most, from the host's `security.*`. It cannot be changed from here."""
    return current_session().ceiling


def room(budget: str, task: str | None = None) -> Thenable[float | None]:
    """USD that a budget such as `budgets.day` leaves to the current user (to `task`, for `budgets.task`); None: no limit."""  # noqa: E501
    return thenable(_room(budget, task), "operator.room")


async def _room(budget: str, task: str | None) -> float | None:
    session = current_session()
    return None if session.models is None else await session.models.room(session, budget, task)


def on_budget(listener: Callable[[], None]) -> Disposable:
    """Call `listener` when the current user may spend more than before, perhaps: ask `room` how much."""
    context = contextvars.copy_context()
    return Disposable(current_session().get(BudgetListeners).listen(lambda: context.copy().run(listener)))
