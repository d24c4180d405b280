"""The editor of the page: one text for all who edit it, and what extensions know of it."""

from __future__ import annotations

import json
import re
import signal
from pathlib import Path

import pytest
from playwright.sync_api import Locator, Page, expect

from tests.browser.conftest import Line, Open, violations
from tests.client import running


def shown(page: Page, text: str) -> None:
    expect(page.locator(".cm-content")).to_have_text(text)


def unsaved(page: Page) -> Locator:
    """The mark of the file that is shown."""
    return page.locator(".tab:has([aria-current=true])").get_by_label("not saved")


def write(page: Page, text: str, key: str = "Control+End") -> None:
    page.locator(".cm-content").click()
    page.keyboard.press(key)
    page.keyboard.type(text)


# -- one text for all


def test_what_is_typed_shows_in_another_tab_at_once_and_both_may_type(opened: Open, workspace: Path) -> None:
    (workspace / "two.txt").write_text("one")
    first, second = (opened(f"#/files{workspace}/two.txt") for _ in range(2))
    shown(second, "one")
    write(first, " two")
    shown(second, "one two")
    write(second, "zero ", "Control+Home")
    shown(first, "zero one two")
    expect(unsaved(second)).to_be_visible()
    first.keyboard.press("Control+s")
    expect(unsaved(second)).to_have_count(0)
    assert (workspace / "two.txt").read_text() == "zero one two"


def test_two_who_type_at_the_same_time_end_with_the_same_text_and_nothing_lost(opened: Open, workspace: Path) -> None:
    (workspace / "race.txt").write_text("|")
    pages = [opened(f"#/files{workspace}/race.txt") for _ in range(2)]
    for page, key in zip(pages, ("Control+Home", "Control+End"), strict=True):
        shown(page, "|")
        page.locator(".cm-content").click()
        page.keyboard.press(key)
    for number in range(40):
        pages[0].keyboard.type(chr(97 + number % 26))
        pages[1].keyboard.type(chr(65 + number % 26))
    typed = "".join(chr(97 + number % 26) for number in range(40))
    for page in pages:
        shown(page, f"{typed}|{typed.upper()}")
    pages[0].keyboard.press("Control+s")
    expect(unsaved(pages[1])).to_have_count(0)
    assert (workspace / "race.txt").read_text() == f"{typed}|{typed.upper()}"


def test_undo_takes_back_what_one_typed_and_not_what_others_did(opened: Open, workspace: Path) -> None:
    (workspace / "undo.txt").write_text("middle")
    mine, theirs = (opened(f"#/files{workspace}/undo.txt") for _ in range(2))
    shown(theirs, "middle")
    write(mine, " mine")
    shown(theirs, "middle mine")
    write(theirs, "theirs ", "Control+Home")
    shown(mine, "theirs middle mine")
    mine.keyboard.press("Control+z")
    shown(theirs, "theirs middle")
    mine.keyboard.press("Control+y")
    shown(theirs, "theirs middle mine")


def test_what_is_typed_while_the_line_is_cut_is_sent_when_it_is_back(opened: Open, workspace: Path) -> None:
    (workspace / "cut.txt").write_text("before")
    line = Line()
    here, there = opened(f"#/files{workspace}/cut.txt", before=line.watch), opened(f"#/files{workspace}/cut.txt")
    shown(here, "before")
    shown(there, "before")
    line.hold = True
    line.cut()
    expect(here.get_by_test_id("pill")).to_contain_text("reconnecting")
    write(here, " mine")
    write(there, "theirs ", "Control+Home")
    shown(there, "theirs before")
    line.hold = False
    shown(here, "theirs before mine")
    shown(there, "theirs before mine")


