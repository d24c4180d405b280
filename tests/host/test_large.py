"""Messages of megabytes: read and written in pieces, to the same that they would come to in one go."""

from __future__ import annotations

import asyncio
import base64
import json
import os
import random
import re
import threading
from collections.abc import MutableMapping
from itertools import pairwise
from pathlib import Path
from typing import Any

import orjson
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from host import large, wire
from host.auth import User
from host.connection import Connection
from sessions.files import Files
from shim import Position, Range
from tests.client import Refused, connect
from tests.hosted import hosted
from tests.raw import Socket, frame

pytestmark = pytest.mark.anyio

PIECE = large.PIECE
TEXTS = ["x" * 300_000, 'é"\\\n€😀' * 60_000, "a" * (PIECE - 1) + "\\" * 200_001 + '"' * 100_000]


def in_one(value: object) -> bytes:
    return wire.result(7, "ada", value).encode()


@pytest.mark.parametrize(
    "value",
    [
        *TEXTS,
        {"content": TEXTS[1], "encoding": "utf-8"},
        [["name", number] for number in range(9_001)],
        {"matches": [Range(0, 0, number, 1) for number in range(2_501)], "limitHit": False, 'a "key"': TEXTS[2]},
        {str(number): [number] for number in range(2_501)},
        (Position(1, 2),) * 2_501,
    ],
    ids=lambda value: type(value).__name__,
)
def test_a_large_answer_is_the_same_in_pieces(value: object) -> None:
    assert large.is_large(value)
    pieces = large.result(7, "ada", value)
    assert b"".join(pieces) == in_one(value)
    assert max(map(len, pieces)) <= 8 * PIECE, "and none of them takes long"


@pytest.mark.parametrize("value", [None, 1, "x" * 1_000, {"a": "x", "b": [1] * 2_000}, [["x" * 300_000]], {}, []])
def test_what_is_small_goes_the_short_way(value: object) -> None:
    assert not large.is_large(value)


@pytest.mark.parametrize("value", ["\ud800" * 300_000, [object()] * 3_000, {7: "x" * 300_000}])
def test_what_is_not_json_is_none_in_pieces_either(value: object) -> None:
    for write in (wire.result, large.result):
        with pytest.raises(TypeError):
            write(7, "ada", value)


def counted(text: str) -> int:
    """What opens and separates values, by a plain reading of the whole."""
    outside = re.sub(r'"(?:[^"\\]|\\.)*"', "", text, flags=re.DOTALL)
    return sum(map(outside.count, ",[{"))


@settings(max_examples=40, deadline=None)
@given(
    st.recursive(
        st.none() | st.text('",[{\\\n', max_size=9), lambda one: st.lists(one) | st.dictionaries(st.text(), one)
    )
)
def test_values_are_counted_outside_of_strings(value: object) -> None:
    text = json.dumps(value)
    assert large.looked_through(text.encode())[0] == counted(text)


@pytest.mark.parametrize("seed", range(20))
def test_they_are_counted_so_wherever_a_piece_ends(seed: int, monkeypatch: pytest.MonkeyPatch) -> None:
    chance = random.Random(seed)
    monkeypatch.setattr(large, "PIECE", 3 + seed)
    texts = ["".join(chance.choices('",[{\\\\\\x', k=chance.randrange(30))) for _ in range(40)]
    text = json.dumps({"a": texts, "b": [{}, [], ","]})
    assert large.looked_through(text.encode())[0] == counted(text)


@pytest.mark.parametrize("hole", ["{}", "[]", "1", '""'])
def test_a_message_of_very_many_values_is_refused_unread(hole: str) -> None:
    many = ",".join([hole] * (large.MOST_VALUES + 2))
    with pytest.raises(wire.WireError, match="more than 100,000 values") as caught:
        large.read(f'{{"jsonrpc": "2.0", "id": 1, "method": "m", "params": {{"a": [{many}]}}, "uid": "ada"}}')
    assert caught.value.code == wire.INVALID_REQUEST


