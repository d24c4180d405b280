"""Coming in and going: tokens, names, and two people who see nothing of each other."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from playwright.sync_api import expect

from tests.browser.conftest import Open, violations
from tests.client import Process, running
from tests.tokens import GUARDED, token


@pytest.fixture(scope="module")
def guarded(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Process]:
    with running(tmp_path_factory.mktemp("guarded") / "data", **GUARDED) as started:
        yield started


def test_a_token_lets_one_in_and_logging_out_forgets_it(
    opened: Open, guarded: Process, request: pytest.FixtureRequest
) -> None:
    request.node.expected_complaints = "401"
    page = opened(base=guarded.base)
    page.get_by_label("Token").fill("nonsense")
    page.get_by_role("button", name="Come in").click()
    expect(page.get_by_role("alert")).to_contain_text("token: must be three parts")
    assert violations(page) == []
    page.get_by_label("Token").fill(token("ada"))
    page.get_by_role("button", name="Come in").click()
    expect(page.get_by_test_id("pill")).to_contain_text("connected")
    expect(page.locator(".status .who")).to_have_text("ada")
    page.get_by_role("button", name="Log out").click()
    expect(page.get_by_label("Token")).to_be_visible()


def test_two_people_in_two_profiles_see_nothing_of_each_other(
    opened: Open, guarded: Process, request: pytest.FixtureRequest
) -> None:
    request.node.expected_complaints = "401"
    pages = {}
    for name in ("ada", "grace"):
        page = pages[name] = opened(base=guarded.base)
        page.get_by_label("Token").fill(token(name))
        page.get_by_role("button", name="Come in").click()
        expect(page.locator(".status .who")).to_have_text(name)
        page.evaluate("location.hash = '#/files'")
    upload = {"name": "secret-of-ada.txt", "mimeType": "text/plain", "buffer": b"hers"}
    pages["ada"].locator("input[type=file]").set_input_files(upload)
    expect(pages["ada"].get_by_role("treeitem", name="secret-of-ada.txt")).to_be_visible()
    upload = {"name": "graces.txt", "mimeType": "text/plain", "buffer": b"hers"}
    pages["grace"].locator("input[type=file]").set_input_files(upload)
    expect(pages["grace"].get_by_role("treeitem", name="graces.txt")).to_be_visible()
    expect(pages["grace"].get_by_role("treeitem", name="secret-of-ada.txt")).to_have_count(0)
    expect(pages["ada"].get_by_role("treeitem", name="graces.txt")).to_have_count(0)


def test_where_nobody_checks_a_name_is_asked_for_and_kept_by_the_tab(opened: Open, base: str) -> None:
    page = opened(base=base)
    page.get_by_label("Name").fill("lin")
    page.get_by_role("button", name="Come in").click()
    expect(page.locator(".status .who")).to_have_text("lin")
    page.reload()
    expect(page.locator(".status .who")).to_have_text("lin")
