"""What models give tools in another type of JSON: read as what it means, or left for the schema to refuse."""

from __future__ import annotations

from typing import Any

import pytest

from extensions.coder.arguments import BROKEN, IN_ALL, fitted, refuse_broken
from extensions.coder.tool import ToolError
from extensions.coder.tools import read_file
from host.providers.answers import arguments_of

LINES = {"type": "object", "properties": {"first": {"type": "integer"}}}
SCHEMA = {
    "type": "object",
    "properties": {
        "path": {"type": "string"},
        "name": {"type": ["string", "null"]},
        "line": {"type": ["integer", "null"]},
        "wait": {"type": "number"},
        "deep": {"type": ["boolean", "null"]},
        "kind": {"type": "string", "enum": ["a", "b"]},
        "numbers": {"type": "array", "items": {"type": "integer"}},
        "lines": {"type": "array", "items": LINES},
        "block": LINES,
        "either": {"anyOf": [{"type": "integer"}, {"type": "string"}]},
    },
    "required": ["path", "wait"],
}


@pytest.mark.parametrize(
    ("name", "given", "taken"),
    [
        ("line", "10", 10),
        ("line", " -3 ", -3),
        ("wait", "2.5", 2.5),
        ("wait", "3", 3),
        ("deep", "true", True),
        ("deep", "False", False),
        ("line", "null", None),
        ("line", "None", None),
        ("line", "", None),
        ("line", 4.0, 4),
        ("numbers", "[1, 2]", [1, 2]),
        ("numbers", ["1", 2], [1, 2]),
        ("lines", '[{"first": "4"}]', [{"first": 4}]),
        ("block", {"first": "7"}, {"first": 7}),
        ("path", 404, "404"),
    ],
)
def test_what_means_one_thing_is_taken_as_that(name: str, given: Any, taken: Any) -> None:
    found = fitted({name: given}, SCHEMA)
    assert (found, type(found[name])) == ({name: taken}, type(taken))


@pytest.mark.parametrize(
    ("name", "given"),
    [
        ("line", "ten"),
        ("line", "1.5"),
        ("line", "9" * 40),
        ("line", True),
        ("deep", "yes"),
        ("deep", 1),
        ("numbers", "[1, 2"),
        ("numbers", "1, 2"),
        ("block", "[1]"),
        ("path", "10"),
        ("path", "null"),
        ("path", 1.5),
        ("path", None),
        ("name", None),
        ("either", "10"),
        ("more", "10"),
    ],
)
def test_what_is_fine_or_not_clear_stays_as_it_is(name: str, given: Any) -> None:
    assert fitted({name: given}, SCHEMA) == {name: given}


@pytest.mark.parametrize("name", ["kind", "numbers", "block"])
def test_null_for_what_need_not_be_given_is_as_if_it_was_not(name: str) -> None:
    assert fitted({"path": "a", name: None}, SCHEMA) == {"path": "a"}


@pytest.mark.parametrize("schema", [{"required": True}, {"properties": 3}, {"properties": {"a": {"type": [{}, 1]}}}])
def test_a_schema_that_is_none_changes_nothing(schema: dict[str, Any]) -> None:
    assert fitted({"a": "10", "b": None}, schema) == {"a": "10", "b": None}


def test_a_tools_own_schema_is_understood() -> None:
    given = {"path": "a", "offset": "5", "indentation": '{"anchor_line": "9"}', "files": "null"}
    assert fitted(given, read_file.TOOL.schema) == {
        "path": "a",
        "offset": 5,
        "indentation": {"anchor_line": 9},
        "files": None,
    }


def test_arguments_that_were_no_json_are_told_as_such() -> None:
    with pytest.raises(ToolError, match=r"read_file: its arguments are no JSON object.*They were: \{\"path\": "):
        refuse_broken("read_file", arguments_of('{"path": '))
    assert list(arguments_of("{")) == [BROKEN]
    refuse_broken("read_file", arguments_of("{}"))


def test_what_has_more_in_it_than_is_looked_at_stays_as_it_is() -> None:
    block = {"type": "object", "properties": {"first": {"type": "integer"}}, "additionalProperties": True}
    schema = {"type": "object", "properties": {"line": {"type": "integer"}, "block": block}}
    few, many = ({str(at): None for at in range(count)} for count in (IN_ALL // 2, IN_ALL))
    assert fitted({"line": "10", "block": few}, schema) == {"line": 10, "block": few}
    assert fitted({"line": "10", "block": many}, schema) == {"line": "10", "block": many}


def test_a_schema_is_read_once_however_many_items_are_fitted_to_it() -> None:
    reads: list[str] = []

    class Read(dict[str, Any]):
        def get(self, name: str, default: Any = None) -> Any:
            reads.append(name)
            return super().get(name, default)

    item = Read(type="object", required=["first"], properties={"first": {"type": "integer"}})
    schema = {"type": "object", "properties": {"lines": {"type": "array", "items": item}}}
    assert fitted({"lines": [{"first": "1"}] * 500}, schema) == {"lines": [{"first": 1}] * 500}
    assert (reads.count("type"), reads.count("required")) == (1, 1)
