"""`vscode.window`'s terminals as an extension uses them, with real shells."""

from __future__ import annotations

import asyncio
import shutil
from collections.abc import AsyncIterator
from typing import Any

import pytest

import shim as vscode
from sessions.context import SessionContext
from sessions.errors import InvalidValue, Overloaded
from sessions.quotas import Quotas
from sessions.shells import ShellOptions
from sessions.terminals import Terminals
from shim import (
    EventEmitter,
    TerminalDimensions,
    TerminalExitReason,
    TerminalExitStatus,
    TerminalOptions,
    Uri,
    window,
)
from shim.terminal import TerminalDisposed
from tests.inside import kept, tenants, until
from tests.sessions.stores import eventually

pytestmark = pytest.mark.anyio

PLAIN = ["--norc", "--noprofile"]


@pytest.fixture
async def ada() -> AsyncIterator[SessionContext]:
    async with tenants("ada") as (_, (session,)):
        with session.entered("acme.shells"):
            yield session


async def told(event: Any, count: int = 1) -> list[Any]:
    """The next so many things that an event tells."""
    heard: asyncio.Queue[Any] = asyncio.Queue()
    subscription = event(heard.put_nowait)
    try:
        async with asyncio.timeout(15):
            return [await heard.get() for _ in range(count)]
    finally:
        subscription.dispose()


def screen(terminal: vscode.Terminal) -> bytes:
    return kept(terminal.shell) if terminal.shell is not None else b""


async def integrated(terminal: vscode.Terminal) -> vscode.TerminalShellIntegration:
    await eventually(lambda: terminal.shell_integration)
    assert terminal.shell_integration is not None
    return terminal.shell_integration


async def test_a_terminal_is_there_at_once_and_runs_what_is_sent_early(ada: SessionContext) -> None:
    opened: list[vscode.Terminal] = []
    window.on_did_open_terminal(opened.append)
    terminal = window.create_terminal("build", "/bin/bash", PLAIN)
    assert terminal.name == "build"
    assert terminal in window.terminals
    assert terminal.exit_status is None
    terminal.send_text("echo ear''ly; echo $0")
    terminal.send_text("echo par", should_execute=False)
    terminal.send_text("tial$((1+1))")
    assert isinstance(await terminal.process_id, int)
    await eventually(lambda: b"early" in screen(terminal) and b"partial2" in screen(terminal))
    assert opened == [terminal]
    assert window.active_terminal is terminal
    assert terminal.state.is_interacted_with
    assert terminal.state.shell == "bash"


@pytest.mark.parametrize(("text", "most"), [("x" * 100_000, 83), ("", 8_192)], ids=["long", "short"])
async def test_what_waits_for_a_shell_is_bounded_before_it_is_there_and_after(
    ada: SessionContext, text: str, most: int
) -> None:
    terminal = window.create_terminal("slow", "/bin/sleep", ["60"])
    for _ in range(2):
        with pytest.raises(Overloaded):
            for _ in range(most + 1):
                terminal.send_text(text)
        await terminal.process_id
    terminal.dispose()


async def test_options_are_vs_codes(ada: SessionContext) -> None:
    await ada.files.create_directory("/home/place")
    options = TerminalOptions(
        name="odd",
        shell_path="bash",
        shell_args="--norc --noprofile",
        cwd=Uri.file("/home/place"),
        env={"GREETING": "hé llo", "LANG": None},
        message="welcome",
        icon_path="flame",
    )
    terminal = window.create_terminal(options)
    terminal.send_text("echo $PWD $GREETING ${LANG-none}")
    await eventually(lambda: b"/home/place h\xc3\xa9 llo none" in screen(terminal))
    assert screen(terminal).startswith(b"welcome\r\n")
    assert terminal.creation_options is options
    bare = window.create_terminal(shell_path="/usr/bin/env", env={"ONLY": "1"}, strict_env=True)
    await eventually(lambda: bare.exit_status is not None)


