"""A task as an extension describes it: `Task`, how it is executed, its group. Nothing here runs one."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping, Sequence
from typing import Any, ClassVar, TypeAlias

from sessions.current import current_extension
from sessions.errors import InvalidValue
from shim.enums import ShellQuoting, TaskScope
from shim.values import Value, field, readonly, value


@readonly
class TaskGroup(Value):
    """What a task is for; CLEAN, BUILD, REBUILD and TEST are known to the editor."""

    id: str
    label: str
    is_default: bool | None = None

    CLEAN: ClassVar[TaskGroup]
    BUILD: ClassVar[TaskGroup]
    REBUILD: ClassVar[TaskGroup]
    TEST: ClassVar[TaskGroup]


TaskGroup.CLEAN = TaskGroup("clean", "Clean")
TaskGroup.BUILD = TaskGroup("build", "Build")
TaskGroup.REBUILD = TaskGroup("rebuild", "Rebuild")
TaskGroup.TEST = TaskGroup("test", "Test")


@value
class ShellQuotedString(Value):
    """An argument, and how the shell is to be kept from reading it."""

    value: str
    quoting: ShellQuoting


Argument: TypeAlias = str | ShellQuotedString


class ProcessExecution(Value):
    """A program to start, without a shell. `options` are `cwd` and `env`."""

    _fields = ("process", "args", "options")

    def __init__(
        self,
        process: str,
        args: Sequence[str] | Mapping[str, Any] | None = None,
        options: Mapping[str, Any] | None = None,
    ) -> None:
        """`(process, options)` or `(process, args, options)`."""
        if not isinstance(process, str):
            raise InvalidValue("process", f"must be a string, not {type(process).__name__}")
        self.process = process
        self.args, self.options = _arguments_and_options(args, options)


class ShellExecution(Value):
    """A line for the shell, or a command with arguments to quote. `options` are `cwd`, `env`, `executable`, ..."""

    _fields = ("command_line", "command", "args", "options")

    def __init__(
        self,
        command: Argument,
        args: Sequence[Argument] | Mapping[str, Any] | None = None,
        options: Mapping[str, Any] | None = None,
    ) -> None:
        """`(command_line, options)`, or with a list of arguments `(command, args, options)`."""
        quoted = args is not None and not isinstance(args, Mapping)
        if not isinstance(command, str | ShellQuotedString if quoted else str) or (quoted and not command):
            raise InvalidValue("command" if quoted else "command_line", "must be a string that names what to run")
        self.command_line = None if quoted else command
        self.command = command if quoted else ""
        self.args, self.options = _arguments_and_options(args, options)


@value
class CustomExecution(Value):
    """A task that the extension runs itself: `callback(definition)` gives a pseudo terminal."""

    callback: Callable[[Mapping[str, Any]], Awaitable[Any]]

    def check(self) -> None:
        self.extension = current_extension()
        """Who made it, and plays the task whoever runs it. Not in VS Code."""


Execution: TypeAlias = ProcessExecution | ShellExecution | CustomExecution


@value
class Task(Value):
    """Something to run: `definition` is a mapping with a `type`; `scope` a TaskScope or a workspace folder."""

    definition: Mapping[str, Any]
    scope: Any
    name: str
    source: str
    execution: Execution | None = None
    problem_matchers: Sequence[str] = field(default_factory=list)
    is_background: bool = False
    group: TaskGroup | None = None
    detail: str | None = None
    presentation_options: Mapping[str, Any] = field(default_factory=dict)
    run_options: Mapping[str, Any] = field(default_factory=dict)

    def __init__(self, definition: Mapping[str, Any], scope: Any, *args: Any, **kwargs: Any) -> None:
        """VS Code's older form too: without a scope, `(definition, name, source, execution, problem_matchers)`."""
        if isinstance(scope, str):
            args, scope = (scope, *args), None
        super().__init__(definition, scope, *args, **kwargs)

    def check(self) -> None:
        for name in ("definition", "name", "source", "scope", "problem_matchers"):
            setattr(self, name, getattr(self, name))

    def __setattr__(self, name: str, value: Any) -> None:
        """Refuse by `InvalidValue` what its constructor would."""
        if name == "definition" and not isinstance(value, Mapping):
            raise InvalidValue(name, "must be a mapping with a type")
        if name == "name" and not isinstance(value, str):
            raise InvalidValue(name, f"must be a string, not {type(value).__name__}")
        if name == "source" and (not value or not isinstance(value, str)):
            raise InvalidValue(name, "must be a text that is not empty, such as the extension's name")
        if name == "scope" and isinstance(value, int):
            value = TaskScope(value)
        if name == "problem_matchers":
            value = [value] if isinstance(value, str) else list(value or ())
        super().__setattr__(name, value)


def _arguments_and_options(
    args: Sequence[Any] | Mapping[str, Any] | None, options: Mapping[str, Any] | None
) -> tuple[list[Any], Mapping[str, Any] | None]:
    return ([], args) if isinstance(args, Mapping) else (list(args or ()), options)
