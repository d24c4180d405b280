"""What a client may ask of tasks, source controls and accounts. `methods.py` publishes these.

Source controls, their groups and input boxes are pieces of `window.surface`, with handles.
"""

from __future__ import annotations

from collections.abc import Awaitable
from typing import TYPE_CHECKING, Annotated, Any, NotRequired, TypeVar

from pydantic import Field, StringConstraints
from typing_extensions import TypedDict

from host.caller import Caller
from host.contract import Contract
from host.document_methods import Resource, resource
from sessions.context import SessionContext
from sessions.errors import InvalidValue, Overloaded, QuotaExceeded, RoostError
from shim.commands import CommandFailed
from shim.plain import plain
from shim.surface import Piece, Surface

if TYPE_CHECKING:
    from shim.task_runs import TaskRuns

CONTRACT = Contract()
method = CONTRACT.method

P = TypeVar("P", bound=Piece)

Handle = Annotated[str, StringConstraints(max_length=64)]
Id = Annotated[str, StringConstraints(min_length=1, max_length=256)]
Resources = Annotated[list[Resource], Field(min_length=1, max_length=2_000)]
Line = Annotated[str, StringConstraints(max_length=65_536)]


class ListedTask(TypedDict):
    id: str
    name: str
    source: str
    type: str | None
    detail: NotRequired[str]
    group: NotRequired[str]


class Execution(TypedDict):
    executionId: str
    name: str
    source: str
    terminalId: str | None


class Account(TypedDict):
    id: str
    label: str


class Provider(TypedDict):
    id: str
    label: str
    accounts: list[Account]


# Their modules are loaded when somebody asks for them: few do, and each costs the empty host memory.


def _runs(session: SessionContext) -> TaskRuns:
    from shim.task_runs import TaskRuns

    return session.get(TaskRuns)


@method("tasks.fetchTasks")
async def fetch_tasks(caller: Caller, type: Id | None = None) -> list[ListedTask]:
    """The tasks of all providers, or of those of a type; an `id` is good until tasks are fetched again."""
    found: list[ListedTask] = []
    for id, task in (await _runs(caller.session).listed(type)).items():
        kind = task.definition.get("type")
        listed: ListedTask = {"id": id, "name": task.name, "source": task.source, "type": plain(kind)}
        if task.detail:
            listed["detail"] = task.detail
        if task.group is not None:
            listed["group"] = task.group.id
        found.append(listed)
    return found


@method("tasks.executeTask")
async def execute_task(caller: Caller, id: Id) -> Execution:
    """Run a task in a terminal of its own; `tasks.*` events tell how it goes."""
    runs = _runs(caller.session)
    return _execution(await runs.execute(runs.named(id)))


@method("tasks.listExecutions")
async def list_executions(caller: Caller) -> list[Execution]:
    """The tasks that run."""
    return [_execution(run) for run in _runs(caller.session).running]


@method("tasks.terminate")
async def terminate_task(caller: Caller, execution_id: Id) -> None:
    """End a task that runs, with all that it started."""
    _runs(caller.session).run_of(execution_id).terminate()


def _execution(run: Any) -> Execution:
    shell = run.terminal.shell if run.terminal is not None else None
    named = {"name": run.task.name, "source": run.task.source}
    terminal_id = None if shell is None else shell.id
    return {"executionId": run.id, "name": named["name"], "source": named["source"], "terminalId": terminal_id}


@method("scm.setInput")
async def set_input(caller: Caller, handle: Handle, value: Line) -> Any:
    """The user has typed into an input box; what its extension finds wrong with that, or null."""
    from shim.source_control import SourceControlInputBox

    box = caller.session.get(Surface).find(SourceControlInputBox, handle)
    with caller.session.entered(box.extension):
        return plain(await box.type(value))


@method("scm.acceptInput", acts=True)
async def accept_input(caller: Caller, handle: Handle) -> None:
    """Do what a source control does with its input: the command that it names, such as a commit."""
    from shim.source_control import SourceControl

    control = caller.session.get(Surface).find(SourceControl, handle)
    command = control.accept_input_command
    with caller.session.entered(control.extension):
        await _ran(caller, command.command if command else "scm.acceptInput", control.accept())


@method("scm.openResource", acts=True)
async def open_resource(caller: Caller, handle: Handle, index: Annotated[int, Field(ge=0)]) -> None:
    """Run the command of a changed file of a group."""
    from shim.source_control import SourceControlResourceGroup

    group = caller.session.get(Surface).find(SourceControlResourceGroup, handle)
    with caller.session.entered(group.extension):
        await _ran(caller, "scm.openResource", group.open(index))


@method("scm.runCommand", acts=True)
async def run_command(caller: Caller, handle: Handle, command: Id, uris: Resources | None = None) -> None:
    """Run a command of a menu: of a source control, of a group, or with `uris` of some files of a group."""
    from shim.source_control import SourceControl, SourceControlResourceGroup

    surface, session = caller.session.get(Surface), caller.session
    kinds = (SourceControlResourceGroup, SourceControl) if uris is None else (SourceControlResourceGroup,)
    piece = surface.find_of(kinds, handle)
    with session.entered(piece.extension):
        if isinstance(piece, SourceControlResourceGroup):
            paths = None if uris is None else {resource(session, one).path for one in uris}
            await _ran(caller, command, piece.run(command, paths))
        elif isinstance(piece, SourceControl):
            await _ran(caller, command, piece.run(command))


async def _ran(caller: Caller, command: str, work: Awaitable[object]) -> None:
    """Let an extension do it; what it raises is told in its sentence, as of a command."""
    try:
        await work
    except (CommandFailed, InvalidValue, Overloaded, QuotaExceeded):
        raise
    except RoostError as error:
        raise CommandFailed(command, str(error)[:2_000]) from error
    except Exception as error:  # the edge of an extension: its command failed, nothing else
        caller.report(f"command {command}", error)
        raise CommandFailed(command, f"{type(error).__name__}: {error}"[:2_000]) from error


@method("scm.provideOriginalResource")
async def original_resource(caller: Caller, handle: Handle, uri: Resource) -> str | None:
    """The resource that a file was before its changes, for a quick diff."""
    from shim.source_control import SourceControl

    control = caller.session.get(Surface).find(SourceControl, handle)
    with caller.session.entered(control.extension):
        found = await control.original(resource(caller.session, uri))
    return None if found is None else str(found)


@method("authentication.getAccounts")
async def get_accounts(caller: Caller) -> list[Provider]:
    """The providers that extensions have, with the accounts that the user is signed in to. Tokens are never told."""
    from shim.accounts import Accounts

    listed: Any = await caller.session.get(Accounts).listed()
    found: list[Provider] = listed
    return found


@method("authentication.signOut")
async def sign_out(caller: Caller, provider_id: Id, account_id: Id) -> None:
    """End all sessions of an account, and forget which extensions might use it."""
    from shim.accounts import Accounts

    await caller.session.get(Accounts).sign_out(provider_id, account_id)
