"""`switch_mode`: go on as another mode, if the user lets it."""

from __future__ import annotations

from collections.abc import Mapping
from functools import partial
from types import MappingProxyType
from typing import Any

from extensions.coder.tool import Action, Plan, Result, Tool, ToolError, Use

PARAMETERS = MappingProxyType(
    {
        "type": "object",
        "properties": {
            "mode_slug": {"type": "string", "description": "The mode, by its slug"},
            "reason": {"type": "string", "description": "Why"},
        },
        "required": ["mode_slug", "reason"],
        "additionalProperties": False,
    }
)


async def plan(use: Use, arguments: Mapping[str, Any]) -> Plan:
    slug = str(arguments["mode_slug"])
    await refuse_unknown(use, "mode_slug", slug)
    if slug == use.mode.slug:
        raise ToolError(f"mode_slug: the mode is {slug} already; go on")
    shown = {"mode": slug, "reason": str(arguments["reason"])}
    return Plan(partial(act, use, slug), (Action("mode", name=slug),), shown)


async def refuse_unknown(use: Use, field: str, slug: str) -> None:
    """Raise `ToolError` where there is no such mode."""
    known = [one.slug for one in await use.modes()]
    if slug not in known:
        raise ToolError(f"{field}: there is no mode {slug[:64]!r}; there are {', '.join(known)}")


async def act(use: Use, slug: str) -> Result:
    use.effect("mode", mode=slug)
    return Result(f"The mode is {slug} now.")


TOOL = Tool("switch_mode", PARAMETERS, plan, is_record=True)
