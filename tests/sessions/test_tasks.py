"""Work that has an owner."""

from __future__ import annotations

import asyncio

import pytest

from sessions.tasks import Tasks

pytestmark = pytest.mark.anyio


async def test_a_failing_task_ends_alone_and_its_owner_is_told() -> None:
    told: list[tuple[str, str]] = []
    async with asyncio.TaskGroup() as group:
        tasks = Tasks(group, lambda name, error: told.append((name, str(error))))
        blocked = asyncio.Event()
        other = tasks.start(blocked.wait(), "other")

        async def fail() -> None:
            raise ValueError("broken")

        await tasks.start(fail(), "mine")
        assert told == [("mine", "broken")]
        assert not other.done()
        assert len(tasks) == 1
        await tasks.close()
        assert other.cancelled()
        assert len(tasks) == 0


async def test_where_its_owner_cannot_be_told_nobody_else_ends() -> None:
    async with asyncio.TaskGroup() as group:
        tasks = Tasks(group, lambda name, error: [][0])

        async def fail() -> None:
            raise ValueError("broken")

        await tasks.start(fail(), "mine")
        await asyncio.sleep(0)


async def test_a_promise_starts_at_once_and_gives_result_or_error() -> None:
    async with asyncio.TaskGroup() as group:
        tasks = Tasks(group, lambda name, error: None)

        async def double(number: int) -> int:
            return 2 * number

        async def fail() -> int:
            raise ValueError("broken")

        assert await tasks.promise(double(4), "double") == 8
        with pytest.raises(ValueError, match="broken"):
            await tasks.promise(fail(), "fail")


async def test_cancelling_a_promise_cancels_its_work() -> None:
    async with asyncio.TaskGroup() as group:
        tasks = Tasks(group, lambda name, error: None)
        ended = asyncio.Event()

        async def wait() -> None:
            try:
                await asyncio.Event().wait()
            finally:
                ended.set()

        promise = tasks.promise(wait(), "wait")
        await asyncio.sleep(0)
        promise.cancel()
        async with asyncio.timeout(5):
            await ended.wait()


async def test_an_owner_that_closes_from_within_its_own_task_is_not_cancelled_by_it() -> None:
    async with asyncio.TaskGroup() as group:
        tasks = Tasks(group, lambda name, error: None)
        closed: list[bool] = []

        async def end() -> None:
            await tasks.close()
            closed.append(True)

        async with asyncio.timeout(5):
            await tasks.start(end(), "end")
        assert closed == [True]
