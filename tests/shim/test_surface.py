"""surface: what clients are told of pieces, early and late, and that it is bounded and each user's own."""

from __future__ import annotations

from pathlib import Path
from types import SimpleNamespace
from typing import Any, cast

import pytest

import shim as vscode
from host.language_methods import Given
from sessions.context import SessionContext
from sessions.errors import InvalidValue, QuotaExceeded
from shim import MarkdownString, StatusBarAlignment, StatusBarItem, ThemeColor, ThemeIcon, Uri
from shim.surface import LARGEST, MOST, Surface, plain
from tests.people import people
from tests.shim.screen import Screen

pytestmark = pytest.mark.anyio


async def test_a_client_that_comes_late_shows_the_same_as_one_that_was_there(ada: SessionContext) -> None:
    early = Screen(ada)
    with ada.entered("acme.hello"):
        items = [vscode.window.create_status_bar_item(f"item{number}") for number in range(5)]
        for item in items:
            item.text = item.id
            item.show()
        await early.settle()
        items[1].text = "changed"
        items[2].hide()
        items[3].dispose()
        items[4].tooltip = "why"
        items[4].tooltip = None
    await early.settle()
    late = Screen(ada, late=True)
    assert early.pieces == late.pieces
    assert [state["text"] for state in late.of("statusBarItem")] == ["item0", "changed", "item4"]


async def test_changes_that_follow_each_other_fast_are_told_as_one(ada: SessionContext) -> None:
    screen = Screen(ada)
    with ada.entered():
        item = vscode.window.create_status_bar_item()
        item.show()
        await screen.settle()
        before = len(screen.events)
        for number in range(1_000):
            item.text = str(number)
    await screen.settle()
    assert screen.events[before:] == [
        ("window.onDidChangeSurface", {"kind": "statusBarItem", "handle": item.handle, "changes": {"text": "999"}})
    ]


async def test_what_did_not_change_is_not_told_again(ada: SessionContext) -> None:
    screen = Screen(ada)
    with ada.entered():
        item = vscode.window.create_status_bar_item()
        item.text = "same"
        item.show()
        await screen.settle()
        before = len(screen.events)
        item.text = "same"
        item.show()
    await screen.settle()
    assert len(screen.events) == before


async def test_pieces_are_their_users_own(ada: SessionContext, ben: SessionContext) -> None:
    hers, his = Screen(ada), Screen(ben)
    with ada.entered():
        item = vscode.window.create_status_bar_item()
        item.text = "of ada"
        item.show()
    await hers.settle()
    await his.settle()
    assert hers.of("statusBarItem")
    assert his.events == []
    assert ben.get(Surface).snapshot() == []
    with pytest.raises(InvalidValue, match="names no statusBarItem of this user"):
        ben.get(Surface).find(StatusBarItem, item.handle)


async def test_a_handle_of_another_kind_is_refused(ada: SessionContext) -> None:
    with ada.entered():
        channel = vscode.window.create_output_channel("Log")
    with pytest.raises(InvalidValue, match="handle"):
        ada.get(Surface).find(StatusBarItem, channel.handle)


async def test_an_extension_that_ends_leaves_nothing_behind(ada: SessionContext) -> None:
    screen = Screen(ada)
    for extension in ("acme.one", "acme.two"):
        with ada.entered(extension):
            vscode.window.create_output_channel(extension)
    ada.forget_extension("acme.one")
    await screen.settle()
    assert [state["name"] for state in screen.of("outputChannel")] == ["acme.two"]


async def test_a_user_has_a_bounded_number_of_pieces(ada: SessionContext, ben: SessionContext) -> None:
    with ada.entered():
        items = [vscode.window.create_status_bar_item() for _ in range(MOST)]
        with pytest.raises(QuotaExceeded, match="dispose of items"):
            vscode.window.create_status_bar_item()
        items[0].dispose()
        vscode.window.create_status_bar_item()
    with ben.entered():
        vscode.window.create_status_bar_item()


async def test_a_piece_too_large_to_tell_keeps_no_other_from_being_told(ada: SessionContext) -> None:
    screen = Screen(ada)
    with ada.entered():
        pick = vscode.window.create_quick_pick()
        pick.items = [vscode.QuickPickItem("x" * 9_000) for _ in range(LARGEST // 9_000 + 2)]
        pick.show()
        vscode.window.create_output_channel("beside it")
    await screen.settle()
    assert [screen.kinds[handle] for handle in screen.pieces] == ["outputChannel"]


async def test_all_pieces_of_a_user_together_are_bounded(ada: SessionContext) -> None:
    with ada.entered():
        for _ in range(1_200):
            item = vscode.window.create_status_bar_item()
            item.text = "x" * 9_000
            item.show()
        told = Screen(ada, late=True).of("statusBarItem")
    assert 7 << 20 < sum(len(state["text"]) for state in told) < 8 << 20


@pytest.mark.parametrize(
    ("value", "told"),
    [
        (ThemeColor("a.b"), {"id": "a.b"}),
        (ThemeIcon("sync~spin", ThemeColor("c")), {"id": "sync~spin", "color": {"id": "c"}}),
        (Uri.file("/a b"), "file:///a%20b"),
        (vscode.Command("T", "c.d", arguments=[object()]), {"title": "T", "command": "c.d", "tooltip": None}),
        (StatusBarAlignment.RIGHT, 2),
        (float("nan"), None),
        ([1, (2,), {"three": 3.5}], [1, [2], {"three": 3.5}]),
        (b"bytes"[:0], []),
    ],
)
def test_values_are_told_in_the_words_of_vs_code(value: object, told: object) -> None:
    assert plain(value) == told
    assert plain(MarkdownString("**x**"))["value"] == "**x**"


async def test_what_is_said_of_something_of_an_earlier_life_means_nothing_of_this_one(tmp_path: Path) -> None:
    handles, ids = set(), set()
    for _ in range(2):
        async with people(tmp_path) as sessions:
            ada = await sessions.open("ada")
            with ada.entered():
                handles.add(vscode.window.create_status_bar_item().handle)
            offer = SimpleNamespace(extension="acme.hello")
            ids.add(ada.get(Given).give("code_lens", [(cast(Any, offer), {})])[0]["id"])
    assert len(handles) == len(ids) == 2
