"""PDFs: the text of their pages, until they are too many, too long, or take too long."""

from __future__ import annotations

import io
import logging
import time
from typing import Any

from extensions.coder.documents import Unreadable

MOST_PAGES = 500
MOST_CHARS = 2_000_000
PATIENCE_SECONDS = 10.0


class TooSlow(Exception):
    """A page takes longer than anybody waits for it."""


def text_of(content: bytes) -> str:
    """Raises `Unreadable`, also of one that holds only pictures."""
    try:
        from pypdf import PdfReader
    except ImportError:
        raise Unreadable(
            "PDFs are read where the host has its extra `documents`, which is missing here: ask the operator for it"
        ) from None
    logging.disable(logging.CRITICAL)  # what is odd about a file is no text of it
    reader = PdfReader(io.BytesIO(content))
    if reader.is_encrypted and not reader.decrypt(""):
        raise Unreadable("this PDF needs a password; ask the user for its text")
    text = _pages(reader)
    if not text.strip():
        raise Unreadable("this PDF holds no text, perhaps only scanned pictures; ask the user for its text")
    return text


def _pages(reader: Any) -> str:
    until = time.monotonic() + PATIENCE_SECONDS
    parts: list[str] = []
    size = 0

    def look(*_: object) -> None:
        if time.monotonic() > until:
            raise TooSlow

    for number, page in enumerate(reader.pages, 1):
        if number > MOST_PAGES or size > MOST_CHARS or time.monotonic() > until:
            parts.append(f"[the pages from {number} on are left out]")
            break
        try:
            text = page.extract_text(visitor_operand_before=look)
        except TooSlow:
            parts.append(f"[the pages from {number} on are left out]")
            break
        parts.append(f"[page {number}]\n{text}")
        size += len(parts[-1])
    return "\n\n".join(parts)[:MOST_CHARS] if any(part.partition("\n")[2].strip() for part in parts) else ""
