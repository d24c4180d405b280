"""Edits that are asked for, and snippets."""

from __future__ import annotations

from typing import Any

import pytest

from sessions.errors import InvalidValue
from shim.edits import SnippetString, SnippetTextEdit, TextEdit, WorkspaceEdit, WorkspaceEditEntryMetadata
from shim.enums import EndOfLine
from shim.ranges import Position, Range
from shim.uri import Uri

A, B = Uri.file("a.ts"), Uri.file("b.ts")


@pytest.mark.parametrize("text", [None, ""])
def test_an_edit_without_text_deletes(text: str | None) -> None:
    assert TextEdit(Range(1, 1, 2, 11), text).new_text == ""


def test_an_edit_has_a_range_and_text() -> None:
    assert TextEdit.insert(Position(1, 2), "x").range == Range(1, 2, 1, 2)
    assert TextEdit.replace(Range(0, 0, 0, 1), "x").to_json() == {"range": Range(0, 0, 0, 1), "newText": "x"}
    assert TextEdit.set_end_of_line(EndOfLine.CRLF).new_eol is EndOfLine.CRLF
    for args in [(None, "x"), (Position(0, 0), "x"), (Range(0, 0, 0, 0), 5)]:
        with pytest.raises(InvalidValue):
            TextEdit(*args)  # type: ignore[arg-type]


def test_neither_can_it_be_set_later() -> None:
    edit = TextEdit(Range(0, 0, 0, 1), "a")
    for name, wrong in (("range", "x"), ("new_text", 1), ("new_eol", "\n"), ("new_eol", 7)):
        with pytest.raises(InvalidValue, match=name):
            setattr(edit, name, wrong)
    assert (edit.range, edit.new_text, edit.new_eol) == (Range(0, 0, 0, 1), "a", None)
    edit.new_text, edit.new_eol = "b", EndOfLine.CRLF
    assert (edit.new_text, edit.new_eol) == ("b", EndOfLine.CRLF)


def test_text_edits_of_a_resource_are_found_by_its_uri() -> None:
    edit = WorkspaceEdit()
    edit.set(A, [TextEdit.insert(Position(0, 0), "fff")])
    edit.insert(B, Position(1, 1), "fff")
    edit.delete(B, Range(0, 0, 0, 0))
    assert (edit.size, edit.has(A), edit.has(B), edit.has(Uri.file("c"))) == (2, True, True, False)
    assert [(uri, [change.new_text for change in changes]) for uri, changes in edit.entries()] == [
        (A, ["fff"]),
        (B, ["fff", ""]),
    ]
    edit.set(B, None)
    assert (edit.has(B), edit.size, edit.get(B)) == (False, 1, [])


def test_set_adds_to_what_is_there() -> None:
    edit = WorkspaceEdit()
    for text in ("one", "two"):
        edit.set(A, [TextEdit.insert(Position(0, 0), text)])
    assert [change.new_text for change in edit.get(A)] == ["one", "two"]


def test_text_and_file_changes_keep_their_order() -> None:
    edit = WorkspaceEdit()
    edit.replace(A, Range(1, 1, 1, 1), "foo")
    edit.rename_file(A, B, overwrite=True)
    edit.create_file(A, contents=b"x", ignore_if_exists=True)
    edit.delete_file(B, recursive=True, ignore_if_not_exists=True)
    edit.replace(A, Range(2, 1, 2, 1), "bar")
    edit.set(B)
    first, renamed, created, deleted, last = (step.to_json() for step in edit.steps)
    assert (first["uri"], first["edit"].new_text, last["edit"].new_text) == (A, "foo", "bar")
    assert (renamed["old"], renamed["new"], renamed["overwrite"]) == (A, B, True)
    assert ("old" in created, created["new"], created["contents"], created["ignoreIfExists"]) == (False, A, b"x", True)
    assert (deleted["old"], "new" in deleted, deleted["recursive"], deleted["ignoreIfNotExists"]) == (
        B,
        False,
        True,
        True,
    )


def test_edits_may_come_with_metadata_and_be_snippets() -> None:
    edit = WorkspaceEdit()
    metadata = WorkspaceEditEntryMetadata("foo", needs_confirmation=True)
    snippet = SnippetTextEdit.insert(Position(0, 0), SnippetString("$1"))
    edit.set(A, [(TextEdit.insert(Position(0, 0), "x"), metadata), (snippet, None), snippet])
    assert [getattr(step, "metadata", None) for step in edit.steps] == [metadata, None, None]
    assert (len(edit.get(A)), edit.size) == (1, 1)
    edit.set(A, None)
    assert edit.steps == ()


@pytest.mark.parametrize(
    "wrong",
    [
        lambda edit: edit.insert("/a.ts", Position(0, 0), "x"),
        lambda edit: edit.replace(A, None, "x"),
        lambda edit: edit.set(A, ["x"]),
        lambda edit: edit.rename_file(A, "/b"),
    ],
)
def test_what_is_no_edit_is_refused_at_once(wrong: Any) -> None:
    edit = WorkspaceEdit()
    with pytest.raises(InvalidValue):
        wrong(edit)
    assert edit.steps == ()


@pytest.mark.parametrize(
    ("build", "value"),
    [
        (lambda s: s.append_text("I need $ and $"), r"I need \$ and \$"),
        (lambda s: s.append_text(r"I need \$"), r"I need \\\$"),
        (lambda s: s.append_placeholder("fo$o}"), r"${1:fo\$o\}}"),
        (lambda s: s.append_text("foo").append_tabstop(0).append_text("bar"), "foo$0bar"),
        (lambda s: s.append_tabstop().append_tabstop(42).append_tabstop(), "$1$42$2"),
        (
            lambda s: s.append_placeholder(lambda b: b.append_text("abc").append_placeholder("nested")),
            "${1:abc${2:nested}}",
        ),
        (lambda s: s.append_placeholder(lambda b: b.append_tabstop()).append_tabstop(), "${1:$2}$3"),
        (lambda s: s.append_variable("foo"), "${foo}"),
        (lambda s: s.append_variable("A", "b}$c\\"), "${A:b\\}\\$c\\}"),
        (lambda s: s.append_variable("BAR", lambda b: b.append_placeholder("ops")), "${BAR:${1:ops}}"),
        (lambda s: s.append_variable("BAR", lambda b: None), "${BAR}"),
        (lambda s: s.append_choice(["b", "a", "r"]), "${1|b,a,r|}"),
        (lambda s: s.append_choice(["b,1", "a|2", "r\\3", "$x"], 0), r"${0|b\,1,a\|2,r\\3,$x|}"),
        (lambda s: s.append_placeholder("farboo").append_choice(["far", "boo"]), "${1:farboo}${2|far,boo|}"),
    ],
)
def test_a_snippet_is_written_as_vs_code_writes_it(build: Any, value: str) -> None:
    assert build(SnippetString()).value == value


def test_a_snippet_may_begin_with_text() -> None:
    assert SnippetString("a$0").append_text("b").value == "a$0b"
    assert SnippetString(None).value == ""