def test_what_is_not_saved_survives_a_reload_and_a_killed_host(
    opened: Open, tmp_path: Path, request: pytest.FixtureRequest
) -> None:
    request.node.expected_complaints = "ERR_CONNECTION|WebSocket"
    folder = tmp_path / "work"
    folder.mkdir()
    (folder / "a.txt").write_text("saved")
    arguments = ("--workspace", str(folder))
    with running(tmp_path / "data", *arguments, MULTI_USER="0") as host:
        page = opened(f"#/files{folder}/a.txt", base=host.base)
        shown(page, "saved")
        write(page, " and more")
        expect(unsaved(page)).to_be_visible()
        page.wait_for_timeout(300)
        page.reload()
        shown(page, "saved and more")
        host.send(signal.SIGKILL)
        host.process.wait(15)
    with running(tmp_path / "data", *arguments, MULTI_USER="0") as host:
        page = opened("#/files", base=host.base)
        page.get_by_role("group", name="Open files").get_by_role("button", name="a.txt", exact=False).first.click()
        shown(page, "saved and more")
        expect(unsaved(page)).to_be_visible()
        assert (folder / "a.txt").read_text() == "saved"


def test_a_conflict_is_compared_hunk_by_hunk_and_saved(opened: Open, workspace: Path) -> None:
    note = workspace / "conflict.txt"
    note.write_text("one\ntwo\nthree\n")
    page = opened(f"#/files{workspace}/conflict.txt")
    write(page, "mine ", "Control+Home")
    expect(unsaved(page)).to_be_visible()
    page.wait_for_timeout(300)
    note.write_text("one\ntwo\nTHREE\n")
    alert = page.get_by_role("alert")
    expect(alert).to_contain_text("changed on the disk")
    alert.get_by_role("button", name="Compare").click()
    expect(page.locator(".cm-deletedChunk")).to_have_count(2)
    page.get_by_role("button", name="Reject").last.click()
    alert.get_by_role("button", name="Keep mine").click()
    expect(unsaved(page)).to_have_count(0)
    assert note.read_text() == "mine one\ntwo\nTHREE\n"


def test_a_tab_that_is_not_saved_asks_before_it_is_closed(opened: Open, workspace: Path) -> None:
    (workspace / "close.txt").write_text("kept")
    page = opened(f"#/files{workspace}/close.txt")
    write(page, " not")
    expect(unsaved(page)).to_be_visible()
    page.get_by_role("button", name="Close close.txt").click()
    page.get_by_role("button", name="Do not save").click()
    expect(page.get_by_role("button", name="Close close.txt")).to_have_count(0)
    page.goto(page.url.split("#")[0] + f"#/files{workspace}/close.txt")
    shown(page, "kept")
    assert (workspace / "close.txt").read_text() == "kept"


# -- what extensions know


def letter(opened: Open, workspace: Path, name: str, text: str) -> Page:
    (workspace / name).write_text(text)
    page = opened(f"#/files{workspace}/{name}")
    expect(page.locator(".cm-content")).to_be_visible()
    return page


def test_what_is_wrong_is_underlined_listed_and_mended(opened: Open, workspace: Path) -> None:
    page = letter(opened, workspace, "wrong.let", "use alpha\n")
    expect(page.locator(".cm-lintRange-error")).to_have_text("alpha")
    page.get_by_role("button", name="Problems").click()
    page.get_by_role("button", name="alpha is not defined").click()
    expect(page.locator(".cm-activeLine")).to_have_text("use alpha")
    assert violations(page) == []
    page.keyboard.press("Control+.")
    page.get_by_role("option", name="Define it").click()
    expect(page.locator(".cm-lintRange-error")).to_have_count(0)
    shown(page, "let alphause alpha")


def test_names_are_completed_from_what_an_extension_knows(opened: Open, workspace: Path) -> None:
    page = letter(opened, workspace, "complete.let", "let alphabet\n")
    write(page, "use alp")
    option = page.locator(".cm-tooltip-autocomplete li").first
    expect(option).to_contain_text("alphabet")
    expect(page.locator(".cm-completionInfo")).to_contain_text("All about alphabet")
    page.wait_for_timeout(100)  # the editor takes no Enter that comes sooner than one reads
    page.keyboard.press("Enter")
    shown(page, "let alphabetuse alphabet")


