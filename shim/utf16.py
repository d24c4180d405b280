"""UTF-16: VS Code counts characters in its units, Python in code points. Only here is one turned into the other."""

from __future__ import annotations


def utf16_length(text: str) -> int:
    """How long `text` is for VS Code: a character beyond U+FFFF counts twice."""
    return len(text) if text.isascii() else len(_units(text)) // 2


def utf16_offset(text: str, index: int) -> int:
    """The offset in UTF-16 units of the Python index `index` (0 to len(text)) of `text`."""
    return index if text.isascii() else utf16_length(text[:index])


def text_index(text: str, offset: int) -> int:
    """The Python index of the UTF-16 offset, cut to what there is; of the middle of a character, its beginning."""
    if offset <= 0 or text.isascii():
        return max(0, min(offset, len(text)))
    before = _units(text)[: 2 * offset].decode("utf-16-le", "surrogatepass")
    cut = bool(before) and before[-1] != text[len(before) - 1]
    return len(before) - cut


def utf16_slice(text: str, start: int, end: int | None = None) -> str:
    """JavaScript's `text.substring(start, end)` for offsets that are in order."""
    stop = len(text) if end is None else text_index(text, end)
    return text[text_index(text, start) : stop]


def _units(text: str) -> bytes:
    return text.encode("utf-16-le", "surrogatepass")
