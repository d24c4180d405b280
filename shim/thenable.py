"""What VS Code calls a Thenable: work of a user's session that starts at once and may be awaited or not."""

from __future__ import annotations

import asyncio
from collections.abc import Coroutine
from typing import Any, TypeAlias, TypeVar

from sessions.current import current_extension, current_session
from sessions.errors import RoostError

T = TypeVar("T")

Thenable: TypeAlias = asyncio.Future[T]


def thenable(work: Coroutine[Any, Any, T], name: str) -> Thenable[T]:
    """Start `work` as the current user and extension. Cancelling what this returns cancels the work.

    Raises `NoCurrentUser` or `NoSession` outside of a user, and `RoostError` in a thread other than the loop's.
    """
    try:
        asyncio.get_running_loop()
    except RuntimeError:
        work.close()
        raise RoostError(
            f"{name}: there is no event loop here; call it in activate() or later, not from a thread"
        ) from None
    try:
        return current_session().promise(work, name, current_extension())
    except LookupError:
        work.close()  # never started: the error says so, without a warning besides
        raise
