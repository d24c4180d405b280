"""What extensions ask and show, in the page: input, picks, messages, frames, the status line, settings."""

from __future__ import annotations

import re
from contextlib import suppress
from pathlib import Path

from playwright.sync_api import Page, expect

from tests.browser.conftest import Line, Open, violations


def run(page: Page, title: str) -> None:
    page.get_by_role("button", name="Commands").click()
    page.get_by_placeholder("Type a command or a place").fill(title)
    expect(page.get_by_role("option", name=title)).to_be_visible()
    page.keyboard.press("Enter")


def test_an_extension_asks_for_a_line_a_pick_and_a_yes_by_keyboard_alone(opened: Open) -> None:
    page = opened()
    run(page, "Asking: Choose a Colour")
    name = page.get_by_label("Your name").last
    expect(name).to_be_focused()
    page.keyboard.press("Enter")
    expect(page.get_by_text("say one")).to_be_visible()
    page.keyboard.type("Ada")
    page.keyboard.press("Enter")
    expect(page.get_by_role("option", name="red")).to_be_visible()
    assert violations(page) == []
    page.keyboard.press("ArrowDown")
    page.keyboard.press("Enter")
    expect(page.get_by_role("heading", name="Ada likes green")).to_be_visible()
    page.get_by_role("button", name="So it is").click()
    expect(page.locator(".notice")).to_contain_text("So it is")


def test_a_question_begins_with_its_own_text_selected_as_soon_as_it_is_there(opened: Open) -> None:
    page = opened()
    run(page, "Asking: Two at Once")
    expect(page.get_by_label("First").last).to_be_focused()
    page.evaluate("""() => new MutationObserver(() => {
        const field = document.querySelector("dialog[open] #line");
        if (field?.labels[0].textContent !== "Second") return;
        const selected = [field.selectionStart, field.selectionEnd];
        window.begins ??= [field.value, document.activeElement === field, ...selected];
    }).observe(document.body, {subtree: true, childList: true, attributes: true})""")
    page.keyboard.type("one")
    page.keyboard.press("Enter")
    expect(page.get_by_label("Second").last).to_have_value("second")
    assert page.evaluate("begins") == ["second", True, 0, 6]
    page.keyboard.type("two")
    page.keyboard.press("Enter")
    expect(page.locator(".notice")).to_contain_text("one and two")


def test_a_question_is_there_again_after_the_line_was_cut_and_is_answered_once(opened: Open) -> None:
    line = Line()
    page = opened(before=line.watch)
    run(page, "Asking: Choose a Colour")
    expect(page.get_by_label("Your name").last).to_be_focused()
    line.cut()
    expect(page.get_by_test_id("pill")).to_contain_text(re.compile("^(connected|caught up)"))
    expect(page.get_by_label("Your name").last).to_be_focused()
    page.keyboard.type("Grace")
    page.keyboard.press("Enter")
    expect(page.get_by_role("option", name="red")).to_be_visible()
    page.keyboard.press("Escape")
    page.get_by_role("button", name="Cancel").click()
    expect(page.locator("dialog")).to_have_count(0)


def test_a_command_that_needs_arguments_asks_for_them_and_those_that_are_hidden_are_not_offered(opened: Open) -> None:
    page = opened()
    run(page, "Asking: Say Again")
    expect(page.get_by_role("dialog", name="Asking: Say Again: text")).to_be_visible()
    page.keyboard.type("hear")
    page.keyboard.press("Enter")
    expect(page.get_by_role("dialog", name="Asking: Say Again: how often")).to_be_visible()
    page.keyboard.type("2")
    page.keyboard.press("Enter")
    expect(page.locator(".notice")).to_have_text("hear hear")
    page.get_by_role("button", name="Commands").click()
    page.get_by_placeholder("Type a command or a place").fill("Asking:")
    expect(page.get_by_role("option", name="Asking: Say Again")).to_be_visible()
    expect(page.get_by_role("option", name="Inner Thing")).to_have_count(0)


