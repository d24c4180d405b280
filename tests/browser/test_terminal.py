"""A person's terminals in the page."""

from __future__ import annotations

import re
from collections.abc import Callable

from playwright.sync_api import Page, WebSocketRoute, expect

from tests.browser.conftest import Line, Open, end_session, violations
from tests.browser.test_session import until
from tests.client import Process


def typed(page: Page, line: str) -> None:
    expect(page).to_have_url(re.compile("#/terminal$"))  # the new one is shown, and not another
    page.locator(".xterm").click()
    page.keyboard.type(line + "\n")


def test_a_shell_runs_what_is_typed_and_is_there_again_after_the_page_is_loaded_anew(opened: Open) -> None:
    page = opened("#/terminal/new")
    typed(page, "echo $((6 * 7))-answers")
    expect(page.locator(".xterm-rows")).to_contain_text("42-answers")
    page.reload()
    expect(page.locator(".xterm-rows")).to_contain_text("42-answers")
    assert violations(page) == []


def test_a_shell_gets_the_keys_that_it_needs_itself(opened: Open) -> None:
    page = opened("#/terminal/new")
    typed(page, "echo before-$((1+1))")
    expect(page.locator(".xterm-rows")).to_contain_text("before-2")
    page.keyboard.type("exit 3")
    page.keyboard.press("Control+a")
    page.keyboard.press("Control+k")  # readline's: cut the line
    page.keyboard.press("Control+p")  # the line before
    page.keyboard.press("Enter")
    expect(page.locator(".xterm-rows")).to_contain_text(re.compile(r"before-2\D.*before-2", re.S))
    page.keyboard.press("Control+Shift+p")
    expect(page.get_by_placeholder("Type a command or a place")).to_be_focused()


def test_output_goes_on_where_it_was_when_the_line_was_cut(opened: Open) -> None:
    line = Line()
    page = opened("#/terminal/new", before=line.watch)
    typed(page, "clear; for i in $(seq 1 25); do echo line-$i-; sleep 0.05; done; echo over-$((1+1))")
    expect(page.locator(".xterm-rows")).to_contain_text("line-3-")
    line.cut()
    expect(page.get_by_test_id("pill")).to_contain_text("reconnecting")
    expect(page.get_by_test_id("pill")).to_contain_text(re.compile("^(connected|caught up)"))
    expect(page.locator(".xterm-rows")).to_contain_text("over-2")
    assert re.findall(r"line-(\d+)-", page.locator(".xterm-rows").inner_text()) == [str(one) for one in range(1, 26)]


class Slow(Line):
    """A line on which a terminal is not attached to before that is let through."""

    def __init__(self) -> None:
        super().__init__()
        self.held: list[Callable[[], None]] | None = []

    def heard(self, way: WebSocketRoute, server: WebSocketRoute, message: str | bytes) -> None:
        if self.held is not None and isinstance(message, str) and '"terminal.attach"' in message:
            self.held.append(lambda: super(Slow, self).heard(way, server, message))
        else:
            super().heard(way, server, message)

    def let_through(self) -> None:
        held, self.held = self.held or (), None
        for message in held:
            message()


def test_what_is_typed_before_a_new_terminal_is_there_is_not_lost(opened: Open, local: Process) -> None:
    end_session(local.base)  # else terminals of other tests are shown meanwhile
    line = Slow()
    page = opened("#/terminal/new", before=line.watch)
    page.locator(".xterm").click()
    page.keyboard.type("echo whole-$((6 * 7))-line\n")
    until(page, lambda: bool(line.held))
    line.let_through()
    expect(page.locator(".xterm-rows")).to_contain_text("whole-42-line")


def test_megabytes_of_output_are_taken_and_acknowledged(opened: Open) -> None:
    page = opened("#/terminal/new")
    typed(page, "seq 1 400000; echo end-$((2+2))")
    expect(page.locator(".xterm-rows")).to_contain_text("end-4", timeout=20_000)
