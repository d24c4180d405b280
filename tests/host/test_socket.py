"""Many small messages at once: taken in slices, answered in their order, and whoever sends them holds up nobody."""

from __future__ import annotations

import asyncio
import json

import pytest
from uvicorn.protocols.websockets.websockets_sansio_impl import WebSocketsSansIOProtocol

from host.socket import SLICE
from tests.host.test_leaving import served
from tests.raw import Socket, frame
from tests.screens import passable

pytestmark = pytest.mark.anyio

MANY = 4_000


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
    farewell = frame((1008).to_bytes(2, "big"), 8)
    socket.writer.write(frame(b"{") * 10 + b"".join(ping(number, alice) for number in range(MANY)) + farewell)
    async with asyncio.timeout(10):
        assert await socket.close_code() == 1008
        assert await socket.reader.read() == b"", "and the host closes as soon as it has read the answer"
    socket.drop()
