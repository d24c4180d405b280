"""Programs that are checked by rules of their own: languages, and what a table of options cannot tell. Words only."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import replace
from types import MappingProxyType

from extensions.coder.calls import ELSEWHERE, Unclear, is_script, operands_of
from extensions.coder.doors import GIT_OWN, MODULES, SCRIPTED, STRATEGIES
from extensions.coder.scripts import only_prints, without_patterns
from extensions.coder.syntax import Command, Word
from extensions.coder.variables import PLACES_OF_MAKE, PLAIN, VALUES, names_program

TELLS = frozenset({"--version", "-V", "-v", "--help", "-h", "-VV"})

AWK_RISK = re.compile(r"system|getline|(?<!\|)\|(?!\|)|@|printf?\b[^;}\n]*>|\bclose\b|ENVIRON")
SED_SHORT = re.compile(r"-[nErsuz]+")

CURL_FLAGS = re.compile(
    r"-[sSfLgvIN46#kij]+|--(silent|show-error|fail|fail-with-body|location|globoff|verbose|head|ipv4|ipv6|insecure"
    r"|include|compressed|no-progress-meter|progress-bar|http1\.1|http2|no-buffer)"
)
CURL_VALUED = re.compile(
    r"-[sSfLgvIN46#kij]*[HAmXerw]|--(header|user-agent|max-time|connect-timeout|request|referer|range|write-out|retry"
    r"|retry-delay|retry-max-time|max-redirs)"
)

ADDRESS = re.compile(r"(https?://)?[\w.-]+(:\d+)?([/?#]\S*)?")
OF_MACHINE = re.compile(r'"https?://(localhost|127\.0\.0\.1)(:\d+)?/[^"]*"')
"""A word that only the shell knows, of which it is sure that it is an address on the machine itself."""

BELOW = re.compile(r"(?!\.|.*/\.\.(/|$))[\w.@+-]+(/[\w.@+-]+)*/?")
"""A file of the workspace."""

OPTIONS = re.compile(r"-[\w.,:@%+= -]*")
"""Options for what make runs: the first word is no program."""

TOLD = re.compile(
    r"(color\.\w+|advice\.\w+|core\.(quotepath|autocrlf|abbrev)|init\.defaultbranch)=\w+|user\.(name|email)=[\w .@+-]+"
    r"|core\.pager=(cat)?|(pager\.\w+|(commit|tag)\.gpgsign)=false",
    re.IGNORECASE,
)
"""Settings of git for one call by which it runs nothing."""

MAKE_STEERS = re.compile(
    r"\.?SHELL\w*|MAKE\w*|(\w+_)?(CMD|COMMAND|EXEC|EXECUTABLE|RUN|RUNNER|EDITOR|WRAPPER|COMPILER|LINKER|TOOL|SUDO"
    r"|LAUNCHER|INTERPRETER|HOOK)"
)


def check_script(name: str, command: Command, entry: str) -> None:
    """An interpreter has to be given a file: else it runs whatever comes in."""
    words = command.words[1:]
    at = 0
    while at < len(words):
        word = words[at]
        if word.literal and (word.text in TELLS or (name == "node" and word.text == "--test")):
            if any(is_elsewhere(one, entry) for one in words[at + 1 :]):
                raise Unclear(command.source)
            return
        if name in ("python", "pypy") and word.literal and re.match(r"-[a-zA-Z]*m", word.text):
            module = word.text.partition("m")[2] or (words[at + 1].text if at + 1 < len(words) else "")
            if module in MODULES or module in entry.split():
                return
            raise Unclear(command.source)
        if not (word.text.startswith("-") and len(word.text) > 1):
            break
        at += 2 if word.text in SCRIPTED[name] else 1
    if at >= len(words) or not is_script(words[at]) or is_elsewhere(words[at], entry):
        raise Unclear(command.source)


def is_elsewhere(script: Word, entry: str) -> bool:
    """Whether a script is not of the workspace, and the allow entry does not name it; what `..` is, the disk knows."""
    return script.text.startswith(("/", "~")) and script.text not in entry.split()


def check_awk(command: Command) -> None:
    if any(re.match(r"-[fileEodpD]", word.text) for word in command.words[1:]):
        raise Unclear(command.source)
    program = next(iter(operands_of(command)), None)
    if program is not None and (not program.literal or AWK_RISK.search(without_patterns(program.text))):
        raise Unclear(command.source)


def check_sed(command: Command) -> None:
    """Every script of sed's must be one that only prints and replaces; what it is not given as, is not known."""
    words = command.words[1:]
    scripts: list[Word] = []
    operands: list[Word] = []
    at = 0
    while at < len(words):
        word = words[at]
        if not word.text.startswith("-") or word.text == "-":
            operands.append(word)
        elif re.fullmatch(r"-[nErsuz]*e|--expression", word.text) and at + 1 < len(words):
            at += 1
            scripts.append(words[at])
        elif not (SED_SHORT.fullmatch(word.text) or word.text in ("--quiet", "--silent", "--regexp-extended", "--")):
            raise Unclear(command.source)
        at += 1
    for script in scripts or operands[:1]:
        if not script.literal or not only_prints(script.text):
            raise Unclear(command.source)


