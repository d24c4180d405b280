"""`codebase_search`: the files that speak most of what is asked for, with the lines and definitions that do."""

from __future__ import annotations

import asyncio
import re
from collections.abc import Mapping, Sequence
from functools import partial
from types import MappingProxyType
from typing import Any

import shim as vscode
from extensions.coder import files, searching
from extensions.coder.access import inside
from extensions.coder.definitions import Definition, NotParsed, definitions
from extensions.coder.files import Place
from extensions.coder.output_text import cut
from extensions.coder.ranking import Ranked, ranked, stem, words_of
from extensions.coder.searching import Hits
from extensions.coder.tool import Action, Plan, Result, Tool, ToolError, Use

MOST_LINES_FOUND = 4_000
MOST_FILES = 12
LINES = 6
LINE = 200

PARAMETERS = MappingProxyType(
    {
        "type": "object",
        "properties": {
            "query": {"type": "string", "description": "What is looked for, in words that the code may use"},
            "path": {"type": ["string", "null"], "description": "Only below this folder; the workspace by default"},
        },
        "required": ["query"],
        "additionalProperties": False,
    }
)


async def plan(use: Use, arguments: Mapping[str, Any]) -> Plan:
    words = words_of(str(arguments["query"]))
    if not words:
        raise ToolError("query: no word in it tells anything; name what the code is about, such as `login session`")
    place = await files.locate(use, arguments.get("path") or ".")
    shown = {"query": arguments["query"], "path": place.name}
    return Plan(partial(act, use, place, words), (Action("read", place.path),), shown)


async def act(use: Use, place: Place, words: Sequence[str]) -> Result:
    stems = sorted(set(map(stem, words)), key=len, reverse=True)
    query = vscode.TextSearchQuery("|".join(map(re.escape, stems)), is_reg_exp=True)
    found = await searching.search(use, place, query, None, most=MOST_LINES_FOUND)
    if not found.files:
        return Result(f"Nothing in {place.name} speaks of {', '.join(words)}: try other words, or search_files.")
    best = await asyncio.to_thread(ranked, found.files, words, MOST_FILES, LINES)
    by_path = {hits.path: hits for hits in found.files}
    parts = [await _part(use, one, by_path[one.path], stems) for one in best]
    head = f"Files that speak most of {', '.join(words)}, the best first ({len(found.files)} speak of it at all):"
    return Result("\n\n".join([head, *parts]))


async def _part(use: Use, one: Ranked, hits: Hits, stems: Sequence[str]) -> str:
    name = inside(use.cwd, one.path) or one.path
    lines = {number: cut(hits.lines[number].strip(), LINE) for number in one.lines}
    lines |= {found.first: found.line for found in await _definitions(use, one.path, stems)}
    width = len(str(max(lines)))
    return "\n".join([f"# {name}", *(f"{number:>{width}} | {lines[number]}" for number in sorted(lines))])


async def _definitions(use: Use, path: str, stems: Sequence[str]) -> list[Definition]:
    """What the file defines whose name has one of the words in it."""
    try:
        text = (await files.read_text(await files.locate(use, path))).shown
        found = await asyncio.to_thread(definitions, path, text)
    except (NotParsed, ToolError):
        return []
    return [one for one in found if any(word in one.name.lower() for word in stems)][:LINES]


TOOL = Tool("codebase_search", PARAMETERS, plan, is_reading=True)
