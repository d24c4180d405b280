"""Roost, taken as the peers are: its own host with many users, each on a socket, with a sandboxed shell."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, asynccontextmanager
from importlib.metadata import version
from pathlib import Path

from benchmarks import servers
from benchmarks.lines import Line, line
from benchmarks.peers import FIRST, PAGE, browsing
from benchmarks.peers.place import Opening, Peer


class Host:
    """One host; each user is a socket that stays open."""

    def __init__(self, server: servers.Server, stack: AsyncExitStack) -> None:
        self.server = server
        self._stack = stack
        self._pages = browsing.Pages(stack)
        self._lines: dict[str, Line] = {}
        self.ways: dict[str, Opening] = {FIRST: self.terminal, **({PAGE: self.page} if browsing.CHROMIUM else {})}

    def pids(self) -> list[int]:
        return servers.below(self.server.pid)

    async def arrive(self, user: str) -> None:
        self._lines[user] = await self._stack.enter_async_context(line(self.server.port, user))
        await self._lines[user].ask("session.open")

    async def terminal(self, user: str) -> None:
        await self._lines[user].prompt()

    async def page(self, user: str) -> None:
        script = f"sessionStorage.setItem('roost.uid', 'page-{user}')"
        page = await self._pages.open(f"http://127.0.0.1:{self.server.port}/#/terminal/new", script)
        await browsing.prompt(page.locator(".xterm-rows"))


@asynccontextmanager
async def running(folder: Path) -> AsyncIterator[Host]:
    """A fresh host."""
    with servers.host() as server:
        async with AsyncExitStack() as stack:
            yield Host(server, stack)


PEER = Peer(
    "Roost",
    "make setup",
    "one host for all; who can work has a socket and `session.open` done; each shell in its user's sandbox; "
    "what one who does nothing holds is of 190 more, as that of nine is less than the host's own ups and downs",
    lambda folder: version("roost"),
    running,
    crowd=190,
)
