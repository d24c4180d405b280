"""What is wrong with a value by its JSON Schema: the part that tools describe their input with. It runs no code of it.

Types, enum, const, bounds, lengths, patterns (`patterns.py`), items, properties, required, additionalProperties,
anyOf, oneOf, allOf, not, and `$ref` within the schema. Keywords beyond these, and schemas that are none, say nothing.
"""

from __future__ import annotations

import asyncio
import re
from collections.abc import Callable, Iterator, Mapping
from typing import Any
from urllib.parse import unquote

from shim.patterns import matcher, too_heavy, weight

STEPS = 20_000
"""How many rules are looked at; what is larger is let through, as the tool looks at its input itself."""

QUICK = 200
"""How many of them are no matter of more than a few milliseconds."""

ENUM = 16
"""Values of an `enum`, or names that are `required`, that take as long as another rule."""

READ, PATTERN, TEXT = 20, 50, 10_000
"""How long a pattern that is to be weighed, how heavy one that is to be compiled, and how long a text to look through,
take as long as a rule."""

DEEP = 64

Mistake = tuple[str, str]
"""Where it is, as in `edits[2].path` ("" is the value itself), and the rule that is broken."""

TYPES: Mapping[str, Callable[[object], bool]] = {
    "null": lambda value: value is None,
    "boolean": lambda value: isinstance(value, bool),
    "integer": lambda value: _is_number(value) and float(value).is_integer(),  # type: ignore[arg-type]
    "number": lambda value: _is_number(value),
    "string": lambda value: isinstance(value, str),
    "array": lambda value: isinstance(value, list | tuple),
    "object": lambda value: isinstance(value, Mapping),
}


def mistake(value: object, schema: Mapping[str, Any]) -> Mistake | None:
    """The first rule that `value` breaks; None where it is fine."""
    try:
        return _first(value, schema, STEPS)
    except _TooMuch:
        return None


async def mistake_in_turns(value: object, schema: Mapping[str, Any]) -> Mistake | None:
    """As `mistake`, and in a thread where it is no matter of a moment."""
    try:
        return _first(value, schema, QUICK)
    except _TooMuch:
        return await asyncio.to_thread(mistake, value, schema)


def _first(value: object, schema: Mapping[str, Any], steps: int) -> Mistake | None:
    return next(_Check(schema, steps).of(value, schema, "", 0), None)


class _TooMuch(Exception):
    """The schema or the value is larger than what is looked at."""


