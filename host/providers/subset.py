"""What Google takes of JSON Schema for the input of a tool: OpenAPI's part of it. Values in, values out."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

KEPT = frozenset({
    "title", "description", "required", "minItems", "maxItems", "minimum", "maximum", "minLength", "maxLength",
    "pattern",
})  # fmt: skip
DEEPEST = 12


def subset(schema: object, deepest: int = DEEPEST) -> dict[str, Any]:
    """The schema in that part: one type each, null as `nullable`; what has no place in it is left out."""
    if not isinstance(schema, Mapping) or not deepest:
        return {}
    found = {name: value for name, value in schema.items() if name in KEPT}
    named = _types(schema)
    found |= {"nullable": True} if "null" in named else {}
    kinds = [one for one in named if one != "null"]
    if len(kinds) == 1:
        found["type"] = kinds[0]
    choices = [{"type": one} for one in kinds] if len(kinds) > 1 else schema.get("anyOf") or schema.get("oneOf")
    return found | _choice(choices, deepest) | _inner(schema, deepest)


def _types(schema: Mapping[str, Any]) -> list[str]:
    given = schema.get("type")
    return [one for one in (given if isinstance(given, list | tuple) else [given]) if isinstance(one, str)]


def _choice(choices: object, deepest: int) -> dict[str, Any]:
    some = [subset(one, deepest - 1) for one in choices] if isinstance(choices, list | tuple) else []
    null = {"nullable": True}
    parts = [one for one in some if one and one != null]
    told = {"anyOf": parts} if len(parts) > 1 else parts[0] if parts else {}
    return told | (null if null in some else {})


def _inner(schema: Mapping[str, Any], deepest: int) -> dict[str, Any]:
    found: dict[str, Any] = {}
    properties, items = schema.get("properties"), schema.get("items")
    if isinstance(properties, Mapping) and properties:
        found["properties"] = {name: subset(one, deepest - 1) for name, one in properties.items()}
    if isinstance(items, Mapping):
        found["items"] = subset(items, deepest - 1)
    elif "array" in _types(schema):  # a list of what is not said is refused
        found["items"] = {"type": "string"}
    values = schema.get("enum", [schema["const"]] if "const" in schema else ())
    texts = [one for one in values if isinstance(one, str)] if isinstance(values, list | tuple) else []
    if texts and all(isinstance(one, str) or one is None for one in values):
        found |= {"type": "string", "enum": texts}
    return found
