"""Modes and the tools that they may use: Roo Code's cases, and where ours are stricter."""

from __future__ import annotations

from typing import Any

import pytest

from extensions.coder.modes import FileRestricted, Group, Mode, ToolRefused, UnknownTool, check_tool, find_mode
from extensions.coder.patterns import BadPattern, matches
from tests.extensions.coder.cases import cases

ERRORS = {"unknown_tool": UnknownTool, "not_allowed": ToolRefused, "file_restriction": FileRestricted}


def mode(raw: dict[str, Any]) -> Mode:
    groups = [(group, {}) if isinstance(group, str) else group for group in raw["groups"]]
    wanted = tuple(Group(name, more.get("fileRegex"), more.get("description")) for name, more in groups)
    return Mode(raw["slug"], raw["name"], raw["roleDefinition"], wanted)


@pytest.mark.parametrize("case", cases("roo_mode_permissions"))
def test_modes_may_do_what_they_may_in_roo_code(case: dict[str, Any]) -> None:
    given = case["in"]
    chosen = find_mode(given["mode"], [mode(raw) for raw in given["custom_modes"]])
    assert chosen is not None

    def check() -> None:
        needs = given.get("tool_requirements") or {}
        check_tool(
            given["tool"],
            chosen,
            given.get("tool_params"),
            disabled=[name for name, wanted in needs.items() if not wanted],
            included=given.get("included_tools") or (),
        )

    if "throws" in case:
        with pytest.raises(ERRORS[case["throws"]]):
            check()
    elif case["expect"] is False:
        with pytest.raises((UnknownTool, ToolRefused)):
            check()
    else:
        check()


ARCHITECT = find_mode("architect")


def test_a_patch_may_not_move_a_file_to_where_the_mode_may_not_write() -> None:
    assert ARCHITECT is not None
    patch = "*** Begin Patch\n*** Update File: a.md\n*** Move to: a.py\n*** End Patch"
    with pytest.raises(FileRestricted, match=r"a\.py"):
        check_tool("apply_patch", ARCHITECT, {"patch": patch}, included=["apply_patch"])


def test_a_patch_that_nobody_can_read_is_refused() -> None:
    assert ARCHITECT is not None
    with pytest.raises(ToolRefused):
        check_tool("apply_patch", ARCHITECT, {"patch": "rm -rf"}, included=["apply_patch"])


def test_a_pattern_takes_no_time_that_grows_with_its_nesting() -> None:
    assert not matches(r"(a+)+$", "a" * 5_000 + "!")


@pytest.mark.parametrize("pattern", [r"(?=a)", "(", "a" * 2_000])
def test_a_pattern_that_cannot_be_used_is_refused(pattern: str) -> None:
    with pytest.raises(BadPattern):
        matches(pattern, "a")
