"""The system prompt: every section is there, nothing of it changes between steps, and a mode gets its own tools."""

from __future__ import annotations

import re
from typing import Any

import pytest

import shim as vscode
from extensions.coder import texts
from extensions.coder.agent_files import AgentFiles
from extensions.coder.kinds import KINDS, narrow
from extensions.coder.modes import ALWAYS, Mode
from extensions.coder.prompting import PromptService
from extensions.coder.tool import Tool
from extensions.coder.tools import TOOLS
from sessions.context import SessionContext
from tests.extensions.coder.conftest import lay

pytestmark = pytest.mark.anyio

WORKSPACE = vscode.Uri.file("/workspace")
BUILT_IN = ("architect", "code", "ask", "debug", "orchestrator")
OPEN: dict[str, Any] = {"type": "object", "properties": {}, "additionalProperties": False}


async def never(use: Any, arguments: Any) -> Any:
    raise AssertionError("no tool is called here")


def tool(name: str, **more: Any) -> Tool:
    return Tool(name, OPEN, never, **more)


OWN = (
    tool("read_file"),
    tool("str_replace_editor", aliases=("edit", "search_replace")),
    tool("write_to_file"),
    tool("execute_command"),
    tool("screenshot"),
    tool("codebase_search", available=lambda: False),
    tool("attempt_completion"),
)


@pytest.fixture
def prompts(ada: SessionContext) -> PromptService:
    return PromptService(AgentFiles(), OWN)


async def mode_of(slug: str) -> Mode:
    mode = await AgentFiles().mode(WORKSPACE, slug)
    assert mode is not None
    return mode


async def whole(prompts: PromptService, slug: str, **more: Any) -> str:
    return "\n\n".join(await prompts.system(WORKSPACE, await mode_of(slug), **more))


# -- sections


@pytest.mark.parametrize("slug", BUILT_IN)
async def test_every_section_is_there_in_its_order(prompts: PromptService, roo: vscode.Uri, slug: str) -> None:
    prompt = await whole(prompts, slug)
    headings = re.findall(r"^# (.+)$", prompt, re.MULTILINE)
    assert headings == [
        "Tools",
        "What you can do",
        "How to work",
        "Modes",
        "Skills",
        "Instructions of the user and the project",
        "The task",
    ]
    assert prompt.startswith("You ")
    assert "{{" not in prompt
    for said in ("attempt_completion", "/workspace", f"`{slug}`", "reviewer", "migrate", "make test", "secrets/"):
        assert said in prompt, said


async def test_what_nobody_has_takes_no_room(prompts: PromptService) -> None:
    prompt = await whole(prompts, "ask")
    assert "# Skills" not in prompt
    assert "Instructions of the mode Ask" in prompt
    mode = Mode("plain", "Plain", "You are plain.")
    assert "# Instructions" not in "\n".join(await prompts.system(WORKSPACE, mode))


@pytest.mark.parametrize("slug", BUILT_IN)
async def test_nothing_changes_between_two_steps(prompts: PromptService, roo: vscode.Uri, slug: str) -> None:
    mode = await mode_of(slug)
    first = (await prompts.system(roo, mode), await prompts.tools(mode))
    await lay({"src/shop/new.py": "x = 1\n"})
    again = (await prompts.system(roo, mode), await prompts.tools(mode))
    fresh = (
        await PromptService(AgentFiles(), OWN).system(roo, mode),
        await PromptService(AgentFiles(), OWN).tools(mode),
    )
    assert repr(again).encode() == repr(first).encode() == repr(fresh).encode()


async def test_what_is_everybodys_comes_first_and_holds_nothing_of_the_project(
    prompts: PromptService, roo: vscode.Uri
) -> None:
    shared, own = await prompts.system(roo, await mode_of("debug"))
    assert "integers of cents" in own
    assert "integers of cents" not in shared
    assert shared.index("# Tools") < shared.index("# Modes")


async def test_a_changed_rule_is_in_the_next_prompt(prompts: PromptService, roo: vscode.Uri) -> None:
    await whole(prompts, "code")
    await lay({".roo/rules/01-style.md": "Amounts are decimals.\n"})
    assert "decimals" in await whole(prompts, "code")


async def test_the_prompt_says_what_the_mode_can_do_and_no_more(prompts: PromptService) -> None:
    code, architect, orchestrator = [await whole(prompts, slug) for slug in ("code", "architect", "orchestrator")]
    assert "Run commands" in code
    assert "Run commands" not in architect
    assert r"only those that match `\.md$` (Markdown files only)" in architect
    assert "Read and search" not in orchestrator


