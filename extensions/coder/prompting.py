"""What a model is told before the conversation: the system prompt, section by section, and the tools of a mode.

The order serves providers' caches: what all tasks of a mode share comes first, then what the project says. Nothing in
it changes from step to step; what does is in `environment`.
"""

from __future__ import annotations

import asyncio
from collections.abc import Collection, Iterable, Mapping, Sequence
from typing import Any, Protocol

import shim as vscode
from extensions.coder.agent_files import AgentFiles
from extensions.coder.modes import ALIASES, ALWAYS, FileRestricted, Mode, ToolRefused, UnknownTool, check_tool, is_mcp
from extensions.coder.plugins import Plugins, converted, is_of
from extensions.coder.rules import Wishes
from extensions.coder.skills import Skill
from extensions.coder.texts import filled
from extensions.coder.tool import Tool

PARTS = ("read", "edit", "command", "browser", "mcp")
SEES = frozenset({"screenshot"})
"""Tools whose result is a picture and nothing else."""

MOST_PLUGINS = 90
"""Tools of extensions that a model is offered: some providers take 128 tools in all."""


class Capabilities(Protocol):
    """What a model can do."""

    @property
    def tools(self) -> bool: ...
    @property
    def images(self) -> bool: ...


class PromptService:
    """Makes the prompts of one user's tasks from the agent's files and theirs; `own` are the agent's tools."""

    def __init__(self, files: AgentFiles, own: Sequence[Tool]) -> None:
        self._files = files
        self._own = own
        self._offered: tuple[object, list[vscode.LanguageModelChatTool]] | None = None
        """The agent's tools as they were last offered, and to whom: most steps are those of one mode and model."""
        self._plugins: Plugins = ()
        """Those of extensions as they last were: schemas may be long, and most steps see the same ones."""

    # -- the system prompt

    async def system(self, cwd: vscode.Uri, mode: Mode, *, is_subtask: bool = False) -> list[str]:
        """The system prompt of a mode in a folder: what is everybody's, then what is the user's and the project's."""
        texts = await self._files.texts()
        modes = await self._files.modes(cwd)
        skills = await self._files.skills(cwd, mode.slug)
        rules = await self._files.rules(cwd, mode.slug, wishes(mode))
        shared = [
            mode.role,
            texts["sections/tool_use"],
            capabilities(texts, mode, cwd.path),
            texts["sections/work"],
            filled(texts["sections/modes"], name=mode.name, slug=mode.slug, modes=_listed(modes)),
        ]
        own = [filled(texts["sections/skills"], skills=_offered(skills))] if skills else []
        own += [filled(texts["sections/instructions"], rules=rules.text)] if rules.text else []
        own += [texts["sections/objective"]] + ([texts["sections/objective_subtask"]] if is_subtask else [])
        return ["\n\n".join(one for one in part if one) for part in (shared, own)]

    # -- the tools

    async def tools(
        self, mode: Mode, *, model: vscode.LanguageModelChat | None = None
    ) -> list[vscode.LanguageModelChatTool]:
        """The tools that a mode may use, in a fixed order: ours, then those of extensions and MCP servers by name."""
        texts = await self._files.texts()
        able: Capabilities | None = None if model is None else model.capabilities
        if able is not None and not able.tools:
            return []
        included, disabled = choice(model.id if model else None)
        sees = able is None or able.images
        there = tuple(tool.available is None or tool.available() for tool in self._own)
        whom = (mode, sees, included, disabled, there)
        if self._offered is None or self._offered[0] != whom:
            self._offered = (
                whom,
                [
                    vscode.LanguageModelChatTool(name, texts.get(f"tools/{tool.name}", tool.name), tool.schema)
                    for tool, is_there in zip(self._own, there, strict=True)
                    for name in names(tool, included)
                    if is_there and (sees or name not in SEES) and allows(mode, name, included, disabled)
                ],
            )
        own = self._offered[1]
        if not is_of(self._plugins, there_now := vscode.lm.tools):
            self._plugins = await asyncio.to_thread(converted, there_now)
        more, problems = plugins(self._plugins, mode, {one.name for one in own}, disabled)
        self._files.tell(problems)
        return own + more


