"""Source control in the page: colours in the tree, stage and commit, clones with progress, and each one's own only."""

from __future__ import annotations

import os
import re
import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest
from playwright.sync_api import Page, expect

from sessions.launch import BUBBLEWRAP
from tests.browser.conftest import Open, shot, violations
from tests.client import Process, running
from tests.screens import passable
from tests.tokens import GUARDED, token

GATE = """#!/bin/sh
printf 'Counting objects:  50%% (1/2)\\r' >&2
while [ ! -e "$HOME/gate" ]; do sleep 0.05; done
exec "$@"
"""
"""Packs what is cloned once the gate is there: until then half of the objects are counted."""


def git(folder: Path, *words: str) -> str:
    names = ("-c", "user.name=Ada", "-c", "user.email=ada@example.org")
    clean = {name: value for name, value in os.environ.items() if not name.startswith("GIT_")}
    done = subprocess.run(["git", *names, *words], cwd=folder, env=clean, capture_output=True, text=True, check=True)
    return done.stdout


@pytest.fixture(scope="module")
def home(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The person's own home: who they are to git, and how what they clone is packed."""
    folder = tmp_path_factory.mktemp("home")
    (folder / "pack").write_text(GATE)
    (folder / "pack").chmod(0o755)
    hook = f"[uploadpack]\n\tpackObjectsHook = {folder / 'pack'}\n"
    (folder / ".gitconfig").write_text(f"[user]\n\tname = Ada\n\temail = ada@example.org\n{hook}")
    return folder


@pytest.fixture(scope="module")
def place(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The workspace: a repository with one commit."""
    folder = tmp_path_factory.mktemp("work") / "shop"
    (folder / "src").mkdir(parents=True)
    (folder / "src/cart.py").write_text("total = 1\n")
    (folder / "README.md").write_text("# Shop\n")
    (folder / "old.txt").write_text("old\n")
    (folder / ".gitignore").write_text("*.log\n")
    git(folder, "init", "--quiet", "--initial-branch=main")
    git(folder, "add", ".")
    git(folder, "commit", "--quiet", "--message=First")
    return folder


@pytest.fixture(scope="module")
def shop(tmp_path_factory: pytest.TempPathFactory, place: Path, home: Path) -> Iterator[Process]:
    data = tmp_path_factory.mktemp("shop") / "data"
    more = {"MULTI_USER": "0", "HOME": str(home), "GIT_CONFIG_NOSYSTEM": "1"}
    with running(data, "--workspace", str(place), **more) as started:
        yield started


@pytest.fixture(scope="module")
def origin(tmp_path_factory: pytest.TempPathFactory, place: Path) -> Path:
    """A repository to clone."""
    folder = tmp_path_factory.mktemp("origin") / "tool.git"
    git(place, "clone", "--quiet", "--bare", str(place), str(folder))
    return folder


@pytest.fixture(autouse=True)
def clean(place: Path) -> Iterator[None]:
    """Each test begins with nothing changed."""
    yield
    git(place, "reset", "--quiet", "--hard")
    git(place, "clean", "--quiet", "--force", "--force", "-d", "-x")


def row(page: Page, name: str) -> tuple[str, str]:
    """The class that colours a row of the tree, and its letter."""
    found = page.get_by_role("treeitem", name=name)
    classes = (found.get_attribute("class") or "").split()
    letter = found.locator(".letter")
    return next((one for one in classes if one.startswith("git-")), ""), letter.inner_text() if letter.count() else ""


def test_the_tree_has_gits_colours_and_letters_and_follows_what_a_shell_does(
    opened: Open, shop: Process, place: Path
) -> None:
    (place / "src/cart.py").write_text("total = 2\n")
    (place / "new.py").write_text("new = 1\n")
    (place / "run.log").write_text("noise\n")
    page = opened("#/files", base=shop.base)
    expect(page.get_by_role("treeitem", name="new.py").locator(".letter")).to_have_text("U")
    expect(page.get_by_role("treeitem", name="src").locator(".letter")).to_have_text("●")
    expect(page.get_by_role("treeitem", name="run.log")).to_have_class(re.compile(r"\bgit-ignored\b"))
    assert row(page, "README.md") == ("", "")
    expect(page.get_by_role("treeitem", name=".git", exact=True)).to_have_count(0)
    page.get_by_role("treeitem", name="src").click()
    expect(page.get_by_role("treeitem", name="cart.py").locator(".letter")).to_have_text("M")
    assert row(page, "cart.py") == ("git-modified", "M")
    assert row(page, "new.py") == ("git-untracked", "U")
    assert violations(page) == []
    git(place, "add", "new.py")
    expect(page.get_by_role("treeitem", name="new.py").locator(".letter")).to_have_text("A")
    git(place, "checkout", "--quiet", "src/cart.py")
    expect(page.get_by_role("treeitem", name="cart.py").locator(".letter")).to_have_count(0)
    expect(page.get_by_role("treeitem", name="src").locator(".letter")).to_have_count(0)


def test_a_change_is_opened_beside_what_it_was_and_edited_there(opened: Open, shop: Process, place: Path) -> None:
    (place / "src/cart.py").write_text("total = 2\n")
    (place / "old.txt").unlink()
    page = opened("#/changes", base=shop.base)
    changes = page.get_by_label("Changes", exact=True).last
    changes.locator(".resource", has_text="cart.py").locator(".name").click()
    page.get_by_role("button", name="Open changes").click()
    expect(page.locator(".crumbs")).to_contain_text("cart.py")
    expect(page.locator(".cm-deletedChunk")).to_contain_text("total = 1")
    expect(page.locator(".cm-changedLine")).to_have_text("total = 2")
    expect(page.locator(".cm-chunkButtons")).to_have_text("Take back")
    page.locator(".cm-changedLine").click()
    page.keyboard.press("End")
    page.keyboard.type("0")
    page.keyboard.press("Control+s")
    expect(page.get_by_label("not saved")).to_have_count(0)
    expect(page.get_by_role("button", name="Save")).to_be_disabled()
    assert (place / "src/cart.py").read_text() == "total = 20\n"
    shot(page, "changes-in-the-editor")
    assert violations(page) == []
    page.get_by_role("button", name="Take back").click()
    expect(page.locator(".cm-content")).to_have_text("total = 1")
    expect(page.locator(".cm-deletedChunk")).to_have_count(0)
    page.keyboard.press("Control+z")
    expect(page.locator(".cm-changedLine")).to_have_text("total = 20")
    git(place, "add", "src/cart.py")
    page.goto(f"{shop.base}/#/changes")
    staged = page.get_by_label("Staged Changes", exact=True)
    staged.locator(".resource", has_text="cart.py").locator(".name").click()
    page.get_by_role("button", name="Open changes").click()
    expect(page.get_by_role("button", name="cart.py (Index)", exact=True)).to_be_visible()
    expect(page.locator(".cm-deletedChunk")).to_contain_text("total = 1")
    expect(page.locator(".cm-changedLine")).to_have_text("total = 20")
    page.locator(".cm-changedLine").click()
    page.keyboard.type("x")
    expect(page.locator(".cm-changedLine")).to_have_text("total = 20")  # what is staged is not typed into
    page.reload()
    expect(page.locator(".cm-content")).to_have_text("total = 20")
    page.goto(f"{shop.base}/#/changes")
    changes.locator(".resource", has_text="old.txt").locator(".name").click()
    page.get_by_role("button", name="Open changes").click()
    expect(page.get_by_role("button", name="old.txt (Index)", exact=True)).to_be_visible()
    expect(page.locator(".cm-content")).to_have_text("old")


def test_changes_are_looked_at_staged_unstaged_and_committed(opened: Open, shop: Process, place: Path) -> None:
    (place / "src/cart.py").write_text("total = 2\n")
    (place / "old.txt").unlink()
    page = opened("#/changes", base=shop.base)
    changes, staged = page.get_by_label("Changes", exact=True).last, page.get_by_label("Staged Changes", exact=True)
    expect(changes.get_by_role("button", name="cart.py", exact=False).first).to_be_visible()
    changes.locator(".resource", has_text="cart.py").locator(".name").click()
    expect(page.get_by_label("What has changed")).to_contain_text("+total = 2")
    page.get_by_role("button", name="Stage Changes: cart.py").click()
    expect(staged).to_contain_text("cart.py")
    assert git(place, "diff", "--cached", "--name-only") == "src/cart.py\n"
    page.get_by_role("button", name="Unstage Changes: cart.py").click()
    expect(staged).to_have_count(0)
    page.get_by_role("button", name="Stage All Changes: Changes").click()
    expect(staged).to_contain_text("old.txt")
    assert violations(page) == []
    page.get_by_label("Message").fill("Count to two\n\nAnd forget what is old.")
    page.get_by_label("Message").press("Control+Enter")
    expect(page.get_by_text("Nothing has changed.")).to_be_visible()
    expect(page.get_by_label("Message")).to_have_value("")
    assert git(place, "log", "-1", "--format=%B").strip() == "Count to two\n\nAnd forget what is old."
    assert git(place, "status", "--porcelain") == ""


def test_discarding_asks_first_and_a_refusal_keeps_what_is_there(opened: Open, shop: Process, place: Path) -> None:
    (place / "README.md").write_text("# Changed\n")
    page = opened("#/changes", base=shop.base)
    page.get_by_role("button", name="Discard Changes: README.md").click()
    page.get_by_role("dialog").get_by_role("button", name="Cancel").click()
    expect(page.get_by_role("button", name="Discard Changes: README.md")).to_be_enabled()
    assert (place / "README.md").read_text() == "# Changed\n"
    page.get_by_role("button", name="Discard Changes: README.md").click()
    page.get_by_role("dialog").get_by_role("button", name="Discard Changes").click()
    expect(page.get_by_text("Nothing has changed.")).to_be_visible()
    assert (place / "README.md").read_text() == "# Shop\n"


def test_what_git_refuses_is_said_in_its_words(opened: Open, shop: Process, place: Path) -> None:
    hook = place / ".git/hooks/pre-commit"
    hook.write_text("#!/bin/sh\necho 'error: no commits on Sundays' >&2\nexit 1\n")
    hook.chmod(0o755)
    try:
        (place / "README.md").write_text("# Changed\n")
        git(place, "add", ".")
        page = opened("#/changes", base=shop.base)
        page.get_by_label("Message").fill("Try")
        page.get_by_role("button", name="Commit", exact=True).click()
        expect(page.get_by_role("status").filter(has_text="no commits on Sundays")).to_be_visible()
        expect(page.get_by_label("Message")).to_have_value("Try")
    finally:
        hook.unlink()


def clone(page: Page, url: str) -> None:
    page.get_by_role("button", name="Commands").click()
    page.get_by_placeholder("Type a command or a place").fill("clone a repository")
    page.keyboard.press("Enter")
    page.get_by_role("textbox", name="Repository to clone").fill(url)
    page.keyboard.press("Enter")


def test_a_clone_shows_how_far_it_is_and_appears_in_the_tree(
    opened: Open, shop: Process, origin: Path, home: Path
) -> None:
    (home / "gate").unlink(missing_ok=True)
    page = opened("#/files", base=shop.base)
    expect(page.get_by_role("treeitem", name="README.md")).to_be_visible()
    clone(page, f"file://{origin}")
    bar = page.get_by_role("progressbar", name="Cloning")
    expect(bar).to_be_visible()
    expect(bar).to_have_js_property("value", 2.5)
    expect(page.get_by_text("Counting objects: 50% (1/2)")).to_be_visible()
    assert violations(page) == []
    shot(page, "a_clone_that_goes_on")
    (home / "gate").touch()
    expect(page.get_by_text("tool is cloned")).to_be_visible()
    expect(bar).to_have_count(0)
    expect(page.get_by_role("treeitem", name="tool")).to_be_visible()
    page.evaluate("location.hash = '#/changes'")
    expect(page.get_by_role("heading", name="tool")).to_be_visible()


def test_a_clone_that_is_cancelled_leaves_nothing(
    opened: Open, shop: Process, place: Path, origin: Path, home: Path
) -> None:
    (home / "gate").unlink(missing_ok=True)
    before = sorted(one.name for one in place.iterdir())
    page = opened("#/files", base=shop.base)
    clone(page, f"file://{origin}")
    page.get_by_role("region", name="Cloning tool").get_by_role("button", name="Cancel").click()
    expect(page.get_by_role("progressbar")).to_have_count(0)
    expect(page.get_by_role("treeitem", name="tool")).to_have_count(0)
    assert sorted(one.name for one in place.iterdir()) == before


def test_a_phone_shows_the_changes_and_then_the_difference(opened: Open, shop: Process, place: Path) -> None:
    (place / "README.md").write_text("# Changed\n")
    page = opened("#/changes", base=shop.base, viewport={"width": 390, "height": 780})
    page.locator(".resource", has_text="README.md").locator(".name").click()
    expect(page.get_by_label("What has changed")).to_contain_text("+# Changed")
    assert page.evaluate("document.documentElement.scrollWidth <= innerWidth")
    assert violations(page) == []


@pytest.fixture(scope="module")
def both() -> Iterator[Process]:
    """A host for two people, each in a sandbox of their own."""
    if not Path(BUBBLEWRAP).exists():
        pytest.skip("bubblewrap is not installed here")
    with passable() as folder, running(folder / "data", **GUARDED) as started:
        yield started


def test_two_people_see_their_own_repositories_only(
    opened: Open, both: Process, request: pytest.FixtureRequest
) -> None:
    request.node.expected_complaints = "401"
    pages = {}
    for name in ("ada", "grace"):
        page = pages[name] = opened("#/files", base=both.base)
        page.get_by_label("Token").fill(token(name))
        page.get_by_role("button", name="Come in").click()
        expect(page.locator(".status .who")).to_have_text(name)
    ada, grace = pages.values()
    upload = {"name": "secret-of-ada.txt", "mimeType": "text/plain", "buffer": b"hers"}
    ada.locator("input[type=file]").set_input_files(upload)
    expect(ada.get_by_role("treeitem", name="secret-of-ada.txt")).to_be_visible()
    for page in (ada, grace):
        page.evaluate("location.hash = '#/changes'")
    ada.get_by_role("button", name="Initialize here").click()
    expect(ada.locator(".resource", has_text="secret-of-ada.txt")).to_be_visible(timeout=20_000)
    expect(grace.get_by_text("No repository is open")).to_be_visible()
    grace.get_by_role("button", name="Initialize here").click()
    expect(grace.get_by_text("Nothing has changed.")).to_be_visible(timeout=20_000)
    assert "secret-of-ada" not in grace.content()
    assert violations(ada) == []
    ada.evaluate("location.hash = '#/files'")
    expect(ada.get_by_role("treeitem", name="secret-of-ada.txt").locator(".letter")).to_have_text("U")
