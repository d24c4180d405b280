"""The same tool call again and again: counted, and stopped. No tool is called here."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any


class Repetition:
    """Lets `limit` identical calls in a row pass and stops the next one; zero or less lets all pass.

    After a stop the count begins anew, so that the agent gets another chance once the user was asked.
    """

    __slots__ = ("_count", "_last", "_limit")

    def __init__(self, limit: int = 3) -> None:
        self._limit = limit
        self._last = ""
        self._count = 0

    def allows(self, tool: str, arguments: Mapping[str, Any]) -> bool:
        """Count the call; False if it is one too many."""
        call = json.dumps([tool, arguments], sort_keys=True, default=str)
        self._count = self._count + 1 if call == self._last else 1
        self._last = call
        if self._limit <= 0 or self._count <= self._limit:
            return True
        self._last, self._count = "", 0
        return False
