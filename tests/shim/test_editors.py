"""Text editors: showing documents, editing them at one go, selections that follow the text, marks, and events."""

from __future__ import annotations

import time
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

import shim as vscode
from sessions.context import SessionContext
from sessions.errors import FileSystemError, InvalidValue, RoostError
from shim import (
    DecorationOptions,
    EndOfLine,
    MarkdownString,
    Position,
    Range,
    Selection,
    SnippetString,
    TextDocumentShowOptions,
    TextEdit,
    TextEditor,
    TextEditorCursorStyle,
    TextEditorEdit,
    TextEditorLineNumbersStyle,
    TextEditorOptions,
    TextEditorRevealType,
    TextEditorSelectionChangeKind,
    ThemeColor,
    Uri,
    ViewColumn,
)
from shim.decorations import MOST
from shim.editing import Moves
from shim.showing import Editors
from shim.text import TextDocumentContentChangeEvent, TextModel
from tests.shim.screen import Screen

pytestmark = pytest.mark.anyio

TEXT = "one\n  two\nthree\n"


async def put(session: SessionContext, name: str, text: str = TEXT) -> Uri:
    await session.files.write(f"/workspace/{name}", text.encode())
    return Uri.file(f"/workspace/{name}")


@pytest.fixture
async def editor(ada: SessionContext) -> TextEditor:
    """Ada's editor of a file, not in preview."""
    uri = await put(ada, "a.txt")
    with ada.entered("acme.hello"):
        return await vscode.window.show_text_document(uri, preview=False)


# -- which are shown


async def test_a_document_that_is_shown_is_the_active_editor(ada: SessionContext, ben: SessionContext) -> None:
    with ada.entered():
        assert vscode.window.active_text_editor is None
        assert vscode.window.visible_text_editors == ()
        document = await vscode.workspace.open_text_document(await put(ada, "a.py"))
        assert vscode.window.active_text_editor is None
        editor = await vscode.window.show_text_document(document)
        assert vscode.window.active_text_editor is editor
        assert vscode.window.visible_text_editors == (editor,)
        assert editor.document is document
        assert editor.view_column == ViewColumn.ONE
        tab = vscode.window.tab_groups.active_tab_group.active_tab
        assert tab is not None
        assert (tab.label, tab.input, tab.is_preview) == ("a.py", vscode.TabInputText(document.uri), True)
        assert await vscode.window.show_text_document(document) is editor
    with ben.entered():
        assert vscode.window.active_text_editor is None


async def test_a_preview_gives_way_and_what_is_kept_stays(ada: SessionContext) -> None:
    uris = [await put(ada, name) for name in ("a", "b", "c")]
    with ada.entered():
        first = await vscode.window.show_text_document(uris[0])
        second = await vscode.window.show_text_document(uris[1])
        assert first.view_column is None
        assert await second.edit(lambda edit: edit.insert(Position(0, 0), "x"))
        third = await vscode.window.show_text_document(uris[2], {"preview": False, "view_column": ViewColumn.BESIDE})
        assert vscode.window.visible_text_editors == (second, third)
        labels = [[(tab.label, tab.is_dirty, tab.is_preview) for tab in group.tabs]
                  for group in vscode.window.tab_groups.all]  # fmt: skip
        assert labels == [[("b", True, False)], [("c", False, False)]]
        assert await second.document.save()
        assert not vscode.window.tab_groups.all[0].tabs[0].is_dirty


async def test_what_cannot_be_opened_is_not_shown(ada: SessionContext) -> None:
    with ada.entered():
        with pytest.raises(FileSystemError):
            await vscode.window.show_text_document(Uri.file("/workspace/none"))
        with pytest.raises(InvalidValue, match="document_or_uri"):
            vscode.window.show_text_document("/workspace/none")  # type: ignore[arg-type]
        assert vscode.window.tab_groups.all[0].tabs == ()


