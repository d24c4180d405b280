"""`show_notification`: a message shown to the user, who need not answer it."""

from __future__ import annotations

from collections.abc import Mapping
from functools import partial
from types import MappingProxyType
from typing import Any

import shim as vscode
from extensions.coder.tool import Plan, Result, Tool, ToolError, Use

LONGEST = 500

PARAMETERS = MappingProxyType(
    {
        "type": "object",
        "properties": {
            "message": {"type": "string", "description": f"One or two sentences, {LONGEST} characters at most"},
            "severity": {
                "type": ["string", "null"],
                "enum": ["information", "warning", "error", None],
                "description": "information by default",
            },
        },
        "required": ["message"],
        "additionalProperties": False,
    }
)


async def plan(use: Use, arguments: Mapping[str, Any]) -> Plan:
    message = str(arguments["message"]).strip()
    if not message or len(message) > LONGEST:
        raise ToolError(f"message: it must have 1 to {LONGEST} characters, this one has {len(message)}")
    return Plan(partial(act, message, arguments.get("severity") or "information"), shown={"message": message})


async def act(message: str, severity: str) -> Result:
    show = {
        "information": vscode.window.show_information_message,
        "warning": vscode.window.show_warning_message,
        "error": vscode.window.show_error_message,
    }[severity]
    show(message)  # nobody waits for it: the user may be away
    return Result("The message is shown to the user.")


TOOL = Tool("show_notification", PARAMETERS, plan)
