"""The text of a document: lines, offsets, words, edits. It knows no file, no event and no user (documents do).

Lines and characters count from 0; characters and offsets are UTF-16 units, as everywhere in VS Code's API.
"""

from __future__ import annotations

import math
import re
from bisect import bisect_right
from collections.abc import Iterable, Sequence
from itertools import accumulate, pairwise
from typing import NamedTuple

from sessions.errors import InvalidValue
from shim.edits import TextEdit
from shim.enums import EndOfLine
from shim.ranges import AnyPosition, AnyRange, Position, Range, as_position, as_range
from shim.utf16 import text_index, utf16_length, utf16_offset
from shim.values import Value, as_text, readonly
from shim.words import DEFAULT_WORD, WHITESPACE, find_word

_LEADING_WHITESPACE = re.compile(f"[{WHITESPACE}]*")

PIECE = 128 * 1024
"""Characters that are taken apart at once."""

LINE_ENDS = {EndOfLine.LF: "\n", EndOfLine.CRLF: "\r\n"}


class TextLine:
    """A line as it was when it was asked for; `text` is without its end."""

    __slots__ = ("_is_last", "_line_number", "_text")

    def __init__(self, line_number: int, text: str, is_last: bool) -> None:
        self._line_number = line_number
        self._text = text
        self._is_last = is_last

    @property
    def line_number(self) -> int:
        return self._line_number

    @property
    def text(self) -> str:
        return self._text

    @property
    def range(self) -> Range:
        return Range(self._line_number, 0, self._line_number, utf16_length(self._text))

    @property
    def range_including_line_break(self) -> Range:
        """To the beginning of the next line; the last line has none."""
        return self.range if self._is_last else Range(self._line_number, 0, self._line_number + 1, 0)

    @property
    def first_non_whitespace_character_index(self) -> int:
        """How long its leading whitespace is."""
        indent = _LEADING_WHITESPACE.match(self._text)
        return indent.end() if indent else 0

    @property
    def is_empty_or_whitespace(self) -> bool:
        return self.first_non_whitespace_character_index == len(self._text)


@readonly
class TextDocumentContentChangeEvent(Value):
    """That `text` came in place of `range`, which was `range_length` long and began at `range_offset`."""

    range: Range
    range_offset: int
    range_length: int
    text: str


class LineEndsChangeEvent(TextDocumentContentChangeEvent):
    """That all lines end otherwise: the whole text is told, as in VS Code, and every place is where it was."""


class Snapshot(NamedTuple):
    """A state of a text to go back to. Costs nothing: lines are never changed in place."""

    lines: list[str]
    eol: EndOfLine
    version: int
    wide: bool


