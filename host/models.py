"""The one pool of language models for every user: which models there are, and who may ask them.

One call is in `calling.py`, what a provider speaks in `providers/`, whose turn it is in `sessions.queueing`, money in
`ledger.py`.
"""

from __future__ import annotations

import asyncio
import logging
import time
from collections.abc import AsyncIterator, Callable, Sequence
from contextlib import aclosing, asynccontextmanager
from dataclasses import replace
from typing import TYPE_CHECKING

from host.breaker import OPEN_S, Breaker
from host.calling import BACKOFF_S, Call, Way, size_of, worst_of
from host.demo.model import Demo
from host.prices import Prices
from host.providers.account import Account, Provider
from host.providers.anthropic import Anthropic
from host.providers.faults import of_connection
from host.providers.hosts import HostProviders
from host.providers.line import BOUNDS, Bounds, Client
from host.providers.openai import OpenAI
from host.providers.own import own_providers
from sessions.errors import LanguageModelError, QuotaExceeded
from sessions.models import Item, Ledger, Message, Model, Request
from sessions.queueing import Line

if TYPE_CHECKING:
    from host.config import Config
    from host.tables import Provider as Table
    from sessions.context import SessionContext

log = logging.getLogger("roost.models")

LISTED_S = 600.0
UNLISTED_S = 30.0
"""How long the models of a provider are kept, and how long one that cannot be asked for them is left alone."""

LISTING_S = 20.0

BREAKERS = 10_000
LISTS = 1_000
"""Accounts of which it is remembered how they fail, and which models they have; the latest ones."""

BEGINNING = 4
"""Calls of one user that are looked up and reserved at once: a hundred together would take the loop from others."""


class Streams:
    """What a user has under way: calls, running and waiting, and listings."""

    __slots__ = ("beginning", "count", "listeners", "listing")

    def __init__(self, session: SessionContext) -> None:
        self.beginning = asyncio.Semaphore(BEGINNING)
        self.count = 0
        self.listing: dict[Account, asyncio.Future[list[Model]]] = {}
        """The providers that are being asked which models they have: whoever asks meanwhile waits for that."""
        self.listeners: list[Callable[[], None]] = []


