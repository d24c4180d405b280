"""Source controls of one user: groups of changed files, an input box, and commands. Clients show them and act on them.

Changes that come together are told to clients as one event, which names the source control; what it shows they ask for.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import suppress
from typing import TYPE_CHECKING, Any, ClassVar

from sessions.current import current_extension
from sessions.errors import InvalidValue, RoostError
from shim.cancellation import CancellationToken
from shim.commands import Commands
from shim.plain import plain
from shim.thenable import called
from shim.types import Command, IconPath
from shim.uri import Uri, as_uri
from shim.values import Value, as_text, camel_case, readonly, value

if TYPE_CHECKING:
    from sessions.context import SessionContext

MOST = 100
"""Source controls of one user, and groups of one of them."""

SHOWN = 5_000
"""Resources of a group that clients are shown; more are counted only."""

LONGEST = 65_536
"""Characters of an input box."""

CHANGED = "scm.onDidChangeSourceControl"
"""The event that tells clients of a source control that has changed, or is gone: `{id}`."""


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


class _Told:
    """Something whose attributes clients are shown: setting one of `_shown` tells them."""

    __slots__ = ()

    _shown: ClassVar[Mapping[str, Any]] = {}

    def __getattr__(self, name: str) -> Any:
        if name in type(self)._shown:
            return type(self)._shown[name]
        raise AttributeError(f"a {type(self).__name__} has no {name!r}")

    def __setattr__(self, name: str, given: Any) -> None:
        object.__setattr__(self, name, given)
        if name in type(self)._shown:
            self._tell()

    def _tell(self) -> None:
        raise NotImplementedError

    def _values(self) -> dict[str, Any]:
        told = ((name, plain(getattr(self, name))) for name in type(self)._shown)
        return {camel_case(name): one for name, one in told if one is not None}


class SourceControlInputBox(_Told):
    """Where the user writes the message of a commit."""

    __slots__ = ("_of", "enabled", "placeholder", "validate_input", "value", "visible")

    _shown: ClassVar[Mapping[str, Any]] = {"value": "", "placeholder": "", "enabled": True, "visible": True}

    value: str
    placeholder: str
    enabled: bool
    visible: bool
    validate_input: Callable[[str, int], Any] | None

    def __init__(self, of: SourceControl) -> None:
        object.__setattr__(self, "_of", of)
        object.__setattr__(self, "validate_input", None)

    def __setattr__(self, name: str, given: Any) -> None:
        super().__setattr__(name, as_text(given, name)[:LONGEST] if name in ("value", "placeholder") else given)

    def _tell(self) -> None:
        self._of.tell()

    def to_json(self) -> dict[str, Any]:
        return self._values()


class SourceControlResourceGroup(_Told):
    """Changed files that belong together, such as those that are staged."""

    __slots__ = ("_of", "_resources", "context_value", "hide_when_empty", "id", "label")

    _shown: ClassVar[Mapping[str, Any]] = {"label": "", "hide_when_empty": None, "context_value": None}

    id: str
    label: str
    hide_when_empty: bool | None
    context_value: str | None

    def __init__(self, of: SourceControl, id: str, label: str) -> None:
        object.__setattr__(self, "_of", of)
        object.__setattr__(self, "_resources", ())
        object.__setattr__(self, "id", id)
        object.__setattr__(self, "label", label)

    @property
    def resource_states(self) -> Sequence[SourceControlResourceState]:
        """The changed files; assign them anew to change them."""
        states: Sequence[SourceControlResourceState] = self._resources
        return states

    @resource_states.setter
    def resource_states(self, given: Sequence[SourceControlResourceState]) -> None:
        states = tuple(given)
        for one in states:
            as_uri(getattr(one, "resource_uri", None), "resource_states")
        object.__setattr__(self, "_resources", states)
        self._tell()

    def _tell(self) -> None:
        self._of.tell()

    def dispose(self) -> None:
        """Show it no more."""
        self._of.remove(self)

    def to_json(self) -> dict[str, Any]:
        shown = [plain(one) for one in self._resources[:SHOWN]]
        return {"id": self.id, **self._values(), "count": len(self._resources), "resourceStates": shown}


class SourceControl(_Told):
    """What one extension shows of one repository."""

    __slots__ = (
        "_controls",
        "_groups",
        "accept_input_command",
        "commit_template",
        "count",
        "extension",
        "id",
        "input_box",
        "key",
        "label",
        "quick_diff_provider",
        "root_uri",
        "status_bar_commands",
    )

    _shown: ClassVar[Mapping[str, Any]] = {
        "count": None,
        "commit_template": None,
        "accept_input_command": None,
        "status_bar_commands": None,
    }

    id: str
    label: str
    root_uri: Uri | None
    count: int | None
    commit_template: str | None
    accept_input_command: Command | None
    status_bar_commands: Sequence[Command] | None
    quick_diff_provider: Any
    """May have `provide_original_resource(uri, token)`."""
    key: str
    """What clients call it. Not in VS Code."""
    input_box: SourceControlInputBox

    def __init__(self, controls: SourceControls, key: str, id: str, label: str, root_uri: Uri | None) -> None:
        own = {"id": id, "label": label, "root_uri": root_uri, "key": key, "quick_diff_provider": None}
        more = {"_controls": controls, "_groups": {}, "extension": current_extension()}
        for name, given in (own | more).items():
            object.__setattr__(self, name, given)
        object.__setattr__(self, "input_box", SourceControlInputBox(self))

    def create_resource_group(self, id: str, label: str) -> SourceControlResourceGroup:
        """A new group of changed files below those that are there."""
        if len(self._groups) >= MOST:
            raise InvalidValue("id", f"{MOST} groups are there already; dispose of some first")
        group = SourceControlResourceGroup(self, as_text(id, "id"), as_text(label, "label"))
        self._groups[id] = group
        self._tell()
        return group

    def remove(self, group: SourceControlResourceGroup) -> None:
        """A group is shown no more."""
        if self._groups.get(group.id) is group:
            del self._groups[group.id]
            self._tell()

    @property
    def groups(self) -> Mapping[str, SourceControlResourceGroup]:
        """The groups by id. Not in VS Code."""
        groups: Mapping[str, SourceControlResourceGroup] = self._groups
        return groups

    def _tell(self) -> None:
        self._controls.tell(self)

    def tell(self) -> None:
        """Something of it has changed."""
        self._tell()

    def dispose(self) -> None:
        """Show it no more, with its groups."""
        self._controls.remove(self)

    def to_json(self) -> dict[str, Any]:
        root = None if self.root_uri is None else str(self.root_uri)
        groups = [one.to_json() for one in self._groups.values()]
        more = {"label": self.label, "rootUri": root, "extension": self.extension}
        return {"id": self.key, **more, **self._values(), "inputBox": self.input_box.to_json(), "groups": groups}


class SourceControls:
    """One user's source controls, oldest first."""

    __slots__ = ("_changed", "_controls", "_number", "_session")

    def __init__(self, session: SessionContext) -> None:
        self._session = session
        self._controls: dict[str, SourceControl] = {}
        self._changed: dict[str, None] = {}
        self._number = 0

    def __iter__(self) -> Iterator[SourceControl]:
        return iter(self._controls.values())

    def create(self, id: str, label: str, root_uri: Uri | None) -> SourceControl:
        """A new one."""
        if len(self._controls) >= MOST:
            raise InvalidValue("id", f"{MOST} source controls are there already; dispose of some first")
        self._number += 1
        root = None if root_uri is None else as_uri(root_uri, "root_uri")
        made = SourceControl(self, f"scm{self._number}", as_text(id, "id"), as_text(label, "label"), root)
        self._controls[made.key] = made
        self.tell(made)
        return made

    @property
    def newest_input_box(self) -> SourceControlInputBox | None:
        """The input box of the newest."""
        controls = list(self._controls.values())
        return controls[-1].input_box if controls else None

    def named(self, key: str) -> SourceControl:
        """The one that clients call so. Raises `InvalidValue`."""
        if key not in self._controls:
            raise InvalidValue("id", "is of no source control; it may be gone")
        return self._controls[key]

    def remove(self, control: SourceControl) -> None:
        """It is shown no more."""
        if self._controls.pop(control.key, None) is not None:
            self._soon(control.key)

    def forget_extension(self, extension: str) -> None:
        """It is gone, with what it showed."""
        for control in [one for one in self if one.extension == extension]:
            self.remove(control)

    # -- what clients hear

    def tell(self, control: SourceControl) -> None:
        """It has changed: clients hear of all changes until the loop's next round at once."""
        if control.key in self._controls:
            self._soon(control.key)

    def _soon(self, key: str) -> None:
        if not self._changed:
            asyncio.get_running_loop().call_soon(self._post)
        self._changed[key] = None

    def _post(self) -> None:
        changed, self._changed = self._changed, {}
        for key in changed:
            with suppress(RoostError):  # a session that ends, or a mailbox that takes nothing more
                self._session.mailbox.post(CHANGED, {"id": key})

    # -- what clients do

    async def set_input(self, key: str, text: str) -> dict[str, Any] | None:
        """The user has typed into the input box; what its extension finds wrong with it, as VS Code shows it."""
        box = self.named(key).input_box
        box.value = text
        if box.validate_input is None:
            return None
        with self._session.entered(self.named(key).extension):
            found = await called(box.validate_input, text, len(text))
        shown: dict[str, Any] | None = plain({"message": found} if isinstance(found, str) else found)
        return shown

    async def accept(self, key: str) -> Any:
        """The user wants what is in the input box done."""
        command = self.named(key).accept_input_command
        if command is None:
            raise InvalidValue("id", "is of a source control that accepts no input")
        return await self._run(command)

    async def original(self, key: str, uri: Uri) -> Uri | None:
        """What a file was before its changes, for a quick diff; None where nobody says."""
        control = self.named(key)
        provide = getattr(control.quick_diff_provider, "provide_original_resource", None)
        if provide is None:
            return None
        with self._session.entered(control.extension):
            found = await called(provide, uri, CancellationToken.NONE)
        return found if isinstance(found, Uri) else None

    async def open(self, key: str, group: str, index: int) -> Any:
        """The user has chosen a changed file."""
        groups = self.named(key).groups
        if group not in groups or not 0 <= index < len(groups[group].resource_states):
            raise InvalidValue("index", "is of no resource; the group has changed")
        command = groups[group].resource_states[index].command
        return None if command is None else await self._run(command)

    async def _run(self, command: Command) -> Any:
        return await self._session.get(Commands).execute(command.command, *(command.arguments or ()))
