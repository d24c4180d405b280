"""Sessions as their manager begins and ends them: what one has counts again, and what fails to end is alone in that."""

from __future__ import annotations

import asyncio
import time
from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from sessions.context import SessionContext
from sessions.errors import QuotaExceeded, SessionClosed
from sessions.manager import SessionManager
from sessions.quotas import Quotas
from sessions.records import Delete, Put
from tests.people import people

pytestmark = pytest.mark.anyio

LATER = 10_000.0
"""Seconds after which everybody is tired."""


@pytest.fixture
async def sessions(tmp_path: Path) -> AsyncIterator[SessionManager]:
    async with people(tmp_path) as sessions:
        yield sessions


class Broken:
    """Something of a session that does not end."""

    def __init__(self, session: SessionContext) -> None:
        self.session = session

    async def close(self) -> None:
        raise OSError("the disk is gone")


class Late:
    """Something of a session that is made only as another thing ends."""

    closed = False

    def __init__(self, session: SessionContext) -> None:
        self.session = session


class Maker:
    """Something that asks for another thing as it ends."""

    def __init__(self, session: SessionContext) -> None:
        self.session = session
        self.closed = False

    async def close(self) -> None:
        self.session.get(Late)
        self.closed = True


async def test_what_is_kept_counts_against_the_quota_also_after_a_sleep_and_a_count_of_the_disk(tmp_path: Path) -> None:
    async with people(tmp_path, quotas=Quotas(bytes=200_000)) as sessions:
        for number in range(2):
            ada = await sessions.open("ada")
            state, records = await ada.memento("client", "global"), ada.records("acme.notes")
            if number == 0:
                await state.update("mine", "x" * 60_000)
                await records.commit([Put("notes", "1", "x" * 60_000)])
            else:
                await records.commit([Delete("notes", "none")])
            assert 120_000 < ada.allowance.counted[0] < 125_000
            ada.allowance.learn(0, 0)
            with pytest.raises(QuotaExceeded):
                state.update("more", "x" * 90_000)
            with pytest.raises(QuotaExceeded):
                await records.commit([Put("notes", "2", "x" * 90_000)])
            with pytest.raises(QuotaExceeded):
                await ada.files.write("/workspace/large", bytes(90_000))
            await sessions.close("ada")
        ada = await sessions.open("ada")
        await (await ada.memento("client", "global")).update("mine")
        await ada.records("acme.notes").commit([Delete("notes")])
        assert ada.allowance.counted[0] == 0


async def tire(sessions: SessionManager) -> None:
    """Let all that are idle be put to sleep."""
    await sessions.sweep()
    await sessions.sweep(time.monotonic() + LATER)


async def test_what_fails_to_end_keeps_nothing_else_of_its_session_from_ending(sessions: SessionManager) -> None:
    ada = await sessions.open("ada")
    first, _, last = ada.get(Maker), ada.get(Broken), ada.get(type("Other", (Maker,), {}))
    written = ada.store.write("INSERT INTO meta (key, value) VALUES ('a', 1)")
    with pytest.raises(OSError, match="the disk is gone"):
        await sessions.close("ada")
    assert (first.closed, last.closed) == (True, True)
    assert written.done()
    with pytest.raises(SessionClosed):
        await ada.files.stat("/workspace")
    with pytest.raises(SessionClosed):
        await ada.store.read("SELECT 1")


async def test_what_fails_to_end_keeps_nobody_else_from_being_put_to_sleep(sessions: SessionManager) -> None:
    ada, ben = await sessions.open("ada"), await sessions.open("ben")
    ada.get(Broken)
    await tire(sessions)
    assert len(sessions) == 0
    assert (ada.closing, ben.closing) == (True, True)
    assert await sessions.open("ada") is not ada


async def test_whoever_is_slow_to_end_keeps_nobody_else_from_being_put_to_sleep(sessions: SessionManager) -> None:
    ended = asyncio.Event()

    class Slow(Broken):
        async def close(self) -> None:
            await ended.wait()

    (await sessions.open("ada")).get(Slow)
    await sessions.open("ben")
    await sessions.sweep()
    async with asyncio.TaskGroup() as group:
        group.create_task(sessions.sweep(time.monotonic() + LATER))
        async with asyncio.timeout(10):
            while sessions.sleeps < 1:  # noqa: ASYNC110  who sleeps says so to nobody
                await asyncio.sleep(0.01)
        ended.set()
    assert sessions.sleeps == 2
