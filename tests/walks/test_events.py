"""A user's events: numbered, in one order for all, none lost and none twice, whatever happens to clients and hosts."""

from __future__ import annotations

import asyncio
import json
import signal
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.client import Client, Process, connect, running
from tests.raw import Socket
from tests.sirens import planted, sound

pytestmark = pytest.mark.anyio


@pytest.fixture(scope="module")
def sirens(tmp_path_factory: pytest.TempPathFactory) -> dict[str, str]:
    """The environment of a host with an extension whose command posts as many events as one likes."""
    return planted(tmp_path_factory.mktemp("sirens"))


@pytest.fixture(scope="module")
def loud(sirens: dict[str, str], tmp_path_factory: pytest.TempPathFactory) -> Iterator[Process]:
    with running(tmp_path_factory.mktemp("loud") / "data", **sirens) as host:
        yield host


async def hear(client: Client, times: int) -> list[int]:
    """The numbers of the next events."""
    return [(await client.next())["params"]["seq"] for _ in range(times)]


async def test_numbers_go_up_by_one_and_every_client_sees_the_same_order(loud: Process, alice: str) -> None:
    async with connect(loud.base, alice) as one, connect(loud.base, alice) as two, connect(loud.base, alice) as poster:
        for client in (one, two):
            assert (await client.call("session.open"))["seq"] == 0
        await asyncio.gather(*(sound(poster, 20, durable=number % 2 == 0) for number in range(10)))
        heard = [[(await client.next())["params"] for _ in range(200)] for client in (one, two)]
        assert [one["seq"] for one in heard[0]] == list(range(1, 201))
        assert heard[0] == heard[1]
        assert not [message for message in poster.heard if message.get("method") == "event"]


async def test_opening_with_after_gives_the_rest_once(loud: Process, alice: str) -> None:
    async with connect(loud.base, alice) as poster:
        await sound(poster, 30)
        for after in (0, 1, 15, 29, 30):
            async with connect(loud.base, alice) as client:
                opened = await client.call("session.open", after=after)
                assert (opened["seq"], opened["resumed"]) == (30, True)
                assert await hear(client, 30 - after) == list(range(after + 1, 31))
                await asyncio.gather(*(client.ask("session.ping") for _ in range(5)))
                assert client.inbox.empty()


async def test_opening_without_after_gives_only_what_is_new(loud: Process, alice: str) -> None:
    async with connect(loud.base, alice) as client:
        await sound(client, 5)
        opened = await client.call("session.open")
        assert (opened["seq"], opened["resumed"]) == (5, False)
        await sound(client, 1)
        assert await hear(client, 1) == [6]


async def test_a_number_that_was_never_given_is_not_resumed(loud: Process, alice: str) -> None:
    async with connect(loud.base, alice) as client:
        last = await sound(client, 3)
        for after in (last + 1, last + 1_000, 2**53 - 1, 2**62):
            opened = await client.call("session.open", after=after)
            assert (opened["seq"], opened["resumed"]) == (last, False), after
        await sound(client, 1)
        assert (await hear(client, 1)) == [last + 1]


async def test_a_number_that_is_too_old_is_not_resumed_but_goes_on(loud: Process, alice: str) -> None:
    async with connect(loud.base, alice) as client:
        last = 0
        for _ in range(12):
            last = await sound(client, 10, size=500_000)
        opened = await client.call("session.open", after=1)
        assert (opened["seq"], opened["resumed"]) == (last, False)
        numbers = []
        while not numbers or numbers[-1] != last:
            numbers += await hear(client, 1)
        assert numbers == list(range(numbers[0], last + 1))
        assert numbers[0] > 2


async def test_opening_again_on_the_same_socket_neither_doubles_nor_drops(loud: Process, alice: str) -> None:
    async with connect(loud.base, alice) as client, connect(loud.base, alice) as poster:
        await client.call("session.open")
        posting = asyncio.create_task(sound(poster, 300))
        seen: list[int] = []
        for _ in range(5):
            seen += await hear(client, 10)
        await posting
        seen += await hear(client, 250)
        assert seen == list(range(1, 301))
        opened = await client.call("session.open", after=290)
        assert opened["resumed"] is True
        assert await hear(client, 10) == list(range(291, 301))
        await sound(poster, 1)
        assert await hear(client, 1) == [301]
        assert client.inbox.empty()


async def test_reconnecting_in_a_flood_misses_none_and_repeats_none(loud: Process, alice: str) -> None:
    async with connect(loud.base, alice) as poster:
        flood = asyncio.create_task(flooded(poster, 40, 25))
        seen = [0]
        cuts = 0
        async with asyncio.timeout(30):
            while seen[-1] < 1_000:
                socket = await Socket.open(loud.base, f"/ws?uid={alice}")
                call = {
                    "jsonrpc": "2.0",
                    "id": 1,
                    "method": "session.open",
                    "params": {"after": seen[-1]},
                    "uid": alice,
                }
                socket.send(call)
                for _ in range(60):
                    if seen[-1] == 1_000:
                        break
                    message = json.loads((await socket.receive())[1])
                    if message.get("method") == "event":
                        seen.append(message["params"]["seq"])
                    else:
                        assert message["result"]["resumed"] is True
                socket.drop()
                cuts += 1
        await flood
        assert seen == list(range(1_001))
        assert cuts > 10


