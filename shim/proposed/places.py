"""The proposal `places`: where a user's home folder is. VS Code's extensions ask Node."""

from __future__ import annotations

from sessions.current import current_session
from shim.uri import Uri


def home() -> Uri:
    """The current user's home folder: `/home` of their world, on one's own machine one's own."""
    return Uri.file(current_session().home)
