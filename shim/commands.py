"""`vscode.commands`: one user's commands. Ids stay as the extension wrote them; two users' commands never meet."""

from __future__ import annotations

import json
from collections.abc import Awaitable, Callable, Collection, Mapping, Sequence
from importlib import import_module
from inspect import Parameter, signature
from typing import TYPE_CHECKING, Any, NamedTuple

from sessions.current import current_extension, current_session
from sessions.errors import InvalidValue, RoostError
from shim.absent import absent_member
from shim.events import Disposable
from shim.namespace import fix
from shim.thenable import Thenable, called, thenable

if TYPE_CHECKING:
    from sessions.context import SessionContext
    from shim.editor_commands import register_text_editor_command as register_text_editor_command

LONGEST_ID = 1_024
"""Characters of a command's id, and of a context key."""

LARGEST_KEY = 4_096
"""Bytes of the value of a context key, as JSON."""

MOST_KEYS = 1_000
"""Context keys of one user."""


class CommandFailed(RoostError):
    """A command is unknown, or did not do its work; `command` is its id. JSON-RPC -32011.

    `missing` are the names of the arguments that it needs, where it was run without them.
    """

    def __init__(self, command: str, message: str, missing: Sequence[str] = ()) -> None:
        super().__init__(message)
        self.command = command
        self.missing = missing


class _Command(NamedTuple):
    callback: Callable[..., Any]
    extension: str | None


class Commands:
    """One user's commands, by id: registered ones, built-in ones, and those that sleeping extensions have."""

    __slots__ = ("_commands", "_declared", "_session", "context_keys", "find")

    def __init__(self, session: SessionContext) -> None:
        self._session = session
        self._commands: dict[str, _Command] = {}
        self._declared: Collection[str] = ()
        self.find: Callable[[str], Awaitable[None]] | None = None
        """Called with the id of a command that nobody registered: wakes the extension that has it."""
        self.context_keys: dict[str, Any] = {}
        """What `setContext` set, for `when` clauses."""

    def declare(self, ids: Collection[str]) -> None:
        """Say which commands there are before their extensions run. The collection is kept, not copied."""
        self._declared = ids

    def register(self, command: str, callback: Callable[..., Any]) -> Disposable:
        """Let `callback(*arguments)`, plain or async, be the command. Raises `ValueError` for an id that is taken."""
        _check(command)
        if command in self._commands or command in BUILT_IN or _of_api(command) is not None:
            raise ValueError(f"command '{command}' already exists; dispose of the first one or choose another id")
        registered = self._commands[command] = _Command(callback, current_extension())
        return Disposable(lambda: self._unregister(command, registered))

    def _unregister(self, command: str, registered: _Command) -> None:
        if self._commands.get(command) is registered:
            del self._commands[command]

    def forget_extension(self, extension: str) -> None:
        """Forget every command that this extension registered and did not dispose of: it is gone."""
        for command, registered in list(self._commands.items()):
            if registered.extension == extension:
                del self._commands[command]

    def ids(self) -> list[str]:
        """The ids of all commands that can be executed, those of sleeping extensions too, in order."""
        return sorted({*BUILT_IN, *self._declared, *self._commands})

    async def execute(self, command: str, *arguments: Any) -> Any:
        """Run a command as its extension, waking that first if it sleeps, and return what it returns, as it is.

        Raises `CommandFailed` where nobody has the command, and whatever the command raises.
        """
        callback, extension = await self._found(command)
        with self._session.entered(extension):
            return await called(callback, *arguments)

    async def execute_from_menu(self, command: str, *arguments: Any) -> Any:
        """As `execute`, without the last arguments that the command does not take: JavaScript drops them, too.

        Nor is None given last where the command has a default, as JavaScript's undefined leaves one in its place.
        """
        callback, extension = await self._found(command)
        with self._session.entered(extension):
            return await called(callback, *_taken(callback, arguments))

    def missing(self, command: str, arguments: Sequence[Any]) -> list[str]:
        """The names of the arguments that a registered command needs beyond these."""
        found = self._commands.get(command)
        by_place = [] if found is None else _parameters(found.callback)[0]
        return [one.name for one in by_place[len(arguments) :] if one.default is one.empty]

    async def _found(self, command: str) -> _Command:
        found = self._commands.get(command) or BUILT_IN.get(command) or _of_api(command)
        if found is None and self.find is not None:
            await self.find(command)
            found = self._commands.get(command)
        if found is None:
            raise CommandFailed(command, f"command '{command}' not found; `commands.getCommands` lists those that are")
        return found


