"""`terminal_session`: a real terminal that the user sees and may take over, for programs that want one."""

from __future__ import annotations

import re
from collections.abc import Mapping
from functools import partial
from types import MappingProxyType
from typing import Any

from extensions.coder.places import actions_of, folder_of
from extensions.coder.terminals import MOST, Said, Seat, Seats
from extensions.coder.tool import TYPED, Plan, Result, Tool, ToolError, Use
from extensions.coder.tools.execute_command import preview_bytes

WAIT_SECONDS = 10.0
LONGEST_WAIT = 120.0
KEYS = MappingProxyType({"ctrl+c": "\x03", "ctrl+d": "\x04", "ctrl+z": "\x1a", "escape": "\x1b"})
"""Keys that end or stop something, and start nothing."""

LONGEST = 20_000
CHANGED = re.compile(r"\t|![^\s=(]|^\^", re.MULTILINE)
"""What a shell with a person before it reads otherwise than one without: nobody could judge what it would run."""

PARAMETERS = MappingProxyType(
    {
        "type": "object",
        "properties": {
            "action": {"type": "string", "enum": ["open", "send", "read", "close"]},
            "terminal_id": {"type": ["integer", "null"], "description": "The number of the terminal; not for open"},
            "text": {"type": ["string", "null"], "description": "For send: what to type; Enter is pressed after it"},
            "key": {"type": ["string", "null"], "enum": [*KEYS, None], "description": "For send: a key, not a text"},
            "cwd": {"type": ["string", "null"], "description": "For open: the folder; the workspace by default"},
            "wait": {"type": ["number", "null"], "description": "Seconds to wait for the end or an answer; 10 if none"},
        },
        "required": ["action"],
        "additionalProperties": False,
    }
)


async def plan(use: Use, arguments: Mapping[str, Any]) -> Plan:
    action = arguments["action"]
    if action == "open":
        if Seats.of(use.notes).is_full:
            raise ToolError(f"this task has {MOST} terminals already: close one of them, or use it")
        cwd = await folder_of(use, arguments.get("cwd"))
        return Plan(partial(open_, use, cwd), shown={"action": action, "cwd": cwd})
    seat = _found(use, arguments)
    wait = min(max(0.0, float(arguments.get("wait") or 0)), LONGEST_WAIT)
    shown = {"action": action, "terminalId": seat.number}
    if action == "close":
        return Plan(partial(close, use, seat), shown=shown)
    if action == "read":
        return Plan(partial(read, use, seat, wait), shown=shown)
    return await _plan_send(use, seat, arguments, shown, wait if arguments.get("wait") is not None else WAIT_SECONDS)


async def _plan_send(use: Use, seat: Seat, arguments: Mapping[str, Any], shown: dict[str, Any], wait: float) -> Plan:
    text, key = arguments.get("text"), arguments.get("key")
    if (text is None) == (key is None):
        raise ToolError("send: give either text, to be typed with Enter after it, or a key")
    if text is None:
        if not isinstance(key, str) or key not in KEYS:
            raise ToolError(f"key: {key!r} is none of {', '.join(KEYS)}")
        return Plan(partial(press, use, seat, key, wait), shown={**shown, "key": key})
    if len(text) > LONGEST or any(one < " " and one not in "\t\n" for one in text):
        raise ToolError(f"text: up to {LONGEST} characters, and no control characters; for those there is key")
    if not seat.is_busy and (changed := CHANGED.search(text)) is not None:
        raise ToolError(
            f"text: at its prompt the shell would put something else for {changed[0]!r}: a tab is completed, ! and ^ "
            "mean earlier lines; write it without, or run it with execute_command"
        )
    command = text if text.strip() else "press Enter"
    name = TYPED if seat.is_busy else None  # what runs reads it by rules of its own, not by a shell's
    actions = await actions_of(use, command, seat.cwd(use.cwd), name)
    return Plan(partial(send, use, seat, text, wait, seat.is_busy), actions, {**shown, "command": text})


async def open_(use: Use, cwd: str) -> Result:
    """Open one, and wait for its prompt."""
    seat = Seats.of(use.notes).open(cwd)
    await seat.begin(_stopped(use))
    return _told(
        seat, await seat.look(0, preview_bytes(), _stopped(use)), f"Terminal {seat.number} is open in '{cwd}'."
    )


async def send(use: Use, seat: Seat, text: str, wait: float, is_busy: bool) -> Result:
    """Type a line: at a prompt it is a command, whose end is waited for; else it goes to what runs."""
    if not seat.is_open or (seat.is_busy and not is_busy):
        return _told(seat, Said("", seat.state()), "Nothing was typed.", failed=True)
    if seat.is_busy or not text.strip():
        return _told(seat, await seat.type(text, wait, preview_bytes(), _stopped(use), enter=True), "Typed.")
    said = await seat.run(text, wait, preview_bytes(), _stopped(use))
    return _told(seat, said, f"Typed at the prompt of terminal {seat.number}.")


async def press(use: Use, seat: Seat, key: str, wait: float) -> Result:
    """Press a key that ends or stops something."""
    said = await seat.type(KEYS[key], min(wait, 3.0), preview_bytes(), _stopped(use), enter=False)
    return _told(seat, said, f"Pressed {key}.")


async def read(use: Use, seat: Seat, wait: float) -> Result:
    """What it said since it was last read."""
    return _told(seat, await seat.look(wait, preview_bytes(), _stopped(use)), f"Terminal {seat.number}:")


async def close(use: Use, seat: Seat) -> Result:
    """Close it with what runs in it."""
    Seats.of(use.notes).close(seat)
    return Result(f"Terminal {seat.number} is closed.")


def _told(seat: Seat, said: Said, did: str, failed: bool = False) -> Result:
    output = said.output.strip("\n")
    text = f"{did} {said.state}" + (f"\nOutput:\n{output}" if output else "\nIt said nothing new.")
    return Result(text, failed=failed, shown={"terminalId": seat.number, "exitCode": said.exit_code})


def _stopped(use: Use) -> Any:
    return lambda: use.token.is_cancellation_requested


def _found(use: Use, arguments: Mapping[str, Any]) -> Seat:
    seats = Seats.of(use.notes)
    number = arguments.get("terminal_id")
    seat = seats.get(number) if isinstance(number, int) else None
    if seat is None:
        known = ", ".join(str(one.number) for one in seats) or "none, open one"
        raise ToolError(f"terminal_id: there is no terminal {number} in this task (there are: {known})")
    return seat


TOOL = Tool("terminal_session", PARAMETERS, plan)
