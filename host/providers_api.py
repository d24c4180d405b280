"""The endpoints of a user's providers of models: keys go in and never come out. One is asked only to test a key."""

from __future__ import annotations

from typing import Annotated, Any, Literal

from pydantic import ConfigDict, Field, StringConstraints
from pydantic.alias_generators import to_camel
from starlette.exceptions import HTTPException
from starlette.responses import Response

from host import audit, fields
from host.allotments import EVERYBODY
from host.masking import HIDDEN
from host.providers.own import forget_provider, keep_provider, own_providers
from host.routes import Asked, Body, Table, json
from host.tables import PROVIDERS, Provider
from sessions.errors import InvalidValue
from sessions.store import Statement

TABLE = Table()
endpoint = TABLE.endpoint

DEMO = "demo"
KEYLESS = "ollama"
"""The kind whose servers need no key."""

Kind = Literal["anthropic", "openai", "gemini", "ollama"]
ModelName = Annotated[str, StringConstraints(min_length=1, max_length=256)]


class Shown(Body):
    id: str
    kind: str
    source: Literal["user", "host", "built-in"]
    api_key: str | None
    base_url: str | None
    models: list[str]


class Listed(Body):
    providers: list[Shown]


class Given(Body):
    """As `ai_providers.<id>` in the configuration, its keys also in camelCase."""

    model_config = ConfigDict(extra="forbid", strict=True, alias_generator=to_camel, populate_by_name=True)

    kind: Kind | None = None
    api_key: Annotated[str, StringConstraints(max_length=8_192)] | None = None
    base_url: Annotated[str, StringConstraints(max_length=2_048)] | None = None
    models: Annotated[list[ModelName], Field(max_length=256)] | None = None
    scope: Literal["user", "host"] = "user"
    test: bool = False


class Whose(Body):
    scope: Literal["user", "host"] = "user"


@endpoint("GET", "/api/v1/config/providers", answers={200: Listed})
async def read_providers(asked: Asked) -> Response:
    """The caller's own providers, and the host's that they may use; keys are `***`, the host's addresses its own."""
    async with asked.host.sessions.using(asked.uid) as session:
        own = await own_providers(session)
    shown = [_shown(name, provider, "user") for name, provider in own.items()]
    for name, provider in asked.host.models.hosts.all().items():
        if name not in own:
            shown.append(_shown(name, provider, "host", whole=asked.is_admin))
    return json({"providers": [*shown, _shown(DEMO, None, "built-in")]})


@endpoint("PUT", "/api/v1/config/providers/{id}", body=Given, answers={200: Shown})
async def write_provider(asked: Asked) -> Response:
    """Set a provider of the caller's own, before the host's of that id, whose key it never uses.

    What is left out stays as it was, as does a key that is given as `***`; null takes it away. With `test` it is
    asked for its models first, and kept only if it answers. With the scope `host` an administrator sets one for
    everybody, durable and at once; what the config file names is the file's to change.
    """
    name, given = _name(asked), asked.body
    if given.scope == "host":
        return await _write_host(asked, name, given)
    async with asked.host.sessions.using(asked.uid) as session:
        kept = (await own_providers(session)).get(name)
        provider = _merged(name, given, kept)
        if given.test:
            await asked.host.models.probe(session, name, provider)
        await keep_provider(session, name, provider)
        asked.host.models.changed(session)
    return json(_shown(name, provider, "user"))


@endpoint("DELETE", "/api/v1/config/providers/{id}", query=Whose, answers={204: None})
async def delete_provider(asked: Asked) -> Response:
    """Forget a provider of the caller's own, with its key; the host's of that id is then used again.

    With `?scope=host` an administrator forgets one that was set for everybody.
    """
    name = _name(asked)
    if asked.query.scope == "host":
        return await _delete_host(asked, name)
    async with asked.host.sessions.using(asked.uid) as session:
        if name not in await own_providers(session):
            raise HTTPException(404, "you have no provider of your own by this id")
        await forget_provider(session, name)
        asked.host.models.changed(session)
    return Response(status_code=204)


def _name(asked: Asked) -> str:
    try:
        name = fields.identifier(asked.named("id"))
    except ValueError:
        raise InvalidValue("id", "must be a short name such as anthropic: letters, digits, '.', '_' and '-'") from None
    if name == DEMO:
        raise HTTPException(409, "id: demo is built in; take another one")
    return name


async def _write_host(asked: Asked, name: str, given: Given) -> Response:
    _refuse_host(asked, name)
    models = asked.host.models
    provider = _merged(name, given, models.hosts.was_set(name))
    if given.test:
        await models.probe_host(name, provider, asked.uid)
    await models.hosts.keep(name, provider, _deed(asked, name, models.hosts.was_set(name), provider))
    _tell_all(asked)
    return json(_shown(name, provider, "host"))


async def _delete_host(asked: Asked, name: str) -> Response:
    _refuse_host(asked, name)
    hosts = asked.host.models.hosts
    before = hosts.was_set(name)
    if before is None:
        raise HTTPException(404, "the host has no provider by this id")
    await hosts.forget(name, _deed(asked, name, before, None))
    _tell_all(asked)
    return Response(status_code=204)


def _deed(asked: Asked, name: str, before: Provider | None, after: Provider | None) -> list[Statement]:
    """Who set what for everybody; of a key only whether there is one."""
    was, is_ = (one and _shown(name, one, "host") for one in (before, after))
    return audit.deed(asked.caller, "provider", EVERYBODY, was, is_)


def _refuse_host(asked: Asked, name: str) -> None:
    if not asked.is_admin:
        raise HTTPException(403, "scope: the host's providers need a token with the scope `admin`")
    if asked.host.models.hosts.of_file(name):
        raise HTTPException(409, f"id: {name} is in the host's config file, which wins; change it there and restart")


def _tell_all(asked: Asked) -> None:
    for session in asked.host.sessions:
        asked.host.models.changed(session)


def _merged(name: str, given: Given, kept: Provider | None) -> Provider:
    """The provider as it is meant. Raises `InvalidValue` or pydantic's error, which name the field and never a key."""
    before = kept.model_dump() if kept else {}
    said: dict[str, Any] = {field: getattr(given, field) for field in given.model_fields_set - {"scope", "test"}}
    if said.get("api_key") == HIDDEN:
        del said["api_key"]
    merged = before | said
    merged["kind"] = merged.get("kind") or (name if name in PROVIDERS else None)
    if merged["kind"] is None:
        raise InvalidValue("kind", f"must be one of {', '.join(PROVIDERS)} where the id is none of them")
    merged["models"] = merged.get("models") or ()
    if kept is not None and "api_key" not in said:
        merged["api_key"] = kept.api_key.get_secret_value() if kept.api_key else None
    if not merged.get("api_key") and not merged.get("base_url") and merged["kind"] != KEYLESS:
        raise InvalidValue("apiKey", "must be given: a provider of your own never uses the host's key")
    return Provider.model_validate(merged)


def _shown(name: str, provider: Provider | None, source: str, *, whole: bool = True) -> dict[str, Any]:
    """A provider as it may be read. `whole`: with its address, which of the host's only an administrator sees."""
    return {
        "id": name,
        "kind": provider.kind if provider else DEMO,
        "source": source,
        "apiKey": HIDDEN if provider and provider.api_key else None,
        "baseUrl": provider.base_url if provider and whole else None,
        "models": list(provider.models) if provider else ["scripted"],
    }
