"""How often one of many writers should write: the more of them there are, the more each gathers. It writes nothing."""

from __future__ import annotations

import time

SHARE_S = 0.0025
"""Seconds between two commits of the host that its users' gathering writers make, in the long run."""

WINDOW_S = 1.0


class Pace:
    """Who wrote lately. Writers that can gather wait `seconds` from one write of theirs to the next.

    So they make at most one commit in `SHARE_S` together, however many they are; a few need not wait.
    """

    __slots__ = ("_before", "_began", "_now")

    def __init__(self) -> None:
        self._began = time.monotonic()
        self._now: set[str] = set()
        self._before = 0

    def wrote(self, uid: str) -> None:
        """A user's writes were committed."""
        now = time.monotonic()
        if now - self._began > WINDOW_S:
            self._before = len(self._now) if now - self._began < 2 * WINDOW_S else 0
            self._now.clear()
            self._began = now
        self._now.add(uid)

    @property
    def seconds(self) -> float:
        """How long a writer should gather after it wrote; half a second where 200 users write."""
        return max(len(self._now), self._before) * SHARE_S
