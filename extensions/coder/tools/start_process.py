"""`start_process`: something that runs beside the conversation, such as a dev server, until the task ends."""

from __future__ import annotations

from collections.abc import Mapping
from functools import partial
from types import MappingProxyType
from typing import Any

from extensions.coder.places import actions_of, folder_of
from extensions.coder.running import Commands, TooMany
from extensions.coder.tool import Plan, Result, Tool, ToolError, Use
from extensions.coder.tools.execute_command import preview_bytes
from extensions.coder.tools.get_process_output import WAIT, look, seconds
from shim.proposed import processes

FIRST_SECONDS = 3.0
PARAMETERS = MappingProxyType(
    {
        "type": "object",
        "properties": {
            "command": {"type": "string", "description": "The command line, as for bash"},
            "cwd": {"type": ["string", "null"], "description": "The folder to run it in; the workspace by default"},
            "wait": dict(WAIT),
        },
        "required": ["command"],
        "additionalProperties": False,
    }
)


async def plan(use: Use, arguments: Mapping[str, Any]) -> Plan:
    command = str(arguments["command"])
    if not command.strip():
        raise ToolError("command: it is empty; give the command line to run")
    cwd = await folder_of(use, arguments.get("cwd"))
    actions = await actions_of(use, command, cwd)
    wait = seconds(arguments, FIRST_SECONDS)
    shown = {"command": command, "cwd": cwd, "background": True}
    return Plan(partial(start, use, command, cwd, wait), actions, shown)


async def start(use: Use, command: str, cwd: str, wait: float) -> Result:
    """Start it, and look for a moment whether it stays."""
    try:
        running = await Commands.of(use.notes).start(use.store(), command, cwd, preview_bytes(), None)
    except (TooMany, processes.Failure) as error:
        return Result(f"The process was not started: {error}", failed=True)
    running.is_background = True
    await running.store()
    return await look(use, running, wait)


TOOL = Tool("start_process", PARAMETERS, plan)
