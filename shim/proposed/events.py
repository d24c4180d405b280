"""The proposal `events`: an extension tells its user's clients what happened. VS Code has webviews for that only."""

from __future__ import annotations

from typing import Any

from sessions.current import current_extension, current_session
from sessions.errors import InvalidValue
from shim.thenable import Thenable


def post(type: str, data: Any, *, durable: bool = False) -> Thenable[int]:
    """Send an event to the current user's clients, also to those that connect later; gives its number.

    `type` begins with the extension's name: `hello.counted`. `data` is JSON. A `durable` event is on the disk before
    it is seen, and survives a restart of the host; others are kept in memory. Raises `InvalidValue`.
    """
    name = (current_extension() or "").partition(".")[2]
    if not name:
        raise InvalidValue("type", "needs an extension to be of; post events from an extension's code")
    if not isinstance(type, str) or not type.startswith(f"{name}.") or len(type) <= len(name) + 1:
        raise InvalidValue("type", f"must begin with the extension's own name: '{name}.<what happened>'")
    return current_session().mailbox.post(type, data, durable=durable)
