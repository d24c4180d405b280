"""The endpoints of the HTTP side that are the host's own: health, login, files, events and configuration."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from typing import TYPE_CHECKING, Annotated, Any, Literal

import orjson
from pydantic import AfterValidator, ConfigDict, Field, StringConstraints
from starlette.exceptions import HTTPException
from starlette.responses import HTMLResponse, Response

from host import admin_api, docs, metrics, openai_api, page_api, providers_api, usage_api
from host.auth import BadToken, login_cookie, logout_cookie
from host.config import Config
from host.edge import visit_of
from host.masking import revealed, veiled
from host.routes import Asked, Body, Stream, Table, json, pieces
from sessions.context import SessionContext
from sessions.errors import FellBehind
from sessions.events import Event
from sessions.files import path_of
from sessions.memento import ABSENT

if TYPE_CHECKING:
    from host.app import Host

TABLE = Table()
TABLE.extend([*providers_api.TABLE, *usage_api.TABLE, *openai_api.TABLE, *page_api.TABLE, *admin_api.TABLE])
endpoint = TABLE.endpoint

CHUNK = 256 * 1024
"""Bytes of a file that are in memory at once."""

HEARTBEAT_S = 15.0
"""A comment goes out this often on a quiet event stream, so that proxies keep it open."""


# -- is it well


class Status(Body):
    status: str


class Health(Body):
    status: Literal["ok", "degraded"]
    services: dict[str, str]
    version: str


@endpoint("GET", "/healthz", public=True, answers={200: Status})
async def healthz(asked: Asked) -> Response:
    """The process is alive."""
    return json({"status": "ok"})


@endpoint("GET", "/readyz", public=True, answers={200: Status, 503: Status})
async def readyz(asked: Asked) -> Response:
    """The host takes users."""
    return json({"status": "ok"}) if asked.host.ready else json({"status": "draining"}, 503)


@endpoint("GET", "/api/health", public=True, answers={200: Health, 503: Health})
async def health(asked: Asked) -> Response:
    """Each service that this host has, and whether it works."""
    database = await asked.host.database_works()
    level, _ = await asked.host.isolation.found()
    disabled = len(asked.host.watchdog.disabled)
    services = {"database": "ok" if database else "failed", "isolation": level.name}
    services["extensions"] = f"{disabled} disabled" if disabled else "ok"
    status = "ok" if database else "degraded"
    return json({"status": status, "services": services, "version": asked.host.version}, 200 if database else 503)


@endpoint("GET", "/metrics", public=True, answers={200: "text/plain"})
async def metrics_text(asked: Asked) -> Response:
    """Prometheus metrics; none is labelled with a user."""
    content, media_type = await asyncio.to_thread(metrics.render, asked.host)
    return Response(content, media_type=media_type)


@endpoint("GET", "/openapi.json", public=True, answers={200: "application/json"})
async def openapi(asked: Asked) -> Response:
    """This document."""
    return json(await asked.host.published.openapi(asked.request.scope.get("root_path", "")))


@endpoint("GET", "/docs", public=True, answers={200: "text/html"})
async def reference(asked: Asked) -> Response:
    """This document and that of the socket, to be read by a person."""
    return HTMLResponse(await asked.host.published.page(), headers={"Content-Security-Policy": docs.POLICY})


# -- who you are


class Login(Body):
    token: Annotated[str, StringConstraints(min_length=1, max_length=8_192)]


class Who(Body):
    uid: str


@endpoint("POST", "/login", public=True, body=Login, answers={200: Who})
async def login(asked: Asked) -> Response:
    """Put a token into the cookie that browsers send along."""
    try:
        user = await asked.host.user_of_token(asked.body.token)
    except BadToken as error:
        raise HTTPException(401, str(error)) from None
    cookie = login_cookie(asked.body.token, user, secure=_is_secure(asked), path=_cookie_path(asked))
    return json({"uid": user.uid}, headers={"Set-Cookie": cookie})


@endpoint("POST", "/logout", public=True, answers={204: None})
async def logout(asked: Asked) -> Response:
    """Forget the cookie."""
    return Response(
        status_code=204, headers={"Set-Cookie": logout_cookie(secure=_is_secure(asked), path=_cookie_path(asked))}
    )


def _is_secure(asked: Asked) -> bool:
    return visit_of(asked.request.scope).scheme == "https"


def _cookie_path(asked: Asked) -> str:
    root = asked.request.scope.get("root_path", "") or asked.host.config.server.base_path
    return f"{root.rstrip('/')}/"


# -- files


class Place(Body):
    path: Annotated[str, AfterValidator(path_of)]


@endpoint("GET", "/api/v1/files", query=Place, answers={200: "application/octet-stream"})
async def read_file(asked: Asked) -> Response:
    """A file's bytes, of any size."""
    async with asked.host.sessions.using(asked.uid) as session:
        file = await session.files.open(asked.query.path)
    version = "-".join(f"{part:x}" for part in file.identity[1:])
    headers = {"Content-Length": str(file.size), "Content-Disposition": "attachment", "ETag": f'"{version}"'}
    if asked.request.method == "HEAD":
        async with file:
            return Response(headers=headers, media_type="application/octet-stream")
    return Stream(asked, file.pieces(CHUNK), "application/octet-stream", headers)


