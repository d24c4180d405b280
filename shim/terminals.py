"""`vscode.window`'s terminals: the current user's, whoever opened them. Shells and output are the session's."""

from __future__ import annotations

import shlex
from collections.abc import Callable, Sequence
from contextlib import suppress
from functools import partial
from typing import TYPE_CHECKING, Any

from sessions.current import current_extension, current_session
from sessions.errors import InvalidValue, RoostError
from sessions.files import path_of
from sessions.integration import Execution, Integration
from sessions.shells import ShellOptions
from sessions.terminal import Terminal as Shell
from sessions.terminals import Terminals
from shim.enums import TerminalExitReason
from shim.events import EventEmitter, HasEvents, of_user
from shim.executions import (
    TerminalShellExecutionEndEvent,
    TerminalShellExecutionStartEvent,
    TerminalShellIntegration,
    TerminalShellIntegrationChangeEvent,
)
from shim.pseudoterminals import Played
from shim.terminal import Terminal, TerminalOptions
from shim.uri import Uri

if TYPE_CHECKING:
    from sessions.context import SessionContext

REASONS = {
    "process": TerminalExitReason.PROCESS,
    "user": TerminalExitReason.USER,
    "extension": TerminalExitReason.EXTENSION,
    "session": TerminalExitReason.SHUTDOWN,
}


class WindowTerminals(HasEvents):
    """One user's terminals for their extensions, and the events about them: `session.get(WindowTerminals)`."""

    def __init__(self, session: SessionContext) -> None:
        self._session = session
        self._shells = session.get(Terminals)
        self._terminals: dict[str, Terminal] = {}
        self._starting: list[Terminal] = []
        self.active: Terminal | None = None
        self.changed_active = EventEmitter[Terminal | None]()
        self.opened = EventEmitter[Terminal]()
        self.closed = EventEmitter[Terminal]()
        self.changed_state = EventEmitter[Terminal]()
        self.changed_integration = EventEmitter[TerminalShellIntegrationChangeEvent]()
        self.started_execution = EventEmitter[TerminalShellExecutionStartEvent]()
        self.ended_execution = EventEmitter[TerminalShellExecutionEndEvent]()
        for shell in self._shells:
            if not shell.ended:
                self._adopt(shell, Terminal(self, TerminalOptions(name=shell.name), shell))
        self._shells.listen(self)

    def __iter__(self) -> Any:
        return iter([*self._terminals.values(), *self._starting])

    def start(self, work: Any, name: str) -> None:
        """Do something for a terminal, as work of the session."""
        self._session.start(work, name)

    # -- making one

    def create(self, options: TerminalOptions) -> Terminal:
        """A terminal with these options; what is wrong with them is raised at once."""
        terminal = Terminal(self, options)
        shell = shell_options(options) if options.pty is None else None
        self._starting.append(terminal)
        self._session.start(self._open(terminal, shell), "create_terminal", current_extension())
        return terminal

    async def _open(self, terminal: Terminal, options: ShellOptions | None) -> None:
        more = terminal.creation_options
        adopt = partial(self._adopt, terminal=terminal)
        try:
            if options is None:
                self._play(more, adopt)
            else:
                await self._shells.open(
                    options, name=more.name, hidden=more.hide_from_user, message=more.message, adopt=adopt
                )
        except RoostError as error:
            self._fail(terminal, str(error))
        except BaseException:  # whoever awaits its process must not do so for ever
            self._fail(terminal, "it could not be opened; the host's log says why")
            raise
        finally:
            if terminal in self._starting:
                self._starting.remove(terminal)

    def _play(self, options: TerminalOptions, adopt: Callable[[Shell], None]) -> None:
        assert options.pty is not None
        device = Played(options.pty, self._session, current_extension())
        device.begin(self._shells.play(options.name or "terminal", device, hidden=options.hide_from_user, adopt=adopt))

    def _fail(self, terminal: Terminal, why: str) -> None:
        """It could not be started: the extension sees it closed, and the user is told why."""
        if terminal.shell is not None:
            return  # it is there, and ends as any other does
        terminal.ended(None, TerminalExitReason.UNKNOWN)
        with suppress(RoostError):  # the session ends
            self._session.mailbox.post("window.onDidFailTerminal", {"name": terminal.name, "message": why})
        self.closed.fire(terminal)

    def _adopt(self, shell: Shell, terminal: Terminal) -> None:
        self._terminals[shell.id] = terminal
        if terminal in self._starting:
            self._starting.remove(terminal)
        terminal.started(shell)
        if shell.integration is not None:
            self._follow(terminal, shell.integration)

    def _follow(self, terminal: Terminal, integration: Integration) -> None:
        integration.changed.append(partial(self._integrated, terminal, integration))
        integration.started.append(partial(self._begun, terminal))
        integration.ended.append(partial(self._done, terminal))
        if integration.ready:
            terminal._shell_integration = TerminalShellIntegration(terminal, integration)

    # -- what happens to them

    def terminal_opened(self, shell: Shell) -> None:
        terminal = self._terminals.get(shell.id)
        if terminal is None:
            terminal = Terminal(self, TerminalOptions(name=shell.name), shell)
            self._adopt(shell, terminal)
        self.opened.fire(terminal)
        if not shell.hidden:
            self._activate(terminal)
        terminal.opened()

    def terminal_touched(self, shell: Shell) -> None:
        terminal = self._terminals.get(shell.id)
        if terminal is not None:
            self.changed_state.fire(terminal)

    def terminal_ended(self, shell: Shell) -> None:
        terminal = self._terminals.pop(shell.id, None)
        if terminal is None:
            return
        terminal.ended(shell.exit_code if shell.ended_by == "process" else None, REASONS[shell.ended_by])
        if self.active is terminal:
            self._activate(next(reversed(self._terminals.values()), None))
        self.closed.fire(terminal)

    def _activate(self, terminal: Terminal | None) -> None:
        if terminal is not self.active:
            self.active = terminal
            self.changed_active.fire(terminal)

    def _integrated(self, terminal: Terminal, integration: Integration) -> None:
        found = terminal.shell_integration
        if found is None:
            found = terminal._shell_integration = TerminalShellIntegration(terminal, integration)
        self.changed_integration.fire(TerminalShellIntegrationChangeEvent(terminal, found))

    def _begun(self, terminal: Terminal, execution: Execution) -> None:
        if (found := terminal.shell_integration) is not None:
            told = found.told(execution)
            self.started_execution.fire(TerminalShellExecutionStartEvent(terminal, found, told))

    def _done(self, terminal: Terminal, execution: Execution) -> None:
        if (found := terminal.shell_integration) is not None:
            told = found.told(execution)
            found.forget(execution)
            self.ended_execution.fire(TerminalShellExecutionEndEvent(terminal, found, told, execution.exit_code))

    # -- what extensions do with them

    def show(self, terminal: Terminal, preserve_focus: bool) -> None:
        shell = terminal.shell
        if shell is not None and terminal.exit_status is None:
            self._shells.reveal(shell)
            self._post({"terminalId": shell.id, "preserveFocus": preserve_focus})
            self._activate(terminal)

    def hide(self, terminal: Terminal) -> None:
        if terminal is self.active:
            self._post({"terminalId": None})
            self._activate(None)

    def _post(self, data: dict[str, Any]) -> None:
        self._session.mailbox.post("window.onDidChangeActiveTerminal", data)

    def dispose(self, terminal: Terminal) -> None:
        if terminal.exit_status is None:
            self._session.start(self._dispose(terminal), "terminal.dispose")

    async def _dispose(self, terminal: Terminal) -> None:
        await terminal.process_id
        if terminal.shell is not None and terminal.exit_status is None:
            await self._shells.dispose(terminal.shell.id, by="extension")


