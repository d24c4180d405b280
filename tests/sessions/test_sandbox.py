"""What a user has in their sandbox: real terminals, commands with limits, and an end that leaves nothing behind."""

from __future__ import annotations

import asyncio
import contextlib
import os
import signal
import subprocess
import sys
import threading
import time
from collections.abc import AsyncIterator, Coroutine, Iterator
from pathlib import Path
from typing import Any

import pytest

from sessions import sandbox as sandbox_module
from sessions.errors import InvalidValue, SandboxDied, SandboxUnavailable, SessionClosed
from sessions.levels import NONE, OFF
from sessions.limits import Limits
from sessions.orphans import end_orphans
from sessions.process import Pipes
from sessions.sandbox import Sandbox
from sessions.spares import MOST
from tests.sessions.sandboxes import (
    HAS_BUBBLEWRAP,
    IS_ROOT,
    NO_BUBBLEWRAP,
    ROOT,
    ended,
    folder,
    output,
    owner,
    read_until,
    sandbox,
    type_in,
    until,
)

pytestmark = [pytest.mark.anyio, pytest.mark.skipif(not HAS_BUBBLEWRAP, reason=NO_BUBBLEWRAP)]

PROMPT = "$ "
SHELL = ["bash", "--norc", "--noprofile", "-i"]


@pytest.fixture
def anyio_backend() -> tuple[str, dict[str, bool]]:
    """The loop that the host runs on; the other files of tests about sandboxes use the standard one."""
    return "asyncio", {"use_uvloop": True}


@pytest.fixture
def data() -> Iterator[Path]:
    with folder() as made:
        yield made


@pytest.fixture
async def alice(data: Path) -> AsyncIterator[Sandbox]:
    async with sandbox(data) as made:
        yield made


# -- terminals


async def test_a_terminal_is_a_real_one_of_the_size_that_was_asked_for(alice: Sandbox) -> None:
    terminal = await alice.open_terminal(SHELL, columns=132, rows=43)
    await read_until(terminal, PROMPT)
    type_in(terminal, "tty; stty size; ls -l $(tty); echo $PPID; id -un; pwd\n")
    seen = await read_until(terminal, "/workspace\r\n")
    assert "/dev/pts/0" in seen
    assert "43 132" in seen
    assert "crw--w---- 1 alice alice" in seen
    terminal.close()


async def test_a_resize_reaches_what_runs_in_the_foreground(alice: Sandbox) -> None:
    terminal = await alice.open_terminal(
        ["bash", "-c", "trap 'stty size' WINCH; echo up; while :; do sleep 0.05; done"]
    )
    await read_until(terminal, "up")
    terminal.resize(99, 11)
    assert "11 99" in await read_until(terminal, "11 99")
    terminal.close()


async def test_control_c_ends_the_foreground_and_not_the_shell(alice: Sandbox) -> None:
    terminal = await alice.open_terminal(SHELL)
    await read_until(terminal, PROMPT)
    type_in(terminal, "echo began; sleep 1000\n")
    await read_until(terminal, "began\r\n")
    await until_foreground(alice, "sleep 1000")
    type_in(terminal, "\x03")
    await read_until(terminal, PROMPT)
    type_in(terminal, "echo code=$?\n")
    await read_until(terminal, "code=130")
    assert terminal.running
    terminal.close()


async def test_a_job_is_stopped_listed_and_taken_up_again(alice: Sandbox) -> None:
    terminal = await alice.open_terminal(SHELL)
    await read_until(terminal, PROMPT)
    type_in(terminal, "cat\n")
    await until_foreground(alice, "cat")
    type_in(terminal, "\x1a")
    await read_until(terminal, "Stopped")
    type_in(terminal, "jobs\n")
    await read_until(terminal, "[1]+  Stopped")
    type_in(terminal, "fg\n")
    await until_foreground(alice, "cat")
    type_in(terminal, "back\n")
    await read_until(terminal, "back\r\nback\r\n")
    terminal.close()


async def until_foreground(sandbox: Sandbox, command: str) -> None:
    """Wait until that command has the terminal: a key that comes sooner would go to the shell."""
    async with asyncio.timeout(20):
        while f"+ {command}\n" not in await output(sandbox, "ps -eo stat,args | tr -s ' '; echo end"):
            pass


