"""A pool of models with people, real books and no host around it; after the body nothing may be held."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncGenerator, AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

from host.config import Config
from host.ledger import Ledger
from host.models import Pool
from host.providers.line import BOUNDS, Bounds
from host.totals import NAME
from sessions.context import SessionContext
from sessions.manager import SessionManager
from sessions.models import Item, Message, Request, Text
from sessions.store import Databases
from sessions.tasks import Tasks
from tests.host.fakes import Asked, Reply, openai_says
from tests.people import people

KEY = "sk-very-secret-0123456789"


class House:
    """A pool with people."""

    def __init__(self, pool: Pool, sessions: SessionManager, ledger: Ledger) -> None:
        self.pool = pool
        self.ledger = ledger
        self.sessions = sessions

    async def ask(self, uid: str = "ada", model: str = "acme/m", **more: Any) -> list[Item]:
        """All items of an answer."""
        session = await self.sessions.open(uid)
        return [item async for item in self.items(session, model, **more)]

    async def items(self, session: SessionContext, model: str = "acme/m", **more: Any) -> AsyncGenerator[Item, None]:
        request = Request(model, (Message("user", (Text(more.pop("text", "hello")),)),), **more)
        async with self.pool.stream(session, request) as items:
            async for item in items:
                yield item


@asynccontextmanager
async def house(
    folder: Path,
    url: str,
    kind: str = "openai",
    connections: int = 20,
    open_s: float = 30.0,
    bounds: Bounds = BOUNDS,
    **config: Any,
) -> AsyncIterator[House]:
    given = {
        "data": str(folder),
        "ai_providers": {"acme": {"kind": kind, "api_key": KEY, "base_url": url, "models": ["m"]}},
    }
    settings = Config.model_validate(given | config)
    async with people(folder) as sessions, asyncio.TaskGroup() as group:
        books = Databases(folder / "host", Tasks(group, lambda name, error: None))
        ledger = Ledger(settings, books.store(NAME), lambda uid: None)  # type: ignore[arg-type,return-value]
        pool = Pool(settings, ledger, connections=connections, backoff_s=0.01, open_s=open_s, bounds=bounds)
        try:
            yield House(pool, sessions, ledger)
            assert (pool.line.running, pool.line.waiting, len(ledger)) == (0, 0, 0), "something is held for good"
        finally:
            await sessions.close_all()
            await pool.close()
            await books.close()


def texts(items: list[Item]) -> str:
    return "".join(item.text for item in items if isinstance(item, Text))


def words(*said: str, **more: Any) -> Reply:
    async def reply(asked: Asked) -> None:
        await openai_says(asked, *said, **more)

    return reply
