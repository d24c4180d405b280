"""A text as it is read: bytes made lines, and what makes one text another. Nothing here reads a file or keeps one."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from typing import NamedTuple

from sessions.errors import FileSystemError, InvalidValue, QuotaExceeded
from shim import encodings
from shim.contents import LARGEST, MOST_LINES, Content, digest
from shim.document import Stamp
from shim.edits import TextEdit
from shim.ranges import Range
from shim.text import TextDocumentContentChangeEvent, TextModel
from shim.uri import Uri
from shim.utf16 import utf16_length

LARGE = 64 * 1024
"""Bytes of a text that is taken apart in a thread."""


class Read(NamedTuple):
    """A text as it was just read."""

    model: TextModel
    encoding: str
    stamp: Stamp | None


async def taken_apart(uri: Uri, text: str) -> TextModel:
    """The lines of a text. Raises `InvalidValue`, and `FileSystemError` where they are too many."""

    def work() -> TextModel:
        return _model(uri, checked_text(text))

    return await asyncio.to_thread(work) if len(text) > LARGE else work()


async def decoded(uri: Uri, content: Content, encoding: str | None, usual: str = "utf8") -> Read:
    """The text in a file's bytes. `FileSystemError` of what is binary, not in its encoding, or of too many lines."""

    def work() -> Read:
        text, found = encodings.decoded(uri.path, content.content, encoding, usual)
        return Read(_model(uri, text), found, Stamp(content.identity, digest(content.content)))

    return await asyncio.to_thread(work) if len(content.content) > LARGE else work()


def _model(uri: Uri, text: str) -> TextModel:
    lines = text.count("\n") + text.count("\r") - text.count("\r\n") + 1
    if lines > MOST_LINES:
        raise FileSystemError.unavailable(
            f"{uri.path}: it has {lines} lines, a document at most {MOST_LINES}; read it in pieces"
        )
    return TextModel(text)


def checked_text(text: str) -> str:
    """`text` itself if it can be saved; raises `InvalidValue` where it holds half of a surrogate pair."""
    if not text.isascii():
        try:
            text.encode()
        except UnicodeEncodeError:
            raise InvalidValue("text", "must not hold half of a surrogate pair; put in the whole character") from None
    return text


def size_of(edits: Sequence[TextEdit]) -> int:
    """Characters that edits put in."""
    return sum(len(edit.new_text) for edit in edits)


def apply(model: TextModel, edits: Sequence[TextEdit]) -> list[TextDocumentContentChangeEvent]:
    """Make edits to a model. Raises `InvalidValue` and `QuotaExceeded` of what cannot be made, and changes nothing."""
    for edit in edits:
        checked_text(edit.new_text)
    lines = model.line_count + sum(edit.new_text.count("\n") + edit.new_text.count("\r") for edit in edits)
    last = model.line_count - 1
    lines -= sum(min(edit.range.end.line, last) - min(edit.range.start.line, last) for edit in edits)
    if size_of(edits) > LARGEST or lines > MOST_LINES:
        raise QuotaExceeded("document_lines", MOST_LINES, model.line_count, "keep it in several files")
    return model.apply(edits)


def difference(old: TextModel, new: TextModel) -> list[TextEdit]:
    """The one edit that makes a text another, leaving alone the lines that begin and end both."""
    edits = []
    if old._lines != new._lines:
        edits.append(_replacement(old._lines, new._lines))
    if old.eol != new.eol:
        edits.append(TextEdit.set_end_of_line(new.eol))
    return edits


def _replacement(old: list[str], new: list[str]) -> TextEdit:
    shorter = min(len(old), len(new))
    start = next((i for i in range(shorter) if old[i] != new[i]), shorter - 1)
    end = next((i for i in range(shorter - start) if old[-1 - i] != new[-1 - i]), shorter - start - 1)
    stop = len(old) - 1 - end
    return TextEdit(Range(start, 0, stop, utf16_length(old[stop])), "\n".join(new[start : len(new) - end]))
