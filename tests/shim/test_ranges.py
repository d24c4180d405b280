"""Positions, ranges and selections: what VS Code's own tests say of them and the shared facts leave out."""

from __future__ import annotations

import copy
from types import SimpleNamespace
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sessions.errors import InvalidValue
from shim.ranges import Location, Position, Range, Selection
from shim.uri import Uri

positions = st.builds(Position, st.integers(0, 3), st.integers(0, 3))
ranges = st.builds(Range, positions, positions)


@pytest.mark.parametrize(
    ("subject", "name"),
    [
        (Position(0, 0), "line"),
        (Position(0, 0), "character"),
        (Range(0, 0, 1, 1), "start"),
        (Range(0, 0, 1, 1), "end"),
        (Range(0, 0, 1, 1), "is_empty"),
        (Selection(0, 0, 1, 1), "anchor"),
        (Selection(0, 0, 1, 1), "active"),
        (Selection(0, 0, 1, 1), "other"),
    ],
)
def test_a_place_in_text_cannot_be_changed(subject: object, name: str) -> None:
    with pytest.raises(AttributeError):
        setattr(subject, name, Position(0, 1))


@pytest.mark.parametrize(
    ("args", "field"),
    [((-1, 0), "line"), ((0, -1), "character"), (("1", 0), "line"), ((0, 1.5), "character"), ((None, 0), "line")],
)
def test_a_position_of_what_is_no_number_is_refused_by_name(args: Any, field: str) -> None:
    with pytest.raises(InvalidValue) as refused:
        Position(*args)
    assert refused.value.field == field


@pytest.mark.parametrize(
    "args", [(None, Position(0, 0)), (Position(0, 0), None), (Position(0, 0), 3), (1, 2, 3), ("a", "b"), (1, 2)]
)
def test_a_range_of_what_are_no_positions_is_refused(args: Any) -> None:
    with pytest.raises(InvalidValue):
        Range(*args)


def test_translate_moves_by_name_or_by_place() -> None:
    position = Position(1, 3)
    assert position.translate() is position.translate(0, 0) is position.translate(None, 0) is position
    assert position.translate(11) == position.translate(line_delta=11) == Position(12, 3)
    assert position.translate(character_delta=-1) == position.translate(None, -1) == Position(1, 2)


def test_with_replaces_by_name_or_by_place() -> None:
    position = Position(1, 3)
    assert position.with_() is position.with_(...) is position.with_(..., 3) is position
    assert position.with_(character=4) == position.with_(None, 4) == Position(1, 4)
    whole = Range(1, 1, 2, 11)
    assert whole.with_() is whole.with_(..., whole.end) is whole.with_(None, Position(2, 11)) is whole
    assert whole.with_(end=Position(0, 0)) == Range(0, 0, 1, 1)


@pytest.mark.parametrize(
    "change",
    [
        lambda: Position(1, 3).translate(None),
        lambda: Position(1, 3).translate(None, None),
        lambda: Position(1, 3).translate(1, None),
        lambda: Position(1, 3).with_(None),
        lambda: Position(1, 3).with_(1, None),
        lambda: Position(1, 3).with_(character=-1),
        lambda: Range(0, 0, 1, 1).with_(None),
        lambda: Range(0, 0, 1, 1).with_(..., None),
        lambda: Range(0, 0, 1, 1).with_(None, None),
        lambda: Range(0, 0, 1, 1).with_(3),
        lambda: Range(0, 0, 1, 1).union(None),
        lambda: Range(0, 0, 1, 1).is_equal(Position(0, 0)),
        lambda: Position(0, 0).is_before(None),
    ],
)
def test_none_is_no_change_that_one_can_ask_for(change: Any) -> None:
    with pytest.raises(InvalidValue):
        change()


@pytest.mark.parametrize(
    "like",
    [
        {"start": {"line": 1, "character": 1}, "end": {"line": 2, "character": 11}},
        SimpleNamespace(start=SimpleNamespace(line=1, character=1), end=Position(2, 11)),
    ],
)
def test_what_is_like_a_range_is_taken_for_one(like: Any) -> None:
    whole = Range(1, 1, 2, 11)
    assert whole.contains(like)
    assert whole.is_equal(like)
    assert whole.intersection(like) == whole
    assert Range(like["start"] if isinstance(like, dict) else like.start, {"line": 2, "character": 11}) == whole


def test_contains_takes_places_of_every_form_and_nothing_else() -> None:
    whole = Range(1, 1, 2, 11)
    assert whole.contains(line=1, character=1)
    assert whole.contains(start=Position(1, 1), end=Position(2, 11))
    assert not whole.contains(line=1, character=0)
    for nonsense in (None, 1, "a", {}, {"line": 1}):
        assert not whole.contains(nonsense)  # type: ignore[arg-type]


def test_a_selection_knows_its_sides() -> None:
    forward, backward = Selection(2, 1, 3, 4), Selection(3, 4, 2, 1)
    assert (forward.is_reversed, backward.is_reversed) == (False, True)
    assert Selection(1, 1, 1, 1).is_reversed
    assert forward.is_equal(backward)
    assert forward != backward
    assert forward != Range(2, 1, 3, 4)
    assert len({forward, backward, Selection(Position(2, 1), Position(3, 4))}) == 2


def test_places_are_as_vs_code_writes_them_in_json() -> None:
    assert Position(4, 2).to_json() == {"line": 4, "character": 2}
    assert Range(1, 2, 3, 4).to_json() == [{"line": 1, "character": 2}, {"line": 3, "character": 4}]
    assert Selection(3, 4, 2, 1).to_json() == {
        "start": {"line": 2, "character": 1},
        "end": {"line": 3, "character": 4},
        "anchor": {"line": 3, "character": 4},
        "active": {"line": 2, "character": 1},
    }


def test_places_are_shown_as_one_writes_them() -> None:
    for place in (Position(1, 2), Range(1, 2, 3, 4), Selection(3, 4, 1, 2)):
        assert eval(repr(place)) == place
        assert copy.deepcopy(place) == place


def test_a_location_has_a_range_even_of_a_position() -> None:
    uri = Uri.file("/u.ts")
    assert Location(uri, Position(3, 4)).range == Range(3, 4, 3, 4)
    assert Location(uri, Range(1, 2, 3, 4)).to_json() == {"uri": uri, "range": Range(1, 2, 3, 4)}
    assert Location(uri, None).range is None
    with pytest.raises(InvalidValue, match="range_or_position"):
        Location(uri, 3)  # type: ignore[arg-type]


@given(positions, positions)
def test_of_two_positions_one_order_holds(one: Position, other: Position) -> None:
    order = one.compare_to(other)
    assert order == -other.compare_to(one)
    assert (order < 0, order <= 0) == (one.is_before(other), one.is_before_or_equal(other))
    assert (order > 0, order >= 0) == (one.is_after(other), one.is_after_or_equal(other))
    assert (order == 0) == one.is_equal(other) == (one == other) == (hash(one) == hash(other))


@given(ranges, ranges, positions)
def test_a_union_holds_both_and_an_intersection_what_both_hold(one: Range, other: Range, place: Position) -> None:
    both, common = one.union(other), one.intersection(other)
    assert both.contains(one) and both.contains(other)
    assert (common is not None and common.contains(place)) == (one.contains(place) and other.contains(place))