def shell_options(options: TerminalOptions) -> ShellOptions:
    """The options as the session takes them. Raises `InvalidValue`."""
    arguments = options.shell_args or ()
    return ShellOptions(
        options.shell_path,
        shlex.split(arguments) if isinstance(arguments, str) else list(arguments),
        None if options.cwd is None else folder(options.cwd),
        dict(options.env or {}),
        options.strict_env,
    )


def folder(cwd: str | Uri) -> str:
    """The path of a folder of the user's world."""
    if isinstance(cwd, Uri) and cwd.scheme != "file":
        raise InvalidValue("cwd", f"must be a folder of the user, not of the scheme '{cwd.scheme}'")
    return cwd.path if isinstance(cwd, Uri) else path_of(cwd)


# -- vscode.window


def create_terminal(
    name: str | TerminalOptions | None = None,
    shell_path: str | None = None,
    shell_args: Sequence[str] | str | None = None,
    **options: Any,
) -> Terminal:
    """Open a terminal: a shell of the current user, or with `pty` one that the extension plays.

    Further options by keyword, as `TerminalOptions` has them. The terminal is there at once; a shell that cannot be
    started closes it. Raises `InvalidValue`.
    """
    if not isinstance(name, TerminalOptions):
        name = TerminalOptions(name=name, shell_path=shell_path, shell_args=shell_args, **options)
    return current_session().get(WindowTerminals).create(name)


on_did_open_terminal = of_user(lambda session: session.get(WindowTerminals).opened)
"""A terminal was opened, by whomever."""

on_did_close_terminal = of_user(lambda session: session.get(WindowTerminals).closed)
"""A terminal has ended; its `exit_status` says how."""

on_did_change_active_terminal = of_user(lambda session: session.get(WindowTerminals).changed_active)
"""Another terminal is the active one, or none."""

on_did_change_terminal_state = of_user(lambda session: session.get(WindowTerminals).changed_state)
"""Somebody typed into a terminal for the first time."""

on_did_change_terminal_shell_integration = of_user(lambda session: session.get(WindowTerminals).changed_integration)
"""A shell told of itself, or went to another folder."""

on_did_start_terminal_shell_execution = of_user(lambda session: session.get(WindowTerminals).started_execution)
"""A command begins in a terminal."""

on_did_end_terminal_shell_execution = of_user(lambda session: session.get(WindowTerminals).ended_execution)
"""A command has ended in a terminal."""
