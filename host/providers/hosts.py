"""The host's providers: those of its config file, and those that an administrator set, sealed and durable."""

from __future__ import annotations

import logging
from collections.abc import Mapping, Sequence

import orjson

from host.providers.own import MOST, NAMESPACE, plain, read
from host.tables import Provider
from sessions.errors import InvalidValue, StoreError
from sessions.secrets import Vault
from sessions.store import Statement

log = logging.getLogger("roost.models")


class HostProviders:
    """By id; the file's stand before those that were set, which may not take their ids. `begin` reads the latter."""

    def __init__(self, file: Mapping[str, Provider], vault: Vault | None = None) -> None:
        self._file = file
        self._vault = vault
        self._set: dict[str, Provider] = {}

    async def begin(self) -> None:
        """Read what was set. What cannot be read is logged and left, so that a lost master key stops no host."""
        if self._vault is None:
            return
        try:
            for name in await self._vault.keys(NAMESPACE):
                text = await self._vault.get(NAMESPACE, name)
                if text is not None:
                    self._set[name] = read(name, text)
        except StoreError as error:
            log.error("a provider that an administrator set cannot be used: %s", error)

    def all(self) -> dict[str, Provider]:
        """Every provider of the host."""
        return {**self._file, **{name: one for name, one in self._set.items() if name not in self._file}}

    def of_file(self, name: str) -> bool:
        """Whether the config file has it, and so decides."""
        return name in self._file

    def was_set(self, name: str) -> Provider | None:
        """What an administrator set, if they did."""
        return self._set.get(name)

    async def keep(self, name: str, provider: Provider, deed: Sequence[Statement] = ()) -> None:
        """Set one, in one commit with the deed that it is, for everybody from now on."""
        if name not in self._set and len(self._set) >= MOST:
            raise InvalidValue("providerId", f"{MOST} providers are set already; delete one first")
        await self._kept().put(NAMESPACE, name, orjson.dumps(plain(provider)).decode(), deed)
        self._set[name] = provider

    async def forget(self, name: str, deed: Sequence[Statement] = ()) -> None:
        """Take back what was set, in one commit with the deed that it is."""
        await self._kept().delete(NAMESPACE, name, deed)
        self._set.pop(name, None)

    def _kept(self) -> Vault:
        if self._vault is None:
            raise StoreError("this host keeps no providers: name them in its config file")
        return self._vault
