"""`insert_text`: lines put into a file before one of its lines, or at its end; a file that is not there is made."""

from __future__ import annotations

import asyncio
import re
from collections.abc import Mapping
from types import MappingProxyType
from typing import Any

from extensions.coder import changes, files
from extensions.coder.changes import Change
from extensions.coder.tool import Plan, Tool, ToolError, Use

PARAMETERS = MappingProxyType(
    {
        "type": "object",
        "properties": {
            "path": {"type": "string", "description": "The file, relative to the workspace folder or absolute"},
            "line": {"type": "integer", "description": "The line before which it goes, from 1; 0: at the end"},
            "content": {"type": "string", "description": "The lines to put in"},
        },
        "required": ["path", "line", "content"],
        "additionalProperties": False,
    }
)


async def plan(use: Use, arguments: Mapping[str, Any]) -> Plan:
    place = await changes.target(use, arguments, "path")
    old = await files.read_or_new(place)
    if old.is_new and arguments["line"] not in (0, 1):
        raise ToolError(f"line: {place.name} is not there yet, it has no line {arguments['line']}; 0 or 1 makes it")
    if not old.is_new:
        changes.refuse_unread(use, place)
    content = changes.given_text(arguments, "content")
    if not content:
        raise ToolError("content: it is empty, there is nothing to put in")
    new = await asyncio.to_thread(inserted, old.text, old.ending, arguments["line"], content)
    return await changes.plan(use, "insert_text", [Change(place, old, new)])


def inserted(text: str, ending: str, line: int, content: str) -> str:
    """The text with whole lines put in. Raises `ToolError` where there is no such line."""
    lines = re.findall(r"[^\n]*\n|[^\n]+", text)
    if not 0 <= line <= len(lines) + 1:
        raise ToolError(f"line: {line} is none of the file's {len(lines)} lines; 0 puts it at the end")
    at = len(lines) if line == 0 else line - 1
    put = re.sub(r"\r?\n", ending, content)
    if at == len(lines) and lines and not lines[-1].endswith("\n"):
        lines[-1] += ending
    return "".join([*lines[:at], put if put.endswith("\n") else put + ending, *lines[at:]])


TOOL = Tool("insert_text", PARAMETERS, plan, aliases=("insert_content",))
