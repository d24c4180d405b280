"""A command line cut into its parts as Roo Code cuts it, so that its users' allow and deny lists keep their meaning.

Cutting is by characters and knows quotes; what the parts really start is `shell.read`'s to say.
"""

from __future__ import annotations

import re

DANGEROUS = re.compile(
    r"\$\{[^}]*@[PQEAa][^}]*\}"  # ${x@P} expands what x holds
    r"|\$\{[^}]*[=+\-?][^}]*\\(?:[0-7]{3}|x[0-9a-fA-F]{2}|u[0-9a-fA-F]{4})[^}]*\}"  # a backquote in disguise
    r"|\$\{![^}]+\}"  # a variable named by a variable
    r"|<<<\s*(?:\$\(|`)"
    r"|(?:^|[\s;|&(])=\([^)]+\)"  # zsh: the output of a program as a file
    r"|[*?+@!]\(e:[^:]+:\)"  # zsh: a glob that runs code
)
SUBSTITUTION = re.compile(
    r"\$\((?!\()((?:[^()]|\((?:[^()]|\([^()]*\))*\))*)\)|`([^`]*)`|[<>]\(((?:[^()]|\([^()]*\))*)\)"
)
KEPT = re.compile(
    r"\$\(\((?:[^()]|\([^()]*\))*\)\)|\$\[[^\]]*\]|\$\{(?:[^{}]|\{[^{}]*\})*\}|\d*>&\d*|&>"
    r"|'[^']*'|\"(?:\\.|[^\"\\])*\"|\w*=\((?:[^()\"']|\"[^\"]*\"|'[^']*')*\)"
)
BREAK = re.compile(r"&&|\|\||[;|&]")


def has_dangerous_substitution(command: str) -> bool:
    """Whether an expansion in it may run code that the line does not show."""
    return DANGEROUS.search(command) is not None


def split_command(command: str) -> list[str]:
    """The parts of a command line, in order: bodies of substitutions follow the part they stand in."""
    parts: list[str] = []
    for line in re.split(r"\r\n|\r|\n", command):
        if line.strip():
            parts += _split_line(line.strip())
    return parts


def _split_line(line: str) -> list[str]:
    bodies: list[str] = []
    kept: list[str] = []
    line = _hide(line, kept)
    line = SUBSTITUTION.sub(lambda found: _pull(found, bodies), line)
    parts: list[str] = []
    for part in BREAK.split(line):
        parts += _pieces(part, bodies)
    return [_show(part, kept) for part in parts]


def _pieces(part: str, bodies: list[str]) -> list[str]:
    """A part, cut at the words that hold a substitution: such a word is its body."""
    pieces: list[str] = []
    words: list[str] = []
    for word in part.split():
        marks = re.findall(r"\x00s(\d+)\x00", word)
        if not marks:
            words.append(word)
            continue
        pieces += [" ".join(words)] if words else []
        pieces += [bodies[int(mark)] for mark in marks]
        words = []
    return pieces + ([" ".join(words)] if words else [])


def _hide(line: str, kept: list[str]) -> str:
    """Put marks where nothing may be cut."""

    def mark(found: re.Match[str]) -> str:
        kept.append(found[0])
        return f"\x00k{len(kept) - 1}\x00"

    return KEPT.sub(mark, line)


def _pull(found: re.Match[str], bodies: list[str]) -> str:
    bodies.append(next(group for group in found.groups() if group is not None).strip())
    return f"\x00s{len(bodies) - 1}\x00"


def _show(part: str, kept: list[str]) -> str:
    while "\x00k" in part:
        part = re.sub(r"\x00k(\d+)\x00", lambda found: kept[int(found[1])], part)
    return part
