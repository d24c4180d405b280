"""The form without user namespaces: what of a sandbox it still gives, and that it too ends whole."""

from __future__ import annotations

import asyncio
import os
import signal
import subprocess
import sys
from collections.abc import AsyncIterator, Iterator
from pathlib import Path

import pytest

from sessions import landlock
from sessions.levels import WEAKER
from sessions.limits import Limits
from sessions.sandbox import Sandbox
from tests.sessions.sandboxes import IS_ROOT, ROOT, ended, folder, output, owner, read_until, sandbox, type_in, until

pytestmark = [
    pytest.mark.anyio,
    pytest.mark.skipif(not IS_ROOT, reason="this level needs a host that runs as root"),
    pytest.mark.skipif(landlock.abi() < landlock.OLDEST_ABI, reason="this kernel has no Landlock that is new enough"),
]


@pytest.fixture
def data() -> Iterator[Path]:
    with folder() as made:
        yield made


@pytest.fixture
async def alice(data: Path) -> AsyncIterator[Sandbox]:
    async with sandbox(data, level=WEAKER) as made:
        yield made


async def test_a_terminal_with_job_control_in_the_workspace(alice: Sandbox) -> None:
    terminal = await alice.open_terminal(["bash", "--norc", "-i"], columns=90, rows=20)
    await read_until(terminal, "$ ")
    type_in(terminal, "tty; stty size; pwd; echo can''ary\n")
    seen = await read_until(terminal, "canary\r\n")
    assert "/dev/pts/" in seen
    assert "20 90" in seen
    assert alice.world.real("/workspace") in seen
    type_in(terminal, "sh -c 'echo u''p; exec cat'\n")
    await read_until(terminal, "up\r\n")
    type_in(terminal, "\x1a")
    await read_until(terminal, "Stopped")
    type_in(terminal, "exit 5; exit 5\n")
    assert await ended(terminal) in (1, 5)
    terminal.close()


async def test_own_files_are_there_and_nothing_else_is(alice: Sandbox) -> None:
    found = await output(
        alice,
        "echo hi >file && mkdir -p a/b && mv file a/b && cat a/b/file; echo t >$TMPDIR/t; echo h >~/h;"
        "for f in /etc/shadow /root /var/log /proc/1/environ /tmp /home; do (cat $f $f/*; ls $f/) 2>/dev/null; done",
    )
    assert found == "hi"
    assert (alice.world.folders["/tmp"] / "t").stat().st_uid == alice.world.owner
    assert (alice.world.folders["/home"] / "h").exists()


async def test_the_environment_is_what_was_given_and_its_paths_are_real(alice: Sandbox) -> None:
    finished = await alice.run(["env"], env={"MINE": "1"}, cwd="/workspace")
    lines = dict(line.split("=", 1) for line in finished.output.decode().splitlines())
    assert lines.keys() == {
        "PATH", "HOME", "USER", "LOGNAME", "SHELL", "LANG", "TERM", "TMPDIR", "MINE", "ROOST_COMMAND", "ROOST_SANDBOX",
    }  # fmt: skip
    assert lines["HOME"] == alice.world.real("/home")


async def test_a_command_that_takes_too_long_ends_with_all_that_it_started(alice: Sandbox) -> None:
    finished = await alice.run(["bash", "-c", "(setsid sleep 1001 &); setsid sleep 1002 & sleep 1003"], timeout=1)
    assert finished.exit_code == 128 + signal.SIGKILL
    assert processes_of(alice) == 2  # the supervisor and who is above it


def processes_of(sandbox: Sandbox) -> int:
    """How many of the user's processes run on this machine."""
    found = 0
    for path in Path("/proc").glob("[0-9]*/status"):
        try:
            lines = dict(line.split(":\t", 1) for line in path.read_text().splitlines() if ":\t" in line)
        except OSError:
            continue
        found += lines["Uid"].split()[0] == str(sandbox.world.owner) and not lines["State"].startswith("Z")
    return found


async def test_the_end_of_a_session_leaves_nothing_running(data: Path) -> None:
    async with sandbox(data, level=WEAKER) as alice:
        await output(alice, "(setsid nohup sleep 1000 >/dev/null 2>&1 &); (env -i setsid sleep 1000 &) >/dev/null 2>&1")
        assert processes_of(alice) == 4
    assert processes_of(alice) == 0


async def test_a_host_that_is_killed_leaves_only_what_the_next_one_ends(data: Path) -> None:
    os_uid = owner()
    program = (
        "import asyncio, pathlib, sys\n"
        "from sessions.levels import WEAKER\n"
        "from tests.sessions.sandboxes import output, sandbox\n"
        "async def main(folder, os_uid):\n"
        "    async with sandbox(pathlib.Path(folder), level=WEAKER, os_uid=int(os_uid)) as alice:\n"
        "        await output(alice, '(setsid sleep 1000 >/dev/null 2>&1 &)')\n"
        "        print('up', flush=True)\n"
        "        await asyncio.sleep(1000)\n"
        "asyncio.run(main(*sys.argv[1:]))\n"
    )
    command = [sys.executable, "-c", program, str(data), str(os_uid)]
    with subprocess.Popen(command, stdout=subprocess.PIPE, cwd=ROOT) as host:  # noqa: ASYNC220 - a host of its own
        assert host.stdout is not None
        assert await asyncio.to_thread(host.stdout.readline) == b"up\n"
        host.kill()
    async with sandbox(data, level=WEAKER, os_uid=os_uid) as alice:
        await until(lambda: processes_of(alice) == 1)  # its supervisor went with it, what had left its session did not
        await output(alice, "true")
        assert processes_of(alice) == 2


async def test_a_fork_bomb_and_a_memory_hog_are_their_users_problem(data: Path) -> None:
    async with sandbox(data, level=WEAKER, limits=Limits(processes=40, memory=100 << 20)) as alice:
        hog = await alice.run(["/usr/bin/python3", "-c", "x = b'x' * (400 << 20); input()"], timeout=30, stdin=b"")
        assert hog.exit_code in (1, 128 + signal.SIGKILL)
        bomb = await alice.run(["bash", "-c", "while :; do sleep 1000 & done 2>/dev/null"], timeout=2)
        assert bomb.timed_out
        assert processes_of(alice) <= 3
        assert await output(alice, "echo works") == "works"


async def test_set_uid_programs_give_nothing(alice: Sandbox) -> None:
    found = await output(alice, "id -u; su -c id 2>&1; cp /bin/sh s && chmod 4755 s")
    assert "uid=0" not in found
    assert str(alice.world.owner) in found
    assert "Operation not permitted" in found
    assert os.stat(alice.world.folders["/workspace"] / "s").st_mode & 0o7000 == 0
