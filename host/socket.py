"""uvicorn's WebSocket with one thing more: it can tell when what was sent has reached the client."""

from __future__ import annotations

from collections import deque
from collections.abc import Callable
from typing import TYPE_CHECKING, Any

from uvicorn.protocols.websockets.websockets_sansio_impl import WebSocketsSansIOProtocol

from host.channels import REACHED

if TYPE_CHECKING:
    from websockets.frames import Frame
    from websockets.http11 import Request

UNHEARD_S = 1.0
"""A client that answers no ping for so long is not waited for: its own socket must slow us then."""

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

    def handle_connect(self, event: Request) -> None:
        super().handle_connect(event)
        if self.response.status_code == 101:
            extensions: dict[Any, Any] = self.scope["extensions"]
            extensions[REACHED] = self.reached

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

    def handle_pong(self, event: Frame) -> None:
        payload = bytes(event.data)
        if payload.startswith(b"reached "):
            self._answers = True
            self._answered(payload)
        else:
            super().handle_pong(event)
