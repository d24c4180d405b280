"""Scripts of sed and awk, read as far as telling whether they only print. Nothing is run here."""

from __future__ import annotations

import re


def _pattern(end: str) -> str:
    """A pattern of sed's. It does not end within brackets, where other readers say it does: none has its end there."""
    first, more = (rf"(\[:\w+:\]|\\[nt]|(?!{end})[^]\\[{more}\n])" for more in ("^", ""))
    return rf"(\\.|\[\^?{first}{more}*\]|(?!{end})[^\\\[\n])*"


_ADDRESS = rf"(\d+(~\d+)?|\$|/{_pattern('/')}/I?)"
BEFORE = re.compile(rf"[\s;]*({_ADDRESS}(\s*,\s*({_ADDRESS}|[+~]\d+))?\s*!?\s*)?", re.DOTALL)
CALL = re.compile(
    rf"(s(?P<by>[/|#,:@!]){_pattern('(?P=by)')}(?P=by)(\\.|(?!(?P=by))[^\\\n])*(?P=by)[gpIi0-9]*|[pdDPNnhHgGxz=l{{}}]|[qQ]\d*"
    r"|[bt]\s*\w*|:\s*\w+|[aic]\s*[^\\\s][^\\\n]*(?=\n|$))\s*(?=[;\n}]|$)",
    re.DOTALL,
)
"""Calls of sed that print, replace and jump."""

PATTERN = re.compile(r"/(\\.|\[[^\]/\n]*\]|[^/\\\[\n])*/")
STRING = re.compile(r'"(\\.|[^"\\\n])*"')


def only_prints(script: str) -> bool:
    """Whether a script of sed's only prints, replaces and jumps: it neither writes files nor runs anything."""
    at = 0
    while at < len(script):
        at = BEFORE.match(script, at).end()  # type: ignore[union-attr]  # it matches nothing, too
        call = CALL.match(script, at)
        if call is None and at < len(script) and script[at] != "{":
            return False
        at = call.end() if call is not None else at + 1
    return True


def without_patterns(program: str) -> str:
    """A program of awk's without what its patterns look for; as it is where a slash may also divide."""
    kept: list[str] = []
    at, before = 0, ""
    while at < len(program):
        one = program[at]
        found = STRING.match(program, at) if one == '"' else PATTERN.match(program, at) if one == "/" else None
        if (one in '"#\\' and found is None) or (one == "/" and (found is None or before not in "({,;!~&|\n}")):
            return program
        text = found[0] if found is not None else one
        kept.append("//" if one == "/" else text)
        at += len(text)
        before = one if one == "\n" or not one.isspace() else before
    return "".join(kept)
