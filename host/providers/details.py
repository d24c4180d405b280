"""`reasoning_details`: how OpenRouter tells what any model thought. It goes back as it came. No I/O is here."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import orjson

LARGEST = 1 << 20
"""Characters of all of an answer's: of more, none goes back, as half of them would be none."""

PIECES = ("text", "summary")
"""What comes in pieces that follow each other."""


class Details:
    """Those of one answer, put together as they come."""

    def __init__(self) -> None:
        self._size = 0
        self._parts: dict[Any, dict[str, Any]] = {}

    def take(self, given: object) -> None:
        """The details of one chunk, where there are any."""
        for one in given if isinstance(given, list) else ():
            if isinstance(one, Mapping) and one:
                self._size += sum(len(value) for value in one.values() if isinstance(value, str))
                if self._size <= LARGEST:
                    self._add(one)

    def _add(self, one: Mapping[str, Any]) -> None:
        known = self._parts.setdefault(tuple(str(one.get(name)) for name in ("type", "index", "id")), {})
        for name, value in one.items():
            if name in PIECES and isinstance(value, str):
                known[name] = (known.get(name) or "") + value
            elif value is not None:
                known[name] = value

    def whole(self) -> str:
        """All of them as JSON; empty where there are none, or too many."""
        try:
            return orjson.dumps(list(self._parts.values())).decode() if self._size <= LARGEST and self._parts else ""
        except orjson.JSONEncodeError:
            return ""
