"""`read_file`: lines of a file with their numbers, the block around a line, a picture, and the text of other files."""

from __future__ import annotations

import asyncio
import posixpath
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from functools import partial
from types import MappingProxyType
from typing import Any

from extensions.coder import extracts, files, pictures
from extensions.coder.excerpts import LIMIT, Excerpt, OutOfRange, read_block, read_slice
from extensions.coder.files import Place
from extensions.coder.output_text import fitting
from extensions.coder.seen import Seen
from extensions.coder.tool import Action, Image, Plan, Result, Tool, ToolError, Use

MOST_CHARS = 200_000
"""Characters of one excerpt: 2,000 lines of 2,000 would fill any context."""

MOST_FILES = 20
"""Files of one call in the old form."""

INTEGER = MappingProxyType({"type": ["integer", "null"]})
PARAMETERS = MappingProxyType(
    {
        "type": "object",
        "properties": {
            "path": {"type": "string", "description": "The file, relative to the workspace folder or absolute"},
            "mode": {
                "type": ["string", "null"],
                "enum": ["slice", "indentation", None],
                "description": "slice (default): lines from offset on; indentation: the block around a line",
            },
            "offset": {**INTEGER, "description": "slice: the first line, from 1; 1 by default"},
            "limit": {**INTEGER, "description": f"The most lines; {LIMIT} by default"},
            "indentation": {
                "type": ["object", "null"],
                "description": "Which block mode indentation reads",
                "properties": {
                    "anchor_line": {**INTEGER, "description": "A line of the block, from 1"},
                    "max_levels": {**INTEGER, "description": "How many levels outwards; 0, the default: all"},
                    "include_siblings": {"type": ["boolean", "null"], "description": "Blocks beside it, too"},
                    "include_header": {"type": ["boolean", "null"], "description": "Comments above it, too (default)"},
                    "max_lines": {**INTEGER, "description": "The most lines, if fewer than limit"},
                },
                "additionalProperties": False,
            },
            "files": {"type": ["array", "null"], "description": "The old form: [{path, lineRanges?: [[1, 50]]}]"},
        },
        "additionalProperties": False,
    }
)


@dataclass(frozen=True, slots=True)
class Wanted:
    """What of a file is asked for: lines from `offset` (from 1), or the block around `anchor`."""

    offset: int = 1
    limit: int = LIMIT
    anchor: int | None = None
    max_levels: int = 0
    include_siblings: bool = False
    include_header: bool = True

    def of(self, text: str) -> Excerpt:
        """Raises `OutOfRange`."""
        if self.anchor is None:
            return read_slice(text, self.offset - 1, self.limit)
        return read_block(
            text,
            self.anchor,
            max_levels=self.max_levels,
            include_siblings=self.include_siblings,
            include_header=self.include_header,
            limit=self.limit,
        )


async def plan(use: Use, arguments: Mapping[str, Any]) -> Plan:
    asked = requests(arguments)
    places = {path: await files.locate(use, path) for path, _ in asked}
    wanted = [(places[path], what) for path, what in asked]
    actions = tuple(Action("read", place.path) for place in places.values())
    names = [place.name for place in places.values()]
    return Plan(partial(act, use, wanted), actions, {"path": names[0]} if len(names) == 1 else {"paths": names})


def requests(arguments: Mapping[str, Any]) -> list[tuple[str, Wanted]]:
    """The paths of a call, each with what is wanted of it. Raises `ToolError`."""
    path = str(arguments.get("path") or "")
    asked = [one for each in arguments.get("files") or () for one in _old(each)]
    if path and path not in dict(asked):
        asked = [(path, wanted(arguments)), *asked]
    if not asked:
        raise ToolError("path: it is missing; name the file to read")
    if len(asked) > MOST_FILES:
        raise ToolError(f"files: {MOST_FILES} are the most for one call; read the others with another one")
    return asked


def wanted(arguments: Mapping[str, Any]) -> Wanted:
    """What a call asks for. Raises `ToolError` of numbers below 1."""
    block = arguments.get("indentation") or {}
    offset, limit = _number(arguments, "offset", 1), _number(arguments, "limit", LIMIT)
    slice_of = Wanted(offset, min(limit, LIMIT))
    if arguments.get("mode") != "indentation":
        return slice_of
    return replace(
        slice_of,
        anchor=_number(block, "anchor_line", offset),
        max_levels=max(0, block.get("max_levels") or 0),
        include_siblings=bool(block.get("include_siblings")),
        include_header=block.get("include_header") is not False,
        limit=min(slice_of.limit, _number(block, "max_lines", LIMIT)),
    )


def _number(given: Mapping[str, Any], name: str, default: int) -> int:
    found = given.get(name)
    number = default if found is None else int(found)
    if number < 1:
        raise ToolError(f"{name}: lines are counted from 1, {number} is none")
    return number


def _old(given: object) -> list[tuple[str, Wanted]]:
    """One file of the old form, once for each of its ranges."""
    if isinstance(given, str):
        given = {"path": given}
    if not isinstance(given, Mapping) or not isinstance(given.get("path"), str) or not given["path"]:
        raise ToolError("files: each must be an object with a `path`; or name one file with `path`")
    ranges = _ranges(given.get("lineRanges") or given.get("line_ranges") or [])
    return [(given["path"], _range(one)) for one in ranges] or [(given["path"], Wanted())]


def _ranges(given: object) -> Sequence[object]:
    """The ranges of a file; one alone may stand there without the list around it."""
    is_pair = isinstance(given, list) and len(given) == 2 and all(isinstance(one, int) for one in given)
    if is_pair or isinstance(given, str | Mapping):
        return [given]
    if not isinstance(given, list):
        raise ToolError(f"files: {given!r} is no list of ranges of lines; write [[first, last]]")
    return given


