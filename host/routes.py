"""The HTTP side: one table of endpoints, from which both the router and `/openapi.json` are made."""

from __future__ import annotations

import asyncio
import inspect
import math
import re
import time
from collections.abc import AsyncIterator, Awaitable, Callable
from dataclasses import dataclass, field
from http import HTTPStatus
from typing import TYPE_CHECKING, Any, Protocol, TypeVar
from urllib.parse import quote

import orjson
from pydantic import BaseModel, ConfigDict
from pydantic.alias_generators import to_camel
from pydantic.json_schema import models_json_schema
from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import Response, StreamingResponse
from starlette.routing import Route
from starlette.types import Receive, Scope, Send

from host import large, problems, wire
from host.identity import Identity, Unidentified, identify
from host.problems import Problem
from sessions.errors import Overloaded, QuotaExceeded

if TYPE_CHECKING:
    from host.app import Host

T = TypeVar("T")

PART = re.compile(r"\{(\w+)(?::\w+)?\}")
"""A part of a path that is another one from request to request."""

REFERENCE = "#/components/schemas/{model}"
NOWHERE = """<!doctype html><html lang="en"><meta charset="utf-8"><title>Roost: nothing here</title>
<style>body {{ font: 16px/1.5 system-ui, sans-serif; max-width: 30rem; margin: 20vh auto; padding: 0 1rem }}</style>
<p>There is nothing at this address. <a href="{home}">Go to Roost</a></p></html>"""
"""What a browser shows."""

NOWHERE_POLICY = "default-src 'none'; style-src 'unsafe-inline'; frame-ancestors 'none'"
STILL_S = 30.0
LARGEST_BODY = 1024 * 1024
"""Bytes of a JSON body; files are streamed and may have any size."""


class Body(BaseModel):
    """A JSON body or a query: camelCase, nothing unknown, no type but the declared."""

    model_config = ConfigDict(extra="forbid", strict=True, alias_generator=to_camel)


@dataclass(frozen=True, slots=True)
class Asked:
    """One request as an endpoint sees it: who asks, for whom, and what was checked already."""

    host: Host
    request: Request
    identity: Identity | None
    query: Any = None
    body: Any = None

    @property
    def uid(self) -> str:
        """The user that the request is for."""
        assert self.identity is not None
        return self.identity.uid

    @property
    def caller(self) -> str:
        """Who asks, whoever it is for."""
        assert self.identity is not None
        return self.identity.user.uid

    @property
    def is_admin(self) -> bool:
        """Whether who asks may see and set what is the host's."""
        return self.identity is not None and self.identity.user.is_admin

    @property
    def ends_in(self) -> float:
        """Seconds until the token ends that it was asked with."""
        expires = self.identity.user.expires if self.identity is not None else None
        return math.inf if expires is None else expires - time.time()

    def named(self, part: str) -> str:
        """What the path says in the place of `{part}`."""
        return str(self.request.path_params[part])


Handler = Callable[[Asked], Awaitable[Response]]


class Shape(Protocol):
    """What tells a refusal as an endpoint's clients read it."""

    def __call__(self, problem: Problem, headers: dict[str, str] | None = None) -> Response: ...


@dataclass(frozen=True, slots=True)
class Endpoint:
    """One row of the table."""

    method: str
    path: str
    handler: Handler
    public: bool = False
    """Answers without knowing who asks."""
    query: type[Body] | None = None
    body: type[BaseModel] | None = None
    largest: int = LARGEST_BODY
    """Bytes of that body at most."""
    stream: bool = False
    """The body is raw bytes of any size."""
    answers: dict[int, Any] = field(default_factory=dict)
    """Status -> a model, a media type (or several), or None for no content."""
    shape: Shape | None = None
    """How a refusal is told; None: as RFC 9457 has it."""
    refusal: type[BaseModel] | None = None
    """What `shape` makes, for the document."""

    def refuse(self, problem: Problem, headers: dict[str, str] | None = None) -> Response:
        """What is wrong, as this endpoint's clients read it."""
        return (self.shape or problem_answer)(problem, headers)

    described: dict[str, Any] | None = None
    """The operation for the OpenAPI document, where no models say it."""
    schemas: dict[str, Any] = field(default_factory=dict)
    """JSON schemas that `described` refers to."""

    @property
    def summary(self) -> str:
        return (inspect.getdoc(self.handler) or "").split("\n\n")[0].replace("\n", " ")


