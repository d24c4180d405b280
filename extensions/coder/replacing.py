"""One text put in place of another, found exactly or but for white space. Text in, text out; no file is touched here.

The three ways are Roo Code's `edit`, `search_replace` and `edit_file`. Lines match whichever way they end, and what is
put in ends as the text around it does.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass

LONGEST = 50_000
"""Characters of a text that is looked for by a pattern, which takes long to make of a longer one."""


class NotReplaced(ValueError):
    """The text is not found as often as it should be: the sentence says what to do."""


@dataclass(frozen=True, slots=True)
class Pattern:
    """A way to look for a text."""

    name: str
    regex: re.Pattern[str]


def exactly(old: str) -> Pattern:
    """Every character counts, but for how lines end."""
    return Pattern("exactly", re.compile(re.escape(_plain(old)).replace("\\\n", r"\r?\n")))


def by_space(old: str) -> Pattern:
    """A run of white space matches any other one, one with a line end only where there may be line ends, too."""
    parts = re.split(r"(\s+)", _plain(old))
    return Pattern("white space aside", re.compile("".join(map(_run, parts))))


def _run(part: str) -> str:
    if not part.isspace():
        return re.escape(part)
    return r"\s+" if "\n" in part else r"[\t ]+"


def by_words(old: str) -> Pattern | None:
    """Only what is between white space counts; None where there is nothing."""
    words = _plain(old).split()
    return Pattern("word by word", re.compile(r"\s+".join(map(re.escape, words)))) if words else None


def replaced(text: str, old: str, new: str, *, expected: int = 1, every: bool = False, tolerant: bool = False) -> str:
    """The text with `new` in place of `old`, which must stand in it `expected` times, or with `every` at all.

    With `tolerant` it may differ in white space, where it then is found as often as expected. Raises `NotReplaced`.
    """
    if old == "":
        raise NotReplaced("the text to replace is empty: give the text that stands there now")
    if _plain(old) == _plain(new):
        raise NotReplaced("the old and the new text are the same: there is nothing to change")
    if len(old) > LONGEST:
        return _replaced_whole(text, old, new, expected, every)
    ways: list[Callable[[str], Pattern | None]] = [exactly, *((by_space, by_words) if tolerant and old.strip() else ())]
    counts: list[int] = []
    for way in ways:
        pattern = way(old)
        if pattern is None:
            continue
        count = sum(1 for _ in pattern.regex.finditer(text))
        if count and (every or count == expected):
            return _put(text, pattern, new)
        counts.append(count)
    raise NotReplaced(_why(counts[0], max(counts), expected, every))


def _replaced_whole(text: str, old: str, new: str, expected: int, every: bool) -> str:
    """As `replaced`, of a text too long for a pattern: found exactly, in lines that end as most of them do."""
    ending = "\r\n" if text.count("\r\n") * 2 > text.count("\n") else "\n"
    sought = _plain(old).replace("\n", ending)
    count = text.count(sought)
    if count and (every or count == expected):
        return text.replace(sought, _plain(new).replace("\n", ending))
    raise NotReplaced(_why(count, count, expected, every))


def _put(text: str, pattern: Pattern, new: str) -> str:
    ending = "\r\n" if text.count("\r\n") * 2 > text.count("\n") else "\n"
    ended = _plain(new).replace("\n", ending)
    return pattern.regex.sub(lambda _: ended, text)


def _why(exact: int, most: int, expected: int, every: bool) -> str:
    if exact:
        more = "add lines around it until it names one place" if expected == 1 else "give its right number"
        return f"the text to replace is there {exact} times, and {expected} were expected: {more}, or replace all"
    if most and not every:
        return (
            f"but for white space the text to replace is there {most} times, {expected} were expected: copy it exactly"
        )
    return "the text to replace is not there: read the file again, and copy the text exactly, spaces and all"


def _plain(text: str) -> str:
    return text.replace("\r\n", "\n")
