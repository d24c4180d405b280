"""What VS Code has and this host does not: using it raises `NotSupported`, which says why and what to do instead."""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType
from typing import Any

from sessions.errors import RoostError


class NotSupported(RoostError):
    """A part of VS Code's API that is not here; `name` is what was asked for."""

    def __init__(self, name: str, reason: str) -> None:
        super().__init__(f"{name} is not supported here: {reason}")
        self.name = name
        self.reason = reason


class Absent:
    """What stands for something that is not here: it may be named, and any use of it raises `NotSupported`."""

    __slots__ = ("__name__", "_reason")

    def __init__(self, name: str, reason: str) -> None:
        self.__name__ = name
        self._reason = reason

    def __getattr__(self, name: str) -> Any:
        if name.startswith("__") and name.endswith("__"):
            raise AttributeError(name)  # Python itself looks for these: copying, testing, showing
        raise NotSupported(f"{self.__name__}.{name}", self._reason)

    def __call__(self, *arguments: Any, **options: Any) -> Any:
        raise NotSupported(self.__name__, self._reason)

    def __repr__(self) -> str:
        return f"<{self.__name__}: not supported here>"


NOTEBOOKS = "there are no notebooks; open the file as text"
COMMENTS = "there are no comment threads; use diagnostics, or a webview"
DEBUG = "there is no debugger; run the program in a terminal"
TESTS = "there is no test view; run the tests in a terminal or as a task"

VARIABLES = "there are no variables for all terminals; terminals take variables by create_terminal(env=...)"

NAMESPACES: Mapping[str, str] = MappingProxyType(
    {"comments": COMMENTS, "debug": DEBUG, "notebooks": NOTEBOOKS, "tests": TESTS}
)
"""Whole namespaces, and why they are not here."""

NAMES: Mapping[str, str] = MappingProxyType(
    {
        **dict.fromkeys(("Comment", "CommentController", "CommentThread", "CommentRule", "CommentingRanges"), COMMENTS),
        **dict.fromkeys(("CommentReply", "CommentAuthorInformation", "CommentReaction"), COMMENTS),
        **dict.fromkeys(
            (
                *("Breakpoint", "SourceBreakpoint", "FunctionBreakpoint", "DebugSession", "DebugConfiguration"),
                *("DebugAdapterExecutable", "DebugAdapterServer", "DebugAdapterNamedPipeServer", "DebugConsole"),
                *("DebugAdapterInlineImplementation", "DebugThread", "DebugStackFrame", "DebugProtocolSource"),
            ),
            DEBUG,
        ),
        **dict.fromkeys(
            (
                *("NotebookCell", "NotebookCellData", "NotebookCellOutput", "NotebookCellOutputItem", "NotebookData"),
                *("NotebookDocument", "NotebookEditor", "NotebookEdit", "NotebookRange", "NotebookController"),
                *("NotebookCellStatusBarItem", "NotebookRendererScript", "NotebookDocumentContentOptions"),
            ),
            NOTEBOOKS,
        ),
        **dict.fromkeys(
            (
                *("TestController", "TestItem", "TestMessage", "TestMessageStackFrame", "TestRun", "TestRunProfile"),
                *("TestRunRequest", "TestTag", "TestCoverageCount", "FileCoverage", "StatementCoverage"),
                *("BranchCoverage", "DeclarationCoverage"),
            ),
            TESTS,
        ),
        "InlineValueContext": DEBUG,
        **dict.fromkeys(("EnvironmentVariableCollection", "GlobalEnvironmentVariableCollection"), VARIABLES),
        **dict.fromkeys(("EnvironmentVariableMutator", "EnvironmentVariableMutatorOptions"), VARIABLES),
    }
)
"""Single names of the API's top, and why they are not here."""


INSTALLED = "what the host has installed is the operator's; contribute it in extension.toml, or by a setting"
TERMINALS = "terminals show what their programs write; write an OSC 8 link, or let a command create the terminal"
DROPS = "nothing is dropped or pasted into documents as anything but text; offer a code action or a completion"

MEMBERS: Mapping[str, str] = MappingProxyType(
    {
        "languages.register_evaluatable_expression_provider": DEBUG,
        "languages.register_inline_values_provider": DEBUG,
        "languages.register_document_drop_edit_provider": DROPS,
        "languages.register_document_paste_edit_provider": DROPS,
        "lm.register_mcp_server_definition_provider": INSTALLED,
        "window.on_did_change_active_notebook_editor": NOTEBOOKS,
        "window.on_did_change_notebook_editor_selection": NOTEBOOKS,
        "window.on_did_change_notebook_editor_visible_ranges": NOTEBOOKS,
        "window.on_did_change_visible_notebook_editors": NOTEBOOKS,
        "window.show_notebook_document": NOTEBOOKS,
        "window.register_custom_editor_provider": "there are no custom editors; show a webview panel",
        "window.register_terminal_link_provider": TERMINALS,
        "window.register_terminal_profile_provider": TERMINALS,
        "workspace.on_did_change_notebook_document": NOTEBOOKS,
        "workspace.on_did_close_notebook_document": NOTEBOOKS,
        "workspace.on_did_open_notebook_document": NOTEBOOKS,
        "workspace.on_did_save_notebook_document": NOTEBOOKS,
        "workspace.on_will_save_notebook_document": NOTEBOOKS,
        "workspace.open_notebook_document": NOTEBOOKS,
        "workspace.register_notebook_serializer": NOTEBOOKS,
    }
)
"""Single members of namespaces that are here, and why they are not."""


def absent_member(module: str, name: str) -> Absent:
    """What stands for a member of the namespace `shim.<module>`; `AttributeError` where VS Code has none either."""
    full = f"{module.rpartition('.')[2]}.{name}"
    if full in MEMBERS:
        return Absent(full, MEMBERS[full])
    raise AttributeError(f"module {module!r} has no attribute {name!r}")


def absent(name: str) -> Absent | None:
    """What stands for a name that VS Code has and this host does not; None for names that VS Code has not either."""
    reason = NAMESPACES.get(name) or NAMES.get(name)
    return None if reason is None else Absent(name, reason)
