"""What a command said, within bounds: its beginning and its newest part, as bytes and as text. No I/O happens here."""

from __future__ import annotations

import re
from codecs import getincrementaldecoder
from typing import NamedTuple

from extensions.coder.output_text import readable

HEAD_BYTES = 16 << 10
TAIL_BYTES = 128 << 10
LIVE_CHARS = 50_000
"""So much of a command is shown as it comes; of what follows, only the newest of each moment."""

LIVE_LATER = 2_000
LIVE_AT_ONCE = 4_000
NO_TEXT = re.compile("[\ufffd\x00-\x08\x0b-\x1f\x7f]+")
FEW = 8
CUT_BEHIND = re.compile(rb"(?:[\xc2-\xdf]|[\xe0-\xef][\x80-\xbf]?|[\xf0-\xf4][\x80-\xbf]{0,2})\Z")
CUT_BEFORE = re.compile(rb"\A[\x80-\xbf]{1,3}")
"""Parts of a character of UTF-8 that is cut in two."""


class Kept:
    """Takes output piece by piece, and holds 16 KiB of its beginning and 128 KiB of its end."""

    __slots__ = ("_head", "_tail", "total")

    def __init__(self) -> None:
        self.total = 0
        """Bytes that came in all."""
        self._head = b""
        self._tail = bytearray()

    def add(self, data: bytes) -> None:
        if len(self._head) < HEAD_BYTES:
            self._head += data[: HEAD_BYTES - len(self._head)]
        self._tail += data
        if len(self._tail) > 2 * TAIL_BYTES:
            del self._tail[:-TAIL_BYTES]
        self.total += len(data)

    def since(self, offset: int, most: int) -> tuple[bytes, int]:
        """The newest `most` bytes of what came after `offset`, and how many before those are left out."""
        wanted = min(self.total - offset, most, len(self._tail))
        newest = bytes(self._tail[len(self._tail) - wanted :])
        if wanted < self.total - offset:
            newest = CUT_BEFORE.sub(b"", newest)
        return newest, self.total - offset - len(newest)

    def preview(self, most: int) -> Preview:
        """All of it, or of more than `most` bytes the first and the last half of that; at most 32 KiB."""
        if self.total <= most:
            return Preview(self.since(0, most)[0], 0, b"")
        half = min(most // 2, HEAD_BYTES)
        head, tail = whole(self._head[:half]), self.since(0, half)[0]
        return Preview(head, self.total - len(head) - len(tail), tail)


class Preview(NamedTuple):
    """Two ends of an output, and how many bytes are between them."""

    head: bytes
    omitted: int
    tail: bytes

    def text(self) -> str:
        """As a person reads it. It computes: for more than a few KiB, call it in a thread."""
        gap = f"\n[...{self.omitted} bytes omitted...]\n" if self.omitted else ""
        return f"{legible(self.head)}{gap}{legible(self.tail)}"


def whole(data: bytes) -> bytes:
    """The bytes without the beginning of a character at their end, the rest of which is cut off."""
    return data[:-4] + CUT_BEHIND.sub(b"", data[-4:])


def legible(data: bytes) -> str:
    """Output as a person would have read it in the end; long runs of what is no text are told as a number."""
    return _legible(data.decode("utf-8", "replace"))


def _legible(text: str) -> str:
    """What holds a NUL was not written for a terminal: nothing in it moves a cursor."""
    return NO_TEXT.sub(_told, text if "\0" in text else readable(text))


def _told(found: re.Match[str]) -> str:
    count = len(found[0])
    return "\ufffd" * count if count < FEW else f"[{count} characters that are no text]"


class Live:
    """Output as it is shown while it comes: whole lines, as they look in the end, and not more than can be read."""

    __slots__ = ("_decoder", "_pending", "_shown", "_skipped")

    def __init__(self) -> None:
        self._decoder = getincrementaldecoder("utf-8")("replace")
        self._pending = ""
        self._skipped = 0
        self._shown = 0

    def add(self, data: bytes) -> None:
        self._pending += self._decoder.decode(data)
        excess = len(self._pending) - LIVE_AT_ONCE
        if excess > LIVE_AT_ONCE:
            self._skipped += excess
            self._pending = self._pending[excess:]

    def take(self, whole: bool = False) -> str:
        """What is to be shown now: whole lines, or with `whole` all there is, as when no more comes for a while."""
        end = len(self._pending) if whole else self._pending.rfind("\n") + 1
        text, self._pending = self._pending[:end], self._pending[end:]
        most = LIVE_AT_ONCE if self._shown < LIVE_CHARS else LIVE_LATER
        skipped, self._skipped = self._skipped + max(0, len(text) - most), 0
        shown = _legible(text[-most:])
        if skipped:
            shown = f"[...{skipped} characters are not shown here...]\n{shown}"
        self._shown += len(shown)
        return shown
