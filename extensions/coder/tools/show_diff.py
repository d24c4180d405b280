"""`show_diff`: two files shown to the user side by side."""

from __future__ import annotations

import asyncio
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
            "original": {"type": "string", "description": "The file on the left"},
            "modified": {"type": "string", "description": "The file on the right"},
        },
        "required": ["original", "modified"],
        "additionalProperties": False,
    }
)


async def plan(use: Use, arguments: Mapping[str, Any]) -> Plan:
    names = ("original", "modified")
    left, right = await asyncio.gather(*(files.locate(use, arguments[name], name) for name in names))
    actions = (Action("read", left.path), Action("read", right.path))
    return Plan(partial(act, left, right), actions, {"original": left.name, "modified": right.name})


async def act(left: Place, right: Place) -> Result:
    for place in (left, right):
        await files.check_place(place)
        await files.read_text(place)
    try:
        await vscode.commands.execute_command("vscode.diff", left.uri, right.uri, f"{left.name} ↔ {right.name}")
    except vscode.FileSystemError as error:
        raise ToolError(files.reason(error)) from None
    return Result(f"The differences from {left.name} to {right.name} are shown to the user.")


TOOL = Tool("show_diff", PARAMETERS, plan)
