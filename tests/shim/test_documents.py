"""Documents: one object a resource, what edits and saves do to it, who hears of it, and what bounds it."""

from __future__ import annotations

import asyncio
from typing import Any

import pytest

import shim as vscode
from sessions.context import SessionContext
from sessions.errors import FileSystemError, InvalidValue, QuotaExceeded
from shim import Position, Range, TextEdit, Uri, WorkspaceEdit, reading, saving
from shim.documents import Documents
from shim.reading import difference
from shim.text import TextModel

pytestmark = pytest.mark.anyio

NOTE = Uri.file("/workspace/note.txt")


async def opened(session: SessionContext, text: str | bytes = "one\ntwo\n", path: str = "/workspace/note.txt") -> Any:
    await session.files.write(path, text.encode() if isinstance(text, str) else text)
    return await vscode.workspace.open_text_document(path)


async def typed(document: Any, text: str, line: int = 0, character: int = 0) -> bool:
    edit = WorkspaceEdit()
    edit.insert(document.uri, Position(line, character), text)
    return await vscode.workspace.apply_edit(edit)


# -- opening


async def test_a_file_is_opened_as_a_document(ada: SessionContext) -> None:
    with ada.entered():
        document = await opened(ada, "one\r\ntwo\r\n", "/workspace/a.py")
        assert (str(document.uri), document.file_name) == ("file:///workspace/a.py", "/workspace/a.py")
        assert (document.language_id, document.version, document.line_count) == ("python", 1, 3)
        assert (document.is_dirty, document.is_untitled, document.is_closed) == (False, False, False)
        assert (document.eol, document.encoding) == (vscode.EndOfLine.CRLF, "utf8")
        assert document.get_text() == "one\r\ntwo\r\n"
        assert document.line_at(1).text == "two"


async def test_the_same_resource_is_the_same_object_however_it_is_asked_for(ada: SessionContext) -> None:
    with ada.entered():
        first = await opened(ada)
        again = await vscode.workspace.open_text_document(NOTE)
        with_fragment = await vscode.workspace.open_text_document(NOTE.with_(fragment="L3"))
        assert first is again is with_fragment
        assert vscode.workspace.text_documents == (first,)


async def test_two_who_open_at_once_get_one_object_and_one_event(ada: SessionContext) -> None:
    with ada.entered():
        await ada.files.write("/workspace/note.txt", b"x")
        heard: list[Any] = []
        vscode.workspace.on_did_open_text_document(heard.append)
        one, two = [vscode.workspace.open_text_document(NOTE) for _ in range(2)]
        assert (await one) is (await two)
        assert heard == [await one]


async def test_each_user_has_documents_of_their_own(ada: SessionContext, ben: SessionContext) -> None:
    heard: list[Any] = []
    with ben.entered():
        bens = await opened(ben, "ben's")
        vscode.workspace.on_did_open_text_document(heard.append)
        vscode.workspace.on_did_change_text_document(heard.append)
        vscode.workspace.on_did_save_text_document(heard.append)
        vscode.workspace.on_did_close_text_document(heard.append)
    with ada.entered():
        adas = await opened(ada, "ada's")
        assert adas is not bens and adas.get_text() == "ada's"
        assert await typed(adas, "all ") and await adas.save()
        await ada.get(Documents).close_document(adas)
    with ben.entered():
        assert vscode.workspace.text_documents == (bens,)
        assert (bens.get_text(), bens.version, heard) == ("ben's", 1, [])


@pytest.mark.parametrize(
    ("content", "encoding", "text"),
    [
        (b"\xef\xbb\xbfa\xc3\xa4", "utf8bom", "aä"),
        ("aä".encode("utf-16"), "utf16le", "aä"),
        (b"\xfe\xff\0a", "utf16be", "a"),
    ],
)
async def test_a_byte_order_mark_says_the_encoding_and_stays(
    ada: SessionContext, content: bytes, encoding: str, text: str
) -> None:
    with ada.entered():
        document = await opened(ada, content)
        assert (document.encoding, document.get_text()) == (encoding, text)
        assert await typed(document, "b") and await document.save()
        saved = await ada.files.read("/workspace/note.txt")
        assert saved.startswith(content[: 3 if encoding == "utf8bom" else 2])
        again = await ada.get(Documents).open(NOTE)
        assert again.get_text() == "b" + text


async def test_another_encoding_is_asked_for_and_kept_by_saving(ada: SessionContext) -> None:
    with ada.entered():
        await ada.files.write("/workspace/note.txt", b"\xe4")
        with pytest.raises(FileSystemError, match="encoding"):
            await vscode.workspace.open_text_document(NOTE)
        document = await vscode.workspace.open_text_document(NOTE, encoding="windows1252")
        assert document.get_text() == "ä"
        assert await typed(document, "ö") and await document.save()
        assert await ada.files.read("/workspace/note.txt") == b"\xf6\xe4"
        assert await typed(document, "日")
        assert not await document.save()  # that encoding has no such character
        with pytest.raises(InvalidValue, match="encoding"):
            await vscode.workspace.open_text_document(NOTE, encoding="rot13")


