"""What a user costs at a peer, taken of every one in the same way: how long they wait, and what memory they add."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Awaitable
from pathlib import Path

from benchmarks.bench_sandbox import kib
from benchmarks.figures import Row, figure
from benchmarks.peers import ALL, IDLE, ONE, READY, SHELL, START
from benchmarks.peers.place import Opening, Peer

USERS = 10
SETTLED_S = 8.0
"""How long it is left alone before its memory is read."""
REST_S = 2.0
"""How long it is left alone before the next user, who waits for themselves and not for what the one before set off."""


async def take(
    peer: Peer, folder: Path, users: int = USERS, settled_s: float = SETTLED_S, rest_s: float = REST_S
) -> list[Row]:
    """The rows of a peer that is installed in `folder`. The first user's terminal warms all up and is not counted."""
    first, *others = [f"user{number}" for number in range(users)]
    began = time.perf_counter()
    async with peer.running(folder) as place:

        async def held() -> float:
            await asyncio.sleep(settled_s)
            return await asyncio.to_thread(lambda: kib(place.pids()))

        async def waits(work: Opening) -> list[float]:
            return [await _timed(work(name), rest_s) for name in others]

        await place.arrive(first)
        start = _since(began)
        one = await held()
        ready = await waits(place.arrive)
        few = all_ = await held()
        idle = (few - one) / len(others)
        if peer.crowd:
            for number in range(peer.crowd):
                await place.arrive(f"crowd{number}")
            all_ = await held()
            idle = (all_ - few) / peer.crowd
        rows = [
            figure(START, "ms", start),
            figure(READY, "ms", ready),
            figure(ONE, "MiB", one / 1024),
            figure(ALL.format(users), "MiB", few / 1024),
            figure(IDLE, "KiB", idle),
        ]
        for what, opening in place.ways.items():
            await opening(first)
            rows.append(figure(what, "ms", await waits(opening)))
            if what == next(iter(place.ways)):
                rows.append(figure(SHELL, "KiB", idle + (await held() - all_) / users))
    return rows


async def _timed(work: Awaitable[None], rest_s: float) -> float:
    await asyncio.sleep(rest_s)
    began = time.perf_counter()
    await work
    return _since(began)


def _since(began: float) -> float:
    return 1e3 * (time.perf_counter() - began)
