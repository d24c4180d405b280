"""The text of Word, Excel and PowerPoint files: parts of a ZIP archive, read as streams within bounds. Use a thread.

Whoever made the file is not trusted: what an archive says of its sizes is not believed, XML with a document type (and
so with entities) is refused, and time, characters and unpacked bytes are limited.
"""

from __future__ import annotations

import io
import posixpath
import re
import struct
import time
import zipfile
import zlib
from collections.abc import Callable, Iterator, Mapping
from datetime import datetime, timedelta
from types import MappingProxyType
from typing import NoReturn
from xml.parsers import expat

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

DATES = frozenset((*range(14, 23), *range(27, 37), *range(45, 48), *range(50, 59)))
"""Numbers of Excel's built-in formats that show a date or a time."""

DATE_FORMAT = re.compile(r"[dmyhs]", re.IGNORECASE)
NO_FORMAT = re.compile(r'"[^"]*"|\\.|\[[^\]]*\]|General', re.IGNORECASE)
CELL = re.compile(r"([A-Z]{1,3})[0-9]{1,7}")
WIDEST = 400
"""Columns of a sheet that are shown."""

CELL_CHARS = 32_767
"""As many as Excel lets a cell have: what a file says once, thousands of its cells can show."""


class Unreadable(ValueError):
    """The file is not what its name says, or is more than is read here."""


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


# -- Word


class Document:
    """Paragraphs of `word/document.xml`: headings and lists marked as in Markdown, rows of tables as `a | b`."""

    def __init__(self, lines: Lines) -> None:
        self._lines = lines
        self._text: list[str] = []
        self._mark = ""
        self._is_text = False
        self._rows: list[list[list[str]]] = []
        """Tables that are open, in one another: the cells of the row, and the paragraphs of each."""

    def begin(self, tag: str, given: Attributes) -> None:
        if tag == "p":
            self._text, self._mark = [], ""
        elif tag == "pStyle" and (heading := re.fullmatch(r"[Hh]eading ?([1-6])", given.get("val", ""))):
            self._mark = "#" * int(heading[1]) + " "
        elif tag == "numPr":
            self._mark = self._mark or "- "
        elif tag == "t":
            self._is_text = True
        elif tag in ("tab", "br", "cr"):
            self._text.append("\t" if tag == "tab" else "\n")
        elif tag == "tr":
            self._rows.append([])
        elif tag == "tc" and self._rows:
            self._rows[-1].append([])

    def text(self, text: str) -> None:
        if self._is_text:
            self._text.append(self._lines.take(text))

    def end(self, tag: str) -> None:
        if tag == "t":
            self._is_text = False
        elif tag == "p":
            line = self._mark + "".join(self._text) if self._text else ""
            self._text = []
            if self._rows and self._rows[-1]:
                self._rows[-1][-1].append(line)
            else:
                self._lines.add(line)
        elif tag == "tr" and self._rows:
            row = " | ".join(" ".join(cell).strip() for cell in self._rows.pop())
            if self._rows and self._rows[-1]:
                self._rows[-1][-1].append(row)
            else:
                self._lines.add(row)


def _word(package: Package, lines: Lines) -> None:
    document = Document(lines)
    package.read("word/document.xml", document.begin, document.end, document.text)


# -- PowerPoint


def _slides(package: Package, lines: Lines) -> None:
    parts = (re.fullmatch(r"ppt/slides/slide(\d{1,5})\.xml", name) for name in package.names)
    numbers = sorted(int(part[1]) for part in parts if part)
    if not numbers:
        raise Unreadable("it has no slides")
    for number in numbers:
        lines.add(f"--- Slide {number} ---")
        paragraph: list[str] = []
        inside: list[str] = []

        def begin(tag: str, given: Attributes, inside: list[str] = inside) -> None:
            inside.append(tag)

        def end(tag: str, inside: list[str] = inside, paragraph: list[str] = paragraph) -> None:
            inside.pop()
            if tag == "p" and paragraph:
                lines.add("".join(paragraph))
                paragraph.clear()

        def text(text: str, inside: list[str] = inside, paragraph: list[str] = paragraph) -> None:
            if inside and inside[-1] == "t":
                paragraph.append(lines.take(text))

        package.read(f"ppt/slides/slide{number}.xml", begin, end, text)


# -- Excel


def _nothing(*_: object) -> None:
    """What is not asked for."""


class Strings:
    """`xl/sharedStrings.xml`: texts that cells name by number; what tells how to pronounce them is left out."""

    def __init__(self, lines: Lines) -> None:
        self._lines = lines
        self.all: list[str] = []
        self._parts: list[str] = []
        self._is_text = False
        self._is_sound = False

    def begin(self, tag: str, given: Attributes) -> None:
        self._is_text = tag == "t" and not self._is_sound
        self._is_sound = self._is_sound or tag == "rPh"

    def text(self, text: str) -> None:
        if self._is_text:
            self._parts.append(self._lines.take(text))

    def end(self, tag: str) -> None:
        self._is_text = False
        if tag == "rPh":
            self._is_sound = False
        elif tag == "si":
            self.all.append("".join(self._parts)[:CELL_CHARS])
            self._parts = []


