"""The terminals of one connection: which channel shows which one. It reads no PTY and writes no socket itself."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from functools import partial
from typing import Protocol

from host import wire
from sessions.context import SessionContext
from sessions.errors import InvalidValue, Overloaded
from sessions.terminal import PATIENCE_S, Terminal

BUSY_MS = 100
ASK_BYTES = 65_536
"""Output after which a client who does not acknowledge is asked, behind it, whether it was taken."""

REACHED = "roost.reached"
"""An ASGI extension of a socket: it calls what it is given once all that was sent before has reached the client."""

Reached = Callable[[Callable[[], None]], None]


class Socket(Protocol):
    """What a channel needs of its connection."""

    async def send(self, text: str | None) -> None: ...
    async def send_bytes(self, data: bytes) -> None: ...
    @property
    def reached(self) -> Reached | None: ...


class Channel:
    """One terminal as one connection sees it, for the user of `session`."""

    __slots__ = ("_asked", "_end", "_hidden", "_socket", "number", "session", "terminal", "viewer")

    def __init__(
        self, number: int, session: SessionContext, terminal: Terminal, after: int | None, socket: Socket
    ) -> None:
        self.number = number
        self.session = session
        self.terminal = terminal
        self.viewer = terminal.view(after)
        self._socket = socket
        self._hidden = False
        self._asked = self.viewer.offset
        self._end: Callable[[Channel], None] = lambda channel: None

    def begin(self, end: Callable[[Channel], None]) -> None:
        """Send from now on; `end` is called once there is nothing more to send."""
        self._end = end
        if self._hidden or self.session.closing:
            self._finish()
        else:
            sending = self.session.start(self._send(), "a terminal's viewer")  # once cancelled it holds this: not kept
            sending.add_done_callback(lambda _: self._finish())

    async def _send(self) -> None:
        try:
            while piece := await self.viewer.next():
                await self._socket.send_bytes(wire.output(self.number, self.viewer.piece_at, piece))
                self._ask()
            await self._socket.send(self._farewell())
        except OSError:
            return  # the client went

    def _ask(self) -> None:
        """Find out how far a client is that does not say so."""
        viewer, reached = self.viewer, self._socket.reached
        if reached is None or viewer.acknowledges or viewer.offset < self._asked + ASK_BYTES:
            return
        viewer.limit(self._asked)
        self._asked = viewer.offset
        reached(partial(viewer.arrived, viewer.offset))

    def _farewell(self) -> str | None:
        """What is said at the end: the shell's, or that it goes on without this viewer."""
        if self._hidden:
            return None
        uid, terminal = self.session.uid, self.terminal
        if terminal.ended:
            return wire.notification(uid, "terminal.exit", {"terminalId": terminal.id, "exitCode": terminal.exit_code})
        text = (
            f"channel {self.number}: nothing was taken for {PATIENCE_S:g} s, so the terminal goes on without you; "
            f"attach to {terminal.id} again with after {self.viewer.offset}"
        )
        return wire.failure(None, uid, wire.OVERLOADED, text, {"retryable": True, "retryAfterMs": BUSY_MS})

    def _finish(self) -> None:
        self.viewer.detach()
        self._end(self)

    def hide(self) -> None:
        """The client wants no more of it."""
        self._hidden = True
        self.viewer.detach()

    def lose(self) -> None:
        """The connection is gone."""
        self._hidden = True
        self.viewer.lose()


class Channels:
    """The channels of one connection, by number. A number is never used again on it."""

    __slots__ = ("_last", "_open", "_socket")

    def __init__(self, socket: Socket) -> None:
        self._socket = socket
        self._open: dict[int, Channel] = {}
        self._last = 0

    def show(self, session: SessionContext, terminal: Terminal, after: int | None) -> Channel:
        """A channel for that terminal, instead of one that it has here; it sends once the asking task has ended."""
        asking = asyncio.current_task()
        assert asking is not None
        channel = Channel(self._last + 1, session, terminal, after, self._socket)
        self.hide(terminal)
        self._last = channel.number
        self._open[channel.number] = channel
        # The answer that names the channel is sent by then.
        asking.add_done_callback(lambda _: channel.begin(self._forget))
        return channel

    def hide(self, terminal: Terminal) -> None:
        """Close the channel of that terminal, if it has one here."""
        for channel in [one for one in self._open.values() if one.terminal is terminal]:
            del self._open[channel.number]
            channel.hide()

    def shows(self, session: SessionContext | None) -> bool:
        """Whether a terminal of that session is shown here."""
        return any(one.session is session for one in self._open.values())

    def lose(self, session: SessionContext | None) -> None:
        """The connection speaks for that user no more: their terminals wait a while for them to come back."""
        for channel in [one for one in self._open.values() if one.session is session]:
            del self._open[channel.number]
            channel.lose()

    def _forget(self, channel: Channel) -> None:
        self._open.pop(channel.number, None)

    def take(self, frame: wire.Frame) -> None:
        """A frame of the client. Raises `InvalidValue` and `Overloaded`, and does nothing then."""
        channel = self._open.get(frame.channel)
        if channel is None:
            if frame.kind == wire.ACKNOWLEDGE and 0 < frame.channel <= self._last:
                return  # it crossed the channel's end
            raise InvalidValue("channel", f"{frame.channel} is not open on this connection; attach to a terminal first")
        if frame.kind == wire.ACKNOWLEDGE:
            channel.viewer.acknowledge(frame.offset)
        elif not channel.terminal.type(frame.payload):
            raise Overloaded(f"channel {frame.channel}: the shell does not read its input, and too much waits", BUSY_MS)

    def uid_of(self, number: int) -> str | None:
        """Whose channel it is, for the answer to a frame that was wrong."""
        channel = self._open.get(number)
        return channel.session.uid if channel else None
