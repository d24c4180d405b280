"""`TextEditor`: a document as it is shown in the user's window. What is shown where `Tabs` knows, texts `Documents`."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import TYPE_CHECKING, Any

from sessions.current import current_session
from sessions.errors import InvalidValue
from sessions.jsontext import Json
from shim import bulk
from shim.configuration import get_configuration
from shim.decorations import Decorated, TextEditorDecorationType, as_decorations, told
from shim.document import TextDocument, TextDocumentChangeEvent
from shim.documents import wire_uri
from shim.editing import Moves, TextEditorEdit, check_apart
from shim.editor_options import TextEditorOptions
from shim.edits import SnippetString, TextEdit, WorkspaceEdit
from shim.enums import TextEditorRevealType, TextEditorSelectionChangeKind, ViewColumn
from shim.indentation import indentation
from shim.ranges import AnyPosition, AnyRange, Position, Range, Selection, as_range
from shim.surface import Piece, packed
from shim.thenable import Thenable, thenable
from shim.uri import Uri
from shim.values import ReadOnly, Value, readonly

if TYPE_CHECKING:
    from shim.showing import Editors
    from shim.tab import Tab

MOST_SELECTIONS = 10_000
"""Cursors of one editor."""


class TextEditor(Piece):
    """VS Code's `TextEditor`, as long as its tab is open."""

    __slots__ = ("_decorations", "_document", "_editors", "_options", "_selections", "_visible", "side", "tab")

    kind = "textEditor"

    document = ReadOnly[TextDocument]()

    def __init__(self, editors: Editors, document: TextDocument, side: str) -> None:
        super().__init__()
        self.extension = None  # it is the user's, whoever opened it
        self._editors = editors
        self._document = document
        self.side = side
        """`text`, or of a diff `original` or `modified`. Not in VS Code."""
        self.tab: Tab | None = None
        self._selections: tuple[Selection, ...] = (Selection(0, 0, 0, 0),)
        self._visible: tuple[Range, ...] | None = None
        self._options = TextEditorOptions(**_indentation(document))
        self._decorations: dict[str, Json] = {}

    def state(self) -> Mapping[str, Any] | None:
        if self.tab is None:
            return None
        marks = {f"decorations.{key}": ranges for key, ranges in self._decorations.items()}
        return {
            "tab": self.tab.handle,
            "side": self.side,
            "uri": wire_uri(self.document.uri),
            "viewColumn": self.view_column,
            "selections": self._told_selections(),
            "options": self._options.to_json(),
            **marks,
        }

    def _told_selections(self) -> list[dict[str, Any]]:
        return [{"anchor": _place(one.anchor), "active": _place(one.active)} for one in self._selections]

    @property
    def view_column(self) -> ViewColumn | None:
        """Where it is; None where it is not shown any more."""
        return self.tab.group.view_column if self.tab is not None else None

    # -- what is selected, seen and set

    @property
    def selections(self) -> tuple[Selection, ...]:
        """What is selected; the first is the primary one."""
        return self._selections

    @selections.setter
    def selections(self, selections: Iterable[Selection]) -> None:
        self.select(selections, TextEditorSelectionChangeKind.COMMAND)
        self._surface.reveal(self, selections=self._told_selections())

    @property
    def selection(self) -> Selection:
        """The primary selection; setting it leaves no other."""
        return self._selections[0]

    @selection.setter
    def selection(self, selection: Selection) -> None:
        self.selections = (selection,)

    def select(self, selections: Iterable[Selection], kind: TextEditorSelectionChangeKind | None) -> None:
        """Select these, cut to what there is, and tell so. Raises `InvalidValue` of what is no selection, or none."""
        given = tuple(selections)
        if not given or len(given) > MOST_SELECTIONS or not all(isinstance(one, Selection) for one in given):
            raise InvalidValue("selections", f"must be 1 to {MOST_SELECTIONS} Selections")
        valid = self.document.validate_position
        found = tuple(Selection(valid(one.anchor), valid(one.active)) for one in given)
        if found != self._selections:
            self._selections = found
            self.changed()
            self._editors.tell_selected(self, kind)

    @property
    def visible_ranges(self) -> tuple[Range, ...]:
        """What of the text a client shows; all of it before any has told."""
        return self._visible or (Range(0, 0, self.document.line_count - 1, 0),)

    def look_at(self, ranges: Iterable[Range]) -> None:
        """A client shows these parts of the text."""
        found = tuple(self.document.validate_range(one) for one in ranges)
        if found and found != self._visible:
            self._visible = found
            self._editors.tell_scrolled(self)

    @property
    def options(self) -> TextEditorOptions:
        return self._options.heard_by(self._options_set)  # held by whoever asks: kept here, each would hold the other

    @options.setter
    def options(self, options: TextEditorOptions | Mapping[str, Any]) -> None:
        given = options._values if isinstance(options, TextEditorOptions) else options
        if self._options.update(given):
            self._options_set()

    def _options_set(self) -> None:
        self.changed()
        self._editors.tell_options(self)

    def follow(self, event: TextDocumentChangeEvent) -> None:
        """The text was changed: what is selected stays the same text."""
        moves = Moves(event.content_changes)
        found = tuple(dict.fromkeys(moves.selection(one) for one in self._selections))
        valid = self.document.validate_position
        found = tuple(Selection(valid(one.anchor), valid(one.active)) for one in found)
        if found != self._selections:
            self._selections = found
            self.changed()
            self._editors.tell_selected(self, None)

    # -- what extensions do

    def edit(
        self,
        callback: Callable[[TextEditorEdit], object],
        *,
        undo_stop_before: bool = True,
        undo_stop_after: bool = True,
    ) -> Thenable[bool]:
        """Make the edits that `callback(edit_builder)` asks for, all at once.

        False where the text has changed since; raises `InvalidValue` of ranges that overlap.
        """
        self._check_open()
        builder = TextEditorEdit(self.document)
        callback(builder)
        builder.close()
        return thenable(self._apply(builder.edits, builder.version), "TextEditor.edit")

    def _check_open(self) -> None:
        if self.tab is None:
            raise InvalidValue("edit", "is not possible in a closed editor; show the document again")

    async def _apply(self, edits: Sequence[TextEdit], version: int) -> bool:
        if not edits:
            return self.document.version == version
        wanted = WorkspaceEdit()
        wanted.set(self.document.uri, list(edits))
        try:
            await bulk.apply_edit(current_session(), wanted, versions={self.document.uri: version})
        except bulk.NotApplied:
            return False
        return True

    def insert_snippet(
        self,
        snippet: SnippetString,
        location: AnyPosition | AnyRange | Sequence[AnyPosition] | Sequence[AnyRange] | None = None,
        *,
        undo_stop_before: bool = True,
        undo_stop_after: bool = True,
        keep_whitespace: bool = False,
    ) -> Thenable[bool]:
        """Put a snippet at one place or several, by default at what is selected; its first place to fill in is selected
        then. Lines after its first are indented as the line it stands on, unless `keep_whitespace`."""
        self._check_open()
        ranges = self._places(location)
        check_apart(ranges)
        return thenable(
            self._insert(snippet, ranges, keep_whitespace, self.document.version), "TextEditor.insert_snippet"
        )

    def _places(self, location: Any) -> list[Range]:
        if location is None:
            return list(self._selections)
        several = isinstance(location, Sequence) and not isinstance(location, Range | Position)
        return [Range(one, one) if isinstance(one, Position) else as_range(one, "location")
                for one in (location if several else (location,))]  # fmt: skip

    async def _insert(self, snippet: SnippetString, ranges: list[Range], keep: bool, version: int) -> bool:
        from shim.snippet_variables import variables  # on need: few edits are snippets
        from shim.snippets import expanded

        texts = []
        for one, values in zip(ranges, variables(current_session(), self.document, ranges), strict=True):
            indent = "" if keep else self._indent(one.start.line)
            texts.append(expanded(snippet.value.replace("\n", f"\n{indent}"), values))
        edits = [TextEdit.replace(one, text.text) for one, text in zip(ranges, texts, strict=True)]
        first = min(zip(ranges, texts, strict=True), key=lambda pair: (pair[0].start.line, pair[0].start.character))
        begin = self.document.offset_at(first[0].start)
        if not await self._apply(edits, version):
            return False
        if first[1].tabstops:
            stop = first[1].tabstops[0]
            places = [self.document.position_at(begin + offset) for offset in (stop.start, stop.end)]
            self.selection = Selection(places[0], places[1])
        return True

    def _indent(self, line: int) -> str:
        text = self.document.line_at(min(line, self.document.line_count - 1))
        return text.text[: text.first_non_whitespace_character_index]

    def set_decorations(
        self, decoration_type: TextEditorDecorationType, ranges_or_options: Iterable[Decorated]
    ) -> None:
        """Mark these ranges, and no others, in a way."""
        if not isinstance(decoration_type, TextEditorDecorationType):
            raise InvalidValue("decoration_type", "must come from window.create_text_editor_decoration_type")
        found = as_decorations(ranges_or_options)
        if found and not decoration_type.disposed:
            self._decorations[decoration_type.key] = packed(found)
        else:
            self._decorations.pop(decoration_type.key, None)
        self.changed()

    def reveal_range(self, range: AnyRange, reveal_type: TextEditorRevealType = TextEditorRevealType.DEFAULT) -> None:
        """Ask the clients to scroll to a range."""
        valid = self.document.validate_range(range)
        self._surface.reveal(self, range=told(valid), revealType=TextEditorRevealType(reveal_type))

    def bring(self, *, preserve_focus: bool = False, original: Uri | None = None) -> None:
        """Ask the clients to show it, as an extension does, beside what it was where that is given; with
        `preserve_focus` where the user is not disturbed."""
        where: dict[str, Any] = {"uri": wire_uri(self.document.uri), "selections": self._told_selections()}
        if original is not None:
            where["original"] = wire_uri(original)
        self._surface.reveal(self, preserveFocus=preserve_focus, **where)

    def show(self, column: ViewColumn | None = None) -> None:
        """VS Code's old way to show it; `window.show_text_document` is the new one."""
        self._editors.show_again(self, column)
        self.bring()

    def hide(self) -> None:
        """VS Code's old way to close it; `window.tab_groups.close` is the new one."""
        self._editors.hide(self)


def _place(position: Position) -> dict[str, int]:
    return {"line": position.line, "character": position.character}


def _indentation(document: TextDocument) -> dict[str, Any]:
    found = indentation(document, get_configuration("editor", document))
    return {"tab_size": found.size, "indent_size": found.size, "insert_spaces": found.spaces}


@readonly
class TextEditorSelectionChangeEvent(Value):
    """Something else is selected; `kind` is None where the text moved."""

    text_editor: TextEditor
    selections: Sequence[Selection]
    kind: TextEditorSelectionChangeKind | None


@readonly
class TextEditorVisibleRangesChangeEvent(Value):
    """Other parts of a text are seen."""

    text_editor: TextEditor
    visible_ranges: Sequence[Range]


@readonly
class TextEditorOptionsChangeEvent(Value):
    """An editor has other options."""

    text_editor: TextEditor
    options: TextEditorOptions


@readonly
class TextEditorViewColumnChangeEvent(Value):
    """An editor is in another column."""

    text_editor: TextEditor
    view_column: ViewColumn
