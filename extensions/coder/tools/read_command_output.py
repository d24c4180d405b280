"""`read_command_output`: the stored output of a command, page by page or searched."""

from __future__ import annotations

import asyncio
import re
from collections.abc import Iterator, Mapping
from functools import partial
from types import MappingProxyType
from typing import Any

import shim as vscode
from extensions.coder.kept import legible
from extensions.coder.patterns import BadPattern, matches
from extensions.coder.running import FOLDER
from extensions.coder.tool import Plan, Result, Tool, ToolError, Use

LIMIT_BYTES = 40 * 1024
ARTIFACT = re.compile(r"cmd-[0-9]{1,20}\.txt")
LINE_CHARS = 500
BLOCK_LINES = 100

PARAMETERS = MappingProxyType(
    {
        "type": "object",
        "properties": {
            "artifact_id": {"type": "string", "description": "The name of the stored output: cmd-<digits>.txt"},
            "search": {
                "type": ["string", "null"],
                "description": "A regular expression, case aside: only lines that match are returned",
            },
            "offset": {"type": ["integer", "null"], "description": "Bytes to begin after; 0 by default"},
            "limit": {
                "type": ["integer", "null"],
                "description": f"Bytes to return; {LIMIT_BYTES} by default and at most",
            },
        },
        "required": ["artifact_id"],
        "additionalProperties": False,
    }
)


async def plan(use: Use, arguments: Mapping[str, Any]) -> Plan:
    name = str(arguments["artifact_id"])
    if not ARTIFACT.fullmatch(name):
        raise ToolError(f"artifact_id: {name[:80]!r} is no name of a stored output; it reads cmd-<digits>.txt")
    offset, limit = arguments.get("offset") or 0, arguments.get("limit") or LIMIT_BYTES
    if offset < 0 or limit < 1:
        raise ToolError("offset and limit: must not be negative; leave them out to begin at the start")
    search = arguments.get("search") or ""
    try:
        matches(f"(?im){search}", "")
    except BadPattern as error:
        raise ToolError(f"search: {error}") from None
    return Plan(partial(act, use, name, search, offset, min(limit, LIMIT_BYTES)), shown={"artifactId": name})


async def act(use: Use, name: str, search: str, offset: int, limit: int) -> Result:
    log = vscode.Uri.join_path(use.store(), FOLDER, name)
    try:
        data = await vscode.workspace.fs.read_file(log)
    except vscode.FileSystemError:
        return Result(f"There is no stored output {name} in this task: look for the name in the results.", failed=True)
    if search:
        return Result(await asyncio.to_thread(found, name, data, search, offset, limit))
    if offset >= len(data) and data:
        return Result(f"{name} has {len(data)} bytes: an offset of {offset} is beyond its end.", failed=True)
    return Result(await asyncio.to_thread(page, name, data, offset, limit))


def page(name: str, data: bytes, offset: int, limit: int) -> str:
    """The bytes from `offset`, as text."""
    piece = data[offset : offset + limit]
    end = offset + len(piece)
    more = f" Go on with offset {end}." if end < len(data) else " This is its end."
    return f"[{name}: bytes {offset} to {end} of {len(data)}.{more}]\n{legible(piece)}"


def found(name: str, data: bytes, search: str, offset: int, limit: int) -> str:
    """The lines from `offset` on that match, each with its number."""
    before = data.count(b"\n", 0, offset)
    raw = data[offset:].split(b"\n")
    numbers = list(matching(raw, f"(?im){search}", is_anchored="\\A" in search or "\\z" in search))
    lines: list[str] = []
    size = 0
    for number in numbers:
        line = f"{before + number + 1} | {legible(raw[number])[:LINE_CHARS]}"
        size += len(line) + 1
        if size > limit:
            break
        lines.append(line)
    rest = f", of which the first {len(lines)} are here" if len(numbers) > len(lines) else ""
    return "\n".join([f"[{name}: {len(numbers)} of {len(raw)} lines match{rest}]", *lines])


def matching(raw: list[bytes], pattern: str, *, is_anchored: bool) -> Iterator[int]:
    """The numbers, from 0, of the lines that match; lines are asked one by one only where several together do."""
    for start in range(0, len(raw), BLOCK_LINES):
        block = [line.rstrip(b"\r").decode("utf-8", "replace") for line in raw[start : start + BLOCK_LINES]]
        if is_anchored or matches(pattern, "\n".join(block)):
            yield from (start + at for at, line in enumerate(block) if matches(pattern, line))


TOOL = Tool("read_command_output", PARAMETERS, plan, is_reading=True)
