"""The numbers that go over the wire and into stored JSON are VS Code's."""

from __future__ import annotations

import json
from enum import IntEnum, IntFlag

import pytest

from shim import enums

KINDS = {name: kind for name, kind in vars(enums).items() if getattr(kind, "__module__", "") == "shim.enums"}


@pytest.mark.parametrize(
    ("kind", "numbers"),
    [
        ("FileType", {"UNKNOWN": 0, "FILE": 1, "DIRECTORY": 2, "SYMBOLIC_LINK": 64}),
        ("FilePermission", {"READONLY": 1}),
        ("FileChangeType", {"CHANGED": 1, "CREATED": 2, "DELETED": 3}),
        ("EndOfLine", {"LF": 1, "CRLF": 2}),
        ("TextDocumentSaveReason", {"MANUAL": 1, "AFTER_DELAY": 2, "FOCUS_OUT": 3}),
        ("DiagnosticSeverity", {"ERROR": 0, "WARNING": 1, "INFORMATION": 2, "HINT": 3}),
        ("DiagnosticTag", {"UNNECESSARY": 1, "DEPRECATED": 2}),
        ("ViewColumn", {"ACTIVE": -1, "BESIDE": -2, "ONE": 1, "TWO": 2, "NINE": 9}),
        ("ProgressLocation", {"SOURCE_CONTROL": 1, "WINDOW": 10, "NOTIFICATION": 15}),
        ("OverviewRulerLane", {"LEFT": 1, "CENTER": 2, "RIGHT": 4, "FULL": 7}),
        ("QuickPickItemKind", {"SEPARATOR": -1, "DEFAULT": 0}),
        ("ConfigurationTarget", {"GLOBAL": 1, "WORKSPACE": 2, "WORKSPACE_FOLDER": 3}),
        ("ExtensionMode", {"PRODUCTION": 1, "DEVELOPMENT": 2, "TEST": 3}),
        ("UIKind", {"DESKTOP": 1, "WEB": 2}),
        ("LogLevel", {"OFF": 0, "TRACE": 1, "DEBUG": 2, "INFO": 3, "WARNING": 4, "ERROR": 5}),
        ("SymbolKind", {"FILE": 0, "CONSTRUCTOR": 8, "TYPE_PARAMETER": 25}),
        ("CompletionItemKind", {"TEXT": 0, "CONSTRUCTOR": 3, "TYPE_PARAMETER": 24, "USER": 25, "ISSUE": 26}),
        ("TerminalExitReason", {"UNKNOWN": 0, "SHUTDOWN": 1, "PROCESS": 2, "USER": 3, "EXTENSION": 4}),
        ("TerminalLocation", {"PANEL": 1, "EDITOR": 2}),
        ("EnvironmentVariableMutatorType", {"REPLACE": 1, "APPEND": 2, "PREPEND": 3}),
        ("TreeItemCollapsibleState", {"NONE": 0, "COLLAPSED": 1, "EXPANDED": 2}),
        ("TextEditorRevealType", {"DEFAULT": 0, "IN_CENTER": 1, "IN_CENTER_IF_OUTSIDE_VIEWPORT": 2, "AT_TOP": 3}),
        ("DecorationRangeBehavior", {"OPEN_OPEN": 0, "CLOSED_CLOSED": 1, "OPEN_CLOSED": 2, "CLOSED_OPEN": 3}),
        ("StatusBarAlignment", {"LEFT": 1, "RIGHT": 2}),
        ("InputBoxValidationSeverity", {"INFO": 1, "WARNING": 2, "ERROR": 3}),
        ("ExtensionKind", {"UI": 1, "WORKSPACE": 2}),
        ("CommentMode", {"EDITING": 0, "PREVIEW": 1}),
        ("CommentThreadCollapsibleState", {"COLLAPSED": 0, "EXPANDED": 1}),
        ("InlineCompletionTriggerKind", {"INVOKE": 0, "AUTOMATIC": 1}),
        ("LanguageModelChatMessageRole", {"USER": 1, "ASSISTANT": 2}),
        ("LanguageModelChatToolMode", {"AUTO": 1, "REQUIRED": 2}),
        ("TaskScope", {"GLOBAL": 1, "WORKSPACE": 2}),
        ("ShellQuoting", {"ESCAPE": 1, "STRONG": 2, "WEAK": 3}),
    ],
)
def test_a_number_is_vs_codes(kind: str, numbers: dict[str, int]) -> None:
    assert {name: KINDS[kind][name].value for name in numbers} == numbers


@pytest.mark.parametrize("kind", KINDS)
def test_an_enumeration_is_named_as_it_is_found_and_its_members_in_capitals(kind: str) -> None:
    assert KINDS[kind].__name__ == kind
    assert issubclass(KINDS[kind], IntEnum | IntFlag)
    assert all(member.name == str(member.name).upper() for member in KINDS[kind])


def test_a_symbolic_link_to_a_file_is_both() -> None:
    link = enums.FileType.FILE | enums.FileType.SYMBOLIC_LINK
    assert (link, json.dumps(link)) == (65, "65")
    assert enums.FileType.FILE in link
    assert enums.FileType.DIRECTORY not in link
