"""A resource's bytes as documents read and write them, with what tells later whether somebody else changed them."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING, NamedTuple

from sessions.errors import FileSystemError
from shim.document import Stamp
from shim.enums import FileType
from shim.filesystems import FileSystems, path_in
from shim.uri import Uri

if TYPE_CHECKING:
    from sessions.context import SessionContext

LARGEST = 8 * 1024 * 1024
"""Bytes of the largest file that is opened as a document."""


MOST_LINES = 500_000
"""Lines of a document: each costs memory besides its characters."""


class Content(NamedTuple):
    """What a file holds, and what it is known by: on disk device, inode, size and times, else size and time."""

    content: bytes
    identity: tuple[int, ...] | None


async def read(session: SessionContext, uri: Uri) -> Content:
    """The whole of it. Raises `FileSystemError`: FileNotFound, FileIsADirectory, Unavailable with its `size`, ..."""
    if uri.scheme == "file":
        async with await session.files.open(path_in(uri)) as file:
            content = await file.read(0, LARGEST + 1) if file.size <= LARGEST else b""
            return Content(_small(uri, content, max(len(content), file.size)), file.identity)
    place = session.get(FileSystems).at(uri)
    stat = await place.stat(uri)
    if stat.type & FileType.DIRECTORY:
        raise FileSystemError(f"{uri}: this is a directory; name a file", "FileIsADirectory")
    content = await place.read(uri, LARGEST)
    return Content(_small(uri, content, len(content)), (stat.size, stat.mtime))


def _small(uri: Uri, content: bytes, size: int) -> bytes:
    if size > LARGEST:
        raise FileSystemError(
            f"{uri.path}: it has {size} bytes, and a document at most {LARGEST}; read it in pieces",
            "Unavailable",
            size=size,
        )
    return content


async def write(session: SessionContext, uri: Uri, content: bytes) -> tuple[int, ...] | None:
    """Replace the file, and give what it is known by from now on; None where somebody was faster in changing it."""
    await session.get(FileSystems).at(uri).write(uri, content)
    identity = await identity_of(session, uri)
    size = identity[_SIZE] if identity is not None and len(identity) > 2 else len(content)
    return identity if size == len(content) else None


_SIZE = 2
"""Where the size stands in what `sessions.descriptors.identity_of` gives."""


async def identity_of(session: SessionContext, uri: Uri) -> tuple[int, ...] | None:
    """What the file is known by now; None where there is none."""
    try:
        if uri.scheme == "file":
            async with await session.files.open(path_in(uri)) as file:
                return file.identity
        stat = await session.get(FileSystems).at(uri).stat(uri)
    except FileSystemError as error:
        if error.code == "FileNotFound":
            return None
        raise
    return stat.size, stat.mtime


async def same(session: SessionContext, uri: Uri, stamp: Stamp | None, wanted: bytes) -> bool:
    """Whether the file still holds what it held at `stamp`, or what is `wanted` in it; it is read only if in doubt."""
    identity = await identity_of(session, uri)
    if identity is None:
        return True  # a file that went away is no conflict: saving makes it again
    if stamp is not None and identity == stamp.identity:
        return True
    found = (await read(session, uri)).content
    if found == wanted:
        return True
    return stamp is not None and await asyncio.to_thread(digest, found) == stamp.digest


def digest(content: bytes) -> bytes:
    """Sixteen bytes that stand for a content."""
    from hashlib import blake2b  # it brings OpenSSL: on first need only

    return blake2b(content, digest_size=16).digest()
