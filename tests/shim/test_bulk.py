"""`apply_edit`: texts and files, all of an edit or nothing of it, and who is asked before and told after."""

from __future__ import annotations

import asyncio
from contextlib import suppress
from typing import Any

import pytest

import shim as vscode
from sessions.context import SessionContext
from sessions.errors import FileSystemError, QuotaExceeded
from shim import Position, Range, SnippetString, SnippetTextEdit, TextEdit, Uri, WorkspaceEdit, documents, workspace
from shim.bulk import TEXTS_IN_A_TURN

pytestmark = pytest.mark.anyio


def at(name: str) -> Uri:
    return Uri.file(f"/workspace/{name}")


async def names(session: SessionContext, path: str = "/workspace") -> list[str]:
    return sorted(name for name, _ in await session.files.read_directory(path))


async def test_files_are_created_renamed_deleted_and_edited_in_their_order(ada: SessionContext) -> None:
    with ada.entered():
        await ada.files.write("/workspace/old.py", b"x = 1\n")
        await ada.files.write("/workspace/gone/deep/file", b"")
        edit = WorkspaceEdit()
        edit.create_file(at("new.py"), contents=b"import old\n")
        edit.insert(at("new.py"), Position(1, 0), "print(old.x)\n")
        edit.insert(at("old.py"), Position(0, 0), "# moved\n")
        edit.rename_file(at("old.py"), at("src/moved.py"))
        edit.insert(at("src/moved.py"), Position(2, 0), "y = 2\n")
        edit.delete_file(at("gone"), recursive=True)
        assert await workspace.apply_edit(edit)
        assert await names(ada) == ["new.py", "src"]
        assert await ada.files.read("/workspace/new.py") == b"import old\n"  # edits are not saved
        texts = {one.uri.path: (one.get_text(), one.is_dirty) for one in workspace.text_documents}
        assert texts == {
            "/workspace/new.py": ("import old\nprint(old.x)\n", True),
            "/workspace/src/moved.py": ("# moved\nx = 1\ny = 2\n", True),
        }
        assert await workspace.save_all()
        assert await ada.files.read("/workspace/src/moved.py") == b"# moved\nx = 1\ny = 2\n"


async def test_a_step_that_fails_takes_all_others_back(ada: SessionContext) -> None:
    with ada.entered():
        for name in ("a", "b", "c", "taken"):
            await ada.files.write(f"/workspace/{name}", name.encode())
        a = await workspace.open_text_document(at("a"))
        heard: list[Any] = []
        workspace.on_did_change_text_document(heard.append)
        workspace.on_did_create_files(heard.append)
        workspace.on_did_rename_files(heard.append)
        workspace.on_did_delete_files(heard.append)
        edit = WorkspaceEdit()
        edit.insert(at("a"), Position(0, 0), "changed")
        edit.create_file(at("new/file"))
        edit.create_file(at("taken"), overwrite=True, contents=b"other")
        edit.delete_file(at("b"))
        edit.rename_file(at("c"), at("d"))
        edit.create_file(at("d"))  # it is there by now
        assert not await workspace.apply_edit(edit)
        assert await names(ada) == ["a", "b", "c", "new", "taken"]
        assert await names(ada, "/workspace/new") == []
        for name in ("a", "b", "c", "taken"):
            assert await ada.files.read(f"/workspace/{name}") == name.encode()
        assert (a.get_text(), a.version, a.is_dirty, heard) == ("a", 1, False, [])


async def test_what_an_edit_replaces_or_deletes_leaves_nothing_beside_it(ada: SessionContext) -> None:
    with ada.entered():
        await ada.files.write("/workspace/a", b"old")
        document = await workspace.open_text_document(at("a"))
        edit = WorkspaceEdit()
        edit.create_file(at("a"), overwrite=True, contents=b"new")
        assert await workspace.apply_edit(edit)
        assert await names(ada) == ["a"] and await ada.files.read("/workspace/a") == b"new"
        assert document.is_closed
        edit = WorkspaceEdit()
        edit.delete_file(at("a"))
        assert await workspace.apply_edit(edit)
        assert await names(ada) == []


