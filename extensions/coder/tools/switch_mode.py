"""`switch_mode`: go on as another mode, if the user lets it."""

from __future__ import annotations

from collections.abc import Mapping
from functools import partial
from types import MappingProxyType
from typing import Any

from extensions.coder.agent_files import told
from extensions.coder.modes import Mode
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
    mode = await known(use, "mode_slug", slug)
    if slug == use.mode.slug:
        raise ToolError(f"mode_slug: the mode is {slug} already; go on")
    shown = {"mode": slug, "reason": str(arguments["reason"]), "groups": told(mode)["groups"]}
    return Plan(partial(act, use, slug), (Action("mode", name=slug),), shown)


async def known(use: Use, field: str, slug: str) -> Mode:
    """The mode of that name: what it may is part of what leave is asked for. Raises `ToolError` where there is none."""
    modes = {one.slug: one for one in await use.modes()}
    if slug not in modes:
        raise ToolError(f"{field}: there is no mode {slug[:64]!r}; there are {', '.join(modes)}")
    return modes[slug]


async def act(use: Use, slug: str) -> Result:
    use.effect("mode", mode=slug)
    return Result(f"The mode is {slug} now.")


TOOL = Tool("switch_mode", PARAMETERS, plan, is_record=True)
