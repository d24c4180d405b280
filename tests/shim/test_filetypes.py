"""Languages of files: by name, by extension, by first line, contributed ones first."""

from __future__ import annotations

from typing import NamedTuple

import pytest

from shim.filetypes import language_of

pytestmark = pytest.mark.anyio


class Contributed(NamedTuple):
    id: str
    extensions: tuple[str, ...] = ()
    filenames: tuple[str, ...] = ()
    filename_patterns: tuple[str, ...] = ()
    first_line: str | None = None


@pytest.mark.parametrize(
    ("path", "first_line", "language"),
    [
        ("/a/b.py", "", "python"),
        ("/a/B.PY", "", "python"),
        ("/a/b.tsx", "", "typescriptreact"),
        ("/a/Dockerfile", "", "dockerfile"),
        ("/a/Dockerfile.dev", "", "dockerfile"),
        ("/a/Makefile", "", "makefile"),
        ("/a/.gitignore", "", "ignore"),
        ("/a/py", "", "plaintext"),
        ("/a/b.unknown", "", "plaintext"),
        ("/a/b", "#!/bin/sh -e", "shellscript"),
        ("/a/b", "#!/usr/bin/env python3.11", "python"),
        ("/a/b", "#! /usr/bin/env -S NODE_ENV=x node", "javascript"),
        ("/a/b", "#!/opt/unknown", "plaintext"),
        ("/a/b", "<?xml version='1.0'?>", "xml"),
        ("/a/b.txt", "#!/bin/sh", "shellscript"),
    ],
)
def test_a_files_language_is_found(path: str, first_line: str, language: str) -> None:
    assert language_of(path, first_line) == language


def test_what_extensions_contribute_comes_first_and_the_longest_extension_wins() -> None:
    contributed = [
        Contributed("short", extensions=(".py",)),
        Contributed("long", extensions=(".test.py",)),
        Contributed("named", filenames=("Special.py",)),
        Contributed("patterned", filename_patterns=("config-*.py",)),
        Contributed("begun", first_line="^#!.*special"),
        Contributed("broken", first_line="("),
    ]
    found = [language_of(f"/a/{name}", "", contributed) for name in ("a.py", "a.test.py", "special.py", "config-x.py")]
    assert found == ["short", "long", "named", "patterned"]
    assert language_of("/a/b", "#!/bin/special", contributed) == "begun"
