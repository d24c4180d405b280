"""The page as a whole: first paint, its policy, settings, usage, admin, looks, and extensions' questions."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from pathlib import Path

import pytest
from playwright.sync_api import WebSocketRoute, expect

from tests.browser.conftest import Line, Open, violations
from tests.client import ROOT, Process, running

DIST = ROOT / "host/web/dist"


def test_it_paints_within_a_second_and_fetches_nothing_from_elsewhere(opened: Open, local: Process) -> None:
    asked: list[str] = []
    page = opened(before=lambda page: page.on("request", lambda request: asked.append(request.url)))
    expect(page.get_by_test_id("pill")).to_contain_text("connected")
    painted = page.evaluate("""() => new Promise((told) => new PerformanceObserver((list) => {
        for (const one of list.getEntriesByName("first-contentful-paint")) told(one.startTime);
    }).observe({type: "paint", buffered: true}))""")  # it is told after a frame
    assert painted < 1_000
    assert [one for one in asked if not one.startswith((local.base, "data:"))] == []


def test_what_is_loaded_before_an_editor_is_small() -> None:
    first = json.loads((DIST / "meta.json").read_text())["first"]
    assert sum((DIST / "assets" / f"{name}.gz").stat().st_size for name in first) <= 250 * 1024


@pytest.mark.parametrize("look", ["light", "dark"])
@pytest.mark.parametrize("screen", ["session", "files", "terminal/new", "changes", "usage", "settings", "admin"])
def test_nothing_keeps_people_out_of_a_screen(opened: Open, screen: str, look: str) -> None:
    page = opened(f"#/{screen}", color_scheme=look)
    place = {"files": ".tree [role=treeitem]", "terminal/new": ".xterm-rows"}.get(screen, "h1")
    expect(page.locator(place).first).to_be_visible()
    assert violations(page) == []


def test_what_it_cost_is_drawn_and_comes_as_a_table_for_a_spreadsheet(opened: Open, local: Process) -> None:
    page = opened()
    ask = """async () => (await fetch("v1/chat/completions", {
        method: "POST", headers: {"Content-Type": "application/json"},
        body: JSON.stringify({model: "demo/scripted", messages: [{role: "user", content: "hello"}]}),
    })).status"""
    assert page.evaluate(ask) == 200
    page.goto(f"{local.base}/#/usage")
    expect(page.get_by_role("region", name="Usage")).to_contain_text("demo/scripted")
    expect(page.get_by_role("img", name="Cost by day")).to_be_visible()
    with page.expect_download() as download:
        page.get_by_role("link", name="CSV").click()
    rows = Path(download.value.path()).read_text().splitlines()
    assert "demo/scripted" in rows[1]
    assert len(rows[0].split(",")) == len(rows[1].split(","))


def test_an_administrator_sees_sessions_users_and_isolation_and_ends_a_session(
    opened: Open, request: pytest.FixtureRequest
) -> None:
    request.node.expected_complaints = "429"  # what is asked while a session ends is asked again
    page = opened("#/admin")
    sessions = page.get_by_role("region", name="Sessions")
    expect(sessions.get_by_role("row").filter(has_text="local")).to_contain_text(re.compile("–|[KM]iB"))
    expect(page.get_by_role("region", name="Users")).to_contain_text("local")
    expect(page.get_by_text("What it does not protect")).to_be_visible()
    page.get_by_role("button", name="All limits of local").click()
    expect(page.get_by_role("region", name="Users")).to_contain_text("terminals")
    sessions.get_by_role("button", name="End the session of local").click()
    expect(page.get_by_role("dialog")).to_contain_text("End your own session")
    page.get_by_role("button", name="End it").click()
    expect(page.get_by_text("The session of local has ended.")).to_be_visible()
    expect(page.get_by_test_id("pill")).to_contain_text(re.compile("connected|caught up"))
    assert violations(page) == []


class Unshelled(Line):
    """A host that has no sandbox for anybody's commands."""

    def _connected(self, way: WebSocketRoute) -> None:
        server = way.connect_to_server()
        server.on_message(lambda said: way.send(said.replace('"off"', '"none"') if isinstance(said, str) else said))
        way.on_message(lambda message: self.heard(way, server, message))


