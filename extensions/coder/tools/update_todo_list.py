"""`update_todo_list`: the whole list of what is to be done, in the place of the one before."""

from __future__ import annotations

from collections.abc import Mapping
from functools import partial
from types import MappingProxyType
from typing import Any

from extensions.coder.checklist import parse_checklist
from extensions.coder.tool import Plan, Result, Tool, ToolError, Use

MOST = 100

PARAMETERS = MappingProxyType(
    {
        "type": "object",
        "properties": {
            "todos": {
                "type": "string",
                "description": "A Markdown checklist: [ ] to do, [-] being done, [x] done; one line each",
            }
        },
        "required": ["todos"],
        "additionalProperties": False,
    }
)


async def plan(use: Use, arguments: Mapping[str, Any]) -> Plan:
    todos = listed(str(arguments["todos"]))
    return Plan(partial(act, use, todos), shown={"todos": todos})


def listed(text: str) -> list[dict[str, str]]:
    """The items of a checklist, as a task keeps them. Raises `ToolError`."""
    items = parse_checklist(text)
    if not items and text.strip():
        raise ToolError("todos: no line is an item; write each as '[ ] what is to be done'")
    if len(items) > MOST:
        raise ToolError(f"todos: {len(items)} items, and {MOST} may be; put small ones together")
    return [{"id": one.id, "content": one.content, "status": one.status} for one in items]


async def act(use: Use, todos: list[dict[str, str]]) -> Result:
    use.effect("todos", todos=todos)
    done = sum(one["status"] == "completed" for one in todos)
    return Result(f"The todo list is updated: {done} of {len(todos)} items are done.")


TOOL = Tool("update_todo_list", PARAMETERS, plan, is_record=True)