async def test_a_strict_environment_has_nothing_else_in_it(ada: SessionContext) -> None:
    terminal = window.create_terminal(shell_path="/usr/bin/env", shell_args=[], env={"ONLY": "1"}, strict_env=True)
    shells: list[Any] = []
    await eventually(lambda: terminal.shell is not None)
    shells.append(terminal.shell)
    await eventually(lambda: shells[0].ended)
    assert kept(shells[0]).decode().split() == ["ONLY=1"]


@pytest.mark.parametrize(
    "wrong",
    [
        {"cwd": "relative"},
        {"cwd": Uri.parse("http://h/a")},
        {"shell_path": "a/b"},
        {"shell_args": ["\0"]},
        {"env": {"A-B": "c"}},
    ],
    ids=str,
)
async def test_a_wrong_option_is_raised_where_it_is_given(ada: SessionContext, wrong: dict[str, Any]) -> None:
    with pytest.raises(InvalidValue):
        window.create_terminal(**wrong)
    assert window.terminals == ()


async def test_a_shell_that_cannot_be_started_closes_its_terminal(ada: SessionContext) -> None:
    ada.quotas = Quotas(terminals=0)
    closed = asyncio.Event()
    window.on_did_close_terminal(lambda terminal: closed.set())
    terminal = window.create_terminal()
    async with asyncio.timeout(10):
        assert await terminal.process_id is None
        await closed.wait()
    assert terminal.exit_status is not None
    assert terminal.exit_status.code is None
    assert window.terminals == ()


async def test_how_a_terminal_ended_is_told(ada: SessionContext) -> None:
    by_itself = window.create_terminal(shell_path="/bin/sh", shell_args=["-c", "exit 9"])
    (closed,) = await told(window.on_did_close_terminal)
    assert closed is by_itself
    assert (by_itself.exit_status.code, by_itself.exit_status.reason) == (9, TerminalExitReason.PROCESS)
    disposed = window.create_terminal(shell_path="/bin/cat")
    disposed.dispose()
    await told(window.on_did_close_terminal)
    assert disposed.exit_status == TerminalExitStatus(None, TerminalExitReason.EXTENSION)
    users = await ada.get(Terminals).open(ShellOptions("/bin/cat"))
    (seen,) = window.terminals
    await ada.get(Terminals).dispose(users.id)
    assert seen.exit_status == TerminalExitStatus(None, TerminalExitReason.USER)
    assert window.terminals == ()
    assert window.active_terminal is None


async def test_what_does_not_hang_up_with_its_shell_is_ended_all_the_same(ada: SessionContext) -> None:
    line = "(trap '' HUP; exec sleep 3007) & echo started; wait"
    terminal = window.create_terminal(shell_path="/bin/bash", shell_args=["-c", line])
    await eventually(lambda: b"started" in screen(terminal))
    assert terminal.shell is not None
    await ada.get(Terminals).dispose(terminal.shell.id, by="extension")
    sandbox = await ada.sandbox()
    finished = await sandbox.run(["bash", "-c", "cat /proc/[0-9]*/cmdline | tr '\\0' ' ' | grep -c 'sleep[ ]3007'"])
    assert finished.output == b"0\n"


async def test_a_terminal_of_a_client_is_an_extensions_too(ada: SessionContext) -> None:
    before = await ada.get(Terminals).open(ShellOptions("/bin/cat"), name="mine")
    (found,) = window.terminals
    assert found.name == "mine"
    assert await found.process_id == before.process_id
    found.send_text("hello")
    await until(before.view(), b"hello\r\nhello\r\n")


async def test_showing_and_hiding_is_told_to_clients(ada: SessionContext) -> None:
    follower = ada.mailbox.follow(0)
    terminal = window.create_terminal("quiet", "/bin/cat", hide_from_user=True)
    await terminal.process_id
    assert window.active_terminal is None
    changed: list[vscode.Terminal | None] = []
    window.on_did_change_active_terminal(changed.append)
    terminal.show(preserve_focus=True)
    terminal.hide()
    assert changed == [terminal, None]
    events: list[tuple[str, bytes]] = []
    while len(events) < 3:
        events += [(event.type, event.data_json) for event in await follower.read()]
        await asyncio.sleep(0.01)
    assert [kind for kind, _ in events] == ["window.onDidOpenTerminal"] + 2 * ["window.onDidChangeActiveTerminal"]
    assert b'"preserveFocus":true' in events[1][1]


