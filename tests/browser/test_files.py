"""Files in the page: the tree, the editor, what changes on the disk."""

from __future__ import annotations

import json
import re
import shutil
from pathlib import Path
from typing import Any

from playwright.sync_api import Route, WebSocketRoute, expect

from tests.browser.conftest import Line, Open, violations
from tests.browser.test_editor import unsaved


def test_a_file_is_opened_in_the_tree_edited_and_saved(opened: Open, workspace: Path) -> None:
    page = opened("#/files")
    page.get_by_role("treeitem", name="src").click()
    page.get_by_role("treeitem", name="billing.py").click()
    editor = page.locator(".cm-content")
    expect(editor).to_contain_text("The sum, less a discount")
    editor.click()
    page.keyboard.press("Control+End")
    page.keyboard.type("\n# by hand\n")
    expect(unsaved(page)).to_be_visible()
    page.keyboard.press("Control+s")
    expect(unsaved(page)).to_have_count(0)
    assert (workspace / "src/billing.py").read_text().endswith("# by hand\n")
    assert violations(page) == []


def test_a_change_on_the_disk_is_shown_and_never_thrown_over_what_is_unsaved(opened: Open, workspace: Path) -> None:
    note = workspace / "note.txt"
    note.write_text("one\n")
    page = opened(f"#/files{workspace}/note.txt")
    editor = page.locator(".cm-content")
    expect(editor).to_contain_text("one")
    note.write_text("two\n")
    expect(editor).to_contain_text("two")
    editor.click()
    page.keyboard.type("mine ")
    note.write_text("three\n")
    expect(page.get_by_role("alert")).to_contain_text("changed on the disk")
    expect(editor).to_contain_text("mine")
    page.get_by_role("button", name="Take the disk's").click()
    expect(editor).to_contain_text("three")


def test_files_are_uploaded_into_the_workspace_and_appear_in_the_tree(opened: Open, workspace: Path) -> None:
    page = opened("#/files")
    expect(page.get_by_role("treeitem", name="README.md")).to_be_visible()
    content = bytes(range(256)) * 40
    page.locator("input[type=file]").set_input_files({"name": "logo.bin", "mimeType": "image/png", "buffer": content})
    expect(page.get_by_role("treeitem", name="logo.bin")).to_be_visible()
    assert (workspace / "logo.bin").read_bytes() == content


def test_a_new_file_comes_into_the_folder_that_was_chosen_and_goes_to_the_trash_or_for_good(
    opened: Open, workspace: Path, home_of_local: Path
) -> None:
    (workspace / "made").mkdir()
    page = opened("#/files")
    page.get_by_role("treeitem", name="made").click()
    page.get_by_role("button", name="New file or folder").click()
    page.keyboard.type("one.txt")
    page.keyboard.press("Enter")
    expect(page.get_by_role("textbox", name="made/one.txt")).to_be_visible()
    assert (workspace / "made/one.txt").read_text() == ""
    page.get_by_role("treeitem", name="made").click(button="right")
    page.get_by_role("option", name="New folder…").click()
    page.keyboard.type("deep")
    page.keyboard.press("Enter")
    expect(page.get_by_role("treeitem", name="deep")).to_be_visible()
    assert (workspace / "made/deep").is_dir()
    page.get_by_role("treeitem", name="one.txt").click(button="right")
    page.get_by_role("option", name="Delete…").click()
    asks = page.get_by_role("dialog", name="Delete made/one.txt?")
    expect(asks).to_contain_text("What is deleted permanently cannot be brought back.")
    asks.get_by_role("button", name="Move to the trash").click()
    expect(page.get_by_role("treeitem", name="one.txt")).to_have_count(0)
    trash = home_of_local / ".local/share/Trash"
    assert (trash / "files/one.txt").is_file()
    page.locator(".notice").get_by_role("button", name="Restore").click()
    expect(page.get_by_role("treeitem", name="one.txt")).to_be_visible()
    expect(page.get_by_text("made/one.txt is back")).to_be_visible()
    assert (workspace / "made/one.txt").is_file()
    assert not (trash / "info/one.txt.trashinfo").exists()
    page.get_by_role("treeitem", name="made").click()
    page.keyboard.press("Delete")
    asks = page.get_by_role("dialog", name="Delete the folder made and all that is in it?")
    asks.get_by_role("button", name="Delete permanently").click()
    expect(page.get_by_role("treeitem", name="made")).to_have_count(0)
    assert not (workspace / "made").exists()


