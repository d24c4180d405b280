"""`vscode.workspace.create_file_system_watcher`: who wants to hear of which files. What happens to them it is told."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Callable, Iterable, Iterator, Sequence
from functools import partial
from itertools import islice
from secrets import token_urlsafe
from typing import TYPE_CHECKING

from sessions.current import current_extension, current_session
from sessions.dotted import touches
from sessions.errors import InvalidValue, QuotaExceeded, RoostError
from sessions.globs import Glob
from sessions.paths import uri_of
from sessions.watching import Watching
from shim.enums import FileChangeType
from shim.events import Disposable, Event, EventEmitter
from shim.filesystems import FileChangeEvent, FileSystems
from shim.folders import Folders
from shim.types import RelativePattern
from shim.uri import Uri
from shim.values import ReadOnly

if TYPE_CHECKING:
    from sessions.context import SessionContext
    from sessions.watchtree import Change
    from shim.selectors import GlobPattern

log = logging.getLogger("roost.shim")

MOST = 500
"""Watchers that one user may have, those of their extensions and clients together."""
EXCLUDE = "files.watcherExclude"
BATCH = 1_000
"""Changes that one event tells."""

Told = Callable[[list[tuple[Uri, FileChangeType]]], None]


class Pattern:
    """A glob pattern ready to be asked: below one folder, or in any folder of the workspace."""

    __slots__ = ("_matches", "base")

    def __init__(self, pattern: GlobPattern, field: str = "glob_pattern") -> None:
        relative = isinstance(pattern, RelativePattern)
        self._matches = Glob(pattern.pattern if isinstance(pattern, RelativePattern) else pattern, field)
        self.base: Uri | None = pattern.base_uri if isinstance(pattern, RelativePattern) and relative else None

    def ready(self) -> None:
        """As `Glob.ready`."""
        self._matches.ready()

    def has(self, path: str, tops: Iterable[str]) -> bool:
        """Whether it means a path: by what is below one of the tops, or by the whole of it."""
        if self.base is not None:
            tops = (self.base.path.rstrip("/"),)
        below = (path[len(top) + 1 :] for top in tops if path.startswith(top + "/") or path == top)
        return any(self._matches.fullmatch(one) for one in below) or (
            self.base is None and self._matches.fullmatch(path)
        )


class Watcher:
    """One who wants to hear of files, and the trees that are watched for them."""

    __slots__ = ("_pattern", "_session", "_told", "_undo", "begun")

    def __init__(self, session: SessionContext, pattern: Pattern, told: Told) -> None:
        self._session = session
        self._pattern = pattern
        self._told = told
        self._undo: dict[str, Callable[[], None]] = {}
        self.begun: list[asyncio.Future[None]] = []
        self.follow()

    def follow(self) -> None:
        """Watch what there is to be watched by now: folders come and go."""
        base = self._pattern.base
        if base is not None:
            tops = {base.path} if base.scheme == "file" else set()
        else:
            tops = {folder.uri.path for folder in self._session.get(Folders).all if folder.uri.scheme == "file"}
        for path in self._undo.keys() - tops:
            self._undo.pop(path)()
        for path in tops - self._undo.keys():
            hear, excluded = partial(self._hear, path.rstrip("/")), self._session.get(Watchers).excluded
            begun, self._undo[path] = self._session.get(Watching).follow(path, hear, excluded=excluded)
            self.begun.append(begun)

    def _hear(self, top: str, changes: Sequence[Change]) -> None:
        mine = [(Uri.file(path), FileChangeType(kind)) for path, kind in changes if self._pattern.has(path, (top,))]
        if mine:
            self._told(mine)

    def provided(self, changes: Sequence[tuple[Uri, FileChangeType]]) -> None:
        """What the provider of another scheme says has changed."""
        base = self._pattern.base
        tops = [folder.uri.path.rstrip("/") for folder in self._session.get(Folders).all]
        if mine := [
            (uri, kind)
            for uri, kind in changes
            if (base is None or base.scheme == uri.scheme) and self._pattern.has(uri.path, tops)
        ]:
            self._told(mine)

    def dispose(self) -> None:
        """Hear of nothing any more."""
        self._told = _nobody
        while self._undo:
            self._undo.popitem()[1]()


def _nobody(changes: object) -> None:
    """Whom an ended watcher tells: who was told before may hold the watcher."""


class FileSystemWatcher(Disposable):
    """VS Code's FileSystemWatcher: its events fire with the Uri of what came, changed or went."""

    __slots__ = (
        "_events", "_ignore_change_events", "_ignore_create_events", "_ignore_delete_events", "_on_did_change",
        "_on_did_create", "_on_did_delete",
    )  # fmt: skip

    ignore_create_events = ReadOnly[bool]()
    ignore_change_events = ReadOnly[bool]()
    ignore_delete_events = ReadOnly[bool]()
    on_did_create = ReadOnly[Event[Uri]]()
    on_did_change = ReadOnly[Event[Uri]]()
    on_did_delete = ReadOnly[Event[Uri]]()

    def __init__(self, ignore: tuple[bool, bool, bool]) -> None:
        super().__init__(None)
        self._ignore_create_events, self._ignore_change_events, self._ignore_delete_events = ignore
        self._events = {kind: EventEmitter[Uri]() for kind in FileChangeType}
        self._on_did_create: Event[Uri] = self._events[FileChangeType.CREATED].event
        self._on_did_change: Event[Uri] = self._events[FileChangeType.CHANGED].event
        self._on_did_delete: Event[Uri] = self._events[FileChangeType.DELETED].event

    def _begin(self, end: Callable[[], None]) -> None:
        self._call = end

    def _tell(self, changes: list[tuple[Uri, FileChangeType]]) -> None:
        ignored = {
            FileChangeType.CREATED: self.ignore_create_events,
            FileChangeType.CHANGED: self.ignore_change_events,
            FileChangeType.DELETED: self.ignore_delete_events,
        }
        for uri, kind in changes:
            if not ignored[kind]:
                self._events[kind].fire(uri)

    def dispose(self) -> object:
        """Hear of nothing any more."""
        for event in self._events.values():
            event.dispose()
        return super().dispose()