def _range(given: object) -> Wanted:
    """Lines as `[2, 9]`, `{"start": 2, "end": 9}`, `"2-9"` or `"2"`; without an end, or with -1, all from there on."""
    try:
        start, end = _ends(given)
        first = int(start)
        last = first + LIMIT - 1 if end in (None, "", -1) else int(end)
    except (TypeError, ValueError, OverflowError):
        raise ToolError(f"files: {given!r} is no range of lines; write [first, last]") from None
    if not 1 <= first <= last:
        raise ToolError(f"files: the lines {first} to {last} are no range; lines are counted from 1")
    return Wanted(first, min(last - first + 1, LIMIT))


def _ends(given: object) -> Any:
    """The first line of a range and the last one, as they are written."""
    if isinstance(given, Mapping):
        return given.get("start"), given.get("end")
    if isinstance(given, str):
        first, dash, last = given.partition("-")
        return first, last if dash else first
    return given


async def act(use: Use, asked: Sequence[tuple[Place, Wanted]]) -> Result:
    """Read them; where several are asked for, one that fails does not keep the others back."""
    texts: list[str] = []
    images: list[Image] = []
    failed = 0
    for place, what in asked:
        try:
            result = await _read(use, place, what, sum(len(image.data) for image in images))
        except ToolError as error:
            if len(asked) == 1:
                raise
            failed += 1
            texts.append(f"File: {place.name}\nError: {error}")
            continue
        texts.append(result.text)
        images += result.images
    return Result("\n\n".join(texts), tuple(images), failed=failed == len(asked))


async def _read(use: Use, place: Place, what: Wanted, spent: int) -> Result:
    name = place.name
    files.refuse_ignored(use, place.path)
    await files.check_place(place)
    extracts.refuse_office(name)
    ending = posixpath.splitext(name)[1].lower()
    if files.document_of(place) is None and (extracts.is_extracted(name) or pictures.is_named_so(name)):
        content = await files.read_bytes(place, pictures.LARGEST_ALL)
        mime = pictures.mime_of(content)
        if mime is not None:
            return _picture(use, name, content, mime, spent)
        if pictures.is_named_so(name) and b"\0" in content[: files.LOOKED_AT]:
            raise ToolError(f"{name}: only PNG, JPEG, GIF and WebP can be shown; make it one with execute_command")
        if extracts.is_extracted(name) and content and (ending != ".pdf" or content.startswith(b"%PDF")):
            text_in = await _extracted(name, content)
            remark = "its cells as text" if ending == ".ipynb" else "its text"
            if text_in is not None:
                return await asyncio.to_thread(_shown, name, text_in, what, remark)
    text = await files.read_text(place)
    result = await asyncio.to_thread(_shown, name, text.shown, what, "with changes not saved yet" * text.is_unsaved)
    await Seen.of(use.notes).note(place.path, text.shown)
    return result


async def _extracted(name: str, content: bytes) -> str | None:
    """The text of a document; None of a notebook that is broken, as by a merge: it is mended as the JSON that it is."""
    try:
        return await extracts.extracted(name, content)
    except ToolError:
        if name.lower().endswith(".ipynb"):
            return None
        raise


def _picture(use: Use, name: str, content: bytes, mime: str, spent: int) -> Result:
    size = f"{len(content) / pictures.ONE_MB:.1f} MB"
    if len(content) > pictures.LARGEST:
        raise ToolError(f"{name}: this picture has {size}, 5 MB are the most; make it smaller with execute_command")
    if spent + len(content) > pictures.LARGEST_ALL:
        raise ToolError(f"{name}: the pictures of one call may have 20 MB together; read it with another call")
    if not use.sees_images:
        return Result(f"File: {name}\nThis is a picture ({mime}, {size}), and this model does not see pictures.")
    return Result(f"File: {name}\nA picture ({mime}, {size}).", (Image(content, mime),))


def _shown(name: str, text: str, what: Wanted, remark: str) -> Result:
    """What is said of it stands before the lines: a model reads it even if the lines are many."""
    head = f"File: {name}" + (f" ({remark})" if remark else "")
    if not text:
        return Result(f"{head}\nThe file is empty.")
    try:
        excerpt = _bounded(what.of(text))
    except OutOfRange as error:
        raise ToolError(f"{name}: {error}") from None
    return Result("\n".join([head, *_notice(excerpt, what), excerpt.content]))


def _bounded(excerpt: Excerpt) -> Excerpt:
    """The excerpt without its last lines, where they are too much together."""
    if len(excerpt.content) <= MOST_CHARS or not excerpt.ranges:
        return excerpt
    lines = fitting(excerpt.content.split("\n"), MOST_CHARS)
    first = excerpt.ranges[0][0]
    return Excerpt("\n".join(lines), ((first, first + len(lines) - 1),), excerpt.total, truncated=True)


def _notice(excerpt: Excerpt, what: Wanted) -> list[str]:
    first, last = excerpt.ranges[0] if excerpt.ranges else (0, 0)
    if (first, last) == (1, excerpt.total) and not excerpt.truncated:
        return []
    said = f"Lines {first} to {last} of {excerpt.total}."
    if not excerpt.truncated:
        return [said]
    if what.anchor is not None:
        return [f"{said} The block is longer: give a larger limit, fewer max_levels, or read it as a slice."]
    return [f"{said} Not all was shown: to go on, read it with offset {last + 1} and limit {what.limit}."]


TOOL = Tool("read_file", PARAMETERS, plan, is_reading=True)
