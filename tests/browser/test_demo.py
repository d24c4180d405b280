"""The demo in the page, from the address that `roost demo` prints to the mended shop."""

from __future__ import annotations

from pathlib import Path

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
