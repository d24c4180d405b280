"""Places in code as language providers tell them, and as a model reads them."""

from __future__ import annotations

import asyncio
import re
from collections.abc import Iterable, Sequence
from typing import Any

import shim as vscode
from extensions.coder import files
from extensions.coder.access import inside
from extensions.coder.files import Place
from extensions.coder.output_text import cut
from extensions.coder.tool import ToolError, Use

MOST = 100
"""Places that are told."""

LINE = 200
START = vscode.Range(0, 0, 0, 0)

Spot = tuple[vscode.Uri, vscode.Range]


def spots(found: Iterable[Any]) -> list[Spot]:
    """Each place once, whatever a provider calls it."""
    kept: dict[tuple[str, int, int], Spot] = {}
    for one in found:
        if isinstance(one, vscode.LocationLink):
            uri, there = one.target_uri, one.target_selection_range or one.target_range
        elif isinstance(one, vscode.Location):
            uri, there = one.uri, one.range or START
        else:
            continue
        kept.setdefault((str(uri), there.start.line, there.start.character), (uri, there))
    return list(kept.values())


async def position(place: Place, symbol: str, line: int | None) -> vscode.Position:
    """Where the symbol stands in the file: on that line (from 1), else first. Raises `ToolError` where it does not."""
    text = (await files.read_text(place)).text
    lines = re.split(r"\r?\n", text)
    if line is not None and not 1 <= line <= len(lines):
        raise ToolError(f"line: {place.name} has {len(lines)} lines, {line} is none of them")
    word = re.compile(rf"(?<!\w){re.escape(symbol)}(?!\w)")
    numbers = range(len(lines)) if line is None else (line - 1,)
    for number in numbers:
        found = word.search(lines[number])
        if found is not None:
            before = lines[number][: found.start()].encode("utf-16-le", "surrogatepass")
            return vscode.Position(number, len(before) // 2)
    where = place.name if line is None else f"line {line} of {place.name}"
    raise ToolError(f"symbol: {symbol!r} does not stand in {where}; read the file, and name it as it is written there")


async def told(use: Use, found: Sequence[Spot]) -> str:
    """Places in lines, with the code that stands there; what the agent may not see is left out."""
    seen = await asyncio.to_thread(lambda: [one for one in found if _may_see(use, one[0])])  # each asks each rule
    texts: dict[str, list[str]] = {}
    lines = [await _line(use, texts, spot) for spot in seen[:MOST]]
    if len(seen) > MOST:
        lines.append(f"[{len(seen) - MOST} more are left out]")
    return "\n".join(lines)


def _may_see(use: Use, uri: vscode.Uri) -> bool:
    return not files.is_file(uri) or use.access.can_read(uri.path)


async def _line(use: Use, texts: dict[str, list[str]], spot: Spot) -> str:
    uri, there = spot
    name = inside(use.cwd, uri.path) if files.is_file(uri) else None
    where = f"{name or uri.path}:{there.start.line + 1}:{there.start.character + 1}"
    if name is None:
        return where
    if uri.path not in texts:
        texts[uri.path] = await _lines(use, uri.path)
    code = texts[uri.path][there.start.line : there.start.line + 1]
    return f"{where} | {cut(code[0].strip(), LINE)}" if code else where


async def _lines(use: Use, path: str) -> list[str]:
    """A file's lines, none where it cannot be read or leads where the agent may not see."""
    try:
        place = await files.locate(use, path)
        if inside(use.cwd, place.path) is None:
            return []
        return re.split(r"\r?\n", (await files.read_text(place)).shown)
    except ToolError:
        return []
