"""kill -9 in the middle of writes of each kind: what was acknowledged is there, and the host is back at once."""

from __future__ import annotations

import asyncio
import math
import os
import random
import signal
import statistics
import time
from collections import Counter
from collections.abc import Collection
from pathlib import Path

import pytest
from websockets.exceptions import ConnectionClosed

from tests.client import Client, connect, running
from tests.faults.kinds import KEYS, KINDS, Kind, none_is_lost
from tests.sirens import planted

pytestmark = pytest.mark.anyio

KILLS = int(os.environ.get("FAULTS_KILLS", "200"))
SHARES = 10
"""Parts of the long run, each on a folder of its own, which can be run side by side."""

NAMES = [f"k{number}" for number in range(KEYS)]


async def write_on(client: Client, kind: Kind, acknowledged: dict[str, int], begun: asyncio.Event) -> int:
    """Until the host is gone; how many writes were acknowledged. The first sets `begun`."""
    first = number = max(acknowledged.values(), default=0)
    try:
        while True:
            number += 1
            key = NAMES[number % KEYS]
            await kind.put(client, key, number)
            acknowledged[key] = number
            begun.set()
    except (ConnectionError, ConnectionClosed):
        return number - first - 1


async def lived(
    data: Path, environ: dict[str, str], kept: dict[str, dict[str, int]], chance: random.Random
) -> dict[str, int]:
    """One life that ends by SIGKILL while a user of each kind writes; the writes that each had acknowledged."""
    with running(data, **environ) as host:
        async with asyncio.TaskGroup() as group:
            clients, writing, begun = [connect(host.base, name) for name in kept], {}, []
            for client, (name, acknowledged) in zip(clients, kept.items(), strict=True):
                opened = await client.__aenter__()
                begun.append(asyncio.Event())
                writing[name] = group.create_task(write_on(opened, KINDS[name], acknowledged, begun[-1]))
            for event in begun:
                await event.wait()
            await asyncio.sleep(chance.uniform(0, 0.3))  # the random moment of the kill
            host.send(signal.SIGKILL)
        for client in clients:
            await client.__aexit__(None, None, None)
    return {name: task.result() for name, task in writing.items()}


async def found(data: Path, environ: dict[str, str], kept: dict[str, dict[str, int]]) -> float:
    """Look for all that was acknowledged; the seconds until the host could be asked."""
    began = time.monotonic()
    with running(data, **environ) as host:
        back_s = time.monotonic() - began
        await none_is_lost(host.base, kept)
        await host.stop(signal.SIGKILL)
    return back_s


async def kills(folder: Path, count: int, kinds: Collection[str] = KINDS.keys(), share: int = 0) -> list[float]:
    """So many lives under writes of these kinds; the seconds until the host was back after each."""
    environ, data = planted(folder / "extensions"), folder / "data"
    kept: dict[str, dict[str, int]] = {name: {} for name in kinds}
    chance, back_s, written = random.Random(share), [], Counter[str]()
    for life in range(1, count + 1):
        written.update(await lived(data, environ, kept, chance))
        back_s.append(await found(data, environ, kept))
        if life % 20 == 0 or life == count:
            print(
                f"{life} kills: {dict(written)} acknowledged; back after {statistics.median(back_s):.2f} s", flush=True
            )
    assert all(written[name] >= count for name in kinds), f"too little was written to say anything: {written}"
    return back_s


@pytest.mark.timeout(120)
async def test_two_kills_lose_nothing_that_was_acknowledged(tmp_path: Path) -> None:
    await kills(tmp_path, 2)


@pytest.mark.faults
@pytest.mark.timeout(7_200)
@pytest.mark.parametrize("share", range(SHARES))
@pytest.mark.parametrize("kinds", [KINDS.keys() - {"tasks"}, {"tasks"}], ids=["quick", "slow"])
async def test_many_kills_lose_nothing_that_was_acknowledged_and_the_host_is_back_soon(
    tmp_path: Path, kinds: Collection[str], share: int
) -> None:
    assert statistics.median(await kills(tmp_path, math.ceil(KILLS / SHARES), kinds, share)) < 10
