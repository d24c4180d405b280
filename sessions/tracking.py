"""Which of a user's paths are tracked one by one: who asked soon hears that what one leads to may be another by now.

Each directory on the way to a path is heard of, also behind links, so that nothing has to be looked at while
nothing happens. It says where to look, and not what changed: for whole trees there is `watching.py`.
"""

from __future__ import annotations

import asyncio
import os
import stat
import threading
from collections.abc import Callable, Coroutine, Iterable, Iterator
from typing import TYPE_CHECKING, Any

from sessions.errors import FileSystemError, InvalidValue
from sessions.inotify import GONE, Count, GiveBack, Inotify, Refused, nothing
from sessions.openat2 import MAX_LINKS
from sessions.watching import POLL_S, SHARE, SOON_S

if TYPE_CHECKING:
    from sessions.context import SessionContext
    from sessions.files import Root

DIRECTORIES = 1_024
"""Directories of one user that are heard of at most; what lies in others is looked at every `POLL_S` seconds."""

Place = tuple[str, str]
"""A directory by its real path, and a name in it."""
Hear = Callable[[list[str]], Coroutine[Any, Any, None]]


class Directory:
    """One that is heard of, and the tracked paths that each of its names is on the way to."""

    __slots__ = ("_note", "names", "watch")

    def __init__(self, note: Callable[[Iterable[str]], None]) -> None:
        self._note = note
        self.names: dict[str, frozenset[str]] = {}
        self.watch = -1

    def heard(self, name: str, mask: int) -> None:
        if name:
            self._note(self.names.get(name, ()))
        elif mask & GONE:
            for paths in list(self.names.values()):  # a thread adds to it
                self._note(paths)


