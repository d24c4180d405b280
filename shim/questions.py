"""Asking the current user's clients and waiting for the first answer. What the question means is the asker's matter."""

from __future__ import annotations

from asyncio import CancelledError
from typing import Any

from sessions.current import current_session
from sessions.errors import RoostError
from shim.cancellation import CancellationToken

LONGEST = 10_000
"""Characters of one text that a user is shown; what is longer is cut."""


async def ask(method: str, params: dict[str, Any], token: CancellationToken | None = None) -> Any:
    """A client's answer to `method`, however long it takes; None where it refuses, or `token` is cancelled first.

    Raises `Overloaded` where too many questions wait already. Cancelling the task withdraws the question.
    """
    if token is not None and token.is_cancellation_requested:
        return None
    answer = current_session().requests.ask(method, {key: value for key, value in params.items() if value is not None})
    undo = token.on_cancellation_requested(lambda _: answer.cancel()) if token else None
    try:
        return await answer
    except RoostError:
        return None  # the client refused: as if the user had closed it, as VS Code's questions never fail
    except CancelledError:
        if token is not None and token.is_cancellation_requested:
            return None
        raise
    finally:
        if undo is not None:
            undo.dispose()


def shown(text: object) -> str:
    """`text` as the user is shown it: a string, cut where it is too long to read."""
    words = str(text)
    return words if len(words) <= LONGEST else f"{words[: LONGEST - 1]}…"
