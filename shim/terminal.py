"""A terminal as extensions see it: `Terminal` and its options. What starts shells and tells of them is elsewhere."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

from sessions.errors import Overloaded, RoostError
from sessions.terminal import SENDING_BYTES, keys
from shim.enums import TerminalExitReason, TerminalLocation
from shim.thenable import Thenable
from shim.types import ThemeColor
from shim.uri import Uri
from shim.values import ReadOnly, Value, readonly, refuse, value

if TYPE_CHECKING:
    from sessions.terminal import Terminal as Shell
    from shim.executions import TerminalShellIntegration
    from shim.pseudoterminals import Pseudoterminal
    from shim.terminals import WindowTerminals

COST = 1_024
"""Bytes that a text which waits for its shell counts for at least, however short it is."""


@readonly
class TerminalExitStatus(Value):
    """How a terminal ended; `code` is None where it did not end by itself, or said none."""

    code: int | None
    reason: TerminalExitReason


@readonly
class TerminalState(Value):
    """What is known of a terminal: whether somebody typed into it, and the name of its shell."""

    is_interacted_with: bool
    shell: str | None = None


@value
class TerminalOptions(Value):
    """The options of `create_terminal`, as they were given."""

    name: str | None = None
    shell_path: str | None = None
    shell_args: Sequence[str] | str | None = None
    cwd: str | Uri | None = None
    env: Mapping[str, str | None] | None = None
    strict_env: bool = False
    hide_from_user: bool = False
    message: str | None = None
    icon_path: Any = None
    color: ThemeColor | None = None
    location: TerminalLocation | Any = None
    is_transient: bool = False
    pty: Pseudoterminal | None = None


class _Given(TerminalOptions):
    """The options that a terminal was made with: nobody changes them any more."""

    __setattr__ = refuse
    __delattr__ = refuse


class TerminalDisposed(RoostError):
    """A terminal was used after the extension had disposed of it."""


class Terminal:
    """One terminal as extensions see it: there at once, its shell as soon as it has started."""

    __slots__ = (
        "__weakref__",
        "_creation_options",
        "_disposed",
        "_exit_status",
        "_is_sending",
        "_of",
        "_process_id",
        "_shell_integration",
        "_show",
        "_unsent",
        "_waiting",
        "shell",
    )

    creation_options = ReadOnly[TerminalOptions]()
    """What it was made with: that very object, which cannot be changed from then on."""
    process_id = ReadOnly[Thenable[int | None]]()
    """The shell's process id, None where there is none; it can be awaited at once."""
    exit_status = ReadOnly[TerminalExitStatus | None]()
    """How it ended, None while it lives."""
    shell_integration = ReadOnly["TerminalShellIntegration | None"]()
    """What its shell tells of itself, None before it does."""

    def __init__(self, of: WindowTerminals, options: TerminalOptions, shell: Shell | None = None) -> None:
        self._of = of
        self._unsent: list[bytes] = []
        self._waiting = 0  # what they, and those that the shell just gets, count for
        self._is_sending = False
        self._show: bool | None = None  # with preserve_focus, once it is there
        self._disposed = False
        self.shell = shell
        """The session's own terminal, once it is there. Not in VS Code."""
        options.__class__ = _Given
        self._creation_options = options
        self._process_id: Thenable[int | None] = asyncio.get_running_loop().create_future()
        self._exit_status: TerminalExitStatus | None = None
        self._shell_integration: TerminalShellIntegration | None = None

    @property
    def name(self) -> str:
        """The name that the user sees."""
        return self.shell.name if self.shell is not None else self.creation_options.name or ""

    @property
    def state(self) -> TerminalState:
        """Whether anything was typed into it, and its shell."""
        shell = self.shell
        return TerminalState(shell.touched, shell.program) if shell is not None else TerminalState(False)

    def send_text(self, text: str, should_execute: bool = True) -> None:
        """Type a text, and Enter unless told otherwise. It waits for the shell to start, and to read.

        Raises `Overloaded` where 8 MiB, or 8,192 texts, wait already.
        """
        self._check()
        if self.exit_status is not None:
            return
        data = keys(f"{text}\n" if should_execute else text)
        if self._waiting + _cost(data) > SENDING_BYTES:
            raise Overloaded("the shell does not read its input, and too much waits for it already", 1_000)
        self._waiting += _cost(data)
        self._unsent.append(data)
        self._send_soon()

    def _send_soon(self) -> None:
        if self.shell is not None and self._unsent and not self._is_sending:
            self._of.start(self._send(self.shell), "terminal.send_text")
            self._is_sending = True

    async def _send(self, shell: Shell) -> None:
        """Give the shell what waits, in one piece: whoever sends a thousand lines does not make a thousand tasks."""
        whole, self._unsent = b"".join(self._unsent), []
        try:
            await shell.send(whole)
        finally:
            self._is_sending = False
            self._waiting = sum(map(_cost, self._unsent))
        self._send_soon()

    def show(self, preserve_focus: bool = False) -> None:
        """Ask the user's clients to show it, as soon as it is there."""
        self._check()
        if self.shell is None:
            self._show = preserve_focus
        else:
            self._of.show(self, preserve_focus)

    def hide(self) -> None:
        """Ask the user's clients not to show it any more, if they do."""
        self._check()
        self._show = None
        self._of.hide(self)

    def dispose(self) -> None:
        """Close it and end what runs in it. What is asked of it afterwards raises `TerminalDisposed`."""
        if not self._disposed:
            self._disposed = True
            self._of.dispose(self)

    def _check(self) -> None:
        if self._disposed:
            raise TerminalDisposed(f"the terminal '{self.name}' is disposed of; create another one")

    def started(self, shell: Shell) -> None:
        """Its shell is there."""
        self.shell = shell
        if not self.process_id.done():
            self.process_id.set_result(shell.process_id)
        self._send_soon()

    def opened(self) -> None:
        """Everybody knows of it."""
        if self._show is not None and not self._disposed:
            self._of.show(self, self._show)

    def ended(self, code: int | None, reason: TerminalExitReason) -> None:
        """There is nothing behind it any more."""
        self._exit_status = TerminalExitStatus(code, reason)
        self._unsent.clear()
        if not self.process_id.done():
            self.process_id.set_result(None)


def _cost(data: bytes) -> int:
    return max(len(data), COST)
