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
        ("${NAME/(.*)/${1:/upcase}/}", "IT"),
        ("${MISSING:${1:deep}}", "deep"),
        ("$", "$"),
        ("${", "${"),
        ("${1:open", "${1:open"),
        ("${name:value", "${name:value"),
        ("${1:bar${2:foobar}", "${1:barfoobar"),
        ("${1:a$1}", "aaa"),
        ("${1:${foo:${1}}}", ""),
        ("${1:${foo:abc$1def}}", "abcabcdefdef"),
        ("${1:one} ${1:two} $1", "one one one"),
        ("${1} ${1:foo}", "foo foo"),
        ("${0:end} $0", "end "),
        ("${0|a,b|}", "${0|a,b|}"),
        (r"${1|a\n\|b\\,c|}", "a\\n|b\\"),
        ("${1|a,,b|}", "${1|a,,b|}"),
        ("${1||}", "${1||}"),
        ("${1|a", "${1|a"),
        ("${NAME|a,b|}", "${NAME|a,b|}"),
        ("${1 }", "${1 }"),
        ("${1-}", "${1-}"),
        ("$NAMEö $1٢", "itö ٢"),
        ("{{id:bern {{id:basel}}}}", "{{id:bern {{id:basel}}}}"),
        (r"foo${f:\}}bar", "foo}bar"),
        ("${1/(.*)/x/} $1", " "),
        ("a } b", "a } b"),
    ],
)
def test_a_snippet_reads_as_an_editor_would_first_show_it(snippet: str, text: str) -> None:
    assert expanded(snippet, {"NAME": "it"}).text == text


@pytest.mark.parametrize(
    ("transform", "text"),
    [
        ("/(.*)/${1:/downcase}/", "some_text-here.ts"),
        ("/(.*)/${1:/capitalize}/", "Some_Text-here.ts"),
        ("/(.*)/${1:/pascalcase}/", "SomeTextHereTs"),
        ("/(.*)/${1:/camelcase}/", "someTextHereTs"),
        ("/(.*)/${1:/nonsense}/", "some_Text-here.ts"),
        (r"/(.*)\.ts/$1/", "some_Text-here"),
        (r"/[-_.]/ /g", "some Text here ts"),
        (r"/[-_.]/ /", "some Text-here.ts"),
        ("/TEXT/x/i", "some_x-here.ts"),
        ("/TEXT/x/", "some_Text-here.ts"),
        ("/(TEXT)/${1:none}/", "none"),
        ("/(TEXT)/${1:-none}/", "none"),
        ("/(TEXT)/${1:+some}/", "some_Text-here.ts"),
        ("/^(some)?.*/${1:+yes}/", "yes"),
        ("/^(more)?.*/${1:+yes}/", ""),
        ("/^(some)?.*/${1:?yes:no}/", "yes"),
        (r"/^(more)?.*/${1:?yes:n\}o}/", "n}o"),
        (r"/_.*//", "some"),
        (r"/_.*/\/\\/", "some/\\"),
        (r"/(?<a>some)_/$1\$/", "some\\$Text-here.ts"),
        ("/^(.)|(.)$/${1:/upcase}${2:/upcase}/g", "Some_Text-here.tS"),
    ],
)
def test_a_variable_is_written_as_its_transform_says(transform: str, text: str) -> None:
    variables = {"NAME": "some_Text-here.ts"}
    assert expanded(f"<${{NAME{transform}}}>", variables).text == f"<{text}>"


@pytest.mark.parametrize("transform", ["/(/x/", "/a/b", "/a/b/x", "/a", "/a/b/q"])
def test_what_is_no_transform_is_text(transform: str) -> None:
    assert expanded(f"${{NAME{transform}}}", {"NAME": "a"}).text == f"${{NAME{transform}}}"


def test_a_transform_of_a_variable_without_a_value_has_an_empty_text() -> None:
    assert expanded("${NONE/(.+)/x/}${NONE/(.*)/y/}${NONE/(.+)/${1:z}/}").text == "yz"


def test_a_value_may_depend_on_what_stands_before_it_on_its_line() -> None:
    found = expanded("a\n b$X${X:none}", {"X": lambda before: f"<{before}>" if "<" not in before else None})
    assert found.text == "a\n b< b>none"


def test_places_within_one_another_do_not_grow_without_end() -> None:
    snippet = "".join(f"${{{number}:${number + 1}${number + 1}}}" for number in range(1, 40)) + "${40:x}"
    assert len(expanded(snippet).text) <= 100_000


def test_a_format_that_does_not_end_is_seen_at_once() -> None:
    snippet = "${NAME/a/" + "${1:b}" * 5_000
    assert expanded(snippet, {"NAME": "a"}).text.startswith("${NAME/a/")


def test_the_places_to_fill_in_are_in_their_order_the_last_one_last() -> None:
    stops = expanded("$0𝒳${2:two}$1${2}").tabstops
    assert [tuple(stop) for stop in stops] == [(1, 5, 5), (2, 2, 5), (2, 5, 8), (0, 0, 0)]


def test_what_is_nested_without_end_is_taken_as_text() -> None:
    snippet = "${1:" * 5_000
    assert expanded(snippet).text.startswith("${1:")
