"""A user's files as coroutines, the only way from a user's path to a real one; what a path means `places` decides."""

from __future__ import annotations

import asyncio
import os
import threading
import time
from collections.abc import AsyncIterator, Callable, Sequence
from itertools import islice
from types import TracebackType
from typing import ParamSpec, Protocol, TypeVar

from sessions.descriptors import CHUNK, FILE, FileStat, Handle, contents, identity_of
from sessions.errors import FileSystemError, InvalidValue
from sessions.paths import Told, path_of, uri_of
from sessions.replacement import Replacement
from sessions.root import Root
from sessions.sharing import in_turns
from sessions.trash import Deleted
from sessions.trees import Meter, Size, Unmetered

__all__ = [
    "Cache",
    "FileStat",
    "Files",
    "Meter",
    "OpenFile",
    "Root",
    "Size",
    "Writing",
    "path_of",
    "uri_of",
]

P = ParamSpec("P")
T = TypeVar("T")

AT_ONCE = 4
"""Threads that work for one user at the same time."""
LARGEST = 10 * 1024 * 1024
"""Bytes of the largest file that is read whole: with base64 it still fits a frame of 16 MiB."""
_RACY = 2_000_000_000  # ns: a file younger than this may change again within one tick of its clock


class Cache(Protocol):
    """Contents that were read before. It is called from worker threads, so an implementation needs a lock."""

    def get(self, owner: str, identity: tuple[int, ...]) -> bytes | None: ...

    def put(self, owner: str, identity: tuple[int, ...], content: bytes) -> None: ...
    def forget(self, owner: str) -> None: ...


class Files:
    """What a session holds of its user's disk; arguments and errors are those of `Root`, paths are virtual.

    A cancelled call that had begun goes on to its end in its thread; one that had not never begins.
    """

    __slots__ = ("_begin", "_cache", "_gate", "_meter", "largest", "owner", "root")

    def __init__(
        self,
        root: Root,
        owner: str = "local",
        *,
        meter: Meter | None = None,
        cache: Cache | None = None,
        largest: int = LARGEST,
    ) -> None:
        """`owner` is the uid, under which the cache keeps what was read here."""
        self.root = root
        self.owner = owner
        self.largest = largest
        self._meter: Meter = meter or Unmetered()
        self._cache = cache
        self._gate: asyncio.Semaphore | None = None
        self._begin: list[asyncio.Future[None]] = []

    def close(self) -> None:
        self.root.close()

    async def forget(self) -> None:
        """Let go of what was kept of the files that were read here."""
        if self._cache is not None:
            await asyncio.to_thread(self._cache.forget, self.owner)

    async def stat(self, path: str) -> FileStat:
        return await self._run(self.root.stat, path)

    async def real(self, path: str) -> str:
        return await self._run(self.root.real, path)

    async def read_directory(self, path: str) -> list[tuple[str, int]]:
        return await self._run(self.root.read_directory, path)

    async def read(self, path: str, limit: int | None = None) -> bytes:
        """The whole file; one of more than `limit` bytes (`largest` by default) is refused with its `size`."""
        return await self._run(self._read, path, self.largest if limit is None else limit)

    async def write(self, path: str, content: bytes, *, create: bool = True, overwrite: bool = True) -> None:
        await self._change(self.root.write, path, content, create=create, overwrite=overwrite, meter=self._meter)

    async def append(self, path: str, content: bytes) -> None:
        await self._change(self.root.append, path, content, meter=self._meter)

    async def create_directory(self, path: str) -> None:
        await self._change(self.root.create_directory, path, meter=self._meter)

    async def read_trash(self) -> list[Deleted]:
        return await self._run(self.root.read_trash)

    async def delete(self, path: str, *, recursive: bool = False, use_trash: bool = False) -> None:
        await self._change(self.root.delete, path, recursive=recursive, use_trash=use_trash, meter=self._meter)

    async def rename(self, source: str, target: str, *, overwrite: bool = False) -> None:
        await self._change(self.root.rename, source, target, overwrite=overwrite, meter=self._meter)

    async def copy(self, source: str, target: str, *, overwrite: bool = False) -> None:
        await self._change(self.root.copy, source, target, overwrite=overwrite, meter=self._meter)

    async def open(self, path: str) -> OpenFile:
        """A file of any size for reading in pieces."""
        handle, state = await self._run(self._opened, path)
        return OpenFile(self, path, handle, state)

    async def identities(self, paths: Sequence[str]) -> list[tuple[int, ...] | None]:
        """What each file is known by now, as `OpenFile.identity`; None where there is none, or it cannot be opened."""
        return await self._run(lambda: [self._identity(path) for path in paths])

    def _identity(self, path: str) -> tuple[int, ...] | None:
        try:
            handle, state = self._opened(path)
        except (FileSystemError, InvalidValue):
            return None
        handle.close()
        return identity_of(state)

    def replace(self, path: str, *, create: bool = True, overwrite: bool = True) -> Writing:
        """A file of any size written in pieces: `async with files.replace(path) as file: await file.write(piece)`."""
        return Writing(self, path, create=create, overwrite=overwrite)

    async def walk(
        self, path: str, limit: int, wanted: Callable[[str], bool] | None = None
    ) -> tuple[list[tuple[str, int]], bool]:
        """At most `limit` of (path, type) below `path`, and whether there was more. `wanted` runs in a thread."""
        found = await self._run(lambda: list(in_turns(islice(self.root.walk(path, wanted), limit + 1))))
        return found[:limit], len(found) > limit

    async def find(
        self, path: str, enters: Callable[[str], bool], wanted: Callable[[str], bool], limit: int
    ) -> list[str]:
        """At most `limit` files below `path` that are `wanted`, no links; all is asked in a thread.

        What `enters` refuses by its path is left out, a directory with all that is in it.
        """

        def look() -> list[str]:
            below = (place for place, kind in self.root.walk(path, enters) if kind == FILE and wanted(place))
            return list(in_turns(islice(below, limit)))

        return await self._run(look)

    async def usage(self, path: str = "/") -> Size:
        return await self._run(self.root.usage, path)

    def _opened(self, path: str) -> tuple[Handle, os.stat_result]:
        file = Handle(self.root.open(path))
        return file, os.fstat(file.fd)

    def _read(self, path: str, limit: int) -> bytes:
        file, state = self._opened(path)
        with file, Told(path):
            if self._cache is None:
                return contents(file.fd, limit)
            return self._cached(self._cache, file.fd, state, limit)

    def _cached(self, cache: Cache, descriptor: int, state: os.stat_result, limit: int) -> bytes:
        if time.time_ns() - max(state.st_mtime_ns, state.st_ctime_ns) < _RACY or state.st_size > limit:
            return contents(descriptor, limit)
        version = identity_of(state)
        content = cache.get(self.owner, version)
        if content is None:
            content = contents(descriptor, limit)
            if identity_of(os.fstat(descriptor)) == version and len(content) == state.st_size:
                cache.put(self.owner, version, content)
        return content

    def wait_for(self, first: asyncio.Future[None]) -> None:
        """Let changes wait for this: who has just begun to watch shall hear of them."""
        self._begin = [*(one for one in self._begin if not one.done()), first]

    async def _change(self, work: Callable[P, T], *args: P.args, **kwargs: P.kwargs) -> T:
        while begin := [one for one in self._begin if not one.done()]:
            await asyncio.wait(begin)
        self._begin.clear()
        return await self._run(work, *args, **kwargs)

    async def _run(self, work: Callable[P, T], *args: P.args, **kwargs: P.kwargs) -> T:
        """Call `work` in a thread, `AT_ONCE` of them for this user; the place is given back by the thread itself."""
        if self._gate is None:
            self._gate = asyncio.Semaphore(AT_ONCE)
        gate, loop, begun = self._gate, asyncio.get_running_loop(), threading.Lock()

        def run() -> T:
            if not begun.acquire(blocking=False):
                raise asyncio.CancelledError  # nobody waits for it any more
            try:
                return work(*args, **kwargs)
            finally:
                loop.call_soon_threadsafe(gate.release)

        await gate.acquire()
        try:
            return await asyncio.to_thread(run)
        except BaseException:
            if begun.acquire(blocking=False):
                gate.release()
            raise


