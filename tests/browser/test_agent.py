"""The real agent with the scripted model, in the page: it writes, runs, mends, and is asked for leave each time."""

from __future__ import annotations

from pathlib import Path

from playwright.sync_api import expect

from tests.browser.conftest import Open


def test_the_demo_is_gone_through_with_a_key_and_what_it_changed_is_shown(opened: Open, workspace: Path) -> None:
    page = opened("#/session/new")
    field = page.get_by_label("Message to the agent")
    stop, waiting = page.get_by_role("button", name="Stop"), page.locator(".card.waiting")
    expect(field).to_be_visible()
    expect(stop).to_have_count(0)  # nothing runs
    field.fill("Fix the failing test")
    field.press("Enter")
    bar = page.get_by_test_id("approval")
    for asked in ("basket.py", "test_basket.py", "pytest", "basket.py", "pytest"):
        expect(bar).to_contain_text(asked, timeout=15_000)
        if asked == "basket.py":
            expect(bar).to_contain_text("+++ b/demo/basket.py")
        before = bar.get_attribute("data-approval")
        expect(stop).to_be_visible()
        expect(waiting).to_have_count(1)
        expect(waiting.locator(".spin")).to_have_count(0)  # it waits for the user, and does nothing
        page.locator("main").focus()
        page.keyboard.press("y")
        expect(page.locator(f"[data-approval='{before}']")).to_have_count(0, timeout=15_000)
    expect(page.locator(".tasks")).to_contain_text("completed", timeout=15_000)
    assert "quantity >= MANY" in (workspace / "demo/basket.py").read_text()
    expect(stop).to_have_count(0)
    expect(page.locator(".card.completion")).to_be_in_viewport()
    page.get_by_role("button", name="Changes").click()
    expect(page.locator(".file-change").filter(has_text="basket.py").first).to_be_visible()
