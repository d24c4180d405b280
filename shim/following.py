"""Open documents follow what somebody else does to their files: they are read again, or closed. It changes no file."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Iterable
from typing import TYPE_CHECKING

from sessions.errors import FileSystemError, RoostError
from shim import contents
from shim.document import TextDocument
from shim.reading import Read, decoded, difference, taken_apart
from shim.uri import Uri
from shim.virtual import Virtual

if TYPE_CHECKING:
    from sessions.context import SessionContext
    from shim.documents import Documents

log = logging.getLogger("roost.shim")

LOOK_S = 2.0
"""How often it is looked whether somebody else changed the file of an open document, in seconds."""


class Following:
    """The part of `Documents` that keeps clean ones as their files are."""

    __slots__ = ("_documents", "_session", "_timer")

    def __init__(self, session: SessionContext, documents: Documents) -> None:
        self._session = session
        self._documents = documents
        self._timer: asyncio.TimerHandle | None = None

    async def refresh(self, document: TextDocument, *, always: bool = False) -> None:
        """Read a clean document again if its file is another by now, and close it if that is gone.

        With `always` a dirty one too, which loses what is unsaved: VS Code's revert.
        """
        async with document._one_at_a_time():
            document._look = False
            if document.is_untitled or not _may_reload(document, always):
                return
            if always or not await self._is_current(document):
                await self._read_again(document, always)

    async def _read_again(self, document: TextDocument, always: bool) -> None:
        try:
            found = await self._current(document)
        except FileSystemError as error:
            if error.code != "FileNotFound":
                raise
            found = None
        async with self._documents.lock:
            if _may_reload(document, always):
                await self._reload(document, found)

    async def _is_current(self, document: TextDocument) -> bool:
        if document._stamp is None:
            return True  # a provider says itself when its text is another
        try:
            identity = await contents.identity_of(self._session, document.uri)
        except FileSystemError:
            return True  # out of reach for now: what was read is all there is
        return identity == document._stamp.identity

    async def _reload(self, document: TextDocument, found: Read | None) -> None:
        if found is None:
            self._documents.forget(document)
            await self._documents.clean(document)
            return
        dirty, text = document.is_dirty, document._model.copy()
        edits = await asyncio.to_thread(difference, text, found.model)
        changes = await self._documents.edited(text, edits)
        document._stamp, document._encoding = found.stamp, found.encoding
        await self._documents.clean(document)
        if changes or dirty:
            self._documents.commit(document, text, changes, dirty=False)

    async def _current(self, document: TextDocument) -> Read:
        virtual = self._session.get(Virtual)
        if virtual.has(document.uri.scheme):
            return Read(await taken_apart(document.uri, await virtual.text(document.uri)), "utf8", None)
        return await decoded(document.uri, await contents.read(self._session, document.uri), document.encoding)

    def watch(self) -> None:
        """Look at the files every two seconds as long as some are open; nobody connected, only when they are used."""
        if self._timer is None and self._on_disk():
            context = self._session.context.copy()
            self._timer = asyncio.get_running_loop().call_later(LOOK_S, self._look_soon, context=context)

    def _look_soon(self) -> None:
        self._timer = None
        if self._session.closing:
            return
        if self._session.clients:
            self._session.start(self._look_at_files(), "look at files")
        else:
            self.watch()

    async def _look_at_files(self) -> None:
        try:
            documents = self._on_disk()
            found = await self._session.files.identities([one.uri.path for one in documents])
            stamps = [one._stamp and one._stamp.identity for one in documents]
            self.look_again(one.uri for one, now, before in zip(documents, found, stamps, strict=True) if now != before)
        finally:
            self.watch()

    def _on_disk(self) -> list[TextDocument]:
        """The documents that follow their file: clean ones."""
        return [one for one in self._documents.all if one.uri.scheme == "file" and not one.is_dirty]

    def close(self) -> None:
        """Look at nothing any more."""
        if self._timer is not None:
            self._timer.cancel()

    def look_again(self, uris: Iterable[Uri], *, always: bool = False) -> None:
        """Somebody changed these files, or all below these folders: what is open of them is brought up to date."""
        for uri in uris:
            for document in self._documents.below(uri):
                if not document._look:  # else one that waits will see this change too
                    document._look = True
                    self._session.start(self._look(document, always), "reload document")

    async def _look(self, document: TextDocument, always: bool) -> None:
        try:
            await self.refresh(document, always=always)
        except RoostError as error:
            log.info("a document of %s is not reloaded: %s", self._session.uid, error)


def _may_reload(document: TextDocument, always: bool) -> bool:
    return not document.is_closed and (always or not document.is_dirty)
