"""One user's open documents: the same resource is the same object, all is bounded, what is unsaved is kept.

Every change of a text goes through here: by an edit (`bulk.py`), a reload, a save (`saving.py`).
"""

from __future__ import annotations

import asyncio
import logging
import re
from collections.abc import Iterable, Sequence
from itertools import count
from typing import TYPE_CHECKING, Any

from sessions.errors import InvalidValue, QuotaExceeded, RoostError
from shim import backups, contents, encodings, folders, saving
from shim.associations import Associations
from shim.autosave import AutoSave
from shim.backups import Backup
from shim.configuration import Configurations
from shim.document import (
    LINE_COST,
    Stamp,
    TextDocument,
)
from shim.document import (
    wire_uri as wire_uri,
)
from shim.edits import TextEdit
from shim.enums import EndOfLine, TextDocumentChangeReason, TextDocumentSaveReason
from shim.events import Disposable
from shim.extensions import Extensions
from shim.filesystems import FileSystems
from shim.filetypes import language_of
from shim.following import Following
from shim.known_languages import Known
from shim.reading import LARGE, apply, decoded, size_of, taken_apart
from shim.telling import Telling
from shim.text import TextDocumentContentChangeEvent, TextModel
from shim.thenable import Thenable
from shim.uri import Uri, as_uri
from shim.utf16 import utf16_length
from shim.virtual import Virtual

if TYPE_CHECKING:
    from sessions.context import SessionContext

log = logging.getLogger("roost.shim")

MOST = 500
"""Documents that one user may have open; ones that nobody shows or changed are closed for others."""

LARGEST_ALL = 64 * 1024 * 1024
"""What all of a user's open documents may take in memory, in bytes, by `LINE_COST` and a byte a character."""

KEPT = "SELECT scope, key, value FROM kv WHERE namespace = 'workspace' ORDER BY scope, key"
"""What sessions leave for the next one: rows of `backups.py` (scope 'backup') and of `folders.py` ('folders')."""


