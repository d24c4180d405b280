"""Ends that nobody chose: the host is told to go while a hundred people write, a user's sandbox is killed."""

from __future__ import annotations

import asyncio
import os
import signal
import time
from contextlib import AsyncExitStack
from pathlib import Path

import pytest
from websockets import ConnectionClosed

from tests.client import Client, Refused, connect, running
from tests.screens import desk, passable
from tests.sessions.sandboxes import HAS_BUBBLEWRAP, NO_BUBBLEWRAP

pytestmark = pytest.mark.anyio

CROWD = 100


async def write_on(client: Client, kept: dict[str, int]) -> None:
    """State without end; what was answered is in `kept`. A host that drains refuses, and then hangs up."""
    number = 0
    try:
        while True:
            number += 1
            await client.call("state.update", scope="global", key="number", value=number)
            kept[client.uid] = number
    except (ConnectionError, ConnectionClosed, Refused):  # the second is for who sends just then
        pass


async def test_a_host_that_is_told_to_go_while_a_hundred_write_loses_nothing(tmp_path: Path) -> None:
    kept: dict[str, int] = {}
    with running(tmp_path / "data") as host:
        async with AsyncExitStack() as stack:
            people = [
                await stack.enter_async_context(connect(host.base, f"user{number}", open_timeout=30))
                for number in range(CROWD)
            ]
            await asyncio.gather(*(one.call("session.open") for one in people))
            async with asyncio.TaskGroup() as group:
                for one in people:
                    one.patience = 40
                    group.create_task(write_on(one, kept))
                while len(kept) < CROWD:  # noqa: ASYNC110  nothing tells
                    await asyncio.sleep(0.05)
                assert await host.stop() == 0
            assert {await one.closed() for one in people} == {1012}
    with running(tmp_path / "data") as host:
        for uid, number in kept.items():
            async with connect(host.base, uid) as client:
                assert await client.call("state.get", scope="global", key="number") >= number


def keepers_of(uid: str) -> list[int]:
    """The bubblewraps of a user's sandbox, by what of theirs they have bound; the outermost first."""
    found = []
    for name in filter(str.isdecimal, os.listdir("/proc")):
        try:
            if Path(f"/proc/{name}/comm").read_text().strip() != "bwrap":
                continue
            if f"/{uid}/root/" in Path(f"/proc/{name}/mountinfo").read_text() or ancestor_of(uid, int(name)):
                found.append(int(name))
        except OSError:
            continue
    return sorted(found)


def ancestor_of(uid: str, pid: int) -> bool:
    """Whether a process with this user in its environment is below `pid`."""
    for name in filter(str.isdecimal, os.listdir("/proc")):
        try:
            parents, one = [], int(name)
            if f"USER={uid}\0".encode() not in Path(f"/proc/{name}/environ").read_bytes():
                continue
            while one > 1:
                one = int(Path(f"/proc/{one}/stat").read_text().rpartition(")")[2].split()[1])
                parents.append(one)
            if pid in parents:
                return True
        except OSError:
            continue
    return False


@pytest.mark.skipif(not HAS_BUBBLEWRAP, reason=NO_BUBBLEWRAP)
async def test_a_killed_sandbox_ends_its_users_terminals_with_an_event_and_nobody_elses(alice: str, bob: str) -> None:
    with passable() as folder, running(folder / "data") as host:
        async with desk(host.base, alice) as hers, desk(host.base, bob) as his:
            await hers.client.call("session.open")
            first, second, other = await hers.create(), await hers.create(), await his.create()
            for screen in (first, second, other):
                await screen.run("echo re''ady")
                await screen.see("ready")
            keepers = await asyncio.to_thread(keepers_of, alice)
            assert keepers
            began = time.monotonic()
            os.kill(keepers[0], signal.SIGKILL)
            ended = [(await hers.client.next("terminal.exit"))["params"]["terminalId"] for _ in range(2)]
            assert time.monotonic() - began < 5
            assert set(ended) == {first.id, second.id}
            again = await hers.create()
            await again.run("echo a''live")
            await again.see("alive")
            await other.run("echo unt''ouched")
            await other.see("untouched")
            assert "terminal.exit" not in {message.get("method") for message in his.client.heard}
        assert await host.stop() == 0
