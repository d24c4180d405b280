"""One reader of a terminal's output: they pull from a place of their own, at their own pace. No socket is here."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from typing import TYPE_CHECKING

from sessions.errors import InvalidValue
from sessions.scrollback import whole

if TYPE_CHECKING:
    from sessions.terminal import Terminal

IN_FLIGHT = 128 << 10
"""Bytes that are given to a viewer who acknowledges before they acknowledge them."""

AT_ONCE = 32 << 10
"""Bytes that a viewer is given at once."""


class Viewer:
    """`while piece := await viewer.next()`: each piece begins at `piece_at`. It ends when there will be no more."""

    __slots__ = ("_arrived", "_closed", "_news", "_terminal", "acknowledges", "offset", "piece_at", "until")

    def __init__(self, terminal: Terminal, offset: int) -> None:
        self._terminal = terminal
        self._news: asyncio.Future[None] | None = None
        self._closed = False
        self.offset = offset
        """Where the next piece begins."""
        self.piece_at = offset
        """Where the last piece began. It lies further on than the one before ended only if bytes were lost."""
        self.until: Callable[[], int] | None = None
        """Where the viewer stops for now; None: at the end of what there is."""
        self.acknowledges = False
        """The viewer says itself what has arrived."""
        self._arrived: int | None = None

    @property
    def closed(self) -> bool:
        """The viewer was detached, lost, or dropped: nothing more comes, though there may be more."""
        return self._closed

    async def next(self) -> bytes:
        """The next piece of the output, waiting for it; nothing at the end."""
        while not (piece := self.read()) and not self._closed and not self._complete():
            self._news = asyncio.get_running_loop().create_future()
            await self._news
        return piece

    def read(self) -> bytes:
        """The next piece if there is one and the viewer may have it; it ends on a whole character where it can."""
        if self._closed:
            return b""
        scrollback = self._terminal.scrollback
        if self.offset < scrollback.start:
            self.offset = scrollback.beginning
        piece = scrollback.read(self.offset, self._room())
        if not self._terminal.ended or self.offset + len(piece) < scrollback.end:
            piece = piece[: whole(piece)]
        if piece:
            self.piece_at = self.offset
            self.offset += len(piece)
            self._terminal.balance()
        return piece

    def _room(self) -> int:
        if self.until is not None:
            return min(AT_ONCE, self.until() - self.offset)
        if self._arrived is None:
            return AT_ONCE
        return min(AT_ONCE, self._arrived + IN_FLIGHT - self.offset)

    def _complete(self) -> bool:
        return self._terminal.ended and self.offset == self._terminal.scrollback.end

    def acknowledge(self, offset: int) -> None:
        """Everything before `offset` has arrived; from now on no more than 128 KiB are on their way."""
        if not 0 <= offset <= self.offset:
            raise InvalidValue("offset", f"must be one that was sent: 0 to {self.offset}")
        if not self.acknowledges:
            self.acknowledges = True
            self._arrived = offset
        self.arrived(offset)

    def limit(self, offset: int) -> None:
        """From now on it will be said what has arrived; everything before `offset` has."""
        if self._arrived is None:
            self._arrived = offset

    def arrived(self, offset: int) -> None:
        """Everything before `offset` has been taken."""
        if self._arrived is None or offset > self._arrived:
            self._arrived = offset
        self.wake()

    def wake(self) -> None:
        """There may be something to give."""
        news, self._news = self._news, None
        if news is not None and not news.done():
            news.set_result(None)

    def detach(self) -> None:
        """The viewer goes, and the terminal does not wait for them."""
        self._close()

    def lose(self) -> None:
        """The viewer is gone without a word: the terminal waits a while for them to attach again."""
        if not self._closed:
            self._close()
            self._terminal.hold(self.offset)

    def drop(self) -> None:
        """The terminal goes on without this viewer."""
        self._close()

    def _close(self) -> None:
        self._closed = True
        self._terminal.leave(self)
        self.wake()
