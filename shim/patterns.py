"""Patterns of others, matched in time linear in the text (Rust's regex, without look-around and back references).

`\\w`, `\\d` and `\\b` are as JSON Schema and VS Code have them (ECMA-262): of letters, digits and `_` of ASCII alone.
Whoever compiles or matches one holds the interpreter, also in a thread, and a short one such as `(\\w{99}){99}` may be
huge: what is too heavy is none here.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from functools import lru_cache
from types import MappingProxyType
from typing import NamedTuple

HEAVIEST = 40_000
"""How heavy a pattern may be: that takes up to 30 ms to compile (`.{4000}`), measured on a slow machine."""

LONGEST = 10_000
"""Characters of a pattern."""

MOST_WORK = 20_000_000
"""How heavy a pattern, times the characters of a text, may be."""

WIDE, SOME, FEW = 1_000, 100, 10
"""The weight of a class of Unicode as `\\pL` is, of one as `\\s` is, and of all characters but a few; one weighs 1.

A letter whose case does not count weighs as much as all but a few: some have a third form beyond ASCII.
"""

LOOKED_AT, CHOICE, FOLDED = 100, 20, 8_000
"""What takes long to make ready, as often as it is written: a class or a count (0.05 ms), a choice by `?`, `*`, `+` or
`|` (0.01 ms), and a class beyond letters and digits of ASCII whose case does not count (4 ms for `(?i)[\\s\\S]`)."""

OF_ASCII = MappingProxyType({
    r"\w": "[0-9A-Za-z_]", r"\W": "[^0-9A-Za-z_]", r"\d": "[0-9]", r"\D": "[^0-9]", r"\b": r"(?-u:\b)",
})  # fmt: skip

_PART = re.compile(
    r"\\[pPxuU]\{[^}]*\}|\\[pP].|\\.|\[\^?\]?|\{(?P<least>\d{0,9})(?:,(?P<most>\d{0,9}))?\}|.", re.DOTALL
)
_SPACED = re.compile(r"\(\?[a-zA-Z-]*x")
"""The flag by which spaces and comments stand between the parts of a pattern."""


_FOLDS = re.compile(r"\(\?[a-zA-Z-]*i")
"""The flag by which case does not count; where it is set for a part it is taken for set everywhere."""


class Weight(NamedTuple):
    """About how many states a pattern has once it is compiled, and what compiling takes besides them."""

    states: int
    making: int


def too_heavy(pattern: str, text: str = "") -> bool:
    """Whether compiling the pattern, or looking for it in the text, would keep everybody waiting."""
    heavy = weighed(pattern)
    return sum(heavy) > HEAVIEST or heavy.states * len(text) > MOST_WORK


def weight(pattern: str) -> int:
    """What compiling a pattern takes."""
    return sum(weighed(pattern))


@lru_cache(maxsize=256)
def weighed(pattern: str) -> Weight:
    """What stands there, as often as its counts say, and how often something stands there that takes more."""
    if len(pattern) > LONGEST or _SPACED.search(pattern):
        return Weight(HEAVIEST + 1, 0)
    folds = _FOLDS.search(pattern) is not None
    groups, last, within, depth, making, is_wide = [0], 0, 0, 0, 0, False
    for found in _PART.finditer(pattern):
        part = found[0]
        if part[0] == "[":
            is_wide = is_wide or depth > 0
            depth, within = depth + 1, within + _weight_of(part, folds)
        elif depth:
            depth -= part == "]"
            is_wide = is_wide or not part.isascii() or (part[1:2].isalpha() and part[1] not in "wdtnrfvb")
            within += _weight_of(part, folds)
            if not depth:
                making += LOOKED_AT + FOLDED * (folds and is_wide)
                last, within, is_wide = within, 0, False
                groups[-1] += last
        elif found["least"] is not None:
            times = max(int(found["least"] or 0), int(found["most"] or 0), 1)
            groups[-1] += last * (times - 1)
            last *= times
            making += LOOKED_AT
        elif part == "(":
            groups.append(0)
        elif part == ")":
            last = groups.pop() if len(groups) > 1 else 0
            groups[-1] += last
        elif part in "*+?|":
            making += CHOICE
        else:
            last = _weight_of(part, folds)
            making += LOOKED_AT * (part[0] == "\\" and part[1:].isalpha())
            groups[-1] += last
    return Weight(sum(groups), making)


def _weight_of(part: str, folds: bool) -> int:
    if part[0] == "\\" and part[1:2] in "pPB":
        return WIDE
    if part[0] == "\\" and part[1:2] in "sS":
        return SOME
    is_letter = len(part) == 1 and part.isalpha()
    many = part in (".", r"\W", r"\D") or part.startswith(("[^", r"\x{", r"\u{")) or not part.isascii()
    return FEW if many or (folds and (is_letter or part == r"\w")) else 1


def _meant(pattern: str) -> Iterator[str]:
    """The parts of a pattern as ECMA-262 means them; in brackets `\\b` is a backspace."""
    depth = 0
    for part in (found[0] for found in _PART.finditer(pattern)):
        depth = max(depth + part.startswith("[") - (part == "]"), 0)
        yield r"\x08" if depth and part == r"\b" else OF_ASCII.get(part, part)


@lru_cache(maxsize=256)
def matcher(pattern: str) -> Callable[[str], bool] | None:
    """Whether a text has the pattern somewhere; None where it is none that can be read, or too heavy."""
    from pydantic_core import SchemaError, SchemaValidator, core_schema  # on first need: it is heavy

    if too_heavy(pattern):
        return None
    meant = "".join(_meant(pattern))
    try:
        return SchemaValidator(core_schema.str_schema(pattern=meant, regex_engine="rust-regex")).isinstance_python
    except SchemaError:
        return None