async def test_extensions_hear_which_editors_are_shown(ada: SessionContext) -> None:
    heard: list[Any] = []
    a, b = await put(ada, "a"), await put(ada, "b")
    with ada.entered():
        vscode.window.on_did_change_active_text_editor(lambda one: heard.append(one and one.document.uri.basename()))
        vscode.window.on_did_change_visible_text_editors(lambda all: heard.append([one.side for one in all]))
        vscode.window.on_did_change_text_editor_view_column(lambda event: heard.append(int(event.view_column)))
        await vscode.window.show_text_document(a, ViewColumn.ONE)
        other = await vscode.window.show_text_document(b, ViewColumn.TWO, True)
        assert vscode.window.active_text_editor is not other
        await vscode.window.tab_groups.close(vscode.window.tab_groups.all[0])
        await vscode.window.tab_groups.close(vscode.window.tab_groups.all[0])
    assert heard == [["text"], "a", ["text", "text"], ["text"], "b", 1, [], None]


async def test_a_selection_can_be_asked_for(ada: SessionContext) -> None:
    uri = await put(ada, "a")
    screen = Screen(ada)
    with ada.entered():
        editor = await vscode.window.show_text_document(uri, selection=Range(1, 2, 99, 0))
    assert editor.selection == Selection(1, 2, 3, 0)
    await screen.settle()
    places = {"line": 1, "character": 2}, {"line": 3, "character": 0}
    scrolled, shown = screen.revealed
    assert scrolled["range"] == dict(zip(("start", "end"), places, strict=True))
    assert shown["selections"] == [dict(zip(("anchor", "active"), places, strict=True))]
    assert (shown["uri"], shown["preserveFocus"]) == (str(uri), False)


async def test_clients_are_asked_to_show_what_an_extension_shows_and_not_what_a_client_opened(
    ada: SessionContext,
) -> None:
    one, two = await put(ada, "a"), await put(ada, "b")
    screen = Screen(ada)
    with ada.entered():
        await ada.get(Editors).show(one)
        await screen.settle()
        assert screen.revealed == []
        editor = await vscode.window.show_text_document(two, preserve_focus=True)
        editor.selection = Selection(0, 1, 0, 0)
        await vscode.commands.execute_command("vscode.open", one)
        await vscode.commands.execute_command("vscode.diff", one, two, "a and b")
        await screen.settle()
    assert [(told.get("uri"), told.get("preserveFocus")) for told in screen.revealed] == [
        (str(two), True), (None, None), (str(one), False), (str(two), False),
    ]  # fmt: skip
    assert [told.get("original") for told in screen.revealed] == [None, None, None, str(one)]
    assert screen.revealed[1]["selections"] == [
        {"anchor": {"line": 0, "character": 1}, "active": {"line": 0, "character": 0}}
    ]


async def test_options_may_come_in_one(ada: SessionContext) -> None:
    uri = await put(ada, "a")
    options = TextDocumentShowOptions(view_column=ViewColumn.TWO, preview=False, selection=Range(0, 1, 0, 2))
    with ada.entered():
        await vscode.window.show_text_document(await put(ada, "b"))
        editor = await vscode.window.show_text_document(uri, options)
        tab = vscode.window.tab_groups.active_tab_group.active_tab
    assert tab is not None
    assert (editor.view_column, editor.selection, tab.is_preview) == (ViewColumn.TWO, Selection(0, 1, 0, 2), False)


async def test_a_diff_shows_two_and_the_second_is_typed_in(ada: SessionContext) -> None:
    a, b = await put(ada, "a"), await put(ada, "b")
    with ada.entered():
        await vscode.commands.execute_command("vscode.diff", a, b, "A to B", {"preview": False})
        assert [one.side for one in vscode.window.visible_text_editors] == ["original", "modified"]
        editor = vscode.window.active_text_editor
        assert editor is not None
        assert editor.document.uri == b
        tab = vscode.window.tab_groups.active_tab_group.active_tab
        assert tab is not None
        assert (tab.label, tab.input) == ("A to B", vscode.TabInputTextDiff(a, b))
        assert await editor.edit(lambda edit: edit.insert(Position(0, 0), "x"))
        assert tab.is_dirty
        assert await vscode.window.tab_groups.close(tab)
        assert vscode.window.active_text_editor is None