async def test_the_exit_code_of_a_shell_is_told(alice: Sandbox) -> None:
    terminal = await alice.open_terminal(["bash", "-c", "exit 37"])
    assert await ended(terminal) == 37
    assert (terminal.exit_code, terminal.running) == (37, False)
    terminal.close()


async def test_a_shell_that_was_killed_says_by_which_signal(alice: Sandbox) -> None:
    terminal = await alice.open_terminal(["bash", "-c", "kill -KILL $$"])
    assert await ended(terminal) == 128 + signal.SIGKILL
    terminal.close()


async def test_reading_a_terminal_ends_when_its_last_process_does(alice: Sandbox) -> None:
    terminal = await alice.open_terminal(["bash", "-c", "echo last words"])
    await ended(terminal)
    assert b"last words" in os.read(terminal.fd, 1000)
    with pytest.raises(OSError, match="Input/output error"):
        os.read(terminal.fd, 1000)
    terminal.close()


async def test_closing_a_terminal_hangs_up(alice: Sandbox) -> None:
    terminal = await alice.open_terminal(SHELL)
    await read_until(terminal, PROMPT)
    terminal.close()
    assert await ended(terminal) == 128 + signal.SIGHUP


async def test_killing_a_terminal_ends_what_ignores_hanging_up(alice: Sandbox) -> None:
    terminal = await alice.open_terminal(["bash", "-c", "trap '' HUP TERM INT; echo up; while :; do sleep 1000; done"])
    await read_until(terminal, "up")
    await terminal.kill()
    assert await ended(terminal) == 128 + signal.SIGKILL
    assert "sleep 1000" not in await output(alice, "ps -eo args")
    terminal.close()


async def test_the_terminals_of_a_user_share_processes_files_and_ports(alice: Sandbox) -> None:
    first = await alice.open_terminal(["bash", "-c", "echo mine >/tmp/shared; echo $$; exec sleep 1000"])
    pid = (await read_until(first, "\n")).strip()
    assert int(pid) == first.process_id
    assert await output(alice, f"cat /tmp/shared; kill {pid}") == "mine"
    assert await ended(first) == 128 + signal.SIGTERM
    first.close()


async def test_a_terminal_has_no_descriptors_but_its_own(alice: Sandbox) -> None:
    terminal = await alice.open_terminal(["sh", "-c", "ls -l /proc/$$/fd; echo end"])
    seen = await read_until(terminal, "end\r\n")
    links = [line.split(" -> ")[1] for line in seen.splitlines() if " -> " in line]
    assert links == ["/dev/pts/0"] * 3
    terminal.close()


async def test_a_program_that_is_not_there_says_so_on_the_terminal(alice: Sandbox) -> None:
    terminal = await alice.open_terminal(["no-such-shell"])
    assert "No such file" in await read_until(terminal, "\n")
    assert await ended(terminal) == 127
    terminal.close()
    terminal = await alice.open_terminal(SHELL, cwd="/workspace/not/there")
    assert "/workspace/not/there" in await read_until(terminal, "\n")
    assert await ended(terminal) == 125
    terminal.close()


# -- what is seen inside


async def test_a_file_of_the_workspace_is_the_same_inside_and_outside(alice: Sandbox) -> None:
    real = alice.world.folders["/workspace"]
    await output(alice, "echo inside >/workspace/a; mkdir /workspace/b; echo home >~/c; echo t >$TMPDIR/d")
    assert (real / "a").read_text() == "inside\n"
    assert (real.parent / "home/c").exists()
    assert (real.parent / "tmp/d").exists()
    assert (real / "b").stat().st_uid == (alice.world.owner if alice.world.owner is not None else os.getuid())
    (real / "from-outside").write_text("outside")
    (real / "from-outside").chmod(0o644)
    assert await output(alice, "cat from-outside") == "outside"