async def test_the_settings_say_in_which_encoding_files_are_read_and_new_ones_written(ada: SessionContext) -> None:
    await ada.settings.update("files.encoding", "windows1252", "global")
    await ada.settings.update("files.encoding", "koi8r", "global", language="python")
    with ada.entered():
        note = await opened(ada, b"\xe4")
        assert (note.encoding, note.get_text()) == ("windows1252", "ä")
        assert (await opened(ada, "слово".encode("koi8-r"), "/workspace/a.py")).get_text() == "слово"
        assert (await opened(ada, "ä".encode("utf-8-sig"), "/workspace/marked")).encoding == "utf8bom"
        with pytest.raises(FileSystemError, match="binary"):
            await opened(ada, b"\x7fELF\0", "/workspace/program")
        given = await vscode.workspace.open_text_document(NOTE.with_(path="/workspace/a.py"), encoding="utf8")
        assert given.encoding == "koi8r", "it is open already"

        new = await vscode.workspace.open_text_document(Uri.parse("untitled:/workspace/new.txt"))
        assert new.encoding == "windows1252"
        assert await typed(new, "ö") and await new.save()
        assert await ada.files.read("/workspace/new.txt") == b"\xf6"
        other = await vscode.workspace.open_text_document(language="python", content="да")
        target = Uri.file("/workspace/other.txt")
        await saving.save_as(ada, ada.get(Documents), other, target, overwrite=False)
        assert await ada.files.read("/workspace/other.txt") == "да".encode("koi8-r")
        saved = await vscode.workspace.open_text_document(target)
        assert (saved.encoding, saved.get_text()) == ("koi8r", "да"), "as it was written"


@pytest.mark.parametrize("setting", ["utf8", "utf8bom", "rot13", ""])
async def test_a_file_without_a_mark_is_utf8_whatever_else_the_settings_say(ada: SessionContext, setting: str) -> None:
    await ada.settings.update("files.encoding", setting, "global")
    with ada.entered():
        document = await opened(ada, "ä")
        assert (document.encoding, document.get_text()) == ("utf8", "ä")
        new = await vscode.workspace.open_text_document(content="ä")
        assert new.encoding == ("utf8bom" if setting == "utf8bom" else "utf8")


async def test_a_file_of_two_bytes_a_character_is_no_binary_where_the_settings_say_so(ada: SessionContext) -> None:
    await ada.settings.update("files.encoding", "utf16le", "global")
    with ada.entered():
        document = await opened(ada, "aä".encode("utf-16-le"))
        assert (document.encoding, document.get_text()) == ("utf16le", "aä")


async def test_new_texts_have_the_line_breaks_of_the_settings(ada: SessionContext) -> None:
    await ada.settings.update("files.eol", "\r\n", "global")
    with ada.entered():
        for text, eol in (("", 2), ("one line", 2), ("one\ntwo", 1)):
            assert (await vscode.workspace.open_text_document(content=text)).eol == eol
        assert (await opened(ada, "one line")).eol == vscode.EndOfLine.LF, "a file is as it is"
        new = await vscode.workspace.open_text_document(Uri.parse("untitled:/workspace/new.txt"))
        assert await typed(new, "one\ntwo") and await new.save()
        assert await ada.files.read("/workspace/new.txt") == b"one\r\ntwo"


@pytest.mark.parametrize(
    ("content", "code"), [(b"\x7fELF\0\0\0", "Unavailable"), (b"a" * (8 * 1024 * 1024 + 1), "Unavailable")]
)
async def test_what_is_binary_or_too_big_is_refused_in_a_sentence(
    ada: SessionContext, content: bytes, code: str
) -> None:
    with ada.entered():
        with pytest.raises(FileSystemError) as caught:
            await opened(ada, content)
        assert caught.value.code == code
        assert vscode.workspace.text_documents == ()


async def test_too_many_lines_are_refused_as_they_cost_memory(ada: SessionContext) -> None:
    with ada.entered():
        with pytest.raises(FileSystemError, match="lines"):
            await opened(ada, b"\n" * 500_001)
        document = await opened(ada)
        with pytest.raises(QuotaExceeded, match="document_lines"):
            await typed(document, "\n" * 600_000)
        assert (document.version, document.is_dirty) == (1, False)