def test_a_place_is_explained_and_leads_to_its_definition(opened: Open, workspace: Path) -> None:
    page = letter(opened, workspace, "places.let", "let alpha\n\n\nuse alpha\n")
    use = page.locator(".cm-line", has_text="use")
    use.hover(position={"x": 40, "y": 8})
    expect(page.locator(".said")).to_contain_text("alpha is a letter")
    use.click(position={"x": 40, "y": 8})
    page.keyboard.press("F12")
    expect(page.locator(".cm-activeLine")).to_have_text("let alpha")
    use.click(position={"x": 40, "y": 8}, modifiers=["Control"])
    expect(page.locator(".cm-activeLine")).to_have_text("let alpha")


def test_a_call_shows_how_it_may_be_made_while_its_arguments_are_typed(opened: Open, workspace: Path) -> None:
    page = letter(opened, workspace, "calls.let", "")
    write(page, "use total(")
    help = page.locator(".signature")
    expect(help.locator("code")).to_have_text("total(prices, discount)")
    expect(help.locator("b")).to_have_text("prices")
    expect(help).to_contain_text("what is in it")
    page.keyboard.type("-, ")  # nothing that could be completed
    expect(help.locator("b")).to_have_text("discount")
    expect(help).to_contain_text("from 0 to 1")
    page.keyboard.press("Alt+ArrowDown")
    expect(help).to_contain_text("2 of 2")
    expect(help.locator("code")).to_have_text("total(cart)")
    page.keyboard.press("Escape")
    expect(help).to_have_count(0)
    page.keyboard.press("Control+Shift+Space")
    expect(help.locator("b")).to_have_text("discount")
    assert violations(page) == []
    page.keyboard.press("End")
    page.keyboard.type(")")
    expect(help).to_have_count(0)


def test_a_text_is_formatted_and_a_name_renamed_by_an_extension(opened: Open, workspace: Path) -> None:
    page = letter(opened, workspace, "rename.let", "   let alpha\nuse alpha")
    page.locator(".cm-line").first.click()
    page.keyboard.press("Shift+Alt+F")
    expect(page.locator(".cm-line").first).to_have_js_property("textContent", "let alpha")  # and no spaces before it
    page.keyboard.press("End")
    page.keyboard.press("F2")
    page.get_by_role("dialog").get_by_role("textbox").fill("omega")
    page.keyboard.press("Enter")
    shown(page, "let omegause omega")


@pytest.mark.parametrize(
    ("fonts", "shown"),
    [
        ("'Fira Code', Iosevka-9, \"Ümlaut\"", '^"Fira Code", Iosevka-9, Ümlaut, '),
        ("x; } body { display: none } .x {", "^(?!.*body)"),
        ("x; background: url(http://127.0.0.1:9/)", "^(?!.*url)"),
        ("'x", "^(?!.*x,)"),
        ("\\78", "^(?!.*78)"),
        (5, "^(?!5)"),
    ],
)
def test_fonts_of_the_settings_are_names_and_no_other_style(
    opened: Open, workspace: Path, fonts: object, shown: str
) -> None:
    (workspace / ".vscode").mkdir()
    settings = workspace / ".vscode" / "settings.json"
    settings.write_text(json.dumps({"editor.fontFamily": fonts, "editor.fontSize": 20}))
    try:
        page = letter(opened, workspace, "fonts.let", "let a")
        expect(page.locator(".cm-editor")).to_have_css("font-size", "20px")
        expect(page.locator(".cm-scroller")).to_have_css("font-family", re.compile(shown))
        expect(page.locator(".cm-scroller")).to_have_css("background-image", "none")
        expect(page.locator("body")).not_to_have_css("display", "none")
    finally:
        settings.unlink()
        settings.parent.rmdir()


