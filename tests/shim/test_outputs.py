"""Output channels: what is kept of their text, how it is read from an offset on, and levels."""

from __future__ import annotations

import re

import pytest

import shim as vscode
from sessions.context import SessionContext
from sessions.errors import InvalidValue
from shim import LogLevel
from shim.outputs import ALL, KEPT, MOST, TOGETHER
from shim.utf16 import utf16_length
from tests.shim.screen import Screen

pytestmark = pytest.mark.anyio


async def test_a_channel_is_read_from_where_one_was(ada: SessionContext) -> None:
    screen = Screen(ada)
    with ada.entered("acme.hello"):
        channel = vscode.window.create_output_channel("Hello", "python")
        channel.append("one ")
        channel.append_line("two 😀")
    first = channel.read()
    assert first == ("one two 😀\n", 0, 11)
    channel.append("three")
    assert channel.read(first.end) == ("three", 11, 16)
    assert channel.read(5) == ("wo 😀\nthree", 5, 16)
    assert channel.read(16) == channel.read(999) == ("", 16, 16)
    state = await screen.shows("outputChannel")
    assert state == {"name": "Hello", "extension": "acme.hello", "languageId": "python", "begin": 0, "end": 16}


async def test_only_the_newest_text_is_kept(ada: SessionContext) -> None:
    with ada.entered():
        channel = vscode.window.create_output_channel("Flood")
        for number in range(100_000):
            channel.append_line(f"line {number} of many more")
        text, begin, end = channel.read()
        assert text.endswith("line 99999 of many more\n")
        assert begin + utf16_length(text) == end
        assert KEPT // 2 < len(text) <= KEPT
        assert len(channel._parts) < 200
        channel.append("😀" * KEPT)
        text, begin, end = channel.read()
        assert (utf16_length(text), end - begin) == (KEPT, KEPT)


async def test_a_line_after_a_long_text_leaves_most_of_that(ada: SessionContext) -> None:
    with ada.entered():
        channel = vscode.window.create_output_channel("Long")
        channel.append("x" * 2 * KEPT)
        channel.append("the end")
        text, begin, end = channel.read()
        assert (begin + len(text), end) == (2 * KEPT + 7, 2 * KEPT + 7)
        assert KEPT - 2 * TOGETHER < len(text) <= KEPT
        assert text.endswith("xthe end")


async def test_the_oldest_of_the_longest_channels_goes_where_all_together_are_too_long(ada: SessionContext) -> None:
    with ada.entered():
        small = vscode.window.create_output_channel("Small")
        small.append("stays")
        channels = [vscode.window.create_output_channel(str(number)) for number in range(ALL // KEPT)]
        for channel in channels:
            channel.append("x" * KEPT)
        kept = [len(one.read().text) for one in channels]
        assert sum(kept) <= ALL - 5
        assert min(kept) >= KEPT - TOGETHER
        assert small.read() == ("stays", 0, 5)
        assert max(one.begin for one in channels) == TOGETHER  # clients are told that its beginning is gone
        for channel in channels[1:]:
            channel.dispose()
        channels[0].append("y" * KEPT)
        assert len(channels[0].read().text) == KEPT


async def test_a_channel_can_be_cleared_and_replaced(ada: SessionContext) -> None:
    with ada.entered():
        channel = vscode.window.create_output_channel("Hello")
        channel.append("old")
        channel.replace("new")
        assert channel.read(0) == ("new", 3, 6)
        channel.clear()
        assert channel.read(0) == ("", 6, 6)


async def test_show_and_hide_reach_the_clients(ada: SessionContext) -> None:
    screen = Screen(ada)
    with ada.entered():
        channel = vscode.window.create_output_channel("Hello")
        channel.show()
        channel.show(True)
        channel.hide()
    await screen.settle()
    me = {"kind": "outputChannel", "handle": channel.handle}
    assert screen.revealed == [
        {**me, "preserveFocus": False},
        {**me, "preserveFocus": True},
        {**me, "hidden": True},
    ]


async def test_a_disposed_channel_takes_nothing_more(ada: SessionContext) -> None:
    with ada.entered():
        channel = vscode.window.create_output_channel("Hello")
        channel.dispose()
        with pytest.raises(InvalidValue, match="'Hello' is disposed of"):
            channel.append("more")


async def test_what_is_appended_to_a_log_channel_is_a_line_of_information(ada: SessionContext) -> None:
    class Odd:
        def __str__(self) -> str:
            return "odd"

    with ada.entered():
        channel = vscode.window.create_output_channel("Log", log=True)
        channel.append("one")
        channel.append_line("two")
        channel.info("three", True, None, [1.5, Odd()], ValueError("four"))
        channel.set_log_level(LogLevel.WARNING)
        channel.append("not kept")
        told = [line.split(" ", 2)[2] for line in channel.read().text.splitlines()]
        assert told == ["[info] one", "[info] two", '[info] three true null [1.5,"odd"] four']
        channel.set_log_level(LogLevel.INFO)
        channel.replace("last")
        assert channel.read().text.endswith(" [info] last\n")
        assert channel.read().text.count("\n") == 1


async def test_a_name_has_no_space_around_it_and_a_language_is_not_empty(ada: SessionContext) -> None:
    with ada.entered():
        assert vscode.window.create_output_channel(" Hello ").name == "Hello"
        with pytest.raises(InvalidValue, match="language_id: must not be empty"):
            vscode.window.create_output_channel("Hello", " ")


@pytest.mark.parametrize("name", ["", "  ", None])
async def test_a_channel_needs_a_name(ada: SessionContext, name: str) -> None:
    with ada.entered(), pytest.raises(InvalidValue, match="name"):
        vscode.window.create_output_channel(name)


async def test_a_user_has_a_bounded_number_of_channels(ada: SessionContext) -> None:
    with ada.entered():
        for number in range(MOST):
            vscode.window.create_output_channel(str(number))
        with pytest.raises(InvalidValue, match="dispose of some"):
            vscode.window.create_output_channel("one more")


async def test_a_log_channel_keeps_what_is_grave_enough(ada: SessionContext) -> None:
    heard: list[LogLevel] = []
    with ada.entered():
        channel = vscode.window.create_output_channel("Log", log=True)
        channel.on_did_change_log_level(heard.append)
        assert channel.log_level == LogLevel.INFO
        channel.debug("not kept")
        channel.info("kept", 1, {"two": 2})
        channel.set_log_level(LogLevel.ERROR)
        channel.warn("not kept")
        channel.error(ValueError("broken"))
        channel.set_log_level(LogLevel.OFF)
        channel.error("not kept")
        channel.set_log_level(LogLevel.TRACE)
        channel.trace("kept too")
    assert heard == [LogLevel.ERROR, LogLevel.OFF, LogLevel.TRACE]
    lines = [re.sub(r"^[-0-9]{10} [:.0-9]{12} ", "", line) for line in channel.read().text.splitlines()]
    assert lines == ['[info] kept 1 {"two":2}', "[error] ValueError: broken", "[trace] kept too"]
