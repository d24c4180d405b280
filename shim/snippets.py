"""What a snippet is once it stands in a text: its text and its places to fill in. It knows no document."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from types import MappingProxyType
from typing import NamedTuple

from shim.utf16 import utf16_length

DEEPEST = 32
"""How deep placeholders may be nested; what is deeper is taken as plain text."""

_PART = re.compile(r"\\([$}\\])|\$(\d+)|\$\{(\d+)|\$([A-Za-z_]\w*)|\$\{([A-Za-z_]\w*)")
_CHOICE = re.compile(r"\|((?:\\.|[^\\|])*)\|\}")
_TRANSFORM = re.compile(r"/(?:\\.|[^\\/])*/(?:\\.|\$\{[^}]*\}|[^\\/])*/\w*\}")
_FIRST_CHOICE = re.compile(r"(?:\\.|[^\\,])*")
_ESCAPED = re.compile(r"\\(.)")


class Tabstop(NamedTuple):
    """A place to fill in: number 0 is where the cursor ends. `start` and `end` are UTF-16 offsets in the text."""

    number: int
    start: int
    end: int


class Expanded(NamedTuple):
    """A snippet as plain text."""

    text: str
    tabstops: list[Tabstop]


def expanded(snippet: str, variables: Mapping[str, str] = MappingProxyType({})) -> Expanded:
    """The text of a snippet in TextMate's syntax: defaults filled in, first choices taken, variables by name.

    A variable that is not given stands as its own default, or as nothing; a transformation is left out.
    """
    return _Reader(snippet, variables).read()


class _Reader:
    def __init__(self, snippet: str, variables: Mapping[str, str]) -> None:
        self._snippet = snippet
        self._variables = variables
        self._at = 0
        self._length = 0
        self._out: list[str] = []
        self._stops: list[Tabstop] = []
        self._defaults: dict[int, str] = {}

    def read(self) -> Expanded:
        self._defaults = _Defaults(self._snippet, self._variables).found() if "$" in self._snippet else {}
        self._sequence(0)
        return Expanded("".join(self._out), sorted(self._stops, key=lambda stop: (stop.number or 1 << 30, stop.start)))

    def _sequence(self, depth: int) -> None:
        """Read until the end, or within a placeholder until the brace that closes it."""
        while self._at < len(self._snippet):
            if depth and self._snippet[self._at] == "}":
                self._at += 1
                return
            part = _PART.match(self._snippet, self._at) if depth < DEEPEST else None
            if part is None:
                self._write(self._snippet[self._at])
                self._at += 1
            else:
                self._part(part, depth)

    def _part(self, part: re.Match[str], depth: int) -> None:
        self._at = part.end()
        escaped, number, placeholder, name, variable = part.groups()
        if escaped:
            self._write(escaped)
        elif number or placeholder:
            self._tabstop(int(number or placeholder), bool(placeholder), depth)
        else:
            self._variable(name or variable, bool(variable), depth)

    def _tabstop(self, number: int, braced: bool, depth: int) -> None:
        start = self._length
        if braced:
            self._body(depth, lambda: self._write(self._defaults.get(number, "")))
        else:
            self._write(self._defaults.get(number, ""))
        self._stops.append(Tabstop(number, start, self._length))

    def _variable(self, name: str, braced: bool, depth: int) -> None:
        value = self._variables.get(name)
        if not braced:
            self._write(value or "")
            return
        written, length, stops = len(self._out), self._length, len(self._stops)
        self._body(depth, lambda: None)
        if value is not None:
            del self._out[written:], self._stops[stops:]
            self._length = length
            self._write(value)

    def _body(self, depth: int, otherwise: Callable[[], None]) -> None:
        """What stands after `${1` or `${NAME`: `}`, `:default}`, `|choices|}` or `/transform/}`."""
        rest = self._snippet[self._at : self._at + 1]
        choice = _CHOICE.match(self._snippet, self._at)
        transform = _TRANSFORM.match(self._snippet, self._at)
        if rest == ":":
            self._at += 1
            self._sequence(depth + 1)
        elif choice:
            self._at = choice.end()
            first = _FIRST_CHOICE.match(choice[1])
            self._write(_ESCAPED.sub(r"\1", first[0]) if first else "")
        elif transform:
            self._at = transform.end()
            otherwise()
        else:
            self._at += rest == "}"
            otherwise()

    def _write(self, text: str) -> None:
        self._out.append(text)
        self._length += utf16_length(text)


class _Defaults(_Reader):
    """The first pass: what each number has as its default, for places that repeat it."""

    def found(self) -> dict[int, str]:
        self._sequence(0)
        return self._defaults

    def _tabstop(self, number: int, braced: bool, depth: int) -> None:
        begun = len(self._out)
        super()._tabstop(number, braced, depth)
        text = "".join(self._out[begun:])
        if text:
            self._defaults.setdefault(number, text)
