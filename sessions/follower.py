"""Somebody's own place in a mailbox: they pull from it at their own pace, and nothing is queued for them."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING

from sessions.errors import FellBehind
from sessions.events import Event

if TYPE_CHECKING:
    from sessions.mailbox import Mailbox


class Follower:
    """`async for batch in mailbox.follow(after)`: each batch a list of events, in order and without a gap.

    It ends when the mailbox is closed, and raises `FellBehind` when what it has not given out is kept no more.
    """

    __slots__ = ("_begun", "_mailbox", "resumed", "seq")

    def __init__(self, mailbox: Mailbox, after: int | None) -> None:
        self._mailbox = mailbox
        self._begun = mailbox.lost
        self.resumed = after is not None and mailbox.resumed(after)
        """Whether nothing is missing between `after` and what comes."""
        self.seq = mailbox.seq if after is None or after > mailbox.seq else after
        """The number of the newest event that was given out."""

    def __aiter__(self) -> Follower:
        return self

    async def __anext__(self) -> list[Event]:
        while not (batch := await self.read()):
            if self._mailbox.closed:
                raise StopAsyncIteration
            await self._news()
        return batch

    async def read(self) -> list[Event]:
        """The next events, oldest first, as many as fit a batch; none where there are none yet.

        With `Mailbox.listen` this follows without a task that waits. Raises `FellBehind` and `StoreError`.
        """
        while True:
            self._check()
            batch = self._mailbox.recent(self.seq)
            if batch is not None:
                self.seq = batch[-1].seq if batch else self.seq
                return batch
            end, batch = await self._mailbox.stored(self.seq)
            self._check()  # some of it may have been removed meanwhile
            self.seq = end
            if batch:
                return batch

    def _check(self) -> None:
        # What was lost when it began is no surprise: `resumed` told.
        if self._mailbox.lost > max(self._begun, self.seq):
            raise FellBehind(f"events after number {self.seq} are kept no more: read anew what you show, and follow on")

    async def _news(self) -> None:
        news: asyncio.Future[bool] = asyncio.get_running_loop().create_future()

        def wake() -> None:
            if not news.done():
                news.set_result(True)

        undo = self._mailbox.listen(wake)
        try:
            await news
        finally:
            undo()
