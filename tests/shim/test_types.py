"""The small values: icons, patterns, tabs, tree items, what is dragged."""

from __future__ import annotations

from types import SimpleNamespace
from typing import Any

import pytest

from sessions.errors import InvalidValue
from shim.enums import TreeItemCollapsibleState
from shim.types import (
    Color,
    DataTransfer,
    DataTransferItem,
    QuickInputButtons,
    RelativePattern,
    TabInputText,
    TabInputTextDiff,
    TerminalLink,
    ThemeColor,
    ThemeIcon,
    TreeItem,
)
from shim.uri import Uri

pytestmark = pytest.mark.anyio

A, B = Uri.file("/a"), Uri.file("/b")


@pytest.mark.parametrize("base", [A, "/a", SimpleNamespace(uri=A, name="a", index=0)])
def test_a_pattern_is_relative_to_a_folder_given_in_any_form(base: str) -> None:
    pattern = RelativePattern(base, "**/*.py")
    assert (pattern.base, pattern.base_uri, pattern.pattern) == ("/a", A, "**/*.py")
    assert pattern.to_json() == {"baseUri": A, "base": "/a", "pattern": "**/*.py"}


def test_the_base_of_a_pattern_and_its_uri_are_one() -> None:
    pattern = RelativePattern("/a", "*")
    pattern.base = "/b"
    assert pattern.base_uri == B
    pattern.base_uri = A
    assert pattern.base == "/a"


@pytest.mark.parametrize("args", [(None, "*"), (5, "*"), ("/a", None), (SimpleNamespace(uri="/a"), "*")])
def test_a_pattern_of_something_else_is_refused(args: tuple[str, str]) -> None:
    with pytest.raises(InvalidValue):
        RelativePattern(*args)


def test_icons_and_colours_are_the_same_where_they_are_equal() -> None:
    assert ThemeIcon("file") == ThemeIcon.FILE
    assert ThemeIcon("file", ThemeColor("red")) != ThemeIcon.FILE
    assert (ThemeIcon.FOLDER.id, QuickInputButtons.BACK.icon_path) == ("folder", ThemeIcon("arrow-left"))
    for change in (lambda: setattr(ThemeIcon.FILE, "id", "x"), lambda: setattr(Color(0, 0, 0, 1), "red", 1)):
        with pytest.raises(AttributeError):
            change()


def test_a_tabs_input_is_known_by_its_kind_and_its_uris() -> None:
    assert TabInputText(A) == TabInputText(A)
    assert TabInputTextDiff(A, B).modified == B
    assert isinstance(TabInputText(A), TabInputText) and not isinstance(TabInputTextDiff(A, B), TabInputText)


def test_a_tree_item_is_of_a_label_or_of_a_resource() -> None:
    assert (TreeItem("a").label, TreeItem("a").collapsible_state) == ("a", TreeItemCollapsibleState.NONE)
    item = TreeItem(A, TreeItemCollapsibleState.EXPANDED, context_value="file")
    assert (item.label, item.resource_uri, item.collapsible_state) == (None, A, TreeItemCollapsibleState.EXPANDED)
    assert item.context_value == "file"


@pytest.mark.parametrize(("args", "field"), [((-1, 1), "start_index"), (("0", 1), "start_index"), ((0, 0), "length")])
def test_a_terminal_link_covers_something(args: tuple[Any, int], field: str) -> None:
    with pytest.raises(InvalidValue, match=field):
        TerminalLink(*args)


async def test_what_is_dragged_is_found_by_its_type_in_any_case() -> None:
    first, second = DataTransferItem("a"), DataTransferItem({"b": 1})
    dragged = DataTransfer([("Text/Plain", first), ("text/plain", second)])
    assert dragged.get("TEXT/plain") is first
    assert list(dragged) == [("text/plain", first), ("text/plain", second)]
    dragged.set("text/plain", second)
    seen: list[object] = []
    dragged.for_each(lambda item, mime_type, whole: seen.append((item, mime_type, whole)))
    assert seen == [(second, "text/plain", dragged)]
    assert (dragged.get("a/b"), await first.as_string(), await second.as_string()) == (None, "a", '{"b":1}')