def test_what_is_in_the_trash_can_be_brought_back_later_or_deleted_for_good(
    opened: Open, workspace: Path, home_of_local: Path
) -> None:
    (workspace / "kept").mkdir()
    (workspace / "kept/two.txt").write_text("2")
    page = opened("#/files")
    for command, choice, title in (
        ("Files: Restore from the trash", "option", "kept"),
        ("Files: Empty the trash", "button", "Delete permanently"),
    ):
        page.get_by_role("treeitem", name="kept").click()
        page.keyboard.press("Delete")
        page.get_by_role("button", name="Move to the trash").click()
        expect(page.get_by_role("treeitem", name="kept")).to_have_count(0)
        page.keyboard.press("F1")
        page.get_by_placeholder("Type a command or a place").fill(command)
        page.get_by_role("option", name=command).click()
        page.get_by_role("dialog", name="trash").get_by_role(choice, name=title).click()
        if choice == "option":
            expect(page.get_by_role("treeitem", name="kept")).to_be_visible()
            assert (workspace / "kept/two.txt").read_text() == "2"
    expect(page.get_by_text("The trash is empty")).to_be_visible()
    assert not (home_of_local / ".local/share/Trash/files").exists()


def test_a_file_that_is_renamed_stays_open_with_what_is_not_saved(opened: Open, workspace: Path) -> None:
    (workspace / "old").mkdir()
    (workspace / "old/draft.txt").write_text("kept\n")
    page = opened(f"#/files{workspace}/old/draft.txt")
    editor = page.locator(".cm-content")
    expect(editor).to_contain_text("kept")
    editor.click()
    page.keyboard.press("Control+Home")
    page.keyboard.type("typed ")
    expect(unsaved(page)).to_be_visible()
    page.get_by_role("treeitem", name="old").click(button="right")
    page.get_by_role("option", name="Rename…").click()
    page.keyboard.type("new")
    page.keyboard.press("Enter")
    expect(page.get_by_role("textbox", name="new/draft.txt")).to_contain_text("typed kept")
    expect(page.get_by_role("button", name="draft.txt not saved", exact=True)).to_have_count(1)
    expect(page.get_by_text("gone from the disk")).to_have_count(0)
    page.locator(".cm-content").click()
    page.keyboard.press("Control+s")
    expect(unsaved(page)).to_have_count(0)
    assert (workspace / "new/draft.txt").read_text() == "typed kept\n"
    assert not (workspace / "old").exists()
    page.get_by_role("button", name="Close draft.txt").click()
    shutil.rmtree(workspace / "new")


def test_a_file_is_dragged_into_a_folder_once_that_was_meant(opened: Open, workspace: Path) -> None:
    (workspace / "moved.txt").write_text("x")
    page = opened("#/files")
    row, folder = page.get_by_role("treeitem", name="moved.txt"), page.get_by_role("treeitem", name="src")
    row.drag_to(folder)
    page.get_by_role("button", name="Cancel").click()
    assert (workspace / "moved.txt").exists()
    row.drag_to(folder)
    page.get_by_role("button", name="Move").click()
    expect(row).to_have_count(0)
    folder.click()
    expect(row).to_be_visible()
    (workspace / "src/moved.txt").unlink()


class Endless(Line):
    """A line on which a search is never answered."""

    def __init__(self) -> None:
        super().__init__()
        self.asked: list[dict[str, Any]] = []
        self.held = False

    def heard(self, way: WebSocketRoute, server: WebSocketRoute, message: str | bytes) -> None:
        said = json.loads(message) if isinstance(message, str) else {}
        searches = said.get("method") == "workspace.findTextInFiles"
        if searches or said.get("method") == "$/cancelRequest":
            self.asked.append(said)
        if not (searches and self.held):
            super().heard(way, server, message)


