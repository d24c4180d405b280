"""All that a command line is known to start, also in texts that it gives to shells, and in which folders. Words only.

What only the shell will know is left out: whether that runs unasked is for `approvals` to say.
"""

from __future__ import annotations

import posixpath
import re
from contextlib import suppress
from functools import partial

from extensions.coder.calls import Unclear
from extensions.coder.launchers import DEEPEST, starts
from extensions.coder.shell import read
from extensions.coder.syntax import Command, Word

HOME = re.compile(r'"?(?:~|\$HOME|\$\{HOME\})"?(?=/)')


class Nested:
    """Its programs, and the words of its redirections, each with the folder that is worked in there."""

    __slots__ = ("_home", "commands", "reads", "writes")

    def __init__(self, line: str, cwd: str, home: str) -> None:
        self._home = home
        self.commands: list[tuple[Command, str]] = []
        self.reads: list[tuple[Word, str]] = []
        self.writes: list[tuple[Word, str]] = []
        self._look(line, cwd, DEEPEST)

    def _look(self, line: str, cwd: str, depth: int) -> list[Command]:
        """Note what is in a line; nothing of it is left to whoever asks."""
        if not depth:
            return []
        script = read(line)
        for command in script.commands:
            self.commands.append((command, cwd))
            with suppress(Unclear):
                inner = starts(command, partial(self._look, cwd=cwd, depth=depth - 1), "*")
                self.commands += [(one, cwd) for one in inner]
            if command.name in ("cd", "pushd") and len(command.words) == 2 and command.words[1].literal:
                cwd = posixpath.normpath(posixpath.join(cwd, at_home(command.words[1].text, self._home)))
        self.reads += [(word, cwd) for word in script.reads]
        self.writes += [(word, cwd) for word in script.writes]
        return []


def at_home(text: str, home: str) -> str:
    """A word as the shell reads it where it begins with the home folder."""
    return HOME.sub(lambda _: home, text)