@endpoint("PUT", "/api/v1/files", query=Place, stream=True, answers={204: None})
async def write_file(asked: Asked) -> Response:
    """Replace a file, or make it, from a body of any size; readers see the old file until the new one is whole."""
    async with asked.host.sessions.using(asked.uid) as session, session.files.replace(asked.query.path) as target:
        async for chunk in pieces(asked.request):
            await target.write(chunk)
    return Response(status_code=204)


# -- events


class Since(Body):
    after: Annotated[int, Field(ge=0)] | None = None


@endpoint("GET", "/api/v1/events", query=Since, answers={200: "text/event-stream"})
async def events(asked: Asked) -> Response:
    """The user's events as server-sent ones, from after `Last-Event-ID` (or `after`), or only new ones, until the token
    ends."""
    after = asked.query.after
    last = asked.request.headers.get("last-event-id")
    if last is not None:
        if not (last.isascii() and last.isdigit() and len(last) < 19):
            raise HTTPException(422, "Last-Event-ID: must be the number of an event")
        after = int(last)
    return Stream(asked, _stream(asked, after), "text/event-stream", {"Cache-Control": "no-store"})


async def _stream(asked: Asked, after: int | None) -> AsyncIterator[bytes]:
    """One subscriber: first what it is told about its place, then the events, with a comment when it is quiet."""
    host = asked.host
    session = await host.sessions.open(asked.uid)
    leave = session.client()
    try:
        follower = session.mailbox.follow(after)
        hello = {"seq": session.mailbox.seq, "resumed": follower.resumed}
        yield b"event: open\ndata: " + orjson.dumps(hello) + b"\n\n"
        news = asyncio.Event()
        stop_listening = session.mailbox.listen(news.set)
        try:
            while not (host.draining or session.closing or asked.ends_in <= 0):
                news.clear()
                while batch := await follower.read():
                    for event in batch:
                        yield _sse(event)
                if not await _heard(host, news, min(HEARTBEAT_S, asked.ends_in)):
                    yield b": quiet\n\n"
        finally:
            stop_listening()
    except FellBehind:
        yield b"event: lost\ndata: {}\n\n"
    finally:
        leave()


async def _heard(host: Host, news: asyncio.Event, seconds: float) -> bool:
    """Wait for news, or the host's end; False after so many seconds of quiet."""
    async with asyncio.TaskGroup() as group:
        waits = [group.create_task(one.wait()) for one in (news, host.leaving)]
        done, rest = await asyncio.wait(waits, timeout=seconds, return_when=asyncio.FIRST_COMPLETED)
        for one in rest:
            one.cancel()
    return bool(done)


def _sse(event: Event) -> bytes:
    content = {"seq": event.seq, "type": event.type, "data": orjson.Fragment(event.data_json)}
    return b"id: %d\ndata: %s\n\n" % (event.seq, orjson.dumps(content))


# -- configuration


class Configuration(Body):
    user: dict[str, Any]
    workspace: dict[str, Any]
    quotas: dict[str, int | None]
    host: dict[str, Any] | None = None


class Changes(Body):
    model_config = ConfigDict(extra="allow")

    user: dict[str, Any] = Field(default_factory=dict, max_length=1_000)
    workspace: dict[str, Any] = Field(default_factory=dict, max_length=1_000)
    host: dict[str, Any] = Field(default_factory=dict, max_length=1_000)


@endpoint("GET", "/api/v1/config", answers={200: Configuration})
async def read_config(asked: Asked) -> Response:
    """The caller's own settings and limits, and for an administrator the host's; secrets are shown as `***`."""
    async with asked.host.sessions.using(asked.uid) as session:
        return json(_configuration(asked, session))


@endpoint("PUT", "/api/v1/config", body=Changes, answers={200: Configuration})
async def write_config(asked: Asked) -> Response:
    """Change the caller's own settings, key by key; null removes one. The host's are changed in its config file."""
    changes: Changes = asked.body
    _refuse_host_changes(asked, changes)
    async with asked.host.sessions.using(asked.uid) as session:
        for target, values in (("global", changes.user), ("workspace", changes.workspace)):
            kept = session.settings.own(target)
            for key, value in values.items():
                meant = ABSENT if value is None else revealed(value, kept.get(key), key)
                await session.settings.update(key, meant, target)
        return json(_configuration(asked, session))


def _refuse_host_changes(asked: Asked, changes: Changes) -> None:
    """The host's own values are nobody's to change here: by their name, or inside `host`."""
    more = changes.model_extra or {}
    unknown = [name for name in more if name not in Config.model_fields]
    if unknown:
        raise HTTPException(422, f"{unknown[0][:100]}: no such parameter")
    if not (changes.host or more):
        return
    if not asked.is_admin:
        raise HTTPException(403, "host: needs a token with the scope `admin`")
    raise HTTPException(409, "host: is read from the config file and ROOST_ variables; change it there and restart")


def _configuration(asked: Asked, session: SessionContext) -> dict[str, Any]:
    settings = session.settings
    shown: dict[str, Any] = {
        "user": veiled(settings.own("global")),
        "workspace": veiled(settings.own("workspace")),
        "quotas": session.quotas.to_wire(),
    }
    if asked.is_admin:
        shown["host"] = veiled(asked.host.config.model_dump(mode="json"))
    return shown