def test_texts_are_found_as_one_says_and_in_the_files_that_one_names(opened: Open, workspace: Path) -> None:
    (workspace / "found").mkdir()
    (workspace / "found/one.txt").write_text("Wombat wombat wombats\n")
    (workspace / "found/two.md").write_text("a wombat\n")
    line = Endless()
    page = opened(before=line.watch)
    page.keyboard.press("Control+Shift+f")
    expect(page.get_by_label("Search in files")).to_be_focused()
    page.keyboard.type("wombat")
    page.keyboard.press("Enter")
    expect(page.get_by_text("4 results in 2 files", exact=True)).to_be_visible()
    page.keyboard.press("Alt+w")
    expect(page.get_by_text("3 results in 2 files", exact=True)).to_be_visible()
    page.get_by_role("button", name="Match case").click()
    expect(page.get_by_text("2 results in 2 files", exact=True)).to_be_visible()
    page.get_by_role("button", name="which files").click()
    page.get_by_label("Files to include").fill("found, src")
    page.get_by_label("Files to exclude").fill("*.md")
    page.keyboard.press("Enter")
    expect(page.get_by_text("1 result in 1 file", exact=True)).to_be_visible()
    page.keyboard.press("Control+Shift+e")
    expect(page.get_by_role("treeitem", name="README.md")).to_be_visible()
    page.keyboard.press("Control+Shift+f")
    expect(page.get_by_text("1 result in 1 file", exact=True)).to_be_visible()
    line.held = True
    page.get_by_role("button", name="Search", exact=True).last.click()
    page.get_by_role("button", name="Stop").click()
    expect(page.get_by_text("Stopped.")).to_be_visible()
    asked, stopped = line.asked[-2:]
    assert (stopped["method"], stopped["params"]) == ("$/cancelRequest", {"id": asked["id"]})
    shutil.rmtree(workspace / "found")


class Full(Line):
    """A host that finds 5,000 lines in 400 files, and tells them some files at a time."""

    def heard(self, way: WebSocketRoute, server: WebSocketRoute, message: str | bytes) -> None:
        asked = json.loads(message) if isinstance(message, str) else {}
        if asked.get("method") != "workspace.findTextInFiles":
            super().heard(way, server, message)
            return
        every = [(file, line) for file in range(400) for line in range(13 if file < 200 else 12)]
        all_of = [self.found(f"file:///w/f{file:03}.py", line) for file, line in every]
        for begin in range(0, 5_000, 100):
            told = {"token": asked["params"]["progressToken"], "value": {"matches": all_of[begin : begin + 100]}}
            way.send(json.dumps({"jsonrpc": "2.0", "method": "$/progress", "params": told, "uid": "local"}))
        answer = {"matches": all_of, "limitHit": False}
        way.send(json.dumps({"jsonrpc": "2.0", "id": asked["id"], "result": answer, "uid": "local"}))

    @staticmethod
    def found(uri: str, line: int) -> dict[str, Any]:
        at = [{"start": {"line": line, "character": 0}, "end": {"line": line, "character": 3}}]
        return {"uri": uri, "ranges": at, "preview": f"def f{line}():", "skipped": 0}


def test_of_thousands_of_results_those_in_sight_are_drawn_and_all_can_be_reached(opened: Open) -> None:
    page = opened(before=Full().watch)
    page.keyboard.press("Control+Shift+h")
    expect(page.get_by_role("textbox", name="Search in files")).to_be_focused()
    page.evaluate(DRAWN)
    page.keyboard.type("def")
    page.keyboard.press("Enter")
    expect(page.get_by_text("5,000 results in 400 files", exact=True)).to_be_visible()
    results = page.get_by_label("What was found")
    assert results.locator("button").count() < 200
    assert page.evaluate("drawn") < 1_000
    first = results.get_by_role("button", name="/w/f000.py 13", exact=True)
    first.click()
    expect(first).to_have_attribute("aria-expanded", "false")
    expect(results.get_by_role("button", name="def f0():").nth(0)).to_be_visible()
    expect(page.get_by_role("button", name="Replace in line 1 of /w/f000.py")).to_have_count(0)
    page.mouse.move(190, 600)
    page.mouse.wheel(0, 1_000_000)
    expect(page.get_by_role("button", name="Replace in line 12 of /w/f399.py")).to_be_visible()


