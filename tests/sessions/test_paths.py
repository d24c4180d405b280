"""A `uri` parameter means exactly one path, and a path shows as the URI that VS Code would show."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sessions.errors import InvalidValue
from sessions.files import path_of, uri_of

ORACLE = Path(__file__).parents[3] / "shared" / "cases" / "vscode_uri_oracle.json"


@pytest.mark.parametrize(
    ("uri", "path"),
    [
        ("/workspace/a.py", "/workspace/a.py"),
        ("/%41/%2e%2e?#", "/%41/%2e%2e?#"),
        ("//a", "//a"),
        ("/~/*/$HOME", "/~/*/$HOME"),
        ("file:///workspace/a.py", "/workspace/a.py"),
        ("file:/workspace/a.py", "/workspace/a.py"),
        ("FILE:///a", "/a"),
        ("File:/a", "/a"),
        ("file:///", "/"),
        ("file:///a%20b/%C3%BC/ü", "/a b/ü/ü"),
        ("file:///%2e%2E/x", "/../x"),
        ("file:///%252e%252e/x", "/%2e%2e/x"),
        ("file:///a%5Cb\\c", "/a\\b\\c"),
        ("file:///c%3A/x:y", "/c:/x:y"),
        ("file:///a%3Fb%23c", "/a?b#c"),
        ("file:///a//b", "/a//b"),
    ],
)
def test_a_uri_means_one_path(uri: str, path: str) -> None:
    assert path_of(uri) == path


@pytest.mark.parametrize(
    "uri",
    [
        "", "a", "./a", "../a", "~", "\\a", " /a", "C:\\a", "file", "file:", "file:a", "file://", "file://a", "file://host/a",
        "file://localhost/a", "file://user@/a", "file:////a", "file://///a", "file:///a?b", "file:///a?", "file:///a#",
        "file:///a#b", "file:///%", "file:///%4", "file:///%zz", "file:///%u0041", "file:///a%00b", "file:///a%2Fb",
        "file:///a%2fb", "file:///%2e%2e%2f", "file:///%ff", "file:///%c0%ae", "file:///%ed%b2%80", " file:///a", "file :///a",
        "http:///a", "https://a/b", "vscode-userdata:/a", "untitled:a", "data:,a", "files:///a", "xfile:///a", "file\n:///a",
        "file:///a\0", "file:///\ud800",
    ],
)  # fmt: skip
def test_what_is_no_path_is_refused_with_the_rule(uri: str) -> None:
    with pytest.raises(InvalidValue) as caught:
        path_of(uri)
    assert caught.value.field == "uri"
    assert len(str(caught.value)) > 30


def test_paths_show_as_vs_code_shows_them() -> None:
    if not ORACLE.exists():
        pytest.skip(f"the shared cases are not here: {ORACLE}")
    cases = [case for case in json.loads(ORACLE.read_text())["cases"] if case["op"] == "file"]
    plain = [case["expect"] for case in cases if not case["expect"].get("authority", "x")]
    assert len(plain) > 10
    for expect in plain:
        assert uri_of(expect["path"]) == expect["toString"]


def test_a_uri_of_odd_paths() -> None:
    assert uri_of("/a(b)[c]'!*;,~") == "file:///a%28b%29%5Bc%5D%27%21%2A%3B%2C~"
    assert uri_of("//a") == "file:///a"
    assert uri_of("/\udcff") == "file:///%EF%BF%BD"
    with pytest.raises(InvalidValue):
        uri_of("a")


@given(st.text(st.characters(exclude_characters="\0", exclude_categories=["Cs"])))
def test_a_path_comes_back_from_its_uri(text: str) -> None:
    path = "/_" + text
    assert path_of(uri_of(path)) == path
    assert path_of(path) == path