class OpenFile:
    """A file held open: its state when it was opened, and its bytes from anywhere. It closes when dropped, too."""

    __slots__ = ("_files", "_handle", "identity", "path", "size")

    def __init__(self, files: Files, path: str, handle: Handle, state: os.stat_result) -> None:
        self._files, self._handle, self.path = files, handle, path
        self.size = state.st_size
        self.identity = identity_of(state)

    async def __aenter__(self) -> OpenFile:
        return self

    async def __aexit__(self, *_: object) -> None:
        self._handle.close()

    async def read(self, offset: int, size: int = CHUNK) -> bytes:
        """At most `size` bytes from `offset` on; empty at the end."""
        return await self._files._run(self._pread, size, offset)

    async def pieces(self, size: int) -> AsyncIterator[bytes]:
        """What it held when it was opened, `size` bytes at a time; then it is closed. It ends short if it shrank."""
        async with self:
            at = 0
            while at < self.size and (piece := await self.read(at, min(size, self.size - at))):
                at += len(piece)
                yield piece

    def _pread(self, size: int, offset: int) -> bytes:
        with Told(self.path):
            return os.pread(self._handle.fd, size, offset)


class Writing:
    """A `Replacement` from coroutines: what was there stays until the body ends, and stays if the body raises."""

    __slots__ = ("_begin", "_file", "_files")

    def __init__(self, files: Files, path: str, *, create: bool, overwrite: bool) -> None:
        self._files = files
        self._begin = lambda: files.root.replace(path, create=create, overwrite=overwrite, meter=files._meter)
        self._file: Replacement | None = None

    async def __aenter__(self) -> Writing:
        self._file = await self._files._change(self._begin)
        return self

    async def write(self, content: bytes) -> None:
        if self._file is None:
            raise ValueError("not open: write within `async with files.replace(path) as file:`")
        await self._files._run(self._file.write, content)

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if self._file is not None:  # shielded: whoever is cancelled here still wants it ended
            await asyncio.shield(self._files._run(self._file.commit if kind is None else self._file.abort))