DRAWN = """() => {
  window.drawn = 0;
  new MutationObserver((all) => { for (const one of all) drawn += one.addedNodes.length; })
    .observe(document.querySelector(".search"), {childList: true, subtree: true});
}"""
"""Count what is put into the search from now on."""


def test_matches_are_replaced_once_that_was_meant_beside_what_is_not_saved_and_brought_back(
    opened: Open, workspace: Path
) -> None:
    place = workspace / "swap"
    place.mkdir()
    (place / "open.txt").write_text("first\nold_name(1)\n")
    (place / "shut.txt").write_text("old_name(2) old_name(3)\r\n")
    page = opened(f"#/files{place}/open.txt")
    page.locator(".cm-content").click()
    page.keyboard.press("Control+Home")
    page.keyboard.type("typed, and not saved: old_name(4)\n")
    expect(unsaved(page)).to_be_visible()
    page.keyboard.press("Control+Shift+h")
    expect(page.get_by_role("textbox", name="Search in files")).to_be_focused()
    page.keyboard.type(r"old_name\((\d)\)")
    page.get_by_role("button", name="Use a regular expression").click()
    page.get_by_role("button", name="Search", exact=True).last.click()
    expect(page.get_by_text("4 results in 2 files", exact=True)).to_be_visible()
    page.get_by_label("Replace with").fill("new_name[$1]")
    page.get_by_role("button", name="which files").click()
    assert violations(page) == []
    page.get_by_role("button", name="Replace in line 1 of swap/shut.txt").last.click()
    expect(page.get_by_text("Replaced 1 result in 1 file.")).to_be_visible()
    assert (place / "shut.txt").read_bytes() == b"old_name(2) new_name[3]\r\n"
    page.get_by_role("button", name="Replace all").click()
    page.get_by_role("dialog", name="Replace 3 results in 2 files with “new_name[$1]”?").get_by_role(
        "button", name="Replace 3 results"
    ).click()
    expect(page.get_by_text("Replaced 3 results in 2 files. 1 file had unsaved text")).to_be_visible()
    expect(page.locator(".cm-content")).to_contain_text("new_name[1]")
    expect(page.locator(".cm-content")).to_contain_text("not saved: new_name[4]")
    assert (place / "open.txt").read_text() == "first\nold_name(1)\n"
    assert (place / "shut.txt").read_bytes() == b"new_name[2] new_name[3]\r\n"
    page.get_by_role("button", name="Undo", exact=True).click()
    expect(page.get_by_text("Brought back 2 files")).to_be_visible()
    expect(page.locator(".cm-line", has_text="old_name(1)")).to_be_visible()
    assert (place / "shut.txt").read_bytes() == b"old_name(2) new_name[3]\r\n"
    page.get_by_role("button", name="Close open.txt").click()
    page.get_by_role("button", name="Do not save").click()
    expect(page.get_by_role("button", name="Close open.txt")).to_have_count(0)
    shutil.rmtree(place)


