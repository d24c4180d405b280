"""Whether a call is more than its program's name says: by the doors of the program, or its own language. Words only.

An entry of the allow list means a program's everyday use, and whatever else it names itself.
"""

from __future__ import annotations

import re

from extensions.coder import builders
from extensions.coder.calls import ELSEWHERE, Unclear, as_long, bare_name, is_option, operands_of, taken_from
from extensions.coder.doors import (
    ANYWHERE,
    AWKS,
    FETCHES,
    ONLY_READS,
    OPEN,
    OPTIONS,
    PATTERNS,
    PLACES,
    SCRIPTED,
    SEDS,
    SUBCOMMANDS,
    WHOLE,
    WITH_SUBCOMMAND,
)
from extensions.coder.own import OWN, check_awk, check_script, check_sed, meant_by
from extensions.coder.syntax import KNOWN, Command, Word

TEMPORARY = re.compile(r"/tmp/(?!(.*/)?\.\.(/|$)).*|/dev/null")
LOG = re.compile(r"/tmp/(?!(.*/)?\.)[\w.+@/-]+\.(txt|log|out|err)")
"""A temporary file that is there to be read by people: no program is to take its code from one."""

SOURCE = re.compile(
    r".*://.*|(git|hg|svn|bzr)\+.*|.*@ .*|(.+@)?(file|link|portal|github|gitlab|bitbucket|gist):.*"
    r"|git@.*|[\w.-]+/[\w.-]+(#.*)?"
)
"""Code to install that is in no registry."""

SENDS = frozenset({"ssh", "rsh", "mosh", "fc", "bind", "complete", "compgen"})
"""These start what they are told, though elsewhere, or later."""

ELEMENT = re.compile(r"\$\{[#!]?\w+\[(?:[@*]|-?\d+)\]")
"""One that is written down, or all of them."""

DECLARES = frozenset({"declare", "typeset", "local", "export", "readonly"})

OPEN_TO_WORDS = frozenset({"env", "bash", "sh", "zsh", "dash", "ksh"}).union(
    OPTIONS, PATTERNS, SUBCOMMANDS, SCRIPTED, OPEN, AWKS, SEDS, OWN, builders.WORDS
)
"""Programs that further words can make do what their names do not say."""

ARITHMETIC = frozenset({"test", "[", "[[", "let", "declare", "typeset", "local", "export", "readonly", "read", "unset",
                        "printf", "mapfile", "readarray", "wait"})  # fmt: skip
"""Words of the shell that may take a text for arithmetic, in which `a[$(…)]` runs what is in it, also out of quotes."""


def check(name: str, command: Command, entry: str) -> None:
    """Raise `Unclear` where the call does more than its name says and the allow entry does not say it either."""
    name = bare_name(name)
    if name in OPEN and len(entry.split()) < 2:
        raise Unclear(command.source)
    only_reads = name in ONLY_READS and ONLY_READS[name].fullmatch(command.line.partition(" ")[2]) is not None
    if not only_reads:
        _check_options(name, command, entry)
        _check_subcommand(name, command, entry)
    _check_places(name, command, entry)
    _check_code(name, command, entry)
    if name in SCRIPTED:
        check_script(name, command, entry)
    elif name in AWKS:
        check_awk(command)
    elif name in SEDS:
        check_sed(command)
    elif (own := OWN.get(name)) is not None:
        own(command, entry)
    if (meant := meant_by(name, command)) is not None:
        check(meant.name or "", meant, entry)


def check_subscripts(command: Command) -> None:
    """Raise `Unclear` where a word of the shell's own may be arithmetic, or an array in quotes, that runs something."""
    if command.name not in ARITHMETIC:
        return
    texts = [ELEMENT.sub("", word.text) for word in command.words]
    if any("[" in text and re.search(r"[`$]", text) for text in texts):
        raise Unclear(command.source)
    if command.name in DECLARES and any(_may_be_array(word, command) for word in command.words[1:]):
        raise Unclear(command.source)


def _may_be_array(word: Word, command: Command) -> bool:
    """Whether the shell takes a quoted text for an array, and runs what is in it: `declare -a 'x=($(id))'`."""
    name, given, raw = word.text.partition("=")
    is_written = not word.literal and re.fullmatch(r"\w+\+?", name) is not None and raw.startswith("(")
    value = raw.strip("'\"")
    if not given or is_written or not re.search(r"[`$]", value):
        return False
    return value.startswith("(") or any(re.match(r"-\w*[aA]", one.text) for one in command.words[1:])


