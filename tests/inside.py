"""Sessions whose users have a real sandbox, without a host around them. Skips where none can be had."""

from __future__ import annotations

import asyncio
import os
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from functools import partial
from pathlib import Path

import pytest

from sessions import backstage, python, ripgrep, startup
from sessions.backstage import Backstage
from sessions.context import SessionContext
from sessions.integration import Execution
from sessions.launch import BUBBLEWRAP
from sessions.levels import ISOLATED
from sessions.manager import SessionManager
from sessions.sandbox import Limits, Sandbox, World
from sessions.tasks import Tasks
from sessions.tenants import BASE
from sessions.terminal import Terminal
from sessions.viewer import Viewer
from tests.people import people
from tests.screens import passable


@asynccontextmanager
async def tenants(*uids: str) -> AsyncIterator[tuple[SessionManager, list[SessionContext]]]:
    """A session manager, and for each uid an open session with a sandbox of its own."""
    if not Path(BUBBLEWRAP).exists():
        pytest.skip("bubblewrap is not installed here")
    failures: list[tuple[str, Exception]] = []
    with passable() as folder:
        await asyncio.to_thread(startup.write, folder / "tools")
        await asyncio.to_thread(ripgrep.provide, folder / "tools")
        await asyncio.to_thread(python.provide, folder / "tools")
        async with asyncio.TaskGroup() as group, people(folder) as sessions:
            tasks = Tasks(group, lambda name, error: failures.append((name, error)))
            opened = [await sessions.open(uid) for uid in uids]
            for number, session in enumerate(opened, 1):
                session.make_sandbox = partial(asyncio.to_thread, sandbox_of, session.uid, folder, number, tasks)
                beside = partial(asyncio.to_thread, place_of, session.uid, folder, number, tasks)
                session.backstage = Backstage(folder / "users" / session.uid / "backstage", beside, session.allowance)
            yield sessions, opened
    assert not failures, failures


def sandbox_of(uid: str, folder: Path, number: int, tasks: Tasks) -> Sandbox:
    """A sandbox over the session's own files; where the tests run as root its user gets an OS uid."""
    place, owner = folder / "users" / uid, BASE + number if os.geteuid() == 0 else None
    place.chmod(0o711)
    (place / "root").chmod(0o711)
    (place / "run").mkdir(0o711)
    world = World.of_user(uid, place, owner, folder / "tools")
    for real in world.folders.values():
        real.mkdir(exist_ok=True)
        if owner is not None:
            os.chown(real, owner, owner)
    return Sandbox(world, ISOLATED, "none", Limits(), tasks)


def place_of(uid: str, folder: Path, number: int, tasks: Tasks, place: Path) -> Sandbox:
    """The sandbox of a place beside the user's world."""
    owner = BASE + number if os.geteuid() == 0 else None
    workspace = folder / "users" / uid / "root" / "workspace"
    for above in (workspace.parents[1], workspace.parents[0]):
        above.chmod(0o711)
    if owner is not None:
        os.chown(workspace, owner, owner)
    backstage.prepare(place, owner)
    return Sandbox(backstage.world(uid, place, str(workspace), owner), ISOLATED, "none", Limits(), tasks)


async def until(viewer: Viewer, text: bytes, within_s: float = 15.0) -> bytes:
    """What the viewer gets until `text` is in it."""
    seen = b""
    try:
        async with asyncio.timeout(within_s):
            while text not in seen:
                piece = await viewer.next()
                assert piece, f"it ended without {text!r}: {seen[-500:]!r}"
                seen += piece
    except TimeoutError:
        raise AssertionError(f"{text!r} did not come: {seen[-500:]!r}") from None
    return seen


async def rest(viewer: Viewer) -> bytes:
    """Everything that comes until the end."""
    seen = b""
    async with asyncio.timeout(30):
        while piece := await viewer.next():
            seen += piece
    return seen


async def output(execution: Execution) -> str:
    """All that a command says."""
    async with asyncio.timeout(20):
        return "".join([piece async for piece in execution.read()])


def kept(terminal: Terminal) -> bytes:
    """All that a terminal remembers."""
    memory = terminal.scrollback
    return memory.read(memory.start, memory.end - memory.start)
