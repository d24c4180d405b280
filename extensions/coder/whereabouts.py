"""In which folders the programs of a command line may work, by what `cd` does before them. Nothing is run here.

Whether `cd` succeeds is not known, nor which branch is taken: a program may work in several folders, and all of them
count. None is a folder that only the shell will know.
"""

from __future__ import annotations

import posixpath
import re
from collections.abc import Collection, Iterable, Iterator, Sequence
from types import MappingProxyType
from typing import TYPE_CHECKING

from extensions.coder.loops import in_loops
from extensions.coder.syntax import DECLARES, Command, Word, command_of

if TYPE_CHECKING:
    from tree_sitter import Node

Folders = frozenset[str | None]
Ends = tuple[Folders, Folders]
"""Where the shell is afterwards: if it went well, and if it did not."""

HOME = re.compile(r'"?(?:~|\$HOME|\$\{HOME\})"?(?=/|$)')
HERE = re.compile(r'"?(?:\$PWD|\$\{PWD\}|\$\(pwd\)|`pwd`)"?(?=/|$)')
TOP = re.compile(r'"?\$\(git rev-parse --show-toplevel\)"?')
"""The top of the repository that the workspace is in."""

OPTIONS = MappingProxyType({
    "git": ("-C",), "env": ("-C", "--chdir"), "sudo": ("-D", "--chdir"), "make": ("-C", "--directory"),
    "npm": ("-C", "--prefix"), "pnpm": ("-C", "--dir"), "yarn": ("--cwd",), "cargo": ("-C",), "go": ("-C",),
    "uv": ("--directory", "--project"), "poetry": ("-C", "--directory"), "ninja": ("-C",),
    "gradle": ("-p", "--project-dir"), "gradlew": ("-p", "--project-dir"),
})  # fmt: skip
JOINED = ("env", "make", "ninja")
"""Of these an option and its value may be one word."""

SHELLS_OWN = ("eval", "trap", "source", ".")
APART = frozenset({"subshell", "command_substitution", "process_substitution"})
LOOPS = frozenset({"while_statement", "for_statement", "c_style_for_statement"})
STEPS = frozenset({"program", "compound_statement", "do_group"})
DEEPEST = 120
MOST = 16
"""Folders that one program may work in; with more, nobody knows."""


def at_home(text: str, home: str) -> str:
    """A word as the shell reads it where it begins with the home folder."""
    return HOME.sub(lambda _: home, text)


class TooDeep(ValueError):
    """The line's parts are deeper in one another than anybody writes them."""


class Whereabouts:
    """The programs of a line in the order written, each with its folders; the line begins in one of `start`.

    `sure` are folders that are there, so that `cd` to one of them goes well. Raises `TooDeep`.
    """

    def __init__(self, root: Node, start: Iterable[str | None], home: str, sure: Collection[str] = ()) -> None:
        self._home = home
        self._sure = sure
        self.entered: set[str] = set()
        """The folders that `cd` is told to go to."""
        self._depth = 0
        self._found: dict[tuple[int, int], tuple[Command, Folders]] = {}
        begun = frozenset(start)
        ends = self._walk(root, begun)
        self.visited: Folders = begun.union(*ends, *(where for _, where in self._found.values()))
        """All folders that the line comes through."""

    def __iter__(self) -> Iterator[tuple[Command, Folders]]:
        return iter(self._found.values())

    def _walk(self, node: Node, before: Folders, *, is_piped: bool = False) -> Ends:
        self._depth += 1
        if self._depth > DEEPEST:
            raise TooDeep
        ends = self._node(node, before, is_piped=is_piped)
        self._depth -= 1
        return ends

    def _node(self, node: Node, before: Folders, *, is_piped: bool) -> Ends:
        match node.type:
            case "command" | "declaration_command" | "unset_command":
                return self._command(node, before, is_piped=is_piped)
            case "list":
                return self._list(node, before, is_piped=is_piped)
            case "redirected_statement":
                well, badly = self._walk(node.children[0], before, is_piped=is_piped)
                here = _few(well | badly)
                more = self._each(node.children[1:], here)  # behind a here-document the line goes on
                return (well, badly) if more == (here, here) else more
            case "negated_command":
                well, badly = self._each(node.children, before)
                return badly, well
            case "pipeline":
                return self._pipeline(node, before)
        after = self._each(node.children, before)
        if node.type in APART:
            return before, before
        if node.type in LOOPS and after[0] | after[1] != before:
            # What a turn reaches from below where it began is below what it reaches from there.
            unknown = frozenset() if _all_below(after[0] | after[1], before) else frozenset({None})
            after = self._each(node.children, _few(before | after[0] | after[1] | unknown))
        if node.type in STEPS:
            return after
        return _few(before | after[0]), _few(before | after[1])

    def _each(self, nodes: Sequence[Node], before: Folders) -> Ends:
        """One after the other, whatever becomes of each."""
        ends = (before, before)
        for one in nodes:
            if one.is_named:
                ends = self._walk(one, _few(ends[0] | ends[1]))
        return ends

    def _steps(self, nodes: Sequence[Node], before: Folders) -> None:
        for one in nodes:
            self._walk(one, before)

    def _list(self, node: Node, before: Folders, *, is_piped: bool) -> Ends:
        first, *_, second = node.children
        well, badly = self._walk(first, before)
        is_and = any(one.type == "&&" for one in node.children)
        then = self._walk(second, well if is_and else badly, is_piped=is_piped)
        if is_and:
            return then[0], _few(badly | then[1])
        return _few(well | then[0]), then[1]

    def _pipeline(self, node: Node, before: Folders) -> Ends:
        """Each part is a shell of its own; the grammar takes `a && b | c` for one whose first part is `a && b`."""
        first, *others = [one for one in node.children if one.is_named]
        ends = self._walk(first, before, is_piped=True)
        self._steps(others, _few(ends[0] | ends[1]))
        return ends

    def _command(self, node: Node, before: Folders, *, is_piped: bool) -> Ends:
        command = in_loops(command_of(node), node)
        words = _plain(command.words)
        name = _name(words)
        self._found[node.start_byte, node.end_byte] = (command, worked_in(command, before, self._home))
        self._steps(node.children, before)
        if is_piped or node.type in DECLARES:
            return before, before
        if name in ("cd", "pushd"):
            moved = _few(_moved(words[1:], before, self._home))
            self.entered |= {one for one in moved if one is not None}
            return moved, frozenset() if name == "cd" and moved <= {*self._sure} else before
        if name == "popd" or (name in SHELLS_OWN and "d " in command.line):
            return _few(before | {None}), before
        return before, before