def names(tool: Tool, included: Collection[str]) -> Iterable[str]:
    """Under which name a model gets a tool: an alias that its settings include, else the tool's own."""
    return [alias for alias in tool.aliases if alias in included] or [tool.name]


def allows(mode: Mode, name: str, included: Collection[str], disabled: Collection[str]) -> bool:
    """Whether a mode may use a tool at all; on which files is seen at the call."""
    try:
        check_tool(name, mode, included=included, disabled=disabled)
    except FileRestricted:
        return True
    except (ToolRefused, UnknownTool):
        return False
    return True


def plugins(
    there: Plugins, mode: Mode, taken: Collection[str], disabled: Collection[str]
) -> tuple[list[vscode.LanguageModelChatTool], list[str]]:
    """The tools of extensions that a mode may use, and why others are left out. None takes the place of one of ours."""
    found: list[vscode.LanguageModelChatTool] = []
    problems: list[str] = []
    for one, as_offered in there:
        has = any(group.name == "mcp" for group in mode.groups) if is_mcp(one.name) else bool(mode.groups)
        if not has or {one.name} & {*taken, *disabled, *ALWAYS, *ALIASES}:
            continue
        if len(found) == MOST_PLUGINS:
            problems.append(f"Models are offered {MOST_PLUGINS} tools of extensions; there are more: switch some off")
            break
        if isinstance(as_offered, str):
            problems.append(as_offered)
        else:
            found.append(as_offered)
    return found, problems


def choice(model: str | None) -> tuple[frozenset[str], frozenset[str]]:
    """The tools that settings include and disable, for everybody and for one model."""
    settings = vscode.workspace.get_configuration("coder")
    own = _table(_table(settings.get("modelOverrides")).get(model or ""))
    included = (*_names(settings.get("includedTools")), *_names(own.get("includedTools")))
    disabled = (*_names(settings.get("disabledTools")), *_names(own.get("excludedTools")))
    return frozenset(included), frozenset(disabled)


def wishes(mode: Mode) -> Wishes:
    """What the user's settings and the mode say of how to work."""
    settings = vscode.workspace.get_configuration("coder")
    return Wishes(
        language=str(settings.get("language") or ""),
        instructions=str(settings.get("customInstructions") or ""),
        mode_name=mode.name,
        mode_instructions=mode.instructions,
        use_agent_files=settings.get("useAgentRules") is not False,
        use_subfolders=settings.get("enableSubfolderRules") is True,
    )


def capabilities(texts: Mapping[str, str], mode: Mode, cwd: str) -> str:
    """What the mode can do, by its groups."""
    parts = []
    for name in PARTS:
        group = next((one for one in mode.groups if one.name == name), None)
        if group is None:
            continue
        limit = f", but only those that match `{group.file_regex}`" if group.file_regex else ""
        about = f" ({group.description})" if group.file_regex and group.description else ""
        parts.append(filled(texts[f"sections/capabilities_{name}"], restriction=limit + about))
    told = "\n" + "\n".join(parts) if parts else ""
    return filled(texts["sections/capabilities"], cwd=cwd, parts=told).strip()


def _listed(modes: Iterable[Mode]) -> str:
    return "\n".join(f"- {one.name} (`{one.slug}`): {_line(one)}" for one in modes)


def _line(mode: Mode) -> str:
    about = mode.when_to_use or mode.description or mode.role.partition(". ")[0]
    return " ".join(about.split())


def _offered(skills: Iterable[Skill]) -> str:
    return "\n".join(f"- `{one.name}`: {' '.join(one.description.split())} ({one.path})" for one in skills)


def _table(value: Any) -> Mapping[str, Any]:
    return value if isinstance(value, Mapping) else {}


def _names(value: Any) -> tuple[str, ...]:
    return tuple(one for one in value if isinstance(one, str)) if isinstance(value, list | tuple) else ()
