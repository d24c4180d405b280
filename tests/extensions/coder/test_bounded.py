"""What is shown of a call fits into an event, whatever a model or a tool made of it."""

from __future__ import annotations

from types import MappingProxyType
from typing import Any

import orjson
import pytest
from hypothesis import given
from hypothesis import strategies as some

from extensions.coder.bounded import ITEMS, LONGEST, MOST, SHORTER, bounded

VALUES = some.recursive(
    some.none() | some.booleans() | some.integers(-(2**53), 2**53) | some.text(max_size=50),
    lambda inner: some.lists(inner, max_size=5) | some.dictionaries(some.text(max_size=10), inner, max_size=5),
    max_leaves=20,
)


@given(some.dictionaries(some.text(max_size=10), VALUES, max_size=5))
def test_what_is_small_stays_as_it_is(value: dict[str, Any]) -> None:
    assert bounded(value) == orjson.loads(orjson.dumps(value))


def test_a_long_text_keeps_its_beginning_and_its_end() -> None:
    text = "begin" + "x" * 2_000_000 + "end"
    shown = bounded({"content": text})["content"]
    assert shown.startswith("begin")
    assert shown.endswith("end")
    assert f"{len(text) - LONGEST} characters are left out" in shown


def test_many_long_texts_fit_together() -> None:
    shown = bounded({"edits": [{"text": "é" * 60_000} for _ in range(80)]})
    assert len(orjson.dumps(shown)) <= MOST
    assert len(shown["edits"]) == 80


def test_what_fits_in_no_way_says_so() -> None:
    assert bounded({"tree": [["x" * 1_000 for _ in range(150)] for _ in range(150)]}) == {
        "leftOut": "it is too large to be shown"
    }


def test_what_is_no_json_becomes_text() -> None:
    assert bounded(MappingProxyType({"a": MappingProxyType({"b": b"c"}), "half": "\ud800"})) == {
        "a": {"b": "b'c'"},
        "half": "?",
    }


@pytest.mark.parametrize("value", [0, "x" * 1_000, {}])
def test_of_what_is_too_large_no_more_is_read_than_fits(value: Any) -> None:
    reads = 0

    class Endless(dict[str, Any]):
        def items(self) -> Any:
            nonlocal reads
            for reads in range(1, MOST * 10):
                yield str(reads), value

    assert bounded({"a": Endless()}) == {"a": {str(at): value for at in range(1, ITEMS + 1)}}
    assert reads <= ITEMS
    assert bounded({"a": [[Endless()] * ITEMS] * ITEMS}) == {"leftOut": "it is too large to be shown"}
    assert reads <= MOST


def test_what_is_left_out_of_a_text_is_counted_from_the_whole() -> None:
    text = "x" * 2_000_000
    assert f"{len(text) - SHORTER} characters are left out" in bounded({"a": [text] * 9})["a"][0]
