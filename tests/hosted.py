"""A host in the test's own process that checks tokens, and HTTP clients of its users over ASGI. No socket is here."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import httpx2

from host.app import Host, create_app
from host.config import load
from tests.tokens import SECRET, bearer

JWT = {"auth": {"jwt": {"algorithm": "HS256", "secret": SECRET}}}

As = Callable[..., httpx2.AsyncClient]
"""A user's client: `user("alice")`, and `user("root", scope="admin")`."""


def made(folder: Path, settings: dict[str, Any]) -> Host:
    """The host, not started."""
    return create_app(load({"multi_user": True, "data": folder, **JWT, **settings}, {}))


@asynccontextmanager
async def hosted(folder: Path, **settings: Any) -> AsyncIterator[tuple[Host, As]]:
    """A running host of many users whose data is in `folder`."""
    host = await asyncio.to_thread(made, folder, settings)
    async with host:
        clients: list[httpx2.AsyncClient] = []

        def user(uid: str, **claims: Any) -> httpx2.AsyncClient:
            transport = httpx2.ASGITransport(app=host)
            headers = bearer(uid, **claims)
            client = httpx2.AsyncClient(transport=transport, base_url="http://127.0.0.1", headers=headers, timeout=30)
            clients.append(client)
            return client

        yield host, user
        for client in clients:
            await client.aclose()
