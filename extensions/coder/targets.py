"""Which protected files a command line writes, by its words: those steer the agent or the editor. Nothing is run here.

A program may write what its words do not name, and is trusted to be what it is named; what they do name is known.
"""

from __future__ import annotations

import posixpath
import re
from collections.abc import Iterable, Iterator
from fnmatch import fnmatchcase
from itertools import pairwise
from types import MappingProxyType

from extensions.coder.access import PROTECTED, Protection
from extensions.coder.calls import operands_of
from extensions.coder.doors import COMPILERS
from extensions.coder.nested import Nested
from extensions.coder.syntax import Command, Word
from extensions.coder.whereabouts import at_home

WRITERS = frozenset({
    "cp", "mv", "ln", "link", "install", "rsync", "scp", "sftp", "rm", "rmdir", "unlink", "shred", "touch", "mkdir",
    "truncate", "dd", "tee", "sponge", "chmod", "chown", "patch", "tar", "unzip", "split", "csplit", "uniq", "xxd",
    "curl", "wget", "sed", "perl", "sort", "go", "rustc", "ctags", "eslint", "tsc", "pandoc", "openssl", "rename",
    *COMPILERS,
})  # fmt: skip
"""Programs that make, change or remove the files they are given, or by an option may."""

CHANGES = frozenset({
    "mv", "rm", "rmdir", "unlink", "shred", "touch", "mkdir", "truncate", "tee", "sponge", "chmod", "chown", "chgrp",
})  # fmt: skip
COPIES = frozenset({"cp", "ln", "install", "rsync", "scp"})
"""The last operand of these is what they write."""

SKIPS = MappingProxyType({"chmod": 1, "chown": 1, "chgrp": 1})
OF_HOST = re.compile(r"[\w.@-]+:")

OF_GIT = frozenset({"mv", "rm", "checkout", "restore", "clone", "init"})
NAMES = (*(one for one in PROTECTED if "/" not in one and "*" not in one), ".roo", ".agents", ".vscode", ".git")
"""What a pattern of the shell may stand for."""

UNKNOWN = re.compile(r'"?\$(?:\w+|\{[^}]*\}|\([^)]*\))"?/')
BRACES = re.compile(r"\{([^{}]*,[^{}]*)\}")
IN_PLACE = re.compile(r"-\w*i|--in-place")
LEFT_OUT = re.compile(r"--(exclude|ignore|include)")
"""Options whose value only says what is left out."""

MOST = 200
"""Words that one with braces stands for, at most."""


def targets(nested: Nested, home: str) -> list[str]:
    """What a line names as what it writes or removes: absolute paths, with `..` as it is written."""
    words = [*((word, cwd) for one, cwd in nested.commands for word in _targets(one)), *nested.writes]
    found = (posixpath.join(cwd, text) for word, cwd in words for text in _spellings(word.text, home))
    return list(dict.fromkeys(found))


def protected(paths: Iterable[str], protection: Protection) -> list[str]:
    """Those that are protected, each once."""
    return [path for path in dict.fromkeys(map(posixpath.normpath, paths)) if protection.protects(path)]


def _targets(command: Command) -> list[Word]:
    """The words that may name what a writing program writes."""
    operands = operands_of(command)
    if command.name == "git":
        is_writing = bool(operands) and operands[0].text in OF_GIT
        return operands[1:] if is_writing else []
    if command.name in ("sed", "perl") and not any(IN_PLACE.match(word.text) for word in command.words[1:]):
        return []
    if command.name not in WRITERS:
        return []
    words = [one for before, one in pairwise(command.words) if not LEFT_OUT.match(before.text)]
    given = [Word(one.text.partition("=")[2], one.literal) for one in words if not LEFT_OUT.match(one.text)]
    return [*(one for one in operands if one in words), *(one for one in given if one.text)]


def made(command: Command) -> list[Word]:
    """What a program that is there for it makes, changes or removes, as far as its words say."""
    operands = [word for word in operands_of(command) if "://" not in word.text and not OF_HOST.match(word.text)]
    if command.name in CHANGES:
        return operands[SKIPS.get(command.name, 0) :]
    if command.name not in COPIES:
        return []
    into = [word for option, word in pairwise(command.words) if option.text in ("-t", "--target-directory")]
    given = [one.text.partition("=")[2] for one in command.words if one.text.startswith("--target-directory=")]
    return [*into, *map(Word, given)] if into or given else operands[1:][-1:]


def _spellings(text: str, home: str) -> Iterator[str]:
    """What a word may be once the shell has read it, as far as it concerns protected names."""
    waiting, seen = [UNKNOWN.sub("", at_home(text, home).strip('"'))], 0
    while waiting and seen < MOST:
        one = waiting.pop()
        seen += 1
        if (braces := BRACES.search(one)) is not None:
            waiting += [one[: braces.start()] + part + one[braces.end() :] for part in braces[1].split(",")]
            continue
        yield one
        parts = one.split("/")
        for at, part in enumerate(parts):
            if re.search(r"[*?\[]", part) and part[0] not in "*?[":
                names = (name for name in NAMES if fnmatchcase(name, part))
                waiting += ["/".join((*parts[:at], name, *parts[at + 1 :])) for name in names]
