"""Values from outside as JSON, checked and frozen at once. It knows neither where they come from nor where they go."""

from __future__ import annotations

from typing import Any

import orjson

from sessions.errors import InvalidValue

DEPTH = 200
"""How deep a value may be nested. orjson writes 254 levels at most, and an answer adds some around a value."""

PLAIN = orjson.OPT_PASSTHROUGH_SUBCLASS | orjson.OPT_PASSTHROUGH_DATACLASS | orjson.OPT_PASSTHROUGH_DATETIME


def json_of(field: str, value: object, limit: int, of: str = "") -> bytes:
    """`value` as JSON of at most `limit` bytes, a snapshot that later changes do not reach.

    Only what comes back equal is taken: null, booleans, 64-bit integers, finite floats, str, list, tuple and dict with
    str keys, at most 200 deep. Raises `InvalidValue`: it names `field` and begins with `of`, and never
    shows the value.
    """
    try:
        text = _as_deep_as_allowed(value)
        same = _same(orjson.loads(text), value)
    except (TypeError, ValueError, RecursionError) as error:
        raise InvalidValue(field, f"{of}must be JSON ({error})") from None
    if not same:
        raise InvalidValue(field, f"{of}must be JSON: null, booleans, finite numbers, str, list and dict")
    if len(text) > limit:
        raise InvalidValue(field, f"{of}must be at most {limit} bytes of JSON, and is {len(text)}; keep it in a file")
    return text


def _as_deep_as_allowed(value: object) -> bytes:
    text = orjson.dumps(value, option=PLAIN)
    if text.count(b"[") + text.count(b"{") <= DEPTH:
        return text
    levels = 254 - DEPTH
    for _ in range(levels):
        value = [value]
    return orjson.dumps(value, option=PLAIN)[levels:-levels]


def _same(copy: Any, value: Any) -> bool:
    # orjson writes NaN as null, and enums, UUIDs and fragments as what they hold: those do not compare equal.
    return bool(copy == value) or _tuples_aside(copy, value)


def _tuples_aside(copy: Any, value: Any) -> bool:
    """Whether they are equal where a tuple counts as the list that it became."""
    if isinstance(value, list | tuple):
        return len(copy) == len(value) and all(map(_tuples_aside, copy, value))
    if isinstance(value, dict):
        return all(_tuples_aside(copy[key], one) for key, one in value.items())
    return bool(copy == value)


def writable(text: str) -> str:
    """`text` as JSON can hold it: halves of surrogate pairs, as in names of files that are no UTF-8, become `?`."""
    return text if text.isascii() else text.encode("utf-8", "replace").decode()


def name_of(field: str, name: object, limit: int = 1_024) -> str:
    """`name` itself if it can name a stored thing: a str of 1 to `limit` UTF-16 code units without NUL."""
    if not isinstance(name, str) or not name or "\0" in name:
        raise InvalidValue(field, "must be a string that is not empty and has no NUL in it")
    try:
        length = len(name.encode("utf-16-le")) // 2
    except UnicodeEncodeError:
        raise InvalidValue(field, "must not hold half of a surrogate pair") from None
    if length > limit:
        raise InvalidValue(field, f"must be at most {limit} characters long, and has {length}")
    return name
