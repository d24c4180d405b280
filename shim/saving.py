"""Saving a document: who wants to edit it before, whether its file is still what was read, and what is true after."""

from __future__ import annotations

import asyncio
import logging
from typing import TYPE_CHECKING, Any

from sessions.errors import FileSystemError, InvalidValue, RoostError
from shim import contents, encodings
from shim.document import Stamp, TextDocument, TextDocumentWillSaveEvent
from shim.edits import TextEdit
from shim.enums import TextDocumentSaveReason
from shim.filesystems import FileSystems
from shim.questions import ask
from shim.text import TextModel
from shim.uri import Uri

if TYPE_CHECKING:
    from sessions.context import SessionContext
    from shim.backups import Kept
    from shim.documents import Documents

log = logging.getLogger("roost.shim")

BEFORE_S = 1.75
"""How long listeners of `on_will_save_text_document` may hold up a save, in seconds (as in VS Code)."""


class Conflict(FileSystemError):
    """A document is not saved: somebody else changed its file since it was read (-32010, Unavailable)."""

    def __init__(self, uri: Uri) -> None:
        super().__init__(
            f"{uri.path}: the file was changed since it was opened; save with `overwrite`, or revert the document"
        )


async def save(
    session: SessionContext,
    documents: Documents,
    document: TextDocument,
    reason: TextDocumentSaveReason,
    overwrite: bool,
) -> TextDocument:
    """Write a document to its file, and give the document of that. One that is not dirty is saved already.

    Raises `Conflict`, `FileSystemError`, `QuotaExceeded`, and `InvalidValue` where there is no file to save it in.
    """
    await documents.edits_done()
    if document.is_untitled:
        return await _save_untitled(session, documents, document, reason)
    if not document.is_dirty:
        return document
    if not session.get(FileSystems).has(document.uri.scheme):
        raise InvalidValue("uri", f"{document.uri} is read-only: its text is an extension's; save it as a file")
    await _ask_before(session, documents, document, reason)
    await _write(session, documents, document, overwrite)
    return document


async def _save_untitled(
    session: SessionContext, documents: Documents, document: TextDocument, reason: TextDocumentSaveReason
) -> TextDocument:
    if not document.uri.path.startswith("/"):
        raise InvalidValue("uri", f"{document.uri.path} has no file yet; save it as one: workspace.save_as(uri)")
    return await save_as(session, documents, document, Uri.file(document.uri.path), overwrite=False, reason=reason)


async def save_as(
    session: SessionContext,
    documents: Documents,
    document: TextDocument,
    target: Uri,
    *,
    overwrite: bool,
    reason: TextDocumentSaveReason = TextDocumentSaveReason.MANUAL,
) -> TextDocument:
    """Write a document to another file, and give that file's document; an untitled one ends by it, others stay.

    As in VS Code it is the new document that listeners and settings change before it is saved, not the one it is from.
    Raises `FileSystemError` with FileExists where there is a file, but with `overwrite`.
    """
    await documents.edits_done()
    async with documents.lock:
        if not overwrite and await contents.identity_of(session, target) is not None:
            raise FileSystemError(f"{target.path}: there is a file; overwrite it, or choose a name", "FileExists")
        model, encoding = document._model.copy(), (documents.find(target) or document).encoding
        content, _ = await _encoded(target, model, encoding)
        await contents.write(session, target, content)
        if document.is_untitled:
            documents.forget(document)
            await documents.clean(document)
    other = documents.find(target)
    if other is not None:
        await documents.refresh(other, always=True)
    saved = await documents.open(target, encoding)
    await _ask_before(session, documents, saved, reason)
    if saved.is_dirty:
        await _write(session, documents, saved, overwrite=False)
    else:
        documents.tell_saved(saved)
    return saved


async def _ask_before(
    session: SessionContext, documents: Documents, document: TextDocument, reason: TextDocumentSaveReason
) -> None:
    """Let listeners make edits, each one seeing those before, then do what settings want.

    Whoever thought while the text changed is left out.
    """
    from shim.participants import take_part  # here: it edits documents, which are saved by this

    version = document.version

    async def edit(results: list[Any]) -> None:
        nonlocal version
        if edits := [edit for result in results for edit in _edits(result)]:
            await _edit(documents, document, edits, version)
        version = document.version

    await documents.will_save.fire(lambda: TextDocumentWillSaveEvent(document, reason), BEFORE_S, edit)
    await take_part(session, document, reason)


