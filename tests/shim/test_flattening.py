"""Schemas in plainer words allow all that they allowed, and take no longer however often they hold themselves."""

from __future__ import annotations

import time
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from shim.flattening import NOT_AT_THE_TOP, STEPS, Flat, as_object
from shim.schemas import mistake

NAMES = st.sampled_from("ab")
RULES = st.fixed_dictionaries(
    {},
    optional={
        "type": st.sampled_from(["string", "integer", "number", ["integer", "null"]]),
        "minimum": st.integers(0, 3),
        "maximum": st.integers(2, 5),
        "enum": st.lists(st.sampled_from(["x", 1, 2, None]), min_size=1, max_size=3),
    },
)
SHAPES = st.recursive(
    st.fixed_dictionaries(
        {"properties": st.fixed_dictionaries({"a": RULES, "b": RULES})},
        optional={"required": st.lists(NAMES, max_size=2)},
    ),
    lambda inner: st.one_of(
        st.just({"$ref": "#/$defs/one"}),
        st.fixed_dictionaries({"allOf": st.lists(inner, min_size=1, max_size=2)}),
        st.fixed_dictionaries({"anyOf": st.lists(inner, min_size=1, max_size=2)}),
    ),
    max_leaves=6,
)
VALUES = st.dictionaries(NAMES, st.sampled_from(["x", 1, 2, 1.5, None]), max_size=2)


@given(SHAPES, st.fixed_dictionaries({"properties": st.fixed_dictionaries({"a": RULES, "b": RULES})}), VALUES)
def test_what_a_schema_allows_its_plainer_one_allows(schema: dict[str, Any], one: Any, value: Any) -> None:
    whole = {**schema, "$defs": {"one": one}}
    told = as_object(whole)
    assert not NOT_AT_THE_TOP & told.keys()
    if mistake(value, whole) is None:
        assert mistake(value, told) is None


@pytest.mark.parametrize(
    ("schema", "flat"),
    [
        ({"allOf": [{"minimum": 1, "title": "a"}, {"minimum": 2, "title": "b"}]}, {"minimum": 2, "title": "a"}),
        ({"allOf": [{"maxLength": 1}, {"maxLength": True}]}, {"maxLength": 1}),
        ({"allOf": [{"type": ["integer", "null"]}, {"type": ["number", "null"]}]}, {"type": ["integer", "null"]}),
        ({"allOf": [{"type": "string"}, {"type": "integer"}]}, {"type": "string"}),
        ({"allOf": [{"items": {"minimum": 1}}, {"items": {"maximum": 2}}]}, {"items": {"minimum": 1, "maximum": 2}}),
        ({"allOf": [{"enum": [1, 2]}, {"enum": [2, 3]}]}, {"enum": [2]}),
        ({"allOf": "x", "$ref": 7, "type": "string"}, {"type": "string"}),
        ({"$ref": "#/$defs/a", "$defs": {"a": {"type": "string"}}},
         {"type": "string", "$defs": {"a": {"type": "string"}}}),
        (True, {}),
    ],
)  # fmt: skip
def test_rules_that_all_hold_are_one(schema: Any, flat: dict[str, Any]) -> None:
    assert Flat(schema).of(schema)[0] == flat


def test_a_schema_that_needs_no_other_words_is_told_as_it_is() -> None:
    schema = {"type": "object", "properties": {"a": {"$ref": "#/$defs/a"}}, "required": ["b"], "$defs": {"a": {}}}
    assert as_object(schema) == schema


@pytest.mark.parametrize(
    "schema",
    [
        {"$ref": "#"},
        {"allOf": [{"$ref": "#"}] * 50},
        {"anyOf": [{"$ref": "#"}] * 50},
        {"oneOf": [{"allOf": [{"$ref": "#"}, {"anyOf": [{"$ref": "#"}] * 9}]}] * 9, "properties": {"a": {"$ref": "#"}}},
        {"allOf": [{"enum": list(range(9_000))}, {"enum": list(range(9_000))}]},
        {"anyOf": [{"properties": {"a": {"minimum": at}}} for at in range(STEPS)]},
    ],
)
def test_a_schema_that_grows_without_end_takes_a_moment(schema: dict[str, Any]) -> None:
    began = time.process_time()
    as_object(schema)
    assert time.process_time() - began < 1


def test_a_schema_nested_too_deep_is_told_by_its_type() -> None:
    schema: dict[str, Any] = {"type": "object", "properties": {"a": {"type": "string"}}}
    for _ in range(900):
        schema = {"type": "object", "allOf": [schema]}
    assert as_object(schema) == {"type": "object", "properties": {}}
