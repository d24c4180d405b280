"""The proposal `operator`: what the host's operator lays down for agents, above every user's settings."""

from __future__ import annotations

from sessions.ceiling import Ceiling
from sessions.current import current_session
from sessions.errors import QuotaExceeded

__all__ = ["Ceiling", "QuotaExceeded", "ceiling"]


def ceiling() -> Ceiling:
    """What the current user's agents may do at most, from the host's `security.*`. It cannot be changed from here."""
    return current_session().ceiling