class Table(list[Endpoint]):
    """The endpoints of one module, registered by decorating."""

    def endpoint(self, method: str, path: str, **more: Any) -> Callable[[Handler], Handler]:
        def publish(handler: Handler) -> Handler:
            self.append(Endpoint(method, path, handler, **more))
            return handler

        return publish


def json(value: object, status: int = 200, headers: dict[str, str] | None = None) -> Response:
    """A JSON answer."""
    return Response(orjson.dumps(value), status, headers, "application/json")


class Stream(StreamingResponse):
    """An answer that goes on: counted as one of the user's connections from the first byte to the last.

    Where there is no room by then it is refused: between an endpoint's own look and here others may have come.
    """

    def __init__(
        self,
        asked: Asked,
        content: AsyncIterator[bytes],
        kind: str,
        headers: dict[str, str],
        refuse: Shape | None = None,
    ) -> None:
        super().__init__(content, 200, headers, kind)
        self._asked = asked
        self._refuse = refuse or problem_answer

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        presence = self._asked.host.presence(self._asked.uid)
        try:
            presence.check_room()
        except QuotaExceeded as error:
            presence.let_go_if_unused()
            await self._refuse(problems.explain(error))(scope, receive, send)
            return
        with presence.streaming():
            await super().__call__(scope, receive, send)


