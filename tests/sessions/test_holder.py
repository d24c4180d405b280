"""The end of a sandbox, and of what runs in it, where something goes wrong: it is told, and nothing stays."""

from __future__ import annotations

import asyncio
import os
import signal
import subprocess
from collections.abc import AsyncIterator, Callable, Iterator, Sequence
from pathlib import Path
from typing import NoReturn

import pytest

from sessions import holder, landlock, process
from sessions.holder import Holder
from sessions.levels import ISOLATED, WEAKER
from sessions.process import gone
from sessions.sandbox import Sandbox
from sessions.supervisor import Supervisor
from tests.sessions.sandboxes import HAS_BUBBLEWRAP, IS_ROOT, ended, folder, output, sandbox, until

pytestmark = pytest.mark.anyio

LEVELS = [
    pytest.param(ISOLATED, id="namespaces", marks=pytest.mark.skipif(not HAS_BUBBLEWRAP, reason="no bubblewrap")),
    pytest.param(
        WEAKER,
        id="landlock",
        marks=pytest.mark.skipif(not IS_ROOT or landlock.abi() < landlock.OLDEST_ABI, reason="needs root and Landlock"),
    ),
]


@pytest.fixture
def data() -> Iterator[Path]:
    with folder() as made:
        yield made


@pytest.fixture(params=LEVELS)
async def alice(data: Path, request: pytest.FixtureRequest) -> AsyncIterator[Sandbox]:
    async with sandbox(data, level=request.param) as made:
        yield made


@pytest.fixture
def soon(monkeypatch: pytest.MonkeyPatch) -> None:
    """Look again at once, where waiting for it would make a test slow."""
    monkeypatch.setattr(process, "LOOK_AGAIN_S", 0.05)
    monkeypatch.setattr(holder, "LOOK_AGAIN_S", 0.05)


def held(alice: Sandbox) -> Holder:
    assert alice._holder is not None
    return alice._holder


def fail(*_: object) -> NoReturn:
    raise OSError("injected")


async def fail_later(*_: object) -> None:
    fail()


STEPS: dict[str, Callable[[Holder, pytest.MonkeyPatch], None]] = {
    "burying it": lambda one, patch: patch.setattr(Holder, "_bury", fail_later),
    "its supervisor": lambda one, patch: (
        patch.setattr(one, "_ending", True),
        patch.setattr(type(one._supervisor), "close", fail),
    )[0],
    "its spares": lambda one, patch: patch.setattr(type(one._spares), "close", fail_later),
    "what was to be undone": lambda one, patch: one.on_end(fail),
    "its descriptors": lambda one, patch: patch.setattr(type(one.inside), "close", fail),
}


@pytest.mark.parametrize("step", STEPS)
async def test_a_step_that_fails_keeps_no_other_from_being_done(
    alice: Sandbox, step: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    await output(alice, "true")
    first, undone = held(alice), []
    first.on_end(lambda: undone.append(1))
    with monkeypatch.context() as patch:
        STEPS[step](first, patch)
        assert first._program is not None
        os.killpg(first._program.pid, signal.SIGKILL)
        async with asyncio.timeout(10):
            await first.ended
    assert undone == [1]
    assert not first.running
    assert await output(alice, "echo anew") == "anew"


async def test_the_end_of_a_sandbox_is_noticed_though_nobody_tells(alice: Sandbox, soon: None) -> None:
    await output(alice, "true")
    first = held(alice)
    asyncio.get_running_loop().remove_reader(first._pidfd)
    assert first._program is not None
    first._supervisor._on_lost = lambda: None
    os.killpg(first._program.pid, signal.SIGKILL)
    async with asyncio.timeout(10):
        await first.ended


async def test_the_end_of_a_command_is_noticed_though_nobody_tells(alice: Sandbox, soon: None) -> None:
    started = await alice.start(["sleep", "1000"])
    await asyncio.sleep(0)
    asyncio.get_running_loop().remove_reader(started.pidfd)
    await started.kill()
    assert await ended(started) == 128 + signal.SIGKILL
    started.close()


async def test_a_loop_that_holds_an_earlier_descriptor_of_that_number_hears_it_too(soon: None) -> None:
    loop = asyncio.get_running_loop()
    reader, writer = os.pipe()
    loop.add_reader(reader, lambda: None)
    os.close(reader)  # as by mistake: the loop watches a number that is nothing
    with subprocess.Popen(["sleep", "1000"]) as child:  # noqa: ASYNC220 - to be killed
        pidfd = os.pidfd_open(child.pid)
        assert pidfd == reader
        child.kill()
        async with asyncio.timeout(10):
            await gone(pidfd)
    os.close(pidfd)
    os.close(writer)


async def test_a_descriptor_is_watched_by_nobody_once_its_sandbox_ended_in_a_hurry(alice: Sandbox) -> None:
    await output(alice, "true")
    first = held(alice)
    number, loop = first._pidfd, asyncio.get_running_loop()
    first._ending = True  # nothing is killed yet, so that `close` waits
    first._bury = lambda: asyncio.sleep(1000)  # type: ignore[method-assign]
    closing = asyncio.ensure_future(first.close())
    await asyncio.sleep(0)
    closing.cancel()
    await asyncio.wait({closing})
    assert first.ended.done()
    assert loop.remove_reader(number) is False
    assert first._program is not None
    os.killpg(first._program.pid, signal.SIGKILL)
    await asyncio.to_thread(first._program.wait)


async def test_a_command_that_cannot_be_killed_takes_its_sandbox_with_it_and_answers(
    alice: Sandbox, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def harmless(*_: object) -> None:
        return

    monkeypatch.setattr("sessions.sandbox.END_SECONDS", 0.2)
    monkeypatch.setattr(process.Child, "kill", harmless)
    async with asyncio.timeout(20):
        finished = await alice.run(["sleep", "1000"], timeout=0.2)
    assert finished.timed_out
    assert finished.exit_code is None
    monkeypatch.undo()
    await until(lambda: not alice.running)
    assert await output(alice, "echo anew") == "anew"


async def test_a_command_that_nobody_wants_any_more_once_it_has_started_does_not_run_on(
    alice: Sandbox, monkeypatch: pytest.MonkeyPatch
) -> None:
    await output(alice, "true")
    start, started, goes_on = Supervisor.start_on_pipes, asyncio.Event(), asyncio.Event()

    async def slow(supervisor: Supervisor, words: bytes, paths: Sequence[str]) -> int:
        pid = await start(supervisor, words, paths)
        started.set()
        await goes_on.wait()
        return pid

    def runs() -> int:
        return sum(b"sleep" in processes.read(one.pid, "cmdline") for one in processes.stats())

    async def counted(wanted: int) -> None:
        async with asyncio.timeout(10):
            while await asyncio.to_thread(runs) != wanted:  # noqa: ASYNC110 - the kernel tells nobody
                await asyncio.sleep(0.01)

    processes = held(alice).inside.processes
    monkeypatch.setattr(Supervisor, "start_on_pipes", slow)
    asked = asyncio.ensure_future(alice.run(["sleep", "1000"]))
    await started.wait()
    await counted(1)
    asked.cancel()
    await asyncio.wait({asked})
    goes_on.set()
    await counted(0)
    await until(lambda: not held(alice).is_used)