def _parameters(callback: Callable[..., Any]) -> tuple[list[Parameter], bool]:
    """What it takes by place, and whether it takes any number more."""
    try:
        wanted = signature(callback).parameters.values()
    except ValueError:  # it is not written in Python
        return [], True
    by_place = [one for one in wanted if one.kind in (one.POSITIONAL_ONLY, one.POSITIONAL_OR_KEYWORD)]
    return by_place, any(one.kind is one.VAR_POSITIONAL for one in wanted)


def _taken(callback: Callable[..., Any], arguments: Sequence[Any]) -> Sequence[Any]:
    """What of the arguments it is given from a menu."""
    by_place, takes_more = _parameters(callback)
    given = list(arguments if takes_more else arguments[: len(by_place)])
    while given and given[-1] is None and len(given) <= len(by_place):
        if by_place[len(given) - 1].default is Parameter.empty:
            break
        given.pop()
    return given


def _of_api(command: str) -> _Command | None:
    """A command of VS Code's that asks language providers; the list of commands does not have it, as in VS Code."""
    if not command.startswith("vscode."):
        return None
    from shim.language_commands import API  # when it is asked for: documents and providers come along

    return _Command(API[command], None) if command in API else None


def _check(command: object) -> None:
    if not isinstance(command, str) or not command.strip() or len(command) > LONGEST_ID:
        raise InvalidValue("command", f"must be a string of 1 to {LONGEST_ID} characters, such as 'hello.greet'")


def _set_context(key: str, value: Any = None) -> None:
    """VS Code's `setContext`: keep a key for `when` clauses, and let the user's clients know. None removes it."""
    session = current_session()
    keys = session.get(Commands).context_keys
    if not isinstance(key, str) or not 0 < len(key) <= LONGEST_ID:
        raise InvalidValue("key", f"must be a string of 1 to {LONGEST_ID} characters, such as 'hello.isOpen'")
    try:
        text = json.dumps(value)
    except (TypeError, ValueError, RecursionError) as error:
        raise InvalidValue("value", f"must be JSON ({error}); a context key is compared in `when` clauses") from None
    if len(text) > LARGEST_KEY:
        raise InvalidValue("value", f"may have {LARGEST_KEY} bytes as JSON; keep what is larger in global_state")
    value = json.loads(text)  # one's own, whatever happens to what was given
    if key not in keys and len(keys) >= MOST_KEYS:
        raise InvalidValue("key", f"{MOST_KEYS} context keys are set already; set some to null first")
    session.mailbox.post("commands.onDidSetContext", {"key": key, "value": value})
    keys[key] = value
    if value is None:
        del keys[key]


async def _diff(*arguments: Any) -> None:
    from shim.showing import show_diff  # on need: editors are built on commands

    await show_diff(*arguments)


async def _open(*arguments: Any) -> None:
    from shim.showing import open_file

    await open_file(*arguments)


BUILT_IN: Mapping[str, _Command] = {
    "setContext": _Command(_set_context, None),
    "vscode.diff": _Command(_diff, None),
    "vscode.open": _Command(_open, None),
}
"""The commands that every user has without an extension."""


def register_command(command: str, callback: Callable[..., Any], this_arg: object = None) -> Disposable:
    """Let `callback(*arguments)` be the current user's command; the `Disposable` undoes it.

    `this_arg` has its place from VS Code and no meaning: a method of Python is bound.
    """
    return current_session().get(Commands).register(command, callback)


def execute_command(command: str, *rest: Any) -> Thenable[Any]:
    """Run one of the current user's commands with `rest` as its arguments, and give its result."""
    commands = current_session().get(Commands)
    return thenable(commands.execute(command, *rest), f"command {command}")


def get_commands(filter_internal: bool = False) -> Thenable[list[str]]:
    """The ids of the current user's commands; `filter_internal` leaves out those that begin with `_`."""
    return thenable(_listed(current_session().get(Commands), filter_internal), "get commands")


async def _listed(commands: Commands, filter_internal: bool) -> list[str]:
    return [command for command in commands.ids() if not (filter_internal and command.startswith("_"))]


if not TYPE_CHECKING:  # type checkers see the name above

    def __getattr__(name: str) -> Any:
        if name == "register_text_editor_command":  # editors are built on commands
            return import_module("shim.editor_commands").register_text_editor_command
        return absent_member(__name__, name)


fix(__name__)
