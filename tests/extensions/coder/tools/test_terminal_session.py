"""`terminal_session`: the agent works in a terminal that its user sees, and the user may take over."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator

import pytest

import shim as vscode
from extensions.coder.access import Access
from extensions.coder.running import Commands
from extensions.coder.terminals import MOST, Seats
from extensions.coder.tool import TYPED, Action, ToolError
from extensions.coder.tools.terminal_session import TOOL
from sessions.context import SessionContext
from sessions.terminals import Terminals
from tests.extensions.coder.uses import Using, done, planned
from tests.sessions.stores import eventually

pytestmark = pytest.mark.anyio


@pytest.fixture
async def opened(ada: SessionContext, use: Using) -> AsyncIterator[Using]:
    """A task with one open terminal, number 1."""
    result = await done(TOOL, use, action="open")
    assert result.text.startswith("Terminal 1 is open in '/workspace'. It waits at its prompt.")
    yield use


async def send(use: Using, text: str, **more: object) -> str:
    return (await done(TOOL, use, action="send", terminal_id=1, text=text, **more)).text


async def test_the_user_sees_the_terminal_and_it_runs_nothing_yet(ada: SessionContext, use: Using) -> None:
    plan = await planned(TOOL, use, action="open", cwd=".")
    assert plan.actions == (Action("free"),)
    assert list(ada.get(Terminals)) == []
    await plan.act()
    (shell,) = ada.get(Terminals)
    assert (shell.name, shell.hidden) == ("Agent 1", False)
    assert vscode.window.active_terminal is not None and vscode.window.active_terminal.name == "Agent 1"


async def test_leave_is_asked_for_what_is_typed(opened: Using) -> None:
    for text, command in (("make all", "make all"), ("", "press Enter")):
        plan = await planned(TOOL, opened, action="send", terminal_id=1, text=text)
        assert plan.actions == (Action("execute", command=command),)
    assert (await planned(TOOL, opened, action="send", terminal_id=1, key="ctrl+c")).actions == (Action("free"),)


@pytest.mark.parametrize("text", ["find . !$", "!!", "^echo^rm", 'echo "!x"', "ls\n^a^b", "l\tx", "echo '!x'"])
async def test_a_line_that_the_prompt_would_change_is_not_typed(opened: Using, text: str) -> None:
    """`echo -delete`, then `find . !$`: each was allowed, and what ran was neither."""
    with pytest.raises(ToolError, match="the shell would put something else"):
        await planned(TOOL, opened, action="send", terminal_id=1, text=text)


@pytest.mark.parametrize("text", ["! grep -q x a", "[ a != b ]", "echo $!", "if ! true; then echo a; fi", "echo a^b"])
async def test_a_line_that_the_prompt_leaves_is_typed(opened: Using, text: str) -> None:
    plan = await planned(TOOL, opened, action="send", terminal_id=1, text=text)
    assert plan.actions == (Action("execute", command=text),)


async def test_a_command_gives_its_output_and_exit_code_and_the_shell_remembers(opened: Using) -> None:
    assert await send(opened, "cd /tmp; X=5; echo hi; (exit 4)") == (
        "Typed at the prompt of terminal 1. Exit code: 4\nOutput:\nhi"
    )
    assert (await send(opened, 'echo "$PWD $X"')).endswith("Exit code: 0\nOutput:\n/tmp 5")
    assert (await send(opened, "true")).endswith("Exit code: 0\nIt said nothing new.")


async def test_a_program_that_asks_is_answered(opened: Using) -> None:
    first = await send(opened, "read -p 'Name? ' name; echo \"Hello $name\"", wait=1)
    assert "Something still runs in it." in first and "Name?" in first
    assert "Hello Ada" in await send(opened, "Ada", wait=5)
    assert (await done(TOOL, opened, action="read", terminal_id=1)).text.endswith("It said nothing new.")


async def test_what_takes_longer_goes_on_and_is_read_later(opened: Using) -> None:
    assert "Something still runs" in await send(opened, "echo one; sleep 1; echo two", wait=0.3)
    result = await done(TOOL, opened, action="read", terminal_id=1, wait=5)
    assert "two" in result.text and "waits at its prompt" in result.text


async def test_what_was_typed_counts_as_running_before_the_shell_has_read_it(opened: Using) -> None:
    assert "Something still runs in it." in await send(opened, "sleep 100", wait=0)
    plan = await planned(TOOL, opened, action="send", terminal_id=1, text="ls")
    assert [action.name for action in plan.actions] == [TYPED], "it may go to what runs, and not to the prompt"


async def test_a_key_ends_what_runs(opened: Using) -> None:
    await send(opened, "sleep 300", wait=0.3)
    result = await done(TOOL, opened, action="send", terminal_id=1, key="ctrl+c")
    assert "It waits at its prompt." in result.text


async def test_the_user_may_take_over(ada: SessionContext, opened: Using) -> None:
    (shell,) = ada.get(Terminals)
    await shell.send(b"echo by the user\n")
    await eventually(lambda: b"by the user\r\n" in shell.scrollback.read(0, 100_000)[-200:])
    assert "by the user" in (await done(TOOL, opened, action="read", terminal_id=1, wait=2)).text
    await shell.send(b"exit 3\n")
    await eventually(lambda: shell.ended)
    result = await done(TOOL, opened, action="send", terminal_id=1, text="echo lost")
    assert result.failed and "The terminal has ended. Exit code: 3" in result.text


async def test_what_the_user_was_typing_does_not_become_part_of_a_command(ada: SessionContext, opened: Using) -> None:
    (shell,) = ada.get(Terminals)
    await shell.send(b"touch gone; echo never ")
    await eventually(lambda: b"never" in shell.scrollback.read(0, 100_000))
    assert (await send(opened, "echo mine")).endswith("Output:\nmine")
    assert await ada.files.read_directory("/workspace") == []


async def test_a_closed_terminal_is_gone_with_what_ran_in_it(ada: SessionContext, opened: Using) -> None:
    await send(opened, "sleep 300", wait=0.2)
    await done(TOOL, opened, action="close", terminal_id=1)
    await eventually(lambda: not [shell for shell in ada.get(Terminals) if not shell.ended])
    with pytest.raises(ToolError, match="no terminal 1"):
        await planned(TOOL, opened, action="read", terminal_id=1)


async def test_stopping_the_task_ends_the_wait_and_leaves_the_terminal(ada: SessionContext, opened: Using) -> None:
    call = asyncio.ensure_future(done(TOOL, opened, action="send", terminal_id=1, text="sleep 300", wait=100))
    (shell,) = ada.get(Terminals)
    await eventually(lambda: shell.integration is not None and shell.integration.current is not None)
    opened.stop()
    async with asyncio.timeout(5):
        assert "still runs" in (await call).text
    assert not shell.ended


async def test_a_flood_is_bounded(opened: Using) -> None:
    text = await send(opened, "seq 1 300000", wait=30)
    assert len(text) < 11_000 and "bytes omitted" in text and text.endswith("300000")


@pytest.mark.parametrize(
    ("arguments", "why"),
    [
        ({"action": "send"}, "no terminal None"),
        ({"action": "read", "terminal_id": 9}, r"no terminal 9 in this task \(there are: 1\)"),
        ({"action": "send", "terminal_id": 1}, "either text"),
        ({"action": "send", "terminal_id": 1, "text": "a", "key": "ctrl+c"}, "either text"),
        ({"action": "send", "terminal_id": 1, "key": "up"}, "none of ctrl"),
        ({"action": "send", "terminal_id": 1, "text": "echo \x1b[A"}, "no control characters"),
        ({"action": "send", "terminal_id": 1, "text": "x\r"}, "no control characters"),
        ({"action": "open", "cwd": "none"}, "does not exist"),
    ],
)
async def test_what_makes_no_sense_is_refused(opened: Using, arguments: dict[str, object], why: str) -> None:
    with pytest.raises(ToolError, match=why):
        await planned(TOOL, opened, **arguments)


async def test_a_task_has_only_so_many(opened: Using) -> None:
    for _ in range(MOST - 1):
        await done(TOOL, opened, action="open")
    with pytest.raises(ToolError, match="close one of them"):
        await planned(TOOL, opened, action="open")
    assert Seats.of(opened.notes).news().count("waits at its prompt") == MOST
    assert Commands.of(opened.notes).news().startswith("# Terminals\nTerminal 1: It waits at its prompt.\n")


async def test_an_ignored_file_is_kept_from_it_wherever_the_shell_stands(ada: SessionContext, opened: Using) -> None:
    opened.access = Access("/workspace", "secret.txt\n")
    await send(opened, "mkdir sub; cd sub")
    with pytest.raises(ToolError, match="rooignore keeps"):
        await planned(TOOL, opened, action="send", terminal_id=1, text="cat ../secret.txt")
    await planned(TOOL, opened, action="send", terminal_id=1, text="cat ../../secret.txt")
