"""Modes and the tools that they may use: Roo Code's cases, and where ours are stricter."""

from __future__ import annotations

from typing import Any

import pytest

from extensions.coder.modes import (
    ALIASES,
    BUILT_IN,
    FileRestricted,
    Group,
    Mode,
    ToolRefused,
    UnknownTool,
    check_tool,
    find_mode,
)
from extensions.coder.patterns import BadPattern, matches
from extensions.coder.tools import TOOLS
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


MODES = {one.slug: one for one in BUILT_IN}
ARCHITECT, ASK, CODE = MODES["architect"], MODES["ask"], MODES["code"]


def test_a_patch_may_not_move_a_file_to_where_the_mode_may_not_write() -> None:
    patch = "*** Begin Patch\n*** Update File: a.md\n*** Move to: a.py\n*** End Patch"
    with pytest.raises(FileRestricted, match=r"a\.py"):
        check_tool("apply_patch", ARCHITECT, {"patch": patch}, included=["apply_patch"])


@pytest.mark.parametrize(("alias", "name"), ALIASES.items())
def test_what_is_said_of_a_tool_counts_for_its_other_names(alias: str, name: str) -> None:
    for called, said in ((alias, name), (name, alias), (alias, alias)):
        check_tool(called, CODE, included=[said])
        with pytest.raises(ToolRefused):
            check_tool(called, CODE, included=[said], disabled=[said])
        with pytest.raises(ToolRefused):
            check_tool(called, ASK, included=[said])
    with pytest.raises(FileRestricted):
        check_tool(alias, ARCHITECT, {"path": "a.py", "content": "x"}, included=[alias])


def test_every_other_name_of_a_tool_is_known_to_its_modes() -> None:
    assert {alias: tool.name for tool in TOOLS for alias in tool.aliases} == dict(ALIASES)


def test_a_patch_that_nobody_can_read_is_refused() -> None:
    with pytest.raises(ToolRefused):
        check_tool("apply_patch", ARCHITECT, {"patch": "rm -rf"}, included=["apply_patch"])


def test_a_pattern_takes_no_time_that_grows_with_its_nesting() -> None:
    assert not matches(r"(a+)+$", "a" * 5_000 + "!")


@pytest.mark.parametrize("pattern", [r"(?=a)", "(", "a" * 2_000])
def test_a_pattern_that_cannot_be_used_is_refused(pattern: str) -> None:
    with pytest.raises(BadPattern):
        matches(pattern, "a")
