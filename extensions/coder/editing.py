"""Whether one program edits files, by its words: what it is told to write, to run as code, or to do by an option.

Nothing is run here. A program that is not known is the project's, and trusted to be what it is named.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from types import MappingProxyType

from extensions.coder import editors
from extensions.coder.calls import is_script, operands_of
from extensions.coder.doors import AWKS, SEDS
from extensions.coder.editing_git import git_edits
from extensions.coder.inline import awk_edits, code_edits, sed_edits
from extensions.coder.syntax import Command, Word

IsFree = Callable[[Word], bool]

INTERPRETERS = MappingProxyType({
    "python": r"-[a-zA-Z]*c", "pypy": r"-[a-zA-Z]*c", "node": r"-[a-z]*[ep]|--eval|--print", "perl": r"-[a-zA-Z0]*[eE]",
    "ruby": r"-[a-z]*e", "php": r"-r|--run", "lua": r"-e", "osascript": r"-e", "rscript": r"-e", "julia": r"-e|--eval",
})  # fmt: skip
"""Programs that take code as a word, and the option before it."""
MKTEMP = frozenset({"-d", "-q", "-u", "-t", "--directory", "-dt", "-td"})
ASKS = frozenset({"--version", "-V", "-v", "--help", "-h", "-m", "--check", "-c", "-l"})


def edits(name: str, command: Command, is_free: IsFree) -> bool:
    """Whether a program that starts no other one edits; `is_free` says where writing edits nothing."""
    words = command.words[1:]
    if name in editors.ALWAYS:
        return not words or words[0].text not in ("--version", "--help")
    if name == "git":
        return git_edits(command, is_free)
    if name in SEDS:
        return by_options("sed", command) or sed_edits(words)
    if name in AWKS:
        return by_options("awk", command) or awk_edits(words)
    if (writes := WRITING.get(name)) is not None:
        return writes(words, is_free)
    if name in ("source", "."):
        return not words or not is_script(words[0])
    return _by_inline(name, words, command.fed) or _by_subcommand(name, command) or by_options(name, command)


def _tee(words: Sequence[Word], is_free: IsFree) -> bool:
    return not all(is_free(word) for word in words if word.text not in ("-a", "--append", "-i", "-p", "--"))


def _mktemp(words: Sequence[Word], is_free: IsFree) -> bool:
    """It makes a file where its template or `-p` says, and a temporary one with `-t` or no template."""
    asked = {word.text for word in words}
    if asked <= MKTEMP or any(word.text in ("-t", "-dt", "-td") for word in words[:-1]):
        return False
    return not all(is_free(word) or (word.text.startswith("-") and word.text != "-p") for word in words)


def _curl(words: Sequence[Word], is_free: IsFree) -> bool:
    """`-o FILE` in all its spellings, and what names or reads files by itself."""
    for at, word in enumerate(words):
        text = word.text
        if text.startswith("--"):
            option, _, value = text.partition("=")
            if re.match(r"--(rem|output-d|dump|cookie-j|conf|trace|stderr|etag-s|hsts|alt-svc|libc|create-d)", option):
                return True
            if option not in ("--output", "--outpu", "--outp", "--out"):
                continue
            target = Word(value, word.literal) if value else _at(words, at + 1)
        elif (match := re.match(r"-([a-zA-Z#0-9:]*?)([oOJDcKHdXAeubmTFw])(.*)", text, re.DOTALL)) is not None:
            if match[2] in "OJDcK":
                return True
            if match[2] != "o":
                continue  # the rest is its value
            target = Word(match[3], word.literal) if match[3] else _at(words, at + 1)
        else:
            continue
        if target is None or not (target.text == "-" or is_free(target)):
            return True
    return False


def _wget(words: Sequence[Word], is_free: IsFree) -> bool:
    texts = [word.text for word in words]
    if any(text in ("--version", "--help", "-V", "-h") for text in texts):
        return False
    for at, word in enumerate(words):
        if word.text.startswith(
            ("-o", "-a", "--output-file", "--append-output", "--save-", "--warc", "-i", "-x", "-e")
        ):
            return True
        if (match := re.fullmatch(r"-[qSdvnNc46]*O(.*)|--output-document(?:=(.*))?", word.text)) is not None:
            value = match[1] or match[2]
            target = Word(value, word.literal) if value else _at(words, at + 1)
            return target is None or not (target.text == "-" or is_free(target))
    return "--spider" not in texts


def _at(words: Sequence[Word], at: int) -> Word | None:
    return words[at] if at < len(words) else None


def _by_inline(name: str, words: Sequence[Word], fed: str | None) -> bool:
    """Whether an interpreter is given code that may write, as a word or by its standard input."""
    option = INTERPRETERS.get(name)
    if option is None:
        return False
    if name == "python" and (at := next((at for at, one in enumerate(words) if one.text == "-m"), None)) is not None:
        return _by_module(words[at + 1 :])
    for at, word in enumerate(words):
        if (match := re.match(option, word.text)) is not None and word.text.startswith("-"):
            code = (
                Word(word.text[match.end() :].lstrip("="), word.literal)
                if match.end() < len(word.text)
                else _at(words, at + 1)
            )
            return code is None or not code.literal or code_edits(code.text)
        if not word.text.startswith("-"):
            return False  # a script of the project
    if any(word.text in ASKS for word in words):
        return False
    return fed is None or code_edits(fed)


def _by_module(words: Sequence[Word]) -> bool:
    """`python -m pip install` is pip; most other modules are programs of the project."""
    if not words or not words[0].literal:
        return True
    name = words[0].text
    if name in ("venv", "virtualenv", "ensurepip", "zipapp", "compileall", "py_compile"):
        return True
    if name == "json.tool":
        return len([word for word in words[1:] if not word.text.startswith("-")]) > 1  # the second file is written
    command = Command(list(words), name)
    return name in editors.ALWAYS or _by_subcommand(name, command) or by_options(name, command)


def _by_subcommand(name: str, command: Command) -> bool:
    operands = [one.text if one.literal else None for one in operands_of(command)]
    first = operands[0] if operands else ""
    if name == "yarn" and not operands:
        return not any(word.text in ("--version", "-v", "--help", "-h") for word in command.words[1:])
    if name in editors.SUBCOMMANDS:
        if first is None or first.lower() in editors.SUBCOMMANDS[name]:
            return True
        second = editors.SECOND.get((name, first), frozenset())
        if second and any(one is None or one in second for one in operands[1:2]):
            return True
    for known in (name, f"{name} {first}"):
        if known in editors.FORMATTERS:
            pattern = re.compile(editors.FORMATTERS[known])
            return not any(pattern.fullmatch(word.text) for word in command.words[1:])
    return False


def by_options(name: str, command: Command) -> bool:
    """Whether an option makes the program one that edits."""
    pattern = editors.OPTIONS.get(name)
    if pattern is None:
        return False
    ignored = re.IGNORECASE if name.startswith(("invoke", "i")) else 0
    return any(
        re.fullmatch(pattern, word.text, ignored) or not (word.literal or word.text) for word in command.words[1:]
    )


WRITING = MappingProxyType({"tee": _tee, "mktemp": _mktemp, "curl": _curl, "wget": _wget})
"""Programs that write what they are told to."""
