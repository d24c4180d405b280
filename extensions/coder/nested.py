"""All that a command line is known to start, also in texts that it gives to shells, and in which folders. Words only.

What only the shell will know is left out: whether that runs unasked is for `approvals` to say.
"""

from __future__ import annotations

from collections.abc import Collection, Iterator
from contextlib import suppress
from functools import partial

from extensions.coder.calls import Unclear
from extensions.coder.launchers import DEEPEST, starts
from extensions.coder.shell import Script, read
from extensions.coder.syntax import Assigned, Command, Word
from extensions.coder.whereabouts import Folders, TooDeep, Whereabouts, worked_in


class Nested:
    """Its programs, and the words of its redirections, each with a folder that is worked in there.

    One that may work in several folders is there once for each. `lost` are those of whose folder nobody knows,
    `entered` the folders that `cd` is told to go to; it does where they are `sure` to be there.
    """

    __slots__ = ("_cwd", "_home", "_sure", "assigned", "commands", "entered", "lost", "reads", "writes")

    def __init__(self, line: str, cwd: str, home: str, sure: Collection[str] = ()) -> None:
        self._cwd, self._home, self._sure = cwd, home, sure
        self.assigned: list[Assigned] = []
        self.entered: set[str] = set()
        self.commands: list[tuple[Command, str]] = []
        self.lost: list[Command] = []
        self.reads: list[tuple[Word, str]] = []
        self.writes: list[tuple[Word, str]] = []
        self._look(line, frozenset({cwd}), DEEPEST)

    def _look(self, line: str, start: Folders, depth: int) -> list[Command]:
        """Note what is in a line; nothing of it is left to whoever asks."""
        if not depth:
            return []
        script = read(line)
        self.assigned += [*script.assigned, *(each for one in script.commands for each in one.assigned)]
        placed, visited = self._placed(script, start)
        for command, where in placed:
            self._note(command, where)
            with suppress(Unclear):
                for one in starts(command, partial(self._look, start=where, depth=depth - 1), "*"):
                    where |= worked_in(one, where, self._home)
                    self._note(one, where)
        self.reads += [(word, cwd) for word in script.reads for cwd in self._known(visited)]
        self.writes += [(word, cwd) for word in script.writes for cwd in self._known(visited)]
        return []

    def _placed(self, script: Script, start: Folders) -> tuple[list[tuple[Command, Folders]], Folders]:
        """The programs with their folders, and all folders that the line comes through."""
        if script.root is None:
            return [], start
        try:
            whereabouts = Whereabouts(script.root, start, self._home, self._sure)
        except TooDeep:
            anywhere = start | {None}
            return [(command, anywhere) for command in script.commands], anywhere
        self.entered |= whereabouts.entered
        return list(whereabouts), whereabouts.visited

    def _note(self, command: Command, where: Folders) -> None:
        self.commands += [(command, cwd) for cwd in self._known(where)]
        if None in where:
            self.lost.append(command)

    def _known(self, where: Folders) -> Iterator[str]:
        """The folders; for one that nobody knows, the one that the line begins in."""
        yield from dict.fromkeys(self._cwd if one is None else one for one in sorted(where, key=str))
