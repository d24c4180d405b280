"""`apply_diff`: Roo Code's cases, and what a model may send that they leave out."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from extensions.coder.blocks import BadDiff, apply_diff, check_markers
from tests.extensions.coder.cases import cases


@pytest.mark.parametrize("case", cases("roo_apply_diff", "validate_markers"))
def test_markers_are_judged_as_roo_code_does(case: dict[str, Any]) -> None:
    if case["expect"]["valid"]:
        check_markers(case["in"]["diff"])
        return
    with pytest.raises(BadDiff) as error:
        check_markers(case["in"]["diff"])
    assert (error.value.kind, error.value.line) == (case["expect"]["error_kind"], case["expect"]["line"])


@pytest.mark.parametrize("case", cases("roo_apply_diff", "apply_diff"))
def test_blocks_are_applied_as_roo_code_does(case: dict[str, Any]) -> None:
    given, expected = case["in"], case["expect"]
    done = apply_diff(
        given["original"], given["diff"], threshold=given["fuzzy_threshold"], buffer_lines=given["buffer_lines"]
    )
    assert (done.text is not None) == expected["success"]
    if expected["success"]:
        assert done.text == expected["content"]
    assert [{"kind": one.kind, "similarity_pct": one.percent} for one in done.failures] == expected.get(
        "failed_parts", []
    )


def block(search: str, replace: str, line: int | None = None) -> str:
    where = f":start_line:{line}\n-------\n" if line else ""
    return f"<<<<<<< SEARCH\n{where}{search}\n=======\n{replace}\n>>>>>>> REPLACE"


def test_of_two_places_alike_the_one_near_the_line_is_changed() -> None:
    text = "a = 1\n" * 200
    done = apply_diff(text, block("a = 1", "a = 2", 150))
    assert done.text is not None
    assert [at for at, line in enumerate(done.text.split("\n"), 1) if line == "a = 2"] == [150]


def test_a_later_block_counts_lines_as_they_were_before_the_first() -> None:
    done = apply_diff("one\ntwo\nthree\n", block("one", "one\nand\nmore", 1) + "\n" + block("three", "3", 3))
    assert done.text == "one\nand\nmore\ntwo\n3\n"


def test_what_cannot_be_found_is_told_with_the_nearest_text() -> None:
    done = apply_diff("def total(a, b):\n    return a + b\n", block("def totals(a, b):", "def sums(a, b):"))
    assert done.text is None
    assert "94 % alike" in str(done.failures[0])
    assert "def total(a, b):" in str(done.failures[0])


def test_one_block_that_fails_leaves_the_others_applied() -> None:
    done = apply_diff("a\nb\n", block("a", "A") + "\n" + block("nowhere to be seen", "x"))
    assert done.text == "A\nb\n"
    assert [one.kind for one in done.failures] == ["no_match"]


@pytest.mark.parametrize(
    ("diff", "kind"),
    [
        ("just words", "no_block"),
        ("<<<<<<< SEARCH\na\n=======\nb", "unfinished_block"),
        ("=======\n>>>>>>> REPLACE", "malformed_block"),
        ("<<<<<<< HEAD\na\n=======\nb\n>>>>>>> main", "merge_conflict_marker"),
    ],
)
def test_a_diff_that_cannot_be_read_says_why(diff: str, kind: str) -> None:
    with pytest.raises(BadDiff) as error:
        apply_diff("a\n", diff)
    assert error.value.kind == kind


@pytest.mark.parametrize(("search", "kind"), [("a", "identical"), ("", "empty_search")])
def test_a_block_that_changes_nothing_or_names_nothing_is_refused(search: str, kind: str) -> None:
    done = apply_diff("a\n", block(search, "a"))
    assert (done.text, done.failures[0].kind) == (None, kind)


def test_escaped_markers_mean_the_text_itself() -> None:
    text = "<<<<<<< HEAD\nmine\n=======\ntheirs\n>>>>>>> main\n"
    done = apply_diff(text, block("\\<<<<<<< HEAD\nmine\n\\=======\ntheirs\n\\>>>>>>> main", "both"))
    assert done.text == "both\n"


def test_a_block_may_end_its_first_marker_with_one_angle_bracket() -> None:
    assert apply_diff("a\n", block("a", "b").replace("SEARCH", "SEARCH>")).text == "b\n"
    with pytest.raises(BadDiff) as error:
        check_markers("=======\n<<<<<<< SEARCH>\na\n=======\nb\n>>>>>>> REPLACE")
    assert error.value.kind == "merge_conflict_marker"


def test_blanks_looked_for_behind_the_end_are_put_there() -> None:
    assert apply_diff("a", block("9 |  ", "9 | b")).text == "a\nb"


def test_a_search_of_nothing_but_a_number_names_no_empty_line() -> None:
    assert [one.kind for one in apply_diff("a\n\nb\n", block("| ", "c")).failures] == ["no_match"]


def test_a_long_block_is_found_though_its_line_is_wrong() -> None:
    lines = [f"line {at}" for at in range(300)]
    done = apply_diff("\n".join(lines), block("\n".join(lines[80:280]), "gone", 1))
    assert done.text == "\n".join([*lines[:80], "gone", *lines[280:]])


@pytest.mark.parametrize("ending", ["\n", "\r\n"])
@pytest.mark.parametrize("blank", ["", " ", "\t "])
def test_blanks_and_line_ends_behind_a_marker_are_none_of_the_text(ending: str, blank: str) -> None:
    text = f"def one():{ending}    pass{ending}two{ending}"
    first = [
        f"<<<<<<< SEARCH{blank}",
        f":start_line:1{blank}",
        "    pass",
        f"======={blank}",
        "    return 1",
        ">>>>>>> REPLACE",
    ]
    second = ["<<<<<<< SEARCH", "two", "=======", f">>>>>>> REPLACE{blank}"]
    for line_end in ("\n", "\r\n"):
        done = apply_diff(text, line_end.join([*first[:-1], first[-1] + blank, "", *second, ""]))
        assert (done.text, done.failures) == (f"def one():{ending}    return 1{ending}", [])


@given(st.text(alphabet="ab \t\n=<>", max_size=60), st.text(alphabet="ab<>=|SEARCHREPLACE \n1:", max_size=200))
def test_whatever_a_model_sends_is_applied_or_refused(text: str, diff: str) -> None:
    try:
        done = apply_diff(text, diff)
    except BadDiff:
        return
    assert done.text is not None or done.failures