@pytest.mark.parametrize("shell", ["bash", "sh", "zsh"])
async def test_a_command_can_be_run_and_its_output_read(ada: SessionContext, shell: str) -> None:
    if shutil.which(shell) is None:
        pytest.skip(f"{shell} is not installed here")
    ended: list[vscode.TerminalShellExecutionEndEvent] = []
    window.on_did_end_terminal_shell_execution(ended.append)
    terminal = window.create_terminal(shell_path=shell)
    integration = await integrated(terminal)
    assert str(integration.cwd) == "file:///workspace"
    commands = [
        ("echo hello; (exit 3)", "hello\r\n", 3),
        ("seq 1 100000", "".join(f"{n}\r\n" for n in range(1, 100_001)), 0),
        ("cd /home", "", 0),
        ("pwd", "/home\r\n", 0),
        ("printf 'no line end, ünïcødé'", "no line end, ünïcødé", 0),
    ]
    runs = [(integration.execute_command(line), said, code) for line, said, code in commands]
    for (execution, said, code), (line, _, _) in zip(runs, commands, strict=True):
        async with asyncio.timeout(20):
            assert "".join([piece async for piece in execution.read()]) == said
        await eventually(lambda: any(one.execution is execution for one in ended))  # noqa: B023  called in this round
        (event,) = [one for one in ended if one.execution is execution]
        assert event.exit_code == code
        assert (execution.command_line.value, execution.command_line.is_trusted) == (line, True)
    assert str(integration.cwd) == "file:///home"
    assert str(runs[0][0].cwd) == "file:///workspace"


async def test_an_executable_with_arguments_is_quoted(ada: SessionContext) -> None:
    integration = await integrated(window.create_terminal(shell_path="bash"))
    execution = integration.execute_command("echo", ["a  b", "$HOME", "it's"])
    assert "".join([piece async for piece in execution.read()]) == "a  b $HOME it's\r\n"


async def test_what_a_user_types_is_told_too(ada: SessionContext) -> None:
    started: list[vscode.TerminalShellExecutionStartEvent] = []
    window.on_did_start_terminal_shell_execution(started.append)
    terminal = window.create_terminal(shell_path="bash")
    await integrated(terminal)
    terminal.send_text("false; cd /tmp")
    (event,) = await told(window.on_did_end_terminal_shell_execution)
    assert event.exit_code == 0
    assert event.execution.command_line.value == "false; cd /tmp"
    assert started[0].execution is event.execution
    terminal.send_text("")
    terminal.send_text("if then")
    terminal.send_text("(exit 7)")
    (event,) = await told(window.on_did_end_terminal_shell_execution)
    assert (event.execution.command_line.value, event.exit_code) == ("(exit 7)", 7)


async def test_a_program_cannot_pretend_to_be_the_shell(ada: SessionContext) -> None:
    integration = await integrated(window.create_terminal(shell_path="bash"))
    forged = (
        r"printf '\033]633;D;0\007\033]633;D;0;%s\007\033]633;P;Cwd=/evil\007' $ROOST_NONCE; env | grep -c NONCE; false"
    )
    ended = asyncio.get_running_loop().create_future()
    window.on_did_end_terminal_shell_execution(lambda event: ended.done() or ended.set_result(event))
    execution = integration.execute_command(forged)
    said = "".join([piece async for piece in execution.read()])
    assert said.endswith("\x070\r\n")
    assert (await ended).exit_code == 1
    assert str(integration.cwd) == "file:///workspace"


async def test_a_mistake_and_an_exit_end_what_was_run(ada: SessionContext) -> None:
    integration = await integrated(window.create_terminal(shell_path="bash"))
    wrong, last, never = map(integration.execute_command, ("if then", "exit 4", "echo never"))
    async with asyncio.timeout(15):
        assert "".join([piece async for piece in wrong.read()]) == ""
        assert "".join([piece async for piece in last.read()]) == "exit\r\n"
        assert "".join([piece async for piece in never.read()]) == ""


