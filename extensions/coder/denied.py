"""What a deny list means: a call in whatever spelling, and what of it only the shell will know. Words only."""

from __future__ import annotations

import re
from collections.abc import Collection, Sequence
from typing import Literal

from extensions.coder.aliases import flags, is_lettered, plain
from extensions.coder.calls import operands_of
from extensions.coder.syntax import Command, Word

Decision = Literal["approve", "deny", "ask"]

ANY = "*"
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
    return any(len(entry) >= len(allowed) and _means(entry.lower().split(), command) for entry in deny)


def _means(entry: Sequence[str], command: Command) -> bool:
    """Whether a deny entry such as `rm -rf` means this call, its flags in whatever order, grouping or spelling."""
    if not entry:
        return False
    meant, given = (plain(one) for one in (Command([Word(one) for one in entry], ""), command))
    if meant.name != given.name:
        return False
    wanted, words = ([word.text for word in one.words[1:]] for one in (meant, given))
    long = [word for word in wanted if word.startswith("--") and not is_lettered(word)]
    named = [word for word in wanted if not word.startswith("-")]
    operands = [word.text for word in operands_of(given)]
    is_forced = operands[:1] == ["push"] and any(one.startswith("+") for one in operands)
    found = flags(words) | ({"f"} if is_forced else set())
    return flags(wanted) <= found and all(word in words for word in long) and operands[: len(named)] == named


def hides(command: Command, deny: Collection[str] | None) -> bool:
    """Whether only the shell will know if this call is one that the deny list means."""
    for entry in deny or ():
        name, *rest = entry.split() or [""]
        if name != command.name or not rest:
            continue
        flagged = any(word.startswith("-") for word in rest)
        if _does_else(command, [word.lower() for word in rest if not word.startswith("-")]):
            continue
        if command.name is None or (flagged and any(not word.literal for word in command.words)):
            return True
        if _behind_option(command.words[1:], rest):
            return True
        operands = operands_of(command)[: sum(not word.startswith("-") for word in rest)]
        if any(not word.literal or re.search(r"[*?\[{]", word.text) for word in operands):
            return True
    return False


def _does_else(command: Command, named: Sequence[str]) -> bool:
    """Whether the call's first word says plainly that it is another one than the entry names."""
    first = command.words[1] if len(command.words) > 1 else Word("-")
    is_plain = first.literal and not first.splits and re.fullmatch(r"\w[\w-]*", first.text) is not None
    return bool(named) and is_plain and first.text.lower() != named[0]


def names(line: str, deny: Collection[str] | None) -> bool:
    """Whether a line names a program of the deny list, with the subcommand that the entry says."""
    for entry in deny or ():
        words = [re.escape(word) for word in entry.split() if not word.startswith("-")]
        named = r"\W+".join(words)
        if words and re.search(rf"(?<![\w.-]){named}(?![\w-])", line, re.IGNORECASE):
            return True
    return False


def _behind_option(words: Sequence[Word], wanted: Sequence[str]) -> bool:
    """Whether what is wanted stands behind an option that nobody knows: its value, or the subcommand."""
    after_option = False
    for at, word in enumerate(words):
        if word.text.startswith("-"):
            after_option = "=" not in word.text
        elif word.text.lower() == wanted[0].lower():
            return at > 0  # else it is the subcommand, and was judged as that
        elif not after_option:
            return False
        else:
            after_option = False
    return False
