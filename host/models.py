"""The one pool of language models for every user: who is asked, whose turn it is, what is tried again, what it costs.

What a provider speaks is in `providers/`, whose turn it is in `queueing.py`, money in `ledger.py`.
"""

from __future__ import annotations

import asyncio
import logging
import random
import time
from collections.abc import AsyncGenerator, AsyncIterator, Callable, Sequence
from contextlib import AsyncExitStack, aclosing, asynccontextmanager
from dataclasses import replace
from typing import TYPE_CHECKING

from host.demo.model import Demo
from host.prices import Prices
from host.providers.account import Account, Provider
from host.providers.anthropic import Anthropic
from host.providers.faults import Fault
from host.providers.line import Client
from host.providers.openai import OpenAI
from host.providers.own import own_providers
from host.queueing import Line, Place
from sessions.errors import LanguageModelError, QuotaExceeded
from sessions.models import (
    Finished,
    Image,
    Item,
    Ledger,
    Message,
    Model,
    Outcome,
    Queued,
    Request,
    Reservation,
    Retrying,
    Text,
    Thinking,
    ToolCall,
    ToolResult,
    Usage,
)

if TYPE_CHECKING:
    from host.config import Config
    from host.tables import Provider as Table
    from sessions.context import SessionContext

log = logging.getLogger("roost.models")

CONNECTIONS = 64
TRIES = 5
BACKOFF_S = 0.5
LONGEST_PAUSE_S = 60.0
"""How long a provider's wish to wait is waited for; beyond it the caller is told instead."""

LISTED_S = 600.0
FAILURES = 5
OPEN_S = 30.0
IMAGE_TOKENS = 1_600


class Streams:
    """How many calls a user has, running and waiting."""

    __slots__ = ("count", "listeners")

    def __init__(self, session: SessionContext) -> None:
        self.count = 0
        self.listeners: list[Callable[[], None]] = []


class State:
    """What is known of an account's provider now, for all who share the key: until when it is left alone, and why."""

    __slots__ = ("failures", "open_until", "paused_until")

    def __init__(self) -> None:
        self.failures = 0
        self.open_until = 0.0
        self.paused_until = 0.0


