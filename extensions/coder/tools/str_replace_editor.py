"""`str_replace_editor`: a text in a file replaced by another; and the names by which other models know it."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping
from functools import partial
from types import MappingProxyType
from typing import Any

from extensions.coder import changes, files
from extensions.coder.changes import Change
from extensions.coder.replacing import NotReplaced, replaced
from extensions.coder.tool import Plan, Tool, ToolError, Use

PATH = MappingProxyType({"type": "string", "description": "The file, relative to the workspace folder or absolute"})
OLD = MappingProxyType({"type": "string", "description": "The text that stands there now, exactly"})
NEW = MappingProxyType({"type": "string", "description": "The text that shall stand there instead; empty removes it"})
ALL = MappingProxyType({"type": ["boolean", "null"], "description": "Replace it wherever it stands; false by default"})
COUNT = MappingProxyType({"type": ["integer", "null"], "description": "How often it must be there; once by default"})


def schema(path: str, **more: Mapping[str, Any]) -> Mapping[str, Any]:
    """The parameters of one of the tools; those of `more` may be left out."""
    properties = {path: PATH, "old_string": OLD, "new_string": NEW, **more}
    return MappingProxyType(
        {
            "type": "object",
            "properties": properties,
            "required": [name for name in properties if name not in more],
            "additionalProperties": False,
        }
    )


def _optional(text: Mapping[str, Any]) -> Mapping[str, Any]:
    """A text that is empty where it is left out."""
    return MappingProxyType({**text, "type": ["string", "null"]})


async def plan(name: str, tolerant: bool, use: Use, arguments: Mapping[str, Any]) -> Plan:
    """What the tool of that name would do; `tolerant` also takes text that differs in white space."""
    place = await changes.target(use, arguments, "path", "file_path")
    old, new = changes.given_text(arguments, "old_string"), changes.given_text(arguments, "new_string")
    if old == "" and tolerant:
        return await changes.plan(use, name, [await _created(place, new)])
    text = await files.read_text(place)
    changes.refuse_unread(use, place)
    expected = arguments.get("expected_replacements") or 1
    if expected < 1:
        raise ToolError(f"expected_replacements: {expected} is no count; give 1 or more, or leave it out")
    try:
        done = await asyncio.to_thread(
            replaced,
            text.text,
            old,
            new,
            expected=expected,
            every=bool(arguments.get("replace_all")),
            tolerant=tolerant,
        )
    except NotReplaced as error:
        raise ToolError(f"{place.name}: {error}") from None
    return await changes.plan(use, name, [Change(place, text, done)])


async def _created(place: files.Place, content: str) -> Change:
    """The file made, where there is none or an empty one."""
    old = await files.read_or_new(place)
    if old.text:
        raise ToolError(f"{place.name}: there is a file; old_string must be the text in it that is to be replaced")
    return Change(place, old, content)


TOOL = Tool(
    "str_replace_editor",
    schema("path", replace_all=ALL, expected_replacements=COUNT),
    partial(plan, "str_replace_editor", True),
)
EDIT = Tool("edit", schema("file_path", replace_all=ALL), partial(plan, "edit", False), aliases=("search_and_replace",))
SEARCH_REPLACE = Tool("search_replace", schema("file_path"), partial(plan, "search_replace", False))
EDIT_FILE = Tool(
    "edit_file",
    schema("file_path", old_string=_optional(OLD), new_string=_optional(NEW), expected_replacements=COUNT),
    partial(plan, "edit_file", True),
)
