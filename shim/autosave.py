"""`files.autoSave`: what is unsaved is saved after a while, or when its editor or the window is left."""

from __future__ import annotations

import asyncio
import weakref
from itertools import islice
from typing import TYPE_CHECKING, NamedTuple

from shim import saving
from shim.appearance import Appearance, WindowState
from shim.configuration import Configurations, WorkspaceConfiguration
from shim.enums import TextDocumentSaveReason
from shim.events import Disposable
from shim.filesystems import FileSystems
from shim.folders import Folders
from shim.scopes import scope_of

if TYPE_CHECKING:
    from sessions.context import SessionContext
    from shim.document import TextDocument
    from shim.documents import Documents
    from shim.uri import Uri

SHORTEST_S, LONGEST_S = 0.1, 3_600.0
"""What a delay of the settings is brought into, in seconds."""

AT_ONCE, PATIENCE_S = 4, 0.2
"""How many texts are saved together, as each takes some of everybody's time, and how long others wait for these."""

WHEN_LEFT = frozenset({"onFocusChange", "onWindowChange"})


class Wanted(NamedTuple):
    """What the settings say of a document: `off`, `afterDelay`, `onFocusChange` or `onWindowChange`."""

    when: str
    delay_s: float


class AutoSave:
    """Saves one user's documents as their settings want it."""

    __slots__ = ("_documents", "_due", "_hears", "_known", "_saves", "_saving", "_session", "_timers")

    def __init__(self, session: SessionContext, documents: Documents) -> None:
        self._session = session
        self._documents: Documents = weakref.proxy(documents)  # whose part this is
        self._known: dict[tuple[Uri | None, str], Wanted] = {}
        """By folder and language, until the settings or the folders change: each edit asks."""
        self._timers: dict[TextDocument, asyncio.TimerHandle] = {}
        self._due: dict[TextDocument, TextDocumentSaveReason | None] = {}
        """What is to be saved, and why; None where the window was left, and its settings say whether that matters."""
        self._saving: set[TextDocument] = set()
        self._saves = False
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
        self._due.clear()

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
            self._due[document] = TextDocumentSaveReason.FOCUS_OUT
            self._begin()

    def _window_is(self, state: WindowState) -> None:
        for document in () if state.focused else self._documents.all:
            if document.is_dirty:
                self._due.setdefault(document)
        self._begin()

    def _late(self, document: TextDocument) -> None:
        self._timers.pop(document, None)
        self._due[document] = TextDocumentSaveReason.AFTER_DELAY
        self._begin()

    def _begin(self) -> None:
        if self._due and not self._saves and not self._session.closing:
            self._saves = True
            self._session.promise(self._save_due(), "save by itself")

    async def _save_due(self) -> None:
        """Save what is due, a few at once, each once at a time. Who takes long holds up nobody else."""
        try:
            while due := list(islice((one for one in self._due if one not in self._saving), AT_ONCE)):
                some = [saved for document in due for saved in self._save(document, self._due.pop(document))]
                if some:
                    await asyncio.wait(some, timeout=PATIENCE_S)
                else:
                    await asyncio.sleep(0)
        finally:
            self._saves = False  # in the turn in which nothing was due: what is due from now on begins anew

    def _save(self, document: TextDocument, reason: TextDocumentSaveReason | None) -> list[asyncio.Future[bool]]:
        has_file = not document.is_untitled and self._session.get(FileSystems).has(document.uri.scheme)
        if not document.is_dirty or document.is_closed or self._session.closing or not has_file:
            return []
        if reason is None and self._wanted(document).when not in WHEN_LEFT:
            return []
        self._saving.add(document)
        why = TextDocumentSaveReason.FOCUS_OUT if reason is None else reason
        work = saving.save_or_tell(self._session, self._documents, document, why)
        saved = self._session.promise(work, "save by itself")
        saved.add_done_callback(lambda _: self._saved(document))
        return [saved]

    def _saved(self, document: TextDocument) -> None:
        self._saving.discard(document)
        self._begin()  # it may be due once more

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