@pytest.mark.parametrize("options", [{"ignore_if_exists": True}, {"overwrite": True, "ignore_if_exists": True}])
async def test_what_is_there_is_left_or_overwritten_as_asked(ada: SessionContext, options: dict[str, bool]) -> None:
    with ada.entered():
        await ada.files.write("/workspace/a", b"old")
        await ada.files.write("/workspace/b", b"b")
        edit = WorkspaceEdit()
        edit.create_file(at("a"), contents=b"new", **options)
        edit.rename_file(at("b"), at("a"), **options)
        edit.delete_file(at("missing"), ignore_if_not_exists=True)
        assert await workspace.apply_edit(edit)
        overwritten = "overwrite" in options
        assert await ada.files.read("/workspace/a") == (b"b" if overwritten else b"old")
        assert await names(ada) == (["a"] if overwritten else ["a", "b"])


async def test_a_folder_with_something_in_it_is_deleted_only_recursively(ada: SessionContext) -> None:
    with ada.entered():
        await ada.files.write("/workspace/full/a", b"")
        edit = WorkspaceEdit()
        edit.delete_file(at("full"))
        assert not await workspace.apply_edit(edit)
        assert await names(ada, "/workspace/full") == ["a"]


async def test_documents_below_a_renamed_folder_go_on_under_the_new_name(ada: SessionContext) -> None:
    with ada.entered():
        for path in ("src/a.py", "src/deep/b.md", "source.py"):
            await ada.files.write(f"/workspace/{path}", b"x")
        documents = [
            await workspace.open_text_document(at(path)) for path in ("src/a.py", "src/deep/b.md", "source.py")
        ]
        edit = WorkspaceEdit()
        edit.insert(at("src/a.py"), Position(0, 0), "unsaved ")
        assert await workspace.apply_edit(edit)
        edit = WorkspaceEdit()
        edit.rename_file(at("src"), at("lib"))
        assert await workspace.apply_edit(edit)
        assert [one.is_closed for one in documents] == [True, True, False]
        found = {one.uri.path: one for one in workspace.text_documents}
        assert set(found) == {"/workspace/lib/a.py", "/workspace/lib/deep/b.md", "/workspace/source.py"}
        moved = found["/workspace/lib/a.py"]
        assert (moved.get_text(), moved.is_dirty) == ("unsaved x", True)
        assert await moved.save()
        assert await ada.files.read("/workspace/lib/a.py") == b"unsaved x"


async def test_files_are_told_and_who_listens_before_may_add_edits(ada: SessionContext) -> None:
    async def imports(event: Any) -> WorkspaceEdit:
        more = WorkspaceEdit()
        more.insert(at("main.py"), Position(0, 0), f"# {event.files[0].new_uri.basename()}\n")
        return more

    with ada.entered():
        await ada.files.write("/workspace/main.py", b"")
        await ada.files.write("/workspace/a.py", b"")
        heard: list[Any] = []
        workspace.on_will_rename_files(imports)
        workspace.on_will_create_files(lambda event: heard.append(("will", [str(uri) for uri in event.files])))
        workspace.on_did_create_files(lambda event: heard.append(("did", [str(uri) for uri in event.files])))
        workspace.on_did_rename_files(lambda event: heard.append(event.files[0].old_uri.path))
        edit = WorkspaceEdit()
        edit.create_file(at("b.py"))
        edit.rename_file(at("a.py"), at("c.py"))
        assert await workspace.apply_edit(edit)
        created = ["file:///workspace/b.py"]
        assert heard == [("will", created), ("did", created), "/workspace/a.py"]
        assert (await workspace.open_text_document(at("main.py"))).get_text() == "# c.py\n"


