"""`search_files`: a regular expression looked for in the files below a folder."""

from __future__ import annotations

from collections.abc import Mapping
from functools import partial
from types import MappingProxyType
from typing import Any

import shim as vscode
from extensions.coder import files, searching
from extensions.coder.files import Place
from extensions.coder.output_text import fitting
from extensions.coder.tool import Action, Plan, Result, Tool, ToolError, Use

MOST = 300
MOST_CHARS = 100_000

PARAMETERS = MappingProxyType(
    {
        "type": "object",
        "properties": {
            "path": {"type": "string", "description": "The folder to search, with all below it; or one file"},
            "regex": {"type": "string", "description": "A regular expression in Rust's syntax; case matters"},
            "file_pattern": {
                "type": ["string", "null"],
                "description": "Only files that this glob means, such as *.ts or src/**/*.py",
            },
        },
        "required": ["path", "regex"],
        "additionalProperties": False,
    }
)


async def plan(use: Use, arguments: Mapping[str, Any]) -> Plan:
    regex = str(arguments["regex"])
    if not regex:
        raise ToolError("regex: it is empty; give what is to be looked for")
    place = await files.locate(use, arguments["path"])
    pattern = arguments.get("file_pattern") or None
    shown = {"path": place.name, "regex": regex, **({"filePattern": pattern} if pattern else {})}
    return Plan(partial(act, use, place, regex, pattern), (Action("read", place.path),), shown)


async def act(use: Use, place: Place, regex: str, pattern: str | None) -> Result:
    query = vscode.TextSearchQuery(regex, is_reg_exp=True, is_case_sensitive=True)
    found = await searching.search(use, place, query, pattern, most=MOST, context=1)
    if not found.count:
        which = f" in files that are {pattern} (those that .gitignore names aside)" if pattern else ""
        return Result(f"No line matches in '{place.name}'{which}")
    lines = searching.shown(use, found.files)
    kept = fitting(lines, MOST_CHARS)
    head = f"{found.count} lines match."
    if found.is_cut or len(kept) < len(lines):
        head = f"The first {found.count} lines that match; there are more: search with a narrower regex or folder."
    return Result("\n".join([head, "", *kept]).rstrip("\n"))


TOOL = Tool("search_files", PARAMETERS, plan, is_reading=True)
