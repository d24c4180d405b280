"""`get_diagnostics`: what language servers and linters say is wrong, in a file or in the workspace."""

from __future__ import annotations

import asyncio
from collections.abc import Iterable, Mapping
from functools import partial
from types import MappingProxyType
from typing import Any

import shim as vscode
from extensions.coder import diagnostics, files
from extensions.coder.access import inside
from extensions.coder.diagnostics import OfFile
from extensions.coder.files import Place
from extensions.coder.output_text import fitting
from extensions.coder.tool import Action, Plan, Result, Tool, Use

MOST_CHARS = 40_000
LEVELS = MappingProxyType({"error": 0, "warning": 1, "information": 2, "hint": 3})

PARAMETERS = MappingProxyType(
    {
        "type": "object",
        "properties": {
            "path": {
                "type": ["string", "null"],
                "description": "A file, or a folder with all below it; all by default",
            },
            "severity": {
                "type": ["string", "null"],
                "enum": [*LEVELS, None],
                "description": "The least grave that is told; warning by default",
            },
        },
        "additionalProperties": False,
    }
)


async def plan(use: Use, arguments: Mapping[str, Any]) -> Plan:
    place = await files.locate(use, arguments.get("path") or ".")
    level = LEVELS[arguments.get("severity") or "warning"]
    return Plan(partial(act, use, place, level), (Action("read", place.path),), {"path": place.name})


async def act(use: Use, place: Place, level: int) -> Result:
    lines = await asyncio.to_thread(_lines, vscode.languages.get_diagnostics(), use, place, level)
    if not lines:
        return Result(
            f"Nothing is known to be wrong in {place.name}. Only what a language server or linter has looked at is "
            "told: run the project's own checks with execute_command to be sure."
        )
    kept = fitting(lines, MOST_CHARS)
    more = ["[There are more: name a file or folder.]"] if len(kept) < len(lines) else []
    return Result("\n".join([*kept, *more]).rstrip("\n"))


def _lines(there: Iterable[OfFile], use: Use, place: Place, level: int) -> list[str]:
    lines: list[str] = []
    for uri, problems in there:
        wanted = [one for one in problems if int(one.severity) <= level]
        if wanted and files.is_file(uri) and _is_asked_for(use, place, uri.path):
            lines += [f"# {inside(use.cwd, uri.path) or uri.path}", *diagnostics.listed(wanted).split("\n"), ""]
    return lines


def _is_asked_for(use: Use, place: Place, path: str) -> bool:
    below = path in (place.path, place.real) or inside(place.path, path) or inside(place.real, path)
    return bool(below) and use.access.can_read(path)


TOOL = Tool("get_diagnostics", PARAMETERS, plan, is_reading=True)
