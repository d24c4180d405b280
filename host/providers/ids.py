"""Ids and names of tool calls as an API takes them: another provider's model may have made them. No I/O is here."""

from __future__ import annotations

import re
from hashlib import blake2b

ANTHROPIC = re.compile(r"[A-Za-z0-9_-]+")
OPENAI = re.compile(r".{1,40}")
MISTRAL = re.compile(r"[A-Za-z0-9]{9}")
"""Mistral takes no other ids than such as it makes."""

LONGEST_NAME = 64
NO_NAME = re.compile(r"[^A-Za-z0-9_-]")


def taken(id: str, allowed: re.Pattern[str] | None) -> str:
    """The id, or what stands for it where the API does not take it: the same for a call and its result each time."""
    if allowed is None or allowed.fullmatch(id):
        return id
    name = blake2b(id.encode("utf-8", "replace"), digest_size=16).hexdigest()
    return name[:9] if allowed is MISTRAL else name


def named(name: str) -> str:
    """The tool that was called, or where a model made a name up that no tool can have the nearest that one can."""
    return NO_NAME.sub("_", name)[:LONGEST_NAME] or "unknown"
