"""A `WorkspaceEdit` made real, all of it or nothing: texts, and files created, renamed and deleted."""

from __future__ import annotations

import asyncio
import logging
import os
from collections.abc import Awaitable, Callable, Iterable, Iterator, Mapping, Sequence
from types import MappingProxyType
from typing import TYPE_CHECKING

from sessions.errors import FileSystemError, InvalidValue, QuotaExceeded, RoostError
from shim.contents import LARGEST
from shim.document import TextDocument
from shim.documents import Documents, wire_uri
from shim.edits import FileEdit, ResourceEdit, SnippetTextEdit, TextEdit, WorkspaceEdit
from shim.enums import TextDocumentChangeReason
from shim.file_operations import FileOperations
from shim.filesystems import FileSystems
from shim.fs import rename
from shim.reading import apply
from shim.text import TextDocumentContentChangeEvent
from shim.turns import in_turns
from shim.uri import Uri

if TYPE_CHECKING:
    from sessions.context import SessionContext

log = logging.getLogger("roost.shim")

AT_ONCE = 32
"""Steps of an edit that may be made without giving way."""

IN_A_TURN = 100
"""Steps of an edit that are looked at in one turn of the loop."""

TEXTS_IN_A_TURN = 8
"""Texts of an edit that are changed in one turn of the loop."""

Step = FileEdit | ResourceEdit
Undo = Callable[[], Awaitable[object]]


class NotApplied(RoostError):
    """An edit was not made, and nothing of it is left: the text says why."""


class Draft:
    """A document's text as it will be, while the edit may still fail."""

    __slots__ = ("document", "done", "held", "model")

    def __init__(self, documents: Documents, document: TextDocument) -> None:
        self.document = document
        self.held = documents.hold(document)
        self.model = document._model.copy()
        self.done: list[tuple[Sequence[TextEdit], list[TextDocumentContentChangeEvent]]] = []


