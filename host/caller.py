"""What a method knows of whoever asks. No socket is here: `connection.py` has the real ones, tests may have others."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, Protocol

from typing_extensions import TypedDict

from sessions.context import SessionContext
from sessions.terminal import Terminal


class Isolation(TypedDict):
    """What is said of a user's processes: the level in force, whether any may run, and what network they have."""

    level: str
    terminals: bool
    network: str


class Caller(Protocol):
    """One user's voice on one connection."""

    @property
    def session(self) -> SessionContext:
        """The user's open session."""

    @property
    def version(self) -> str:
        """The host's version."""

    def follow(self, after: int | None) -> tuple[bool, int]:
        """Send the user's events from now on; returns whether none was lost since `after`, and the newest number."""

    async def authenticate(self, token: str) -> str:
        """Take a new token of the same user; returns the uid. Raises `BadToken`, `NotYours`."""

    async def document(self) -> dict[str, Any]:
        """The OpenRPC document of this host."""

    async def isolation(self) -> Isolation:
        """How the user's processes are kept apart."""

    def show(self, terminal: Terminal, after: int | None) -> tuple[int, int]:
        """Send the output once this request is answered; returns the channel, and the offset that it begins at."""

    def hide(self, terminal: Terminal) -> None:
        """Send that terminal's output no more, and let it go on without this viewer."""

    def when_gone(self, undo: Callable[[], None]) -> None:
        """Call `undo` once this connection follows the session no more."""

    async def progress(self, token: str | int, value: object) -> None:
        """Send `$/progress` for a request that gave this token; waits while its reader is slow."""

    def report(self, what: str, error: Exception) -> None:
        """Log a failure that the caller is told of in a sentence only."""
