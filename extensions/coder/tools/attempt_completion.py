"""`attempt_completion`: the end of a task, with what came of it."""

from __future__ import annotations

from collections.abc import Mapping
from functools import partial
from types import MappingProxyType
from typing import Any

import shim as vscode
from extensions.coder.tool import Action, Plan, Result, Tool, ToolError, Use

PARAMETERS = MappingProxyType(
    {
        "type": "object",
        "properties": {"result": {"type": "string", "description": "What was done, final, without a question"}},
        "required": ["result"],
        "additionalProperties": False,
    }
)


async def plan(use: Use, arguments: Mapping[str, Any]) -> Plan:
    text = str(arguments["result"])
    if not text.strip():
        raise ToolError("result: it is empty; say what was done and what came of it")
    settings = vscode.workspace.get_configuration("coder")
    if settings.get("preventCompletionWithOpenTodos") is True and use.has_open_todos:
        raise ToolError(
            "the todo list has open items: finish them, or correct the list with update_todo_list, and then complete"
        )
    return Plan(partial(act, use, text), (Action("finish"),), {"result": text})


async def act(use: Use, text: str) -> Result:
    use.effect("complete", text=text)
    return Result("The result was shown to the user.")


TOOL = Tool("attempt_completion", PARAMETERS, plan, is_record=True)