async def test_the_users_own_startup_files_are_read_and_left_alone(ada: SessionContext) -> None:
    files = {
        "/home/.bashrc": b"PS1='mine> '\nPROMPT_COMMAND='echo before'\nalias hi='echo hi there'\n",
        "/home/.profile": b"export FROM_PROFILE=yes\n",
    }
    for path, content in files.items():
        await ada.files.write(path, content)
    terminal = window.create_terminal(shell_path="bash")
    integration = await integrated(terminal)
    execution = integration.execute_command("hi")
    assert "".join([piece async for piece in execution.read()]) == "hi there\r\n"
    assert b"before" in screen(terminal)
    assert b"mine> " in screen(terminal)
    login = await integrated(window.create_terminal(shell_path="bash", shell_args=["-l"]))
    assert "yes" in "".join([piece async for piece in login.execute_command("echo $FROM_PROFILE").read()])
    for path, content in files.items():
        assert await ada.files.read(path, 1_000) == content


class Game:
    """A terminal that an extension plays: it answers each key with what it is, and says what happened to it."""

    def __init__(self) -> None:
        self.written = EventEmitter[str]()
        self.closed = EventEmitter[int | None]()
        self.renamed = EventEmitter[str]()
        self.on_did_write = self.written.event
        self.on_did_close = self.closed.event
        self.on_did_change_name = self.renamed.event
        self.heard: list[Any] = []

    def open(self, dimensions: TerminalDimensions | None) -> None:
        self.heard.append(dimensions)
        self.written.fire("ready\r\n")

    def close(self) -> None:
        self.heard.append("closed")

    def handle_input(self, data: str) -> None:
        if data == "q":
            self.closed.fire(3)
        elif data == "!":
            raise RuntimeError("a mistake of the extension")
        elif data == "?":
            raise SystemExit(1)
        else:
            self.written.fire(f"<{data}>")

    def set_dimensions(self, dimensions: TerminalDimensions) -> None:
        self.heard.append((dimensions.columns, dimensions.rows))


async def test_an_extension_can_play_a_terminal(ada: SessionContext) -> None:
    game = Game()
    terminal = window.create_terminal("game", pty=game)
    assert game.heard == []
    assert terminal in window.terminals
    assert await terminal.process_id is None
    (shell,) = ada.get(Terminals)
    viewer = shell.view()
    assert await until(viewer, b"ready") == b"ready\r\n"
    shell.resize(100, 40)
    for data in ("a", "!", "?", "ß".encode()[:1], "ß".encode()[1:]):
        shell.type(data.encode() if isinstance(data, str) else data)
    assert await until(viewer, "<ß>".encode()) == "<a><ß>".encode()
    game.renamed.fire("chess")
    assert terminal.name == "chess"
    assert game.heard == [TerminalDimensions(80, 24), (100, 40)]
    terminal.send_text("q", should_execute=False)
    await eventually(lambda: terminal.exit_status is not None)
    assert terminal.exit_status.code == 3
    assert await viewer.next() == b""


@pytest.mark.parametrize("code", [None, 0, 22])
async def test_a_played_terminal_is_opened_before_it_plays_and_ends_with_the_code_that_it_gives_or_none(
    ada: SessionContext, code: int | None
) -> None:
    game, heard = Game(), list[str]()
    window.on_did_open_terminal(lambda one: heard.append(f"opened {one is terminal} {one.exit_status} {game.heard}"))
    window.on_did_close_terminal(lambda one: heard.append(f"closed {one.name}"))
    game.on_did_write(lambda _: (game.renamed.fire("bar"), game.closed.fire(code)))
    terminal = window.create_terminal("foo", pty=game)
    game.renamed.fire("before it is opened nobody hears")
    await eventually(lambda: len(heard) == 2)
    assert heard == ["opened True None []", "closed bar"]
    assert terminal.exit_status == TerminalExitStatus(code, TerminalExitReason.PROCESS)


