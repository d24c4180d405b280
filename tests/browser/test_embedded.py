"""The page inside another app, under a path of that app, with that app's login."""

from __future__ import annotations

import re

import pytest
from playwright.sync_api import expect

from tests.browser.conftest import Open
from tests.examples.test_embed import outer

__all__ = ["outer"]


def test_everything_works_below_the_path_that_it_is_mounted_at(
    opened: Open, outer: str, request: pytest.FixtureRequest
) -> None:
    request.node.expected_complaints = "401|404"  # the outer app has no icon
    page = opened("code/", base=outer)
    expect(page.get_by_text("Log in to the app around this host")).to_be_visible()
    page.goto(f"{outer}/login/ada")
    page.goto(f"{outer}/code/")
    expect(page.locator(".status .who")).to_have_text("ada")
    page.evaluate("location.hash = '#/files'")
    page.locator("input[type=file]").set_input_files({"name": "a.py", "mimeType": "text/plain", "buffer": b"x = 1\n"})
    page.get_by_role("treeitem", name="a.py").click()
    expect(page.locator(".cm-content")).to_contain_text("x = 1")
    page.evaluate("location.hash = '#/terminal/new'")
    expect(page.locator(".xterm-rows").first).to_have_text(re.compile(r"\S"))
    page.keyboard.type("cat a.py\n")
    expect(page.locator(".xterm-rows").first).to_contain_text("x = 1")
    page.evaluate("location.hash = '#/session/new'")
    page.get_by_label("Message to the agent").fill("fix the failing test")
    page.get_by_label("Message to the agent").press("Enter")
    bar = page.get_by_test_id("approval")
    expect(bar).to_contain_text("basket.py", timeout=15_000)
    bar.get_by_role("button", name="Reject").click()
    page.get_by_role("button", name="Stop").click()
    for place, seen in (("usage", "Usage"), ("settings", "Models")):
        page.evaluate(f"location.hash = '#/{place}'")
        expect(page.locator("main")).to_contain_text(seen)
