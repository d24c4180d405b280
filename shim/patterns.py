"""Patterns of others, matched in time linear in the text (Rust's regex, without look-around and back references).

Whoever compiles or matches one holds the interpreter, also in a thread, and a short one such as `(\\w{99}){99}` may be
huge: what is too heavy is none here.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from functools import lru_cache

HEAVIEST = 40_000
"""How heavy a pattern may be: that takes some 25 ms to compile."""

LONGEST = 10_000
"""Characters of a pattern."""

MOST_WORK = 20_000_000
"""How heavy a pattern, times the characters of a text, may be."""

WIDE, SOME, FEW = 1_000, 100, 10
"""The weight of a class of Unicode as `\\w` is, of one as `\\d` is, and of all characters but a few; one weighs 1."""

_PART = re.compile(
    r"\\[pPxuU]\{[^}]*\}|\\[pP].|\\.|\[\^?\]?|\{(?P<least>\d{0,9})(?:,(?P<most>\d{0,9}))?\}|.", re.DOTALL
)
_SPACED = re.compile(r"\(\?[a-zA-Z-]*x")
"""The flag by which spaces and comments stand between the parts of a pattern."""


def too_heavy(pattern: str, text: str = "") -> bool:
    """Whether compiling the pattern, or looking for it in the text, would keep everybody waiting."""
    heavy = weight(pattern)
    return heavy > HEAVIEST or heavy * len(text) > MOST_WORK


@lru_cache(maxsize=256)
def weight(pattern: str) -> int:
    """About how many states a pattern has once it is compiled: what stands there, as often as its counts say."""
    if len(pattern) > LONGEST or _SPACED.search(pattern):
        return HEAVIEST + 1
    groups, last, within, depth = [0], 0, 0, 0
    for found in _PART.finditer(pattern):
        part = found[0]
        if part[0] == "[":
            depth, within = depth + 1, within + _weight_of(part)
        elif depth:
            depth -= part == "]"
            within += _weight_of(part)
            if not depth:
                last, within = within, 0
                groups[-1] += last
        elif found["least"] is not None:
            times = max(int(found["least"] or 0), int(found["most"] or 0), 1)
            groups[-1] += last * (times - 1)
            last *= times
        elif part == "(":
            groups.append(0)
        elif part == ")":
            last = groups.pop() if len(groups) > 1 else 0
            groups[-1] += last
        elif part not in "*+?":
            last = _weight_of(part)
            groups[-1] += last
    return sum(groups)


def _weight_of(part: str) -> int:
    if part[0] == "\\" and part[1:2] in "wWpP":
        return WIDE
    if part[0] == "\\" and part[1:2] in "dDsS":
        return SOME
    return FEW if part == "." or part.startswith("[^") or not part.isascii() else 1


@lru_cache(maxsize=256)
def matcher(pattern: str) -> Callable[[str], bool] | None:
    """Whether a text has the pattern somewhere; None where it is none that can be read, or too heavy."""
    from pydantic_core import SchemaError, SchemaValidator, core_schema  # on first need: it is heavy

    if too_heavy(pattern):
        return None
    try:
        return SchemaValidator(core_schema.str_schema(pattern=pattern, regex_engine="rust-regex")).isinstance_python
    except SchemaError:
        return None
