"""The status bar: items that are shown and clicked, and messages that go by themselves."""

from __future__ import annotations

import asyncio
import weakref

import pytest

import shim as vscode
from sessions.context import SessionContext
from shim import Command, StatusBarAlignment, ThemeColor
from shim.statusbar import StatusBarMessage
from shim.surface import Surface
from tests.sessions.stores import eventually
from tests.shim.screen import Screen

pytestmark = pytest.mark.anyio


async def test_an_item_is_seen_once_it_is_shown_and_until_it_is_hidden(ada: SessionContext) -> None:
    screen = Screen(ada)
    with ada.entered("acme.hello"):
        item = vscode.window.create_status_bar_item(StatusBarAlignment.RIGHT, 7)
        item.text, item.tooltip, item.name = "$(check) fine", "all is well", "Wellness"
        item.command = "hello.count"
        await screen.settle()
        assert screen.of("statusBarItem") == []
        item.show()
        assert await screen.shows("statusBarItem") == {
            "id": "acme.hello",
            "alignment": 2,
            "priority": 7,
            "text": "$(check) fine",
            "tooltip": "all is well",
            "name": "Wellness",
            "command": "hello.count",
        }
        item.hide()
        await screen.settle()
        assert screen.of("statusBarItem") == []


async def test_both_forms_of_vs_code_make_an_item(ada: SessionContext) -> None:
    with ada.entered("acme.hello"):
        one = vscode.window.create_status_bar_item("mine", StatusBarAlignment.RIGHT, 3)
        other = vscode.window.create_status_bar_item(StatusBarAlignment.LEFT)
        named = vscode.window.create_status_bar_item(alignment=StatusBarAlignment.RIGHT, priority=9)
    assert (one.id, one.alignment, one.priority) == ("mine", StatusBarAlignment.RIGHT, 3)
    assert (other.id, other.alignment, other.priority) == ("acme.hello", StatusBarAlignment.LEFT, None)
    assert (named.alignment, named.priority) == (StatusBarAlignment.RIGHT, 9)


@pytest.mark.parametrize(
    ("color", "told"),
    [("statusBarItem.errorBackground", {"id": "statusBarItem.errorBackground"}), ("editor.background", None)],
)
async def test_only_two_backgrounds_are_shown(ada: SessionContext, color: str, told: object) -> None:
    screen = Screen(ada)
    with ada.entered():
        item = vscode.window.create_status_bar_item()
        item.background_color = ThemeColor(color)
        assert (item.background_color is None) == (told is None)
        item.show()
    assert (await screen.shows("statusBarItem")).get("backgroundColor") == told


async def test_a_click_runs_the_command_with_arguments_that_never_left_the_host(ada: SessionContext) -> None:
    heard: list[object] = []
    marker = object()
    with ada.entered("acme.hello"):
        vscode.commands.register_command("hello.take", lambda *arguments: heard.append(arguments))
        item = vscode.window.create_status_bar_item()
        item.command = Command("Take", "hello.take", arguments=[marker])
        await item.run()
        item.command = "hello.take"
        await item.run()
        item.command = None
        await item.run()
    assert heard == [(marker,), ()]


async def test_a_disposed_item_stays_away(ada: SessionContext) -> None:
    screen = Screen(ada)
    with ada.entered():
        item = vscode.window.create_status_bar_item()
        item.show()
        await screen.settle()
        item.dispose()
        item.dispose()
        item.text = "again"
        item.show()
    await screen.settle()
    assert screen.of("statusBarItem") == []


async def test_a_message_goes_when_it_is_disposed_of_or_its_time_or_work_is_over(ada: SessionContext) -> None:
    screen = Screen(ada)
    done: asyncio.Future[None] = asyncio.get_running_loop().create_future()
    with ada.entered("acme.hello"):
        mine = vscode.window.set_status_bar_message("until I say so")
        vscode.window.set_status_bar_message("until it is done", done)
        await screen.settle()
        assert [state["text"] for state in screen.of("statusBarMessage")] == ["until I say so", "until it is done"]
        done.set_exception(RuntimeError("it failed, and is over all the same"))
        mine.dispose()
        await eventually(lambda: not ada.busy)
        await screen.settle()
        assert screen.of("statusBarMessage") == []
        vscode.window.set_status_bar_message("a moment", 1)
    await eventually(lambda: not ada.get(Surface).all(StatusBarMessage))


async def test_a_message_for_a_whole_day_keeps_no_session_that_has_ended(ada: SessionContext) -> None:
    with ada.entered("acme.hello"):
        vscode.window.set_status_bar_message("until tomorrow", 86_400_000)
    message = weakref.ref(ada.get(Surface).all(StatusBarMessage)[0])
    await ada.get(Surface).close()
    assert message() is None