def test_a_text_with_as_many_marks_in_it_is_one_value() -> None:
    text = '[{"a\\": 1}, ' * large.MOST_VALUES
    call = large.read(json.dumps({"jsonrpc": "2.0", "id": 1, "method": "m", "params": {"text": text}, "uid": "ada"}))
    assert isinstance(call, wire.Call) and call.params == {"text": text}


PLACES = [
    lambda text: {"content": text},
    lambda text: {"content": text + "e", "other": [1, {"a": [f"b{text}", text]}]},
    lambda text: {text: text},
    lambda text: [text],
]


def called(params: object, *, ascii_only: bool) -> str:
    call = {"jsonrpc": "2.0", "id": 1, "method": "m", "params": params, "uid": "ada"}
    return json.dumps(call, ensure_ascii=ascii_only)


@settings(max_examples=200, deadline=None)
@given(
    st.lists(st.sampled_from(["x" * 9, "é", "€", "😀", '"', "\\", "\n", "\0", "u00e9", "\x7f", "x" * 60]), max_size=80),
    st.sampled_from(PLACES),
    st.booleans(),
)
def test_a_large_text_in_a_message_is_read_as_the_whole_would_be(
    parts: list[str], place: Any, ascii_only: bool
) -> None:
    text = called(place("".join(parts)), ascii_only=ascii_only)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(large, "PIECE", 16)
        patch.setattr(large, "LARGE", 64)
        patch.setattr(large, "breathe", lambda: None)
        try:
            whole: object = wire.decode(text)
        except wire.WireError as error:
            whole = (error.code, str(error))
        try:
            read: object = large.read(text)
        except wire.WireError as error:
            read = (error.code, str(error))
    assert read == whole


@pytest.mark.parametrize("ascii_only", [False, True])
@pytest.mark.parametrize("text", ["x" * 3_000_000, "line\n" * 500_000, 'é"\\ and words of some length ' * 100_000])
def test_it_is_never_read_in_one_go(text: str, ascii_only: bool, monkeypatch: pytest.MonkeyPatch) -> None:
    loads, sizes = orjson.loads, []

    def noted(content: bytes) -> Any:
        sizes.append(len(content))
        return loads(content)

    frame = [called(PLACES[1](text), ascii_only=ascii_only).encode()]
    monkeypatch.setattr(orjson, "loads", noted)
    call = large.read(frame)
    assert isinstance(call, wire.Call) and call.params == PLACES[1](text)
    assert max(sizes) < 10 * PIECE and not frame


@pytest.mark.parametrize("spoil", [b"\xff", b"\n", b"\\x", b"\\ud800", b"\xc3"])
def test_a_mistake_in_the_middle_of_a_large_text_is_told_as_of_the_whole(spoil: bytes) -> None:
    whole = called({"content": "x" * 900_000 + "MISTAKE" + "x" * 900_000}, ascii_only=True).encode()
    frame = whole.replace(b"MISTAKE", spoil)
    with pytest.raises(wire.WireError) as expected:
        wire.decode(frame)
    with pytest.raises(wire.WireError) as caught:
        large.read([frame])
    assert (caught.value.code, str(caught.value)) == (expected.value.code, str(expected.value))


@pytest.mark.parametrize("size", [0, 1, 2, 3, 1_000, large.LARGE + 1, 400_000])
def test_base64_is_the_same_in_pieces(size: int) -> None:
    content = os.urandom(size)
    text = base64.b64encode(content).decode()
    written = large.to_base64(content)
    assert (written if isinstance(written, str) else b"".join(written).decode()) == text
    assert isinstance(written, str) == (size <= large.LARGE)
    assert large.from_base64(text) == content


@pytest.mark.parametrize("text", [*TEXTS, "é" * PIECE * 3, "€" * PIECE * 3, "x" + "😀" * PIECE * 2])
def test_a_large_file_is_written_as_its_text_would_be_wherever_its_pieces_end(text: str) -> None:
    written = large.from_utf8(text.encode())
    assert isinstance(written, large.Text) and max(map(len, written)) <= 8 * PIECE
    for value in (written, {"content": written, "encoding": "utf-8"}):
        whole = text if value is written else {"content": text, "encoding": "utf-8"}
        assert b"".join(large.result(7, "ada", value)) == in_one(whole)