async def test_a_listener_may_apply_an_edit_of_its_own_while_it_is_waited_for(ada: SessionContext) -> None:
    async def edits(event: Any) -> None:
        edit = WorkspaceEdit()
        edit.insert(at("a"), Position(0, 0), "listener ")
        assert await workspace.apply_edit(edit)

    with ada.entered():
        await ada.files.write("/workspace/a", b"")
        workspace.on_will_create_files(edits)
        edit = WorkspaceEdit()
        edit.create_file(at("b"))
        async with asyncio.timeout(10):
            assert await workspace.apply_edit(edit)
        assert (await workspace.open_text_document(at("a"))).get_text() == "listener "


async def test_what_a_listener_cannot_change_is_left_out_and_the_edit_is_made(ada: SessionContext) -> None:
    async def edits(event: Any) -> WorkspaceEdit:
        edit = WorkspaceEdit()
        edit.insert(at("a"), Position(0, 0), "listener ")
        edit.create_file(at("c"))
        edit.delete_file(at("d"))
        edit.insert(event.files[0], Position(0, 0), "it is not there yet")
        return edit

    with ada.entered():
        for name in ("a", "d"):
            await ada.files.write(f"/workspace/{name}", b"")
        document = await workspace.open_text_document(at("a"))
        workspace.on_will_create_files(edits)
        edit = WorkspaceEdit()
        edit.create_file(at("b"))
        edit.insert(at("a"), Position(0, 0), "edit")
        assert await workspace.apply_edit(edit)
        assert document.get_text() == "edit"
        assert sorted(name for name, _ in await workspace.fs.read_directory(Uri.file("/workspace"))) == ["a", "b", "d"]


async def test_a_snippet_stands_as_its_text_and_line_ends_can_be_set(ada: SessionContext) -> None:
    with ada.entered():
        await ada.files.write("/workspace/a.py", b"one\ntwo\n")
        edit = WorkspaceEdit()
        snippet = SnippetString("def ${1:name}($2): ${3|pass,return|}  # ${1} in ${TM_FILENAME}$0\n")
        edit.set(
            at("a.py"), [SnippetTextEdit(Range(0, 0, 0, 3), snippet), TextEdit.set_end_of_line(vscode.EndOfLine.CRLF)]
        )
        assert await workspace.apply_edit(edit)
        document = await workspace.open_text_document(at("a.py"))
        assert document.get_text() == "def name(): pass  # name in a.py\r\n\r\ntwo\r\n"
        assert document.eol == vscode.EndOfLine.CRLF


async def test_half_a_character_is_no_text(ada: SessionContext) -> None:
    with ada.entered():
        await ada.files.write("/workspace/a", b"x")
        edit = WorkspaceEdit()
        edit.insert(at("a"), Position(0, 0), "\ud800")
        assert not await workspace.apply_edit(edit)
        assert (await workspace.open_text_document(at("a"))).get_text() == "x"


async def test_nobody_edits_what_an_extension_says_or_reaches_another_machine(ada: SessionContext) -> None:
    class Provider:
        def provide_text_document_content(self, uri: Uri, token: object) -> str:
            return "fixed"

    with ada.entered():
        workspace.register_text_document_content_provider("virtual", Provider())
        for uri in ("virtual:/a", "file://server/a", "nobody:/a", "http://example.com/a"):
            edit = WorkspaceEdit()
            edit.insert(Uri.parse(uri), Position(0, 0), "x")
            assert not await workspace.apply_edit(edit)


async def test_edits_at_once_are_made_one_after_the_other_and_none_is_lost(ada: SessionContext) -> None:
    async def add(name: str) -> bool:
        edit = WorkspaceEdit()
        edit.insert(at(name), Position(0, 0), "x")
        return await workspace.apply_edit(edit)

    with ada.entered():
        for name in ("a", "b"):
            await ada.files.write(f"/workspace/{name}", b"")
        assert all(await asyncio.gather(*(add(name) for name in "ab" * 50)))
        for name in ("a", "b"):
            document = await workspace.open_text_document(at(name))
            assert (document.get_text(), document.version) == ("x" * 50, 51)


