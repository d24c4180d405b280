"""`start_process`, `get_process_output`, `kill_process`: a dev server that runs beside the conversation."""

from __future__ import annotations

import asyncio
import time

import pytest

from extensions.coder.running import Commands
from extensions.coder.tool import Action, ToolError
from extensions.coder.tools import TOOLS
from extensions.coder.tools.get_process_output import TOOL as LOOK
from extensions.coder.tools.kill_process import TOOL as KILL
from extensions.coder.tools.read_command_output import TOOL as READ
from extensions.coder.tools.start_process import TOOL as START
from sessions.context import SessionContext
from tests.extensions.coder.uses import Using, done, planned

pytestmark = pytest.mark.anyio

SERVER = "echo listening; while read -r line; do :; done < <(while sleep 0.2; do echo; done)"


async def test_a_process_is_started_with_leave_and_tells_that_it_is_up(use: Using) -> None:
    plan = await planned(START, use, command=SERVER)
    assert plan.actions == (Action("execute", command=SERVER),)
    assert not list(Commands.of(use.notes))
    result = await plan.act()
    assert result.text.startswith("Process 1 (`echo listening;")
    assert "Running for" in result.text and "New output:\nlistening\n" in result.text
    await Commands.of(use.notes).end()


async def test_what_fails_at_once_says_so(use: Using) -> None:
    result = await done(START, use, command="echo no port >&2; exit 98", wait=30)
    assert "Exit code: 98" in result.text and "no port" in result.text


async def test_each_look_gives_what_is_new(ada: SessionContext, use: Using) -> None:
    await (await ada.sandbox()).run(["mkfifo", "go"])
    await done(START, use, command="echo one; read x < go; echo two; sleep 300", wait=2)
    assert "It said nothing new." in (await done(LOOK, use, process_id=1)).text
    await (await ada.sandbox()).run(["bash", "-c", "echo > go"])
    assert "New output:\ntwo\n" in (await done(LOOK, use, process_id=1, wait=10)).text
    assert "It said nothing new." in (await done(LOOK, use, process_id=1)).text
    await Commands.of(use.notes).end()


async def test_a_look_waits_for_something_new(use: Using) -> None:
    await done(START, use, command="echo one; sleep 1.5; echo two; sleep 300", wait=0.5)
    began = time.monotonic()
    result = await done(LOOK, use, process_id=1, wait=30)
    assert "New output:\ntwo\n" in result.text
    assert time.monotonic() - began < 10
    await Commands.of(use.notes).end()


async def test_a_look_that_waits_ends_with_the_task(use: Using) -> None:
    await done(START, use, command="sleep 300", wait=0)
    call = asyncio.ensure_future(done(LOOK, use, process_id=1, wait=60))
    await asyncio.sleep(0)
    use.stop()
    async with asyncio.timeout(5):
        assert "nothing new" in (await call).text
    await Commands.of(use.notes).end()


async def test_a_process_is_ended_with_all_that_it_started(ada: SessionContext, use: Using) -> None:
    await done(START, use, command="setsid sleep 3001 & echo up; sleep 3002")
    result = await done(KILL, use, process_id=1)
    assert result.text.startswith("Process 1 (`setsid sleep 3001 & echo up; sleep 3002`) has ended. Exit code: 137")
    sandbox = await ada.sandbox()
    assert "300" not in (await sandbox.run(["bash", "-c", "cat /proc/[0-9]*/cmdline | tr '\\0' ' '"])).output.decode()
    assert Commands.of(use.notes).news() == ""


async def test_a_number_that_is_none_is_refused_with_those_there_are(use: Using) -> None:
    with pytest.raises(ToolError, match=r"no process 7 in this task \(there are: none\)"):
        await planned(LOOK, use, process_id=7)
    await done(START, use, command="true")
    with pytest.raises(ToolError, match=r"\(there are: 1\)"):
        await planned(KILL, use, process_id=0)


async def test_what_it_says_comes_with_the_environment_and_only_once(use: Using) -> None:
    await done(START, use, command="echo up; sleep 1; seq 1 20000; sleep 300", wait=0.5)
    commands = Commands.of(use.notes)
    (running,) = commands
    assert "New output" not in commands.news()
    said = len("up\n") + sum(len(f"{number}\n") for number in range(1, 20_001))
    while running.kept.total < said:  # noqa: ASYNC110  it has no event for that
        await asyncio.sleep(0.01)
    news = commands.news()
    assert "New output:" in news and news.endswith("20000") and len(news) < 2_600
    assert "New output" not in commands.news()
    await commands.end()
    assert commands.news() == ""


async def test_all_that_it_says_is_stored(use: Using) -> None:
    await done(START, use, command="seq 1 5", wait=2)
    (running,) = Commands.of(use.notes)
    await running.ended
    assert (await done(READ, use, artifact_id=running.artifact)).text.endswith("\n1\n2\n3\n4\n5\n")


async def test_two_tasks_processes_are_each_their_own(use: Using) -> None:
    other = Using()
    await done(START, use, command="sleep 300", wait=0)
    with pytest.raises(ToolError):
        await planned(KILL, other, process_id=1)
    await Commands.of(use.notes).end()


def test_the_tools_are_known_by_their_names() -> None:
    names = [tool.name for tool in TOOLS]
    assert len(names) == len(set(names))
    assert {START.name, LOOK.name, KILL.name} <= set(names)