@pytest.mark.parametrize("end", [b"\xff", b"\xc3", b"\xe2\x82", b"\xed\xa0\x80"])
def test_bytes_that_are_no_text_are_none_in_pieces_either(end: bytes) -> None:
    for content in (end, b"x" * 300_000 + end, end + b"x" * 300_000):
        with pytest.raises(UnicodeDecodeError):
            large.from_utf8(content)


class Item(dict[str, int]):
    """Tells when it is freed."""

    freed = 0

    def __del__(self) -> None:
        Item.freed += 1


@pytest.mark.parametrize("inside", [False, True])
def test_what_was_answered_is_freed_in_pieces(inside: bool, monkeypatch: pytest.MonkeyPatch) -> None:
    turns = []
    monkeypatch.setattr(large, "breathe", lambda: turns.append(Item.freed))
    monkeypatch.setattr(Item, "freed", 0)
    items = [Item(n=number) for number in range(5_000)]
    held: list[object] = [{"matches": items, "limitHit": False} if inside else items]
    del items
    pieces = large.written(7, "ada", held)
    assert not held and Item.freed == 5_000
    assert b"".join(pieces).count(b'{"n":') == 5_000
    assert max(after - before for before, after in pairwise(turns)) <= large.MANY


def test_what_an_extension_keeps_of_its_answer_is_left_as_it_is() -> None:
    mine = [[number] for number in range(5_000)]
    large.written(7, "ada", [mine])
    assert mine == [[number] for number in range(5_000)]