def offers(page: Page) -> set[str]:
    """What the palette offers of the extension, once it has heard of what extensions have."""
    page.get_by_role("button", name="Commands").click()
    page.get_by_placeholder("Type a command or a place").fill("Asking:")
    expect(page.get_by_role("option", name="Asking: Count")).to_be_visible()
    found = {one.split("\n")[0] for one in page.get_by_role("option").all_inner_texts()}
    page.keyboard.press("Escape")
    expect(page.locator("dialog[open]")).to_have_count(0)
    return found & {"Asking: Open the Door", "Asking: Close the Door", "Asking: Shout"}


def loud(page: Page, is_loud: bool) -> None:
    """Change the setting of the extension."""
    page.get_by_role("link", name="Settings").click()
    page.get_by_role("button", name="Extensions").click()
    page.get_by_label("loud").set_checked(is_loud)
    expect(page.get_by_label("loud")).to_be_checked(checked=is_loud)


def test_the_palette_offers_a_command_only_while_its_when_and_its_enablement_hold(
    opened: Open, workspace: Path
) -> None:
    page = opened()
    run(page, "Asking: Open the Door")
    expect(page.locator(".notice").last).to_have_text("the door is open")
    assert offers(page) == {"Asking: Close the Door"}  # no file is open
    page.goto(f"{page.url.split('#')[0]}#/files{workspace}/README.md")
    page.reload()  # what was set is asked for again
    expect(page.locator(".cm-content")).to_contain_text("A small shop")
    assert offers(page) == {"Asking: Close the Door"}
    loud(page, True)
    page.go_back()
    expect(page.locator(".cm-content")).to_contain_text("A small shop")
    assert offers(page) == {"Asking: Close the Door", "Asking: Shout"}
    loud(page, False)
    page.go_back()
    assert offers(page) == {"Asking: Close the Door"}
    page.evaluate("location.hash = location.hash.replace('README.md', 'src/billing.py')")
    expect(page.locator(".cm-content")).to_contain_text("What a cart costs")
    assert offers(page) == {"Asking: Close the Door", "Asking: Shout"}
    run(page, "Asking: Close the Door")
    expect(page.locator(".notice").last).to_have_text("the door is shut")
    assert offers(page) == {"Asking: Open the Door"}


def test_keys_of_extensions_run_the_command_whose_when_holds(opened: Open, workspace: Path) -> None:
    page = opened(f"#/files{workspace}/README.md")
    expect(page.locator(".cm-content")).to_be_focused()
    page.keyboard.press("Control+Alt+d")
    expect(page.locator(".notice").last).to_have_text("the door is open")
    for _ in range(20):  # the answer may be there before the page has heard of the key that the clause asks for
        page.keyboard.press("Control+Alt+d")
        with suppress(AssertionError):
            expect(page.locator(".notice").last).to_have_text("the door is shut", timeout=500)
            break
    expect(page.locator(".notice").last).to_have_text("the door is shut")
    page.keyboard.press("Alt+q")
    expect(page.get_by_text("Alt Q was pressed")).to_be_visible()
    page.keyboard.press("Shift+Alt+Digit1")
    expect(page.get_by_role("dialog", name="Asking: Say Again: how often")).to_be_visible()  # the text was given
    page.keyboard.type("2")
    page.keyboard.press("Enter")
    expect(page.locator(".notice").last).to_have_text("again again")
    page.keyboard.press("Alt+q")
    page.keyboard.press("x")  # no key of anybody: it ends what was begun, and types nothing
    expect(page.get_by_text("Alt Q was pressed")).to_have_count(0)
    page.get_by_role("link", name="Usage").click()
    page.keyboard.press("Alt+q")
    expect(page.get_by_text("Alt Q was pressed")).to_have_count(0)  # the editor is not in focus
    assert (workspace / "README.md").read_text().startswith("# Shop")
    page.get_by_role("button", name="Commands").click()
    page.get_by_placeholder("Type a command or a place").fill("Asking: Open")
    expect(page.get_by_role("option", name="Asking: Open the Door")).to_contain_text("Ctrl Alt D")


