"""How a text is indented, guessed from its lines as VS Code does (`editor.detectIndentation`). It changes nothing."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import TYPE_CHECKING, Any, NamedTuple

if TYPE_CHECKING:
    from shim.document import TextDocument

MOST_LINES = 500
"""Lines that are looked at. VS Code looks at more, beside the loop."""

WIDEST = 100
"""Characters of an indent; a line that begins with more says nothing."""

SIZES = (2, 4, 6, 8, 3, 5, 7)
"""What a tab may be, in columns; of two that are seen as often the first one counts."""


class Indentation(NamedTuple):
    """Columns of a tab, and whether spaces stand for it."""

    size: int
    spaces: bool


def indentation(document: TextDocument, editor: Mapping[str, Any]) -> Indentation:
    """How a text is indented: as the settings of `editor` say, or as it looks where they let that be detected."""
    found = Indentation(int(editor["tabSize"]), editor["insertSpaces"])
    return guessed(document._model.snapshot().lines[:MOST_LINES], found) if editor["detectIndentation"] else found


def guessed(lines: Iterable[str], otherwise: Indentation) -> Indentation:
    """What most of these lines are indented with; where they do not say it, `otherwise`."""
    tabbed = spaced = 0
    steps = [0] * 9
    before = ""
    for line in lines:
        indent = _indent(line)
        if len(indent) in (len(line), WIDEST):
            continue
        tabbed += "\t" in indent
        spaced += "\t" not in indent and len(indent) > 1
        step, aligned = _step(before, line)
        if aligned and not (otherwise.spaces and step == otherwise.size):
            continue
        if step < len(steps):
            steps[step] += 1
        before = line
    spaces = tabbed < spaced if tabbed != spaced else otherwise.spaces
    return Indentation(_size(steps, otherwise.size) if spaces else otherwise.size, spaces)


def _size(steps: list[int], otherwise: int) -> int:
    best = max(SIZES, key=lambda size: steps[size])
    if not steps[best]:
        return otherwise
    return 2 if best == 4 and steps[2] and 3 * steps[2] >= 2 * steps[4] else best


def _indent(line: str) -> str:
    begins = line[:WIDEST]
    return begins[: len(begins) - len(begins.lstrip(" \t"))]


def _step(before: str, line: str) -> tuple[int, bool]:
    """By how many columns two lines are indented differently, and whether that looks like alignment with a comma."""
    one, other = _apart(_indent(before), _indent(line))
    if {" ", "\t"} in (set(one), set(other)):
        return 0, False
    tabs, columns = abs(one.count("\t") - other.count("\t")), abs(one.count(" ") - other.count(" "))
    if tabs:
        return (0 if columns % tabs else columns // tabs), False
    at = other.count(" ")
    aligned = 0 < at <= len(before) and at < len(line) and line[at] != " " and before[at - 1] == " "
    return columns, bool(columns and aligned and before.endswith(","))


def _apart(one: str, other: str) -> tuple[str, str]:
    """Two texts without what both begin with."""
    common = min(len(one), len(other))
    if one[:common] != other[:common]:
        common = next(at for at in range(common) if one[at] != other[at])
    return one[common:], other[common:]
