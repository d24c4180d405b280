"""Where a scheme's files are: on the user's disk, or with an extension's provider. `fs.py` asks, by Uri."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Iterable, Sequence
from typing import TYPE_CHECKING, Any, NamedTuple, Protocol

from sessions.current import current_extension
from sessions.errors import FileSystemError, InvalidValue
from shim.enums import FileChangeType, FilePermission, FileType
from shim.events import Disposable, Event
from shim.thenable import called
from shim.uri import Uri, as_uri
from shim.values import Value, readonly

if TYPE_CHECKING:
    from sessions.context import SessionContext
    from sessions.files import Files

LARGEST = 64 * 1024 * 1024
"""Bytes of the largest file that an extension reads whole."""

ANSWER_S = 30.0
"""How long a provider may take for one answer, in seconds."""

MOST_SCHEMES = 100
"""File systems that a user's extensions may register."""

OWN_SCHEMES = frozenset({"file", "untitled", "http", "https", "data", "command"})
"""Schemes that mean something already."""


@readonly
class FileStat(Value):
    """What stands at a place: times in ms since 1970, `size` in bytes, `permissions` only where there are some."""

    type: FileType
    ctime: int
    mtime: int
    size: int
    permissions: FilePermission | None = None


@readonly
class FileChangeEvent(Value):
    """That something happened to a file."""

    type: FileChangeType
    uri: Uri


class FileSystemProvider(Protocol):
    """VS Code's `FileSystemProvider`: an extension's files. Methods are plain or async, and raise `FileSystemError`.

    `copy` and `watch` may be missing.
    """

    @property
    def on_did_change_file(self) -> Event[Sequence[FileChangeEvent]]: ...
    def stat(self, uri: Uri) -> FileStat | Awaitable[FileStat]: ...
    def read_directory(self, uri: Uri) -> Any: ...
    def create_directory(self, uri: Uri) -> Any: ...
    def read_file(self, uri: Uri) -> bytes | Awaitable[bytes]: ...
    def write_file(self, uri: Uri, content: bytes, *, create: bool, overwrite: bool) -> Any: ...
    def delete(self, uri: Uri, *, recursive: bool) -> Any: ...
    def rename(self, old_uri: Uri, new_uri: Uri, *, overwrite: bool) -> Any: ...


class Place(Protocol):
    """The files of one scheme."""

    readonly: bool

    async def stat(self, uri: Uri) -> FileStat: ...
    async def read_directory(self, uri: Uri) -> list[tuple[str, FileType]]: ...
    async def create_directory(self, uri: Uri) -> None: ...
    async def read(self, uri: Uri, limit: int) -> bytes: ...
    async def write(self, uri: Uri, content: bytes) -> None: ...
    async def delete(self, uri: Uri, *, recursive: bool, use_trash: bool) -> None: ...
    async def rename(self, source: Uri, target: Uri, *, overwrite: bool) -> None: ...
    async def copy(self, source: Uri, target: Uri, *, overwrite: bool) -> None: ...


class Disk:
    """The user's own files: `file:` Uris without an authority."""

    __slots__ = ("_files",)

    readonly = False

    def __init__(self, files: Files) -> None:
        self._files = files

    async def stat(self, uri: Uri) -> FileStat:
        stat = await self._files.stat(path_in(uri))
        permissions = None if stat.permissions is None else FilePermission(stat.permissions)
        return FileStat(FileType(stat.type), stat.ctime, stat.mtime, stat.size, permissions)

    async def read_directory(self, uri: Uri) -> list[tuple[str, FileType]]:
        return [(name, FileType(kind)) for name, kind in await self._files.read_directory(path_in(uri))]

    async def create_directory(self, uri: Uri) -> None:
        await self._files.create_directory(path_in(uri))

    async def read(self, uri: Uri, limit: int) -> bytes:
        return await self._files.read(path_in(uri), limit)

    async def write(self, uri: Uri, content: bytes) -> None:
        await self._files.write(path_in(uri), content)

    async def delete(self, uri: Uri, *, recursive: bool, use_trash: bool) -> None:
        await self._files.delete(path_in(uri), recursive=recursive, use_trash=use_trash)

    async def rename(self, source: Uri, target: Uri, *, overwrite: bool) -> None:
        await self._files.rename(path_in(source), path_in(target), overwrite=overwrite)

    async def copy(self, source: Uri, target: Uri, *, overwrite: bool) -> None:
        await self._files.copy(path_in(source), path_in(target), overwrite=overwrite)


