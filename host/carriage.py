"""One request, or one WebSocket, carried to a user's dev server and back, as it comes. Who may do so is not asked here.

Whoever is slow is waited for, at both ends, so that little of a body is ever held.
"""

from __future__ import annotations

import asyncio
import socket
from collections.abc import Callable, Coroutine, Iterable, Sequence
from typing import TYPE_CHECKING, Any

import h11
from starlette.types import Message, Receive, Send

from host.passage import Headers

if TYPE_CHECKING:
    from websockets.asyncio.client import ClientConnection

CHUNK_BYTES = 64 << 10
HEAD_BYTES = 64 << 10
"""A dev server's answer has at most so many bytes of headers."""

LAST = (b"connection", b"close")
"""A connection is for one request: what a dev server says afterwards is not another's answer."""

LARGEST_FRAME = 16 << 20
OPEN_SECONDS = 20.0
CLOSE_SECONDS = 2.0
FRAMES = 4
"""Frames of a WebSocket that are held while the browser is slow."""


Outward = Callable[[Iterable[tuple[bytes, bytes]]], Headers]
Until = Callable[[], Coroutine[Any, Any, None]]


class Unreachable(Exception):
    """The dev server did not answer, or not in HTTP; the text is for the user."""


async def race(*work: Coroutine[Any, Any, object]) -> None:
    """Run these until the first of them ends, then end the others."""
    async with asyncio.TaskGroup() as group:
        tasks = {group.create_task(one) for one in work}
        await asyncio.wait(tasks, return_when=asyncio.FIRST_COMPLETED)
        for task in tasks:
            task.cancel()


class Exchange:
    """One HTTP request and its answer on a connection of their own; `begun` once some of the answer was sent on."""

    def __init__(self, receive: Receive, send: Send) -> None:
        self.begun = False
        self.problem: str | None = None
        self._receive = receive
        self._send = send
        self._wire = h11.Connection(h11.CLIENT, max_incomplete_event_size=HEAD_BYTES)
        self._reader: asyncio.StreamReader
        self._writer: asyncio.StreamWriter

    async def carry(
        self, connected: socket.socket, method: str, target: bytes, headers: Headers, outward: Outward, until: Until
    ) -> None:
        """Ask and answer, until the answer is whole, the browser goes, or `until()` returns.

        `outward` makes the answer's headers from the dev server's. Raises `Unreachable` where there was no answer;
        one that breaks off in the middle breaks off for the browser too.
        """
        self._reader, self._writer = await asyncio.open_connection(sock=connected, limit=CHUNK_BYTES)
        try:
            try:
                asked = self._wire.send(h11.Request(method=method, target=target, headers=[*headers, LAST]))
            except h11.LocalProtocolError as error:
                raise Unreachable(f"this request cannot be passed on: {error}") from None
            await self._write(asked)
            await race(self._up(), self._down(outward), until())
        finally:
            self._writer.close()
        if self.problem is not None and not self.begun:
            raise Unreachable(self.problem)

    async def _write(self, data: bytes | None) -> None:
        """A dev server that takes no more may still have answered: reading will tell."""
        try:
            self._writer.write(data or b"")
            await self._writer.drain()
        except OSError:
            return

    async def _up(self) -> None:
        """Pass the body on; return when the browser has gone."""
        while (message := await self._receive())["type"] != "http.disconnect":
            if self._wire.our_state is not h11.SEND_BODY:
                continue
            if body := message.get("body", b""):
                await self._write(self._wire.send(h11.Data(data=body)))
            if not message.get("more_body", False):
                await self._write(self._wire.send(h11.EndOfMessage()))

    async def _down(self, outward: Outward) -> None:
        """Pass the answer on."""
        try:
            while not isinstance(event := await self._event(), h11.EndOfMessage):
                if isinstance(event, h11.Response):
                    self.begun = True
                    start = {"type": "http.response.start", "status": event.status_code}
                    await self._send({**start, "headers": outward(event.headers)})
                elif isinstance(event, h11.Data):
                    await self._send({"type": "http.response.body", "body": bytes(event.data), "more_body": True})
        except (OSError, h11.RemoteProtocolError) as error:
            self.problem = f"what listens there gave no answer in HTTP: {error}"
            return
        await self._send({"type": "http.response.body", "body": b"", "more_body": False})

    async def _event(self) -> Any:
        while (event := self._wire.next_event()) is h11.NEED_DATA:
            self._wire.receive_data(await self._reader.read(CHUNK_BYTES))
        if isinstance(event, h11.ConnectionClosed) or event is h11.PAUSED:
            raise ConnectionResetError("it closed the connection")
        return event


class Socket:
    """One WebSocket, joined to one of the dev server."""

    def __init__(self, receive: Receive, send: Send) -> None:
        self._receive = receive
        self._send = send
        self._left: Message | None = None

    async def carry(
        self, connected: socket.socket, uri: str, headers: Headers, protocols: Sequence[str], until: Until
    ) -> None:
        """Open the dev server's, accept the browser's, and pass frames both ways until one of them closes.

        Raises `Unreachable`, before anything is accepted.
        """
        far = await self._open(connected, uri, headers, protocols)
        try:
            await self._send({"type": "websocket.accept", "subprotocol": far.subprotocol})
            await race(self._up(far), self._down(far), until())
        finally:
            await far.close(*self._farewell())
        if self._left is None:
            await self._send({"type": "websocket.close", "code": polite(far.close_code), "reason": far.close_reason})

    async def _open(
        self, connected: socket.socket, uri: str, headers: Headers, protocols: Sequence[str]
    ) -> ClientConnection:
        open_, refusals = await asyncio.to_thread(_client)
        named = [(name.decode("latin-1"), value.decode("latin-1")) for name, value in headers]
        try:
            far: ClientConnection = await open_(
                uri, sock=connected, additional_headers=named, subprotocols=protocols or None, compression=None,
                max_size=LARGEST_FRAME, max_queue=FRAMES, ping_interval=None, open_timeout=OPEN_SECONDS,
                close_timeout=CLOSE_SECONDS, proxy=None, user_agent_header=None,
            )  # fmt: skip
        except refusals as error:
            connected.close()
            raise Unreachable(f"what listens there opens no WebSocket here: {error}") from None
        return far

    async def _up(self, far: ClientConnection) -> None:
        from websockets.exceptions import ConnectionClosed

        while (message := await self._receive())["type"] == "websocket.receive":
            text = message.get("text")
            try:
                await far.send(message["bytes"] if text is None else text)
            except ConnectionClosed:
                return
        self._left = message

    async def _down(self, far: ClientConnection) -> None:
        from websockets.exceptions import ConnectionClosed

        try:
            async for frame in far:
                kind = "text" if isinstance(frame, str) else "bytes"
                await self._send({"type": "websocket.send", kind: frame})
        except (ConnectionClosed, OSError):
            return

    def _farewell(self) -> tuple[int, str]:
        left = self._left or {}
        return polite(left.get("code")), str(left.get("reason") or "")[:100]


def polite(code: int | None) -> int:
    """A close code that may be sent: that one, or the nearest to it."""
    if code is not None and (code in (1000, 1001, 1002, 1003) or 1007 <= code <= 1014 or 3000 <= code < 5000):
        return code
    return 1000 if code in (None, 1005) else 1011


def _client() -> tuple[Any, tuple[type[Exception], ...]]:
    """What opens a WebSocket, and how it says that it cannot. Loaded on first need, in a thread."""
    from websockets.asyncio.client import connect
    from websockets.exceptions import InvalidHandshake, InvalidURI

    return connect, (OSError, ValueError, EOFError, InvalidHandshake, InvalidURI)
