"""Hot exit: unsaved text in the user's store, so that what was acknowledged survives a killed host and a sleep.

A text is kept as it was once, and then edit by edit; when those grow too many it is kept whole again.
"""

from __future__ import annotations

import asyncio
import json
import logging
import time
from collections.abc import Iterable, Sequence
from itertools import groupby
from typing import TYPE_CHECKING, Any, NamedTuple

from sessions.tasks import settle
from shim.document import Stamp, TextDocument
from shim.edits import TextEdit
from shim.enums import EndOfLine
from shim.ranges import Range
from shim.reading import size_of
from shim.text import TextModel
from shim.uri import Uri

if TYPE_CHECKING:
    from sessions.context import SessionContext
    from sessions.store import Statement

log = logging.getLogger("roost.shim")


JOURNAL_BYTES = 256 * 1024
"""Bytes of edits, besides as many as the text has, after which it is kept whole again."""

SOON_S = 0.01
"""What is not worth waiting for, in seconds."""

LARGE = 64 * 1024
"""Characters of a text that is put together in a thread."""

PUT = (
    "INSERT INTO kv (namespace, scope, key, value) VALUES ('workspace', 'backup', ?, ?)"
    " ON CONFLICT DO UPDATE SET value = excluded.value"
)
DROP = "DELETE FROM kv WHERE namespace = 'workspace' AND scope = 'backup' AND key >= ? AND key < ?"


class Kept(NamedTuple):
    """An unsaved text as it was kept."""

    uri: Uri
    model: TextModel
    language_id: str
    encoding: str
    stamp: Stamp | None
    number: int
    """Of the document, among the user's backups."""
    row: int
    """Of its newest row."""


class Backup:
    """The rows of one document. At most one write of it is under way; what comes meanwhile goes into the next."""

    __slots__ = (
        "_document",
        "_edits",
        "_flight",
        "_hurry",
        "_journal",
        "_next",
        "_number",
        "_over",
        "_row",
        "_session",
        "_wrote",
    )

    def __init__(self, session: SessionContext, document: TextDocument, number: int, row: int = 0) -> None:
        self._session = session
        self._document = document
        self._number = number
        self._row = row
        self._edits: list[bytes] | None = None
        """What is not yet written, or None where the whole text must be."""
        self._journal = 0
        self._next: asyncio.Future[None] | None = None
        self._flight: asyncio.Future[None] | None = None
        self._hurry: asyncio.Future[None] | None = None
        self._over = False
        self._wrote = 0.0

    def note(self, edits: Sequence[TextEdit] | None = None) -> asyncio.Future[None]:
        """Keep what was just done to the text, or all of it; the future is done once that is on the disk.

        It raises `StoreError`, `Overloaded`, or `FileSystemError` with NoSpace; the next one tries the whole text.
        """
        import orjson  # on first need only

        if edits is None or size_of(edits) > LARGE:
            self._edits = None  # what is large is put together in a thread
        elif self._edits is not None:
            row = orjson.dumps([[*_places(edit.range), edit.new_text, edit.new_eol] for edit in edits])
            self._edits.append(row)
            self._journal += len(row)
        if self._journal > JOURNAL_BYTES + self._document._size:
            self._edits = None
        if self._next is None:
            self._next = asyncio.get_running_loop().create_future()
        promise = self._next
        if self._flight is None:
            self._flight = self._session.promise(self._write(), "keep unsaved text")
        return promise

    async def drop(self) -> None:
        """Forget it: the text is saved, or nobody wants it. Done once it is off the disk."""
        self._over = True
        if self._hurry is not None and not self._hurry.done():
            self._hurry.set_result(None)
        if self._flight is not None:
            await asyncio.wait([self._flight])
        await self._session.store.write(*gone(self._number))

    async def _write(self) -> None:
        try:
            while self._next is not None and not self._over:
                await self._gather()
                promise, self._next = self._next, None
                await self._write_some(promise)
                self._wrote = time.monotonic()
        finally:
            self._flight = None
            if self._next is not None:
                if self._over:
                    settle(self._next, None)
                else:
                    self._next.cancel()

    async def _gather(self) -> None:
        """Let more edits come where many users write: one commit for several costs the host a fraction."""
        wait = self._wrote + self._session.store.pause_s - time.monotonic()
        if wait > SOON_S:
            self._hurry = asyncio.get_running_loop().create_future()
            await asyncio.wait([self._hurry], timeout=wait)
            self._hurry = None

    async def _write_some(self, promise: asyncio.Future[None]) -> None:
        edits, self._edits = self._edits, []
        try:
            statements = await self._whole() if edits is None else [(PUT, (self._key(), b"E" + _joined(edits)))]
            await self._session.store.write_all(statements)
        except Exception as error:  # noqa: BLE001  whatever it is belongs to who waits for the text to be kept
            self._edits = None
            settle(promise, error)
        except BaseException:
            promise.cancel()
            raise
        else:
            settle(promise, None)

    async def _whole(self) -> list[Statement]:
        self._journal = 0
        document = self._document
        model, head = document._model.copy(), json.dumps(_head(document)).encode()
        text = await _text(model, document._size)
        key = self._key()
        return [(DROP, (_key(self._number), key)), (PUT, (key, b"W" + head + b"\n" + text))]

    def _key(self) -> str:
        self._row += 1
        return f"{_key(self._number)}{self._row:012}"


