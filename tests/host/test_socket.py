"""Many small messages at once: taken in slices, answered in their order, and whoever sends them holds up nobody."""

from __future__ import annotations

import asyncio
import json

import pytest
from uvicorn.protocols.websockets.websockets_sansio_impl import WebSocketsSansIOProtocol

from host import socket as module
from host.socket import MOST_FRAGMENTS, SLICE
from tests.host.test_leaving import served
from tests.raw import Socket, frame
from tests.screens import passable

pytestmark = pytest.mark.anyio

MANY = 4_000
FAREWELL = frame((1008).to_bytes(2, "big"), 8)


def ping(number: int, uid: str = "ada") -> bytes:
    asked = {"jsonrpc": "2.0", "id": number, "method": "session.ping", "params": {}, "uid": uid}
    return frame(json.dumps(asked).encode())


@pytest.fixture
def slices(monkeypatch: pytest.MonkeyPatch) -> list[int]:
    """How many bytes were taken apart each time."""
    sizes: list[int] = []
    take = WebSocketsSansIOProtocol.data_received

    def taken(self: WebSocketsSansIOProtocol, data: bytes) -> None:
        sizes.append(len(data))
        take(self, data)

    monkeypatch.setattr(WebSocketsSansIOProtocol, "data_received", taken)
    return sizes


async def test_what_comes_at_once_is_taken_apart_in_slices_and_answered_in_order(slices: list[int]) -> None:
    with passable() as folder:
        async with served(folder) as (_, base):
            socket = await Socket.open(base, "/ws?uid=ada")
            socket.writer.write(b"".join(map(ping, range(MANY))))
            heard: list[int] = []
            while len(heard) < MANY:
                opcode, payload = await socket.receive()
                if opcode == 1 and (number := json.loads(payload).get("id")) is not None:
                    heard.append(number)
            assert heard == list(range(MANY))
            assert max(slices) <= SLICE
            socket.drop()


async def test_a_message_that_lies_in_many_slices_is_whole(base: str, alice: str) -> None:
    socket = await Socket.open(base, f"/ws?uid={alice}")
    text = "x" * (5 * SLICE + 7)
    asked = {"jsonrpc": "2.0", "id": 1, "method": "no.such", "params": {"text": text}, "uid": alice}
    for odd in (1, SLICE - 1, SLICE, 3 * SLICE + 5):
        whole = ping(0, alice) + frame(json.dumps(asked).encode()) + ping(2, alice)
        socket.writer.write(whole[:odd])
        await asyncio.sleep(0)
        socket.writer.write(whole[odd:])
        found = [json.loads((await socket.receive())[1]) for _ in range(3)]
        assert [one["id"] for one in found] == [0, 1, 2]
        assert found[1]["error"]["code"] == -32601
    socket.drop()


async def test_who_is_told_to_go_hears_it_however_much_they_have_sent_behind(base: str, alice: str) -> None:
    socket = await Socket.open(base, f"/ws?uid={alice}")
    socket.writer.write(frame(b"{") * 10 + b"".join(ping(number, alice) for number in range(MANY)) + FAREWELL)
    async with asyncio.timeout(10):
        assert await socket.close_code() == 1008
        assert await socket.reader.read() == b"", "and the host closes as soon as it has read the answer"
    socket.drop()


async def test_who_is_told_to_go_has_the_loop_for_one_slice_at_a_time(
    slices: list[int], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(module, "BUSY_S", -1.0)
    monkeypatch.setattr(module, "REST_S", 0.0)
    turns: list[int] = []
    take = WebSocketsSansIOProtocol.data_received
    turn = 0

    async def count() -> None:
        nonlocal turn
        while True:
            turn += 1
            await asyncio.sleep(0)

    def taken(self: WebSocketsSansIOProtocol, data: bytes) -> None:
        if self.close_sent:
            turns.append(turn)
        take(self, data)

    monkeypatch.setattr(WebSocketsSansIOProtocol, "data_received", taken)
    with passable() as folder:
        async with served(folder) as (_, base):
            counting = asyncio.create_task(count())
            socket = await Socket.open(base, "/ws?uid=ada")
            socket.writer.write(frame(b"{") * 10 + b"".join(map(ping, range(MANY))) + FAREWELL)
            async with asyncio.timeout(20):
                assert await socket.close_code() == 1008
                assert await socket.reader.read() == b"", "the answer behind all that was read"
            counting.cancel()
            socket.drop()
    assert len(turns) > 100 and len(set(turns)) == len(turns)
    assert max(slices) <= SLICE


async def test_who_is_told_to_go_and_has_said_a_few_things_more_hears_it_at_once(base: str, alice: str) -> None:
    socket = await Socket.open(base, f"/ws?uid={alice}")
    socket.writer.write(frame(b"{") * 10 + b"".join(ping(number, alice) for number in range(3)) + FAREWELL)
    async with asyncio.timeout(5):
        assert await socket.close_code() == 1008
        assert await socket.reader.read() == b"", "and the host closes as soon as it has read the answer"
    socket.drop()


async def test_a_message_in_countless_parts_is_refused(base: str, alice: str) -> None:
    socket = await Socket.open(base, f"/ws?uid={alice}")
    asked = json.dumps({"jsonrpc": "2.0", "id": 1, "method": "no.such", "params": {}, "uid": alice}).encode()
    parts = [frame(asked[at : at + 1], 1 if at == 0 else 0, fin=at == len(asked) - 1) for at in range(len(asked))]
    socket.writer.write(b"".join(parts))
    assert json.loads((await socket.receive())[1])["id"] == 1, "some parts are no offence"
    socket.writer.write(frame(b"", 1, fin=False) + frame(b"", 0, fin=False) * (2 * MOST_FRAGMENTS))
    assert await socket.close_code() == 1009
    socket.drop()


async def test_pings_whose_answers_nobody_reads_fill_no_memory(monkeypatch: pytest.MonkeyPatch) -> None:
    waiting: list[int] = []
    take = WebSocketsSansIOProtocol.data_received

    def taken(self: WebSocketsSansIOProtocol, data: bytes) -> None:
        take(self, data)
        if self.transport is not None and not self.transport.is_closing():
            waiting.append(self.transport.get_write_buffer_size())

    monkeypatch.setattr(WebSocketsSansIOProtocol, "data_received", taken)
    with passable() as folder:
        async with served(folder) as (_, base):
            socket = await Socket.open(base, "/ws?uid=ada", limit=1_024)
            kept: bytes = frame(b"x" * 125, 9) * 80
            async with asyncio.timeout(60):
                while sum(map(bool, waiting)) < 2_000:
                    socket.writer.write(kept)
                    await socket.writer.drain()
            assert 0 < max(waiting) < 200_000
            socket.writer.write(ping(7))
            while (await socket.receive())[0] != 1:
                pass
            socket.drop()