class Watchers:
    """All of a user's watchers: those of extensions, and those of clients by the id that they were given."""

    __slots__ = ("_all", "_clients", "_excluded", "_left", "_session", "_undo")

    def __init__(self, session: SessionContext) -> None:
        self._session = session
        self._all: dict[Watcher, str | None] = {}
        self._clients: dict[str, Watcher] = {}
        self._left: list[str] = []
        self._excluded: tuple[Glob, ...] = ()
        self._take_exclusions(frozenset({EXCLUDE}))
        self._undo = session.settings.listen(self._take_exclusions)
        with session.entered():
            session.get(Folders).changed.event(lambda _: self._follow())
        session.get(FileSystems).hear = self._provided

    def _take_exclusions(self, keys: frozenset[str]) -> None:
        if any(touches(key, EXCLUDE) for key in keys):
            self._excluded = tuple(excluding(self._session.settings.get(EXCLUDE)))

    def excluded(self, path: str) -> bool:
        """Whether a path below a watched folder is of no interest, by `files.watcherExclude`. Called in threads."""
        return any(pattern.fullmatch(path) or pattern.fullmatch(path + "/") for pattern in self._excluded)

    def create(self, pattern: Pattern, told: Told) -> Watcher:
        """Begin to tell of files. Raises `QuotaExceeded`."""
        if len(self._all) >= MOST and not self._end_one_left():
            raise QuotaExceeded("watchers", MOST, len(self._all), "dispose of some first")
        watcher = Watcher(self._session, pattern, told)
        self._all[watcher] = current_extension()
        return watcher

    def _end_one_left(self) -> bool:
        """End the oldest watcher whose client is gone."""
        while self._left:
            if self.end(self._left.pop(0)):
                return True
        return False

    def dispose(self, watcher: Watcher) -> None:
        """End one of them."""
        self._all.pop(watcher, None)
        watcher.dispose()

    # -- clients

    async def watch(self, glob: str) -> str:
        """Post `workspace.onDidChangeFiles` for what a glob means, from when this returns; the watch's id."""
        watch_id = token_urlsafe(9)
        pattern = Pattern(glob, "glob")
        await asyncio.to_thread(pattern.ready)
        watcher = self._clients[watch_id] = self.create(pattern, partial(self._post, watch_id))
        try:
            for begun in watcher.begun:
                await begun
        except BaseException:  # nobody has its id
            self.end(watch_id)
            raise
        return watch_id

    def end(self, watch_id: str) -> bool:
        """End a client's watch; False where there is none of that id."""
        watcher = self._clients.pop(watch_id, None)
        if watcher is None:
            return False
        self.dispose(watcher)
        return True

    def leave(self, watch_id: str) -> None:
        """The client of a watch is gone: it goes on for who comes back, until others need its place."""
        if watch_id in self._clients:
            self._left.append(watch_id)

    def _post(self, watch_id: str, changes: list[tuple[Uri, FileChangeType]]) -> None:
        for begin in range(0, len(changes), BATCH):
            told = [{"uri": uri_of(uri.path), "type": int(kind)} for uri, kind in changes[begin : begin + BATCH]]
            try:
                self._session.mailbox.post("workspace.onDidChangeFiles", {"watchId": watch_id, "changes": told})
            except RoostError as error:
                log.warning("changes of files of %s are not told: %s", self._session.uid, error)

    # -- what changes

    def _follow(self) -> None:
        for watcher in list(self._all):
            watcher.follow()

    def _provided(self, changes: Iterable[FileChangeEvent]) -> None:
        told = [(change.uri, FileChangeType(change.type)) for change in changes]
        for watcher in list(self._all):
            watcher.provided(told)

    async def close(self) -> None:
        """The session ends."""
        for watcher in list(self._all):
            self.dispose(watcher)
        self._clients.clear()
        self._undo()

    def forget_extension(self, extension: str) -> None:
        """An extension is gone, and with it its watchers."""
        for watcher in [one for one, whose in self._all.items() if whose == extension]:
            self.dispose(watcher)


MOST_EXCLUSIONS = 1_000
"""Patterns of one such setting that count, the first of them: each is asked about each file."""


def excluding(setting: object) -> Iterator[Glob]:
    """The patterns that a setting such as `files.exclude` turns on; what is no pattern is left out."""
    for glob, on in islice(setting.items(), MOST_EXCLUSIONS) if isinstance(setting, dict) else ():
        if on is True:
            try:
                yield Glob(glob)
            except InvalidValue:
                continue


def create_file_system_watcher(
    glob_pattern: GlobPattern,
    ignore_create_events: bool = False,
    ignore_change_events: bool = False,
    ignore_delete_events: bool = False,
) -> FileSystemWatcher:
    """Hear of files that a glob pattern means: within the workspace's folders, or below a `RelativePattern`'s base.

    What shells write is heard of as well as what the API does, each some 50 ms later. Links are not followed.
    """
    watchers = current_session().get(Watchers)
    watcher = FileSystemWatcher((ignore_create_events, ignore_change_events, ignore_delete_events))
    made = watchers.create(Pattern(glob_pattern), watcher._tell)
    watcher._begin(lambda: watchers.dispose(made))
    return watcher
