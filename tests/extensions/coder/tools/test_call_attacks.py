"""Calls of every tool that mean to do more than was allowed run never unasked; harmless ones are not asked about."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Iterable, Mapping
from pathlib import Path
from typing import Any

import pytest

from extensions.coder.arguments import fitted
from extensions.coder.modes import ToolRefused, UnknownTool, check_tool
from extensions.coder.permissions import SWITCHES, Judge, Leave
from extensions.coder.plugins import plugin
from extensions.coder.tool import Action, Plan, ToolError
from extensions.coder.tools import TOOLS
from sessions.ceiling import Ceiling
from sessions.files import Files, Root
from shim.schemas import mistake
from tests.extensions.coder.calls import (
    COMMANDS,
    HARMLESS,
    IGNORED_PATHS,
    IN_FOLDERS,
    KERNELS_PATHS,
    NAMES,
    NO_PATHS,
    OUTSIDE_PATHS,
    PATCHES,
    PROTECTED_PATHS,
    SHAPES,
    Row,
)
from tests.extensions.coder.lines import ALL_DAY_ALLOW
from tests.extensions.coder.tools.test_path_attacks import World, edits, laid, reads
from tests.extensions.coder.uses import Using
from tests.people import people

pytestmark = pytest.mark.anyio

BY_NAME = {name: tool for tool in TOOLS for name in (tool.name, *tool.aliases)}
EVERYDAY = frozenset(key for key in SWITCHES if ":" not in key)
"""All that can be allowed, without what is outside of the workspace and what steers."""

FREE = frozenset({
    "update_todo_list", "skill", "run_slash_command", "attempt_completion", "ask_followup_question",
    "show_notification",
    "read_command_output", "get_process_output", "kill_process", "terminal_session",
})  # fmt: skip
"""Tools that need no leave, or only for some of what they do."""


@pytest.fixture(params=["tenant", "own machine"])
async def place(request: pytest.FixtureRequest, tmp_path: Path) -> AsyncIterator[World]:
    async with people(tmp_path / "data") as sessions:
        session = await sessions.open("ada")
        disk, cwd = tmp_path / "data/users/ada/root/workspace/project", "/workspace/project"
        if request.param == "own machine":
            disk = tmp_path / "project"
            cwd = str(disk)
            await asyncio.to_thread(session.files.close)
            session.files = Files(Root(None), "ada")
        await asyncio.to_thread(laid, disk)
        with session.entered("roost.coder"):
            yield World(cwd, disk, lambda **more: Using(cwd, **more))


def judge(use: Using, switches: Iterable[str], commands: Iterable[str]) -> Judge:
    leave = Leave(True, frozenset(switches), tuple(commands), (), frozenset({"mcp--files--list"}), None, None, None)
    return Judge(leave, Ceiling(), (use.cwd,), use.protection)


def filled(value: Any, cwd: str) -> Any:
    if isinstance(value, str):
        return value.replace("{cwd}", cwd)
    if isinstance(value, list):
        return [filled(one, cwd) for one in value]
    return {name: filled(one, cwd) for name, one in value.items()} if isinstance(value, dict) else value


async def verdict(
    use: Using, name: str, arguments: Mapping[str, Any], switches: Iterable[str], commands: Iterable[str]
) -> str:
    """What becomes of a call before anything is done: as in `executor`, its arguments, its plan, then leave."""
    try:
        tool = BY_NAME.get(name) or await plugin(name)
        arguments = fitted(arguments, {} if tool is None else tool.schema)
        check_tool(name, use.mode, arguments, included=BY_NAME)
        if tool is None or mistake(arguments, tool.schema) is not None:
            return "refused"
        plan: Plan = await tool.plan(use, arguments)
    except (ToolError, ToolRefused, UnknownTool, PermissionError):
        return "refused"
    return judge(use, switches, commands).decide(plan.actions).verdict


async def unasked(place: World, rows: Iterable[Row]) -> list[Row]:
    """Those that would run, where everything of everyday work is allowed. Nothing is changed by looking."""
    use = place.use(ignore="secret\n")
    before = await asyncio.to_thread(place.tree)
    ran = [
        (name, given)
        for name, given in ((name, filled(given, place.cwd)) for name, given in rows)
        if await verdict(use, name, given, EVERYDAY, [*ALL_DAY_ALLOW, "export"]) == "approve"
    ]
    assert await asyncio.to_thread(place.tree) == before
    return ran


def rows(calls: Iterable[tuple[Any, dict[str, Any]]]) -> list[Row]:
    return [(tool.name, given) for tool, given in calls]


async def test_no_file_that_steers_is_written_in_whatever_spelling(place: World) -> None:
    calls = [row for path in PROTECTED_PATHS for row in rows(edits(path)) if "moved" not in str(row)]
    ran = await unasked(place, [row for row in calls if ".new" not in str(row)])
    assert ran == [], ran


async def test_no_file_outside_is_read_or_written_in_whatever_spelling(place: World) -> None:
    calls = [row for path in OUTSIDE_PATHS for row in rows((*reads(path), *edits(path)))]
    ran = await unasked(place, calls)
    assert ran == [], ran


async def test_what_the_kernel_tells_of_a_host_is_no_file(place: World) -> None:
    calls = [row for path in KERNELS_PATHS for row in rows((*reads(path), *edits(path)))]
    ran = await unasked(place, calls)
    assert ran == [], ran
    widest = {*SWITCHES}
    told = [await verdict(place.use(), *row, widest, ["*"]) for row in filled([list(one) for one in calls], place.cwd)]
    assert set(told) == {"refused"} or place.cwd.startswith("/workspace")


async def test_nothing_that_is_ignored_is_read_or_written_in_whatever_spelling(place: World) -> None:
    calls = [row for path in IGNORED_PATHS for row in rows((*reads(path), *edits(path)))]
    ran = await unasked(place, [row for row in calls if ".new" not in str(row)])
    assert ran == []


async def test_what_is_no_path_is_no_file(place: World) -> None:
    calls = [row for path in NO_PATHS for row in rows((*reads(path), *edits(path))) if ".new" not in str(row)]
    kept = {"get_diagnostics", "codebase_search", "find_definitions"}  # where the path may be left out
    assert [row for row in await unasked(place, calls) if row[0] not in kept or row[1].get("path")] == []


@pytest.mark.parametrize("tool", ["execute_command", "start_process"])
async def test_no_command_does_more_than_its_programs_were_allowed(place: World, tool: str) -> None:
    ran = await unasked(place, [(tool, {"command": line}) for line in COMMANDS])
    assert ran == [], ran
    ran = await unasked(place, [(tool, {"command": "make", "cwd": cwd}) for cwd in IN_FOLDERS])
    assert ran == [], ran


async def test_no_patch_reaches_a_file_by_its_headers(place: World) -> None:
    ran = await unasked(place, PATCHES)
    assert ran == [], ran


async def test_no_id_and_no_name_reaches_what_is_not_the_tasks(place: World) -> None:
    ran = await unasked(place, NAMES)
    assert ran == [], ran


async def test_no_shape_of_arguments_is_taken_for_another(place: World) -> None:
    ran = await unasked(place, SHAPES)
    assert ran == [], ran


async def test_harmless_calls_are_not_asked_about(place: World) -> None:
    use = place.use(ignore="secret\n")
    told = {
        str((name, given)): await verdict(use, name, filled(given, place.cwd), EVERYDAY, [*ALL_DAY_ALLOW, "export"])
        for name, given in HARMLESS
    }
    assert {row: said for row, said in told.items() if said != "approve"} == {}


async def test_where_nothing_is_allowed_all_that_does_something_is_asked(place: World) -> None:
    use = place.use()
    told = {
        str((name, given)): await verdict(use, name, filled(given, place.cwd), (), ())
        for name, given in HARMLESS
        if name not in FREE
    }
    assert {row: said for row, said in told.items() if said != "ask"} == {}


async def test_what_one_switch_is_for_no_other_switch_allows(place: World) -> None:
    use, first = place.use(), {name: given for name, given in reversed(HARMLESS) if name not in FREE}
    for name, given in first.items():
        wanted = fitted(filled(given, place.cwd), BY_NAME[name].schema)
        needed = {
            one.kind if one.kind != "delete" else "write" for one in (await BY_NAME[name].plan(use, wanted)).actions
        }
        assert needed & EVERYDAY, name
        for key in needed & EVERYDAY:
            assert await verdict(use, name, wanted, {*SWITCHES} - {key}, ["*"]) == "ask", (name, key)


@pytest.mark.parametrize(
    "name",
    ["mcp--files--read", "mcp--files--list ", "MCP--files--list", "mcp__files__list", "mcp--files--l\u0456st",
    "mcp--files--list\0",
     "mcp--other--list", "files--list", "", "*"],
)  # fmt: skip
def test_a_tool_of_a_server_is_allowed_by_its_very_name(name: str) -> None:
    use = Using()
    assert judge(use, EVERYDAY, ["*"]).decide([Action("mcp", name=name)]).verdict == "ask"
    assert judge(use, EVERYDAY, ["*"]).decide([Action("mcp", name="mcp--files--list")]).verdict == "approve"
