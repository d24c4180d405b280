"""`execute_command`: a command's result is what the model needs, whatever the command does."""

from __future__ import annotations

import asyncio
import re
import time
from collections.abc import Awaitable
from pathlib import Path
from typing import Any

import pytest

from extensions.coder.running import LOG_BYTES, MOST_RUNNING, Commands
from extensions.coder.tool import Action, Result, ToolError
from extensions.coder.tools.execute_command import TOOL
from extensions.coder.tools.read_command_output import TOOL as READ
from sessions.context import SessionContext
from sessions.quotas import Allowance, Quotas
from tests.extensions.coder.uses import Using, done, planned
from tests.people import people
from tests.sessions.stores import eventually

pytestmark = pytest.mark.anyio


@pytest.fixture(autouse=True)
def prompt() -> str:
    text = (Path(__file__).parents[4] / "extensions/coder/prompts/tools/execute_command.md").read_text()
    assert all(f"`{name}`" in text for name in TOOL.parameters["properties"])
    return text


async def processes_of(session: SessionContext) -> list[str]:
    """The command lines that run in the user's sandbox."""
    sandbox = await session.sandbox()
    holder = sandbox._holder
    if holder is None or not holder.running:
        return []
    pids = await asyncio.to_thread(holder.inside.pids)
    return [
        Path(f"/proc/{pid}/cmdline").read_bytes().replace(b"\0", b" ").decode()
        for pid in pids
        if Path(f"/proc/{pid}").exists()
    ]


def settle(session: SessionContext, setting: str, value: Any) -> None:
    """As if the user had set it."""
    session.settings.register_defaults({f"coder.{setting}": value})


async def sleeping(session: SessionContext, count: int) -> None:
    """Wait until so many of the sleeps that the tests start are there."""
    async with asyncio.timeout(10):
        while sum(line.startswith("sleep 300") for line in await processes_of(session)) != count:  # noqa: ASYNC110  the kernel tells nobody
            await asyncio.sleep(0.01)


async def meanwhile(result: Awaitable[Result]) -> asyncio.Future[Result]:
    """A call that goes on while the test does something."""
    return asyncio.ensure_future(result)


async def test_a_command_gives_its_output_and_exit_code(use: Using) -> None:
    result = await done(TOOL, use, command="echo out; echo err >&2; exit 3")
    assert result.text == "Command executed in '/workspace'. Exit code: 3\nOutput:\nout\nerr\n"
    assert not result.failed
    assert result.shown == {"command": "echo out; echo err >&2; exit 3", "cwd": "/workspace", "exitCode": 3}


async def test_leave_is_asked_for_the_whole_line_and_nothing_runs_before(ada: SessionContext, use: Using) -> None:
    plan = await planned(TOOL, use, command="touch a && touch b")
    assert plan.actions == (Action("execute", command="touch a && touch b"),)
    assert plan.shown == {"command": "touch a && touch b", "cwd": "/workspace"}
    assert await ada.files.read_directory("/workspace") == []
    await plan.act()
    assert [name for name, _ in await ada.files.read_directory("/workspace")] == ["a", "b"]


async def test_a_silent_command_says_so(use: Using) -> None:
    assert (await done(TOOL, use, command="true")).text.endswith("Exit code: 0\nIt said nothing.")


async def test_a_signal_is_named(use: Using) -> None:
    assert "Exit code: 143 (terminated by SIGTERM)" in (await done(TOOL, use, command="kill $$")).text


async def test_it_runs_in_the_folder_that_is_named(ada: SessionContext, use: Using) -> None:
    await ada.files.write("/workspace/sub/a.txt", b"")
    for cwd in ("sub", "/workspace/sub", "./sub/../sub"):
        result = await done(TOOL, use, command="pwd", cwd=cwd)
        assert result.text == "Command executed in '/workspace/sub'. Exit code: 0\nOutput:\n/workspace/sub\n"


@pytest.mark.parametrize(("cwd", "why"), [("none", "does not exist"), ("/workspace/file", "is a file")])
async def test_a_folder_that_is_none_is_refused_before_anybody_is_asked(
    ada: SessionContext, use: Using, cwd: str, why: str
) -> None:
    await ada.files.write("/workspace/file", b"")
    with pytest.raises(ToolError, match=why):
        await planned(TOOL, use, command="true", cwd=cwd)


async def test_an_empty_command_is_refused(use: Using) -> None:
    with pytest.raises(ToolError, match="empty"):
        await planned(TOOL, use, command=" \n")


