"""The proposal `processes`: an extension's commands run in its user's sandbox, end as asked, and leave nothing."""

from __future__ import annotations

import asyncio
import os
import signal
from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from sessions.context import SessionContext
from sessions.errors import InvalidValue, NoCurrentUser, QuotaExceeded, SandboxUnavailable
from sessions.jail import World
from sessions.levels import OFF
from sessions.quotas import Quotas
from sessions.sandbox import Sandbox
from sessions.tasks import Tasks
from shim import Uri
from shim.proposed import processes
from tests.inside import tenants
from tests.people import people

pytestmark = pytest.mark.anyio


@pytest.fixture
async def ada() -> AsyncIterator[SessionContext]:
    async with tenants("ada") as (_, (session,)):
        with session.entered("acme.commands"):
            yield session


def line(text: str) -> list[str]:
    return [processes.SHELL, "-c", text]


async def said(process: processes.Process) -> bytes:
    """All that it says until the end."""
    heard = b""
    async with asyncio.timeout(20):
        while data := await process.read():
            heard += data
    return heard


async def running(session: SessionContext) -> int:
    """How many processes of the user's run, the sandbox's own among them; the dead wait for a moment to be buried."""
    sandbox = await session.sandbox()
    assert sandbox._holder is not None
    stats = sandbox._holder.inside.processes.stats
    return await asyncio.to_thread(lambda: len(list(stats())))


async def test_a_command_runs_where_its_user_works_and_tells_how_it_ended(ada: SessionContext) -> None:
    await ada.files.write("/workspace/src/a.txt", b"hello")
    finished = await processes.run(line("pwd; cat a.txt; id -un; exit 3"), cwd=Uri.file("/workspace/src"))
    assert finished.output == b"/workspace/src\nhello" + b"ada\n"
    assert finished.exit_code == 3


async def test_two_users_commands_see_each_their_own_world() -> None:
    async with tenants("ada", "ben") as (_, (ada, ben)):
        await ada.files.write("/workspace/mine", b"ada's")
        await ben.files.write("/workspace/mine", b"ben's")
        for session, own in ((ada, b"ada's"), (ben, b"ben's")):
            with session.entered("acme.commands"):
                assert (await processes.run(["cat", "mine"])).output == own


