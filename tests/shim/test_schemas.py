"""What a tool's input must be by its JSON Schema: the first mistake is told with its place; nothing hangs."""

from __future__ import annotations

import asyncio
import threading
import time
from collections.abc import Callable
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from shim import schemas
from shim.schemas import mistake, mistake_in_turns

EDITS = {
    "type": "object",
    "properties": {
        "path": {"type": "string", "minLength": 1, "pattern": "^/"},
        "mode": {"enum": ["fast", "safe", 1]},
        "edits": {"type": "array", "minItems": 1, "items": {"$ref": "#/$defs/edit"}},
        "limit": {"anyOf": [{"type": "integer", "minimum": 1, "maximum": 9}, {"type": "null"}]},
    },
    "required": ["path"],
    "additionalProperties": False,
    "$defs": {"edit": {"type": "object", "required": ["line"], "properties": {"line": {"type": "integer"}}}},
}


@pytest.mark.parametrize(
    ("value", "told"),
    [
        ({"path": "/a", "edits": [{"line": 1}, {"line": 2.0}], "mode": 1, "limit": None}, None),
        ([], ("", "must be of type object")),
        ({}, ("path", "must be given")),
        ({"path": 7}, ("path", "must be of type string")),
        ({"path": ""}, ("path", "must have at least 1 characters")),
        ({"path": "a"}, ("path", "must match ^/")),
        ({"path": "/a", "mode": True}, ("mode", "must be one of 'fast', 'safe', 1")),
        ({"path": "/a", "edits": []}, ("edits", "must have at least 1 items")),
        ({"path": "/a", "edits": [{"line": 1}, {}]}, ("edits[1].line", "must be given")),
        ({"path": "/a", "edits": [{"line": 1.5}]}, ("edits[0].line", "must be of type integer")),
        ({"path": "/a", "limit": 10}, ("limit", "must be at most 9 or must be of type null")),
        ({"path": "/a", "x": 1}, ("x", "is unknown: there are path, mode, edits, limit")),
    ],
)
def test_the_first_mistake_is_told_with_its_place(value: object, told: object) -> None:
    assert mistake(value, EDITS) == told


@pytest.mark.parametrize(
    ("schema", "good", "bad"),
    [
        ({"const": "x"}, "x", "y"),
        ({"$ref": "#/$defs/a%20b~1c/1", "$defs": {"a b/c": [{"type": "string"}, {"type": "integer"}]}}, 1, "x"),
        ({"oneOf": [{"type": "integer"}, {"type": "number"}]}, 1.5, 1),
        ({"allOf": [{"minimum": 1}, {"exclusiveMaximum": 3}]}, 2, 3),
        ({"not": {"type": "string"}}, 1, "x"),
        ({"additionalProperties": {"type": "string"}}, {"a": "b"}, {"a": 1}),
        ({"type": ["string", "null"], "maxLength": 2}, None, "abc"),
        ({"properties": {"a": False}}, {"b": 1}, {"a": 1}),
        ({"exclusiveMinimum": 0}, 0.1, 0),
        ({"type": "number"}, 1, True),
    ],
)
def test_each_keyword_lets_the_good_through_and_not_the_bad(schema: dict[str, Any], good: object, bad: object) -> None:
    assert mistake(good, schema) is None
    assert mistake(bad, schema) is not None


@pytest.mark.parametrize(
    "schema",
    [
        {"$ref": "#"},
        {"$ref": "#/$defs/a", "$defs": {"a": {"$ref": "#/$defs/a"}}},
        {"$ref": "http://127.0.0.1:1/schema"},
        {"allOf": [{"$ref": "#"}] * 50},
        {"type": "strnig", "properties": [], "required": {}, "enum": 7, "items": 5, "minimum": "x", "anyOf": {}},
        {"pattern": "(a+)+$"},
        {"pattern": "(?<=a)b\\1"},
    ],
)
def test_schemas_that_are_none_or_never_end_let_everything_through_at_once(schema: dict[str, Any]) -> None:
    began = time.monotonic()
    assert mistake({"a": ["b"]}, schema) is None
    assert mistake("a" * 50_000 + "a", schema) is None
    assert time.monotonic() - began < 2


