"""`TextDocument` and what its events carry: one user's view of a text. Who changes and keeps it is `Documents`."""

from __future__ import annotations

import asyncio
import re
from collections.abc import Sequence
from typing import TYPE_CHECKING, NamedTuple

from shim.enums import EndOfLine, TextDocumentChangeReason, TextDocumentSaveReason
from shim.ranges import AnyPosition, AnyRange, Position, Range
from shim.text import TextDocumentContentChangeEvent, TextLine, TextModel
from shim.thenable import Thenable
from shim.uri import Uri
from shim.values import Value, readonly
from shim.waiting import WillEvent

if TYPE_CHECKING:
    from shim.backups import Backup
    from shim.documents import Documents

LINE_COST = 64
"""What a line costs in memory besides its characters, in bytes."""


class Stamp(NamedTuple):
    """What a file was when its text was read or saved last: what `Contents` tells it by, and a digest of its bytes."""

    identity: tuple[int, ...] | None
    digest: bytes


class TextDocument:
    """VS Code's `TextDocument`: the text of a resource as it is now, saved or not. The same resource, the same object.

    Lines and characters count from 0, characters in UTF-16 units. It is read only: `workspace.apply_edit` changes it.
    """

    __slots__ = (
        "__weakref__",
        "_backup",
        "_closed",
        "_dirty",
        "_documents",
        "_encoding",
        "_holds",
        "_language_id",
        "_look",
        "_model",
        "_saving",
        "_size",
        "_stamp",
        "_uri",
        "_used",
    )

    def __init__(self, documents: Documents, uri: Uri, model: TextModel, language_id: str, encoding: str) -> None:
        self._documents = documents
        self._uri = uri
        self._model = model
        self._language_id = language_id
        self._encoding = encoding
        self._dirty = False
        self._closed = False
        self._stamp: Stamp | None = None
        self._backup: Backup | None = None
        self._holds = 0
        self._used = 0
        self._look = False
        self._saving: asyncio.Lock | None = None
        self._size = 0

    def _one_at_a_time(self) -> asyncio.Lock:
        """Held by who saves it or reads it again."""
        if self._saving is None:
            self._saving = asyncio.Lock()
        return self._saving

    @property
    def uri(self) -> Uri:
        return self._uri

    @property
    def file_name(self) -> str:
        """The path of the file; of an untitled document, its name."""
        return self._uri.fs_path

    @property
    def is_untitled(self) -> bool:
        """Whether it has never been saved and has no file."""
        return self._uri.scheme == "untitled"

    @property
    def language_id(self) -> str:
        return self._language_id

    @property
    def encoding(self) -> str:
        """VS Code's name of what it is saved in, such as 'utf8' or 'utf8bom'."""
        return self._encoding

    @property
    def version(self) -> int:
        """Grows with every change of the text, also when one is undone."""
        return self._model.version

    @property
    def is_dirty(self) -> bool:
        """Whether it has changes that are not saved."""
        return self._dirty

    @property
    def is_closed(self) -> bool:
        """Whether it is no longer kept up: a new one of the same resource is another object."""
        return self._closed

    @property
    def eol(self) -> EndOfLine:
        """How its lines end."""
        return self._model.eol

    @property
    def line_count(self) -> int:
        return self._model.line_count

    def save(self) -> Thenable[bool]:
        """Write it to its file. False where that failed, as where the file was changed by somebody else meanwhile.

        Of an untitled document the user is asked for a path. Raises `InvalidValue` of a closed one.
        """
        return self._documents.begin_save(self)

    def get_text(self, range: AnyRange | None = None) -> str:
        """All of it, or the part of it that lies within `range`."""
        return self._model.get_text(range)

    def line_at(self, line: int | AnyPosition) -> TextLine:
        """A line by its number or by a position on it; raises `InvalidValue` where there is none."""
        return self._model.line_at(line)

    def offset_at(self, position: AnyPosition) -> int:
        """How far from the beginning a position is."""
        return self._model.offset_at(position)

    def position_at(self, offset: float) -> Position:
        """The position at an offset, cut to what there is."""
        return self._model.position_at(offset)

    def get_word_range_at_position(
        self, position: AnyPosition, regex: re.Pattern[str] | str | None = None
    ) -> Range | None:
        """The word that is at a position or ends there, by `regex` if given; it may not match the empty string."""
        return self._model.get_word_range_at_position(position, regex)

    def validate_position(self, position: AnyPosition) -> Position:
        """The position itself, or the nearest one that exists."""
        return self._model.validate_position(position)

    def validate_range(self, range: AnyRange) -> Range:
        """The range itself, or one of the nearest positions that exist."""
        return self._model.validate_range(range)

    def __repr__(self) -> str:
        return f"TextDocument({str(self._uri)!r}, {self._language_id}, version {self.version})"


@readonly
class TextDocumentChangeEvent(Value):
    """That a text changed, the last place first; no changes at all where only `is_dirty` did."""

    document: TextDocument
    content_changes: Sequence[TextDocumentContentChangeEvent]
    reason: TextDocumentChangeReason | None = None


class TextDocumentWillSaveEvent(WillEvent):
    """That a document is about to be saved: `wait_until` takes an awaitable of TextEdits to make before, or of None."""

    __slots__ = ("document", "reason")

    def __init__(self, document: TextDocument, reason: TextDocumentSaveReason) -> None:
        super().__init__()
        self.document = document
        self.reason = reason


@readonly
class FileCreateEvent(Value):
    """Files that were created."""

    files: tuple[Uri, ...]


@readonly
class FileDeleteEvent(Value):
    """Files that were deleted."""

    files: tuple[Uri, ...]


@readonly
class FileRename(Value):
    """A file that has another name."""

    old_uri: Uri
    new_uri: Uri


@readonly
class FileRenameEvent(Value):
    """Files that were renamed."""

    files: tuple[FileRename, ...]


class FileWillCreateEvent(WillEvent):
    """That files are about to be created: `wait_until` takes an awaitable of a WorkspaceEdit to apply before."""

    __slots__ = ("files",)

    def __init__(self, files: tuple[Uri, ...]) -> None:
        super().__init__()
        self.files = files


class FileWillDeleteEvent(FileWillCreateEvent):
    """The same of files that are about to be deleted."""

    __slots__ = ()


class FileWillRenameEvent(WillEvent):
    """The same of files that are about to be renamed."""

    __slots__ = ("files",)

    def __init__(self, files: tuple[FileRename, ...]) -> None:
        super().__init__()
        self.files = files
