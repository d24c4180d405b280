"""`/preview/<port>/...`: a user's own dev server, inside their sandbox, shown through the host to them alone.

Who may see it, and which connection leads there. `passage` says what passes, `carriage` carries it, and a browser's
pages go on under an address with a ticket in it (`tickets`), as they have no origin and so no cookie.
"""

from __future__ import annotations

import asyncio
import re
import socket
import time
from collections.abc import Iterable, Iterator
from contextlib import contextmanager, suppress
from typing import TYPE_CHECKING, NamedTuple
from urllib.parse import quote

from starlette.requests import HTTPConnection
from starlette.responses import Response
from starlette.types import Message, Receive, Scope, Send

from host import problems
from host.carriage import Exchange, Socket, Unreachable
from host.guard import SECURITY
from host.identity import Unidentified, identify
from host.passage import PREFLIGHT, Passage, without_uid
from host.routes import not_known, problem_answer
from host.tickets import Tickets
from sessions.errors import Overloaded
from sessions.jail import PROXY_PORT

if TYPE_CHECKING:
    from host.app import Host

PLACE = re.compile(rb"/preview/(?:([1-9][0-9]{0,4})|([A-Za-z0-9_-]{43}))(/[^?]*)?", re.DOTALL)
CONNECT_SECONDS = 10.0
LOOK_S = 2.0
"""How often the clock is looked at for the end of a login."""

LOOPBACK = ((socket.AF_INET, "127.0.0.1"), (socket.AF_INET6, "::1"))


class Refusal(Exception):
    """A preview that there is not, with the status and a sentence for the user."""

    def __init__(self, status: int, sentence: str) -> None:
        super().__init__(sentence)
        self.status = status


class Place(NamedTuple):
    """What an address asks for: a port by the user's login, or a ticket; `path` is None where its slash is missing."""

    port: int
    ticket: str
    path: bytes | None
    root: bytes


def place_of(scope: Scope) -> Place | None:
    """The place in a preview that this request's address names; None where it names none."""
    root = quote(scope.get("root_path", ""), safe="/").encode()
    raw: bytes = scope.get("raw_path") or quote(scope["path"]).encode()
    found = PLACE.fullmatch(raw.removeprefix(root))
    if found is None or int(found[1] or 0) > 65535:
        return None
    return Place(int(found[1] or 0), (found[2] or b"").decode(), found[3], root)


class Admitted(NamedTuple):
    """Whose port, and when that login or ticket ends, in seconds since 1970."""

    uid: str
    port: int
    expires: float | None


