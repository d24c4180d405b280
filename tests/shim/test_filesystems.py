"""File systems of extensions: an extension has the files of a scheme, for `workspace.fs` and for documents."""

from __future__ import annotations

import asyncio
from typing import Any

import pytest

from sessions.context import SessionContext
from sessions.current import current_extension
from sessions.errors import FileSystemError, InvalidValue
from shim import (
    EventEmitter,
    FileChangeEvent,
    FileChangeType,
    FileStat,
    FileType,
    Position,
    Uri,
    WorkspaceEdit,
    workspace,
)
from shim.filesystems import FileSystems

pytestmark = pytest.mark.anyio

fs = workspace.fs


class Memory:
    """A file system of a dict, as an extension would write it: some of it async, some not."""

    def __init__(self) -> None:
        self.files: dict[str, bytes | None] = {"/": None}
        self.times: dict[str, int] = {}
        self.changed = EventEmitter[Any]()
        self.on_did_change_file = self.changed.event

    def stat(self, uri: Uri) -> FileStat:
        if uri.path not in self.files:
            raise FileSystemError.file_not_found(uri)
        content = self.files[uri.path]
        kind = FileType.DIRECTORY if content is None else FileType.FILE
        return FileStat(kind, 0, self.times.get(uri.path, 0), len(content or b""))

    async def read_directory(self, uri: Uri) -> list[tuple[str, FileType]]:
        await asyncio.sleep(0)
        top = uri.path.rstrip("/") + "/"
        inside = [path for path in self.files if path.startswith(top) and path != top and "/" not in path[len(top) :]]
        return [(path[len(top) :], self.stat(uri.with_(path=path)).type) for path in inside]

    def create_directory(self, uri: Uri) -> None:
        self.files[uri.path] = None

    async def read_file(self, uri: Uri) -> bytes:
        content = self.files.get(uri.path)
        if content is None:
            raise FileSystemError.file_not_found(uri)
        return content

    def write_file(self, uri: Uri, content: bytes, *, create: bool, overwrite: bool) -> None:
        assert create and overwrite
        self.files[uri.path] = content
        self.times[uri.path] = self.times.get(uri.path, 0) + 1

    def delete(self, uri: Uri, *, recursive: bool) -> None:
        self.stat(uri)
        for path in [path for path in self.files if path == uri.path or path.startswith(uri.path + "/")]:
            del self.files[path]

    def rename(self, old_uri: Uri, new_uri: Uri, *, overwrite: bool) -> None:
        self.stat(old_uri)
        for path in [path for path in self.files if path == old_uri.path or path.startswith(old_uri.path + "/")]:
            self.files[new_uri.path + path[len(old_uri.path) :]] = self.files.pop(path)


def mem(path: str) -> Uri:
    return Uri.parse(f"mem:{path}")


async def test_files_of_a_scheme_are_read_and_written_by_its_provider(ada: SessionContext) -> None:
    with ada.entered():
        registered = workspace.register_file_system_provider("mem", Memory())
        await fs.write_file(mem("/a/deep/file"), b"x")
        assert (await fs.stat(mem("/a/deep"))).type == FileType.DIRECTORY
        assert await fs.read_file(mem("/a/deep/file")) == b"x"
        await fs.copy(mem("/a"), mem("/b"))
        await fs.rename(mem("/b/deep/file"), mem("/c"))
        await fs.delete(mem("/a"), recursive=True)
        assert await fs.read_directory(mem("/")) == [("b", FileType.DIRECTORY), ("c", FileType.FILE)]
        assert fs.is_writable_file_system("mem") is True
        registered.dispose()
        assert fs.is_writable_file_system("mem") is None
        with pytest.raises(FileSystemError, match="mem"):
            await fs.read_file(mem("/c"))


async def test_files_go_from_one_file_system_to_another(ada: SessionContext) -> None:
    with ada.entered():
        workspace.register_file_system_provider("mem", Memory())
        await fs.write_file(Uri.file("/workspace/src/a"), b"x")
        await fs.copy(Uri.file("/workspace/src"), mem("/src"))
        await fs.rename(mem("/src/a"), Uri.file("/workspace/b"))
        assert await fs.read_file(Uri.file("/workspace/b")) == b"x"
        assert await fs.read_directory(mem("/src")) == []
        with pytest.raises(FileSystemError) as caught:
            await fs.copy(Uri.file("/workspace/b"), mem("/src"))
        assert caught.value.code == "FileExists"