class _Check:
    def __init__(self, whole: Mapping[str, Any], steps: int) -> None:
        self._whole = whole
        self._left = steps
        self._patterns = set[str]()

    def of(self, value: object, schema: object, at: str, depth: int) -> Iterator[Mistake]:
        """Every rule that is broken, in the order in which a reader would look."""
        self._left -= 1
        if isinstance(schema, Mapping):
            for long in (schema.get("enum"), schema.get("required")):
                self._left -= len(long) // ENUM if isinstance(long, list) else 0
        if self._left < 0 or depth > DEEP:
            raise _TooMuch
        if schema is False:
            yield at, "must not be given"
        if not isinstance(schema, Mapping):
            return
        if "$ref" in schema:
            yield from self.of(value, found_at(self._whole, schema["$ref"]), at, depth + 1)
        yield from _of_kind(value, schema, at)
        if isinstance(value, str) and isinstance(schema.get("pattern"), str):
            yield from self._of_pattern(value, schema["pattern"], at)
        yield from self._of_parts(value, schema, at, depth)
        yield from self._of_choices(value, schema, at, depth)

    def _of_pattern(self, value: str, pattern: str, at: str) -> Iterator[Mistake]:
        """One that is none, or is too heavy for this text, says nothing."""
        is_new = pattern not in self._patterns
        self._patterns.add(pattern)
        self._spend(len(pattern) // READ if is_new else 0)
        if too_heavy(pattern, value):
            return
        self._spend((weight(pattern) // PATTERN if is_new else 0) + len(value) // TEXT)
        if (matches := matcher(pattern)) is not None and not matches(value):
            yield at, f"must match {pattern}"[:200]

    def _spend(self, steps: int) -> None:
        self._left -= steps
        if self._left < 0:
            raise _TooMuch

    def _of_parts(self, value: object, schema: Mapping[str, Any], at: str, depth: int) -> Iterator[Mistake]:
        if isinstance(value, list | tuple) and "items" in schema:
            for number, one in enumerate(value):
                yield from self.of(one, schema["items"], f"{at}[{number}]", depth + 1)
        if not isinstance(value, Mapping):
            return
        properties = schema.get("properties")
        known = properties if isinstance(properties, Mapping) else {}
        for name in _texts(schema.get("required")):
            if name not in value:
                yield _below(at, name), "must be given"
        for name, one in value.items():
            if name in known:
                yield from self.of(one, known[name], _below(at, name), depth + 1)
            elif schema.get("additionalProperties") is False and "patternProperties" not in schema:
                there = ", ".join(map(str, list(known)[:20])) or "none"
                yield _below(at, name), f"is unknown: there are {there}"
            else:
                yield from self.of(one, schema.get("additionalProperties"), _below(at, name), depth + 1)

    def _of_choices(self, value: object, schema: Mapping[str, Any], at: str, depth: int) -> Iterator[Mistake]:
        for one in _several(schema.get("allOf")):
            yield from self.of(value, one, at, depth + 1)
        for name in ("anyOf", "oneOf"):
            choices = [next(self.of(value, one, at, depth + 1), None) for one in _several(schema.get(name))]
            if choices and None not in choices:
                rules = dict.fromkeys(f"{place.removeprefix(at).lstrip('.')} {rule}".strip() for place, rule in choices)  # type: ignore[misc]
                yield at, " or ".join(list(rules)[:5])
            elif name == "oneOf" and choices.count(None) > 1:
                yield at, "must fit only one of several forms"
        if isinstance(schema.get("not"), Mapping) and next(self.of(value, schema["not"], at, depth + 1), None) is None:
            yield at, "must not be so"


def found_at(whole: object, reference: object) -> object:
    """What a `$ref` points at within a schema; nothing where it leads out of it."""
    if not isinstance(reference, str) or not reference.startswith("#"):
        return None
    found = whole
    for name in unquote(reference[1:]).split("/")[1:]:
        name = name.replace("~1", "/").replace("~0", "~")
        if isinstance(found, list | tuple):
            found = found[int(name)] if re.fullmatch(r"\d{1,6}", name, re.ASCII) and int(name) < len(found) else None
        else:
            found = found.get(name) if isinstance(found, Mapping) else None
    return found


def _of_kind(value: object, schema: Mapping[str, Any], at: str) -> Iterator[Mistake]:
    kinds = [kind for kind in _texts(schema.get("type")) if kind in TYPES]
    if kinds and not any(TYPES[kind](value) for kind in kinds):
        yield at, f"must be of type {' or '.join(kinds)}"
    if isinstance(schema.get("enum"), list) and not any(_same(value, one) for one in schema["enum"]):
        yield at, f"must be one of {', '.join(repr(one)[:80] for one in schema['enum'][:20])}"
    if "const" in schema and not _same(value, schema["const"]):
        yield at, f"must be {schema['const']!r}"[:200]
    if isinstance(value, str):
        yield from _of_size(len(value), schema, at, "Length", "characters")
    elif isinstance(value, list | tuple):
        yield from _of_size(len(value), schema, at, "Items", "items")
    elif _is_number(value):
        yield from _of_number(value, schema, at)


def _of_size(size: int, schema: Mapping[str, Any], at: str, what: str, unit: str) -> Iterator[Mistake]:
    least, most = schema.get(f"min{what}"), schema.get(f"max{what}")
    if isinstance(least, int) and size < least:
        yield at, f"must have at least {least} {unit}"
    if isinstance(most, int) and size > most:
        yield at, f"must have at most {most} {unit}"


def _of_number(value: Any, schema: Mapping[str, Any], at: str) -> Iterator[Mistake]:
    rules: tuple[tuple[str, str, Callable[[Any], bool]], ...] = (
        ("minimum", "at least", lambda bound: value < bound),
        ("maximum", "at most", lambda bound: value > bound),
        ("exclusiveMinimum", "more than", lambda bound: value <= bound),
        ("exclusiveMaximum", "less than", lambda bound: value >= bound),
    )
    for name, words, broken in rules:
        bound = schema.get(name)
        if _is_number(bound) and broken(bound):
            yield at, f"must be {words} {bound:g}"


def _is_number(value: Any) -> bool:
    return isinstance(value, int | float) and not isinstance(value, bool)


def _same(one: object, other: object) -> bool:
    """Equal as JSON: unlike in Python, true is not 1."""
    return isinstance(one, bool) == isinstance(other, bool) and one == other


def _texts(value: object) -> list[str]:
    if isinstance(value, str):
        return [value]
    return [one for one in value if isinstance(one, str)] if isinstance(value, list | tuple) else []


def _several(value: object) -> list[Any]:
    return list(value) if isinstance(value, list | tuple) else []


def _below(at: str, name: object) -> str:
    return f"{at}.{name}" if at else str(name)
