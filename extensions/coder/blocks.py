"""`apply_diff`: SEARCH/REPLACE blocks applied to a text. Text in, text out; no file is touched here.

The format and its rules are Roo Code's (several blocks, `:start_line:`, escaped markers, indentation that follows the
place found). A block that is not found exactly is looked for around its line, from the middle outwards.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from typing import Literal

from extensions.coder.numbering import bare, is_numbered

SEARCH, SEPARATOR, REPLACE = "<<<<<<< SEARCH", "=======", ">>>>>>> REPLACE"
SEARCH_PREFIX, REPLACE_PREFIX = "<<<<<<<", ">>>>>>>"
BUFFER_LINES = 40

Kind = Literal[
    "malformed_block",
    "merge_conflict_marker",
    "line_marker_in_replace",
    "unfinished_block",
    "no_block",
    "identical",
    "empty_search",
    "no_match",
]

BLOCK = re.compile(
    r"(?:^|\n)<<<<<<< SEARCH>?\s*\n"
    r"(?::start_line:\s*(\d+)\s*\n)?(?::end_line:\s*\d+\s*\n)?(?:-------\s*\n)?"
    r"([\s\S]*?)\n?(?<=\n)=======\s*\n"
    r"([\s\S]*?)\n?(?<=\n)>>>>>>> REPLACE[ \t\r]*(?=\n|$)"
)
ESCAPED = re.compile(r"^\\(<<<<<<<|=======|>>>>>>>|-------|:end_line:|:start_line:)", re.MULTILINE)
LOOKALIKES = str.maketrans(
    {
        "\u201c": '"', "\u201d": '"', "\u2018": "'", "\u2019": "'",
        "\u2026": "...", "\u2014": "-", "\u2013": "-", "\u00a0": " ",
    }
)  # fmt: skip


class BadDiff(ValueError):
    """The diff cannot be read: `kind` says why, `line` (from 1) where."""

    def __init__(self, kind: Kind, line: int, sentence: str) -> None:
        super().__init__(sentence)
        self.kind = kind
        self.line = line


@dataclass(frozen=True, slots=True)
class Failure:
    """A block that was not applied. `similarity` is that of the best place found, 0..1; `best` is its text."""

    kind: Kind
    start_line: int
    search: str
    similarity: float = 0.0
    best: str = ""

    def __str__(self) -> str:
        where = f" near line {self.start_line}" if self.start_line else ""
        if self.kind == "identical":
            return f"the search and replace texts of the block{where} are the same: there is nothing to change"
        if self.kind == "empty_search":
            return f"the search text of the block{where} is empty: give the lines to replace"
        found = f"; the best place is {self.percent} % alike:\n{self.best}" if self.best else ""
        return f"no place like the search text{where} was found: read the file again and copy the lines exactly{found}"

    @property
    def percent(self) -> int:
        return int(self.similarity * 100)


@dataclass(frozen=True, slots=True)
class Applied:
    """What came of a diff: the new text, or None where no block could be applied, and the blocks that failed."""

    text: str | None
    failures: list[Failure] = field(default_factory=list)


@dataclass(frozen=True, slots=True)
class Block:
    """One change: `start_line` from 1, 0 where none was given."""

    start_line: int
    search: str
    replace: str


def apply_diff(text: str, diff: str, *, threshold: float = 1.0, buffer_lines: int = BUFFER_LINES) -> Applied:
    """The text with the diff's blocks applied, in the order of their lines. Raises `BadDiff` if it cannot be read."""
    check_markers(diff)
    blocks = [Block(int(found[1] or 0), found[2], found[3]) for found in BLOCK.finditer(diff)]
    if not blocks:
        raise BadDiff(
            "no_block", 1, f"no block was found: write {SEARCH}, the lines, {SEPARATOR}, the new lines, {REPLACE}"
        )
    lines = re.split(r"\r?\n", text)
    failures: list[Failure] = []
    moved = 0
    for block in sorted(blocks, key=lambda one: one.start_line):
        change = _change(lines, block, moved, threshold, buffer_lines)
        if isinstance(change, Failure):
            failures.append(change)
            continue
        at, count, new = change
        lines[at : at + count] = new
        moved += len(new) - count
    if len(failures) == len(blocks):
        return Applied(None, failures)
    return Applied(("\r\n" if "\r\n" in text else "\n").join(lines), failures)


def check_markers(diff: str) -> None:
    """Raise `BadDiff` where markers are missing, doubled, or could be a merge conflict of the file's own."""
    lines = [line.strip() for line in diff.split("\n")]
    markers = [_marker(line) for line in lines]
    searches = markers.count(SEARCH)
    broken = searches != markers.count(REPLACE) or markers.count(SEPARATOR) < searches
    expected = SEARCH
    for at, (line, found) in enumerate(zip(lines, markers, strict=True), 1):
        if expected == REPLACE and line.startswith((":start_line:", ":end_line:")):
            raise BadDiff(
                "line_marker_in_replace", at, f"line {at}: {line!r} belongs above the search text, once a block"
            )
        if found == expected:
            expected = {SEARCH: SEPARATOR, SEPARATOR: REPLACE, REPLACE: SEARCH}[expected]
        elif found is not None and not (found == SEPARATOR and expected == SEPARATOR):
            raise _out_of_place(at, line, found, expected, broken)
    if expected != SEARCH:
        raise BadDiff(
            "unfinished_block", len(lines), f"the diff ends before {expected!r}: every block needs all three markers"
        )


