"""`http://roost.internal/v1`: requests from a user's sandbox to this host's own API, as that user and by no token.

The sandbox's way out (`sessions.egress`) hands over one request; who sent it follows from whose sandbox it came out of.
Nothing but `/v1/` can be reached this way, and no request from outside can have this door's mark in its scope.
"""

from __future__ import annotations

import asyncio
from typing import Any
from urllib.parse import unquote_to_bytes

import h11
from starlette.types import ASGIApp, Message

from host.edge import VISIT
from host.guard import SECURITY, Visit
from host.identity import INSIDER, Insider
from sessions.egress import INTERNAL, Refused

PATHS = "/v1/"
READ_BYTES = 64 << 10
STRIPPED = (b"authorization", b"cookie", b"proxy-authorization", b"origin", b"forwarded")
"""What a program in a sandbox may say about who it is, or where from: it is not asked."""


class Relay:
    """Serves a sandbox's requests by calling `app` in this process; `sessions.egress.Internal` is its `serve`."""

    def __init__(self, app: ASGIApp) -> None:
        self._app = app

    async def serve(self, uid: str, head: bytes, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        """Answer the request that begins with `head` as `uid`. Raises `sessions.egress.Refused`."""
        wire = h11.Connection(h11.SERVER)
        wire.receive_data(head)
        try:
            request = wire.next_event()
        except h11.RemoteProtocolError as error:
            raise Refused("400 Bad Request", f"this is not HTTP/1.1: {error}") from None
        assert isinstance(request, h11.Request)  # the head is whole, or it would not have come here
        exchange = Exchange(wire, reader, writer, silent=request.method == b"HEAD")
        await self._app(scope_of(uid, request), exchange.receive, exchange.send)


def scope_of(uid: str, request: h11.Request) -> dict[str, Any]:
    """The ASGI scope of a sandbox's request."""
    raw_path, _, query = bytes(request.target).partition(b"?")
    path = unquote_to_bytes(raw_path).decode("utf-8", "replace")
    if not path.startswith(PATHS) or {".", ".."} & set(path.split("/")):
        raise Refused("403 Forbidden", f"{INTERNAL} serves paths below {PATHS} only")
    return {
        "type": "http",
        "asgi": {"version": "3.0", "spec_version": "2.3"},
        "http_version": "1.1",
        "method": bytes(request.method).decode("ascii"),
        "scheme": "http",
        "path": path,
        "raw_path": raw_path,
        "query_string": query,
        "root_path": "",
        "headers": [(bytes(name), bytes(value)) for name, value in request.headers if name not in STRIPPED],
        "client": None,
        "server": None,
        VISIT: Visit("http", INTERNAL, None, None, False),
        INSIDER: Insider(uid),
    }


class Exchange:
    """One request and its answer between a sandbox's connection and an ASGI app; whoever is slow is waited for."""

    def __init__(
        self, wire: h11.Connection, reader: asyncio.StreamReader, writer: asyncio.StreamWriter, *, silent: bool
    ) -> None:
        self._wire = wire
        self._silent = silent
        """Whether the answer has no body, whatever the app sends."""
        self._reader = reader
        self._writer = writer
        self._read = False

    async def receive(self) -> Message:
        """ASGI's: the next piece of the body, then that the client has gone."""
        if self._wire.they_are_waiting_for_100_continue:
            await self._write(self._wire.send(h11.InformationalResponse(status_code=100, headers=[])))
        while not self._read:
            event = await self._event()
            if isinstance(event, h11.Data):
                return {"type": "http.request", "body": bytes(event.data), "more_body": True}
            if isinstance(event, h11.EndOfMessage):
                self._read = True
                return {"type": "http.request", "body": b"", "more_body": False}
            if event is None:
                return {"type": "http.disconnect"}
        while await self._reader.read(READ_BYTES):
            pass  # one connection carries one request: what else is sent is not heard
        return {"type": "http.disconnect"}

    async def _event(self) -> Any:
        """The next event of the request; None where the client broke off, or what it sends is no HTTP."""
        try:
            while (event := self._wire.next_event()) is h11.NEED_DATA:
                self._wire.receive_data(await self._reader.read(READ_BYTES))
        except (h11.RemoteProtocolError, ConnectionError):
            return None
        return event

    async def send(self, message: Message) -> None:
        """ASGI's: the answer, piece by piece."""
        if message["type"] == "http.response.start":
            given = list(message.get("headers", ()))
            named = {name.lower() for name, _ in given}
            self._silent = self._silent or message["status"] in (204, 304)
            headers = [*given, *(pair for pair in SECURITY if pair[0] not in named)]
            await self._write(self._wire.send(h11.Response(status_code=message["status"], headers=headers)))
            return
        body = message.get("body", b"")
        if body and not self._silent:
            await self._write(self._wire.send(h11.Data(data=body)))
        if not message.get("more_body", False):
            await self._write(self._wire.send(h11.EndOfMessage()))

    async def _write(self, data: bytes | None) -> None:
        self._writer.write(data or b"")
        await self._writer.drain()
