"""The extensions of a host: found once, told to every session, and woken by what a user does. It runs none itself."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Collection, Mapping, Sequence
from contextlib import suppress
from functools import partial
from pathlib import Path
from types import MappingProxyType
from typing import TYPE_CHECKING, Any

from host.activation import ActivationFailed, Activations, Rules
from host.contributions import Property
from host.discovery import Discovery, Installed
from host.modules import install, remove
from sessions.current import current_extension
from sessions.errors import FileSystemError, SessionClosed
from sessions.globs import compiled, is_plain
from shim import known_settings
from shim.commands import CommandFailed, Commands
from shim.documents import restore
from shim.extensions import Extensions
from shim.proposed.sessions import Others, Using
from shim.urihandlers import UriHandlers
from shim.views import Views

if TYPE_CHECKING:
    from host.config import Config
    from host.manifest import Manifest
    from sessions.context import SessionContext

log = logging.getLogger("roost.loader")

BUILT_IN = Path(__file__).resolve().parent.parent / "extensions"

LOOKED_THROUGH = 20_000
"""Files of a workspace that are looked through for `workspaceContains`."""

NOT_LOOKED_INTO = frozenset({".git", "node_modules", ".venv", "__pycache__"})


class Loader:
    """The extensions of one host. `find` once, then `begin` and `end` for every session, `close` at last.

    `folders` are extensions or folders of extensions, `disabled` are ids; `activate_s` and `deactivate_s` are how long
    an extension may take to begin and to end, `load_s` its modules to load, in seconds.
    """

    def __init__(
        self,
        folders: Sequence[Path] = (),
        disabled: Collection[str] = (),
        *,
        builtin: Path | None = BUILT_IN,
        activate_s: float = 10.0,
        deactivate_s: float = 5.0,
        load_s: float = 30.0,
    ) -> None:
        self._folders = folders
        self._disabled = disabled
        self._builtin = builtin
        self._rules = Rules(activate_s, deactivate_s, load_s)
        self.using: Using | None = None
        """The host's way to a user's session, for the proposal `sessions`."""
        self.problems: list[str] = []
        """What is wrong with extensions that were left out, a line each."""
        self._commands: frozenset[str] = frozenset()
        self._defaults: Mapping[str, Any] = MappingProxyType({})
        self._settings: Mapping[str, Property] = MappingProxyType({})
        self._waiting: Mapping[str, Collection[str]] = MappingProxyType({})

    @classmethod
    def of(cls, config: Config) -> Loader:
        """The loader that a configuration asks for."""
        return cls(config.extensions.folders, config.extensions.disabled)

    # -- the process

    def find(self) -> None:
        """Look through all places and read the manifests; a bad one is a problem in the log and left out. It blocks."""
        found = Discovery(self._folders, self._builtin, self._disabled)
        self.problems = found.problems
        self._rules.installed = MappingProxyType(found.installed)
        for problem in self.problems:
            log.warning("an extension is left out: %s", problem)
        self._commands = frozenset(command for one in self._all for command in one.manifest.commands)
        self._settings = MappingProxyType({key: at for one in self._all for key, at in one.manifest.settings.items()})
        self._defaults = MappingProxyType(_defaults([one.manifest for one in self._all]))
        events = {event for one in self._all for event in one.manifest.events}
        self._waiting = MappingProxyType({event: [one.id for one in self._woken_by(event)] for event in events})
        for one in self._all:
            install(one.package)

    def close(self) -> None:
        """Leave `sys.modules` as it was before `find`."""
        for one in self._all:
            remove(one.package)
        self._rules.installed = MappingProxyType({})

    @property
    def installed(self) -> Mapping[str, Installed]:
        """The extensions that can be activated, by lower-case id."""
        return self._rules.installed

    @property
    def _all(self) -> Collection[Installed]:
        return self.installed.values()

    def _woken_by(self, event: str) -> list[Installed]:
        return [one for one in self._all if event in one.manifest.events]

    def extension_of(self, file: str) -> Installed | None:
        """Whose code a file is."""
        return next((one for one in self._all if file.startswith(f"{one.path}/")), None)

    def disable(self, extension: str, uid: str | None, reason: str) -> None:
        """Activate an extension no more for a user (None: for anybody), until the host starts anew."""
        self._rules.disabled[extension.lower(), uid] = reason

    # -- a session

    async def begin(self, session: SessionContext) -> None:
        """Let a new session know what there is, and start in the background what wants to run from the start."""
        commands, extensions = session.get(Commands), session.get(Extensions)
        commands.declare(self._commands)
        commands.find = partial(self._wake, session)
        extensions.installed, extensions.waiting = self.installed, self._waiting
        session.get(Views).wake = partial(self._wake_for_view, session)
        session.get(UriHandlers).wake = partial(self._wake_for_uri, session)
        activations = session.get(Activations)
        activations.rules = self._rules
        extensions.activate = activations.activate
        session.get(Others).using = self.using
        session.settings.register_defaults(known_settings.DEFAULTS, known_settings.KNOWN)
        session.settings.register_defaults(self._defaults, self._settings)
        await restore(session)
        if self._woken_by("*") or self._woken_by("onStartupFinished"):
            session.start(self._start_up(session), "start extensions")
        for one in self._all:
            globs = [event.partition(":")[2] for event in one.manifest.events if event.startswith("workspaceContains:")]
            if globs:
                session.start(self._when_contained(session, one, globs), f"look for the files of {one.id}")

    async def end(self, session: SessionContext) -> None:
        """Deactivate what is active for the user, dispose of what it registered, and let its modules go."""
        session.get(Extensions).ending = True
        await session.get(Activations).end()

    async def _start_up(self, session: SessionContext) -> None:
        for event in ("*", "onStartupFinished"):
            async with asyncio.TaskGroup() as group:
                for one in self._woken_by(event):
                    group.create_task(self._try(session, one))

    async def resume(self, session: SessionContext) -> None:
        """Wake the extensions whose work went on when the host ended (the proposal `background`)."""
        for one in self._woken_by("onBackground"):
            await self._try(session, one)

    async def _when_contained(self, session: SessionContext, one: Installed, globs: list[str]) -> None:
        for glob in globs:
            if await _contains(session, glob):
                await self._try(session, one)
                return

    async def _try(self, session: SessionContext, one: Installed) -> None:
        with suppress(ActivationFailed, SessionClosed):  # the user and the log know already
            await session.get(Activations).activate(one.id)

    async def _wake(self, session: SessionContext, command: str) -> None:
        """Activate whoever says `onCommand` of this command. Raises `CommandFailed` where that fails."""
        failure = None
        for one in self._woken_by(f"onCommand:{command}"):
            if one.id == current_extension():
                continue  # it asks for a command that it has not registered: nobody else will
            try:
                await session.get(Activations).activate(one.id)
            except ActivationFailed as error:
                failure = error
        if failure is not None:
            raise CommandFailed(command, f"command '{command}' cannot run: {failure}") from failure

    async def _wake_for_view(self, session: SessionContext, view: str) -> None:
        for one in self._all:
            if f"onView:{view}" in one.manifest.events or view in one.manifest.views:
                await self._try(session, one)

    async def _wake_for_uri(self, session: SessionContext, extension: str) -> None:
        one = self.installed.get(extension.lower())
        if one is not None and "onUri" in one.manifest.events:
            await self._try(session, one)


def _defaults(manifests: Sequence[Manifest]) -> dict[str, Any]:
    """What settings are where nobody set them, by all extensions: tables of languages are put together."""
    found = {key: said for one in manifests for key, said in one.defaults.items()}
    for one in manifests:
        for key, said in one.contributes.configuration_defaults.items():
            found[key] = {**found.get(key, {}), **said} if key.startswith("[") else said
    return found


async def _contains(session: SessionContext, glob: str) -> bool:
    """Whether the user's workspace has a file that `glob` matches, as far as it is looked through."""
    try:
        if is_plain(glob):
            await session.files.stat(f"{session.workspace}/{glob}")
            return True
        return await _found(session, glob)
    except (FileSystemError, ValueError):
        return False


async def _found(session: SessionContext, glob: str) -> bool:
    pattern, start, found = compiled(glob), len(session.workspace.rstrip("/")) + 1, False
    deepest = LOOKED_THROUGH if "**" in glob else glob.count("/")

    def wanted(path: str) -> bool:
        nonlocal found
        found = found or pattern.fullmatch(path[start:]) is not None
        if found or path.count("/", start) >= deepest:
            return False
        return path.rpartition("/")[2] not in NOT_LOOKED_INTO

    await session.files.walk(session.workspace, LOOKED_THROUGH, wanted)
    return found