class Bulk:
    """One edit on its way. `apply` once."""

    def __init__(
        self,
        session: SessionContext,
        reason: TextDocumentChangeReason | None = None,
        versions: Mapping[Uri, int] = MappingProxyType({}),
    ) -> None:
        self._session = session
        self._versions = versions
        self._documents = session.get(Documents)
        self._systems = session.get(FileSystems)
        self._reason = reason
        self._drafts: dict[Uri, Draft] = {}
        self._undo: list[Undo] = []
        self._ends: list[Undo] = []
        self._done: list[FileEdit] = []

    async def apply(self, steps: Iterable[Step]) -> None:
        """Make all steps in their order, and return once what is unsaved would survive the host's being killed.

        An iterator gives texts only, and is asked for a few in a turn of the loop; what it raises ends the edit.
        Raises `NotApplied`, and `QuotaExceeded`; then nothing was changed, or is again as it was.
        """
        files = [step for step in steps if isinstance(step, FileEdit)] if isinstance(steps, Sequence) else []
        before = await self._session.get(FileOperations).asked(files) if files else []
        async with self._documents.lock:
            try:
                await self._draft(before, steps)
                kept = await self._commit()
            finally:
                for draft in self._drafts.values():
                    draft.held.dispose()
        if self._done:
            self._session.get(FileOperations).tell(self._done)
        for backup in kept:
            await backup

    async def _draft(self, before: Sequence[Step], steps: Iterable[Step]) -> None:
        try:
            await self._run_before(before)
            await self._run(steps)
        except BaseException as error:
            await self._take_back()
            if isinstance(error, FileSystemError | InvalidValue):
                raise NotApplied(str(error)) from error
            raise

    def at_once(self, steps: Sequence[Step]) -> list[asyncio.Future[None]] | None:
        """An edit of open texts that needs no waiting, and what is done once it would survive a kill.

        None where it does need some: nothing has changed then, and `apply` of another `Bulk` makes it. Raises as that.
        """
        if self._documents.lock.locked() or not 0 < len(steps) <= AT_ONCE:
            return None
        try:
            if not self._draft_all(steps):
                return None
        except InvalidValue as error:
            raise NotApplied(str(error)) from error
        finally:
            for draft in self._drafts.values():
                draft.held.dispose()
        return [kept for draft in self._drafts.values() if (kept := self._commit_text(draft)) is not None]

    def _draft_all(self, steps: Sequence[Step]) -> bool:
        texts: dict[Uri, list[TextEdit]] = {}
        for step in steps:
            if not isinstance(step, ResourceEdit) or not isinstance(step.edit, TextEdit) or step.uri.fragment:
                return False
            texts.setdefault(step.uri, []).append(step.edit)
        if len(texts) > TEXTS_IN_A_TURN:
            return False
        for uri, edits in texts.items():
            document = self._documents.find(uri)
            if document is None or (not document.is_untitled and self._systems.is_writable(uri.scheme) is not True):
                return False
            draft = self._drafts[uri] = Draft(self._documents, document)
            if not self._documents.is_quick(draft.model, edits):
                return False
            changes = apply(draft.model, edits)
            self._check_size(draft, changes)
            draft.done.append((edits, changes))
        return True

    # -- doing

    async def _run_before(self, steps: Sequence[Step]) -> None:
        """What listeners want to be changed first. Where that cannot be, such as in a file to come, it is left out."""
        try:
            await self._run(steps)
        except (FileSystemError, InvalidValue) as error:
            await self._take_back()
            log.warning("what was to be changed before an edit of %s is left out: %s", self._session.uid, error)

    async def _run(self, steps: Iterable[Step]) -> None:
        texts: dict[Uri, list[ResourceEdit]] = {}
        for number, step in enumerate(steps, 1):
            if number % IN_A_TURN == 0:
                await asyncio.sleep(0)
            if isinstance(step, ResourceEdit):
                uri = step.uri.with_(fragment=None) if step.uri.fragment else step.uri
                texts.setdefault(uri, []).append(step)
            else:
                await self._edit_texts(texts)
                texts = {}
                await self._change_file(step)
        await self._edit_texts(texts)

    async def _edit_texts(self, texts: dict[Uri, list[ResourceEdit]]) -> None:
        async for uri, own in in_turns(texts.items(), TEXTS_IN_A_TURN):
            draft = self._drafts.get(uri)
            if draft is None:
                draft = self._drafts[uri] = Draft(self._documents, await self._document(uri))
                if self._versions.get(uri, draft.model.version) != draft.model.version:
                    raise InvalidValue("version", f"{wire_uri(uri)} has changed since; look at it, and edit again")
            edits = [_plain(self._session, draft.document, step.edit) for step in own]
            changes = await self._documents.edited(draft.model, edits)
            self._check_size(draft, changes)
            draft.done.append((edits, changes))

    async def _document(self, uri: Uri) -> TextDocument:
        document = self._documents.find(uri) or await self._documents.open(uri)
        if not document.is_untitled and self._systems.is_writable(uri.scheme) is not True:
            raise InvalidValue("uri", f"{wire_uri(uri)} is read-only; edit a file")
        return document

    def _check_size(self, draft: Draft, changes: Iterable[TextDocumentContentChangeEvent]) -> None:
        more = sum(len(change.text) - change.range_length for change in changes)
        size = draft.document._size + more
        if more > 0 and size > LARGEST:
            raise QuotaExceeded("document_bytes", LARGEST, draft.document._size, "keep the text in several files")
        if more > 0:
            self._documents.make_room(more)

    async def _change_file(self, step: FileEdit) -> None:
        if step.old is None:
            await self._create(step)
        elif step.new is None:
            await self._delete(step.old, step)
        else:
            await self._rename(step.old, step.new, step)

    async def _create(self, step: FileEdit) -> None:
        new = _file(step.new)
        if await self._is_there(new):
            if step.overwrite:
                await self._put_aside(new)
            elif step.ignore_if_exists:
                return
            else:
                raise FileSystemError(f"{new.path}: there is a file already; overwrite or ignore it", "FileExists")
        await self._systems.at(new).write(new, step.contents or b"")
        self._undo.append(lambda: self._systems.at(new).delete(new, recursive=False, use_trash=False))
        self._done.append(step)

    async def _delete(self, old: Uri, step: FileEdit) -> None:
        if not await self._is_there(old):
            if step.ignore_if_not_exists:
                return
            raise FileSystemError(f"{old.path}: there is nothing here to delete", "FileNotFound")
        place = self._systems.at(old)
        if not step.recursive and (await place.stat(old)).type & 2 and await place.read_directory(old):
            raise FileSystemError.unavailable(f"{old.path}: the directory is not empty; delete recursively")
        await self._put_aside(old)
        self._done.append(step)

    async def _rename(self, old: Uri, new: Uri, step: FileEdit) -> None:
        if await self._is_there(new) and str(old) != str(new):
            if step.overwrite:
                await self._put_aside(new)
            elif step.ignore_if_exists:
                return
            else:
                raise FileSystemError(f"{new.path}: there is a file already; overwrite or ignore it", "FileExists")
        await rename(self._systems, old, new, overwrite=False)
        self._undo.append(lambda: rename(self._systems, new, old, overwrite=False))
        await self._move(old, new)
        self._undo.append(lambda: self._move(new, old))
        self._done.append(step)

    async def _move(self, old: Uri, new: Uri) -> None:
        """Let open documents go on under the new name, with what is unsaved, also by this edit."""
        for document in self._documents.below(old):
            uri = new.with_(path=new.path + document.uri.path[len(old.path) :])
            moved = await self._documents.move(document, uri)
            if moved.is_dirty:
                await self._documents.backup(moved)
            await self._documents.clean(document)
            draft = self._drafts.pop(document.uri, None)
            if draft is not None:
                draft.document, draft.held = moved, self._documents.hold(moved)
                self._drafts[uri] = draft

    async def _put_aside(self, uri: Uri) -> None:
        """Have it out of the way, but not yet gone; its documents are closed at the end."""
        aside = uri.dirname().join_path(f".{uri.basename()[:200]}.{os.urandom(8).hex()}.aside")
        await self._systems.at(uri).rename(uri, aside, overwrite=False)
        self._undo.append(lambda: self._systems.at(uri).rename(aside, uri, overwrite=False))
        self._ends.append(lambda: self._systems.at(uri).delete(aside, recursive=True, use_trash=False))
        for document in self._documents.below(uri):
            self._drafts.pop(document.uri, None)
            self._ends.append(lambda document=document: self._close(document))  # type: ignore[misc]

    async def _close(self, document: TextDocument) -> None:
        self._documents.forget(document)
        await self._documents.clean(document)

    async def _is_there(self, uri: Uri) -> bool:
        try:
            await self._systems.at(uri).stat(uri)
        except FileSystemError as error:
            if error.code != "FileNotFound":
                raise
            return False
        return True

    # -- ending

    async def _take_back(self) -> None:
        for undo in reversed(self._undo):
            try:
                await undo()
            except RoostError as error:
                log.error("a step of a failed edit of %s could not be undone: %s", self._session.uid, error)
        for draft in self._drafts.values():
            draft.held.dispose()
        for kept in (self._drafts, self._undo, self._ends, self._done):
            kept.clear()

    async def _commit(self) -> list[asyncio.Future[None]]:
        drafts = in_turns(self._drafts.values(), TEXTS_IN_A_TURN)
        kept = [own async for draft in drafts if (own := self._commit_text(draft)) is not None]
        for end in self._ends:
            try:
                await end()
            except RoostError as error:
                log.error("a file that an edit of %s replaced is left beside: %s", self._session.uid, error)
        return kept

    def _commit_text(self, draft: Draft) -> asyncio.Future[None] | None:
        """Let it be the document's text; gives what is done once that would survive a kill. None: nothing changed."""
        changes = [change for _, own in draft.done for change in own]
        if not changes or draft.document.is_closed:
            return None
        self._documents.commit(draft.document, draft.model, changes, reason=self._reason)
        return [self._documents.backup(draft.document, edits) for edits, _ in draft.done][-1]


