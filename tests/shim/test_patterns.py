"""Patterns of others: what they mean here, and which are too heavy to be any."""

from __future__ import annotations

import pydantic_core
import pytest

from shim.patterns import (
    CHOICE,
    FEW,
    FOLDED,
    LONGEST,
    LOOKED_AT,
    MOST_WORK,
    SOME,
    WIDE,
    matcher,
    too_heavy,
    weighed,
    weight,
)


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
        (r"\x{41}{3}", 3 * FEW),
        ("[0-9a-f]{8}-[0-9a-f]{4}", 12 * 8 + 1),
        (r"(?i)\w{3}-ab", FEW + 3 * FEW + 1 + 2 * FEW),
        (r"(?s-i:k[k])", 2 * FEW + 2 + FEW + FEW + 2),
        (r"[\x{100}-\u{10FFFF}]", 2 * FEW + 3),
    ],
)
def test_a_pattern_weighs_what_stands_there_as_often_as_it_is_counted(pattern: str, heavy: int) -> None:
    assert weighed(pattern).states == heavy


@pytest.mark.parametrize(
    ("pattern", "making"),
    [
        ("abc", 0),
        (r"[a-z]+\d{2}", 3 * LOOKED_AT + CHOICE),
        ("(a|b)?", 2 * CHOICE),
        (r"(?i)[\w.-][a-z]", 2 * LOOKED_AT + CHOICE),
        (r"(?i)[\s\S]{1,500}", 2 * LOOKED_AT + FOLDED + CHOICE),
        (r"(?i)[a[^b]]", LOOKED_AT + FOLDED + CHOICE),
        ("(?i:[à-日])[é]", 2 * LOOKED_AT + 2 * FOLDED + CHOICE),
        (r"[\s\S][à-日]", 2 * LOOKED_AT),
    ],
)
def test_what_takes_long_to_make_ready_counts_as_often_as_it_is_written(pattern: str, making: int) -> None:
    assert weighed(pattern).making == making
    assert weight(pattern) == sum(weighed(pattern))


@pytest.mark.parametrize(
    "pattern",
    [
        r"(\pL{99}){99}", r"\pL{1000}", r"(((a{50}){50}){50}){50}", r"\p{L}{0,500}", r"\pL{500}", r"(?x)\w {1000}",
        r"[[a]\pL]{999}", r"(\W{99}){99}", r"\s{500}",
        r"[]\pL]{1000}", "a" * (LONGEST + 1), "((((\\w{9}){9}){9}){9}){9}",
        r"(?i)(\w{500}){40}", r"(?i)(k{500}){40}", r"(?i)" + r"[\s\S]" * 6,
        r"(?i:[\x{0}-\x{10FFFF}])" * 5, r"(?i)" + "[a[^b]]" * 5, r"\d" * 500, r"\d{2}" * 200, "a?" * 2_000,
        "(|a)" * 2_000,
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
        (r"(?i)^[\w.+-]+@[\w-]+(\.[\w-]+)+$", "Ada@Example.org", "ada"),
        (r"(?i)^[\s\S]{1,50}$", "é\n", ""),
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
