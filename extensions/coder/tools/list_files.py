"""`list_files`: what is in a folder, or anywhere below it."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping
from functools import partial
from types import MappingProxyType
from typing import Any

import shim as vscode
from extensions.coder import files
from extensions.coder.access import inside
from extensions.coder.files import Place
from extensions.coder.folders import MOST, Entry, listed
from extensions.coder.tool import Action, Plan, Result, Tool, ToolError, Use

LOCK, SHIELD = "\N{LOCK}", "\N{SHIELD}\N{VARIATION SELECTOR-16}"

PARAMETERS = MappingProxyType(
    {
        "type": "object",
        "properties": {
            "path": {"type": "string", "description": "The folder, relative to the workspace folder or absolute; `.`"},
            "recursive": {"type": ["boolean", "null"], "description": "Everything below it, too; false by default"},
        },
        "required": ["path"],
        "additionalProperties": False,
    }
)


async def plan(use: Use, arguments: Mapping[str, Any]) -> Plan:
    place = await files.locate(use, arguments["path"])
    found = await files.stat(place)
    if found is None:
        raise ToolError(f"{place.name}: there is no such folder; list the folder above it")
    if not found.type & vscode.FileType.DIRECTORY:
        raise ToolError(f"{place.name}: this is a file; read it with read_file")
    files.refuse_ignored(use, f"{place.path}/")
    recursive = bool(arguments.get("recursive"))
    return Plan(
        partial(act, use, place, recursive), (Action("read", place.path),), {"path": place.name, "recursive": recursive}
    )


async def act(use: Use, place: Place, recursive: bool) -> Result:
    await files.check_place(place)
    try:
        found = await listed(place.path, recursive=recursive, token=use.token)
    except vscode.FileSystemError as error:
        raise ToolError(f"{place.name}: {files.reason(error)}") from None
    if not found.entries:
        return Result(f"{place.name}: nothing is in this folder.")
    lines = await asyncio.to_thread(lambda: [_line(use, place, entry) for entry in found.entries])
    if found.is_cut:
        lines.append(f"[Only {MOST} entries are listed, there are more: list the folder that you need.]")
    return Result("\n".join(lines))


def _line(use: Use, place: Place, entry: Entry) -> str:
    """The entry below the folder, marked where the agent may not see it or may not change it unasked."""
    name = (inside(place.path, entry.path) or entry.path) + "/" * entry.is_folder
    if not use.access.can_read(entry.path + "/" * entry.is_folder):
        return f"{LOCK} {name}"
    return f"{SHIELD} {name}" if use.protection.protects(entry.path) else name


TOOL = Tool("list_files", PARAMETERS, plan, is_reading=True)
