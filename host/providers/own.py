"""The providers that a user has set: key and address sealed as one secret, never mixed with the host's."""

from __future__ import annotations

import orjson
from pydantic import ValidationError

from host.tables import Provider, with_kinds
from sessions.context import SessionContext
from sessions.errors import InvalidValue, StoreError

NAMESPACE = "providers"
"""The user's secrets that are providers, by id; no client and no extension reaches this namespace."""

MOST = 20


async def own_providers(session: SessionContext) -> dict[str, Provider]:
    """What the user has set, by provider id."""
    secrets = session.secrets(NAMESPACE)
    found = {name: await secrets.get(name) for name in await secrets.keys()}
    return {name: read(name, text) for name, text in found.items() if text is not None}


async def keep_provider(session: SessionContext, name: str, provider: Provider) -> None:
    """Set one, durably; it stands before the host's of the same id, and never uses its key."""
    secrets = session.secrets(NAMESPACE)
    names = await secrets.keys()
    if name not in names and len(names) >= MOST:
        raise InvalidValue("providerId", f"{MOST} providers are set already; delete one first")
    await secrets.store(name, orjson.dumps(plain(provider)).decode())


async def forget_provider(session: SessionContext, name: str) -> None:
    """Go back to the host's, where there is one of that id."""
    await session.secrets(NAMESPACE).delete(name)


def plain(provider: Provider) -> dict[str, object]:
    """The provider as it is kept, with its key: only ever to be sealed."""
    key = provider.api_key.get_secret_value() if provider.api_key else None
    return {
        "kind": provider.kind,
        "api_key": key,
        "base_url": provider.base_url,
        "models": list(provider.models),
    }


def read(name: str, text: str) -> Provider:
    """The provider that was kept. Raises `StoreError`."""
    try:
        held: Provider = Provider.model_validate(with_kinds({name: orjson.loads(text)})[name])
    except (ValidationError, ValueError):
        raise StoreError(f"the provider '{name}' cannot be read: set it again") from None
    return held
