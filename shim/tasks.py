"""`vscode.tasks`: what the current user's extensions can run, and what runs. It starts nothing itself."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import TYPE_CHECKING, Any, Protocol

from sessions.current import current_session
from shim.cancellation import CancellationToken
from shim.events import Disposable
from shim.task import Task
from shim.task_runs import (
    TaskEndEvent,
    TaskExecution,
    TaskProcessEndEvent,
    TaskProcessStartEvent,
    TaskRuns,
    TaskStartEvent,
)
from shim.thenable import Thenable, thenable
from shim.values import Value, value

if TYPE_CHECKING:
    from shim.interfaces import ProviderResult

task_executions: tuple[TaskExecution, ...]
"""The current user's tasks that run."""


class TaskProvider(Protocol):
    """May have `resolve_task(task, token)`, which gives a task without an execution one."""

    def provide_tasks(self, token: CancellationToken, /) -> ProviderResult[Sequence[Task]]: ...


@value
class TaskFilter(Value):
    """Which tasks are fetched; `version` is of a `tasks.json`, which is not read here."""

    version: str | None = None
    type: str | None = None


def register_task_provider(type: str, provider: TaskProvider) -> Disposable:
    """Let `provider` say which tasks of `type` there are."""
    return current_session().get(TaskRuns).register(type, provider)


def fetch_tasks(filter: TaskFilter | Mapping[str, Any] | None = None) -> Thenable[list[Task]]:
    """The tasks of all providers, or of those of the filter's type."""
    wanted = filter.get("type") if isinstance(filter, Mapping) else filter.type if filter is not None else None
    return thenable(current_session().get(TaskRuns).fetch(wanted), "tasks.fetch_tasks")


def execute_task(task: Task) -> Thenable[TaskExecution]:
    """Run a task in a terminal of its own. Raises `NotSupported` of one with problem matchers."""
    return thenable(current_session().get(TaskRuns).execute(task), "tasks.execute_task")


def on_did_start_task(
    listener: Callable[[TaskStartEvent], object], disposables: list[Disposable] | None = None
) -> Disposable:
    """A task begins."""
    return current_session().get(TaskRuns).started.event(listener, disposables)


def on_did_end_task(
    listener: Callable[[TaskEndEvent], object], disposables: list[Disposable] | None = None
) -> Disposable:
    """A task has ended."""
    return current_session().get(TaskRuns).ended.event(listener, disposables)


def on_did_start_task_process(
    listener: Callable[[TaskProcessStartEvent], object], disposables: list[Disposable] | None = None
) -> Disposable:
    """The process of a task runs."""
    return current_session().get(TaskRuns).process_started.event(listener, disposables)


def on_did_end_task_process(
    listener: Callable[[TaskProcessEndEvent], object], disposables: list[Disposable] | None = None
) -> Disposable:
    """The process of a task has ended."""
    return current_session().get(TaskRuns).process_ended.event(listener, disposables)


if not TYPE_CHECKING:  # type checkers see the annotation above, and mistyped names

    def __getattr__(name: str) -> Any:
        if name == "task_executions":
            return current_session().get(TaskRuns).running
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
