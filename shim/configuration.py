"""`vscode.workspace.get_configuration`: a user's settings as extensions read and change them. It keeps no value."""

from __future__ import annotations

import asyncio
import logging
import posixpath
from collections.abc import Callable, Iterator, Mapping, Sequence
from copy import deepcopy
from typing import TYPE_CHECKING, Any

from sessions.current import current_session
from sessions.dotted import at
from sessions.errors import FileSystemError, InvalidValue, RoostError
from sessions.watching import Watching
from shim.enums import ConfigurationTarget
from shim.events import Event, EventEmitter, HasEvents
from shim.folders import Folders
from shim.scopes import ConfigurationChangeEvent, Scope, scope_of
from shim.thenable import Thenable, thenable
from shim.uri import Uri
from shim.values import Value, value

if TYPE_CHECKING:
    from sessions.context import SessionContext
    from sessions.settingsfile import SettingsFile
    from sessions.watchtree import Change

log = logging.getLogger("roost.shim")

NOTHING = object()

TARGETS: Mapping[ConfigurationTarget, str] = {
    ConfigurationTarget.GLOBAL: "global",
    ConfigurationTarget.WORKSPACE: "workspace",
    ConfigurationTarget.WORKSPACE_FOLDER: "workspace_folder",
}


OF_THEIR_OWN = ("resource", "language-overridable")
"""Scopes of settings that are changed for the folder where no target is said."""


@value
class ConfigurationInspect(Value):
    """What each layer says of a setting; None where it says nothing."""

    key: str
    default_value: Any = None
    global_value: Any = None
    workspace_value: Any = None
    workspace_folder_value: Any = None
    default_language_value: Any = None
    global_language_value: Any = None
    workspace_language_value: Any = None
    workspace_folder_language_value: Any = None
    language_ids: list[str] | None = None


class Configurations(HasEvents):
    """A user's settings as the shim has them: those of further folders too, and who listens."""

    __slots__ = ("_files", "_followed", "_session", "_undo", "changed")

    def __init__(self, session: SessionContext) -> None:
        self._session = session
        self._files: dict[str, SettingsFile] = {}
        self._followed: dict[str, Callable[[], None]] | None = None
        self.changed = EventEmitter[ConfigurationChangeEvent]()
        self._undo = session.settings.listen(self._tell)

    async def close(self) -> None:
        """The session ends: nothing is heard any more."""
        self._undo()
        self._followed = {}

    def _tell(self, keys: frozenset[str], folder: str | None = None) -> None:
        try:
            self._session.mailbox.post("workspace.onDidChangeConfiguration", {"keys": sorted(keys)})
        except RoostError as error:  # the settings are what they are: who asks gets them
            log.warning("an event of %s is not told: %s", self._session.uid, error)
        self.changed.fire(ConfigurationChangeEvent(keys, self._session.get(Folders), folder))

    def folder(self, uri: Uri | None) -> SettingsFile | None:
        """The settings of the further folder that a resource is in; None for the workspace's own."""
        around = None if uri is None else self._session.get(Folders).around(uri)
        return None if around is None else self._files.get(around.uri.path.rstrip("/"))

    @property
    def on_change(self) -> Event[ConfigurationChangeEvent]:
        """Fires when settings were changed. Once somebody asked for it, changes by shells are heard of as well."""
        if self._followed is None:
            self._followed = {}
            self._follow()
            with self._session.entered():
                self._session.get(Folders).changed.event(lambda _: self._follow())
        return self.changed.event

    def _follow(self) -> None:
        """Watch the folders in which settings' files are, or would be."""
        assert self._followed is not None
        wanted = {one.uri.path.rstrip("/") for one in self._session.get(Folders).all if one.uri.scheme == "file"}
        for path in self._followed.keys() - wanted:
            self._followed.pop(path)()
        for path in wanted - self._followed.keys():
            from sessions.settingsfile import PLACE  # a session brings it along; the types of the API do without

            place = posixpath.dirname(path + PLACE)
            begun, self._followed[path] = self._session.get(Watching).follow(place, self._hear, recursive=False)
            begun.add_done_callback(lambda _: self._look())  # at what was changed before it could be heard

    def _hear(self, changes: Sequence[Change]) -> None:
        from sessions.settingsfile import PLACE  # as above

        if any(path.endswith(PLACE) for path, _ in changes):
            self._look()

    def _look(self) -> None:
        if not self._session.closing:
            self._session.start(self.refresh(), "read settings again")

    async def refresh(self) -> None:
        """Read again what of the settings' files is another by now, and tell who listens."""
        await self._session.settings.refresh()
        wanted = {folder.uri.path.rstrip("/") for folder in self._session.get(Folders).all}
        for path in wanted - {self._session.workspace.rstrip("/")} - self._files.keys():
            if file := self._session.settings.of_folder(path, self._keep):
                self._files[path] = file
        for path in self._files.keys() - wanted:
            del self._files[path]
        for path, file in list(self._files.items()):
            if keys := await file.load():
                self._tell(keys, path)

    def _keep(self, work: Any) -> asyncio.Future[None]:
        return self._session.promise(work, "keep settings")

    async def update(
        self, key: str, value: object, target: str, *, language: str | None = None, uri: Uri | None = None
    ) -> None:
        """Set, or remove where `Settings.meant` says so; done once it is on the disk."""
        folder = self.folder(uri)
        if target == "workspace_folder" and folder is None:
            if uri is None or self._session.get(Folders).around(uri) is None:
                raise InvalidValue("target", f"'{key}' cannot be set for a folder: no resource that is in one is given")
            target = "workspace"
        try:
            await self._session.settings.update(key, value, target, language=language, folder=folder)
        except InvalidValue as error:
            if error.field != "settings":
                raise
            file = folder or self._session.settings.file
            raise FileSystemError.unavailable(
                f"{file.path if file else ''}: correct it first: it {error.rule}"
            ) from None
        if target == "workspace_folder" and folder is not None and uri is not None:
            self._tell(frozenset({f"[{language}].{key}" if language else key}), folder.folder)


