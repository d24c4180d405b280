"""The proposal `sessions`: run a command as another user, as a webhook's extension must. VS Code has one user only."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import AbstractAsyncContextManager
from typing import TYPE_CHECKING, Any

from sessions.current import current_session
from sessions.errors import RoostError
from shim.commands import Commands
from shim.thenable import Thenable, thenable

if TYPE_CHECKING:
    from sessions.context import SessionContext

Using = Callable[[str], "AbstractAsyncContextManager[SessionContext]"]
"""A uid -> that user's session, opened if it is not, and awake for the body."""


class Others:
    """The way from one user's session to another's. The host's loader gives it; without, there is none."""

    __slots__ = ("using",)

    def __init__(self, session: SessionContext) -> None:
        self.using: Using | None = None


def execute_command(uid: str, command: str, *rest: Any) -> Thenable[Any]:
    """Run the command of the user `uid`, in their session and their modules, and give its result.

    What crosses between the users is `rest` and the result: keep to plain values. Raises `InvalidUid`.
    """
    return thenable(_as_user(current_session().get(Others).using, uid, command, rest), f"command {command} as a user")


async def _as_user(using: Using | None, uid: str, command: str, arguments: tuple[Any, ...]) -> Any:
    if using is None:
        raise RoostError("there is no way to other users here: the host must give its loader the sessions")
    async with using(uid) as session:
        with session.entered():
            return await session.get(Commands).execute(command, *arguments)
