"""`read_file`: Roo Code's cases of slices and blocks, and what they leave out."""

from __future__ import annotations

from typing import Any

import pytest

from extensions.coder.excerpts import (
    Excerpt,
    Line,
    OutOfRange,
    effective_indents,
    format_lines,
    parse_lines,
    read_block,
    read_slice,
)
from tests.extensions.coder.cases import cases

NAMES = {"anchorLine": "anchor", "maxLevels": "max_levels", "includeSiblings": "include_siblings",
         "includeHeader": "include_header", "limit": "limit"}  # fmt: skip


def line(raw: dict[str, Any]) -> Line:
    return Line(raw["lineNumber"], raw["content"], raw["indentLevel"], raw["isBlank"])


def check(case: dict[str, Any], read: Any) -> None:
    expected = case["expect"]
    if expected.get("error"):
        with pytest.raises(OutOfRange):
            read()
        return
    found: Excerpt = read()
    assert (found.content, [list(one) for one in found.ranges], found.total, found.count, found.truncated) == (
        expected["content"],
        expected["includedRanges"],
        expected["totalLines"],
        expected["returnedLines"],
        expected["wasTruncated"],
    )


@pytest.mark.parametrize("case", cases("roo_read_file", "parse_lines"))
def test_lines_stand_as_deep_as_in_roo_code(case: dict[str, Any]) -> None:
    assert parse_lines(case["in"][0]) == [line(raw) for raw in case["expect"]]


@pytest.mark.parametrize("case", cases("roo_read_file", "effective_indents"))
def test_a_blank_line_stands_as_deep_as_the_one_above(case: dict[str, Any]) -> None:
    assert effective_indents([line(raw) for raw in case["in"][0]]) == case["expect"]


@pytest.mark.parametrize("case", cases("roo_read_file", "format_lines"))
def test_lines_are_shown_as_in_roo_code(case: dict[str, Any]) -> None:
    lines, *longest = case["in"]
    assert format_lines([line(raw) for raw in lines], *longest) == case["expect"]


@pytest.mark.parametrize("case", cases("roo_read_file", "read_slice"))
def test_a_slice_is_as_in_roo_code(case: dict[str, Any]) -> None:
    check(case, lambda: read_slice(*case["in"]))


@pytest.mark.parametrize("case", cases("roo_read_file", "read_indentation"))
def test_a_block_is_as_in_roo_code(case: dict[str, Any]) -> None:
    text, options = case["in"]
    wanted = {NAMES[name]: value for name, value in options.items() if name in NAMES}
    check(case, lambda: read_block(text, **wanted))


@pytest.mark.parametrize(
    ("anchor", "siblings", "lines", "truncated"),
    [(6, False, (4, 7), True), (6, True, (1, 8), False), (3, False, (1, 6), False)],
)
def test_a_block_ends_where_others_begin(anchor: int, siblings: bool, lines: tuple[int, int], truncated: bool) -> None:
    """Where a line below is another block's, what is above grows no further either, as in Roo Code: told as cut."""
    found = read_block("x\n    1\n    2\n    3\n    4\ny\nz\nw", anchor, include_siblings=siblings)
    assert (found.ranges, found.truncated) == ((lines,), truncated)


def test_a_comment_above_counts_as_the_block_that_it_is_about() -> None:
    text = "import a\n# about f\n\ndef f():\n    a"
    assert read_block(text, 5, max_levels=1).ranges == ((4, 5),)
    assert read_block("\n".join(["x", "# one", "# two", "def f():", "    a"]), 5, max_levels=1).ranges == ((2, 5),)


def test_one_line_is_all_where_only_one_may_be_read() -> None:
    assert read_block("a\n\nb", 2, limit=1) == Excerpt("2 | ", ((2, 2),), 3, truncated=True)


def test_a_slice_says_that_there_is_more() -> None:
    assert read_slice("a\nb\nc", 0, 2) == Excerpt("1 | a\n2 | b", ((1, 2),), 3, truncated=True)


def test_line_ends_of_windows_are_not_shown() -> None:
    assert read_slice("a\r\nb\r\n").content == "1 | a\n2 | b\n3 | "


def test_comments_above_a_block_belong_to_it() -> None:
    text = "import os\n\n# Says hello.\n# To all.\ndef hello():\n    print('hello')\n\ndef bye():\n    pass\n"
    assert read_block(text, 6, max_levels=1).ranges == ((3, 9),)
    assert read_block(text, 6, max_levels=1, include_header=False).ranges == ((5, 9),)
