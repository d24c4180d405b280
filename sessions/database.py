"""One open SQLite file on the event loop: its calls run one after the other, in threads that all files share.

A thread of its own for each would be started on the loop each time that a file is opened, which waits for it.
"""

from __future__ import annotations

import asyncio
import sqlite3
from collections.abc import Callable
from concurrent.futures import Executor, Future
from typing import Any, Concatenate, ParamSpec, TypeVar

T = TypeVar("T")
P = ParamSpec("P")


class Connection:
    """A file that is open in some of `threads`; they are the host's, and know no user."""

    __slots__ = ("_running", "_sqlite", "_threads")

    def __init__(self, threads: Executor, sqlite: sqlite3.Connection) -> None:
        self._threads = threads
        self._sqlite = sqlite
        self._running: Future[Any] | None = None

    @classmethod
    async def opened(cls, threads: Executor, opening: Callable[[], sqlite3.Connection]) -> Connection:
        """What `opening` opens, for any thread. Who is cancelled leaves nothing open."""
        made = threads.submit(opening)
        try:
            return cls(threads, await asyncio.wrap_future(made))
        except asyncio.CancelledError:
            made.add_done_callback(_close_unused)
            raise

    async def call(self, work: Callable[Concatenate[sqlite3.Connection, P], T], *args: P.args, **kwargs: P.kwargs) -> T:
        """`work(connection, …)`. Where who called is cancelled it goes on; what is called next waits for its end."""
        while self._running is not None and not self._running.done():
            waiting = asyncio.wrap_future(self._running)
            waiting.add_done_callback(lambda done: done.cancelled() or done.exception())  # somebody else's to tell
            await asyncio.wait([waiting])
        running = self._running = self._threads.submit(work, self._sqlite, *args, **kwargs)
        try:
            return await asyncio.wrap_future(running)
        finally:
            if running.done():
                self._running = None
            del running  # it holds what it fails with, and that holds this frame

    async def fetch(self, sql: str, params: Any = ()) -> list[tuple[Any, ...]]:
        """All rows of a query."""
        return await self.call(_fetched, sql, params)

    async def close(self) -> None:
        """Close it; it cannot be used any more."""
        await self.call(sqlite3.Connection.close)


def _fetched(connection: sqlite3.Connection, sql: str, params: Any) -> list[tuple[Any, ...]]:
    return connection.execute(sql, params).fetchall()


def _close_unused(made: Future[sqlite3.Connection]) -> None:
    if not made.cancelled() and made.exception() is None:
        made.result().close()
