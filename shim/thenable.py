"""What VS Code calls a Thenable: work of a user's session that starts at once and may be awaited or not."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Coroutine
from inspect import isawaitable
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


class Unbound(RoostError):
    """Code of an extension raised what would end the whole process, such as `SystemExit`."""


async def called(function: Callable[..., Any], *arguments: Any) -> Any:
    """The result of what an extension wrote, plain or async. Not even `sys.exit` in it ends the host: `Unbound`."""
    try:
        result = function(*arguments)
        return await result if isawaitable(result) else result
    except (Exception, asyncio.CancelledError):
        raise
    except BaseException as error:
        raise harmless(error) from error


def harmless(error: BaseException) -> Exception:
    """`error`, or one in its place where a future cannot carry it or the loop would end by it."""
    if isinstance(error, Exception) and not isinstance(error, StopIteration):
        return error
    return Unbound(f"it raised {type(error).__name__}: {error}")