@pytest.mark.parametrize(
    ("command", "cwd"),
    [
        ("cat secret.txt", "."),
        ("ls && sudo cat ./secret.txt", "."),
        ("true | grep key secret.txt", "."),
        ("bash -c 'head secret.txt'", "."),
        ("cat ../secret.txt", "sub"),
        ("wc -l < secret.txt", "."),
        ("while read -r x; do echo $x; done <../secret.txt", "sub"),
        ("echo $(<secret.txt)", "."),
        ("cat //workspace/sub/../secret.txt", "."),
        ("find . -exec cat secret.txt ;", "."),
        ("cd .. && cat secret.txt", "sub"),
        ("cd sub; cd ..; base64 secret.txt", "."),
        ("xxd secret.txt | head", "."),
        ("cp secret.txt copy", "."),
        ("mv secret.txt copy && cat copy", "."),
        ("ln -s secret.txt link; cat link", "."),
        ("tar cf - secret.txt | tar xO", "."),
        ("dd if=secret.txt", "."),
        ("curl -s -d @secret.txt http://localhost", "."),
        ("source secret.txt", "."),
        ("git show HEAD:secret.txt", "."),
        ("git diff -- secret.txt", "."),
        ("git grep -n key secret.txt", "."),
        ("git blame secret.txt", "."),
        ("git log -p ../secret.txt", "sub"),
        ("git cat-file -p HEAD:secret.txt", "."),
        ("bash -c 'cat < secret.txt'", "."),
        ("bash -c 'cd ..; cat secret.txt'", "sub"),
        ("""sh -c "bash -c 'env cat secret.txt'" """, "."),
    ],
)
async def test_what_reads_an_ignored_file_is_refused(ada: SessionContext, command: str, cwd: str) -> None:
    await ada.files.create_directory("/workspace/sub")
    use = Using(ignore="secret.txt\n")
    with pytest.raises(ToolError, match=re.escape("'secret.txt', which .rooignore keeps")):
        await planned(TOOL, use, command=command, cwd=cwd)
    await planned(TOOL, use, command="cat secret.md && ls secret.txt", cwd=cwd)


async def test_nothing_can_be_typed_and_nothing_waits_for_it(use: Using) -> None:
    async with asyncio.timeout(10):
        result = await done(TOOL, use, command="read x; echo $?; cat; git --no-pager --version >/dev/null")
    assert "Output:\n1\n" in result.text


async def test_output_is_shown_while_it_comes(use: Using) -> None:
    call = await meanwhile(done(TOOL, use, command="echo first; sleep 1; printf 'second? '; sleep 2; echo third"))
    await eventually(lambda: "first\n" in "".join(use.streamed))
    assert "third" not in "".join(use.streamed)
    await eventually(lambda: "second?" in "".join(use.streamed))
    assert not call.done()
    await call
    assert "third" in "".join(use.streamed)


async def test_when_the_models_time_is_over_it_goes_on_in_the_background(use: Using) -> None:
    began = time.monotonic()
    result = await done(TOOL, use, command="echo up; sleep 3; echo later", timeout=0.5)
    assert time.monotonic() - began < 2.5
    assert "still running in '/workspace' as process 1. The output so far:\nup\n" in result.text
    commands = Commands.of(use.notes)
    (running,) = commands
    assert "Running for" in commands.news()
    await running.ended
    news = commands.news()
    assert news.startswith("# Background commands\n## Process 1 in '/workspace': `echo up; sleep 3; echo later`\n")
    assert news.endswith("Exit code: 0\nNew output:\nlater")
    assert commands.news() == ""
    whole = await done(READ, use, artifact_id=running.artifact)
    assert whole.text.endswith("]\nup\nlater\n")


async def test_when_the_users_time_is_over_it_is_killed_with_all_it_started(ada: SessionContext, use: Using) -> None:
    settle(ada, "commandExecutionTimeout", 1)
    result = await done(TOOL, use, command="setsid sleep 3001 & sleep 3002")
    assert result.failed
    assert "Killed, as it ran longer than the user lets a command run." in result.text
    assert "Do not run it again as it is" in result.text
    assert not [line for line in await processes_of(ada) if "sleep 300" in line]


async def test_a_command_that_the_user_lets_run_is_not_killed(ada: SessionContext, use: Using) -> None:
    settle(ada, "commandExecutionTimeout", 1)
    settle(ada, "commandTimeoutAllowlist", ["sleep 2"])
    assert "Exit code: 0" in (await done(TOOL, use, command="sleep 2; true")).text


async def test_the_users_time_also_ends_what_went_to_the_background(ada: SessionContext, use: Using) -> None:
    settle(ada, "commandExecutionTimeout", 2)
    assert "still running" in (await done(TOOL, use, command="sleep 300", timeout=0.2)).text
    (running,) = Commands.of(use.notes)
    async with asyncio.timeout(10):
        await running.ended
    assert "Killed" in Commands.of(use.notes).news()


async def test_stopping_the_task_ends_it(ada: SessionContext, use: Using) -> None:
    call = await meanwhile(done(TOOL, use, command="echo up; sleep 3001"))
    await eventually(lambda: use.streamed)
    use.stop()
    async with asyncio.timeout(10):
        result = await call
    assert result.failed and "Ended by the user" in result.text and "up" in result.text
    assert not [line for line in await processes_of(ada) if "sleep 3001" in line]


