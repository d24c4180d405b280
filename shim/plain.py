"""Values of the API as JSON for a user's clients, in LSP's forms: a range is `{start, end}`, a Uri a string."""

from __future__ import annotations

from array import array
from collections.abc import Mapping, Sequence
from enum import Enum
from re import Pattern
from typing import Any

from shim.edits import FileEdit, SnippetString, WorkspaceEdit
from shim.ranges import Position, Range
from shim.types import Kind, LightAndDark, ThemeIcon
from shim.uri import Uri
from shim.values import Value, camel_case

DEEPEST = 64
"""Values within values; what is deeper, such as what contains itself, is left out."""


def plain(thing: object, depth: int = 0) -> Any:
    """`thing` as JSON: attributes in camelCase, without those that are not set. What has no form there is None."""
    if depth > DEEPEST:
        return None
    match thing:
        case None | bool() | str() | float():
            return thing
        case int():
            return int(thing)
        case Enum():
            return plain(thing.value, depth)
        case Uri():
            return str(thing)
        case Kind() | SnippetString():
            return thing.value if isinstance(thing, Kind) else {"snippet": thing.value}
        case Position():
            return thing.to_json()
        case Range():
            return {"start": thing.start.to_json(), "end": thing.end.to_json()}
        case WorkspaceEdit():
            return _edit(thing, depth)
        case LightAndDark() | ThemeIcon() | Value():
            return _attributes(thing, depth)
        case Mapping():
            return {str(key): plain(one, depth + 1) for key, one in thing.items()}
        case array():
            return thing.tolist()
        case Pattern():
            return thing.pattern
        case Sequence() | set() | frozenset():
            return None if isinstance(thing, bytes | bytearray) else [plain(one, depth + 1) for one in thing]
        case _:
            return None


def jsonable(thing: object) -> Any:
    """A value of the API as JSON, for an encoder that does not know it. Raises `TypeError` for all else."""
    if isinstance(thing, Value | Uri | Position | Range | WorkspaceEdit | SnippetString | array):
        return plain(thing)
    raise TypeError(f"{type(thing).__name__} has no form in JSON")


def _attributes(thing: Value, depth: int) -> dict[str, Any]:
    given = ((name, getattr(thing, name, None)) for name in thing._fields)
    return {camel_case(name): plain(one, depth + 1) for name, one in given if one is not None}


def _edit(edit: WorkspaceEdit, depth: int) -> dict[str, Any]:
    """The steps in their order, as LSP's `documentChanges` has them, one text edit a step."""
    return {"documentChanges": [_step(step, depth) for step in edit.steps]}


def _step(step: Any, depth: int) -> dict[str, Any]:
    if not isinstance(step, FileEdit):
        return {"uri": str(step.uri), "edits": [plain(step.edit, depth + 1)]}
    if step.old is None:
        return {"kind": "create", "uri": str(step.new)}
    if step.new is None:
        return {"kind": "delete", "uri": str(step.old)}
    return {"kind": "rename", "oldUri": str(step.old), "newUri": str(step.new)}
