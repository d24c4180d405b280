"""A host with a thousand users is back as soon as one with none, and a client that is gone is noticed in a minute."""

from __future__ import annotations

import asyncio
import signal
import time
from pathlib import Path

import pytest

from tests.client import connect, running
from tests.raw import Socket, fetch
from tests.sessions.stores import databases

pytestmark = pytest.mark.anyio

USERS = 1_000
BACK_S = 2.0
SEEN_S = 60.0
PUT = "INSERT INTO kv (namespace, scope, key, value) VALUES ('client', 'global', 'k', ?)"


async def back(data: Path, number: int) -> float:
    """Seconds from the start after a kill to the first answer of a user's own."""
    with running(data) as host:
        async with connect(host.base, f"user{number}") as client:
            await client.call("state.update", scope="global", key="own", value=number)
        await host.stop(signal.SIGKILL)
    began = time.monotonic()
    with running(data) as host:
        async with connect(host.base, f"user{number}") as client:
            assert await client.call("state.get", scope="global", key="own") == number
            took = time.monotonic() - began
            await client.call("state.get", scope="global", key="k")
        await host.stop(signal.SIGKILL)
    return took


@pytest.mark.faults
@pytest.mark.timeout(300)
async def test_a_host_of_a_thousand_users_is_back_as_soon_as_one_of_none(tmp_path: Path) -> None:
    (tmp_path / "many" / "users").mkdir(parents=True)
    async with databases(tmp_path / "many" / "users") as several:
        stores = [several.store(f"user{number}") for number in range(USERS)]
        await asyncio.gather(*(store.write(PUT, (b"%d" % number,)) for number, store in enumerate(stores)))
    many, none = [], []
    for number in range(5):  # in turn, so that both see the same machine
        none.append(await back(tmp_path / "none", number))
        many.append(await back(tmp_path / "many", number))
    assert sorted(many)[2] < max(BACK_S, 1.3 * sorted(none)[2]), (many, none)


@pytest.mark.faults
@pytest.mark.timeout(120)
async def test_a_client_that_answers_no_ping_is_gone_within_a_minute_and_its_user_can_come_back(tmp_path: Path) -> None:
    with running(tmp_path / "data") as host:
        half = await Socket.open(host.base, "/ws?uid=ada")  # nothing is read from here on, so no ping is answered
        half.send({"jsonrpc": "2.0", "id": 1, "method": "session.open", "params": {}, "uid": "ada"})
        began = time.monotonic()
        while await connections(host.base) < 1:  # noqa: ASYNC110  nothing tells
            await asyncio.sleep(0.1)
        while await connections(host.base) > 0:
            await asyncio.sleep(0.5)
            assert time.monotonic() - began < SEEN_S, "the host still believes in it"
        half.drop()
        async with connect(host.base, "ada") as again:
            assert (await again.call("session.open", after=0))["uid"] == "ada"
        assert await host.stop() == 0


async def connections(base: str) -> float:
    text = (await fetch(base, "/metrics")).body.decode()
    return next(float(line.split()[-1]) for line in text.splitlines() if line.startswith("roost_connections "))