async def test_a_thousand_edits_are_one_change(ada: SessionContext) -> None:
    with ada.entered():
        await ada.files.write("/workspace/a", b"x\n" * 1000)
        edit = WorkspaceEdit()
        for line in range(1000):
            edit.insert(at("a"), Position(line, 0), f"{line} ")
        assert await workspace.apply_edit(edit)
        document = await workspace.open_text_document(at("a"))
        assert (document.version, document.line_at(999).text) == (2, "999 x")


async def test_whoever_stops_waiting_does_not_stop_an_edit_in_the_middle(ada: SessionContext) -> None:
    with ada.entered():
        edit = WorkspaceEdit()
        for number in range(20):
            edit.create_file(at(f"{number}"))
        applied = workspace.apply_edit(edit)
        await asyncio.sleep(0)
        applied.cancel()
        await eventually_all(ada, 20)


async def eventually_all(session: SessionContext, number: int) -> None:
    async with asyncio.timeout(20):
        while len(await names(session)) != number:
            pass  # each look is a trip to a thread: no busy loop


async def test_a_full_allowance_leaves_everything_as_it_was(ada: SessionContext) -> None:
    from sessions.errors import QuotaExceeded
    from sessions.quotas import Allowance, Quotas

    with ada.entered():
        await ada.files.write("/workspace/a", b"a")
        ada.files._meter = Allowance(Quotas(bytes=1_000), lambda: (0, 0))
        edit = WorkspaceEdit()
        edit.rename_file(at("a"), at("b"))
        edit.create_file(at("c"), contents=b"x" * 10_000)
        with pytest.raises(QuotaExceeded):
            await workspace.apply_edit(edit)
        assert await names(ada) == ["a"]


async def test_an_edit_reaches_nobody_elses_files(ada: SessionContext, ben: SessionContext) -> None:
    with ben.entered():
        await ben.files.write("/workspace/a", b"ben's")
        bens = await workspace.open_text_document(at("a"))
    with ada.entered():
        edit = WorkspaceEdit()
        edit.insert(bens.uri, Position(0, 0), "x")
        assert not await workspace.apply_edit(edit)
        edit = WorkspaceEdit()
        edit.create_file(Uri.file("/workspace/../../../ben/root/workspace/b"))
        await workspace.apply_edit(edit)
        with pytest.raises(FileSystemError):
            await ben.files.read("/workspace/b")
    assert bens.get_text() == "ben's" and not bens.is_dirty


async def test_an_edit_of_many_texts_leaves_turns_for_others_and_closes_none_of_them(
    ada: SessionContext, monkeypatch: pytest.MonkeyPatch
) -> None:
    uris = [at(f"{number}.txt") for number in range(40)]
    for uri in (*uris, at("other.txt")):
        await ada.files.write(uri.path, b"text")
    with ada.entered():
        for uri in uris:
            await workspace.open_text_document(uri)
        monkeypatch.setattr(documents, "MOST", len(uris))
        changed: list[int] = []
        turn = 0
        workspace.on_did_change_text_document(lambda _: changed.append(turn))
        edit = WorkspaceEdit()
        for uri in uris:
            edit.insert(uri, Position(0, 0), "new ")
        applied = workspace.apply_edit(edit)
        while not applied.done():
            turn += 1
            if len(changed) == TEXTS_IN_A_TURN:  # somebody needs room in its middle
                with suppress(QuotaExceeded):
                    ada.get(documents.Documents).make_room(0, 1)
            await asyncio.sleep(0)
        assert await applied
        assert max(changed.count(turn) for turn in changed) == TEXTS_IN_A_TURN
        assert {(await workspace.open_text_document(uri)).get_text() for uri in uris} == {"new text"}
