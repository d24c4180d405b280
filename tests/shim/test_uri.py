"""`Uri`: vscode-uri's own cases where the folder of shared cases is there, and the rules that they do not reach."""

from __future__ import annotations

import copy
import json
import time
from pathlib import Path
from typing import Any

import pytest

from sessions.errors import InvalidValue
from shim.uri import PARTS, Uri

CASES = Path(__file__).parents[3] / "shared" / "cases" / "vscode_uri_oracle.json"


def oracle() -> list[Any]:
    if not CASES.exists():
        return [pytest.param(None, id="absent", marks=pytest.mark.skip(f"the shared cases are not at {CASES}"))]
    cases = json.loads(CASES.read_text())["cases"]
    return [pytest.param(case, id=f"{number}-{case['op']}") for number, case in enumerate(cases)]


def ask(case: dict[str, Any]) -> object:
    """What our Uri answers to a case of the oracle."""
    args = case["args"]
    base = getattr(Uri, case["base"][0])(case["base"][1]) if "base" in case else None
    match case["op"]:
        case "from":
            return Uri.from_(**args[0])
        case "with":
            assert base
            return base.with_(**args[0])
        case "joinPath":
            return Uri.join_path(base, *args)
        case operation:
            return getattr(base or Uri, operation)(*args)


def shown(answer: object) -> object:
    if not isinstance(answer, Uri):
        return answer
    parts = {name: getattr(answer, name) for name in PARTS}
    spelled = {"toString": str(answer), "toString_skipEncoding": answer.to_string(skip_encoding=True)}
    return parts | spelled | {"fsPath": answer.fs_path}


@pytest.mark.parametrize("case", oracle())
def test_a_uri_is_what_vscode_uri_makes_of_it(case: dict[str, Any]) -> None:
    if "throws" in case:
        with pytest.raises(InvalidValue):
            ask(case)
    else:
        assert shown(ask(case)) == case["expect"]


@pytest.mark.parametrize(
    ("text", "path"),
    [
        ("file:///%FF", "/%FF"),
        ("file:///%41%FF%41", "/%41%FFA"),
        ("file:///%E2%82%41", "/%E2%82A"),
        ("file:///%zz%41", "/%zzA"),
        ("file:///%41%zz", "/%41%zz"),
        ("file:///%ED%A0%80", "/%ED%A0%80"),
        ("file:///%C0%80", "/%C0%80"),
        ("file:///%F0%9F%98%80%", "/😀%"),
        ("file:///100%", "/100%"),
    ],
)
def test_of_broken_percent_encoding_only_the_good_end_is_decoded(text: str, path: str) -> None:
    assert Uri.parse(text).path == path