async def test_the_environment_is_what_was_given_and_no_more(alice: Sandbox, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("ROOST_MASTER_KEY", "canary")
    finished = await alice.run(["env"], env={"MINE": "a b\n'c'", "LANG": "de_DE.UTF-8"})
    lines = finished.output.decode().replace("\n'c'", "").split()
    names = {line.split("=")[0] for line in lines if "=" in line}
    assert names == {
        "PATH", "HOME", "USER", "LOGNAME", "SHELL", "LANG", "TERM", "TMPDIR", "MINE", "ROOST_COMMAND",
    }  # fmt: skip
    assert b"MINE=a b\n'c'\n" in finished.output
    assert b"LANG=de_DE.UTF-8\n" in finished.output
    assert "canary" not in await output(alice, "cat /proc/*/environ | tr '\\0' '\\n'")


async def test_a_sandbox_sees_only_its_own_user(data: Path) -> None:
    async with sandbox(data, "alice") as alice, sandbox(data, "bob") as bob:
        secret = await bob.start(["sh", "-c", "echo $$; exec sleep 4242"], env={"SECRET": "canary"})
        await secret.stdout.readline()
        await output(bob, "echo canary >/workspace/secret; echo canary >/tmp/secret; echo canary >/dev/shm/secret")
        seen = await output(
            alice,
            "ps -eo args; cat /proc/[0-9]*/environ; ls -la /workspace /home /tmp /dev/shm; ls /; cat /etc/passwd;"
            "ls /root /var/lib /work /srv 2>&1",
        )
        assert "4242" not in seen
        assert "canary" not in seen
        assert "secret" not in seen
        assert "bob" not in seen
        secret.close()


async def test_users_with_the_same_os_uid_are_as_far_apart(data: Path) -> None:
    """As for an ordinary user, whose tenants all have the uid of the host."""
    shared = owner()
    async with sandbox(data, "alice", os_uid=shared) as alice, sandbox(data, "bob", os_uid=shared) as bob:
        secret = await bob.start(["sh", "-c", "echo $$; exec sleep 4242"])
        await secret.stdout.readline()
        assert "4242" not in await output(alice, "ps -eo args")
        await output(alice, "kill -9 -1")
        assert secret.running
        secret.close()


async def test_the_sandbox_has_no_network_but_its_own(alice: Sandbox) -> None:
    assert await output(alice, "cat /sys/class/net/*/address 2>/dev/null; tail -n +2 /proc/net/route") == ""
    found = await output(alice, "(echo hello | nc -l 127.0.0.1 7777 &) 2>/dev/null; cat /proc/net/dev | tail -n +3")
    assert [line.split(":")[0].strip() for line in found.splitlines()] == ["lo"]


async def test_the_system_is_read_only(alice: Sandbox) -> None:
    places = "/ /usr /usr/bin /etc /dev /proc /proc/sys/kernel /run /run/roost /var /var/lib /opt"
    script = f"for at in {places}; do touch $at/x 2>/dev/null && echo $at; done; mount | grep -c 'type tmpfs (rw'"
    assert await output(alice, script) == "1"  # /dev/shm, which has a size
    assert int(await output(alice, "df --output=size -k /dev/shm | tail -1")) == 64 << 10


async def test_arguments_arrive_byte_for_byte(alice: Sandbox) -> None:
    everything = bytes(range(1, 256)).decode("utf-8", "surrogateescape")
    odd = ["", "'", '"', "\n", "\n\n", "a\nb\n", "$(id)", "`id`", "$n", "\\", "-n", "*", "~", "ü😀", "!x", "a=b"]
    words = [everything, *odd]
    finished = await alice.run(["/usr/bin/printf", r"%s\0", *words])
    assert finished.output.split(b"\0")[:-1] == [word.encode("utf-8", "surrogateescape") for word in words]


async def test_a_program_whose_name_looks_like_a_variable_is_a_program(alice: Sandbox) -> None:
    await output(alice, "mkdir 'a=b'; printf '#!/bin/sh\\necho \"$0 $1 $A\"' >'a=b/c'; chmod +x 'a=b/c'")
    finished = await alice.run(["./a=b/c", "x y"], env={"A": "z=1"})
    assert finished.output == b"./a=b/c x y z=1\n"


@pytest.mark.parametrize(
    ("argv", "env", "field"),
    [
        ([], {}, "argv"),
        (["a\0b"], {}, "argv"),
        (["env"], {"A=B": "c"}, "env"),
        (["env"], {"": "c"}, "env"),
        (["env"], {"A": "b\0c"}, "env"),
        (["echo", "x" * 300_000], {}, "argv"),
    ],
)
async def test_what_no_command_line_holds_is_refused(
    alice: Sandbox, argv: list[str], env: dict[str, str], field: str
) -> None:
    with pytest.raises(InvalidValue) as refused:
        await alice.run(argv, env=env)
    assert refused.value.field == field
    with pytest.raises(InvalidValue):
        await alice.open_terminal(argv, env=env)


# -- commands


async def test_a_command_has_its_input_output_and_exit_code(alice: Sandbox) -> None:
    finished = await alice.run(
        ["sh", "-c", "cat; echo out; echo err >&2; echo more >/dev/stderr; exit 3"], stdin=b"in\n"
    )
    assert (finished.exit_code, finished.output, finished.timed_out) == (3, b"in\nout\nerr\nmore\n", False)


async def test_stderr_can_be_kept_apart(alice: Sandbox) -> None:
    process = await alice.start(["sh", "-c", "cat; echo err >&2"], stdin=True, apart=True)
    assert process.stdin is not None
    assert process.stderr is not None
    for line in (b"one\n", b"two\n"):
        process.stdin.write(line)
        assert await process.stdout.readline() == line
    process.stdin.close()
    assert (await process.stdout.read(), await process.stderr.read()) == (b"", b"err\n")
    assert await ended(process) == 0
    process.close()


async def test_a_command_without_input_reads_its_end_at_once(alice: Sandbox) -> None:
    assert (await alice.run(["cat"], timeout=20)).exit_code == 0


async def test_a_command_need_not_read_all_of_its_input(alice: Sandbox) -> None:
    finished = await alice.run(["head", "-c", "3"], stdin=b"x" * 1_000_000, timeout=20)
    assert (finished.exit_code, finished.output) == (0, b"xxx")


async def test_output_comes_while_the_command_runs(alice: Sandbox) -> None:
    heard: list[bytes] = []
    fifo = "mkfifo /tmp/go; echo first; read line </tmp/go; echo second"
    running = asyncio.ensure_future(alice.run(["bash", "-c", fifo], on_output=heard.append, timeout=30))
    await until(lambda: b"first\n" in b"".join(heard))
    assert not running.done()
    await output(alice, "echo go >/tmp/go")
    assert (await running).output == b"first\nsecond\n"
    assert b"".join(heard) == b"first\nsecond\n"


async def test_much_output_is_kept_at_its_ends_and_whole_on_disk(alice: Sandbox) -> None:
    finished = await alice.run(["seq", "1", "200000"], keep=1000)
    whole = b"".join(b"%d\n" % number for number in range(1, 200_001))
    assert (finished.head, finished.tail) == (whole[:500], whole[-500:])
    assert finished.omitted == len(whole) - 1000
    assert finished.path is not None
    assert str(finished.omitted).encode() in finished.output
    assert await output(
        alice, f"md5sum <{finished.path}; seq 1 200000 | md5sum | cut -c1-32 >/tmp/sum; cat /tmp/sum"
    ) == ("{0}  -\n{0}".format(await output(alice, "cat /tmp/sum")))
    assert await output(alice, f"echo x >>{finished.path}") != ""  # it is the host's to write


async def test_output_on_disk_is_bounded_by_size_and_number(data: Path, alice: Sandbox) -> None:
    for _ in range(9):
        finished = await alice.run(["head", "-c", "17000000", "/dev/zero"], keep=1000)
    assert finished.path is not None
    sizes = [log.stat().st_size for log in alice.world.run.glob("*.log")]
    assert len(sizes) <= 8
    assert max(sizes) <= 16 << 20
    assert int(await output(alice, f"stat -c %s {finished.path}")) == 16 << 20


async def test_output_just_at_what_is_kept_is_whole(alice: Sandbox) -> None:
    for length in (999, 1000, 1001, 1002):
        finished = await alice.run(["head", "-c", str(length), "/dev/zero"], keep=1000)
        assert len(finished.head) + len(finished.tail) + finished.omitted == length
        assert (finished.omitted == 0) == (length <= 1000)


async def test_a_command_that_takes_too_long_ends_with_all_that_it_started(alice: Sandbox) -> None:
    """Also what left its session, and what left it and forgot its environment but is still its descendant."""
    script = (
        "setsid sleep 1001 & (setsid setsid sleep 1002 &) ; env -i setsid sleep 1003 & nohup sleep 1004 >/dev/null & "
        "(trap '' TERM HUP INT; sleep 1005) & sleep 1006"
    )
    began = time.monotonic()
    finished = await alice.run(["bash", "-c", script], timeout=1)
    assert (finished.timed_out, finished.exit_code) == (True, 128 + signal.SIGKILL)
    assert time.monotonic() - began < 10
    assert "sleep 100" not in await output(alice, "ps -eo args | grep -v grep")


async def test_a_cancelled_command_ends_with_all_that_it_started(alice: Sandbox) -> None:
    heard = asyncio.Event()
    script = "(setsid sleep 1001 &); echo up; sleep 1002"
    running = asyncio.ensure_future(alice.run(["bash", "-c", script], on_output=lambda _: heard.set()))
    async with asyncio.timeout(20):
        await heard.wait()
    running.cancel()
    with pytest.raises(asyncio.CancelledError):
        await running
    assert "sleep 100" not in await output(alice, "ps -eo args | grep -v grep")


async def test_killing_the_first_command_leaves_the_tenth(alice: Sandbox) -> None:
    """Their marks begin alike."""
    commands = [await alice.start(["sleep", "1001"]) for _ in range(10)]
    begun = await alice.run(["sh", "-c", "until [ `pgrep -cx sleep` = 10 ]; do :; done"], timeout=20)
    assert begun.exit_code == 0
    await commands[0].kill()
    assert await ended(commands[0]) == 128 + signal.SIGKILL
    assert await output(alice, "pgrep -cx sleep") == "9"
    for process in commands:
        process.close()


async def test_each_of_many_that_start_at_once_is_held_although_the_loop_is_late(alice: Sandbox) -> None:
    """One that is not held could only be waited for by the supervisor, which could then start nothing any more."""
    await output(alice, "true")
    asked = [asyncio.ensure_future(alice.start(["sleep", "1001"])) for _ in range(150)]
    while not all(start.done() for start in asked):
        await asyncio.sleep(0)
        time.sleep(0.2)  # noqa: ASYNC251 - the loop is late
    started = [await start for start in asked]
    assert all(process.pidfd >= 0 for process in started)
    for process in started:
        process.close()


async def test_a_mark_behind_much_environment_is_found(alice: Sandbox) -> None:
    env = {f"MUCH{number}": "x" * 40_000 for number in range(3)}
    finished = await alice.run(["bash", "-c", "(setsid sleep 1001 &); sleep 1002"], env=env, timeout=1)
    assert finished.timed_out
    assert "sleep 100" not in await output(alice, "ps -eo args | grep -v grep")


async def test_killing_one_command_leaves_the_others(alice: Sandbox) -> None:
    one = await alice.start(["sleep", "1001"])
    other = await alice.start(["sleep", "1002"])
    await one.kill()
    assert await ended(one) == 128 + signal.SIGKILL
    assert other.running
    for process in (one, other):
        process.close()


async def test_what_a_command_leaves_running_does_not_hold_its_caller(alice: Sandbox) -> None:
    finished = await alice.run(["bash", "-c", "sleep 1001 & echo started"], timeout=20)
    assert (finished.output, finished.timed_out) == (b"started\n", False)
    assert "sleep 1001" in await output(alice, "ps -eo args")


async def test_all_output_before_the_end_is_kept_though_the_pipe_stays_open(alice: Sandbox) -> None:
    finished = await alice.run(["bash", "-c", "sleep 1001 & head -c 3000000 /dev/zero"], timeout=40)
    assert len(finished.head) + len(finished.tail) + finished.omitted == 3_000_000


async def test_a_reader_that_waits_makes_the_command_wait(alice: Sandbox) -> None:
    process = await alice.start(
        ["bash", "-c", "for i in {1..100}; do head -c 100000 /dev/zero; echo $i >/tmp/at; done"]
    )
    last, now = "", "0"
    async with asyncio.timeout(20):
        while last != now:
            last, now = now, await output(alice, "cat /tmp/at; sleep 0.3")
    assert int(last) < 20  # what fits into the pipe and the reader, not the ten megabytes
    assert len(await process.stdout.read()) == 10_000_000
    process.close()


async def test_many_commands_at_once_each_get_their_own_output(alice: Sandbox) -> None:
    found = await asyncio.gather(*(alice.run(["echo", str(number)]) for number in range(40)))
    assert [int(finished.output) for finished in found] == list(range(40))


# -- limits


async def test_a_fork_bomb_is_its_users_problem_and_they_can_still_be_helped(data: Path) -> None:
    async with sandbox(data, "alice", limits=Limits(processes=60)) as alice, sandbox(data, "bob") as bob:
        bomb = await alice.start(["bash", "-c", "while :; do sleep 1000 & done 2>/dev/null"])
        async with asyncio.timeout(40):
            while len((await alice.run(["bash", "-c", "echo /proc/[0-9]*"])).output.split()) < 55:
                pass
        assert await output(bob, "echo $(for i in 1 2 3; do echo $i; done | wc -l)") == "3"
        terminal = await alice.open_terminal(["bash", "--norc", "-i"])  # beyond the limit, as there is one spare
        await read_until(terminal, PROMPT)
        terminal.close()
        await bomb.kill()
        bomb.close()
        async with asyncio.timeout(20):
            while "sleep" in await output(alice, "ps -eo comm"):
                pass


async def test_a_memory_hog_is_killed_and_the_rest_of_the_user_lives(data: Path) -> None:
    async with sandbox(data, limits=Limits(memory=200 << 20)) as alice:
        terminal = await alice.open_terminal(SHELL)
        await read_until(terminal, PROMPT)
        hog = "import time\nkept = []\nfor _ in range(60): kept.append(b'x' * (10 << 20))\ntime.sleep(99)"
        began = time.monotonic()
        finished = await alice.run(["/usr/bin/python3", "-c", hog], timeout=40)
        assert finished.exit_code == 128 + signal.SIGKILL
        assert not finished.timed_out
        assert time.monotonic() - began < 15
        assert terminal.running
        terminal.close()


async def test_memory_that_no_process_maps_is_refused_where_only_a_watch_would_count_it(alice: Sandbox) -> None:
    script = (
        "import ctypes, os\n"
        "libc = ctypes.CDLL(None, use_errno=True)\n"
        "try: os.memfd_create('x'); print('memfd')\n"
        "except OSError: pass\n"
        "if libc.shmget(0, 1 << 20, 0o1600) >= 0: print('shm')\n"
        "if libc.shmget(0, 4096, 0o1600) >= 0: print('small')\n"
    )
    assert (await alice.run(["/usr/bin/python3", "-c", script])).output == b"small\n"


async def test_a_process_may_write_no_larger_file_than_allowed_and_no_core(data: Path) -> None:
    async with sandbox(data, limits=Limits(file_bytes=1 << 20, open_files=64)) as alice:
        found = await output(alice, "head -c 5000000 /dev/zero >big; stat -c %s big; ulimit -c; ulimit -n; nice")
    assert found.splitlines()[-4:] == [str(1 << 20), "0", "64", "10"]


# -- its life


async def test_ten_users_start_at_once(data: Path) -> None:
    async def one(name: str) -> str:
        async with sandbox(data, name) as made:
            return await output(made, "whoami")

    names = [f"user{number}" for number in range(10)]
    assert list(await asyncio.gather(*map(one, names))) == names


async def test_two_first_uses_at_once_start_one_sandbox(alice: Sandbox) -> None:
    spaces = await asyncio.gather(*(output(alice, "readlink /proc/self/ns/pid") for _ in range(5)))
    assert len(set(spaces)) == 1


async def test_a_sandbox_that_was_killed_from_inside_is_told_and_started_anew(data: Path) -> None:
    told: list[str] = []
    async with sandbox(data, ended=told.append) as alice:
        terminal = await alice.open_terminal(SHELL)
        process = await alice.start(["sleep", "1000"])
        await alice.run(["bash", "-c", "kill -9 2"], timeout=20)  # the supervisor
        assert (await ended(terminal), await ended(process)) == (None, None)
        assert await output(alice, "echo again") == "again"
        await until(lambda: told)
        assert told == ["its supervisor ended"]
        assert not terminal.running
        terminal.close()
        process.close()


async def test_a_supervisor_that_falls_silent_is_ended(data: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("sessions.holder.ANSWER_SECONDS", 0.5)
    told: list[str] = []
    async with sandbox(data, ended=told.append) as alice:
        with contextlib.suppress(SandboxDied):
            finished = await alice.run(["kill", "-STOP", "2"])
            assert finished.exit_code is None
        assert await output(alice, "echo again") == "again"
        await until(lambda: told)
        assert told == ["its supervisor did not answer"]


async def test_the_end_of_a_session_leaves_nothing_running(data: Path) -> None:
    mark = f"{time.time_ns()}.5"
    async with sandbox(data) as alice:
        script = f"(setsid nohup sleep {mark} >/dev/null 2>&1 &); trap '' HUP TERM; sleep {mark} & echo up; wait"
        process = await alice.start(["bash", "-c", script])
        await process.stdout.readline()
        await until(lambda: still_running(mark))
        process.close()
    assert not still_running(mark)
    with pytest.raises(SessionClosed):
        await alice.run(["true"])


async def test_a_sandbox_that_is_just_being_started_ends_with_its_session(
    data: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    begun, new = asyncio.Event(), Sandbox._new

    async def told(self: Sandbox, *arguments: Any) -> Any:
        begun.set()
        return await new(self, *arguments)

    monkeypatch.setattr(Sandbox, "_new", told)
    async with sandbox(data) as made, asyncio.TaskGroup() as group:
        starting = group.create_task(refused(made.run(["sleep", "60"])))
        await begun.wait()
        await made.close()
        assert not made.running
        assert isinstance(await starting, SessionClosed)


async def refused(work: Coroutine[Any, Any, object]) -> Exception:
    """What it raises."""
    try:
        return AssertionError(f"it gave {await work!r}")
    except Exception as error:
        return error


async def test_a_host_that_is_killed_leaves_nothing_running(data: Path) -> None:
    mark = f"{time.time_ns()}.5"
    program = (
        "import asyncio, pathlib, sys\n"
        "from tests.sessions.sandboxes import sandbox\n"
        "async def main(folder, mark):\n"
        "    async with sandbox(pathlib.Path(folder)) as alice:\n"
        "        script = f'(setsid sleep {mark} &); echo up; sleep {mark}'\n"
        "        process = await alice.start(['bash', '-c', script])\n"
        "        print(await process.stdout.readline(), flush=True)\n"
        "        await asyncio.sleep(1000)\n"
        "asyncio.run(main(*sys.argv[1:]))\n"
    )
    command = [sys.executable, "-c", program, str(data), mark]
    with subprocess.Popen(command, stdout=subprocess.PIPE, cwd=ROOT) as host:  # noqa: ASYNC220 - a host of its own
        assert host.stdout is not None
        await asyncio.to_thread(host.stdout.readline)
        assert still_running(mark)
        host.kill()
    await until(lambda: not still_running(mark), 10)


@pytest.mark.skipif(not IS_ROOT, reason="tells the processes by the OS uids that only root can give")
async def test_a_host_that_is_killed_while_sandboxes_start_leaves_none_that_the_next_one_does_not_end(
    data: Path,
) -> None:
    program = (
        "import asyncio, pathlib, sys\n"
        "from contextlib import AsyncExitStack\n"
        "from tests.sessions.sandboxes import sandbox\n"
        "async def main(folder, *uids):\n"
        "    async with AsyncExitStack() as stack:\n"
        "        data = pathlib.Path(folder)\n"
        "        made = [await stack.enter_async_context(sandbox(data, f'u{uid}', os_uid=int(uid))) for uid in uids]\n"
        "        print('go', flush=True)\n"
        "        await asyncio.gather(*(each.run(['sleep', '1000']) for each in made))\n"
        "asyncio.run(main(*sys.argv[1:]))\n"
    )
    uids = {str(owner()) for _ in range(8)}
    for wait in (0.004, 0.012, 0.02, 0.03, 0.05):
        command = [sys.executable, "-c", program, str(data), *uids]
        with subprocess.Popen(command, stdout=subprocess.PIPE, cwd=ROOT) as host:  # noqa: ASYNC220 - a host of its own
            assert host.stdout is not None
            await asyncio.to_thread(host.stdout.readline)
            await asyncio.sleep(wait)
            host.kill()
        async with asyncio.timeout(30):
            while owners_running() & uids:
                await asyncio.to_thread(end_orphans, data)
                await asyncio.sleep(0.05)


def owners_running() -> set[str]:
    """The OS uids that processes of this machine have."""
    found = set()
    for path in Path("/proc").glob("[0-9]*/status"):
        with contextlib.suppress(OSError):
            found |= {line.split()[1] for line in path.read_text().splitlines() if line.startswith("Uid:")}
    return found


def still_running(mark: str) -> bool:
    """Whether any process of this machine has `mark` in its command line, but for pytest and the host of a test."""
    for path in Path("/proc").glob("[0-9]*/cmdline"):
        try:
            if path.read_bytes().split(b"\0")[:2] == [b"sleep", mark.encode()]:
                return True
        except OSError:
            continue
    return False


async def test_a_sandbox_that_nobody_uses_ends_and_costs_nothing(data: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sandbox_module, "WATCH_SECONDS", 0.05)
    monkeypatch.setattr(sandbox_module, "IDLE_SECONDS", 0.2)
    told: list[str] = []
    async with sandbox(data, ended=told.append) as alice:
        background = await alice.run(["bash", "-c", "sleep 1 & echo $!"])
        assert alice.running
        assert background.exit_code == 0
        await until(lambda: not alice.running)
        assert told == []  # nothing was lost
        assert await output(alice, "echo again") == "again"


async def test_descriptors_do_not_leak(data: Path) -> None:
    async with sandbox(data) as alice:
        await output(alice, "true")
        before = len(os.listdir("/proc/self/fd"))
        for _ in range(10):
            terminal = await alice.open_terminal(["true"])
            await ended(terminal)
            terminal.close()
            await alice.run(["cat"], stdin=b"x")
            with pytest.raises(InvalidValue):
                await alice.run(["a\0b"])
        waiting = 2 * MOST  # a pipe and a pidfd for each shell that waits for a terminal
        await until(lambda: len(os.listdir("/proc/self/fd")) <= before + waiting)
    assert len(os.listdir("/proc/self/fd")) < before
    async with sandbox(data, "bob") as bob:
        await output(bob, "kill -9 2; true")
    assert len(os.listdir("/proc/self/fd")) < before


async def test_what_an_earlier_host_left_in_its_folder_is_taken_away(data: Path) -> None:
    async with sandbox(data) as alice:
        (alice.world.run / "7.log").write_text("old")
        os.mkfifo(alice.world.run / "1.out")
        assert await output(alice, "echo works; ls /run/roost/7.log 2>&1") == (
            "works\nls: cannot access '/run/roost/7.log': No such file or directory"
        )


@pytest.mark.parametrize("again", [False, True])
async def test_a_command_that_is_just_starting_when_its_sandbox_ends_is_told_so(
    data: Path, monkeypatch: pytest.MonkeyPatch, again: bool
) -> None:
    opening, go, opened, told = threading.Event(), threading.Event(), Pipes.open, list[str]()

    def late(pipes: Pipes, stdin: bool, apart: bool) -> list[int]:
        monkeypatch.undo()
        opening.set()
        go.wait(10)
        return opened(pipes, stdin, apart)

    async with sandbox(data, ended=told.append) as alice:
        await output(alice, "true")
        monkeypatch.setattr(Pipes, "open", late)
        starting = asyncio.ensure_future(alice.run(["true"]))
        await until(opening.is_set)
        await output(alice, "kill -9 2; true")
        await until(lambda: told)
        if again:
            assert await output(alice, "echo again") == "again"
        go.set()
        with pytest.raises(SandboxDied):
            await starting
        assert await output(alice, "echo and again") == "and again"


# -- levels


async def test_where_nothing_may_run_it_says_why_and_what_to_do(data: Path) -> None:
    async with sandbox(data, level=NONE) as alice:
        with pytest.raises(SandboxUnavailable, match="off"):
            await alice.run(["true"])


async def test_a_folder_that_a_tenant_cannot_pass_is_named(data: Path) -> None:
    async with sandbox(data) as alice:
        if alice.world.owner is None:
            pytest.skip("only a tenant with an OS uid of their own can be shut out")
        data.chmod(0o700)
        with pytest.raises(SandboxUnavailable, match="did not start"):
            await alice.run(["true"])
        data.chmod(0o711)
        assert await output(alice, "echo works") == "works"


async def test_off_runs_as_in_an_editor(data: Path) -> None:
    async with sandbox(data, level=OFF, network="host", limits=None, os_uid=None) as local:
        terminal = await local.open_terminal(SHELL)
        await read_until(terminal, "# " if IS_ROOT else PROMPT)
        type_in(terminal, "echo code=$((40+2)); tty\n")
        assert "/dev/pts/" in await read_until(terminal, "/dev/pts/")
        terminal.close()
        finished = await local.run(["sh", "-c", "pwd; (setsid sleep 1001 &); sleep 1002"], timeout=1)
        assert finished.timed_out
        assert finished.output.decode().strip() == str(local.world.folders["/workspace"])
