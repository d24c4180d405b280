"""Binary frames on a real socket: what is answered, what is refused, and clients of every kind."""

from __future__ import annotations

import asyncio
import json
import struct
from collections.abc import Iterator
from typing import Any

import pytest
from websockets.client import ClientProtocol
from websockets.frames import Frame, Opcode
from websockets.uri import parse_uri

from host import wire
from tests.client import Process, Refused, connect, running
from tests.screens import ACKNOWLEDGE, HEADER, INPUT, Desk, Screen, desk, passable

pytestmark = pytest.mark.anyio


@pytest.fixture(scope="module")
def house() -> Iterator[Process]:
    """A host whose users have terminals."""
    with passable() as folder, running(folder / "data") as started:
        yield started


def test_frames_are_as_the_protocol_says() -> None:
    assert wire.output(7, 1 << 40, b"abc") == b"\x01\x00\x00\x00\x07\x00\x00\x01\x00\x00\x00\x00\x00abc"
    assert wire.decode_binary(b"\x02\x00\x00\x00\x07" + bytes(8) + b"ls\r") == (2, 7, 0, b"ls\r")
    assert wire.decode_binary(HEADER.pack(ACKNOWLEDGE, 2**32 - 1, 2**64 - 1)) == (3, 2**32 - 1, 2**64 - 1, b"")


WRONG = [
    (b"", -32700),
    (b"\x02", -32700),
    (b"\x02" + bytes(11), -32700),
    (HEADER.pack(0, 1, 0), -32600),
    (HEADER.pack(1, 1, 0) + b"output", -32600),
    (HEADER.pack(4, 1, 0), -32600),
    (HEADER.pack(255, 1, 0), -32600),
    (HEADER.pack(INPUT, 1, 1) + b"x", -32602),
    (HEADER.pack(INPUT, 0, 0) + b"x", -32602),
    (HEADER.pack(INPUT, 99, 0) + b"x", -32602),
    (HEADER.pack(ACKNOWLEDGE, 99, 0), -32602),
    (HEADER.pack(ACKNOWLEDGE, 0, 0), -32602),
    (HEADER.pack(ACKNOWLEDGE, 1, 0) + b"payload", -32602),
    (HEADER.pack(ACKNOWLEDGE, 1, 2**64 - 1), -32602),
]


@pytest.mark.parametrize(("frame", "code"), WRONG)
async def test_a_wrong_frame_is_answered_and_the_terminal_lives_on(
    house: Process, alice: str, frame: bytes, code: int
) -> None:
    async with desk(house.base, alice) as work:
        screen = await work.create()
        assert screen.channel == 1
        await work.client.send(frame)
        refused = await screen.refused()
        assert refused["code"] == code
        assert len(refused["message"]) > 10
        await screen.run("echo still he''re")
        await screen.see("still here")


async def test_ten_frames_that_are_none_close_the_connection(house: Process, alice: str) -> None:
    async with connect(house.base, alice) as client:
        for _ in range(9):
            await client.send(b"\x02")
        await client.send(HEADER.pack(INPUT, 5, 0) + b"x")  # wrong, but a frame
        for _ in range(9):
            await client.send(b"\x02")
        assert (await client.ask("session.ping"))["result"]
        for _ in range(10):
            await client.send(b"\x02")
        assert await client.closed() == 1008


async def test_the_channel_is_named_before_anything_comes_on_it(house: Process, alice: str) -> None:
    async with connect(house.base, alice) as client:
        order: list[tuple[str, Any]] = []
        client.framed = lambda frame: order.append(("frame", HEADER.unpack_from(frame)[1]))
        made = await client.call("window.createTerminal", shellPath="/usr/bin/seq", shellArgs=["1", "9"])
        order.append(("named", made["channel"]))
        await client.next("terminal.exit")
        for _ in range(5):
            order.clear()
            raw = len(client.heard)
            attached = await client.call("terminal.attach", terminalId=made["terminalId"])
            await client.next("terminal.exit")
            names = [one.get("result", {}).get("channel") for one in client.heard[raw:] if one.get("result")]
            assert names == [attached["channel"]]
            assert order == [("frame", attached["channel"])]


async def test_channel_numbers_are_never_used_twice_on_a_connection(house: Process, alice: str) -> None:
    async with desk(house.base, alice) as work:
        first = await work.create(shellPath="/bin/cat", shellArgs=[])
        seen = [first.channel]
        for _ in range(5):
            seen.append((await work.attach(first.id)).channel)
        await work.client.call("terminal.detach", terminalId=first.id)
        await work.client.call("terminal.detach", terminalId=first.id)
        seen.append((await work.attach(first.id)).channel)
        assert seen == sorted(set(seen))
        late = Screen(work.client, first.id, seen[0])
        await late.acknowledge(0)  # it crossed the end of that channel: no mistake
        await late.type("x")
        assert (await late.refused())["code"] == -32602


async def test_attaching_again_moves_the_output_to_the_new_channel(house: Process, alice: str) -> None:
    async with desk(house.base, alice) as work:
        old = await work.create()
        await old.run("echo fi''rst")
        await old.see("first")
        end = old.end  # the prompt may still be on its way
        new = await work.attach(old.id, after=end)
        assert new.begun == end
        size = len(old.seen)
        await new.run("echo sec''ond")
        await new.see("second")
        assert len(old.seen) == size