_OF_WORKSPACE = ("workspace_value", "workspace_language_value")


class WorkspaceConfiguration(Mapping[str, Any]):
    """VS Code's WorkspaceConfiguration: the settings of a section as they were when it was asked for."""

    __slots__ = ("_scope", "_section", "_session", "_tree")

    def __init__(self, session: SessionContext, section: str, scope: Scope) -> None:
        self._session = session
        self._section = section
        self._scope = scope
        found = session.settings.effective(section or None, language=scope.language, folder=self._folder)
        self._tree: Any = found

    @property
    def _folder(self) -> SettingsFile | None:
        return self._session.get(Configurations).folder(self._scope.uri)

    def get(self, section: str, default_value: Any = None) -> Any:
        """A setting of the section by its name, which may have dots in it: your own copy, or `default_value`."""
        found = at(self._tree, section, NOTHING)
        return default_value if found is NOTHING else _copy(found)

    def has(self, section: str) -> bool:
        """Whether there is such a setting, be it by a default."""
        return at(self._tree, section, NOTHING) is not NOTHING

    def inspect(self, section: str) -> ConfigurationInspect:
        """What each layer says of a setting."""
        key, settings = self._key(section), self._session.settings
        found = settings.inspect(key, language=self._scope.language, folder=self._folder)
        if self._folder is None and self._is_in_folder():  # whose settings are the workspace's
            found |= {name.replace("_", "_folder_", 1): found[name] for name in _OF_WORKSPACE if name in found}
        return ConfigurationInspect(**found, language_ids=settings.languages(key, self._folder) or None)

    def _is_in_folder(self) -> bool:
        uri = self._scope.uri
        return uri is not None and self._session.get(Folders).around(uri) is not None

    def update(
        self,
        section: str,
        value: object = None,
        configuration_target: ConfigurationTarget | bool | None = None,
        override_in_language: bool | None = None,
    ) -> Thenable[None]:
        """Change a setting at a target: True is the user's, False the workspace's, None the folder's if it has one.

        None removes it, unless it is one that may be null. It is changed for the scope's language alone with
        `override_in_language`, and where that is None and the target says something for that language. Raises
        `InvalidValue` of a setting that nobody registered, one that the target cannot have, and a value that breaks
        its rule.
        """
        return thenable(self._updated(section, value, configuration_target, override_in_language), "configuration")

    async def _updated(self, section: str, value: object, target: object, override: bool | None) -> None:
        key, settings = self._key(section), self._session.settings
        rule = settings.rule(key)
        if rule is None:
            raise InvalidValue("section", f"'{key}' is not a registered setting; contribute it in extension.toml")
        if override and self._scope.language is None:
            raise InvalidValue("override_in_language", "needs a scope with a language; pass it to get_configuration")
        chosen, meant = self._target(target, rule.scope), settings.meant(key, value)
        language = self._scope.language if override or (override is None and self._says(key, chosen)) else None
        configurations = self._session.get(Configurations)
        await configurations.update(key, meant, chosen, language=language, uri=self._scope.uri)

    def _says(self, key: str, target: str) -> bool:
        """Whether a target says something of a setting for the scope's language alone."""
        found = self._session.settings.inspect(key, language=self._scope.language, folder=self._folder)
        return f"{'workspace' if self._folder is None and target != 'global' else target}_language_value" in found

    def _target(self, given: object, scope: str) -> str:
        if given is True:
            return "global"
        if given is None and self._folder is not None and scope in OF_THEIR_OWN:
            return "workspace_folder"
        if given is False or given is None:
            return "workspace"
        try:
            return TARGETS[given]  # type: ignore[index]  # what is none of them is told below
        except (KeyError, TypeError):
            raise InvalidValue("configuration_target", "must be a ConfigurationTarget, a boolean or None") from None

    def _key(self, section: str) -> str:
        if not isinstance(section, str):
            raise InvalidValue("section", f"must be a string, not {type(section).__name__}")
        return f"{self._section}.{section}" if self._section else section

    def __getitem__(self, name: str) -> Any:
        found = at(self._tree, name, NOTHING) if isinstance(name, str) else NOTHING
        if found is NOTHING:
            raise KeyError(name)
        return _copy(found)

    def __iter__(self) -> Iterator[str]:
        return iter(self._tree if isinstance(self._tree, dict) else ())

    def __len__(self) -> int:
        return len(self._tree) if isinstance(self._tree, dict) else 0

    def __getattr__(self, name: str) -> Any:
        """A setting as an attribute, as in VS Code."""
        if name.startswith("_") or not self.has(name):
            raise AttributeError(f"there is no setting {name!r} here: use get({name!r}, default)")
        return self[name]


def _copy(found: Any) -> Any:
    return deepcopy(found) if isinstance(found, dict | list) else found


def get_configuration(section: str | None = None, scope: object = None) -> WorkspaceConfiguration:
    """The settings of a section (all without one), as they are for a scope."""
    if section is not None and not isinstance(section, str):
        raise InvalidValue("section", f"must be a string, not {type(section).__name__}")
    session = current_session()
    session.get(Configurations)
    return WorkspaceConfiguration(session, section or "", scope_of(scope))
