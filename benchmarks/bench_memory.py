"""What a user costs in resident memory of the host: one who is idle, one whose extension runs, one who works.

Idle is connected with `session.open` done; activated, that an extension of their own has run a command; working, that,
and five documents open and edited, state, and a watcher. The floor is the bare socket of the Starlette echo.
"""

from __future__ import annotations

import asyncio
import tempfile
from collections.abc import Awaitable, Callable
from pathlib import Path

import uvloop

from benchmarks import people, servers, sockets
from benchmarks.figures import Row, figure, paired

KIB = 1024
SETTLED_S = 8.0
"""Longer than a database stays open unused."""

Work = Callable[[people.Person], Awaitable[None]]


async def idle(person: people.Person) -> None:
    """Nothing more than being there."""


async def activated(person: people.Person) -> None:
    """An extension runs for this user."""
    await person.call("commands.executeCommand", command="bench.tell", arguments=[1, "a"])


async def working(person: people.Person) -> None:
    """What somebody has who edits."""
    await activated(person)
    await person.call("workspace.watch", glob="**/*.py")
    start = {"line": 0, "character": 0}
    for number in range(5):
        uri = f"/workspace/part{number}.py"
        await person.call("workspace.fs.writeFile", uri=uri, content=f"value = {number}\n" * 200)
        await person.call("workspace.openTextDocument", uri=uri)
        edit = {"uri": f"file://{uri}", "range": {"start": start, "end": start}, "newText": "# edited\n"}
        await person.call("workspace.applyEdit", edits=[edit])
        await person.call("state.update", scope="workspace", key=f"cursor{number}", value={"line": number})


async def _bare(server: servers.Server, count: int) -> float:
    """KiB a socket of the floor."""
    warm = await sockets.connect_all(server.port, 20)
    await asyncio.sleep(1)
    before = server.resident
    opened = await sockets.connect_all(server.port, count)
    await asyncio.sleep(1)
    cost = (server.resident - before) / count / KIB
    await people.leave([*warm, *opened])
    return cost


async def cost(server: servers.Server, count: int, work: Work) -> tuple[float, int]:
    """KiB a user after the dust has settled, and how many connections are left."""
    warm = await people.arrive_all(server.port, [f"warm{number}" for number in range(20)])
    await asyncio.gather(*(work(person) for person in warm))
    await asyncio.sleep(SETTLED_S)
    before = server.resident
    opened = await people.arrive_all(server.port, [f"user{number}" for number in range(count)])
    for start in range(0, count, 20):
        await asyncio.gather(*(work(person) for person in opened[start : start + 20]))
    await asyncio.sleep(SETTLED_S)
    each = (server.resident - before) / count / KIB
    alive = sum(not one.lost for one in opened)
    await people.leave([*warm, *opened])
    return each, alive


def run(quick: bool) -> list[Row]:
    """A fresh host for each kind of user and each round."""
    rounds = 1 if quick else 3
    works: list[tuple[str, Work, int]] = [
        ("an idle", idle, 1_000),
        ("an activated", activated, 200),
        ("a working", working, 100),
    ]
    rows, empty = [], []
    with (
        tempfile.TemporaryDirectory(prefix="roost-bench-") as folder,
        asyncio.Runner(loop_factory=uvloop.new_event_loop) as runner,
    ):
        environ = people.extension(Path(folder))
        for what, work, count in works:
            pairs, alive = [], []
            for _ in range(rounds):
                with servers.echo() as floor:
                    bare = runner.run(_bare(floor, count))
                with servers.host(**environ) as host:
                    empty.append(host.resident / KIB / KIB)
                    ours, left = runner.run(cost(host, count, work))
                pairs.append((ours, bare))
                alive.append(left)
            rows.append(paired(f"memory of {what} user", "KiB", pairs))
            if work is idle:
                rows.append(figure(f"connections that stay, of {count}", "", min(alive)))
    return [*rows, figure("memory of the empty host", "MiB", empty)]
