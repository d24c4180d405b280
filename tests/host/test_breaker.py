"""A provider that keeps failing: left alone, then asked by one for all."""

from __future__ import annotations

import asyncio
from contextlib import aclosing
from pathlib import Path

import pytest

from host.breaker import FAILURES
from sessions.errors import LanguageModelError
from tests.host.fakes import Asked, begun, openai_says, provider
from tests.host.pools import House, house, texts
from tests.sessions.stores import eventually

pytestmark = pytest.mark.anyio


async def refused(home: House, uid: str = "ada") -> LanguageModelError:
    with pytest.raises(LanguageModelError) as error:
        await home.ask(uid)
    return error.value


class Broken:
    """A provider that fails until `back` is set; then its first answer begins and waits for `release`."""

    def __init__(self) -> None:
        self.back = asyncio.Event()
        self.release = asyncio.Event()
        self.asked: list[Asked] = []

    async def reply(self, asked: Asked) -> None:
        if not self.back.is_set():
            await asked.refuse(500)
            return
        self.asked.append(asked)
        if len(self.asked) > 1:
            await openai_says(asked, "too")
            return
        await self.begin(asked)

    async def begin(self, asked: Asked) -> None:
        await self.release.wait()
        await openai_says(asked, "back")

    async def fail(self, home: House) -> None:
        """Fail for two users: what fails for one may be their own fault."""
        for uid in ("ada", "ben"):
            await refused(home, uid)
        self.back.set()


class Long(Broken):
    """Its first answer says a word at once."""

    async def begin(self, asked: Asked) -> None:
        await begun(asked, "back")
        await self.release.wait()
        await asked.end()


async def test_one_request_tries_for_all_and_its_first_word_lets_them_in(tmp_path: Path) -> None:
    it = Broken()
    async with provider(it.reply) as one, house(tmp_path, one.url, open_s=0) as home, asyncio.TaskGroup() as group:
        await it.fail(home)
        probe = group.create_task(home.ask("ada"))
        await eventually(lambda: it.asked)
        for uid in ("ben", "cleo"):
            error = await refused(home, uid)
            assert (error.code, error.retry_after_s) == ("Unavailable", 1.0)
        assert len(it.asked) == 1
        it.release.set()
        assert texts(await probe) == "back"
        assert texts(await home.ask("cleo")) == "too"


async def test_a_long_answer_of_the_one_that_tries_keeps_nobody_out(tmp_path: Path) -> None:
    it = Long()
    async with provider(it.reply) as one, house(tmp_path, one.url, open_s=0) as home:
        await it.fail(home)
        session = await home.sessions.open("ada")
        async with aclosing(home.items(session)) as items:
            assert texts([await anext(items)]) == "back"
            assert texts(await home.ask("ben")) == "too"
        it.release.set()


async def test_one_that_tries_and_leaves_makes_room_for_the_next(tmp_path: Path) -> None:
    it = Broken()
    async with provider(it.reply) as one, house(tmp_path, one.url, open_s=0) as home, asyncio.TaskGroup() as group:
        await it.fail(home)
        probe = group.create_task(home.ask("ada"))
        await eventually(lambda: it.asked)
        probe.cancel()
        await eventually(lambda: not home.pool.line.running)
        assert texts(await home.ask("ben")) == "too"
        it.release.set()


async def test_one_that_tries_and_fails_closes_it_again(tmp_path: Path) -> None:
    it = Broken()
    async with provider(it.reply) as one, house(tmp_path, one.url) as home:
        await it.fail(home)
        it.back.clear()
        (breaker,) = home.pool._breakers.values()
        count = len(one.asked)
        for _ in range(2):
            breaker.open_until = 0.0  # the time is over
            await refused(home, "cleo")
            await refused(home, "ada")
        assert (len(one.asked), breaker.probing) == (count + 2, False)


async def test_a_refusal_is_an_answer_and_closes_nothing(tmp_path: Path) -> None:
    async def reply(asked: Asked) -> None:
        await asked.refuse(400)

    async with provider(reply) as one, house(tmp_path, one.url) as home:
        for _ in range(FAILURES + 2):
            assert (await refused(home)).code == "InvalidRequest"
    assert len(one.asked) == FAILURES + 2
