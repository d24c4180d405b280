"""What a host publishes of itself is built once, and not on the loop, however many strangers ask for it."""

from __future__ import annotations

import asyncio
import threading
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from host import docs, published
from host.contract import Contract
from tests.hosted import hosted

pytestmark = pytest.mark.anyio

Built = list[tuple[str, bool]]


@pytest.fixture
def built(monkeypatch: pytest.MonkeyPatch) -> Built:
    """What was built, and whether on the loop's own thread."""
    found: Built = []

    def watched(name: str, build: Callable[..., Any]) -> Callable[..., Any]:
        def building(*given: Any) -> Any:
            found.append((name, threading.current_thread() is threading.main_thread()))
            return build(*given)

        return building

    monkeypatch.setattr(published, "document", watched("openapi", published.document))
    monkeypatch.setattr(Contract, "document", watched("openrpc", Contract.document))
    monkeypatch.setattr(docs, "page", watched("page", docs.page))
    return found


async def test_many_strangers_ask_and_each_document_is_built_once_beside_the_loop(tmp_path: Path, built: Built) -> None:
    async with hosted(tmp_path) as (_, user):
        stranger = user("ada")
        del stranger.headers["authorization"]
        asked = [stranger.get(path) for path in ("/docs", "/openapi.json") for _ in range(5)]
        answers = await asyncio.gather(*asked)
        assert {answer.status_code for answer in answers} == {200}
    assert sorted(built) == [("openapi", False), ("openrpc", False), ("page", False)]


async def test_openapi_names_the_path_that_it_was_reached_below(tmp_path: Path) -> None:
    async with hosted(tmp_path, server={"base_path": "/code"}) as (_, user):
        inside, outside = [(await user("ada").get(path)).json() for path in ("/openapi.json", "/code/openapi.json")]
    assert (inside["servers"], outside["servers"]) == ([{"url": "/"}], [{"url": "/code"}])
    assert inside["paths"] == outside["paths"]
    assert "/api/v1/tasks" in inside["paths"], "those of extensions are among them"
