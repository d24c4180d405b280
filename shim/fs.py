"""`vscode.workspace.fs`: the current user's files by Uri. What a path may reach, `sessions.files` decides."""

from __future__ import annotations

from collections.abc import Callable, Coroutine
from typing import Any, TypeVar

from sessions.current import current_session
from sessions.errors import FileSystemError, InvalidValue
from shim.enums import FileType
from shim.filesystems import LARGEST, FileStat, FileSystems, carry
from shim.thenable import Thenable, thenable
from shim.uri import Uri

T = TypeVar("T")


class FileSystem:
    """VS Code's `FileSystem`. Every call starts at once; what it gives may be awaited and raises `FileSystemError`.

    `file:` Uris without an authority name something here, and those that an extension's provider has.
    Over a quota, it raises `QuotaExceeded`.
    """

    __slots__ = ()

    def stat(self, uri: Uri) -> Thenable[FileStat]:
        """Type, times and size of what is at `uri`."""
        return _begin("stat", lambda systems: systems.at(uri).stat(uri))

    def read_directory(self, uri: Uri) -> Thenable[list[tuple[str, FileType]]]:
        """The names in a directory, each with its type, in no promised order."""
        return _begin("read_directory", lambda systems: systems.at(uri).read_directory(uri))

    def create_directory(self, uri: Uri) -> Thenable[None]:
        """Make a directory, and the parents that it needs; one that is there is fine."""
        return _begin("create_directory", lambda systems: systems.at(uri).create_directory(uri))

    def read_file(self, uri: Uri) -> Thenable[bytes]:
        """The whole content of a file, of 64 MiB at most."""
        return _begin("read_file", lambda systems: systems.at(uri).read(uri, LARGEST))

    def write_file(self, uri: Uri, content: bytes | bytearray | memoryview) -> Thenable[None]:
        """Make a file, or replace it whole. `content` may be changed again once this has returned."""
        kept = _bytes(content)
        return _begin("write_file", lambda systems: systems.at(uri).write(uri, kept))

    def delete(self, uri: Uri, *, recursive: bool = False, use_trash: bool = False) -> Thenable[None]:
        """Remove a file or directory; one that is not empty only with `recursive`."""
        return _begin("delete", lambda systems: systems.at(uri).delete(uri, recursive=recursive, use_trash=use_trash))

    def rename(self, source: Uri, target: Uri, *, overwrite: bool = False) -> Thenable[None]:
        """Move a file or directory to another name."""
        return _begin("rename", lambda systems: rename(systems, source, target, overwrite=overwrite))

    def copy(self, source: Uri, target: Uri, *, overwrite: bool = False) -> Thenable[None]:
        """Copy a file, or a directory with all that it holds."""
        return _begin("copy", lambda systems: _copy(systems, source, target, overwrite))

    def is_writable_file_system(self, scheme: str) -> bool | None:
        """Whether files of a scheme can be written; None where no file system has the scheme."""
        return True if scheme == "file" else current_session().get(FileSystems).is_writable(scheme)


def _begin(name: str, work: Callable[[FileSystems], Coroutine[Any, Any, T]]) -> Thenable[T]:
    return thenable(_told(work), f"workspace.fs.{name}")


async def _told(work: Callable[[FileSystems], Coroutine[Any, Any, T]]) -> T:
    """What extensions catch is `FileSystemError`, for an impossible name too."""
    try:
        return await work(current_session().get(FileSystems))
    except InvalidValue as error:
        raise FileSystemError.unavailable(error) from None


async def rename(systems: FileSystems, source: Uri, target: Uri, *, overwrite: bool) -> None:
    """Move within a file system, or by copy and delete from one to another."""
    here, there = systems.at(source), systems.at(target)
    if here is there:
        await here.rename(source, target, overwrite=overwrite)
    elif here.readonly:
        raise FileSystemError(f"{source}: the file system '{source.scheme}' is read-only; copy it", "NoPermissions")
    else:
        await carry(here, source, there, target, overwrite=overwrite)
        await here.delete(source, recursive=True, use_trash=False)


async def _copy(systems: FileSystems, source: Uri, target: Uri, overwrite: bool) -> None:
    here, there = systems.at(source), systems.at(target)
    if here is there:
        await here.copy(source, target, overwrite=overwrite)
    else:
        await carry(here, source, there, target, overwrite=overwrite)


def _bytes(content: object) -> bytes:
    if isinstance(content, bytes | bytearray | memoryview):
        return bytes(content)
    raise InvalidValue("content", f"must be bytes, not {type(content).__name__}; encode text first: text.encode()")
