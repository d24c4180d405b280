"""Two texts as a unified diff, as far as a person reads one. Text in, text out."""

from __future__ import annotations

import difflib
from dataclasses import dataclass

from extensions.coder.output_text import fitting

CONTEXT = 3
MOST_WORK = 4_000_000
"""Pairs of lines beyond which a diff is not sought: all of the old lines go, all of the new ones come."""

LONGEST = 200_000
"""Characters of a diff that is shown."""


@dataclass(frozen=True, slots=True)
class Difference:
    """What is other between two texts."""

    text: str
    added: int
    removed: int

    def __str__(self) -> str:
        return f"+{self.added} -{self.removed} lines"


def unified(name: str, old: str, new: str, *, is_new: bool = False, is_gone: bool = False) -> Difference:
    """The diff from one text to the other, in git's form. It takes time for long texts: call it in a thread."""
    before, after = _lines(old), _lines(new)
    head = _same(before, after)
    tail = _same(before[head:][::-1], after[head:][::-1])
    start = max(0, head - CONTEXT)
    spare = max(0, tail - CONTEXT)
    hunks = _hunks(before[start : len(before) - spare], after[start : len(after) - spare], start)
    added = sum(line.startswith("+") for line in hunks)
    removed = sum(line.startswith("-") for line in hunks)
    if not hunks:
        return Difference("", 0, 0)
    names = ["--- /dev/null" if is_new else f"--- a/{name}", "+++ /dev/null" if is_gone else f"+++ b/{name}"]
    lines = [*names, *hunks]
    kept = fitting(lines, LONGEST)
    if len(kept) < len(lines):
        kept.append(f"... {len(lines) - len(kept)} more lines")
    return Difference("\n".join(kept), added, removed)


def _lines(text: str) -> list[str]:
    """Lines without their ends; one that has no end says so below it, as in git."""
    if text == "":
        return []
    lines = text.split("\n")
    if lines[-1] == "":
        return [line + "\n" for line in lines[:-1]]
    return [*(line + "\n" for line in lines[:-1]), lines[-1]]


def _same(one: list[str], other: list[str]) -> int:
    count = 0
    for left, right in zip(one, other, strict=False):
        if left != right:
            break
        count += 1
    return count


def _hunks(before: list[str], after: list[str], start: int) -> list[str]:
    if len(before) * len(after) > MOST_WORK:
        return [_header(start, len(before), len(after)), *_marked("-", before), *_marked("+", after)]
    lines: list[str] = []
    for group in difflib.SequenceMatcher(None, before, after, autojunk=False).get_grouped_opcodes(CONTEXT):
        first, last = group[0], group[-1]
        lines.append(_header_of(start, first[1], last[2], first[3], last[4]))
        for tag, i1, i2, j1, j2 in group:
            if tag == "equal":
                lines += _marked(" ", before[i1:i2])
                continue
            lines += _marked("-", before[i1:i2])
            lines += _marked("+", after[j1:j2])
    return lines


def _header(start: int, old: int, new: int) -> str:
    return _header_of(start, 0, old, 0, new)


def _header_of(start: int, i1: int, i2: int, j1: int, j2: int) -> str:
    return f"@@ -{_range(start + i1, i2 - i1)} +{_range(start + j1, j2 - j1)} @@"


def _range(start: int, count: int) -> str:
    if count == 1:
        return str(start + 1)
    return f"{start + (1 if count else 0)},{count}"


def _marked(mark: str, lines: list[str]) -> list[str]:
    marked: list[str] = []
    for line in lines:
        marked.append(mark + line.rstrip("\n").rstrip("\r"))
        if not line.endswith("\n"):
            marked.append("\\ No newline at end of file")
    return marked