async def flooded(client: Client, rounds: int, each: int) -> None:
    for number in range(rounds):
        await sound(client, each, durable=number % 4 == 0)
        await asyncio.sleep(0.01)


@pytest.mark.parametrize("how", [signal.SIGTERM, signal.SIGKILL])
async def test_durable_events_outlive_the_host_and_numbers_never_go_back(
    tmp_path: Path, sirens: dict[str, str], how: signal.Signals
) -> None:
    with running(tmp_path / "data", **sirens) as host:
        async with connect(host.base, "ada") as client:
            await client.call("session.open")
            await sound(client, 10)
            kept = await sound(client, 10, durable=True)
            last = await sound(client, 10)
            assert (await hear(client, 30))[-1] == last
            await host.stop(how)
    with running(tmp_path / "data", **sirens) as host:
        async with connect(host.base, "ada") as client:
            opened = await client.call("session.open", after=kept - 5)
            assert opened["resumed"] is False
            assert opened["seq"] >= last
            assert await hear(client, 5) == list(range(kept - 4, kept + 1))
            new = await sound(client, 1)
            assert new > last
            assert await hear(client, 1) == [new]
        async with connect(host.base, "ada") as client:
            opened = await client.call("session.open", after=new)
            assert opened["resumed"] is True


async def test_a_durable_event_that_was_seen_is_there_after_kill_9(tmp_path: Path, sirens: dict[str, str]) -> None:
    seen: list[tuple[int, int]] = []
    for _ in range(3):
        with running(tmp_path / "data", **sirens) as host:
            async with connect(host.base, "ada") as client:
                await client.call("session.open", after=0)
                posting = asyncio.create_task(forever(client))
                for _ in range(40):
                    event = (await client.next())["params"]
                    seen.append((event["seq"], event["data"]["number"]))
                await host.stop(signal.SIGKILL)
                await posting
                while not client.inbox.empty():
                    message = client.inbox.get_nowait()
                    if message.get("method") == "event":
                        seen.append((message["params"]["seq"], message["params"]["data"]["number"]))
    with running(tmp_path / "data", **sirens) as host:
        async with connect(host.base, "ada") as client:
            last = (await client.call("session.open", after=0))["seq"]
            stored = set()
            while not stored or max(stored)[0] < max(seen)[0]:
                event = (await client.next())["params"]
                stored.add((event["seq"], event["data"]["number"]))
            assert set(seen) <= stored
            assert last >= max(seen)[0]


async def forever(client: Client) -> None:
    try:
        while True:
            await sound(client, 3, durable=True)
    except Exception as error:  # the host is killed under it
        assert isinstance(error, ConnectionError | OSError) or "ConnectionClosed" in type(error).__name__, error


async def test_a_session_that_slept_goes_on_counting(tmp_path: Path, sirens: dict[str, str]) -> None:
    environ = {**sirens, "ROOST_SESSIONS__SLEEP_AFTER_S": "0.3"}
    from tests.walks.test_lives import _until_asleep

    with running(tmp_path / "data", **environ) as host:
        async with connect(host.base, "ada") as client:
            last = await sound(client, 10, durable=True)
        await _until_asleep(host.base)
        async with connect(host.base, "ada") as client:
            opened = await client.call("session.open", after=last)
            assert opened["seq"] >= last
            new = await sound(client, 1)
            assert new > last
            assert (await hear(client, 1)) == [new]


async def test_who_stops_reading_events_is_closed_and_can_come_back(loud: Process, alice: str, bob: str) -> None:
    stuck = await Socket.open(loud.base, f"/ws?uid={alice}", limit=1_024)
    stuck.send({"jsonrpc": "2.0", "id": 1, "method": "session.open", "params": {}, "uid": alice})
    assert json.loads((await stuck.receive())[1])["result"]["seq"] == 0
    async with connect(loud.base, alice) as client, connect(loud.base, bob) as other:
        await client.call("session.open")
        last = 0
        for _ in range(50):  # a little at a time, so that who reads keeps up
            last = await sound(client, 3, size=250_000)
            assert await hear(client, 3) == [last - 2, last - 1, last]
            assert (await other.ask("session.ping"))["result"]
    seen, code = [], None
    async with asyncio.timeout(30):
        while code is None:
            opcode, payload = await stuck.receive()
            if opcode == 8:
                code = int.from_bytes(payload[:2], "big")
            elif opcode == 1:
                seen.append(json.loads(payload)["params"]["seq"])
    stuck.drop()
    assert code == 4408
    assert seen == list(range(1, len(seen) + 1))
    async with connect(loud.base, alice) as client:
        opened = await client.call("session.open", after=seen[-1])
        assert opened["seq"] == last
        if opened["resumed"]:
            assert await hear(client, last - seen[-1]) == list(range(seen[-1] + 1, last + 1))


async def test_an_event_is_what_it_says_and_never_too_big(loud: Process, alice: str) -> None:
    async with connect(loud.base, alice) as client:
        await client.call("session.open")
        await sound(client, 1, size=5)
        event = await client.next()
        assert event == {
            "jsonrpc": "2.0",
            "method": "event",
            "uid": alice,
            "params": {"seq": 1, "type": "siren.sounded", "data": {"number": 1, "filler": "xxxxx"}},
        }
        answer = await client.ask(
            "commands.executeCommand", {"command": "siren.sound", "arguments": [1, False, 17_000_000]}
        )
        assert answer["error"]["code"] == -32011
        await sound(client, 1)
        assert await hear(client, 1) == [2]
