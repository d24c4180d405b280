"""Which commands run unasked: the user's allow and deny lists, judged on what bash's grammar says would start.

The lists are Roo Code's (prefixes, the longest wins, a tie denies, any denied part denies the whole). Stricter than it:
a prefix ends where a word ends; names are judged as the shell would get them (`r''m`, `/bin/rm`); programs that start
others are judged by those; what sets risky variables, writes files or is not understood is asked about.
"""

from __future__ import annotations

import re
from collections.abc import Collection, Sequence
from dataclasses import dataclass, replace
from types import MappingProxyType

from extensions.coder.access import inside
from extensions.coder.aliases import spellings
from extensions.coder.calls import Unclear, bare_name
from extensions.coder.denied import ANY, Decision, decide_part, hides, is_denied, names
from extensions.coder.doors import GIT_OWN, TOOLS
from extensions.coder.launchers import DEEPEST, runs, starts
from extensions.coder.loops import ways
from extensions.coder.own import meant_by, without_told
from extensions.coder.programs import LOG, opens, takes_more
from extensions.coder.shell import Script, is_zsh, read
from extensions.coder.splitting import has_dangerous_substitution, split_command
from extensions.coder.syntax import Assigned, Command, Word
from extensions.coder.variables import (
    PLAIN,
    exported,
    is_import,
    is_kept,
    is_plain,
    is_quiet,
    make_expands,
    may_evaluate,
)

TIMES = frozenset({"time", "timeout", "nice"})
"""Only say how long another program took or may take, which is judged; what else they do by options is not let."""

OF_SHELL = frozenset({"read", "set", "shift"})
"""Words of the shell for which nobody writes an entry: what they set or switch is judged as for one that is named."""

ENVIRONMENTS = frozenset({"uv", "poetry", "pipenv", "pdm", "rye", "hatch"})
"""Programs that only choose which of the project's Pythons runs what their `run` is told."""

OF_FOLDER = MappingProxyType({
    "git": ("-C", "--namespace"), "npm": ("--prefix", "-C"), "pnpm": ("-C", "--dir"), "yarn": ("--cwd",),
    "make": ("-C", "--directory"), "go": ("-C",),
})  # fmt: skip
"""Options before a subcommand that say where it works: that is judged by itself."""

GIVEN = re.compile(r"([A-Za-z_]\w*)\+?=(?!\d+\b)")
READ = re.compile(r"\b(?:read|mapfile|readarray)((?: +[A-Za-z_]\w*)+)")
NAME = re.compile(r"[A-Za-z_]\w*")
BUILT_IN = frozenset({"[", "[[", "true", "false", ":", "break", "continue", "exit", "return", "nproc", "deactivate"})
"""Started by the shell itself, or printing a number, and changing nothing: they need no leave."""


def decide(
    command: str, allow: Collection[str] | None, deny: Collection[str] | None = None, folders: Sequence[str] = ()
) -> Decision:
    """Whether a command line may run unasked, may not run at all, or is the user's to decide.

    What lies in one of `folders` (absolute) is the workspace's, however it is named.
    """
    if not command.strip():
        return "approve"
    parts = [re.sub(r"\d*>&\d*", "", part, count=1) for part in split_command(command)]
    decisions = [decide_part(part, allow, deny) for part in parts]
    script = read(command)
    if "deny" in decisions or any(is_denied(one, allow, deny) for one in _all_started(script)):
        return "deny"
    if has_dangerous_substitution(command) or is_zsh(command) or script.doubts:
        return "ask"
    if ANY in (allow or ()) and not deny:
        return "approve"
    lists = _Lists(allow or (), deny, folders, names(command, deny), _odd(command))
    return "approve" if not script.evaluates and lists.may_run(script) else "ask"


def _all_started(script: Script) -> list[Command]:
    """Every program that would start, those started by others with them."""
    found = list(script.commands)
    for command in script.commands:
        try:
            found += starts(command, lambda line: read(line).commands, ANY)
        except Unclear:
            continue  # it is asked about, unless what is clear is denied
    return found


