"""Runs the command after it, a Python module, with a clock of the test's own: `before=Clock(file).command`.

The machine's clock is left alone: `time.time` and `time.time_ns` of that process are ahead by what the file says, and
`time.monotonic` goes on as it does when somebody sets a real clock, but where the file says that time has passed.
"""

from __future__ import annotations

import mmap
import runpy
import struct
import sys
import time
from pathlib import Path

HOUR = 3_600.0
DAY = 24 * HOUR
SECONDS = struct.Struct("dd")
"""How far dates are ahead, and how much time has passed for the process besides."""


class Clock:
    """How far a host's clock is ahead of the machine's; set it as often as you like."""

    def __init__(self, place: Path) -> None:
        self._place = place
        self.ahead(0)

    @property
    def command(self) -> list[str]:
        return [sys.executable, "-m", "tests.faults.clock", str(self._place)]

    def ahead(self, seconds: float) -> None:
        """Put the clock forward, or back, from what the machine says."""
        self._say(seconds, 0)

    def passes(self, seconds: float) -> None:
        """So much time goes by at once, as it would for a process that had nothing to do meanwhile."""
        self._say(seconds, seconds)

    def _say(self, ahead: float, passed: float) -> None:
        with self._place.open("r+b" if self._place.exists() else "wb") as file:
            file.write(SECONDS.pack(ahead, passed))


def main() -> None:
    """`clock FILE python -m MODULE ...`"""
    place, _, _, module, *rest = sys.argv[1:]
    with open(place, "rb") as file:
        shared = mmap.mmap(file.fileno(), SECONDS.size, prot=mmap.PROT_READ)
    real, real_ns, monotonic = time.time, time.time_ns, time.monotonic
    time.monotonic = lambda: monotonic() + SECONDS.unpack(shared[:])[1]
    time.time = lambda: real() + SECONDS.unpack(shared[:])[0]
    time.time_ns = lambda: real_ns() + int(SECONDS.unpack(shared[:])[0]) * 1_000_000_000
    sys.argv = [module, *rest]
    runpy.run_module(module, run_name="__main__", alter_sys=True)


if __name__ == "__main__":
    main()
