"""`vscode.window`'s text editors: which there are, which is active, and how a document comes to be shown."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from sessions.current import current_session
from sessions.errors import InvalidValue
from shim.document import TextDocument, TextDocumentChangeEvent
from shim.documents import Documents
from shim.editors import (
    TextEditor,
    TextEditorOptionsChangeEvent,
    TextEditorSelectionChangeEvent,
    TextEditorViewColumnChangeEvent,
    TextEditorVisibleRangesChangeEvent,
)
from shim.enums import TextEditorSelectionChangeKind, ViewColumn
from shim.events import EventEmitter, HasEvents, of_user
from shim.ranges import AnyRange, Selection, as_range
from shim.tab import Tab
from shim.tabs import Tabs
from shim.thenable import Thenable, thenable
from shim.types import TabInputText, TabInputTextDiff
from shim.uri import Uri, as_uri
from shim.values import Value, value

if TYPE_CHECKING:
    from sessions.context import SessionContext


class Shown:
    """What a tab with text shows: an editor, or the two of a diff; the last is the one to type in."""

    __slots__ = ("_holds", "editors")

    def __init__(self, documents: Documents, editors: list[TextEditor]) -> None:
        self.editors = editors
        self._holds = [documents.hold(editor.document) for editor in editors]

    def closed(self) -> None:
        """The tab is closed: the documents may be, too."""
        for hold in self._holds:
            hold.dispose()
        for editor in self.editors:
            editor.tab = None
            editor.dispose()


class Editors(HasEvents):
    """The text editors of one user."""

    __slots__ = (
        "_columns",
        "_documents",
        "_places",
        "_tabs",
        "_unmarked",
        "activated",
        "active",
        "moved",
        "options_set",
        "scrolled",
        "selected",
        "visibility",
        "visible",
    )

    def __init__(self, session: SessionContext) -> None:
        self._documents = session.get(Documents)
        self._tabs = session.get(Tabs)
        self._columns: dict[TextEditor, ViewColumn] = {}
        self._places: dict[TextEditor, Any] = {}
        self._unmarked: dict[TextEditor, None] = {}
        """Those whose tabs may not say yet whether their texts are saved."""
        self.active: TextEditor | None = None
        """The one that the user is in."""
        self.visible: tuple[TextEditor, ...] = ()
        """Those that are shown, column by column."""
        self.activated = EventEmitter[TextEditor | None]()
        self.visibility = EventEmitter[tuple[TextEditor, ...]]()
        self.selected = EventEmitter[TextEditorSelectionChangeEvent]()
        self.scrolled = EventEmitter[TextEditorVisibleRangesChangeEvent]()
        self.options_set = EventEmitter[TextEditorOptionsChangeEvent]()
        self.moved = EventEmitter[TextEditorViewColumnChangeEvent]()
        self._tabs.changed.append(self._look)
        with session.entered():
            self._documents.on_change(self._text_changed)
            self._documents.on_save(self._saved)
            self._documents.on_close(self._document_closed)

    async def close(self) -> None:
        """The session ends: nothing is shown any more."""
        self.active, self.visible = None, ()
        for kept in (self._columns, self._places, self._unmarked):
            kept.clear()

    # -- how a document comes to be shown

    async def show(
        self,
        what: TextDocument | Uri,
        column: int | None = None,
        *,
        preserve_focus: bool = False,
        preview: bool = True,
        selection: AnyRange | None = None,
    ) -> TextEditor:
        """Show a document in a column, and give its editor. Raises `FileSystemError` of what cannot be opened."""
        document = await self._documents.open(what if isinstance(what, Uri) else what.uri)
        self._mark()
        tab = self._tabs.open(
            TabInputText(document.uri),
            document.uri.basename(),
            column,
            content=lambda: Shown(self._documents, [TextEditor(self, document, "text")]),
            preview=preview and not document.is_dirty,
            preserve_focus=preserve_focus,
        )
        return self._shown(tab, selection)

    async def diff(self, original: Uri, modified: Uri, title: str | None, **more: Any) -> TextEditor:
        """Show two documents side by side, and give the editor of the second."""
        before, after = await self._documents.open(original), await self._documents.open(modified)
        self._mark()
        tab = self._tabs.open(
            TabInputTextDiff(before.uri, after.uri),
            title or f"{before.uri.basename()} ↔ {after.uri.basename()}",
            more.pop("column", None),
            content=lambda: Shown(
                self._documents, [TextEditor(self, before, "original"), TextEditor(self, after, "modified")]
            ),
            preview=more.get("preview", True) and not after.is_dirty,
            preserve_focus=bool(more.get("preserve_focus")),
        )
        return self._shown(tab, more.get("selection"))

    def _shown(self, tab: Tab, selection: AnyRange | None) -> TextEditor:
        self._adopt(tab)
        editor: TextEditor = tab.content.editors[-1]
        if selection is not None:
            range = as_range(selection, "selection")
            wanted = range if isinstance(range, Selection) else Selection(range.start, range.end)
            editor.select((wanted,), TextEditorSelectionChangeKind.COMMAND)
            editor.reveal_range(wanted)
        return editor

    def _adopt(self, tab: Tab) -> None:
        """Let the editors of a tab know where they are."""
        for editor in tab.content.editors:
            if editor.tab is not tab:
                editor.tab = tab
                editor.changed()
        self._unmarked |= dict.fromkeys(tab.content.editors)
        self._mark()

    def find(self, handle: str) -> TextEditor:
        """The editor of this handle; raises `InvalidValue` where there is none."""
        for editor in self._all():
            if editor.handle == handle:
                return editor
        raise InvalidValue("editor", "names no text editor of this user; `window.surface` lists them")

    def show_again(self, editor: TextEditor, column: ViewColumn | None) -> None:
        """VS Code's `TextEditor.show`."""
        if editor.tab is not None:
            if column not in (None, editor.view_column, ViewColumn.ACTIVE):
                self._tabs.move(editor.tab, int(column or 0))
            self._tabs.show(editor.tab)

    def hide(self, editor: TextEditor) -> None:
        """VS Code's `TextEditor.hide`."""
        if editor.tab is not None:
            self._tabs.shut(editor.tab)

    # -- what happens to them

    def _all(self) -> list[TextEditor]:
        tabs = (tab for group in self._tabs.groups for tab in group.tabs)
        return [editor for tab in tabs if isinstance(tab.content, Shown) for editor in tab.content.editors]

    def _look(self) -> None:
        """Tabs were changed: see who is shown now, and tell what is other than before."""
        for group in self._tabs.groups:
            for tab in group.tabs:
                if isinstance(tab.content, Shown):
                    for editor in tab.content.editors:
                        editor.tab = tab
        visible = tuple(
            editor
            for group in self._tabs.groups
            if group.active_tab is not None and isinstance(group.active_tab.content, Shown)
            for editor in group.active_tab.content.editors
        )
        front = self._tabs.active.active_tab
        active = front.content.editors[-1] if front is not None and isinstance(front.content, Shown) else None
        places = self._places
        self._places = {editor: (editor.tab, editor.view_column) for editor in self._all()}
        for editor, place in self._places.items():
            if places.get(editor) != place:
                editor.changed()
        self._tell(visible, active)

    def _tell(self, visible: tuple[TextEditor, ...], active: TextEditor | None) -> None:
        before, self.visible = self.visible, visible
        was, self.active = self.active, active
        columns, self._columns = self._columns, {one: one.view_column for one in visible if one.view_column is not None}
        if visible != before:
            self.visibility.fire(visible)
        if active is not was:
            if was is not None:
                self._documents.auto_save.left(was.document)
            self.activated.fire(active)
        for editor, column in list(self._columns.items()):
            if columns.get(editor, column) != column:
                self.moved.fire(TextEditorViewColumnChangeEvent(editor, column))

    def _text_changed(self, event: TextDocumentChangeEvent) -> None:
        if event.content_changes:
            for editor in self._of(event.document):
                editor.follow(event)
        self._saved(event.document)

    def _of(self, document: TextDocument) -> list[TextEditor]:
        return [editor for editor in self._all() if editor.document is document]

    def _saved(self, document: TextDocument) -> None:
        """A text is saved, or is not any more: tabs say so soon, those of all that one edit changes at once."""
        if not self._unmarked:
            asyncio.get_running_loop().call_soon(self._mark)
        self._unmarked |= dict.fromkeys(self._of(document))

    def _mark(self) -> None:
        """Let tabs say what is not saved."""
        unmarked, self._unmarked = self._unmarked, {}
        wrong = [
            (editor.tab, editor.document.is_dirty)
            for editor in unmarked
            if editor.tab is not None and editor.side != "original" and _is_wrong(editor.tab, editor.document.is_dirty)
        ]
        if wrong:
            with self._tabs.change():
                for tab, is_dirty in wrong:
                    self._tabs.mark(tab, is_dirty)

    def _document_closed(self, document: TextDocument) -> None:
        if document.is_closed:
            self._tabs.shut(*(one.tab for one in self._of(document) if one.tab is not None))

    def tell_selected(self, editor: TextEditor, kind: TextEditorSelectionChangeKind | None) -> None:
        self.selected.fire(TextEditorSelectionChangeEvent(editor, editor.selections, kind))

    def tell_scrolled(self, editor: TextEditor) -> None:
        self.scrolled.fire(TextEditorVisibleRangesChangeEvent(editor, editor.visible_ranges))

    def tell_options(self, editor: TextEditor) -> None:
        self.options_set.fire(TextEditorOptionsChangeEvent(editor, editor.options))


