"""`read_command_output`: the stored output of a command, page by page or searched."""

from __future__ import annotations

import asyncio
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from functools import partial
from types import MappingProxyType
from typing import Any

import shim as vscode
from extensions.coder.kept import legible, whole
from extensions.coder.patterns import BadPattern, matches
from extensions.coder.running import FOLDER
from extensions.coder.tool import Plan, Result, Tool, ToolError, Use

LIMIT_BYTES = 40 * 1024
ARTIFACT = re.compile(r"cmd-[0-9]{1,20}\.txt")
LINE_CHARS = 500
NO_PATTERN = ". The search is no pattern (no look-around, no back references): it was looked for as it stands"
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
    search = sought(arguments.get("search") or "")
    return Plan(partial(act, use, name, search, offset, min(limit, LIMIT_BYTES)), shown={"artifactId": name})


@dataclass(frozen=True, slots=True)
class Search:
    """What is looked for; `remark` where it is no pattern and was taken for a text."""

    pattern: str
    is_anchored: bool = False
    """Several lines together may not be asked at once."""
    remark: str = ""


def sought(given: str) -> Search | None:
    """The pattern of a call, None where all is to be read. Raises `ToolError` of one that is too large."""
    if not given:
        return None
    found = Search(f"(?im){given}", "\\A" in given or "\\z" in given)
    if not is_pattern(found.pattern):
        found = Search(f"(?im){re.escape(given)}", remark=NO_PATTERN)
    try:
        matches(found.pattern, "")
    except BadPattern as error:
        raise ToolError(f"search: {error}") from None
    return found


def is_pattern(given: str) -> bool:
    try:
        matches(given, "")
    except BadPattern:
        return False
    return True


async def act(use: Use, name: str, search: Search | None, offset: int, limit: int) -> Result:
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
    """The bytes from `offset`, as text, with the number of their first line; no character is cut in two."""
    piece = data[offset : offset + limit]
    piece = (whole(piece) or piece) if offset + limit < len(data) else piece
    end = offset + len(piece)
    line = data.count(b"\n", 0, offset) + 1
    more = f" Go on with offset {end}." if end < len(data) else " This is its end."
    return f"[{name}: bytes {offset} to {end} of {len(data)}, from line {line} on.{more}]\n{legible(piece)}"


def found(name: str, data: bytes, search: Search, offset: int, limit: int) -> str:
    """The lines from `offset` on that match, each with its number."""
    before = data.count(b"\n", 0, offset)
    raw = data[offset:].split(b"\n")
    numbers = list(matching(raw, search.pattern, is_anchored=search.is_anchored))
    lines: list[str] = []
    size = 0
    for number in numbers:
        line = f"{before + number + 1} | {legible(raw[number])[:LINE_CHARS]}"
        size += len(line) + 1
        if size > limit:
            break
        lines.append(line)
    rest = f", of which the first {len(lines)} are here" if len(numbers) > len(lines) else ""
    return "\n".join([f"[{name}: {len(numbers)} of {len(raw)} lines match{rest}{search.remark}]", *lines])


def matching(raw: list[bytes], pattern: str, *, is_anchored: bool) -> Iterator[int]:
    """The numbers, from 0, of the lines that match; lines are asked one by one only where several together do."""
    for start in range(0, len(raw), BLOCK_LINES):
        block = [line.rstrip(b"\r").decode("utf-8", "replace") for line in raw[start : start + BLOCK_LINES]]
        if is_anchored or matches(pattern, "\n".join(block)):
            yield from (start + at for at, line in enumerate(block) if matches(pattern, line))


TOOL = Tool("read_command_output", PARAMETERS, plan, is_reading=True)
