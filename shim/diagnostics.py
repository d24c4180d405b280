"""What is wrong in a text and what would mend it: `Diagnostic`, `CodeAction`. Collections of them are elsewhere."""

from __future__ import annotations

from collections.abc import Sequence
from typing import ClassVar

from sessions.errors import InvalidValue
from shim.edits import WorkspaceEdit
from shim.enums import DiagnosticSeverity, DiagnosticTag
from shim.ranges import Location, Range, as_range
from shim.types import Command, Kind
from shim.uri import Uri
from shim.values import Value, readonly, value


@value
class DiagnosticRelatedInformation(Value):
    """Another place that has to do with a diagnostic."""

    location: Location
    message: str

    def is_equal(self, other: DiagnosticRelatedInformation) -> bool:
        ours, theirs = self.location, other.location
        return self.message == other.message and (ours.range, str(ours.uri)) == (theirs.range, str(theirs.uri))


@readonly
class DiagnosticCode(Value):
    """A code that links to what explains it (`{value, target}` in VS Code)."""

    value: str | int
    target: Uri


@value
class Diagnostic(Value):
    """A problem at a place: `range` and `message` must be there."""

    range: Range
    message: str
    severity: DiagnosticSeverity = DiagnosticSeverity.ERROR
    source: str | None = None
    code: str | int | DiagnosticCode | None = None
    related_information: Sequence[DiagnosticRelatedInformation] | None = None
    tags: Sequence[DiagnosticTag] | None = None

    def check(self) -> None:
        self.range = as_range(self.range, "range")
        if not self.message or not isinstance(self.message, str):
            raise InvalidValue("message", "must be a text that says what is wrong")

    def is_equal(self, other: Diagnostic) -> bool:
        """Whether both say the same of the same place."""
        ours, theirs = self.related_information or (), other.related_information or ()
        return (
            all(getattr(self, name) == getattr(other, name) for name in ("message", "severity", "code", "source"))
            and self.range.is_equal(other.range)
            and list(self.tags or ()) == list(other.tags or ())
            and len(ours) == len(theirs)
            and all(our.is_equal(their) for our, their in zip(ours, theirs, strict=True))
        )


@readonly
class CodeActionKind(Kind):
    """What a code action is for, such as `refactor.extract`."""

    value: str

    EMPTY: ClassVar[CodeActionKind]
    QUICK_FIX: ClassVar[CodeActionKind]
    REFACTOR: ClassVar[CodeActionKind]
    REFACTOR_EXTRACT: ClassVar[CodeActionKind]
    REFACTOR_INLINE: ClassVar[CodeActionKind]
    REFACTOR_MOVE: ClassVar[CodeActionKind]
    REFACTOR_REWRITE: ClassVar[CodeActionKind]
    SOURCE: ClassVar[CodeActionKind]
    SOURCE_ORGANIZE_IMPORTS: ClassVar[CodeActionKind]
    SOURCE_FIX_ALL: ClassVar[CodeActionKind]
    NOTEBOOK: ClassVar[CodeActionKind]


CodeActionKind.EMPTY = CodeActionKind("")
CodeActionKind.QUICK_FIX = CodeActionKind("quickfix")
CodeActionKind.REFACTOR = CodeActionKind("refactor")
CodeActionKind.REFACTOR_EXTRACT = CodeActionKind("refactor.extract")
CodeActionKind.REFACTOR_INLINE = CodeActionKind("refactor.inline")
CodeActionKind.REFACTOR_MOVE = CodeActionKind("refactor.move")
CodeActionKind.REFACTOR_REWRITE = CodeActionKind("refactor.rewrite")
CodeActionKind.SOURCE = CodeActionKind("source")
CodeActionKind.SOURCE_ORGANIZE_IMPORTS = CodeActionKind("source.organizeImports")
CodeActionKind.SOURCE_FIX_ALL = CodeActionKind("source.fixAll")
CodeActionKind.NOTEBOOK = CodeActionKind("notebook")


@readonly
class CodeActionDisabled(Value):
    """Why a code action cannot be used now (`{reason}` in VS Code)."""

    reason: str


@value
class CodeAction(Value):
    """A change of code that is offered: an edit, a command, or both, the edit first."""

    title: str
    kind: CodeActionKind | None = None
    edit: WorkspaceEdit | None = None
    diagnostics: Sequence[Diagnostic] | None = None
    command: Command | None = None
    is_preferred: bool | None = None
    disabled: CodeActionDisabled | None = None
