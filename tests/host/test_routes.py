"""Answers that go on count as connections from where they begin: nobody has more of them by asking at the same time."""

from __future__ import annotations

import asyncio
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from host.presence import Presence
from tests.hosted import hosted

pytestmark = pytest.mark.anyio


@pytest.fixture
def counted(monkeypatch: pytest.MonkeyPatch) -> list[int]:
    """How many connections a user had each time that one was added."""
    found: list[int] = []
    streaming = Presence.streaming

    @contextmanager
    def watched(presence: Presence) -> Iterator[None]:
        with streaming(presence):
            found.append(len(presence.connections))
            yield

    monkeypatch.setattr(Presence, "streaming", watched)
    return found


async def test_files_that_are_asked_for_at_once_are_not_more_connections_than_there_may_be(
    tmp_path: Path, counted: list[int]
) -> None:
    async with hosted(tmp_path, quotas={"connections": 2}) as (_, user):
        ada = user("ada")
        await ada.put("/api/v1/files?path=/workspace/large", content=bytes(1 << 20))
        answers = await asyncio.gather(*(ada.get("/api/v1/files?path=/workspace/large") for _ in range(12)))
        assert max(counted) == 2
        assert {answer.status_code for answer in answers} == {200, 429}
        assert all(len(answer.content) == 1 << 20 for answer in answers if answer.status_code == 200)
        refused = next(answer for answer in answers if answer.status_code == 429).json()
        assert (refused["quota"], refused["limit"]) == ("connections", 2)
        assert (await ada.get("/api/v1/files?path=/workspace/large")).status_code == 200
