"""What people are shown of calls, small enough for an event: long texts lose their middle. Values in, values out."""

from __future__ import annotations

from collections.abc import Mapping
from contextlib import suppress
from itertools import islice
from typing import Any

import orjson

LONGEST = 64_000
"""Characters of one text."""

SHORTER = 2_000
"""Characters of one text where all of them together are too much."""

MOST = 400_000
"""Bytes of JSON in all; an event may have 1 MiB, and holds more than this."""

ITEMS = 200
"""Items of a list, and entries of an object, where all of them together are too much."""

LEFT_OUT = "\n… {} characters are left out here …\n"


def bounded(value: Mapping[str, Any] | None) -> dict[str, Any]:
    """A copy as plain JSON, shorter where it has to be. It takes long where there is much in it: see `beside`."""
    for most, items in ((LONGEST, None), (SHORTER, ITEMS)):
        with suppress(_TooMuch):
            plain: dict[str, Any] = _Cutting(most, items).of(value or {})
            if len(orjson.dumps(plain, default=str)) <= MOST:
                return plain
    return {"leftOut": "it is too large to be shown"}


def shortened(text: str, most: int) -> str:
    """The beginning and the end of a text, `most` characters and a note where it is longer."""
    if len(text) <= most:
        return text
    head = most * 3 // 4
    return text[:head] + LEFT_OUT.format(len(text) - most) + text[len(text) - (most - head) :]


class _TooMuch(Exception):
    """The copy is longer than it may be, whatever comes of the rest."""


class _Cutting:
    def __init__(self, most: int, items: int | None) -> None:
        self._most = most
        self._items = items
        self._left = MOST

    def of(self, value: Any) -> Any:
        self._take(2)  # itself and what is between it and the next, as JSON
        match value:
            case str():
                return self._text(shortened(value, self._most))
            case Mapping():
                some = islice(value.items(), self._items)
                return {self._text(str(name)): self.of(inner) for name, inner in some}
            case list() | tuple():
                return [self.of(inner) for inner in islice(value, self._items)]
            case None | bool() | int() | float():
                return value
            case _:
                return self._text(str(value))

    def _text(self, text: str) -> str:
        self._take(len(text))
        return text.encode("utf-8", "replace").decode()

    def _take(self, size: int) -> None:
        self._left -= size
        if self._left < 0:
            raise _TooMuch