async def test_a_file_is_opened_by_command(ada: SessionContext) -> None:
    uri = await put(ada, "a")
    with ada.entered():
        await vscode.commands.execute_command("vscode.open", uri, {"viewColumn": 2, "selection": Range(1, 0, 1, 1)})
        editor = vscode.window.active_text_editor
    assert editor is not None
    assert (editor.document.uri, editor.selection) == (uri, Selection(1, 0, 1, 1))
    with ada.entered():
        for options in (True, "two"):
            with pytest.raises(Exception, match="options: must be a ViewColumn or a mapping"):
                await vscode.commands.execute_command("vscode.open", uri, options)


async def test_a_closed_tab_lets_its_document_go_and_a_closed_document_its_tab(ada: SessionContext) -> None:
    uri = await put(ada, "a")
    with ada.entered():
        editor = await vscode.window.show_text_document(uri)
        assert editor.document._holds == 1
        editor.hide()
        assert editor.document._holds == 0
        with pytest.raises(InvalidValue, match="closed editor"):
            editor.edit(lambda edit: None)
        again = await vscode.window.show_text_document(uri)
        edit = vscode.WorkspaceEdit()
        edit.delete_file(uri)
        assert await vscode.workspace.apply_edit(edit)
        assert again.document.is_closed
        assert vscode.window.visible_text_editors == ()


# -- editing


async def test_edits_are_made_all_at_once(ada: SessionContext, editor: TextEditor) -> None:
    changes: list[Any] = []

    def ask(edit: TextEditorEdit) -> None:
        edit.insert(Position(0, 0), "zero\n")
        edit.replace(Range(1, 2, 1, 5), "TWO")
        edit.replace(Position(2, 5), "!")
        edit.delete(Selection(2, 0, 2, 2))

    with ada.entered():
        vscode.workspace.on_did_change_text_document(lambda event: changes.append(len(event.content_changes)))
        assert await editor.edit(ask, undo_stop_before=False)
    assert editor.document.get_text() == "zero\none\n  TWO\nree!\n"
    assert changes == [4]


async def test_lines_may_be_ended_otherwise(ada: SessionContext, editor: TextEditor) -> None:
    with ada.entered():
        assert await editor.edit(lambda edit: edit.set_end_of_line(EndOfLine.CRLF))
    assert editor.document.get_text() == TEXT.replace("\n", "\r\n")


async def test_an_edit_of_a_text_that_has_changed_since_is_not_made(ada: SessionContext, editor: TextEditor) -> None:
    with ada.entered():
        first = editor.edit(lambda edit: edit.insert(Position(0, 0), "first "))
        second = editor.edit(lambda edit: edit.insert(Position(0, 0), "second "))
        assert [await first, await second] == [True, False]
    assert editor.document.get_text() == f"first {TEXT}"


async def test_edits_that_overlap_are_refused_and_nothing_is_changed(ada: SessionContext, editor: TextEditor) -> None:
    def ask(edit: TextEditorEdit) -> None:
        edit.replace(Range(0, 0, 0, 2), "x")
        edit.replace(Range(0, 1, 0, 3), "y")

    with ada.entered(), pytest.raises(InvalidValue, match="overlapping"):
        await editor.edit(ask)
    assert editor.document.get_text() == TEXT


