"""Globs match what VS Code's do."""

from __future__ import annotations

import pytest

from sessions.errors import InvalidValue
from sessions.globs import LONGEST, Glob, checked, compiled, is_plain

MATCHES = [
    ("package.json", "package.json"),
    ("**/package.json", "package.json"),
    ("**/package.json", "a/b/package.json"),
    ("*.py", "x.py"),
    ("**", "a/b"),
    ("**/*.{py,toml}", "a/x.toml"),
    ("a?c", "abc"),
    ("[a-c]x", "bx"),
    ("[!a]x", "bx"),
    ("[^a]x", "bx"),
    ("{a,b{c,d}}.x", "bd.x"),
    ("a.b", "a.b"),
    ("a,b", "a,b"),
    ("src/**/test/*", "src/test/a"),
    ("src/**/test/*", "src/a/b/test/a"),
    ("a[.txt", "a[.txt"),
    ("[z-a]", "[z-a]"),
    ("{a", "{a"),
    ("a}", "a}"),
    ("(a+b)$", "(a+b)$"),
    ("*", "a\nb"),
    ("foo.[]]", "foo.]"),
    ("foo.[][!]", "foo.["),
    ("foo.[][!]", "foo.]"),
    ("foo.[]-]", "foo.-"),
    ("foo.[0!^*?]", "foo.*"),
    ("foo.[!]]", "foo.x]"),
    ("foo.[]", "foo.[]"),
    ("x[+--]", "x,"),
    ("x[--.]", "x."),
    ("x[a-c-e]", "x-"),
    ("x[&&a]", "x&"),
    ("x[a||b]", "x|"),
    ("x[!~~]", "x-"),
    ("[a--b]", "[a--b]"),
]

DIFFERS = [
    ("package.json", "a/package.json"),
    ("package.json", "package_json"),
    ("*.py", "a/x.py"),
    ("a?c", "a/c"),
    ("[a-c]x", "dx"),
    ("[!a]x", "ax"),
    ("[!a]x", "/x"),
    ("**/test/*", "test/a/b"),
    ("{a,b}", "a,b"),
    ("a.b", "axb"),
    ("[z-a]", "y"),
    ("foo.[]-]", "foo.x"),
    ("foo.[0!^*?]", "foo.00"),
    ("x[+--]", "x/"),
    ("x[a-c-e]", "xd"),
    ("x[!~~]", "x~"),
    ("[a--b]", "b"),
    ("x", "x\n"),
]


@pytest.mark.parametrize(("glob", "path"), MATCHES)
def test_a_path_that_a_glob_means(glob: str, path: str) -> None:
    assert compiled(glob).fullmatch(path)


@pytest.mark.parametrize(("glob", "path"), DIFFERS)
def test_a_path_that_a_glob_does_not_mean(glob: str, path: str) -> None:
    assert not compiled(glob).fullmatch(path)


def test_a_plain_path_is_known() -> None:
    assert [is_plain(one) for one in ("a/b.c", "*", "a?", "[a", "{a")] == [True, False, False, False, False]


def test_braces_do_not_multiply_what_is_long() -> None:
    assert checked("*a" * (LONGEST // 2))
    assert checked("**/*.{" + ",".join(f"kind{number}" for number in range(250)) + "}")
    with pytest.raises(InvalidValue, match="include: stands for patterns of more than 8192 characters; use fewer"):
        Glob("{a,b}" * 8 + "*?[ab]" * 600, "include")
