"""Patterns that people write into settings, matched in time linear in the text: no pattern can hold up the others.

The engine is Rust's regex, as in ripgrep and as pydantic has it on board: no look-around and no back references.
"""

from __future__ import annotations

from functools import lru_cache

from pydantic_core import SchemaError, SchemaValidator, ValidationError, core_schema

LONGEST = 1_000


class BadPattern(ValueError):
    """The pattern cannot be used: the sentence says why."""


def matches(pattern: str, text: str) -> bool:
    """Whether the pattern is found in the text. Raises `BadPattern`."""
    try:
        _compiled(pattern).validate_python(text)
    except ValidationError:
        return False
    return True


@lru_cache(maxsize=256)
def _compiled(pattern: str) -> SchemaValidator:
    if len(pattern) > LONGEST:
        raise BadPattern(f"a pattern may have {LONGEST} characters, this one has {len(pattern)}")
    try:
        return SchemaValidator(core_schema.str_schema(pattern=pattern, regex_engine="rust-regex"))
    except SchemaError:
        raise BadPattern(f"{pattern!r} is no pattern: look-around and back references are not known here") from None
