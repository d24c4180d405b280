"""`list_code_definition_names`: what a source file defines, or each of the files in a folder."""

from __future__ import annotations

import asyncio
import posixpath
from collections.abc import Mapping
from functools import partial
from types import MappingProxyType
from typing import Any

import shim as vscode
from extensions.coder import files
from extensions.coder.definitions import NotParsed, definitions, outline, signatures
from extensions.coder.files import Place
from extensions.coder.grammars import grammar_of, has_any
from extensions.coder.output_text import fitting
from extensions.coder.tool import Action, Plan, Result, Tool, ToolError, Use

MOST_FILES = 50
MOST_CHARS = 60_000

PARAMETERS = MappingProxyType(
    {
        "type": "object",
        "properties": {
            "path": {"type": "string", "description": "A source file, or a folder whose own files are listed"}
        },
        "required": ["path"],
        "additionalProperties": False,
    }
)


async def plan(use: Use, arguments: Mapping[str, Any]) -> Plan:
    place = await files.locate(use, arguments["path"])
    found = await files.stat(place)
    if found is None:
        raise ToolError(f"{place.name}: there is nothing; look for it with list_files")
    is_folder = bool(found.type & vscode.FileType.DIRECTORY)
    if is_folder:
        files.refuse_ignored(use, f"{place.path}/")
    return Plan(partial(act, use, place, is_folder), (Action("read", place.path),), {"path": place.name})


async def act(use: Use, place: Place, is_folder: bool) -> Result:
    await files.check_place(place)
    if is_folder:
        return Result(await _folder(use, place))
    text = (await files.read_text(place)).shown
    try:
        found = await asyncio.to_thread(definitions, place.name, text)
    except NotParsed as error:
        raise ToolError(str(error)) from None
    if not found:
        return Result(f"{place.name}: it defines nothing.")
    return Result("\n".join(fitting([f"# {place.name}", *outline(found).split("\n")], MOST_CHARS)))


async def _folder(use: Use, place: Place) -> str:
    """The outlines of the files in a folder, not of those below it."""
    try:
        names = await vscode.workspace.fs.read_directory(place.uri)
    except vscode.FileSystemError as error:
        raise ToolError(f"{place.name}: {files.reason(error)}") from None
    sources = [name for name, kind in sorted(names) if kind & vscode.FileType.FILE and grammar_of(name) is not None]
    parts: list[str] = []
    for name in sources[:MOST_FILES]:
        if use.token.is_cancellation_requested:
            break
        try:
            inner = await files.locate(use, posixpath.join(place.path, name))
            found = await asyncio.to_thread(signatures, inner.name, (await files.read_text(inner)).shown)
        except ToolError:
            continue  # it is kept from the agent, or no text
        parts += [f"# {inner.name}", *found.split("\n"), ""] if found else []
    if not parts:
        return f"{place.name}: no file in it defines anything that can be told here."
    kept = fitting(parts, MOST_CHARS)
    if len(kept) < len(parts) or len(sources) > MOST_FILES:
        kept.append(f"[Not all is shown: it has {len(sources)} source files; name those that you need.]")
    return "\n".join(kept).rstrip("\n")


TOOL = Tool("list_code_definition_names", PARAMETERS, plan, is_reading=True, available=has_any)
