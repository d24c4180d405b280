"""Diagnostics, and the kinds of what mends them."""

from __future__ import annotations

import pytest

from sessions.errors import InvalidValue
from shim.diagnostics import CodeAction, CodeActionKind, Diagnostic, DiagnosticCode, DiagnosticRelatedInformation
from shim.edits import WorkspaceEdit
from shim.enums import DiagnosticSeverity, DiagnosticTag
from shim.ranges import Location, Position, Range
from shim.uri import Uri

HERE = Range(0, 1, 2, 3)


def whole(tag: DiagnosticTag = DiagnosticTag.DEPRECATED, line: int = 0) -> Diagnostic:
    place = Location(Uri.file("/a"), Position(line, 0))
    related = [DiagnosticRelatedInformation(place, "see")]
    code = DiagnosticCode("E1", Uri.parse("https://example.com/E1"))
    return Diagnostic(HERE, "hello", source="me", code=code, tags=[tag], related_information=related)


def test_a_diagnostic_is_an_error_unless_it_says_otherwise() -> None:
    assert Diagnostic(HERE, "hello").severity is DiagnosticSeverity.ERROR
    assert Diagnostic(HERE, "hello", DiagnosticSeverity.HINT).severity is DiagnosticSeverity.HINT


@pytest.mark.parametrize(
    ("args", "field"), [((None, "a"), "range"), ((HERE, ""), "message"), ((HERE, None), "message")]
)
def test_a_diagnostic_has_a_place_and_a_message(args: tuple[Range, str], field: str) -> None:
    with pytest.raises(InvalidValue, match=field):
        Diagnostic(*args)


def test_diagnostics_are_equal_that_say_the_same() -> None:
    assert whole().is_equal(whole())
    assert Diagnostic(HERE, "a").is_equal(Diagnostic(HERE, "a"))
    for other in (Diagnostic(HERE, "hello"), whole(DiagnosticTag.UNNECESSARY), whole(line=1)):
        assert not whole().is_equal(other)


def test_a_kind_contains_what_is_below_it() -> None:
    extract = CodeActionKind.REFACTOR_EXTRACT
    assert extract.contains(extract.append("other"))
    assert not extract.contains(CodeActionKind.REFACTOR)
    assert extract.intersects(CodeActionKind.REFACTOR)
    assert not extract.intersects(CodeActionKind.REFACTOR.append("other"))
    assert not CodeActionKind.REFACTOR.contains(CodeActionKind.EMPTY.append("refactory"))


def test_a_kind_is_the_same_where_its_name_is() -> None:
    assert CodeActionKind.SOURCE.append("fixAll") == CodeActionKind.SOURCE_FIX_ALL
    assert CodeActionKind.QUICK_FIX.value == "quickfix"
    with pytest.raises(AttributeError):
        CodeActionKind.QUICK_FIX.value = "x"  # type: ignore[misc]


def test_a_code_action_is_filled_in_bit_by_bit_or_at_once() -> None:
    action = CodeAction("Fix it", CodeActionKind.QUICK_FIX)
    action.edit = edit = WorkspaceEdit()
    assert (action.edit, action.is_preferred, action.diagnostics) == (edit, None, None)
    assert CodeAction("Fix it", edit=edit, is_preferred=True).to_json() == {
        "title": "Fix it",
        "edit": edit,
        "isPreferred": True,
    }
