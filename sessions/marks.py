"""Marks that a shell puts into its output (OSC 633, as in VS Code), found as bytes go by. No I/O happens here."""

from __future__ import annotations

import re
from typing import NamedTuple

BEGIN = b"\x1b]633;"
LONGEST = 16_384
"""Bytes of one mark; a longer one is none."""

MARK = re.compile(re.escape(BEGIN) + rb"([A-EP])(?:;([^\x07\x1b;]*))?;([^\x07\x1b;]*)(?:\x07|\x1b\\)")
"""Its kind, its value and its nonce: one pattern for every shell, as `re` would remember those of hundreds."""

HEX = re.compile(r"\\(?:x([0-9a-fA-F]{2})|(\\))")


class Mark(NamedTuple):
    """One mark: `A` a prompt begins, `B` it ends, `E` the command line, `C` its output begins, `D` it ends, `P` a fact.

    `start` and `end` are its own place in the stream, in bytes; `value` is what comes with it.
    """

    kind: str
    value: str
    start: int
    end: int


class Marks:
    """Finds the marks that carry `nonce`, wherever reads cut them. What a program prints without it is just output."""

    __slots__ = ("_nonce", "_rest", "seen")

    def __init__(self, nonce: str) -> None:
        self._nonce = nonce.encode()
        self._rest = b""
        self.seen = 0
        """Up to where in the stream all marks are found; what is behind may be the beginning of one."""

    def feed(self, data: bytes, at: int) -> list[Mark]:
        """The marks that end in `data`, which is at the offset `at` of the stream."""
        if not self._rest and BEGIN not in data and not _begun(data):
            self.seen = at + len(data)
            return []
        whole, start = self._rest + data, at - len(self._rest)
        found = [
            Mark(one[1].decode(), unescaped(one[2] or b""), start + one.start(), start + one.end())
            for one in MARK.finditer(whole)
            if one[3] == self._nonce
        ]
        done = found[-1].end - start if found else 0
        self._rest = _unfinished(whole[done:])
        self.seen = at + len(data) - len(self._rest)
        return found


def _unfinished(tail: bytes) -> bytes:
    """The end of `tail` that may be the beginning of a mark."""
    begin = tail.rfind(BEGIN)
    if begin >= 0 and not re.search(rb"\x07|\x1b\\", tail[begin:]):
        return tail[begin:] if len(tail) - begin <= LONGEST else b""
    return tail[len(tail) - _begun(tail) :]


def _begun(data: bytes) -> int:
    """How many bytes at the end of `data` may be the beginning of what a mark begins with."""
    for length in range(min(len(BEGIN) - 1, len(data)), 0, -1):
        if data.endswith(BEGIN[:length]):
            return length
    return 0


def unescaped(value: bytes) -> str:
    r"""A value as it was before the shell wrote `\\` for a backslash and `\xNN` for what would end the mark."""
    return HEX.sub(lambda one: "\\" if one[2] else chr(int(one[1], 16)), value.decode("utf-8", "replace"))
