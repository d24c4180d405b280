"""The connections to providers: all that was sent, in bounds, with the HTTP client's own errors."""

from __future__ import annotations

import asyncio
import ssl
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager, suppress
from pathlib import Path

import httpcore2
import pytest

from host.providers.line import Client
from host.providers.network import FULL, Network, Stream
from tests.certificates import contexts
from tests.sessions.stores import eventually

pytestmark = pytest.mark.anyio

Serves = Callable[[asyncio.StreamReader, asyncio.StreamWriter], Awaitable[None]]


@asynccontextmanager
async def server(serves: Serves, tls: ssl.SSLContext | None = None) -> AsyncIterator[int]:
    """A server on loopback; yields its port."""

    served: set[asyncio.Task[None]] = set()

    async def one(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        with suppress(asyncio.IncompleteReadError, ConnectionError):
            await serves(reader, writer)
        writer.close()
        with suppress(ConnectionError):
            await writer.wait_closed()

    def begin(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        served.add(asyncio.create_task(one(reader, writer)))

    listening = await asyncio.start_server(begin, "127.0.0.1", 0, ssl=tls)
    async with listening:
        yield listening.sockets[0].getsockname()[1]
    await asyncio.gather(*served)


@asynccontextmanager
async def connected(serves: Serves) -> AsyncIterator[Stream]:
    async with server(serves) as port:
        stream = await Network().connect_tcp("localhost", port, timeout=10)
        assert isinstance(stream, Stream)
        yield stream
        await stream.aclose()


async def until_closed(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    await reader.read()


async def test_what_came_is_read_in_order_and_an_end_is_no_error() -> None:
    async def serves(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        writer.write((await reader.readexactly(3)) + b" and more")

    async with connected(serves) as stream:
        await stream.write(b"abc", 10)
        said = b""
        while piece := await stream.read(4, 10):
            assert len(piece) <= 4
            said += piece
        assert said == b"abc and more"
        assert await stream.read(4, 10) == b""


async def test_a_flood_waits_at_its_sender_until_it_is_read() -> None:
    flood = bytes(range(256)) * (4 << 12)

    async def serves(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        writer.write(flood)
        await writer.drain()

    async with connected(serves) as stream:
        came, most = bytearray(), 0
        while piece := await stream.read(1 << 14, 10):
            came += piece
            await asyncio.sleep(0)
            most = max(most, len(stream._line._came))
        assert came == flood
        assert most <= FULL + (256 << 10), "one read of the loop above it, no more"


async def test_what_is_written_waits_for_a_reader_that_is_slow() -> None:
    reads = asyncio.Event()
    got = asyncio.get_running_loop().create_future()

    async def serves(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reads.wait()
        got.set_result(len(await reader.readexactly(8 << 20)))

    async with connected(serves) as stream:
        writing = asyncio.create_task(stream.write(b"x" * (8 << 20), 10))
        await asyncio.sleep(0.05)
        assert not writing.done()
        reads.set()
        await writing
        assert await got == 8 << 20


async def test_silence_is_a_timeout_of_the_http_clients() -> None:
    async with connected(until_closed) as stream:
        with pytest.raises(httpcore2.ReadTimeout):
            await stream.read(1, 0.01)


async def test_a_port_that_nobody_listens_on_is_a_connect_error() -> None:
    async with server(until_closed) as port:
        pass
    with pytest.raises(httpcore2.ConnectError):
        await Network().connect_tcp("127.0.0.1", port, timeout=10)


@pytest.mark.parametrize("name", ["a" * 70 + ".invalid", "\ud800.invalid"])
async def test_what_can_be_no_name_is_a_connect_error(name: str) -> None:
    with pytest.raises(httpcore2.ConnectError):
        await Network().connect_tcp(name, 1, timeout=10)


async def test_who_closed_reads_and_writes_nothing_more() -> None:
    async with connected(until_closed) as stream:
        await stream.aclose()
        await asyncio.sleep(0)
        with pytest.raises(httpcore2.WriteError):
            await stream.write(b"x", 10)


async def test_an_idle_connection_that_the_server_ended_is_known_without_asking_the_kernel() -> None:
    ends = asyncio.Event()

    async def serves(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await ends.wait()

    async with connected(serves) as stream:
        assert not stream.get_extra_info("is_readable")
        ends.set()
        await eventually(lambda: stream.get_extra_info("is_readable"))


async def test_a_connection_that_the_server_closed_after_its_answer_is_not_used_again() -> None:
    connections = 0

    async def serves(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        nonlocal connections
        connections += 1
        await reader.readuntil(b"\r\n\r\n")
        writer.write(b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok")
        await writer.drain()
        writer.close()

    client = Client(2)
    async with server(serves) as port:
        http = await client.http()
        for count in (1, 2, 3):
            assert (await http.get(f"http://127.0.0.1:{port}/")).text == "ok"
            assert connections == count
            await asyncio.sleep(0.01)
        await client.close()


async def test_the_client_keeps_a_connection_for_the_next_request_and_it_is_one_of_these() -> None:
    connections = 0

    async def serves(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        nonlocal connections
        connections += 1
        while await reader.readuntil(b"\r\n\r\n"):
            writer.write(b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok")

    client = Client(2)
    async with server(serves) as port:
        http = await client.http()
        for _ in range(3):
            answer = await http.get(f"http://127.0.0.1:{port}/")
            assert answer.text == "ok"
            assert isinstance(answer.extensions["network_stream"], Stream)
        assert connections == 1
        await client.close()


async def test_tls_is_spoken_over_it_and_a_certificate_that_nobody_vouches_for_is_a_connect_error(
    tmp_path: Path,
) -> None:
    async def serves(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        writer.write(await reader.readexactly(5))
        await writer.drain()
        writer.close()

    serving, believing = await asyncio.to_thread(contexts, tmp_path, "localhost")
    async with server(serves, serving) as port:
        plain = await Network().connect_tcp("localhost", port, timeout=10)
        stream = await plain.start_tls(believing, "localhost", 10)
        assert stream.get_extra_info("ssl_object") is not None
        await stream.write(b"hello", 10)
        assert await stream.read(100, 10) == b"hello"
        await stream.aclose()
        doubting = await Network().connect_tcp("localhost", port, timeout=10)
        with pytest.raises(httpcore2.ConnectError):
            await doubting.start_tls(ssl.create_default_context(), "localhost", 10)


async def test_an_address_or_options_of_ones_own_are_refused() -> None:
    for more in ({"local_address": "127.0.0.1"}, {"socket_options": []}):
        with pytest.raises(NotImplementedError):
            await Network().connect_tcp("127.0.0.1", 1, **more)  # type: ignore[arg-type]
