"""Word files: paragraphs, with headings, lists and tables marked."""

from __future__ import annotations

import re
from dataclasses import dataclass, field

from extensions.coder.documents.package import Attributes, Lines, Package


@dataclass(slots=True)
class Paragraph:
    """One that is open."""

    texts: list[str] = field(default_factory=list)
    mark: str = ""

    @property
    def line(self) -> str:
        return self.mark + "".join(self.texts) if self.texts else ""


class Document:
    """Paragraphs of `word/document.xml`: headings and lists marked as in Markdown, rows of tables as `a | b`."""

    def __init__(self, lines: Lines) -> None:
        self._lines = lines
        self._open: list[Paragraph] = []
        """Paragraphs in one another: a text box stands in one."""
        self._doubled = 0
        """How deep in what older programs are shown in the place of something that was read already."""
        self._is_text = False
        self._rows: list[list[list[str]]] = []
        """Tables that are open, in one another: the cells of the row, and the paragraphs of each."""

    def begin(self, tag: str, given: Attributes) -> None:
        self._doubled += tag == "Fallback"
        if self._doubled:
            return
        if tag == "p":
            self._open.append(Paragraph())
        elif tag == "tr":
            self._rows.append([])
        elif tag == "tc" and self._rows:
            self._rows[-1].append([])
        elif self._open:
            self._begin_inside(tag, given, self._open[-1])

    def _begin_inside(self, tag: str, given: Attributes, paragraph: Paragraph) -> None:
        if tag == "pStyle" and (heading := re.fullmatch(r"[Hh]eading ?([1-6])", given.get("val", ""))):
            paragraph.mark = "#" * int(heading[1]) + " "
        elif tag == "numPr":
            paragraph.mark = paragraph.mark or "- "
        elif tag == "t":
            self._is_text = True
        elif tag in ("tab", "br", "cr"):
            paragraph.texts.append("\t" if tag == "tab" else "\n")

    def text(self, text: str) -> None:
        if self._is_text and self._open:
            self._open[-1].texts.append(self._lines.take(text))

    def end(self, tag: str) -> None:
        if self._doubled:
            self._doubled -= tag == "Fallback"
        elif tag == "t":
            self._is_text = False
        elif tag == "p" and self._open:
            self._put(self._open.pop().line)
        elif tag == "tr" and self._rows:
            self._put(" | ".join(" ".join(cell).strip() for cell in self._rows.pop()))

    def _put(self, line: str) -> None:
        """A line where it stands: in a cell of a table, or by itself."""
        if self._rows and self._rows[-1]:
            self._rows[-1][-1].append(line)
        else:
            self._lines.add(line)


def read(package: Package, lines: Lines) -> None:
    """Read a document into `lines`. Raises `Unreadable` and `Enough`."""
    document = Document(lines)
    package.read("word/document.xml", document.begin, document.end, document.text)
