"""How often something may happen: token buckets. No I/O and no clock: the time is passed in, and nothing waits here."""

from __future__ import annotations

import math


class Bucket:
    """`burst` turns at once, and `rate` new ones a second. It fills when it is asked, so an idle one costs nothing."""

    __slots__ = ("_at", "_burst", "_left", "_rate")

    def __init__(self, rate: float, burst: float) -> None:
        if not (0 < rate < math.inf and 1 <= burst < math.inf):
            raise ValueError("a bucket needs a rate above 0 and a burst of at least 1, both finite")
        self._rate = rate
        self._burst = burst
        self._left = burst
        self._at = -math.inf

    def take(self, now: float) -> float:
        """Take one turn at `now` (seconds, as `time.monotonic` gives them): 0.0, or the seconds until there is one.

        A turn that is refused takes nothing: whoever keeps asking is not put off for longer.
        """
        self._fill(now)
        if self._left >= 1:
            self._left -= 1
            return 0.0
        return (1 - self._left) / self._rate

    def spend(self, now: float, turns: int) -> float:
        """Count turns that were taken already: 0.0, or the seconds until what was taken too much is made up for."""
        self._fill(now)
        self._left -= turns
        return max(0.0, -self._left / self._rate)

    def _fill(self, now: float) -> None:
        if now > self._at:
            self._left = min(self._burst, self._left + (now - self._at) * self._rate)
            self._at = now


def retry_after_ms(wait: float) -> int:
    """`wait` seconds as `retryAfterMs`: whole milliseconds, rounded up, so that a turn is there by then."""
    return max(1, math.ceil(wait * 1000))
