"""Clients that spoil frames, flood, stall, stop reading or vanish: each costs only itself, and the host lives on."""

from __future__ import annotations

import asyncio
import json
import random
import signal
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import pytest

from tests.client import Client, Process, connect, running
from tests.raw import Socket, exchange, fetch, frame, handshake, parsed
from tests.walks.test_http import listening, resident

pytestmark = pytest.mark.anyio

PING: dict[str, Any] = {"jsonrpc": "2.0", "id": 1, "method": "session.ping", "params": {}}


async def answered(socket: Socket) -> dict[str, Any]:
    """The next JSON message."""
    while True:
        opcode, payload = await socket.receive()
        assert opcode != 8, payload
        if opcode == 1:
            message: dict[str, Any] = json.loads(payload)
            return message


SPOILT = {
    "no mask": frame(b"x", masked=False),
    "a reserved bit": frame(b"x", reserved=0x40),
    "all reserved bits": frame(b"x", reserved=0x70),
    "an unknown opcode": frame(b"x", 3),
    "an unknown control opcode": frame(b"x", 0xB),
    "a long ping": frame(b"x" * 126, 9),
    "a ping in parts": frame(b"x", 9, fin=False),
    "a part of nothing": frame(b"x", 0),
    "a message inside a message": frame(b"x", 1, fin=False) + frame(b"y", 1),
    "no UTF-8": frame(b"\xff\xfe"),
    "half a character": frame(b"\xc3"),
    "no UTF-8 in the second part": frame(b"a", 1, fin=False) + frame(b"\xff", 0),
    "a close of one byte": frame(b"x", 8),
    "a close with a bad code": frame((999).to_bytes(2, "big"), 8),
    "a close with a reserved code": frame((1005).to_bytes(2, "big"), 8),
    "a length of 2 to the 63": b"\x81\xff" + (1 << 63).to_bytes(8, "big") + b"\0" * 4,
    "a length of 100 GB": b"\x81\xff" + (100 << 30).to_bytes(8, "big") + b"\0" * 4,
    "deflate that was not agreed": frame(b"\xcaH\xcd\xc9\xc9\x07\x00", reserved=0x40),
    "HTTP": b"GET /healthz HTTP/1.1\r\n\r\n",
    "nothing but zeros": b"\0" * 64,
}


@pytest.mark.parametrize("what", SPOILT)
async def test_a_spoilt_frame_closes_only_its_own_connection(base: str, alice: str, what: str) -> None:
    async with connect(base, alice) as client:
        socket = await Socket.open(base, f"/ws?uid={alice}")
        socket.writer.write(SPOILT[what])
        assert await socket.close_code() in (1002, 1007, 1009, None)
        socket.drop()
        assert (await client.ask("session.ping"))["result"]