def _file(uri: Uri | None) -> Uri:
    if uri is None:
        raise InvalidValue("uri", "is missing: name the file to create")
    return uri


def _plain(session: SessionContext, document: TextDocument, edit: TextEdit | SnippetTextEdit) -> TextEdit:
    """A snippet as the text that stands there where no editor fills it in."""
    if isinstance(edit, TextEdit):
        return edit
    from shim.snippet_variables import variables  # on need: few edits are snippets
    from shim.snippets import expanded

    (values,) = variables(session, document, [edit.range])
    return TextEdit(edit.range, expanded(edit.snippet.value, values).text)


async def apply_edit(
    session: SessionContext,
    edit: WorkspaceEdit | Iterator[ResourceEdit],
    reason: TextDocumentChangeReason | None = None,
    versions: Mapping[Uri, int] = MappingProxyType({}),
) -> None:
    """Apply an edit as work of the session: whoever stops waiting for it does not stop it in the middle.

    `versions` are what documents must be at, or nothing is changed; an iterator may add to them as it goes.
    """
    steps = edit.steps if isinstance(edit, WorkspaceEdit) else edit
    await asyncio.shield(session.promise(_after_others(session, Bulk(session, reason, versions), steps), "apply edit"))


async def _after_others(session: SessionContext, bulk: Bulk, steps: Iterable[Step]) -> None:
    """Those that were asked for before come first."""
    await session.get(Documents).edits_done()
    await bulk.apply(steps)