async def test_detaching_leaves_the_shell_and_says_nothing_of_its_end(house: Process, alice: str) -> None:
    async with desk(house.base, alice) as work:
        screen = await work.create(shellPath="/bin/sh", shellArgs=["-c", "sleep 0.3; seq 1 200000; exit 2"])
        await work.client.call("terminal.detach", terminalId=screen.id)
        async with asyncio.timeout(15):
            while (event := await work.client.next())["params"]["type"] != "window.onDidCloseTerminal":
                pass
        assert event["params"]["data"] == {"terminalId": screen.id, "exitCode": 2}
        assert not [one for one in work.client.heard if one.get("method") == "terminal.exit"]
        assert screen.seen == b""


async def test_voices_of_two_users_on_one_connection_keep_to_their_own(tmp_path_factory: Any, alice: str) -> None:
    """A server that multiplexes its users: each message names its user, each channel belongs to one."""
    import jwt

    secret = "s" * 40
    bearer = jwt.encode({"sub": "gate", "scope": "impersonate", "exp": 4_000_000_000}, secret, "HS256")
    environ = {"ROOST_AUTH__JWT__ALGORITHM": "HS256", "ROOST_AUTH__JWT__SECRET": secret}
    headers = {"Authorization": f"Bearer {bearer}"}
    with passable() as folder, running(folder / "data", **environ) as host:
        async with connect(host.base, None, additional_headers=headers) as client:
            work = Desk(client)
            screens = {}
            for uid in ("ada", "ben"):
                client.uid = uid
                await client.call("session.open")
                screens[uid] = await work.create()
            for uid, screen in screens.items():
                await screen.run(f"echo I am $(whoami) > /workspace/who; echo wr''ote {uid}")
                await screen.see(f"wrote {uid}")
            for uid in screens:
                client.uid = uid
                read = await client.call("workspace.fs.readFile", uri="/workspace/who")
                assert read["content"] == f"I am {uid}\n"
            client.uid = "ada"
            with pytest.raises(Refused):
                await client.call("terminal.attach", terminalId=screens["ben"].id)
            assert len({screen.channel for screen in screens.values()}) == 2


class Deaf:
    """A client that reads everything and answers no ping: it does not implement that part of the protocol."""

    def __init__(self, base: str, uid: str) -> None:
        self.protocol = ClientProtocol(parse_uri(f"{base.replace('http', 'ws', 1)}/ws?uid={uid}"), max_size=None)
        self.received = 0
        self.answers: list[dict[str, Any]] = []
        self.pings = 0

    async def open(self) -> None:
        uri = self.protocol.uri
        self.reader, self.writer = await asyncio.open_connection(uri.host, uri.port)
        self.protocol.send_request(self.protocol.connect())
        self.writer.writelines(self.protocol.data_to_send())
        await self.read()

    async def read(self) -> None:
        data = await self.reader.read(65_536)
        assert data, "the host closed the connection"
        self.protocol.receive_data(data)
        for event in self.protocol.events_received():
            if not isinstance(event, Frame):
                continue
            if event.opcode is Opcode.PING:
                self.pings += 1
            elif event.opcode is Opcode.BINARY:
                self.received += len(event.data) - HEADER.size
            elif event.opcode is Opcode.TEXT:
                self.answers.append(json.loads(event.data))
        if self.pings:
            self.protocol.data_to_send()  # the pongs, thrown away

    async def ask(self, message: dict[str, Any]) -> None:
        self.protocol.send_text(json.dumps(message).encode())
        self.writer.writelines(self.protocol.data_to_send())


async def test_a_client_that_answers_no_ping_is_read_by_its_sockets_back_pressure(house: Process, alice: str) -> None:
    deaf = Deaf(house.base, alice)
    await deaf.open()
    params = {"shellPath": "/bin/sh", "shellArgs": ["-c", "yes | head -c 3000000; exit 8"]}
    await deaf.ask({"jsonrpc": "2.0", "id": 1, "method": "window.createTerminal", "params": params, "uid": alice})
    async with asyncio.timeout(20):
        while not any(one.get("method") == "terminal.exit" for one in deaf.answers):
            await deaf.read()
    assert deaf.received == 4_500_000
    assert deaf.pings > 0
    deaf.writer.close()


async def test_a_client_that_answers_pings_is_never_far_behind(house: Process, alice: str) -> None:
    """What is on its way when a line is cut must still be in memory, though the system's buffers hold megabytes."""
    async with desk(house.base, alice) as work:
        screen = await work.create(shellPath="/usr/bin/yes", shellArgs=["0123456789" * 7])
        await screen.grow(5_000_000)
        work.client.socket.transport.pause_reading()
        await asyncio.sleep(0.7)
        seen = screen.end
        work.client.socket.transport.abort()
        async with desk(house.base, alice) as back:
            again = await back.attach(screen.id, after=seen)
            assert again.begun == seen, "what was on its way was forgotten"
            await again.grow(1_000_000)
            again.check()
            await back.client.call("terminal.dispose", terminalId=screen.id)


def test_the_header_is_thirteen_bytes() -> None:
    assert wire.HEADER.size == HEADER.size == struct.calcsize(">BIQ") == 13
