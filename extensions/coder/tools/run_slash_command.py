"""`run_slash_command`: the text that a slash command stands for, for the model to follow."""

from __future__ import annotations

from collections.abc import Mapping
from functools import partial
from types import MappingProxyType
from typing import Any

import shim as vscode
from extensions.coder.agent_files import AgentFiles
from extensions.coder.slash import SlashCommand, written
from extensions.coder.tool import Plan, Result, Tool, ToolError, Use

PARAMETERS = MappingProxyType(
    {
        "type": "object",
        "properties": {
            "command": {"type": "string", "description": "The command's name, without the slash"},
            "args": {"type": ["string", "null"], "description": "What the command is given"},
        },
        "required": ["command"],
        "additionalProperties": False,
    }
)


async def plan(use: Use, arguments: Mapping[str, Any]) -> Plan:
    wanted = str(arguments["command"]).strip().removeprefix("/")
    found = await AgentFiles().commands(vscode.Uri.file(use.cwd))
    command = next((one for one in found if one.name == wanted), None)
    if command is None:
        known = ", ".join(one.name for one in found)
        raise ToolError(f"command: there is no {wanted[:100]!r}; there are: {known}")
    given = str(arguments.get("args") or "")
    return Plan(partial(act, command, given), shown={**command.told(), "arguments": given})


async def act(command: SlashCommand, given: str) -> Result:
    mode = f"It is meant for the mode {command.mode}: switch to it first.\n\n" if command.mode else ""
    return Result(mode + written(command, given))


TOOL = Tool("run_slash_command", PARAMETERS, plan, is_reading=True)
