"""What a search for text says of each line, read from ripgrep's own words (`rg --json`). No I/O happens here."""

from __future__ import annotations

import base64
import os
from collections.abc import Iterator
from typing import Any, NamedTuple, TypeAlias

from shim.ranges import Position, Range
from shim.uri import Uri
from shim.utf16 import utf16_length

LONGEST = 1 << 20
"""Bytes that ripgrep may say of one line; more of it is not taken, and the limit counts as hit."""

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
    ranges = tuple(_range(one.raw, span, one.line) for span in one.spans)
    return TextSearchMatch(uri, ranges, _preview(one, most))


def contexts(uri: Uri, one: Record, most: int) -> Iterator[TextSearchContext]:
    """A record as lines around a match."""
    for at, text in enumerate(_text(one.raw).split("\n")):
        yield TextSearchContext(uri, text.removesuffix("\r")[:most], one.line + 1 + at)


def _text(raw: bytes) -> str:
    """Lines without the end of the last."""
    return raw.removesuffix(b"\n").removesuffix(b"\r").decode("utf-8", "replace")


def _range(raw: bytes, span: tuple[int, int], line: int) -> Range:
    return Range(*(_position(raw, offset, line) for offset in span))


def _position(raw: bytes, offset: int, line: int) -> Position:
    begin = raw.rfind(b"\n", 0, offset) + 1
    before = raw[begin:offset].removesuffix(b"\r") if raw[offset : offset + 1] == b"\n" else raw[begin:offset]
    character = len(before) if before.isascii() else utf16_length(before.decode("utf-8", "replace"))
    return Position(line + raw.count(b"\n", 0, begin), character)


def _preview(one: Record, most: int) -> TextSearchPreview:
    """From the line's beginning if the first match is shown by it, else from a little before the match."""
    text = _text(one.raw)
    if len(text) <= most:
        return TextSearchPreview(text, tuple(_range(one.raw, span, 0) for span in one.spans))
    first, last = (len(one.raw[:at].decode("utf-8", "replace")) for at in one.spans[0]) if one.spans else (0, 0)
    begin = 0 if last <= most else max(0, first - min(LEAD, most // 4))
    shown = text[begin : begin + most]
    before, length = len(text[:begin].encode()), len(shown.encode())
    cut = shown.encode()
    inside = ((max(0, start - before), min(length, end - before)) for start, end in one.spans)
    return TextSearchPreview(shown, tuple(_range(cut, (start, end), 0) for start, end in inside if start <= end))
