"""Whether a command line edits files: what a mode that may not edit must not do by the shell. Nothing is run here.

Cline's guard of its plan mode, on what bash's grammar says would start. Known programs are judged by their words, and
what cannot be understood counts as editing. Programs of the project (tests, builds, scripts) are trusted to be what
they are named.
"""

from __future__ import annotations

import posixpath
import re
from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from extensions.coder import editors
from extensions.coder.calls import Unclear, operands_of
from extensions.coder.editing import by_options, edits
from extensions.coder.launchers import EVALUATORS, SHELLS, WRAPPERS, starts
from extensions.coder.programs import check_subscripts
from extensions.coder.shell import read
from extensions.coder.syntax import Command, Word
from extensions.coder.unknowns import check_unknown

DEPTH = 8
"""Programs that start programs that start programs, at most."""

MOST = 400
"""Programs and lines that are judged for one command line, at most; one with more is not understood."""

NOWHERE = re.compile(r"/dev/(null|stdout|stderr|tty|fd/\d+)|\$null|nul:?", re.IGNORECASE)
TEMPORARY = re.compile(
    r'"?\$\{?(?:TMPDIR|TMP|TEMP)\}?"?[/\\]([\w./\\ +@=-]+)"?|"?(?:\$env:TE?MP|%TE?MP%)"?[/\\]?([\w./\\ +@=-]+)"?', re.I
)
ODD = re.compile(r"[\s{}*?$`<>|;&()]")
NUMBER = re.compile(r"[\d.]+[smhd]?")


def edits_files(command: str | Mapping[str, Any], folders: Sequence[str] = ()) -> bool:
    """Whether the line, or `{"command": program, "args": words}`, edits files.

    What lies in one of `folders` (absolute) is no temporary file, though it be below /tmp.
    """
    guard = _Guard(tuple(folders), iter(range(MOST)))
    if isinstance(command, str):
        return guard.line(command, DEPTH)
    words = [str(command["command"]), *(str(word) for word in command.get("args") or ())]
    return guard.command(Command([Word(word) for word in words], " ".join(words)), DEPTH)


@dataclass(frozen=True, slots=True)
class _Guard:
    folders: tuple[str, ...]
    budget: Iterator[int]

    def line(self, line: str, depth: int) -> bool:
        if not depth or next(self.budget, None) is None:
            return True
        script = read(line)
        shown = {match[1] for match in editors.QUIET_PAGER.finditer(line)}
        assigned = [*script.assigned, *(each for one in script.commands for each in one.assigned)]
        risky = any(editors.VARIABLES.fullmatch(one.name) and one.name not in shown for one in assigned)
        return (
            bool(script.doubts) or script.evaluates or risky
            or not all(self.is_free(word, line) for word in script.writes)
            or any(self.command(one, depth) for one in script.commands)
        )  # fmt: skip

    def is_free(self, word: Word, line: str = "") -> bool:
        """Whether writing there edits nothing: no file at all, or a temporary one."""
        text = word.text
        if NOWHERE.fullmatch(text):
            return True
        if (match := TEMPORARY.fullmatch(text)) is not None:
            return ".." not in (match[1] or match[2])
        path = posixpath.normpath(text)
        below = word.literal and path.startswith("/tmp/") and not re.search(r"[*?\[{$`]", text)
        return below and not any(path == one or path.startswith(one.rstrip("/") + "/") for one in self.folders)

    def command(self, command: Command, depth: int) -> bool:
        """Whether one program edits, or one that it starts."""
        name = _name(command)
        if not depth or name is None or ODD.search(name) or next(self.budget, None) is None:
            return True
        try:
            check_subscripts(command)
            check_unknown(name, command)
        except Unclear:
            return True
        if (inner := self.started(name, command)) is not None:
            return any(self.command(one, depth - 1) for one in inner) or by_options(name, command)
        if name in editors.BLOCKS or name in ("powershell", "pwsh", "cmd", "watch"):
            return self.text(name, command, depth)
        if name in SHELLS or name in EVALUATORS or name == "find":
            return self.launched(name, command, depth)
        return edits(name, command, self.is_free)

    def started(self, name: str, command: Command) -> list[Command] | None:
        """What a wrapper (`env`, `sudo`, `npx`, `uv run`) may start: each way to read its words; None for another program."""  # noqa: E501  a pattern
        words = command.words[1:]
        if name in WRAPPERS and name != "watch":
            if name == "command" and words and words[0].text in ("-v", "-V"):
                return []
            if name == "xargs":
                words = _with_unknown(words)
            if any(word.text.startswith(("-S", "--split-string")) for word in words) and name == "env":
                return [_unknown(command)]
            risky = [one for one in words if "=" in one.text and editors.VARIABLES.fullmatch(one.text.split("=", 1)[0])]
            return (
                [_unknown(command)]
                if risky and name in ("env", "sudo", "time")
                else list(_readings(words, command, WRAPPERS[name]))
            )
        subcommands = editors.RUNNERS.get(name)
        if subcommands is None:
            return None
        first = next(iter(operands_of(command)), None)
        if not subcommands:
            return list(_readings(words, command))
        if first is None or first.text not in subcommands:
            return None
        return list(_readings(words[words.index(first) + 1 :], command))

    def text(self, name: str, command: Command, depth: int) -> bool:
        """Programs given as words that are a line of their own."""
        words = [word.text for word in command.words[1:]]
        if name == "cmd":
            words = [word for word in words if word.lower() not in ("/c", "/k", "/s", "/q")]
        elif name in ("powershell", "pwsh"):
            if any(word.lower().startswith(("-e", "-f")) for word in words) or not words:
                return True
            words = [word for word in words if not word.startswith("-")]
        elif name == "watch":
            return any(
                self.line(" ".join(words[at:]), depth - 1) for at in range(len(words)) if not words[at].startswith("-")
            )
        lines = " ".join(words).replace("{", " ").replace("}", " ")
        return self.line(lines, depth - 1)

    def launched(self, name: str, command: Command, depth: int) -> bool:
        """A shell, `eval`, `find -exec`: what the launchers say that it starts."""

        def inner(line: str) -> list[Command]:
            if self.line(line, depth - 1):
                raise Unclear(line)
            return []

        if name == "alias":
            return any(
                self.line(word.text.partition("=")[2], depth - 1) for word in command.words[1:] if "=" in word.text
            )
        try:
            found = starts(command, inner, "*")
        except Unclear:
            return True
        return any(self.command(one, depth - 1) for one in found) or by_options(name, command)


