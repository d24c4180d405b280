"""The memory of a terminal: bytes in, the newest bytes out, each at its offset in the stream. No I/O happens here."""

from __future__ import annotations

import re

BLOCK = 65_536
"""Bytes that are forgotten at once."""

KEPT_BYTES = 1 << 20

LONGEST_CUT = 4_096
"""How far a beginning is moved to come behind an escape sequence that was cut; a longer one is shown as it is."""

_CONTROL = rb"\x1b(?:\[[0-?]*[ -/]*[@-~]|[PX^_\]][^\x07\x1b]*(?:\x07|\x1b\\)|[ -/]+[0-~]|[0-OQ-WYZ\\`-~])"
SEQUENCE = re.compile(_CONTROL)
"""One whole escape sequence of ECMA-48: CSI, a string (OSC, DCS, SOS, PM, APC) with its end, or a short one."""


class Scrollback:
    """At least the newest `keep` bytes of a stream, and up to a block more.

    What is given out begins and ends anywhere, except for a late viewer: `beginning` is never within a character or
    an escape sequence. What was set before it (colours, modes, the alternate screen) is not told again.
    """

    __slots__ = ("_beginning", "_blocks", "_keep", "_start", "end")

    def __init__(self, keep: int = KEPT_BYTES) -> None:
        self.end = 0
        """The offset behind the newest byte: how many there were."""
        self._keep = keep
        self._start = 0
        self._beginning = 0
        self._blocks: list[bytearray] = []

    @property
    def start(self) -> int:
        """The offset of the oldest byte that is kept."""
        return self._start

    @property
    def beginning(self) -> int:
        """Where a late viewer begins: the first offset kept that cuts nothing in two."""
        return min(max(self._beginning, self._start), self.end)

    def add(self, data: bytes) -> None:
        """Append to the stream; the oldest blocks that `keep` does not ask for are forgotten."""
        left = memoryview(data)
        while left:
            if not self._blocks or len(self._blocks[-1]) == BLOCK:
                self._blocks.append(bytearray())
            block = self._blocks[-1]
            piece = left[: BLOCK - len(block)]
            block += piece
            self.end += len(piece)
            left = left[len(piece) :]
            self._forget()

    def read(self, offset: int, most: int) -> bytes:
        """Up to `most` bytes from `offset` on; none at the end. Raises `LookupError` where they are kept no more."""
        if not self._start <= offset <= self.end:
            raise LookupError(f"only bytes {self._start} to {self.end} are kept, not {offset}")
        stop = min(self.end, offset + most)
        number, at = divmod(offset - self._start, BLOCK)
        pieces: list[bytes] = []
        while offset < stop:
            piece = bytes(memoryview(self._blocks[number])[at : at + stop - offset])
            pieces.append(piece)
            offset += len(piece)
            number, at = number + 1, 0
        return pieces[0] if len(pieces) == 1 else b"".join(pieces)

    def _forget(self) -> None:
        while self.end - self._start - BLOCK >= self._keep:
            oldest = self._blocks.pop(0)
            self._start += BLOCK
            self._beginning = self._start + _unfinished(oldest, self.read(self._start, LONGEST_CUT))


def _unfinished(before: bytearray, after: bytes) -> int:
    """How many bytes of `after` belong to what `before` began: the rest of a sequence, or else of a character."""
    escape = before.rfind(b"\x1b")
    if escape >= 0:
        text = bytes(before[escape:])
        found = SEQUENCE.match(text + after)
        if found and found.end() > len(text):
            return found.end() - len(text)
    length = 0
    while length < min(3, len(after)) and after[length] & 0xC0 == 0x80:
        length += 1
    return length


def whole(data: bytes) -> int:
    """How many bytes of `data` are whole characters of UTF-8; what is no UTF-8 counts as whole."""
    for back in range(1, min(4, len(data)) + 1):
        byte = data[-back]
        if byte & 0xC0 == 0x80:
            continue
        needed = 4 if byte >= 0xF0 else 3 if byte >= 0xE0 else 2 if byte >= 0xC0 else 1
        return len(data) - back if needed > back and byte < 0xF8 else len(data)
    return len(data)
