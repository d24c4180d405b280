"""Texts that are not in their files yet, put together so that one process searches many. No I/O happens here."""

from __future__ import annotations

import re
from bisect import bisect_right
from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING, NamedTuple

from shim.rgline import TextSearchQuery, is_multiline
from shim.uri import Uri

if TYPE_CHECKING:
    from shim.document import TextDocument
    from shim.text import TextModel

LARGEST = 8 << 20
"""Characters of texts that are put together; a longer one is alone."""

_OF_WHOLE = re.compile(r"\\[Az]|\(\?[a-zA-Z]*-")
"""What means the beginning or the end of a whole text, or unsets the flag by which `^` and `$` do not."""


class Texts(NamedTuple):
    """Some texts as one."""

    content: bytes
    uris: Sequence[Uri]
    starts: Sequence[int]
    ends: Sequence[int]
    """The line that each begins with, and the one behind its last."""

    def place(self, line: int) -> tuple[Uri, int] | None:
        """Which text has a line, and which of its lines that is; None where none has it."""
        at = bisect_right(self.starts, line) - 1
        return (self.uris[at], line - self.starts[at]) if line < self.ends[at] else None


def groups(documents: Sequence[TextDocument], query: TextSearchQuery, context: int) -> Iterator[list[TextDocument]]:
    """Which documents are searched at once.

    Each alone where a match may go over lines or know of a text's end, and where lines around matches are told.
    """
    of_whole = query.is_reg_exp and _OF_WHOLE.search(query.pattern) is not None
    alone = is_multiline(query) or of_whole or context > 0
    some: list[TextDocument] = []
    size = 0
    for document in documents:
        if some and (alone or size + document._size > LARGEST):
            yield some
            some, size = [], 0
        some.append(document)
        size += document._size
    if some:
        yield some


def together(texts: Sequence[tuple[Uri, TextModel]]) -> Texts:
    """These as one. What holds NUL is no text to ripgrep, nor would be what comes after it: that is left out."""
    uris, starts, ends, parts, line = list[Uri](), list[int](), list[int](), list[str](), 0
    for uri, model in texts:
        text = model.get_text()
        if "\0" in text:
            continue
        uris.append(uri)
        parts.append(text)
        starts.append(line)
        line += model.line_count
        ends.append(line - (not model.line_at(model.line_count - 1).text))  # what is behind the last end is no line
    ends[-1:] = [line]  # as ripgrep itself says of the last
    return Texts("\n".join(parts).encode(), uris, starts, ends)