@dataclass(frozen=True, slots=True)
class _Lists:
    """What may start: by the user's lists, where the workspace has these folders."""

    allow: Collection[str]
    deny: Collection[str] | None
    folders: Sequence[str]
    is_named: bool = False
    """Whether what the deny list means is named somewhere in the line, be it as a text."""
    odd: Collection[str] = ()
    """Variables that the line may set to anything, which are there in texts that it gives to shells, too."""

    def may_run(self, script: Script) -> bool:
        return self.is_in_order(script) and all(self.may_start(command) for command in script.commands)

    def is_in_order(self, script: Script, *, is_text: bool = False) -> bool:
        """Whether what it sets changes no program, and what it writes by redirections is nothing.

        Of a text for another shell, any variable may be one that programs get.
        """
        passed = [*script.assigned, *(each for one in script.commands for each in one.assigned)]
        if any(may_evaluate(one.value) for one in passed):
            return False
        if self.is_named and not all(one.name.islower() or is_plain(one) for one in passed):
            return False
        if ANY not in self.allow:
            own = (is_kept(one) or self.sets(one, script.commands) for one in script.assigned)
            if self.writes(script) or not all(own):
                return False
            given = [one._replace(is_passed=True) for one in passed] if is_text else exported(passed, script.commands)
            if make_expands(given) and any(one.name == "make" for one in _all_started(script)):
                return False
        return True

    def may_start(self, command: Command, depth: int = DEEPEST) -> bool:
        if command.name is None or depth < 0:
            return False
        if not all(self.sets(one, [command]) for one in command.assigned) and ANY not in self.allow:
            return False
        if command.words[0].text in BUILT_IN or _only_moves(command):
            return True
        first = command.words[0].text
        said, entry = _said(command), "" if first in TIMES else first if first in OF_SHELL else None
        if entry is None:
            said, entry = self.allowing(said)
        is_named = entry and first not in OF_SHELL
        if entry is None or (is_named and decide_part(said.line, self.allow, self.deny) != "approve"):
            return False
        denied = [one for one in self.deny or () if not entry.lower().startswith(one.lower() + " ")]  # the longest wins
        if hides(command, denied) or (entry == ANY and self.is_named and opens(command)):
            return False
        lists, ran = self, runs(command)
        if ran and entry.split() == [command.name] and command.name in ENVIRONMENTS:
            entry = f"{entry} run"  # what it runs is in the list itself
        elif ran:  # an entry that names what is run allows it, and a project's environment is for its tools
            lists = replace(self, allow=[*self.allow, *TOOLS, " ".join(entry.split()[2:])])
        try:
            started = [each for way in ways(command) for each in starts(way.near(self.folders), self.whole, entry)]
        except Unclear:
            return False
        if command.name == "xargs" and any(self.takes_more(inner) for inner in started):
            return False
        return all(lists.may_start(inner, depth - 1) for inner in started)

    def allowing(self, said: Command) -> tuple[Command, str | None]:
        """The entry that means this call, and the call as the entry spells it."""
        found = [(one, _allowing(one, self.allow)) for one in spellings(said.near(self.folders, is_name=True))]
        return next(((one, entry) for one, entry in found if entry not in (None, ANY)), found[0])

    def sets(self, given: Assigned, commands: Sequence[Command]) -> bool:
        """Whether a variable that is set for these programs changes none of them: `IFS= read` is how lines are read."""
        if is_quiet(given.name, given.value) or (given.name == "IFS" and [one.name for one in commands] == ["read"]):
            return True
        meant = ((meant_by(bare_name(one.name or ""), one) or one).name or "" for one in commands)
        return is_import(given, map(bare_name, meant), {bare_name(entry.lower()) for entry in self.allow})

    def writes(self, script: Script) -> bool:
        """Whether its redirections write anything but a log among temporary files."""
        return any(
            not (one.literal and LOG.fullmatch(one.text)) or any(inside(top, one.text) for top in self.folders)
            for one in script.writes
        )

    def takes_more(self, inner: Command) -> bool:
        """Whether the words that `xargs` adds, which nobody knows yet, may make the program do something else."""
        is_open = ANY not in self.allow and takes_more(inner.name or "") and inner.words[-1].text != "--"
        return is_open or hides(_with_unknown(inner), self.deny)

    def whole(self, line: str) -> list[Command]:
        """The programs of a line given as a text, where all else about it is in order."""
        script = read(line)
        held = "".join(f"{name}=$(held)\n" for name in self.odd)
        evaluates = script.evaluates or (bool(held) and read(held + line).evaluates)
        is_odd = bool(script.doubts) or evaluates or has_dangerous_substitution(line)
        if is_odd or not self.is_in_order(script, is_text=True):
            raise Unclear(line)
        return script.commands


def _odd(line: str) -> list[str]:
    """The names of variables that a line sets, but to a number: what reads like such a name in a text is one, too."""
    read_in = (name for given in READ.findall(line) for name in given.split())
    return list(dict.fromkeys([*GIVEN.findall(line), *read_in]))


def _only_moves(command: Command) -> bool:
    """Whether it only goes to a folder, or sets variables: these are judged as what the line sets.

    What works in that folder is asked about by itself, where that is outside of the workspace.
    """
    words = command.words[1:]
    if command.words[0].text == "cd":
        return len(words) == 1 and words[0].literal and not words[0].splits
    return command.words[0].text == "export" and bool(words) and all(one.sets or _is_harmless(one) for one in words)


def _is_harmless(word: Word) -> bool:
    """Whether it sets, as a text, a variable that changes no program: `'NAME=value'`."""
    name, equals, value = word.text.partition("=")
    is_plain_text = word.literal and not word.splits and bool(equals) and PLAIN.fullmatch(value) is not None
    return is_plain_text and NAME.fullmatch(name) is not None and is_quiet(name, value)


def _with_unknown(command: Command) -> Command:
    """The command as `xargs` starts it: with further words that nobody knows yet."""
    return Command([*command.words, Word("", literal=False)], command.source)


def _said(command: Command) -> Command:
    """The call without what a program is told before its subcommand that changes nothing about what it does."""
    command = without_told(command) if command.name == "git" else command
    at, valued = 1, OF_FOLDER.get(command.name or "", ())
    while at < len(command.words) and _is_before(command, command.words[at].text, valued):
        at += 2 if command.words[at].text in valued else 1
    return replace(command, words=[command.words[0], *command.words[at:]]) if at < len(command.words) else command


def _is_before(command: Command, word: str, valued: Sequence[str]) -> bool:
    is_given = word.startswith("--") and word.partition("=")[0] in valued
    return is_given or word in valued or (command.name == "git" and word in GIT_OWN)


def _allowing(command: Command, allow: Collection[str]) -> str | None:
    """The longest entry of the allow list that names this program; it must end where a word of the command ends."""
    line = command.line.lower()
    first = command.words[0].text.lower()  # a name with a space in it is one word, and another program's
    return max(
        (one for one in allow if one == ANY or (one.lower().split()[:1] == [first] and _begins(line, one.lower()))),
        key=len,
        default=None,
    )


def _begins(line: str, entry: str) -> bool:
    entry = " ".join(entry.split())
    return line == entry or line.startswith(entry + " ") or (entry.endswith(":") and line.startswith(entry))
