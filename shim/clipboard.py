"""`vscode.env.clipboard`: a text of the current user's own, which their clients copy to and from. Not the host's."""

from __future__ import annotations

from typing import TYPE_CHECKING

from sessions.current import current_session
from sessions.errors import InvalidValue
from shim.thenable import Thenable, thenable

if TYPE_CHECKING:
    from sessions.context import SessionContext

LONGEST = 1 << 20
"""Characters that a clipboard holds."""

WRITTEN = "env.onDidWriteClipboard"
"""The event of a text that an extension put there: clients read it, if their user lets them."""


class Clip:
    """One user's clipboard."""

    __slots__ = ("_session", "text")

    def __init__(self, session: SessionContext) -> None:
        self._session = session
        self.text = ""

    def write(self, text: str, *, tell: bool) -> None:
        """Keep a text, and tell the clients where it is not from one of them."""
        if not isinstance(text, str) or len(text) > LONGEST:
            raise InvalidValue("value", f"must be a string of at most {LONGEST} characters")
        self.text = text
        if tell:
            self._session.mailbox.post(WRITTEN, {"length": len(text)})


class Clipboard:
    """VS Code's `Clipboard`, of whoever is the current user."""

    __slots__ = ()

    def read_text(self) -> Thenable[str]:
        """What was put there last, by an extension or a client; empty at first."""
        return thenable(self._read(), "env.clipboard.read_text")

    def write_text(self, value: str) -> Thenable[None]:
        """Put a text there."""
        return thenable(self._write(value), "env.clipboard.write_text")

    async def _read(self) -> str:
        return current_session().get(Clip).text

    async def _write(self, value: str) -> None:
        current_session().get(Clip).write(value, tell=True)
