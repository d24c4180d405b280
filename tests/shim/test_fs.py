"""workspace.fs: the current user's files by Uri, with VS Code's errors. What paths may reach, tests/sessions shows."""

from __future__ import annotations

import asyncio
import os
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from sessions.context import SessionContext
from sessions.errors import FileSystemError, InvalidValue, NoCurrentUser
from shim import FilePermission, FileType, Uri
from shim import FileSystemError as ShimError
from shim.workspace import fs

pytestmark = pytest.mark.anyio

NOTE = Uri.file("/workspace/note.txt")


async def test_what_is_written_is_read_back(ada: SessionContext) -> None:
    with ada.entered():
        await fs.write_file(NOTE, b"\x00one\xff")
        assert await fs.read_file(NOTE) == b"\x00one\xff"


async def test_the_same_uri_is_another_file_for_another_user(ada: SessionContext, ben: SessionContext) -> None:
    for session in (ada, ben):
        with session.entered():
            await fs.write_file(NOTE, session.uid.encode())
    for session in (ada, ben):
        with session.entered():
            assert await fs.read_file(NOTE) == session.uid.encode()


async def test_a_call_belongs_to_who_made_it_also_when_another_awaits_it(
    ada: SessionContext, ben: SessionContext
) -> None:
    with ada.entered():
        await fs.write_file(NOTE, b"ada's")
        reading = fs.read_file(NOTE)
    with ben.entered():
        assert await reading == b"ada's"


async def test_a_write_begins_at_once_with_what_the_content_was_then(ada: SessionContext, tmp_path: Path) -> None:
    content = bytearray(b"before")
    with ada.entered():
        writing = fs.write_file(NOTE, content)
        content[:] = b"after!"
        await writing
        assert await fs.read_file(NOTE) == b"before"


async def test_stat_tells_type_size_and_times(ada: SessionContext) -> None:
    with ada.entered():
        await fs.write_file(NOTE, b"four")
        file, folder = await fs.stat(NOTE), await fs.stat(Uri.file("/workspace"))
    assert (file.type, file.size, file.permissions) == (FileType.FILE, 4, None)
    assert 0 < file.ctime <= file.mtime
    assert folder.type is FileType.DIRECTORY


async def test_a_file_that_may_not_be_written_says_so(ada: SessionContext, tmp_path: Path) -> None:
    with ada.entered():
        await fs.write_file(NOTE, b"x")
        (tmp_path / "users/ada/root/workspace/note.txt").chmod(0o444)
        assert (await fs.stat(NOTE)).permissions is FilePermission.READONLY


@pytest.mark.parametrize(
    ("error", "code", "name"),
    [
        (FileSystemError.file_not_found("x"), "FileNotFound", "EntryNotFound (FileSystemError)"),
        (FileSystemError.file_exists("x"), "FileExists", "EntryExists (FileSystemError)"),
        (FileSystemError.file_is_a_directory("x"), "FileIsADirectory", "EntryIsADirectory (FileSystemError)"),
        (FileSystemError.file_not_a_directory("x"), "FileNotADirectory", "EntryNotADirectory (FileSystemError)"),
        (FileSystemError.no_permissions("x"), "NoPermissions", "NoPermissions (FileSystemError)"),
        (FileSystemError.unavailable("x"), "Unavailable", "Unavailable (FileSystemError)"),
        (FileSystemError("x"), "Unknown", "Unknown (FileSystemError)"),
    ],
)
def test_an_error_has_vs_codes_code_and_its_other_name(error: FileSystemError, code: str, name: str) -> None:
    assert (error.code, error.name, str(error)) == (code, name, "x")


def test_an_error_of_a_uri_tells_it_as_it_is_read() -> None:
    assert str(FileSystemError.file_exists(Uri.parse("foo://x/a b/\u00e4"))) == "foo://x/a b/\u00e4"
    assert str(FileSystemError.file_not_found(None)) == "FileNotFound"


async def test_a_link_has_the_type_of_its_target_and_the_links_bit(ada: SessionContext, tmp_path: Path) -> None:
    with ada.entered():
        await fs.write_file(NOTE, b"x")
        os.symlink("note.txt", tmp_path / "users/ada/root/workspace/link")
        assert (await fs.stat(Uri.file("/workspace/link"))).type == FileType.FILE | FileType.SYMBOLIC_LINK


async def test_a_directory_lists_names_with_their_types(ada: SessionContext) -> None:
    with ada.entered():
        await fs.write_file(NOTE, b"x")
        await fs.create_directory(Uri.file("/workspace/a/b"))
        assert sorted(await fs.read_directory(Uri.file("/workspace"))) == [
            ("a", FileType.DIRECTORY),
            ("note.txt", FileType.FILE),
        ]


