"""Running one user's tasks: each in a terminal of its own, in that user's sandbox. What a task is, `task.py` says."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from contextlib import suppress
from functools import partial
from posixpath import basename
from typing import TYPE_CHECKING, Any

from sessions.current import current_extension
from sessions.errors import InvalidValue, RoostError
from shim.absent import NotSupported
from shim.enums import ShellQuoting, TaskScope
from shim.events import Disposable, EventEmitter, HasEvents
from shim.extensions import Extensions
from shim.features import Features
from shim.task import Argument, CustomExecution, ProcessExecution, ShellExecution, ShellQuotedString, Task
from shim.terminal import Terminal, TerminalOptions
from shim.terminals import WindowTerminals, shell_options
from shim.thenable import called
from shim.values import Value, readonly

if TYPE_CHECKING:
    from sessions.context import SessionContext

MOST = 100
"""Tasks of one user that run at the same time."""

FETCHED = 2_000
"""Tasks that are fetched at once."""

SHELL = "/bin/sh"


class TaskExecution:
    """One run of a task."""

    __slots__ = ("__weakref__", "_runs", "id", "task", "terminal")

    def __init__(self, runs: TaskRuns, task: Task, id: str) -> None:
        self._runs = runs
        self.task = task
        self.id = id
        """What clients call it. Not in VS Code."""
        self.terminal: Terminal | None = None
        """Where it runs. Not in VS Code."""

    def terminate(self) -> None:
        """End it, with all that it started."""
        self._runs.terminate(self)


@readonly
class TaskStartEvent(Value):
    """A task begins."""

    execution: TaskExecution


@readonly
class TaskEndEvent(Value):
    """A task has ended."""

    execution: TaskExecution


@readonly
class TaskProcessStartEvent(Value):
    """The process of a task runs; a task that an extension plays has none."""

    execution: TaskExecution
    process_id: int


@readonly
class TaskProcessEndEvent(Value):
    """The process of a task has ended; `exit_code` is None where it was killed, or could not be started."""

    execution: TaskExecution
    exit_code: int | None


class TaskRuns(HasEvents):
    """One user's task providers and the tasks that run."""

    __slots__ = (
        "_fetched",
        "_number",
        "_running",
        "_session",
        "_watching",
        "ended",
        "process_ended",
        "process_started",
        "started",
    )

    def __init__(self, session: SessionContext) -> None:
        self._session = session
        self._running: dict[str, TaskExecution] = {}
        self._fetched: dict[str, Task] = {}
        self._number = 0
        self._watching: Disposable | None = None
        self.started = EventEmitter[TaskStartEvent]()
        self.ended = EventEmitter[TaskEndEvent]()
        self.process_started = EventEmitter[TaskProcessStartEvent]()
        self.process_ended = EventEmitter[TaskProcessEndEvent]()

    @property
    def running(self) -> tuple[TaskExecution, ...]:
        """Those that have not ended, oldest first."""
        return tuple(self._running.values())

    # -- which there are

    def register(self, type: str, provider: Any) -> Disposable:
        """Let `provider` say which tasks of a type there are."""
        if not isinstance(type, str) or not type:
            raise InvalidValue("type", "must be a text that is not empty, such as 'npm'")
        return self._session.get(Features).add("task", "provide_tasks", provider, None, type=type)

    async def fetch(self, type: str | None = None) -> list[Task]:
        """The tasks of all providers, or of those of a type; who has those of a type is activated first."""
        extensions = self._session.get(Extensions)
        events = [event for event in extensions.waiting if event.startswith("onTaskType:")]
        for event in events if type is None else [f"onTaskType:{type}"]:
            await extensions.wake(event)
        answers = await self._session.get(Features).all(
            "task", None, "provide_tasks", only=lambda offer: type is None or offer.more["type"] == type
        )
        given = [one for _, answer in answers if isinstance(answer, Sequence) for one in answer]
        return [one for one in given if isinstance(one, Task)][:FETCHED]

    async def listed(self, type: str | None = None) -> dict[str, Task]:
        """The tasks as `fetch` has them, each under an id that `named` knows until the next listing."""
        self._fetched = {str(number): one for number, one in enumerate(await self.fetch(type))}
        return self._fetched

    def named(self, id: str) -> Task:
        """A task of the last listing. Raises `InvalidValue`."""
        if id not in self._fetched:
            raise InvalidValue("id", "is of no task; list the tasks again")
        return self._fetched[id]

    def run_of(self, id: str) -> TaskExecution:
        """A run by its id. Raises `InvalidValue`."""
        if id not in self._running:
            raise InvalidValue("executionId", "is of no task that runs; it may have ended")
        return self._running[id]

    # -- running them

    async def execute(self, task: Task) -> TaskExecution:
        """Begin a task in a terminal of its own. Raises `InvalidValue`, and `NotSupported` for problem matchers."""
        if not isinstance(task, Task):
            raise InvalidValue("task", f"must be a Task, not {type(task).__name__}")
        if len(self._running) >= MOST:
            raise InvalidValue("task", f"{MOST} tasks run already; terminate some first")
        if task.execution is None:
            task = await self._resolved(task)
        if task.problem_matchers:
            raise NotSupported(
                "problem_matchers", "outputs of tasks are not read for problems here; set diagnostics, and give none"
            )
        self._number += 1
        run = TaskExecution(self, task, f"task-{self._number}")
        with self._session.entered(_player(task)):
            self._begin(run, await self._options(task))
        return run

    async def _resolved(self, task: Task) -> Task:
        kind, features = task.definition.get("type"), self._session.get(Features)
        await self._session.get(Extensions).wake(f"onTaskType:{kind}")
        for offer in features.offers("task", None):
            if offer.more["type"] == kind:
                answer = await features.one(offer, "resolve_task", task)
                if isinstance(answer, Task) and answer.execution is not None:
                    return answer
        raise InvalidValue("execution", f"is missing, and no provider of '{kind}' tasks resolves '{task.name}'")

    async def _options(self, task: Task) -> TerminalOptions:
        execution, name = task.execution, f"{task.source}: {task.name}"[:1_024]
        if isinstance(execution, CustomExecution):
            return TerminalOptions(name=name, pty=await called(execution.callback, task.definition))
        assert execution is not None
        options = execution.options or {}
        fill = partial(_filled, folder=self._folder(task))
        path, arguments = _command(execution, fill)
        made = TerminalOptions(
            name=name,
            shell_path=path,
            shell_args=arguments,
            cwd=fill(options["cwd"]) if options.get("cwd") else self._folder(task),
            env={key: fill(value) for key, value in (options.get("env") or {}).items()},
        )
        shell_options(made)  # what is wrong is said before anything is told
        return made

    def _folder(self, task: Task) -> str:
        if task.scope is None or isinstance(task.scope, TaskScope):
            return self._session.workspace
        return str(task.scope.uri.path)

    def _begin(self, run: TaskExecution, options: TerminalOptions) -> None:
        terminals = self._session.get(WindowTerminals)
        if self._watching is None:
            with self._session.entered():
                self._watching = terminals.closed.event(self._closed)
        self._running[run.id] = run
        run.terminal = terminals.create(options)
        self._post("tasks.onDidStartTask", run, name=run.task.name, source=run.task.source)
        self.started.fire(TaskStartEvent(run))
        if options.pty is None:
            self._session.start(self._tell_process(run), f"task {run.id}")

    async def _tell_process(self, run: TaskExecution) -> None:
        assert run.terminal is not None
        process_id = await asyncio.shield(run.terminal.process_id)
        if process_id is not None:
            shell = run.terminal.shell
            terminal_id = shell.id if shell is not None else None
            self._post("tasks.onDidStartTaskProcess", run, processId=process_id, terminalId=terminal_id)
            self.process_started.fire(TaskProcessStartEvent(run, process_id))

    def _closed(self, terminal: Terminal) -> None:
        run = next((one for one in self._running.values() if one.terminal is terminal), None)
        if run is None:
            return
        del self._running[run.id]
        code = terminal.exit_status.code if terminal.exit_status is not None else None
        self._post("tasks.onDidEndTask", run, exitCode=code)
        if terminal.creation_options.pty is None:
            self.process_ended.fire(TaskProcessEndEvent(run, code))
        self.ended.fire(TaskEndEvent(run))

    def _post(self, type: str, run: TaskExecution, **more: Any) -> None:
        with suppress(RoostError):  # a mailbox that takes nothing more: clients can ask which tasks run
            self._session.mailbox.post(type, {"executionId": run.id, **more})

    def terminate(self, run: TaskExecution) -> None:
        """End a run, if it has not ended."""
        if run.id in self._running and run.terminal is not None:
            run.terminal.dispose()