class Tracking:
    """Some paths of one user. `hear` is told those of which something was heard, and each one that was just added."""

    __slots__ = (
        "_busy", "_deaf", "_directories", "_ended", "_give_back", "_hear", "_inotify", "_left", "_lock", "_paths",
        "_places", "_poll", "_session", "_stale", "_timer", "_took",
    )  # fmt: skip

    def __init__(self, session: SessionContext, hear: Hear) -> None:
        self._session = session
        self._hear = hear
        self._paths: set[str] = set()
        self._stale: set[str] = set()
        self._busy = self._ended = False
        self._took = 0.0
        self._timer: asyncio.TimerHandle | None = None
        self._poll: asyncio.TimerHandle | None = None
        self._inotify: Inotify | Refused | None = None
        self._give_back: GiveBack = lambda: nothing
        # of the thread that walks:
        self._lock = threading.Lock()
        self._left = Count(DIRECTORIES)
        self._directories: dict[str, Directory] = {}
        self._places: dict[str, frozenset[Place]] = {}
        self._deaf: set[str] = set()

    # -- on the loop

    def add(self, path: str) -> None:
        """Track it from now on; `hear` is told it once in any case, as it may have changed since it was read."""
        self._paths.add(path)
        self._note((path,))

    def remove(self, path: str) -> None:
        """Track it no longer."""
        self._paths.discard(path)
        self._note((path,))

    @property
    def polled(self) -> int:
        """How many paths are looked at now and then, as the kernel does not tell of all that is on their way."""
        return len(self._deaf)

    def _note(self, paths: Iterable[str]) -> None:
        self._stale.update(paths)
        if self._stale and self._timer is None and not self._busy and not self._session.closing:
            self._timer = self._after(max(SOON_S, min(2.0, SHARE * self._took)), self._look_soon)

    def _after(self, seconds: float, then: Callable[[], None]) -> asyncio.TimerHandle:
        return asyncio.get_running_loop().call_later(seconds, then, context=self._session.context.copy())

    def _look_soon(self) -> None:
        self._timer = None
        if not self._session.closing:
            self._busy = True
            self._session.start(self._look(), "look at files")

    async def _look(self) -> None:
        loop = asyncio.get_running_loop()
        began = loop.time()
        stale, self._stale = self._stale, set()
        try:
            inotify = self._taken()
            await asyncio.to_thread(self._walk, inotify, stale)
            if left := sorted(stale & self._paths):
                await self._hear(left)
        finally:
            self._busy = False
            self._took = loop.time() - began
        self._note(())
        if self._deaf and self._poll is None and not self._session.closing:
            self._poll = self._after(POLL_S, self._look_at_deaf)

    def _look_at_deaf(self) -> None:
        self._poll = None
        self._note(list(self._deaf))

    def _taken(self) -> Inotify | Refused:
        """The user's instance; where the kernel gave none it is asked again."""
        if not isinstance(self._inotify, Inotify):
            try:
                self._inotify, self._give_back = self._session.inotify.take(self._session.uid)
            except OSError as error:
                self._inotify = Refused(error)
            self._inotify.lost.add(self._lost)
        return self._inotify

    def _lost(self) -> None:
        """Events were lost, nobody knows of what."""
        self._note(self._paths)

    async def close(self) -> None:
        """The session ends: nothing is heard any more. Where this was cancelled it can be done again."""
        for timer in (self._timer, self._poll):
            if timer is not None:
                timer.cancel()
        if self._inotify is not None:
            self._inotify.lost.discard(self._lost)
            await asyncio.to_thread(self._end, self._inotify)
            await asyncio.to_thread(self._give_back())
            self._inotify = None
        self._hear = _nobody

    # -- in a thread

    def _walk(self, inotify: Inotify | Refused, paths: Iterable[str]) -> None:
        """Hear of all that is on the ways to these paths as they are now, and of nothing else that was."""
        with self._lock:
            for path in paths if not self._ended else ():
                before = self._places.pop(path, frozenset())
                self._deaf.discard(path)
                now = self._heard_of(inotify, path) if path in self._paths else frozenset()
                for place in before - now:
                    self._forget(inotify, path, place)

    def _heard_of(self, inotify: Inotify | Refused, path: str) -> frozenset[Place]:
        places: set[Place] = set()
        try:
            for place, handle in ways(self._session.files.root, path):
                places.add(place)
                self._hear_of(inotify, path, place, handle)
        except (FileSystemError, InvalidValue, OSError):
            self._deaf.add(path)
        self._places[path] = frozenset(places)
        return self._places[path]

    def _hear_of(self, inotify: Inotify | Refused, path: str, place: Place, handle: int) -> None:
        """Raises `OSError` where the kernel, or this user's share, is at an end."""
        where, name = place
        directory = self._directories.get(where)
        if directory is None:
            if not self._left.take():
                raise OSError("the directories of one user that are heard of are at an end")
            directory = self._directories[where] = Directory(self._note)
        directory.names[name] = directory.names.get(name, frozenset()) | {path}
        before, directory.watch = directory.watch, -1
        try:
            directory.watch = inotify.add(handle, directory)
        finally:
            if 0 <= before != directory.watch:
                inotify.remove(before, directory)

    def _forget(self, inotify: Inotify | Refused, path: str, place: Place) -> None:
        where, name = place
        directory = self._directories.get(where)
        if directory is None:
            return
        left = directory.names.pop(name, frozenset()) - {path}
        if left:
            directory.names[name] = left
        elif not directory.names:
            self._drop(inotify, where)

    def _drop(self, inotify: Inotify | Refused, where: str) -> None:
        directory = self._directories.pop(where)
        self._left.give()
        if directory.watch >= 0:
            inotify.remove(directory.watch, directory)

    def _end(self, inotify: Inotify | Refused) -> None:
        with self._lock:
            self._ended = True
            for where in list(self._directories):
                self._drop(inotify, where)


def ways(root: Root, path: str) -> Iterator[tuple[Place, int]]:
    """Every place that decides what a path leads to, and the directory's descriptor: it is open until the next one.

    What comes after a place is looked at only once that was yielded: who hears of it by then misses nothing. Ends where
    nothing is. Raises `OSError` and `FileSystemError` of what cannot be looked at, also of too many links.
    """
    left, at, links = _names(path), "", 0
    while left:
        name = left.pop()
        if name == "..":
            at = at.rpartition("/")[0]
            continue
        with root.directory(at or "/") as handle:
            yield (at, name), handle.fd
            try:
                state = os.stat(name, dir_fd=handle.fd, follow_symlinks=False)
            except FileNotFoundError:
                return
            if stat.S_ISLNK(state.st_mode):
                links += 1
                target = os.readlink(name, dir_fd=handle.fd)
                if links > MAX_LINKS:
                    raise OSError("too many links")
                at = "" if target.startswith("/") else at
                left += _names(target)
            elif left and stat.S_ISDIR(state.st_mode):
                at = f"{at}/{name}"
            else:
                return


def _names(path: str) -> list[str]:
    return [name for name in path.split("/") if name not in ("", ".")][::-1]


async def _nobody(paths: list[str]) -> None:
    """Hears of no paths any more."""
