"""What a word is, and where in a line the one around a place is. It knows no document."""

from __future__ import annotations

import re
import time

WHITESPACE = "\t\n\v\f\r \xa0\u1680\u2000-\u200a\u2028\u2029\u202f\u205f\u3000\ufeff"
"""JavaScript's `\\s`, as the inside of a character class; Python's holds other characters."""

DEFAULT_WORD = re.compile(
    r"-?[0-9]*\.[0-9][A-Za-z0-9_]*|[^`~!@#$%^&*()\-=+\[{\]}\\|;:'\",.<>/?" + WHITESPACE + "]+"  # VS Code's own
)


def find_word(pattern: re.Pattern[str], text: str, at: int) -> tuple[int, int] | None:
    """Where in `text` the match of `pattern` around the index `at` begins and ends; VS Code's `getWordAtText`.

    It looks from ever further to the left, and at no more than 500 characters to each side, so that a line of a
    megabyte costs no more than a short one; it gives up after 150 ms.
    """
    before = max(0, at + 1 - 500) if len(text) > 1000 else 0
    if len(text) > 1000:
        text, at = text[before : at + 1 + 500], at - before
    found, stop, deadline = None, -1, time.monotonic() + 0.15
    for start in range(at - 15, -16, -15):
        match = _around(pattern, text, at, max(0, start), stop)
        if match is None and found:
            break
        found, stop = match, start
        if start <= 0 or time.monotonic() > deadline:
            break
    return (before + found.start(), before + found.end()) if found else None


def _around(pattern: re.Pattern[str], text: str, at: int, start: int, stop: int) -> re.Match[str] | None:
    for match in pattern.finditer(text, start):
        if match.start() <= at <= match.end():
            return match
        if 0 < stop < match.start():
            return None
    return None
