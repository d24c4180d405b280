"""A user's terminals: opened in their sandbox, counted, kept awake while they live, and ended with the session."""

from __future__ import annotations

import asyncio
import re
import secrets
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import suppress
from posixpath import basename
from typing import TYPE_CHECKING

from sessions.errors import InvalidValue, QuotaExceeded, RoostError, SandboxUnavailable
from sessions.integration import Integration
from sessions.jail import TOOLS
from sessions.pty import Pty
from sessions.startup import plan
from sessions.terminal import Device, Terminal

if TYPE_CHECKING:
    from sessions.context import SessionContext
    from sessions.sandbox import Sandbox

NAME = re.compile(r"[A-Za-z_][A-Za-z0-9_]{0,255}")
ENVIRONMENT_BYTES = 64 << 10
ARGUMENT_BYTES = 64 << 10
ENDED_KEPT = 32
"""Terminals whose shell has ended and that nobody disposed of, where the quota is no limit."""

Listener = Callable[[Terminal], None]


class Terminals:
    """The terminals of one session (`session.get(Terminals)`), in the order of their opening.

    One whose shell has ended stays readable until it is disposed of, or until there is no room for a new one.
    """

    def __init__(self, session: SessionContext) -> None:
        self._session = session
        self._terminals: dict[str, Terminal] = {}
        self._opening = 0
        self._closing = False
        self._awake: dict[str, Callable[[], None]] = {}
        self._unwatched: dict[str, asyncio.TimerHandle] = {}
        self.opened: list[Listener] = []
        """Called with each new terminal."""
        self.ended: list[Listener] = []
        """Called when a terminal's shell has ended and its output is complete."""
        self.disposed: list[Listener] = []
        """Called when a terminal is gone."""

    def __iter__(self) -> Iterator[Terminal]:
        return iter(list(self._terminals.values()))

    def get(self, terminal_id: str) -> Terminal:
        """The user's terminal of that id; raises `InvalidValue`."""
        found = self._terminals.get(terminal_id)
        if found is None:
            raise InvalidValue("terminalId", "no such terminal of yours; `terminal.list` has those there are")
        return found

    # -- opening

    async def open(
        self,
        *,
        name: str | None = None,
        cwd: str | None = None,
        shell_path: str | None = None,
        shell_args: Sequence[str] = (),
        env: Mapping[str, str | None] | None = None,
        columns: int = 80,
        rows: int = 24,
        hidden: bool = False,
    ) -> Terminal:
        """Start a shell in the user's sandbox. `cwd` is a path there (default: the workspace); None in `env` removes.

        A shell or folder that is not there says so on the terminal. Raises `InvalidValue`, `QuotaExceeded`, and
        `SandboxUnavailable` where nothing of a user may run.
        """
        session = self._session
        sandbox = session.sandbox
        if sandbox is None:
            raise SandboxUnavailable("terminals are off here: no sandbox is configured for this user")
        shell = default_shell() if shell_path is None else shell_path
        arguments, env = checked_arguments(shell_args), checked_environment(env or {})
        self._take_place()
        try:
            nonce = secrets.token_hex(16)
            start = plan(checked_shell(shell), arguments, env, tools_of(sandbox), nonce)
            given = {key: value for key, value in env.items() if value is not None} | dict(start.environment)
            argv = [*removing(env), shell, *start.arguments]
            started = await sandbox.open_terminal(argv, cwd=cwd, env=given, columns=columns, rows=rows)
        finally:
            self._opening -= 1
        device = Pty(started, session.uid, session.turns)
        terminal = Terminal(name or basename(shell), device, columns, rows, self._ended, hidden)
        if start.marks:
            terminal.integration = Integration(terminal, nonce, start.tells)
        if self._closing:
            await device.end()
            raise SandboxUnavailable("the session is ending; ask again for a new one")
        self._add(terminal)
        session.start(self._run(terminal, device), "terminal")
        return terminal

    def play(self, name: str, device: Device, columns: int, rows: int, hidden: bool = False) -> Terminal:
        """Add a terminal that code plays; whoever plays it feeds it and says when it ended."""
        self._take_place()
        self._opening -= 1
        terminal = Terminal(name, device, columns, rows, self._ended, hidden)
        self._add(terminal)
        return terminal

    def _take_place(self) -> None:
        """Count one more terminal, or refuse; those that have ended make room."""
        limit = self._session.quotas.terminals
        living = sum(not one.ended for one in self) + self._opening
        if limit is not None and living >= limit:
            raise QuotaExceeded("terminals", limit, living, "dispose of one that you do not need")
        self._opening += 1
        ended = [one for one in self if one.ended]
        most = ENDED_KEPT if limit is None else limit - living - 1
        for old in ended[: max(0, len(ended) - most)]:
            self._forget(old)

    def _add(self, terminal: Terminal) -> None:
        self._terminals[terminal.id] = terminal
        self._awake[terminal.id] = self._session.keep_awake()
        self._post("window.onDidOpenTerminal", {"terminalId": terminal.id, "name": terminal.name})
        for listener in list(self.opened):
            listener(terminal)

    async def _run(self, terminal: Terminal, device: Pty) -> None:
        terminal.exited(await device.run(terminal.feed, terminal.drained))

    # -- ending

    def _ended(self, terminal: Terminal) -> None:
        self._let_sleep(terminal)
        self._post("window.onDidCloseTerminal", {"terminalId": terminal.id, "exitCode": terminal.exit_code})
        for listener in list(self.ended):
            listener(terminal)

    async def dispose(self, terminal_id: str) -> None:
        """Hang up, end the shell with all that it runs, and forget the terminal."""
        terminal = self.get(terminal_id)
        await self._end(terminal)
        self._forget(terminal)

    async def _end(self, terminal: Terminal) -> None:
        if not terminal.ended:
            await terminal.device.end()

    def _forget(self, terminal: Terminal) -> None:
        if self._terminals.pop(terminal.id, None) is None:
            return
        self._let_sleep(terminal)
        terminal.close()
        for listener in list(self.disposed):
            listener(terminal)

    def _let_sleep(self, terminal: Terminal) -> None:
        undo = self._awake.pop(terminal.id, None)
        if undo is not None:
            undo()

    def _post(self, type: str, data: dict[str, object]) -> None:
        with suppress(RoostError):  # the session ends, or its events wait for the disk: a terminal is no reason to fail
            self._session.mailbox.post(type, data)

    async def close(self) -> None:
        """End all of them, together."""
        self._closing = True
        async with asyncio.TaskGroup() as group:
            for terminal in self:
                group.create_task(self._end(terminal))
        for terminal in self:
            self._forget(terminal)