class Documents(Telling):
    """The open documents of one user; `session.get(Documents)`.

    `on_open`, `on_change`, `on_close`, `on_save` and `on_will_save` are events. `hold` keeps a document that is shown
    somewhere from being closed.
    """

    __slots__ = (
        "__weakref__",
        "_lock",
        "_numbers",
        "_open",
        "_opening",
        "_uses",
        "associations",
        "auto_save",
        "edits_waiting",
        "following",
    )

    def __init__(self, session: SessionContext) -> None:
        super().__init__(session)
        self._open: dict[Uri, TextDocument] = {}
        self._opening: dict[Uri, asyncio.Future[TextDocument]] = {}
        self._uses = count(1)
        self._numbers = count(1)
        self._lock = asyncio.Lock()
        self.edits_waiting = 0
        """Edits that wait for their turn, or for the disk: what comes after them may not be made before."""
        self.following = Following(session, self)
        self.auto_save = AutoSave(session, self)
        self.associations = Associations(session)
        session.get(FileSystems).on_change = lambda changes: self.look_again(change.uri for change in changes)
        session.get(Virtual).on_change = lambda uri: self.look_again([uri], always=True)

    @property
    def lock(self) -> asyncio.Lock:
        """Who changes texts holds it, so that an edit of several documents is one."""
        return self._lock

    # -- which there are

    @property
    def all(self) -> tuple[TextDocument, ...]:
        """The open ones, in the order of their opening."""
        return tuple(self._open.values())

    def find(self, uri: Uri) -> TextDocument | None:
        """The open document of a resource."""
        return self._open.get(_key(uri))

    def below(self, uri: Uri) -> list[TextDocument]:
        """The open documents of a file, or of all that a folder holds."""
        own, folder = _key(uri), uri.path.rstrip("/") + "/"
        root = own.with_(path="")
        return [one for key, one in self._open.items() if key == own or _is_in(key, root, folder)]

    def hold(self, document: TextDocument) -> Disposable:
        """Keep it open: it is shown somewhere. Undone, it may be closed when others need the room."""
        document._holds += 1
        return Disposable(lambda: self._let_go(document))

    def _let_go(self, document: TextDocument) -> None:
        document._holds -= 1

    # -- opening

    async def open(self, uri: Uri, encoding: str | None = None) -> TextDocument:
        """The document of a resource, read if it is not open. One that is open and clean is as its file is now.

        Raises `FileSystemError`, also of what is binary or larger than 8 MiB, and `QuotaExceeded`.
        """
        key = _checked(uri)
        document = self._open.get(key)
        if document is not None:
            document._used = next(self._uses)
            await self.refresh(document)
            if not document.is_closed:
                return document
        if key not in self._opening:
            self._opening[key] = self._session.promise(self._first(key, encoding), "open document")
        return await asyncio.shield(self._opening[key])

    async def _first(self, key: Uri, encoding: str | None) -> TextDocument:
        try:
            return await self._read(key, encoding)
        finally:
            self._opening.pop(key, None)

    async def _read(self, key: Uri, encoding: str | None) -> TextDocument:
        virtual, language = self._session.get(Virtual), await self.associations.of(key)
        if key.scheme == "untitled":
            document = self._new(key, TextModel(""), language)
            document._dirty = key.path.startswith("/")
        elif virtual.has(key.scheme):
            document = self._made(key, await taken_apart(key, await virtual.text(key)), "utf8", None, language)
        else:
            content = await contents.read(self._session, key)
            usual = self._usual_encoding(key, language)
            document = self._made(key, *await decoded(key, content, encoding, usual), language)
        self.add(document)
        return document

    async def untitled(self, text: str = "", language_id: str | None = None) -> TextDocument:
        """A new document that no file has; where it has a text it is dirty, and kept as what is unsaved."""
        if len(text) > contents.LARGEST:
            raise QuotaExceeded("document_bytes", contents.LARGEST, len(text), "keep the text in several files")
        model = await taken_apart(Uri("untitled", "", "Untitled"), text)
        uri = next(uri for n in count(1) if (uri := Uri("untitled", "", f"Untitled-{n}")) not in self._open)
        document = self._new(uri, model, language_id)
        document._dirty = bool(text)
        self.add(document)
        if text:
            await self.backup(document)
        return document

    def _new(self, uri: Uri, model: TextModel, language_id: str | None = None) -> TextDocument:
        """A document that no file has: its encoding and line breaks are those of the settings."""
        language = language_id or self._language_by_name(uri, model.line_at(0).text)
        if model.line_count == 1 and self._files_setting(uri, language, "eol") == "\r\n":
            model.eol = EndOfLine.CRLF
        return self._made(uri, model, encodings.usual(self._files_setting(uri, language, "encoding")), None, language)

    def _usual_encoding(self, uri: Uri, language: str | None) -> str:
        return encodings.usual(self._files_setting(uri, language or self._language_by_name(uri, ""), "encoding"))

    def _files_setting(self, uri: Uri, language: str, name: str) -> Any:
        folder = self._session.get(Configurations).folder(uri)
        return self._session.settings.get(f"files.{name}", language=language, folder=folder)

    def _made(
        self, uri: Uri, model: TextModel, encoding: str, stamp: Stamp | None, language_id: str | None = None
    ) -> TextDocument:
        language = language_id or self._language_by_name(uri, model.line_at(0).text)
        document = TextDocument(self, uri, model, language, encoding)
        document._stamp = stamp
        document._size = sum(map(len, model._lines)) + model.line_count
        return document

    async def language_of(self, uri: Uri) -> str:
        """The language that a resource's name says, by settings, what extensions contribute and what is known here."""
        return await self.associations.of(uri) or self._language_by_name(uri, "")

    def _language_by_name(self, uri: Uri, first_line: str) -> str:
        installed = self._session.get(Extensions).installed.values()
        return language_of(uri.path, first_line, (one for each in installed for one in each.languages))

    def word_pattern(self, document: TextDocument) -> re.Pattern[str] | None:
        """What a word of the document's language is, where an extension said so."""
        known = self._session.peek(Known)
        return known.word_pattern(document.language_id) if known is not None else None

    def add(self, document: TextDocument) -> None:
        """Let it be open, and tell so. Raises `QuotaExceeded` where there is no room for it."""
        self.make_room(_cost(document), 1)
        document._used = next(self._uses)
        self._open[document.uri] = document
        self.following.follow(document)
        self.tell_opened(document)

    def make_room(self, more: int, documents: int = 0) -> None:
        """Close what nobody needs, the longest unused first. Raises `QuotaExceeded` where that is not enough."""
        used = sum(map(_cost, self._open.values()))
        if len(self._open) + documents > MOST or used + more > LARGEST_ALL:
            used = self._close_spare(used, more, documents)
        way_out = "save documents, or close some"
        if len(self._open) + documents > MOST:
            raise QuotaExceeded("documents", MOST, len(self._open), way_out)
        if used + more > LARGEST_ALL:
            raise QuotaExceeded("document_bytes", LARGEST_ALL, used, way_out)

    def _close_spare(self, used: int, more: int, documents: int) -> int:
        spare = sorted((one for one in self.all if not one.is_dirty and not one._holds), key=lambda one: one._used)
        while spare and (len(self._open) + documents > MOST or used + more > LARGEST_ALL):
            used -= _cost(spare[0])
            self.forget(spare.pop(0))
        return used

    # -- changing

    async def edited(self, model: TextModel, edits: Sequence[TextEdit]) -> list[TextDocumentContentChangeEvent]:
        """Make edits to a model of one's own, in a thread if they are many. Raises `InvalidValue`, `QuotaExceeded`."""
        if self.is_quick(model, edits):
            return apply(model, edits)
        return await asyncio.to_thread(apply, model, edits)

    def is_quick(self, model: TextModel, edits: Sequence[TextEdit]) -> bool:
        """Whether these edits need no thread."""
        return len(edits) <= 32 and size_of(edits) < LARGE and model.line_count < 10_000

    async def edits_done(self) -> None:
        """What `apply_edit` was asked for until now is made: what awaits this was asked for after it."""
        await self._session.rounds.done(self._session.uid)

    def edit_ended(self) -> None:
        """One of `edits_waiting` waits no more."""
        self.edits_waiting -= 1

    def commit(
        self,
        document: TextDocument,
        model: TextModel,
        changes: Sequence[TextDocumentContentChangeEvent],
        *,
        dirty: bool = True,
        reason: TextDocumentChangeReason | None = None,
    ) -> None:
        """Let `model` be the document's text from now on, and tell what changed. The lock is held."""
        document._model = model
        document._dirty = dirty
        document._used = next(self._uses)
        length = utf16_length if model.is_wide else len
        document._size += sum(length(change.text) - change.range_length for change in changes)
        self.tell_changed(document, changes, reason)
        if dirty:
            self.auto_save.edited(document)

    def backup(self, document: TextDocument, edits: Sequence[TextEdit] | None = None) -> asyncio.Future[None]:
        """Keep what was just edited; done once it would survive the host's being killed."""
        if document._backup is None:
            document._backup = Backup(self._session, document, next(self._numbers))
        return document._backup.note(edits)

    async def clean(self, document: TextDocument) -> None:
        """Nothing of it is unsaved any more: its backup goes."""
        if document._dirty and not document.is_closed:
            self.following.follow(document)  # what was heard of its file while it was dirty was not for it
        document._dirty = False
        kept, document._backup = document._backup, None
        if kept is not None:
            try:
                await kept.drop()
            except RoostError as error:  # it comes back once more after a restart, which loses nothing
                log.warning("a text of %s that is no longer unsaved stays kept: %s", self._session.uid, error)

    # -- what others change

    async def refresh(self, document: TextDocument, *, always: bool = False) -> None:
        """Read a clean document again if its file is another by now; with `always` any, and lose what is unsaved."""
        await self.following.refresh(document, always=always)

    def look_again(self, uris: Iterable[Uri], *, always: bool = False) -> None:
        """Somebody changed these files, or all below these folders: what is open of them is brought up to date."""
        self.following.look_again(uris, always=always)

    async def close(self) -> None:
        """The session ends: nothing is followed any more. What is unsaved is kept already."""
        await self.following.close()
        self.auto_save.close()
        self.associations.close()
        for document in self._open.values():
            document._backup = None  # each holds the other
        self._open.clear()
        self.end()

    # -- saving and closing

    def begin_save(self, document: TextDocument) -> Thenable[bool]:
        """Save for an extension: it is told by False, and the user by a sentence, where that failed."""
        if document.is_closed:
            raise InvalidValue("document", "is closed; open it again with workspace.open_text_document(uri)")
        return self._session.promise(saving.save_or_tell(self._session, self, document), "save document")

    async def save(
        self,
        document: TextDocument,
        *,
        reason: TextDocumentSaveReason = TextDocumentSaveReason.MANUAL,
        overwrite: bool = False,
    ) -> None:
        """Write a document to its file. `saving.Conflict` where somebody else changed that, but with `overwrite`."""
        await saving.save(self._session, self, document, reason, overwrite)

    async def close_document(self, document: TextDocument) -> bool:
        """Close it, what is unsaved is lost; False where somebody else still holds it: then it stays as it is."""
        await self.edits_done()
        async with self._lock:
            if document._holds:
                return False
            self.forget(document)
            await self.clean(document)
            return True

    def forget(self, document: TextDocument) -> None:
        """It is open no longer; tell so."""
        if not document.is_closed:
            self._open.pop(document.uri, None)
            document._closed = True
            self.following.leave(document)
            self.auto_save.forget(document)
            self.tell_closed(document)

    async def move(self, document: TextDocument, uri: Uri) -> TextDocument:
        """The document goes on as another resource's: a new object, with the same text and what is unsaved of it."""
        language = await self.associations.of(uri)
        moved = self._made(uri, document._model.copy(), document.encoding, document._stamp, language)
        moved._dirty = document.is_dirty
        self.forget(document)
        self.add(moved)
        if moved.is_dirty:
            self.auto_save.edited(moved)
        return moved

    def set_language(self, document: TextDocument, language_id: str) -> None:
        """VS Code's `languages.setTextDocumentLanguage`: the same document, closed and opened for its listeners."""
        if document.is_closed:
            raise InvalidValue("document", "is closed; open it again with workspace.open_text_document(uri)")
        self.tell_closed(document)
        document._language_id = language_id
        self.tell_opened(document)

    # -- hot exit

    def restore(self, kept: Iterable[backups.Kept], newest: int) -> None:
        """Open again what was not saved when the session ended; `newest` is the number of the newest backup."""
        for one in kept:
            document = self._made(one.uri, one.model, one.encoding, one.stamp, one.language_id)
            document._dirty = True
            document._backup = Backup(self._session, document, one.number, one.row)
            document._used = next(self._uses)
            self._open[one.uri] = document
            self.following.follow(document)
        self._numbers = count(newest + 1)