async def _edit(documents: Documents, document: TextDocument, edits: list[TextEdit], version: int) -> None:
    async with documents.lock:
        if document.version != version or document.is_closed:
            return
        model = document._model.copy()
        try:
            changes = await documents.edited(model, edits)
        except RoostError as error:  # too much to be an edit, too: the text is saved as it is
            log.warning("edits before a save are left out: %s", error)
            return
        if changes:
            documents.commit(document, model, changes)
            documents.backup(document, edits)


def _edits(result: Any) -> list[TextEdit]:
    if isinstance(result, TextEdit):
        return [result]
    return [edit for edit in result if isinstance(edit, TextEdit)] if isinstance(result, list | tuple) else []


async def _write(session: SessionContext, documents: Documents, document: TextDocument, overwrite: bool) -> None:
    """The text as it is now; edits made while it is written stay unsaved."""
    async with document._one_at_a_time():
        if document.is_closed or not document.is_dirty:
            return
        model = document._model.copy()
        content, digest = await _encoded(document.uri, model, document.encoding)
        if not overwrite and not await contents.same(session, document.uri, document._stamp, content):
            raise Conflict(document.uri)
        identity = await contents.write(session, document.uri, content)
        async with documents.lock:
            document._stamp = Stamp(identity, digest)
            if document.version == model.version:
                await documents.clean(document)
            elif not document.is_closed:
                documents.backup(document)
    if not document.is_closed:
        documents.tell_changed(document)
        documents.tell_saved(document)


async def was_saved(session: SessionContext, kept: Kept) -> bool:
    """Whether a text that was kept is in its file: a kill may come between writing that and noting it."""
    if kept.uri.scheme != "file":
        return False
    try:
        identity = await contents.identity_of(session, kept.uri)
        if identity is None or (kept.stamp is not None and identity == kept.stamp.identity):
            return False
        content, _ = await _encoded(kept.uri, kept.model, kept.encoding)
        return (await contents.read(session, kept.uri)).content == content
    except RoostError:
        return False


async def _encoded(uri: Uri, model: TextModel, encoding: str) -> tuple[bytes, bytes]:
    """What to write, and its digest."""

    def work() -> tuple[bytes, bytes]:
        content = encodings.encoded(uri.path, model.get_text(), encoding)
        return content, contents.digest(content)

    return await asyncio.to_thread(work)


async def save_or_tell(
    session: SessionContext,
    documents: Documents,
    document: TextDocument,
    reason: TextDocumentSaveReason = TextDocumentSaveReason.MANUAL,
) -> bool:
    """Save for an extension: False where it failed, and the user is told why. An untitled one asks them for a path."""
    try:
        if document.is_untitled and not document.uri.path.startswith("/"):
            return await ask_where(session, documents, document) is not None
        await documents.save(document, reason=reason)
    except RoostError as error:
        documents.tell_failed(document, str(error))
        return False
    return True


async def ask_where(session: SessionContext, documents: Documents, document: TextDocument) -> TextDocument | None:
    """Save a document as the file that the user names; None where they name none."""
    path = await ask(
        "window.showInputBox",
        {"prompt": f"Save {document.uri.basename()} as", "value": f"{session.workspace}/{document.uri.basename()}"},
    )
    if not isinstance(path, str) or not path:
        return None
    target = Uri.file(path if path.startswith("/") else f"{session.workspace}/{path}")
    overwrite = await contents.identity_of(session, target) is not None and await _may_replace(target)
    return await save_as(session, documents, document, target, overwrite=overwrite)


async def _may_replace(target: Uri) -> bool:
    question = f"{target.path} is there already. Replace it?"
    params = {"severity": "warning", "message": question, "items": ["Replace"], "modal": True}
    return bool(await ask("window.showMessage", params) == "Replace")
