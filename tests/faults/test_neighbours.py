"""Noisy neighbours hurt only themselves. How long others wait beside each is told by `python -m benchmarks noise`."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Iterator
from pathlib import Path

import pytest

from benchmarks import bench_noise, neighbours, servers
from sessions.launch import BUBBLEWRAP
from tests.client import Client, connect
from tests.raw import Socket, fetch
from tests.screens import Desk, desk

pytestmark = [
    pytest.mark.anyio,
    pytest.mark.faults,
    pytest.mark.skipif(not Path(BUBBLEWRAP).exists(), reason="bubblewrap is not installed here"),
]

LOUD_S = 3.0
PATIENCE_S = 10.0
"""What anything of another user may take, whatever else the machine does."""

MOST_ADDED = 400 << 20
"""Bytes that a host may grow by beside one: sixteen connections' frames of 16 MiB, and what is made of them."""


@pytest.fixture(scope="module")
def house() -> Iterator[tuple[servers.Server, neighbours.Neighbours]]:
    """A host, and a process with all the neighbours."""
    with bench_noise.house() as (host, data), neighbours.moved_in(host.port, data) as loud:
        yield host, loud


@pytest.mark.parametrize("name", neighbours.KINDS)
async def test_a_noisy_neighbour_hurts_only_itself(
    house: tuple[servers.Server, neighbours.Neighbours], name: str, alice: str
) -> None:
    host, loud = house
    base = f"http://127.0.0.1:{host.port}"
    async with desk(base, alice) as quiet:
        before = host.resident
        await asyncio.to_thread(loud.begin, name)
        until, most = asyncio.get_running_loop().time() + LOUD_S, 0
        while asyncio.get_running_loop().time() < until:
            async with asyncio.timeout(PATIENCE_S):
                await live(quiet)
            most = max(most, host.resident - before)
        got = await asyncio.to_thread(loud.end)
        assert most < MOST_ADDED
        assert name != bench_noise.BOMB or got.refused, "it was no bomb"
        assert name not in bench_noise.MOVING or got.moved > 1 << 20
    noisy = f"noisy{list(neighbours.KINDS).index(name)}"
    async with connect(base, noisy) as client:  # nothing of it is left that would keep them out
        async with asyncio.timeout(3 * PATIENCE_S):
            await client.call("workspace.fs.writeFile", uri="/workspace/mine", content="x")
            await client.call("session.ping")


async def live(quiet: Desk) -> None:
    """What a user does: ask, write and read a file, keep a value, run a command in a terminal of their own."""
    client = quiet.client
    await client.call("session.ping")
    await client.call("workspace.fs.writeFile", uri="/workspace/a", content="mine")
    assert (await client.call("workspace.fs.readFile", uri="/workspace/a"))["content"] == "mine"
    await client.call("state.update", scope="global", key="k", value=1)
    screen = await quiet.create(shellPath="/bin/sh", shellArgs=["-c", "echo al''ive"])
    await screen.see("alive", within_s=PATIENCE_S)
    await client.call("terminal.dispose", terminalId=screen.id)


async def test_a_reader_who_is_stuck_costs_little_and_is_told_why_they_were_closed(
    house: tuple[servers.Server, neighbours.Neighbours], alice: str, bob: str
) -> None:
    host, _ = house
    base = f"http://127.0.0.1:{host.port}"
    async with connect(base, alice) as client, desk(base, bob) as other:
        await client.call("session.open")
        await told(client)
        await live(other)
        before = host.resident  # with all that is loaded on first need
        stuck, terminal = await deaf(base, alice)
        most = 0
        async with asyncio.timeout(60):
            while await connections(base) > 2:
                await told(client)
                await live(other)
                most = max(most, host.resident - before)
        assert most < 16 << 20
        try:
            code, reason, seen, at = await drained(stuck)
        finally:
            stuck.drop()
        assert code == 4408 and "connect again with `after`" in reason
        assert seen == list(range(seen[0], seen[0] + len(seen))), "none of what was sent was lost"
    async with connect(base, alice) as client:
        opened = await client.call("session.open", after=seen[-1])
        if opened["resumed"]:
            assert (await client.next())["params"]["seq"] == seen[-1] + 1
        begun = await client.call("terminal.attach", terminalId=terminal, after=at)
        assert begun["offset"] >= at, "from there, or from as far back as is kept"
        assert await newest(client)
        await client.call("terminal.dispose", terminalId=terminal)


async def told(client: Client) -> None:
    """4 MB of events."""
    for _ in range(20):
        await client.call("commands.executeCommand", command="noise.burst", arguments=[20])


async def deaf(base: str, uid: str) -> tuple[Socket, str]:
    """A client that follows its events and opens a terminal that floods, and reads no more from then on."""
    socket = await Socket.open(base, f"/ws?uid={uid}", limit=1_024)
    flood = {"shellPath": "/usr/bin/yes"}
    for number, (method, params) in enumerate([("session.open", {}), ("window.createTerminal", flood)]):
        socket.send({"jsonrpc": "2.0", "id": number, "method": method, "params": params, "uid": uid})
    while True:
        opcode, payload = await socket.receive()
        if opcode == 1 and (answer := json.loads(payload)).get("id") == 1:
            return socket, answer["result"]["terminalId"]


async def drained(socket: Socket) -> tuple[int, str, list[int], int]:
    """What waited in a socket: its close code and reason, the numbers of its events, the end of its output."""
    seen, at = [], 0
    while True:
        opcode, payload = await socket.receive()
        if opcode == 8:
            return int.from_bytes(payload[:2], "big"), payload[2:].decode(), seen, at
        if opcode == 2:
            offset = int.from_bytes(payload[5:13], "big")
            assert offset == at, "no byte of the output is missing"
            at = offset + len(payload) - 13
        elif opcode == 1 and (message := json.loads(payload)).get("method") == "event":
            seen.append(message["params"]["seq"])


async def newest(client: Client) -> bytes:
    """Output that comes now."""
    came: asyncio.Future[bytes] = asyncio.get_running_loop().create_future()
    client.framed = lambda frame: came.done() or came.set_result(frame)
    async with asyncio.timeout(PATIENCE_S):
        return await came


@pytest.mark.parametrize("behind", [False, True], ids=["idle", "flooded"])
async def test_a_client_that_is_gone_without_a_word_is_seen_within_a_minute(
    house: tuple[servers.Server, neighbours.Neighbours], alice: str, behind: bool
) -> None:
    base = f"http://127.0.0.1:{house[0].port}"
    if behind:
        gone, terminal = await deaf(base, alice)
    else:
        gone = await Socket.open(base, f"/ws?uid={alice}")
        gone.send({"jsonrpc": "2.0", "id": 1, "method": "session.open", "params": {}, "uid": alice})
        async with desk(base, alice) as other:
            terminal = (await other.create(shellPath="/bin/cat")).id
    try:
        async with asyncio.timeout(60):
            while await connections(base) > 0:  # noqa: ASYNC110  another process counts them
                await asyncio.sleep(0.5)
    finally:
        gone.drop()
    async with connect(base, alice) as client:
        assert [one["terminalId"] for one in await client.call("terminal.list")] == [terminal], "it lives on"
        await client.call("terminal.dispose", terminalId=terminal)


async def connections(base: str) -> int:
    """How many sockets the host believes to be open."""
    told = (await fetch(base, "/metrics")).body.decode()
    return int(float(next(line for line in told.splitlines() if line.startswith("roost_connections ")).split()[1]))