async def restore(session: SessionContext) -> None:
    """Have the folders and unsaved documents that the user's last session left; where there are none, make nothing."""
    rows = await session.store.read(KEPT)
    texts = [(key, value) for scope, key, value in rows if scope == "backup"]
    if len(rows) > len(texts):
        folders.restore(session, rows[-1][2])
    if texts:
        kept = await asyncio.to_thread(backups.restored, session.uid, texts)
        saved = [one for one in kept if await saving.was_saved(session, one)]
        for one in saved:
            session.store.write(*backups.gone(one.number))
        unsaved = [one for one in kept if one not in saved]
        session.get(Documents).restore(unsaved, backups.number_of(texts[-1][0]))


def _key(uri: Uri) -> Uri:
    return as_uri(uri, "uri").with_(fragment=None) if uri.fragment else as_uri(uri, "uri")


def _checked(uri: Uri) -> Uri:
    key = _key(uri)
    try:
        key.path.encode()
    except UnicodeEncodeError:
        raise InvalidValue("uri", "the name is no UTF-8: such a file can be read, but is no document") from None
    return key


def _is_in(key: Uri, root: Uri, folder: str) -> bool:
    return key.path.startswith(folder) and key.with_(path="") == root


def _cost(document: TextDocument) -> int:
    return document._size + LINE_COST * document.line_count
