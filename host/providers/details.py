"""`reasoning_details`: how OpenRouter tells what any model thought. It goes back as it came. No I/O is here."""

from __future__ import annotations

from collections.abc import Mapping
from io import StringIO
from typing import Any

import orjson

LARGEST = 1 << 20
"""Bytes of all of an answer's as JSON: of more, none goes back, as half of them would be none."""

MOST, FIELDS = 256, 32
"""Parts of an answer or pieces of a chunk, and fields of a piece: of more, none goes back either."""

TOLD_BY = ("type", "index", "id")
"""What pieces of one part have in common."""

PIECES = ("text", "summary")
"""What comes in pieces that follow each other."""


class Details:
    """Those of one answer, put together as they come."""

    def __init__(self) -> None:
        self._size = 0
        self._is_lost = False
        self._parts: dict[bytes, dict[str, Any]] = {}

    def take(self, given: object) -> None:
        """The details of one chunk, where there are any."""
        if self._is_lost or not isinstance(given, list):
            return
        try:
            self._is_lost = len(given) > MOST or not all(self._add(one) for one in given if isinstance(one, Mapping))
        except orjson.JSONEncodeError:
            self._is_lost = True
        if self._is_lost:
            self._parts.clear()

    def _add(self, one: Mapping[str, Any]) -> bool:
        """Whether there was room for it."""
        if not one:
            return True
        known = self._parts.setdefault(orjson.dumps([one.get(name) for name in TOLD_BY]), {})
        if len(one) > FIELDS or len(self._parts) > MOST:
            return False
        for name, value in one.items():
            if name in PIECES and isinstance(value, str):
                self._size += len(orjson.dumps(value))
                text = known[name] = known[name] if isinstance(known.get(name), StringIO) else StringIO()
                text.write(value)
            elif value is not None and value != known.get(name):
                self._size += len(orjson.dumps([{name: value}]))
                known[name] = value
        return self._size <= LARGEST

    def whole(self) -> str:
        """All of them as JSON; empty where there are none, or too many."""
        return orjson.dumps(list(self._parts.values()), default=StringIO.getvalue).decode() if self._parts else ""