class Preview:
    """The previews of a host, as an ASGI app for http and websocket."""

    def __init__(self, host: Host) -> None:
        self._host = host
        self.tickets = Tickets()

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Serve a request whose address `place_of` knows; where it came from was judged before, unless by a ticket."""
        begun = False

        async def sending(message: Message) -> None:
            nonlocal begun
            begun = True
            await send(message)

        try:
            if scope["type"] == "websocket":
                await receive()
            answer = await self._serve(scope, receive, sending)
        except Unidentified as error:
            answer = problem_answer(not_known(error.status, error.reason), {"WWW-Authenticate": "Bearer"})
        except Refusal as error:
            answer = problem_answer(not_known(error.status, str(error)))
        except Unreachable as error:
            answer = problem_answer(not_known(502, str(error)))
        except Exception as error:  # noqa: BLE001  the edge of a request
            answer = problem_answer(problems.explain(error))
        if answer is not None and not begun:
            await _answer(answer, scope, receive, send)

    async def _serve(self, scope: Scope, receive: Receive, send: Send) -> Response | None:
        """Pass it on, or say what to answer instead."""
        place = place_of(scope)
        assert place is not None
        if place.ticket and _is_preflight(scope):
            return Response(status_code=204, headers=_text(PREFLIGHT))
        admitted = await self._admit(place, scope)
        if place.path is None:
            return _moved(place, place.ticket or str(admitted.port), b"/", scope["query_string"])
        if not place.ticket and _is_navigation(scope):
            return _moved(place, self.tickets.issue(*admitted), place.path, without_uid(scope["query_string"]))
        prefix = b"%s/preview/%s" % (place.root, (place.ticket or str(admitted.port)).encode())
        passage = Passage(admitted.port, prefix, bool(place.ticket), self._host.authenticate is None)
        with self._counted(admitted.uid):
            connected = await self._connect(admitted.uid, admitted.port, scope)
            await self._carry(passage, place.path, admitted.expires, connected, (scope, receive, send))
        return None

    async def _admit(self, place: Place, scope: Scope) -> Admitted:
        """Whose preview it is. Raises `Unidentified`, `Refusal`."""
        headers = dict(scope["headers"])
        if b"service-worker" in headers or scope.get("method") in ("CONNECT", "TRACE"):
            raise Refusal(403, "a preview serves pages and what they load: no service workers, CONNECT or TRACE")
        if place.ticket:
            ticket = self.tickets.find(place.ticket)
            if ticket is None:
                raise Refusal(404, "this preview has ended, as its login did or nobody used it: open it anew")
            return Admitted(ticket.uid, ticket.port, ticket.expires)
        if headers.get(b"sec-fetch-site") == b"cross-site":
            raise Refusal(
                403, "another site may not open a preview: type its address, or open it from this host's page"
            )
        identity = await identify(self._host, HTTPConnection(scope))
        if identity is None:
            raise Unidentified(4401, 401, "a token is needed: `Authorization: Bearer <jwt>`, or the cookie of /login")
        return Admitted(identity.uid, place.port, identity.user.expires)

    @contextmanager
    def _counted(self, uid: str) -> Iterator[None]:
        """As one of the user's connections, if their rate and the number of those have room for it."""
        presence = self._host.presence(uid)
        try:
            presence.take_turn()
            if self._host.draining:
                raise Overloaded("the host is draining", 1_000)
            presence.check_room()
            with presence.streaming():
                yield
        finally:
            presence.let_go_if_unused()

    async def _connect(self, uid: str, port: int, scope: Scope) -> socket.socket:
        """A connection to what listens on that port of the user's. Raises `Refusal`."""
        level, network = await self._host.isolation.found()
        try:
            async with asyncio.timeout(CONNECT_SECONDS):
                if level.form == "none" or network == "host":
                    return await self._connect_here(port, scope)
                if level.form is None:
                    raise Refusal(503, level.refusal(network))
                if level.form == "landlock":
                    raise Refusal(409, f"at the isolation level {level.name} nothing of a user can listen on a port")
                return await self._connect_inside(uid, port, network)
        except OSError as error:
            raise Refusal(
                502, f"nothing answers on your port {port} ({error.strerror or 'no answer'}): start it"
            ) from None
        except TimeoutError:
            raise Refusal(
                504, f"what listens on your port {port} takes no connection: it has too many, or hangs"
            ) from None

    async def _connect_here(self, port: int, scope: Scope) -> socket.socket:
        """To this machine's own loopback, for the one user of a machine."""
        if self._host.config.multi_user:
            raise Refusal(403, "terminals.network: with host, ports are not one user's own, so that none is shown; "
                          "the operator may set it to proxy or none")  # fmt: skip
        if port == (scope.get("server") or (None, None))[1]:
            raise Refusal(403, f"port {port} is this host itself, which needs no preview")
        try:
            return await _connected(*LOOPBACK[0], port)
        except ConnectionRefusedError:
            return await _connected(*LOOPBACK[1], port)

    async def _connect_inside(self, uid: str, port: int, network: str) -> socket.socket:
        if network == "proxy" and port == PROXY_PORT:
            raise Refusal(403, f"port {port} is the sandbox's way out, no server of yours")
        session = self._host.sessions.get(uid)
        sandbox = await session.sandbox() if session is not None and not session.closing else None
        if sandbox is None or not sandbox.running:
            raise Refusal(502, f"nothing of yours runs, so nothing answers on port {port}: start it in a terminal")
        return await sandbox.connect(port)

    async def _carry(
        self, passage: Passage, path: bytes, expires: float | None, connected: socket.socket,
        app: tuple[Scope, Receive, Send],
    ) -> None:  # fmt: skip
        scope, receive, send = app
        target, headers = passage.target(path, scope["query_string"]), passage.inward(scope["headers"])

        async def over() -> None:
            """The host ends, or the login does: at a date, which a clock that is set may bring nearer."""
            leaving = self._host.leaving
            while not leaving.is_set() and (expires is None or expires > time.time()):
                with suppress(TimeoutError):
                    async with asyncio.timeout(None if expires is None else min(expires - time.time(), LOOK_S)):
                        await leaving.wait()

        if scope["type"] == "http":
            await Exchange(receive, send).carry(connected, scope["method"], target, headers, passage.outward, over)
            return
        kept = [pair for pair in headers if not pair[0].startswith(b"sec-websocket-") and pair[0] != b"host"]
        uri = b"ws://%s%s" % (passage.authority, target)
        await Socket(receive, send).carry(connected, uri.decode("latin-1"), kept, scope.get("subprotocols", ()), over)


async def _connected(family: socket.AddressFamily, address: str, port: int) -> socket.socket:
    made = socket.socket(family, socket.SOCK_STREAM | socket.SOCK_NONBLOCK)
    try:
        await asyncio.get_running_loop().sock_connect(made, (address, port))
    except BaseException:
        made.close()
        raise
    return made


def _is_preflight(scope: Scope) -> bool:
    asks = any(name == b"access-control-request-method" for name, _ in scope["headers"])
    return scope.get("method") == "OPTIONS" and asks


def _is_navigation(scope: Scope) -> bool:
    """Whether a browser asks for a page by its login, and so will ask for more without one."""
    headers = dict(scope["headers"])
    by_token = b"authorization" in headers
    return scope.get("method") == "GET" and not by_token and b"text/html" in headers.get(b"accept", b"")


def _moved(place: Place, name: str, path: bytes, query: bytes) -> Response:
    """A redirect to that path of the preview `name`."""
    where = b"%s/preview/%s%s%s" % (place.root, name.encode(), path, b"?" + query if query else b"")
    return Response(status_code=307, headers={"Location": where.decode("latin-1"), "Cache-Control": "no-store"})


def _text(headers: Iterable[tuple[bytes, bytes]]) -> dict[str, str]:
    return {name.decode(): value.decode() for name, value in headers}


async def _answer(answer: Response, scope: Scope, receive: Receive, send: Send) -> None:
    """The host's own answer; a socket gets it instead of being opened, where the server can do that."""
    for name, value in _text(SECURITY).items():
        answer.headers.setdefault(name, value)
    if scope["type"] == "websocket" and "websocket.http.response" not in scope.get("extensions", {}):
        await send({"type": "websocket.close", "code": 1008})
        return
    await answer(scope, receive, send)
