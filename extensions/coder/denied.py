"""What a deny list means: a call in whatever spelling, and what of it only the shell will know. Words only."""

from __future__ import annotations

import re
from collections.abc import Collection, Iterator, Sequence
from dataclasses import replace
from functools import lru_cache
from itertools import pairwise, product
from typing import Literal

from extensions.coder.aliases import flags, is_lettered, plain
from extensions.coder.calls import operands_of
from extensions.coder.doors import VALUED
from extensions.coder.same import GOALS, IN_PROJECTS, SHORTENED, forms, runs_script
from extensions.coder.syntax import Command, Word

Decision = Literal["approve", "deny", "ask"]

ANY = "*"
SET = re.compile(r"[\w.-]+[:+?!]*=")
"""How a word begins that sets a variable."""

OPTIONS = 4
"""Options of one call of which either is tried: that they have a value, and that they have none."""

FORCED = re.compile(r"-(with-lease|if-includes)\b")


def longest_prefix(command: str, prefixes: Collection[str] | None) -> str | None:
    """The longest of the prefixes that the command begins with, in lower case; `*` is one of length 1."""
    line = command.strip().lower()
    found = [one for one in (prefix.lower() for prefix in prefixes or ()) if one == ANY or line.startswith(one)]
    return max(found, key=len, default=None)


def decide_part(command: str, allow: Collection[str] | None, deny: Collection[str] | None) -> Decision:
    """What the lists say of one part of a command line."""
    if not command.strip():
        return "approve"
    meant = [one for one in deny or () if not _is_other_option(command, one)]
    allowed, denied = longest_prefix(command, allow), longest_prefix(command, meant)
    if denied is not None and (allowed is None or len(allowed) <= len(denied)):
        return "deny"
    return "ask" if allowed is None else "approve"


def _is_other_option(command: str, entry: str) -> bool:
    """Whether the entry's last word is only how another option begins: who denies `--force` does not mean a lease."""
    line = command.strip().lower()
    return entry.endswith("--force") and line.startswith(entry.lower()) and FORCED.match(line, len(entry)) is not None


def is_denied(command: Command, allow: Collection[str] | None, deny: Collection[str] | None) -> bool:
    """Whether the deny list means this program, in whatever spelling."""
    if not deny:
        return False
    name = command.name
    if name is None:
        return False
    line = " ".join((name, *(word.text for word in command.words[1:])))
    if decide_part(line, allow, deny) == "deny" or decide_part(command.line, allow, deny) == "deny":
        return True
    allowed = longest_prefix(line, allow) or ""
    given = forms(plain(command))
    return any(len(entry) >= len(allowed) and any(_means(*pair) for pair in _pairs(entry, given)) for entry in deny)


@lru_cache(maxsize=512)
def _entry(entry: str) -> Sequence[Command]:
    """What an entry means, in all forms that mean the same."""
    words = [Word(one) for one in entry.lower().split()]
    return forms(plain(Command(words, ""))) if words else ()


def _pairs(entry: str, given: Sequence[Command]) -> Iterator[tuple[Command, Command]]:
    """The forms of an entry and of a call that are of one program."""
    return ((meant, one) for meant in _entry(entry) for one in given if meant.name == one.name)


def _means(meant: Command, given: Command) -> bool:
    """Whether a deny entry such as `rm -rf` means this call, its flags in whatever order, grouping or spelling."""
    wanted, words = ([word.text for word in one.words[1:]] for one in (meant, given))
    long = [word for word in wanted if word.startswith("--") and not is_lettered(word)]
    operands = [word.text for word in _operands(given)]
    is_forced = operands[:1] == ["push"] and any(one.startswith("+") for one in operands)
    found = flags(words) | ({"f"} if is_forced else set())
    has_flags = flags(wanted) <= found and all(_has_long(words, word) for word in long)
    return has_flags and _does(meant, given, operands)


