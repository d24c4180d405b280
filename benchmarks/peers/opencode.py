"""opencode, which serves one person: a server of its own for each user."""

from __future__ import annotations

import shutil
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, asynccontextmanager
from pathlib import Path
from subprocess import Popen

import websockets

from benchmarks import servers
from benchmarks.peers import FIRST, installing, place
from benchmarks.peers.place import Missing, Opening, Peer

QUIET = dict.fromkeys(
    ("OPENCODE_DISABLE_AUTOUPDATE", "OPENCODE_DISABLE_MODELS_FETCH", "OPENCODE_DISABLE_LSP_DOWNLOAD"), "1"
)
"""Nothing but its own work: what it would fetch is not what is measured."""


class Servers:
    """The servers of all who came."""

    def __init__(self, folder: Path, stack: AsyncExitStack) -> None:
        self._folder = folder
        self._stack = stack
        self._processes: dict[str, tuple[Popen[bytes], int]] = {}
        self.ways: dict[str, Opening] = {FIRST: self.terminal}

    def pids(self) -> list[int]:
        return [pid for process, _ in self._processes.values() for pid in servers.below(process.pid)]

    async def arrive(self, user: str) -> None:
        """Start theirs, and hear from its stream of events that they are connected; the stream stays open."""
        port, home = place.free_port(), self._folder / "homes" / user
        command = [str(program(self._folder)), "serve", "--hostname=127.0.0.1", f"--port={port}"]
        process = self._stack.enter_context(place.started(command, home, QUIET))
        self._processes[user] = process, port
        http = await self._stack.enter_async_context(place.client(f"http://127.0.0.1:{port}"))
        await place.says(home, "server listening on", process)  # who asks it sooner may never be answered
        events = await self._stack.enter_async_context(http.stream("GET", "/event", timeout=None))
        async for line in events.aiter_lines():
            if "server.connected" in line:
                return
        raise Missing("its stream of events ended")

    async def terminal(self, user: str) -> None:
        _, port = self._processes[user]
        async with place.client(f"http://127.0.0.1:{port}") as http:
            made = await http.post("/pty", json={"command": "/bin/bash"})
        url = f"ws://127.0.0.1:{port}/pty/{made.raise_for_status().json()['id']}/connect"
        socket = await self._stack.enter_async_context(websockets.connect(url, proxy=None))
        await place.prompt(place.bare(socket))


def program(folder: Path) -> Path:
    """What is started."""
    return folder / "npm/bin/opencode"


@asynccontextmanager
async def running(folder: Path) -> AsyncIterator[Servers]:
    """Nothing yet: each user brings a server."""
    shutil.rmtree(folder / "homes", ignore_errors=True)
    async with AsyncExitStack() as stack:
        yield Servers(folder, stack)


PEER = Peer(
    "opencode",
    "npm install -g opencode-ai",
    "`opencode serve` for each user (no sandbox); who can work has a stream of events that said `server.connected`; "
    "memory of all of them together",
    lambda folder: installing.npm(folder, "opencode-ai"),
    running,
)
