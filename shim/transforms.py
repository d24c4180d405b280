"""How a snippet changes the value of a variable: `/regex/format/options`. It reads and applies; it knows no snippet."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping, Sequence
from types import MappingProxyType
from typing import NamedTuple

_TRANSFORM = re.compile(
    r"/(?P<regex>(?:\\/|[^/])*+)"
    r"/(?P<format>(?:\\[\\/]|\$\{[0-9]+:(?:\\[$}\\]|[^}])*+\}|[^/])*+)"
    r"/(?P<options>[^}]*)\}"
)
_FORMAT = re.compile(
    r"\\(?P<escaped>[\\/])|\$(?P<group>[0-9]+)|\$\{(?P<braced>[0-9]+)(?:\}|:(?:/(?P<shorthand>[A-Za-z_]\w*)\}"
    r"|\+(?P<if>(?:\\[$}\\]|[^\\}])++)\}"
    r"|\?(?P<either>(?:\\[$}\\]|[^\\:])++):(?P<or>(?:\\[$}\\]|[^\\}])++)\}"
    r"|(?![/+?])-?+(?P<else>(?:\\[$}\\]|[^\\}])++)\}))",
    re.ASCII,
)
_ESCAPED = re.compile(r"\\([$}\\])")
_NAMED_GROUP = re.compile(r"\(\?<(?![=!])")
_WORD = re.compile(r"[A-Za-z0-9]+")
_OPTIONS: Mapping[str, int] = MappingProxyType({"g": 0, "u": 0, "i": re.I, "m": re.M, "s": re.S})


def _capitalized(text: str) -> str:
    return text[:1].upper() + text[1:]


def _pascal(text: str) -> str:
    return "".join(map(_capitalized, _WORD.findall(text))) or text


def _camel(text: str) -> str:
    made = _pascal(text)
    return made[:1].lower() + made[1:] if _WORD.search(text) else text


_SHORTHANDS: Mapping[str, Callable[[str], str]] = MappingProxyType(
    {"upcase": str.upper, "downcase": str.lower, "capitalize": _capitalized, "pascalcase": _pascal, "camelcase": _camel}
)


class Piece(NamedTuple):
    """What is written of a group of the match: changed by its `shorthand`, or one text if it has matched, another if
    it has not."""

    group: int
    shorthand: str | None = None
    if_: str | None = None
    else_: str | None = None

    def of(self, value: str) -> str:
        """What is written where the group is `value`."""
        change = _SHORTHANDS.get(self.shorthand or "")
        if change is not None:
            return change(value)
        found = self.if_ if value else self.else_
        return value if found is None else found


class Transform:
    """A pattern, and what is written in place of its first match, or of all."""

    __slots__ = ("_all", "_format", "_pattern")

    def __init__(self, pattern: re.Pattern[str], format: Sequence[str | Piece], all: bool) -> None:
        self._pattern = pattern
        self._format = format
        self._all = all

    def of(self, value: str) -> str:
        """The value as it is written; where nothing matches what the format has for that, else the value itself."""
        text, count = self._pattern.subn(self._written, value, count=0 if self._all else 1)
        if not count and any(isinstance(one, Piece) and one.else_ for one in self._format):
            return self._written(None)
        return text

    def _written(self, match: re.Match[str] | None) -> str:
        groups = () if match is None else (match[0], *match.groups(default=""))
        return "".join(
            one if isinstance(one, str) else one.of(groups[one.group] if one.group < len(groups) else "")
            for one in self._format
        )


def transform_at(snippet: str, at: int) -> tuple[Transform, int] | None:
    """The transform that begins with the slash at `at`, and where it ends, after its brace; None where it is none."""
    found = _TRANSFORM.match(snippet, at)
    if found is None or not set(found["options"]) <= _OPTIONS.keys():
        return None
    pattern = _NAMED_GROUP.sub("(?P<", found["regex"].replace(r"\/", "/"))
    try:
        compiled = re.compile(pattern, sum({_OPTIONS[one] for one in found["options"]}))
    except re.error:
        return None
    return Transform(compiled, _pieces(found["format"]), "g" in found["options"]), found.end()


def _pieces(format: str) -> list[str | Piece]:
    pieces: list[str | Piece] = []
    done = 0
    for found in _FORMAT.finditer(format):
        pieces += [format[done : found.start()], _piece(found)]
        done = found.end()
    return [*pieces, format[done:]]


def _piece(found: re.Match[str]) -> str | Piece:
    if found["escaped"]:
        return found["escaped"]
    if_, else_ = (
        None if one is None else _ESCAPED.sub(r"\1", one)
        for one in (found["if"] or found["either"], found["or"] or found["else"])
    )
    return Piece(int(found["group"] or found["braced"]), found["shorthand"], if_, else_)
