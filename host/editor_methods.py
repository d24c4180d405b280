"""What a client tells of the text editors that it shows for the user. `methods.py` publishes these."""

from __future__ import annotations

from typing import Annotated

from pydantic import Field, StringConstraints
from typing_extensions import TypedDict

from host.caller import Caller
from host.contract import Contract
from host.document_methods import Resource, Wire, WirePosition, WireRange, as_range, resource
from shim.editors import MOST_SELECTIONS
from shim.enums import TextEditorSelectionChangeKind
from shim.ranges import Position, Selection
from shim.showing import Editors

CONTRACT = Contract()
method = CONTRACT.method

Handle = Annotated[str, StringConstraints(max_length=64)]
Column = Annotated[int, Field(ge=-2, le=9)]
Size = Annotated[int, Field(ge=1, le=100)]


class WireSelection(Wire):
    """What is selected: from where it began, the anchor, to where the cursor is."""

    anchor: WirePosition
    active: WirePosition


class ShownEditor(TypedDict):
    editor: str
    tab: str


@method("window.showTextDocument", gated=True)
async def show_text_document(
    caller: Caller,
    uri: Resource,
    view_column: Column | None = None,
    preserve_focus: bool = False,
    preview: bool = True,
    selection: WireRange | None = None,
) -> ShownEditor:
    """The user opens a file in an editor: in a column from 1, -1 the active one, -2 the one beside it."""
    session = caller.session
    found = await session.get(Editors).show(
        resource(session, uri),
        view_column or None,
        preserve_focus=preserve_focus,
        preview=preview,
        selection=None if selection is None else as_range(selection),
    )
    return {"editor": found.handle, "tab": found.tab.handle if found.tab else ""}


@method("window.editor.changeSelection")
async def change_selection(
    caller: Caller,
    editor: Handle,
    selections: Annotated[list[WireSelection], Field(min_length=1, max_length=MOST_SELECTIONS)],
    kind: Annotated[int, Field(ge=1, le=3)] | None = None,
) -> None:
    """The user selected something else: 1 with the keyboard, 2 with the mouse, 3 by a command."""
    found = [Selection(_position(one.anchor), _position(one.active)) for one in selections]
    why = None if kind is None else TextEditorSelectionChangeKind(kind)
    caller.session.get(Editors).find(editor).select(found, why)


@method("window.editor.changeVisibleRanges")
async def change_visible_ranges(
    caller: Caller, editor: Handle, ranges: Annotated[list[WireRange], Field(min_length=1, max_length=1_000)]
) -> None:
    """The user sees other parts of a text."""
    caller.session.get(Editors).find(editor).look_at([as_range(one) for one in ranges])


@method("window.editor.changeOptions")
async def change_options(
    caller: Caller,
    editor: Handle,
    tab_size: Size | None = None,
    indent_size: Size | None = None,
    insert_spaces: bool | None = None,
) -> None:
    """The user wants a text to be indented otherwise."""
    given = {"tab_size": tab_size, "indent_size": indent_size, "insert_spaces": insert_spaces}
    options = {name: one for name, one in given.items() if one is not None}
    caller.session.get(Editors).find(editor).options = options


def _position(place: WirePosition) -> Position:
    return Position(place.line, place.character)
