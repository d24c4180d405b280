"""Programs that are started beside the loop: what they inherit, that nothing else does, and that none is left over."""

from __future__ import annotations

import asyncio
import ctypes
import os
import socket
from collections.abc import Iterator

import pytest

from sessions import program
from sessions.program import FIRST, start

pytestmark = pytest.mark.anyio

SH = "/bin/sh"


class Old:
    """A C library before glibc 2.34."""

    def __getattr__(self, name: str) -> object:
        if name.endswith("_np"):
            raise AttributeError(name)
        return getattr(ctypes.CDLL(None), name)


@pytest.fixture(params=["new", "old"])
def libc(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    if request.param == "old":
        monkeypatch.setattr(program, "_libc", Old)
    yield


async def said(script: str, given: list[int] | None = None) -> str:
    """What a shell says."""
    ours, theirs = socket.socketpair()
    with ours:
        with theirs:
            started = await start([SH, "-c", script], theirs.fileno(), given or [])
        ours.setblocking(False)
        told = b""
        while piece := await asyncio.get_running_loop().sock_recv(ours, 65_536):
            told += piece
        await asyncio.to_thread(started.wait)
    return told.decode()


@pytest.mark.usefixtures("libc")
async def test_it_has_what_it_is_given_in_order_and_nothing_else_of_the_host() -> None:
    files = [os.memfd_create(name) for name in ("a", "b")]
    inherited = os.memfd_create("inherited")
    far = os.dup2(inherited, 200, inheritable=True)
    os.set_inheritable(inherited, True)
    try:
        for fd, text in zip(files, (b"first", b"second"), strict=True):
            os.pwrite(fd, text, 0)
        listing = f"cat <&{FIRST}; echo; cat <&{FIRST + 1}; echo; cd /proc/self/fd; echo *"
        first, second, open_ones = (await said(listing, files)).splitlines()
    finally:
        for fd in (*files, inherited, far):
            os.close(fd)
    assert (first, second) == ("first", "second")
    assert {int(one) for one in open_ones.split()} <= {0, 1, 2, FIRST, FIRST + 1, FIRST + 2}, "the last is the folder"


async def test_descriptors_that_have_each_others_numbers_come_as_they_were_given() -> None:
    pipes = [os.memfd_create(str(number)) for number in range(6)]
    try:
        for number, fd in enumerate(pipes):
            os.pwrite(fd, str(number).encode(), 0)
        script = "; ".join(f"cat <&{FIRST + at}" for at in range(6))
        assert await said(script, pipes[::-1]) == "543210"
    finally:
        for fd in pipes:
            os.close(fd)


async def test_it_leads_its_session_with_no_environment_and_the_usual_signals() -> None:
    script = "cut -d' ' -f1,5,6 /proc/$$/stat; grep -E 'SigIgn|SigBlk' /proc/self/status; /usr/bin/env | grep -v ^PWD="
    ids, *rest = (await said(script)).splitlines()
    pid, group, session = ids.split()
    assert pid == group == session
    assert [int(line.split()[1], 16) & 0x7FFFFFFF for line in rest[:2]] == [0, 0], "but for glibc's own two"
    assert not [line for line in rest[2:] if not line.startswith(("_=", "SHLVL=", "OLDPWD="))]


async def test_a_program_that_is_not_there_is_named_and_nothing_is_open_for_it() -> None:
    before = os.listdir("/proc/self/fd")
    with socket.socket() as theirs, pytest.raises(FileNotFoundError, match="/no/such"):
        await start(["/no/such"], theirs.fileno(), [0])
    assert len(os.listdir("/proc/self/fd")) == len(before)


async def test_who_is_cancelled_while_it_starts_leaves_none_of_it(monkeypatch: pytest.MonkeyPatch) -> None:
    started: list[int] = []
    spawn = program._spawn

    def slowly(argv: list[str], stdio: int, given: list[int]) -> int:
        loop.call_soon_threadsafe(task.cancel)
        loop.call_soon_threadsafe(task.cancel)
        started.append(spawn(argv, stdio, given))
        return started[0]

    monkeypatch.setattr(program, "_spawn", slowly)
    loop = asyncio.get_running_loop()
    ours, theirs = socket.socketpair()
    with ours, theirs:
        task = asyncio.create_task(start([SH, "-c", "sleep 1000"], theirs.fileno(), []))
        with pytest.raises(asyncio.CancelledError):
            await task
    with pytest.raises(ProcessLookupError):
        os.kill(started[0], 0)


async def test_who_is_cancelled_hears_of_that_also_where_the_program_is_not_there() -> None:
    with socket.socket() as theirs:
        task = asyncio.create_task(start(["/no/such"], theirs.fileno(), []))
        await asyncio.sleep(0)
        task.cancel()
        with pytest.raises(asyncio.CancelledError):
            await task


async def test_one_that_was_waited_for_is_killed_no_more() -> None:
    ours, theirs = socket.socketpair()
    with ours, theirs:
        started = await start([SH, "-c", "exit"], theirs.fileno(), [])
    await asyncio.to_thread(started.wait)
    started.wait()
    started.kill()
