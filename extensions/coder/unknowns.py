"""Words that only the shell will know: what may they make a program do, or which variable set? Nothing is run here.

`x=-delete; find . $x`, a file named `--pre=sh` under `rg a *`, `read PATH`: each is an everyday line but for what a
word stands for. What may become an option, where options matter, is asked about; so is a variable that nobody sees.
"""

from __future__ import annotations

import re
from types import MappingProxyType

from extensions.coder.calls import Unclear, bare_name
from extensions.coder.doors import AWKS, MILD, OPTIONS, PATTERNS, SCRIPTED, SEDS
from extensions.coder.loops import ANYTHING
from extensions.coder.shell import ASSIGNMENT
from extensions.coder.syntax import BARED, KNOWN, VANISHING, Command, Word
from extensions.coder.variables import is_quiet

UNKNOWN = re.compile(r"[$`*?\[{]")
"""Where an expansion begins: what stands before it a program gets as it is."""

NAMED_OPTION = re.compile(r"--?\w[\w-]*=")
ASSIGNED = re.compile(r"[A-Za-z_]\w*(\[[^\]]*\])?\+?=")
VARIABLE = re.compile(r"[A-Za-z_]\w*")

VALUED = MappingProxyType({
    "git": frozenset({"-m", "--message", "--author", "--date", "--grep", "-S", "-G", "-L", "-n", "--since", "--until",
                      "--format", "-b", "-B", "-C"}),
    "make": frozenset({"-C", "--directory"}),
    "find": frozenset({"-name", "-iname", "-path", "-ipath", "-wholename", "-regex", "-iregex", "-type", "-newer",
                       "-maxdepth", "-mindepth", "-size", "-mtime", "-mmin", "-user", "-perm"}),
    "rg": frozenset({"-e", "-g", "-t", "-A", "-B", "-C", "-m", "--glob", "--type"}),
    "sort": frozenset({"-k", "-t"}), "npm": frozenset({"run", "run-script"}), "date": frozenset({"-d", "--date", "-r"}),
    "go": frozenset({"-run"}), **dict.fromkeys(AWKS, frozenset({"-v", "-F"})),
})  # fmt: skip
"""Options whose value is no option, whatever it is."""

PLAIN = frozenset({
    "add", "rm", "mv", "status", "checkout", "switch", "restore", "reset", "branch", "tag", "stash", "commit",
})  # fmt: skip
"""Subcommands of git of whose options none runs or writes what its name does not say."""

STOPPED = frozenset({*SCRIPTED, *AWKS, "printf"})
"""Programs that take no options behind their first operand: a script, a program, a format."""

SETTING = frozenset({
    "read", "mapfile", "readarray", "getopts", "export", "declare", "typeset", "local", "readonly", "unset", "wait",
    "let",
})  # fmt: skip
"""Words of the shell that set the variables that they are given."""


def check_unknown(name: str, command: Command) -> None:
    """Raise `Unclear` where a word that only the shell knows may be an option of a program that runs things by one."""
    if name in SETTING:
        _check_variables(command)
    name = bare_name(name)
    words = command.words[1:]
    is_open = name in SEDS or (name not in MILD and (name in OPTIONS or name in PATTERNS))
    if not is_open or (name == "git" and words and words[0].text in PLAIN):
        return
    before = Word("")
    for word in words:
        if word.literal and word.text == "--" and name != "find":
            return
        if before.text.startswith("-") and word.splits and VANISHING.fullmatch(word.text):
            raise Unclear(command.source)  # the next word may be the option's value, and what is behind that anything
        is_value = before.literal and before.text in VALUED.get(name, ()) and not word.splits
        if not is_value and may_be_option(word):
            raise Unclear(command.source)
        if name in STOPPED and not is_value and not word.text.startswith("-"):
            return
        before = word


def may_be_option(word: Word) -> bool:
    """Whether the word, or one that the shell makes of it, may begin with a dash."""
    if word.literal and not word.splits:
        return False
    if word.values:
        return any(one.startswith(("-", ANYTHING)) for one in word.values)
    if BARED.match(word.text):
        return True
    text = KNOWN.sub("1", word.text)
    before = UNKNOWN.split(text, maxsplit=1)[0].replace('"', "")
    if before == text.replace('"', ""):
        return False
    if not before:
        return True
    if before.startswith("-"):
        return word.splits or NAMED_OPTION.match(before) is None
    return word.splits and not word.literal


def _check_variables(command: Command) -> None:
    """A variable of which nobody knows whether it steers programs is asked about, as one of which that is known."""
    for word in command.words[1:]:
        if command.name == "let" and ASSIGNMENT.search(word.text):
            raise Unclear(command.source)
        if word.sets:
            continue
        if ASSIGNED.match(word.text):
            raise Unclear(command.source)  # in quotes, where the line is not seen to set it
        if not word.literal or word.splits or (VARIABLE.fullmatch(word.text) and not is_quiet(word.text)):
            raise Unclear(command.source)
        if command.name != "read" and re.match(r"-\w*n", word.text):
            raise Unclear(command.source)  # a name for another variable
