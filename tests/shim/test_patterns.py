"""Patterns of others: what they mean here, and which are too heavy to be any."""

from __future__ import annotations

import pydantic_core
import pytest

from shim.patterns import FEW, LONGEST, MOST_WORK, SOME, WIDE, matcher, too_heavy, weight


@pytest.mark.parametrize(
    ("pattern", "heavy"),
    [
        ("", 0),
        ("abc", 3),
        ("a{3,10}", 10),
        ("a{,7}", 7),
        ("(ab{2}){3}c", 10),
        (r"\w+", 1),
        (r"\pL\s\D", WIDE + SOME + FEW),
        (r"[\pL&&[^\s]]{2}", 2 * (WIDE + SOME + 15)),
        (r"[]\pL]{2}", 2 * (WIDE + 2)),
        (r"\x{41}{3}", 3),
        ("[0-9a-f]{8}-[0-9a-f]{4}", 12 * 8 + 1),
    ],
)
def test_a_pattern_weighs_what_stands_there_as_often_as_it_is_counted(pattern: str, heavy: int) -> None:
    assert weight(pattern) == heavy


@pytest.mark.parametrize(
    "pattern",
    [
        r"(\pL{99}){99}", r"\pL{1000}", r"(((a{50}){50}){50}){50}", r"\p{L}{0,500}", r"\pL{500}", r"(?x)\w {1000}",
        r"[[a]\pL]{999}", r"(\W{99}){99}", r"\s{500}",
        r"[]\pL]{1000}", "a" * (LONGEST + 1), "((((\\w{9}){9}){9}){9}){9}",
    ],
)  # fmt: skip
def test_a_short_pattern_that_is_huge_is_none_and_is_not_compiled(
    pattern: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(pydantic_core, "SchemaValidator", lambda *_: pytest.fail("it was compiled"))
    assert too_heavy(pattern)
    assert matcher(pattern) is None


@pytest.mark.parametrize(
    ("pattern", "fits", "not_so"),
    [
        (r"^[\w.+-]+@[\w-]+(\.[\w-]+)+$", "ada@example.org", "ada"),
        (r"^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$", "0a1b2c3d-0a1b-0a1b-0a1b-0a1b2c3d4e5f", "0a1b"),
        (r"^\d{4}-\d{2}-\d{2}T\d{2}:\d{2}:\d{2}(\.\d+)?(Z|[+-]\d{2}:\d{2})$", "2026-11-30T12:00:00Z", "today"),
        (r"^(\w{1,30})$", "word", "two words"),
        (r"^[\w.-]{1,64}$", "a-name.of_1", "naïve"),
        (r"\bend\b", "the end", "ending"),
        (r"^[\w-.]$", "-", "/"),
        (r"^[^\w\d]+$", "é!", "a"),
        (r"^\D$", "\u0664", "4"),
        (r"^[\b]$", "\b", "b"),
        (r"^\\w$", r"\w", "w"),
    ],
)
def test_everyday_patterns_are_matched(pattern: str, fits: str, not_so: str) -> None:
    matches = matcher(pattern)
    assert matches is not None
    assert (matches(fits), matches(not_so)) == (True, False)


def test_a_pattern_is_too_heavy_for_a_text_that_is_very_long_for_it() -> None:
    assert too_heavy("ab", "x" * MOST_WORK)
    assert not too_heavy("ab", "x" * (MOST_WORK // 2))


def test_one_that_cannot_be_read_in_linear_time_is_none() -> None:
    assert matcher("(?=a)b") is None
    assert matcher(r"(a)\1") is None
    assert matcher("(") is None