def problem_answer(problem: Problem, headers: dict[str, str] | None = None) -> Response:
    """RFC 9457: what is wrong, as `application/problem+json`."""
    content = {
        "type": "about:blank",
        "title": _title(problem.status),
        "status": problem.status,
        "detail": problem.message,
    }
    content.update(problem.data or {})
    more = dict(headers or {})
    if problem.data and "retryAfterMs" in problem.data:
        more["Retry-After"] = str(-(-problem.data["retryAfterMs"] // 1000))
    return Response(orjson.dumps(content), problem.status, more, "application/problem+json")


def _title(status: int) -> str:
    return HTTPStatus(status).phrase


def not_known(status: int, detail: str) -> Problem:
    """A refusal that is HTTP's own: no such path, no such method, nobody there."""
    return Problem(wire.INVALID_REQUEST, status, detail)


def routes(host: Host, table: Table) -> list[Route]:
    """Starlette's routes: one a path, whatever its methods."""
    paths: dict[str, dict[str, Endpoint]] = {}
    for one in table:
        paths.setdefault(one.path, {})[one.method] = one
    return [_route(path, _door(host, methods)) for path, methods in paths.items()]


def _route(path: str, door: Callable[[Request], Awaitable[Response]]) -> Route:
    """A route for every method: a wrong one is the door's to refuse, in our words. A name may hold line breaks."""
    route = Route(path, door)
    route.methods = None
    route.path_regex = re.compile(route.path_regex.pattern.removesuffix("$") + r"\Z", re.DOTALL)
    return route


async def not_found(scope: Scope, receive: Receive, send: Send) -> None:
    """No such path: as a problem document, and as a page for a browser outside of `/api/`."""
    path = scope["path"].removeprefix(scope.get("root_path", ""))
    wants = b",".join(value for name, value in scope["headers"] if name == b"accept")
    if b"text/html" in wants.lower() and scope["method"] in ("GET", "HEAD") and not path.startswith("/api/"):
        home = quote(scope.get("root_path", "") + "/")
        answer = Response(NOWHERE.format(home=home), 404, {"Content-Security-Policy": NOWHERE_POLICY}, "text/html")
    else:
        answer = problem_answer(not_known(404, "no such path; /openapi.json lists those there are"))
    answer.headers["Vary"] = "Accept"
    await answer(scope, receive, send)


def _door(host: Host, methods: dict[str, Endpoint]) -> Callable[[Request], Awaitable[Response]]:
    async def door(request: Request) -> Response:
        endpoint = methods.get("GET" if request.method == "HEAD" else request.method)
        if endpoint is None:
            allowed = ", ".join(sorted({*methods, "HEAD"} if "GET" in methods else methods))
            return problem_answer(not_known(405, f"this path takes {allowed}"), {"Allow": allowed})
        try:
            return await _answer(host, endpoint, request)
        except Unidentified as error:
            return endpoint.refuse(not_known(error.status, error.reason), {"WWW-Authenticate": "Bearer"})
        except HTTPException as error:
            return endpoint.refuse(not_known(error.status_code, error.detail), dict(error.headers or {}))
        except (Exception, SystemExit) as error:  # noqa: BLE001  the edge of a request
            return endpoint.refuse(problems.explain(error))

    return door


async def _answer(host: Host, endpoint: Endpoint, request: Request) -> Response:
    identity = None if endpoint.public else await identify(host, request)
    if identity is None and not endpoint.public:
        raise Unidentified(4401, 401, "a token is needed: `Authorization: Bearer <jwt>`, or the cookie of POST /login")
    if identity is None:
        return await endpoint.handler(await _asked(host, endpoint, request, None))
    with host.presence(identity.uid).answering():  # also while the body comes: it is in memory
        if host.draining:
            raise Overloaded("the host is draining", 1_000)
        return await endpoint.handler(await _asked(host, endpoint, request, identity))


async def _asked(host: Host, endpoint: Endpoint, request: Request, identity: Identity | None) -> Asked:
    query = None if endpoint.public or endpoint.described else _query(endpoint.query or Body, request)
    body = await _body(endpoint.body, request, endpoint.largest) if endpoint.body else None
    return Asked(host, request, identity, query, body)


def _query(model: type[Body], request: Request) -> Body:
    given: dict[str, str] = {}
    for name, value in request.query_params.multi_items():
        if name == "uid":
            continue
        if name in given:
            raise HTTPException(422, f"{name}: given more than once in the query")
        given[name] = value
    return model.model_validate(given, strict=False)


async def _body(model: type[BaseModel], request: Request, largest: int) -> BaseModel:
    return await read_json(request, largest, model.model_validate)


async def read_json(request: Request, largest: int, check: Callable[[object], T]) -> T:
    """What `check` makes of the JSON of a body, `largest` bytes at most; a large one is read beside the loop."""
    kind = request.headers.get("content-type", "").split(";")[0].strip().lower()
    if kind != "application/json":
        raise HTTPException(415, "Content-Type: must be application/json")
    content = bytearray()  # and no list of pieces: they may be of a byte each
    async for piece in pieces(request):
        content += piece
        if len(content) > largest:
            raise HTTPException(413, f"the body is larger than {largest} bytes")
    try:
        if len(content) > large.LARGE:
            return await asyncio.to_thread(lambda: check(large.value([bytes(content)])))
        given: object = orjson.loads(content)
    except orjson.JSONDecodeError as error:
        raise HTTPException(400, f"the body is not JSON: {error.msg} at line {error.lineno}") from None
    except large.TooManyValues:
        raise HTTPException(413, f"the body has more than {large.MOST_VALUES:,} values; send it in several") from None
    return check(given)


async def pieces(request: Request) -> AsyncIterator[bytes]:
    """The body as it comes; one that stands still for `STILL_S` is given up, or it would hold its place for ever."""
    stream = aiter(request.stream())
    while True:
        try:
            async with asyncio.timeout(STILL_S):
                piece = await anext(stream, None)
        except TimeoutError:
            raise HTTPException(408, f"nothing of the body came for {STILL_S:g} s") from None
        if piece is None:
            return
        yield piece


# -- the document


def document(table: Table, version: str, base_path: str) -> dict[str, Any]:
    """OpenAPI 3.1 of the table, from the models that validate."""
    models = [(one, "validation") for row in table for one in (row.query, row.body) if one]
    answers = [one for row in table for one in (*row.answers.values(), row.refusal)]
    models += [(one, "serialization") for one in answers if isinstance(one, type)]
    _, schemas = models_json_schema(list(dict.fromkeys(models)), ref_template=REFERENCE)  # type: ignore[arg-type]
    components = schemas.get("$defs", {})
    components["Problem"] = PROBLEM
    paths: dict[str, dict[str, Any]] = {}
    for row in table:
        paths.setdefault(PART.sub(r"{\1}", row.path), {})[row.method.lower()] = _operation(row, components)
    return {
        "openapi": "3.1.0",
        "info": {"title": "Roost", "version": version, "license": {"name": "MIT", "identifier": "MIT"}},
        "servers": [{"url": base_path or "/"}],
        "paths": paths,
        "components": {"schemas": components, "securitySchemes": SECURITY},
        "security": [{"bearer": []}, {"cookie": []}],
    }


PROBLEM = {
    "type": "object",
    "description": "RFC 9457 problem details.",
    "required": ["type", "title", "status", "detail"],
    "properties": {
        "type": {"type": "string"},
        "title": {"type": "string"},
        "status": {"type": "integer"},
        "detail": {"type": "string"},
    },
}
SECURITY = {
    "bearer": {"type": "http", "scheme": "bearer", "bearerFormat": "JWT"},
    "cookie": {"type": "apiKey", "in": "cookie", "name": "roost_session"},
}


def _operation(row: Endpoint, components: dict[str, Any]) -> dict[str, Any]:
    operation: dict[str, Any] = {
        "operationId": row.handler.__name__,
        "summary": row.summary,
        "responses": {str(status): _response(status, what) for status, what in row.answers.items()},
    }
    operation["responses"]["default"] = {"description": "What is wrong.", "content": _refused(row.refusal)}
    if row.public:
        operation["security"] = []
    components.update(row.schemas)
    operation |= {
        name: value for name, value in (row.described or {}).items() if name not in ("responses", "parameters")
    }
    operation["responses"] = (row.described or {}).get("responses", {}) | operation["responses"]
    operation["parameters"] = (row.described or {}).get("parameters", []) + [
        {"name": name, "in": "path", "required": True, "schema": {"type": "string"}} for name in PART.findall(row.path)
    ]
    if row.query:
        operation["parameters"] += _parameters(components.pop(row.query.__name__, row.query.model_json_schema()))
    if row.body:
        reference = {"$ref": f"#/components/schemas/{row.body.__name__}"}
        operation["requestBody"] = {"required": True, "content": {"application/json": {"schema": reference}}}
    if row.stream:
        binary = {"schema": {"type": "string", "format": "binary"}}
        operation["requestBody"] = {"required": True, "content": {"application/octet-stream": binary}}
    return operation


def _parameters(schema: dict[str, Any]) -> list[dict[str, Any]]:
    required = set(schema.get("required", ()))
    return [
        {"name": name, "in": "query", "required": name in required, "schema": value}
        for name, value in schema["properties"].items()
    ]


def _refused(model: type[BaseModel] | None) -> dict[str, Any]:
    kind, name = ("application/problem+json", "Problem") if model is None else ("application/json", model.__name__)
    return {kind: {"schema": {"$ref": REFERENCE.format(model=name)}}}


def _response(status: int, what: Any) -> dict[str, Any]:
    answer: dict[str, Any] = {"description": HTTPStatus(status).phrase}
    if isinstance(what, str | tuple):
        kinds = (what,) if isinstance(what, str) else what
        answer["content"] = {
            kind: {"schema": {} if kind == "application/json" else {"type": "string"}} for kind in kinds
        }
    elif what is not None:
        answer["content"] = {"application/json": {"schema": {"$ref": f"#/components/schemas/{what.__name__}"}}}
    return answer
