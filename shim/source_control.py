"""Source controls of one user: groups of changed files, an input box, commands. Clients show them and act on them."""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping, Sequence
from typing import Any

from sessions.current import current_session
from sessions.errors import InvalidValue
from sessions.jsontext import Json
from shim.cancellation import CancellationToken
from shim.commands import Commands
from shim.surface import Piece, Shown, packed, plain
from shim.thenable import called
from shim.turns import TURN, in_turns
from shim.types import Command, IconPath
from shim.uri import Uri, as_uri
from shim.values import ReadOnly, Value, as_text, readonly, value

SHOWN = 2_000
"""Resources of a group that clients are shown; more are counted only."""

LONGEST = 65_536
"""Characters of what is in an input box."""


@readonly
class SourceControlResourceThemableDecorations(Value):
    """How a changed file looks in one kind of theme."""

    icon_path: str | IconPath | None = None


@readonly
class SourceControlResourceDecorations(Value):
    """How a changed file looks."""

    strike_through: bool | None = None
    faded: bool | None = None
    tooltip: str | None = None
    icon_path: str | IconPath | None = None
    light: SourceControlResourceThemableDecorations | None = None
    dark: SourceControlResourceThemableDecorations | None = None


@value
class SourceControlResourceState(Value):
    """A changed file, and what choosing it runs."""

    resource_uri: Uri
    command: Command | None = None
    decorations: SourceControlResourceDecorations | None = None
    context_value: str | None = None


class SourceControlInputBox(Piece):
    """Where the user writes the message of a commit."""

    __slots__ = ("_of", "validate_input")

    kind = "sourceControlInputBox"

    def __init__(self, of: str) -> None:
        """Of the source control with this handle."""
        super().__init__()
        self._of = of
        self.validate_input: Callable[[str, int], Any] | None = None
        """Says what is wrong with a text; plain or async (proposed in VS Code)."""
        self.changed()

    value = Shown[str]("")
    placeholder = Shown[str]("")
    enabled = Shown[bool](True)
    visible = Shown[bool](True)

    def state(self) -> Mapping[str, Any]:
        usual = {"value": "", "placeholder": "", "enabled": True, "visible": True}
        return {"sourceControl": self._of, **usual, **self.attributes()}

    async def type(self, text: str) -> Any:
        """The user has typed into it; what its extension finds wrong with that: a text, or what VS Code has."""
        self.value = text[:LONGEST]
        if self.validate_input is None:
            return None
        with self._surface.entered(self.extension):
            return await called(self.validate_input, self.value, len(self.value))


class SourceControlResourceGroup(Piece):
    """Changed files that belong together, such as those that are staged."""

    __slots__ = ("_id", "_of", "_resources", "_told")

    kind = "sourceControlResourceGroup"

    def __init__(self, of: str, id: str, label: str) -> None:
        """Of the source control with the handle `of`."""
        super().__init__()
        self._of = of
        self._id = as_text(id, "id")
        self._resources: tuple[SourceControlResourceState, ...] = ()
        self._told = 0, Json(b"[]")
        """How many clients are told of, and those that they are shown."""
        self.label = as_text(label, "label")

    label = Shown[str]("")
    hide_when_empty = Shown[bool | None](None)
    context_value = Shown[str | None](None)

    @property
    def id(self) -> str:
        return self._id

    @property
    def resource_states(self) -> Sequence[SourceControlResourceState]:
        """The changed files; assign them anew to change them."""
        return self._resources

    @resource_states.setter
    def resource_states(self, given: Sequence[SourceControlResourceState]) -> None:
        states = tuple(given)
        for one in states:
            as_uri(getattr(one, "resource_uri", None), "resource_states")
        self._resources = states
        if len(states) <= TURN:
            self._told = len(states), packed(plain(states))
            self.changed()
        elif not self.disposed:
            current_session().start(self._tell(states), "show changed files")

    async def _tell(self, states: Sequence[SourceControlResourceState]) -> None:
        """Show so many files as soon as others let it, unless there are others by then."""
        lines = [packed(plain(one)) async for one in in_turns(states[:SHOWN])]
        if states is self._resources:
            self._told = len(states), Json(b"[%b]" % b",".join(lines))
            self.changed()

    def state(self) -> Mapping[str, Any]:
        count, resources = self._told
        own = {"sourceControl": self._of, "id": self.id, "count": count}
        return {**own, "resourceStates": resources, **self.attributes()}

    async def open(self, index: int) -> Any:
        """The user has chosen a changed file: run its command."""
        if not 0 <= index < len(self._resources):
            raise InvalidValue("index", "is of no resource; the group has changed")
        return await _run(self._resources[index].command)

    async def run(self, command: str, paths: Collection[str] | None = None) -> Any:
        """The user has chosen a command of a menu, of the group or of some of its files: it gets what VS Code gives it.

        Raises `InvalidValue` where none of the files is in the group any more.
        """
        if paths is None:
            return await _chosen(command, self)
        chosen = [one for one in self._resources if one.resource_uri.path in paths]
        if not chosen:
            raise InvalidValue("uris", "are of no resource of the group; the group has changed")
        return await _chosen(command, *chosen)


