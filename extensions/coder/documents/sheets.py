"""Excel files: the rows of each sheet, with the values that people see."""

from __future__ import annotations

import posixpath
import re
from datetime import datetime, timedelta

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


def read(package: Package, lines: Lines) -> None:
    """Read a workbook into `lines`, sheet by sheet. Raises `Unreadable` and `Enough`."""
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
