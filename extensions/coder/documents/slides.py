"""PowerPoint files: the paragraphs of each slide, in the order of the slides."""

from __future__ import annotations

import re

from extensions.coder.documents import Unreadable
from extensions.coder.documents.package import Attributes, Lines, Package


def read(package: Package, lines: Lines) -> None:
    """Read a presentation into `lines`, slide by slide. Raises `Unreadable` and `Enough`."""
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
