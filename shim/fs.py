"""`vscode.workspace.fs`: the current user's files by Uri. What a path may reach, `sessions.files` decides."""

from __future__ import annotations

from collections.abc import Callable, Coroutine
from typing import TYPE_CHECKING, Any, TypeVar

from sessions.current import current_session
from sessions.errors import FileSystemError, InvalidValue
from shim.enums import FilePermission, FileType
from shim.thenable import Thenable, thenable
from shim.uri import Uri, as_uri
from shim.values import Value, readonly

if TYPE_CHECKING:
    from sessions.files import Files

T = TypeVar("T")

LARGEST = 64 * 1024 * 1024
"""Bytes of the largest file that an extension reads whole."""


@readonly
class FileStat(Value):
    """What stands at a place: times in ms since 1970, `size` in bytes, `permissions` only where there are some."""

    type: FileType
    ctime: int
    mtime: int
    size: int
    permissions: FilePermission | None = None


class FileSystem:
    """VS Code's `FileSystem`. Every call starts at once; what it gives may be awaited and raises `FileSystemError`.

    Only `file:` Uris without an authority name something here. Over a quota, it raises `QuotaExceeded`.
    """

    __slots__ = ()

    def stat(self, uri: Uri) -> Thenable[FileStat]:
        """Type, times and size of what is at `uri`."""
        return _begin("stat", lambda files: _stat(files, uri))

    def read_directory(self, uri: Uri) -> Thenable[list[tuple[str, FileType]]]:
        """The names in a directory, each with its type, in no promised order."""
        return _begin("read_directory", lambda files: _read_directory(files, uri))

    def create_directory(self, uri: Uri) -> Thenable[None]:
        """Make a directory, and the parents that it needs; one that is there is fine."""
        return _begin("create_directory", lambda files: files.create_directory(_path(uri)))

    def read_file(self, uri: Uri) -> Thenable[bytes]:
        """The whole content of a file, of 64 MiB at most."""
        return _begin("read_file", lambda files: files.read(_path(uri), LARGEST))

    def write_file(self, uri: Uri, content: bytes | bytearray | memoryview) -> Thenable[None]:
        """Make a file, or replace it whole. `content` may be changed again once this has returned."""
        kept = _bytes(content)
        return _begin("write_file", lambda files: files.write(_path(uri), kept))

    def delete(self, uri: Uri, *, recursive: bool = False, use_trash: bool = False) -> Thenable[None]:
        """Remove a file or directory; one that is not empty only with `recursive`."""
        return _begin("delete", lambda files: files.delete(_path(uri), recursive=recursive, use_trash=use_trash))

    def rename(self, source: Uri, target: Uri, *, overwrite: bool = False) -> Thenable[None]:
        """Move a file or directory to another name."""
        return _begin("rename", lambda files: files.rename(_path(source), _path(target), overwrite=overwrite))

    def copy(self, source: Uri, target: Uri, *, overwrite: bool = False) -> Thenable[None]:
        """Copy a file, or a directory with all that it holds."""
        return _begin("copy", lambda files: files.copy(_path(source), _path(target), overwrite=overwrite))

    def is_writable_file_system(self, scheme: str) -> bool | None:
        """Whether files of a scheme can be written; None where no file system has the scheme."""
        return True if scheme == "file" else None


def _begin(name: str, work: Callable[[Files], Coroutine[Any, Any, T]]) -> Thenable[T]:
    return thenable(_told(work), f"workspace.fs.{name}")


async def _told(work: Callable[[Files], Coroutine[Any, Any, T]]) -> T:
    """What extensions catch is `FileSystemError`, for an impossible name too."""
    try:
        return await work(current_session().files)
    except InvalidValue as error:
        raise FileSystemError.unavailable(error) from None


def _path(uri: object) -> str:
    found = as_uri(uri, "uri")
    if found.scheme != "file":
        raise FileSystemError.unavailable(f"no file system has the scheme '{found.scheme}'; 'file' is the one here")
    if found.authority:
        raise FileSystemError.unavailable(f"'//{found.authority}' is another machine; use a file: Uri without one")
    return found.path


def _bytes(content: object) -> bytes:
    if isinstance(content, bytes | bytearray | memoryview):
        return bytes(content)
    raise InvalidValue("content", f"must be bytes, not {type(content).__name__}; encode text first: text.encode()")


async def _stat(files: Files, uri: Uri) -> FileStat:
    stat = await files.stat(_path(uri))
    permissions = None if stat.permissions is None else FilePermission(stat.permissions)
    return FileStat(FileType(stat.type), stat.ctime, stat.mtime, stat.size, permissions)


async def _read_directory(files: Files, uri: Uri) -> list[tuple[str, FileType]]:
    return [(name, FileType(kind)) for name, kind in await files.read_directory(_path(uri))]
