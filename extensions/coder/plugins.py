"""Tools of other extensions and MCP servers, as tools of the agent: leave is asked, whatever they say of themselves."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import shim as vscode
from extensions.coder.mcp_names import meant
from extensions.coder.tool import Action, Image, Plan, Result, Tool, ToolError


def plugin(name: str) -> Tool | None:
    """The tool of that name, which a model may have mangled. Raises `ToolError` where two fit."""
    tools = {one.name: one for one in vscode.lm.tools}
    names = meant(name, tools)
    if len(names) > 1:
        raise ToolError(f"{name!r} may be {' or '.join(sorted(names))}: call the one you mean by its exact name")
    if not names:
        return None
    (name,) = names
    found = tools[name]
    schema = found.input_schema or {"type": "object"}

    async def plan(use: Any, arguments: Mapping[str, Any]) -> Plan:
        async def act() -> Result:
            answer = await vscode.lm.invoke_tool(name, arguments, use.token)
            texts = [one.value for one in answer.content if isinstance(one, vscode.LanguageModelTextPart)]
            pictures = [
                Image(one.data, one.mime_type)
                for one in answer.content
                if isinstance(one, vscode.LanguageModelDataPart) and one.mime_type.startswith("image/")
            ]
            return Result("\n".join(texts) or "(no text)", tuple(pictures))

        return Plan(act, (Action("mcp", name=name),), {"tool": name, "arguments": dict(arguments)})

    return Tool(name, schema, plan)
