"""How Python's garbage collector treats what lives long: it does not walk through it while people work.

A collection of the oldest generation stands everything still for as long as that generation is large: with two hundred
users half a second, again and again. So whatever outlives one such collection is put out of the collector's sight
(`gc.freeze`), and each walks only through what came since the last. Objects still go when nobody holds them; only
circles of objects that end out of sight stay. A session that ends leaves none, but extensions may. They are looked for
when nobody is connected, when half as much again is held as after the last search, and now and then while it takes so
little time that nobody notices. What is held is counted in Python's own blocks: the memory that the process has hardly
falls by itself when they go, so it says nothing of them, and is given back after a search.
"""

from __future__ import annotations

import asyncio
import gc
import math
import sys
import time
from collections.abc import Callable
from types import TracebackType
from typing import Any

from sessions.heaps import give_back_memory

THRESHOLDS = (500, 2, 1)
"""New objects before the first generation is collected, and collections of each before one of the next: the oldest is
of some three thousand objects then, and walking through one that no cache holds takes half a microsecond or more."""

LOOK_S = 5.0
"""How often it is looked whether a collection of everything is due, in seconds; counting takes 0.02 us a kilobyte."""

GROWN, AT_LEAST = 1.5, 500_000
"""One is due when so many times the blocks of after the last are held, and so many blocks more, some 50 MB."""

LITTLE, SHORT_S, SHARE = 8, 0.015, 0.005
"""It is also due when so often something went out of sight, some thousand objects each time, and it would stop
everything for no longer than so many seconds, where no more than this share of the time is spent so."""

GUESS_S = 1e-7
"""How long one block takes, in seconds, before that is measured."""

BUSY = 0.2
"""The share of a processor above which it waits for a quieter moment."""

PATIENCE_S = 600.0
"""How long it waits for one at most."""


class Tenure:
    """The policy for one process, in force within `with`; what was in force before is put back at its end."""

    __slots__ = (
        "_before", "_cost_s", "_ended", "_since", "_slept", "aged", "alone", "held", "took_s", "whole",
    )  # fmt: skip

    def __init__(self, alone: Callable[[], bool]) -> None:
        """`alone` says whether nobody is connected and no agent works."""
        self.alone = alone
        self.whole = 0
        """Collections of everything so far."""
        self._before: tuple[int, int, int] = gc.get_threshold()
        self.held = 0
        """Blocks after the last of them."""
        self.took_s = 0.0
        """How long the last of them took of a processor, in seconds."""
        self.aged = 0
        """How often something went out of sight since. What, is not asked: a list of all objects would hold tuples that
        other threads are just making, which breaks those."""
        self._cost_s = GUESS_S
        """The same for one block."""
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
            self.aged += 1
            gc.freeze()

    async def watch(self) -> None:
        """Collect everything when that is due and disturbs least. Runs until it is cancelled."""
        self.held = sys.getallocatedblocks()
        while True:
            used = time.process_time()
            await asyncio.sleep(LOOK_S)
            load = (time.process_time() - used) / LOOK_S
            if self.is_due(load, sys.getallocatedblocks(), time.monotonic()):
                self.collect()
                await asyncio.to_thread(give_back_memory)

    def is_due(self, load: float, held: int, now: float) -> bool:
        """Whether to collect everything at `now`, with so many blocks: `load` is a processor's share used of late."""
        if self.alone():
            first, self._slept = not self._slept, True
            return first
        self._slept = False
        if self._is_cheap(held, now):
            return True
        if held < max(self.held * GROWN, self.held + AT_LEAST):
            self._since = None
            return False
        self._since = now if self._since is None else self._since
        return load < BUSY or now - self._since > PATIENCE_S

    def _is_cheap(self, held: int, now: float) -> bool:
        if self.aged < LITTLE or now - self._ended < self.took_s / SHARE:
            return False
        return held * self._cost_s <= SHORT_S

    def collect(self) -> None:
        """Walk through everything there is; the process stands still meanwhile."""
        began, before = time.thread_time(), sys.getallocatedblocks()
        gc.unfreeze()
        gc.collect()
        self.took_s = time.thread_time() - began
        self.held = sys.getallocatedblocks()
        self._cost_s = self.took_s / before
        self._ended = time.monotonic()
        self.aged = 0
        self.whole += 1
        self._since = None
