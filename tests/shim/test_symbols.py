"""Symbols, links and folds refuse what VS Code refuses."""

from __future__ import annotations

import re
from typing import Any

import pytest

from sessions.errors import InvalidValue
from shim.enums import DocumentHighlightKind, SymbolKind
from shim.ranges import Location, Range
from shim.symbols import (
    CallHierarchyIncomingCall,
    CallHierarchyItem,
    CodeLens,
    ColorInformation,
    DocumentHighlight,
    DocumentLink,
    DocumentSymbol,
    LinkedEditingRanges,
    SelectionRange,
    SymbolInformation,
)
from shim.types import Color, Command
from shim.uri import Uri

HERE, INSIDE, EMPTY = Range(0, 0, 5, 0), Range(1, 0, 2, 0), Range(1, 1, 1, 1)
URI = Uri.file("/a")


def test_a_symbol_is_somewhere_in_both_of_vs_codes_forms() -> None:
    new = SymbolInformation("foo", SymbolKind.ARRAY, "Bar", Location(URI, HERE))
    old = SymbolInformation("foo", SymbolKind.ARRAY, HERE, URI, "Bar")
    for symbol in (new, old):
        assert (symbol.container_name, symbol.location.uri, symbol.location.range) == ("Bar", URI, HERE)
    assert SymbolInformation("foo", SymbolKind.ARRAY, HERE).location.uri is None


def test_a_document_symbol_holds_its_own_children() -> None:
    symbol = DocumentSymbol("foo", "", SymbolKind.CLASS, HERE, INSIDE)
    symbol.children.append(DocumentSymbol("bar", "", SymbolKind.METHOD, INSIDE, INSIDE))
    assert DocumentSymbol("foo", "", SymbolKind.CLASS, HERE, INSIDE).children == []


@pytest.mark.parametrize(
    ("make", "field"),
    [
        (lambda: SymbolInformation("", SymbolKind.ARRAY, HERE), "name"),
        (lambda: SymbolInformation("foo", SymbolKind.ARRAY, "Bar"), "range"),
        (lambda: DocumentSymbol("", "", SymbolKind.CLASS, HERE, INSIDE), "name"),
        (lambda: DocumentSymbol("a", "", SymbolKind.CLASS, INSIDE, HERE), "selection_range"),
        (lambda: DocumentLink(EMPTY), "range"),
        (lambda: DocumentLink(HERE, "/a"), "target"),
        (lambda: SelectionRange(HERE, SelectionRange(INSIDE)), "parent"),
        (lambda: ColorInformation(EMPTY, Color(0, 0, 0, 0)), "range"),
        (lambda: ColorInformation(HERE, "red"), "color"),
    ],
)
def test_what_makes_no_sense_is_refused_by_name(make: Any, field: str) -> None:
    with pytest.raises(InvalidValue) as refused:
        make()
    assert refused.value.field == field


def test_what_may_be_left_out_has_vs_codes_default() -> None:
    assert DocumentHighlight(HERE).kind is DocumentHighlightKind.TEXT
    assert SelectionRange(INSIDE, SelectionRange(HERE)).parent is not None
    assert DocumentLink(HERE, URI).tooltip is None
    assert (CodeLens(HERE).is_resolved, CodeLens(HERE, Command("a", "b")).is_resolved) == (False, True)
    assert LinkedEditingRanges([HERE], re.compile("a")) == LinkedEditingRanges([HERE], re.compile("a"))


def test_a_call_says_who_calls_under_vs_codes_name_in_json() -> None:
    item = CallHierarchyItem(SymbolKind.FUNCTION, "f", "", URI, HERE, INSIDE)
    assert CallHierarchyIncomingCall(item, [INSIDE]).to_json() == {"from": item, "fromRanges": [INSIDE]}
