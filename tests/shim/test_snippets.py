"""Snippets as plain text: escapes, defaults, choices, variables, and places that repeat."""

from __future__ import annotations

import pytest

from shim.snippets import expanded

pytestmark = pytest.mark.anyio


@pytest.mark.parametrize(
    ("snippet", "text"),
    [
        ("plain", "plain"),
        (r"\$1 \} \\ \n", r"$1 } \ \n"),
        ("$1a$2b$0", "ab"),
        ("${1}a", "a"),
        ("${1:one} and $1", "one and one"),
        ("$1 and ${1:one}", "one and one"),
        ("${1:a ${2:b} c} $2", "a b c b"),
        ("${1|x,y|}", "x"),
        (r"${1|a\,b,y|}", "a,b"),
        ("${1:a}}", "a}"),
        ("$NAME ${NAME} ${NAME:other} ${MISSING:default} $MISSING!", "it it it default !"),
        ("${NAME/(.*)/${1:/upcase}/}", "it"),
        ("${MISSING:${1:deep}}", "deep"),
        ("$", "$"),
        ("${", "${"),
        ("${1:open", "open"),
        ("a } b", "a } b"),
    ],
)
def test_a_snippet_reads_as_an_editor_would_first_show_it(snippet: str, text: str) -> None:
    assert expanded(snippet, {"NAME": "it"}).text == text


def test_the_places_to_fill_in_are_in_their_order_the_last_one_last() -> None:
    stops = expanded("$0𝒳${2:two}$1${2}").tabstops
    assert [tuple(stop) for stop in stops] == [(1, 5, 5), (2, 2, 5), (2, 5, 8), (0, 0, 0)]


def test_what_is_nested_without_end_is_taken_as_text() -> None:
    snippet = "${1:" * 5_000
    assert expanded(snippet).text.startswith("${1:")
