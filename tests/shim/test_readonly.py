"""What VS Code has `readonly` cannot be assigned: an extension that does learns it at once, and nothing is another."""

from __future__ import annotations

import pytest

import shim as vscode
from sessions.context import SessionContext
from shim import StatusBarAlignment, Uri, ViewColumn
from shim.values import ReadOnly

pytestmark = pytest.mark.anyio


async def things(session: SessionContext) -> list[tuple[object, str]]:
    """One of each thing with the names of what cannot be set."""
    window = vscode.window
    await session.files.write("/workspace/a", b"")
    editor = await window.show_text_document(Uri.file("/workspace/a"))
    group = window.tab_groups.active_tab_group
    named = [
        (editor, "document view_column visible_ranges"),
        (group, "tabs active_tab is_active view_column"),
        (group.tabs[0], "label group input is_active is_dirty is_pinned is_preview"),
        (window.tab_groups, "all active_tab_group on_did_change_tabs on_did_change_tab_groups"),
        (window.create_status_bar_item("id", StatusBarAlignment.LEFT, 1), "id alignment priority"),
        (window.create_output_channel("one"), "name"),
        (window.create_output_channel("two", log=True), "name log_level on_did_change_log_level"),
        (window.create_webview_panel("view", "title", ViewColumn.ONE), "view_type webview options active visible"),
        (window.create_terminal("shell"), "name process_id creation_options exit_status state shell_integration"),
        (vscode.scm.create_source_control("git", "Git"), "id label root_uri input_box"),
        (
            vscode.workspace.create_file_system_watcher("*"),
            "ignore_create_events ignore_change_events ignore_delete_events on_did_create on_did_change on_did_delete",
        ),
        (editor.document, "uri file_name is_untitled language_id version is_dirty is_closed eol line_count encoding"),
    ]
    return [(thing, name) for thing, names in named for name in names.split()]


async def test_what_is_read_only_cannot_be_assigned(ada: SessionContext) -> None:
    with ada.entered("acme.hello"):
        for thing, name in await things(ada):
            before = getattr(thing, name)
            with pytest.raises(AttributeError):
                setattr(thing, name, None)
            assert getattr(thing, name) == before, f"{name} of {type(thing).__name__}"
        for terminal in vscode.window.terminals:
            terminal.dispose()


def test_the_error_says_what_cannot_be_set() -> None:
    class Thing:
        _name = "kept"
        name = ReadOnly[str]()

    assert (Thing().name, type(Thing.name)) == ("kept", ReadOnly)
    with pytest.raises(AttributeError, match="name of Thing is read-only"):
        Thing().name = "other"
