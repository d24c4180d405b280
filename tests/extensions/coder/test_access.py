"""Which files an agent may see and change: Roo Code's cases, and where ours are stricter."""

from __future__ import annotations

import shlex
from typing import Any

import pytest

from extensions.coder.access import Access, Protection
from tests.extensions.coder.cases import cases

FAULTS = {53}
"""Recorded while upstream's matcher was made to raise; ours has no such state."""


@pytest.mark.parametrize("case", cases("roo_ignore_protect", apart=FAULTS))
def test_files_are_kept_as_in_roo_code(case: dict[str, Any]) -> None:
    given = case["in"]
    argument = given["arg"]
    access = Access(given.get("cwd", "/"), given.get("ignore_file"))
    protection = Protection(given.get("cwd", "/"))
    found: object = {
        "can_access": lambda: access.can_read(argument),
        "blocked_arg_of_command": lambda: access.blocked_argument(shlex.split(argument)),
        "filter_paths": lambda: access.readable(argument),
        "is_write_protected": lambda: protection.protects(argument),
        "protected_subset": lambda: protection.among(argument),
    }[case["op"]]()
    assert found == case["expect"]


@pytest.mark.parametrize(
    "path",
    [".roo/rules/a.md", "sub/.roo/rules/a.md", ".ROOMODES", "agents.md", ".git/hooks/pre-commit", "./x/../.roomodes",
     "/w/.vscode/settings.json", ".clinerules-code", ".clinerules/a.md",
     ".agents/skills/a/SKILL.md", "/home/.roo/custom_modes.yaml", "sub/AGENTS.md"],
)  # fmt: skip
def test_what_steers_the_agent_is_protected_in_every_spelling(path: str) -> None:
    assert Protection("/w").protects(path)


@pytest.mark.parametrize(
    "path", ["src/roo.py", ".gitignore", "git/hooks.py", "docs/agents/readme.md", ".npmrc", "x/.netrc"]
)
def test_ordinary_files_are_not_protected(path: str) -> None:
    assert not Protection("/w").protects(path)


@pytest.mark.parametrize("path", ["//w/key", "/w//key", "./key", "../w/key", "/x/../w/key", "//w/../w/key"])
def test_no_spelling_of_a_path_gets_around_the_rules(path: str) -> None:
    assert not Access("/w", "key").can_read(path)
    assert Protection("/w").protects(path.replace("key", ".roomodes"))


def test_the_ignore_file_itself_is_ignored() -> None:
    assert not Access("/w", "*.log").can_read(".rooignore")


def test_without_an_ignore_file_everything_may_be_read() -> None:
    assert Access("/w").can_read("secrets/key")


@pytest.mark.parametrize(
    ("rules", "closed", "open_"),
    [
        ("secret/\n!secret/a", "secret/a", "a"),
        ("/secret\n!a", "secret/deep/a", "a"),
        ("secret/**\n!secret/a\n!secret/b/c", "secret/b/c", "secret/a"),
        ("*\n!*/\n!*.md", "src/a.py", "src/deep/a.md"),
        ("build/\n!src/build/", "build/a", "src/build/a"),
        ("a\\\n!\n[z-a]\n*.key", "x.key", "a"),
        ("Secret/*.PEM", "sEcret/x.pem", "secret/x.pem.txt"),
    ],
)
def test_what_closes_a_folder_closes_all_of_it_and_a_line_that_is_no_rule_spoils_none(
    rules: str, closed: str, open_: str
) -> None:
    access = Access("/w", rules)
    assert not access.can_read(closed)
    assert access.can_read(open_)


def test_a_rule_of_many_stars_closes_what_it_means_and_keeps_nobody_waiting() -> None:
    access = Access("/w", "*a" * 20 + "*b\n!**/" + "?*" * 20 + "x/**/" * 9 + "y")
    assert access.can_read("/w/" + "a" * 250)
    assert not access.can_read("/w/" + "a" * 250 + "b")
