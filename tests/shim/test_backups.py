"""Hot exit: what was acknowledged comes back as it was, whatever it went through, and nothing else does."""

from __future__ import annotations

import random
from pathlib import Path
from typing import Any

import pytest

from sessions.context import SessionContext
from shim import EndOfLine, Position, Range, TextEdit, Uri, WorkspaceEdit, backups, workspace
from shim.documents import Documents
from tests.people import people

pytestmark = pytest.mark.anyio

NOTE = Uri.file("/workspace/note.txt")


async def apply(uri: Uri, *edits: TextEdit) -> None:
    edit = WorkspaceEdit()
    edit.set(uri, edits)
    assert await workspace.apply_edit(edit)


async def rows(session: SessionContext) -> int:
    ((number,),) = await session.store.read("SELECT count(*) FROM kv WHERE namespace = 'workspace'")
    return int(number)


async def test_random_edits_come_back_as_they_were(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(backups, "JOURNAL_BYTES", 2_000)
    chance = random.Random(7)
    async with people(tmp_path) as sessions:
        ada = await sessions.open("ada")
        with ada.entered():
            await ada.files.write("/workspace/note.txt", "ä𝒳\r\nb\r\n".encode())
            document = await workspace.open_text_document(NOTE)
            for number in range(120):
                line = chance.randrange(document.line_count)
                begin, end = sorted(chance.randrange(6) for _ in range(2))
                text = chance.choice(["", "x", "𝒳", "\n", "\r\n", f"line {number}\n", "long " * 20])
                edits = [TextEdit(Range(line, begin, line, end), text)]
                if number % 17 == 0:
                    edits.append(TextEdit.set_end_of_line(chance.choice([EndOfLine.LF, EndOfLine.CRLF])))
                await apply(NOTE, *edits)
            before = (document.get_text(), document.version, document.eol, document.language_id, document.encoding)
    async with people(tmp_path) as sessions:
        ada = await sessions.open("ada")
        with ada.entered():
            (document,) = workspace.text_documents
            assert document.is_dirty
            after = (document.get_text(), document.version, document.eol, document.language_id, document.encoding)
            assert after == before
            await apply(NOTE, TextEdit.insert(Position(0, 0), "more "))
    async with people(tmp_path) as sessions:
        ada = await sessions.open("ada")
        with ada.entered():
            (document,) = workspace.text_documents
            assert document.get_text() == "more " + before[0]
            assert await document.save()
            assert await rows(ada) == 0
    async with people(tmp_path) as sessions:
        ada = await sessions.open("ada")
        with ada.entered():
            assert ada.peek(Documents) is None
            assert workspace.text_documents == ()


async def test_the_edits_that_are_kept_are_bounded(ada: SessionContext, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(backups, "JOURNAL_BYTES", 1_000)
    with ada.entered():
        await ada.files.write("/workspace/note.txt", b"")
        for _ in range(300):
            await apply(NOTE, TextEdit(Range(0, 0, 0, 9), "x"))
        assert await rows(ada) < 60


async def test_a_conflict_is_seen_after_a_restart_too(tmp_path: Path) -> None:
    async with people(tmp_path) as sessions:
        ada = await sessions.open("ada")
        with ada.entered():
            await ada.files.write("/workspace/note.txt", b"first")
            await apply(NOTE, TextEdit.insert(Position(0, 0), "mine "))
            await ada.files.write("/workspace/note.txt", b"theirs")
    async with people(tmp_path) as sessions:
        ada = await sessions.open("ada")
        with ada.entered():
            (document,) = workspace.text_documents
            assert not await document.save()
            assert await ada.files.read("/workspace/note.txt") == b"theirs"


async def test_a_save_that_was_written_and_not_noted_is_a_save_and_no_conflict(tmp_path: Path) -> None:
    async with people(tmp_path) as sessions:
        ada = await sessions.open("ada")
        with ada.entered():
            await ada.files.write("/workspace/note.txt", b"first")
            await apply(NOTE, TextEdit.insert(Position(0, 0), "mine "))
            await ada.files.write("/workspace/other.txt", b"")
            await apply(Uri.file("/workspace/other.txt"), TextEdit.insert(Position(0, 0), "not written"))
            await ada.files.write("/workspace/note.txt", b"mine first")  # as a save does, before it notes that
    async with people(tmp_path) as sessions:
        ada = await sessions.open("ada")
        with ada.entered():
            assert [one.uri.path for one in workspace.text_documents] == ["/workspace/other.txt"]
            await apply(NOTE, TextEdit.insert(Position(0, 0), "still "))
            document = await workspace.open_text_document(NOTE)
            assert await document.save()
            assert await ada.files.read("/workspace/note.txt") == b"still mine first"
    async with people(tmp_path) as sessions:
        ada = await sessions.open("ada")
        with ada.entered():
            assert [one.uri.path for one in workspace.text_documents] == ["/workspace/other.txt"]


async def test_discarded_and_reverted_text_does_not_come_back(tmp_path: Path) -> None:
    async with people(tmp_path) as sessions:
        ada = await sessions.open("ada")
        with ada.entered():
            documents = ada.get(Documents)
            for name in ("closed", "reverted", "deleted", "kept"):
                await ada.files.write(f"/workspace/{name}", b"x")
                await apply(Uri.file(f"/workspace/{name}"), TextEdit.insert(Position(0, 0), "unsaved "))
            closed, reverted, *_ = documents.all
            await documents.close_document(closed)
            await documents.refresh(reverted, always=True)
            edit = WorkspaceEdit()
            edit.delete_file(Uri.file("/workspace/deleted"))
            edit.rename_file(Uri.file("/workspace/kept"), Uri.file("/workspace/renamed"))
            assert await workspace.apply_edit(edit)
    async with people(tmp_path) as sessions:
        ada = await sessions.open("ada")
        with ada.entered():
            assert [(one.uri.path, one.get_text()) for one in workspace.text_documents] == [
                ("/workspace/renamed", "unsaved x")
            ]


async def test_an_untitled_text_that_nobody_edited_comes_back(tmp_path: Path) -> None:
    async with people(tmp_path) as sessions:
        ada = await sessions.open("ada")
        with ada.entered():
            await workspace.open_text_document(language="python", content="print(1)")
    async with people(tmp_path) as sessions:
        ada = await sessions.open("ada")
        with ada.entered():
            (document,) = workspace.text_documents
            assert (document.get_text(), document.language_id, document.is_untitled) == ("print(1)", "python", True)
            other = await workspace.open_text_document(content="new")
            assert str(other.uri) == "untitled:Untitled-2"


@pytest.mark.parametrize("damage", [b"", b"W", b"W{}\n", b"Wnull\ntext", b"E[]", b"\xff\xff"])
async def test_what_is_damaged_is_left_alone_and_the_rest_comes_back(tmp_path: Path, damage: bytes) -> None:
    async with people(tmp_path) as sessions:
        ada = await sessions.open("ada")
        with ada.entered():
            for name in "ab":
                await ada.files.write(f"/workspace/{name}", b"x")
                await apply(Uri.file(f"/workspace/{name}"), TextEdit.insert(Position(0, 0), "unsaved "))
            await ada.store.write("UPDATE kv SET value = ? WHERE key LIKE '000000000001/%'", (damage,))
    async with people(tmp_path) as sessions:
        ada = await sessions.open("ada")
        with ada.entered():
            assert [one.uri.path for one in workspace.text_documents] == ["/workspace/b"]
            assert await rows(ada) == 2


async def test_one_users_unsaved_text_is_no_other_users(tmp_path: Path) -> None:
    async with people(tmp_path) as sessions:
        ada = await sessions.open("ada")
        with ada.entered():
            await workspace.open_text_document(content="ada's")
    async with people(tmp_path) as sessions:
        ben = await sessions.open("ben")
        with ben.entered():
            assert workspace.text_documents == ()


async def test_chosen_folders_come_back_and_are_told(tmp_path: Path) -> None:
    async with people(tmp_path) as sessions:
        ada = await sessions.open("ada")
        with ada.entered():
            heard: list[Any] = []
            workspace.on_did_change_workspace_folders(heard.append)
            assert workspace.update_workspace_folders(1, 0, {"uri": Uri.file("/home/lib"), "name": "library"})
            (event,) = heard
            assert [folder.name for folder in event.added] == ["library"] and event.removed == ()
    async with people(tmp_path) as sessions:
        ada = await sessions.open("ada")
        with ada.entered():
            assert [folder.name for folder in workspace.workspace_folders] == ["workspace", "library"]


@pytest.mark.parametrize("damage", [b"", b"{}", b"[1]", b'[["a", "b", "c"]]', b"\xff", b"[[null, null]]x"])
async def test_damaged_folders_do_not_keep_a_user_out(tmp_path: Path, damage: bytes) -> None:
    async with people(tmp_path) as sessions:
        ada = await sessions.open("ada")
        with ada.entered():
            assert workspace.update_workspace_folders(1, 0, Uri.file("/home/lib"))
            await ada.store.write("UPDATE kv SET value = ? WHERE scope = 'folders'", (damage,))
    async with people(tmp_path) as sessions:
        ada = await sessions.open("ada")
        with ada.entered():
            assert workspace.name in ("workspace", None)
