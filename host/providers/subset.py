"""What Google takes of JSON Schema for the input of a tool: OpenAPI's part of it. Values in, values out.

One schema that it does not understand has it refuse the whole request: what has no place in that part is left out.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from types import MappingProxyType
from typing import Any

from shim.flattening import CHOICES, FORMS, Flat, Within, as_object

DEEPEST = 12
TEXTS = ("title", "description")
NULLABLE = {"nullable": True}

Fits = Callable[[object], bool]


def _is_number(value: object) -> bool:
    return isinstance(value, int | float) and not isinstance(value, bool) and value - value == 0


def _is_count(value: object) -> bool:
    return isinstance(value, int) and not isinstance(value, bool) and value >= 0


KEPT: Mapping[str, Mapping[str, Fits]] = MappingProxyType(
    {
        "string": {"minLength": _is_count, "maxLength": _is_count, "pattern": lambda value: isinstance(value, str)},
        "number": {"minimum": _is_number, "maximum": _is_number},
        "integer": {"minimum": _is_number, "maximum": _is_number},
        "array": {"minItems": _is_count, "maxItems": _is_count},
        "object": {},
        "boolean": {},
    }
)
"""What is said of a value of each type beside what is in it, and when that can be understood."""

TELLING = (
    ("object", ("properties", "required", "additionalProperties", "patternProperties")),
    ("array", ("items", "prefixItems", "minItems", "maxItems")),
    ("string", ("pattern", "minLength", "maxLength", "format")),
    ("number", ("minimum", "maximum", "exclusiveMinimum", "exclusiveMaximum", "multipleOf")),
)
"""Of which type a value is of which only such things are said."""

ANY = ("string", "number", "boolean", "object")
"""What a value may be of which nothing is said: a schema without a type is refused."""

PLAIN = frozenset({"string", "number", "integer", "boolean"})
PYTHONS: Mapping[type, str] = MappingProxyType(
    {str: "string", bool: "boolean", int: "integer", float: "number", dict: "object", list: "array", type(None): "null"}
)


def subset(schema: Mapping[str, Any]) -> dict[str, Any]:
    """The schema of a tool's input in that part: one type each, null as `nullable`, references in their place."""
    flat = Flat(schema)
    return _Google(flat).of(as_object(schema, flat), (), DEEPEST)


class _Google:
    def __init__(self, flat: Flat) -> None:
        self._flat = flat

    def of(self, schema: object, within: Within, deepest: int) -> dict[str, Any]:
        """A schema in Google's words; one of nothing but null is a text that may be null."""
        return {"type": "string"} | found if (found := self._form(schema, within, deepest)) == NULLABLE else found

    def _form(self, schema: object, within: Within, deepest: int) -> dict[str, Any]:
        found, within = self._flat.of(schema, within)
        told = {name: found[name] for name in TEXTS if isinstance(found.get(name), str)}
        choices = next((found[one] for one in CHOICES if isinstance(found.get(one), list | tuple) and found[one]), ())
        if not deepest:
            kinds = [] if choices else [one for one in _kinds(found) if one in PLAIN]
            return told | {"type": kinds[0] if len(kinds) == 1 else "object"}
        if choices:
            rest = {name: value for name, value in found.items() if name not in (*CHOICES, *TEXTS)}
            forms = [{"allOf": [one, rest]} if rest else one for one in choices[:FORMS]]
            return _chosen([self._form(one, within, deepest - 1) for one in forms], told)
        kinds = _kinds(found)
        some = [self._typed(one, found, within, deepest) for one in kinds or ANY if one in KEPT]
        return _chosen([*some, NULLABLE] if "null" in kinds else some, told)

    def _typed(self, kind: str, schema: Mapping[str, Any], within: Within, deepest: int) -> dict[str, Any]:
        found: dict[str, Any] = {"type": kind}
        found |= {name: schema[name] for name, fits in KEPT[kind].items() if name in schema and fits(schema[name])}
        properties = schema.get("properties")
        if kind == "object" and isinstance(properties, Mapping) and properties:
            found["properties"] = {name: self.of(one, within, deepest - 1) for name, one in properties.items()}
            needed = [one for one in _texts(schema.get("required")) if one in properties]
            found |= {"required": needed} if needed else {}
        elif kind == "array":  # a list of what is not said is refused
            items = schema.get("items")
            found["items"] = self.of(items, within, deepest - 1) if isinstance(items, Mapping) else {"type": "string"}
        elif kind == "string" and (texts := [one for one in _texts(_values(schema)) if one]):
            found["enum"] = texts
        return found


def _chosen(some: list[dict[str, Any]], told: Mapping[str, Any]) -> dict[str, Any]:
    """One of several forms. Where there are more than one Google wants nothing beside them: the first has it."""
    null = NULLABLE if any("nullable" in one for one in some) else {}
    bare = [{name: value for name, value in one.items() if name != "nullable"} for one in some]
    parts = list({repr(one): one for one in bare if one}.values())
    if not parts:
        return null or {**told, "type": "string"}
    if all(one.keys() == {"type", "enum"} for one in parts):
        parts = [{"type": "string", "enum": _texts([text for one in parts for text in one["enum"]])}]
    if len({repr(_but_required(one)) for one in parts}) == 1:
        common = [
            name for name in parts[0].get("required", ()) if all(name in one.get("required", ()) for one in parts)
        ]
        parts = [_but_required(parts[0]) | ({"required": common} if common else {})]
    first, *others = parts
    head = {**first, **told, **null}
    if others and "description" in told and "description" in first:
        head["description"] = f"{told['description']}\n{first['description']}"
    return {"anyOf": [head, *others]} if others else head


def _but_required(form: Mapping[str, Any]) -> dict[str, Any]:
    return {name: value for name, value in form.items() if name != "required"}


def _kinds(schema: Mapping[str, Any]) -> list[str]:
    """The types that a schema allows, as it says or as its rules tell; none where nothing is said."""
    given = schema.get("type")
    if named := _texts(given if isinstance(given, list | tuple) else [given]):
        return named
    if values := _values(schema):
        return list(dict.fromkeys(PYTHONS.get(type(one), "string") for one in values))
    return next(([kind] for kind, names in TELLING if any(name in schema for name in names)), [])


def _values(schema: Mapping[str, Any]) -> list[Any]:
    values = schema.get("enum", [schema["const"]] if "const" in schema else ())
    return list(values) if isinstance(values, list | tuple) else []


def _texts(value: object) -> list[str]:
    """The texts of a list, each once."""
    return list(dict.fromkeys(one for one in value if isinstance(one, str))) if isinstance(value, list | tuple) else []
