"""The tests, for one user and one workspace that is empty in the beginning. They know of nobody else."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import PurePosixPath
from secrets import token_hex
from typing import TypeVar

import legacy_extension.store
from legacy_extension import page, scanner, store

import shim as vscode

T = TypeVar("T")

MINE = token_hex(8)
ID = "roost-examples.reminders"


def place(path: str) -> vscode.Uri:
    return vscode.Uri.join_path(vscode.workspace.workspace_folders[0].uri, path)


async def write(path: str, text: str) -> None:
    await vscode.workspace.fs.write_file(place(path), text.encode())


@contextmanager
def hearing(event: vscode.Event[T], listener: Callable[[T], object]) -> Iterator[None]:
    listening = event(listener)
    try:
        yield
    finally:
        listening.dispose()


async def eventually(condition: Callable[[], object], what: str) -> None:
    until = time.monotonic() + 45
    while not condition():
        assert time.monotonic() < until, f"not within 45 s: {what}; there is {store.everything()}"
        await asyncio.sleep(0.02)


def texts() -> list[str]:
    return [one.text for one in store.everything()]


async def test_it_is_active_and_has_been_activated_once() -> None:
    extension = vscode.extensions.get_extension(ID)
    assert extension is not None and extension.is_active
    assert extension.package_json["version"] == "3.1.4"
    assert (await extension.activate())["starts"] == extension.exports["starts"] == 1
    assert store.context.extension.id == ID


async def test_modules_are_the_same_by_whatever_name() -> None:
    assert legacy_extension.store is store is scanner.store is page.store
    assert store.Index.instance() is scanner.Index.instance()
    assert store.Index.__module__ == "legacy_extension.store"


async def test_it_begins_with_nothing() -> None:
    assert store.everything() == [] and store.scans == 0
    assert store.Index.instance().words == {}
    assert store.cached_title.cache_info().currsize == 0
    assert await vscode.commands.execute_command("reminders.list") == []


async def test_the_watcher_finds_what_is_written() -> None:
    await write("notes.md", f"# Notes\nTODO: buy milk {MINE}\n")
    await eventually(lambda: texts() == [f"buy milk {MINE}"], "the watcher's event")
    assert scanner._status.text == "$(checklist) 1"
    problems = vscode.languages.get_diagnostics(place("notes.md"))
    assert [(one.message, one.range.start.line) for one in problems] == [(f"buy milk {MINE}", 1)]
    await write("notes.md", "# Notes\n")
    await eventually(lambda: texts() == [], "the watcher's event of a change")
    await write("gone.py", "# FIXME later\n")
    await eventually(lambda: texts() == ["later"], "the watcher's event of a new file")
    await vscode.workspace.fs.delete(place("gone.py"))
    await eventually(lambda: place("gone.py").path not in store.reminders, "the watcher's event of a deleted file")


async def test_the_timer_saves_the_count() -> None:
    await write("count.md", "TODO one\nTODO two\n")
    await eventually(lambda: store.context.workspace_state.get("count") == 2, "the timer")
    assert scanner._timer is None
    await vscode.workspace.fs.delete(place("count.md"))
    await eventually(lambda: store.context.workspace_state.get("count") == 0, "the timer")


async def test_adding_edits_and_saves_a_document() -> None:
    await write("code.py", "pass")
    saved: list[vscode.TextDocument] = []
    with hearing(vscode.workspace.on_did_save_text_document, saved.append):
        assert await vscode.commands.execute_command("reminders.add", "code.py", f"test {MINE}") is True
    assert [PurePosixPath(one.file_name).name for one in saved] == ["code.py"]
    text = bytes(await vscode.workspace.fs.read_file(place("code.py"))).decode()
    assert text == f"pass\n# TODO: test {MINE}"
    document = await vscode.workspace.open_text_document(place("code.py"))
    assert document.get_text() == text and not document.is_dirty and document.language_id == "python"
    (line,) = await vscode.commands.execute_command("reminders.list")
    assert line == f"{vscode.workspace.name}: code.py:2: test {MINE}"
    assert store.cached_title.cache_info().currsize == 1


async def test_a_shell_writes_the_report() -> None:
    assert await vscode.commands.execute_command("reminders.report", "report.txt") == 7
    assert bytes(await vscode.workspace.fs.read_file(place("report.txt"))).decode() == f"test {MINE}\n"
    assert not [one for one in vscode.window.terminals if one.name == "Reminders"]


async def test_settings_say_which_words_count() -> None:
    await write("ideas.md", "IDEA: fly\n")
    settings = vscode.workspace.get_configuration("reminders")
    assert settings.get("tags") == ["TODO", "FIXME"] and settings.inspect("tags").workspace_value is None
    await settings.update("tags", ["IDEA"], vscode.ConfigurationTarget.WORKSPACE)
    await eventually(lambda: texts() == ["fly"], "the event of the setting")
    shown = bytes(await vscode.workspace.fs.read_file(place(".vscode/settings.json"))).decode()
    assert '"reminders.tags"' in shown
    await settings.update("tags", None, vscode.ConfigurationTarget.WORKSPACE)
    await eventually(lambda: texts() == [f"test {MINE}"], "the event of the setting")


async def test_a_shell_that_changes_the_settings_file_is_heard() -> None:
    changed: list[bool] = []
    with hearing(
        vscode.workspace.on_did_change_configuration,
        lambda event: changed.append(event.affects_configuration("reminders.saveDelay")),
    ):
        terminal = vscode.window.create_terminal("Settings", "/bin/sh")
        terminal.send_text("""mkdir -p .vscode; echo '{"reminders.saveDelay": 30}' > .vscode/settings.json; exit""")
        await eventually(lambda: True in changed, "the event of the setting")
    assert vscode.workspace.get_configuration("reminders").get("saveDelay") == 30


async def test_the_page_shows_the_list() -> None:
    shown = await vscode.commands.execute_command("reminders.show")
    assert shown.count("<li>") == 1 and f"<li>test {MINE}</li>" in shown
    assert page.panel is page.show() and page.panel.title == "Reminders"
    page.panel.dispose()
    assert page.panel is None and page.answers == []


async def test_secrets_and_state_are_kept() -> None:
    await store.context.secrets.store("token", MINE)
    assert await store.context.secrets.get("token") == MINE
    assert await store.context.secrets.get("tok") is None
    await store.context.global_state.update("last", {"mine": MINE})
    assert store.context.global_state.get("last") == {"mine": MINE}
    assert set(store.context.global_state.keys()) == {"starts", "last"}


async def test_its_storage_is_its_own() -> None:
    folder = store.context.global_storage_uri
    await vscode.workspace.fs.create_directory(folder)
    assert await vscode.workspace.fs.read_directory(folder) == []
    await vscode.workspace.fs.write_file(vscode.Uri.join_path(folder, MINE), b"x")
    assert await vscode.workspace.fs.read_directory(folder) == [(MINE, vscode.FileType.FILE)]


async def test_text_is_found_in_the_workspace() -> None:
    found: list[vscode.TextSearchMatch] = []
    await vscode.workspace.find_text_in_files(MINE, found.append, include="**/*.py")
    assert [one.uri.path for one in found] == [place("code.py").path]


async def test_the_clipboard_holds_what_was_put_there() -> None:
    await vscode.env.clipboard.write_text(MINE)
    await asyncio.sleep(0.1)
    assert await vscode.env.clipboard.read_text() == MINE