async def test_an_editor_indents_as_its_text_and_else_as_the_settings_say(ada: SessionContext) -> None:
    async def options(name: str, text: str) -> tuple[int, int, bool]:
        await ada.files.write(f"/workspace/{name}", text.encode())
        found = (await vscode.window.show_text_document(Uri.file(f"/workspace/{name}"))).options
        return found.tab_size, found.indent_size, found.insert_spaces

    with ada.entered():
        assert await options("tabs", "Hello world!\n\tHello world!") == (4, 4, False)
        assert await options("two", "if x:\n  y\n") == (2, 2, True)
        editor = vscode.workspace.get_configuration("editor", {"language_id": "python"})
        await editor.update("tabSize", 8, True, True)
        await editor.update("insertSpaces", False, True, True)
        assert await options("a.py", "x\n") == (8, 8, False)
        assert await options("a.txt", "x\n") == (4, 4, True)
        await editor.update("detectIndentation", False, True, True)
        assert await options("b.py", "if x:\n  y\n") == (8, 8, False)


async def test_edits_are_taken_only_while_they_are_asked_for(ada: SessionContext, editor: TextEditor) -> None:
    kept: list[TextEditorEdit] = []
    with ada.entered():
        assert await editor.edit(kept.append)
        with pytest.raises(RoostError, match="only while the callback runs"):
            kept[0].insert(Position(0, 0), "x")
        with pytest.raises(InvalidValue, match="end_of_line"):
            await editor.edit(lambda edit: edit.set_end_of_line(7))  # type: ignore[arg-type]


async def test_a_snippet_fills_what_is_selected_and_its_first_place_is_selected_then(
    ada: SessionContext, editor: TextEditor
) -> None:
    with ada.entered():
        editor.selection = Selection(1, 2, 1, 5)
        assert await editor.insert_snippet(SnippetString("if ${1:cond}:\n\t$TM_SELECTED_TEXT$0"))
    assert editor.document.get_text() == "one\n  if cond:\n  \ttwo\nthree\n"
    assert editor.document.get_text(editor.selection) == "cond"


async def test_a_snippets_variables_are_those_of_the_place_that_it_is_put_in(
    ada: SessionContext, editor: TextEditor
) -> None:
    with ada.entered():
        await vscode.env.clipboard.write_text("clip")
        snippet = SnippetString(
            "$TM_CURRENT_WORD|$TM_CURRENT_LINE|$TM_LINE_INDEX|$TM_LINE_NUMBER|$CURSOR_INDEX|$CURSOR_NUMBER|"
            "$TM_FILENAME_BASE|$TM_DIRECTORY_BASE|$RELATIVE_FILEPATH|$WORKSPACE_NAME|$WORKSPACE_FOLDER|$CLIPBOARD|"
            "${TM_SELECTED_TEXT:nothing}|${CURRENT_YEAR/\\d/d/g}|${CURRENT_MONTH_NAME/.+/m/}|"
            "${RANDOM_HEX/[0-9a-f]/x/g}|${UUID/[0-9a-f]/x/g}|${CURRENT_TIMEZONE_OFFSET/[-+]\\d\\d:\\d\\d/z/}"
        )
        assert await editor.insert_snippet(snippet, [Position(0, 0), Position(1, 4)])
    first, second, *_ = editor.document.get_text().split("\n")
    name, base = editor.document.uri.basename(), editor.document.uri.basename().rpartition(".")[0]
    same = f"{base}|workspace|{name}|workspace|/workspace|clip|nothing|dddd|m|xxxxxx|"
    same += "xxxxxxxx-xxxx-xxxx-xxxx-xxxxxxxxxxxx|z"
    assert first == f"one|one|0|1|0|1|{same}one"
    assert second == f"  twtwo|  two|1|2|1|2|{same}o"


async def test_a_snippet_knows_no_languages_comments(ada: SessionContext, editor: TextEditor) -> None:
    snippet = "$LINE_COMMENT${BLOCK_COMMENT_START:<}$BLOCK_COMMENT_END|"
    with ada.entered():
        assert await editor.insert_snippet(SnippetString(snippet), Position(0, 0))
    assert editor.document.line_at(0).text == "<|one"


