"""Pipes as streams: every byte in order, nobody ahead of a slow reader, and one close for each descriptor."""

from __future__ import annotations

import asyncio
import os

import pytest

from sessions.streams import PipeReader, PipeWriter

pytestmark = pytest.mark.anyio


@pytest.fixture(params=[False, True], ids=["asyncio", "uvloop"])
def anyio_backend(request: pytest.FixtureRequest) -> tuple[str, dict[str, bool]]:
    return "asyncio", {"use_uvloop": request.param}


def pipe() -> tuple[int, int]:
    reading, writing = os.pipe2(os.O_NONBLOCK | os.O_CLOEXEC)
    return reading, writing


async def test_much_goes_through_in_order_at_the_readers_pace() -> None:
    reading, writing = pipe()
    reader, writer = asyncio.StreamReader(65536), PipeWriter(writing)
    PipeReader(reading, reader)
    whole = os.urandom(5_000_000)

    async def feed() -> None:
        for at in range(0, len(whole), 99_991):
            writer.write(whole[at : at + 99_991])
            await writer.drain()
        writer.close()

    feeding = asyncio.ensure_future(feed())
    seen = b""
    while data := await reader.read(10_000):
        seen += data
    await feeding
    assert seen == whole


async def test_a_reader_that_waits_holds_the_writer_back() -> None:
    reading, writing = pipe()
    reader = asyncio.StreamReader(1000)
    end = PipeReader(reading, reader)
    written = 0
    for _ in range(200):
        try:
            written += os.write(writing, bytes(65536))
        except BlockingIOError:
            await asyncio.sleep(0.002)
    assert written < 1 << 20
    os.close(writing)
    assert len(await reader.read()) == written
    assert end.is_closing()


async def test_writing_to_nobody_is_told_once_and_harms_nothing() -> None:
    reading, writing = pipe()
    os.close(reading)
    writer = PipeWriter(writing)
    writer.write(bytes(1_000_000))
    with pytest.raises(BrokenPipeError):
        await writer.drain()
    writer.write(b"more")
    writer.close()
    writer.abort()


async def test_closing_writes_what_waits_and_aborting_does_not() -> None:
    for finish, expected in (("close", 1_000_000), ("abort", 0)):
        reading, writing = pipe()
        reader, writer = asyncio.StreamReader(), PipeWriter(writing)
        PipeReader(reading, reader)
        writer.write(bytes(1_000_000))
        getattr(writer, finish)()
        writer.write(b"too late")
        assert len(await reader.read()) == expected


async def test_closing_again_closes_nobody_elses_descriptor() -> None:
    reading, writing = pipe()
    reader = asyncio.StreamReader()
    end, writer = PipeReader(reading, reader), PipeWriter(writing)
    writer.close()
    end.close()
    others = [os.open("/dev/null", os.O_RDONLY | os.O_CLOEXEC) for _ in range(2)]
    assert set(others) == {reading, writing}
    for closing in (end.close, writer.close, writer.abort, end.pause_reading, end.resume_reading):
        closing()
    await asyncio.sleep(0)
    for fd in others:
        os.close(fd)  # raises if somebody did already


async def test_who_waits_for_room_is_let_go_when_the_pipe_is_closed() -> None:
    reading, writing = pipe()
    writer = PipeWriter(writing)
    writer.write(bytes(1_000_000))
    waiting = asyncio.ensure_future(writer.drain())
    await asyncio.sleep(0)
    writer.abort()
    async with asyncio.timeout(5):
        await waiting
    os.close(reading)
