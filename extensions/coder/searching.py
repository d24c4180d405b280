"""Text in a task's files, found by the workspace's own search: what the agent may not see is not among it."""

from __future__ import annotations

import asyncio
import posixpath
from collections.abc import Iterable
from dataclasses import dataclass, field

import shim as vscode
from extensions.coder import files
from extensions.coder.access import Access, inside
from extensions.coder.files import Place
from extensions.coder.tool import ToolError, Use
from shim.proposed import paths

LINE = 500
"""Characters of a line that are shown."""


@dataclass(slots=True)
class Hits:
    """What of one file is told: its lines by number, from 1, and which of them match."""

    path: str
    lines: dict[int, str] = field(default_factory=dict)
    matching: set[int] = field(default_factory=set)


@dataclass(slots=True)
class Found:
    """What a search found, by file in the order of their paths; `count` lines match, `is_cut`: there are more."""

    files: list[Hits] = field(default_factory=list)
    count: int = 0
    is_cut: bool = False


class Gathering:
    """Takes results until there are enough; which of their files may be read is judged once they are all there."""

    def __init__(self, access: Access, most: int, enough: vscode.CancellationTokenSource) -> None:
        self._access, self._most, self._enough = access, most, enough
        self._results: list[vscode.TextSearchResult] = []
        self._matches = 0

    def take(self, result: vscode.TextSearchResult) -> None:
        self._results.append(result)
        self._matches += isinstance(result, vscode.TextSearchMatch)
        if self._matches > self._most and not self._access.has_rules:
            self._enough.cancel()

    def found(self) -> Found:
        """What may be told. For threads: each file is asked of each rule."""
        opened = set(self._access.readable({one.uri.path for one in self._results}))
        files: dict[str, Hits] = {}
        found = Found()
        for result in self._results:
            path = result.uri.path
            if path not in opened:
                continue
            hits = files.setdefault(path, Hits(path))
            if isinstance(result, vscode.TextSearchContext):
                hits.lines.setdefault(result.line_number, result.text)
            elif found.count < self._most:
                _add(hits, result)
                found.count += 1
            else:
                found.is_cut = True
                break
        found.files = sorted((one for one in files.values() if one.matching), key=lambda one: one.path)
        return found


def _add(hits: Hits, match: vscode.TextSearchMatch) -> None:
    first = match.ranges[0].start.line + 1
    for at, line in enumerate(match.preview.text.split("\n")):
        hits.lines[first + at] = line.removesuffix("\r")
        hits.matching.add(first + at)


async def search(
    use: Use, place: Place, query: vscode.TextSearchQuery, pattern: str | None, *, most: int, context: int = 0
) -> Found:
    """What matches in a file or below a folder, at most `most` lines. Raises `ToolError`."""
    await files.check_place(place)
    base, glob = await _where(place, pattern)
    enough = vscode.CancellationTokenSource()
    gathering = Gathering(use.access, most, enough)
    undo = use.token.on_cancellation_requested(lambda _: enough.cancel())
    try:
        done = await vscode.workspace.find_text_in_files(
            query, gathering.take, include=vscode.RelativePattern(vscode.Uri.file(base), glob), max_results=most * 4,
            surrounding_context=context, chars_per_line=LINE, token=enough.token,
        )  # fmt: skip
    except paths.Failure as error:
        raise ToolError(f"the search was not made: {error}") from None
    finally:
        undo.dispose()
    found = await asyncio.to_thread(gathering.found)
    found.is_cut = found.is_cut or done.limit_hit
    return found


async def _where(place: Place, pattern: str | None) -> tuple[str, str]:
    """The folder to search below, and the glob of the files in it: a name alone means files of that name anywhere."""
    found = await files.stat(place)
    if found is None:
        raise ToolError(f"{place.name}: there is no such folder; look for it with list_files")
    if not found.type & vscode.FileType.DIRECTORY:
        return posixpath.dirname(place.path), _literal(posixpath.basename(place.path))
    if not pattern:
        return place.path, "**"
    return place.path, pattern.removeprefix("/") if "/" in pattern else f"**/{pattern}"


def _literal(name: str) -> str:
    """A glob that means just this name."""
    return "".join(f"[{one}]" if one in "*?[]{}!" else one for one in name)


def shown(use: Use, found: Iterable[Hits]) -> list[str]:
    """Lines by file, those that match marked; dashes stand for what is between."""
    lines: list[str] = []
    for hits in found:
        lines.append(f"# {inside(use.cwd, hits.path) or hits.path}")
        width, last = len(str(max(hits.lines))), None
        for number, line in sorted(hits.lines.items()):
            if last is not None and number > last + 1:
                lines.append("----")
            lines.append(f"{'>' if number in hits.matching else ' '} {number:>{width}} | {line}")
            last = number
        lines.append("")
    return lines