async def test_the_size_of_a_played_terminal_is_that_of_who_looks_at_it(ada: SessionContext) -> None:
    game, wanted = Game(), EventEmitter[TerminalDimensions]()
    game.on_did_override_dimensions = wanted.event  # type: ignore[attr-defined]  # VS Code's, and not asked for here
    await window.create_terminal("game", pty=game).process_id
    wanted.fire(TerminalDimensions(10, 5))
    (shell,) = ada.get(Terminals)
    assert (shell.columns, shell.rows) == (80, 24)


async def test_the_options_of_a_terminal_cannot_be_changed_any_more(ada: SessionContext) -> None:
    given = TerminalOptions(shell_path="/bin/cat", hide_from_user=True)
    given.name = "bg"
    terminal = window.create_terminal(given)
    assert terminal.creation_options is given
    assert isinstance(given, TerminalOptions)
    with pytest.raises(AttributeError, match="read-only"):
        terminal.creation_options.name = "bad"


async def test_a_terminal_may_be_shown_before_it_is_there(ada: SessionContext) -> None:
    terminal = window.create_terminal("bg", "/bin/cat", hide_from_user=True)
    terminal.show()
    await eventually(lambda: window.active_terminal is terminal)
    hidden = window.create_terminal("other", "/bin/cat", hide_from_user=True)
    hidden.show()
    hidden.hide()
    await hidden.process_id
    assert window.active_terminal is terminal


async def test_a_terminal_that_is_disposed_of_says_so_to_who_uses_it(ada: SessionContext) -> None:
    terminal = window.create_terminal("short", "/bin/cat")
    terminal.dispose()
    terminal.dispose()
    for use in (terminal.show, terminal.hide, lambda: terminal.send_text("x")):
        with pytest.raises(TerminalDisposed, match="'short' is disposed of; create another"):
            use()
    await eventually(lambda: terminal.exit_status is not None)
    assert terminal.exit_status == TerminalExitStatus(None, TerminalExitReason.EXTENSION)


async def test_disposing_of_a_played_terminal_tells_it(ada: SessionContext) -> None:
    game = Game()
    terminal = window.create_terminal("game", pty=game)
    terminal.dispose()
    await eventually(lambda: terminal.exit_status is not None)
    assert game.heard[-1] == "closed"
    game.written.fire("too late")
    assert window.terminals == ()


async def test_a_slow_viewer_of_a_played_terminal_misses_the_oldest(ada: SessionContext) -> None:
    game = Game()
    await window.create_terminal("game", pty=game).process_id
    (shell,) = ada.get(Terminals)
    viewer = shell.view()
    for number in range(40):
        game.written.fire(f"{number:05}" * 20_000)
    assert shell.scrollback.end - shell.scrollback.start < 2 << 20
    assert (await viewer.next()) != b""
    assert viewer.piece_at >= shell.scrollback.start > 0


async def test_each_user_has_their_own() -> None:
    async with tenants("ada", "ben") as (_, (hers, his)):
        with hers.entered("acme.shells"):
            window.create_terminal("hers", "/bin/cat")
        with his.entered("acme.shells"):
            assert window.terminals == ()
            heard: list[vscode.Terminal] = []
            window.on_did_open_terminal(heard.append)
        with hers.entered("acme.shells"):
            await window.create_terminal("again", "/bin/cat").process_id
            assert len(window.terminals) == 2
        assert heard == []


async def test_a_terminal_that_fails_to_open_is_closed_and_nobody_waits_for_its_process(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    async def fail(*_: object, **__: object) -> None:
        raise OSError(24, "Too many open files")

    statuses: list[Any] = []
    with pytest.raises(ExceptionGroup) as caught:  # the host's log has it
        async with tenants("ada") as (_, (ada,)):
            monkeypatch.setattr(Terminals, "open", fail)
            with ada.entered("acme.shells"):
                terminal = window.create_terminal("x")
                assert await told(window.on_did_close_terminal) == [terminal]
                async with asyncio.timeout(5):
                    statuses += [await terminal.process_id, terminal.exit_status, window.terminals]
    assert "Too many open files" in str(caught.value.exceptions)
    assert statuses == [None, TerminalExitStatus(None, TerminalExitReason.UNKNOWN), ()]
