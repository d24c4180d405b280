"""uvicorn's WebSocket that tells when what was sent has reached the client, and takes much that comes in pieces."""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Coroutine, Generator
from typing import TYPE_CHECKING, Any

from uvicorn.protocols.utils import ClientDisconnected
from uvicorn.protocols.websockets.websockets_sansio_impl import WebSocketsSansIOProtocol

from host import large
from host.channels import REACHED

if TYPE_CHECKING:
    from uvicorn._types import ASGIReceiveEvent, ASGISendEvent
    from websockets.frames import Frame
    from websockets.http11 import Request

UNHEARD_S = 1.0
"""A client that answers no ping for so long is not waited for: its own socket must slow us then."""

SLICE = 1 << 10
"""Bytes that are taken apart at once: a hundred of the smallest frames; one read has up to 256 KiB."""

BUSY_S = 0.001
"""So long slices are taken that give the application nothing: behind a farewell, pings, parts of a message."""

REST_S = 0.004
"""So long everybody else has the loop then."""

MOST_FRAGMENTS = 1_000
"""Parts of one message; browsers send it as one, and empty parts add nothing to the size that is bounded."""

Heard = Callable[[], None]


class Socket(WebSocketsSansIOProtocol):
    """Pings behind what was sent: a pong says that the client's end of the protocol has come so far.

    Buffers of the system hold megabytes, so that a write which was taken says nothing about the client.
    """

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self._asked: deque[tuple[bytes, Heard]] | None = None
        self._count = 0
        self._answers: bool | None = None
        self._behind = memoryview(b"")
        self._lacks = 0
        self._rests = False

    # -- slices

    def data_received(self, data: bytes) -> None:
        if len(data) <= SLICE + self._lacks and not self._behind:
            super().data_received(data)
            return
        self._behind = memoryview(bytes(self._behind) + data if self._behind else data)
        if not self._rests:
            self._go_on()

    def _go_on(self) -> None:
        """Take apart what has come, a slice at a time, while the application waits for a message."""
        until = self.loop.time() + BUSY_S
        while self._behind and not self.read_paused and not self.transport.is_closing():
            size = max(SLICE, self._lacks)
            piece, self._behind = bytes(self._behind[:size]), self._behind[size:]
            super().data_received(piece)
            if self._behind and not self.read_paused and self.loop.time() > until:
                self._rest()
                return

    def _rest(self) -> None:
        """Nobody takes messages of these slices, so that nobody else sets the pace."""
        if not self.transport.is_closing():
            self._rests = True
            self.transport.pause_reading()
            self.loop.call_later(REST_S, self._read_on)

    async def receive(self) -> ASGIReceiveEvent:
        message = await self.queue.get()
        if self.read_paused and self.queue.empty():
            self._read_on()
        return message

    def _read_on(self) -> None:
        self._rests = self.read_paused = False
        self._go_on()
        if not self.read_paused and not self._rests and not self.transport.is_closing():
            self.transport.resume_reading()

    def handle_connect(self, event: Request) -> None:
        super().handle_connect(event)
        if self.response.status_code == 101:
            extensions: dict[Any, Any] = self.scope["extensions"]
            extensions[REACHED] = self.reached
            self.conn.reader.read_exact = self._read_exact  # type: ignore[method-assign]  # of every frame from now on

    def handle_cont(self, event: Frame) -> None:
        if self.close_sent:  # nobody will take it
            return
        super().handle_cont(event)
        if len(self.frames) > MOST_FRAGMENTS:
            self.frames = []
            self.conn.send_close(1009, f"a message has at most {MOST_FRAGMENTS:,} fragments; send it as fewer")
            self.handle_parser_exception()

    # -- large texts

    def _read_exact(self, n: int) -> Generator[None, None, bytearray]:
        """So many bytes of the stream. Of many, what came is taken itself, and what is behind them is copied."""
        reader = self.conn.reader
        while len(reader.buffer) < n:
            if reader.eof:
                raise EOFError(f"the stream ends after {len(reader.buffer)} bytes of {n}")
            self._lacks = n - len(reader.buffer)
            yield
        self._lacks = 0
        found = reader.buffer
        if n > large.LARGE:
            reader.buffer = found[n:]
            del found[n:]
            return found
        taken = found[:n]
        del found[:n]
        return taken

    def send_receive_event_to_app(self) -> None:
        """Give the application a message; a large text as it came, to be read where nobody waits for that."""
        size = sum(map(len, self.frames))
        if self.curr_msg_data_type != "text" or size <= large.LARGE or self.close_sent:
            super().send_receive_event_to_app()
            return
        self.queue.put_nowait({"type": "websocket.receive", large.TEXT: self.frames})  # type: ignore[arg-type]
        self.frames = []
        if not self.read_paused:
            self.read_paused = True
            self.transport.pause_reading()

    def send(self, message: ASGISendEvent) -> Coroutine[Any, Any, None]:
        """Send what the application says; large texts and farewells in a way of our own."""
        said: dict[str, Any] = message  # type: ignore[assignment]
        if large.TEXT in said:
            return self._send_large(said[large.TEXT])
        if said["type"] == "websocket.close" and self.handshake_complete:
            return self._part(said.get("code", 1000), said.get("reason") or "")
        return super().send(message)

    async def _part(self, code: int, reason: str) -> None:
        """Say goodbye, behind what waits for the client already: one that does not read now hears why once it does."""
        if self.disconnected or self.close_sent or self.transport.is_closing():
            return
        self.queue.put_nowait({"type": "websocket.disconnect", "code": code, "reason": reason})
        self.conn.send_close(code, reason)
        self.transport.write(b"".join(self.conn.data_to_send()))
        self.close_sent = True
        if self.read_paused:  # its answer is behind what it said before
            self._read_on()
        self.close_timer = self.loop.call_later(self.close_timeout, self.transport.close)

    async def _send_large(self, pieces: large.Pieces) -> None:
        """A large text piece by piece, as one frame."""
        if self.conn.extensions:  # it is to be compressed as a whole
            await super().send({"type": "websocket.send", "text": b"".join(pieces).decode()})
        else:
            await self.writable.wait()
            if self.disconnected or self.close_sent:
                raise ClientDisconnected()
            self.transport.writelines([large.head(pieces), *pieces])

    # -- what has arrived

    def connection_lost(self, exc: Exception | None) -> None:
        super().connection_lost(exc)
        self._behind = memoryview(b"")
        self.conn.parser.close()  # it waits for ever, and holds the protocol that holds it
        if self.handshake_initiated:
            self.scope["extensions"].pop(REACHED, None)  # what it calls holds this, as does the reader's
            vars(self.conn.reader).pop("read_exact", None)

    def reached(self, heard: Heard) -> None:
        """Call `heard` once all that was sent until now has reached the client; never, if it goes before."""
        if self.disconnected or self.close_sent:
            return
        if self._answers is False:
            heard()
            return
        if self._asked is None:
            self._asked = deque()
            self.loop.call_later(UNHEARD_S, self._give_up)
        self._count += 1
        payload = b"reached %d" % self._count
        self._asked.append((payload, heard))
        self.conn.send_ping(payload)
        self.transport.write(b"".join(self.conn.data_to_send()))

    def _give_up(self) -> None:
        """Nobody answers: believe that what is written is taken."""
        if self._answers is None and self._asked:
            self._answers = False
            self._answered(self._asked[-1][0])

    def _answered(self, payload: bytes) -> None:
        """One pong answers for all pings before it."""
        if self._asked and any(payload == asked for asked, _ in self._asked):
            while True:
                asked, heard = self._asked.popleft()
                heard()
                if asked == payload:
                    break

    def handle_ping(self) -> None:
        """Answer, unless what was sent before still waits: a later answer is one to this, too (RFC 6455, 5.5.3)."""
        pong = self.conn.data_to_send()
        if self.writable.is_set():
            self.transport.writelines(pong)

    def handle_pong(self, event: Frame) -> None:
        payload = bytes(event.data)
        if payload.startswith(b"reached "):
            self._answers = True
            self._answered(payload)
        else:
            super().handle_pong(event)
