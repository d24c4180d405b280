"""The one HTTP client of all providers and users, and the SDKs on top of it. Whose turn it is, is not decided here."""

from __future__ import annotations

import asyncio
import socket
from collections.abc import Callable
from functools import lru_cache
from typing import TYPE_CHECKING, Any, NamedTuple

import orjson

from host.providers.account import Account
from host.providers.faults import Fault
from sessions.addresses import refusal
from sessions.rounds import Gate

if TYPE_CHECKING:
    import httpx2
    from anthropic import AsyncAnthropic
    from openai import AsyncOpenAI

GUARDED = "x-roost-guarded"
"""A header of our own, which never leaves: its request may only reach public addresses."""

OWN = "x-roost-own"
"""Another one: its request is for a user's own provider, and takes along nothing that the operator set for the SDKs."""

SENT = frozenset(
    {"host", "accept", "accept-encoding", "connection", "content-type", "content-length", "transfer-encoding"}
    | {"user-agent", "authorization", "x-api-key", "anthropic-version", "anthropic-beta"}
)
"""The headers that a user's own provider gets."""

ANSWER_BYTES = 64 << 20
"""Bytes of one streamed answer; more is broken off."""

EVENT_BYTES = 2 << 20
"""Bytes of one line of a stream, and of an answer that is none: the SDKs gather and read them at once."""

READ_S = 300.0
"""How long a stream may stand still: models think."""

ANSWER_S = 3_600.0
"""How long one answer may take, however it drips."""

CLIENTS = 512

AT_ONCE = 1
"""Requests that are begun in one turn of the loop: the SDKs take some milliseconds for each, all in one go."""

EVENTS_AT_ONCE = 8
"""Events of all streams that are read in one turn of the loop: one that brings hundreds in one piece takes many."""

JSON = {"Content-Type": "application/json"}


class Bounds(NamedTuple):
    """Seconds that an answer may stand still and take in all, and bytes of all of it and of one line."""

    read_s: float = READ_S
    answer_s: float = ANSWER_S
    answer: int = ANSWER_BYTES
    event: int = EVENT_BYTES


BOUNDS = Bounds()


class Client:
    """The connections: `connections` at most, kept alive, whoever they are for; `bounds` is what an answer may be."""

    def __init__(self, connections: int, bounds: Bounds = BOUNDS) -> None:
        self.connections = connections
        self._bounds = bounds
        self._client: httpx2.AsyncClient | None = None
        self._making = asyncio.Lock()
        self._loaded: set[str] = set()
        self._gate = Gate(AT_ONCE)
        self._events = Gate(EVENTS_AT_ONCE)
        self._sdk = lru_cache(maxsize=CLIENTS)(self._make_sdk)

    async def http(self) -> httpx2.AsyncClient:
        """The client, made on first need: loading its certificates takes a while, so in a thread."""
        async with self._making:
            if self._client is None:
                self._client = await asyncio.to_thread(_make, self.connections, self._bounds)
            return self._client

    async def anthropic(self, account: Account) -> AsyncAnthropic:
        """Anthropic's SDK for an account."""
        return await self._ready("anthropic", account)  # type: ignore[no-any-return]

    async def openai(self, account: Account) -> AsyncOpenAI:
        """OpenAI's SDK for an account."""
        return await self._ready("openai", account)  # type: ignore[no-any-return]

    async def turn(self) -> None:
        """Wait until the next event of a stream may be read: where few come it may at once."""
        await self._events.through()

    async def _ready(self, sdk: str, account: Account) -> Any:
        client = await self.http()
        if sdk not in self._loaded:
            await asyncio.to_thread(_load, sdk)
            self._loaded.add(sdk)
        await self._gate.through()
        return self._sdk(sdk, account, client)

    def _make_sdk(self, sdk: str, account: Account, client: httpx2.AsyncClient) -> Any:
        headers = {OWN: "1"} if account.owner is not None else {}
        if account.guarded:
            headers[GUARDED] = "1"
        given: dict[str, Any] = {
            "api_key": account.key or "none",
            "base_url": account.base_url,
            "http_client": client,
            "max_retries": 0,
            "default_headers": headers,
        }
        if sdk == "anthropic":
            from anthropic import AsyncAnthropic

            return AsyncAnthropic(**given)
        from openai import AsyncOpenAI

        return AsyncOpenAI(**given)

    async def close(self) -> None:
        """Close every connection."""
        if self._client is not None:
            await self._client.aclose()


def written(body: Callable[..., dict[str, Any]], *of: Any) -> bytes:
    """A request's body as JSON, for a thread: the SDKs' own way takes 0.45 s of the loop for a conversation of 2 MB."""
    return orjson.dumps(body(*of))


def _load(name: str) -> None:
    """Import an SDK: 0.4 to 1 s and up to 39 MiB, so not before somebody asks one of its models."""
    __import__(name)


def _make(connections: int, bounds: Bounds) -> httpx2.AsyncClient:
    import httpx2

    from host.providers.bounded import Bounded
    from host.providers.network import Network

    limits = httpx2.Limits(max_connections=connections, max_keepalive_connections=connections, keepalive_expiry=60.0)
    timeout = httpx2.Timeout(connect=15.0, read=bounds.read_s, write=60.0, pool=60.0)
    transport = httpx2.AsyncHTTPTransport(limits=limits, trust_env=False)
    transport._pool._network_backend = Network()  # the pool takes one, but the transport hands none on
    return httpx2.AsyncClient(transport=Bounded(transport, bounds), timeout=timeout)


async def guard(
    request: httpx2.Request, look_up: Callable[..., Any] | None = None, refused: Callable[[str], str | None] = refusal
) -> None:
    """Point the request at an address of its host's that was judged public; raises `Fault` where there is none.

    The name is looked up once, here: what is connected to is what was judged. TLS still checks the name.
    """
    host = request.url.host
    port = request.url.port or (443 if request.url.scheme == "https" else 80)
    find = look_up or asyncio.get_running_loop().getaddrinfo
    try:
        found = await find(host, port, type=socket.SOCK_STREAM)
    except OSError:
        raise Fault(f"{host} is not known: look at the provider's address", "Unavailable") from None
    addresses = [str(entry[4][0]) for entry in found]
    if not addresses or any(refused(address) for address in addresses):
        raise Fault(
            f"{host} is not on the public internet, as your own provider must be: ask the operator to set this one",
            "NoPermissions",
        )
    request.extensions = {**request.extensions, "sni_hostname": host}
    request.url = request.url.copy_with(host=addresses[0])