async def test_a_message_in_many_parts_with_pings_between_is_one_message(base: str, alice: str) -> None:
    socket = await Socket.open(base, f"/ws?uid={alice}")
    text = json.dumps({**PING, "uid": alice, "id": "\u00e9" * 5}, ensure_ascii=False).encode()
    for at in range(len(text)):
        socket.send(text[at : at + 1], 0 if at else 1, fin=at == len(text) - 1)
        if at % 10 == 0:
            socket.send(b"p", 9)
    opcodes = []
    while 1 not in opcodes:
        opcode, payload = await socket.receive()
        opcodes.append(opcode)
    assert opcodes.count(10) == -(-len(text) // 10)
    assert json.loads(payload)["id"] == "\u00e9" * 5
    socket.drop()


async def test_parts_without_end_are_closed_with_1009(process: Process, alice: str) -> None:
    before = resident(process)
    socket = await Socket.open(process.base, f"/ws?uid={alice}")
    socket.send(b"[", 1, fin=False)
    try:
        for _ in range(30):
            socket.send(b" " * 1_000_000, 0, fin=False)
            await socket.writer.drain()
    except ConnectionError:
        pass
    assert await socket.close_code() in (1009, None)
    socket.drop()
    assert resident(process) - before < 60_000_000


async def test_pings_are_answered_and_a_flood_of_them_starves_nobody(base: str, alice: str, bob: str) -> None:
    socket = await Socket.open(base, f"/ws?uid={alice}")
    async with connect(base, bob) as other:
        for _ in range(50):
            socket.writer.write(frame(b"p" * 125, 9) * 200)
            assert (await other.ask("session.ping"))["result"]
        socket.send({**PING, "uid": alice})
        async with asyncio.timeout(20):
            assert (await answered(socket))["result"]
    socket.drop()


async def test_compression_is_never_agreed_to(base: str, alice: str) -> None:
    offer = "Sec-WebSocket-Extensions: permessage-deflate; client_max_window_bits"
    place = urlsplit(base)
    reader, writer = await asyncio.open_connection(place.hostname, place.port)
    writer.write(handshake(base, f"/ws?uid={alice}", offer))
    head = parsed(await asyncio.wait_for(reader.readuntil(b"\r\n\r\n"), 10))
    writer.close()
    assert head.status == 101
    assert "sec-websocket-extensions" not in head.headers


@pytest.mark.parametrize(
    ("method", "drop", "add"),
    [
        ("POST", "", []),
        ("GET", "Sec-WebSocket-Version", []),
        ("GET", "Sec-WebSocket-Version", ["Sec-WebSocket-Version: 8"]),
        ("GET", "Sec-WebSocket-Key", []),
        ("GET", "Sec-WebSocket-Key", ["Sec-WebSocket-Key: short"]),
        ("GET", "Sec-WebSocket-Key", ["Sec-WebSocket-Key: "]),
        ("GET", "Connection", []),
        ("GET", "Upgrade", []),
        ("GET", "Upgrade", ["Upgrade: h2c"]),
    ],
)
async def test_a_handshake_that_is_none_opens_nothing(
    base: str, alice: str, method: str, drop: str, add: list[str]
) -> None:
    lines = handshake(base, f"/ws?uid={alice}", method=method).decode().split("\r\n")[:-2]
    lines = [line for line in lines if not drop or not line.startswith(drop)] + add + ["Content-Length: 0"]
    place = urlsplit(base)
    reader, writer = await asyncio.open_connection(place.hostname, place.port)
    writer.write("\r\n".join([*lines, "", ""]).encode())
    head = parsed(await asyncio.wait_for(reader.read(65_536), 10))
    writer.close()
    assert 400 <= head.status < 500, head
    assert (await fetch(base, "/healthz")).status == 200


async def test_one_user_has_so_many_connections_and_the_next_is_4429(process: Process, alice: str, bob: str) -> None:
    sockets = [await Socket.open(process.base, f"/ws?uid={alice}") for _ in range(200)]
    codes = []
    for number, socket in enumerate(sockets):
        if number >= 100:
            codes.append(await socket.close_code())
    assert set(codes) == {4429}
    async with connect(process.base, bob) as other:
        assert (await other.ask("session.ping"))["result"]
    for socket in sockets:
        socket.drop()
    async with asyncio.timeout(10):
        while True:  # those that vanished give their places back
            async with connect(process.base, alice) as client:
                try:
                    assert (await client.ask("session.ping"))["result"]
                    break
                except Exception as error:
                    assert "4429" in str(error)


DEEP: list[tuple[str, tuple[int, ...]]] = [
    ('{"a":' * 100_000 + "1" + "}" * 100_000, (-32700,)),
    ("[" * 100_000, (-32700,)),
    (
        '{"jsonrpc":"2.0","id":1,"uid":"UID","method":"session.ping","params":' + '{"a":' * 900 + "1" + "}" * 900 + "}",
        (-32602, -32700),
    ),
    ('{"jsonrpc":"2.0","id":' + "9" * 5_000 + ',"uid":"UID","method":"session.ping","params":{}}', (-32600, -32700)),
    ('{"jsonrpc":"2.0","id":1e400,"uid":"UID","method":"session.ping","params":{}}', (-32600, -32700)),
    ('{"jsonrpc":"2.0","id":NaN,"uid":"UID","method":"session.ping","params":{}}', (-32700,)),
    ('{"jsonrpc":"2.0","id":1,"uid":"UID","method":"' + "m" * 1_000_000 + '","params":{}}', (-32601,)),
    (
        '{"jsonrpc":"2.0","id":1,"uid":"UID","method":"state.update","params":{"scope":"global","key":"k","value":"\\ud800"}}',
        (-32700, -32602),
    ),
    (
        '{"jsonrpc":"2.0","id":1,"uid":"UID","method":"state.update","params":{"scope":"global","key":"\\u0000"}}',
        (0, -32602),
    ),
    ('{"jsonrpc":"2.0","id":1,"uid":"UID","method":"session.open","params":{"after":99999999999999999999}}', (-32602,)),
    ('{"jsonrpc":"2.0","id":1,"uid":"UID","method":"session.ping","params":{},"params":{"x":1}}', (-32602,)),
    ('{"jsonrpc":"2.0","id":1,"uid":"UID","method":"no.such","method":"session.ping","params":{}}', (0,)),
]


@pytest.mark.parametrize(("text", "codes"), DEEP, ids=range(len(DEEP)))
async def test_json_that_means_harm_is_answered_and_the_connection_lives(
    base: str, alice: str, text: str, codes: tuple[int, ...]
) -> None:
    async with connect(base, alice) as client:
        await client.send(text.replace("UID", alice))
        answer = await asyncio.wait_for(client.inbox.get(), 20)
        assert answer.get("error", {"code": 0})["code"] in codes, str(answer)[:500]
        assert len(json.dumps(answer)) < 5_000
        assert (await client.ask("session.ping"))["result"]


async def test_values_near_the_ends_of_json_come_back_as_they_are(base: str, alice: str) -> None:
    values = [
        0,
        -1,
        2**53,
        -(2**53),
        2**63 - 1,
        0.1,
        1e308,
        "",
        "\u0000",
        "\U0001f600",
        [],
        {},
        [[]] * 50,
        {"": None},
        "\u2028",
    ]
    nested: Any = 1
    for _ in range(100):
        nested = [nested]
    async with connect(base, alice) as client:
        for value in [*values, nested, "x" * 500_000]:
            await client.call("state.update", scope="global", key="k", value=value)
            assert await client.call("state.get", scope="global", key="k") == value


@pytest.mark.parametrize("kind", range(0, 256, 15))
async def test_binary_frames_for_no_terminal_do_no_harm(base: str, alice: str, kind: int) -> None:
    async with connect(base, alice) as client:
        for payload in (b"", bytes([kind]), bytes([kind]) + b"\0" * 12, bytes([kind]) + b"\xff" * 100):
            await client.send(payload)
        assert (await client.ask("session.ping"))["result"]


async def test_a_thousand_requests_at_once_are_all_answered_once(base: str, alice: str) -> None:
    socket = await Socket.open(base, f"/ws?uid={alice}")
    methods = ["session.ping", "state.keys", "workspace.fs.stat", "no.such", "state.update"]
    params: list[dict[str, Any]] = [
        {},
        {"scope": "global"},
        {"uri": "/workspace"},
        {},
        {"scope": "global", "key": "k", "value": 1},
    ]
    for number in range(1_000):
        call = {
            "jsonrpc": "2.0",
            "id": number,
            "method": methods[number % 5],
            "params": params[number % 5],
            "uid": alice,
        }
        socket.send(call)
    answers = [await answered(socket) for _ in range(1_000)]
    socket.drop()
    assert sorted(one["id"] for one in answers) == list(range(1_000))
    assert all(one["error"]["code"] == -32601 for one in answers if one["id"] % 5 == 3)
    assert all("result" in one or one["error"]["code"] == -32001 for one in answers if one["id"] % 5 != 3)


async def test_cancels_between_requests_leave_each_with_one_answer(base: str, alice: str) -> None:
    async with connect(base, alice) as client:
        await client.call("session.open")
        socket = await Socket.open(base, f"/ws?uid={alice}")
        chance = random.Random(3)
        for number in range(300):
            uri = {"uri": f"/workspace/{number % 7}", "content": "x" * 1_000}
            socket.send(
                {"jsonrpc": "2.0", "id": number, "method": "workspace.fs.writeFile", "params": uri, "uid": alice}
            )
            victim = {"id": chance.randint(max(0, number - 20), number)}
            socket.send({"jsonrpc": "2.0", "method": "$/cancelRequest", "params": victim, "uid": alice})
        answers = [await answered(socket) for _ in range(300)]
        assert sorted(one["id"] for one in answers) == list(range(300))
        assert {one["error"]["code"] for one in answers if "error" in one} <= {-32800, -32001}
        socket.drop()
        for name, _ in await client.call("workspace.fs.readDirectory", uri="/workspace"):
            content = (await client.call("workspace.fs.readFile", uri=f"/workspace/{name}"))["content"]
            assert content == "x" * 1_000


async def test_who_asks_and_never_reads_is_not_served_without_end(process: Process, alice: str, bob: str) -> None:
    before = resident(process)
    async with connect(process.base, alice) as client, connect(process.base, bob) as other:
        await client.call("workspace.fs.writeFile", uri="/workspace/big", content="x" * 1_000_000)
        socket = await Socket.open(process.base, f"/ws?uid={alice}", limit=1_024)
        call = {
            "jsonrpc": "2.0",
            "id": 1,
            "method": "workspace.fs.readFile",
            "params": {"uri": "/workspace/big"},
            "uid": alice,
        }
        for _ in range(300):
            socket.send(call)
        for _ in range(40):
            assert (await asyncio.wait_for(other.ask("session.ping"), 5))["result"]
            await asyncio.sleep(0.02)
        assert resident(process) - before < 120_000_000
        socket.drop()
        assert (await client.ask("session.ping"))["result"]


async def test_clients_that_vanish_in_the_middle_leave_nothing_behind(base: str, alice: str, bob: str) -> None:
    for number in range(60):
        socket = await Socket.open(base, f"/ws?uid={alice}")
        socket.send({"jsonrpc": "2.0", "id": 1, "method": "session.open", "params": {}, "uid": alice})
        write = {"uri": "/workspace/a", "content": "x" * 10_000}
        socket.send({"jsonrpc": "2.0", "id": 2, "method": "workspace.fs.writeFile", "params": write, "uid": alice})
        socket.writer.write(frame(b'{"jsonrpc":', 1)[: number % 14])
        await socket.writer.drain()
        if number % 2:
            await socket.receive()
        socket.drop()
    async with connect(base, bob) as other:
        assert (await other.ask("session.ping"))["result"]
        async with asyncio.timeout(15):
            while "roost_connections 1.0" not in (await fetch(base, "/metrics")).body.decode():  # noqa: ASYNC110
                await asyncio.sleep(0.05)
    async with connect(base, alice) as client:
        assert (await client.call("workspace.fs.readFile", uri="/workspace/a"))["content"] in ("", "x" * 10_000)


async def test_handshakes_that_trickle_keep_nobody_out_and_are_ended(base: str, alice: str) -> None:
    place = urlsplit(base)
    slow = []
    for number in range(100):
        reader, writer = await asyncio.open_connection(place.hostname, place.port)
        writer.write(handshake(base, f"/ws?uid={alice}")[: number % 40])
        slow.append((reader, writer))
    async with connect(base, alice) as client:
        assert (await client.ask("session.ping"))["result"]
    async with asyncio.timeout(25):
        for reader, writer in slow:
            assert (await reader.read(-1))[:12] in (b"", b"HTTP/1.1 408")
            writer.close()


async def test_streams_of_events_count_as_connections(base: str, alice: str) -> None:
    from contextlib import AsyncExitStack

    async with AsyncExitStack() as stack:
        for _ in range(100):
            await stack.enter_async_context(listening(base, alice))
        answer = await fetch(base, f"/api/v1/events?uid={alice}")
        assert answer.status == 429


async def load(client: Client, kept: dict[str, Any], number: int) -> None:
    """Mixed writes, remembered once they are acknowledged, until the host is gone."""
    try:
        while True:
            number += 1
            await client.call(
                "state.update", scope="global", key=f"g{number % 5}", value=[number, "x" * (number % 300)]
            )
            kept[f"global g{number % 5}"] = number
            await client.call("state.update", scope="workspace", key=f"w{number % 3}", value=number)
            kept[f"workspace w{number % 3}"] = number
            name = f"/workspace/d{number % 3}/f{number % 4}"
            await client.call("workspace.fs.writeFile", uri=name, content=f"{number}\n" * 500)
            kept[name] = number
            await client.call("secrets.store", key=f"s{number}", value="v")
            kept.setdefault("secrets", []).append(f"s{number}")
            await client.call("commands.executeCommand", command="hello.remember", arguments=[str(number)])
            kept["note"] = number
    except Exception as error:
        assert isinstance(error, ConnectionError | OSError) or "ConnectionClosed" in type(error).__name__, error


async def check(client: Client, kept: dict[str, Any]) -> None:
    for key, number in kept.items():
        where, _, name = key.partition(" ")
        if key == "secrets":
            assert set(number) <= set(await client.call("secrets.keys"))
        elif key == "note":
            assert int(await client.call("commands.executeCommand", command="hello.recall")) >= number
        elif key.startswith("/"):
            lines = (await client.call("workspace.fs.readFile", uri=key))["content"].split("\n")
            assert len(lines) == 501
            assert len(set(lines[:-1])) == 1
            assert int(lines[0]) >= number
        else:
            value = await client.call("state.get", scope=where, key=name)
            assert (value[0] if where == "global" else value) >= number


async def test_five_times_kill_9_under_the_load_of_three_users_loses_nothing(tmp_path: Path) -> None:
    chance = random.Random(11)
    kept: dict[str, dict[str, Any]] = {uid: {} for uid in ("ada", "grace", "joan")}
    for life in range(6):
        with running(tmp_path / "data") as host:
            async with (
                connect(host.base, "ada") as a,
                connect(host.base, "grace") as g,
                connect(host.base, "joan") as j,
            ):
                for client in (a, g, j):
                    await check(client, kept[client.uid])
                if life == 5:
                    break
                async with asyncio.TaskGroup() as group:
                    for client in (a, g, j):
                        group.create_task(load(client, kept[client.uid], life * 10_000))
                    await asyncio.sleep(0.3 + chance.random() * 0.4)
                    host.send(signal.SIGKILL)
    assert all(len(one["secrets"]) > 5 for one in kept.values())


async def test_two_requests_on_one_connection_are_served_in_turn(base: str) -> None:
    one = f"GET /healthz HTTP/1.1\r\nHost: {urlsplit(base).netloc}\r\n\r\n".encode()
    last = one.replace(b"\r\n\r\n", b"\r\nConnection: close\r\n\r\n")
    whole = await exchange(base, one * 50 + last)
    assert whole.count(b"HTTP/1.1 200 OK") == 51