def test_a_text_is_indented_as_it_looks_and_shown_as_the_settings_say(opened: Open, workspace: Path) -> None:
    own = {"editor.rulers": [20], "editor.wordWrap": "on", "editor.fontSize": 20, "editor.formatOnType": True}
    (workspace / ".vscode").mkdir()
    settings = workspace / ".vscode" / "settings.json"
    settings.write_text(json.dumps({"files.associations": {"*.odd": "letter"}, "[letter]": own}))
    try:
        page = letter(opened, workspace, "spaces.odd", "let a\n    let b\n    let c\n")
        content = page.locator(".cm-content")
        expect(content).to_have_class(re.compile("cm-lineWrapping"))
        expect(content).to_have_css("background-image", re.compile("linear-gradient"))
        expect(page.locator(".cm-editor")).to_have_css("font-size", "20px")
        write(page, "  let d;")
        expect(page.locator(".cm-line").last).to_have_js_property("textContent", "let d;")
        page.keyboard.press("Tab")
        expect(page.locator(".cm-line").last).to_have_js_property("textContent", "    let d;")
        page = letter(opened, workspace, "tabs.txt", "a\n\tb\n\tc\n")
        expect(page.locator(".cm-content")).not_to_have_class(re.compile("cm-lineWrapping"))
        write(page, "d", "Control+End")
        expect(page.locator(".cm-line").last).to_have_js_property("textContent", "d")
        page.keyboard.press("Home")
        page.keyboard.press("Tab")
        expect(page.locator(".cm-line").last).to_have_js_property("textContent", "\td")
    finally:
        settings.unlink()
        settings.parent.rmdir()


def test_the_outline_shows_what_a_file_is_made_of_and_leads_there(opened: Open, workspace: Path) -> None:
    page = letter(opened, workspace, "outline.let", "let alpha\nlet beta\n")
    page.get_by_role("button", name="Outline", exact=True).click()
    page.get_by_role("button", name="beta").click()
    expect(page.locator(".cm-activeLine")).to_have_text("let beta")


def test_an_extension_edits_where_the_cursor_is_and_it_shows(opened: Open, workspace: Path) -> None:
    page = letter(opened, workspace, "sign.let", "let alpha\n")
    write(page, "by: ")
    page.wait_for_timeout(400)  # until the host knows where the cursor is
    page.keyboard.press("Control+k")
    page.get_by_placeholder("Type a command or a place").fill("knowing sign")
    page.get_by_role("option", name=re.compile("Knowing: Sign")).click()
    shown(page, "let alphaby: SIGNED")


def palette(page: Page, title: str) -> None:
    page.keyboard.press("Control+k")
    page.get_by_placeholder("Type a command or a place").fill(title)
    page.get_by_role("option", name=title).click()


def test_a_file_that_an_extension_shows_is_opened_where_it_points(opened: Open, workspace: Path) -> None:
    lines = "".join(f"let name{number:02}\n" for number in range(90))
    (workspace / "pointed.let").write_text(lines)
    page = opened("#/session")
    expect(page.get_by_test_id("pill")).to_contain_text("connected")
    active, selection = page.locator(".cm-activeLine"), page.locator(".cm-selectionBackground")
    for screen in ("#/session", "#/usage", None):
        if screen:
            page.evaluate(f"location.hash = '{screen}'")
        else:  # once more where the file is shown already
            page.locator(".cm-line").first.click()
            expect(selection).to_have_count(0)
        palette(page, "Knowing: Point")
        expect(selection).to_have_count(1)
        expect(active).to_have_text("let name70")
        expect(active).to_be_in_viewport()


def test_two_files_that_an_extension_compares_are_shown_with_what_is_other(opened: Open, workspace: Path) -> None:
    (workspace / "before.let").write_text("let one\nlet two\n")
    (workspace / "after.let").write_text("let one\nlet TWO\n")
    page = opened("#/usage")
    palette(page, "Knowing: Differ")
    expect(page.locator(".crumbs")).to_contain_text("after.let")
    expect(page.locator(".cm-deletedChunk")).to_contain_text("let two")
    expect(page.locator(".cm-changedLine")).to_have_text("let TWO")
    page.get_by_role("button", name="Compare").click()
    expect(page.locator(".cm-deletedChunk")).to_have_count(0)


