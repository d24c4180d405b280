"""`read_file`: which lines of a text a model is shown, and how. Text in, text out; no file is read here.

Two ways, as in Roo Code: a slice of lines, or the block around an anchor line by indentation.
"""

from __future__ import annotations

from collections import deque
from dataclasses import dataclass

from extensions.coder.output_text import cut

LIMIT = 2_000
"""Lines of one excerpt."""

LINE_LENGTH = 2_000
"""Characters of one line, beyond which it is cut."""

TAB = 4
COMMENTS = ("#", "//", "--", "/*", "*", "'''", '"""')


class OutOfRange(ValueError):
    """The line asked for is not in the file."""


@dataclass(frozen=True, slots=True)
class Line:
    """A line and how deep it stands; `number` from 1, `indent` in steps of four columns."""

    number: int
    content: str
    indent: int
    is_blank: bool

    @property
    def is_comment(self) -> bool:
        return self.content.strip().startswith(COMMENTS)


@dataclass(frozen=True, slots=True)
class Excerpt:
    """Numbered lines; `ranges` holds first and last number of each run, `truncated` says that the limit cut it."""

    content: str
    ranges: tuple[tuple[int, int], ...]
    total: int
    truncated: bool

    @property
    def count(self) -> int:
        return sum(last - first + 1 for first, last in self.ranges)


def parse_lines(text: str) -> list[Line]:
    """The lines of a text; CRLF counts as a line end."""
    return [_line(at, line.removesuffix("\r")) for at, line in enumerate(text.split("\n"), 1)]


def _line(number: int, content: str) -> Line:
    stripped = content.lstrip()
    lead = content[: len(content) - len(stripped)]
    columns = sum(TAB if one == "\t" else 1 for one in lead)
    return Line(number, content, columns // TAB, not stripped)


def effective_indents(lines: list[Line]) -> list[int]:
    """How deep every line stands, a blank one as deep as the one above it."""
    found: list[int] = []
    for line in lines:
        found.append((found[-1] if found else 0) if line.is_blank else line.indent)
    return found


def format_lines(lines: list[Line], longest: int = LINE_LENGTH) -> str:
    """The lines behind their right-aligned numbers; very long ones are cut."""
    width = len(str(lines[-1].number)) if lines else 1
    return "\n".join(f"{line.number:>{width}} | {cut(line.content, longest)}" for line in lines)


def read_slice(text: str, offset: int = 0, limit: int = LIMIT) -> Excerpt:
    """`limit` lines from `offset` (from 0; below it counts as 0). Raises `OutOfRange` beyond the end."""
    lines = parse_lines(text)
    offset = max(0, offset)
    if offset >= len(lines):
        raise OutOfRange(f"line {offset + 1} was asked for, the file has {len(lines)} lines: ask for an earlier one")
    return _excerpt(lines[offset : offset + limit], len(lines), offset + limit < len(lines))


def read_block(
    text: str,
    anchor: int,
    *,
    max_levels: int = 0,
    include_siblings: bool = False,
    include_header: bool = True,
    limit: int = LIMIT,
) -> Excerpt:
    """The block around line `anchor` (from 1), `max_levels` steps outwards (0: all). Raises `OutOfRange`."""
    lines = parse_lines(text)
    if not 1 <= anchor <= len(lines):
        raise OutOfRange(f"the anchor line {anchor} is not in the file, which has {len(lines)} lines")
    depths = effective_indents(lines)
    least = max(0, depths[anchor - 1] - max_levels) if max_levels else 0
    grown = _Growth(lines, depths, anchor - 1, least, include_siblings, include_header)
    most = min(limit, len(lines))
    if most > 1:
        grown.grow(most)
    taken = _trimmed(list(grown.taken)) if most > 1 else list(grown.taken)
    return _excerpt(taken, len(lines), (len(taken) >= most or grown.more) and len(taken) < len(lines))


class _Growth:
    """A block that grows line by line, up and down in turn."""

    def __init__(self, lines: list[Line], depths: list[int], at: int, least: int, siblings: bool, header: bool) -> None:
        self.taken = deque([lines[at]])
        self._lines, self._depths, self._least = lines, depths, least
        self._siblings, self._header = siblings, header
        self._up, self._down = at - 1, at + 1
        self._tops = self._bottoms = 0

    @property
    def more(self) -> bool:
        return self._up >= 0 or self._down < len(self._lines)

    def grow(self, limit: int) -> None:
        """As in Roo Code: where a line below is another block's, what is above grows no further either."""
        grows = True
        while len(self.taken) < limit and grows:
            grows = self._grow_up()
            if len(self.taken) < limit:
                grows = self._grow_down(grows)

    def _grow_up(self) -> bool:
        """Whether a line above was taken."""
        if self._up < 0:
            return False
        line, depth = self._lines[self._up], self._depths[self._up]
        at_edge = depth == self._least and not self._siblings
        if depth < self._least or (at_edge and self._tops and not (self._header and line.is_comment)):
            self._up = -1
            return False
        self._tops += at_edge
        self.taken.appendleft(line)
        self._up -= 1
        return True

    def _grow_down(self, grew: bool) -> bool:
        """Whether a line below was taken; `grew` where the block just ends by its depth, or with the file."""
        if self._down >= len(self._lines):
            return grew
        depth = self._depths[self._down]
        at_edge = depth == self._least and not self._siblings
        if depth < self._least or (at_edge and self._bottoms):
            self._down = len(self._lines)
            return grew and depth < self._least
        self._bottoms += at_edge
        self.taken.append(self._lines[self._down])
        self._down += 1
        return True


def _trimmed(lines: list[Line]) -> list[Line]:
    while lines and lines[0].is_blank:
        lines.pop(0)
    while lines and lines[-1].is_blank:
        lines.pop()
    return lines


def _excerpt(lines: list[Line], total: int, truncated: bool) -> Excerpt:
    ranges = ((lines[0].number, lines[-1].number),) if lines else ()
    return Excerpt(format_lines(lines), ranges, total, truncated)