def _name(command: Command) -> str | None:
    """The program in lower case, without folder and version; None where only the shell will know it."""
    first = command.words[0]
    if not first.literal and not re.fullmatch(r"~/[\w.+/-]+", first.text):
        return None
    name = re.sub(r"\.(exe|cmd|bat)$", "", re.split(r"[/\\]", first.text)[-1].lower())
    versioned = re.fullmatch(r"(python|pypy|pip|perl|ruby|php|node|lua)[\d.]+", name)
    return versioned[1] if versioned else name


def _readings(words: Sequence[Word], command: Command, valued: Collection[str] | None = None) -> Iterator[Command]:
    """The program behind a wrapper's options: a word behind an unknown option may be its value, so both readings count."""  # noqa: E501  a pattern
    found, at = False, 0
    while at < len(words):
        word, before = words[at], words[at - 1].text if at else ""
        if word.text in (valued or ()):
            at += 1  # its value is no program
        elif not (word.text.startswith("-") or re.match(r"[A-Za-z_]\w*=", word.text) or NUMBER.fullmatch(word.text)):
            if word.literal or not found:
                yield Command(list(words[at:]), command.source)
            if not re.fullmatch(r"--[^=]+" if valued is not None else r"-\w|--[^=]+", before):
                return
            found = True
        at += 1


def _with_unknown(words: list[Word]) -> list[Word]:
    """The words as `xargs` gives them: with more of them that nobody knows, at the end or in a place's stead."""
    marks = [
        match[1] or _text(words, at + 1)
        for at, word in enumerate(words)
        if (match := re.fullmatch(r"(?:-I|-i|--replace=?)(.*)", word.text))
    ] if any(word.text.startswith(("-I", "-i", "--replace")) for word in words) else []  # fmt: skip
    marks += ["{}"] if marks else []
    kept = [Word(one.text, one.literal and not any(mark and mark in one.text for mark in marks)) for one in words]
    has_program = any(not word.text.startswith("-") and not NUMBER.fullmatch(word.text) for word in words)
    return [*kept, Word("", literal=False)] if has_program and not marks else kept


def _unknown(command: Command) -> Command:
    return Command([Word("", literal=False)], command.source)


def _text(words: Sequence[Word], at: int) -> str:
    return words[at].text if at < len(words) else ""
