"""`vscode.env`: where the current user's code runs, as far as they may know. It keeps nothing itself."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING, Any

from sessions.current import current_session
from sessions.errors import InvalidValue
from shim.enums import UIKind
from shim.questions import ask
from shim.thenable import Thenable, thenable
from shim.uri import Uri, as_uri

if TYPE_CHECKING:
    from sessions.context import SessionContext

app_name = "Roost"
app_host = "roost"
language = "en"
ui_kind = UIKind.WEB

machine_id: str
"""The same for the same user each time, and another for each user: 64 hexadecimal digits."""

session_id: str
"""Another one each time that the user's session is opened."""

OPENED = ("http", "https", "mailto")
"""The schemes that a client is asked to open; others could run code there."""


def open_external(target: Uri) -> Thenable[bool]:
    """Ask the user's client to open a web page or a mail; whether it did. Raises `InvalidValue` for other schemes."""
    if as_uri(target, "target").scheme not in OPENED:
        raise InvalidValue("target", f"must have one of the schemes {', '.join(OPENED)}, not '{target.scheme}'")
    return thenable(_opened(str(target)), "env.open_external")


async def _opened(target: str) -> bool:
    return await ask("env.openExternal", {"uri": target}) is True


def _machine_id(session: SessionContext) -> str:
    from hashlib import sha256  # on first need: it brings OpenSSL along

    return sha256(f"roost user {session.uid}".encode()).hexdigest()


_LIVE: Mapping[str, Callable[[SessionContext], Any]] = {
    "machine_id": _machine_id,
    "session_id": lambda session: session.session_id,
}
"""What is looked up for the current user each time."""

if not TYPE_CHECKING:  # type checkers see the annotations above, and mistyped names

    def __getattr__(name: str) -> Any:
        if name in _LIVE:
            return _LIVE[name](current_session())
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