def _player(task: Task) -> str | None:
    """The extension that plays a task, or else the one that runs it."""
    made = task.execution.extension if isinstance(task.execution, CustomExecution) else None
    return made or current_extension()


def _command(execution: ProcessExecution | ShellExecution, fill: Any) -> tuple[str, list[str]]:
    """The program and its arguments: a shell's are its own, `-c` and the line."""
    if isinstance(execution, ProcessExecution):
        return fill(execution.process), [fill(one) for one in execution.args]
    options = execution.options or {}
    line = execution.command_line
    if line is None:
        line = " ".join(_quoted(one) for one in (execution.command, *execution.args))
    shell = options.get("executable") or SHELL
    return shell, [*(options.get("shell_args") or ["-c"]), fill(line)]


def _quoted(argument: Argument) -> str:
    """An argument as VS Code gives it to a POSIX shell: plain ones are quoted only where they have blanks."""
    if isinstance(argument, str):
        return _quote(argument, ShellQuoting.STRONG) if " " in argument else argument
    if not isinstance(argument, ShellQuotedString):
        raise InvalidValue("args", f"must be texts, not {type(argument).__name__}")
    return _quote(argument.value, argument.quoting)


def _quote(text: str, quoting: ShellQuoting) -> str:
    if quoting == ShellQuoting.STRONG:
        return "'" + text.replace("'", "'\\''") + "'"
    if quoting == ShellQuoting.WEAK:
        return '"' + text.replace('"', '\\"') + '"'
    return "".join(f"\\{one}" if one in " \"'" else one for one in text)


def _filled(text: str, *, folder: str) -> str:
    """A text with VS Code's variables filled in that tasks here have; others are left for the shell."""
    known = {
        "workspaceFolder": folder,
        "workspaceFolderBasename": basename(folder),
        "cwd": folder,
        "pathSeparator": "/",
    }
    for name, value in known.items():
        text = text.replace(f"${{{name}}}", value)
    return text
