"""A user's terminals: opened in their sandbox, counted, kept awake while they live, and ended with the session."""

from __future__ import annotations

import asyncio
import secrets
from collections.abc import Callable, Iterator
from contextlib import suppress
from typing import TYPE_CHECKING, Protocol

from sessions.errors import InvalidValue, QuotaExceeded, RoostError, SessionClosed
from sessions.integration import Integration
from sessions.pty import Pty
from sessions.shells import ShellOptions
from sessions.terminal import Device, EndedBy, Terminal

if TYPE_CHECKING:
    from sessions.context import SessionContext

ENDED_KEPT = 32
"""Terminals whose shell has ended and that nobody disposed of, where the quota is no limit."""

Adopt = Callable[[Terminal], None]


class Listener(Protocol):
    """Who wants to know of a user's terminals."""

    def terminal_opened(self, terminal: Terminal) -> None: ...
    def terminal_touched(self, terminal: Terminal) -> None: ...
    def terminal_ended(self, terminal: Terminal) -> None: ...


class Terminals:
    """The terminals of one session (`session.get(Terminals)`), in the order of their opening.

    One whose shell has ended stays readable until it is disposed of, or until there is no room for a new one.
    """

    def __init__(self, session: SessionContext) -> None:
        self._session = session
        self._terminals: dict[str, Terminal] = {}
        self._listeners: list[Listener] = []
        self._opening = 0
        self._closing = False
        self._awake: dict[str, Callable[[], None]] = {}
        self._unwatched: dict[str, asyncio.TimerHandle] = {}

    def __iter__(self) -> Iterator[Terminal]:
        return iter(list(self._terminals.values()))

    def get(self, terminal_id: str) -> Terminal:
        """The user's terminal of that id; raises `InvalidValue`."""
        found = self._terminals.get(terminal_id)
        if found is None:
            raise InvalidValue("terminalId", "no such terminal of yours; `terminal.list` has those there are")
        return found

    def listen(self, listener: Listener) -> None:
        """Tell `listener` what happens, for as long as the session lives."""
        self._listeners.append(listener)

    # -- opening

    async def open(
        self,
        options: ShellOptions,
        *,
        name: str | None = None,
        columns: int = 80,
        rows: int = 24,
        hidden: bool = False,
        message: str | None = None,
        adopt: Adopt | None = None,
    ) -> Terminal:
        """Start a shell in the user's sandbox; `adopt` hears of the terminal before all listeners.

        A shell or folder that is not there says so on the terminal. Raises `QuotaExceeded`, and `SandboxUnavailable`
        where nothing of a user may run.
        """
        session = self._session
        nonce = secrets.token_hex(16)
        self._take_place()
        try:
            sandbox = await session.sandbox()
            program, argv, env, tells, early = options.command(sandbox, nonce)
            shell = await sandbox.open_terminal(argv, cwd=options.cwd, env=env, columns=columns, rows=rows, early=early)
        finally:
            self._opening -= 1
        device = Pty(shell, session.uid, session.turns)
        if self._closing or session.closing:
            await device.end()
            raise SessionClosed(f"the session of {session.uid} is ending; ask again for a new one")
        terminal = Terminal(name or program, device, columns, rows, self, hidden)
        terminal.program = program
        if tells is not None:
            terminal.integration = Integration(terminal, nonce, tells)
        if message:
            terminal.feed(f"{message}\r\n".encode("utf-8", "replace"))
        self._add(terminal, adopt)
        session.start(self._run(terminal, device), "terminal")
        return terminal

    def play(
        self, name: str, device: Device, columns: int = 80, rows: int = 24, *, hidden: bool, adopt: Adopt
    ) -> Terminal:
        """Add a terminal that code plays; whoever plays it feeds it and says when it ended."""
        self._take_place()
        self._opening -= 1
        terminal = Terminal(name, device, columns, rows, self, hidden)
        self._add(terminal, adopt)
        return terminal

    def _take_place(self) -> None:
        """Count one more terminal, or refuse; those that have ended make room."""
        limit = self._session.quotas.terminals
        ended = [one for one in self if one.ended]
        living = len(self._terminals) - len(ended) + self._opening
        if limit is not None and living >= limit:
            raise QuotaExceeded("terminals", limit, living, "dispose of one that you do not need")
        self._opening += 1
        most = ENDED_KEPT if limit is None else limit - living - 1
        for old in ended[: max(0, len(ended) - most)]:
            self._forget(old)

    def _add(self, terminal: Terminal, adopt: Adopt | None) -> None:
        self._terminals[terminal.id] = terminal
        self._awake[terminal.id] = self._session.keep_awake()
        if adopt is not None:
            adopt(terminal)
        if not terminal.hidden:
            self._post("window.onDidOpenTerminal", {"terminalId": terminal.id, "name": terminal.name})
        for listener in self._listeners:
            listener.terminal_opened(terminal)
        self.terminal_watched(terminal)

    async def _run(self, terminal: Terminal, device: Pty) -> None:
        terminal.exited(await device.run(terminal.feed, terminal.drained))

    def reveal(self, terminal: Terminal) -> None:
        """Let the user's clients know of a terminal that was hidden from them."""
        if terminal.hidden:
            terminal.hidden = False
            self._post("window.onDidOpenTerminal", {"terminalId": terminal.id, "name": terminal.name})

    # -- what a terminal says of itself

    def terminal_touched(self, terminal: Terminal) -> None:
        """Somebody typed into it for the first time."""
        for listener in self._listeners:
            listener.terminal_touched(terminal)

    def terminal_ended(self, terminal: Terminal) -> None:
        """Its shell has ended, and its output is complete."""
        self._let_sleep(terminal)
        if not terminal.hidden:
            self._post("window.onDidCloseTerminal", {"terminalId": terminal.id, "exitCode": terminal.exit_code})
        for listener in self._listeners:
            listener.terminal_ended(terminal)

    def terminal_watched(self, terminal: Terminal) -> None:
        """Somebody looks at it now, or nobody does any more."""
        keep = self._session.keep_terminals_s
        timer = self._unwatched.pop(terminal.id, None)
        if timer is not None:
            timer.cancel()
        if keep is not None and not terminal.watched and not terminal.ended and terminal.id in self._terminals:
            loop = asyncio.get_running_loop()
            self._unwatched[terminal.id] = loop.call_later(keep, self._abandon, terminal.id)

    def _abandon(self, terminal_id: str) -> None:
        self._unwatched.pop(terminal_id, None)
        if not self._session.closing and terminal_id in self._terminals:
            self._session.start(self.dispose(terminal_id, by="session"), "terminal.dispose")

    def _post(self, type: str, data: dict[str, object]) -> None:
        with suppress(RoostError):  # the session ends, or its events wait for the disk: a terminal is no reason to fail
            self._session.mailbox.post(type, data)

    # -- ending

    async def dispose(self, terminal_id: str, by: EndedBy = "user") -> None:
        """Hang up, end the shell with all that it runs, and forget the terminal."""
        terminal = self.get(terminal_id)
        await self._end(terminal, by)
        self._forget(terminal)

    async def _end(self, terminal: Terminal, by: EndedBy) -> None:
        if not terminal.ended:
            terminal.ended_by = by
            await terminal.device.end()

    def _forget(self, terminal: Terminal) -> None:
        if self._terminals.pop(terminal.id, None) is not None:
            self._let_sleep(terminal)
            self.terminal_watched(terminal)
            terminal.close()

    def _let_sleep(self, terminal: Terminal) -> None:
        undo = self._awake.pop(terminal.id, None)
        if undo is not None:
            undo()

    async def close(self) -> None:
        """End all of them, together."""
        self._closing = True
        async with asyncio.TaskGroup() as group:
            for terminal in self:
                group.create_task(self._end(terminal, "session"))
        for terminal in self:
            self._forget(terminal)
        self._listeners.clear()
