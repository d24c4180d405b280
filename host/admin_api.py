"""The endpoints by which an administrator sees who is here, and what keeps them apart. They need the scope `admin`."""

from __future__ import annotations

import asyncio
import heapq
import time
from pathlib import Path
from typing import Annotated, Any

from pydantic import ConfigDict, Field
from starlette.exceptions import HTTPException
from starlette.responses import Response

from host import audit
from host.allotments import EVERYBODY
from host.metrics import resident
from host.routes import Asked, Body, Table, json
from sessions.context import SessionContext
from sessions.current import checked_uid
from sessions.terminals import Terminals

MOST_SEEN = 1_000
"""Users that one answer names."""

LARGEST = 2**53
"""A limit that is no more than this is told exactly in every client's numbers."""

STATE = ("state.db", "state.db-wal")

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
    await asked.host.books.write_all(audit.deed(asked.caller, "session ended", uid))
    return Response(status_code=204)


class Seen(Body):
    uid: str
    seen: int
    open: bool
    quotas: dict[str, int | None]
    bytes: int | None
    files: int | None


class Seens(Body):
    users: list[Seen]
    more: bool


class Most(Body):
    limit: Annotated[int, Field(ge=1, le=MOST_SEEN, strict=False)] = 200


@endpoint("GET", "/api/v1/admin/users", query=Most, answers={200: Seens})
async def list_users(asked: Asked) -> Response:
    """Who was ever here, the latest first: when (ms since 1970), with what limits, and what their disk holds."""
    _refuse_others(asked)
    seen = await asyncio.to_thread(_seen, asked.host.config.data / "users", asked.query.limit + 1)
    named = seen[: asked.query.limit]
    quotas = await asyncio.to_thread(lambda: [asked.host.quotas_of(uid).to_wire() for _, uid in named])
    users = [_one_seen(asked, uid, when, limits) for (when, uid), limits in zip(named, quotas, strict=True)]
    return json({"users": users, "more": len(seen) > len(users)})


def _seen(users: Path, most: int) -> list[tuple[int, str]]:
    """The newest `(ms, uid)` by when something of theirs was last written."""
    if not users.is_dir():
        return []
    folders = [one for one in users.iterdir() if not one.name.startswith(".") and one.is_dir()]
    return heapq.nlargest(most, ((max(map(_written, (one, *map(one.joinpath, STATE)))), one.name) for one in folders))


def _written(file: Path) -> int:
    try:
        return int(file.stat().st_mtime * 1_000)
    except OSError:
        return 0


def _one_seen(asked: Asked, uid: str, when: int, quotas: dict[str, int | None]) -> dict[str, Any]:
    session = asked.host.sessions.get(uid)
    counted = session.allowance.counted if session is not None and session.allowance.limited else (None, None)
    return {
        "uid": uid,
        "seen": when,
        "open": session is not None,
        "quotas": quotas,
        "bytes": counted[0],
        "files": counted[1],
    }


Least = Annotated[int | None, Field(ge=0, le=LARGEST)]
Some = Annotated[int | None, Field(ge=1, le=LARGEST)]


class Limits(Body):
    """As in the configuration, by the same names: what is left out is what the configuration says, null is no limit."""

    model_config = ConfigDict(alias_generator=None)
    bytes: Least = None
    files: Least = None
    connections: Some = None
    requests_in_flight: Some = None
    requests_per_second: Some = None
    terminals: Least = None
    processes: Some = None
    memory: Some = None
    streams: Some = None


class Allotted(Body):
    uid: str
    set: dict[str, int | None]
    effective: dict[str, int | None]


@endpoint("GET", "/api/v1/admin/quotas/{uid}", answers={200: Allotted})
async def read_quotas(asked: Asked) -> Response:
    """What was set for a user while the host ran, or with `*` for everybody, and what counts."""
    return json(_allotted(asked, _whose(asked)))


@endpoint("PUT", "/api/v1/admin/quotas/{uid}", body=Limits, answers={200: Allotted})
async def write_quotas(asked: Asked) -> Response:
    """Set a user's limits, or everybody's with `*`, above the configuration's. They count at once and over restarts.

    A limit that is left out is what the configuration says, null is no limit. What a user has already stays; limits
    of processes and memory are those of their next sandbox: end the session to have them at once.
    """
    uid = _whose(asked)
    said: Limits = asked.body
    await asked.host.allot(uid, said.model_dump(include=said.model_fields_set), asked.caller)
    return json(_allotted(asked, uid))


def _allotted(asked: Asked, uid: str) -> dict[str, Any]:
    allotments = asked.host.allotments
    return {"uid": uid, "set": allotments.set_by_admin(uid), "effective": allotments.of(uid).to_wire()}


def _whose(asked: Asked) -> str:
    _refuse_others(asked)
    uid = asked.named("uid")
    return uid if uid == EVERYBODY else checked_uid(uid)


class Deed(Body):
    time: int
    by: str
    what: str
    uid: str
    before: Any
    after: Any


class Deeds(Body):
    deeds: list[Deed]


@endpoint("GET", "/api/v1/admin/audit", query=Most, answers={200: Deeds})
async def list_deeds(asked: Asked) -> Response:
    """What administrators set and ended, the newest first: when (ms since 1970), who, to whom (`*`: everybody)."""
    _refuse_others(asked)
    return json({"deeds": await audit.newest(asked.host.books, asked.query.limit)})


class Apart(Body):
    level: str
    network: str
    promise: str
    gaps: list[str]
    reason: str


class About(Body):
    multi_user: bool
    isolation: Apart
    quotas: dict[str, int | None]
    memory_bytes: int


@endpoint("GET", "/api/v1/admin/host", answers={200: About})
async def about_host(asked: Asked) -> Response:
    """How the host keeps users apart and what that does not protect, everybody's limits, and its own memory."""
    _refuse_others(asked)
    level, network = await asked.host.isolation.found()
    apart = {"level": level.name, "network": network, "promise": level.promise, "gaps": list(level.gaps)}
    return json(
        {
            "multiUser": asked.host.config.multi_user,
            "isolation": apart | {"reason": level.reason},
            "quotas": asked.host.quotas_of(EVERYBODY).to_wire(),
            "memoryBytes": await asyncio.to_thread(resident),
        }
    )


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
