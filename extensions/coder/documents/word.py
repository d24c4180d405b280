"""Word files: paragraphs, with headings, lists and tables marked."""

from __future__ import annotations

import re

from extensions.coder.documents.package import Attributes, Lines, Package


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


def read(package: Package, lines: Lines) -> None:
    """Read a document into `lines`. Raises `Unreadable` and `Enough`."""
    document = Document(lines)
    package.read("word/document.xml", document.begin, document.end, document.text)
