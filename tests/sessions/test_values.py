"""What counts as JSON, and what may name a stored thing."""

from __future__ import annotations

import enum
import uuid
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

import orjson
import pytest
from hypothesis import given
from hypothesis import strategies as some

from sessions.errors import InvalidValue
from sessions.values import json_of, name_of


class Colour(enum.Enum):
    RED = "canary"


class Text(str):
    __slots__ = ()


@dataclass
class Point:
    x: int = 1


def nested(depth: int) -> list[Any]:
    value: list[Any] = []
    for _ in range(depth):
        value = [value]
    return value


ITSELF: list[Any] = []
ITSELF.append(ITSELF)

NOT_JSON = {
    "nan": float("nan"),
    "infinity": {"a": [float("inf")]},
    "nan beside a tuple": ((1, 2), float("nan")),
    "nan beside a null": [None, float("nan")],
    "a set": {1},
    "bytes": b"canary",
    "a number as key": {1: 2},
    "null as key": {None: 2},
    "an int of 65 bits": 2**64,
    "an int below 64 bits": -(2**63) - 1,
    "half a surrogate pair": "\ud800",
    "half a surrogate pair as key": {"\ud800": 1},
    "a value too deep": nested(200),
    "a depth bomb": nested(300),
    "a deeper bomb": nested(100_000),
    "itself": ITSELF,
    "an enum": Colour.RED,
    "an enum inside": {"a": [Colour.RED]},
    "a uuid": uuid.UUID(int=1),
    "a date": datetime.now(UTC),
    "a dataclass": Point(),
    "a str of another class": Text("canary"),
    "a fragment of JSON": orjson.Fragment(b'{"a": 1}'),
    "a fragment of rubbish": orjson.Fragment(b"canary"),
    "a function": nested,
    "a class": Point,
}


@pytest.mark.parametrize("name", NOT_JSON)
def test_what_is_not_json_is_refused_by_name_and_never_shown(name: str) -> None:
    with pytest.raises(InvalidValue) as caught:
        json_of("value", NOT_JSON[name], 1_000_000, of="of 'k' ")
    assert str(caught.value).startswith("value: of 'k' must be JSON")
    assert "canary" not in str(caught.value)
    assert caught.value.__cause__ is None


trees = some.recursive(
    some.none()
    | some.booleans()
    | some.integers(-(2**63), 2**64 - 1)
    | some.floats(allow_nan=False, allow_infinity=False)
    | some.text(),
    lambda inner: some.lists(inner) | some.dictionaries(some.text(), inner),
)


@given(trees)
def test_every_json_value_comes_back_as_it_was(value: Any) -> None:
    assert orjson.loads(json_of("value", value, 1_000_000)) == value


@given(trees.map(lambda tree: ({"a": (tree, 1)}, (), [(tree,)])))
def test_a_tuple_is_taken_as_a_list(value: Any) -> None:
    assert orjson.loads(json_of("value", value, 1_000_000))[0]["a"][1] == 1


def test_a_value_of_the_greatest_depth_still_fits_into_an_answer() -> None:
    deep = orjson.loads(json_of("value", nested(199), 1_000))
    assert orjson.dumps({"jsonrpc": "2.0", "id": 1, "result": {"values": [deep]}}).count(b"[") == 201


def test_a_value_may_be_as_large_as_the_limit_and_not_a_byte_more() -> None:
    assert len(json_of("value", "x" * 98, 100)) == 100
    with pytest.raises(InvalidValue, match="at most 100 bytes of JSON, and is 101"):
        json_of("value", "x" * 99, 100)


@pytest.mark.parametrize("name", ["", "a\0b", "\ud800", "x" * 1_025, "😀" * 513, None, 1, b"x", ["k"]])
def test_what_cannot_name_a_thing_is_refused(name: object) -> None:
    with pytest.raises(InvalidValue, match=r"^key: "):
        name_of("key", name)


@pytest.mark.parametrize("name", ["k", "x" * 1_024, "😀" * 512, " ", "a\nb", "__proto__", "'; DROP TABLE kv"])
def test_any_other_text_names_a_thing(name: str) -> None:
    assert name_of("key", name) == name
