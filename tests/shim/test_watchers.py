"""File system watchers as extensions make them: they fire, for what was asked, and for their user only."""

from __future__ import annotations

import asyncio
import threading
import time

import pytest

import shim as vscode
from sessions.context import SessionContext
from sessions.errors import InvalidValue, QuotaExceeded
from sessions.globs import compiled
from sessions.watchtree import Tree
from shim import watchers
from tests.sessions.stores import eventually

pytestmark = pytest.mark.anyio


def listening(pattern: vscode.GlobPattern, *ignore: bool) -> tuple[vscode.FileSystemWatcher, list[tuple[str, str]]]:
    """A watcher, and what it was told."""
    heard: list[tuple[str, str]] = []
    watcher = vscode.workspace.create_file_system_watcher(pattern, *ignore)
    watcher.on_did_create(lambda uri: heard.append(("create", uri.path)))
    watcher.on_did_change(lambda uri: heard.append(("change", uri.path)))
    watcher.on_did_delete(lambda uri: heard.append(("delete", uri.path)))
    return watcher, heard


async def test_a_watcher_fires_for_what_its_glob_means(ada: SessionContext) -> None:
    with ada.entered():
        _, python = listening("**/*.py")
        _, near = listening(vscode.RelativePattern("/workspace/src", "*.{py,toml}"))
        _, outside = listening(vscode.RelativePattern(vscode.Uri.file("/home"), "**/a.txt"))
        for path in (
            "/workspace/src/a.py",
            "/workspace/src/b.toml",
            "/workspace/c/d.py",
            "/home/x/a.txt",
            "/home/b.txt",
        ):
            await vscode.workspace.fs.write_file(vscode.Uri.file(path), b"x")
        await eventually(lambda: len(python) == 2 and len(near) == 2 and len(outside) == 1)
        await vscode.workspace.fs.write_file(vscode.Uri.file("/workspace/src/a.py"), b"y")
        await eventually(lambda: ("change", "/workspace/src/a.py") in python)
        await vscode.workspace.fs.delete(vscode.Uri.file("/workspace/src/a.py"))
        await eventually(lambda: ("delete", "/workspace/src/a.py") in near)
        assert set(python) == {
            ("create", "/workspace/src/a.py"),
            ("create", "/workspace/c/d.py"),
            ("change", "/workspace/src/a.py"),
            ("delete", "/workspace/src/a.py"),
        }
        assert outside == [("create", "/home/x/a.txt")]


async def test_what_is_ignored_is_not_told_and_a_disposed_one_hears_nothing(ada: SessionContext) -> None:
    with ada.entered():
        watcher, heard = listening("**", True, False, True)
        gone, silence = listening("**")
        gone.dispose()
        gone.dispose()
        assert (watcher.ignore_create_events, watcher.ignore_change_events) == (True, False)
        _, after = listening("a")
        await ada.files.write("/workspace/a", b"1")
        await eventually(lambda: after)
        await ada.files.write("/workspace/a", b"2")
        await eventually(lambda: ("change", "/workspace/a") in heard)
        await ada.files.delete("/workspace/a")
        await eventually(lambda: ("delete", "/workspace/a") in after)
        assert {kind for kind, _ in heard} == {"change"}
        assert silence == []


async def test_nobody_hears_of_anothers_files(ada: SessionContext, ben: SessionContext) -> None:
    with ben.entered():
        _, bens = listening("**")
    with ada.entered():
        _, adas = listening("**")
    await ada.files.write("/workspace/ada", b"x")
    await ben.files.write("/workspace/ben", b"x")
    await eventually(lambda: adas and bens)
    assert (adas, bens) == ([("create", "/workspace/ada")], [("create", "/workspace/ben")])


async def test_what_the_settings_exclude_is_not_told(ada: SessionContext) -> None:
    with ada.entered():
        await vscode.workspace.get_configuration("files").update("watcherExclude", {"**/out/**": True}, True)
        _, heard = listening("**")
        await ada.files.write("/workspace/out/a", b"x")
        await ada.files.write("/workspace/in", b"x")
        await eventually(lambda: heard)
        assert heard == [("create", "/workspace/in")]