class Pool:
    """The host's `sessions.models.Models`.

    `connections` are open at most, over all providers and users; `backoff_s` is the first pause before trying again.
    """

    def __init__(
        self, config: Config, ledger: Ledger, *, connections: int = CONNECTIONS, backoff_s: float = BACKOFF_S
    ) -> None:
        self._config = config
        self._ledger = ledger
        self._backoff_s = backoff_s
        self._client = Client(connections)
        self.line = Line(connections)
        self._prices = Prices({name: one.prices for name, one in config.ai_providers.items()})
        compatible = OpenAI(self._client)
        self._kinds: dict[str, Provider] = {
            "anthropic": Anthropic(self._client),
            "openai": compatible,
            "gemini": compatible,
            "ollama": compatible,
            "demo": Demo(),
        }
        self._states: dict[tuple[str, str | None, str | None], State] = {}
        self._listed: dict[Account, tuple[float, list[Model]]] = {}

    async def close(self) -> None:
        """Close every connection."""
        await self._client.close()

    # -- which models there are

    async def models(self, session: SessionContext) -> Sequence[Model]:
        """The user's models: of their own providers, of the host's, and where there are none the scripted one."""
        found: list[Model] = []
        for account in await self._accounts(session):
            found += await self._models_of(account)
        return found

    async def _accounts(self, session: SessionContext) -> list[Account]:
        own = await own_providers(session)
        accounts = [_account(name, table, session.uid, self._config.multi_user) for name, table in own.items()]
        accounts += [
            _account(name, table, None, False)
            for name, table in self._config.ai_providers.items()
            if name not in own and (table.api_key or table.kind == "ollama" or table.base_url)
        ]
        return [*accounts, Account("demo", "demo")]

    async def _models_of(self, account: Account) -> list[Model]:
        at, listed = self._listed.get(account, (0.0, []))
        if listed and time.monotonic() - at < LISTED_S:
            return listed
        try:
            models = list(await self._kinds[account.kind].models(account))
        except LanguageModelError as error:
            log.warning("the models of %s cannot be listed: %s", account.provider, error)
            return listed
        priced = await self._priced(account, models)
        if len(self._listed) > 1_000:
            self._listed.clear()
        self._listed[account] = (time.monotonic(), priced)
        return priced

    async def _priced(self, account: Account, models: list[Model]) -> list[Model]:
        names = [model.own_name for model in models if model.price is None]
        prices = await self._prices.of(
            account.provider, account.kind, account.base_url, names, own=account.owner is not None
        )
        return [replace(model, price=model.price or prices.get(model.own_name)) for model in models]

    async def _find(self, session: SessionContext, name: str) -> tuple[Account, Model]:
        for account in await self._accounts(session):
            if name.startswith(f"{account.provider}/"):
                for model in await self._models_of(account):
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

    async def probe(self, session: SessionContext, name: str, table: Table) -> None:
        """Ask a provider that the user is about to set for its models. Raises `LanguageModelError` where it refuses."""
        account = replace(_account(name, table, session.uid, self._config.multi_user), models=())
        await self._kinds[account.kind].models(account)

    async def count(self, session: SessionContext, model: str, content: str | Message) -> int:
        """About how many tokens a text or a message is: a quarter of its bytes, which no provider is asked for."""
        await self._find(session, model)
        if isinstance(content, str):
            return -(-len(content.encode()) // 4)
        return -(-_size(content) // 4)

    # -- an answer

    @asynccontextmanager
    async def stream(self, session: SessionContext, request: Request) -> AsyncIterator[AsyncIterator[Item]]:
        """Ask. The items end with `Finished`; leaving the body before that cancels the call at once."""
        account, model = await self._find(session, request.model)
        streams, limit = session.get(Streams), session.quotas.streams
        if limit is not None and streams.count >= limit:
            raise QuotaExceeded("streams", limit, streams.count, "wait until one of your answers is whole")
        streams.count += 1
        try:
            reservation = await self._ledger.reserve(session, request, model, worst_of(request, model))
            call = _Call(self, session.uid, account, model, request, reservation)
            try:
                async with aclosing(call.items()) as items:
                    yield items
            finally:
                await call.settle()
        finally:
            streams.count -= 1

    def _state(self, account: Account) -> State:
        key = (account.provider, account.base_url, account.key)
        if len(self._states) > 10_000:
            self._states = {key: one for key, one in self._states.items() if one.failures}
        return self._states.setdefault(key, State())


class _Call:
    """One call from its place in the line to its settlement."""

    def __init__(
        self, pool: Pool, uid: str, account: Account, model: Model, request: Request, reservation: Reservation
    ) -> None:
        self._pool = pool
        self._uid = uid
        self._account = account
        self._model = model
        self._request = request
        self._reservation = reservation
        self._outcome: Outcome = "cancelled"
        self._usage: Usage | None = Usage()
        self._settled = False

    async def items(self) -> AsyncGenerator[Item, None]:
        """What comes, in order; connections and places are let go of whatever happens."""
        for attempt in range(TRIES):
            try:
                async with aclosing(self._attempt()) as items:  # closed at once: what it holds is others' too
                    async for item in items:
                        yield item
                return
            except Fault as fault:
                pause = self._pause(fault, attempt)
                if pause is None:
                    self._outcome = "cut" if fault.code == "Cut" else "failed"
                    raise
                yield Retrying(str(fault), round(pause, 1))
                await asyncio.sleep(pause)

    async def _attempt(self) -> AsyncGenerator[Item, None]:
        moved = asyncio.Event()
        place = self._pool.line.join(self._uid, moved.set)
        try:
            async with aclosing(_queue(place, moved)) as positions:
                async for queued in positions:
                    yield queued
            async with aclosing(self._ask()) as items:
                async for item in items:
                    yield item
        finally:
            self._pool.line.leave(place)

    async def _ask(self) -> AsyncGenerator[Item, None]:
        state = self._pool._state(self._account)
        now = time.monotonic()
        if now < state.open_until:
            raise Fault(
                f"{self._account.provider} failed {state.failures} times in a row: it is asked again later",
                "Unavailable",
                retry_after_s=state.open_until - now,
            )
        if now < state.paused_until:
            raise Fault(
                f"{self._account.provider} has no room for this key now",
                "Overloaded",
                again=True,
                retry_after_s=state.paused_until - now,
            )
        try:
            async with aclosing(self._read()) as items:
                async for item in items:
                    yield item
        except Fault as fault:
            self._note(state, fault)
            raise
        state.failures = 0

    async def _read(self) -> AsyncGenerator[Item, None]:
        provider = self._pool._kinds[self._account.kind]
        said = 0
        self._usage = Usage()
        stream = provider.stream(self._account, self._model, self._request)
        async with AsyncExitStack() as stack:
            close = getattr(stream, "aclose", None)
            if close is not None:
                stack.push_async_callback(close)
            async for piece in stream:
                if isinstance(piece, Finished):
                    self._outcome, self._usage = "finished", piece.usage
                    cost = await self.settle()
                    yield replace(piece, cost=cost)
                    return
                said += _length(piece)
                worst = worst_of(self._request, self._model)
                self._usage = Usage(input=worst.input // 2, output=min(said // 3 + 1, worst.output))
                yield piece
        raise Fault(f"the answer of {self._account.provider} broke off", "Cut")

    def _note(self, state: State, fault: Fault) -> None:
        """What a failure means for all who use the same key."""
        now = time.monotonic()
        if fault.code == "Overloaded":
            state.paused_until = max(state.paused_until, now + (fault.retry_after_s or 0.0))
        elif fault.code in ("Unavailable", "Cut"):
            state.failures += 1
            if state.failures >= FAILURES:
                state.open_until = now + OPEN_S

    def _pause(self, fault: Fault, attempt: int) -> float | None:
        """How long to wait before the next try; None where it is no use."""
        if not fault.again or attempt + 1 >= TRIES:
            return None
        base = self._pool._backoff_s * 2**attempt * random.uniform(0.75, 1.25)
        pause = max(base, fault.retry_after_s or 0.0)
        return pause if pause <= LONGEST_PAUSE_S else None

    async def settle(self) -> float | None:
        """Count what was used, once."""
        if self._settled:
            return None
        self._settled = True
        return await self._reservation.settle(self._usage, self._outcome)


async def _queue(place: Place, moved: asyncio.Event) -> AsyncGenerator[Queued, None]:
    """Each new position until it is one's turn."""
    place.ready.add_done_callback(lambda _: moved.set())
    while not place.ready.done():
        await moved.wait()
        moved.clear()
        if not place.ready.done() and place.position:
            yield Queued(place.position)


def _account(name: str, table: Table, owner: str | None, guarded: bool) -> Account:
    key = table.api_key.get_secret_value() if table.api_key else None
    return Account(name, table.kind, table.base_url, key, owner, guarded, tuple(table.models))


def worst_of(request: Request, model: Model) -> Usage:
    """The most tokens that a call can take: half of the request's bytes, which no tokenizer passes on real text."""
    size = sum(len(part.text.encode()) for part in request.system if isinstance(part, Text))
    size += sum(len(f"{tool.name}{tool.description}{tool.schema}".encode()) for tool in request.tools)
    images = sum(isinstance(part, Image) for part in _parts(request.messages))
    size += sum(_size(message) for message in request.messages)
    most = min(request.max_output_tokens or model.max_output_tokens, model.max_output_tokens)
    return Usage(input=min(size // 2 + images * IMAGE_TOKENS + 64, model.max_input_tokens), output=most)


def _parts(messages: Sequence[Message]) -> list[object]:
    found: list[object] = []
    for part in (part for message in messages for part in message.parts):
        found += part.content if isinstance(part, ToolResult) else [part]
    return found


def _size(message: Message) -> int:
    """Bytes of a message's texts, and a little for itself."""
    return 16 + sum(_length(part) for part in _parts([message]))


def _length(part: object) -> int:
    match part:
        case Text() | Thinking():
            return len(part.text.encode())
        case ToolCall():
            return len(f"{part.name}{part.arguments}".encode())
        case _:
            return 0
