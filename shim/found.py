"""What a search for text says of each line, read from ripgrep's own words (`rg --json`). No I/O happens here."""

from __future__ import annotations

import base64
import os
from collections.abc import Iterable, Iterator, Sequence
from itertools import chain
from typing import Any, NamedTuple, TypeAlias

from shim.ranges import Position, Range
from shim.uri import Uri
from shim.utf16 import utf16_length

LONGEST = 1 << 20
"""Bytes that ripgrep may say of one line; more of it is not taken, and the limit counts as hit."""

SLICE, SLICE_BYTES = 50, 16384
"""Lines that are taken before others have their turn, and about how many bytes of them."""

MOST_PLACES = 500
"""Matches of one line that are told; more of them are not, and the limit counts as hit."""

LEAD = 100
"""Characters before a match that a cut preview begins with, if its line is too long to be shown from its beginning."""


class TextSearchPreview(NamedTuple):
    """A part of the text that a match is in, and where in it the matches are."""

    text: str
    matches: tuple[Range, ...]


class TextSearchMatch(NamedTuple):
    """One line that matches, or the lines of one match over several."""

    uri: Uri
    ranges: tuple[Range, ...]
    preview: TextSearchPreview


class TextSearchContext(NamedTuple):
    """A line around a match; `line_number` counts from one, as in VS Code."""

    uri: Uri
    text: str
    line_number: int


TextSearchResult: TypeAlias = TextSearchMatch | TextSearchContext


class Lines:
    """Cuts what comes into lines. One that is too long is dropped, and `dropped` says so."""

    __slots__ = ("_rest", "_skips", "dropped")

    def __init__(self) -> None:
        self._rest = bytearray()
        self._skips = False
        self.dropped = False

    def feed(self, data: bytes) -> Iterator[bytes]:
        """The lines that are whole by now."""
        *whole, rest = data.split(b"\n")
        for line in whole:
            if not self._skips:
                yield bytes(self._rest) + line if self._rest else line
            self._rest.clear()
            self._skips = False
        if not self._skips:
            self._rest += rest
        if len(self._rest) > LONGEST:
            self._rest.clear()
            self._skips = self.dropped = True


def slices(lines: Iterable[bytes]) -> Iterator[list[bytes]]:
    """Lines in portions that take about the same time."""
    some, size = list[bytes](), 0
    for line in lines:
        some.append(line)
        size += len(line)
        if len(some) == SLICE or size >= SLICE_BYTES:
            yield some
            some, size = [], 0
    if some:
        yield some


class Record(NamedTuple):
    """One thing that ripgrep says: `begin` and `end` of a file, `match` and `context` in it, a `summary` at the end."""

    kind: str
    path: str
    raw: bytes
    """The line, or lines, as UTF-8 if they can be."""
    line: int
    """The first of them, from zero."""
    spans: tuple[tuple[int, int], ...]
    """Where it matches, in bytes of them."""
    is_binary: bool


def record(line: bytes) -> Record:
    """A line of ripgrep's as what it says."""
    import orjson  # which the API's types do without

    told = orjson.loads(line)
    data: dict[str, Any] = told["data"]
    return Record(
        told["type"],
        os.fsdecode(_bytes(data.get("path"))),
        _bytes(data.get("lines")),
        (data.get("line_number") or 1) - 1,
        tuple((one["start"], one["end"]) for one in data.get("submatches", ())),
        data.get("binary_offset") is not None,
    )


def _bytes(told: dict[str, str] | None) -> bytes:
    """What ripgrep gives as text, or in base64 where it is none."""
    if told is None:
        return b""
    return told["text"].encode() if "text" in told else base64.b64decode(told["bytes"])


def match(uri: Uri, one: Record, most: int) -> TextSearchMatch:
    """A record as a match, of whose text at most `most` characters are shown."""
    return TextSearchMatch(uri, _ranges(one.raw, one.spans, one.line), _preview(one, most))


def contexts(uri: Uri, one: Record, most: int) -> Iterator[TextSearchContext]:
    """A record as lines around a match."""
    for at, text in enumerate(_text(one.raw).split("\n")):
        yield TextSearchContext(uri, text.removesuffix("\r")[:most], one.line + 1 + at)


def _text(raw: bytes) -> str:
    """Lines without the end of the last."""
    return raw.removesuffix(b"\n").removesuffix(b"\r").decode("utf-8", "replace")


def _ranges(raw: bytes, spans: Sequence[tuple[int, int]], line: int) -> tuple[Range, ...]:
    """The ranges of spans that follow each other, in one pass: a line may hold thousands."""
    places, at, character = list[Position](), 0, 0
    for offset in chain.from_iterable(spans):
        passed = raw[at:offset]
        if lines := passed.count(b"\n"):
            line, character, passed = line + lines, 0, passed[passed.rfind(b"\n") + 1 :]
        character += len(passed) if passed.isascii() else utf16_length(passed.decode("utf-8", "replace"))
        at = offset
        places.append(Position(line, character - (raw[at - 1 : at + 1] == b"\r\n")))
    return tuple(Range(start, end) for start, end in zip(places[::2], places[1::2], strict=True))


def _preview(one: Record, most: int) -> TextSearchPreview:
    """From the line's beginning if the first match is shown by it, else from a little before the match."""
    text = _text(one.raw)
    if len(text) <= most:
        return TextSearchPreview(text, _ranges(one.raw, one.spans, 0))
    first, last = (len(one.raw[:at].decode("utf-8", "replace")) for at in one.spans[0]) if one.spans else (0, 0)
    begin = 0 if last <= most else max(0, first - min(LEAD, most // 4))
    shown = text[begin : begin + most]
    before, length = len(text[:begin].encode()), len(shown.encode())
    cut = shown.encode()
    inside = [(max(0, start - before), min(length, end - before)) for start, end in one.spans]
    return TextSearchPreview(shown, _ranges(cut, [(start, end) for start, end in inside if start <= end], 0))
