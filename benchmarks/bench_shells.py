"""Shells as users have them, over the socket: how soon, how many at once, what each costs, and that no output is lost.

The floor is `openpty` and `bash` without a sandbox, in the same minutes and in turns.
"""

from __future__ import annotations

import asyncio
import os
import time
from contextlib import AsyncExitStack
from pathlib import Path

import uvloop

from benchmarks import servers
from benchmarks.bench_sandbox import BALLAST, floor, kib, name
from benchmarks.figures import Row, figure, paired
from benchmarks.lines import Line, line

AT_ONCE = 50
LAST = 5_000_000
CUTS = (0.2, 0.5, 0.8, 1.0)


async def _soon(ports: dict[str, int], rounds: int) -> dict[str, list[float]]:
    """Milliseconds to a prompt, by rounds: the floor's, and at each host a user's first terminal and a further one.

    Each host has its floor right before it, and in every other round the hosts come in the other order.
    """
    took: dict[str, list[float]] = {}
    for number in range(-1, rounds):
        for host, port in list(ports.items())[:: 1 if number % 2 else -1]:
            bare = await floor()
            async with line(port, f"soon{number}x") as user:
                await user.ask("session.open")
                first, further = await _prompt(user), await _prompt(user)
            if number >= 0:  # the round before is for whatever is loaded on first use
                for what, value in ("floor", bare), ("first", first), ("further", further):
                    took.setdefault(f"{what} {host}", []).append(value)
    return took


async def _prompt(user: Line) -> float:
    began = time.perf_counter()
    await user.prompt()
    return (time.perf_counter() - began) * 1e3


async def _at_once(port: int) -> float:
    """Seconds until that many new users all have their prompt."""
    async with AsyncExitStack() as stack:
        users = [await stack.enter_async_context(line(port, f"once{number}")) for number in range(AT_ONCE)]
        began = time.perf_counter()
        await asyncio.gather(*(user.prompt() for user in users))
        return time.perf_counter() - began


async def _settled(server: servers.Server) -> tuple[float, float, int]:
    """What is held once the stores of users who did nothing for a while are closed, each with its thread."""
    await asyncio.sleep(9)
    return await asyncio.to_thread(_held, server)


def _held(server: servers.Server) -> tuple[float, float, int]:
    """KiB that the host and everything below it hold, those of the shells alone, and the host's threads.

    A shell that was started before its user asked for it is no shell of theirs yet: it counts as ours.
    """
    pids = servers.below(server.pid)
    shells = [pid for pid in pids if name(pid) == "bash" and not waits(pid)]
    return kib(pids), kib(shells), server.threads


def waits(pid: int) -> bool:
    """Whether it is a shell that no user has yet: it reads a pipe of the host's."""
    links = [os.readlink(link) for link in Path(f"/proc/{pid}/fd").iterdir()]
    return any(".spare" in link for link in links)


async def _busy(users: list[Line]) -> None:
    """Let all the threads be made that the host has for files, as its first busy minute would: they stay."""
    for _ in range(2):
        await asyncio.gather(
            *(
                user.ask("workspace.fs.writeFile", uri=f"/workspace/{number}", content="x")
                for user in users
                for number in range(4)
            )
        )


async def _costs(server: servers.Server, users: int) -> dict[str, float]:
    """KiB over their shells of a user with one terminal and of a further terminal, and threads that they added."""
    async with AsyncExitStack() as stack:

        async def more(names: list[str]) -> list[Line]:
            opened = [await stack.enter_async_context(line(server.port, each)) for each in names]
            for start in range(0, len(opened), 20):
                await asyncio.gather(*(user.prompt() for user in opened[start : start + 20]))
            return opened

        await _busy(await more([f"warm{number}" for number in range(20)]))
        empty = await _settled(server)
        opened = await more([f"cost{number}" for number in range(users)])
        one = await _settled(server)
        for start in range(0, users, 20):
            await asyncio.gather(*(user.prompt() for user in opened[start : start + 20]))
        two = await _settled(server)
    over = [total - shells for total, shells, _ in (empty, one, two)]
    return {
        "user": (over[1] - over[0]) / users,
        "further": (over[2] - over[1]) / users,
        "threads": two[2] - one[2],
    }


async def _cut(port: int) -> tuple[int, float]:
    """How many numbers of `seq` came complete and in order through three lost connections, and in how many seconds."""
    expected = b"".join(b"%d\r\n" % number for number in range(1, LAST + 1))
    received, terminal = bytearray(), ""
    began = time.perf_counter()
    for cut in CUTS:
        async with line(port, "cut") as user:
            user.kept = bytearray()
            if terminal:
                await user.ask("terminal.attach", terminalId=terminal, after=len(received))
            else:
                made = await user.ask("window.createTerminal", shellPath="/usr/bin/seq", shellArgs=["1", str(LAST)])
                terminal = made["terminalId"]
            while len(received) + len(user.kept) < cut * len(expected):
                user.output.clear()
                await user.output.wait()
            user.socket.transport.abort()
            received += user.kept
    took = time.perf_counter() - began
    same = next(
        (at for at, pair in enumerate(zip(received, expected, strict=False)) if pair[0] != pair[1]), len(received)
    )
    return expected[:same].count(b"\n") if len(received) <= len(expected) else -1, took


def run(quick: bool) -> list[Row]:
    """Prompts, users at once, their cost, and output through cuts."""
    rounds, users = (16, 40) if quick else (40, 200)
    with asyncio.Runner(loop_factory=uvloop.new_event_loop) as runner:
        with servers.host() as bare, servers.host(ballast=BALLAST) as laden:
            ports = {"small": bare.port, "large": laden.port}
            took = runner.run(_soon(ports, rounds))
            at_once = runner.run(_at_once(bare.port))
        with servers.host() as server:
            costs = runner.run(_costs(server, users))
            numbers, seconds = runner.run(_cut(server.port))
    small, large = ({what: took[f"{what} {host}"] for what in ("floor", "first", "further")} for host in ports)
    megabytes = BALLAST >> 20

    def beside(ours: list[float], theirs: list[float]) -> list[tuple[float, float]]:
        return list(zip(ours, theirs, strict=True))

    return [
        paired("a user's first terminal, to its prompt, median", "ms", beside(small["first"], small["floor"])),
        paired("a further one", "ms", beside(small["further"], small["floor"])),
        paired(f"first, {megabytes} MB in the host; floor: without", "ms", beside(large["first"], small["first"])),
        paired(f"further, {megabytes} MB in the host; floor: without", "ms",
               beside(large["further"], small["further"])),
        figure(f"{AT_ONCE} new users at once, all at their prompt", "s", at_once),
        figure(f"memory of one of {users} users with a terminal over bash", "KiB", costs["user"]),
        figure("memory of a further terminal over its bash", "KiB", costs["further"]),
        figure(f"threads that {users} further terminals added", "", costs["threads"]),
        figure(f"numbers of `seq 1 {LAST}` in order, through 3 cuts", "", numbers),
        figure("how long that took", "s", seconds),
    ]  # fmt: skip
