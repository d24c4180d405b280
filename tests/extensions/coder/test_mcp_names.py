"""Names of MCP servers' tools: Roo Code's cases, names that are too long, and names that models mangle."""

from __future__ import annotations

import re
from collections.abc import Mapping
from pathlib import Path
from types import MappingProxyType
from typing import Any

import pytest

import shim as vscode
from extensions.coder import mcp_names
from extensions.coder.mcp_names import (
    Parts,
    build_mcp_tool_name,
    is_mcp_tool,
    meant,
    parse_mcp_tool_name,
    sanitize_mcp_name,
)
from extensions.coder.modes import is_mcp
from tests.extensions.coder.cases import cases
from tests.extensions.coder.scripted import Model, agents

OPERATIONS = (
    "normalize_for_comparison", "tool_names_match", "is_mcp_tool", "sanitize_mcp_name", "build_mcp_tool_name",
    "parse_mcp_tool_name",
    "normalize_mcp_tool_name",
)  # fmt: skip


@pytest.mark.parametrize("case", cases("roo_mcp_names"))
def test_names_are_made_and_read_as_in_roo_code(case: dict[str, Any]) -> None:
    assert case["op"] in OPERATIONS
    found = getattr(mcp_names, case["op"])(*case["in"])
    assert ({"serverName": found.server, "toolName": found.tool} if isinstance(found, Parts) else found) == case[
        "expect"
    ]


def test_two_long_names_stay_two_where_roo_code_makes_them_one() -> None:
    names = {build_mcp_tool_name("server", "a" * 60 + end) for end in ("", "b", "c")}
    names |= {build_mcp_tool_name("s" * 80 + end, "tool") for end in ("", "b")}
    assert len(names) == 5
    assert {len(one) for one in names} == {64}
    assert all(is_mcp_tool(one) and re.fullmatch(r"[a-zA-Z_][a-zA-Z0-9_-]*", one) for one in names)
    assert len(build_mcp_tool_name("server", "a" * 51)) == 64
    assert build_mcp_tool_name("server", "a" * 51).endswith("--" + "a" * 51)


@pytest.mark.parametrize(
    "name", ["\0", "\n", "é", "../../etc", "a" * 1_000, "--", "mcp--a--b", "\ud800", "💥", "-x", "9"]
)
def test_every_name_becomes_one_that_providers_take(name: str) -> None:
    assert re.fullmatch(r"[a-zA-Z_-][a-zA-Z0-9_-]*", sanitize_mcp_name(name))
    built = build_mcp_tool_name(name, name)
    assert re.fullmatch(r"mcp--[a-zA-Z0-9_-]{1,59}", built)
    assert is_mcp(built)


@pytest.mark.parametrize("name", ["mcp____", "mcp__a__", "mcp____b", "mcp--", "", "--a--b", "xmcp--a--b"])
def test_what_names_no_server_or_no_tool_is_no_such_name(name: str) -> None:
    assert parse_mcp_tool_name(name) is None


def test_a_name_means_itself_before_others_that_are_like_it() -> None:
    known = ["mcp--a--get-user", "mcp--a--get_user", "mcp--b--x-y", "read-file"]
    assert meant("mcp--a--get_user", known) == ["mcp--a--get_user"]
    assert meant("mcp__b__x_y", known) == ["mcp--b--x-y"]
    assert meant("mcp__a__get_user", known) == known[:2]
    assert meant("read_file", known) == []
    assert meant("mcp__c__x", known) == []


class Told:
    """A tool that says what it was called with."""

    def __init__(self, name: str, made: list[tuple[str, Mapping[str, Any]]]) -> None:
        self.name, self.made = name, made

    async def invoke(self, options: Any, token: vscode.CancellationToken) -> vscode.LanguageModelToolResult:
        self.made.append((self.name, MappingProxyType(dict(options["input"]))))
        return vscode.LanguageModelToolResult([vscode.LanguageModelTextPart(f"{self.name} was called")])


@pytest.mark.anyio
async def test_a_mangled_name_finds_its_tool_and_leave_is_asked_for_that_one(tmp_path: Path) -> None:
    done = ("attempt_completion", {"result": "All done."})
    calls = [("mcp__server__get_user_profile", {"id": 7}), ("mcp--server--get_user-profile", {"id": 8}),
             ("mcp__server__two_ways", {}), ("mcp__server__nothing", {})]  # fmt: skip
    made: list[tuple[str, Mapping[str, Any]]] = []
    async with agents(tmp_path, Model(main=[*calls, done])) as agent:
        ada = agent("ada")
        session = await ada.host.sessions.open("ada")
        with session.entered("test.mcp"):
            for name in (
                "mcp--server--get-user-profile",
                "mcp--server--two-ways",
                "mcp--server--two_ways",
            ):
                vscode.lm.register_tool(name, Told(name, made), description="A tool")
        await ada.allow(
            autoApprovalEnabled=True, alwaysAllowMcp=True, allowedMcpTools=["mcp--server--get-user-profile"]
        )
        task = await ada.task()
        assert (await ada.rest(task))["status"] == "completed", await ada.shown(task)
        tools = await ada.tools(task)
        assert [status for _, status, _ in tools] == ["done", "done", "failed", "failed", "done"], tools
        assert [dict(given) for _, given in made] == [{"id": 7}, {"id": 8}]
        assert "mcp--server--two-ways or mcp--server--two_ways" in tools[2][2]