class Provided:
    """The files of an extension's provider. What it raises that is no `FileSystemError` becomes one (Unavailable)."""

    __slots__ = ("_session", "extension", "provider", "readonly")

    def __init__(
        self, session: SessionContext, provider: FileSystemProvider, readonly: bool, extension: str | None
    ) -> None:
        self._session = session
        self.provider = provider
        self.readonly = readonly
        self.extension = extension

    async def stat(self, uri: Uri) -> FileStat:
        found: FileStat = await self._ask("stat", uri)
        return found

    async def read_directory(self, uri: Uri) -> list[tuple[str, FileType]]:
        return [(name, FileType(kind)) for name, kind in await self._ask("read_directory", uri)]

    async def create_directory(self, uri: Uri) -> None:
        self._refuse_readonly(uri)
        await self._make_parents(uri)
        if not await self._is_there(uri):
            await self._ask("create_directory", uri)

    async def read(self, uri: Uri, limit: int) -> bytes:
        content = bytes(await self._ask("read_file", uri))
        if len(content) > limit:
            raise FileSystemError(f"{uri}: it is larger than {limit} bytes", "Unavailable", size=len(content))
        return content

    async def write(self, uri: Uri, content: bytes) -> None:
        self._refuse_readonly(uri)
        await self._make_parents(uri)
        await self._ask("write_file", uri, content, create=True, overwrite=True)

    async def delete(self, uri: Uri, *, recursive: bool, use_trash: bool) -> None:
        self._refuse_readonly(uri)
        await self._ask("delete", uri, recursive=recursive)

    async def rename(self, source: Uri, target: Uri, *, overwrite: bool) -> None:
        self._refuse_readonly(target)
        await self._make_parents(target)
        await self._ask("rename", source, target, overwrite=overwrite)

    async def copy(self, source: Uri, target: Uri, *, overwrite: bool) -> None:
        self._refuse_readonly(target)
        await self._make_parents(target)
        if hasattr(self.provider, "copy"):
            await self._ask("copy", source, target, overwrite=overwrite)
        else:
            await carry(self, source, self, target, overwrite=overwrite)

    async def _is_there(self, uri: Uri) -> bool:
        try:
            await self.stat(uri)
        except FileSystemError as error:
            if error.code != "FileNotFound":
                raise
            return False
        return True

    async def _make_parents(self, uri: Uri) -> None:
        missing = []
        parent = uri.dirname()
        while parent.path not in ("", "/") and not await self._is_there(parent):
            missing.append(parent)
            parent = parent.dirname()
        for folder in reversed(missing):
            await self._ask("create_directory", folder)

    def _refuse_readonly(self, uri: Uri) -> None:
        if self.readonly:
            raise FileSystemError(f"{uri}: the file system '{uri.scheme}' is read-only", "NoPermissions")

    async def _ask(self, name: str, *arguments: Any, **options: bool) -> Any:
        try:
            with self._session.entered(self.extension):
                async with asyncio.timeout(ANSWER_S):
                    return await called(lambda: getattr(self.provider, name)(*arguments, **options))
        except FileSystemError:
            raise
        except TimeoutError as error:
            raise FileSystemError.unavailable(
                f"{arguments[0]}: the provider of '{arguments[0].scheme}' did not answer within {ANSWER_S:g} s"
            ) from error
        except Exception as error:  # the edge of an extension: whoever asked for a file gets a file system's error
            raise FileSystemError.unavailable(
                f"{arguments[0]}: the provider of '{arguments[0].scheme}' failed ({type(error).__name__}: {error})"
            ) from error


