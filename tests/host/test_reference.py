"""The reference pages are those of the documents that the host publishes, whole, and each says what it is about."""

from __future__ import annotations

import re
from collections.abc import Callable
from pathlib import Path

import pytest

from host import api, reference
from host.methods import CONTRACT

DOCS = Path(__file__).resolve().parents[2] / "docs"
AGAIN = "run `python -m host.reference` and look at what changed"


def test_the_page_on_the_socket_is_in_step_with_the_methods() -> None:
    assert (DOCS / "wire.md").read_text() == reference.wire(), AGAIN


def test_the_page_on_http_is_in_step_with_the_endpoints() -> None:
    assert (DOCS / "rest.md").read_text() == reference.rest(), AGAIN


def test_every_method_and_endpoint_stands_there_with_a_sentence() -> None:
    shown = dict(re.findall(r"^### `(.+)`\n\n(.*)$", reference.wire() + reference.rest(), re.MULTILINE))
    assert set(CONTRACT) <= set(shown)
    assert {f"{one.method} {re.sub(r':[a-z]+}', '}', one.path)}" for one in api.TABLE} <= set(shown)
    assert "POST /api/v1/tasks" in shown, "the routes of built-in extensions are the host's, too"
    assert [name for name, sentence in shown.items() if not sentence.strip()] == []


@pytest.mark.parametrize("page", [reference.wire, reference.rest])
def test_every_type_that_is_named_is_there(page: Callable[[], str]) -> None:
    text = page()
    there = set(re.findall(r"^type (\w+) = ", text, re.MULTILINE))
    code = "\n".join(re.findall(r"^(?:type \w+ =|- (?:takes|query|body|answers)) (.*)$", text, re.MULTILINE))
    bare = re.sub(r'"[^"]*"', "", code)
    assert not [name for name in there if "__" in name], "two models have one name: rename one of them"
    assert set(re.findall(r"(?:: |Array<|\| |`)([A-Z][a-z]\w*)", bare)) - {"Array", "Record"} <= there


def test_an_endpoint_says_what_it_takes_and_answers() -> None:
    row = {
        "summary": "Does it.",
        "parameters": [{"name": "n", "in": "query", "required": True, "schema": {"type": "integer"}}],
        "requestBody": {"content": {"application/json": {"schema": {"$ref": "#/components/schemas/One"}}}},
        "responses": {"201": {"content": {"text/csv": {"schema": {"type": "string"}}}}, "204": {}, "default": {}},
        "security": [],
    }
    text = "\n".join(reference._endpoint("/a", "put", row))
    assert "### `PUT /a`" in text
    assert "- query `{ n: number }`\n- body `One`\n- answers 201 `text/csv`, 204; asks nobody who they are" in text
