"""Code given to a program as a word: whether what awk, sed or an interpreter is told may write. Nothing is run here."""

from __future__ import annotations

import re
from collections.abc import Sequence

from extensions.coder.syntax import Word

RISK = re.compile(
    r"writ|append|unlink|remov|renam|mkdir|rmdir|rmtree|delete|touch|system|spawn|exec|eval|compile|popen|subprocess|shutil|chmod|chown"
    r"|link|truncat|copy|move|child_process|dump\(|save|to_\w+\(|__|getattr|globals|vars\(|import_module|importlib|ctypes|socket|`|qx|%x"
    r"|open\s*\([^)]*,|\bopen\b(?!\s*\()|file_put|fopen|fputs|shell|passthru|IO\.|File\.(?!read)|create|extract|require\(['\"](?!\./)|base64"
    r"|\bfs\b|Bun\.|Deno\.|mode=",
    re.IGNORECASE,
)
"""What code that only reads and prints does without."""
READS = re.compile(
    r"sys\.stdout\.write|process\.stdout\.write|require\(['\"](?:\./)?[\w./-]+\.json['\"]\)|\bto_(json|dict|list|string|s|a|i|h)\b|fs\.readFileSync"
)

AWK_RISK = re.compile(r"\bsystem\b|(?<!\|)\|(?!\|)|@load|@include|@\w+\(|\bprintf?\b[^;}\n]*>|\bfflush\b|\bextension\b")
ADDRESS = r"(?:\d+|\$|/(?:\\.|[^/\\\n])*/[IM]*|\\(.)(?:(?!\1).)*\1)(?:[~+]\d+)?"
SED_ADDRESS = re.compile(rf"[\s;]*(?:{ADDRESS})?(?:\s*,\s*(?:\d+|\$|[~+]\d+|/(?:\\.|[^/\\\n])*/[IM]*))?\s*!?\s*")
SED_PLAIN = re.compile(
    r"[dDgGhHnNpPxzF={}lqQ]\s*\d*|[btT]\s*\w*|:\s*\w+|[rR][^\n;}]*|#[^\n]*|[aic]\\?[^\n]*(?:\\\n[^\n]*)*"
)
SED_CHANGE = re.compile(r"([sy])([^\\\n])((?:\\.|(?!\2).)*)\2((?:\\.|(?!\2).)*)\2([a-zA-Z0-9]*)", re.DOTALL)


def code_edits(code: str) -> bool:
    """Whether code of a language that can do everything may do more than read and print."""
    return RISK.search(READS.sub(" ", code)) is not None


def awk_edits(words: Sequence[Word]) -> bool:
    """Whether an awk program writes a file or starts a program."""
    program = _program(words, ("-F", "-v"))
    if program is None:
        return bool(words) and words[0].text not in ("--version", "-V", "--help")
    if not program.literal:
        return True
    bare = re.sub(r'"(?:\\.|[^"\\])*"', '""', program.text)
    return AWK_RISK.search(re.sub(r"/(?:\\.|[^/\\\n])+/", "//", bare)) is not None


def sed_edits(words: Sequence[Word]) -> bool:
    """Whether a sed script writes a file or starts a program, or is none that is understood."""
    given = [
        words[at + 1] if at + 1 < len(words) else None
        for at, one in enumerate(words)
        if re.fullmatch(r"-[nErsuz]*e|--expression", one.text)
    ]
    given += [Word(one.text.partition("=")[2], one.literal) for one in words if one.text.startswith("--expression=")]
    given += [
        Word(match[1], one.literal) for one in words if (match := re.fullmatch(r"-[nErsuz]*e(.+)", one.text, re.DOTALL))
    ]
    if not given:
        program = _program(words, ("-l", "-s"))
        if program is None:
            return not any(one.text in ("--version", "--help") for one in words)
        given = [program]
    return any(one is None or not one.literal or _script_edits(one.text) for one in given)


def _program(words: Sequence[Word], valued: Sequence[str]) -> Word | None:
    """The first word that is neither an option nor the value of one."""
    at = 0
    while at < len(words):
        if not words[at].text.startswith("-"):
            return words[at]
        at += 2 if words[at].text in valued else 1
    return None


def _script_edits(script: str) -> bool:
    at = 0
    while at < len(script):
        match = SED_ADDRESS.match(script, at)
        at = match.end() if match else at
        if at >= len(script):
            return False
        if (change := SED_CHANGE.match(script, at)) is not None:
            if re.search(r"[we]", change[5]):
                return True
            at = change.end()
        elif (plain := SED_PLAIN.match(script, at)) is not None:
            at = plain.end()
        else:
            return True
    return False