def test_two_strokes_of_an_extension_may_begin_with_the_key_of_the_palette(opened: Open) -> None:
    page = opened()
    run(page, "Asking: Open the Door")
    expect(page.locator(".notice").last).to_have_text("the door is open")
    assert "Asking: Close the Door" in offers(page)  # the page has heard of it
    page.keyboard.press("Control+k")
    expect(page.get_by_text("Ctrl K was pressed")).to_be_visible()
    page.keyboard.press("Control+r")
    expect(page.get_by_role("dialog", name="Asking: Say Again: how often")).to_be_visible()
    page.keyboard.press("Escape")
    run(page, "Asking: Close the Door")
    assert "Asking: Open the Door" in offers(page)
    page.keyboard.press("Control+k")
    expect(page.get_by_placeholder("Type a command or a place")).to_be_focused()


def test_a_tree_has_the_commands_of_its_menus_that_fit_the_view_and_the_element(opened: Open) -> None:
    page = opened()
    for command, said in (("Open", "open"), ("Close", "shut")):  # which wakes the extension
        run(page, f"Asking: {command} the Door")
        expect(page.locator(".notice").last).to_have_text(f"the door is {said}")
    page.get_by_role("link", name="Views").click()
    page.get_by_role("button", name="asking.zoo", exact=True).click()
    expect(page.get_by_role("button", name="oak", exact=True)).to_be_visible()
    buttons = page.locator("main").get_by_role("button")
    expect(buttons.filter(has_text="lion")).to_have_count(1)
    assert [one for one in names(page) if ":" in one] == ["More: asking.zoo", "Feed: lion"]  # nothing can be set free
    page.get_by_role("button", name="Feed: lion").click()
    expect(page.get_by_role("alert")).to_contain_text("the lion is fed")
    page.get_by_role("button", name="OK").click()
    page.get_by_role("button", name="More: asking.zoo").click()
    page.get_by_role("option", name="Open the Door").click()
    expect(page.get_by_role("button", name="More: lion")).to_be_visible()
    assert [one for one in names(page) if ":" in one] == ["Feed: lion", "More: lion"]
    assert violations(page) == []
    page.get_by_role("button", name="More: lion").click()
    page.get_by_role("option", name="Set Free").click()
    expect(page.get_by_role("alert")).to_contain_text("the lion is free")
    page.get_by_role("button", name="OK").click()
    run(page, "Asking: Close the Door")
    expect(page.get_by_role("button", name="More: asking.zoo")).to_be_visible()


def test_an_editor_has_the_commands_of_its_menus_and_they_get_the_file(opened: Open, workspace: Path) -> None:
    page = opened(f"#/files{workspace}/src/billing.py")
    text = page.locator(".cm-content")
    expect(text).to_contain_text("What a cart costs")
    page.get_by_role("button", name="Stamp: billing.py").click()
    expect(page.locator(".notice").last).to_have_text("stamped file billing.py")
    page.locator(".notice").last.get_by_role("button").click()
    expect(page.get_by_role("button", name="More: billing.py")).to_have_count(0)
    text.click(button="right")
    assert violations(page) == []
    page.get_by_role("option", name="Stamp").click()
    expect(page.locator(".notice").last).to_have_text("stamped file billing.py")
    page.evaluate("location.hash = location.hash.replace('src/billing.py', 'README.md')")
    expect(text).to_contain_text("A small shop")
    expect(page.get_by_role("button", name="Stamp: README.md")).to_have_count(0)
    page.get_by_role("button", name="More: README.md").click()
    page.get_by_role("option", name="Weigh").click()
    expect(page.locator(".notice").last).to_have_text("README.md of None")
    page.evaluate("""() => addEventListener("contextmenu", (event) => (window.own = !event.defaultPrevented))""")
    text.click(button="right")
    assert page.evaluate("own"), "nothing of an extension is there, so the browser shows its own"


OWN = ["Rename…", "Delete…", "Download", "Copy its path", "New file…", "New folder…"]
"""What the page itself offers for a file."""


