"""A call's words: which are operands, which are options, which a script. What they mean is for others to say."""

from __future__ import annotations

import re

from extensions.coder import builders
from extensions.coder.doors import ANY_DASHES, LONG_SAFE, VALUED
from extensions.coder.syntax import Command, Word

ELSEWHERE = re.compile(r"[/~$`].*|(.*/)?\.\.(/.*)?")
"""A place outside the folder that a command runs in, as far as its spelling tells."""

PLACE = re.compile(r"--?[\w.-]+?[=:](?:\w+:(?!//))?(?P<value>.*)|-\w(?P<joined>[/~.].*)|(?P<alone>(?!-).*)", re.DOTALL)
"""Where a word may name a file or a folder."""


class Unclear(ValueError):
    """What would be started cannot be told from the words."""


def bare_name(name: str) -> str:
    """The program without its version: `python` for `python3.11`."""
    return name.rstrip("0123456789.") if re.fullmatch(r"(python|pip|pypy)[\d.]*", name) else name


def operands_of(command: Command) -> list[Word]:
    """The words that are no options, without the values of options that stand before a subcommand."""
    valued = VALUED.get(bare_name(command.name or ""), frozenset())
    kept: list[Word] = []
    words = iter(command.words[1:])
    for word in words:
        if not kept and word.text in valued:
            next(words, None)
        elif not (word.literal and word.text.startswith("-") and len(word.text) > 1):
            kept.append(word)
    if command.name == "cargo" and kept and kept[0].text.startswith("+"):
        del kept[0]  # the toolchain
    return kept


def taken_from(command: Command) -> list[str]:
    """The places that the words of a program which takes code from them may name, as they are written."""
    found, before = [], ""
    for word in command.words[1:]:
        text = word.text
        if word.literal and not builders.VALUED & {before, text.partition("=")[0]}:
            match = PLACE.fullmatch(text)
            found += [value for value in match.groupdict().values() if value] if match is not None else []
        before = text
    return found


def is_option(word: str, option: str, name: str = "") -> bool:
    """Whether a word is that option of the program, alone or in a group, with a value or shortened."""
    if option.startswith("--"):
        given = as_long(word.split("=", 1)[0], name)
        return len(given) > 3 and option.startswith(given) and given not in LONG_SAFE.get(name, ())
    if re.fullmatch(r"-\w", option) and not word.startswith("--"):
        return re.match(rf"-\w*{option[1]}", word) is not None
    return word == option or word.startswith(f"{option}=") or (option == "+" and word.startswith("+"))


def as_long(option: str, name: str) -> str:
    """An option with two dashes, for which npm and its kin take one, too: `-script-shell`."""
    return f"--{option.lstrip('-')}" if name in ANY_DASHES and re.match(r"-\w\w|---", option) else option


def is_script(word: Word) -> bool:
    """Whether a word is a file that an interpreter may be given: not what comes in."""
    return word.literal and word.text != "-" and not word.text.startswith(("/dev/", "/proc/"))