async def test_nothing_of_the_hosts_environment_reaches_it(
    ada: SessionContext, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("ROOST_SECRET", "host's")
    finished = await processes.run(["env"], env={"GIVEN": "a b"})
    assert b"GIVEN=a b\n" in finished.output
    assert b"host's" not in finished.output


async def test_what_it_reads_and_says_is_streamed(ada: SessionContext) -> None:
    process = await processes.start(line('while read -r x; do echo "<$x>"; done; echo end >&2'), stdin=True)
    await process.write(b"one\n")
    assert await process.read() == b"<one>\n"
    await process.write(b"two\n")
    process.end_input()
    assert await said(process) == b"<two>\nend\n"
    assert await process.wait() == 0 and not process.is_running
    process.close()


async def test_without_an_input_nothing_can_be_written_and_reading_it_ends_at_once(ada: SessionContext) -> None:
    process = await processes.start(["cat"])
    with pytest.raises(InvalidValue, match="stdin=True"):
        await process.write(b"x")
    assert await said(process) == b""
    process.close()


async def test_after_its_time_it_is_killed_with_all_that_it_started(ada: SessionContext) -> None:
    await processes.run(["true"])
    before = await running(ada)
    finished = await processes.run(line("setsid sleep 300 & echo up; wait"), timeout=1)
    assert (finished.timed_out, finished.output) == (True, b"up\n")
    assert await running(ada) == before


async def test_a_kill_ends_also_what_outlived_the_command_itself(ada: SessionContext) -> None:
    await processes.run(["true"])
    before = await running(ada)
    process = await processes.start(line("setsid sleep 300 >/dev/null 2>&1 & exec sleep 0.1"))
    assert await process.wait() == 0
    assert await running(ada) == before + 1
    await process.kill()
    assert await running(ada) == before
    process.close()


async def test_kills_at_the_same_time_miss_nothing(ada: SessionContext) -> None:
    await processes.run(["true"])
    before = await running(ada)
    for _ in range(10):
        some = [await processes.start(line("setsid sleep 300 >/dev/null 2>&1 & exec sleep 0.1")) for _ in range(4)]
        some += [await processes.start(["sleep", "300"]) for _ in range(4)]
        await asyncio.gather(*(one.wait() for one in some[:4]))
        await asyncio.gather(*(one.kill() for one in some))
        assert await running(ada) == before
        for one in some:
            one.close()


async def test_a_signal_is_told_as_a_shell_tells_it(ada: SessionContext) -> None:
    process = await processes.start(line("trap 'echo caught; exit 7' INT; echo up; while :; do sleep 0.05; done"))
    assert await process.read() == b"up\n"
    process.send_signal(signal.SIGINT)
    assert await process.wait() == 7
    other = await processes.start(["sleep", "300"])
    other.send_signal(signal.SIGTERM)
    assert await other.wait() == 128 + signal.SIGTERM
    process.close()
    other.close()


async def test_of_a_flood_both_ends_are_kept_and_all_of_it_is_in_a_file(ada: SessionContext) -> None:
    finished = await processes.run(line("seq 1 200000"), keep=1000)
    assert len(finished.head) + len(finished.tail) == 1000
    assert finished.head.startswith(b"1\n2\n") and finished.tail.endswith(b"\n200000\n")
    same = await processes.run(line(f"seq 1 200000 | cmp - {finished.path}"))
    assert (same.exit_code, same.output) == (0, b"")


async def test_a_command_that_nobody_reads_waits(ada: SessionContext) -> None:
    process = await processes.start(line("yes"))
    assert len(await process.read()) <= 65536
    assert process.is_running
    await process.kill()
    assert await process.wait() == 137
    process.close()


@pytest.mark.parametrize(("argv", "code"), [(["no-such-program"], 127), (["/workspace"], 126)])
async def test_what_cannot_be_started_says_so(ada: SessionContext, argv: list[str], code: int) -> None:
    finished = await processes.run(argv)
    assert finished.exit_code == code
    assert argv[0].encode() in finished.output


async def test_a_folder_that_is_not_there_says_so(ada: SessionContext) -> None:
    finished = await processes.run(["true"], cwd="/workspace/none")
    assert finished.exit_code == 125 and b"/workspace/none" in finished.output


@pytest.mark.parametrize("cwd", [Uri.parse("untitled:a"), "a\0b"])
async def test_a_folder_is_one_of_the_user(ada: SessionContext, cwd: Uri | str) -> None:
    with pytest.raises(InvalidValue):
        await processes.run(["true"], cwd=cwd)


async def test_whoever_is_no_user_runs_nothing() -> None:
    with pytest.raises(NoCurrentUser):
        processes.run(["true"])


async def test_where_nothing_may_run_the_reason_is_told(tmp_path: Path) -> None:
    async with people(tmp_path) as sessions:
        with (await sessions.open("ada")).entered("acme.commands"), pytest.raises(SandboxUnavailable):
            await processes.start(["true"])


async def test_it_ends_with_its_session() -> None:
    async with tenants("ada") as (sessions, (ada,)):
        with ada.entered("acme.commands"):
            process = await processes.start(line("setsid sleep 300 & sleep 300"))
        await sessions.close("ada")
        async with asyncio.timeout(10):
            await process.wait()
        assert not process.is_running


async def test_a_log_grows_at_its_end(ada: SessionContext) -> None:
    log = Uri.file("/home/logs/a.txt")
    await processes.append(log, b"one\n")
    await processes.append(log, b"two\n")
    assert await ada.files.read("/home/logs/a.txt") == b"one\ntwo\n"


async def test_over_the_quota_a_log_does_not_grow(tmp_path: Path) -> None:
    async with people(tmp_path, quotas=Quotas(bytes=1_000_000)) as sessions:
        session = await sessions.open("ada")
        with session.entered("acme.commands"):
            await processes.append(Uri.file("/home/log"), b"x" * 1000)
            with pytest.raises(QuotaExceeded):
                await processes.append(Uri.file("/home/log"), b"x" * 1_000_000)
        assert len(await session.files.read("/home/log")) == 1000


async def test_on_ones_own_machine_a_command_runs_as_oneself(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("MY_OWN", "kept")
    monkeypatch.setenv("ROOST_AUTH", "not told")
    (tmp_path / "run").mkdir()
    failures: list[str] = []
    async with asyncio.TaskGroup() as group, people(tmp_path / "data") as sessions:
        session = await sessions.open("local")
        world = World("local", {}, tmp_path / "run", None, str(tmp_path), str(tmp_path))
        sandbox = Sandbox(world, OFF, "host", None, Tasks(group, lambda name, error: failures.append(name)))

        async def own() -> Sandbox:
            return sandbox

        session.make_sandbox = own
        with session.entered("acme.commands"):
            finished = await processes.run(line("pwd; id -u; env"))
    assert finished.output.decode().splitlines()[:2] == [str(tmp_path), str(os.getuid())]
    assert b"MY_OWN=kept" in finished.output and b"not told" not in finished.output
    assert not failures
