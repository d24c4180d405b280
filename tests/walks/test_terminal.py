"""A terminal from the keyboard to the screen: a real socket, a real host, a real shell in its user's sandbox."""

from __future__ import annotations

import asyncio
import hashlib
import os
import re
from collections.abc import Iterator

import pytest

from tests.client import Process, Refused, running
from tests.screens import Screen, desk, passable
from tests.sessions.stores import eventually

pytestmark = pytest.mark.anyio


@pytest.fixture(scope="module")
def house() -> Iterator[Process]:
    """A host whose users have terminals."""
    with passable() as folder, running(folder / "data") as started:
        yield started


async def test_what_is_typed_is_run_and_what_it_says_is_shown(house: Process, alice: str) -> None:
    async with desk(house.base, alice) as work:
        screen = await work.create()
        await screen.run("echo $((6*7)) in $PWD as $(whoami)")
        await screen.see(f"42 in /workspace as {alice}")
        assert [one["terminalId"] for one in await work.client.call("terminal.list")] == [screen.id]


async def test_a_terminal_and_the_file_api_show_the_same_files(house: Process, alice: str) -> None:
    async with desk(house.base, alice) as work:
        await work.client.call("workspace.fs.writeFile", uri="/workspace/a.txt", content="from the API\n")
        screen = await work.create()
        await screen.run("cat a.txt; echo from the shell > b.txt; echo do''ne")
        await screen.see("from the API")
        await screen.see("done")
        assert (await work.client.call("workspace.fs.readFile", uri="/workspace/b.txt"))[
            "content"
        ] == "from the shell\n"


async def test_ctrl_c_ends_what_runs_and_not_the_shell(house: Process, alice: str) -> None:
    async with desk(house.base, alice) as work:
        screen = await work.create()
        await screen.run("""sh -c 'echo re""ady; exec sleep 100'""")
        await screen.see("ready")  # said by what is to be ended, so it is in the foreground
        await screen.type("\x03")
        await screen.run("echo still $((40+2))")
        await screen.see("still 42")


async def test_a_job_can_be_stopped_and_taken_back(house: Process, alice: str) -> None:
    async with desk(house.base, alice) as work:
        screen = await work.create()
        await screen.run("echo be''gun; cat")
        await screen.see("begun")
        await screen.type("one\r")
        await screen.see("one", times=2)
        await screen.type("\x1a")
        await screen.see("Stopped")
        await screen.run("jobs; tty; fg")
        await screen.see("/dev/pts/")
        await screen.type("two\r")
        await screen.see("two", times=2)
        await screen.type("\x04")
        await screen.run("echo left $?")
        await screen.see("left 0")


async def test_the_size_is_what_the_client_says(house: Process, alice: str) -> None:
    async with desk(house.base, alice) as work:
        screen = await work.create(columns=101, rows=33)
        await screen.run("trap 'echo resized' WINCH; stty size")
        await screen.see("33 101")
        await work.client.call("terminal.resize", terminalId=screen.id, columns=132, rows=50)
        await screen.run("stty size")
        await screen.see("50 132")
        await screen.see("resized")


async def test_the_exit_code_is_told_after_the_last_byte(house: Process, alice: str) -> None:
    async with desk(house.base, alice) as work:
        screen = await work.create(shellPath="/bin/sh", shellArgs=["-c", "seq 1 20000; exit 37"])
        assert await screen.exit_code() == 37
        assert screen.seen.endswith(b"19999\r\n20000\r\n")
        screen.check()
        (listed,) = await work.client.call("terminal.list")
        assert listed["exitCode"] == 37
        again = await work.attach(screen.id)
        await again.see("\n20000\r\n")
        assert await again.exit_code() == 37
        assert again.seen == screen.seen
        await work.client.call("terminal.dispose", terminalId=screen.id)
        assert await work.client.call("terminal.list") == []


@pytest.mark.parametrize(("signal", "code"), [("TERM", 143), ("KILL", 137), ("HUP", 129)])
async def test_a_shell_that_a_signal_ends_says_which(house: Process, alice: str, signal: str, code: int) -> None:
    async with desk(house.base, alice) as work:
        screen = await work.create(shellPath="/bin/sh", shellArgs=["-c", f"kill -{signal} $$; sleep 100"])
        assert await screen.exit_code() == code