async def test_a_large_answer_is_let_go_beside_the_loop(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    threads = set()

    class Freed(dict[str, int]):
        def __del__(self) -> None:
            threads.add(threading.get_ident())

    async def listed(files: Files, path: str) -> list[Freed]:
        return [Freed(n=number) for number in range(3_000)]

    monkeypatch.setattr(Files, "read_directory", listed)
    incoming: asyncio.Queue[MutableMapping[str, Any]] = asyncio.Queue()
    outgoing: asyncio.Queue[MutableMapping[str, Any]] = asyncio.Queue()
    async with hosted(tmp_path) as (host, _), asyncio.TaskGroup() as group:
        group.create_task(Connection(host, incoming.get, outgoing.put).run(User("ada")))
        params = {"uri": "/workspace"}
        call = {"jsonrpc": "2.0", "id": 1, "method": "workspace.fs.readDirectory", "params": params, "uid": "ada"}
        incoming.put_nowait({"type": "websocket.receive", "text": json.dumps(call)})
        assert len(json.loads((await outgoing.get())["text"])["result"]) == 3_000
        incoming.put_nowait({"type": "websocket.disconnect"})
    assert threads and threading.get_ident() not in threads


@pytest.mark.parametrize("size", [16, 1 << 20])
@pytest.mark.parametrize("spoil", ["{}\n", "A{}", "=={}", "{}é", "{}A===", "\n{}"])
def test_what_is_not_base64_is_refused_at_any_size(size: int, spoil: str) -> None:
    with pytest.raises(ValueError):
        large.from_base64(spoil.format("A" * size))


def test_padding_in_the_middle_is_refused_where_a_piece_ends_there() -> None:
    with pytest.raises(ValueError):
        large.from_base64("A" * (PIECE - 2) + "==" + "A" * (1 << 20))


@pytest.mark.parametrize("size", [0, 125, 126, 65_535, 65_536, 300_000])
def test_a_frame_begins_as_the_protocol_wants_it(size: int) -> None:
    sent = frame(b"x" * size, masked=False)
    assert large.head([b"x" * (size // 2), b"x" * (size - size // 2)]) == sent[: len(sent) - size]


async def test_large_files_go_both_ways_whole(base: str, alice: str) -> None:
    random_bytes = base64.b64encode(os.urandom(5_000_000)).decode()
    async with connect(base, alice) as client:
        for content, encoding in [(text, "utf-8") for text in TEXTS] + [(random_bytes, "base64")]:
            await client.call("workspace.fs.writeFile", uri="/workspace/a", content=content, encoding=encoding)
            got = await client.call("workspace.fs.readFile", uri="/workspace/a", encoding=encoding)
            assert got == {"content": content, "encoding": encoding}
        with pytest.raises(Refused, match="must be base64"):
            await client.call("workspace.fs.writeFile", uri="/workspace/a", content="é" * 300_000, encoding="base64")


async def test_a_large_answer_and_small_ones_beside_it_do_not_get_mixed_up(base: str, alice: str) -> None:
    async with connect(base, alice) as client:
        await client.call("workspace.fs.writeFile", uri="/workspace/a", content="x" * 3_000_000)
        asked = [client.call("workspace.fs.readFile", uri="/workspace/a") for _ in range(4)]
        asked += [client.call("session.ping") for _ in range(100)]
        answers = await asyncio.gather(*asked)
    assert all(len(answer["content"]) == 3_000_000 for answer in answers[:4])


async def test_a_client_that_compresses_gets_them_too(base: str, alice: str) -> None:
    import websockets

    url = f"{base.replace('http', 'ws', 1)}/ws?uid={alice}"
    async with websockets.connect(url, max_size=None, compression="deflate") as socket:
        ask = {"jsonrpc": "2.0", "id": 1, "method": "workspace.fs.writeFile", "uid": alice}
        await socket.send(json.dumps({**ask, "params": {"uri": "/workspace/a", "content": "x" * 500_000}}))
        assert json.loads(await socket.recv())["result"] is None
        await socket.send(json.dumps({**ask, "method": "workspace.fs.readFile", "params": {"uri": "/workspace/a"}}))
        assert json.loads(await socket.recv())["result"]["content"] == "x" * 500_000


def written(uid: str, number: int, content: str) -> bytes:
    params = {"uri": f"/workspace/{number}", "content": content}
    call = {"jsonrpc": "2.0", "id": number, "method": "workspace.fs.writeFile", "params": params, "uid": uid}
    return json.dumps(call).encode()


async def test_a_large_frame_may_come_in_any_parts_and_with_others_behind_it(base: str, alice: str) -> None:
    socket = await Socket.open(base, f"/ws?uid={alice}")
    sent = (
        frame(written(alice, 1, "a" * 300_000))
        + frame(written(alice, 2, "b"))
        + frame(written(alice, 3, "c" * 400_000))
    )
    for at in range(20):  # its head, byte by byte
        socket.writer.write(sent[at : at + 1])
        await socket.writer.drain()
        await asyncio.sleep(0)
    socket.writer.write(sent[20:])
    fragments = written(alice, 4, "é" * 300_000)
    socket.send(fragments[:200_001], fin=False)
    socket.send(fragments[200_001:], 0)
    answered = {json.loads((await socket.receive())[1])["id"] for _ in range(4)}
    assert answered == {1, 2, 3, 4}
    socket.writer.close()
    async with connect(base, alice) as client:
        sizes = [(await client.call("workspace.fs.stat", uri=f"/workspace/{n}"))["size"] for n in (1, 2, 3, 4)]
    assert sizes == [300_000, 1, 400_000, 600_000]


async def test_large_frames_that_are_no_messages_are_answered_as_small_ones_are(base: str, alice: str) -> None:
    socket = await Socket.open(base, f"/ws?uid={alice}")
    for payload, code in [
        (b'"' + b"\xff" * 300_000 + b'"', wire.PARSE_ERROR),
        (b"[" * 90_000 + b" " * 210_000, wire.PARSE_ERROR),
        (b"[" + b" " * 300_000 + b"]", wire.INVALID_REQUEST),
        (b"[" + b"{}," * 300_000 + b"{}]", wire.INVALID_REQUEST),
    ]:
        socket.send(payload)
        assert json.loads((await socket.receive())[1])["error"]["code"] == code
    socket.send({"jsonrpc": "2.0", "id": 1, "method": "session.ping", "params": {}, "uid": alice})
    assert "result" in json.loads((await socket.receive())[1])
    socket.writer.close()