async def test_a_document_of_a_provider_is_edited_saved_and_followed(ada: SessionContext) -> None:
    with ada.entered():
        memory = Memory()
        workspace.register_file_system_provider("mem", memory)
        await fs.write_file(mem("/a.py"), b"x = 1\n")
        document = await workspace.open_text_document(mem("/a.py"))
        assert (document.language_id, document.file_name) == ("python", "/a.py")
        edit = WorkspaceEdit()
        edit.insert(document.uri, Position(0, 0), "# one\n")
        assert await workspace.apply_edit(edit) and await document.save()
        assert memory.files["/a.py"] == b"# one\nx = 1\n"
        changed = asyncio.Event()
        workspace.on_did_change_text_document(lambda event: changed.set())
        memory.write_file(mem("/a.py"), b"other", create=True, overwrite=True)
        memory.changed.fire([FileChangeEvent(FileChangeType.CHANGED, mem("/a.py"))])
        async with asyncio.timeout(10):
            await changed.wait()
        assert (document.get_text(), document.is_dirty) == ("other", False)


async def test_a_read_only_file_system_takes_nothing(ada: SessionContext) -> None:
    with ada.entered():
        memory = Memory()
        memory.files["/a"] = b"x"
        workspace.register_file_system_provider("mem", memory, is_readonly=True)
        assert fs.is_writable_file_system("mem") is False
        for refused in (
            fs.write_file(mem("/a"), b""),
            fs.delete(mem("/a")),
            fs.rename(mem("/a"), mem("/b")),
            fs.create_directory(mem("/d")),
            fs.copy(mem("/a"), mem("/b")),
        ):
            with pytest.raises(FileSystemError) as caught:
                await refused
            assert caught.value.code == "NoPermissions"
        edit = WorkspaceEdit()
        edit.insert(mem("/a"), Position(0, 0), "y")
        assert not await workspace.apply_edit(edit)


async def test_a_provider_that_fails_or_hangs_is_an_error_of_the_file_system(
    ada: SessionContext, monkeypatch: pytest.MonkeyPatch
) -> None:
    class Bad(Memory):
        def stat(self, uri: Uri) -> FileStat:
            raise ZeroDivisionError("mine")

        async def read_file(self, uri: Uri) -> bytes:
            await asyncio.Event().wait()
            return b""

    monkeypatch.setattr("shim.filesystems.ANSWER_S", 0.1)
    with ada.entered():
        workspace.register_file_system_provider("mem", Bad())
        with pytest.raises(FileSystemError, match="ZeroDivisionError"):
            await fs.stat(mem("/a"))
        with pytest.raises(FileSystemError, match="did not answer"):
            await fs.read_file(mem("/a"))


@pytest.mark.parametrize("scheme", ["file", "untitled", "mem", "a b", ""])
async def test_a_scheme_that_is_taken_or_none_is_refused(ada: SessionContext, scheme: str) -> None:
    with ada.entered():
        workspace.register_file_system_provider("mem", Memory())
        with pytest.raises(InvalidValue, match="scheme"):
            workspace.register_file_system_provider(scheme, Memory())


async def test_a_scheme_is_one_users(ada: SessionContext, ben: SessionContext) -> None:
    with ada.entered():
        workspace.register_file_system_provider("mem", Memory())
        await fs.write_file(mem("/a"), b"ada's")
    with ben.entered():
        assert fs.is_writable_file_system("mem") is None
        with pytest.raises(FileSystemError):
            await fs.read_file(mem("/a"))
        workspace.register_file_system_provider("mem", Memory())
        with pytest.raises(FileSystemError):
            await fs.read_file(mem("/a"))


async def test_what_an_extension_registered_goes_with_it(ada: SessionContext) -> None:
    heard: list[Any] = []
    with ada.entered("acme.one"):
        workspace.register_file_system_provider("mem", Memory())
        workspace.register_text_document_content_provider("virtual", Says("x"))
        workspace.on_did_open_text_document(heard.append)
        workspace.on_will_save_text_document(heard.append)
        workspace.on_did_create_files(heard.append)
    with ada.entered("acme.two"):
        workspace.register_file_system_provider("other", Memory())
        workspace.on_did_open_text_document(lambda document: heard.append("two"))
    ada.forget_extension("acme.one")
    with ada.entered():
        assert ada.get(FileSystems).has("other") and not ada.get(FileSystems).has("mem")
        with pytest.raises(FileSystemError):
            await workspace.open_text_document(Uri.parse("virtual:/a"))
        await workspace.open_text_document(content="x")
        assert heard == ["two"]


