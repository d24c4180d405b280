"""The rules of settings: which value breaks which, and what is said of it."""

from __future__ import annotations

from typing import Any

import pytest

from host.schema import Schema, empty_value, mistake

FINE: list[tuple[dict[str, Any], Any]] = [
    ({}, object.__name__),
    ({"type": "string"}, ""),
    ({"type": "number"}, 1),
    ({"type": "number"}, 1.5),
    ({"type": "integer"}, 2.0),
    ({"type": "boolean"}, True),
    ({"type": "null"}, None),
    ({"type": ["string", "null"]}, None),
    ({"enum": [1, "a", None]}, None),
    ({"minimum": 1, "maximum": 3}, 3),
    ({"minimum": 5}, "not a number"),
    ({"multiple_of": 0.1}, 0.3),
    ({"pattern": "b"}, "abc"),
    ({"min_length": 2, "max_length": 2}, "ab"),
    ({"items": {"type": "integer"}}, [1, 2]),
    ({"unique_items": True}, [1, True]),
    ({"properties": {"a": {"type": "string"}}, "additional_properties": False}, {"a": "x"}),
    ({"additional_properties": {"type": "integer"}}, {"b": 1}),
    ({"required": ["a"]}, {"a": None}),
]

BROKEN: list[tuple[dict[str, Any], Any, str]] = [
    ({"type": "string"}, 1, "must be of type string"),
    ({"type": "string"}, None, "must be of type string"),
    ({"type": "number"}, "1", "must be of type number"),
    ({"type": "number"}, True, "must be of type number"),
    ({"type": "integer"}, 1.5, "must be of type integer"),
    ({"type": "integer"}, False, "must be of type integer"),
    ({"type": "boolean"}, 1, "must be of type boolean"),
    ({"type": "array"}, {}, "must be of type array"),
    ({"type": "object"}, [], "must be of type object"),
    ({"type": ["string", "null"]}, 1, "must be of type string or null"),
    ({"enum": ["a", "b"]}, "c", "must be one of 'a', 'b'"),
    ({"enum": [1]}, True, "must be one of 1"),
    ({"enum": [False]}, 0, "must be one of False"),
    ({"minimum": 1}, 0.5, "must be at least 1"),
    ({"maximum": 1}, 2, "must be at most 1"),
    ({"exclusive_minimum": 1}, 1, "must be more than 1"),
    ({"exclusive_maximum": 1}, 1, "must be less than 1"),
    ({"multiple_of": 2}, 3, "must be a multiple of 2"),
    ({"min_length": 2}, "a", "must have at least 2 characters"),
    ({"max_length": 2}, "abc", "must have at most 2 characters"),
    ({"pattern": "^a$"}, "b", "must match ^a$"),
    ({"pattern": "^a$", "pattern_error_message": "write an a"}, "b", "write an a"),
    ({"min_items": 1}, [], "must have at least 1 items"),
    ({"max_items": 1}, [1, 2], "must have at most 1 items"),
    ({"unique_items": True}, [1, 2, 1], "must not have the same item twice"),
    ({"items": {"type": "string"}}, ["a", 1], "[1] must be of type string"),
    ({"items": {"items": {"maximum": 1}}}, [[1], [2]], "[1] [0] must be at most 1"),
    ({"required": ["a"]}, {}, "must have 'a'"),
    ({"properties": {"a": {"type": "string"}}}, {"a": 1}, "'a' must be of type string"),
    ({"additional_properties": False}, {"a": 1}, "must not have 'a'"),
    ({"additional_properties": {"type": "string"}}, {"a": 1}, "'a' must be of type string"),
]


@pytest.mark.parametrize(("rules", "value"), FINE)
def test_a_value_that_keeps_the_rules_is_fine(rules: dict[str, Any], value: Any) -> None:
    assert mistake(value, Schema.model_validate(rules)) is None


@pytest.mark.parametrize(("rules", "value", "says"), BROKEN)
def test_a_broken_rule_is_named(rules: dict[str, Any], value: Any, says: str) -> None:
    assert mistake(value, Schema.model_validate(rules)) == says


def test_the_empty_value_is_a_new_one_each_time() -> None:
    schema = Schema.model_validate({"type": "array"})
    assert empty_value(schema) == []
    assert empty_value(schema) is not empty_value(schema)