class Pool:
    """The host's `sessions.models.Models`.

    `connections` are open at most, over all providers and users (None: as configured); `backoff_s` is the first pause
    before trying again; `open_s` how long a provider that keeps failing is left alone.
    """

    def __init__(
        self,
        config: Config,
        ledger: Ledger,
        *,
        connections: int | None = None,
        hosts: HostProviders | None = None,
        backoff_s: float = BACKOFF_S,
        open_s: float = OPEN_S,
        bounds: Bounds = BOUNDS,
    ) -> None:
        self._config = config
        self.hosts = hosts or HostProviders(config.ai_providers)
        self._ledger = ledger
        self._backoff_s = backoff_s
        self._open_s = open_s
        limit = connections or config.models.connections
        self._client = Client(limit, bounds)
        self.line = Line(limit, config.weight_of)
        self._prices = Prices({name: one.prices for name, one in config.ai_providers.items()})
        compatible = OpenAI(self._client)
        self._kinds: dict[str, Provider] = {
            "anthropic": Anthropic(self._client),
            "openai": compatible,
            "gemini": compatible,
            "ollama": compatible,
            "demo": Demo(),
        }
        self._breakers: dict[tuple[str, str | None, str | None], Breaker] = {}
        self._listed: dict[Account, tuple[float, list[Model]]] = {}

    async def close(self) -> None:
        """Close every connection."""
        await self._client.close()

    # -- which models there are

    async def models(self, session: SessionContext) -> Sequence[Model]:
        """The user's models: of their own providers, of the host's, and where there are none the scripted one."""
        found: list[Model] = []
        for account in await self._accounts(session):
            found += await self._models_of(account, session)
        return found

    async def _accounts(self, session: SessionContext) -> list[Account]:
        own = await own_providers(session)
        accounts = [_account(name, table, session.uid, self._config.multi_user) for name, table in own.items()]
        accounts += [
            _account(name, table, None, False)
            for name, table in self.hosts.all().items()
            if name not in own and (table.api_key or table.kind == "ollama" or table.base_url)
        ]
        return [*accounts, Account("demo", "demo")]

    async def _models_of(self, account: Account, session: SessionContext) -> list[Model]:
        until, known = self._listed.get(account, (0.0, []))
        if time.monotonic() < until:
            return known
        listing = session.get(Streams).listing
        found = listing.get(account)
        if found is None:
            found = listing[account] = session.promise(self._look(account, session.uid, known), "list models")
            found.add_done_callback(lambda _: listing.pop(account))
        return await asyncio.shield(found)

    async def _look(self, account: Account, uid: str, known: list[Model]) -> list[Model]:
        """Ask for the models, and keep what is found; where the provider does not answer, those that are `known`."""
        try:
            found = await self._priced(account, await self._list(account, uid))
            until = time.monotonic() + LISTED_S
        except LanguageModelError as error:
            log.warning("the models of %s cannot be listed: %s", account.provider, error)
            found, until = known, time.monotonic() + UNLISTED_S
        self._listed.pop(account, None)
        self._listed[account] = (until, found)
        if len(self._listed) > LISTS:
            del self._listed[next(iter(self._listed))]
        return found

    async def _list(self, account: Account, uid: str) -> list[Model]:
        """Ask for the models. It takes a connection like an answer, so it waits for its turn like one."""
        provider = self._kinds[account.kind]
        if account.models or account.kind == "demo":
            return list(await provider.models(account))
        try:
            async with asyncio.timeout(LISTING_S), self.line.turn(uid):
                return list(await provider.models(account))
        except TimeoutError:
            raise of_connection(account.provider, late=True) from None

    async def _priced(self, account: Account, models: list[Model]) -> list[Model]:
        names = [model.own_name for model in models if model.price is None]
        prices = await self._prices.of(
            account.provider, account.kind, account.base_url, names, own=account.owner is not None
        )
        return [replace(model, price=model.price or prices.get(model.own_name)) for model in models]

    async def _find(self, session: SessionContext, name: str) -> tuple[Account, Model]:
        for account in await self._accounts(session):
            if name.startswith(f"{account.provider}/"):
                for model in await self._models_of(account, session):
                    if model.id == name:
                        return account, model
        raise LanguageModelError.not_found(f"you have no model {name!r}: choose one of those listed")

    def listen(self, session: SessionContext, changed: Callable[[], None]) -> Callable[[], None]:
        """Call `changed` when the user has other models than before; returns the undo."""
        listeners = session.get(Streams).listeners
        listeners.append(changed)
        return lambda: listeners.remove(changed) if changed in listeners else None

    def changed(self, session: SessionContext) -> None:
        """The user has set a provider: tell who listens."""
        for listener in list(session.get(Streams).listeners):
            listener()

    async def room(self, session: SessionContext, budget: str, task: str | None) -> float | None:
        """USD that a budget such as `budgets.day` leaves for the user's next call, of that task; None: no limit."""
        return await self._ledger.room(session, budget, task)

    async def probe_host(self, name: str, table: Table, uid: str) -> None:
        """As `probe`, for a provider of the host that an administrator is about to set."""
        account = replace(_account(name, table, None, False), models=())
        await self._list(account, uid)
        self._listed.pop(account, None)

    async def probe(self, session: SessionContext, name: str, table: Table) -> None:
        """Ask a provider that the user is about to set for its models. Raises `LanguageModelError` where it refuses."""
        account = replace(_account(name, table, session.uid, self._config.multi_user), models=())
        await self._list(account, session.uid)
        self._listed.pop(account, None)

    async def count(self, session: SessionContext, model: str, content: str | Message) -> int:
        """About how many tokens a text or a message is: a quarter of its bytes, which no provider is asked for."""
        await self._find(session, model)
        if isinstance(content, str):
            return -(-len(content.encode()) // 4)
        return -(-size_of(content) // 4)

    # -- an answer

    @asynccontextmanager
    async def stream(self, session: SessionContext, request: Request) -> AsyncIterator[AsyncIterator[Item]]:
        """Ask. The items end with `Finished`; leaving the body before that cancels the call at once."""
        streams, limit = session.get(Streams), session.quotas.streams
        if limit is not None and streams.count >= limit:
            raise QuotaExceeded("streams", limit, streams.count, "wait until one of your answers is whole")
        streams.count += 1
        try:
            async with streams.beginning:
                account, model = await self._find(session, request.model)
                worst = await asyncio.to_thread(worst_of, request, model)
                reservation = await self._ledger.reserve(session, request, model, worst)
            call = Call(session.uid, self._way(account, model), request, worst, reservation)
            try:
                async with aclosing(call.items()) as items:
                    yield items
            finally:
                await call.settle()
        finally:
            streams.count -= 1

    def _way(self, account: Account, model: Model) -> Way:
        key = (account.provider, account.base_url, account.key)
        breaker = self._breakers[key] = self._breakers.pop(key) if key in self._breakers else Breaker(self._open_s)
        if len(self._breakers) > BREAKERS:  # the one that was asked longest ago: never the host's that is in use
            del self._breakers[next(iter(self._breakers))]
        return Way(account, model, self._kinds[account.kind], breaker, self.line, self._backoff_s)


def _account(name: str, table: Table, owner: str | None, guarded: bool) -> Account:
    key = table.api_key.get_secret_value() if table.api_key else None
    return Account(name, table.kind, table.base_url, key, owner, guarded, tuple(table.models))