def _all_below(folders: Folders, tops: Folders) -> bool:
    """Whether each of the folders is one of the others, or below it."""
    known = [f"{one.rstrip('/')}/" for one in tops if one is not None]
    return None not in folders and all(any(f"{one}/".startswith(top) for top in known) for one in folders)


def worked_in(command: Command, before: Folders, home: str) -> Folders:
    """The folders of one program that is started in one of these, by options that say so: `git -C`, `env -C`."""
    words = _plain(command.words)
    name = _name(words)
    options = OPTIONS.get(name, ())
    for at, word in enumerate(words):
        option, given, value = word.text.partition("=")
        if word.text in options and at + 1 < len(words):
            before = _to(words[at + 1], before, home)
        elif given and option in options:
            before = _to(Word(value, word.literal), before, home)
        elif name in JOINED and word.text.startswith("-C") and len(word.text) > 2:
            before = _to(Word(word.text[2:], word.literal), before, home)
    return _few(before)


def _moved(words: Sequence[Word], before: Folders, home: str) -> Folders:
    """Where `cd` with these words leads."""
    operands = [word for word in words if not (word.literal and word.text in ("-P", "-L", "-e", "-@", "--", "-n"))]
    if not operands:
        return frozenset({home})
    is_physical = any(word.text == "-P" for word in words) and ".." in operands[0].text
    if len(operands) > 1 or operands[0].text.startswith(("+", "-")) or is_physical:
        return frozenset({None})
    return frozenset(None if one is None else posixpath.normpath(one) for one in _to(operands[0], before, home))


def _to(word: Word, before: Folders, home: str) -> Folders:
    """Where a word leads from each of the folders, with `..` as it is written: the disk knows what is a link."""
    if TOP.fullmatch(word.text):
        return before
    if word.values:
        return frozenset().union(*(_to(Word(one), before, home) for one in word.values))
    text = at_home(HERE.sub(".", word.text), home)
    if not word.literal or word.splits:
        text = text.strip('"')
        if not re.fullmatch(r"[\w./@+ -]*", text):
            return frozenset({None})
    if text.startswith("~"):
        return frozenset({None})  # somebody else's home
    if text.startswith("/"):
        return frozenset({text})
    return frozenset(None if one is None else posixpath.join(one, text) for one in before)


def _name(words: Sequence[Word]) -> str:
    return words[0].text if words and words[0].literal else ""


def _plain(words: Sequence[Word]) -> Sequence[Word]:
    """The words without `command` and `builtin` before them."""
    at = 0
    while at < len(words) and words[at].literal and words[at].text in ("command", "builtin", "time", "-p", "!"):
        at += 1
    return words[at:]


def _few(folders: Folders) -> Folders:
    return folders if len(folders) <= MOST else frozenset([*[one for one in folders if one is not None][:MOST], None])