class SourceControl(Piece):
    """What one extension shows of one repository."""

    __slots__ = ("_groups", "_id", "_input_box", "_label", "_root_uri", "quick_diff_provider")

    input_box = ReadOnly[SourceControlInputBox]()

    kind = "sourceControl"

    def __init__(self, id: str, label: str, root_uri: Uri | None = None) -> None:
        self._id = as_text(id, "id")
        self._label = as_text(label, "label")
        self._root_uri = None if root_uri is None else as_uri(root_uri, "root_uri")
        super().__init__()
        self._groups: list[SourceControlResourceGroup] = []
        self._input_box = SourceControlInputBox(self.handle)
        self.quick_diff_provider: Any = None
        """May have `provide_original_resource(uri, token)`."""
        self.changed()

    count = Shown[int | None](None)
    commit_template = Shown[str | None](None)
    accept_input_command = Shown[Command | None](None)
    status_bar_commands = Shown[Sequence[Command] | None](None)

    @property
    def id(self) -> str:
        return self._id

    @property
    def label(self) -> str:
        return self._label

    @property
    def root_uri(self) -> Uri | None:
        return self._root_uri

    def state(self) -> Mapping[str, Any]:
        more = {"extension": self.extension, "rootUri": self._root_uri}
        return {"id": self.id, "label": self.label, **more, **self.attributes()}

    def create_resource_group(self, id: str, label: str) -> SourceControlResourceGroup:
        """A new group of changed files, below those that are there."""
        group = SourceControlResourceGroup(self.handle, id, label)
        self._groups.append(group)
        return group

    def dispose(self) -> None:
        for part in (self.input_box, *self._groups):
            part.dispose()
        self.quick_diff_provider = self.input_box.validate_input = None  # which often hold this
        super().dispose()

    async def accept(self) -> Any:
        """The user wants what is in the input box done."""
        if self.accept_input_command is None:
            raise InvalidValue("handle", "names a source control that accepts no input")
        return await _run(self.accept_input_command)

    async def run(self, command: str) -> Any:
        """The user has chosen a command of the title's menu, or of the status bar."""
        mine = next((one for one in self.status_bar_commands or () if one.command == command), None)
        return await (_chosen(command, self) if mine is None else _run(mine))

    async def original(self, uri: Uri) -> Uri | None:
        """What a file was before its changes, for a quick diff; None where nobody says."""
        provide = getattr(self.quick_diff_provider, "provide_original_resource", None)
        if provide is None:
            return None
        with self._surface.entered(self.extension):
            found = await called(provide, uri, CancellationToken.NONE)
        return found if isinstance(found, Uri) else None


async def _run(command: Command | None) -> Any:
    if command is None:
        return None
    return await current_session().get(Commands).execute(command.command, *(command.arguments or ()))


async def _chosen(command: str, *of: object) -> Any:
    """Run a command of a menu on what the menu is of."""
    return await current_session().get(Commands).execute_from_menu(command, *of)
