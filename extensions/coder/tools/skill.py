"""`skill`: the text of a skill, once the work is one that it is for."""

from __future__ import annotations

from collections.abc import Mapping
from functools import partial
from types import MappingProxyType
from typing import Any

import shim as vscode
from extensions.coder.skills import Skill, files_of, skills
from extensions.coder.tool import Plan, Result, Tool, ToolError, Use
from shim.proposed import places

PARAMETERS = MappingProxyType(
    {
        "type": "object",
        "properties": {
            "skill": {"type": "string", "description": "The skill's name, as the system prompt lists it"},
            "args": {
                "type": ["string", "null"],
                "description": "What the skill is to be applied to, if it asks for it",
            },
        },
        "required": ["skill"],
        "additionalProperties": False,
    }
)


async def plan(use: Use, arguments: Mapping[str, Any]) -> Plan:
    wanted = str(arguments["skill"]).strip()
    found, _ = await skills(vscode.Uri.file(use.cwd), places.home(), use.mode.slug)
    chosen = next((one for one in found if one.name == wanted), None)
    if chosen is None:
        known = ", ".join(one.name for one in found) or "none in this mode"
        raise ToolError(f"skill: there is no {wanted[:100]!r}; there are: {known}")
    shown = {"skill": chosen.name, "description": chosen.description, "source": chosen.source}
    return Plan(partial(act, chosen, str(arguments.get("args") or "")), shown=shown)


async def act(skill: Skill, given: str) -> Result:
    lines = [f"Skill: {skill.name}", f"Description: {skill.description}", f"File: {skill.path}"]
    if given:
        lines.append(f"Arguments: {given}")
    if files := await files_of(skill):
        lines.append("Other files of it: " + ", ".join(files))
    return Result("\n".join((*lines, "", skill.text)))


TOOL = Tool("skill", PARAMETERS, plan, is_reading=True)