def test_the_explorer_offers_the_commands_of_its_menu_by_mouse_and_keys(opened: Open, workspace: Path) -> None:
    (workspace / "src" / "old name.txt").write_text("x")
    page = opened("#/files")
    tree = page.get_by_role("tree")
    tree.get_by_role("treeitem", name="pyproject.toml").click(button="right")
    choices = page.get_by_role("option")
    expect(choices).to_have_text(["Stamp", *OWN])
    assert violations(page) == []
    choices.first.click()
    expect(page.locator(".notice").last).to_have_text("stamped file pyproject.toml")
    tree.get_by_role("treeitem", name="README.md").click(button="right")
    expect(choices).to_have_text(["More of It…", *OWN])
    choices.first.click()
    expect(choices).to_have_text(["Weigh"])
    choices.first.click()
    expect(page.locator(".notice").last).to_have_text("README.md of [True]")
    tree.get_by_role("treeitem", name="src").click(button="right")
    expect(choices).to_have_text(["Weigh", *OWN[:2], *OWN[3:]])  # no download of a folder
    choices.first.click()
    expect(page.locator(".notice").last).to_have_text("src of [True]")
    below = "{bubbles: true, cancelable: true, button: 2}"  # the last row, wherever that is
    tree.evaluate(f"(tree) => tree.dispatchEvent(new MouseEvent('contextmenu', {below}))")
    expect(choices).to_have_text(["Weigh", "Restore from the trash…", "New file…", "New folder…"])
    choices.first.click()
    expect(page.locator(".notice").last).to_have_text(f"{workspace.name} of [True]")
    tree.get_by_role("treeitem", name="src").click()
    expect(tree.get_by_role("treeitem", name="old name.txt")).to_be_visible()
    tree.focus()
    page.keyboard.press("ArrowDown")  # to billing.py, and on to the next
    page.keyboard.press("ArrowDown")
    page.keyboard.press("Shift+F10")
    choices.filter(has_text="Rename").click()
    page.keyboard.type("new name")  # in place of what is before the dot
    page.keyboard.press("Enter")
    expect(tree.get_by_role("treeitem", name="new name.txt")).to_be_visible()
    assert not (workspace / "src" / "old name.txt").exists()
    (workspace / "src" / "new name.txt").unlink()


def names(page: Page) -> list[str]:
    """What the buttons of the screen are called."""
    found: list[str] = (
        page.locator("main")
        .get_by_role("button")
        .evaluate_all("all => all.map((one) => one.getAttribute('aria-label') ?? one.textContent)")
    )
    return found


def test_a_frame_of_an_extension_runs_its_script_and_talks_with_it_alone(opened: Open) -> None:
    page = opened()
    run(page, "Asking: Show a Frame")
    page.get_by_role("link", name="Views").click()
    frame = page.frame_locator("iframe").last
    expect(frame.locator("#said")).to_have_text("heard 42")
    assert page.locator("iframe").last.get_attribute("sandbox") == "allow-scripts allow-forms"


def test_what_happened_while_the_line_was_cut_is_caught_up_once(opened: Open) -> None:
    line = Line()
    page, other = opened(before=line.watch), opened()
    run(page, "Asking: Count")
    item = page.locator(".status .item")
    expect(item).to_be_visible()
    before = int(item.inner_text())
    line.hold = True
    line.cut()
    expect(page.get_by_test_id("pill")).to_contain_text("reconnecting")
    for _ in range(3):
        run(other, "Asking: Count")
        before += 1
        expect(other.locator(".status .item")).to_have_text(str(before))
    expect(item).not_to_have_text(str(before))
    line.hold = False
    expect(page.get_by_test_id("pill")).to_contain_text("caught up")
    expect(item).to_have_text(str(before))


def test_a_setting_of_an_extension_is_changed_from_its_manifest(opened: Open) -> None:
    page = opened("#/settings")
    page.get_by_role("button", name="Extensions").click()
    expect(page.get_by_text("Say it in capitals.")).to_be_visible()
    page.get_by_label("loud").check()
    page.reload()
    page.get_by_role("button", name="Extensions").click()
    expect(page.get_by_label("loud")).to_be_checked()
    page.get_by_label("loud").uncheck()
    expect(page.get_by_label("loud")).not_to_be_checked()
