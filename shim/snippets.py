"""What a snippet is once it stands in a text: its text and its places to fill in. It knows no document.

Syntax and semantics are those of VS Code: https://code.visualstudio.com/docs/editing/userdefinedsnippets
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping, Sequence
from types import MappingProxyType
from typing import NamedTuple, TypeAlias

from shim.transforms import Transform, transform_at
from shim.utf16 import utf16_length

DEEPEST = 32
"""How deep placeholders may be nested; what is deeper is taken as plain text."""

MOST = 100_000
"""Pieces of a text that a snippet comes to; what is beyond is left out. Places that repeat may be in one another."""

_PART = re.compile(
    r"\\([$}\\])|\$([0-9]+)|\$\{([0-9]+)(?=[:|/}])|\$([A-Za-z_][A-Za-z0-9_]*)|\$\{([A-Za-z_][A-Za-z0-9_]*)(?=[:/}])"
)
_CHOICES = re.compile(r"\|((?:\\[\\,|]|[^,|])++)(?:,(?:\\[\\,|]|[^,|])++)*+\|\}")
_ESCAPED = re.compile(r"\\([\\,|])")
_PLAIN = re.compile(r"[^\\$}]+|[\s\S]")


class Tabstop(NamedTuple):
    """A place to fill in: number 0 is where the cursor ends. `start` and `end` are UTF-16 offsets in the text."""

    number: int
    start: int
    end: int


class Expanded(NamedTuple):
    """A snippet as plain text."""

    text: str
    tabstops: list[Tabstop]


class Place:
    """A place to fill in, with what stands there at first."""

    __slots__ = ("inside", "number")

    def __init__(self, number: int, inside: Sequence[Node] = ()) -> None:
        self.number = number
        self.inside = inside


class Variable:
    """A name that stands for a text, with what stands there where it has none."""

    __slots__ = ("inside", "name", "transform")

    def __init__(self, name: str, inside: Sequence[Node] = (), transform: Transform | None = None) -> None:
        self.name = name
        self.inside = inside
        self.transform = transform


Node: TypeAlias = str | Place | Variable
Value: TypeAlias = str | Callable[[str], str | None]
"""What a variable stands for: a text, or one that depends on what was written before it on its line."""


def expanded(snippet: str, variables: Mapping[str, Value] = MappingProxyType({})) -> Expanded:
    """The text of a snippet in TextMate's syntax: defaults filled in, first choices taken, variables by name.

    A variable that is not given stands as its own default, or as nothing.
    """
    nodes = _Reader(snippet).read()
    return _Writer(variables, nodes).write()


class _Reader:
    """Takes a snippet apart."""

    def __init__(self, snippet: str) -> None:
        self._snippet = snippet
        self._at = 0

    def read(self) -> list[Node]:
        return self._nodes(0)[0]

    def _nodes(self, depth: int) -> tuple[list[Node], bool]:
        """All until the end, or within a placeholder until the brace that closes it; and whether there was one."""
        nodes: list[Node] = []
        while self._at < len(self._snippet):
            if depth and self._snippet[self._at] == "}":
                self._at += 1
                return nodes, True
            part = _PART.match(self._snippet, self._at) if depth < DEEPEST else None
            if part is None or not self._part(part, depth, nodes):
                self._plain(nodes)
        return nodes, False

    def _plain(self, nodes: list[Node]) -> None:
        found = _PLAIN.match(self._snippet, self._at)
        assert found  # it fits whatever stands there
        nodes.append(found[0])
        self._at = found.end()

    def _part(self, part: re.Match[str], depth: int, nodes: list[Node]) -> bool:
        """Read what begins like a part of a snippet; False where it turns out to be plain text."""
        escaped, number, placeholder, name, variable = part.groups()
        if escaped:
            nodes.append(escaped)
        elif number or name:
            nodes.append(Place(int(number)) if number else Variable(name))
        else:
            return self._braced(part, Place(int(placeholder)) if placeholder else Variable(variable), depth, nodes)
        self._at = part.end()
        return True

    def _braced(self, part: re.Match[str], made: Place | Variable, depth: int, nodes: list[Node]) -> bool:
        """What stands after `${1` or `${NAME`: `}`, `:default}`, `|choices|}` or `/transform/}`."""
        at, follows = part.end(), self._snippet[part.end()]
        if follows == ":":
            self._default(part, made, depth, nodes)
            return True
        if isinstance(made, Place) and follows == "|":
            return self._choices(made, at, nodes)
        self._at = at + 1
        if follows == "/":
            found = transform_at(self._snippet, at)
            if found is None:
                self._at = part.start()
                return False
            transform, self._at = found
            if isinstance(made, Variable):
                made.transform = transform  # that of a place is for who has filled it in
        nodes.append(made)
        return True

    def _default(self, part: re.Match[str], made: Place | Variable, depth: int, nodes: list[Node]) -> None:
        self._at = part.end() + 1
        made.inside, closed = self._nodes(depth + 1)
        nodes += [made] if closed else [f"{part[0]}:", *made.inside]

    def _choices(self, made: Place, at: int, nodes: list[Node]) -> bool:
        """Read the choices of a place; False where there are none."""
        found = _CHOICES.match(self._snippet, at)
        if found is None or not made.number:
            return False
        made.inside = (_ESCAPED.sub(r"\1", found[1]),)
        self._at = found.end()
        nodes.append(made)
        return True


class _Writer:
    """Writes it down, with the values of its variables."""

    def __init__(self, variables: Mapping[str, Value], nodes: Sequence[Node]) -> None:
        self._variables = variables
        self._nodes = nodes
        self._defaults: dict[int, Place] = {}
        self._out: list[str] = []
        self._length = 0
        self._stops: list[Tabstop] = []

    def write(self) -> Expanded:
        self._take_defaults(self._nodes)
        self._write(self._nodes, None)
        return Expanded("".join(self._out), sorted(self._stops, key=lambda stop: (stop.number or 1 << 30, stop.start)))

    def _take_defaults(self, nodes: Sequence[Node]) -> None:
        """What the first place of a number that has something in it has, all of that number have."""
        for node in nodes:
            if isinstance(node, Place) and node.number and node.inside:
                self._defaults.setdefault(node.number, node)
            if not isinstance(node, str):
                self._take_defaults(node.inside)

    def _write(self, nodes: Sequence[Node], within: frozenset[int] | None) -> None:
        """Write these: as they stand in the snippet, or as what was put into places of such numbers."""
        for node in nodes:
            if len(self._out) + len(self._stops) > MOST:
                return
            if isinstance(node, str):
                self._text(node)
            elif isinstance(node, Place):
                self._place(node, within)
            else:
                value = self._value(node)
                self._write(node.inside if value is None else (value,), self._copied(within))

    def _place(self, place: Place, within: frozenset[int] | None) -> None:
        start, number = self._length, place.number
        default = self._defaults.get(number, place)
        if default is place and within is None:
            self._write(place.inside, None)
        elif number in self._defaults and number not in (within or ()):
            self._write(default.inside, frozenset() if within is None else within | {number})
        else:
            self._write(place.inside, self._copied(within))
        self._stops.append(Tabstop(number, start, self._length))

    def _copied(self, within: frozenset[int] | None) -> frozenset[int] | None:
        """Of what was put into places, what is further inside is as it stands in the snippet."""
        return None if within is None else frozenset(self._defaults)

    def _value(self, variable: Variable) -> str | None:
        value = self._variables.get(variable.name)
        if callable(value):
            value = value("".join(self._out).rpartition("\n")[2])
        return value if variable.transform is None else variable.transform.of(value or "")

    def _text(self, text: str) -> None:
        self._out.append(text)
        self._length += utf16_length(text)