def test_where_nothing_can_run_the_page_says_so_and_not_that_it_runs_unconfined(opened: Open) -> None:
    page = opened("#/session/new", before=Unshelled().watch)
    expect(page.get_by_label("Status", exact=True)).to_contain_text("shells: cannot run here")
    expect(page.get_by_role("main")).to_contain_text("cannot run commands")


@pytest.fixture(scope="module")
def ruled(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Process]:
    """A host whose operator lays down what agents may do."""
    place = tmp_path_factory.mktemp("ruled")
    work = place / "work"
    work.mkdir()
    rules = {
        "ROOST_SECURITY__DENIED_COMMANDS": '["shutdown"]',
        "ROOST_SECURITY__FILE_ACCESS__ALLOWED_PATHS": json.dumps([str(work)]),
    }
    with running(place / "data", "--workspace", str(work), MULTI_USER="0", **rules) as host:
        yield host


@pytest.mark.parametrize("look", ["light", "dark"])
def test_what_needs_no_asking_is_a_matrix_with_the_operators_cells_locked(
    opened: Open, ruled: Process, look: str
) -> None:
    page = opened("#/settings", base=ruled.base, color_scheme=look)
    page.get_by_role("button", name="What needs no asking").click()
    matrix = page.get_by_role("region", name="What needs no asking")
    outside = matrix.get_by_role("row").filter(has_text="Read outside")
    expect(outside).to_contain_text("security.file_access.allowed_paths")
    expect(outside.get_by_role("radio")).to_be_disabled()
    expect(matrix.get_by_role("row").filter(has_text="Run commands")).to_contain_text("Never: shutdown")
    page.get_by_label("Let it do some things unasked").check()
    matrix.get_by_role("radio", name="Read files: allow").check()
    lists = page.get_by_label("Commands that may run unasked")
    lists.fill(f"git status\npytest --{look}")
    with page.expect_response("**/autoapprove"):
        lists.blur()
    cost = page.get_by_label("Cost of a task before it asks")
    cost.fill("2.5" if look == "light" else "3.5")
    with page.expect_response("**/autoapprove"):
        cost.blur()
    assert violations(page) == []
    page.reload()
    page.get_by_role("button", name="What needs no asking").click()
    expect(matrix.get_by_role("radio", name="Read files: allow")).to_be_checked()
    expect(matrix.get_by_role("radio", name="Write files: ask")).to_be_checked()
    expect(lists).to_have_value(f"git status\npytest --{look}")
    expect(cost).to_have_value("2.5" if look == "light" else "3.5")


def test_a_mode_is_exported_to_a_file_and_imported_from_it_and_what_is_none_is_named(
    opened: Open, ruled: Process, request: pytest.FixtureRequest
) -> None:
    request.node.expected_complaints = "422"
    page = opened("#/settings", base=ruled.base)
    page.get_by_role("button", name="Modes", exact=True).click()
    with page.expect_download() as download:
        page.get_by_role("button", name="Export Ask").click()
    assert download.value.suggested_filename == "ask.yaml"
    text = Path(download.value.path()).read_text().replace("slug: ask", "slug: careful")
    text = text.replace("name: ", "name: Careful ", 1)
    field = page.get_by_label("Import modes…")
    field.set_input_files({"name": "modes.yaml", "mimeType": "text/yaml", "buffer": b"customModes: 3"})
    expect(page.get_by_role("alert")).to_contain_text("customModes: is missing or no list")
    field.set_input_files({"name": "modes.yaml", "mimeType": "text/yaml", "buffer": text.encode()})
    expect(page.get_by_text("Imported careful.")).to_be_visible()
    expect(page.get_by_role("alert")).to_have_count(0)
    expect(page.get_by_role("button", name="Export Careful")).to_be_visible()
    assert violations(page) == []
    page.get_by_role("button", name="What needs no asking").click()
    field = page.get_by_label("Import settings…")
    field.set_input_files({"name": "roo.json", "mimeType": "application/json", "buffer": b"{"})
    expect(page.get_by_role("alert")).to_contain_text("The file is no JSON")
    settings = b'{"globalSettings": {"allowedMaxRequests": 77, "strange": 1}}'
    field.set_input_files({"name": "roo.json", "mimeType": "application/json", "buffer": settings})
    expect(page.get_by_text("Imported coder.allowedMaxRequests.")).to_be_visible()
    expect(page.get_by_text("nothing here is like strange")).to_be_visible()
    expect(page.get_by_label("Requests before it asks whether to go on")).to_have_value("77")


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


