"""`apply_diff`: SEARCH/REPLACE blocks applied to a file."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping
from types import MappingProxyType
from typing import Any

from extensions.coder import changes, files
from extensions.coder.blocks import Applied, BadDiff, apply_diff
from extensions.coder.changes import Change
from extensions.coder.output_text import truncate_output
from extensions.coder.tool import Plan, Tool, ToolError, Use

FAILURES_CHARS = 8_000

PARAMETERS = MappingProxyType(
    {
        "type": "object",
        "properties": {
            "path": {"type": "string", "description": "The file, relative to the workspace folder or absolute"},
            "diff": {"type": "string", "description": "One or more SEARCH/REPLACE blocks"},
        },
        "required": ["path", "diff"],
        "additionalProperties": False,
    }
)


async def plan(use: Use, arguments: Mapping[str, Any]) -> Plan:
    place = await changes.target(use, arguments, "path")
    old = await files.read_text(place)
    changes.refuse_unread(use, place)
    diff = changes.given_text(arguments, "diff")
    try:
        applied = await asyncio.to_thread(apply_diff, old.text, diff)
    except BadDiff as error:
        raise ToolError(f"diff: {error}") from None
    if applied.text is None:
        raise ToolError(f"{place.name}: nothing was changed: {failures(applied)}")
    remark = f"Some blocks were not applied, the others were: {failures(applied)}" if applied.failures else ""
    return await changes.plan(use, "apply_diff", [Change(place, old, applied.text)], remark)


def failures(applied: Applied) -> str:
    """Why blocks were not applied, one in a line."""
    told = "\n".join(str(one) for one in applied.failures).encode("utf-8", "replace").decode()
    return truncate_output(told, max_chars=FAILURES_CHARS)


TOOL = Tool("apply_diff", PARAMETERS, plan)
