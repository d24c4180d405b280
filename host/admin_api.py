"""The endpoints by which an administrator sees who is here and ends a session. They need the scope `admin`."""

from __future__ import annotations

import asyncio
import time
from typing import Any

from starlette.exceptions import HTTPException
from starlette.responses import Response

from host.routes import Asked, Body, Table, json
from sessions.context import SessionContext
from sessions.current import checked_uid
from sessions.terminals import Terminals

TABLE = Table()
endpoint = TABLE.endpoint


class PresentTerminal(Body):
    terminal_id: str
    name: str
    process_id: int | None
    ended: bool


class Present(Body):
    uid: str
    session_id: str
    clients: int
    busy: bool
    idle_seconds: float
    terminals: list[PresentTerminal]
    processes: int
    memory_bytes: int


class Presents(Body):
    sessions: list[Present]


@endpoint("GET", "/api/v1/admin/sessions", answers={200: Presents})
async def list_sessions(asked: Asked) -> Response:
    """The sessions that are open. Their memory is that of their processes; what the host holds is not told apart."""
    _refuse_others(asked)
    present = sorted(asked.host.sessions, key=lambda session: session.uid)
    return json({"sessions": [await _shown(session) for session in present]})


@endpoint("DELETE", "/api/v1/admin/sessions/{uid}", answers={204: None})
async def end_session(asked: Asked) -> Response:
    """End a user's session with all that runs in it. What is stored stays, and their next message opens a new one."""
    _refuse_others(asked)
    uid = checked_uid(asked.named("uid"))
    if asked.host.sessions.get(uid) is None:
        raise HTTPException(404, "uid: this user has no open session")
    await asked.host.sessions.close(uid)
    return Response(status_code=204)


async def _shown(session: SessionContext) -> dict[str, Any]:
    terminals = session.peek(Terminals) or ()
    held = await asyncio.to_thread(session.held)
    idle = time.monotonic() - session.idle_since if session.idle_since else 0.0
    return {
        "uid": session.uid,
        "sessionId": session.session_id,
        "clients": session.clients,
        "busy": session.busy,
        "idleSeconds": round(idle, 1),
        "terminals": [
            {"terminalId": one.id, "name": one.name, "processId": one.process_id, "ended": one.ended}
            for one in terminals
        ],
        "processes": len(held),
        "memoryBytes": sum(held.values()),
    }


def _refuse_others(asked: Asked) -> None:
    if not asked.is_admin:
        raise HTTPException(403, "this needs a token with the scope `admin`")