async def carry(source_place: Place, source: Uri, target_place: Place, target: Uri, *, overwrite: bool) -> None:
    """Copy a file, or a folder with all in it, by reading and writing: what two file systems have in common."""
    if source_place is target_place and f"{target.path}/".startswith(source.path.rstrip("/") + "/"):
        raise FileSystemError.unavailable(f"{target}: it is {source} itself or in it; copy it to another place")
    kind = (await source_place.stat(source)).type
    if not overwrite:
        await _refuse_taken(target_place, target)
    if kind & FileType.DIRECTORY:
        await target_place.create_directory(target)
        for name, _ in await source_place.read_directory(source):
            await carry(source_place, source.join_path(name), target_place, target.join_path(name), overwrite=True)
    else:
        await target_place.write(target, await source_place.read(source, LARGEST))


async def _refuse_taken(place: Place, target: Uri) -> None:
    try:
        await place.stat(target)
    except FileSystemError as error:
        if error.code == "FileNotFound":
            return
        raise
    raise FileSystemError(f"{target}: something is here already; allow overwriting, or choose a name", "FileExists")


class Watched(NamedTuple):
    """A registered provider, and the undo of listening to it."""

    place: Provided
    undo: Callable[[], object]


class FileSystems:
    """One user's file systems by scheme: `file`, and what extensions registered."""

    __slots__ = ("_disk", "_provided", "_session", "hear", "on_change")

    def __init__(self, session: SessionContext) -> None:
        self._session = session
        self._disk = Disk(session.files)
        self._provided: dict[str, Watched] = {}
        self.on_change: Callable[[Iterable[FileChangeEvent]], object] | None = None
        """Called with what a provider says has changed."""
        self.hear: Callable[[Iterable[FileChangeEvent]], object] | None = None
        """Called with the same, for whoever watches files."""

    def at(self, uri: object) -> Place:
        """Where `uri` is; raises `FileSystemError` where nobody has its scheme."""
        found = as_uri(uri, "uri")
        if found.scheme == "file":
            return self._disk
        if found.scheme in self._provided:
            return self._provided[found.scheme].place
        raise FileSystemError.unavailable(
            f"no file system has the scheme '{found.scheme}'; there are: {', '.join(('file', *self._provided))}"
        )

    def has(self, scheme: str) -> bool:
        """Whether files of this scheme can be read here."""
        return scheme == "file" or scheme in self._provided

    def is_writable(self, scheme: str) -> bool | None:
        """Whether files of a scheme can be written; None where no file system has the scheme."""
        if scheme == "file":
            return True
        return not self._provided[scheme].place.readonly if scheme in self._provided else None

    def register(self, scheme: str, provider: FileSystemProvider, *, is_readonly: bool = False) -> Disposable:
        """Let `provider` have all files of `scheme`. Raises `InvalidValue` for a scheme that is taken."""
        Uri(scheme, strict=True)
        if scheme in OWN_SCHEMES or scheme in self._provided:
            raise InvalidValue("scheme", f"a provider for '{scheme}' is here already; choose another scheme")
        if len(self._provided) >= MOST_SCHEMES:
            raise InvalidValue("scheme", f"{MOST_SCHEMES} file systems are registered; dispose of some first")
        listen = getattr(provider, "on_did_change_file", None)
        undo = listen(self._changed).dispose if listen is not None else lambda: None
        place = Provided(self._session, provider, is_readonly, current_extension())
        registered = self._provided[scheme] = Watched(place, undo)
        return Disposable(lambda: self._unregister(scheme, registered))

    def forget_extension(self, extension: str) -> None:
        """An extension is gone, and with it the files that it had."""
        for scheme, registered in tuple(self._provided.items()):
            if registered.place.extension == extension:
                self._unregister(scheme, registered)

    def _changed(self, changes: Iterable[FileChangeEvent]) -> None:
        for hear in (self.on_change, self.hear):
            if hear is not None:
                hear(changes)

    def _unregister(self, scheme: str, registered: Watched) -> None:
        registered.undo()
        if self._provided.get(scheme) is registered:
            del self._provided[scheme]


def path_in(uri: Uri) -> str:
    """The path of a `file:` Uri; raises `FileSystemError` where it is another machine's."""
    if uri.authority:
        raise FileSystemError.unavailable(f"'//{uri.authority}' is another machine; use a file: Uri without one")
    return uri.path