async def test_a_program_that_is_not_there_says_so(house: Process, alice: str) -> None:
    async with desk(house.base, alice) as work:
        screen = await work.create(shellPath="/bin/no-such-shell", shellArgs=[])
        assert await screen.exit_code() == 127
        assert b"no-such-shell" in screen.seen


async def test_text_arrives_whole_however_it_was_written(house: Process, alice: str) -> None:
    """A character of four bytes is written a byte at a time; no frame may cut it."""
    async with desk(house.base, alice) as work:
        frames: list[bytes] = []
        take = work.client.framed
        work.client.framed = lambda frame: (frames.append(frame[13:]), take(frame))
        slow = r"for b in 360 237 216 210; do printf \\$b; sleep 0.1; done; echo; echo e''nd"
        screen = await work.create(shellPath="/bin/bash", shellArgs=["-c", slow])
        await screen.see("end")
        for frame in frames:
            frame.decode()
        assert "🎈" in screen.seen.decode()


async def test_environment_and_folder_are_as_asked(house: Process, alice: str) -> None:
    async with desk(house.base, alice) as work:
        await work.client.call("workspace.fs.createDirectory", uri="/home/ a folder")
        screen = await work.create(
            cwd="file:///home/%20a%20folder", env={"GREETING": 'it\'s\n$HOME `x` "y" é', "TERM": "dumb", "LANG": None}
        )
        await screen.run('echo "<$GREETING|$TERM|${LANG-none}|$PWD>"')
        await screen.see('<it\'s\r\n$HOME `x` "y" é|dumb|none|/home/ a folder>')


WRONG = [
    ({"cwd": "relative"}, "cwd"),
    ({"cwd": "http://h/a"}, "cwd"),
    ({"cwd": "/a\0b"}, "cwd"),
    ({"shellPath": "bin/sh"}, "shellPath"),
    ({"shellPath": "./sh"}, "shellPath"),
    ({"shellPath": ""}, "shellPath"),
    ({"shellPath": "/bin/sh\0"}, "shellPath"),
    ({"shellArgs": "-l"}, "shellArgs"),
    ({"shellArgs": [1]}, "shellArgs"),
    ({"shellArgs": ["a\0b"]}, "shellArgs"),
    ({"shellArgs": ["x" * 70_000]}, "shellArgs"),
    ({"env": {"A=B": "c"}}, "env"),
    ({"env": {"": "c"}}, "env"),
    ({"env": {"1A": "c"}}, "env"),
    ({"env": {"A": 1}}, "env"),
    ({"env": {"A": "b\0c"}}, "env"),
    ({"env": {"A": "x" * 70_000}}, "env"),
    ({"env": []}, "env"),
    ({"name": ""}, "name"),
    ({"name": 7}, "name"),
    ({"columns": 0}, "columns"),
    ({"columns": 65_536}, "columns"),
    ({"rows": -1}, "rows"),
    ({"rows": 1.5}, "rows"),
    ({"rows": True}, "rows"),
    ({"colour": "red"}, "colour"),
]


@pytest.mark.parametrize(("params", "field"), WRONG)
async def test_a_wrong_parameter_is_named_and_opens_nothing(
    house: Process, alice: str, params: dict[str, object], field: str
) -> None:
    async with desk(house.base, alice) as work:
        with pytest.raises(Refused) as refused:
            await work.client.call("window.createTerminal", **params)
        assert refused.value.code == -32602
        assert field in refused.value.message
        assert await work.client.call("terminal.list") == []


