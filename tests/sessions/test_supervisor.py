"""The channel to a sandbox's supervisor: whoever speaks at its other end, the host is not harmed."""

from __future__ import annotations

import array
import asyncio
import os
import socket
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import pytest

from sessions.errors import Overloaded, SandboxDied
from sessions.supervisor import PENDING, Supervisor, quoted

pytestmark = pytest.mark.anyio


class Channel:
    """A supervisor's host side, and the other end, which the test speaks at."""

    def __init__(self) -> None:
        self.lost = asyncio.Event()
        self.supervisor = Supervisor(self.lost.set)
        self.ours, self.theirs = socket.socketpair()
        self.theirs.setblocking(False)

    async def say(self, data: bytes) -> None:
        await asyncio.get_running_loop().sock_sendall(self.theirs, data)

    async def hear(self) -> bytes:
        return await asyncio.get_running_loop().sock_recv(self.theirs, 1 << 20)

    async def closed(self) -> bool:
        async with asyncio.timeout(10):
            await self.lost.wait()
            return self.supervisor.lost


@asynccontextmanager
async def channel(ready: bool = True) -> AsyncIterator[Channel]:
    made = Channel()
    loop = asyncio.get_running_loop()
    with made.theirs:
        await loop.create_unix_connection(lambda: made.supervisor, sock=made.ours)
        if ready:
            await made.say(b"ready\n")
            await made.supervisor.ready
        yield made
        made.supervisor.close()
        await made.closed()


async def test_answers_find_their_question_in_any_order() -> None:
    async with channel() as made:
        first = asyncio.ensure_future(made.supervisor.wait(11))
        second = asyncio.ensure_future(made.supervisor.wait(22))
        await asyncio.sleep(0)
        assert await made.hear() == b"wait 11; echo 1 $?\nwait 22; echo 2 $?\n"
        await made.say(b"2 5\n1 ")
        assert await second == 5
        await made.say(b"7\n")
        assert await first == 7


@pytest.mark.parametrize(
    "lie",
    [
        b"1 2 3\n", b"x\n", b"\n", b"1 -2\n", b"1 2.5\n", b"1\n", b"9 1\n", b"1 0x10\n", b"1 12345678901\n", b" 1 2\n",
        b"1 2\r\n", b"ready\n", "1 ２\n".encode(), b"1 2\n1 2\n", b"x" * 5000, b"\0" * 100 + b"\n",
    ],
)  # fmt: skip
async def test_a_supervisor_that_says_anything_else_is_cut_off(lie: bytes) -> None:
    async with channel() as made:
        question = asyncio.ensure_future(made.supervisor.wait(11))
        await asyncio.sleep(0)
        await made.say(lie)
        assert await made.closed()
        with pytest.raises(SandboxDied):
            await asyncio.shield(question) if lie != b"1 2\n1 2\n" else await made.supervisor.wait(1)
        await asyncio.gather(question, return_exceptions=True)


async def test_a_flood_is_cut_off_and_not_kept() -> None:
    async with channel() as made:
        with pytest.raises((ConnectionResetError, BrokenPipeError)):
            for _ in range(1000):
                await made.say(b"y" * 65536)
        assert await made.closed()


async def test_descriptors_that_come_along_are_dropped() -> None:
    async with channel() as made:
        question = asyncio.ensure_future(made.supervisor.wait(11))
        await asyncio.sleep(0)
        reading, writing = os.pipe()
        before = len(os.listdir("/proc/self/fd"))
        given = array.array("i", [writing])
        made.theirs.sendmsg([b"1 5\n"], [(socket.SOL_SOCKET, socket.SCM_RIGHTS, given)])
        assert await question == 5
        assert len(os.listdir("/proc/self/fd")) == before
        os.close(writing)
        assert os.read(reading, 1) == b""  # nobody else has its other end
        os.close(reading)


async def test_a_question_that_nobody_waits_for_any_more_is_answered_to_nobody() -> None:
    async with channel() as made:
        question = asyncio.ensure_future(made.supervisor.wait(11))
        await asyncio.sleep(0)
        question.cancel()
        await asyncio.gather(question, return_exceptions=True)
        await made.say(b"1 5\n")
        later = asyncio.ensure_future(made.supervisor.wait(22))
        await asyncio.sleep(0)
        await made.say(b"2 6\n")
        assert await later == 6


async def test_questions_are_bounded() -> None:
    async with channel() as made:
        asked = [asyncio.ensure_future(made.supervisor.wait(number)) for number in range(PENDING)]
        await asyncio.sleep(0)
        with pytest.raises(Overloaded):
            await made.supervisor.wait(1)
        made.supervisor.close()
        answers = await asyncio.gather(*asked, return_exceptions=True)
        assert all(isinstance(answer, SandboxDied) for answer in answers)


async def test_what_stood_in_the_way_of_the_start_is_told_and_bounded() -> None:
    async with channel(ready=False) as made:
        await made.say(b"x" * 1000 + b"\n" + b"y" * 1000 + b"\n" + b"bwrap: setting up uid map: Permission denied\n")
        made.theirs.close()
        assert await made.closed()
        with pytest.raises(SandboxDied, match=r"setting up uid map: Permission denied$") as died:
            await made.supervisor.ready
        assert len(str(died.value)) <= 2048


async def test_what_a_tenant_says_later_is_no_part_of_an_error() -> None:
    async with channel() as made:
        await made.say(b"a lie for the log")
        made.theirs.close()
        assert await made.closed()
        with pytest.raises(SandboxDied) as died:
            await made.supervisor.wait(1)
        assert "lie" not in str(died.value)


def test_a_quoted_word_has_no_line_end() -> None:
    assert quoted("a'b\nc") == b"""'a'"'"'b'"$n"'c'"""
    assert b"\n" not in quoted("".join(map(chr, range(256))))
