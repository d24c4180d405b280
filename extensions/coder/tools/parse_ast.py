"""`parse_ast`: the syntax tree of a source file, or of some of its lines."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping
from functools import partial
from types import MappingProxyType
from typing import Any

from extensions.coder import files
from extensions.coder.definitions import NotParsed, tree
from extensions.coder.files import Place
from extensions.coder.grammars import has_any
from extensions.coder.tool import Action, Plan, Result, Tool, ToolError, Use

MOST_NODES = 600
DEPTH = 6
DEEPEST = 50
END = 10**9

NUMBER = MappingProxyType({"type": ["integer", "null"]})
PARAMETERS = MappingProxyType(
    {
        "type": "object",
        "properties": {
            "path": {"type": "string", "description": "The source file, relative to the workspace folder or absolute"},
            "start_line": {**NUMBER, "description": "Only what touches the lines from this one on; from 1"},
            "end_line": {**NUMBER, "description": "... and up to this one"},
            "max_depth": {**NUMBER, "description": f"Levels of the tree; {DEPTH} by default"},
        },
        "required": ["path"],
        "additionalProperties": False,
    }
)


async def plan(use: Use, arguments: Mapping[str, Any]) -> Plan:
    place = await files.locate(use, arguments["path"])
    first, last = arguments.get("start_line") or 1, arguments.get("end_line") or END
    if not 1 <= first <= last:
        raise ToolError(f"start_line and end_line: {first} to {last} are no lines; they are counted from 1")
    depth = min(max(1, arguments.get("max_depth") or DEPTH), DEEPEST)
    return Plan(partial(act, place, first, last, depth), (Action("read", place.path),), {"path": place.name})


async def act(place: Place, first: int, last: int, depth: int) -> Result:
    await files.check_place(place)
    text = (await files.read_text(place)).shown
    try:
        shown, is_cut, faults = await asyncio.to_thread(tree, place.name, text, first, last, depth, MOST_NODES)
    except NotParsed as error:
        raise ToolError(str(error)) from None
    if not shown:
        raise ToolError(f"{place.name}: it has no line {first}; it has {text.count(chr(10)) + 1} lines")
    head = [f"Syntax tree of {place.name} (line:column, from 1)."]
    if is_cut:
        head.append(f"Only the first {MOST_NODES} nodes are shown: ask for fewer lines or a smaller max_depth.")
    if faults:
        head += ["Its syntax is broken:", *(f"- {fault}" for fault in faults)]
    return Result("\n".join([*head, shown]))


TOOL = Tool("parse_ast", PARAMETERS, plan, is_reading=True, available=has_any)
