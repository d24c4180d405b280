"""Shell integration as VS Code has it: what an extension sees of the commands in a terminal, and runs there."""

from __future__ import annotations

import shlex
from collections.abc import AsyncIterator, Sequence
from typing import TYPE_CHECKING

from sessions.errors import InvalidValue
from sessions.integration import Execution, Integration
from shim.enums import TerminalShellExecutionCommandLineConfidence
from shim.uri import Uri
from shim.values import Value, readonly

if TYPE_CHECKING:
    from shim.terminal import Terminal

LONGEST = 65_536
"""Characters of a command line."""


@readonly
class TerminalShellExecutionCommandLine(Value):
    """The command line of an execution; one that is not trusted was read off the screen."""

    value: str
    is_trusted: bool
    confidence: TerminalShellExecutionCommandLineConfidence


class TerminalShellExecution:
    """One command in a terminal."""

    __slots__ = ("__weakref__", "_execution")

    def __init__(self, execution: Execution) -> None:
        self._execution = execution

    @property
    def command_line(self) -> TerminalShellExecutionCommandLine:
        """What was run."""
        trusted = self._execution.trusted
        sure = TerminalShellExecutionCommandLineConfidence.HIGH
        confidence = sure if trusted else TerminalShellExecutionCommandLineConfidence.MEDIUM
        return TerminalShellExecutionCommandLine(self._execution.command_line, trusted, confidence)

    @property
    def cwd(self) -> Uri | None:
        """The folder that it was run in, once it runs."""
        return None if self._execution.cwd is None else Uri.file(self._execution.cwd)

    def read(self) -> AsyncIterator[str]:
        """Its output, piece by piece, with its escape sequences; whoever asks for it must read it."""
        return self._execution.read()


class TerminalShellIntegration:
    """The shell of a terminal as far as it tells of itself."""

    __slots__ = ("_executions", "_integration", "_terminal")

    def __init__(self, terminal: Terminal, integration: Integration) -> None:
        self._terminal = terminal
        self._integration = integration
        self._executions: dict[Execution, TerminalShellExecution] = {}

    @property
    def cwd(self) -> Uri | None:
        """The shell's folder."""
        return None if self._integration.cwd is None else Uri.file(self._integration.cwd)

    def execute_command(self, command_line: str, args: Sequence[str] | None = None) -> TerminalShellExecution:
        """Run a command line at the next free prompt; or, with `args`, an executable with its arguments quoted."""
        if not isinstance(command_line, str) or not command_line.strip() or len(command_line) > LONGEST:
            raise InvalidValue("command_line", f"must be a command of 1 to {LONGEST} characters")
        line = command_line if args is None else shlex.join([command_line, *args])
        return self.told(self._integration.execute(line))

    def told(self, execution: Execution) -> TerminalShellExecution:
        """The one object that stands for an execution while it runs."""
        found = self._executions.get(execution)
        if found is None:
            found = self._executions[execution] = TerminalShellExecution(execution)
        return found

    def forget(self, execution: Execution) -> None:
        """It has ended, and nobody will hear of it again."""
        self._executions.pop(execution, None)


@readonly
class TerminalShellIntegrationChangeEvent(Value):
    """A shell told of itself for the first time, or that it is in another folder."""

    terminal: Terminal
    shell_integration: TerminalShellIntegration


@readonly
class TerminalShellExecutionStartEvent(Value):
    """A command begins; its output can be read from the start."""

    terminal: Terminal
    shell_integration: TerminalShellIntegration
    execution: TerminalShellExecution


@readonly
class TerminalShellExecutionEndEvent(Value):
    """A command has ended; `exit_code` is None where the shell did not say."""

    terminal: Terminal
    shell_integration: TerminalShellIntegration
    execution: TerminalShellExecution
    exit_code: int | None
