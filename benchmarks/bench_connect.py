"""From nothing to a session that is ready: TCP, upgrade and `session.open`, one user after another and 50 at once.

The floor is the bare Starlette echo: TCP, upgrade and one message there and back, in turns with ours.
"""

from __future__ import annotations

import asyncio
import time
from collections.abc import Awaitable, Callable

import uvloop

from benchmarks import people, servers
from benchmarks.figures import Row, figure, paired, percentile
from benchmarks.sockets import connect

PING = {"jsonrpc": "2.0", "id": 1, "method": "x", "params": {}, "uid": "x"}
AT_ONCE = 50


async def _bare(port: int, uid: str) -> None:
    socket = await connect(port, uid)
    await socket.ask(PING)
    socket.transport.abort()


async def _ours(port: int, uid: str) -> None:
    person = await people.arrive(port, uid)
    person.transport.abort()


async def _kept(port: int, uid: str) -> None:
    """A user who leaves something on the disk."""
    person = await people.arrive(port, uid)
    await person.call("state.update", scope="global", key="a", value=1)
    person.transport.abort()


async def _each(visit: Callable[[int, str], Awaitable[None]], port: int, uids: list[str]) -> list[float]:
    """Milliseconds of each visit, one after another."""
    took = []
    for uid in uids:
        began = time.perf_counter()
        await visit(port, uid)
        took.append(1e3 * (time.perf_counter() - began))
    return took


async def _together(visit: Callable[[int, str], Awaitable[None]], port: int, uids: list[str]) -> float:
    began = time.perf_counter()
    await asyncio.gather(*(visit(port, uid) for uid in uids))
    return 1e3 * (time.perf_counter() - began)


async def _measure(floor: int, host: int, rounds: int) -> list[Row]:
    new, known, crowd = [], [], []
    every: list[float] = []
    await _each(_kept, host, ["warm"])
    for number in range(rounds):
        uids = [f"r{number}u{one}" for one in range(20)]
        bare = percentile(await _each(_bare, floor, uids), 0.5)
        ours = await _each(_ours, host, uids)
        every += ours
        new.append((percentile(ours, 0.5), bare))
        await _each(_kept, host, uids)
        known.append((percentile(await _each(_ours, host, uids), 0.5), bare))
        uids = [f"c{number}u{one}" for one in range(AT_ONCE)]
        crowd.append((await _together(_ours, host, uids), await _together(_bare, floor, uids)))
    return [
        paired("connect to ready, a new user, p50", "ms", new),
        paired("connect to ready, a user who was here, p50", "ms", known),
        figure("connect to ready, a new user, p99", "ms", percentile(every, 0.99)),
        paired(f"{AT_ONCE} new users at once, all ready", "ms", crowd),
    ]


def run(quick: bool) -> list[Row]:
    """Rounds of floor and host in turn."""
    with servers.echo() as floor, servers.host() as host, asyncio.Runner(loop_factory=uvloop.new_event_loop) as runner:
        return runner.run(_measure(floor.port, host.port, 5 if quick else 20))
