"""Modes: what the agent is, and which tools it may use on which files. Values and rules; no file is read here.

The five built-in modes and their groups are Roo Code's; custom ones come from `.roomodes` and the user's settings.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field
from types import MappingProxyType
from typing import Any

from extensions.coder.mcp_names import is_mcp_tool
from extensions.coder.patch import AddFile, BadPatch, DeleteFile, UpdateFile, parse_patch
from extensions.coder.patterns import matches
from extensions.coder.readonly import edits_files

GROUPS: Mapping[str, frozenset[str]] = MappingProxyType({
    "read": frozenset({"read_file", "search_files", "list_files", "codebase_search", "list_code_definition_names",
                       "parse_ast", "get_diagnostics", "find_definitions", "find_references", "open_file",
                       "show_diff"}),
    "edit": frozenset({"apply_diff", "write_to_file", "generate_image", "str_replace_editor", "insert_text"}),
    "command": frozenset({"execute_command", "read_command_output", "terminal_session", "start_process",
                          "get_process_output", "kill_process"}),
    "browser": frozenset({"browser_action", "screenshot"}),
    "mcp": frozenset({"use_mcp_tool", "access_mcp_resource"}),
})  # fmt: skip

ON_REQUEST: Mapping[str, frozenset[str]] = MappingProxyType(
    {
        "edit": frozenset({"edit", "search_replace", "edit_file", "apply_patch"}),
    }
)
"""Tools of a group that a model only gets where its settings include them."""

ALIASES: Mapping[str, str] = MappingProxyType(
    {"write_file": "write_to_file", "search_and_replace": "edit", "insert_content": "insert_text"}
)
"""Other names of tools: what modes and settings say of the one counts for the other."""

ALWAYS = frozenset({
    "ask_followup_question", "attempt_completion", "switch_mode", "new_task", "update_todo_list", "run_slash_command",
    "skill", "show_notification",
})  # fmt: skip

CONTENT = ("content", "diff", "patch", "old_string", "new_string", "search", "replace", "operations", "line")
"""Parameters that make a call an edit; a call whose path has arrived before them is none yet."""


class FileRestricted(PermissionError):
    """The mode may edit, but not this file."""


class ToolRefused(PermissionError):
    """The mode may not use the tool."""


class UnknownTool(LookupError):
    """There is no such tool."""


@dataclass(frozen=True, slots=True)
class Group:
    """A group of tools a mode has; edits only of files that match `file_regex` where it is given."""

    name: str
    file_regex: str | None = None
    description: str | None = None


@dataclass(frozen=True, slots=True)
class Mode:
    """What an agent is in a task."""

    slug: str
    name: str
    role: str = ""
    groups: tuple[Group, ...] = ()
    when_to_use: str = ""
    description: str = ""
    instructions: str = ""
    source: str = field(default="built-in", compare=False)


def _groups(*names: str | Group) -> tuple[Group, ...]:
    return tuple(Group(name) if isinstance(name, str) else name for name in names)


MARKDOWN = Group("edit", r"\.md$", "Markdown files only")

BUILT_IN: tuple[Mode, ...] = (
    Mode("architect", "Architect", groups=_groups("read", MARKDOWN, "mcp")),
    Mode("code", "Code", groups=_groups("read", "edit", "command", "browser", "mcp")),
    Mode("ask", "Ask", groups=_groups("read", "mcp")),
    Mode("debug", "Debug", groups=_groups("read", "edit", "command", "browser", "mcp")),
    Mode("orchestrator", "Orchestrator"),
)


def find_mode(slug: str, custom: Collection[Mode] = ()) -> Mode | None:
    """The mode of that name; a custom one stands before a built-in one."""
    return next((mode for mode in (*custom, *BUILT_IN) if mode.slug == slug), None)


def check_tool(
    tool: str,
    mode: Mode,
    arguments: Mapping[str, Any] | None = None,
    *,
    disabled: Collection[str] = (),
    included: Collection[str] = (),
    plugins: Collection[str] = (),
) -> None:
    """Raise `UnknownTool`, `ToolRefused` or `FileRestricted` unless the mode may make this call.

    `plugins` are tools of extensions: every mode that has a group may use them, as Roo Code's custom tools; those of
    MCP servers take the group `mcp`.
    """
    if not is_known(tool) and tool not in plugins:
        raise UnknownTool(f"there is no tool {tool!r}")
    meant = ALIASES.get(tool, tool)
    if meant in _meant(disabled):
        raise _refused(tool, mode)
    if meant in ALWAYS or (tool in plugins and mode.groups and not is_mcp(tool)):
        return
    group = next((one for one in mode.groups if _has(one.name, meant, _meant(included))), None)
    if group is None:
        raise _refused(tool, mode)
    if group.name == "edit" and group.file_regex is not None:
        _check_files(tool, mode, group, arguments or {})


def _meant(names: Collection[str]) -> set[str]:
    return {ALIASES.get(name, name) for name in names}


def _refused(tool: str, mode: Mode) -> ToolRefused:
    return ToolRefused(f"the mode {mode.slug!r} may not use {tool!r}: switch the mode, or use another tool")


def _has(group: str, tool: str, included: Collection[str]) -> bool:
    if group == "mcp" and is_mcp(tool):
        return True
    return tool in GROUPS.get(group, ()) or (tool in included and tool in ON_REQUEST.get(group, ()))


def is_mcp(tool: str) -> bool:
    """Whether the name is that of an MCP server's tool (`mcp--server--tool`, `mcp_server_tool`)."""
    return is_mcp_tool(tool) or tool.startswith("mcp_")