async def test_lines_that_an_edit_takes_away_make_room_for_those_that_it_puts_in(
    ada: SessionContext, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(reading, "MOST_LINES", 100)
    with ada.entered():
        document = await opened(ada, b"a\n" * 60)
        edit = vscode.WorkspaceEdit()
        edit.replace(document.uri, vscode.Range(0, 0, 1_000, 0), "b\n" * 60)
        assert await vscode.workspace.apply_edit(edit)
        assert document.get_text() == "b\n" * 60
        with pytest.raises(QuotaExceeded, match="document_lines"):
            await typed(document, "\n" * 60)


@pytest.mark.parametrize(("path", "code"), [("/workspace/missing", "FileNotFound"), ("/workspace", "FileIsADirectory")])
async def test_what_is_no_file_is_said_so(ada: SessionContext, path: str, code: str) -> None:
    with ada.entered(), pytest.raises(FileSystemError) as caught:
        await vscode.workspace.open_text_document(path)
    assert caught.value.code == code


async def test_documents_nobody_needs_are_closed_for_others_and_dirty_ones_never(ada: SessionContext) -> None:
    documents = ada.get(Documents)
    with ada.entered():
        dirty, held, clean = [await opened(ada, "x", f"/workspace/{name}") for name in ("dirty", "held", "clean")]
        await typed(dirty, "y")
        documents.hold(held)
        closed: list[Any] = []
        vscode.workspace.on_did_close_text_document(closed.append)
        for _ in range(497):
            await documents.untitled("unsaved")
        await documents.untitled("one more")
        assert closed == [clean] and clean.is_closed
        with pytest.raises(QuotaExceeded, match="documents"):
            await documents.untitled("too many")
        assert len(documents.all) == 500


# -- untitled ones


async def test_an_untitled_document_has_a_name_a_language_and_unsaved_text(ada: SessionContext) -> None:
    with ada.entered():
        document = await vscode.workspace.open_text_document(language="python", content="print(1)\n")
        other = await vscode.workspace.open_text_document()
        assert (str(document.uri), document.file_name) == ("untitled:Untitled-1", "Untitled-1")
        assert str(other.uri) == "untitled:Untitled-2"
        assert (document.is_untitled, document.is_dirty, document.language_id) == (True, True, "python")
        assert (other.is_dirty, other.language_id, other.get_text()) == (False, "plaintext", "")


async def test_an_untitled_document_with_a_path_is_saved_there(ada: SessionContext) -> None:
    with ada.entered():
        uri = Uri.parse("untitled:/workspace/new.py")
        document = await vscode.workspace.open_text_document(uri)
        assert document.language_id == "python"
        assert await typed(document, "x = 1\n")
        assert await document.save()
        assert document.is_closed
        assert await ada.files.read("/workspace/new.py") == b"x = 1\n"
        (saved,) = vscode.workspace.text_documents
        assert str(saved.uri) == "file:///workspace/new.py" and not saved.is_dirty


# -- the events


async def test_an_edit_is_told_with_what_changed(ada: SessionContext) -> None:
    with ada.entered():
        document = await opened(ada)
        events: list[Any] = []
        vscode.workspace.on_did_change_text_document(events.append)
        assert await typed(document, "more ", 1)
        (event,) = events
        (change,) = event.content_changes
        assert event.document is document and event.reason is None
        assert (change.range, change.range_offset, change.range_length) == (Range(1, 0, 1, 0), 4, 0)
        assert change.text == "more "
        assert (document.version, document.is_dirty) == (2, True)
        assert document.get_text() == "one\nmore two\n"


async def test_saving_is_told_before_and_after_and_the_text_is_no_longer_dirty(ada: SessionContext) -> None:
    with ada.entered():
        document = await opened(ada)
        heard: list[Any] = []
        vscode.workspace.on_will_save_text_document(lambda event: heard.append((event.reason, document.is_dirty)))
        vscode.workspace.on_did_save_text_document(lambda saved: heard.append((saved, document.is_dirty)))
        await typed(document, "x")
        vscode.workspace.on_did_change_text_document(lambda event: heard.append(len(event.content_changes)))
        assert await document.save()
        assert heard == [(vscode.TextDocumentSaveReason.MANUAL, True), 0, (document, False)]
        assert await ada.files.read("/workspace/note.txt") == b"xone\ntwo\n"
        assert document.version == 2


async def test_listeners_may_edit_before_a_save_and_each_sees_what_those_before_it_did(ada: SessionContext) -> None:
    async def late() -> list[TextEdit]:
        return [TextEdit.insert(Position(0, 0), "# first\n")]

    with ada.entered():
        document = await opened(ada)
        vscode.workspace.on_will_save_text_document(lambda event: event.wait_until(late()))

        async def listener(event: Any) -> list[TextEdit]:
            assert event.document.line_at(0).text == "# first"
            return [TextEdit.insert(Position(3, 0), "last\n")]

        vscode.workspace.on_will_save_text_document(listener)
        await typed(document, "x")
        assert await document.save()
        assert await ada.files.read("/workspace/note.txt") == b"# first\nxone\ntwo\nlast\n"
        assert not document.is_dirty


async def test_a_listener_that_fails_or_never_ends_does_not_stop_a_save(
    ada: SessionContext, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("shim.saving.BEFORE_S", 0.2)

    async def never() -> None:
        await asyncio.Event().wait()

    async def failing() -> None:
        raise ValueError("mine")

    with ada.entered():
        document = await opened(ada)
        asked: list[str] = []
        vscode.workspace.on_will_save_text_document(lambda event: event.wait_until(failing()))
        vscode.workspace.on_will_save_text_document(lambda event: asked.append("in time"))
        vscode.workspace.on_will_save_text_document(lambda event: event.wait_until(never()))
        vscode.workspace.on_will_save_text_document(lambda event: asked.append("too late"))
        await typed(document, "x")
        assert await document.save()
        assert asked == ["in time"]


async def test_set_language_closes_and_opens_the_same_object(ada: SessionContext) -> None:
    with ada.entered():
        document = await opened(ada)
        heard: list[Any] = []
        vscode.workspace.on_did_close_text_document(lambda one: heard.append(("closed", one)))
        vscode.workspace.on_did_open_text_document(lambda one: heard.append(("opened", one.language_id)))
        ada.get(Documents).set_language(document, "markdown")
        assert heard == [("closed", document), ("opened", "markdown")]
        assert not document.is_closed


# -- what others change


async def test_a_clean_document_follows_its_file(ada: SessionContext) -> None:
    with ada.entered():
        document = await opened(ada, "one\ntwo\nthree\n")
        events: list[Any] = []
        vscode.workspace.on_did_change_text_document(events.append)
        await ada.files.write("/workspace/note.txt", b"one\n2\nthree\n")
        assert await vscode.workspace.open_text_document(NOTE) is document
        assert (document.get_text(), document.version, document.is_dirty) == ("one\n2\nthree\n", 2, False)
        (change,) = events[0].content_changes
        assert (change.range, change.text) == (Range(1, 0, 1, 3), "2")


async def test_a_dirty_document_is_not_saved_over_what_somebody_else_wrote(ada: SessionContext) -> None:
    documents = ada.get(Documents)
    with ada.entered():
        document = await opened(ada)
        await typed(document, "mine ")
        await ada.files.write("/workspace/note.txt", b"theirs")
        assert await vscode.workspace.open_text_document(NOTE) is document
        assert document.get_text() == "mine one\ntwo\n"
        assert not await document.save()
        assert document.is_dirty and await ada.files.read("/workspace/note.txt") == b"theirs"
        await documents.save(document, overwrite=True)
        assert await ada.files.read("/workspace/note.txt") == b"mine one\ntwo\n"


async def test_a_file_that_was_only_touched_is_no_conflict(ada: SessionContext) -> None:
    with ada.entered():
        document = await opened(ada)
        await typed(document, "mine ")
        await ada.files.write("/workspace/note.txt", b"one\ntwo\n")
        assert await document.save()


async def test_reverting_takes_the_file_and_loses_what_is_unsaved(ada: SessionContext) -> None:
    documents = ada.get(Documents)
    with ada.entered():
        document = await opened(ada)
        await typed(document, "mine ")
        await documents.refresh(document, always=True)
        assert (document.get_text(), document.is_dirty, document.version) == ("one\ntwo\n", False, 3)


async def test_a_document_whose_file_is_gone_is_closed_unless_it_is_dirty(ada: SessionContext) -> None:
    with ada.entered():
        clean, dirty = [await opened(ada, "x", f"/workspace/{name}") for name in ("clean", "dirty")]
        await typed(dirty, "y")
        for document in (clean, dirty):
            await ada.files.delete(document.uri.path)
        with pytest.raises(FileSystemError):
            await vscode.workspace.open_text_document(clean.uri)
        assert clean.is_closed
        assert await vscode.workspace.open_text_document(dirty.uri) is dirty
        assert await dirty.save()
        assert await ada.files.read("/workspace/dirty") == b"yx"


async def test_a_closed_document_cannot_be_saved(ada: SessionContext) -> None:
    with ada.entered():
        document = await opened(ada)
        await ada.get(Documents).close_document(document)
        assert document.is_closed and vscode.workspace.text_documents == ()
        with pytest.raises(InvalidValue, match="open it again"):
            document.save()


@pytest.mark.parametrize(
    ("old", "new"),
    [("", "a"), ("a\nb\nc", "a\nc"), ("a\nc", "a\nb\nc"), ("a\na", "a"), ("a", "a\na"), ("x\n", ""), ("a\nb", "b\na")],
)
def test_a_difference_makes_one_text_the_other(old: str, new: str) -> None:
    model = TextModel(old)
    model.apply(difference(model, TextModel(new)))
    assert model.get_text() == new
