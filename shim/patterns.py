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

HEAVIEST = 40_000
"""How heavy a pattern may be: that takes up to 21 ms to compile (`.{4000}`), measured on a slow machine."""

LONGEST = 10_000
"""Characters of a pattern."""

MOST_WORK = 20_000_000
"""How heavy a pattern, times the characters of a text, may be."""

WIDE, SOME, FEW = 1_000, 100, 10
"""The weight of a class of Unicode as `\\pL` is, of one as `\\s` is, and of all characters but a few; one weighs 1."""

OF_ASCII = MappingProxyType({
    r"\w": "[0-9A-Za-z_]", r"\W": "[^0-9A-Za-z_]", r"\d": "[0-9]", r"\D": "[^0-9]", r"\b": r"(?-u:\b)",
})  # fmt: skip

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
    if part[0] == "\\" and part[1:2] in "pPB":
        return WIDE
    if part[0] == "\\" and part[1:2] in "sS":
        return SOME
    return FEW if part in (".", r"\W", r"\D") or part.startswith("[^") or not part.isascii() else 1


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
