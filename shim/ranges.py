"""Places in text: `Position`, `Range`, `Selection`, `Location`. They are numbers only and know no document.

Lines and characters count from 0, characters in UTF-16 units. Semantics: VS Code's extHostTypes.
"""

from __future__ import annotations

from collections.abc import Mapping
from types import EllipsisType
from typing import Any, Protocol, TypeAlias, overload

from sessions.errors import InvalidValue
from shim.uri import Uri
from shim.values import Value, value


class PositionLike(Protocol):
    """What VS Code takes for a position: anything with a line and a character."""

    @property
    def line(self) -> int: ...
    @property
    def character(self) -> int: ...


class RangeLike(Protocol):
    """What VS Code takes for a range: anything with a start and an end."""

    @property
    def start(self) -> PositionLike: ...
    @property
    def end(self) -> PositionLike: ...


AnyPosition: TypeAlias = PositionLike | Mapping[str, Any]
AnyRange: TypeAlias = RangeLike | Mapping[str, Any]


class Position:
    """A place between two characters; immutable."""

    __slots__ = ("_character", "_line")

    def __init__(self, line: int, character: int) -> None:
        self._line = _natural("line", line)
        self._character = _natural("character", character)

    @property
    def line(self) -> int:
        return self._line

    @property
    def character(self) -> int:
        return self._character

    def is_before(self, other: AnyPosition) -> bool:
        return self.compare_to(other) < 0

    def is_before_or_equal(self, other: AnyPosition) -> bool:
        return self.compare_to(other) <= 0

    def is_after(self, other: AnyPosition) -> bool:
        return self.compare_to(other) > 0

    def is_after_or_equal(self, other: AnyPosition) -> bool:
        return self.compare_to(other) >= 0

    def is_equal(self, other: AnyPosition) -> bool:
        return self.compare_to(other) == 0

    def compare_to(self, other: AnyPosition) -> int:
        """-1, 0 or 1 where this one is before, at or after `other`."""
        that = as_position(other, "other")
        mine, theirs = (self._line, self._character), (that._line, that._character)
        return (mine > theirs) - (mine < theirs)

    def translate(self, line_delta: int | None = 0, character_delta: int | EllipsisType | None = ...) -> Position:
        """A position that far away; this one where that is nowhere. `translate(None, 3)` keeps the line."""
        if line_delta is None and isinstance(character_delta, int):
            line_delta = 0
        down = _whole("line_delta", line_delta)
        right = 0 if isinstance(character_delta, EllipsisType) else _whole("character_delta", character_delta)
        return self.with_(self._line + down, self._character + right)

    def with_(self, line: int | EllipsisType | None = ..., character: int | EllipsisType | None = ...) -> Position:
        """A position with another line or character, or this one. `with_(None, 3)` keeps the line."""
        if line is None and isinstance(character, int):
            line = ...
        new_line = self._line if isinstance(line, EllipsisType) else _natural("line", line)
        new_character = self._character if isinstance(character, EllipsisType) else _natural("character", character)
        if (new_line, new_character) == (self._line, self._character):
            return self
        return Position(new_line, new_character)

    def to_json(self) -> dict[str, int]:
        return {"line": self._line, "character": self._character}

    def __eq__(self, other: object) -> bool:
        if not isinstance(other, Position):
            return NotImplemented
        return self._line == other._line and self._character == other._character

    def __hash__(self) -> int:
        return hash((self._line, self._character))

    def __repr__(self) -> str:
        return f"Position({self._line}, {self._character})"


class Range:
    """From a start to an end that is not before it, whichever is given first; immutable."""

    __slots__ = ("_end", "_start")

    @overload
    def __init__(self, start: AnyPosition, end: AnyPosition) -> None: ...
    @overload
    def __init__(self, start_line: int, start_character: int, end_line: int, end_character: int, /) -> None: ...
    def __init__(self, start: Any, end: Any, end_line: int | None = None, end_character: int | None = None) -> None:
        first, second = _two_positions(start, end, end_line, end_character)
        self._start, self._end = (first, second) if first.is_before(second) else (second, first)

    @property
    def start(self) -> Position:
        return self._start

    @property
    def end(self) -> Position:
        return self._end

    @property
    def is_empty(self) -> bool:
        return self._start == self._end

    @property
    def is_single_line(self) -> bool:
        return self._start.line == self._end.line

    def contains(self, position_or_range: AnyPosition | AnyRange | None = None, /, **literal: Any) -> bool:
        """Whether that lies within, the ends included; False of what is neither a position nor a range."""
        thing = literal or position_or_range
        if _is_position(thing):
            place = as_position(thing, "position")
            return self._start.is_before_or_equal(place) and place.is_before_or_equal(self._end)
        return _is_range(thing) and all(self.contains(_part(thing, name)) for name in ("start", "end"))

    def is_equal(self, other: AnyRange) -> bool:
        """Whether both begin and end at the same places."""
        that = as_range(other, "other")
        return self._start == that._start and self._end == that._end

    def intersection(self, other: AnyRange) -> Range | None:
        """What both have in common, which may be empty where they touch; None where they do not."""
        that = as_range(other, "other")
        start = that._start if that._start.is_after(self._start) else self._start
        end = that._end if that._end.is_before(self._end) else self._end
        return None if start.is_after(end) else Range(start, end)

    def union(self, other: AnyRange) -> Range:
        """The smallest range with both in it; one of the two themselves where it holds the other."""
        that = as_range(other, "other")
        if self.contains(that):
            return self
        if that.contains(self):
            return that
        start = that._start if that._start.is_before(self._start) else self._start
        return Range(start, that._end if that._end.is_after(self._end) else self._end)

    def with_(
        self, start: AnyPosition | EllipsisType | None = ..., end: AnyPosition | EllipsisType | None = ...
    ) -> Range:
        """A range with another start or end; this one where nothing changes. `with_(None, end)` keeps the start."""
        if start is None and not isinstance(end, EllipsisType | None):
            start = ...
        new_start = self._start if isinstance(start, EllipsisType) else as_position(start, "start")
        new_end = self._end if isinstance(end, EllipsisType) else as_position(end, "end")
        return self if (new_start, new_end) == (self._start, self._end) else Range(new_start, new_end)

    def to_json(self) -> Any:
        """`[start, end]`, as VS Code's `Range` is in JSON."""
        return [self._start.to_json(), self._end.to_json()]

    def __eq__(self, other: object) -> bool:
        if type(other) is not type(self) or not isinstance(other, Range):
            return NotImplemented
        return self._start == other._start and self._end == other._end

    def __hash__(self) -> int:
        return hash((self._start, self._end))

    def __repr__(self) -> str:
        return f"Range({self._start.line}, {self._start.character}, {self._end.line}, {self._end.character})"


