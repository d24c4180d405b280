"""`get_process_output`: how a process stands that runs beside the conversation, and what it said since."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping
from functools import partial
from types import MappingProxyType
from typing import Any

from extensions.coder.running import Commands, Running
from extensions.coder.tool import Plan, Result, Tool, ToolError, Use
from extensions.coder.tools.execute_command import preview_bytes

LONGEST_WAIT = 60.0
CALM_SECONDS = 0.3
"""A process that says nothing for so long after it said something has said what it had to say."""

PROCESS = MappingProxyType({"type": "integer", "description": "The number of the process, as start_process gave it"})
WAIT = MappingProxyType(
    {"type": ["number", "null"], "description": "Seconds to wait for output or its end; 60 at most"}
)
PARAMETERS = MappingProxyType(
    {
        "type": "object",
        "properties": {"process_id": dict(PROCESS), "wait": dict(WAIT)},
        "required": ["process_id"],
        "additionalProperties": False,
    }
)


async def plan(use: Use, arguments: Mapping[str, Any]) -> Plan:
    running = found(use, arguments)
    return Plan(partial(look, use, running, seconds(arguments, 0.0)), shown={"command": running.command})


async def look(use: Use, running: Running, wait: float) -> Result:
    """What it said since the model last looked, waiting for that if it must."""
    if running.kept.total == running.read_until and not running.ended.done() and wait > 0:
        await _something(use, running, wait)
    said = await running.unread(preview_bytes())
    running.is_background = running.is_open
    shown = {"command": running.command, "processId": running.number, "exitCode": running.exit_code}
    stored = f"\nAll of its output is in {running.artifact} (read_command_output)." if running.is_stored else ""
    new = f"New output:\n{said}" if said else "It said nothing new."
    return Result(
        f"Process {running.number} (`{running.command[:200]}`): {running.state()}\n{new}{stored}", shown=shown
    )


async def _something(use: Use, running: Running, wait: float) -> None:
    """Wait until it has ended, or said something and then paused; or until the task is stopped."""
    loop = asyncio.get_running_loop()
    until = loop.time() + wait
    stopped = use.token.on_cancellation_requested(lambda _: running.news.set())
    heard = False
    try:
        while not (running.ended.done() or use.token.is_cancellation_requested) and loop.time() < until:
            running.news.clear()
            try:
                async with asyncio.timeout_at(min(until, loop.time() + CALM_SECONDS) if heard else until):
                    await running.news.wait()
                heard = True
            except TimeoutError:
                return
    finally:
        stopped.dispose()


def found(use: Use, arguments: Mapping[str, Any]) -> Running:
    """The process that is meant. Raises `ToolError`."""
    commands = Commands.of(use.notes)
    running = commands.get(arguments["process_id"])
    if running is None:
        known = ", ".join(str(one.number) for one in commands) or "none"
        raise ToolError(f"process_id: there is no process {arguments['process_id']} in this task (there are: {known})")
    return running


def seconds(arguments: Mapping[str, Any], default: float) -> float:
    """How long to wait, in seconds."""
    given = arguments.get("wait")
    return default if given is None else min(max(0.0, float(given)), LONGEST_WAIT)


TOOL = Tool("get_process_output", PARAMETERS, plan, is_reading=True)
