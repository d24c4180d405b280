"""The demo in the page, from the address that `roost demo` prints to the mended shop."""

from __future__ import annotations

import signal
from pathlib import Path
from urllib.parse import urlsplit

import pytest
from playwright.sync_api import expect

from host.cli.demo import PROMPT
from tests.browser.conftest import Open, shot
from tests.walks.test_demo import demo


def test_the_printed_address_has_the_prompt_and_enter_and_y_bring_it_to_its_end(opened: Open, tmp_path: Path) -> None:
    with demo(tmp_path / "demo") as host:
        (link,) = [word for line in host.said.splitlines() for word in line.split() if "?prompt=" in word]
        page = opened(link.removeprefix(f"{host.base}/"), base=host.base)
        field = page.get_by_label("Message to the agent")
        expect(field).to_have_value(PROMPT)
        assert "?" not in page.url  # a reload does not fill it in again
        assert host.ask("GET", "tasks")["tasks"] == []  # nothing begins by itself
        page.keyboard.press("Enter")
        bar = page.get_by_test_id("approval")
        for asked in ("pytest", "basket.py", "pytest"):
            expect(bar).to_contain_text(asked, timeout=15_000)
            if "basket" in asked:
                expect(bar).to_contain_text("+++ b/demo/basket.py")
                shot(page, "demo-asks-before-it-edits")
            before = bar.get_attribute("data-approval")
            page.keyboard.press("y")
            expect(page.locator(f"[data-approval='{before}']")).to_have_count(0, timeout=15_000)
        expect(page.locator(".tasks")).to_contain_text("completed", timeout=15_000)
        assert "quantity >= MANY" in (tmp_path / "demo/workspace/demo/basket.py").read_text()
        page.close()  # before its host goes


def test_a_page_that_is_open_while_the_demo_is_killed_shows_what_it_asks_again_and_goes_on(
    opened: Open, tmp_path: Path, request: pytest.FixtureRequest
) -> None:
    request.node.expected_complaints = "ERR_CONNECTION|WebSocket|Failed to load"  # while there is no host
    with demo(tmp_path / "demo") as host:
        task = host.begin()
        page = opened(f"#/session/{task}", base=host.base)
        bar = page.get_by_test_id("approval")
        expect(bar).to_contain_text("pytest", timeout=15_000)
        host.allow(task, host.asked(task))
        expect(bar).to_contain_text("+++ b/demo/basket.py", timeout=15_000)
        host.process.send_signal(signal.SIGKILL)
        host.process.wait(15)
        expect(page.locator(".pill")).to_contain_text("reconnecting", timeout=15_000)
    with demo(tmp_path / "demo", "--port", str(urlsplit(host.base).port)) as host:
        expect(page.locator(".pill.connected")).to_be_visible(timeout=30_000)
        expect(bar).to_contain_text("+++ b/demo/basket.py")
        bar.get_by_role("button", name="Allow once").click()
        expect(bar).to_contain_text("pytest", timeout=15_000)
        bar.get_by_role("button", name="Allow once").click()
        expect(page.locator(".tasks")).to_contain_text("completed", timeout=15_000)
        assert "quantity >= MANY" in (tmp_path / "demo/workspace/demo/basket.py").read_text()
        page.close()  # before its host goes
