"""Keeps what a user's processes write within what the user may have on disk. What is there is counted elsewhere."""

from __future__ import annotations

import signal
from collections.abc import Callable, Collection

from sessions.procfs import Procfs
from sessions.quotas import Overdraft

TICKS = 10
"""Hundredths of a second of CPU that a sandbox uses before the disk is counted anew: who writes needs some."""

WRITTEN_BYTES, WRITTEN_FILES = 1 << 20, 1_000
"""What is no filling of the disk: a shell's history, a file that is edited while there is too much."""


class Filling:
    """Watches one sandbox. `overdraft` says how much too much is on the disk, and may block.

    Processes write without asking, so they can write more than is allowed between two counts. Then whoever wrote is
    killed; where that does not help, as new ones write on, all has to end. Who only reads or deletes goes on.
    """

    __slots__ = ("_lowest", "_overdraft", "_struck", "_ticks")

    def __init__(self, overdraft: Callable[[], Overdraft | None]) -> None:
        self._overdraft = overdraft
        self._ticks = 0
        self._struck = False
        self._lowest: tuple[int, int] | None = None

    def check(self, processes: Procfs, spared: Collection[int]) -> str | None:
        """Look, and kill who fills the disk; a sentence where the whole sandbox has to end. It blocks.

        `spared` are the shells of terminals and the supervisor: what their children wrote counts as theirs.
        """
        ticks = processes.ticks()
        if 0 <= ticks - self._ticks < TICKS:
            return None
        self._ticks = ticks
        found = self._overdraft()
        if not self._has_grown(found) or found is None:
            return None
        held = processes.written()
        writers = [pid for pid, written in held.items() if written >= WRITTEN_BYTES and pid not in spared]
        if self._struck or not writers:
            return found.sentence
        self._struck = True
        for pid in writers:
            processes.signal(pid, signal.SIGKILL)
        return None

    def _has_grown(self, found: Overdraft | None) -> bool:
        """Whether more came to what was too much, or made it so; what there was before this sandbox is no crime."""
        if found is None:
            self._struck, self._lowest = False, (0, 0)
            return False
        size, files = self._lowest or (found.bytes, found.files)
        self._lowest = min(size, found.bytes), min(files, found.files)
        return found.bytes - size >= WRITTEN_BYTES or found.files - files >= WRITTEN_FILES