async def test_a_call_that_is_cancelled_leaves_nothing(ada: SessionContext, use: Using) -> None:
    call = await meanwhile(done(TOOL, use, command="echo up; sleep 3001"))
    await eventually(lambda: use.streamed)
    call.cancel()
    with pytest.raises(asyncio.CancelledError):
        await call
    assert not [line for line in await processes_of(ada) if "sleep 3001" in line]


async def test_the_end_of_the_task_ends_what_was_left_behind(ada: SessionContext, use: Using) -> None:
    await done(TOOL, use, command="sleep 3001", timeout=0.2)
    await done(TOOL, use, command="setsid sleep 3002 >/dev/null 2>&1 &")
    await sleeping(ada, 2)
    await Commands.of(use.notes).end()
    assert not [line for line in await processes_of(ada) if "sleep 300" in line]


async def test_a_server_that_is_left_behind_goes_on_and_is_told(use: Using) -> None:
    result = await done(
        TOOL, use, command="(for i in 1 2 3 4 5 6 7 8; do sleep 0.4; echo tick $i; done) & echo started"
    )
    assert "Exit code: 0 Something that it left in the background still runs." in result.text
    assert "started" in result.text
    (running,) = Commands.of(use.notes)
    await eventually(lambda: not running.is_open)
    assert "tick 8" in Commands.of(use.notes).news()


async def test_of_ten_thousand_lines_both_ends_are_given_and_all_are_stored(ada: SessionContext, use: Using) -> None:
    result = await done(TOOL, use, command="seq 1 10000")
    assert result.shown is not None
    name = result.shown["artifactId"]
    assert re.fullmatch(r"cmd-[0-9]+\.txt", name)
    assert f"Output (48894 bytes; all of it is stored as {name}" in result.text
    assert "\n1\n2\n3\n" in result.text and result.text.endswith("\n9999\n10000\n")
    assert len(result.text) < 10_500
    stored = await ada.files.read(f"{use.store().path}/command-output/{name}")
    assert stored == b"".join(b"%d\n" % number for number in range(1, 10_001))


@pytest.mark.parametrize(("size", "most"), [("small", 5_000), ("medium", 10_000), ("large", 20_000)])
async def test_how_much_is_given_is_the_users_to_say(ada: SessionContext, use: Using, size: str, most: int) -> None:
    settle(ada, "terminalOutputPreviewSize", size)
    result = await done(TOOL, use, command="seq 1 10000")
    assert most - 10 < len(result.text.partition("searches):\n")[2]) < most + 100


async def test_a_flood_is_bounded_in_memory_time_and_on_disk(ada: SessionContext, use: Using) -> None:
    result = await done(TOOL, use, command="timeout 4 yes flood", timeout=30)
    assert "Exit code: 124" in result.text and len(result.text) < 10_600
    (running,) = Commands.of(use.notes)
    assert running.kept.total > LOG_BYTES
    assert len(running.kept._tail) < 400_000
    stored = await ada.files.stat(f"{use.store().path}/command-output/{running.artifact}")
    assert stored.size == LOG_BYTES
    assert sum(map(len, use.streamed)) < 400_000


async def test_binary_output_is_told_and_not_shown(use: Using) -> None:
    result = await done(
        TOOL, use, command="head -c 30000 /dev/urandom; printf '\\0\\0\\0\\0\\0\\0\\0\\0\\0\\0'; echo end"
    )
    assert result.text.endswith("characters that are no text]end\n")
    assert not re.search("[\x00-\x08\x0e-\x1f]", result.text)


async def test_commands_of_one_answer_may_run_side_by_side(use: Using) -> None:
    results = await asyncio.gather(*(done(TOOL, use, command=f"seq {n} 20000") for n in range(8)))
    names = {result.shown["artifactId"] for result in results if result.shown}
    assert len(names) == 8


async def test_a_task_has_only_so_many_at_a_time(use: Using) -> None:
    for _ in range(MOST_RUNNING):
        await done(TOOL, use, command="sleep 300", timeout=0.01)
    result = await done(TOOL, use, command="true")
    assert result.failed and "kill_process" in result.text
    await Commands.of(use.notes).end()


async def test_where_nothing_may_run_the_model_is_told(tmp_path: Path) -> None:
    async with people(tmp_path) as sessions:
        with (await sessions.open("ada")).entered("roost.coder"):
            result = await done(TOOL, Using(), command="true")
    assert result.failed and result.text.startswith("The command was not started: nothing of ada may run here")


async def test_over_the_quota_the_command_goes_on_and_the_model_is_told(ada: SessionContext, use: Using) -> None:
    ada.files._meter = Allowance(Quotas(bytes=30_000), lambda: (0, 0))
    result = await done(TOOL, use, command="seq 1 50000")
    assert "Exit code: 0" in result.text
    assert "bytes of the output could be stored: over the quota 'bytes'" in result.text
