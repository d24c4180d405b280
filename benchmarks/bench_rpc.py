"""`session.ping` on many sockets, against a bare Starlette orjson echo under the same server and the same client."""

from __future__ import annotations

import asyncio
import statistics
from typing import Any

import uvloop

from benchmarks import servers, sockets

MINIMUM = {1: 0.0, 50: 0.85, 500: 0.70}
"""Sockets -> the share of the floor's rate that must be reached."""


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


def run(quick: bool) -> list[dict[str, Any]]:
    """Rounds of floor and host in turn, so that both see the same machine."""
    rounds, seconds = (3, 1.0) if quick else (7, 2.0)
    rows = []
    with servers.echo() as floor, servers.host() as host, asyncio.Runner(loop_factory=uvloop.new_event_loop) as runner:
        for count, minimum in MINIMUM.items():
            pairs = [
                (runner.run(rate(floor.port, count, seconds)), runner.run(rate(host.port, count, seconds)))
                for _ in range(rounds)
            ]
            ratios = [ours / bare for bare, ours in pairs]
            rows.append(
                {
                    "what": f"session.ping on {count} sockets",
                    "unit": "answers/s",
                    "ours": statistics.median(ours for _, ours in pairs),
                    "floor": statistics.median(bare for bare, _ in pairs),
                    "ratio": statistics.median(ratios),
                    "spread": [min(ratios), max(ratios)],
                    "bar": f">= {minimum}" if minimum else "",
                }
            )
    return rows
