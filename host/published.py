"""What a host publishes of itself: OpenAPI, OpenRPC and a page of both, each built once, in a thread, when asked."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from typing import Any

from host import docs
from host.methods import CONTRACT
from host.routes import Table, document
from sessions.tasks import Tasks


class Published:
    """The documents of one host, whose endpoints are `table`: building one takes up to 0.1 s of the processor."""

    def __init__(self, tasks: Tasks, version: str, table: Table) -> None:
        self._tasks = tasks
        self._version = version
        self._table = table
        self._built: dict[str, asyncio.Future[Any]] = {}

    async def openapi(self, base_path: str) -> dict[str, Any]:
        """OpenAPI of the endpoints, for who reaches them below `base_path`."""
        found: dict[str, Any] = await self._once("openapi", lambda: document(self._table, self._version, ""))
        return found | {"servers": [{"url": base_path or "/"}]}

    async def openrpc(self) -> dict[str, Any]:
        """OpenRPC of the socket's methods."""
        found: dict[str, Any] = await self._once("openrpc", lambda: CONTRACT.document(self._version))
        return found

    async def page(self) -> str:
        """Both, for people."""
        openapi, openrpc = await self.openapi(""), await self.openrpc()
        text: str = await self._once("page", lambda: docs.page(openapi, openrpc))
        return text

    async def _once(self, name: str, build: Callable[[], object]) -> Any:
        building = self._built.get(name)
        if building is None:
            building = self._built[name] = self._tasks.promise(asyncio.to_thread(build), f"build {name}")
        return await asyncio.shield(building)
