"""Tasks: run in terminals of their user, in that user's sandbox, with their events."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from typing import Any

import pytest

import shim as vscode
from sessions.context import SessionContext
from sessions.current import current_extension
from sessions.errors import InvalidValue
from shim import NotSupported, ShellExecution, ShellQuotedString, ShellQuoting, Task, tasks
from shim.task_runs import TaskRuns
from tests.inside import kept, tenants
from tests.sessions.stores import eventually

pytestmark = pytest.mark.anyio


@pytest.fixture
async def both() -> AsyncIterator[tuple[SessionContext, SessionContext]]:
    async with tenants("ada", "ben") as (_, (ada, ben)):
        yield ada, ben


@pytest.fixture
async def ada(both: tuple[SessionContext, SessionContext]) -> AsyncIterator[SessionContext]:
    with both[0].entered("acme.builds"):
        yield both[0]


def shell(line: str, *more: Any, **options: Any) -> Task:
    return Task({"type": "acme"}, vscode.TaskScope.WORKSPACE, "build", "acme", ShellExecution(line, *more), **options)


async def ended(task: Task) -> tuple[int | None, bytes]:
    """The exit code of a run, and what it showed."""
    done: asyncio.Future[int | None] = asyncio.get_running_loop().create_future()
    run: Any = None

    def end(event: vscode.TaskProcessEndEvent) -> None:
        if event.execution is run:
            done.set_result(event.exit_code)

    undo = tasks.on_did_end_task_process(end)
    run = await tasks.execute_task(task)
    try:
        async with asyncio.timeout(20):
            code = await done
    finally:
        undo.dispose()
    return code, kept(run.terminal.shell)


async def test_a_shell_task_runs_in_its_users_world_and_tells_its_exit_code(ada: SessionContext) -> None:
    code, output = await ended(shell("pwd; echo $WHO; exit 3", {"env": {"WHO": "me"}}))
    assert code == 3
    assert b"/workspace" in output
    assert b"me" in output


async def test_the_events_of_a_task_come_in_their_order_and_to_its_user_only(
    both: tuple[SessionContext, SessionContext],
) -> None:
    ada, ben = both
    heard: list[tuple[str, str]] = []
    for session in both:
        with session.entered():
            uid = session.uid
            for name in ("start_task", "start_task_process", "end_task_process", "end_task"):
                getattr(tasks, f"on_did_{name}")(lambda _, name=name, uid=uid: heard.append((uid, name)))
    with ada.entered():
        run = await tasks.execute_task(shell("true"))
        assert tasks.task_executions == (run,)
        await eventually(lambda: ("ada", "end_task") in heard)
        assert tasks.task_executions == ()
    assert heard == [("ada", name) for name in ("start_task", "start_task_process", "end_task_process", "end_task")]
    assert ben.get(TaskRuns).running == ()


async def test_a_process_task_gets_its_arguments_as_they_are(ada: SessionContext) -> None:
    execution = vscode.ProcessExecution("/usr/bin/printf", ["<%s>", "$HOME;", "a b", "${workspaceFolder}"])
    code, output = await ended(Task({"type": "acme"}, vscode.TaskScope.WORKSPACE, "show", "acme", execution))
    assert (code, output.strip()) == (0, b"<$HOME;><a b></workspace>")


async def test_arguments_of_a_shell_task_are_quoted_as_they_ask(ada: SessionContext) -> None:
    arguments = [
        "a b",
        ShellQuotedString("$X 'y'", ShellQuoting.STRONG),
        ShellQuotedString("$X z", ShellQuoting.WEAK),
        ShellQuotedString("c d", ShellQuoting.ESCAPE),
    ]
    code, output = await ended(shell("printf", ["'<%s>'", *arguments], {"env": {"X": "1"}}))
    assert (code, output.strip()) == (0, b"<a b><$X 'y'><1 z><c d>")


async def test_terminating_ends_a_task_with_what_it_started_and_without_a_code(ada: SessionContext) -> None:
    run = await tasks.execute_task(shell("sleep 1000 & sleep 1000"))
    codes: list[int | None] = []
    tasks.on_did_end_task_process(lambda event: codes.append(event.exit_code))
    await eventually(lambda: run.terminal.process_id.done())
    run.terminate()
    await eventually(lambda: codes)
    assert codes == [None]
    run.terminate()


async def test_a_task_that_an_extension_plays_ends_with_the_code_that_it_gives(ada: SessionContext) -> None:
    class Plays:
        def __init__(self) -> None:
            self.write = vscode.EventEmitter[str]()
            self.done = vscode.EventEmitter[int | None]()
            self.on_did_write = self.write.event
            self.on_did_close = self.done.event

        def open(self, dimensions: Any) -> None:
            self.write.fire("building\r\n")
            self.done.fire(5)

        def close(self) -> None: ...

    definitions: list[Any] = []

    async def callback(definition: Any) -> Plays:
        definitions.append(definition)
        return Plays()

    over: list[Any] = []
    tasks.on_did_end_task(over.append)
    task = Task({"type": "acme"}, vscode.TaskScope.WORKSPACE, "play", "acme", vscode.CustomExecution(callback))
    run = await tasks.execute_task(task)
    await eventually(lambda: over)
    assert definitions == [{"type": "acme"}]
    assert b"building" in kept(run.terminal.shell)
    assert run.terminal.exit_status.code == 5


async def test_an_extension_plays_its_task_in_its_own_name_whoever_runs_it(ada: SessionContext) -> None:
    names: list[str | None] = []

    class Plays:
        def __init__(self) -> None:
            names.append(current_extension())
            self.done = vscode.EventEmitter[int]()
            self.on_did_write = vscode.EventEmitter[str]().event
            self.on_did_close = self.done.event

        def open(self, dimensions: Any) -> None:
            names.append(current_extension())
            self.done.fire(0)

        def close(self) -> None: ...

    async def callback(definition: Any) -> Plays:
        return Plays()

    with ada.entered("acme.maker"):
        execution = vscode.CustomExecution(callback)
    over: list[Any] = []
    with ada.entered("acme.runner"):
        tasks.on_did_end_task(over.append)
        await tasks.execute_task(Task({"type": "a"}, vscode.TaskScope.WORKSPACE, "play", "a", execution))
    await eventually(lambda: over)
    assert names == ["acme.maker", "acme.maker"]


async def test_tasks_are_fetched_from_providers_by_type_and_resolved_when_they_run(ada: SessionContext) -> None:
    class Provides:
        def __init__(self, type: str) -> None:
            self.type = type

        def provide_tasks(self, token: Any) -> list[Task]:
            return [Task({"type": self.type}, vscode.TaskScope.WORKSPACE, "late", self.type)]

        async def resolve_task(self, task: Task, token: Any) -> Task:
            return Task(task.definition, task.scope, task.name, task.source, ShellExecution("exit 9"))

    class Fails:
        def provide_tasks(self, token: Any) -> Any:
            raise LookupError("no tasks today")

    for type in ("npm", "make"):
        tasks.register_task_provider(type, Provides(type))
    tasks.register_task_provider("broken", Fails())
    assert sorted(one.source for one in await tasks.fetch_tasks()) == ["make", "npm"]
    (task,) = await tasks.fetch_tasks({"type": "npm"})
    assert (await ended(task))[0] == 9
    with pytest.raises(InvalidValue, match="no provider of 'none' tasks"):
        await tasks.execute_task(Task({"type": "none"}, vscode.TaskScope.WORKSPACE, "x", "none"))


async def test_problem_matchers_are_refused_with_the_reason(ada: SessionContext) -> None:
    with pytest.raises(NotSupported, match=r"problem_matchers is not supported here: .* set diagnostics"):
        await tasks.execute_task(shell("true", problem_matchers=["$tsc"]))
    assert tasks.task_executions == ()


async def test_a_program_that_is_not_there_ends_the_task_with_a_failure(ada: SessionContext) -> None:
    execution = vscode.ProcessExecution("/no/such/program")
    code, _ = await ended(Task({"type": "acme"}, vscode.TaskScope.WORKSPACE, "x", "acme", execution))
    assert code not in (0, None)


async def test_a_command_with_arguments_must_name_what_to_run() -> None:
    with pytest.raises(InvalidValue, match="names what to run"):
        ShellExecution("", ["a"])


@pytest.mark.parametrize(
    ("name", "wrong"), [("definition", None), ("name", None), ("name", 1), ("source", ""), ("source", None)]
)
def test_what_a_task_is_refused_when_it_is_made_is_refused_when_it_is_set(name: str, wrong: Any) -> None:
    task = Task({"type": "acme"}, vscode.TaskScope.WORKSPACE, "x", "acme")
    with pytest.raises(InvalidValue, match=name):
        setattr(task, name, wrong)
    assert (task.definition, task.name, task.source) == ({"type": "acme"}, "x", "acme")
    task.name, task.problem_matchers, task.scope = "y", None, 1  # type: ignore[assignment]
    assert (task.name, task.problem_matchers, task.scope) == ("y", [], vscode.TaskScope.GLOBAL)
