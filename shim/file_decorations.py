"""File decorations: what extensions say of files, as a letter and a colour, for trees that show them. Nothing is drawn.

What is marked below a folder marks the folder, too, where its provider says `propagate`.
"""

from __future__ import annotations

import asyncio
import logging
import re
import unicodedata
from collections.abc import Awaitable, Callable, Iterable, Sequence
from typing import TYPE_CHECKING, Protocol

from sessions.current import current_extension, current_session
from sessions.errors import InvalidValue, RoostError
from shim.cancellation import CancellationToken
from shim.events import Disposable
from shim.thenable import Thenable, called
from shim.types import FileDecoration
from shim.uri import Uri

if TYPE_CHECKING:
    from sessions.context import SessionContext

log = logging.getLogger("roost.shim")

MOST = 50
"""Providers of one user."""

LIMIT_S = 10.0
"""How long a provider may take for one answer."""

KNOWN = 20_000
"""Marked files of one provider that folders are marked for; the others are marked themselves only."""

TOLD = 500
"""Files that one event names; of more it says that all may look other than before."""

TOGETHER = 100
"""Files that are asked for before others have a turn."""

CHANGED = "window.onDidChangeFileDecorations"
"""The event of files that may look other than before: `{uris}`, null where it may be any."""

BELOW = FileDecoration("●", "Contains emphasized items")


class FileDecorationProvider(Protocol):
    """VS Code's `FileDecorationProvider`; its event `on_did_change_file_decorations`, if any, is of Uris or None."""

    def provide_file_decoration(
        self, uri: Uri, token: CancellationToken
    ) -> FileDecoration | Awaitable[FileDecoration | None] | None: ...


class Offer:
    """A registered provider, and the files below folders that it marks."""

    __slots__ = ("extension", "known", "provider", "stale", "undo")

    def __init__(self, provider: FileDecorationProvider, extension: str | None) -> None:
        self.provider = provider
        self.extension = extension
        self.known: dict[str, FileDecoration] = {}
        self.stale: set[str] = set()
        self.undo: Callable[[], object] = lambda: None


class FileDecorations:
    """The providers of one user, and what they say."""

    __slots__ = ("_all", "_folders", "_gone", "_offers", "_session", "_work")

    def __init__(self, session: SessionContext) -> None:
        self._session = session
        self._offers: list[Offer] = []
        self._folders: dict[str, FileDecoration] = {}
        self._work: Thenable[None] | None = None
        self._all = False
        """Whether all files may look other than clients know."""
        self._gone = False
        """Whether folders may be marked for files of a provider that is gone."""

    def register(self, provider: FileDecorationProvider) -> Disposable:
        """Ask `provider` from now on. Raises `InvalidValue` of what is none, or of one too many."""
        if not callable(getattr(provider, "provide_file_decoration", None)):
            raise InvalidValue("provider", "must have provide_file_decoration(uri, token)")
        if len(self._offers) >= MOST:
            raise InvalidValue("provider", f"{MOST} providers are registered already; dispose of some first")
        offer = Offer(provider, current_extension())
        self._offers.append(offer)
        event = getattr(provider, "on_did_change_file_decorations", None)
        if event is not None:
            offer.undo = event(lambda uris: self._fired(offer, uris)).dispose
        self._tell(None)
        return Disposable(lambda: self._remove(offer))

    def _remove(self, offer: Offer) -> None:
        if offer in self._offers:
            self._offers.remove(offer)
            offer.undo()
            if not offer.known:
                self._tell(None)
            elif not self._session.closing:
                self._gone = self._all = True
                self._begin()

    def forget_extension(self, extension: str) -> None:
        """An extension is gone, and with it its providers."""
        for offer in [one for one in self._offers if one.extension == extension]:
            self._remove(offer)

    async def of(self, uris: Sequence[Uri]) -> list[FileDecoration | None]:
        """How each of these is to be shown, by all providers and by what lies below it."""
        offers, asked = tuple(self._offers), []
        for begin in range(0, len(uris), TOGETHER):
            some = uris[begin : begin + TOGETHER]
            asked += [asyncio.gather(*(self._ask(offer, uri) for offer in offers)) for uri in some]
            await asyncio.sleep(0)
        by_uri = zip(uris, await asyncio.gather(*asked), strict=True)
        return [merged([*own, self._folders.get(uri.path) if uri.scheme == "file" else None]) for uri, own in by_uri]

    async def _ask(self, offer: Offer, uri: Uri) -> FileDecoration | None:
        """What one provider says; what it raises is logged and counts as nothing."""
        with self._session.entered(offer.extension):
            try:
                work = called(offer.provider.provide_file_decoration, uri, CancellationToken.NONE)
                found = await asyncio.wait_for(work, LIMIT_S)
            except Exception as error:  # noqa: BLE001  the edge of an extension: the file has no mark of it, nothing else
                log.warning("the file decorations of %s failed: %s: %s", offer.extension, type(error).__name__, error)
                return None
        if isinstance(found, FileDecoration) and (found.badge is None or _is_short(found.badge)):
            return found
        if found is not None:
            log.warning("a file decoration of %s is left out: its badge has one or two characters", offer.extension)
        return None

    def _fired(self, offer: Offer, uris: Uri | Iterable[Uri] | None) -> None:
        """A provider says that files look other than before."""
        if uris is None:
            self._all = True
            offer.stale |= offer.known.keys()
        else:
            changed = [uris] if isinstance(uris, Uri) else uris
            offer.stale |= {one.path for one in changed if isinstance(one, Uri) and one.scheme == "file"}
        self._begin()

    def _begin(self) -> None:
        if self._work is None or self._work.done():
            self._work = self._session.promise(self._follow(), "file decorations", None)

    async def _follow(self) -> None:
        """Learn what is marked now, until nothing has changed since; then tell the clients."""
        changed: set[str] = set()
        while self._gone or any(offer.stale for offer in self._offers):
            self._gone = False
            for offer in tuple(self._offers):
                stale, offer.stale = list(offer.stale), set()
                changed.update(stale[: TOLD + 1])  # of more it is told that it may be any
                await self._learn(offer, stale)
            self._folders = await asyncio.to_thread(_folders_now, [one.known for one in self._offers])
        all, self._all = self._all or len(changed) > TOLD, False
        self._tell(None if all else sorted(str(Uri.file(path)) for path in changed))

    async def _learn(self, offer: Offer, paths: list[str]) -> None:
        for begin in range(0, len(paths), TOGETHER):
            some = [Uri.file(path) for path in paths[begin : begin + TOGETHER]]
            for uri, mark in zip(some, await asyncio.gather(*(self._ask(offer, uri) for uri in some)), strict=True):
                offer.known.pop(uri.path, None)
                if mark is not None and mark.propagate and len(offer.known) < KNOWN:
                    offer.known[uri.path] = mark
            await asyncio.sleep(0)

    def _tell(self, uris: list[str] | None) -> None:
        if self._session.closing or self._session.mailbox.closed:
            return
        try:
            self._session.mailbox.post(CHANGED, {"uris": uris})
        except RoostError as error:
            log.warning("changes of file decorations of %s are not told: %s", self._session.uid, error)


