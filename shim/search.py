"""`vscode.workspace.find_files`: the files of a user's workspace that glob patterns mean. It opens none of them."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Sequence
from itertools import islice
from typing import TYPE_CHECKING

from sessions.current import current_session
from sessions.errors import FileSystemError, InvalidValue
from sessions.globs import Glob
from shim.folders import Folders
from shim.thenable import Thenable, thenable
from shim.uri import Uri
from shim.watchers import Pattern, excluding

if TYPE_CHECKING:
    from sessions.context import SessionContext
    from shim.cancellation import CancellationToken
    from shim.selectors import GlobPattern

MOST = 20_000
"""Files that one search finds at most."""

DEFAULT = object()
"""Where no exclusion is given: what `files.exclude` says."""


class FileSearch:
    """One search for files: what it looks for, and whether it still is wanted.

    What `below` gives is asked in a thread, or once all is `ready`.
    """

    __slots__ = ("_exclude", "_hidden", "_include", "stopped")

    def __init__(self, include: Pattern, exclude: Pattern | None, hidden: Sequence[Glob]) -> None:
        self._include = include
        self._exclude = exclude
        self._hidden = hidden
        self.stopped = False

    @property
    def base(self) -> Uri | None:
        return self._include.base

    def ready(self) -> None:
        """As `Glob.ready`, for all of its patterns."""
        for pattern in (self._include, self._exclude, *self._hidden):
            if pattern is not None:
                pattern.ready()

    def below(self, top: str) -> tuple[Callable[[str], bool], Callable[[str], bool]]:
        """For what is below a folder: whether to look into a path at all, and whether it is looked for."""
        tops, start = (top,), len(top) + 1

        def enters(path: str) -> bool:
            if self.stopped or any(pattern.fullmatch(path[start:]) for pattern in self._hidden):
                return False
            return self._exclude is None or not (self._exclude.has(path, tops) or self._exclude.has(path + "/", tops))

        return enters, lambda path: self._include.has(path, tops)


async def found(
    session: SessionContext, include: GlobPattern, exclude: GlobPattern | object | None, most: int | None
) -> list[Uri]:
    """The files, in the order of the workspace's folders. Cancelling it ends the search."""
    if most is not None and (isinstance(most, bool) or not isinstance(most, int) or most < 1):
        raise InvalidValue("max_results", "must be a number from 1 on, or None for as many as there are")
    hidden = () if exclude is None else tuple(excluding(session.settings.get("files.exclude")))
    without = None if exclude is DEFAULT or exclude is None else Pattern(exclude, "exclude")  # type: ignore[arg-type]
    search = FileSearch(Pattern(include, "include"), without, hidden)
    limit = min(most or MOST, MOST)
    paths: dict[str, None] = {}
    try:
        for top in tops_of(session, search.base):
            paths |= dict.fromkeys(await _below(session, top, search, limit))
    finally:
        search.stopped = True  # the thread that looks stops at its next file
    return await asyncio.to_thread(lambda: [Uri.file(path) for path in islice(paths, limit)])


def tops_of(session: SessionContext, base: Uri | None) -> list[str]:
    """The folders to search: that of a pattern's own, else those of the workspace."""
    if base is not None:
        return [base.path.rstrip("/")] if base.scheme == "file" else []
    return [one.uri.path.rstrip("/") for one in session.get(Folders).all if one.uri.scheme == "file"]


async def _below(session: SessionContext, top: str, search: FileSearch, limit: int) -> list[str]:
    try:
        return await session.files.find(top or "/", *search.below(top), limit)
    except FileSystemError as error:
        if error.code in ("FileNotFound", "FileNotADirectory"):
            return []
        raise


def find_files(
    include: GlobPattern,
    exclude: GlobPattern | object | None = DEFAULT,
    max_results: int | None = None,
    token: CancellationToken | None = None,
) -> Thenable[list[Uri]]:
    """The files that `include` means, within the workspace's folders or below a `RelativePattern`'s base.

    Those of `files.exclude` are left out, and those of `exclude` besides; where that is None, nothing is. At most
    `max_results`, and 20,000.
    Links are neither found nor followed. A cancelled search has found nothing.
    """
    return thenable(_found(include, exclude, max_results, token), "workspace.find_files")


async def _found(
    include: GlobPattern, exclude: GlobPattern | object | None, most: int | None, token: CancellationToken | None
) -> list[Uri]:
    session = current_session()
    if token is None:
        return await found(session, include, exclude, most)
    work = session.promise(found(session, include, exclude, most), "find files")
    undo = token.on_cancellation_requested(lambda _: work.cancel())
    try:
        await asyncio.wait({work})
        return [] if work.cancelled() or token.is_cancellation_requested else work.result()
    finally:
        work.cancel()  # where nobody waits for it any more
        undo.dispose()
