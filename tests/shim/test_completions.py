"""What providers offer: the defaults and refusals that VS Code's own classes have."""

from __future__ import annotations

import pytest

from sessions.errors import InvalidValue
from shim.completions import (
    ColorPresentation,
    CompletionItem,
    CompletionList,
    DocumentDropOrPasteEditKind,
    DocumentPasteEdit,
    Hover,
    InlayHint,
    InlineCompletionItem,
    InlineCompletionList,
    InlineValueVariableLookup,
    MarkedCode,
    ParameterInformation,
    SignatureHelp,
    SignatureInformation,
)
from shim.enums import CompletionItemKind, InlayHintKind
from shim.markdown import MarkdownString
from shim.ranges import Position, Range

HERE = Range(0, 0, 0, 1)


def test_a_completion_is_a_label_to_which_all_else_may_be_added() -> None:
    item = CompletionItem("complete")
    item.kind = CompletionItemKind.INTERFACE
    assert item.to_json() == {"label": "complete", "kind": CompletionItemKind.INTERFACE}
    assert CompletionItem("a", CompletionItemKind.FILE, sort_text="1").sort_text == "1"


def test_lists_are_not_shared() -> None:
    CompletionList[CompletionItem]().items.append(CompletionItem("a"))
    assert (CompletionList[CompletionItem]().items, CompletionList[CompletionItem]().is_incomplete) == ([], False)
    assert InlineCompletionList([InlineCompletionItem("a", HERE)]).items[0].range == HERE


@pytest.mark.parametrize("contents", ["a", MarkdownString("a")])
def test_a_hover_of_one_content_is_a_list_of_it(contents: str) -> None:
    assert Hover(contents).contents == [contents]
    assert Hover([contents, contents], HERE).contents == [contents, contents]


def test_a_hover_of_code_may_be_a_mapping() -> None:
    code = {"language": "python", "value": "x"}
    (one,), (first, second) = Hover(code).contents, Hover(["text", code]).contents
    assert isinstance(one, MarkedCode) and isinstance(second, MarkedCode)
    assert (one.language, second.value, first) == ("python", "x", "text")


def test_a_hover_may_have_no_contents_yet() -> None:
    assert Hover([]).contents == []


@pytest.mark.parametrize("contents", [None, ""])
def test_a_hover_of_nothing_is_refused(contents: str) -> None:
    with pytest.raises(InvalidValue, match="contents"):
        Hover(contents)


def test_signatures_begin_with_the_first_parameter_of_the_first() -> None:
    signature = SignatureInformation("f(a)", MarkdownString("does"))
    signature.parameters = [ParameterInformation((2, 3), "what")]
    help = SignatureHelp([signature])
    assert (help.active_signature, help.active_parameter, SignatureHelp().signatures) == (0, 0, [])


def test_a_colour_is_written_somehow() -> None:
    with pytest.raises(InvalidValue, match="label"):
        ColorPresentation("")


def test_hints_and_pastes_keep_what_they_are_given() -> None:
    assert InlayHint(Position(0, 0), "int", InlayHintKind.TYPE).kind is InlayHintKind.TYPE
    assert InlineValueVariableLookup(HERE).case_sensitive_lookup
    kind = DocumentDropOrPasteEditKind.EMPTY.append("text", "updateImports")
    assert kind == DocumentDropOrPasteEditKind.TEXT_UPDATE_IMPORTS
    assert DocumentDropOrPasteEditKind.TEXT.contains(kind)
    assert DocumentPasteEdit("a", "Paste", kind).yield_to is None
