"""A voice: what leaves on a connection for one user, in order, and never all in one go."""

from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncIterator, Callable
from pathlib import Path
from types import SimpleNamespace
from typing import Any, cast

import pytest

from host.connection import Connection
from host.voice import Voice
from tests.people import people

pytestmark = pytest.mark.anyio

MANY = 500


class Quick:
    """A connection whose client takes all at once: no send of it waits."""

    def __init__(self) -> None:
        self.closed = False
        self.sent: list[int] = []
        self.at: dict[int, Callable[[], None]] = {}
        self.host = SimpleNamespace(presence=lambda uid: SimpleNamespace(voices=0))

    async def send(self, text: str) -> None:
        self.sent.append(json.loads(text)["params"]["seq"])
        if (then := self.at.pop(len(self.sent), None)) is not None:
            then()

    async def until(self, count: int) -> int:
        """Wait until so many were sent; how many turns of the loop that took."""
        turns = 0
        while len(self.sent) < count:
            await asyncio.sleep(0)
            turns += 1
        return turns


@pytest.fixture
async def told(tmp_path: Path) -> AsyncIterator[tuple[Voice, Quick, int]]:
    """Ada's voice on a quick connection, and the number before that of her first of `MANY` events."""
    async with people(tmp_path) as sessions:
        session = await sessions.open("ada")
        quick = Quick()
        voice = Voice(cast(Connection, quick), "ada")
        voice.open_session = session
        first = session.mailbox.seq
        for number in range(MANY):
            shown: Any = session.mailbox.post("hello", {"number": number}, durable=False)
        await shown
        yield voice, quick, first


async def test_a_client_that_takes_events_at_once_leaves_turns_for_others(told: tuple[Voice, Quick, int]) -> None:
    voice, quick, first = told
    voice.follow(first)
    voice.speak()
    turns = await quick.until(MANY)
    assert quick.sent == list(range(first + 1, first + MANY + 1))
    assert turns > 10


async def test_who_follows_anew_hears_nothing_more_of_the_following_before(told: tuple[Voice, Quick, int]) -> None:
    voice, quick, first = told

    def anew() -> None:
        voice.follow(first)
        voice.speak()

    voice.follow(first)
    quick.at[5] = anew
    voice.speak()
    await quick.until(MANY + 5)
    assert quick.sent[:5] == list(range(first + 1, first + 6))
    assert quick.sent[5:] == list(range(first + 1, first + MANY + 1)), "none is missing, and none twice"
