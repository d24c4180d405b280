"""`ask_followup_question`: what only the user knows, with answers to choose from."""

from __future__ import annotations

from collections.abc import Mapping
from functools import partial
from types import MappingProxyType
from typing import Any

from extensions.coder.tool import Plan, Result, Tool, ToolError, Use
from extensions.coder.tools.switch_mode import known

PARAMETERS = MappingProxyType(
    {
        "type": "object",
        "properties": {
            "question": {"type": "string", "description": "One clear question"},
            "follow_up": {
                "type": "array",
                "minItems": 1,
                "maxItems": 4,
                "description": "Complete answers to choose from, the best first, without placeholders",
                "items": {
                    "type": "object",
                    "properties": {
                        "text": {"type": "string"},
                        "mode": {"type": ["string", "null"], "description": "The mode to go on in with this answer"},
                    },
                    "required": ["text"],
                    "additionalProperties": False,
                },
            },
        },
        "required": ["question", "follow_up"],
        "additionalProperties": False,
    }
)


async def plan(use: Use, arguments: Mapping[str, Any]) -> Plan:
    question = str(arguments["question"]).strip()
    if not question:
        raise ToolError("question: it is empty; ask one clear question")
    if not all(one["text"].strip() for one in arguments["follow_up"]):
        raise ToolError("follow_up: an answer is empty; give complete answers to choose from")
    for mode in filter(None, (one.get("mode") for one in arguments["follow_up"])):
        await known(use, "follow_up", mode)
    if len({one["text"] for one in arguments["follow_up"]}) < len(arguments["follow_up"]):
        raise ToolError("follow_up: two answers are the same, and could not be told apart; give different ones")
    suggestions = [
        {"text": one["text"], **({"mode": one["mode"]} if one.get("mode") else {})} for one in arguments["follow_up"]
    ]
    return Plan(partial(act, use, question, suggestions), shown={"question": question, "suggestions": suggestions})


async def act(use: Use, question: str, suggestions: list[dict[str, str]]) -> Result:
    use.effect("question", text=question, suggestions=suggestions)
    return Result("The user is asked.")


TOOL = Tool("ask_followup_question", PARAMETERS, plan, is_record=True)