@pytest.mark.parametrize("acknowledges", [True, False])
async def test_a_long_output_survives_three_cuts_without_a_byte_lost_or_doubled(
    house: Process, alice: str, acknowledges: bool
) -> None:
    last = 5_000_000
    expected = b"".join(b"%d\r\n" % number for number in range(1, last + 1))
    length = len(expected)
    received, terminal_id = bytearray(), ""
    for cut in (length // 5, length // 2, length * 4 // 5, length):
        async with desk(house.base, alice) as work:
            if terminal_id:
                screen = await work.attach(terminal_id, len(received))
                assert screen.begun == len(received)
            else:
                screen = await work.create(shellPath="/usr/bin/seq", shellArgs=["1", str(last)])
                terminal_id = screen.id
            while screen.end < cut:
                await screen.grow(len(screen.seen) + 1)
                if acknowledges:
                    await screen.acknowledge()
            if cut < length:
                work.client.socket.transport.abort()
            received += screen.seen
            screen.check()
    assert received == expected


async def test_a_viewer_who_stops_reading_stops_only_their_shell(house: Process, alice: str, bob: str) -> None:
    async with desk(house.base, alice) as stuck, desk(house.base, bob) as other:
        flood = await stuck.create(shellPath="/bin/bash", shellArgs=["-c", "yes | head -c 10000000; echo; echo over"])
        await flood.grow(1_000_000)
        stuck.client.socket.transport.pause_reading()
        echo = await other.create()
        for number in range(20):
            await echo.run(f"echo n$(({number}+0))n")
            await echo.see(f"n{number}n")
        second = await other.create()
        await second.run("echo se''cond")
        await second.see("second")
        stuck.client.socket.transport.resume_reading()
        await flood.see("over", within_s=40)
        assert len(flood.seen) > 14_000_000


async def test_a_viewer_who_acknowledged_gets_no_more_than_128_kib_ahead(house: Process, alice: str) -> None:
    async with desk(house.base, alice) as work:
        screen = await work.create(shellPath="/bin/bash", shellArgs=["-c", "read; yes | head -c 3000000"])
        await screen.acknowledge(0)
        await screen.run("")
        await screen.grow(100_000)
        other = await work.create()
        await other.run("echo al''ive")
        await other.see("alive")
        assert len(screen.seen) <= 128 * 1024
        at = screen.end
        await screen.acknowledge(50_000)
        await screen.grow(at + 40_000 - screen.begun)
        await other.run("echo ag''ain")
        await other.see("again")
        assert len(screen.seen) <= 128 * 1024 + 50_000
        while len(screen.seen) < 3_000_000 * 3 // 2:
            await screen.acknowledge()
            await screen.grow(len(screen.seen) + 1)


async def test_two_viewers_see_the_same(house: Process, alice: str) -> None:
    async with desk(house.base, alice) as one, desk(house.base, alice) as two:
        first = await one.create()
        await first.run("echo be''gun")
        await first.see("begun")
        second = await two.attach(first.id)
        await second.run("seq 1 30000; echo the e''nd")
        await first.see("the end")
        await second.see("the end")
        assert first.seen == second.seen
        await two.client.call("terminal.detach", terminalId=first.id)
        before = len(second.seen)
        await first.run("echo more$((1+1))")
        await first.see("more2")
        assert len(second.seen) == before
        with pytest.raises(Refused, match="after"):
            await two.attach(first.id, 10_000_000)


async def test_nothing_of_a_terminal_is_there_for_another_user(house: Process, alice: str, bob: str) -> None:
    async with desk(house.base, alice) as hers, desk(house.base, bob) as his:
        screen = await hers.create()
        await screen.run("echo mi''ne")
        await screen.see("mine")
        before = len(screen.seen)
        for method, more in [
            ("attach", {}),
            ("sendText", {"text": "touch /workspace/planted"}),
            ("resize", {"columns": 9, "rows": 9}),
            ("detach", {}),
            ("dispose", {}),
        ]:
            with pytest.raises(Refused) as refused:
                await his.client.call(f"terminal.{method}", terminalId=screen.id, **more)
            assert refused.value.code == -32602
        assert await his.client.call("terminal.list") == []
        stolen = Screen(his.client, screen.id, screen.channel)
        await stolen.run("touch /workspace/planted")
        assert (await stolen.refused())["code"] == -32602
        await screen.run("ls /workspace; stty size")
        await screen.see("24 80")
        assert b"planted" not in screen.seen
        assert his.stray == {}
        assert len(screen.seen) > before


async def test_a_shell_that_leaves_its_input_unread_slows_only_its_channel(house: Process, alice: str) -> None:
    async with desk(house.base, alice) as work:
        deaf = await work.create(shellPath="/bin/bash", shellArgs=["-c", "stty raw -echo; echo deaf; sleep 100"])
        await deaf.see("deaf")
        for _ in range(40):
            await deaf.type(b"x" * 65_536)
        refused = await deaf.refused()
        assert refused["code"] == -32001
        assert refused["data"]["retryable"] is True
        other = await work.create()
        await other.run("echo fi''ne")
        await other.see("fine")
        text = work.client.ask("terminal.sendText", {"terminalId": deaf.id, "text": "y" * 3_000_000})
        async with asyncio.TaskGroup() as group:
            sending = group.create_task(text)
            await other.run("echo go''od")
            await other.see("good")
            assert not sending.done()
            await work.client.call("terminal.dispose", terminalId=deaf.id)
            assert "result" in await sending


async def test_a_large_paste_arrives_whole(house: Process, alice: str) -> None:
    async with desk(house.base, alice) as work:
        screen = await work.create(
            shellPath="/bin/bash", shellArgs=["-c", "stty raw -echo; echo go; head -c 2000000 | md5sum"]
        )
        await screen.see("go")
        text = "".join(chr(97 + n % 26) for n in range(2_000_000))
        await work.client.call("terminal.sendText", terminalId=screen.id, text=text, addNewLine=False)
        await screen.see(hashlib.md5(text.encode()).hexdigest())


async def test_the_quota_counts_living_terminals(house: Process, alice: str) -> None:
    async with desk(house.base, alice) as work:
        screens = [await work.create(shellPath="/bin/cat", shellArgs=[]) for _ in range(32)]
        with pytest.raises(Refused) as refused:
            await work.create()
        assert refused.value.code == -32005
        assert refused.value.data == {"quota": "terminals", "limit": 32, "used": 32}
        await screens[0].type("\x04")
        assert await screens[0].exit_code() == 0
        fresh = await work.create(shellPath="/bin/cat", shellArgs=[])
        listed = [one["terminalId"] for one in await work.client.call("terminal.list")]
        assert fresh.id in listed
        assert len(listed) == 32
        for one in listed:
            await work.client.call("terminal.dispose", terminalId=one)
        assert await work.client.call("terminal.list") == []


async def test_disposing_ends_what_ran_in_it(house: Process, alice: str) -> None:
    async with desk(house.base, alice) as work:
        other = await work.create()
        screen = await work.create()
        await screen.run("trap '' HUP; (trap '' HUP; sleep 1234) & echo re''ady")
        await screen.see("ready")
        await work.client.call("terminal.dispose", terminalId=screen.id)
        assert await screen.exit_code() is not None
        await other.run("grep -c sleep /proc/[0-9]*/comm | grep -c :1; echo lo''oked")
        await other.see("looked")
        assert re.search(rb"\r0\r\n", bytes(other.seen))


async def test_a_terminal_goes_on_without_a_client_and_is_found_again(house: Process, alice: str) -> None:
    async with desk(house.base, alice) as work:
        screen = await work.create(name="build")
        await screen.run("sleep 0.5; echo was$((1+1))here")
        await screen.see("sleep")
    async with desk(house.base, alice) as work:
        (listed,) = await work.client.call("terminal.list")
        assert listed["name"] == "build"
        again = await work.attach(listed["terminalId"])
        await again.see("was2here")
        await again.run("exit 3")
        assert await again.exit_code() == 3


def processes_of(uid: str) -> list[str]:
    """Processes on this machine that have `uid` in their environment."""
    found = []
    for name in os.listdir("/proc"):
        if name.isdecimal():
            try:
                with open(f"/proc/{name}/environ", "rb") as file:
                    if f"USER={uid}\0".encode() in file.read():
                        found.append(name)
            except OSError:
                pass
    return found


async def test_when_the_host_ends_nothing_of_a_user_runs_on(alice: str) -> None:
    with passable() as folder, running(folder / "data") as house:
        async with desk(house.base, alice) as work:
            screen = await work.create()
            await screen.run("setsid sleep 4321 & (setsid nohup sleep 4322 &) ; echo re''ady")
            await screen.see("ready")
            await eventually(lambda: len(processes_of(alice)) >= 3)
            assert await house.stop() == 0
        assert processes_of(alice) == []
