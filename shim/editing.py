"""Edits as an editor makes them: `TextEditorEdit` gathers them, and selections move with the text. It keeps nothing."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from itertools import pairwise

from sessions.errors import InvalidValue, RoostError
from shim.document import TextDocument
from shim.edits import TextEdit
from shim.enums import EndOfLine
from shim.ranges import AnyPosition, AnyRange, Position, Range, Selection, as_position, as_range
from shim.text import TextDocumentContentChangeEvent
from shim.utf16 import utf16_length
from shim.values import as_text


class TextEditorEdit:
    """What `TextEditor.edit` gives to its callback: each call adds an edit; all are made at once, or none."""

    __slots__ = ("_open", "edits", "version")

    def __init__(self, document: TextDocument) -> None:
        self._open = True
        self.version = document.version
        """The document's when the edits were thought of: they are of that text only."""
        self.edits: list[TextEdit] = []

    def replace(self, location: AnyPosition | AnyRange, value: str) -> None:
        """Put a text in place of a range, or at a position."""
        self._add(TextEdit.replace(_range(location), as_text(value, "value")))

    def insert(self, location: AnyPosition, value: str) -> None:
        """Put a text at a position; a cursor there comes after it."""
        self._add(TextEdit.insert(as_position(location, "location"), as_text(value, "value")))

    def delete(self, location: AnyRange) -> None:
        """Take a range of text away."""
        self._add(TextEdit.delete(as_range(location, "location")))

    def set_end_of_line(self, end_of_line: EndOfLine) -> None:
        """End all lines so."""
        if end_of_line not in (EndOfLine.LF, EndOfLine.CRLF):
            raise InvalidValue("end_of_line", "must be EndOfLine.LF or EndOfLine.CRLF")
        self._add(TextEdit.set_end_of_line(end_of_line))

    def _add(self, edit: TextEdit) -> None:
        if not self._open:
            raise RoostError("edits are taken only while the callback runs: call edit() again")
        self.edits.append(edit)

    def close(self) -> None:
        """Take no more."""
        self._open = False
        check_apart([edit.range for edit in self.edits if edit.new_eol is None])


def _range(location: object) -> Range:
    if isinstance(location, Position):
        return Range(location, location)
    return as_range(location, "location")


def check_apart(ranges: Iterable[Range]) -> None:
    """Raise `InvalidValue` where ranges overlap; they may touch."""
    ordered = sorted(ranges, key=lambda one: [(place.line, place.character) for place in (one.start, one.end)])
    for before, after in pairwise(ordered):
        if before.end.is_after(after.start):
            raise InvalidValue("edit", "overlapping ranges are not allowed: make one edit of them")


def moved(selection: Selection, changes: Sequence[TextDocumentContentChangeEvent]) -> Selection:
    """A selection as it is after changes of the text, told with the last place first."""
    anchor, active = selection.anchor, selection.active
    for change in changes:
        anchor, active = _moved(anchor, change), _moved(active, change)
    return Selection(anchor, active)


def _moved(place: Position, change: TextDocumentContentChangeEvent) -> Position:
    start, end = change.range.start, change.range.end
    if place.is_before(start) or (place == start and not change.range.is_empty):
        return place
    *lines, last = change.text.replace("\r\n", "\n").split("\n")
    stop = Position(start.line + len(lines), utf16_length(last) + (0 if lines else start.character))
    if place.is_before(end):
        return stop
    if place.line > end.line:
        return Position(place.line + stop.line - end.line, place.character)
    return Position(stop.line, stop.character + place.character - end.character)
