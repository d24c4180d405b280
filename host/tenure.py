"""How Python's garbage collector treats what lives long: it does not walk through it while people work.

A collection of the oldest generation stands everything still for as long as that generation is large: with two hundred
users half a second, again and again. So whatever outlives one such collection is put out of the collector's sight
(`gc.freeze`), and each walks only through what came since the last. Objects still go when nobody holds them; only
circles of objects that end out of sight stay, as each session that ends leaves some. They are looked for when nobody is
connected, when memory has grown by half, and now and then while the search takes so little time that nobody notices.
"""

from __future__ import annotations

import asyncio
import gc
import math
import os
import time
from collections.abc import Callable
from types import TracebackType
from typing import Any

THRESHOLDS = (1_000, 5, 5)
"""New objects before the first generation is collected, and collections of each before one of the next: all of it
walks through some thirty thousand objects at most, which takes less than ten milliseconds."""

LOOK_S = 5.0
"""How often it is looked whether a collection of everything is due, in seconds."""

GROWN, AT_LEAST = 1.5, 64 << 20
"""One is due when so many times the memory of after the last is taken, and so many bytes more."""

LITTLE, SHORT_S, SHARE = 10_000, 0.06, 0.005
"""It is also due when so many objects went out of sight and it would stop everything for no longer than so many
seconds, where no more than this share of the time is spent so. Memory says nothing of that: what goes leaves room."""

GUESS_S = 5e-7
"""How long one object takes, in seconds, before that is measured."""

BUSY = 0.2
"""The share of a processor above which it waits for a quieter moment."""

PATIENCE_S = 600.0
"""How long it waits for one at most."""

_PAGE = os.sysconf("SC_PAGE_SIZE")


class Tenure:
    """The policy for one process, in force within `with`; what was in force before is put back at its end."""

    __slots__ = ("_before", "_cost_s", "_ended", "_since", "_slept", "aged", "alone", "taken", "took_s", "whole")

    def __init__(self, alone: Callable[[], bool]) -> None:
        """`alone` says whether nobody is connected and no agent works."""
        self.alone = alone
        self.whole = 0
        """Collections of everything so far."""
        self._before: tuple[int, int, int] = gc.get_threshold()
        self.taken = 0
        """Bytes of memory after the last of them."""
        self.took_s = 0.0
        """How long the last of them took of a processor, in seconds."""
        self.aged = 0
        """How many objects went out of sight since."""
        self._cost_s = GUESS_S
        """The same for one object."""
        self._ended = -math.inf
        self._since: float | None = None
        self._slept = False

    def __enter__(self) -> Tenure:
        self._before = gc.get_threshold()
        gc.callbacks.append(self._collected)
        gc.set_threshold(*THRESHOLDS)
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        gc.callbacks.remove(self._collected)
        gc.set_threshold(*self._before)
        gc.unfreeze()

    def _collected(self, phase: str, told: dict[str, Any]) -> None:
        if phase == "stop" and told["generation"] == 2:
            self.aged += len(gc.get_objects(generation=2))
            gc.freeze()

    async def watch(self) -> None:
        """Collect everything when that is due and disturbs least. Runs until it is cancelled."""
        self.taken = await asyncio.to_thread(resident)
        while True:
            used = time.process_time()
            await asyncio.sleep(LOOK_S)
            load = (time.process_time() - used) / LOOK_S
            if self.is_due(load, await asyncio.to_thread(resident), time.monotonic()):
                self.collect()
                self.taken = await asyncio.to_thread(resident)

    def is_due(self, load: float, taken: int, now: float) -> bool:
        """Whether to collect everything at `now`: `load` is the share of a processor that was used of late."""
        if self.alone():
            first, self._slept = not self._slept, True
            return first
        self._slept = False
        if self._is_cheap(now):
            return True
        if taken < max(self.taken * GROWN, self.taken + AT_LEAST):
            self._since = None
            return False
        self._since = now if self._since is None else self._since
        return load < BUSY or now - self._since > PATIENCE_S

    def _is_cheap(self, now: float) -> bool:
        if self.aged < LITTLE or now - self._ended < self.took_s / SHARE:
            return False
        return gc.get_freeze_count() * self._cost_s <= SHORT_S

    def collect(self) -> None:
        """Walk through everything there is; the process stands still meanwhile."""
        began = time.thread_time()
        gc.unfreeze()
        gc.collect()
        self.took_s = time.thread_time() - began
        self._cost_s = self.took_s / max(1, gc.get_freeze_count())
        self._ended = time.monotonic()
        self.aged = 0
        self.whole += 1
        self._since = None


def resident() -> int:
    """The memory that this process has, in bytes."""
    fd = os.open("/proc/self/statm", os.O_RDONLY | os.O_CLOEXEC)
    try:
        return int(os.read(fd, 256).split()[1]) * _PAGE
    finally:
        os.close(fd)