def test_a_match_far_behind_in_its_line_is_seen_with_the_words_before_it(opened: Open, workspace: Path) -> None:
    place = workspace / "far"
    place.mkdir()
    (place / "long.txt").write_text(
        f"{'every word here is before the one that is looked for, ' * 2}my wombat\n{'x' * 5_000} a wombat here\n"
    )
    page = opened()
    page.keyboard.press("Control+Shift+h")
    expect(page.get_by_role("textbox", name="Search in files")).to_be_focused()
    page.keyboard.type("wombat")
    page.keyboard.press("Enter")
    expect(page.get_by_text("2 results in 1 file", exact=True)).to_be_visible()
    hits = page.get_by_label("What was found").locator(".hit")
    expect(hits.locator("code")).to_have_text(["…for, my wombat", "…a wombat here"])
    edge = page.get_by_role("button", name="Replace in line 1").bounding_box()["x"]
    for number in range(2):
        box = hits.nth(number).locator("del").bounding_box()
        assert box["x"] + box["width"] < edge
    shutil.rmtree(place)


def test_the_keys_that_a_user_of_vs_code_knows_lead_to_files_and_terminals(opened: Open) -> None:
    page = opened()
    page.keyboard.press("Control+p")
    expect(page.get_by_placeholder("Type a command or a place")).to_be_focused()
    page.keyboard.type("billing")
    page.keyboard.press("Enter")
    expect(page.locator(".cm-content")).to_contain_text("What a cart costs")
    page.keyboard.press("Control+Backquote")
    terminals = page.get_by_role("region", name="Terminals")
    expect(terminals.locator(".xterm-rows")).to_have_text(re.compile(r"\S"))
    page.keyboard.type("echo below-$((6 * 7))\n")
    expect(terminals.locator(".xterm-rows")).to_contain_text("below-42")
    expect(page.locator(".cm-content")).to_contain_text("What a cart costs")
    assert violations(page) == []
    terminals.get_by_role("separator", name="Height of the terminals").press("End")
    tall = terminals.bounding_box()
    terminals.get_by_role("button", name="New terminal").click()
    page.reload()
    expect(terminals.locator(".xterm-rows")).to_have_text(re.compile(r"\S"))
    assert terminals.bounding_box() == tall
    page.keyboard.press("Control+Backquote")
    expect(page.locator(".xterm :focus")).to_have_count(1)
    page.keyboard.press("Control+Backquote")
    expect(terminals).to_be_hidden()
    expect(page.locator(".cm-content")).to_be_focused()
    page.keyboard.press("Control+Shift+g")
    expect(page.get_by_role("link", name="Source control")).to_have_attribute("aria-current", "page")


def test_the_tree_leaves_out_what_the_settings_exclude(opened: Open, workspace: Path) -> None:
    for name in (".svn", ".hg", "made", "kept.{a,b}"):
        (workspace / name).mkdir()
    (workspace / "made/deep.tmp").write_text("x")
    page = opened("#/files")
    expect(page.get_by_role("treeitem", name="kept.{a,b}")).to_be_visible()
    for name in (".svn", ".hg"):
        expect(page.get_by_role("treeitem", name=name)).to_have_count(0)
    page.get_by_role("treeitem", name="made").click()
    expect(page.get_by_role("treeitem", name="deep.tmp")).to_be_visible()
    settings = workspace / ".vscode/settings.json"
    settings.parent.mkdir()
    settings.write_text('{"files.exclude": {"**/*.{tmp,bak}": true, "**/.hg": false}}')
    expect(page.get_by_role("treeitem", name="deep.tmp")).to_have_count(0)
    expect(page.get_by_role("treeitem", name=".hg")).to_be_visible()
    expect(page.get_by_role("treeitem", name="made")).to_be_visible()
    shutil.rmtree(settings.parent)


class Busy(Line):
    """A host that has no room for marks until it is `calm`."""

    def __init__(self) -> None:
        super().__init__()
        self.calm = False
        self.asks = 0

    def heard(self, way: WebSocketRoute, server: WebSocketRoute, message: str | bytes) -> None:
        if isinstance(message, str) and '"window.provideFileDecorations"' in message:
            self.asks += 1
            if not self.calm:
                answer = {"jsonrpc": "2.0", "id": json.loads(message)["id"], "uid": "local"}
                way.send(json.dumps(answer | {"error": {"code": -32001, "message": "busy"}}))
                return
        super().heard(way, server, message)


