"""`files.autoSave`: when what is unsaved is saved without anybody asking."""

from __future__ import annotations

import asyncio
from typing import Any

import pytest

import shim as vscode
from sessions.context import SessionContext
from shim import Position, Uri, WindowState, WorkspaceEdit
from shim.appearance import Appearance
from shim.autosave import AT_ONCE
from shim.configuration import Configurations
from shim.documents import Documents
from tests.sessions.stores import eventually

pytestmark = pytest.mark.anyio

NOTE = Uri.file("/workspace/note.txt")


async def typed(session: SessionContext, text: str = "x", uri: Uri = NOTE, line: int = 0) -> Any:
    """The document after something was typed at the beginning of a line."""
    if session.get(Documents).find(uri) is None:
        await session.files.write(uri.path, b"")
    document = await vscode.workspace.open_text_document(uri)
    edit = WorkspaceEdit()
    edit.insert(uri, Position(line, 0), text)
    assert await vscode.workspace.apply_edit(edit)
    return document


async def wanted(session: SessionContext, when: str, delay_ms: int = 100) -> None:
    await session.settings.update("files.autoSaveDelay", delay_ms, "global")
    await session.settings.update("files.autoSave", when, "global")


async def test_by_default_nothing_saves_itself(ada: SessionContext) -> None:
    await wanted(ada, "off")
    with ada.entered():
        assert not ada.get(Documents).auto_save._timers
        document = await typed(ada)
        ada.get(Appearance).tell(ada, WindowState(False, False))
        assert not ada.get(Documents).auto_save._timers and document.is_dirty


async def test_a_text_is_saved_a_while_after_it_was_typed(ada: SessionContext) -> None:
    reasons: list[Any] = []
    await wanted(ada, "afterDelay")
    with ada.entered():
        vscode.workspace.on_will_save_text_document(lambda event: reasons.append(event.reason))
        document = await typed(ada)
        await eventually(lambda: not document.is_dirty)
        assert await ada.files.read(NOTE.path) == b"x"
        await wanted(ada, "off")
        await typed(ada, "y")
        assert not ada.get(Documents).auto_save._timers
    assert reasons == [vscode.TextDocumentSaveReason.AFTER_DELAY]


async def test_a_new_text_that_has_no_file_waits_for_a_name(ada: SessionContext) -> None:
    await wanted(ada, "afterDelay")
    with ada.entered():
        new = await vscode.workspace.open_text_document(content="x")
        document = await typed(ada)
        await typed(ada, uri=new.uri)
        await eventually(lambda: not document.is_dirty and not ada.get(Documents).auto_save._timers)
        assert new.is_dirty


async def test_a_file_that_changed_on_the_disk_is_not_written_over(ada: SessionContext) -> None:
    await wanted(ada, "afterDelay", 60_000)
    with ada.entered():
        document = await typed(ada)
        await ada.files.write(NOTE.path, b"of somebody else")
        follower = ada.mailbox.follow(None)
        ada.get(Documents).auto_save._late(document)
        async with asyncio.timeout(10):
            while not any(one.type == "workspace.onDidFailToSave" for one in await anext(follower)):
                pass
        assert document.is_dirty and await ada.files.read(NOTE.path) == b"of somebody else"


async def test_a_text_is_saved_when_its_editor_or_the_window_is_left(ada: SessionContext) -> None:
    await wanted(ada, "onFocusChange")
    await ada.files.write("/workspace/other.txt", b"")
    with ada.entered():
        document = await typed(ada)
        await vscode.window.show_text_document(document)
        assert document.is_dirty
        await vscode.window.show_text_document(Uri.file("/workspace/other.txt"))
        await eventually(lambda: not document.is_dirty)
        for when in ("onFocusChange", "onWindowChange"):
            await wanted(ada, when)
            await typed(ada, "y")
            ada.get(Appearance).tell(ada, WindowState(True, True))
            assert document.is_dirty
            ada.get(Appearance).tell(ada, WindowState(False, False))
            await eventually(lambda: not document.is_dirty)
    assert await ada.files.read(NOTE.path) == b"yyx"


async def test_nothing_is_taken_from_under_the_cursor(ada: SessionContext) -> None:
    await wanted(ada, "onWindowChange")
    for name in ("files.trimTrailingWhitespace", "files.trimFinalNewlines"):
        await ada.settings.update(name, True, "global")
    with ada.entered():
        document = await typed(ada, "a \nb \n\n\n")
        editor = await vscode.window.show_text_document(document)
        editor.selection = vscode.Selection(1, 2, 1, 2)
        ada.get(Appearance).tell(ada, WindowState(True, True))
        ada.get(Appearance).tell(ada, WindowState(False, False))
        await eventually(lambda: not document.is_dirty)
        assert await ada.files.read(NOTE.path) == b"a\nb \n"
        await typed(ada, "c")
        assert await document.save()
        assert await ada.files.read(NOTE.path) == b"ca\nb\n"


async def test_a_language_may_save_itself_alone(ada: SessionContext) -> None:
    await ada.settings.update("files.autoSave", "afterDelay", "global", language="python")
    await ada.settings.update("files.autoSaveDelay", 100, "global")
    with ada.entered():
        note, code = await typed(ada), await typed(ada, uri=Uri.file("/workspace/a.py"))
        await eventually(lambda: not code.is_dirty)
        assert note.is_dirty


