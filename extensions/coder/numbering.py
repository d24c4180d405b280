"""Lines with their numbers, as a model is shown them and sometimes writes them back. Text in, text out."""

from __future__ import annotations

import re

NUMBERED = re.compile(r"^\s*\d+\s+\|(?!\|)")
NUMBER = re.compile(r"^\s*\d+\s+\|(?!\|)\s?(.*)$", re.DOTALL)
LOOSE = re.compile(r"^\s*(?:\d+\s)?\|\s(.*)$", re.DOTALL)


def number(text: str, first: int = 1) -> str:
    """Every line behind its right-aligned number and ` | `, each ended by a newline."""
    if text == "":
        return "" if first == 1 else f"{first} | \n"
    lines = text.split("\n")
    if lines[-1] == "":
        lines.pop()
    width = len(str(first + len(lines) - 1))
    return "".join(f"{at:>{width}} | {line}\n" for at, line in enumerate(lines, first))


def is_numbered(text: str) -> bool:
    """Whether every line has a number."""
    return all(NUMBERED.match(line) for line in re.split(r"\r?\n", text))


def is_whole(text: str) -> bool:
    """Whether it is a whole file with the number of each line, from 1 on."""
    lines = re.split(r"\r?\n", text)
    lines = lines[:-1] if lines[-1] == "" else lines
    return bool(lines) and all(_has_number(line, at) for at, line in enumerate(lines, 1))


def _has_number(line: str, number: int) -> bool:
    found = NUMBERED.match(line)
    return found is not None and int(found[0].rstrip("|")) == number


def bare(text: str, *, loose: bool = False) -> str:
    """The lines without their numbers; `loose` also takes a bar without a number for one. Line ends stay."""
    pattern = LOOSE if loose else NUMBER
    kept = [found[1] if (found := pattern.match(line)) else line for line in re.split(r"\r?\n", text)]
    return ("\r\n" if "\r\n" in text else "\n").join(kept)