def opens(command: Command) -> bool:
    """Whether the call may start a program that its words name as a text, or another one's."""
    if command.name in SENDS:
        return True
    try:
        check(command.name or "", command, "")
    except Unclear:
        return True
    return False


def takes_more(name: str) -> bool:
    """Whether further words can make a program do what its name does not say: `xargs` gives it words nobody knows."""
    return bare_name(name) in OPEN_TO_WORDS


def _check_options(name: str, command: Command, entry: str) -> None:
    named = entry.split()[1:]
    operands = operands_of(command)
    options = (*OPTIONS.get(name, ()), *(WITH_SUBCOMMAND.get((name, operands[0].text), ()) if operands else ()))
    patterns = [table[name] for table in (PATTERNS, builders.WORDS) if name in table]
    for word in command.words[1:]:
        if (word.text == "--" and name not in ("find", "cargo", "cmake")) or (name == "npx" and word in operands):
            return  # what is behind is no option of this program
        risky = next((one for one in options if is_option(word.text, one, name)), None)
        if risky is not None and not any(is_option(one, risky, name) for one in named):
            raise Unclear(command.source)
        is_door = any(one.fullmatch(word.text) for one in patterns)
        if is_door and word.text.partition("=")[0] not in named:
            raise Unclear(command.source)


def _check_subcommand(name: str, command: Command, entry: str) -> None:
    operands = operands_of(command)
    if not operands or not (name in SUBCOMMANDS or name in builders.COMMANDS):
        return
    risky = SUBCOMMANDS.get(name, frozenset()) | builders.COMMANDS.get(name, frozenset())
    first, named = operands[0], entry.split()
    given = [word.text for word in (operands if name in ANYWHERE else operands[:1])]
    given.append(" ".join(word.text for word in operands[:2]))
    if name in ("git", "cargo") and not re.fullmatch(r"[\w-]+", first.text):
        raise Unclear(command.source)
    if not first.literal or any(one in risky and not set(one.split()) <= set(named) for one in given):
        raise Unclear(command.source)
    if name in WHOLE and first.text not in WHOLE[name] and first.text not in named:
        raise Unclear(command.source)
    if first.text in FETCHES.get(name, ()):
        _check_sources(command, [word.text for word in operands[1:]], entry)


def _check_sources(command: Command, operands: list[str], entry: str) -> None:
    """What is installed is of the registry or of the workspace: else it is anybody's code."""
    values = [word.text.partition("=")[2] for word in command.words if word.text.startswith("--")]
    if any(map(_is_hidden, operands)):
        raise Unclear(command.source)
    for one in (KNOWN.sub("1", one) for one in (*operands, *values)):
        if (SOURCE.fullmatch(one) or ELSEWHERE.fullmatch(one)) and not one.startswith(("./", "@")) and one not in entry:
            raise Unclear(command.source)


def _is_hidden(text: str) -> bool:
    """Whether only the shell will know it; a branch of git's may be called as anybody's repository is."""
    return "$(git" in text or any(one in KNOWN.sub("1", text) for one in "$`")


def _check_code(name: str, command: Command, entry: str) -> None:
    """What such a program takes code from is in the workspace or temporary; what `..` is there, the disk knows."""
    for place in taken_from(command) if name in builders.CODE else ():
        is_taken = not TEMPORARY.fullmatch(place) or (LOG.fullmatch(place) and not _is_output(name, command, place))
        if place.startswith(("/", "~")) and is_taken and place not in entry:
            raise Unclear(command.source)


def _is_output(name: str, command: Command, place: str) -> bool:
    words = " ".join(word.text for word in command.words)
    return any(f"{option}{way}{place}" in words for option in PLACES.get(name, ()) for way in ("=", " ", ""))


def _check_places(name: str, command: Command, entry: str) -> None:
    """Where a program is told to write, or to take its code from, is in the workspace or temporary."""
    named = entry.split()
    words = [word.text for word in command.words[1:]]
    for option in PLACES.get(name, ()):
        if option in named:
            continue
        for at, word in enumerate(words):
            found, given, value = word.partition("=")
            found = as_long(found, name)
            if name == "go" and found.startswith("--"):
                found = found[1:]
            if found == option or (len(found) > 4 and option.startswith("--") and option.startswith(found)):
                value = value if given else "".join(words[at + 1 : at + 2])
            elif re.fullmatch(r"-\w", option) and word.startswith(option) and name != "go":
                value = word[2:]
            else:
                continue
            if ELSEWHERE.fullmatch(value) and not TEMPORARY.fullmatch(value):
                raise Unclear(command.source)
