"""What is known of a provider now, for all who share a key: whether it is asked at all. Nothing here asks it."""

from __future__ import annotations

import time

from host.providers.faults import Fault

FAILURES = 5
"""In a row, without a word in between."""

OPEN_S = 30.0
PROBE_S = 1.0
"""What is told to those who come while one asks for all: when to try again."""


class Breaker:
    """What is known of an account's provider now, for all who share the key: until when it is left alone, and why.

    After some failures in a row nobody asks for a while; then one does, and the others when that one is answered.
    """

    __slots__ = ("_open_s", "failing", "failures", "open_until", "paused_until", "probing")

    def __init__(self, open_s: float = OPEN_S) -> None:
        self._open_s = open_s
        self.failures = 0
        self.failing: set[str] = set()
        """Whose calls failed since the last that did not: what one user alone sees is left alone for them alone."""
        self.open_until = 0.0
        self.paused_until = 0.0
        self.probing = False

    def enter(self, provider: str, uid: str) -> bool:
        """May one ask now? True where this one is the probe. Raises `Fault` where not."""
        now = time.monotonic()
        broken = self.failures >= FAILURES and (len(self.failing) > 1 or uid in self.failing)
        if broken and (now < self.open_until or self.probing):
            raise Fault(
                f"{provider} failed {self.failures} times in a row: it is asked again later",
                "Unavailable",
                retry_after_s=max(PROBE_S, self.open_until - now),
            )
        if now < self.paused_until:
            what = f"{provider} has no room for this key now"
            raise Fault(what, "Overloaded", again=True, retry_after_s=self.paused_until - now)
        self.probing = self.probing or broken
        return broken

    def answered(self) -> None:
        """It said something: it is there."""
        self.failures = 0
        self.failing.clear()
        self.probing = False

    def note(self, fault: Fault, uid: str) -> None:
        """What a failure means for all who use the same key."""
        now = time.monotonic()
        if fault.code in ("Unavailable", "Cut"):
            self.failures += 1
            self.failing.add(uid)
            if self.failures >= FAILURES:
                self.open_until = now + self._open_s
            return
        self.answered()  # it refuses, so it is there
        if fault.code == "Overloaded":
            self.paused_until = max(self.paused_until, now + (fault.retry_after_s or 0.0))