def tools_of(sandbox: Sandbox) -> str | None:
    """Where the sandbox's processes find the host's tools."""
    tools = sandbox.world.tools
    return None if tools is None else TOOLS if sandbox.level.form == "bubblewrap" else str(tools)


def default_shell() -> str:
    return "/bin/bash"


def checked_shell(path: str) -> str:
    """`path` if it is absolute or a name to look for on the PATH inside."""
    if not path or "\0" in path or ("/" in path and not path.startswith("/")) or len(path) > 4_095:
        raise InvalidValue("shellPath", "must be an absolute path, or a name that is found on the PATH inside")
    return path


def checked_arguments(arguments: Sequence[str]) -> Sequence[str]:
    """The arguments of a shell, as they are."""
    if any("\0" in one for one in arguments):
        raise InvalidValue("shellArgs", "no argument may hold a NUL character")
    if sum(map(_size, arguments)) > ARGUMENT_BYTES:
        raise InvalidValue("shellArgs", f"must be {ARGUMENT_BYTES} bytes at most together")
    return arguments


def checked_environment(env: Mapping[str, str | None]) -> Mapping[str, str | None]:
    """The environment that a client gave, as it is."""
    for name, value in env.items():
        if not NAME.fullmatch(name):
            raise InvalidValue("env", "names must be letters, digits and _, 256 at most, and not begin with a digit")
        if value is not None and "\0" in value:
            raise InvalidValue("env", f"{name}: must not hold a NUL character")
    if sum(len(name) + _size(value or "") for name, value in env.items()) > ENVIRONMENT_BYTES:
        raise InvalidValue("env", f"must be {ENVIRONMENT_BYTES} bytes at most together")
    return env


def _size(text: str) -> int:
    return len(text.encode("utf-8", "replace")) + 1


def removing(env: Mapping[str, str | None]) -> Sequence[str]:
    """The words before a command that take away what the sandbox would set."""
    words = [word for name, value in env.items() if value is None for word in ("-u", name)]
    return ["/usr/bin/env", *words, "--"] if words else []