class TextModel:
    """A text of at least one line, all ended alike: by what ends most of them, LF where that is undecided."""

    __slots__ = ("_lines", "_starts", "_wide", "eol", "version", "word_pattern")

    def __init__(self, text: str, version: int = 1) -> None:
        carriage_returns = text.count("\r")
        ends = carriage_returns + text.count("\n") - text.count("\r\n")
        self.eol = EndOfLine.CRLF if 2 * carriage_returns > ends else EndOfLine.LF
        self.version = version
        """Grows with every change."""
        self.word_pattern = DEFAULT_WORD
        """What a word is where `get_word_range_at_position` is not told otherwise."""
        self._lines = _split(text)
        self._wide = _is_wide(text)
        self._starts = [0]

    # -- reading

    @property
    def line_count(self) -> int:
        return len(self._lines)

    @property
    def is_wide(self) -> bool:
        """Whether some character of it may count twice in UTF-16."""
        return self._wide

    def get_text(self, range: AnyRange | None = None) -> str:
        """All of it, or the part of it that lies within `range`."""
        end = LINE_ENDS[self.eol]
        if range is None:
            return end.join(self._lines)
        valid = self.validate_range(range)
        lines = [""]
        self._copy(lines, valid.start, valid.end)
        return end.join(lines)

    def line_at(self, line: int | AnyPosition) -> TextLine:
        """A line by its number or by a position on it; raises `InvalidValue` where there is none."""
        number = line if isinstance(line, int | float) else as_position(line, "line").line
        if not isinstance(number, int) or not 0 <= number < len(self._lines):
            raise InvalidValue("line", f"must be a line of the document, 0 to {len(self._lines) - 1}, not {number}")
        return TextLine(number, self._lines[number], number == len(self._lines) - 1)

    def offset_at(self, position: AnyPosition) -> int:
        """How far from the beginning a position is; one beyond its line counts as the line's end."""
        valid = self.validate_position(position)
        return self._start_of(valid.line) + valid.character

    def position_at(self, offset: float) -> Position:
        """The position at an offset, cut to what there is; between CR and LF it is the line's end."""
        whole = max(0, math.floor(min(offset, self._start_of(len(self._lines) - 1) + self._length(self._lines[-1]))))
        line = bisect_right(range(len(self._lines)), whole, key=self._start_of) - 1
        return Position(line, min(whole - self._start_of(line), self._length(self._lines[line])))

    def validate_position(self, position: AnyPosition) -> Position:
        """The position itself, or the nearest one that exists."""
        given = as_position(position, "position")
        last = len(self._lines) - 1
        if given.line > last:
            return Position(last, self._length(self._lines[last]))
        end = self._length(self._lines[given.line])
        return given if given.character <= end else Position(given.line, end)

    def validate_range(self, range: AnyRange) -> Range:
        """The range itself, or one of the nearest positions that exist."""
        given = as_range(range, "range")
        start, end = self.validate_position(given.start), self.validate_position(given.end)
        return given if start is given.start and end is given.end else Range(start, end)

    def get_word_range_at_position(
        self, position: AnyPosition, regex: re.Pattern[str] | str | None = None
    ) -> Range | None:
        """The word that is at a position or ends there, by `regex` if given; it may not match the empty string."""
        pattern = self.word_pattern if regex is None else re.compile(regex)
        if regex is not None and pattern.match("") and pattern.pattern not in ("^", "^$", "$", r"^\s*$"):
            raise InvalidValue("regex", f"must not match the empty string, as {pattern.pattern!r} does")
        place = self.validate_position(position)
        text = self._lines[place.line]
        found = find_word(pattern, text, self._index(text, place.character))
        if found is None:
            return None
        start, end = (utf16_offset(text, index) for index in found)
        return Range(place.line, start, place.line, end)

    # -- changing

    def apply(self, edits: Sequence[TextEdit]) -> list[TextDocumentContentChangeEvent]:
        """Make all these edits at once; their ranges are of the text before, and may touch but not overlap.

        Gives what changed, the last place first, as VS Code tells it. Raises `InvalidValue` and changes nothing where
        ranges overlap.
        """
        ordered = self._ordered(edits)
        changes = [self._change(range, text) for range, text in reversed(ordered)]
        ends = [edit.new_eol for edit in edits if edit.new_eol is not None]
        if changes:
            wide = self._wide or any(_is_wide(text) for _, text in ordered)
            self._take(self._edited(ordered), wide, keep=ordered[0][0].start.line)
        return changes + (self._end_lines(ends[-1]) if ends else [])

    def copy(self) -> TextModel:
        """One that is the same and can be changed apart from this. Costs little: lines are shared, never changed."""
        twin = TextModel.__new__(TextModel)  # nothing is to be taken apart
        twin.restore(self.snapshot())
        twin.word_pattern = self.word_pattern
        twin._starts = self._starts.copy()
        return twin

    def snapshot(self) -> Snapshot:
        return Snapshot(self._lines, self.eol, self.version, self._wide)

    def restore(self, snapshot: Snapshot) -> None:
        """Be again what one was, version and all."""
        self._lines, self.eol, self.version, self._wide = snapshot
        self._starts = [0]

    def _ordered(self, edits: Iterable[TextEdit]) -> list[tuple[Range, str]]:
        """Edits of text in the order of their places, those at one place in the order given."""
        changes = [(self.validate_range(edit.range), as_text(edit.new_text, "new_text")) for edit in edits]
        real = [(range, text) for range, text in changes if text or not range.is_empty]
        real.sort(key=lambda change: [(place.line, place.character) for place in (change[0].start, change[0].end)])
        for (before, _), (after, _) in pairwise(real):
            if before.end.is_after(after.start):
                raise InvalidValue("edits", f"must not overlap, as {before} and {after} do")
        return real

    def _change(self, range: Range, text: str) -> TextDocumentContentChangeEvent:
        start, end = (self._start_of(place.line) + place.character for place in (range.start, range.end))
        text = LINE_ENDS[self.eol].join(_split(text))
        return TextDocumentContentChangeEvent(range, start, end - start, text)

    def _end_lines(self, eol: EndOfLine) -> list[TextDocumentContentChangeEvent]:
        if eol == self.eol:
            return []
        whole = Range(Position(0, 0), self._end())
        length = self.offset_at(whole.end)
        self.eol = eol
        self.version += 1
        return [LineEndsChangeEvent(whole, 0, length, self.get_text())]

    def _edited(self, ordered: list[tuple[Range, str]]) -> list[str]:
        """The lines after these edits, in one pass whatever their number."""
        lines, done = [""], Position(0, 0)
        for range, text in ordered:
            self._copy(lines, done, range.start)
            first, *more = _split(text)
            lines[-1] += first
            lines += more
            done = range.end
        self._copy(lines, done, self._end())
        return lines

    def _copy(self, lines: list[str], start: Position, end: Position) -> None:
        first, *last = self._ends(start, end)
        lines[-1] += first
        lines += self._lines[start.line + 1 : end.line]
        lines += last

    def _take(self, lines: list[str], wide: bool, keep: int) -> None:
        """Have other lines from now on, of which the first `keep` are the same."""
        self._lines, self._wide = lines, wide
        del self._starts[keep + 1 :]
        self.version += 1

    # -- counting

    def _end(self) -> Position:
        return Position(len(self._lines) - 1, self._length(self._lines[-1]))

    def _length(self, line: str) -> int:
        return utf16_length(line) if self._wide else len(line)

    def _index(self, line: str, character: int) -> int:
        return text_index(line, character) if self._wide else character

    def _start_of(self, line: int) -> int:
        """The offset of a line. Lengths are summed up as far as was asked for, and again only below a change."""
        known = len(self._starts) - 1
        if known < line:
            lengths = map(self._length if self._wide else len, self._lines[known:line])
            self._starts += accumulate(lengths, initial=self._starts.pop())
        return self._starts[line] + line * len(LINE_ENDS[self.eol])

    def _ends(self, start: Position, end: Position) -> list[str]:
        """What is left of the first and the last line between two valid positions; one text if they are the same."""
        first, last = self._lines[start.line], self._lines[end.line]
        begin, stop = self._index(first, start.character), self._index(last, end.character)
        return [first[begin:stop]] if start.line == end.line else [first[begin:], last[:stop]]


def _split(text: str) -> list[str]:
    """The lines of a text, a large one piece by piece: in a thread, others may run between two pieces."""
    if len(text) <= PIECE or ("\n" not in text and "\r" not in text):
        return _split_piece(text)
    lines, at = [""], 0
    while at < len(text):
        end = at + PIECE
        end += text[end - 1 : end + 1] == "\r\n"
        first, *more = _split_piece(text[at:end])
        lines[-1] += first
        lines += more
        at = end
    return lines


def _split_piece(text: str) -> list[str]:
    return text.replace("\r\n", "\n").replace("\r", "\n").split("\n")


def _is_wide(text: str) -> bool:
    """Whether some character of it counts twice in UTF-16."""
    return utf16_length(text) != len(text)
