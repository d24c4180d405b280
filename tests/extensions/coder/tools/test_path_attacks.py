"""Paths that mean to mislead: every tool's actions name where the file really is, and only that is read or written.

In a user's world and on one's own machine, where the workspace folder may itself be a link.
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from extensions.coder.access import inside
from extensions.coder.modes import BUILT_IN
from extensions.coder.tool import Plan, Tool, ToolError
from extensions.coder.tools import (
    apply_diff,
    apply_patch,
    codebase_search,
    find_definitions,
    find_references,
    get_diagnostics,
    insert_text,
    list_code_definition_names,
    list_files,
    open_file,
    parse_ast,
    read_file,
    search_files,
    show_diff,
    str_replace_editor,
    write_to_file,
)
from sessions.context import SessionContext
from sessions.files import Files, Root
from tests.extensions.coder.uses import Using, planned
from tests.people import people

pytestmark = pytest.mark.anyio

Call = tuple[Tool, dict[str, Any]]

TEXT = "one\ntwo\nthree\n"
FILES = (
    "AGENTS.md", ".roo/rules/x.md", ".vscode/settings.json", ".git/config", ".rooignore", "docs/ok.md", "src/a.py",
    "secret/key", "team.code-workspace", ".clinerules-code",
)  # fmt: skip
LINKS = {
    "to-agents": "AGENTS.md", "to-to-agents": "to-agents", "to-settings": ".vscode/settings.json",
    "to-vscode": ".vscode", "here": ".", "up": "..", "src/up": "..", "to-secret": "secret", "to-key": "secret/key",
    "new-settings": ".vscode/new", "ok.md": "src/a.py", "deep": "docs/../.roo/rules",
    "to-elsewhere": "../elsewhere", "secret/out": "../../elsewhere",
}  # fmt: skip


@dataclass(frozen=True)
class World:
    """A workspace at `cwd` as tools name it, whose files are in `disk`; beside it is `elsewhere/file`."""

    cwd: str
    disk: Path
    use: Callable[..., Using]

    def tree(self) -> dict[str, bytes]:
        """Every file, by its path as the user knows it."""
        found: dict[str, bytes] = {}
        for folder, at in (
            (self.disk, self.cwd),
            (self.disk.parent / "elsewhere", f"{Path(self.cwd).parent}/elsewhere"),
        ):
            for path in folder.rglob("*"):
                if path.is_file() and not path.is_symlink():
                    found["/" + f"{at}/{path.relative_to(folder)}".lstrip("/")] = path.read_bytes()
        return found


def laid(disk: Path) -> None:
    for name in FILES:
        (disk / name).parent.mkdir(parents=True, exist_ok=True)
        (disk / name).write_text("secret/\n" if name == ".rooignore" else TEXT)
    (disk.parent / "elsewhere").mkdir(exist_ok=True)
    (disk.parent / "elsewhere/file").write_text(TEXT)
    for name, target in LINKS.items():
        (disk / name).symlink_to(target)


@pytest.fixture(params=["tenant", "own machine", "own machine behind a link"])
async def place(request: pytest.FixtureRequest, tmp_path: Path) -> AsyncIterator[World]:
    async with people(tmp_path / "data") as sessions:
        session: SessionContext = await sessions.open("ada")
        if request.param == "tenant":
            disk, cwd = tmp_path / "data/users/ada/root/workspace/project", "/workspace/project"
        else:
            disk = tmp_path / "real/project"
            cwd = str(disk)
            await asyncio.to_thread(session.files.close)
            session.files = Files(Root(None), "ada")
        await asyncio.to_thread(laid, disk)
        if request.param == "own machine behind a link":
            (tmp_path / "linked").symlink_to("real")
            cwd = str(tmp_path / "linked/project")
        with session.entered("roost.coder"):
            yield World(cwd, disk, lambda **more: Using(cwd, **more))


def edits(path: str) -> Iterator[Call]:
    """A call of each editing tool on that file."""
    yield write_to_file.TOOL, {"path": path, "content": "new\n"}
    yield apply_diff.TOOL, {"path": path, "diff": "<<<<<<< SEARCH\ntwo\n=======\nTWO\n>>>>>>> REPLACE"}
    yield insert_text.TOOL, {"path": path, "line": 1, "content": "zero"}
    yield str_replace_editor.TOOL, {"path": path, "old_string": "two", "new_string": "TWO"}
    for tool in (str_replace_editor.EDIT, str_replace_editor.SEARCH_REPLACE, str_replace_editor.EDIT_FILE):
        yield tool, {"file_path": path, "old_string": "two", "new_string": "TWO"}
    for body in (
        f"*** Update File: {path}\n@@\n-two\n+TWO", f"*** Delete File: {path}",
        f"*** Update File: {path}\n*** Move to: docs/moved.md", f"*** Update File: docs/ok.md\n*** Move to: {path}.new",
    ):  # fmt: skip
        yield apply_patch.TOOL, {"patch": f"*** Begin Patch\n{body}\n*** End Patch"}


def reads(path: str) -> Iterator[Call]:
    """A call of each reading tool on that file."""
    yield read_file.TOOL, {"path": path}
    yield read_file.TOOL, {"files": [{"path": "docs/ok.md"}, {"path": path}]}
    for tool in (
        list_files.TOOL,
        list_code_definition_names.TOOL,
        parse_ast.TOOL,
        get_diagnostics.TOOL,
        open_file.TOOL,
    ):
        yield tool, {"path": path}
    for tool in (find_definitions.TOOL, find_references.TOOL):
        yield tool, {"symbol": "two", "path": path}
    yield search_files.TOOL, {"path": path, "regex": "two"}
    yield codebase_search.TOOL, {"path": path, "query": "two"}
    yield show_diff.TOOL, {"original": path, "modified": "docs/ok.md"}
    yield show_diff.TOOL, {"original": "docs/ok.md", "modified": path}


SPELLED = (
    "{}", "./{}", ".//./{}", "src/../{}", "none/../{}", "here/{}", "here/here/{}", "src/up/{}", "up/project/{}",
    "../project/{}", "{cwd}/{}", "/{cwd}/{}", "{cwd}/src/.././{}", "docs/../src/../{}", "to-elsewhere/../project/{}",
    "to-vscode/../{}",
)  # fmt: skip
PROTECTED = (
    "AGENTS.md", "to-agents", "to-to-agents", ".vscode/settings.json", "to-vscode/settings.json", "to-settings",
    ".roo/rules/x.md", "deep/x.md", ".git/config", "team.code-workspace", ".clinerules-code",
)  # fmt: skip


def spelled(calls: Callable[[str], Iterator[Call]], place: World, name: str) -> Iterator[Call]:
    """The calls on that file, by each of its spellings."""
    for spelling in SPELLED:
        yield from calls(spelling.format(name, cwd=place.cwd))


def touched(plan: Plan) -> set[str]:
    return {action.path or "" for action in plan.actions if action.kind in ("write", "delete")}


@pytest.mark.parametrize("name", PROTECTED)
async def test_a_protected_file_is_known_in_any_spelling(place: World, name: str) -> None:
    use = place.use()
    real = str((place.disk / name).resolve().relative_to(place.disk.resolve()))
    for tool, arguments in spelled(edits, place, name):
        if "moved" in str(arguments) or ".new" in str(arguments):
            continue
        plan = await planned(tool, use, **arguments)
        assert touched(plan) == {f"{place.cwd}/{real}"}, f"{tool.name} {arguments}"
        assert all(use.protection.protects(one) for one in touched(plan))


@pytest.mark.parametrize(
    "name",
    ["agents.md", "Agents.MD", ".VSCode/settings.json", ".Roo/x", "src/AGENTS.md", "src/.vscode/x", ".git", "a/.git",
     "new-settings", ".rooIgnore", ".roomodes", ".clinerules/x.md", "x.CODE-WORKSPACE", "AGENTS.local.md", "./AGENT.md",
     "to-vscode/../.vscode/launch.json", "to-vscode/tasks.json", "file:///workspace/AGENTS.md"],
)  # fmt: skip
async def test_a_new_file_that_steers_is_protected(place: World, name: str) -> None:
    use = place.use()
    add = f"*** Begin Patch\n*** Add File: {name}\n+x\n*** End Patch"
    move = f"*** Begin Patch\n*** Update File: docs/ok.md\n*** Move to: {name}\n*** End Patch"
    calls = [(write_to_file.TOOL, {"path": name, "content": "x"}), (apply_patch.TOOL, {"patch": add}),
             (apply_patch.TOOL, {"patch": move}),
             (str_replace_editor.TOOL, {"path": name, "old_string": "", "new_string": "x"})]  # fmt: skip
    made = 0
    for tool, arguments in calls:
        try:
            plan = await planned(tool, use, **arguments)
        except ToolError as error:
            assert name == ".git", error  # a folder is there
            continue
        made += 1
        assert any(use.protection.protects(one) for one in touched(plan)), f"{tool.name} {arguments}"
    assert made or name == ".git"


@pytest.mark.parametrize(
    "name", ["secret/key", "to-key", "to-secret/key", "secret/new", "secret", "to-secret", "secret/out/file"]
)
async def test_an_ignored_file_is_neither_read_nor_written_in_any_spelling(place: World, name: str) -> None:
    use = place.use(ignore="secret\n")
    before = await asyncio.to_thread(place.tree)
    for tool, arguments in (*spelled(reads, place, name), *spelled(edits, place, name)):
        if ".new" in str(arguments) and name in ("to-key", "secret", "to-secret"):
            continue  # with `.new` behind them these are files of their own
        with pytest.raises(ToolError, match=r"kept from you|there is no such file|is a folder"):
            await (await planned(tool, use, **arguments)).act()
    assert await asyncio.to_thread(place.tree) == before


OUTSIDE = (
    "../elsewhere/file", "to-elsewhere/file", "up/elsewhere/file", "src/up/../elsewhere/file", "here/../elsewhere/file",
    "{cwd}/../elsewhere/file", "none/../../elsewhere/file", "secret/out/file",
)  # fmt: skip


@pytest.mark.parametrize("path", OUTSIDE)
async def test_a_file_outside_is_never_taken_for_one_inside(place: World, path: str) -> None:
    use = place.use()
    for tool, arguments in (*reads(path.format(cwd=place.cwd)), *edits(path.format(cwd=place.cwd))):
        if tool in (list_files.TOOL,) or "moved" in str(arguments):
            continue
        plan = await planned(tool, use, **arguments)
        outside = [one.path for one in plan.actions if inside(place.cwd, one.path or "") is None]
        assert outside and all("elsewhere/file" in (one or "") for one in outside), f"{tool.name} {arguments}"


@pytest.mark.parametrize("name", ["docs/ok.md", "src/a.py", "ok.md", "to-agents", "to-vscode/settings.json"])
async def test_only_what_was_judged_is_changed(place: World, name: str) -> None:
    before = await asyncio.to_thread(place.tree)
    for tool, arguments in spelled(edits, place, name):
        try:
            plan = await planned(tool, place.use(), **arguments)
        except ToolError as error:
            assert "already" in str(error) or "not found" in str(error), f"{tool.name} {arguments}"
            continue
        result = await plan.act()
        after = await asyncio.to_thread(place.tree)
        changed = {one for one in before.keys() | after.keys() if before.get(one) != after.get(one)}
        assert not result.failed and changed == touched(plan), f"{tool.name} {arguments}"
        await asyncio.to_thread(_restored, place, before)


def _restored(place: World, before: dict[str, bytes]) -> None:
    for path in place.tree().keys() - before.keys():
        (place.disk / path.removeprefix(f"{place.cwd}/")).unlink()
    for path, content in before.items():
        if path.startswith(f"{place.cwd}/"):
            (place.disk / path.removeprefix(f"{place.cwd}/")).write_bytes(content)


@pytest.mark.parametrize("name", ["src/a.py", "ok.md", "AGENTS.md/../src/a.py"])
async def test_a_mode_that_edits_some_files_edits_no_others(place: World, name: str) -> None:
    use = place.use()
    use.mode = next(mode for mode in BUILT_IN if mode.slug == "architect")
    for tool, arguments in spelled(edits, place, name):
        with pytest.raises(ToolError, match="may only edit files that match"):
            await planned(tool, use, **arguments)


@pytest.mark.parametrize(
    ("path", "told"),
    [
        ("", "it is empty"), ("   ", "it is empty"), ("a\0b", "no NUL"), ("AGENTS.md\0.txt", "no NUL"),
        ("AGENTS.md/", "names a folder"), ("src/", "names a folder"), ("/", "names a folder"), ("x" * 256, "255 bytes"),
        ("a/" * 3_000 + "b", "4095"), ("\udc80", "UTF-8"), (".roost-0123456789abcdef.tmp", "the host's own"),
    ],
)  # fmt: skip
async def test_what_is_no_path_of_a_file_is_refused(place: World, path: str, told: str) -> None:
    before = await asyncio.to_thread(place.tree)
    with pytest.raises(ToolError, match=told):
        await (await planned(write_to_file.TOOL, place.use(), path=path, content="x")).act()
    assert await asyncio.to_thread(place.tree) == before


async def test_links_that_go_in_a_circle_are_refused(place: World) -> None:
    (place.disk / "one").symlink_to("two")
    (place.disk / "two").symlink_to("one")
    for tool, arguments in (*reads("one/x"), *edits("one/x")):
        with pytest.raises(ToolError, match="go in a circle"):
            await planned(tool, place.use(), **arguments)


@pytest.mark.parametrize(
    "name",
    ["AGENTS.md.txt", "src/agents_md.py", "vscode/settings.json", "roo/x.md", "docs/AGENTSxmd", "git/config",
     ".github/x", ".gitignore", "secretary/key", "secret.txt", "~/.ssh/id", "$HOME/x", "%2e%2e/AGENTS.md.x",
     "a b/ü.py", "..a/b", "...", "src/a.py.bak", "-rf", "*", "?", "docs/new/deep/x.md", "AGENTS\N{ONE DOT LEADER}md",
     "code-workspace", "workspace"],
)  # fmt: skip
async def test_harmless_names_are_just_names(place: World, name: str) -> None:
    use = place.use(ignore="secret/\n")
    plan = await planned(write_to_file.TOOL, use, path=name, content="x\n")
    assert touched(plan) == {f"{place.cwd}/{name}"}
    assert not any(use.protection.protects(one) for one in touched(plan))
    assert not (await plan.act()).failed
    assert (await asyncio.to_thread((place.disk / name).read_text)) == "x\n"


@pytest.mark.parametrize("path", ["/proc/self/root{cwd}/AGENTS.md", "/proc/self/cwd/x", "/dev/null", "/proc/self/mem"])
async def test_ways_through_the_kernels_own_files_are_judged_by_where_they_lead(place: World, path: str) -> None:
    use = place.use()
    try:
        plan = await planned(write_to_file.TOOL, use, path=path.format(cwd=place.cwd), content="x")
    except ToolError:
        return
    assert all(inside(place.cwd, one) is None or use.protection.protects(one) for one in touched(plan))
