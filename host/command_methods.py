"""What a client may ask of commands, and of what decides whether they are offered. `methods.py` publishes these."""

from __future__ import annotations

from typing import Annotated, Any

from pydantic import Field, StringConstraints
from typing_extensions import TypedDict

from host.caller import Caller
from host.contract import Contract
from host.document_methods import Resource, resource
from sessions.errors import Overloaded, QuotaExceeded
from shim.commands import CommandFailed, Commands

CONTRACT = Contract()
method = CONTRACT.method

Name = Annotated[str, StringConstraints(min_length=1, max_length=1_024)]


class ContextKeys(TypedDict):
    seq: int
    keys: dict[str, Any]


@method("commands.getCommands")
async def get_commands(caller: Caller) -> list[str]:
    """The ids of all commands that this user can execute, those of sleeping extensions too."""
    return caller.session.get(Commands).ids()


@method("commands.getContext")
async def get_context(caller: Caller) -> ContextKeys:
    """What extensions set by `setContext`, for `when` clauses.

    `commands.onDidSetContext` events with a number above `seq` go on from here; a value of null is a key that is gone.
    """
    return {"seq": caller.session.mailbox.seq, "keys": dict(caller.session.get(Commands).context_keys)}


@method("commands.executeCommand", acts=True)
async def execute_command(
    caller: Caller, command: Name, arguments: Annotated[tuple[Any, ...], Field(max_length=1_000, strict=False)] = ()
) -> Any:
    """Run a command and answer with its result; the extension that has it is activated first.

    Where it fails for want of arguments the error's `data` has their names as `missing`.
    """
    commands = caller.session.get(Commands)
    try:
        return await commands.execute(command, *arguments)
    except (CommandFailed, QuotaExceeded, Overloaded):
        raise
    except Exception as error:  # the edge of an extension: its command failed, nothing else
        if isinstance(error, TypeError) and (missing := commands.missing(command, arguments)):
            why = f"command '{command}' needs {' and '.join(missing)}; give it in `arguments`"
            raise CommandFailed(command, why, missing) from error
        raise _failed(caller, command, error) from error


@method("commands.executeMenuItem", acts=True)
async def execute_menu_item(
    caller: Caller,
    command: Name,
    uri: Resource,
    uris: Annotated[list[Resource], Field(max_length=1_000)] | None = None,
) -> Any:
    """Run a command of a menu on the resource that the menu is of, and answer with its result.

    It gets the resource's Uri, and with `uris` those of all that are selected, as VS Code's explorer gives them.
    """
    session = caller.session
    given: list[Any] = [resource(session, uri)]
    if uris is not None:
        given.append([resource(session, one) for one in uris])
    try:
        return await session.get(Commands).execute_from_menu(command, *given)
    except (CommandFailed, QuotaExceeded, Overloaded):
        raise
    except Exception as error:  # the edge of an extension: its command failed, nothing else
        raise _failed(caller, command, error) from error


def _failed(caller: Caller, command: str, error: Exception) -> CommandFailed:
    """What a client is told of a command that raised; the log has more."""
    caller.report(f"command {command}", error)
    return CommandFailed(command, f"{type(error).__name__}: {error}"[:2_000])
