"""What people are shown of calls, small enough for an event: long texts lose their middle. Values in, values out."""

from __future__ import annotations

from collections.abc import Mapping
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
    """A copy as plain JSON, shorter where it has to be."""
    plain: dict[str, Any] = _cut(dict(value or {}), LONGEST, None)
    if len(orjson.dumps(plain, default=str)) <= MOST:
        return plain
    shorter: dict[str, Any] = _cut(plain, SHORTER, ITEMS)
    if len(orjson.dumps(shorter, default=str)) <= MOST:
        return shorter
    return {"leftOut": "it is too large to be shown"}


def shortened(text: str, most: int) -> str:
    """The beginning and the end of a text, `most` characters and a note where it is longer."""
    if len(text) <= most:
        return text
    head = most * 3 // 4
    return text[:head] + LEFT_OUT.format(len(text) - most) + text[len(text) - (most - head) :]


def _cut(value: Any, most: int, items: int | None) -> Any:
    match value:
        case str():
            return shortened(value, most).encode("utf-8", "replace").decode()
        case Mapping():
            return {str(name): _cut(inner, most, items) for name, inner in list(value.items())[:items]}
        case list() | tuple():
            return [_cut(inner, most, items) for inner in value[:items]]
        case None | bool() | int() | float():
            return value
        case _:
            return str(value)
