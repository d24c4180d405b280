"""Excel files: the rows of each sheet, with the values that people see."""

from __future__ import annotations

import posixpath
import re
from collections.abc import Mapping
from datetime import datetime, timedelta
from typing import NamedTuple

from extensions.coder.documents.package import Attributes, Lines, Package

DATES = frozenset((*range(14, 23), *range(27, 37), *range(45, 48), *range(50, 59)))
"""Numbers of Excel's built-in formats that show a date or a time."""

DATE_FORMAT = re.compile(r"[dmyhs]", re.IGNORECASE)
NO_FORMAT = re.compile(r'"[^"]*"|\\.|\[[^\]]*\]|General', re.IGNORECASE)
CELL = re.compile(r"([A-Z]{1,3})[0-9]{1,7}")
WIDEST = 400
"""Columns of a sheet that are shown."""

CELL_CHARS = 32_767
"""As many as Excel lets a cell have: what a file says once, thousands of its cells can show."""


LINK_CHARS = 2_000


class Book(NamedTuple):
    """What the cells of all sheets name by number."""

    strings: list[str]
    dates: list[bool]
    """For each style whether it shows a date."""
    first_day: datetime


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
    """The rows of one sheet, cells apart by tabs; empty rows are left out, empty cells are not. Links stand below them.

    A formula is shown by its value, and itself where nobody has computed it yet.
    """

    def __init__(self, lines: Lines, book: Book, targets: Mapping[str, str]) -> None:
        self._lines = lines
        self._book = book
        self._targets = targets
        self._row: dict[int, str] = {}
        self._at = -1
        self._kind = self._style = ""
        self._value: list[str] = []
        self._formula: list[str] = []
        self._tag = ""

    def begin(self, tag: str, given: Attributes) -> None:
        self._tag = tag
        if tag == "hyperlink" and (target := self._targets.get(given.get("id", ""))):
            self._lines.add(f"[{given.get('ref', '')[:20]} links to {target[:LINK_CHARS]}]")
        elif tag == "row":
            self._row, self._at = {}, -1
        elif tag == "c":
            place = CELL.fullmatch(given.get("r", ""))
            self._at = _column(place[1]) if place else self._at + 1
            self._kind, self._style, self._value, self._formula = given.get("t", "n"), given.get("s", ""), [], []

    def text(self, text: str) -> None:
        if self._tag in ("v", "t"):
            self._value.append(self._lines.take(text))
        elif self._tag == "f":
            self._formula.append(self._lines.take(text))

    def end(self, tag: str) -> None:
        self._tag = ""
        if tag == "c" and (self._value or self._formula) and self._at < WIDEST:
            self._row[self._at] = self._cell()[:CELL_CHARS].replace("\t", " ").replace("\n", " ")
        elif tag == "row" and any(self._row.values()):
            self._lines.add("\t".join(self._row.get(at, "") for at in range(max(self._row) + 1)))

    def _cell(self) -> str:
        if self._value:
            return self._shown("".join(self._value)[:CELL_CHARS])
        return "" if self._kind == "str" else f"={''.join(self._formula)}"  # a text that was computed may be empty

    def _shown(self, value: str) -> str:
        strings, dates = self._book.strings, self._book.dates
        if self._kind == "s":
            return strings[int(value)] if value.isdecimal() and int(value) < len(strings) else ""
        if self._kind == "b":
            return "TRUE" if value == "1" else "FALSE"
        style = int(self._style) if self._style.isdecimal() else 0
        if self._kind == "n" and style < len(dates) and dates[style]:
            return _date(value, self._book.first_day)
        return value


def _column(letters: str) -> int:
    number = 0
    for letter in letters:
        number = number * 26 + ord(letter) - 64
    return number - 1


def _date(value: str, first: datetime) -> str:
    """Days since the first one as people write them."""
    try:
        moment = first + timedelta(days=float(value))
    except (ValueError, OverflowError):
        return value
    moment = (moment + timedelta(milliseconds=500)).replace(microsecond=0)
    if float(value) < 1:
        return moment.strftime("%H:%M:%S")
    return moment.strftime("%Y-%m-%d" if moment.time() == datetime.min.time() else "%Y-%m-%d %H:%M:%S")


def read(package: Package, lines: Lines) -> None:
    """Read a workbook into `lines`, sheet by sheet. Raises `Unreadable` and `Enough`."""
    sheets: list[tuple[str, str]] = []
    since_1904 = False

    def sheet(tag: str, given: Attributes) -> None:
        nonlocal since_1904
        if tag == "workbookPr":
            since_1904 = given.get("date1904") in ("1", "true")
        if tag == "sheet":
            hidden = "" if given.get("state", "visible") == "visible" else " (hidden)"
            sheets.append((f"{given.get('name', '')}{hidden}", given.get("id", "")))

    package.read("xl/workbook.xml", sheet, _nothing, _nothing)
    targets = _related(package, "xl/_rels/workbook.xml.rels")
    strings, styles = Strings(lines), Styles()
    if "xl/sharedStrings.xml" in package.names:
        package.read("xl/sharedStrings.xml", strings.begin, strings.end, strings.text)
    if "xl/styles.xml" in package.names:
        package.read("xl/styles.xml", styles.begin, styles.end, _nothing)
    book = Book(strings.all, styles.dates, datetime(1904, 1, 1) if since_1904 else datetime(1899, 12, 30))
    for name, relation_id in sheets:
        part = posixpath.normpath(posixpath.join("/xl", targets.get(relation_id, ""))).lstrip("/")
        if not part.startswith("xl/worksheets/"):
            continue  # a sheet that is a chart
        lines.add(f"--- Sheet: {name} ---")
        links = "xl/worksheets/_rels/{}.rels".format(part.removeprefix("xl/worksheets/"))
        rows = Sheet(lines, book, _related(package, links) if links in package.names else {})
        package.read(part, rows.begin, rows.end, rows.text)


def _related(package: Package, part: str) -> dict[str, str]:
    """What the ids in a part lead to, other parts or addresses, by the part that says so."""
    targets: dict[str, str] = {}

    def relation(tag: str, given: Attributes) -> None:
        if tag == "Relationship":
            targets[given.get("Id", "")] = given.get("Target", "")

    package.read(part, relation, _nothing, _nothing)
    return targets