def test_marks_that_a_busy_host_does_not_give_are_asked_for_again_without_haste(opened: Open) -> None:
    line = Busy()
    page = opened("#/files", before=line.watch)
    expect(page.get_by_role("treeitem", name="README.md")).to_be_visible()
    page.wait_for_timeout(1_500)
    assert 1 <= line.asks <= 3
    line.calm = True
    before = line.asks
    page.wait_for_timeout(2_500)
    assert before < line.asks <= before + 2


def test_a_text_is_found_in_files_and_leads_to_its_line(opened: Open) -> None:
    page = opened("#/files")
    page.get_by_role("button", name="Search").click()
    page.get_by_label("Search in files").fill("less a discount")
    page.keyboard.press("Enter")
    expect(page.get_by_text("1 result in 1 file")).to_be_visible()
    page.get_by_role("button", name="The sum, less a discount").click()
    expect(page.locator(".cm-activeLine")).to_contain_text("The sum, less a discount")
    assert violations(page) == []


def test_the_palette_finds_a_file_by_a_part_of_its_name(opened: Open) -> None:
    page = opened()
    page.get_by_role("button", name="Commands").click()
    page.keyboard.type("go to a file")
    page.keyboard.press("Enter")
    page.get_by_placeholder("Type a command or a place").fill("billing")
    page.keyboard.press("Enter")
    expect(page.locator(".cm-content")).to_contain_text("What a cart costs")


class Large(Line):
    """A host with more files than it tells of."""

    def heard(self, way: WebSocketRoute, server: WebSocketRoute, message: str | bytes) -> None:
        if isinstance(message, str) and '"workspace.findFiles"' in message:
            asked = json.loads(message)
            files = [f"file:///w/f{number}" for number in range(asked["params"]["maxResults"])]
            way.send(json.dumps({"jsonrpc": "2.0", "id": asked["id"], "result": files, "uid": "local"}))
            return
        super().heard(way, server, message)


def test_who_looks_for_a_file_among_too_many_is_told_that_some_are_missing(opened: Open) -> None:
    page = opened(before=Large().watch)
    expect(page.get_by_test_id("pill")).to_have_text("connected")
    page.keyboard.press("Control+p")
    expect(page.get_by_placeholder("Type a command or a place")).to_be_focused()
    page.keyboard.type("f19999")
    expect(page.get_by_role("option", name="f19999")).to_be_visible()
    expect(page.locator(".notice")).to_contain_text("20,000 of the files: there are more")


def test_commands_that_come_late_do_not_take_the_place_of_the_files(opened: Open) -> None:
    page, held = opened(), list[Route]()
    expect(page.get_by_test_id("pill")).to_have_text("connected")
    page.route("**/api/v1/extensions", lambda route: held.append(route))
    page.get_by_role("button", name="Commands").click()
    page.keyboard.type("go to a file")
    page.keyboard.press("Enter")
    page.get_by_placeholder("Type a command or a place").fill("billing")
    expect(page.get_by_role("option", name="billing.py")).to_be_visible()
    with page.expect_response("**/api/v1/extensions") as answer:
        held[0].continue_()
    answer.value.finished()
    page.wait_for_function("new Promise((done) => requestAnimationFrame(() => setTimeout(() => done(true))))")
    expect(page.get_by_role("option", name="billing.py")).to_be_visible()


def test_an_address_of_no_screen_is_the_first_one_and_that_of_no_file_says_so(opened: Open, workspace: Path) -> None:
    page = opened("#/nowhere/at/all")
    expect(page.get_by_role("main", name="Session")).to_be_visible()
    expect(page.get_by_role("link", name="Session")).to_have_attribute("aria-current", "page")
    page.evaluate(f"location.hash = '#/files{workspace}/never.txt'")
    expect(page.get_by_role("heading", name="There is no such file")).to_be_visible()
    expect(page.get_by_role("button", name="Download")).to_have_count(0)
    assert violations(page) == []
    page.get_by_role("region", name="Editor").get_by_role("button", name="Go to a file…").click()
    expect(page.get_by_role("option", name="README.md", exact=True)).to_be_visible()
