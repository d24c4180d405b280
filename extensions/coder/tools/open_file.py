"""`open_file`: a file shown in the user's editor."""

from __future__ import annotations

from collections.abc import Mapping
from functools import partial
from types import MappingProxyType
from typing import Any

import shim as vscode
from extensions.coder import files
from extensions.coder.files import Place
from extensions.coder.tool import Action, Plan, Result, Tool, ToolError, Use

PARAMETERS = MappingProxyType(
    {
        "type": "object",
        "properties": {
            "path": {"type": "string", "description": "The file, relative to the workspace folder or absolute"},
            "line": {"type": ["integer", "null"], "description": "The line to show, from 1"},
        },
        "required": ["path"],
        "additionalProperties": False,
    }
)


async def plan(use: Use, arguments: Mapping[str, Any]) -> Plan:
    place = await files.locate(use, arguments["path"])
    return Plan(partial(act, place, arguments.get("line") or 1), (Action("read", place.path),), {"path": place.name})


async def act(place: Place, line: int) -> Result:
    await files.check_place(place)
    if line < 1:
        raise ToolError(f"line: lines are counted from 1, {line} is none")
    try:
        document = await vscode.workspace.open_text_document(place.uri)
        at = vscode.Position(min(line, document.line_count) - 1, 0)
        await vscode.window.show_text_document(document, preserve_focus=True, selection=vscode.Range(at, at))
    except vscode.FileSystemError as error:
        raise ToolError(f"{place.name}: {files.reason(error)}") from None
    return Result(f"{place.name} is shown to the user.")


TOOL = Tool("open_file", PARAMETERS, plan)
