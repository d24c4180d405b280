"""What a model is shown of a text that is too long, and of what a terminal printed. Text in, text out."""

from __future__ import annotations

import re
from collections.abc import Iterable
from itertools import groupby

WIDE = re.compile(r"[\U00010000-\U0010ffff]")
HALF = re.compile(r"[\ud800-\udfff]")


def process_carriage_returns(text: str) -> str:
    """What stays on the screen after every `\\r` went back to its line's start and was written over."""
    return "\n".join(_overwritten(line) for line in text.split("\n")) if "\r" in text else text


def _overwritten(line: str) -> str:
    shown = ""
    for part in line.split("\r"):
        if part:
            shown = part + _after(shown, part)
    return shown


def _after(shown: str, part: str) -> str:
    """What of the line still shows behind `part`, counted in columns; half a character is a space."""
    return HALF.sub(" ", _joined(_columns(shown)[len(_columns(part)) :]))


def _columns(text: str) -> str:
    """The text with two halves for a character that takes two columns: its UTF-16 units."""
    return text if text.isascii() else WIDE.sub(_halves, text)


def _halves(found: re.Match[str]) -> str:
    above = ord(found[0]) - 0x10000
    return chr(0xD800 + (above >> 10)) + chr(0xDC00 + (above & 0x3FF))


def _joined(columns: str) -> str:
    """The text of such columns; a half that is alone stays one."""
    return columns.encode("utf-16-le", "surrogatepass").decode("utf-16-le", "surrogatepass")


def process_backspaces(text: str) -> str:
    """What stays after every backspace took back the column before it; half a character is a space."""
    if "\b" not in text:
        return text
    kept: list[str] = []
    for one in _columns(text):
        if one != "\b":
            kept.append(one)
        elif kept:
            kept.pop()
    return HALF.sub(" ", _joined("".join(kept)))


def fold_repeats(text: str) -> str:
    """Lines that repeat the one before are told as a number, where that is shorter (at the end: than the repeats)."""
    groups = [(line, sum(1 for _ in same)) for line, same in groupby(re.findall(r"[^\n]*\n|[^\n]+", text))]
    folded: list[str] = []
    for at, (line, count) in enumerate(groups, 1):
        note = f"<previous line repeated {count - 1} additional times>\n"
        told = len(line) * (count - (at == len(groups)))
        folded.append(line + note if count > 1 and len(note) < told else line * count)
    return "".join(folded)


def truncate_output(text: str, max_lines: int | None = None, max_chars: int | None = None) -> str:
    """The first fifth and the last four fifths of what is allowed, and between them how much is left out.

    A limit by characters (by the columns that they take) goes before one by lines. None or zero: no such limit.
    """
    if max_chars and len(columns := _columns(text)) > max_chars:
        head = int(max_chars * 0.2)
        begun, end = (HALF.sub("", _joined(one)) for one in (columns[:head], columns[head - max_chars :]))
        return f"{begun}\n[...{len(columns) - max_chars} characters omitted...]\n{end}"
    return _truncate_lines(text, max_lines) if max_lines else text


def _truncate_lines(text: str, max_lines: int) -> str:
    lines = text.split("\n")
    if len(lines) <= max_lines:
        return text
    head = int(max_lines * 0.2)
    tail = max_lines - head
    gap = len(lines) - max_lines
    begun = "".join(f"{line}\n" for line in lines[:head])
    return f"{begun}\n[...{gap} lines omitted...]\n\n" + "\n".join(lines[len(lines) - tail :])


def cut(line: str, longest: int) -> str:
    """A line of at most so many characters; three of them say that it is cut."""
    return line if len(line) <= longest else line[: longest - 3] + "..."


def fitting(lines: Iterable[str], max_chars: int) -> list[str]:
    """The first lines that together, with their line ends, are within the limit; one at least."""
    kept: list[str] = []
    for line in lines:
        max_chars -= len(line) + 1
        if max_chars < 0 and kept:
            break
        kept.append(line)
    return kept


ANSI = re.compile(r"\x1b(?:\][^\x07\x1b]*(?:\x07|\x1b\\)|\[[0-?]*[ -/]*[@-~]|[PX^_][^\x1b]*\x1b\\|[@-Z\\-_])")


def plain(text: str) -> str:
    """The text without terminal control sequences."""
    return ANSI.sub("", text)


def readable(text: str, max_lines: int | None = None, max_chars: int | None = None) -> str:
    """All of these: as a person would have seen it, folded, within the limits."""
    shown = process_backspaces(process_carriage_returns(plain(text).replace("\r\n", "\n")))
    return truncate_output(fold_repeats(shown), max_lines, max_chars)
