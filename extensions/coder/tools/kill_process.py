"""`kill_process`: the end of a process that runs beside the conversation."""

from __future__ import annotations

from collections.abc import Mapping
from functools import partial
from types import MappingProxyType
from typing import Any

from extensions.coder.running import Running
from extensions.coder.tool import Plan, Result, Tool, Use
from extensions.coder.tools.execute_command import preview_bytes
from extensions.coder.tools.get_process_output import PROCESS, found

PARAMETERS = MappingProxyType(
    {
        "type": "object",
        "properties": {"process_id": dict(PROCESS)},
        "required": ["process_id"],
        "additionalProperties": False,
    }
)


async def plan(use: Use, arguments: Mapping[str, Any]) -> Plan:
    running = found(use, arguments)
    return Plan(partial(kill, running), shown={"command": running.command})


async def kill(running: Running) -> Result:
    """End it with all that it started."""
    await running.kill()
    running.is_background = False
    said = await running.unread(preview_bytes())
    last = f"\nIts last output:\n{said}" if said else ""
    return Result(f"Process {running.number} (`{running.command[:200]}`) has ended. {running.state()}{last}")


TOOL = Tool("kill_process", PARAMETERS, plan)
