"""Which tools suit which kind of task (seed 003), of those that the mode has.

A kind that somebody named narrows what there is; one that only the first message tells is a hint, and takes nothing.
"""

from __future__ import annotations

import re
from collections.abc import Collection, Mapping
from dataclasses import replace
from types import MappingProxyType
from typing import Literal, get_args

from extensions.coder.modes import Mode

Kind = Literal["bug_fix", "feature_implementation", "code_review", "refactoring"]
KINDS: tuple[Kind, ...] = get_args(Kind)

GROUPS: Mapping[str, frozenset[str]] = MappingProxyType(
    {
        "bug_fix": frozenset({"read", "edit", "command", "mcp"}),
        "feature_implementation": frozenset({"read", "edit", "command", "browser", "mcp"}),
        "code_review": frozenset({"read", "mcp"}),
        "refactoring": frozenset({"read", "edit", "command"}),
    }
)
"""The groups of tools that a kind takes: never more than the mode has."""

EDITS = ("apply_diff", "str_replace_editor", "apply_patch", "edit", "search_replace", "edit_file")

SUITED: Mapping[Kind, tuple[str, ...]] = MappingProxyType(
    {
        "bug_fix": ("search_files", "read_file", "get_diagnostics", "find_definitions", *EDITS, "execute_command"),
        "feature_implementation": (
            "list_files", "codebase_search", "read_file", "write_to_file", *EDITS, "execute_command",
        ),
        "code_review": ("read_file", "get_diagnostics", "find_references", "search_files", "find_definitions"),
        "refactoring": ("parse_ast", "find_references", "list_code_definition_names", "read_file", *EDITS,
                        "get_diagnostics", "execute_command"),
    }
)  # fmt: skip

WORDS: Mapping[Kind, re.Pattern[str]] = MappingProxyType(
    {
        "code_review": re.compile(r"\b(review(s|ed|ing)?|audit|inspect|critique|look over)\b"),
        "refactoring": re.compile(
            r"\b(refactor(s|ed|ing)?|rename|restructure|extract|inline|deduplicate|simplify|clean ?up|split up)\b"
        ),
        "bug_fix": re.compile(
            r"\b(fix(es|ed|ing)?|bugs?|broken|crash(es|ed|ing)?|fail(s|ed|ing|ure)?|errors?|exception|traceback"
            r"|regression|wrong|does(n't| not) work)\b"
        ),
        "feature_implementation": re.compile(
            r"\b(add|implement|create|build|introduce|support|write|new feature|make)\b"
        ),
    }
)
"""What a task of each kind says, the surest first: "review the fix" is a review."""


def narrow(mode: Mode, kind: str | None) -> Mode:
    """The mode with no more groups than a kind of task takes; of an unknown kind, as it is."""
    groups = GROUPS.get(kind or "")
    if groups is None:
        return mode
    return replace(mode, groups=tuple(group for group in mode.groups if group.name in groups))


def kind_of(message: str) -> Kind | None:
    """The kind of a task by its first message; None where it does not say."""
    words = message[:2_000].lower()
    return next((kind for kind, said in WORDS.items() if said.search(words)), None)


def select_tools(kind: str, available: Collection[str]) -> tuple[str, ...]:
    """The tools that suit a task of that kind, in the order of their use, of those that there are."""
    return tuple(name for name in SUITED.get(kind, ()) if name in available)  # type: ignore[call-overload]


def hint(kind: str | None, message: str, available: Collection[str]) -> str:
    """What the agent is told at the beginning of a task; empty where nothing says of which kind it is."""
    found = kind or kind_of(message)
    tools = select_tools(found, available) if found else ()
    return f"{found}: these tools are most of use, in about this order: {', '.join(tools)}" if tools else ""
