"""Patterns that people write into settings, matched in time linear in the text: no pattern can hold up the others.

The engine is Rust's regex, as in ripgrep and as pydantic has it on board: no look-around and no back references.
"""

from __future__ import annotations

from shim.patterns import matcher, too_heavy

LONGEST = 1_000


class BadPattern(ValueError):
    """The pattern cannot be used: the sentence says why."""


def matches(pattern: str, text: str) -> bool:
    """Whether the pattern is found in the text. Raises `BadPattern`."""
    if len(pattern) > LONGEST:
        raise BadPattern(f"a pattern may have {LONGEST} characters, this one has {len(pattern)}")
    found = matcher(pattern)
    if found is None and too_heavy(pattern):
        raise BadPattern(f"{pattern!r} says too much: give its parts smaller counts than it has in its braces")
    if found is None:
        raise BadPattern(f"{pattern!r} is no pattern: look-around and back references are not known here")
    return found(text)