def test_what_an_extension_marks_shows_moves_with_the_text_and_goes(opened: Open, workspace: Path) -> None:
    page = letter(opened, workspace, "marked.let", "let alpha\nlet beta\n")
    page.locator(".cm-line").first.click()
    palette(page, "Knowing: Mark")
    mark, beside = page.locator(".cm-line [class^=marked-]"), page.locator(".cm-line .beside")
    expect(mark).to_have_text("alpha")
    expect(mark).to_have_css("background-color", "rgb(255, 230, 1)")
    expect(mark).to_have_css("font-weight", "700")
    expect(beside).to_have_text(" by Ada")
    expect(page.locator(".cm-line").nth(1)).to_have_css("background-color", "rgb(1, 2, 250)")
    page.emulate_media(color_scheme="dark")
    expect(mark).to_have_css("background-color", "rgb(90, 80, 1)")
    write(page, "use ", "Control+Home")
    expect(mark).to_have_text("alpha")
    mark.hover()
    expect(page.locator(".said", has_text="looked at")).to_be_visible()
    palette(page, "Knowing: Mark")
    expect(mark).to_have_count(0)
    expect(beside).to_have_count(0)


def test_marks_stay_with_their_text_until_an_extension_sets_them_anew(opened: Open, workspace: Path) -> None:
    page = letter(opened, workspace, "moving.let", "let alpha\nlet beta\n")
    page.locator(".cm-line").first.click()
    palette(page, "Knowing: Mark")
    mark, lines = page.locator(".cm-line [class^=marked-]"), page.locator(".cm-line")
    expect(mark).to_have_text("alpha")
    write(page, "use zero\nuse ", "Control+Home")
    expect(lines.nth(1)).to_have_text("use let alpha by Ada")
    expect(mark).to_have_text("alpha")
    page.goto(page.url.replace("moving.let", "README.md"))
    expect(lines.first).to_have_text("# Shop")
    page.go_back()
    expect(lines.nth(1)).to_have_text("use let alpha by Ada")  # as it was left, not where it was set
    expect(mark).to_have_text("alpha")
    expect(lines.nth(2)).to_have_css("background-color", "rgb(1, 2, 250)")
    write(page, "use more\n", "Control+End")
    palette(page, "Knowing: Line")  # another kind of mark is set anew: this one stays where it is by now
    expect(lines.nth(3)).to_have_css("background-color", "rgb(1, 2, 250)")
    expect(lines.nth(2)).not_to_have_css("background-color", "rgb(1, 2, 250)")
    expect(mark).to_have_text("alpha")
    lines.nth(1).click()
    page.keyboard.press("End")
    page.keyboard.type("bet")  # what is typed at its end is part of it, unless the extension says otherwise
    expect(mark).to_have_text("alphabet")
    palette(page, "Knowing: Mark")
    expect(mark).to_have_count(0)


def test_marks_are_there_for_a_page_that_comes_later(opened: Open, workspace: Path) -> None:
    page = letter(opened, workspace, "later.let", "let gamma\nlet delta\n")
    page.locator(".cm-line").first.click()
    palette(page, "Knowing: Mark")
    expect(page.locator(".cm-line .beside")).to_have_text(" by Ada")
    other = opened(f"#/files{workspace}/later.let")
    expect(other.locator(".cm-line .beside")).to_have_text(" by Ada")
    palette(page, "Knowing: Mark")
    expect(other.locator(".cm-line .beside")).to_have_count(0)


def test_a_text_that_is_longer_than_the_window_can_be_scrolled_by_keys(opened: Open, workspace: Path) -> None:
    (workspace / "long.txt").write_text("a line\n" * 50)
    page = opened(f"#/files{workspace}/long.txt")
    page.set_viewport_size({"width": 900, "height": 330})
    expect(page.locator(".cm-content")).to_contain_text("a line")
    assert violations(page) == []