def _is_wrong(tab: Tab, is_dirty: bool) -> bool:
    return tab.is_dirty != is_dirty or (is_dirty and tab.is_preview)


on_did_change_active_text_editor = of_user(lambda session: session.get(Editors).activated)
"""Fires with the editor that the user is in now, or None."""

on_did_change_visible_text_editors = of_user(lambda session: session.get(Editors).visibility)
"""Fires with the editors that are shown now."""

on_did_change_text_editor_selection = of_user(lambda session: session.get(Editors).selected)
"""Fires with a `TextEditorSelectionChangeEvent`."""

on_did_change_text_editor_visible_ranges = of_user(lambda session: session.get(Editors).scrolled)
"""Fires with a `TextEditorVisibleRangesChangeEvent` when a client scrolls."""

on_did_change_text_editor_options = of_user(lambda session: session.get(Editors).options_set)
"""Fires with a `TextEditorOptionsChangeEvent`."""

on_did_change_text_editor_view_column = of_user(lambda session: session.get(Editors).moved)
"""Fires with a `TextEditorViewColumnChangeEvent`."""


@value
class TextDocumentShowOptions(Value):
    """How a document is to be shown, where it is not said by keywords."""

    view_column: ViewColumn | int | None = None
    preserve_focus: bool = False
    preview: bool = True
    selection: AnyRange | None = None


