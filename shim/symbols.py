"""What a text is made of, as language providers say it: symbols, their hierarchies, highlights, folds, links."""

from __future__ import annotations

import re
from collections.abc import Sequence

from sessions.errors import InvalidValue
from shim.enums import DocumentHighlightKind, FoldingRangeKind, SymbolKind, SymbolTag
from shim.ranges import Location, Range, as_range
from shim.types import Color, Command
from shim.uri import Uri, as_uri
from shim.values import Value, field, readonly, value


@value
class SymbolInformation(Value):
    """A named thing of a program and where it is."""

    name: str
    kind: SymbolKind
    container_name: str | None
    location: Location
    tags: Sequence[SymbolTag] | None = None

    def __init__(
        self,
        name: str,
        kind: SymbolKind,
        container_name: str | Range | None,
        location: Location | Uri | None = None,
        old_container_name: str | None = None,
    ) -> None:
        """VS Code's older form too: `(name, kind, range, uri, container_name)`."""
        if not name:
            raise InvalidValue("name", "must not be empty")
        self.name = name
        self.kind = kind
        self.container_name = old_container_name if isinstance(container_name, Range) else container_name
        if isinstance(location, Location):
            self.location = location
        else:
            self.location = Location(location, as_range(container_name, "range"))  # type: ignore[arg-type]


@value
class DocumentSymbol(Value):
    """A named thing of a document, with what is inside it."""

    name: str
    detail: str
    kind: SymbolKind
    range: Range
    selection_range: Range
    tags: Sequence[SymbolTag] | None = None
    children: list[DocumentSymbol] = field(default_factory=list)

    def check(self) -> None:
        if not self.name:
            raise InvalidValue("name", "must not be empty")
        if not self.range.contains(self.selection_range):
            raise InvalidValue("selection_range", "must lie within range")


@value
class CallHierarchyItem(Value):
    """A function that calls others or is called."""

    kind: SymbolKind
    name: str
    detail: str | None
    uri: Uri
    range: Range
    selection_range: Range
    tags: Sequence[SymbolTag] | None = None


@value
class CallHierarchyIncomingCall(Value):
    """Who calls, and where in it."""

    from_: CallHierarchyItem
    from_ranges: Sequence[Range]


@value
class CallHierarchyOutgoingCall(Value):
    """Who is called, and where in the caller."""

    to: CallHierarchyItem
    from_ranges: Sequence[Range]


@value
class TypeHierarchyItem(Value):
    """A type that has types above or below it."""

    kind: SymbolKind
    name: str
    detail: str | None
    uri: Uri
    range: Range
    selection_range: Range
    tags: Sequence[SymbolTag] | None = None


@value
class DocumentHighlight(Value):
    """A place to highlight, and whether it is read or written there."""

    range: Range
    kind: DocumentHighlightKind = DocumentHighlightKind.TEXT


@value
class FoldingRange(Value):
    """Lines that fold into their first, the last of them included."""

    start: int
    end: int
    kind: FoldingRangeKind | None = None


@value
class SelectionRange(Value):
    """A range to select, and the next larger one around it."""

    range: Range
    parent: SelectionRange | None = None

    def check(self) -> None:
        if self.parent and not self.parent.range.contains(self.range):
            raise InvalidValue("parent", "must contain range")


@readonly
class LinkedEditingRanges(Value):
    """Ranges that change together."""

    ranges: Sequence[Range]
    word_pattern: re.Pattern[str] | None = None


@value
class DocumentLink(Value):
    """A range that leads somewhere; without a target the provider is asked for it later."""

    range: Range
    target: Uri | None = None
    tooltip: str | None = None

    def check(self) -> None:
        if self.target is not None:
            as_uri(self.target, "target")
        if as_range(self.range, "range").is_empty:
            raise InvalidValue("range", "must not be empty")


@value
class CodeLens(Value):
    """A command shown between lines; without one it is not resolved yet."""

    range: Range
    command: Command | None = None

    @property
    def is_resolved(self) -> bool:
        return self.command is not None


@value
class ColorInformation(Value):
    """A range that says a colour."""

    range: Range
    color: Color

    def check(self) -> None:
        if not isinstance(self.color, Color):
            raise InvalidValue("color", f"must be a Color, not {type(self.color).__name__}")
        if as_range(self.range, "range").is_empty:
            raise InvalidValue("range", "must not be empty")
