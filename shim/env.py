"""`vscode.env`: where the current user's code runs, as far as they may know, and what their clients open for them."""

from __future__ import annotations

import os
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

from sessions.current import current_session
from sessions.errors import InvalidValue
from sessions.shells import SHELL
from shim.address import SCHEME, Address
from shim.clipboard import Clipboard
from shim.enums import LogLevel, UIKind
from shim.events import EventEmitter, HasEvents, never, of_user
from shim.namespace import fix
from shim.questions import ask
from shim.telemetry import TelemetryLogger, TelemetrySender, create_telemetry_logger
from shim.thenable import Thenable, thenable
from shim.uri import Uri, as_uri

if TYPE_CHECKING:
    from sessions.context import SessionContext

__all__ = [
    "TelemetryLogger",
    "TelemetrySender",
    "app_host",
    "app_name",
    "app_root",
    "as_external_uri",
    "clipboard",
    "create_telemetry_logger",
    "is_new_app_install",
    "is_telemetry_enabled",
    "language",
    "log_level",
    "machine_id",
    "on_did_change_log_level",
    "on_did_change_shell",
    "on_did_change_telemetry_enabled",
    "open_external",
    "remote_name",
    "session_id",
    "shell",
    "ui_kind",
    "uri_scheme",
]

app_name = "Roost"
app_host = "roost"
app_root = str(Path(__file__).resolve().parent.parent)
"""The folder that the host is installed in; it is not among the user's files."""
language = "en"
ui_kind = UIKind.WEB
uri_scheme = SCHEME
"""Uris of this scheme come to the extension that they name: `roost://publisher.name/path`."""
is_new_app_install = False
is_telemetry_enabled = False
clipboard = Clipboard()

machine_id: str
"""The same for the same user each time, and another for each user: 64 hexadecimal digits."""

session_id: str
"""Another one each time that the user's session is opened."""

remote_name: str | None
"""`roost` where the host serves many users, from elsewhere than their machines; None on one's own machine."""

shell: str
"""The shell that a terminal of the user runs by default."""

log_level: LogLevel
"""What the user wants logged by their extensions; new log channels begin with it."""

OPENED = ("http", "https", "mailto")
"""The schemes that a client is asked to open; others could run code there."""


class Environment(HasEvents):
    """What is the user's own of `env`, and what can change in it."""

    __slots__ = ("level", "level_changed")

    def __init__(self, session: SessionContext) -> None:
        self.level = LogLevel.INFO
        self.level_changed = EventEmitter[LogLevel]()

    def set_level(self, level: LogLevel) -> None:
        """The user wants to see more, or less."""
        if level != self.level:
            self.level = level
            self.level_changed.fire(level)


on_did_change_log_level = of_user(lambda session: session.get(Environment).level_changed)
"""Fires with the level when the user sets another one."""

on_did_change_shell = never
"""Never fires: a user's default shell stays the same while they are here."""

on_did_change_telemetry_enabled = never
"""Never fires: telemetry is off for everybody."""


def open_external(target: Uri) -> Thenable[bool]:
    """Ask the user's client to open a web page or a mail; whether it did. Raises `InvalidValue` for other schemes.

    A page of the user's own machine here (`http://localhost:3000`) is opened as `as_external_uri` says.
    """
    if as_uri(target, "target").scheme not in OPENED:
        raise InvalidValue("target", f"must have one of the schemes {', '.join(OPENED)}, not '{target.scheme}'")
    return thenable(_opened(target), "env.open_external")


async def _opened(target: Uri) -> bool:
    found = await current_session().get(Address).external(target)
    return await ask("env.openExternal", {"uri": str(found)}) is True


def as_external_uri(target: Uri) -> Thenable[Uri]:
    """`target` as the user's client reaches it, once one is here: a port of their machine, or `roost://` of `env`.

    `http://localhost:3000/a` becomes `<this host>/preview/3000/a`, `roost://publisher.name/a` becomes
    `<this host>/uri/publisher.name/a`; all else stays as it is.
    """
    return thenable(current_session().get(Address).external(as_uri(target, "target")), "env.as_external_uri")


def _machine_id(session: SessionContext) -> str:
    from hashlib import sha256  # on first need: it brings OpenSSL along

    return sha256(f"roost user {session.uid}".encode()).hexdigest()


_LIVE: Mapping[str, Callable[[SessionContext], Any]] = {
    "machine_id": _machine_id,
    "session_id": lambda session: session.session_id,
    "remote_name": lambda session: None if session.single_user else "roost",
    "shell": lambda session: (os.environ.get("SHELL") if session.single_user else None) or SHELL,
    "log_level": lambda session: session.get(Environment).level,
}
"""What is looked up for the current user each time."""

if not TYPE_CHECKING:  # type checkers see the annotations above, and mistyped names

    def __getattr__(name: str) -> Any:
        if name in _LIVE:
            return _LIVE[name](current_session())
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")


fix(__name__)