async def test_what_is_selected_is_indented_as_its_variable_is(ada: SessionContext, editor: TextEditor) -> None:
    with ada.entered():
        editor.selection = Selection(0, 0, 1, 5)
        assert await editor.insert_snippet(SnippetString("if x:\n\t$TM_SELECTED_TEXT\n"))
    assert editor.document.get_text() == "if x:\n\tone\n\t  two\n\nthree\n"


async def test_a_snippet_comes_to_several_places(ada: SessionContext, editor: TextEditor) -> None:
    with ada.entered():
        assert await editor.insert_snippet(SnippetString("<$1>"), [Position(0, 0), Position(2, 0)])
        with pytest.raises(InvalidValue, match="overlapping"):
            editor.insert_snippet(SnippetString("x"), [Range(0, 0, 1, 0), Range(0, 1, 2, 0)])
    assert editor.document.get_text() == "<>one\n  two\n<>three\n"
    assert editor.selection == Selection(0, 1, 0, 1)


# -- what is selected and seen


async def test_selections_are_cut_to_what_there_is_and_heard_of(ada: SessionContext, editor: TextEditor) -> None:
    heard: list[Any] = []
    with ada.entered():
        vscode.window.on_did_change_text_editor_selection(
            lambda event: heard.append((event.text_editor is editor, len(event.selections), event.kind))
        )
        assert editor.selection == Selection(0, 0, 0, 0)
        editor.selections = [Selection(0, 0, 0, 99), Selection(9, 9, 1, 0)]
        assert editor.selections == (Selection(0, 0, 0, 3), Selection(3, 0, 1, 0))
        editor.selections = editor.selections
        editor.select([Selection(0, 1, 0, 1)], TextEditorSelectionChangeKind.MOUSE)
        for wrong in ([], [Range(0, 0, 0, 1)], [None]):
            with pytest.raises(InvalidValue, match="selections"):
                editor.selections = wrong  # type: ignore[assignment]
    command, mouse = TextEditorSelectionChangeKind.COMMAND, TextEditorSelectionChangeKind.MOUSE
    assert heard == [(True, 2, command), (True, 1, mouse)]


@pytest.mark.parametrize(
    ("selection", "range", "text", "after"),
    [
        (Selection(1, 3, 1, 3), Range(0, 0, 0, 0), "new\n", Selection(2, 3, 2, 3)),
        (Selection(1, 3, 1, 3), Range(1, 3, 1, 3), "xy", Selection(1, 5, 1, 5)),
        (Selection(1, 3, 1, 3), Range(1, 0, 1, 2), "", Selection(1, 1, 1, 1)),
        (Selection(1, 3, 1, 3), Range(1, 1, 1, 5), "Z", Selection(1, 2, 1, 2)),
        (Selection(1, 3, 1, 3), Range(0, 1, 1, 2), "", Selection(0, 2, 0, 2)),
        (Selection(1, 3, 1, 3), Range(2, 0, 2, 1), "abc", Selection(1, 3, 1, 3)),
        (Selection(1, 3, 1, 3), Range(1, 3, 1, 4), "abc", Selection(1, 3, 1, 3)),
        (Selection(1, 3, 1, 3), Range(1, 3, 1, 3), "a\n😀", Selection(2, 2, 2, 2)),
        (Selection(2, 0, 0, 1), Range(1, 0, 2, 0), "", Selection(1, 0, 0, 1)),
    ],
)
def test_a_selection_stays_on_its_text(selection: Selection, range: Range, text: str, after: Selection) -> None:
    assert Moves([TextDocumentContentChangeEvent(range, 0, 0, text)]).selection(selection) == after


PLACES = st.builds(Position, st.integers(0, 5), st.integers(0, 9))
TEXTS = st.sampled_from(["", "x", "yy", "\n", "z\n", "\nww", "\n\n😀"])