def test_how_the_editor_works_is_set_in_settings_and_shows_at_once(opened: Open, workspace: Path) -> None:
    (workspace / "set.txt").write_text("text")
    editor, page = opened(f"#/files{workspace}/set.txt"), opened("#/settings")
    expect(editor.locator(".cm-content")).to_have_text("text")
    page.get_by_role("button", name="Editor", exact=True).click()
    assert violations(page) == []
    wraps, ends = (page.get_by_label(name, exact=True) for name in ("word wrap", "eol"))
    try:
        wraps.select_option("on")
        expect(editor.locator(".cm-content")).to_have_class(re.compile("cm-lineWrapping"))
        ends.select_option(r"\r\n")
        page.get_by_label("rulers", exact=True).fill("80\n100")
        page.get_by_label("rulers", exact=True).blur()
        expect(editor.locator(".cm-content")).to_have_css("background-image", re.compile("gradient.*gradient"))
        page.reload()
        page.get_by_role("button", name="Editor", exact=True).click()
        expect(wraps).to_have_value('"on"')
        expect(ends).to_have_value(r'"\r\n"')
    finally:
        wraps.select_option("off")
        ends.select_option("auto")
        page.get_by_label("rulers", exact=True).fill("[]")
        page.get_by_label("rulers", exact=True).blur()
        expect(editor.locator(".cm-content")).to_have_css("background-image", "none")


def test_an_administrator_gives_a_user_other_limits_and_sees_who_gave_them(
    opened: Open, request: pytest.FixtureRequest
) -> None:
    request.node.expected_complaints = "422"
    page = opened("#/admin")
    users, changes = page.get_by_role("region", name="Users"), page.get_by_role("region", name="Changes")
    page.get_by_role("button", name="All limits of local").click()
    page.get_by_role("button", name="Change the limits of local").click()
    form = page.get_by_role("dialog", name="Limits of local")
    form.get_by_label("terminals").fill("many")
    form.get_by_role("button", name="Save").click()
    expect(form.get_by_role("alert")).to_contain_text("terminals: must be a whole number")
    form.get_by_label("terminals").fill("12")
    form.get_by_label("streams").fill("0")
    form.get_by_role("button", name="Save").click()
    expect(form.get_by_role("alert")).to_contain_text("streams: ")
    assert violations(page) == []
    form.get_by_label("streams").fill("none")
    form.get_by_label("bytes").fill("20.5 GiB")
    form.get_by_role("button", name="Save").click()
    expect(page.get_by_text("The limits of local count from now on.")).to_be_visible()
    expect(users).to_contain_text("terminals: 12")
    expect(users).to_contain_text("streams: no limit")
    expect(changes.get_by_role("row").nth(1)).to_contain_text("bytes as configured → 20.5 GiB")
    page.get_by_role("button", name="Change the limits of local").click()
    expect(form.get_by_label("terminals")).to_have_value("12")
    expect(form.get_by_label("streams")).to_have_value("none")
    expect(form.get_by_label("bytes")).to_have_value("20992 MiB")
    for name in ("terminals", "streams", "bytes"):
        form.get_by_label(name).fill("")
    form.get_by_role("button", name="Save").click()
    expect(users).to_contain_text("everybody's")
    expect(changes.get_by_role("row").nth(1)).to_contain_text("terminals 12 → as configured")