@pytest.mark.parametrize("piece", ["%FF", "%41%FF", "%zz", "%E2%82", "%", ":", "@", "../", "//", "[", "?"])
def test_a_long_hostile_uri_is_read_in_one_pass(piece: str) -> None:
    began = time.perf_counter()
    uri = Uri.parse("foo://a/" + piece * (900_000 // len(piece)))
    str(uri.join_path("..", "x").dirname())
    assert time.perf_counter() - began < 5


@pytest.mark.parametrize(
    ("text", "spelled"),
    [
        ("http://U:P%23s@Host:80/a", "http://U:P%23s@host:80/a"),
        ("http://a@b@c/", "http://a@b%40c/"),
        ("http://[FE80::1]:8080/", "http://[fe80::1]:8080/"),
        ("foo:/D:/x", "foo:/d%3A/x"),
        ("foo:x/D:/x", "foo:x/D%3A/x"),
        ("s:?a=b&c d#e f", "s:?a%3Db%26c%20d#e%20f"),
        ("file:///a#first\nsecond", "file:///a#first"),
        ("file:///a#first\u2028second", "file:///a#first"),
    ],
)
def test_a_uri_is_spelled_as_vs_code_spells_it(text: str, spelled: str) -> None:
    assert str(Uri.parse(text)) == spelled


def test_what_is_spelled_reads_back_as_the_same_uri() -> None:
    uri = Uri.from_("foo", "u:p@host:1", "/a b/ä#?%/😀", "q=1&r=%41", "f g")
    assert Uri.parse(str(uri)) == uri


@pytest.mark.parametrize(
    ("parts", "field"),
    [
        ({"scheme": "no good"}, "scheme"),
        ({"scheme": "a\n"}, "scheme"),
        ({"scheme": "é"}, "scheme"),
        ({"scheme": "s", "authority": "a", "path": "b"}, "path"),
        ({"scheme": "s", "path": "//b"}, "path"),
        ({"scheme": "s", "query": 5}, "query"),
    ],
)
def test_parts_that_make_no_uri_are_refused_by_name(parts: dict[str, Any], field: str) -> None:
    with pytest.raises(InvalidValue) as refused:
        Uri.from_(**parts)
    assert refused.value.field == field


def test_only_a_strict_reading_asks_for_a_scheme() -> None:
    assert str(Uri.parse("/a/b")) == "file:///a/b"
    with pytest.raises(InvalidValue, match="scheme"):
        Uri.parse("/a/b", True)


@pytest.mark.parametrize("value", [None, 5, b"file:///x", Path("/x")])
def test_parse_takes_only_text(value: Any) -> None:
    with pytest.raises(InvalidValue, match="uri: must be a string"):
        Uri.parse(value)


def test_file_takes_a_path_object_too() -> None:
    assert Uri.file(Path("/a b/c#")) == Uri.file("/a b/c#")
    assert Uri.file("//server/share/x").authority == "server"
    assert Uri.file("//server").path == "/"


@pytest.mark.parametrize("name", [*PARTS, "fs_path", "other"])
def test_a_uri_cannot_be_changed(name: str) -> None:
    with pytest.raises(AttributeError):
        setattr(Uri.file("/a"), name, "b")


def test_with_gives_the_same_object_where_nothing_changes() -> None:
    uri = Uri.parse("foo://a/b?c#d")
    assert uri.with_() is uri
    assert uri.with_(path="/b", query="c") is uri
    assert str(uri.with_(query=None, fragment="")) == "foo://a/b"


def test_uris_are_equal_and_one_key_where_all_their_parts_are() -> None:
    assert Uri.parse("foo://a/b?c#d") == Uri.from_("foo", "a", "/b", "c", "d")
    assert len({Uri.file("/a"), Uri.parse("file:///a"), Uri.file("/A")}) == 2
    assert Uri.file("/a") != "file:///a"
    assert Uri.parse("foo:/a?b") != Uri.parse("foo:/a#b")


def test_a_uri_survives_json_and_copying() -> None:
    uri = Uri.parse("foo://a/b?c#d")
    assert Uri.from_(json.loads(json.dumps(uri.to_json()))) == uri
    assert copy.deepcopy([uri]) == [uri]
    assert Uri.file("/path/test.file").to_json() == {"$mid": 1, "scheme": "file", "path": "/path/test.file"}


def test_a_name_that_is_not_utf8_is_refused_with_a_reason_and_can_still_be_shown() -> None:
    uri = Uri.file("/a\udcff")
    assert uri.fs_path == "/a\udcff"
    with pytest.raises(InvalidValue, match="not UTF-8"):
        str(uri)
    assert "udcff" in ascii(repr(uri))


def test_of_a_path_without_a_root_one_may_climb_out() -> None:
    assert Uri.parse("foo:a").join_path("..", "..", "..", "x").path == "../../x"
    assert Uri.parse("foo:/a").join_path("..", "..", "..", "x").path == "/x"


def test_of_a_uri_without_a_path_a_joined_one_has_no_root() -> None:
    assert Uri.parse("foo:").join_path("a", "b").path == "a/b"


@pytest.mark.parametrize(
    ("path", "dirname", "basename", "extname"),
    [
        ("/a/b.c.d", "/a", "b.c.d", ".d"),
        ("/a/.profile", "/a", ".profile", ""),
        ("/a/b./", "/a", "b.", "."),
        ("/..", "/", "..", ""),
        ("/...", "/", "...", "."),
        ("/", "/", "", ""),
        ("/a//", "/", "a", ""),
        ("/a//b", "/a/", "b", ""),
    ],
)
def test_the_parts_of_a_path_are_nodes(path: str, dirname: str, basename: str, extname: str) -> None:
    uri = Uri.file(path)
    assert (uri.dirname().path, uri.basename(), uri.extname()) == (dirname, basename, extname)