def _check_curl(command: Command, entry: str) -> None:
    """curl reads and writes files, uploads and goes by proxies at a word: what is known to only fetch is let."""
    named = entry.split()[1:]
    words = command.words[1:]
    at = 0
    while at < len(words):
        word = words[at]
        if not word.literal and (word.splits or not OF_MACHINE.fullmatch(word.text)):
            raise Unclear(command.source)
        text = word.text
        if not text.startswith("-"):
            if word.literal and not ADDRESS.fullmatch(text):
                raise Unclear(command.source)
        elif CURL_VALUED.fullmatch(text):
            at += 1
            value = words[at] if at < len(words) else Word("", literal=False)
            method = text.endswith("X") or text == "--request"
            if not value.literal or value.text.startswith("@") or "%output" in value.text:
                raise Unclear(command.source)
            if method and value.text.upper() not in ("GET", "HEAD", "OPTIONS") and text not in named:
                raise Unclear(command.source)
        elif re.fullmatch(r"-[sSfLgvIN46#kij]*o|--output", text) and _text(words, at + 1) == "/dev/null":
            at += 1
        elif not CURL_FLAGS.fullmatch(text) and text not in named:
            raise Unclear(command.source)
        at += 1


def _text(words: list[Word], at: int) -> str:
    return words[at].text if at < len(words) else ""


def _check_make(command: Command, entry: str) -> None:
    """A variable given to make is part of the commands that it runs."""
    for word in command.words[1:]:
        variable, given, value = word.text.partition("=")
        variable = variable.rstrip(":+?!")
        is_value = (
            PLAIN.fullmatch(value)
            or (BELOW.fullmatch(value) and ("/" not in value or PLACES_OF_MAKE.fullmatch(variable.upper())))
            or (OPTIONS.fullmatch(value) and not variable.upper().endswith("FLAGS"))
        )
        is_plain = word.literal and is_value and not MAKE_STEERS.fullmatch(variable)
        is_plain = is_plain and not names_program(variable.upper())
        is_known = word.literal and variable in VALUES and VALUES[variable].fullmatch(value) is not None
        if given and not variable.startswith("-") and not (is_plain or is_known):
            raise Unclear(command.source)
    if not {"-f", "--file", "--makefile"} & set(entry.split()) and any(_files_of_make(command.words[1:])):
        raise Unclear(command.source)
    for place in _folders_of_make(command.words[1:]):
        if not (place.literal or place.values) or any(map(ELSEWHERE.fullmatch, place.values or (place.text,))):
            raise Unclear(command.source)


def _files_of_make(words: list[Word]) -> Iterator[bool]:
    """Of each `-f`, in all its spellings, whether it names another file than make reads anyway."""
    for at, word in enumerate(words):
        if (match := re.match(r"-[a-zA-BD-Z]*?f(.*)|--(?:fi\w*|mak\w*)(?:=(.*))?$", word.text, re.DOTALL)) is not None:
            given = match[1] or match[2] or _text(words, at + 1)
            yield re.fullmatch(r"GNUmakefile|[Mm]akefile", given) is None