async def test_a_folder_that_joins_the_workspace_is_watched_too(ada: SessionContext) -> None:
    with ada.entered():
        _, heard = listening("**/*.md")
        vscode.workspace.update_workspace_folders(1, 0, {"uri": vscode.Uri.file("/home/lib")})
        await ada.files.write("/home/lib/a.md", b"x")
        await eventually(lambda: heard)
        assert heard == [("create", "/home/lib/a.md")]


async def test_watchers_and_settings_go_on_once_the_extension_is_gone_that_was_the_first_to_ask(
    ada: SessionContext,
) -> None:
    changed: list[bool] = []
    await ada.files.write("/home/lib/.vscode/settings.json", b"{}")
    with ada.entered("acme.first"):
        listening("**/*.txt")
        vscode.workspace.on_did_change_configuration(lambda _: None)
    with ada.entered("acme.second"):
        _, heard = listening("**/*.md")
        vscode.workspace.on_did_change_configuration(
            lambda event: changed.append(event.affects_configuration("editor.tabSize"))
        )
        ada.forget_extension("acme.first")
        vscode.workspace.update_workspace_folders(1, 0, {"uri": vscode.Uri.file("/home/lib")})
        await ada.files.write("/home/lib/.vscode/settings.json", b'{"editor.tabSize": 3}')
        await ada.files.write("/home/lib/a.md", b"x")
        await eventually(lambda: heard == [("create", "/home/lib/a.md")])
        await eventually(lambda: changed)
    assert changed == [True]


@pytest.mark.parametrize("pattern", ["a\0b", "x" * 1_000_000, "{a,b}" * 20, 5, None])
async def test_what_is_no_pattern_is_refused(ada: SessionContext, pattern: object) -> None:
    with ada.entered(), pytest.raises(InvalidValue, match="glob_pattern: "):
        vscode.workspace.create_file_system_watcher(pattern)  # type: ignore[arg-type]


async def test_there_are_only_so_many(ada: SessionContext, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(watchers, "MOST", 3)
    with ada.entered():
        made = [vscode.workspace.create_file_system_watcher("**") for _ in range(3)]
        with pytest.raises(QuotaExceeded, match="watchers"):
            vscode.workspace.create_file_system_watcher("**")
        made[0].dispose()
        vscode.workspace.create_file_system_watcher("**")


@pytest.mark.parametrize(
    "glob", ["*a" * 30 + "b", "**/a" * 30 + "/b", "**/" * 500 + "b", "a*" * 200, "**/*a*/" * 20 + "b"]
)
def test_no_pattern_takes_long(glob: str) -> None:
    pattern, began = compiled(glob), time.thread_time()
    for path in ("a" * 255, "a/" * 2_000, "aaaa/" * 800 + "c"):
        pattern.fullmatch(path)
    assert time.thread_time() - began < 2


async def test_a_client_that_gives_up_as_its_watch_begins_leaves_nothing_and_lets_others_hear(
    ada: SessionContext, monkeypatch: pytest.MonkeyPatch
) -> None:
    goes_on, begin = threading.Event(), Tree.begin

    def slow(tree: Tree) -> None:
        goes_on.wait(10)
        begin(tree)

    monkeypatch.setattr(Tree, "begin", slow)
    with ada.entered():
        _, heard = listening("**")
        found = ada.get(watchers.Watchers)
        asked = asyncio.ensure_future(found.watch("**/*.txt"))
        await eventually(lambda: len(found._clients) == 1)
        asked.cancel()
        await asyncio.wait({asked})
        assert not found._clients
        goes_on.set()
        await vscode.workspace.fs.write_file(vscode.Uri.file("/workspace/a.txt"), b"")
        await eventually(lambda: heard == [("create", "/workspace/a.txt")])


def test_more_exclusions_than_anybody_writes_are_not_all_taken() -> None:
    many = {f"**/x{number}": True for number in range(30_000)}
    assert len(list(watchers.excluding(many))) == watchers.MOST_EXCLUSIONS
