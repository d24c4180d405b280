"""`find_definitions`: where a symbol is defined, by the language providers."""

from __future__ import annotations

from collections.abc import Mapping
from functools import partial
from types import MappingProxyType
from typing import Any

import shim as vscode
from extensions.coder import files, symbols
from extensions.coder.files import Place
from extensions.coder.tool import Action, Plan, Result, Tool, ToolError, Use

PARAMETERS = MappingProxyType(
    {
        "type": "object",
        "properties": {
            "symbol": {"type": "string", "description": "The name, as it is written in the code"},
            "path": {"type": ["string", "null"], "description": "A file in which it is used"},
            "line": {"type": ["integer", "null"], "description": "The line of that use, from 1"},
        },
        "required": ["symbol"],
        "additionalProperties": False,
    }
)


async def plan(use: Use, arguments: Mapping[str, Any]) -> Plan:
    symbol = named(arguments)
    shown = {"symbol": symbol}
    if not arguments.get("path"):
        return Plan(partial(everywhere, use, symbol), (Action("read", use.cwd),), shown)
    place = await files.locate(use, arguments["path"])
    work = partial(act, use, place, symbol, arguments.get("line"))
    return Plan(work, (Action("read", place.path),), {**shown, "path": place.name})


def named(arguments: Mapping[str, Any]) -> str:
    """The symbol of a call. Raises `ToolError`."""
    symbol = str(arguments["symbol"]).strip()
    if not symbol or len(symbol) > 200 or "\n" in symbol:
        raise ToolError("symbol: it must be one name, such as `parse` or `Parser.parse`")
    return symbol


async def act(use: Use, place: Place, symbol: str, line: int | None) -> Result:
    at = await symbols.position(place, symbol.rpartition(".")[2], line)
    return await answer(use, "vscode.executeDefinitionProvider", place, at, f"No definition of {symbol!r} is known")


async def answer(use: Use, command: str, place: Place, at: vscode.Position, none: str) -> Result:
    """What the providers say of a position."""
    try:
        found = await vscode.commands.execute_command(command, place.uri, at)
    except vscode.FileSystemError as error:
        raise ToolError(f"{place.name}: {files.reason(error)}") from None
    text = await symbols.told(use, symbols.spots(found or ()))
    return Result(text or f"{none} to a language server here: look for it with search_files.")


async def everywhere(use: Use, symbol: str) -> Result:
    """What the providers know by that name in the whole workspace."""
    name = symbol.rpartition(".")[2]
    found = await vscode.commands.execute_command("vscode.executeWorkspaceSymbolProvider", name)
    exact = [one.location for one in found or () if one.name.rpartition(".")[2].partition("(")[0] == name]
    text = await symbols.told(use, symbols.spots(exact))
    return Result(
        text
        or f"No definition of {symbol!r} is known to a language server here: look for it with codebase_search, "
        "or name a file in which it is used."
    )


TOOL = Tool("find_definitions", PARAMETERS, plan, is_reading=True)
