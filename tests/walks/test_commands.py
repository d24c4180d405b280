"""Walk: commands of an extension in a real host. When the host is killed or stopped, nothing of them goes on."""

from __future__ import annotations

import asyncio
import json
import os
import signal
import uuid
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.client import connect, running
from tests.people import extension
from tests.screens import passable
from tests.sessions.sandboxes import HAS_BUBBLEWRAP, NO_BUBBLEWRAP

pytestmark = pytest.mark.anyio

MANIFEST = """
enabled_api_proposals = ["processes"]
[[contributes.commands]]
command = "runner.start"
title = "Start"
"""
CODE = """
import shim as vscode
from shim.proposed import processes

def activate(context):
    async def start(line):
        process = await processes.start([processes.SHELL, "-c", line])
        return (await process.read()).decode()
    context.subscriptions += [vscode.commands.register_command("runner.start", start)]
"""

MODES = [
    pytest.param("1", id="many users", marks=pytest.mark.skipif(not HAS_BUBBLEWRAP, reason=NO_BUBBLEWRAP)),
    pytest.param("0", id="one user"),
]


def holding(mark: str) -> list[int]:
    """The processes of this machine that began with `mark` in their environment, dead ones aside."""
    found = []
    for path in Path("/proc").iterdir():
        if path.name.isdecimal() and int(path.name) != os.getpid():
            try:
                held = mark.encode() in (path / "environ").read_bytes()
                dead = (path / "stat").read_text().rpartition(")")[2].split()[0] == "Z"
            except (OSError, IndexError):
                continue
            if held and not dead:
                found.append(int(path.name))
    return found


async def gone(mark: str) -> None:
    """Wait until nothing holds the mark."""
    async with asyncio.timeout(15):
        while await asyncio.to_thread(holding, mark):  # noqa: ASYNC110  the kernel tells nobody
            await asyncio.sleep(0.05)


@pytest.fixture
def place() -> Iterator[Path]:
    with passable() as folder:
        extension(folder / "extensions", "runner", MANIFEST, extension=CODE)
        yield folder


@pytest.mark.parametrize("many", MODES)
@pytest.mark.parametrize("how", [signal.SIGKILL, signal.SIGTERM], ids=["killed", "stopped"])
async def test_nothing_that_a_command_started_outlives_the_host(place: Path, many: str, how: signal.Signals) -> None:
    mark = f"MARK={uuid.uuid4().hex}"
    environ = {"MULTI_USER": many, "ROOST_EXTENSIONS__FOLDERS": json.dumps([str(place / "extensions")])}
    line = f"export {mark}; (sleep 3001 & sleep 3002) & (trap '' HUP TERM; sleep 3003) & sleep 0.3; echo up; sleep 3004"
    with running(place / "data", **environ) as host:
        async with connect(host.base, "ada" if many == "1" else None) as client:
            said = await client.call("commands.executeCommand", command="runner.start", arguments=[line])
            assert said == "up\n"
            assert len(await asyncio.to_thread(holding, mark)) >= 3
            host.send(how)
        await gone(mark)


async def test_what_left_its_session_is_ended_with_the_users_sandbox(place: Path) -> None:
    if not HAS_BUBBLEWRAP:
        pytest.skip(NO_BUBBLEWRAP)
    mark = f"MARK={uuid.uuid4().hex}"
    environ = {"ROOST_EXTENSIONS__FOLDERS": json.dumps([str(place / "extensions")])}
    line = f"export {mark}; setsid setsid sleep 3001 & disown; sleep 0.3; echo up"
    with running(place / "data", **environ) as host:
        async with connect(host.base, "ada") as client:
            await client.call("commands.executeCommand", command="runner.start", arguments=[line])
            assert await asyncio.to_thread(holding, mark)
            host.send(signal.SIGKILL)
        await gone(mark)