@given(
    at=PLACES,
    edits=st.lists(st.tuples(PLACES, PLACES, TEXTS), max_size=8),
    again=st.booleans(),
)
def test_a_place_moves_by_many_changes_as_by_one_after_the_other(
    at: Position, edits: list[tuple[Position, Position, str]], again: bool
) -> None:
    model, changes = TextModel("\n".join(["0123456789"] * 6)), list[TextDocumentContentChangeEvent]()
    for half in (edits[::2], edits[1::2]) if again else (edits,):
        apart: list[TextEdit] = []
        for start, end, text in half:
            range = model.validate_range(Range(start, end))
            if all(not one.range.end.is_after(range.start) or not range.end.is_after(one.range.start) for one in apart):
                apart.append(TextEdit(range, text))
        changes += model.apply(apart)
    one_by_one = Selection(at, at)
    for change in changes:
        one_by_one = Moves([change]).selection(one_by_one)
    assert Moves(changes).selection(Selection(at, at)) == one_by_one


async def test_who_types_at_two_thousand_cursors_keeps_nobody_waiting(ada: SessionContext) -> None:
    uri = await put(ada, "many.txt", "word\n" * 2_000)
    with ada.entered():
        editor = await vscode.window.show_text_document(uri)
        editor.selections = [Selection(line, 4, line, 4) for line in range(2_000)]
        edit = vscode.WorkspaceEdit()
        edit.set(uri, [TextEdit.insert(Position(line, 4), "s") for line in range(2_000)])
        began = time.process_time()
        assert await vscode.workspace.apply_edit(edit)
    assert time.process_time() - began < 2  # one change after the other for each cursor took half a minute
    assert editor.selections == tuple(Selection(line, 5, line, 5) for line in range(2_000))


async def test_cursors_stay_where_lines_end_otherwise(ada: SessionContext, editor: TextEditor) -> None:
    with ada.entered():
        editor.selection = Selection(1, 2, 1, 5)
        assert await editor.edit(lambda edit: edit.set_end_of_line(EndOfLine.CRLF))
    assert editor.document.eol == EndOfLine.CRLF
    assert editor.document.get_text(editor.selection) == "two"


async def test_cursors_follow_the_edits_of_others(ada: SessionContext, editor: TextEditor) -> None:
    with ada.entered():
        editor.selection = Selection(2, 0, 2, 5)
        edit = vscode.WorkspaceEdit()
        edit.insert(editor.document.uri, Position(0, 0), "new\n")
        assert await vscode.workspace.apply_edit(edit)
    assert editor.document.get_text(editor.selection) == "three"


async def test_what_is_seen_is_what_a_client_says(ada: SessionContext, editor: TextEditor) -> None:
    heard: list[Any] = []
    with ada.entered():
        vscode.window.on_did_change_text_editor_visible_ranges(lambda event: heard.append(event.visible_ranges))
        assert editor.visible_ranges == (Range(0, 0, 3, 0),)
        for _ in range(2):
            editor.look_at([Range(1, 0, 99, 0)])
    assert heard == [(Range(1, 0, 3, 0),)]


async def test_revealing_asks_the_clients(ada: SessionContext, editor: TextEditor) -> None:
    screen = Screen(ada)
    with ada.entered():
        editor.reveal_range(Range(1, 0, 1, 3), TextEditorRevealType.IN_CENTER)
    await screen.settle()
    revealed = screen.revealed[-1]
    assert (revealed["kind"], revealed["handle"], revealed["revealType"]) == ("textEditor", editor.handle, 1)