async def test_a_folder_may_save_itself_alone(ada: SessionContext) -> None:
    inside = Uri.file("/home/lib/note.txt")
    await ada.files.write("/home/lib/.vscode/settings.json", b'{"files.autoSave": "afterDelay"}')
    await wanted(ada, "off")
    with ada.entered():
        vscode.workspace.update_workspace_folders(1, 0, {"uri": Uri.file("/home/lib")})
        await ada.get(Configurations).refresh()
        outside, document = await typed(ada), await typed(ada, uri=inside)
        await eventually(lambda: not document.is_dirty)
        assert outside.is_dirty
        await ada.files.write("/home/lib/.vscode/settings.json", b"{}")
        await ada.get(Configurations).refresh()
        await typed(ada, uri=inside)
        assert not ada.get(Documents).auto_save._timers, "what the folder says is asked anew once it is another"


async def test_a_folder_that_goes_takes_its_settings_along(ada: SessionContext) -> None:
    inside = Uri.file("/workspace/lib/note.txt")
    await ada.files.write("/workspace/lib/.vscode/settings.json", b'{"files.autoSave": "afterDelay"}')
    await wanted(ada, "off", 60_000)
    with ada.entered():
        vscode.workspace.update_workspace_folders(1, 0, {"uri": Uri.file("/workspace/lib")})
        await ada.get(Configurations).refresh()
        await typed(ada, uri=inside)
        assert ada.get(Documents).auto_save._timers
        vscode.workspace.update_workspace_folders(1, 1)
        await ada.get(Configurations).refresh()
        await typed(ada, uri=inside)
        assert not ada.get(Documents).auto_save._timers


@pytest.mark.parametrize("delay", ['"soon"', "null", "true", "[1]"])
async def test_a_delay_that_is_none_hinders_no_typing(ada: SessionContext, delay: str) -> None:
    text = f'{{"files.autoSave": "afterDelay", "files.autoSaveDelay": {delay}}}'
    await ada.files.write("/workspace/.vscode/settings.json", text.encode())
    await ada.settings.refresh()
    with ada.entered():
        document = await typed(ada)
        assert ada.get(Documents).auto_save._timers
        ada.get(Documents).auto_save._late(document)
        await eventually(lambda: not document.is_dirty)


async def test_a_text_that_is_closed_is_not_kept_for_the_end_of_its_delay(ada: SessionContext) -> None:
    await wanted(ada, "afterDelay", 3_600_000)
    with ada.entered():
        document = await typed(ada)
        assert ada.get(Documents).auto_save._timers
        await ada.get(Documents).close_document(document)
        assert not ada.get(Documents).auto_save._timers


async def test_a_text_whose_file_is_renamed_is_saved_under_its_new_name(ada: SessionContext) -> None:
    await wanted(ada, "afterDelay", 500)
    with ada.entered():
        await typed(ada)
        edit = WorkspaceEdit()
        edit.rename_file(NOTE, Uri.file("/workspace/renamed.txt"))
        assert await vscode.workspace.apply_edit(edit)
        document = ada.get(Documents).find(Uri.file("/workspace/renamed.txt"))
        assert document is not None and document.is_dirty
        await eventually(lambda: not document.is_dirty)
    assert await ada.files.read("/workspace/renamed.txt") == b"x"


async def test_a_window_that_is_left_again_and_again_saves_a_text_once_at_a_time(ada: SessionContext) -> None:
    asked, may = 0, asyncio.Event()

    async def wait(event: Any) -> None:
        nonlocal asked
        asked += 1
        await may.wait()

    await wanted(ada, "onWindowChange")
    with ada.entered():
        vscode.workspace.on_will_save_text_document(wait)
        document = await typed(ada)
        for _ in range(50):
            ada.get(Appearance).tell(ada, WindowState(True, True))
            ada.get(Appearance).tell(ada, WindowState(False, False))
        await eventually(lambda: asked == 1)
        await typed(ada, "y")
        ada.get(Appearance).tell(ada, WindowState(True, True))
        ada.get(Appearance).tell(ada, WindowState(False, False))
        may.set()
        await eventually(lambda: not document.is_dirty)
        await asyncio.sleep(0.05)
        assert asked <= 2 and not ada.get(Documents).auto_save._saving
    assert await ada.files.read(NOTE.path) == b"yx"


@pytest.mark.parametrize("when", ["onWindowChange", "afterDelay"])
async def test_a_few_texts_are_saved_at_once(ada: SessionContext, when: str) -> None:
    now = most = 0

    async def count(event: Any) -> None:
        nonlocal now, most
        now += 1
        most = max(most, now)
        await asyncio.sleep(0.01)
        now -= 1

    await wanted(ada, when)
    with ada.entered():
        vscode.workspace.on_will_save_text_document(count)
        edit = WorkspaceEdit()
        for number in range(3 * AT_ONCE):
            await ada.files.write(f"/workspace/{number}.txt", b"")
            edit.insert(Uri.file(f"/workspace/{number}.txt"), Position(0, 0), "x")
        assert await vscode.workspace.apply_edit(edit)
        ada.get(Appearance).tell(ada, WindowState(True, True))
        ada.get(Appearance).tell(ada, WindowState(False, False))
        await eventually(lambda: not any(document.is_dirty for document in ada.get(Documents).all))
    assert 1 < most <= AT_ONCE


async def test_a_text_that_cannot_be_saved_yet_keeps_no_others_from_being_saved(ada: SessionContext) -> None:
    never = asyncio.Event()

    async def wait(event: Any) -> None:
        if event.document.uri.path.startswith("/workspace/slow"):
            await never.wait()

    await wanted(ada, "onWindowChange")
    with ada.entered():
        vscode.workspace.on_will_save_text_document(wait)
        for number in range(AT_ONCE):
            await typed(ada, uri=Uri.file(f"/workspace/slow{number}.txt"))
        document = await typed(ada)
        ada.get(Appearance).tell(ada, WindowState(True, True))
        ada.get(Appearance).tell(ada, WindowState(False, False))
        began = asyncio.get_running_loop().time()
        await eventually(lambda: not document.is_dirty)
        assert asyncio.get_running_loop().time() - began < 1.5
