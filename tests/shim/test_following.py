"""Open documents as others change their files: shells write, folders go and come again, links lead elsewhere."""

from __future__ import annotations

import asyncio
import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

import shim as vscode
from sessions import tracking
from sessions.context import SessionContext
from sessions.inotify import Instances
from shim import Range, TextDocument, Uri, contents
from shim.documents import Documents
from tests.sessions.stores import eventually

pytestmark = pytest.mark.anyio


@pytest.fixture
def place(tmp_path: Path, ada: SessionContext) -> Path:
    """Ada's workspace as a shell has it."""
    made: Path = tmp_path / "users/ada/root/workspace"
    (made / "a/b").mkdir(parents=True)
    (made / "a/b/note.txt").write_text("one\ntwo\n")
    return made


async def opened(path: str = "/workspace/a/b/note.txt") -> TextDocument:
    return await vscode.workspace.open_text_document(Uri.file(path))


async def becomes(document: TextDocument, text: str, do: Callable[[], object]) -> None:
    do()
    await eventually(lambda: document.get_text() == text, 20)


async def test_what_a_shell_writes_is_a_change_of_the_document(ada: SessionContext, place: Path) -> None:
    with ada.entered():
        document = await opened()
        events: list[Any] = []
        vscode.workspace.on_did_change_text_document(events.append)
        await becomes(document, "one\n2\n", lambda: (place / "a/b/note.txt").write_text("one\n2\n"))
        (change,) = events[0].content_changes
        assert (change.range, change.text, document.is_dirty) == (Range(1, 0, 1, 3), "2", False)


@pytest.mark.parametrize("step", ["read", "write"])
async def test_what_changed_while_it_was_read_or_saved_is_seen_all_the_same(
    ada: SessionContext, place: Path, monkeypatch: pytest.MonkeyPatch, step: str
) -> None:
    real = getattr(contents, step)

    async def then_theirs(*args: Any) -> Any:
        found = await real(*args)
        monkeypatch.setattr(contents, step, real)
        await asyncio.to_thread((place / "a/b/note.txt").write_text, "theirs")
        return found

    with ada.entered():
        if step == "read":
            monkeypatch.setattr(contents, step, then_theirs)
        document = await opened()
        if step == "write":
            await vscode.workspace.apply_edit(inserted(document, "mine "))
            monkeypatch.setattr(contents, step, then_theirs)
            assert await document.save()
        assert document.get_text() in ("one\ntwo\n", "mine one\ntwo\n")
        await eventually(lambda: document.get_text() == "theirs", 20)


def inserted(document: TextDocument, text: str) -> vscode.WorkspaceEdit:
    edit = vscode.WorkspaceEdit()
    edit.insert(document.uri, vscode.Position(0, 0), text)
    return edit


async def test_a_dirty_document_stays_as_it_is_and_follows_again_once_it_is_reverted(
    ada: SessionContext, place: Path
) -> None:
    documents = ada.get(Documents)
    with ada.entered():
        document = await opened()
        await vscode.workspace.apply_edit(inserted(document, "mine "))
        (place / "a/b/clock.txt").write_text("1")
        clock = await opened("/workspace/a/b/clock.txt")
        (place / "a/b/note.txt").write_text("theirs")
        await becomes(clock, "2", lambda: (place / "a/b/clock.txt").write_text("2"))
        assert document.get_text() == "mine one\ntwo\n"
        await documents.refresh(document, always=True)
        await becomes(document, "again", lambda: (place / "a/b/note.txt").write_text("again"))


async def test_a_document_whose_file_or_folder_goes_is_closed(ada: SessionContext, place: Path) -> None:
    with ada.entered():
        closed: list[TextDocument] = []
        vscode.workspace.on_did_close_text_document(closed.append)
        for go in (
            lambda: (place / "a/b/note.txt").unlink(),
            lambda: (place / "a").rename(place / "x"),
            lambda: shutil.rmtree(place / "a"),
        ):
            (place / "a/b").mkdir(parents=True, exist_ok=True)
            (place / "a/b/note.txt").write_text("here")
            document = await opened()
            go()
            await eventually(lambda document=document: document.is_closed, 20)
            assert closed.pop() is document
        (place / "a/b").mkdir(parents=True)
        (place / "a/b/note.txt").write_text("made again")
        document = await opened()
        await becomes(document, "and changed", lambda: (place / "a/b/note.txt").write_text("and changed"))


async def test_a_file_whose_folder_is_made_again_at_once_stays_open(ada: SessionContext, place: Path) -> None:
    with ada.entered():
        document = await opened()

        def anew() -> None:
            shutil.rmtree(place / "a")
            (place / "a/b").mkdir(parents=True)
            (place / "a/b/note.txt").write_text("anew")

        await becomes(document, "anew", anew)
        await becomes(document, "again", lambda: (place / "a/b/note.txt").write_text("again"))
        assert not document.is_closed


async def test_a_document_behind_a_link_follows_what_it_leads_to(ada: SessionContext, place: Path) -> None:
    (place / "link.txt").symlink_to("a/b/note.txt")
    (place / "other.txt").write_text("other")
    with ada.entered():
        document = await opened("/workspace/link.txt")
        await becomes(document, "two", lambda: (place / "a/b/note.txt").write_text("two"))
        (place / "new").symlink_to("other.txt")
        await becomes(document, "other", lambda: (place / "new").rename(place / "link.txt"))


async def test_where_the_kernel_tells_of_nothing_files_are_looked_at(
    ada: SessionContext, place: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def refuse(self: Instances, uid: str) -> None:
        raise OSError("no more")

    monkeypatch.setattr(Instances, "take", refuse)
    monkeypatch.setattr(tracking, "POLL_S", 0.05)
    with ada.entered():
        document = await opened()
        await becomes(document, "1", lambda: (place / "a/b/note.txt").write_text("1"))
        await becomes(document, "2", lambda: (place / "a/b/note.txt").write_text("2"))


async def test_files_of_open_documents_are_looked_at_only_when_something_was_heard_of_them(
    ada: SessionContext, place: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    looks: list[list[str]] = []
    ask = ada.files.identities

    async def counted(self: object, paths: list[str]) -> Any:
        looks.append(paths)
        return await ask(paths)

    (place / "clock.txt").write_text("0")
    monkeypatch.setattr(type(ada.files), "identities", counted)
    with ada.entered():
        await opened()
        clock = await opened("/workspace/clock.txt")
        for text in "123456":
            await becomes(clock, text, lambda text=text: (place / "clock.txt").write_text(text))
        assert sum("/workspace/a/b/note.txt" in paths for paths in looks) == 1, "once, as it was opened"
        assert sum("/workspace/clock.txt" in paths for paths in looks) >= 6