async def test_options_are_set_one_by_one_or_together(ada: SessionContext, editor: TextEditor) -> None:
    heard: list[Any] = []
    with ada.entered():
        vscode.window.on_did_change_text_editor_options(lambda event: heard.append(event.options.tab_size))
        assert (editor.options.tab_size, editor.options.insert_spaces) == (2, True)
        editor.options.tab_size = 3
        editor.options = TextEditorOptions(tab_size=8, insert_spaces=False)
        editor.options = {"tab_size": "auto"}
        assert (editor.options.tab_size, editor.options.insert_spaces) == (8, False)
        with pytest.raises(InvalidValue, match="font"):
            editor.options = {"font": 1}
    assert heard == [3, 8]


@pytest.mark.parametrize(
    ("name", "given", "then"),
    [
        ("tab_size", 1, 1),
        ("tab_size", 3.3, 3),
        ("tab_size", "3", 3),
        ("tab_size", "auto", 2),
        ("tab_size", None, 2),
        ("tab_size", 0, 2),
        ("tab_size", -5, 2),
        ("tab_size", "hello", 2),
        ("tab_size", "-17", 2),
        ("indent_size", "tabSize", 2),
        ("insert_spaces", "false", False),
        ("insert_spaces", False, False),
        ("insert_spaces", "hello", True),
        ("insert_spaces", "auto", True),
        ("cursor_style", TextEditorCursorStyle.BLOCK, TextEditorCursorStyle.BLOCK),
        ("cursor_style", 99, TextEditorCursorStyle.LINE),
        ("line_numbers", TextEditorLineNumbersStyle.OFF, TextEditorLineNumbersStyle.OFF),
        ("line_numbers", "many", TextEditorLineNumbersStyle.ON),
    ],
)
async def test_an_option_is_read_as_vs_code_reads_it_and_stays_where_it_cannot_be(
    editor: TextEditor, name: str, given: object, then: object
) -> None:
    setattr(editor.options, name, given)
    assert getattr(editor.options, name) == then
    assert type(getattr(editor.options, name)) is type(then)


# -- marks


async def test_marks_are_told_to_clients_by_their_type(ada: SessionContext, editor: TextEditor) -> None:
    screen = Screen(ada, late=True)
    with ada.entered():
        kind = vscode.window.create_text_editor_decoration_type(
            background_color=ThemeColor("a.b"), is_whole_line=True, before={"content_text": "»"}
        )
        editor.set_decorations(
            kind,
            [
                Range(0, 0, 0, 3),
                DecorationOptions(Range(1, 0, 1, 2), hover_message=[MarkdownString("why"), "so"]),
                {"range": Range(2, 0, 2, 1), "render_options": {"after": {"content_text": "!"}}},
            ],
        )
        state = await screen.shows("decorationType")
        assert state == {
            "key": kind.key,
            "options": {"backgroundColor": {"id": "a.b"}, "isWholeLine": True, "before": {"contentText": "»"}},
        }
        marks = (await screen.shows("textEditor"))[f"decorations.{kind.key}"]
        assert [mark["range"]["start"]["line"] for mark in marks] == [0, 1, 2]
        assert [one["value"] if isinstance(one, dict) else one for one in marks[1]["hoverMessage"]] == ["why", "so"]
        assert marks[2]["renderOptions"] == {"after": {"contentText": "!"}}
        editor.set_decorations(kind, [])
        assert f"decorations.{kind.key}" not in await screen.shows("textEditor")
        with pytest.raises(InvalidValue, match="mark what is visible"):
            editor.set_decorations(kind, [Range(0, 0, 0, 1)] * (MOST + 1))
        kind.dispose()
        editor.set_decorations(kind, [Range(0, 0, 0, 1)])
        await screen.settle()
        assert screen.of("decorationType") == []
        assert f"decorations.{kind.key}" not in screen.of("textEditor")[-1]


async def test_an_editor_outlives_the_extension_that_opened_it(ada: SessionContext, editor: TextEditor) -> None:
    ada.forget_extension("acme.hello")
    assert ada.get(Editors).find(editor.handle) is editor
    with pytest.raises(InvalidValue, match="of this user"):
        ada.get(Editors).find("999")
