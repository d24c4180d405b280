"""Whether state can be kept now: a real write, at most once in five seconds, however many ask."""

from __future__ import annotations

import asyncio
import sqlite3
import time
from pathlib import Path

BELIEVED_S = 5.0


class DatabaseProbe:
    """Writes to a database of its own beside the users' (`DATA/health.db`), so that a full or read-only disk shows."""

    def __init__(self, data: Path) -> None:
        self._file = data / "health.db"
        self._lock = asyncio.Lock()
        self._works = True
        self._asked_at = 0.0

    async def works(self) -> bool:
        """The answer of the last five seconds, or a new one."""
        async with self._lock:
            if not self._asked_at or time.monotonic() - self._asked_at > BELIEVED_S:
                self._works = await asyncio.to_thread(self._write)
                self._asked_at = time.monotonic()
        return self._works

    def _write(self) -> bool:
        try:
            connection = sqlite3.connect(self._file, timeout=1)
            try:
                connection.execute(f"PRAGMA user_version = {int(time.time()) & 0x7FFFFFFF}")
            finally:
                connection.close()
        except (sqlite3.Error, OSError):
            return False
        return True
