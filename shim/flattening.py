"""A JSON Schema in plainer words: what it refers to in its place, rules that all hold as one. It runs no code of it.

Models, and who serves them, take a part of JSON Schema only. What comes out allows all that the schema allows;
only of several forms of an object, those that do not name a property have no say in what it may be.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from types import MappingProxyType
from typing import Any

from shim.schemas import found_at

STEPS = 4_000
"""How many schemas are looked at; of what is larger the rest is told by its type alone."""

DEEP = 16
"""References and `allOf` within each other."""

OPENED = 2
"""How often a schema may stand within itself: below that it is told by its type alone."""

FORMS = 500
"""Of how many forms of one value is told."""

COMPARED = 100_000
"""How many values of two `enum` are compared."""

CHOICES = ("anyOf", "oneOf")
NOT_AT_THE_TOP = frozenset({*CHOICES, "allOf", "not", "enum", "const", "$ref"})
"""What providers refuse in the schema of a whole call."""

TIGHTER: Mapping[str, Callable[[Any, Any], Any]] = MappingProxyType(
    dict.fromkeys(("minimum", "exclusiveMinimum", "minLength", "minItems", "minProperties"), max)
    | dict.fromkeys(("maximum", "exclusiveMaximum", "maxLength", "maxItems", "maxProperties"), min)
)

Within = tuple[str, ...]
"""The references that led to a schema."""


class Flat:
    """Schemas within `whole`, each without `$ref` and `allOf` of its own."""

    def __init__(self, whole: object) -> None:
        self._whole = whole
        self._left = STEPS

    def of(self, schema: object, within: Within = (), deep: int = 0) -> tuple[dict[str, Any], Within]:
        """The schema, and the references that led to what is in it."""
        self._left -= 1
        if not isinstance(schema, Mapping):
            return {}, within
        if self._left < 0 or deep > DEEP:
            return _bare(schema), within
        found = {name: value for name, value in schema.items() if name not in ("$ref", "allOf")}
        parts = list(_several(schema.get("allOf")))
        if isinstance(to := schema.get("$ref"), str):
            target = found_at(self._whole, to)
            is_open = within.count(to) < OPENED
            parts.insert(0, target if is_open else {"type": "object"} | _bare(target))
            within = (*within, to) if is_open else within
        for part in parts:
            inner, within = self.of(part, within, deep + 1)
            found = self._both(found, inner, within, deep)
        return found, within

    def _both(self, one: dict[str, Any], other: dict[str, Any], within: Within, deep: int) -> dict[str, Any]:
        """What fits to both schemas, which have no `$ref` and no `allOf`; what one says in words is the first's."""
        found = {**other, **one}
        for name in one.keys() & other.keys():
            first, second = one[name], other[name]
            if name == "properties" and isinstance(first, Mapping) and isinstance(second, Mapping):
                found[name] = {**second, **first}
                for inner in first.keys() & second.keys():
                    found[name][inner] = self._all(first[inner], second[inner], within, deep)
            elif name == "items":
                found[name] = self._all(first, second, within, deep)
            elif name == "required":
                found[name] = list(dict.fromkeys([*_texts(first), *_texts(second)]))
            elif name == "type":
                found[name] = _shared(first, second)
            elif name == "enum" and len(_several(first)) * len(_several(second)) <= COMPARED:
                found[name] = [value for value in _several(first) if value in _several(second)]
            elif name in TIGHTER and _is_number(first) and _is_number(second):
                found[name] = TIGHTER[name](first, second)
        return found

    def _all(self, first: object, second: object, within: Within, deep: int) -> object:
        return first if first == second else self.of({"allOf": [first, second]}, within, deep + 1)[0]

    def object(self, schema: object, within: Within = (), deep: int = 0) -> dict[str, Any]:
        """The schema as one of an object with the properties of all its forms; what all of them require is required."""
        found, within = self.of(schema, within, deep)
        for name in CHOICES:
            some = _several(found.pop(name, None))[:FORMS] if deep < DEEP and self._left > 0 else ()
            forms = [one for one in (self.object(one, within, deep + 1) for one in some) if _is_object(one)]
            if forms:
                found["required"] = [*_texts(found.get("required")), *_required(forms)]
                own = _mapping(found.get("properties"))  # these are of all forms
                found["properties"] = {**_united(forms), **own}
        return found


def as_object(schema: Mapping[str, Any], flat: Flat | None = None) -> dict[str, Any]:
    """The schema of a whole call as providers take it: that of one object, with no rules about the object itself."""
    if not NOT_AT_THE_TOP & schema.keys():
        return {**schema, "type": "object", "properties": _mapping(schema.get("properties"))}
    found = (flat or Flat(schema)).object(schema)
    properties = dict(_mapping(found.get("properties")))
    required = [name for name in dict.fromkeys(_texts(found.pop("required", ()))) if name in properties]
    found |= {"type": "object", "properties": properties} | ({"required": required} if required else {})
    return {name: value for name, value in found.items() if name not in NOT_AT_THE_TOP}


def _bare(schema: object) -> dict[str, Any]:
    """What is told of a schema that is not looked into."""
    return {name: value for name, value in _mapping(schema).items() if name in ("type", "title", "description")}


def _is_object(schema: Mapping[str, Any]) -> bool:
    return "object" in _texts(schema.get("type", "object"))


def _united(forms: Sequence[Mapping[str, Any]]) -> dict[str, Any]:
    """The properties of all the forms; one that is not the same in all of them is any of what it is there."""
    told: dict[str, dict[str, Any]] = {}
    for form in forms:
        for name, one in _mapping(form.get("properties")).items():
            told.setdefault(name, {}).setdefault(repr(one), one)
    return {name: _one_of(list(some.values())) for name, some in told.items()}


def _one_of(some: list[Any]) -> Any:
    return some[0] if len(some) == 1 else {"anyOf": some}


def _required(forms: Sequence[Mapping[str, Any]]) -> list[str]:
    first, *others = ([*dict.fromkeys(_texts(one.get("required")))] for one in forms)
    return [name for name in first if all(name in one for one in others)]


def _shared(first: object, second: object) -> object:
    """The types that both allow; the first's where there is none, as no model can be told of what nothing fits to."""
    one, other = _texts(first), _texts(second)
    found = [kind for kind in one if kind in other or (kind == "integer" and "number" in other)]
    found += ["integer"] if "number" in one and "integer" in other and "integer" not in found else []
    return (found[0] if len(found) == 1 else found) if found else first


def _mapping(value: object) -> Mapping[str, Any]:
    return value if isinstance(value, Mapping) else {}


def _several(value: object) -> Sequence[Any]:
    return value if isinstance(value, list | tuple) else ()


def _texts(value: object) -> list[str]:
    return [value] if isinstance(value, str) else [one for one in _several(value) if isinstance(one, str)]


def _is_number(value: object) -> bool:
    return isinstance(value, int | float) and not isinstance(value, bool)
