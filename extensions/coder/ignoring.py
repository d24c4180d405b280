"""The rules of an ignore file, as git reads them, in time that grows with the path and the rule and no faster.

Matching holds up everybody, also in a thread, and a rule is written by whoever wrote the repository: `*a*a*a*a*b` must
not try each `a` with each other. So a star, or `**`, gives nothing back once what follows it was found.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from itertools import islice
from typing import Any

from pathspec import GitIgnoreSpec
from pathspec.patterns.gitignore.spec import GitIgnoreSpecPattern

MOST = 1_000
"""Rules of one file that count, from its beginning."""

LONGEST = 1_024
"""Characters of a rule that counts."""

LEADING, INNER = "(?:.+/)?", "(?:/.+)?"
ENDS = ("(?:(?P<ps_d>/)|$)", "(?P<ps_d>/)", "/")
SET = re.compile(r"\\.|\[(\^?)(\]?(?:\\.|[^\]\\])*)\]")
STAR, ONE = "\0", "\1"
"""What stands for `[^/]*` and `[^/]` while an expression is taken apart."""


class Rule(GitIgnoreSpecPattern):
    """A line of an ignore file."""

    __slots__ = ()

    @classmethod
    def pattern_to_regex(cls, pattern: Any) -> tuple[Any, bool | None]:
        regex, include = super().pattern_to_regex(pattern)
        if not isinstance(regex, str):
            return regex, include
        if STAR in regex or ONE in regex:
            raise ValueError("a rule has no control characters")
        steady = _steady(regex) if regex.count("[^/]*") > 1 or INNER in regex else regex
        return SET.sub(_without_slash, steady), include


def rule_of(line: str) -> Rule | None:
    """A line as a rule, which may be an empty one; None where it is none, or too long."""
    try:
        return Rule(line) if len(line) <= LONGEST else None
    except (ValueError, re.error):
        return None


def spec_of(lines: Iterable[str], most: int | None = MOST) -> GitIgnoreSpec:
    """The rules of an ignore file together; a line that is none does not hide the others.

    It is for threads: a thousand rules take a tenth of a second.
    """
    rules = (rule for line in lines if (rule := rule_of(line)) is not None and rule.include is not None)
    return GitIgnoreSpec(islice(rules, most))


def _steady(regex: str) -> str:
    """The expression of pathspec's that means the same and turns back to nothing but its last `**`."""
    end = next(end for end in ENDS if regex.endswith(end))
    body = regex[1 : -len(end)].replace("[^/]*", STAR).replace("[^/]", ONE)
    leads = [LEADING if body.startswith(LEADING) else ""]
    groups = body.removeprefix(LEADING).split(INNER)
    leads += [INNER] * (len(groups) - 1)
    groups = ["/".join(map(_segment, group.split("/"))) for group in groups]
    lazy = {"": "", LEADING: "(?:.+?/)??", INNER: "(?:/.+?)??"}
    before = "".join(f"(?>{lazy[lead]}{group}(?=/))" for lead, group in zip(leads[:-1], groups[:-1], strict=True))
    whole = f"^{before}{leads[-1]}{groups[-1]}{end}"
    return whole.replace(STAR, "[^/]*").replace(ONE, "[^/]")


def _without_slash(found: re.Match[str]) -> str:
    """A set that is negated means no slash, as for git."""
    return f"(?!/){found[0]}" if found[1] == "^" and "/" not in found[2] else found[0]


def _segment(name: str) -> str:
    first, *between = name.split(STAR)
    if not between:
        return first
    found = "".join(f"(?>{STAR}?{one})" for one in between[:-1] if one)
    return f"{first}{found}{STAR}{between[-1]}"
