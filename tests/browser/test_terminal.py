"""A person's terminals in the page."""

from __future__ import annotations

import json
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
    """A line on which what asks for one thing is held before it is let through."""

    def __init__(self, method: str) -> None:
        super().__init__()
        self.method = f'"{method}"'
        self.held: list[Callable[[], None]] | None = []
        self.asked = 0

    def heard(self, way: WebSocketRoute, server: WebSocketRoute, message: str | bytes) -> None:
        if self.held is not None and isinstance(message, str) and self.method in message:
            self.asked = json.loads(message)["id"]
            self.held.append(lambda: super(Slow, self).heard(way, server, message))
        else:
            super().heard(way, server, message)

    def let_through(self) -> None:
        held, self.held = self.held or (), None
        for message in held:
            message()

    def refuse(self, why: str) -> None:
        """Answer what was held last in the host's place."""
        error = {"code": -32000, "message": why}
        self.ways[-1].send(json.dumps({"jsonrpc": "2.0", "id": self.asked, "error": error, "uid": "local"}))


def test_what_is_typed_before_a_new_terminal_is_there_is_not_lost(opened: Open, local: Process) -> None:
    end_session(local.base)  # else terminals of other tests are shown meanwhile
    line = Slow("terminal.attach")
    page = opened("#/terminal/new", before=line.watch)
    page.locator(".xterm").click()
    page.keyboard.type("echo whole-$((6 * 7))-line\n")
    until(page, lambda: bool(line.held))
    line.let_through()
    expect(page.locator(".xterm-rows")).to_contain_text("whole-42-line")


def test_keys_after_those_that_lead_to_a_terminal_wait_for_it_and_go_nowhere_else(opened: Open, local: Process) -> None:
    end_session(local.base)
    line = Slow("window.createTerminal")
    page = opened(before=line.watch)
    page.keyboard.press("Control+Shift+h")
    expect(page.get_by_role("textbox", name="Search in files")).to_be_focused()
    page.keyboard.type("def")
    page.keyboard.press("Control+Backquote")
    page.keyboard.type("mistyped")
    page.keyboard.press("Control+u")  # the shell's: forget the line
    page.keyboard.type("echo held-$((6 * 7))\n")
    terminals = page.get_by_role("region", name="Terminals")
    expect(terminals.get_by_text("Starting a terminal…").last).to_be_visible()
    expect(page.get_by_text("No terminal is open")).to_have_count(0)
    expect(page.get_by_role("textbox", name="Search in files")).to_have_value("def")
    assert violations(page) == []
    until(page, lambda: bool(line.held))
    line.let_through()
    expect(terminals.locator(".xterm-rows")).to_contain_text("held-42")
    expect(terminals.locator(".xterm :focus")).to_have_count(1)


def test_what_was_typed_for_a_terminal_that_cannot_be_is_typed_into_no_other(opened: Open, local: Process) -> None:
    end_session(local.base)
    line = Slow("window.createTerminal")
    line.held = None
    page = opened(before=line.watch)
    page.keyboard.press("Control+Backquote")
    terminals = page.get_by_role("region", name="Terminals")
    expect(terminals.locator(".xterm-rows")).to_have_text(re.compile(r"\S"))
    line.held = []
    terminals.get_by_role("button", name="New terminal").click()
    page.keyboard.type("touch wrong\n")
    until(page, lambda: bool(line.held))
    line.refuse("there is no room")
    expect(terminals.get_by_role("alert")).to_contain_text("there is no room")
    expect(terminals.get_by_text("Starting a terminal…")).to_have_count(0)
    terminals.locator(".xterm").click()
    page.keyboard.type("echo after-$((1 + 1))\n")
    expect(terminals.locator(".xterm-rows")).to_contain_text("after-2")
    expect(terminals.locator(".xterm-rows")).not_to_contain_text("wrong")


def test_megabytes_of_output_are_taken_and_acknowledged(opened: Open) -> None:
    page = opened("#/terminal/new")
    typed(page, "seq 1 400000; echo end-$((2+2))")
    expect(page.locator(".xterm-rows")).to_contain_text("end-4", timeout=20_000)