def _marker(line: str) -> str | None:
    """The marker that a line is or looks like."""
    if line in (SEARCH, SEARCH + ">"):
        return SEARCH
    if line in (SEPARATOR, REPLACE):
        return line
    return next((prefix for prefix in (SEARCH_PREFIX, REPLACE_PREFIX) if line.startswith(prefix)), None)


def _out_of_place(at: int, line: str, found: str, expected: str, broken: bool) -> BadDiff:
    whole = found in (SEARCH, REPLACE)
    if whole or (found == SEPARATOR and broken):
        return BadDiff("malformed_block", at, f"line {at}: {line!r} stands where {expected!r} is expected")
    return BadDiff(
        "merge_conflict_marker",
        at,
        f"line {at}: {line!r} looks like a merge conflict of the file: a backslash before it makes it text",
    )


def _change(
    lines: list[str], block: Block, moved: int, threshold: float, buffer_lines: int
) -> tuple[int, int, list[str]] | Failure:
    """Where the block goes, over how many lines, and what stands there then."""
    start = block.start_line + moved if block.start_line else 0
    search, replace = ESCAPED.sub(r"\1", block.search), ESCAPED.sub(r"\1", block.replace)
    if is_numbered(search) and (is_numbered(replace) or not replace.strip()):
        start = start or int(search.split("|", 1)[0])
        search, replace = bare(search), bare(replace)
    if search == replace:
        return Failure("identical", start, search)
    if search == "":
        return Failure("empty_search", start, search)
    at, score, best = _find(lines, search, start, threshold, buffer_lines)
    if at < 0:
        search, replace = bare(search, loose=True), bare(replace, loose=True)
        again = _find(lines, search, start, threshold, buffer_lines) if search else (-1, 0.0, "")
        if again[0] < 0:
            return Failure("no_match", start, search, score, best)
        at = again[0]
    wanted = re.split(r"\r?\n", search)
    new = re.split(r"\r?\n", replace) if replace else []
    return at, len(wanted), _indented(new, wanted, lines[at] if at < len(lines) else "")


def _find(lines: list[str], search: str, start: int, threshold: float, buffer_lines: int) -> tuple[int, float, str]:
    """The first line of the place, or -1; how alike the best place is; its text."""
    count = len(re.split(r"\r?\n", search))
    first, end = 0, len(lines)
    if start:
        exact = "\n".join(lines[start - 1 : start - 1 + count])
        if similarity(exact, search) >= threshold:
            return start - 1, 1.0, exact
        first, end = max(0, start - buffer_lines - 1), min(len(lines), start + count + buffer_lines)
    at, score, best = _best(lines, search, count, first, end)
    return (at if score >= threshold else -1), score, best


def _best(lines: list[str], search: str, count: int, first: int, end: int) -> tuple[int, float, str]:
    """The place most like the search text, from the middle outwards: of two alike the nearer one."""
    wanted = _plain(search)
    at, score, best = -1, 0.0, ""
    middle = (first + end) // 2
    plain = [_plain(line) for line in lines[first : end + count]]
    for here in sorted(range(first, max(middle, end - count) + 1), key=lambda line: _outwards(line, middle)):
        chunk = " ".join(filter(None, plain[here - first : here - first + count]))
        alike = _alike(chunk, wanted, score)
        if alike > score:
            at, score, best = here, alike, "\n".join(lines[here : here + count])
            if score == 1.0:
                break
    return at, score, best


def _outwards(line: int, middle: int) -> tuple[int, int]:
    return (middle - line, 0) if line <= middle else (line - middle - 1, 1)


def similarity(one: str, other: str) -> float:
    """How alike two texts are, 0..1, by their edit distance; white space and kinds of quotes do not count."""
    return 0.0 if other == "" else _alike(_plain(one), _plain(other), 0.0)


def _alike(one: str, other: str, least: float) -> float:
    """As `similarity`, of plain texts; 0.0 where it would not be above `least`."""
    if one == other:
        return 1.0
    from rapidfuzz.distance import Levenshtein  # 2 MiB, needed by this tool only

    return Levenshtein.normalized_similarity(one, other, score_cutoff=least or None)


def _plain(text: str) -> str:
    return " ".join(text.translate(LOOKALIKES).split())


def _indented(new: list[str], wanted: list[str], matched: str) -> list[str]:
    """The new lines, indented by what the place found has beyond the search text."""
    base, here = len(_indent(wanted[0])), _indent(matched)
    return [_shifted(line, base, here) for line in new]


def _shifted(line: str, base: int, here: str) -> str:
    indent = _indent(line)
    deeper = len(indent) - base
    return (here[: max(0, len(here) + deeper)] if deeper < 0 else here + indent[base:]) + line.strip()


def _indent(line: str) -> str:
    return line[: len(line) - len(line.lstrip("\t "))]
