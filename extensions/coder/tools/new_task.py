"""`new_task`: a part of the work as a task of its own, with its own mode and conversation; this one waits for it."""

from __future__ import annotations

from collections.abc import Mapping
from functools import partial
from types import MappingProxyType
from typing import Any

import shim as vscode
from extensions.coder.agent_files import told
from extensions.coder.checklist import parse_checklist
from extensions.coder.tool import Action, Plan, Result, Tool, ToolError, Use
from extensions.coder.tools.switch_mode import known

DEEPEST = 5
"""How many tasks may be below each other."""

PARAMETERS = MappingProxyType(
    {
        "type": "object",
        "properties": {
            "mode": {"type": "string", "description": "The mode of the new task, by its slug"},
            "message": {"type": "string", "description": "All that it needs to know: it sees nothing of this task"},
            "todos": {"type": ["string", "null"], "description": "A Markdown checklist to begin with"},
        },
        "required": ["mode", "message"],
        "additionalProperties": False,
    }
)


async def plan(use: Use, arguments: Mapping[str, Any]) -> Plan:
    mode, message = str(arguments["mode"]), str(arguments["message"])
    groups = told(await known(use, "mode", mode))["groups"]
    if not message.strip():
        raise ToolError("message: it is empty; say all that the new task needs to know")
    if use.depth >= DEEPEST:
        raise ToolError(f"{DEEPEST} tasks are above this one already: do the work here")
    items = parse_checklist(str(arguments.get("todos") or ""))
    if not items and vscode.workspace.get_configuration("coder").get("newTaskRequireTodos") is True:
        raise ToolError("todos: the user's settings ask for a checklist; write each item as '[ ] what is to be done'")
    todos = [{"id": one.id, "content": one.content, "status": one.status} for one in items]
    shown = {"mode": mode, "message": message, "groups": groups, **({"todos": todos} if todos else {})}
    return Plan(partial(act, use, mode, message, todos), (Action("subtask", name=mode),), shown)


async def act(use: Use, mode: str, message: str, todos: list[dict[str, str]]) -> Result:
    use.effect("subtask", mode=mode, message=message, todos=todos)
    return Result("The task has begun.")


TOOL = Tool("new_task", PARAMETERS, plan, is_alone=True, is_record=True)