def _is_short(badge: object) -> bool:
    """Whether it is one or two characters as people count them: marks, joiners and skin tones belong to one before."""
    if not isinstance(badge, str) or len(badge) > 32:
        return False
    joined = re.sub(r"\u200d.", "", badge)
    return sum(not (unicodedata.category(one).startswith("M") or one in SKINS) for one in joined) <= 2


SKINS = frozenset(map(chr, range(0x1F3FB, 0x1F400)))
"""Characters that colour the one before."""


def folders_of(known: Iterable[dict[str, FileDecoration]]) -> dict[str, FileDecoration]:
    """The folders above marked files, each with the colour of the first file that is marked below it."""
    found: dict[str, FileDecoration] = {}
    for marks in known:
        for path, mark in marks.items():
            above = path.rpartition("/")[0]
            while above and above not in found:
                found[above] = FileDecoration(BELOW.badge, BELOW.tooltip, mark.color)
                above = above.rpartition("/")[0]
    return found


def _folders_now(known: list[dict[str, FileDecoration]]) -> dict[str, FileDecoration]:
    """As `folders_of`, in a thread: each is copied in one step, as it may change meanwhile."""
    return folders_of([dict(one) for one in known])


def merged(marks: Iterable[FileDecoration | None]) -> FileDecoration | None:
    """Several marks of one file as one: letters and words side by side, the first colour."""
    all = [one for one in marks if one is not None]
    if len(all) < 2:
        return all[0] if all else None
    own = [one for one in all if one.badge != BELOW.badge] or all
    badge, words = ", ".join(_texts(own, "badge")), " • ".join(_texts(own, "tooltip"))
    color = next((one.color for one in all if one.color is not None), None)
    return FileDecoration(badge or None, words or None, color)


def _texts(marks: Iterable[FileDecoration], name: str) -> list[str]:
    return list(dict.fromkeys(text for one in marks if (text := getattr(one, name))))


def told(mark: FileDecoration | None) -> dict[str, str] | None:
    """A mark as clients are told it: the colour by its name."""
    if mark is None:
        return None
    color = None if mark.color is None else mark.color.id
    fields = {"badge": mark.badge, "tooltip": mark.tooltip, "color": color}
    return {name: str(one)[:256] for name, one in fields.items() if one is not None}


def register_file_decoration_provider(provider: FileDecorationProvider) -> Disposable:
    """Let `provider.provide_file_decoration(uri, token)` say how files are marked where they are listed."""
    return current_session().get(FileDecorations).register(provider)
