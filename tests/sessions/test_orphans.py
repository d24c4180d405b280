"""A host that was killed in the one moment when the kernel leaves something of a sandbox: the next one ends it."""

from __future__ import annotations

import asyncio
import os
import signal
import subprocess
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import NamedTuple

import pytest

from sessions.launch import BUBBLEWRAP, SETPRIV
from sessions.levels import probe
from sessions.orphans import end_orphans
from tests.sessions.sandboxes import HAS_BUBBLEWRAP, NO_BUBBLEWRAP, folder, output, owner, sandbox, until, world

pytestmark = [pytest.mark.anyio, pytest.mark.skipif(not HAS_BUBBLEWRAP, reason=NO_BUBBLEWRAP)]


class Start(NamedTuple):
    """The two processes of bubblewrap, by their pids: `above` belongs to the host, `first` to the sandbox."""

    above: int
    first: int

    def lose(self) -> None:
        """End the upper one, as the kernel does when the host is killed, and see the other one left alone."""
        os.kill(self.above, signal.SIGKILL)
        os.waitid(os.P_PID, self.above, os.WEXITED | os.WNOWAIT)

    @property
    def is_left(self) -> bool:
        return "State:\tS (sleeping)" in status(self.first)


@asynccontextmanager
async def stuck(data: Path) -> AsyncIterator[Start]:
    """A sandbox whose start stands still where it may be left behind."""
    place = world(data, "alice", owner())
    opened = os.open(place.folders["/workspace"], os.O_PATH)
    told, tell = os.pipe()  # that its namespace is ready, which nobody says
    drop = (
        [] if place.owner is None else [SETPRIV, f"--reuid={place.owner}", f"--regid={place.owner}", "--clear-groups"]
    )
    options = ["--unshare-user", "--unshare-pid", "--die-with-parent", "--ro-bind", "/", "/"]
    command = [*drop, BUBBLEWRAP, *options, "--info-fd", "1", "--userns-block-fd", str(told), "/bin/true"]
    given = {"pass_fds": (opened, told), "stdout": subprocess.DEVNULL}
    start: Start | None = None
    with subprocess.Popen(command, env={}, **given) as above:  # type: ignore[call-overload]  # noqa: ASYNC220 - a host
        try:
            await until(lambda: firsts(above.pid))
            start = Start(above.pid, firsts(above.pid)[0])
            yield start
        finally:
            above.kill()
            if start is not None and start.is_left:
                os.kill(start.first, signal.SIGKILL)
            for fd in (opened, told, tell):
                os.close(fd)


def firsts(above: int) -> list[int]:
    """The children of a process that are the first of a namespace, and wait."""
    children = Path(f"/proc/{above}/task/{above}/children").read_text().split()
    return [int(pid) for pid in children if status(int(pid)) >= {"State:\tS (sleeping)", f"NSpid:\t{pid}\t1"}]


def status(pid: int) -> set[str]:
    try:
        return set(Path(f"/proc/{pid}/status").read_text().splitlines())
    except OSError:
        return set()


async def test_what_a_killed_host_left_of_a_start_is_ended_by_the_next_probe() -> None:
    with folder() as data:
        async with stuck(data) as start:
            start.lose()
            assert start.is_left
            await probe(data)
            await until(lambda: not start.is_left)


async def test_what_is_still_starting_or_another_hosts_is_left_alone() -> None:
    with folder() as data, folder() as other:
        async with stuck(data) as start:
            assert await asyncio.to_thread(end_orphans, data) == 0
            start.lose()
            assert await asyncio.to_thread(end_orphans, other) == 0
            assert await asyncio.to_thread(end_orphans, data / "use") == 0
            assert start.is_left
            assert await asyncio.to_thread(end_orphans, data) == 1


async def test_a_sandbox_that_runs_is_left_alone() -> None:
    with folder() as data:
        async with sandbox(data) as alice:
            await output(alice, "true")
            assert await asyncio.to_thread(end_orphans, data) == 0
            assert alice.running
