"""What a model gave a tool, as the tool takes it: the same value in another type of JSON. Values in, values out.

Only what can mean one thing is changed. The rest stays as it is, for the schema to refuse with a sentence.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from types import MappingProxyType
from typing import Any

import orjson

from extensions.coder.task import Json
from extensions.coder.tool import ToolError

BROKEN = "arguments_that_are_no_json_object"
"""The one name in the arguments of a call that the host could not read."""

INTEGER = re.compile(r"[-+]?\d{1,15}")
NUMBER = re.compile(r"[-+]?\d{1,15}(?:\.\d{1,15})?")
WORDS = MappingProxyType({"true": True, "false": False, "null": None, "none": None, "": None})
LONGEST_WORD = max(map(len, WORDS))
DEEPEST = 4
LONGEST = 1_000_000
"""Characters of a text that is read as JSON."""

MOST = 1_000
"""Items of a list that are looked at."""

IN_ALL = 20_000
"""Values of all arguments that are looked at."""

NOTHING: Mapping[str, Any] = MappingProxyType({})

QUOTED = 300


def refuse_broken(name: str, arguments: Mapping[str, Any]) -> None:
    """Raise `ToolError` of arguments that were no JSON: which of them are missing is not what is wrong."""
    if BROKEN in arguments:
        given = str(arguments[BROKEN])
        shown = f"{given[:QUOTED]}…" if len(given) > QUOTED else given
        raise ToolError(f"{name}: its arguments are no JSON object, write the call anew with one. They were: {shown}")


def fitted(arguments: Mapping[str, Any], schema: Mapping[str, Any], deepest: int = DEEPEST) -> Json:
    """An object as its schema has it: `"10"` as a number, `"[…]"` as a list, and no null where nothing may stand.

    One that has more in it than is looked at stays as it is. It takes long where there is much in it: see `beside`.
    """
    try:
        return _Fitting().of_object(arguments, schema, deepest)
    except _TooMuch:
        return dict(arguments)


class _TooMuch(Exception):
    """There is more in the arguments than is looked at."""


class _Fitting:
    def __init__(self) -> None:
        self._left = IN_ALL
        self._known: dict[tuple[int, str], frozenset[str]] = {}

    def of_object(self, given: Mapping[str, Any], schema: Mapping[str, Any], deepest: int) -> Json:
        properties, required = _mapping(schema.get("properties")), self._words(schema, "required")
        found: Json = {}
        for name, one in given.items():
            part = _mapping(properties.get(name))
            kinds, value = self._words(part, "type"), self._of(one, part, deepest)
            if value is not None or not kinds or "null" in kinds or name in required:
                found[name] = value
        return found

    def _words(self, schema: Mapping[str, Any], name: str) -> frozenset[str]:
        """The texts under a name, read once however often it is asked for: the types, none where it has `anyOf`."""
        place = id(schema), name
        if (found := self._known.get(place)) is None:
            given = schema.get(name)
            some = given if isinstance(given, list | tuple) else [given]
            found = self._known[place] = frozenset(one for one in some if isinstance(one, str))
        return found

    def _of(self, value: Any, schema: Mapping[str, Any], deepest: int) -> Any:
        self._left -= 1
        if self._left < 0:
            raise _TooMuch
        kinds = self._words(schema, "type")
        if not kinds:
            return value
        if isinstance(value, str) and "string" not in kinds:
            value = _meant(value.strip(), kinds)
        elif isinstance(value, float) and value.is_integer() and "integer" in kinds:
            value = int(value)
        elif isinstance(value, int) and not isinstance(value, bool) and kinds <= {"string", "null"}:
            value = str(value)
        if deepest and isinstance(value, dict) and "object" in kinds:
            return self.of_object(value, schema, deepest - 1)
        if deepest and isinstance(value, list) and len(value) <= MOST:
            items = _mapping(schema.get("items"))
            return [self._of(one, items, deepest - 1) for one in value]
        return value


def _mapping(schema: object) -> Mapping[str, Any]:
    return schema if isinstance(schema, Mapping) else NOTHING


def _meant(text: str, kinds: frozenset[str]) -> Any:
    """What a text says where none is taken; the text itself where that is not clear."""
    if INTEGER.fullmatch(text) and kinds & {"integer", "number"}:
        return int(text)
    if NUMBER.fullmatch(text) and "number" in kinds:
        return float(text)
    word = WORDS.get(text.lower(), text) if len(text) <= LONGEST_WORD else text
    if (isinstance(word, bool) and "boolean" in kinds) or (word is None and "null" in kinds):
        return word
    kind = {"[": "array", "{": "object"}.get(text[:1])
    if kind in kinds and len(text) <= LONGEST:
        try:
            return orjson.loads(text)
        except orjson.JSONDecodeError:
            return text
    return text