def gone(number: int) -> Statement:
    """What takes all rows of a document away."""
    return DROP, (_key(number), _key(number + 1))


def restored(uid: str, rows: Iterable[tuple[str, bytes]]) -> list[Kept]:
    """The unsaved texts in rows of keys in order. What cannot be read stays where it is; the operator's log has it."""
    kept = []
    for number, own in groupby(rows, lambda row: number_of(row[0])):
        try:
            kept.append(_replayed(number, list(own)))
        except (ValueError, KeyError, IndexError, TypeError) as error:
            log.error("an unsaved text of %s cannot be read and is left in the store: %r", uid, error)
    return kept


def _replayed(number: int, rows: list[tuple[str, bytes]]) -> Kept:
    newest, values = int(rows[-1][0].partition("/")[2]), [value for _, value in rows]
    head_json, _, text = values[0][1:].partition(b"\n")
    head = json.loads(head_json)
    model = TextModel(text.decode(), head["version"])
    model.eol = EndOfLine(head["eol"])
    for value in values[1:]:
        for edits in json.loads(value[1:]):
            model.apply([_edit(*edit) for edit in edits])
    stamp = head["stamp"] and Stamp(tuple(head["stamp"][0] or ()) or None, bytes.fromhex(head["stamp"][1]))
    return Kept(Uri.from_(head["uri"]), model, head["languageId"], head["encoding"], stamp or None, number, newest)


def _head(document: TextDocument) -> dict[str, Any]:
    stamp = document._stamp
    return {
        "uri": document.uri.to_json(),
        "version": document.version,
        "languageId": document.language_id,
        "encoding": document.encoding,
        "eol": document.eol,
        "stamp": stamp and [stamp.identity, stamp.digest.hex()],
    }


def _places(range: Range) -> list[int]:
    return [range.start.line, range.start.character, range.end.line, range.end.character]


def _edit(line: int, character: int, end_line: int, end_character: int, text: str, eol: int | None) -> TextEdit:
    edit = TextEdit(Range(line, character, end_line, end_character), text)
    edit.new_eol = None if eol is None else EndOfLine(eol)
    return edit


def _joined(rows: Sequence[bytes]) -> bytes:
    return b"[" + b",".join(rows) + b"]"


async def _text(model: TextModel, size: int) -> bytes:
    return await asyncio.to_thread(_encoded, model) if size > LARGE else _encoded(model)


def _encoded(model: TextModel) -> bytes:
    return model.get_text().encode()


def _key(number: int) -> str:
    return f"{number:012}/"


def number_of(key: str) -> int:
    """The number of the document that a row belongs to."""
    return int(key.partition("/")[0])