async def test_a_subtask_is_told_that_it_is_one(prompts: PromptService) -> None:
    assert "This is a subtask" in await whole(prompts, "code", is_subtask=True)
    assert "This is a subtask" not in await whole(prompts, "code")


async def test_settings_are_in_the_prompt(prompts: PromptService, ada: SessionContext) -> None:
    ada.settings.register_defaults(
        {"coder.language": "Français", "coder.customInstructions": "Say vous.", "coder.useAgentRules": False}
    )
    await lay({"AGENTS.md": "turned off"})
    prompt = await whole(prompts, "code")
    assert "Français" in prompt
    assert "Say vous." in prompt
    assert "turned off" not in prompt


# -- tools


async def names(prompts: PromptService, slug: str, **more: Any) -> list[str]:
    return [one.name for one in await prompts.tools(await mode_of(slug), **more)]


async def test_a_mode_gets_the_tools_of_its_groups(prompts: PromptService) -> None:
    assert await names(prompts, "orchestrator") == ["attempt_completion"]
    assert await names(prompts, "ask") == ["read_file", "attempt_completion"]
    every = ["read_file", "str_replace_editor", "write_to_file", "execute_command", "screenshot", "attempt_completion"]
    assert await names(prompts, "code") == every


async def test_an_alias_that_is_included_takes_the_tools_place(prompts: PromptService, ada: SessionContext) -> None:
    ada.settings.register_defaults({"coder.includedTools": ["search_replace"], "coder.disabledTools": ["screenshot"]})
    found = await names(prompts, "code")
    assert "search_replace" in found
    assert "str_replace_editor" not in found
    assert "screenshot" not in found


class Blind:
    """A model without eyes."""

    id = "acme/blind"

    class capabilities:
        tools = True
        images = False


class Mute(Blind):
    """A model that calls nothing."""

    class capabilities:
        tools = False
        images = False


async def test_a_model_gets_what_it_can_use(prompts: PromptService, ada: SessionContext) -> None:
    assert "screenshot" not in await names(prompts, "code", model=Blind())
    assert await names(prompts, "code", model=Mute()) == []
    ada.settings.register_defaults({"coder.modelOverrides": {"acme/blind": {"excludedTools": ["write_to_file"]}}})
    assert "write_to_file" not in await names(prompts, "code", model=Blind())
    assert "write_to_file" in await names(prompts, "code")


@pytest.mark.parametrize("kind", KINDS)
async def test_a_kind_of_task_never_adds_to_a_mode(prompts: PromptService, kind: str) -> None:
    for slug in BUILT_IN:
        mode = await mode_of(slug)
        narrowed = {one.name for one in await prompts.tools(narrow(mode, kind))}
        assert narrowed <= set(await names(prompts, slug))
    review = await prompts.tools(narrow(await mode_of("code"), "code_review"))
    assert "write_to_file" not in {one.name for one in review}


async def test_tools_of_extensions_come_after_ours_and_take_no_place_of_theirs(
    prompts: PromptService, ada: SessionContext
) -> None:
    for name in ("zebra", "mcp--db--query", "read_file", "new_task", "apple", "write_file"):
        vscode.lm.register_tool(name, object(), description=f"{name} of an extension")
    found = {one.name: one.description for one in await prompts.tools(await mode_of("ask"))}
    assert list(found) == ["read_file", "attempt_completion", "apple", "mcp--db--query", "zebra"]
    assert found["read_file"] != "read_file of an extension"
    assert await names(prompts, "orchestrator") == ["attempt_completion"]


# -- the files


def test_every_tool_of_ours_has_its_prompt() -> None:
    told = texts.load()
    missing = [one.name for one in TOOLS if not told.get(f"tools/{one.name}")]
    assert missing == []
    assert {"run_slash_command", "skill"} <= ALWAYS
    unnamed = [
        f"{one.name}: {name}"
        for one in TOOLS
        for name, about in one.parameters["properties"].items()
        if not about.get("description") and f"`{name}`" not in told[f"tools/{one.name}"]
    ]
    assert unnamed == []


def test_a_gap_that_nobody_fills_is_an_error() -> None:
    with pytest.raises(KeyError):
        texts.filled("{{nobody}}", somebody="x")
