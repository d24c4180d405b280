"""Shells that are started before anybody asks for them: their users see nothing of it but how soon they are there."""

from __future__ import annotations

import asyncio
import os
import time
from collections.abc import AsyncIterator, Iterator
from contextlib import suppress
from pathlib import Path

import pytest

from sessions import startup
from sessions.process import Terminal
from sessions.sandbox import Sandbox
from sessions.spares import MOST
from sessions.supervisor import Supervisor
from tests.sessions.sandboxes import (
    HAS_BUBBLEWRAP,
    NO_BUBBLEWRAP,
    ended,
    folder,
    output,
    read_until,
    sandbox,
    type_in,
    until,
)

pytestmark = [pytest.mark.anyio, pytest.mark.skipif(not HAS_BUBBLEWRAP, reason=NO_BUBBLEWRAP)]

BASH = ["/bin/bash", "--init-file", "/opt/roost/shell/bash.sh", "-i"]
ASK = (
    "ls -l /proc/$$/fd | grep -o ' [0-9]* -> .*'; export -p; declare -p OLDPWD PWD; ps -o pgid=,sid=,tpgid= -p $$;"
    " trap; ulimit -a; shopt; set -o; alias; declare -F; echo $SHLVL $- $# $COLUMNS $LINES; umask; echo e''nd"
)


@pytest.fixture
def data() -> Iterator[Path]:
    with folder() as made:
        startup.write(made / "tools")
        yield made


@pytest.fixture
async def alice(data: Path) -> AsyncIterator[Sandbox]:
    async with sandbox(data, tools=data / "tools") as made:
        yield made


async def opened(alice: Sandbox, nonce: str = "n0", *, early: bool = True, cwd: str | None = None) -> Terminal:
    """A terminal of the user's shell, at its prompt."""
    terminal = await alice.open_terminal(BASH, env={"ROOST_NONCE": nonce}, early=early, columns=101, rows=33, cwd=cwd)
    await read_until(terminal, f"633;B;{nonce}")
    return terminal


def waiting(alice: Sandbox) -> int:
    """How many shells wait, and one of them for a terminal of this kind."""
    holder = alice._holder
    assert holder is not None
    spares = holder._spares
    assert spares is not None
    return len(spares) if spares._early is not None else 0


def early(alice: Sandbox) -> int:
    """The pid inside of the one that was started early."""
    assert alice._holder is not None
    assert alice._holder._spares is not None
    assert alice._holder._spares._early is not None
    return alice._holder._spares._early.process_id


async def settled(alice: Sandbox) -> None:
    await until(lambda: waiting(alice) == MOST)


async def said(terminal: Terminal, line: str, end: str) -> str:
    type_in(terminal, f"{line}\n")
    return await read_until(terminal, end)


async def test_the_next_terminals_shell_is_there_before_it_is_asked_for(alice: Sandbox) -> None:
    (await opened(alice)).close()
    await settled(alice)
    pid, began = early(alice), time.monotonic()
    terminal = await opened(alice, "other")
    assert terminal.process_id == pid
    age = (await said(terminal, "echo S''ECONDS $SECONDS e''nd", " end")).rpartition("SECONDS ")[2]
    assert int(age.split()[0]) <= time.monotonic() - began + 1, "it counts from when it was asked for"
    terminal.close()
    await settled(alice)


