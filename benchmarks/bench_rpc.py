"""`session.ping` on many sockets, against a bare Starlette orjson echo under the same server and the same client."""

from __future__ import annotations

import asyncio

import uvloop

from benchmarks import servers, sockets
from benchmarks.figures import Row, paired

SOCKETS = (1, 50, 500)


async def rate(port: int, count: int, seconds: float) -> float:
    """Answers a second on `count` sockets, each with one request under way."""
    opened = await sockets.connect_all(port, count)
    for number, socket in enumerate(opened):
        socket.start({"jsonrpc": "2.0", "id": 1, "method": "session.ping", "params": {}, "uid": f"user{number}"})
    await asyncio.sleep(seconds / 4)
    before = sum(one.count for one in opened)
    began = asyncio.get_running_loop().time()
    await asyncio.sleep(seconds)
    took = asyncio.get_running_loop().time() - began
    total = sum(one.count for one in opened) - before
    for one in opened:
        one.again = False
        one.transport.abort()
    await asyncio.sleep(0.1)
    return total / took


def run(quick: bool) -> list[Row]:
    """Rounds of floor and host in turn, so that both see the same machine."""
    rounds, seconds = (3, 1.0) if quick else (7, 2.0)
    rows = []
    with servers.echo() as floor, servers.host() as host, asyncio.Runner(loop_factory=uvloop.new_event_loop) as runner:
        for count in SOCKETS:
            pairs = []
            for _ in range(rounds):
                bare = runner.run(rate(floor.port, count, seconds))
                pairs.append((runner.run(rate(host.port, count, seconds)), bare))
            rows.append(paired(f"session.ping on {count} sockets", "answers/s", pairs))
    return rows
