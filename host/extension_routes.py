"""The routes of extensions: a request of a user runs that user's command. Manifests say which; none is run here."""

from __future__ import annotations

import logging
from collections.abc import Iterable, Mapping
from typing import Any

from starlette.exceptions import HTTPException
from starlette.responses import Response

from host.contributions import Contributes, Route
from host.discovery import Installed
from host.routes import PART, REFERENCE, Asked, Endpoint, Handler, Table, json, read_json
from sessions.errors import InvalidValue
from shim.commands import Commands
from shim.schemas import mistake_in_turns

log = logging.getLogger("roost.loader")

Json = dict[str, Any]

LARGEST = 8 << 20
"""Bytes of a JSON body: some pictures."""


def table(installed: Iterable[Installed], taken: Iterable[Endpoint]) -> Table:
    """The endpoints that the manifests ask for; one that is the host's own, or another's, is left out and named."""
    rows, places = Table(), set[tuple[str, str]]()
    own = {shape_of(one.path) for one in taken}
    for one in installed:
        for route in one.manifest.contributes.routes:
            place = route.method, shape_of(route.path)
            if place in places or place[1] in own:
                log.warning("a route of %s is left out: %s %s is taken", one.id, route.method, route.path)
                continue
            places.add(place)
            rows.append(_endpoint(route, one.manifest.contributes))
    return rows


def shape_of(path: str) -> str:
    """A path without the names of its parts: two of one shape would be the same door."""
    return PART.sub("{}", path)


def _endpoint(route: Route, contributes: Contributes) -> Endpoint:
    schemas = contributes.schemas
    used = {name: schemas[name] for name in (route.body, route.query, route.answer) if name}
    title = route.title or next((one.title for one in contributes.commands if one.command == route.command), "")
    described = _described(route, schemas, title)
    return Endpoint(route.method, route.path, _handler(route, schemas), described=described, schemas=used)


def _handler(route: Route, schemas: Mapping[str, Json]) -> Handler:
    body = None if route.body is None else schemas[route.body]
    query = {"type": "object", "additionalProperties": False} if route.query is None else schemas[route.query]
    parts = PART.findall(route.path)

    async def handler(asked: Asked) -> Response:
        given = await checked(query, _query(asked, query))
        if body is not None:
            given |= await checked(body, await read_json(asked.request, LARGEST, _as_it_is))
        given |= {name: asked.named(name) for name in parts}
        async with asked.host.sessions.using(asked.uid) as session:
            answer = await session.get(Commands).execute(route.command, given)
        return Response(status_code=204) if answer is None else json(answer, route.status)

    handler.__name__ = route.command.replace(".", "_")
    return handler


async def checked(schema: Json, given: object) -> Json:
    """What was given, if the schema lets it pass. Raises `InvalidValue` naming the field and the rule."""
    if (wrong := await mistake_in_turns(given, schema)) is not None:
        raise InvalidValue(wrong[0] or "body", wrong[1])
    assert isinstance(given, dict)
    return given


def _as_it_is(given: object) -> object:
    return given


def _query(asked: Asked, schema: Json) -> Json:
    """The query's values; those that a schema wants as numbers are numbers."""
    found: Json = {}
    for name, value in asked.request.query_params.multi_items():
        if name == "uid":
            continue
        if name in found:
            raise HTTPException(422, f"{name}: given more than once in the query")
        wants = schema.get("properties", {}).get(name, {}).get("type")
        found[name] = int(value) if wants == "integer" and _is_number(value) else value
    return found


def _is_number(text: str) -> bool:
    return text.isascii() and text.lstrip("-").isdigit() and len(text) < 19


def _described(route: Route, schemas: Mapping[str, Json], title: str) -> Json:
    """The route for the OpenAPI document, with its own title or its command's."""
    found: Json = {"operationId": route.command.replace(".", "_"), "summary": title}
    if route.query is not None:
        rules = schemas[route.query]
        required = rules.get("required", ())
        found["parameters"] = [
            {"name": name, "in": "query", "required": name in required, "schema": rule}
            for name, rule in rules.get("properties", {}).items()
        ]
    if route.body is not None:
        found["requestBody"] = {"required": True, "content": _content(route.body)}
    answer: Json = {"description": "What came of it."}
    if route.answer is not None:
        answer["content"] = _content(route.answer)
    found["responses"] = {str(route.status): answer}
    if route.method == "DELETE":
        found["responses"]["204"] = {"description": "It is gone."}
    return found


def _content(name: str) -> Json:
    return {"application/json": {"schema": {"$ref": REFERENCE.format(model=name)}}}
