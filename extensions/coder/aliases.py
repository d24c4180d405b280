"""Other spellings of the same call: what a deny entry means, whoever writes it otherwise. Words only."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import replace
from functools import reduce
from operator import or_
from types import MappingProxyType

from extensions.coder.calls import bare_name
from extensions.coder.own import meant_by
from extensions.coder.syntax import Command, Word

OF_PYTHON = re.compile(r"(?:\./)?\.?venv/bin/(python[\d.]*|pip[\d.]*|pytest|coverage|tox|nox)")
OF_NODE = re.compile(r"(?:\./)?node_modules/\.bin/([\w-]+)")
OF_PROJECT = frozenset({
    "pytest", "unittest", "coverage", "tox", "nox", "flask", "alembic", "jest", "vitest", "mocha", "eslint", "webpack",
    "vite", "rollup",
})  # fmt: skip
"""Programs that run the project's code, be it its configuration."""

SOURCES = frozenset({".", "source"})
VERSIONED = frozenset({"python", "pip"})

SIGNALS = MappingProxyType({"hup": "1", "int": "2", "quit": "3", "kill": "9", "term": "15", "stop": "19"})
LETTERS = MappingProxyType({
    "recursive": "r", "force": "f", "delete": "d", "yes": "y", "global": "g", "all": "a", "hard": "", "no-verify": "n",
})  # fmt: skip
"""Long options that programs have a letter for, by what they are called everywhere."""

WHO = MappingProxyType({"u": 0o700, "g": 0o070, "o": 0o007, "a": 0o777})
MAY = MappingProxyType({"r": 0o444, "w": 0o222, "x": 0o111, "X": 0o111})


def plain(command: Command) -> Command:
    """The call as its program is called and its numbers are written most plainly, in lower case."""
    name = bare_name((command.name or "").lower())
    if (meant := meant_by(name, command)) is not None:
        command, name = meant, bare_name((meant.name or "").lower())
    words = list(command.words[1:])
    if name in ("kill", "pkill", "killall"):
        words = _signalled(words)
    elif name == "chmod":
        words = _moded(words)
    words = [replace(word, text=word.text.lower()) for word in words]
    return Command([Word(name, command.words[0].literal), *words], command.source)


def spellings(command: Command) -> Iterator[Command]:
    """The call, and as an allow list may spell the same: `python3` for `python`, `pytest` for `.venv/bin/pytest`.

    A program from within the workspace is only taken for one that runs the workspace's code anyway.
    """
    yield command
    first, rest = command.words[0].text, command.words[1:]
    if first in SOURCES:
        yield from (replace(command, words=[Word(name), *rest]) for name in SOURCES - {first})
    if (found := OF_NODE.fullmatch(first)) is not None:
        yield replace(command, words=[Word("npx"), Word(found[1]), *rest])
        first = found[1] if found[1] in OF_PROJECT else ""
    elif (found := OF_PYTHON.fullmatch(first)) is not None:
        first = found[1]
    bare = bare_name(first)
    calls = [[Word(name), *rest] for name in {first: 0, f"{bare}3": 0, bare: 0} if bare in VERSIONED or name == first]
    meant = meant_by(bare, Command([Word(bare), *rest], command.source)) if bare == "python" else None
    if meant is not None and meant.name in {*OF_PROJECT, "pip"}:
        calls.append(meant.words)
    for words in calls if first else ():
        is_own = found is None and words[1:] == rest
        if is_own or bare_name(words[0].text) != "pip" or [word.text for word in words[1:2]] == ["install"]:
            yield replace(command, words=words)


def flags(words: Sequence[str]) -> set[str]:
    """The letters of all short options, and of long ones that are known everywhere, be they shortened."""
    short = {flag for word in words if re.fullmatch(r"-[a-z]+", word) for flag in word[1:]}
    long = {letter for word in words for name, letter in LETTERS.items() if _is_long(word, name)}
    return short | long - {""}


def is_lettered(word: str) -> bool:
    """Whether a long option is one that `flags` knows by a letter."""
    return any(letter and _is_long(word, name) for name, letter in LETTERS.items())


def _is_long(word: str, name: str) -> bool:
    return len(word) > 4 and f"--{name}".startswith(word)


def _signalled(words: list[Word]) -> list[Word]:
    """The words with a signal as the first one: `-9`, `-KILL`, `-s kill`, `--signal=SIGKILL`."""
    for at, word in enumerate(words):
        match = re.fullmatch(r"(?:-s|--signal)(?:=?(.+))?|-(\d+|[A-Z]{3,})", word.text, re.IGNORECASE)
        if match is None or not word.literal:
            continue
        value = match[1] or match[2]
        size = 1 if value else 2
        signal = (value or "".join(one.text for one in words[at + 1 : at + 2])).lower().removeprefix("sig")
        number = SIGNALS.get(signal, signal.lstrip("0"))
        return [Word(f"signal {number}"), *words[:at], *words[at + size :]]
    return words


def _moded(words: list[Word]) -> list[Word]:
    """The words with the mode as a number, if it is one that says all: `0777`, `a+rwx`, `u=rwx,go=rwx`."""
    for at, word in enumerate(words):
        if not word.literal or word.text.startswith("--"):
            continue
        if re.fullmatch(r"[0-7]+", word.text):
            mode = int(word.text, 8)
        elif re.fullmatch(r"[ugoa]*[+=][rwxX]+(,[ugoa]*[+=][rwxX]+)*", word.text):
            mode = 0
            for who, rights in re.findall(r"([ugoa]*)[+=]([rwxX]+)", word.text):
                mode |= _bits(WHO, who or "a") & _bits(MAY, rights)
        else:
            continue
        return [*words[:at], Word(f"{mode:o}"), *words[at + 1 :]]
    return words


def _bits(table: MappingProxyType[str, int], letters: str) -> int:
    return reduce(or_, map(table.__getitem__, letters), 0)