async def test_renaming_copying_and_deleting(ada: SessionContext) -> None:
    other, third = Uri.file("/workspace/other"), Uri.file("/workspace/third")
    with ada.entered():
        await fs.write_file(NOTE, b"x")
        await fs.rename(NOTE, other)
        await fs.copy(other, third)
        await fs.delete(other)
        assert await fs.read_directory(Uri.file("/workspace")) == [("third", FileType.FILE)]


async def test_overwriting_must_be_asked_for(ada: SessionContext) -> None:
    other = Uri.file("/workspace/other")
    with ada.entered():
        await fs.write_file(NOTE, b"new")
        await fs.write_file(other, b"old")
        for move in (fs.copy, fs.rename):
            with pytest.raises(FileSystemError) as refused:
                await move(NOTE, other)
            assert refused.value.code == "FileExists"
        await fs.rename(NOTE, other, overwrite=True)
        assert await fs.read_file(other) == b"new"


async def test_a_full_directory_goes_only_recursively(ada: SessionContext) -> None:
    folder = Uri.file("/workspace/folder")
    with ada.entered():
        await fs.write_file(folder.join_path("file"), b"x")
        with pytest.raises(FileSystemError):
            await fs.delete(folder)
        await fs.delete(folder, recursive=True)
        assert await fs.read_directory(Uri.file("/workspace")) == []


async def test_what_goes_to_the_trash_is_kept_there(ada: SessionContext) -> None:
    with ada.entered():
        await fs.write_file(NOTE, b"x")
        await fs.delete(NOTE, use_trash=True)
        assert await fs.read_file(Uri.file("/home/.local/share/Trash/files/note.txt")) == b"x"


@pytest.mark.parametrize(
    ("ask", "code"),
    [
        (lambda: fs.read_file(NOTE), "FileNotFound"),
        (lambda: fs.stat(NOTE), "FileNotFound"),
        (lambda: fs.delete(NOTE), "FileNotFound"),
        (lambda: fs.read_file(Uri.file("/workspace")), "FileIsADirectory"),
        (lambda: fs.write_file(Uri.file("/x"), b""), "NoPermissions"),
        (lambda: fs.read_file(Uri.parse("http://example.org/x")), "Unavailable"),
        (lambda: fs.read_file(Uri.parse("untitled:x")), "Unavailable"),
        (lambda: fs.read_file(Uri.parse("file://server/share/x")), "Unavailable"),
        (lambda: fs.read_file(Uri.file("/workspace/" + "x" * 256)), "Unavailable"),
        (lambda: fs.read_file(Uri.file("/workspace/a\0b")), "Unavailable"),
        (lambda: fs.copy(NOTE, Uri.parse("http://example.org/x")), "Unavailable"),
    ],
)
async def test_what_cannot_be_done_is_a_file_system_error(
    ada: SessionContext, ask: Callable[[], asyncio.Future[Any]], code: str
) -> None:
    with ada.entered(), pytest.raises(ShimError) as refused:
        await ask()
    assert refused.value.code == code
    assert str(refused.value)


async def test_another_scheme_is_named(ada: SessionContext) -> None:
    with ada.entered(), pytest.raises(FileSystemError, match="scheme 'git'"):
        await fs.read_file(Uri.parse("git:/x"))


async def test_a_path_in_place_of_a_uri_is_answered_with_what_to_write(ada: SessionContext) -> None:
    wrong: Any = "/workspace/note.txt"
    with ada.entered(), pytest.raises(FileSystemError, match=r"use Uri.file\(path\)"):
        await fs.read_file(wrong)


async def test_text_in_place_of_bytes_is_answered_with_what_to_write(ada: SessionContext) -> None:
    wrong: Any = "text"
    with ada.entered(), pytest.raises(InvalidValue, match=r"text.encode\(\)"):
        fs.write_file(NOTE, wrong)


async def test_a_uri_names_its_path_byte_for_byte(ada: SessionContext) -> None:
    with ada.entered():
        await fs.write_file(Uri.file("/workspace/100% #1? C:.txt"), b"x")
        assert await fs.read_directory(Uri.file("/workspace")) == [("100% #1? C:.txt", FileType.FILE)]


async def test_only_files_can_be_written(ada: SessionContext) -> None:
    with ada.entered():
        assert fs.is_writable_file_system("file") is True
        assert fs.is_writable_file_system("http") is None


async def test_outside_of_a_user_there_are_no_files() -> None:
    with pytest.raises(NoCurrentUser):
        fs.read_file(NOTE)