def _does(meant: Command, given: Command, operands: Sequence[str]) -> bool:
    """Whether the call's operands are those of the entry: its first ones, or any of a program that does all of them."""
    name, named = meant.name or "", [word.text for word in meant.words[1:] if not word.text.startswith("-")]
    if name in GOALS:
        done = {*operands, *(one.rsplit(":", 1)[-1] for one in operands if name in IN_PROJECTS)}
        return all(any(_is(name, one, goal) for one in done) for goal in named)
    if named == ["run"] and runs_script(given):
        return True
    first = operands[: len(named)]
    return len(first) == len(named) and all(_is(name, *pair) for pair in zip(first, named, strict=True))


def _is(name: str, given: str, wanted: str) -> bool:
    shortened = name in SHORTENED and len(given) > 1 and given not in SHORTENED[name] and wanted.startswith(given)
    return given == wanted or shortened


def _has_long(words: Sequence[str], wanted: str) -> bool:
    """Whether a long option is among the words, be it shortened: `--har` is `--hard`."""
    given = (word.partition("=")[0] for word in words if word.startswith("--"))
    return wanted in words or any(len(one) > 3 and wanted.startswith(one) and not is_lettered(one) for one in given)


def _operands(command: Command) -> list[Word]:
    """Its operands; of a program that does all of them, without the values of options behind the first one."""
    found = operands_of(command)
    if command.name not in GOALS:
        return found
    valued = {one.lower() for one in VALUED.get(command.name or "", ())}
    told = [word for before, word in pairwise(command.words) if before.text in valued]
    return [word for word in found if not any(word is one for one in told)]


def hides(command: Command, deny: Collection[str] | None) -> bool:
    """Whether only the shell will know if this call is one that the deny list means."""
    if command.name is None or not deny:
        return False
    given = forms(plain(command))
    return any(len(entry.split()) > 1 and any(_may_mean(*pair) for pair in _pairs(entry, given)) for entry in deny)


def _may_mean(meant: Command, given: Command) -> bool:
    """Whether a call may be what an entry means: by what the shell puts in, or an option that nobody knows."""
    named = [word.text for word in meant.words[1:] if not word.text.startswith("-")]
    if given.name not in GOALS and _does_else(given, named):
        return False
    if len(named) < len(meant.words) - 1 and any(not word.literal for word in given.words):
        return True
    operands = _operands(given)
    first = [one for one in operands if not SET.match(one.text)] if given.name in GOALS else operands[: len(named)]
    is_open = any(not word.literal or re.search(r"[*?\[{]", word.text) for word in first)
    return is_open or any(_means(meant, one) for one in _readings(given))


def _does_else(command: Command, named: Sequence[str]) -> bool:
    """Whether the call's first word says plainly that it is another one than the entry names."""
    first = command.words[1] if len(command.words) > 1 else Word("-")
    is_plain = first.literal and not first.splits and re.fullmatch(r"\w[\w-]*", first.text) is not None
    return bool(named) and is_plain and first.text != named[0]


def _readings(command: Command) -> Iterator[Command]:
    """The call as it is if options take the word behind them as their value: for some, nobody knows."""
    words = command.words
    options = [
        at
        for at, (word, behind) in enumerate(pairwise(words))
        if word.text.startswith("-") and "=" not in word.text and not behind.text.startswith("-")
    ]
    for taken in product((False, True), repeat=min(len(options), OPTIONS)):
        told = {at + one for at, takes in zip(options, taken, strict=False) if takes for one in (0, 1)}
        if told:  # else it is as it was judged already
            yield from forms(replace(command, words=[word for at, word in enumerate(words) if at not in told]))


def names(line: str, deny: Collection[str] | None) -> bool:
    """Whether a line names a program of the deny list, with the subcommand that the entry says."""
    for entry in deny or ():
        words = [re.escape(word) for word in entry.split() if not word.startswith("-")]
        named = r"\W+".join(words)
        if words and re.search(rf"(?<![\w.-]){named}(?![\w-])", line, re.IGNORECASE):
            return True
    return False