async def test_the_first_terminals_shell_begins_with_its_sandbox(
    alice: Sandbox, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def refuse(*_: object) -> int:
        raise AssertionError("it was started another way")

    monkeypatch.setattr(Supervisor, "start_on_terminal", refuse)
    monkeypatch.setattr(Supervisor, "become", refuse)
    terminal = await opened(alice)
    assert "101 33 first" in await said(terminal, "echo $COLUMNS $LINES f''irst", "first\r\n")
    terminal.close()
    await settled(alice)


async def test_it_has_what_a_shell_has_that_starts_when_it_is_asked_for(alice: Sandbox) -> None:
    first = await opened(alice)
    await settled(alice)
    before = await opened(alice)
    now = await opened(alice, early=False)

    def told(text: str) -> list[str]:
        """Without the numbers of processes and terminals, and the prompt that may have come with it."""
        lines = text.partition("end\r\n")[0].replace("\x1b[?2004l", "").splitlines()[1:]
        kept = [line for line in lines if "/proc/" not in line and not line.startswith("declare -x _=")]
        return ["x" if set(line) <= set("0123456789 ") else line.partition("/pts/")[0] for line in kept]

    shown, expected = told(await said(before, ASK, "end\r\n")), told(await said(now, ASK, "end\r\n"))
    assert shown == expected
    assert any("101 33" in line for line in shown)
    for terminal in (first, before, now):
        terminal.close()


async def test_it_reads_its_users_files_as_they_are_when_it_is_asked_for(alice: Sandbox) -> None:
    (await opened(alice)).close()
    await settled(alice)
    pid = early(alice)
    (alice.world.folders["/home"] / ".bashrc").write_text("alias late='echo as it is n''ow'\n")
    terminal = await opened(alice)
    assert terminal.process_id == pid
    assert "as it is now" in await said(terminal, "late", "as it is now\r\n")
    terminal.close()


async def test_keys_signal_what_it_runs(alice: Sandbox) -> None:
    (await opened(alice)).close()
    await settled(alice)
    terminal = await opened(alice)
    type_in(terminal, "sh -c 'echo r\"\"eady; exec sleep 1000'\n")
    await read_until(terminal, "ready\r\n")
    type_in(terminal, "\x03")
    assert "it was 130" in await said(terminal, "echo it w''as $?", "it was 130")
    type_in(terminal, "exit 7\n")
    assert await ended(terminal) == 7
    terminal.close()


async def test_one_that_was_killed_is_not_waited_for(alice: Sandbox) -> None:
    (await opened(alice)).close()
    await settled(alice)
    pid = early(alice)
    await output(alice, f"kill -9 {pid}; while [ -d /proc/{pid}/fd/ ] && ls /proc/{pid}/fd/0; do :; done")
    terminal = await opened(alice)
    assert terminal.process_id != pid
    terminal.close()
    await settled(alice)


async def test_a_terminal_of_another_kind_does_not_get_it(alice: Sandbox) -> None:
    (await opened(alice)).close()
    await settled(alice)
    pid = early(alice)
    elsewhere = await opened(alice, cwd="/home")
    assert elsewhere.process_id != pid
    assert "/home here" in await said(elsewhere, "echo $PWD h''ere", "here\r\n")
    other = await opened(alice, early=False)
    assert other.process_id != pid
    for terminal in (elsewhere, other):
        terminal.close()


async def test_many_at_once_are_each_one_of_their_own(alice: Sandbox) -> None:
    nonces = [f"nonce{number}" for number in range(12)]
    terminals = await asyncio.gather(*(opened(alice, nonce) for nonce in nonces))
    assert len({terminal.process_id for terminal in terminals}) == len(nonces)
    for terminal in terminals:
        terminal.close()
    await settled(alice)


def kinds() -> list[str]:
    """What this process has open of what shells that wait need."""
    found = []
    for fd in os.listdir("/proc/self/fd"):
        with suppress(OSError):
            found.append(os.readlink(f"/proc/self/fd/{fd}"))
    return sorted(name for name in found if "ptmx" in name or "pts" in name or "spare" in name or "pidfd" in name)


async def test_nothing_of_it_is_left_open_when_its_sandbox_ends(data: Path) -> None:
    before = kinds()
    async with sandbox(data, tools=data / "tools") as alice:
        terminal = await opened(alice)
        await settled(alice)
        assert await output(alice, "ls /run/roost | grep -c spare") == "0", "its name is taken away"
        terminal.close()
        assert kinds() != before
    assert kinds() == before