def test_a_list_of_words_that_are_one_of_very_many_is_no_way_to_stop_the_host() -> None:
    schema = {"items": {"enum": [str(number) for number in range(20_000)]}}
    began = time.process_time()
    assert mistake(["19999"] * 5_000, schema) is None
    assert mistake(["nothing"], schema) is not None
    assert time.process_time() - began < 2  # each compared with each took half a minute


@pytest.mark.anyio
async def test_what_is_large_is_looked_at_beside_the_loop() -> None:
    schema = {"items": {"type": "integer"}}
    asked, turns = asyncio.ensure_future(mistake_in_turns([*range(10_000), "x"], schema)), 0
    while not asked.done():
        await asyncio.sleep(0)
        turns += 1
    assert await asked == ("[10000]", "must be of type integer")
    assert turns > 3
    assert await mistake_in_turns(["x"], schema) == ("[0]", "must be of type integer")


def test_a_pattern_that_would_keep_everybody_waiting_says_nothing_and_all_else_counts() -> None:
    schema = {"properties": {"a": {"pattern": r"(\pL{99}){99}"}, "b": {"pattern": "^x$"}}}
    assert mistake({"a": "!"}, schema) is None
    assert mistake({"a": "!", "b": "y"}, schema) == ("b", "must match ^x$")


@pytest.mark.anyio
async def test_many_patterns_are_compiled_beside_the_loop(monkeypatch: pytest.MonkeyPatch) -> None:
    threads: list[object] = []
    compiled = schemas.matcher

    def noted(pattern: str) -> Callable[[str], bool] | None:
        threads.append(threading.current_thread())
        return compiled(pattern)

    monkeypatch.setattr(schemas, "matcher", noted)
    schema = {"properties": {f"p{at}": {"pattern": rf"^[a-z]{{{at + 1}}}$"} for at in range(90)}}
    value = {f"p{at}": "x" * (at + 1) for at in range(90)}
    assert await mistake_in_turns(value, schema) is None
    assert threads.count(threading.current_thread()) < 60 < len(threads)
    assert await mistake_in_turns({**value, "p89": "x"}, schema) == ("p89", "must match ^[a-z]{90}$")


@pytest.mark.anyio
async def test_long_patterns_are_weighed_beside_the_loop(monkeypatch: pytest.MonkeyPatch) -> None:
    weighed: list[int] = []
    heavy, here = schemas.too_heavy, threading.current_thread()

    def noted(pattern: str, text: str) -> bool:
        if threading.current_thread() is here:
            weighed.append(len(pattern))
        return heavy(pattern, text)

    monkeypatch.setattr(schemas, "too_heavy", noted)
    schema = {"properties": {f"p{at}": {"pattern": "a?" * 2_100 + str(at)} for at in range(50)} | {"end": False}}
    assert await mistake_in_turns({f"p{at}": "" for at in range(50)} | {"end": 1}, schema) == (
        "end",
        "must not be given",
    )
    assert sum(weighed) < 5_000


ANY = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=4),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=4), inner, max_size=3),
    max_leaves=8,
)
WORDS = st.sampled_from(
    [
        "type",
        "enum",
        "const",
        "items",
        "properties",
        "required",
        "anyOf",
        "oneOf",
        "allOf",
        "not",
        "$ref",
        "minimum",
        "maximum",
        "minLength",
        "maxItems",
        "pattern",
        "additionalProperties",
    ]
)


@given(value=ANY, schema=st.dictionaries(WORDS, ANY, max_size=5))
def test_no_schema_and_no_value_raises(value: object, schema: dict[str, Any]) -> None:
    mistake(value, schema)
