"""`/uri/<publisher.name>/<path>`: links from elsewhere that lead to an extension, such as the way back from a login.

Any page may send a browser here, so the user is asked before their extension hears of it.
"""

from __future__ import annotations

import asyncio
import re
from contextlib import suppress
from typing import TYPE_CHECKING, NamedTuple
from urllib.parse import unquote

from starlette.requests import HTTPConnection
from starlette.responses import HTMLResponse, Response
from starlette.types import Receive, Scope, Send

from host import problems
from host.identity import Unidentified, identify
from host.passage import without_uid
from host.routes import not_known, problem_answer
from sessions.context import SessionContext
from sessions.errors import Overloaded
from shim.address import SCHEME
from shim.extensions import Extensions
from shim.notices import show_information_message
from shim.uri import Uri
from shim.urihandlers import UriHandlers

if TYPE_CHECKING:
    from host.app import Host

PLACE = re.compile(r"/uri/([A-Za-z0-9_-]{1,64}\.[A-Za-z0-9_-]{1,64})(/.*)?", re.DOTALL)
ASKING = 8
"""Links of one user that wait for their word; further ones are refused."""

ASKED_S = 600.0
"""How long the user has to say so."""

POLICY = "default-src 'none'; style-src 'unsafe-inline'; frame-ancestors 'none'"
PAGE = """<!doctype html><html lang="en"><meta charset="utf-8"><title>Roost</title>
<style>body { font: 16px/1.5 system-ui, sans-serif; max-width: 30rem; margin: 20vh auto; padding: 0 1rem }</style>
<p>Go back to Roost and say whether this link may be opened. You can close this page.</p></html>"""
"""What the browser shows."""


class Place(NamedTuple):
    """An extension and what stands behind it."""

    extension: str
    path: str


def place_of(scope: Scope) -> Place | None:
    """Where a request's address leads; None where it is no link to an extension."""
    if scope["type"] != "http":
        return None
    found = PLACE.fullmatch(scope["path"].removeprefix(scope.get("root_path", "")))
    return Place(found[1], found[2] or "/") if found else None


class Links:
    """The links of a host, as an ASGI app."""

    def __init__(self, host: Host) -> None:
        self._host = host

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Serve a request whose address `place_of` knows."""
        place = place_of(scope)
        assert place is not None
        try:
            answer = await self._answer(place, scope)
        except Unidentified as error:
            answer = problem_answer(not_known(error.status, error.reason), {"WWW-Authenticate": "Bearer"})
        except Exception as error:  # noqa: BLE001  the edge of a request
            answer = problem_answer(problems.explain(error))
        await answer(scope, receive, send)

    async def _answer(self, place: Place, scope: Scope) -> Response:
        if scope["method"] not in ("GET", "HEAD"):
            return problem_answer(not_known(405, "this path takes GET, HEAD"), {"Allow": "GET, HEAD"})
        identity = await identify(self._host, HTTPConnection(scope))
        if identity is None:
            raise Unidentified(4401, 401, "a token is needed: log in first, and follow the link again")
        with self._host.presence(identity.uid).answering():
            return await self._open(place, scope, identity.uid)

    async def _open(self, place: Place, scope: Scope, uid: str) -> Response:
        query = unquote(without_uid(scope["query_string"]).decode("latin-1"))
        async with self._host.sessions.using(uid) as session:
            if session.get(Extensions).get(place.extension) is None:
                return problem_answer(not_known(404, "no such extension is installed here"))
            if scope["method"] == "GET":
                _ask(session, Uri(SCHEME, place.extension, place.path, query))
        return HTMLResponse(PAGE, headers={"Content-Security-Policy": POLICY, "Cache-Control": "no-store"})


def _ask(session: SessionContext, uri: Uri) -> None:
    handlers = session.get(UriHandlers)
    if handlers.asked >= ASKING:
        raise Overloaded(f"{ASKING} links wait for the user's word already", 10_000)
    handlers.asked += 1
    work = session.start(_opened(handlers, uri), f"open a link to {uri.authority}")
    work.add_done_callback(lambda _: handlers.settle())


async def _opened(handlers: UriHandlers, uri: Uri) -> None:
    question = f"Let the extension '{uri.authority}' open this link?"
    with suppress(TimeoutError):  # nobody is here: it is as if they had said no
        async with asyncio.timeout(ASKED_S):
            detail = f"{uri.authority}{uri.path}"
            if await show_information_message(question, "Open", modal=True, detail=detail) != "Open":
                return
        await handlers.open(uri)
