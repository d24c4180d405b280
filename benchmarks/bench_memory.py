"""What an idle user costs: a connected socket with `session.open` done, against the bare socket of the floor."""

from __future__ import annotations

import asyncio
from typing import Any

import uvloop

from benchmarks import servers, sockets

KIB = 1024


async def _open(port: int, count: int, hello: bool) -> list[sockets.Socket]:
    opened = await sockets.connect_all(port, count)
    if hello:
        for start in range(0, count, 100):
            await asyncio.gather(*(_say_hello(opened[n], n) for n in range(start, min(count, start + 100))))
    return opened


async def _say_hello(socket: sockets.Socket, number: int) -> None:
    message = {"jsonrpc": "2.0", "id": 1, "method": "session.open", "params": {}, "uid": f"user{number}"}
    answer = await socket.ask(message)
    if "result" not in answer:
        raise RuntimeError(str(answer))


async def _cost(server: servers.Server, count: int, hello: bool) -> tuple[int, float, int]:
    """Resident bytes before, KiB a user after the dust has settled, and how many connections are left."""
    warm = await _open(server.port, 20, hello)
    await asyncio.sleep(7)
    before = server.resident
    opened = await _open(server.port, count, hello)
    await asyncio.sleep(8)  # longer than a database stays open unused
    after = server.resident
    alive = sum(not one.lost for one in opened)
    for one in (*warm, *opened):
        one.transport.abort()
    return before, (after - before) / count / KIB, alive


def run(quick: bool) -> list[dict[str, Any]]:
    """1,000 idle users, and 5,000 in the long run."""
    rows = []
    with asyncio.Runner(loop_factory=uvloop.new_event_loop) as runner:
        for count in (1_000,) if quick else (1_000, 5_000):
            with servers.echo() as floor:
                _, bare, _ = runner.run(_cost(floor, count, hello=False))
            with servers.host() as host:
                empty = host.resident
                _, ours, alive = runner.run(_cost(host, count, hello=True))
            rows.append(_row(f"memory of an idle user, {count} of them", "KiB", ours, bare, "<= 60 KiB"))
            rows.append(_row(f"connections that stay, of {count}", "", alive, None, f">= {count}"))
        rows.append(_row("memory of the empty host", "MiB", empty / KIB / KIB, None, "<= 70 MiB"))
    return rows


def _row(what: str, unit: str, ours: float, floor: float | None, bar: str) -> dict[str, Any]:
    ratio = ours / floor if floor else None
    return {"what": what, "unit": unit, "ours": ours, "floor": floor, "ratio": ratio, "spread": None, "bar": bar}
