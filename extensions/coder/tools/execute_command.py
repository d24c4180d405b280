"""`execute_command`: a command line of the shell, without a terminal, to its end or as long as the model waits."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Mapping
from functools import partial
from types import MappingProxyType
from typing import Any

import shim as vscode
from extensions.coder.kept import Live
from extensions.coder.places import actions_of, folder_of
from extensions.coder.running import Commands, Running, TooMany, time_limit
from extensions.coder.tool import Plan, Result, Tool, ToolError, Use
from shim.proposed import processes

TICK_SECONDS = 0.15
QUIET_SECONDS = 0.6
"""After so long without anything new, an unfinished line is shown, too."""

PREVIEWS = MappingProxyType({"small": 5_000, "medium": 10_000, "large": 20_000})
DEFAULT_PREVIEW = "medium"

PARAMETERS = MappingProxyType(
    {
        "type": "object",
        "properties": {
            "command": {"type": "string", "description": "The command line, as for bash"},
            "cwd": {
                "type": ["string", "null"],
                "description": "The folder to run it in, relative or absolute; the workspace by default",
            },
            "timeout": {
                "type": ["number", "null"],
                "description": "Seconds to wait; then it goes on in the background and the output so far is returned",
            },
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
    patience = arguments.get("timeout") or None
    shown = {"command": command, "cwd": cwd, **({"timeout": patience} if patience else {})}
    return Plan(partial(act, use, command, cwd, patience), actions, shown)


async def act(use: Use, command: str, cwd: str, patience: float | None) -> Result:
    """Run it and wait for its end, or for `patience` seconds."""
    size = preview_bytes()
    live = Live()
    try:
        running = await Commands.of(use.notes).start(use.store(), command, cwd, size, time_limit(command))
    except (TooMany, processes.Failure) as error:
        return Result(f"The command was not started: {error}", failed=True)
    running.on_output = live.add
    try:
        await wait(use, running, live, None if patience is None else time.monotonic() + max(0.0, patience))
    except BaseException:
        await asyncio.shield(running.kill())
        raise
    finally:
        running.on_output = None
    if use.token.is_cancellation_requested and not running.ended.done():
        await running.kill()
        return await told(running, size, "Ended by the user while it ran.", failed=True)
    if not running.ended.done():
        running.is_background = True
        await running.store()
    running.is_background = running.is_open
    return await told(running, size)


async def wait(use: Use, running: Running, live: Live, until: float | None) -> None:
    """Show what it says until it ends, the time is over or the task is stopped."""
    stopped = use.token.on_cancellation_requested(lambda _: running.news.set())
    try:
        while not (running.ended.done() or use.token.is_cancellation_requested or _is_over(until)):
            heard = await _news(running, until)
            if text := live.take(whole=not heard):
                use.stream(text)
    finally:
        stopped.dispose()
    if text := live.take(whole=True):
        use.stream(text)


def _is_over(until: float | None) -> bool:
    return until is not None and time.monotonic() >= until


async def _news(running: Running, until: float | None) -> bool:
    """Wait for something new, and a moment for more of it; False where nothing came in time."""
    left = QUIET_SECONDS if until is None else max(0.0, min(QUIET_SECONDS, until - time.monotonic()))
    try:
        async with asyncio.timeout(left):
            await running.news.wait()
    except TimeoutError:
        return False
    running.news.clear()
    await asyncio.wait({running.ended}, timeout=min(left, TICK_SECONDS))
    return True


async def told(running: Running, size: int, ending: str = "", failed: bool = False) -> Result:
    """What the model reads of it."""
    preview, running.read_until = running.kept.preview(size), running.kept.total
    seen = await asyncio.to_thread(preview.text)
    shown = {"command": running.command, "cwd": running.cwd, "exitCode": running.exit_code}
    if not running.ended.done() and not ending:
        text = (
            f"The command is still running in '{running.cwd}' as process {running.number}. {_so_far(seen)}\n"
            f"New output comes with the environment details; get_process_output and kill_process take the process, "
            f"read_command_output reads all of it as {running.artifact}."
        )
        return Result(text, shown={**shown, "processId": running.number, "artifactId": running.artifact})
    lines = [f"Command executed in '{running.cwd}'. {ending or running.state()}"]
    if running.timed_out:
        lines.append("Do not run it again as it is: it would be killed again. Find a faster way, or ask the user.")
    if running.kept.total > size:
        lines.append(
            f"Output ({running.kept.total} bytes; all of it is stored as {running.artifact}, which "
            f"read_command_output reads and searches):\n{seen}"
        )
        shown["artifactId"] = running.artifact
    else:
        lines.append(f"Output:\n{seen}" if seen else "It said nothing.")
    if running.problem:
        lines.append(f"Note: {running.problem}")
    return Result("\n".join(lines), failed=failed or running.timed_out, shown=shown)


def _so_far(seen: str) -> str:
    return f"The output so far:\n{seen}" if seen else "It said nothing so far."


def preview_bytes() -> int:
    """How much of an output the model gets at once, by the user's setting."""
    size = vscode.workspace.get_configuration("coder").get("terminalOutputPreviewSize", DEFAULT_PREVIEW)
    return PREVIEWS.get(size, PREVIEWS[DEFAULT_PREVIEW]) if isinstance(size, str) else PREVIEWS[DEFAULT_PREVIEW]


TOOL = Tool("execute_command", PARAMETERS, plan)
