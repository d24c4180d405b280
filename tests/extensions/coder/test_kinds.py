"""Which tools suit which kind of task."""

from __future__ import annotations

import pytest

from extensions.coder.kinds import GROUPS, KINDS, SUITED, hint, kind_of, select_tools
from extensions.coder.tools import TOOLS

NAMES = {tool.name for tool in TOOLS}


@pytest.mark.parametrize(
    ("message", "kind"),
    [
        ("Fix the crash when the list is empty", "bug_fix"),
        ("login doesn't work any more", "bug_fix"),
        ("The test_total test fails", "bug_fix"),
        ("Add a dark mode", "feature_implementation"),
        ("implement pagination for /users", "feature_implementation"),
        ("Review the changes of this branch, and say what is wrong", "code_review"),
        ("Refactor the parser into two classes", "refactoring"),
        ("rename Foo to Bar everywhere", "refactoring"),
        ("What does this repository do?", None),
        ("", None),
    ],
)
def test_a_task_says_what_kind_it_is(message: str, kind: str | None) -> None:
    assert kind_of(message) == kind


@pytest.mark.parametrize("kind", KINDS)
def test_a_kind_has_the_tools_that_are_there_in_the_order_of_their_use(kind: str) -> None:
    assert select_tools(kind, ()) == ()
    assert select_tools(kind, ["read_file", "no_such"]) == ("read_file",)
    assert kind in GROUPS
    assert set(SUITED[kind]) <= NAMES | {"search_files", "codebase_search"}  # type: ignore[index]


def test_a_task_is_told_once_what_suits_it() -> None:
    there = ["read_file", "search_files", "execute_command", "screenshot"]
    told = "bug_fix: these tools are most of use, in about this order: search_files, read_file, execute_command"
    assert hint(None, "Fix the crash", there) == told
    assert hint("code_review", "Fix the crash", there).startswith("code_review: ")
    assert hint(None, "Hello", there) == hint("other", "Fix the crash", there) == hint(None, "Fix it", ()) == ""