class Says:
    """A content provider whose texts change."""

    def __init__(self, text: str | None) -> None:
        self.text = text
        self.changed = EventEmitter[Uri]()
        self.on_did_change = self.changed.event

    async def provide_text_document_content(self, uri: Uri, token: object) -> str | None:
        await asyncio.sleep(0)
        return None if self.text is None else f"{uri.path} says {self.text}"


async def test_a_virtual_document_has_its_providers_text_and_follows_it(ada: SessionContext) -> None:
    with ada.entered():
        says, silent = Says("one"), Says(None)
        workspace.register_text_document_content_provider("virtual", silent)
        registered = workspace.register_text_document_content_provider("virtual", says)
        uri = Uri.parse("virtual:/a.md?x=1")
        document = await workspace.open_text_document(uri)
        assert (document.get_text(), document.language_id, document.is_dirty) == ("/a.md says one", "markdown", False)
        assert await workspace.open_text_document(uri) is document
        changed = asyncio.Event()
        workspace.on_did_change_text_document(lambda event: changed.set())
        says.text = "two"
        says.changed.fire(uri)
        async with asyncio.timeout(10):
            await changed.wait()
        assert (document.get_text(), document.version) == ("/a.md says two", 2)
        registered.dispose()
        with pytest.raises(FileSystemError):
            await workspace.open_text_document(Uri.parse("virtual:/b.md"))


async def test_a_content_provider_that_raises_is_a_sentence(ada: SessionContext) -> None:
    class Bad:
        def provide_text_document_content(self, uri: Uri, token: object) -> str:
            raise KeyError("mine")

    with ada.entered():
        workspace.register_text_document_content_provider("virtual", Bad())
        with pytest.raises(FileSystemError, match="KeyError"):
            await workspace.open_text_document(Uri.parse("virtual:/a"))
        with pytest.raises(InvalidValue, match="scheme"):
            workspace.register_text_document_content_provider("file", Bad())


async def test_a_folder_is_not_copied_into_itself(ada: SessionContext) -> None:
    memory = Memory()
    with ada.entered("acme.mem"):
        workspace.register_file_system_provider("mem", memory)
        await fs.write_file(mem("/a/b.txt"), b"b")
        for target in ("/a/inside", "/a"):
            with pytest.raises(FileSystemError, match="in it; copy it to another place"):
                await fs.copy(mem("/a"), mem(target), overwrite=True)
        await fs.copy(mem("/a"), mem("/ab"))
    assert sorted(memory.files) == ["/", "/a", "/a/b.txt", "/ab", "/ab/b.txt"]


async def test_nothing_is_moved_from_where_it_cannot_be_deleted(ada: SessionContext) -> None:
    memory = Memory()
    memory.files["/a.txt"] = b"a"
    with ada.entered("acme.mem"):
        workspace.register_file_system_provider("mem", memory, is_readonly=True)
        with pytest.raises(FileSystemError, match="read-only; copy it") as error:
            await fs.rename(mem("/a.txt"), Uri.file("/workspace/a.txt"))
        assert error.value.code == "NoPermissions"
    assert await ada.files.read_directory("/workspace") == []


async def test_a_provider_is_asked_as_its_extension_whoever_asks(ada: SessionContext) -> None:
    asked_as: list[str | None] = []

    class Noting(Memory):
        def stat(self, uri: Uri) -> FileStat:
            asked_as.append(current_extension())
            return super().stat(uri)

        def provide_text_document_content(self, uri: Uri, token: Any) -> str:
            asked_as.append(current_extension())
            return "text"

    with ada.entered("acme.mem"):
        workspace.register_file_system_provider("mem", Noting())
        workspace.register_text_document_content_provider("texts", Noting())
    with ada.entered("acme.other"):
        await fs.stat(mem("/"))
        await workspace.open_text_document(Uri.parse("texts:a"))
    assert asked_as == ["acme.mem", "acme.mem"]
