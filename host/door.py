"""The door of `/ws`: who comes in, and with which close code those leave who may not."""

from __future__ import annotations

from typing import TYPE_CHECKING

from starlette.requests import HTTPConnection
from starlette.types import Receive, Scope, Send

from host.channels import REACHED
from host.connection import RESTARTING, Connection
from host.edge import visit_of
from host.identity import Unidentified, asked_uid, identify

if TYPE_CHECKING:
    from host.app import Host


async def serve_socket(host: Host, scope: Scope, receive: Receive, send: Send) -> None:
    """Accept a WebSocket, find out who it is, and serve it to its end.

    Every upgrade is accepted (browsers hide the status of a refused one); who may not come in is told by a close code.
    """
    await receive()
    if scope["path"].removeprefix(scope.get("root_path", "")) != "/ws":
        await send({"type": "websocket.close", "code": 1000})  # the server makes a 403 of it
        return
    try:
        await send({"type": "websocket.accept"})
        if host.draining:
            await _close(send, RESTARTING, "the host is draining; connect again in a moment")
            return
        try:
            visitor = HTTPConnection(scope)
            identity = await identify(host, visitor)
        except Unidentified as refused:
            await _close(send, refused.close, refused.reason)
            return
    except OSError:
        return  # the client went during the handshake
    reached = scope.get("extensions", {}).get(REACHED)
    visit = visit_of(scope)
    address = f"{visit.scheme}://{visit.authority}{scope.get('root_path', '')}"
    connection = Connection(host, receive, send, asked_uid(visitor), reached, address)
    host.connections.add(connection)
    try:
        await connection.run(identity.user if identity else None)
    finally:
        host.connections.discard(connection)


async def _close(send: Send, code: int, reason: str) -> None:
    await send({"type": "websocket.close", "code": code, "reason": reason[:120]})
