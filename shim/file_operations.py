"""Who hears of files that an edit creates, renames and deletes: before it, when they may add to it, and after it."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

from shim.document import (
    FileCreateEvent,
    FileDeleteEvent,
    FileRename,
    FileRenameEvent,
    FileWillCreateEvent,
    FileWillDeleteEvent,
    FileWillRenameEvent,
)
from shim.documents import Documents, wire_uri
from shim.edits import FileEdit, ResourceEdit, WorkspaceEdit
from shim.events import EventEmitter, HasEvents
from shim.uri import Uri
from shim.waiting import WillEmitter

if TYPE_CHECKING:
    from sessions.context import SessionContext

BEFORE_S = 10.0
"""How long listeners of `on_will_create_files` and the like may hold up an edit, in seconds."""


class FileOperations(HasEvents):
    """One user's events of files that an edit creates, renames and deletes; `session.get(FileOperations)`."""

    __slots__ = ("_post", "created", "deleted", "renamed", "will_create", "will_delete", "will_rename")

    def __init__(self, session: SessionContext) -> None:
        self._post = session.get(Documents).post
        self.created = EventEmitter[FileCreateEvent]()
        self.deleted = EventEmitter[FileDeleteEvent]()
        self.renamed = EventEmitter[FileRenameEvent]()
        self.will_create = WillEmitter[FileWillCreateEvent]()
        self.will_delete = WillEmitter[FileWillDeleteEvent]()
        self.will_rename = WillEmitter[FileWillRenameEvent]()

    async def asked(self, steps: Sequence[FileEdit]) -> list[FileEdit | ResourceEdit]:
        """What listeners want to be changed before these steps are made."""
        created, deleted, renamed = _files(steps)
        results = []
        if created:
            results += await self.will_create.fire(lambda: FileWillCreateEvent(created), BEFORE_S)
        if deleted:
            results += await self.will_delete.fire(lambda: FileWillDeleteEvent(deleted), BEFORE_S)
        if renamed:
            results += await self.will_rename.fire(lambda: FileWillRenameEvent(renamed), BEFORE_S)
        return [step for result in results if isinstance(result, WorkspaceEdit) for step in result.steps]

    def tell(self, steps: Sequence[FileEdit]) -> None:
        """These steps were made: tell clients and extensions."""
        created, deleted, renamed = _files(steps)
        if created:
            self._post("workspace.onDidCreateFiles", {"files": [wire_uri(uri) for uri in created]})
            self.created.fire(FileCreateEvent(created))
        if deleted:
            self._post("workspace.onDidDeleteFiles", {"files": [wire_uri(uri) for uri in deleted]})
            self.deleted.fire(FileDeleteEvent(deleted))
        if renamed:
            pairs = [{"oldUri": wire_uri(one.old_uri), "newUri": wire_uri(one.new_uri)} for one in renamed]
            self._post("workspace.onDidRenameFiles", {"files": pairs})
            self.renamed.fire(FileRenameEvent(renamed))


def _files(steps: Sequence[FileEdit]) -> tuple[tuple[Uri, ...], tuple[Uri, ...], tuple[FileRename, ...]]:
    """The files that steps create, delete and rename."""
    files = [(step.old, step.new) for step in steps]
    return (
        tuple(new for old, new in files if old is None and new is not None),
        tuple(old for old, new in files if new is None and old is not None),
        tuple(FileRename(old, new) for old, new in files if old is not None and new is not None),
    )
