"""What is heard of one user's documents: by extensions, and by the user's clients. It changes none."""

from __future__ import annotations

import logging
from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

from sessions.errors import RoostError
from sessions.jsontext import Json
from shim.document import TextDocument, TextDocumentChangeEvent, TextDocumentWillSaveEvent, wire_uri
from shim.enums import TextDocumentChangeReason
from shim.events import EventEmitter, HasEvents
from shim.extensions import Extensions
from shim.text import TextDocumentContentChangeEvent
from shim.waiting import WillEmitter

if TYPE_CHECKING:
    from sessions.context import SessionContext

log = logging.getLogger("roost.shim")

LARGEST_EVENT = 128 * 1024
"""Characters of a change that is told to clients word by word; of a larger one they are told to ask for the text."""


class Telling(HasEvents):
    """The events of `Documents`, which is one of these."""

    __slots__ = ("_changed", "_closed", "_opened", "_saved", "_session", "will_save")

    def __init__(self, session: SessionContext) -> None:
        self._session = session
        self._opened = EventEmitter[TextDocument]()
        self._changed = EventEmitter[TextDocumentChangeEvent]()
        self._closed = EventEmitter[TextDocument]()
        self._saved = EventEmitter[TextDocument]()
        self.will_save = WillEmitter[TextDocumentWillSaveEvent]()

    def end(self) -> None:
        """Nobody hears of anything any more."""
        for event in (self._opened, self._changed, self._closed, self._saved, self.will_save):
            event.dispose()

    @property
    def on_open(self) -> Any:
        """Fires with each document that is opened."""
        return self._opened.event

    @property
    def on_change(self) -> Any:
        """Fires with a `TextDocumentChangeEvent` when a text or its being dirty changes."""
        return self._changed.event

    @property
    def on_close(self) -> Any:
        """Fires with each document that is closed, or goes on in another language (then it is opened at once)."""
        return self._closed.event

    @property
    def on_save(self) -> Any:
        """Fires with each document that was saved."""
        return self._saved.event

    @property
    def on_will_save(self) -> Any:
        """Fires before a document is saved; listeners may make edits by `wait_until`."""
        return self.will_save.event

    def tell_saved(self, document: TextDocument) -> None:
        """Let everybody know that it is saved."""
        self.post("workspace.onDidSaveTextDocument", _told(document))
        self._saved.fire(document)

    def tell_failed(self, document: TextDocument, message: str) -> None:
        """Let the user know that it is not saved, and why; whoever asked is told so otherwise."""
        log.info("a document of %s is not saved: %s", self._session.uid, message)
        self.post("workspace.onDidFailToSave", {"uri": wire_uri(document.uri), "message": message})

    def tell_changed(
        self,
        document: TextDocument,
        changes: Sequence[TextDocumentContentChangeEvent] = (),
        reason: TextDocumentChangeReason | None = None,
    ) -> None:
        """Let everybody know what changed; no changes at all mean that only `is_dirty` did."""
        import orjson  # on first need only

        data = _told(document)
        if sum(len(change.text) for change in changes) > LARGEST_EVENT or len(changes) > 1_000:
            data["reload"] = True
        else:
            data["contentChanges"] = [_wire(change) for change in changes]
        if reason is not None:
            data["reason"] = int(reason)
        self.post("workspace.onDidChangeTextDocument", Json(orjson.dumps(data)))
        self._changed.fire(TextDocumentChangeEvent(document, tuple(changes), reason))

    def tell_opened(self, document: TextDocument) -> None:
        """Let everybody know that it is open."""
        data = _told(document) | {"languageId": document.language_id, "eol": int(document.eol)}
        self.post("workspace.onDidOpenTextDocument", data | {"lineCount": document.line_count})
        extensions = self._session.get(Extensions)
        extensions.begin_wake(f"onLanguage:{document.language_id}")
        extensions.begin_wake("onLanguage")
        self._opened.fire(document)

    def tell_closed(self, document: TextDocument) -> None:
        """Let everybody know that it is open no longer."""
        self.post("workspace.onDidCloseTextDocument", {"uri": wire_uri(document.uri)})
        self._closed.fire(document)

    def post(self, type: str, data: dict[str, Any] | Json) -> None:
        """Let the user's clients know; what the mailbox does not take is in the operator's log."""
        try:
            self._session.mailbox.post(type, data)
        except RoostError as error:  # the text is changed already: a client sees the gap in `version`
            log.warning("an event of %s is not told: %s", self._session.uid, error)


def _told(document: TextDocument) -> dict[str, Any]:
    return {"uri": document._wire_uri, "version": document.version, "isDirty": document.is_dirty}


def _wire(change: TextDocumentContentChangeEvent) -> dict[str, Any]:
    start, end = change.range.start, change.range.end
    return {
        "range": {
            "start": {"line": start.line, "character": start.character},
            "end": {"line": end.line, "character": end.character},
        },
        "rangeOffset": change.range_offset,
        "rangeLength": change.range_length,
        "text": change.text,
    }