def is_known(tool: str) -> bool:
    """Whether the tool is one of ours or of an MCP server."""
    every = (*GROUPS.values(), *ON_REQUEST.values(), ALWAYS)
    return is_mcp(tool) or any(ALIASES.get(tool, tool) in some for some in every)


def _check_files(tool: str, mode: Mode, group: Group, arguments: Mapping[str, Any]) -> None:
    for path in edited_files(tool, arguments):
        _check_name(tool, mode, group, path)


def check_file(tool: str, mode: Mode, path: str) -> None:
    """Raise `FileRestricted` unless the mode may edit this file: where the path of a call really leads."""
    for group in mode.groups:
        if group.name == "edit":
            _check_name(tool, mode, group, path)


def _check_name(tool: str, mode: Mode, group: Group, path: str) -> None:
    if group.file_regex is not None and not matches(group.file_regex, path):
        what = f" ({group.description})" if group.description else ""
        raise FileRestricted(
            f"{tool}: the mode {mode.slug!r} may only edit files that match {group.file_regex}{what}, not {path}"
        )


def may_edit_all(mode: Mode) -> bool:
    """Whether the mode may edit whatever file it likes."""
    return any(group.name == "edit" and group.file_regex is None for group in mode.groups)


def check_command(mode: Mode, line: str, folders: Sequence[str]) -> None:
    """Raise `ToolRefused` where a mode that may not edit every file would edit by the shell.

    What a line writes cannot be told for sure, so that a pattern for files is no leave for it.
    """
    if not may_edit_all(mode) and edits_files(line, folders):
        raise ToolRefused(
            f"the mode {mode.slug!r} may not edit files by commands, and this one edits files or cannot be understood: "
            "use commands that only read (temporary files below /tmp are fine), an editing tool if the mode has one, "
            "or switch the mode"
        )


def edited_files(tool: str, arguments: Mapping[str, Any]) -> list[str]:
    """The paths that a call writes, removes or moves to. A patch that cannot be read raises `ToolRefused`."""
    if tool == "apply_patch":
        return _patched(str(arguments.get("patch") or ""))
    path = arguments.get("path") or arguments.get("file_path")
    is_edit = any(arguments.get(name) is not None for name in CONTENT)
    return [str(path)] if path and is_edit else []


def _patched(patch: str) -> list[str]:
    try:
        hunks = parse_patch(patch)
    except BadPatch as error:
        raise ToolRefused(f"apply_patch: {error}") from None
    paths = [hunk.path for hunk in hunks if isinstance(hunk, AddFile | DeleteFile | UpdateFile)]
    return paths + [hunk.move_to for hunk in hunks if isinstance(hunk, UpdateFile) and hunk.move_to]
