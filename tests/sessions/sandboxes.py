"""Real sandboxes in folders of a test's own, and the reasons why a machine cannot have one. Standard library only."""

from __future__ import annotations

import asyncio
import itertools
import os
import shutil
import tempfile
from collections.abc import AsyncIterator, Callable, Iterator
from contextlib import asynccontextmanager, contextmanager
from dataclasses import replace
from pathlib import Path

from sessions.jail import Network, World
from sessions.launch import BUBBLEWRAP
from sessions.levels import ISOLATED, Level
from sessions.limits import Limits
from sessions.process import Child, Terminal
from sessions.sandbox import Gate, Sandbox
from sessions.tasks import Tasks

ROOT = Path(__file__).parents[2]
LIMITS = Limits()
IS_ROOT = os.geteuid() == 0
HAS_BUBBLEWRAP = Path(BUBBLEWRAP).exists()
NO_BUBBLEWRAP = f"{BUBBLEWRAP} is not installed: apt-get install bubblewrap"

# Landlock's form ends whatever runs with a tenant's OS uid, so no two tests may share one, in other workers too.
UIDS = itertools.count(1_000_000 + os.getpid() % 100_000 * 1000)


def owner() -> int | None:
    """An OS uid that nothing else has, where the host is root."""
    return next(UIDS) if IS_ROOT else None


@contextmanager
def folder() -> Iterator[Path]:
    """A data folder that a tenant's OS uid can pass through, unlike pytest's."""
    made = Path(tempfile.mkdtemp(prefix="roost-"))
    made.chmod(0o711)
    try:
        yield made
    finally:
        shutil.rmtree(made, ignore_errors=True)


def world(data: Path, uid: str, os_uid: int | None) -> World:
    """A user's folders, made as the host makes them."""
    made = World.of_user(uid, data / "users" / uid, os_uid)
    for real in (*made.folders.values(), made.run):
        real.mkdir(parents=True, exist_ok=True)
        if os_uid is not None and real != made.run:
            os.chown(real, os_uid, os_uid)
            real.chmod(0o700)
    return made


@asynccontextmanager
async def sandbox(
    data: Path,
    uid: str = "alice",
    *,
    level: Level = ISOLATED,
    network: Network = "none",
    limits: Limits | None = LIMITS,
    os_uid: int | None = -1,
    gate: Gate | None = None,
    ended: Callable[[str], None] | None = None,
    tools: Path | None = None,
) -> AsyncIterator[Sandbox]:
    """A user's sandbox, closed after the body; a task of it that failed fails the test."""
    failures: list[tuple[str, BaseException]] = []
    async with asyncio.TaskGroup() as group:
        tasks = Tasks(group, lambda name, error: failures.append((name, error)))
        place = replace(world(data, uid, owner() if os_uid == -1 else os_uid), tools=tools)
        made = Sandbox(place, level, network, limits, tasks, gate=gate, ended=ended)
        try:
            yield made
        finally:
            await made.close()
    assert not failures


async def output(sandbox: Sandbox, script: str, timeout: float = 30) -> str:
    """What a script of the shell prints in the sandbox."""
    finished = await sandbox.run(["bash", "-c", script], timeout=timeout)
    assert not finished.timed_out, f"{script!r} took over {timeout} s: {finished.output!r}"
    return finished.output.decode(errors="replace").strip()


async def ended(child: Child) -> int | None:
    """The exit code of what should end soon."""
    async with asyncio.timeout(20):
        return await child.wait()


async def until(condition: Callable[[], object], seconds: float = 20) -> None:
    """Wait until something outside of this loop is so."""
    async with asyncio.timeout(seconds):
        while not condition():  # noqa: ASYNC110 - the kernel tells nobody
            await asyncio.sleep(0.01)


async def read_until(terminal: Terminal, text: str, seconds: float = 20) -> str:
    """What a terminal shows up to and with `text`."""
    seen = b""
    loop = asyncio.get_running_loop()
    ready = asyncio.Event()
    loop.add_reader(terminal.fd, ready.set)
    try:
        async with asyncio.timeout(seconds):
            while text.encode() not in seen:
                await ready.wait()
                ready.clear()
                seen += read(terminal)
    except TimeoutError:
        raise AssertionError(f"{text!r} did not come, only {seen!r}") from None
    finally:
        loop.remove_reader(terminal.fd)
    return seen.decode(errors="replace")


def read(terminal: Terminal) -> bytes:
    try:
        return os.read(terminal.fd, 65536)
    except BlockingIOError:
        return b""


def type_in(terminal: Terminal, text: str) -> None:
    os.write(terminal.fd, text.encode())
