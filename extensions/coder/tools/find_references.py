"""`find_references`: where a symbol is used, by the language providers."""

from __future__ import annotations

from collections.abc import Mapping
from functools import partial
from types import MappingProxyType
from typing import Any

from extensions.coder import files, symbols
from extensions.coder.files import Place
from extensions.coder.tool import Action, Plan, Result, Tool, Use
from extensions.coder.tools.find_definitions import answer, named

PARAMETERS = MappingProxyType(
    {
        "type": "object",
        "properties": {
            "symbol": {"type": "string", "description": "The name, as it is written in the code"},
            "path": {"type": "string", "description": "A file in which it is defined or used"},
            "line": {"type": ["integer", "null"], "description": "The line where it stands there, from 1"},
        },
        "required": ["symbol", "path"],
        "additionalProperties": False,
    }
)


async def plan(use: Use, arguments: Mapping[str, Any]) -> Plan:
    symbol = named(arguments)
    place = await files.locate(use, arguments["path"])
    work = partial(act, use, place, symbol, arguments.get("line"))
    return Plan(work, (Action("read", place.path),), {"symbol": symbol, "path": place.name})


async def act(use: Use, place: Place, symbol: str, line: int | None) -> Result:
    at = await symbols.position(place, symbol.rpartition(".")[2], line)
    return await answer(use, "vscode.executeReferenceProvider", place, at, f"No use of {symbol!r} is known")


TOOL = Tool("find_references", PARAMETERS, plan, is_reading=True)
