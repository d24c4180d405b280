"""One call of a model that runs as its session's work while somebody else reads the answer. It knows no HTTP."""

from __future__ import annotations

import asyncio
from collections import deque

from sessions.context import SessionContext
from sessions.errors import LanguageModelError, SessionClosed
from sessions.models import Item, Request

AHEAD = 64
"""How many items wait for a reader at most; then the model's stream waits."""


class Answering:
    """The items of an answer, as an async iterator for one reader. Close it when they are not wanted any more.

    The call has the session's life: it is settled also when the reader's connection is gone or the host drains.
    """

    __slots__ = ("_error", "_items", "_news", "_over", "_room", "_task")

    def __init__(self, session: SessionContext, request: Request) -> None:
        self._items: deque[Item] = deque()
        self._news = asyncio.Event()
        self._room = asyncio.Event()
        self._over = False
        self._error: Exception | None = None
        self._task = session.start(self._run(session, request), "answer over HTTP")
        self._task.add_done_callback(self._ended)

    async def _run(self, session: SessionContext, request: Request) -> None:
        if session.models is None:
            raise LanguageModelError.not_found("this host has no language models")
        try:
            async with session.models.stream(session, request) as items:
                async for item in items:
                    await self._put(item)
        except Exception as error:  # noqa: BLE001  the edge of a call: it is the reader's to tell
            self._error = error

    async def _put(self, item: Item) -> None:
        while len(self._items) >= AHEAD:
            self._room.clear()
            await self._room.wait()
        self._items.append(item)
        self._news.set()

    def _ended(self, task: asyncio.Task[None]) -> None:
        if task.cancelled():
            self._error = SessionClosed("the answer was broken off, as its session ended")
        self._over = True
        self._news.set()

    def __aiter__(self) -> Answering:
        return self

    async def __anext__(self) -> Item:
        while not self._items:
            if self._over:
                if self._error is not None:
                    raise self._error
                raise StopAsyncIteration
            self._news.clear()
            await self._news.wait()
        self._room.set()
        return self._items.popleft()

    def close(self) -> None:
        """Cancel the call if it still runs; it is settled by itself."""
        self._task.cancel()
