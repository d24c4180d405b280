"""What a client may send before any of it is a request: bounded in bytes and in time. uvicorn bounds neither."""

from __future__ import annotations

import asyncio
from http import HTTPStatus
from typing import Any

import orjson
from uvicorn.protocols.http.httptools_impl import HttpToolsProtocol

from host.guard import SECURITY

LONGEST_HEAD = 64 * 1024
"""Bytes of a request's line and headers together, and of whatever else is no body: trailers, chunk extensions."""

HEAD_WITHIN_S = 20.0
"""A connection that has not sent a whole head by then is closed, one that never says a word too."""


class TooLong(Exception):
    """The head is longer than `LONGEST_HEAD`; the parser turns it into a refusal."""


class BoundedProtocol(HttpToolsProtocol):
    """One HTTP connection as uvicorn serves it, with an end to what may be sent before anything is served."""

    begun: float | None
    """When the head that is being sent began, by the loop's clock; None while there is none."""

    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]
        super().connection_made(transport)
        self.begun = self.loop.time()
        self._head = self._unread = 0

    def data_received(self, data: bytes) -> None:
        self._unread += len(data)
        if self.begun is None and self.cycle.response_complete:
            self.begun = self.loop.time()
        super().data_received(data)
        if self._unread > LONGEST_HEAD and not self.transport.is_closing():
            self.refuse(431, f"the head of a request is at most {LONGEST_HEAD} bytes")

    def on_message_begin(self) -> None:
        super().on_message_begin()
        self._head = 0

    def on_url(self, url: bytes) -> None:
        self._count(len(url))
        super().on_url(url)

    def on_header(self, name: bytes, value: bytes) -> None:
        self._count(len(name) + len(value))
        super().on_header(name, value)

    def on_headers_complete(self) -> None:
        self.begun = None
        self._unread = 0
        super().on_headers_complete()

    def on_body(self, body: bytes) -> None:
        self._unread = 0
        super().on_body(body)

    def _count(self, size: int) -> None:
        self._head += size
        if self._head > LONGEST_HEAD:
            raise TooLong

    def handle_websocket_upgrade(self) -> None:
        """Another protocol goes on with this connection: nothing more comes to be parsed here."""
        super().handle_websocket_upgrade()
        self.parser = None  # type: ignore[assignment]  # as uvicorn where none comes: each holds the other

    def send_400_response(self, msg: str) -> None:
        """Called where the parser could not go on."""
        if self._head > LONGEST_HEAD:
            self.refuse(431, f"the head of a request is at most {LONGEST_HEAD} bytes")
        else:
            self.refuse(400, "this is not HTTP/1.1 as RFC 9112 writes it")

    def overdue(self, now: float) -> bool:
        """Whether the client takes too long to say what it wants; `now` is the loop's time."""
        return self.begun is not None and now - self.begun > HEAD_WITHIN_S

    def refuse(self, status: int, detail: str) -> None:
        """Answer with a problem document, unless an answer is on its way already, and close."""
        if self.cycle is None or self.cycle.response_complete:
            self.transport.write(_problem(status, detail))
        self.transport.close()


def _problem(status: int, detail: str) -> bytes:
    title = HTTPStatus(status).phrase
    content: dict[str, Any] = {"type": "about:blank", "title": title, "status": status, "detail": detail}
    body = orjson.dumps(content)
    headers = [(b"content-type", b"application/problem+json"), *SECURITY, (b"connection", b"close")]
    head = [f"HTTP/1.1 {status} {title}".encode(), *(name + b": " + value for name, value in headers)]
    return b"\r\n".join([*head, b"content-length: %d" % len(body), b"", body])