class Styles:
    """`xl/styles.xml`: which styles of cells show a date."""

    def __init__(self) -> None:
        self.dates: list[bool] = []
        self._custom: dict[str, bool] = {}
        self._is_cells = False

    def begin(self, tag: str, given: Attributes) -> None:
        if tag == "numFmt":
            code = NO_FORMAT.sub("", given.get("formatCode", ""))
            self._custom[given.get("numFmtId", "")] = DATE_FORMAT.search(code) is not None
        elif tag == "cellXfs":
            self._is_cells = True
        elif tag == "xf" and self._is_cells:
            number = given.get("numFmtId", "0")
            known = number.isdecimal() and int(number) in DATES
            self.dates.append(self._custom.get(number, known))

    def end(self, tag: str) -> None:
        self._is_cells = self._is_cells and tag != "cellXfs"


class Sheet:
    """The rows of one sheet, cells apart by tabs; empty rows are left out, empty cells are not."""

    def __init__(self, lines: Lines, strings: list[str], dates: list[bool]) -> None:
        self._lines = lines
        self._strings = strings
        self._dates = dates
        self._row: dict[int, str] = {}
        self._at = -1
        self._kind = self._style = ""
        self._value: list[str] = []
        self._is_value = False

    def begin(self, tag: str, given: Attributes) -> None:
        if tag == "row":
            self._row, self._at = {}, -1
        elif tag == "c":
            place = CELL.fullmatch(given.get("r", ""))
            self._at = _column(place[1]) if place else self._at + 1
            self._kind, self._style, self._value = given.get("t", "n"), given.get("s", ""), []
        self._is_value = tag in ("v", "t")

    def text(self, text: str) -> None:
        if self._is_value:
            self._value.append(self._lines.take(text))

    def end(self, tag: str) -> None:
        self._is_value = False
        if tag == "c" and self._value and self._at < WIDEST:
            self._row[self._at] = self._shown("".join(self._value)[:CELL_CHARS]).replace("\t", " ").replace("\n", " ")
        elif tag == "row" and any(self._row.values()):
            self._lines.add("\t".join(self._row.get(at, "") for at in range(max(self._row) + 1)))

    def _shown(self, value: str) -> str:
        if self._kind == "s":
            return self._strings[int(value)] if value.isdecimal() and int(value) < len(self._strings) else ""
        if self._kind == "b":
            return "TRUE" if value == "1" else "FALSE"
        style = int(self._style) if self._style.isdecimal() else 0
        if self._kind == "n" and style < len(self._dates) and self._dates[style]:
            return _date(value)
        return value


def _column(letters: str) -> int:
    number = 0
    for letter in letters:
        number = number * 26 + ord(letter) - 64
    return number - 1


def _date(value: str) -> str:
    """Excel's days since the end of 1899 as people write them."""
    try:
        moment = datetime(1899, 12, 30) + timedelta(days=float(value))
    except (ValueError, OverflowError):
        return value
    moment = (moment + timedelta(milliseconds=500)).replace(microsecond=0)
    if float(value) < 1:
        return moment.strftime("%H:%M:%S")
    return moment.strftime("%Y-%m-%d" if moment.time() == datetime.min.time() else "%Y-%m-%d %H:%M:%S")


def _sheets(package: Package, lines: Lines) -> None:
    sheets: list[tuple[str, str]] = []
    targets: dict[str, str] = {}

    def sheet(tag: str, given: Attributes) -> None:
        if tag == "sheet":
            sheets.append((given.get("name", ""), given.get("id", "")))

    def relation(tag: str, given: Attributes) -> None:
        if tag == "Relationship":
            targets[given.get("Id", "")] = given.get("Target", "")

    package.read("xl/workbook.xml", sheet, _nothing, _nothing)
    package.read("xl/_rels/workbook.xml.rels", relation, _nothing, _nothing)
    strings, styles = Strings(lines), Styles()
    if "xl/sharedStrings.xml" in package.names:
        package.read("xl/sharedStrings.xml", strings.begin, strings.end, strings.text)
    if "xl/styles.xml" in package.names:
        package.read("xl/styles.xml", styles.begin, styles.end, _nothing)
    for name, relation_id in sheets:
        part = posixpath.normpath(posixpath.join("/xl", targets.get(relation_id, ""))).lstrip("/")
        if not part.startswith("xl/worksheets/"):
            continue  # a sheet that is a chart
        lines.add(f"--- Sheet: {name} ---")
        rows = Sheet(lines, strings.all, styles.dates)
        package.read(part, rows.begin, rows.end, rows.text)


READERS: Mapping[str, Callable[[Package, Lines], None]] = MappingProxyType(
    {
        ".docx": _word, ".docm": _word, ".dotx": _word, ".xlsx": _sheets, ".xlsm": _sheets, ".pptx": _slides,
        ".pptm": _slides,
    }
)  # fmt: skip


def reader_of(name: str) -> Callable[[Package, Lines], None] | None:
    """How a file of that name is read, if it is read here."""
    return READERS.get(posixpath.splitext(name)[1].lower())


def text_of(name: str, content: bytes) -> str:
    """The text of a file that `reader_of` knows. Raises `Unreadable`."""
    read = READERS[posixpath.splitext(name)[1].lower()]
    lines = Lines()
    try:
        read(Package(content), lines)
    except Enough:
        return lines.text(whole=False)
    return lines.text(whole=True)
