"""`vscode.tasks`: what the current user's extensions can run, and what runs. It starts nothing itself."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any, Protocol

from sessions.current import current_session
from shim.cancellation import CancellationToken
from shim.events import Disposable, of_user
from shim.namespace import fix
from shim.task import Task
from shim.task_runs import TaskEndEvent as TaskEndEvent
from shim.task_runs import TaskExecution, TaskRuns
from shim.task_runs import TaskProcessEndEvent as TaskProcessEndEvent
from shim.task_runs import TaskProcessStartEvent as TaskProcessStartEvent
from shim.task_runs import TaskStartEvent as TaskStartEvent
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


on_did_start_task = of_user(lambda session: session.get(TaskRuns).started)
"""A task begins."""

on_did_end_task = of_user(lambda session: session.get(TaskRuns).ended)
"""A task has ended."""

on_did_start_task_process = of_user(lambda session: session.get(TaskRuns).process_started)
"""The process of a task runs."""

on_did_end_task_process = of_user(lambda session: session.get(TaskRuns).process_ended)
"""The process of a task has ended."""


if not TYPE_CHECKING:  # type checkers see the annotation above, and mistyped names

    def __getattr__(name: str) -> Any:
        if name == "task_executions":
            return current_session().get(TaskRuns).running
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")


fix(__name__)
