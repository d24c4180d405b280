"""For extensions: work on values of JSON that may be large, done where nobody waits for it. See `sessions.beside`."""

from __future__ import annotations

from sessions.beside import beside

__all__ = ["beside"]
