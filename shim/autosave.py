"""`files.autoSave`: what is unsaved is saved after a while, or when its editor or the window is left."""

from __future__ import annotations

import asyncio
import weakref
from typing import TYPE_CHECKING, NamedTuple

from shim import saving
from shim.appearance import Appearance, WindowState
from shim.configuration import Configurations, WorkspaceConfiguration
from shim.enums import TextDocumentSaveReason
from shim.events import Disposable
from shim.filesystems import FileSystems
from shim.folders import Folders
from shim.scopes import scope_of
from shim.turns import in_turns

if TYPE_CHECKING:
    from sessions.context import SessionContext
    from shim.document import TextDocument
    from shim.documents import Documents
    from shim.uri import Uri

SHORTEST_S, LONGEST_S = 0.1, 3_600.0
"""What a delay of the settings is brought into, in seconds."""

AT_ONCE = 4
"""Texts that are saved together when the window is left: each takes some of everybody's time."""

WHEN_LEFT = frozenset({"onFocusChange", "onWindowChange"})


class Wanted(NamedTuple):
    """What the settings say of a document: `off`, `afterDelay`, `onFocusChange` or `onWindowChange`."""

    when: str
    delay_s: float


class AutoSave:
    """Saves one user's documents as their settings want it."""

    __slots__ = ("_documents", "_hears", "_known", "_leaving", "_saving", "_session", "_timers")

    def __init__(self, session: SessionContext, documents: Documents) -> None:
        self._session = session
        self._documents: Documents = weakref.proxy(documents)  # whose part this is
        self._known: dict[tuple[Uri | None, str], Wanted] = {}
        """By folder and language, until the settings or the folders change: each edit asks."""
        self._timers: dict[TextDocument, asyncio.TimerHandle] = {}
        self._saving: dict[TextDocument, TextDocumentSaveReason | None] = {}
        """What is being saved, and why it is to be saved once more after that."""
        self._leaving: asyncio.Future[None] | None = None
        with session.entered():
            self._hears = Disposable.from_(
                session.get(Configurations).changed.event(lambda _: self._known.clear()),  # those of folders too
                session.get(Folders).changed.event(lambda _: self._known.clear()),
                session.get(Appearance).changed.event(self._window_is),
            )

    def close(self) -> None:
        """The session ends: what is unsaved is kept as it is."""
        self._hears.dispose()
        for timer in self._timers.values():
            timer.cancel()
        self._timers.clear()

    def forget(self, document: TextDocument) -> None:
        """It is closed: nothing waits for the end of its delay."""
        if (timer := self._timers.pop(document, None)) is not None:
            timer.cancel()

    def edited(self, document: TextDocument) -> None:
        """A text was changed; the delay begins anew."""
        wanted = self._wanted(document)
        self.forget(document)
        if wanted.when == "afterDelay":
            loop = asyncio.get_running_loop()
            self._timers[document] = loop.call_later(wanted.delay_s, self._late, document)

    def left(self, document: TextDocument) -> None:
        """The user went on to another editor."""
        if self._wanted(document).when == "onFocusChange":
            self._save(document, TextDocumentSaveReason.FOCUS_OUT)

    def _window_is(self, state: WindowState) -> None:
        idle = self._leaving is None or self._leaving.done()
        if idle and not state.focused and not self._session.closing:
            self._leaving = self._session.promise(self._left_window(), "save by itself")

    async def _left_window(self) -> None:
        some: list[asyncio.Future[bool]] = []
        async for document in in_turns(self._documents.all, AT_ONCE):
            if document.is_dirty and self._wanted(document).when in WHEN_LEFT:
                some += self._save(document, TextDocumentSaveReason.FOCUS_OUT)
            if len(some) == AT_ONCE:
                await asyncio.wait(some)
                some = []

    def _late(self, document: TextDocument) -> None:
        self._timers.pop(document, None)
        self._save(document, TextDocumentSaveReason.AFTER_DELAY)

    def _save(self, document: TextDocument, reason: TextDocumentSaveReason) -> list[asyncio.Future[bool]]:
        """Save it if it has a file: once at a time, and once more where it is wanted meanwhile."""
        if document in self._saving:
            self._saving[document] = reason
            return []
        has_file = not document.is_untitled and self._session.get(FileSystems).has(document.uri.scheme)
        if not document.is_dirty or document.is_closed or self._session.closing or not has_file:
            return []
        self._saving[document] = None
        work = saving.save_or_tell(self._session, self._documents, document, reason)
        saved = self._session.promise(work, "save by itself")
        saved.add_done_callback(lambda _: self._saved(document))
        return [saved]

    def _saved(self, document: TextDocument) -> None:
        if (reason := self._saving.pop(document)) is not None:
            self._save(document, reason)

    def _wanted(self, document: TextDocument) -> Wanted:
        folder = self._session.get(Folders).around(document.uri)
        key = (None if folder is None else folder.uri, document.language_id)
        found = self._known.get(key)
        if found is None:
            files = WorkspaceConfiguration(self._session, "files", scope_of(document))
            delay = files.get("autoSaveDelay")
            seconds = delay / 1_000 if isinstance(delay, int | float) else 1.0  # a file may say anything
            when = str(files.get("autoSave", "off"))
            found = self._known[key] = Wanted(when, min(max(seconds, SHORTEST_S), LONGEST_S))
        return found
