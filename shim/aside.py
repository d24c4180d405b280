"""For extensions: work on values of JSON that may be large, done where nobody waits for it. See `sessions.aside`."""

from __future__ import annotations

from sessions.aside import aside, is_large

__all__ = ["aside", "is_large"]
