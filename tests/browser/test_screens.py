"""The page as a whole: first paint, its policy, settings, usage, admin, looks, and extensions' questions."""

from __future__ import annotations

import json

import pytest
from playwright.sync_api import expect

from tests.browser.conftest import Open, violations
from tests.client import ROOT, Process

DIST = ROOT / "host/web/dist"


def test_it_paints_within_a_second_and_fetches_nothing_from_elsewhere(opened: Open, local: Process) -> None:
    asked: list[str] = []
    page = opened(before=lambda page: page.on("request", lambda request: asked.append(request.url)))
    expect(page.get_by_test_id("pill")).to_contain_text("connected")
    page.wait_for_function("performance.getEntriesByName('first-contentful-paint').length")  # it is told after a frame
    painted = page.evaluate("performance.getEntriesByName('first-contentful-paint')[0].startTime")
    assert painted < 1_000
    assert [one for one in asked if not one.startswith((local.base, "data:"))] == []


def test_what_is_loaded_before_an_editor_is_small() -> None:
    first = json.loads((DIST / "meta.json").read_text())["first"]
    assert sum((DIST / "assets" / f"{name}.gz").stat().st_size for name in first) <= 250 * 1024


@pytest.mark.parametrize("look", ["light", "dark"])
@pytest.mark.parametrize("screen", ["session", "usage", "settings", "admin"])
def test_nothing_keeps_people_out_of_a_screen(opened: Open, screen: str, look: str) -> None:
    page = opened(f"#/{screen}", color_scheme=look)
    expect(page.get_by_test_id("pill")).to_contain_text("connected")
    expect(page.locator("h1").first).to_be_visible()
    assert violations(page) == []


def test_a_provider_that_does_not_answer_is_not_kept_and_its_key_never_comes_back(
    opened: Open, request: pytest.FixtureRequest
) -> None:
    request.node.expected_complaints = "Failed to load resource"
    page = opened("#/settings")
    page.get_by_role("button", name="Add a provider").click()
    page.get_by_label("Kind").select_option("ollama")
    page.get_by_label("Address").fill("http://127.0.0.1:9/")
    page.get_by_role("button", name="Try and keep").click()
    expect(page.get_by_role("alert")).to_be_visible()
    page.get_by_role("button", name="Cancel").click()
    expect(page.get_by_role("listitem").filter(has_text="ollama")).to_have_count(0)
