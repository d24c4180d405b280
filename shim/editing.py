"""Edits as an editor makes them: `TextEditorEdit` gathers them, and selections move with the text. It keeps nothing."""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Iterable, Sequence
from itertools import pairwise

from sessions.errors import InvalidValue, RoostError
from shim.document import TextDocument
from shim.edits import TextEdit
from shim.enums import EndOfLine
from shim.ranges import AnyPosition, AnyRange, Position, Range, Selection, as_position, as_range
from shim.text import LineEndsChangeEvent, TextDocumentContentChangeEvent
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


class Moves:
    """Where places of a text are after changes of it, told with the last place first; made once for many places."""

    __slots__ = ("_runs",)

    def __init__(self, changes: Iterable[TextDocumentContentChangeEvent]) -> None:
        runs: list[list[TextDocumentContentChangeEvent]] = []
        for change in changes:
            if isinstance(change, LineEndsChangeEvent):
                continue  # every line is where it was
            if runs and change.range.end.is_before_or_equal(runs[-1][-1].range.start):
                runs[-1].append(change)
            else:
                runs.append([change])
        self._runs = [_Run(run[::-1]) for run in runs]

    def selection(self, selection: Selection) -> Selection:
        """A selection, which goes with its text."""
        return Selection(self._place(selection.anchor), self._place(selection.active))

    def _place(self, place: Position) -> Position:
        for run in self._runs:
            place = run.place(place)
        return place


class _Run:
    """Changes in the order of the text, none of which reaches into another."""

    __slots__ = ("_begins", "_ends")

    def __init__(self, changes: Sequence[TextDocumentContentChangeEvent]) -> None:
        self._begins: list[tuple[int, int, bool]] = []
        """Where each begins, and whether it takes text away there: then what is at its beginning stays."""
        self._ends: list[tuple[int, int, int, int]] = []
        """Where each ended, line and character, and where that is now."""
        for change in changes:
            start, end = change.range.start, change.range.end
            line, character = self._after(len(self._ends), start)
            lines, last = change.text.count("\n"), change.text[change.text.rfind("\n") + 1 :]
            character = utf16_length(last) + (0 if lines else character)
            self._begins.append((start.line, start.character, not change.range.is_empty))
            self._ends.append((end.line, end.character, line + lines, character))

    def place(self, place: Position) -> Position:
        before = bisect_right(self._begins, (place.line, place.character, False))
        return Position(*self._after(before, place)) if before else place

    def _after(self, count: int, place: Position) -> tuple[int, int]:
        """Where a place is that so many of the changes begin before."""
        if not count:
            return place.line, place.character
        line, character, line_now, character_now = self._ends[count - 1]
        if (place.line, place.character) <= (line, character):
            return line_now, character_now
        if place.line > line:
            return place.line + line_now - line, place.character
        return line_now, character_now + place.character - character
