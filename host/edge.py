"""The outermost layer: where a request comes from is judged before anything else, and every answer gets its headers."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

import orjson
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from host import guard
from host.guard import Guard, Headers, Refused, Visit

VISIT = "roost.visit"
"""Where a scope says who came and how: `visit_of`."""


def visit_of(scope: Any) -> Visit:
    """Where this request comes from, as the edge found."""
    visit: Visit = scope[VISIT]
    return visit


class Edge:
    """Origin, Host and CORS around an app, for HTTP and for the handshake of a socket."""

    def __init__(self, app: ASGIApp, rules: Guard) -> None:
        self._app = app
        self._rules = rules

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        try:
            visit = scope[VISIT] = self._rules.check(scope)
        except Refused as refused:
            await _refuse(scope, send, refused)
            return
        if scope["type"] == "websocket":
            await self._app(scope, receive, send)
            return
        preflight = self._rules.preflight(scope, visit)
        if preflight is not None:
            await _answer(send, 204, preflight, b"")
            return
        await self._app(scope, receive, _with_headers(send, self._rules.cors(visit)))


def _with_headers(send: Send, more: Headers) -> Send:
    async def send_with_headers(message: Message) -> None:
        if message["type"] == "http.response.start":
            own = list(message.get("headers", ()))
            names = {name.lower() for name, _ in own}
            own += [(name, value) for name, value in guard.SECURITY if name not in names]
            message = {**message, "headers": own + more}
        await send(message)

    return send_with_headers


async def _refuse(scope: Scope, send: Send, refused: Refused) -> None:
    """403 as a problem document; before a socket is accepted that is what the handshake gets."""
    content = {"type": "about:blank", "title": "Forbidden", "status": refused.status, "detail": str(refused)}
    headers = [(b"content-type", b"application/problem+json"), *guard.SECURITY]
    prefix = "websocket." if scope["type"] == "websocket" else ""
    if prefix and "websocket.http.response" not in scope.get("extensions", {}):
        await send({"type": "websocket.close", "code": 1008})  # the server makes a 403 of it
        return
    await _answer(send, refused.status, headers, orjson.dumps(content), prefix)


async def _answer(
    send: Send, status: int, headers: Iterable[tuple[bytes, bytes]], body: bytes, prefix: str = ""
) -> None:
    all_headers = [*headers, (b"content-length", str(len(body)).encode())]
    await send({"type": f"{prefix}http.response.start", "status": status, "headers": all_headers})
    await send({"type": f"{prefix}http.response.body", "body": body})
