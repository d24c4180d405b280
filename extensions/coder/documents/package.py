"""Office files: parts of a ZIP archive, read as streams within bounds.

Whoever made the file is not trusted: what an archive says of its sizes is not believed, XML with a document type (and
so with entities) is refused, and time, characters and unpacked bytes are limited.
"""

from __future__ import annotations

import io
import struct
import time
import zipfile
import zlib
from collections.abc import Callable, Iterator, Mapping
from typing import NoReturn
from xml.parsers import expat

from extensions.coder.documents import Unreadable

ENTRIES = 5_000
UNPACKED = 64 << 20
"""Bytes of all parts together that are unpacked."""

ELEMENTS = 2_000_000
"""Of all parts together."""

TAKEN = 16_000_000
"""Characters of texts of all parts together; what is shown of them is less."""

PACKED = frozenset({zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED})
"""How such files are packed; `zipfile` unpacks what is packed otherwise without a bound."""

BROKEN = (zipfile.BadZipFile, zlib.error, struct.error, RuntimeError, OSError, EOFError, ValueError, OverflowError)
"""What `zipfile` raises of an archive that is none."""

MOST_CHARS = 2_000_000
PATIENCE_SECONDS = 10.0
PIECE = 64 << 10
DEEPEST = 200
"""Elements in one another."""


class Enough(Exception):
    """So much was read that the rest is left out."""


Attributes = Mapping[str, str]
Begin = Callable[[str, Attributes], None]
End = Callable[[str], None]
Text = Callable[[str], None]


class Package:
    """The parts of one file, read within what is left of its bounds."""

    def __init__(self, content: bytes) -> None:
        if content.count(b"PK\x01\x02") > ENTRIES:
            raise Unreadable(f"it has more than {ENTRIES} parts")
        try:
            self._archive = zipfile.ZipFile(io.BytesIO(content))
        except BROKEN as error:
            raise Unreadable(f"it is no archive as such files are ({error})") from None
        self.names = frozenset(self._archive.namelist())
        self._left = UNPACKED
        self._elements = ELEMENTS
        self._until = time.monotonic() + PATIENCE_SECONDS

    def read(self, name: str, begin: Begin, end: End, text: Text) -> None:
        """Read one part: elements and attributes by their names without a prefix. Raises `Unreadable`, `Enough`."""
        parser = expat.ParserCreate(namespace_separator=" ")
        parser.buffer_text = True
        depth = 0

        def opened(tag: str, given: dict[str, str]) -> None:
            nonlocal depth
            depth += 1
            if depth > DEEPEST:
                raise Unreadable(f"{name} has more than {DEEPEST} elements in one another")
            self._elements -= 1
            if self._elements < 0:
                raise Enough
            begin(_bare(tag), {_bare(key): value for key, value in given.items()})

        def closed(tag: str) -> None:
            nonlocal depth
            depth -= 1
            end(_bare(tag))

        parser.StartElementHandler, parser.EndElementHandler = opened, closed
        parser.CharacterDataHandler, parser.StartDoctypeDeclHandler = text, _refuse_doctype
        try:
            for piece in self._pieces(name):
                parser.Parse(piece, False)
            parser.Parse(b"", True)
        except expat.ExpatError as error:
            raise Unreadable(f"{name} is no XML that can be read ({error})") from None

    def _pieces(self, name: str) -> Iterator[bytes]:
        if name not in self.names:
            raise Unreadable(f"it has no part {name}")
        try:
            part = self._archive.getinfo(name)
            if part.compress_type not in PACKED:
                raise Unreadable(f"{name} is packed in a way that such files are not")
            with self._archive.open(part) as unpacked:
                while piece := unpacked.read(PIECE):
                    self._left -= len(piece)
                    if self._left < 0:
                        raise Unreadable(f"it unpacks to more than {UNPACKED >> 20} MB")
                    if time.monotonic() > self._until:
                        raise Enough
                    yield piece
        except Unreadable:
            raise
        except BROKEN as error:
            raise Unreadable(f"{name} cannot be unpacked ({error})") from None


def _bare(name: str) -> str:
    return name.rpartition(" ")[2]


def _refuse_doctype(*_: object) -> NoReturn:
    raise Unreadable("it has a document type, which such files never have")


class Lines:
    """What was read so far."""

    def __init__(self) -> None:
        self._lines: list[str] = []
        self._size = self._taken = 0

    def take(self, text: str) -> str:
        """Count a part of what may become a line. Raises `Enough`."""
        self._taken += len(text)
        if self._taken > TAKEN:
            raise Enough
        return text

    def add(self, line: str) -> None:
        """Raises `Enough`."""
        self._lines.append(line[: MOST_CHARS - self._size])
        self._size += len(line) + 1
        if self._size > MOST_CHARS:
            raise Enough

    def text(self, *, whole: bool) -> str:
        return "\n".join(self._lines) + ("" if whole else "\n[the rest is left out]")


def text_of(content: bytes, read: Callable[[Package, Lines], None]) -> str:
    """The text that `read` finds in a file. Raises `Unreadable`."""
    lines = Lines()
    try:
        read(Package(content), lines)
    except Enough:
        return lines.text(whole=False)
    return lines.text(whole=True)
