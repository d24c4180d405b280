"""Terminal output, numbered lines, checklists and repetition: Roo Code's cases, and what they leave out."""

from __future__ import annotations

from typing import Any

import pytest

from extensions.coder.checklist import Todo, parse_checklist, write_checklist
from extensions.coder.numbering import bare, is_numbered, number
from extensions.coder.output_text import (
    fold_repeats,
    process_backspaces,
    process_carriage_returns,
    readable,
    truncate_output,
)
from extensions.coder.repetition import counted, named
from tests.extensions.coder.cases import cases

OPERATIONS = {
    "add_line_numbers": number,
    "every_line_numbered": is_numbered,
    "strip_line_numbers": lambda text, loose=False: bare(text, loose=loose),
    "truncate_output": truncate_output,
    "process_backspaces": process_backspaces,
    "run_length": fold_repeats,
    "process_cr": process_carriage_returns,
}

NOTHING = {67}
"""Upstream answers `undefined` where it is given `undefined`: there is no such value here."""


@pytest.mark.parametrize("case", cases("roo_terminal_text", apart=NOTHING))
def test_text_is_made_readable_as_in_roo_code(case: dict[str, Any]) -> None:
    assert OPERATIONS[case["op"]](*case["in"]) == case["expect"]  # type: ignore[operator]


def test_a_progress_bar_is_seen_as_its_last_state() -> None:
    bar = "".join(f"\r\x1b[32m{'#' * done}\x1b[0m {done * 10} %" for done in range(11))
    assert readable(f"start\r\n{bar}\r\nend") == f"start\n{'#' * 10} 100 %\nend"


def test_short_lines_that_repeat_are_not_folded() -> None:
    assert fold_repeats("a\na\na\n") == "a\na\na\n"


def test_repeats_at_the_end_are_folded_where_that_is_shorter_than_they_are() -> None:
    line = "x" * 30 + "\n"
    assert fold_repeats(line * 2) == line * 2
    assert fold_repeats(f"{line * 2}end") == f"{line}<previous line repeated 1 additional times>\nend"


def test_of_very_few_lines_only_the_last_are_kept() -> None:
    assert truncate_output("a\nb\nc\nd", 3) == "\n[...1 lines omitted...]\n\nb\nc\nd"


def test_a_character_of_two_columns_is_taken_back_by_two_backspaces() -> None:
    assert process_backspaces("ok 🦊\b\b!") == "ok !"
    assert process_backspaces("ok 🦊\b!") == "ok  !"


def test_a_limit_by_characters_counts_columns_and_cuts_none_in_halves() -> None:
    assert truncate_output("🦊" * 3 + "🐢" * 4, None, 10) == "🦊\n[...4 characters omitted...]\n🐢🐢🐢🐢"
    assert truncate_output("🦊" * 9, None, 5) == "\n[...13 characters omitted...]\n🦊🦊"
    assert truncate_output("🦊" * 5, None, 10) == "🦊" * 5


@pytest.mark.parametrize("case", cases("roo_todo_checklist"))
def test_checklists_are_read_as_in_roo_code(case: dict[str, Any]) -> None:
    found = [{"content": one.content, "status": one.status} for one in parse_checklist(case["in"][0])]
    assert found == case["expect"]


def test_an_item_without_words_is_none() -> None:
    assert parse_checklist("[ ]   \n- [x] \t\n[ ] a\u2028b\x0cc") == [Todo("a\u2028b\x0cc", "pending")]


def test_a_checklist_is_read_as_it_was_written() -> None:
    todos = [Todo("one", "completed"), Todo("two", "in_progress"), Todo("three", "pending")]
    assert parse_checklist(write_checklist(todos)) == todos
    assert len({todo.id for todo in todos}) == 3


@pytest.mark.parametrize("case", cases("roo_tool_repetition"))
def test_repeated_calls_are_stopped_as_in_roo_code(case: dict[str, Any]) -> None:
    seen = None
    for step in case["steps"]:
        call = {**step["params"], "nativeArgs": step["nativeArgs"]}
        seen = counted(seen, named(step["tool"], call), case["in"]["limit"])
        assert (seen is not None) == step["allow"]


def test_scrolling_on_through_a_page_is_no_repetition() -> None:
    seen, scroll = None, {"action": "scroll_down", "coordinate": None}
    for _ in range(9):
        seen = counted(seen, named("browser_action", scroll), 3)
        assert seen is not None
    click = {"action": "click", "coordinate": "4,4"}
    for step in (click, scroll, click, scroll, click):
        seen = counted(seen, named("browser_action", step), 2)
    assert seen is None
