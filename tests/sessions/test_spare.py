"""Shells that wait for a terminal: users see nothing of them but that a terminal is there sooner."""

from __future__ import annotations

import asyncio
import os
import signal
from collections.abc import AsyncIterator, Iterator
from pathlib import Path

import pytest

from sessions.levels import OFF
from sessions.sandbox import Sandbox
from sessions.spare import LINE_BYTES
from sessions.spares import MOST
from tests.sessions.sandboxes import HAS_BUBBLEWRAP, NO_BUBBLEWRAP, ended, folder, output, read_until, sandbox, until

pytestmark = [pytest.mark.anyio, pytest.mark.skipif(not HAS_BUBBLEWRAP, reason=NO_BUBBLEWRAP)]

BASH = ["/bin/bash", "--norc", "--noprofile", "-i"]
ENVIRONMENTS: list[dict[str, str]] = [
    {},
    {"ROOST_NONCE": "n $x 'y'\nz"},
    {"A": "1=2 3", "IFS": "x", "LINENO": "y", "a.b": "c"},
]
ASK = "ls -l /proc/$$/fd; env; ps -o pgid=,sid=,tty=,tpgid= -p $$; trap; ulimit -u; pwd -P; echo end"


@pytest.fixture
def data() -> Iterator[Path]:
    with folder() as made:
        yield made


@pytest.fixture
async def alice(data: Path) -> AsyncIterator[Sandbox]:
    async with sandbox(data) as made:
        yield made


async def waiting(alice: Sandbox) -> list[str]:
    """The pids inside of the shells that wait."""
    return (await output(alice, "pgrep -P 2 -f 'IFS= read -r line .. exi[t]'")).split()


async def wait_for(alice: Sandbox, count: int) -> list[str]:
    async with asyncio.timeout(20):
        while len(found := await waiting(alice)) != count:  # noqa: ASYNC110 - nobody tells
            await asyncio.sleep(0.01)
        return found


async def said(alice: Sandbox, argv: list[str], **how: object) -> tuple[str, int | None]:
    """What a terminal shows until its end, and the exit code."""
    terminal = await alice.open_terminal(argv, **how)  # type: ignore[arg-type]
    try:
        return await read_until(terminal, "end\r\n"), await ended(terminal)
    finally:
        terminal.close()


async def test_two_shells_wait_once_there_was_a_terminal_and_none_before(alice: Sandbox) -> None:
    assert await waiting(alice) == []
    await said(alice, ["echo", "end"])
    assert len(await wait_for(alice, MOST)) == MOST


async def test_a_shell_that_waited_becomes_the_terminals(alice: Sandbox) -> None:
    await said(alice, ["echo", "end"])
    pids = await wait_for(alice, MOST)
    terminal = await alice.open_terminal(BASH)
    assert str(terminal.process_id) == pids[0]
    await read_until(terminal, "$ ")
    terminal.close()
    await wait_for(alice, MOST)


@pytest.mark.parametrize("argv", [["/bin/bash", "-c", ASK], ["bash", "-c", ASK], ["/bin/sh", "-c", ASK]])
@pytest.mark.parametrize("env", ENVIRONMENTS)
async def test_it_has_what_a_shell_that_did_not_wait_has(alice: Sandbox, argv: list[str], env: dict[str, str]) -> None:
    await said(alice, ["echo", "end"])
    pids = await wait_for(alice, MOST)
    waited, code = await said(alice, argv, env=env, cwd="/home")
    for pid in await wait_for(alice, MOST):
        await output(alice, f"kill -9 {pid}")
    fresh, other = await said(alice, argv, env=env, cwd="/home")
    assert code == other == 0

    def told(text: str) -> list[str]:
        """Without times, numbers of processes and the order of variables."""
        lines = [line for line in text.splitlines() if not line.startswith(("l", "_=", "total"))]
        return sorted("x" if set(line) <= set("0123456789 pts/") and "pts" in line else line for line in lines)

    assert told(waited) == told(fresh)
    assert waited.count(" -> /dev/pts/") == fresh.count(" -> /dev/pts/") == 3
    assert pids


async def test_a_program_or_a_folder_that_is_not_there_says_so(alice: Sandbox) -> None:
    await said(alice, ["echo", "end"])
    await wait_for(alice, MOST)
    terminal = await alice.open_terminal(["no-such-shell"])
    assert "No such file" in await read_until(terminal, "\n")
    assert await ended(terminal) == 127
    terminal.close()
    await wait_for(alice, MOST)
    terminal = await alice.open_terminal(BASH, cwd="/workspace/not/there")
    assert "/workspace/not/there" in await read_until(terminal, "\n")
    assert await ended(terminal) == 125
    terminal.close()


async def test_control_c_reaches_what_it_runs(alice: Sandbox) -> None:
    await said(alice, ["echo", "end"])
    await wait_for(alice, MOST)
    code = "trap 'echo end; exit 7' INT; echo ready; while :; do sleep 0.05; done"
    terminal = await alice.open_terminal(["/bin/bash", "-c", code])
    await read_until(terminal, "ready")
    terminal.resize(100, 30)
    os.write(terminal.fd, b"\x03")
    assert await ended(terminal) == 7
    terminal.close()


@pytest.mark.parametrize("how", [signal.SIGKILL, signal.SIGTERM])
async def test_one_that_was_killed_is_not_waited_for(alice: Sandbox, how: signal.Signals) -> None:
    await said(alice, ["echo", "end"])
    pids = await wait_for(alice, MOST)
    await output(alice, f"kill -{how.name[3:]} {' '.join(pids)}")
    async with asyncio.timeout(10):
        assert await said(alice, ["/bin/sh", "-c", "echo end"]) == ("end\r\n", 0)
    await wait_for(alice, MOST)


async def test_more_than_a_pipe_takes_at_once_goes_the_other_way(alice: Sandbox) -> None:
    await said(alice, ["echo", "end"])
    await wait_for(alice, MOST)
    much = "x" * (2 * LINE_BYTES)
    text, code = await said(alice, ["/bin/bash", "-c", "echo ${#MUCH} end"], env={"MUCH": much})
    assert (text, code) == (f"{len(much)} end\r\n", 0)


async def test_what_the_tenant_says_at_its_pipe_does_not_end_the_sandbox(alice: Sandbox) -> None:
    await said(alice, ["echo", "end"])
    await wait_for(alice, MOST)
    assert await output(alice, "ls /run/roost | grep -c spare") == "0", "its name is taken away"
    assert alice.running


async def test_ten_terminals_at_once_are_ten(alice: Sandbox) -> None:
    found = await asyncio.gather(*(said(alice, ["/bin/sh", "-c", f"echo {n} end"]) for n in range(10)))
    assert [text for text, _ in found] == [f"{n} end\r\n" for n in range(10)]


async def test_it_carries_the_mark_of_its_sandbox_where_that_has_no_namespace(data: Path) -> None:
    async with sandbox(data, level=OFF, network="host", limits=None, os_uid=None) as alice:
        await said(alice, ["echo", "end"])
        await until(lambda: len(alice._holder._spares or ()) == MOST if alice._holder else False)  # type: ignore[union-attr]
        text, code = await said(alice, ["/bin/bash", "-c", "echo $ROOST_SANDBOX end"])
        assert len(text.split()) == 2
        assert code == 0