def show_text_document(
    document_or_uri: TextDocument | Uri,
    column: ViewColumn | int | Mapping[str, Any] | TextDocumentShowOptions | None = None,
    preserve_focus: bool = False,
    *,
    view_column: ViewColumn | int | None = None,
    preview: bool = True,
    selection: AnyRange | None = None,
) -> Thenable[TextEditor]:
    """Show a document in the user's window, on all clients that are or come; gives its editor.

    `column` may also be VS Code's options in one. A tab in `preview` makes room for the next one.
    """
    options: dict[str, Any] = {"preserve_focus": preserve_focus, "preview": preview, "selection": selection}
    options["view_column"] = view_column
    if isinstance(column, TextDocumentShowOptions):
        column = {name: getattr(column, name) for name in options}
    options |= column if isinstance(column, Mapping) else {} if column is None else {"view_column": column}
    place = options.pop("view_column")
    what = document_or_uri if isinstance(document_or_uri, TextDocument) else as_uri(document_or_uri, "document_or_uri")
    return thenable(_brought(what, place, **options), "window.show_text_document")


async def _brought(what: TextDocument | Uri, column: int | None = None, **options: Any) -> TextEditor:
    """An extension shows it: the clients are asked to, too."""
    editor = await current_session().get(Editors).show(what, column, **options)
    editor.bring(preserve_focus=bool(options.get("preserve_focus")))
    return editor


async def show_diff(left: Uri, right: Uri, title: str | None = None, options: Any = None) -> None:
    """VS Code's command `vscode.diff`: two files side by side."""
    given, before = _options(options), as_uri(left, "left")
    editor = await current_session().get(Editors).diff(before, as_uri(right, "right"), title, **given)
    editor.bring(preserve_focus=bool(given.get("preserve_focus")), original=before)


async def open_file(uri: Uri, options: Any = None, label: str | None = None) -> None:
    """VS Code's command `vscode.open`: a file in an editor, a web page by a client."""
    if as_uri(uri, "uri").scheme in ("http", "https", "mailto"):
        from shim.env import open_external  # on need: env is a namespace beside this one

        await open_external(uri)
        return
    await _brought(uri, **_options(options))


def _options(options: Any) -> dict[str, Any]:
    """The options of such a command: a column, or a mapping in VS Code's names or ours."""
    if options is None:
        return {}
    if isinstance(options, int) and not isinstance(options, bool):
        return {"column": int(options)}
    if not isinstance(options, Mapping):
        raise InvalidValue("options", f"must be a ViewColumn or a mapping, not {type(options).__name__}")
    names = {"viewColumn": "column", "view_column": "column", "preserveFocus": "preserve_focus"}
    found = {names.get(name, name): one for name, one in dict(options).items()}
    return {name: found[name] for name in ("column", "preserve_focus", "preview", "selection") if name in found}
