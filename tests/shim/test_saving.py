"""Where the user must say where to save, and what a save does with edits that come while it is under way."""

from __future__ import annotations

import asyncio
from typing import Any

import pytest

from sessions.context import SessionContext
from shim import FileStat, FileType, Position, TextEdit, Uri, WorkspaceEdit, languages, saving, workspace
from shim.documents import Documents
from tests.sessions.stores import eventually

pytestmark = pytest.mark.anyio


async def answer(session: SessionContext, *answers: object) -> list[str]:
    """Answer what the user is asked, in order; the methods that they were asked with."""
    methods = []
    for one in answers:
        await eventually(lambda: session.requests.waiting)
        (request,) = session.requests.waiting
        methods.append(request.method)
        session.requests.answer(request.id, one, None)
        await eventually(lambda: request not in session.requests.waiting)  # noqa: B023  it is called in this round
    return methods


async def test_an_untitled_document_is_saved_where_the_user_says(ada: SessionContext) -> None:
    with ada.entered():
        document = await workspace.open_text_document(content="text")
        saved = document.save()
        assert await answer(ada, "notes/a.md") == ["window.showInputBox"]
        assert await saved
        assert await ada.files.read("/workspace/notes/a.md") == b"text"
        assert document.is_closed
        (now,) = workspace.text_documents
        assert (now.uri.path, now.language_id, now.is_dirty) == ("/workspace/notes/a.md", "markdown", False)


async def test_a_file_that_is_there_is_replaced_only_if_the_user_says_so(ada: SessionContext) -> None:
    with ada.entered():
        await ada.files.write("/workspace/a", b"old")
        shown = await workspace.open_text_document("/workspace/a")
        document = await workspace.open_text_document(content="new")
        refused = workspace.save_as(document.uri)
        assert await answer(ada, "/workspace/a", None) == ["window.showInputBox", "window.showMessage"]
        assert await refused is None
        assert await ada.files.read("/workspace/a") == b"old" and not document.is_closed
        saved = workspace.save_as(document.uri)
        await answer(ada, "/workspace/a", "Replace")
        assert str(await saved) == "file:///workspace/a"
        assert await ada.files.read("/workspace/a") == b"new"
        assert shown.get_text() == "new" and not shown.is_dirty


async def test_who_names_no_place_saves_nothing(ada: SessionContext) -> None:
    with ada.entered():
        document = await workspace.open_text_document(content="text")
        saved = document.save()
        await answer(ada, None)
        assert not await saved
        assert document.is_dirty and not document.is_closed
        assert await workspace.save(Uri.file("/workspace/not-open")) is None


@pytest.mark.parametrize("is_dirty", [False, True])
async def test_a_text_that_is_saved_as_another_file_stays_as_it_is(ada: SessionContext, is_dirty: bool) -> None:
    class Formats:
        def provide_document_formatting_edits(self, document: Any, *_: Any) -> list[TextEdit]:
            return [TextEdit.insert(Position(0, 0), f"formatted {document.uri.basename()} ")]

    def listen(event: Any) -> None:
        asked.append(event.document.uri.basename())
        event.wait_until(asyncio.sleep(0, [TextEdit.insert(Position(0, 0), "heard ")]))

    asked: list[str] = []
    for name in ("files.trimTrailingWhitespace", "files.insertFinalNewline", "editor.formatOnSave"):
        await ada.settings.update(name, True, "global")
    await ada.files.write("/workspace/a.txt", b"text ")
    with ada.entered():
        languages.register_document_formatting_edit_provider("plaintext", Formats())
        workspace.on_will_save_text_document(listen)
        document = await workspace.open_text_document("/workspace/a.txt")
        if is_dirty:
            edit = WorkspaceEdit()
            edit.insert(document.uri, Position(0, 0), "typed ")
            assert await workspace.apply_edit(edit)
        text, target = document.get_text(), Uri.file("/workspace/b.txt")
        saved = await saving.save_as(ada, ada.get(Documents), document, target, overwrite=False)
    assert (document.get_text(), document.is_dirty, document.is_closed) == (text, is_dirty, False)
    assert await ada.files.read("/workspace/a.txt") == b"text "
    assert asked == ["b.txt"]
    assert saved.get_text() == f"formatted b.txt heard {text.rstrip()}\n" and not saved.is_dirty
    assert (await ada.files.read("/workspace/b.txt")).decode() == saved.get_text()


async def test_a_text_that_replaces_an_open_file_is_written_in_that_ones_encoding(ada: SessionContext) -> None:
    await ada.files.write("/workspace/b.txt", b"\xe4\xe4\xe4")
    with ada.entered():
        document = await workspace.open_text_document(content="ö")
        there = await workspace.open_text_document(Uri.file("/workspace/b.txt"), encoding="windows1252")
        saved = await saving.save_as(ada, ada.get(Documents), document, there.uri, overwrite=True)
        assert saved is there and (there.get_text(), there.is_dirty) == ("ö", False)
        assert await ada.files.read("/workspace/b.txt") == b"\xf6"


@pytest.mark.parametrize("text", ["x" * (8 << 20) + "x", "\n" * 600_000, "\ud800"])
async def test_a_listener_whose_edits_cannot_be_made_does_not_keep_a_text_from_being_saved(
    ada: SessionContext, text: str
) -> None:
    def listen(event: Any) -> None:
        event.wait_until(asyncio.sleep(0, [TextEdit.insert(Position(0, 0), text)]))

    await ada.files.write("/workspace/a.txt", b"")
    with ada.entered():
        workspace.on_will_save_text_document(listen)
        document = await workspace.open_text_document("/workspace/a.txt")
        edit = WorkspaceEdit()
        edit.insert(document.uri, Position(0, 0), "typed")
        assert await workspace.apply_edit(edit) and await document.save()
    assert await ada.files.read("/workspace/a.txt") == b"typed"


class Slow:
    """A file system that writes when it is told to."""

    def __init__(self) -> None:
        self.content = b"one\n"
        self.may_write = asyncio.Event()
        self.writing = asyncio.Event()

    def stat(self, uri: Uri) -> FileStat:
        return FileStat(FileType.DIRECTORY if uri.path == "/" else FileType.FILE, 0, 0, len(self.content))

    def read_file(self, uri: Uri) -> bytes:
        return self.content

    async def write_file(self, uri: Uri, content: bytes, *, create: bool, overwrite: bool) -> None:
        self.writing.set()
        await self.may_write.wait()
        self.content = content


async def test_edits_made_while_a_save_is_written_stay_unsaved(ada: SessionContext) -> None:
    async def typed(text: str) -> None:
        edit = WorkspaceEdit()
        edit.insert(uri, Position(0, 0), text)
        assert await workspace.apply_edit(edit)

    with ada.entered():
        slow: Any = Slow()
        uri = Uri.parse("slow:/a")
        workspace.register_file_system_provider("slow", slow)
        document = await workspace.open_text_document(uri)
        await typed("first ")
        saved = document.save()
        async with asyncio.timeout(10):
            await slow.writing.wait()
            await typed("second ")
        slow.may_write.set()
        assert await saved
        assert slow.content == b"first one\n"
        assert (document.get_text(), document.is_dirty) == ("second first one\n", True)
        assert await document.save()
        assert slow.content == b"second first one\n" and not document.is_dirty