class Selection(Range):
    """A range with a side that stays, the anchor, and one where the cursor is, the active one; immutable."""

    __slots__ = ("_active", "_anchor")

    @overload
    def __init__(self, anchor: AnyPosition, active: AnyPosition) -> None: ...
    @overload
    def __init__(self, anchor_line: int, anchor_character: int, active_line: int, active_character: int, /) -> None: ...
    def __init__(
        self, anchor: Any, active: Any, active_line: int | None = None, active_character: int | None = None
    ) -> None:
        self._anchor, self._active = _two_positions(anchor, active, active_line, active_character)
        super().__init__(self._anchor, self._active)

    @property
    def anchor(self) -> Position:
        return self._anchor

    @property
    def active(self) -> Position:
        return self._active

    @property
    def is_reversed(self) -> bool:
        """Whether the anchor is the end, as it is of an empty selection too."""
        return self._anchor == self._end

    def to_json(self) -> Any:
        names = ("start", "end", "active", "anchor")
        return {name: getattr(self, name).to_json() for name in names}

    def __eq__(self, other: object) -> bool:
        """Equal if both sides are, so that a selection made backwards is another one; `is_equal` looks at the range."""
        if not isinstance(other, Selection):
            return NotImplemented
        return self._anchor == other._anchor and self._active == other._active

    def __hash__(self) -> int:
        return hash((self._anchor, self._active))

    def __repr__(self) -> str:
        return (
            f"Selection({self._anchor.line}, {self._anchor.character}, {self._active.line}, {self._active.character})"
        )


@value
class Location(Value):
    """A range of a resource; a position stands for an empty range there."""

    uri: Uri
    range: Range | None

    def __init__(self, uri: Uri, range_or_position: AnyRange | AnyPosition | None) -> None:
        self.uri = uri
        if range_or_position is None:
            self.range = None
        elif _is_position(range_or_position):
            position = as_position(range_or_position, "range_or_position")
            self.range = Range(position, position)
        else:
            self.range = as_range(range_or_position, "range_or_position")


def as_position(thing: object, field: str) -> Position:
    """`thing` as a Position; raises `InvalidValue`, naming `field`, of what is not like one."""
    if isinstance(thing, Position):
        return thing
    if _is_position(thing):
        return Position(_part(thing, "line"), _part(thing, "character"))
    raise InvalidValue(field, f"must be a Position, not {type(thing).__name__}")


def as_range(thing: object, field: str) -> Range:
    """`thing` as a Range; raises `InvalidValue`, naming `field`, of what is not like one."""
    if isinstance(thing, Range):
        return thing
    if _is_range(thing):
        return Range(_part(thing, "start"), _part(thing, "end"))
    raise InvalidValue(field, f"must be a Range, not {type(thing).__name__}")


def _two_positions(first: Any, second: Any, line: int | None, character: int | None) -> tuple[Position, Position]:
    if line is None and character is None:
        return as_position(first, "start"), as_position(second, "end")
    return Position(first, second), Position(_whole("end_line", line), _whole("end_character", character))


def _part(thing: Any, name: str) -> Any:
    return thing.get(name) if isinstance(thing, Mapping) else getattr(thing, name, None)


def _is_position(thing: object) -> bool:
    return isinstance(thing, Position) or all(isinstance(_part(thing, name), int) for name in ("line", "character"))


def _is_range(thing: object) -> bool:
    return isinstance(thing, Range) or all(_is_position(_part(thing, name)) for name in ("start", "end"))


def _whole(field: str, number: object) -> int:
    if not isinstance(number, int):
        raise InvalidValue(field, f"must be a whole number, not {type(number).__name__}")
    return number


def _natural(field: str, number: object) -> int:
    if isinstance(number, int) and number >= 0:
        return number
    raise InvalidValue(field, f"must be 0 or more, not {_whole(field, number)}")
