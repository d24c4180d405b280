"""code-server, which serves one person: a server of its own for each user, and its page for their terminal."""

from __future__ import annotations

import json
import shutil
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, asynccontextmanager
from pathlib import Path
from subprocess import Popen

from benchmarks import servers
from benchmarks.peers import PAGE, browsing, installing, place
from benchmarks.peers.place import Opening, Peer

SETTINGS = {
    "terminal.integrated.gpuAcceleration": "off",  # so that what it shows can be read
    "workbench.startupEditor": "none",
    "extensions.autoCheckUpdates": False,
}
FLAGS = ["--auth=none", "--disable-telemetry", "--disable-update-check", "--disable-workspace-trust"]


class Servers:
    """The servers of all who came."""

    def __init__(self, folder: Path, node: Path, stack: AsyncExitStack) -> None:
        self._folder = folder
        self._node = node
        self._stack = stack
        self._pages = browsing.Pages(stack)
        self._processes: dict[str, tuple[Popen[bytes], int]] = {}
        self.ways: dict[str, Opening] = {PAGE: self.page}

    def pids(self) -> list[int]:
        return [pid for process, _ in self._processes.values() for pid in servers.below(process.pid)]

    async def arrive(self, user: str) -> None:
        """Start theirs, until it answers."""
        port, home = place.free_port(), self._folder / "homes" / user
        settings = home / "data/User/settings.json"
        settings.parent.mkdir(parents=True)
        settings.write_text(json.dumps(SETTINGS))
        entry = self._folder / "npm/lib/node_modules/code-server/out/node/entry.js"
        folders = [f"--user-data-dir={home / 'data'}", f"--extensions-dir={home / 'extensions'}", str(home / "work")]
        command = [str(self._node / "bin/node"), str(entry), f"--bind-addr=127.0.0.1:{port}", *FLAGS, *folders]
        process = self._stack.enter_context(place.started(command, home, installing.with_node(self._node)))
        self._processes[user] = process, port
        async with place.client(f"http://127.0.0.1:{port}") as http:
            await place.answers(http, "/healthz", process)

    async def page(self, user: str) -> None:
        """Their page, with a terminal in it; it stays open."""
        _, port = self._processes[user]
        page = await self._pages.open(f"http://127.0.0.1:{port}/")
        await page.locator(".part.statusbar .statusbar-item").first.wait_for()
        await page.keyboard.press("Control+Backquote")
        await browsing.prompt(page.locator(".xterm-rows"))


@asynccontextmanager
async def running(folder: Path) -> AsyncIterator[Servers]:
    """Nothing yet: each user brings a server."""
    shutil.rmtree(folder / "homes", ignore_errors=True)
    async with AsyncExitStack() as stack:
        yield Servers(folder, installing.node(folder), stack)


PEER = Peer(
    "code-server",
    "npm install -g code-server, with Node 24, a C++ compiler and libkrb5-dev",
    "a server for each user (no sandbox); who can work has one that answers `/healthz`, nobody's page open, and with a "
    "terminal their page in Chromium, which is not counted; memory of all servers together",
    lambda folder: installing.npm(folder, "code-server"),
    running,
)