def _folders_of_make(words: list[Word]) -> Iterator[Word]:
    """The values of `-C`, in all its spellings: make takes the beginning of a long option for the whole."""
    for at, word in enumerate(words):
        if (match := re.match(r"-[a-zA-Z]*?C(.*)|--di?r?e?c?t?o?r?y?(?:=(.*))?$", word.text, re.DOTALL)) is not None:
            given = match[1] or match[2]
            yield Word(given, word.literal) if given else (words[at + 1] if at + 1 < len(words) else Word(""))


def _check_tar(command: Command, entry: str) -> None:
    """An archive of another host is fetched by a remote shell."""
    if any(":" in word.text for word in command.words[1:]):
        raise Unclear(command.source)


def _check_npx(command: Command, entry: str) -> None:
    """npx runs whatever package it is told, from the internet if need be: the entry has to name it."""
    operands = operands_of(command)
    if not operands or operands[0].text not in entry.split():
        raise Unclear(command.source)


def without_told(command: Command) -> Command:
    """git's call without `-c` before its subcommand that says how it looks, or who writes: `-c color.ui=never`."""
    words = list(command.words)
    while len(words) > 2 and words[1] == Word("-c") and words[2].literal and TOLD.fullmatch(words[2].text):
        del words[1:3]
    return replace(command, words=words)


def _check_git(command: Command, entry: str) -> None:
    """Options of git's own that are known, a subcommand that is a name, no helper or strategy that is a program."""
    command = without_told(command)
    named, operands = entry.split(), [word.text for word in operands_of(command)]
    for word in command.words[1:]:
        text = word.text.partition("=")[0]
        if operands and word.text == operands[0]:
            break
        if text.startswith("-") and text not in GIT_OWN and text not in named:
            raise Unclear(command.source)
    if not operands:
        return
    if "--" in operands[0] or ("-c" not in named and re.search(r" -c [\w.-]+=", command.line)):
        raise Unclear(command.source)
    talks = operands[0] in ("clone", "fetch", "pull", "push", "remote", "ls-remote")
    if any("ext::" in one.text or (talks and re.match(r"\w+::", one.text)) for one in command.words):
        raise Unclear(command.source)
    if operands[0] in ("merge", "pull", "rebase"):
        _check_strategy(command)


def _check_strategy(command: Command) -> None:
    for at, word in enumerate(command.words):
        match = re.fullmatch(r"-s(.*)|--str\w*(?:=(.*))?", word.text)
        if match is not None and (match[1] or match[2] or _text(command.words, at + 1)) not in STRATEGIES:
            raise Unclear(command.source)


def _check_second(command: Command, entry: str) -> None:
    """The second operand of such a program is a file that it writes."""
    if len(operands_of(command)) > 1:
        raise Unclear(command.source)


def _check_input(command: Command, entry: str) -> None:
    """What comes in is code for these where they are given a dash."""
    if any(word.text == "-" for word in command.words):
        raise Unclear(command.source)


def meant_by(name: str, command: Command) -> Command | None:
    """The call that this one is: `python -m pip` is pip, `coverage run` is python."""
    words, at = command.words, 1
    if name == "coverage":
        return Command([Word("python"), *words[2:]], command.source) if _text(words, 1) == "run" else None
    while name in ("python", "pypy") and _text(words, at).startswith("-"):
        match = re.match(r"-[a-zA-Z]*m(.*)", words[at].text)
        if match is not None:
            module = [Word(match[1])] if match[1] else words[at + 1 : at + 2]
            return Command([*module, *words[at + (1 if match[1] else 2) :]], command.source) if module else None
        at += 2 if words[at].text in SCRIPTED[name] else 1
    return None


OWN = MappingProxyType({
    "git": _check_git, "curl": _check_curl, "make": _check_make, "tar": _check_tar, "uniq": _check_second,
    "xxd": _check_second, "json.tool": _check_second, "bun": _check_input,
    "deno": _check_input, **dict.fromkeys(("npx", "uvx", "bunx", "pnpx", "pipx"), _check_npx),
})  # fmt: skip
"""Programs that are checked by rules of their own."""
