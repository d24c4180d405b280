"""Open documents follow what somebody else does to their files: they are read again, or closed. It changes no file."""

from __future__ import annotations

import asyncio
import logging
import weakref
from collections.abc import Iterable
from typing import TYPE_CHECKING

from sessions.errors import FileSystemError, RoostError
from sessions.tracking import Tracking
from shim import contents
from shim.document import TextDocument
from shim.reading import Read, decoded, difference, taken_apart
from shim.uri import Uri
from shim.virtual import Virtual

if TYPE_CHECKING:
    from sessions.context import SessionContext
    from shim.documents import Documents

log = logging.getLogger("roost.shim")


class Following:
    """The part of `Documents` that keeps clean ones as their files are."""

    __slots__ = ("_documents", "_session", "_tracking")

    def __init__(self, session: SessionContext, documents: Documents) -> None:
        self._session = session
        self._documents: Documents = weakref.proxy(documents)  # whose part this is
        self._tracking = Tracking(session, self._look_at)

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

    def follow(self, document: TextDocument) -> None:
        """Hear of its file from now on, and look at it soon: it may have changed since it was read or written."""
        if document.uri.scheme == "file":
            self._tracking.add(document.uri.path)

    def leave(self, document: TextDocument) -> None:
        """It is open no longer."""
        path = document.uri.path
        if document.uri.scheme == "file" and all(one.uri.path != path for one in self._on_disk()):
            self._tracking.remove(path)

    async def _look_at(self, paths: list[str]) -> None:
        """Something was heard of these files: read again those that are others by now."""
        known = set(paths)
        documents = [one for one in self._on_disk() if one.uri.path in known and not one.is_dirty]
        found = await self._session.files.identities([one.uri.path for one in documents])
        for document, identity in zip(documents, found, strict=True):
            if (document._stamp and document._stamp.identity) != identity and not document._look:
                document._look = True
                await self._look(document, always=False)

    def _on_disk(self) -> list[TextDocument]:
        return [one for one in self._documents.all if one.uri.scheme == "file"]

    async def close(self) -> None:
        """Hear of nothing any more."""
        await self._tracking.close()

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
