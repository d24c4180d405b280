"""Tasks in both of VS Code's forms."""

from __future__ import annotations

from typing import Any

import pytest

from sessions.errors import InvalidValue
from shim.enums import ShellQuoting, TaskScope
from shim.task import ProcessExecution, ShellExecution, ShellQuotedString, Task, TaskGroup

DEFINITION = {"type": "make"}


def test_a_task_has_a_scope_or_is_written_in_the_older_form() -> None:
    run = ShellExecution("make")
    new = Task(DEFINITION, TaskScope.WORKSPACE, "build", "make", run, "$gcc")
    old = Task(DEFINITION, "build", "make", run, ["$gcc"])
    assert (new.scope, old.scope) == (TaskScope.WORKSPACE, None)
    for task in (new, old):
        assert (task.name, task.source, task.execution, task.problem_matchers) == ("build", "make", run, ["$gcc"])
        assert (task.is_background, task.presentation_options, task.run_options) == (False, {}, {})
    assert Task(DEFINITION, 1, "build", "make", problem_matchers=None).problem_matchers == []  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("args", "field"),
    [
        ((None, 1, "build", "make"), "definition"),
        ((DEFINITION, 1, None, "make"), "name"),
        ((DEFINITION, 1, "build", ""), "source"),
    ],
)
def test_a_task_that_lacks_something_is_refused(args: Any, field: str) -> None:
    with pytest.raises(InvalidValue) as refused:
        Task(*args)
    assert refused.value.field == field


def test_a_shell_runs_a_line_or_a_command_with_arguments() -> None:
    line = ShellExecution("make -j2", {"cwd": "/a"})
    assert (line.command_line, line.command, line.args, line.options) == ("make -j2", "", [], {"cwd": "/a"})
    quoted = ShellQuotedString("a b", ShellQuoting.STRONG)
    command = ShellExecution("make", [quoted], {"cwd": "/a"})
    assert (command.command_line, command.command, command.args) == (None, "make", [quoted])
    assert ShellExecution(quoted, []).command is quoted


def test_a_process_has_arguments_options_or_both() -> None:
    assert (ProcessExecution("ls").args, ProcessExecution("ls", {"cwd": "/"}).options) == ([], {"cwd": "/"})
    both = ProcessExecution("ls", ["-l"], {"cwd": "/"})
    assert (both.process, both.args, both.options) == ("ls", ["-l"], {"cwd": "/"})


@pytest.mark.parametrize(
    "make", [lambda: ProcessExecution(5), lambda: ShellExecution(None), lambda: ShellExecution(5, [])]
)
def test_what_is_no_command_is_refused(make: Any) -> None:
    with pytest.raises(InvalidValue):
        make()


def test_the_groups_are_known() -> None:
    assert [group.id for group in (TaskGroup.CLEAN, TaskGroup.BUILD, TaskGroup.REBUILD, TaskGroup.TEST)] == [
        "clean",
        "build",
        "rebuild",
        "test",
    ]
