"""Rules of ignore files mean what they mean to git, and none of them keeps everybody waiting."""

from __future__ import annotations

import random

import pytest
from pathspec import GitIgnoreSpec

from extensions.coder.ignoring import LONGEST, MOST, spec_of


def test_a_rule_means_what_it_meant_wherever_its_stars_stand() -> None:
    chance = random.Random(7)
    pieces = ["a", "b", "*", "*", "?", "/", "/", "/**/", "**/", "[ab]", "!", ".", "ab"]
    names = ["a", "b", "ab", "ba", "aab", "abab", "a.b", "bb"]
    for _ in range(800):
        rule = "".join(chance.choices(pieces, k=chance.randint(1, 8)))
        path = "/".join(chance.choices(names, k=chance.randint(1, 6))) + chance.choice(["", "/"])
        lines = ["a*", rule]
        try:
            expected = GitIgnoreSpec.from_lines(lines)
        except ValueError:
            continue
        ours, theirs = (spec.check_file(path) for spec in (spec_of(lines), expected))
        assert (ours.include, ours.index) == (theirs.include, theirs.index), (rule, path)


@pytest.mark.parametrize("rule", ["/a[!b]c", "/a[!b]c*d*", "/a[!]]c", "/a[^b-]c*d*", "/x/**/a[!b]c*d*"])
def test_a_set_that_is_negated_means_no_slash(rule: str) -> None:
    spec = spec_of([rule])
    before, end = ("x/", "dd") if "**" in rule else ("", "dd" if "d" in rule else "")
    assert spec.match_file(f"{before}axc{end}")
    assert not spec.match_file(f"{before}a/c{end}")


@pytest.mark.timeout(10)  # once each of them took longer than anybody lives
@pytest.mark.parametrize(
    ("rule", "path"),
    [
        ("*a" * 20 + "*b", "a" * 250),
        ("[!x]*" + "?*" * 20 + "b", "a" * 250),
        ("a/**/" * 20 + "b", "a/" * 1_000),
        ("**/a*a/" * 10 + "**/b", "aaaa/" * 400),
    ],
)
def test_a_rule_of_many_stars_is_asked_in_no_time(rule: str, path: str) -> None:
    assert not spec_of([rule]).match_file(path)


def test_rules_that_are_none_too_long_or_too_many_hide_no_others() -> None:
    spec = spec_of(["[", "x" * (LONGEST + 1), "# kept", "", "*.log", *("y" for _ in range(MOST)), "late"])
    assert spec.match_file("a.log")
    assert not spec.match_file("late")
    assert not spec.match_file("x" * (LONGEST + 1))
