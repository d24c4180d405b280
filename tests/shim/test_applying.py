"""`apply_edit` by who calls it: nobody is made to wait for a task, and what was asked for first is made first."""

from __future__ import annotations

import asyncio

import pytest

from sessions import rounds
from sessions.context import SessionContext
from sessions.errors import SessionClosed
from shim import Position, Uri, WorkspaceEdit, workspace
from shim.bulk import Bulk

pytestmark = pytest.mark.anyio


def at(name: str) -> Uri:
    return Uri.file(f"/workspace/{name}")


def inserting(text: str, *names: str) -> WorkspaceEdit:
    edit = WorkspaceEdit()
    for name in names:
        edit.insert(at(name), Position(0, 0), text)
    return edit


async def test_an_edit_of_an_open_text_is_made_next_without_a_task(ada: SessionContext) -> None:
    with ada.entered():
        await ada.files.write("/workspace/a", b"")
        document = await workspace.open_text_document(at("a"))
        await workspace.apply_edit(inserting("1", "a"))  # a write of what is unsaved rests now, and is a task
        before = asyncio.all_tasks()
        applied = workspace.apply_edit(inserting("2", "a"))
        assert document.get_text() == "1", "nobody hears of an edit before its call has returned"
        await asyncio.sleep(0)
        assert document.get_text() == "21" and not applied.done()
        made = {task.get_name() for task in asyncio.all_tasks() - before}
        assert made <= {"keep unsaved text", "commit for ada"}
        assert await applied


async def test_edits_are_made_in_the_order_of_their_calls_whichever_must_wait(ada: SessionContext) -> None:
    with ada.entered():
        for name in ("open", "closed", "other"):
            await ada.files.write(f"/workspace/{name}", b"")
        document = await workspace.open_text_document(at("open"))
        asked = [inserting("1", "open"), inserting("2", "closed", "open"), inserting("3", "open")]
        asked += [inserting("4", "other", "open"), inserting("5", "open")]
        heard: list[str] = []
        workspace.on_did_change_text_document(
            lambda event: heard.extend(change.text for change in event.content_changes if event.document is document)
        )
        assert await asyncio.gather(*map(workspace.apply_edit, asked)) == [True] * 5
        assert heard == list("12345") and document.get_text() == "54321"
        assert await workspace.apply_edit(inserting("6", "open")) and document.get_text() == "654321"


async def test_an_edit_that_cannot_be_made_leaves_all_texts_and_says_false(ada: SessionContext) -> None:
    with ada.entered():
        for name in ("a", "b"):
            await ada.files.write(f"/workspace/{name}", b"text")
            await workspace.open_text_document(at(name))
        edit = inserting("1", "a", "b")
        edit.insert(at("b"), Position(0, 0), "\ud800")
        assert not await workspace.apply_edit(edit)
        assert [one.get_text() for one in workspace.text_documents] == ["text", "text"]
        assert await workspace.apply_edit(inserting("2", "a", "b"))
        assert [one.get_text() for one in workspace.text_documents] == ["2text", "2text"]


async def test_what_an_edit_was_when_it_was_asked_for_is_made(ada: SessionContext) -> None:
    with ada.entered():
        await ada.files.write("/workspace/a", b"")
        document = await workspace.open_text_document(at("a"))
        edit = inserting("1", "a")
        applied = workspace.apply_edit(edit)
        edit.insert(at("a"), Position(0, 0), "later")
        assert await applied and document.get_text() == "1"


async def test_a_session_that_ends_takes_no_edit(ada: SessionContext) -> None:
    with ada.entered():
        await ada.files.write("/workspace/a", b"")
        await workspace.open_text_document(at("a"))
        await ada.close()
        with pytest.raises(SessionClosed):
            workspace.apply_edit(inserting("1", "a"))


async def test_a_save_comes_after_the_edits_that_were_asked_for_before_however_many_wait(
    ada: SessionContext, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(rounds, "ROUND_S", -1.0)  # one edit in a turn of the loop
    with ada.entered():
        await ada.files.write("/workspace/a", b"")
        document = await workspace.open_text_document(at("a"))
        applied = [workspace.apply_edit(inserting(text, "a")) for text in "12345"]
        assert await document.save()
        assert await ada.files.read("/workspace/a") == b"54321"
        assert await asyncio.gather(*applied) == [True] * 5 and not document.is_dirty


async def test_an_edit_that_breaks_something_raises_where_it_was_asked_for(
    ada: SessionContext, monkeypatch: pytest.MonkeyPatch
) -> None:
    def broken(*_: object) -> None:
        raise ZeroDivisionError("here")

    with ada.entered():
        await ada.files.write("/workspace/a", b"")
        await workspace.open_text_document(at("a"))
        monkeypatch.setattr(Bulk, "at_once", broken)
        with pytest.raises(ZeroDivisionError, match="here"):
            await workspace.apply_edit(inserting("1", "a"))


async def test_an_edit_of_an_extension_that_ends_meanwhile_is_made_whole(ada: SessionContext) -> None:
    names = [f"{number}" for number in range(50)]
    documents = []
    for name in names:
        await ada.files.write(f"/workspace/{name}", b"")
        with ada.entered():
            documents.append(await workspace.open_text_document(at(name)))
    seen: list[int] = []

    def ends(_: object) -> None:
        if not seen:
            seen.append(sum(document.get_text() == "1" for document in documents))
            ending.append(asyncio.ensure_future(ada.end_work("acme.edits")))

    ending: list[asyncio.Future[None]] = []
    with ada.entered():
        workspace.on_did_change_text_document(ends)
    with ada.entered("acme.edits"):
        applied = workspace.apply_edit(inserting("1", *names))
    assert await applied
    await asyncio.gather(*ending)
    assert seen and seen[0] < len(names), "it was in the middle"
    assert {document.get_text() for document in documents} == {"1"}
