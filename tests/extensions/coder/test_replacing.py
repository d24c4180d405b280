"""Replacing a text: exactly, or but for white space where the place is clear all the same."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from extensions.coder.replacing import NotReplaced, replaced


@pytest.mark.parametrize(
    ("text", "old", "new", "made"),
    [
        ("a b a", "b", "c", "a c a"),
        ("a.b", ".", "$", "a$b"),
        ("x\r\ny\r\nz\r\n", "x\ny", "1\n2", "1\r\n2\r\nz\r\n"),
        ("x\ny\nz\n", "x\r\ny", "1\r\n2", "1\n2\nz\n"),
        ("a\r\nb\nc\n", "b", "B", "a\r\nB\nc\n"),
        (r"\1", r"\1", r"\2", r"\2"),
        ("a\n", "a\n", "", ""),
    ],
)
def test_a_text_is_replaced_and_the_rest_stays(text: str, old: str, new: str, made: str) -> None:
    assert replaced(text, old, new) == made


@pytest.mark.parametrize(
    ("text", "old", "expected", "made"),
    [
        ("if  x:\n\tgo()\n", "if x:\n    go()", 1, "NEW\n"),
        ("f( a,b )", "f( a,b )", 1, "NEW"),
        ("a  b a b", "a b", 2, "NEW NEW"),
        ("x = [\n1,\n2]", "x = [ 1, 2]", 1, "NEW"),
    ],
)
def test_white_space_is_forgiven_where_the_place_is_clear(text: str, old: str, expected: int, made: str) -> None:
    assert replaced(text, old, "NEW", expected=expected, tolerant=True) == made


@pytest.mark.parametrize(
    ("text", "old", "new", "told"),
    [
        ("aa", "a", "b", "there 2 times, and 1 were expected"),
        ("aa", "c", "b", "is not there"),
        ("a", "a", "a", "the same"),
        ("a\r\n", "a\r\n", "a\n", "the same"),
        ("a", "", "b", "is empty"),
        ("a  b\na\tb", "a b", "c", "but for white space the text to replace is there 2 times"),
        (" ", "\n", "x", "is not there"),
    ],
)
def test_what_is_not_clear_is_refused(text: str, old: str, new: str, told: str) -> None:
    with pytest.raises(NotReplaced, match=told):
        replaced(text, old, new, tolerant=True)


def test_every_place_is_replaced_if_asked_for() -> None:
    assert replaced("a a  a", "a", "b", every=True) == "b b  b"


@given(st.text("ab \n", max_size=30), st.text("ab \n", min_size=1, max_size=4), st.text("ab\n", max_size=4))
def test_an_exact_replacement_is_pythons(text: str, old: str, new: str) -> None:
    try:
        assert replaced(text, old, new) == text.replace(old, new, 1)
    except NotReplaced:
        assert old == new or text.count(old) != 1


@pytest.mark.parametrize("ending", ["\n", "\r\n"])
def test_a_text_of_megabytes_is_found_without_a_pattern_which_would_take_minutes_to_make(ending: str) -> None:
    line = "word " * 20 + "\n"
    old = line * 30_000
    text = f"before\n{old}after\n".replace("\n", ending)
    assert replaced(text, old, "new\n", tolerant=True) == "before\nnew\nafter\n".replace("\n", ending)
    assert replaced(text + text, old, "", every=True) == "before\nafter\n".replace("\n", ending) * 2
    with pytest.raises(NotReplaced, match="is there 2 times"):
        replaced(text + text, old, "new")
    with pytest.raises(NotReplaced, match="not there"):
        replaced("short", old, "new", tolerant=True)
