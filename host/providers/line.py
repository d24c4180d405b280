"""The one HTTP client of all providers and users, and the SDKs on top of it. Whose turn it is, is not decided here."""

from __future__ import annotations

import asyncio
import socket
from collections.abc import AsyncIterator, Callable
from functools import lru_cache
from typing import TYPE_CHECKING, Any

from host.providers.account import Account
from host.providers.faults import Fault
from sessions.addresses import refusal

if TYPE_CHECKING:
    import httpx2
    from anthropic import AsyncAnthropic
    from openai import AsyncOpenAI

GUARDED = "x-roost-guarded"
"""A header of our own, which never leaves: its request may only reach public addresses."""

ANSWER_BYTES = 64 << 20
"""Bytes of one answer; more is broken off."""

READ_S = 300.0
"""How long a stream may stand still: models think."""

CLIENTS = 512


class Client:
    """The connections: `connections` at most, kept alive, whoever they are for."""

    def __init__(self, connections: int) -> None:
        self.connections = connections
        self._client: httpx2.AsyncClient | None = None
        self._making = asyncio.Lock()
        self._sdk = lru_cache(maxsize=CLIENTS)(self._make_sdk)

    async def http(self) -> httpx2.AsyncClient:
        """The client, made on first need: loading its certificates takes a while, so in a thread."""
        async with self._making:
            if self._client is None:
                self._client = await asyncio.to_thread(_make, self.connections)
            return self._client

    async def anthropic(self, account: Account) -> AsyncAnthropic:
        """Anthropic's SDK for an account."""
        client = await self.http()
        await asyncio.to_thread(_load, "anthropic")
        return self._sdk("anthropic", account, client)  # type: ignore[no-any-return]

    async def openai(self, account: Account) -> AsyncOpenAI:
        """OpenAI's SDK for an account."""
        client = await self.http()
        await asyncio.to_thread(_load, "openai")
        return self._sdk("openai", account, client)  # type: ignore[no-any-return]

    def _make_sdk(self, sdk: str, account: Account, client: httpx2.AsyncClient) -> Any:
        headers = {GUARDED: "1"} if account.guarded else {}
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


def _load(name: str) -> None:
    """Import an SDK: 0.4 to 1 s and up to 39 MiB, so not before somebody asks one of its models."""
    __import__(name)


def _make(connections: int) -> httpx2.AsyncClient:
    import httpx2

    limits = httpx2.Limits(max_connections=connections, max_keepalive_connections=connections, keepalive_expiry=60.0)
    timeout = httpx2.Timeout(connect=15.0, read=READ_S, write=60.0, pool=60.0)
    return httpx2.AsyncClient(
        transport=_bounded(httpx2.AsyncHTTPTransport(limits=limits, trust_env=False)), timeout=timeout
    )


def _bounded(inner: httpx2.AsyncHTTPTransport) -> httpx2.AsyncBaseTransport:
    """The transport with our rules: guarded requests reach public addresses only, and no answer is endless."""
    import httpx2

    class Bounded(httpx2.AsyncBaseTransport):
        async def handle_async_request(self, request: httpx2.Request) -> httpx2.Response:
            if request.headers.pop(GUARDED, None) is not None:
                await guard(request)
            response = await inner.handle_async_request(request)
            assert isinstance(response.stream, httpx2.AsyncByteStream)
            return httpx2.Response(
                response.status_code,
                headers=response.headers,
                stream=_counted(response.stream),
                extensions=response.extensions,
            )

        async def aclose(self) -> None:
            await inner.aclose()

    return Bounded()


def _counted(inner: httpx2.AsyncByteStream) -> httpx2.AsyncByteStream:
    import httpx2

    class Counted(httpx2.AsyncByteStream):
        async def __aiter__(self) -> AsyncIterator[bytes]:
            count = 0
            async for chunk in inner:
                count += len(chunk)
                if count > ANSWER_BYTES:
                    raise httpx2.ReadError(f"the answer is longer than {ANSWER_BYTES} bytes")
                yield chunk

        async def aclose(self) -> None:
            await inner.aclose()

    return Counted()


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
