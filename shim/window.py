"""`vscode.window`: what the current user sees and is asked. Names are gathered here; each is made in its module."""

from __future__ import annotations

from collections.abc import Callable
from importlib import import_module
from typing import TYPE_CHECKING, Any

from sessions.current import current_session
from shim.absent import absent_member
from shim.appearance import (
    Appearance,
    ColorTheme,
    WindowState,
    on_did_change_active_color_theme,
    on_did_change_window_state,
)
from shim.namespace import fix
from shim.notices import MessageItem, show_error_message, show_information_message, show_warning_message
from shim.picks import InputBoxValidationMessage, QuickPickItem, show_input_box, show_quick_pick
from shim.progress import Progress, with_progress, with_scm_progress
from shim.statusbar import StatusBarItem, create_status_bar_item, set_status_bar_message
from shim.terminal import Terminal
from shim.terminals import (
    WindowTerminals,
    create_terminal,
    on_did_change_active_terminal,
    on_did_change_terminal_shell_integration,
    on_did_change_terminal_state,
    on_did_close_terminal,
    on_did_end_terminal_shell_execution,
    on_did_open_terminal,
    on_did_start_terminal_shell_execution,
)

if TYPE_CHECKING:  # what not every extension uses is loaded when it is named
    from sessions.context import SessionContext
    from shim.decorations import TextEditorDecorationType, create_text_editor_decoration_type
    from shim.dialogs import show_open_dialog, show_save_dialog, show_workspace_folder_pick
    from shim.editors import TextEditor
    from shim.file_decorations import register_file_decoration_provider
    from shim.outputs import LogOutputChannel, OutputChannel, create_output_channel
    from shim.panels import (
        WebviewPanel,
        create_webview_panel,
        register_webview_panel_serializer,
    )
    from shim.quickinput import InputBox, create_input_box
    from shim.quickpick import QuickPick, QuickPickItemButtonEvent, create_quick_pick
    from shim.showing import (
        Editors,
        on_did_change_active_text_editor,
        on_did_change_text_editor_options,
        on_did_change_text_editor_selection,
        on_did_change_text_editor_view_column,
        on_did_change_text_editor_visible_ranges,
        on_did_change_visible_text_editors,
        show_text_document,
    )
    from shim.tabs import TabGroups
    from shim.trees import TreeView, create_tree_view, register_tree_data_provider
    from shim.urihandlers import register_uri_handler
    from shim.views import register_webview_view_provider

__all__ = [
    "ColorTheme",
    "InputBox",
    "InputBoxValidationMessage",
    "LogOutputChannel",
    "MessageItem",
    "OutputChannel",
    "Progress",
    "QuickPick",
    "QuickPickItem",
    "QuickPickItemButtonEvent",
    "StatusBarItem",
    "TabGroups",
    "TextEditor",
    "TextEditorDecorationType",
    "TreeView",
    "WebviewPanel",
    "WindowState",
    "active_color_theme",
    "active_notebook_editor",
    "active_terminal",
    "active_text_editor",
    "create_input_box",
    "create_output_channel",
    "create_quick_pick",
    "create_status_bar_item",
    "create_terminal",
    "create_text_editor_decoration_type",
    "create_tree_view",
    "create_webview_panel",
    "on_did_change_active_color_theme",
    "on_did_change_active_terminal",
    "on_did_change_active_text_editor",
    "on_did_change_terminal_shell_integration",
    "on_did_change_terminal_state",
    "on_did_change_text_editor_options",
    "on_did_change_text_editor_selection",
    "on_did_change_text_editor_view_column",
    "on_did_change_text_editor_visible_ranges",
    "on_did_change_visible_text_editors",
    "on_did_change_window_state",
    "on_did_close_terminal",
    "on_did_end_terminal_shell_execution",
    "on_did_open_terminal",
    "on_did_start_terminal_shell_execution",
    "register_file_decoration_provider",
    "register_tree_data_provider",
    "register_uri_handler",
    "register_webview_panel_serializer",
    "register_webview_view_provider",
    "set_status_bar_message",
    "show_error_message",
    "show_information_message",
    "show_input_box",
    "show_open_dialog",
    "show_quick_pick",
    "show_save_dialog",
    "show_text_document",
    "show_warning_message",
    "show_workspace_folder_pick",
    "state",
    "tab_groups",
    "terminals",
    "visible_notebook_editors",
    "visible_text_editors",
    "with_progress",
    "with_scm_progress",
]

active_notebook_editor = None
visible_notebook_editors: tuple[()] = ()
"""There are no notebooks here."""

terminals: tuple[Terminal, ...]
"""The current user's terminals, whoever opened them, as long as they live."""

active_terminal: Terminal | None
"""The one that was opened or shown last."""

state: WindowState
"""Whether somebody looks at the current user's window."""

active_color_theme: ColorTheme
"""The colours that the current user sees."""

active_text_editor: TextEditor | None
"""The editor that the current user is in."""

visible_text_editors: tuple[TextEditor, ...]
"""The editors that the current user sees."""

tab_groups: TabGroups
"""What is open in the current user's window."""


def _editors(session: SessionContext) -> Editors:
    from shim.showing import Editors  # on first need, as the other names that are loaded later

    return session.get(Editors)


def _tab_groups(session: SessionContext) -> TabGroups:
    from shim.tabs import Tabs

    return session.get(Tabs).shown


_LIVE: dict[str, Callable[[SessionContext], Any]] = {
    "state": lambda session: session.get(Appearance).state,
    "active_color_theme": lambda session: session.get(Appearance).theme,
    "active_text_editor": lambda session: _editors(session).active,
    "visible_text_editors": lambda session: _editors(session).visible,
    "tab_groups": _tab_groups,
    "terminals": lambda session: tuple(session.get(WindowTerminals)),
    "active_terminal": lambda session: session.get(WindowTerminals).active,
}
"""What is looked up for the current user each time. A constant."""

LATER = {
    "InputBox": "quickinput",
    "LogOutputChannel": "outputs",
    "OutputChannel": "outputs",
    "QuickPick": "quickpick",
    "QuickPickItemButtonEvent": "quickpick",
    "TabGroups": "tabs",
    "create_input_box": "quickinput",
    "create_output_channel": "outputs",
    "create_quick_pick": "quickpick",
    "TextEditorDecorationType": "decorations",
    "TreeView": "trees",
    "WebviewPanel": "panels",
    "create_text_editor_decoration_type": "decorations",
    "create_tree_view": "trees",
    "create_webview_panel": "panels",
    "on_did_change_active_text_editor": "showing",
    "on_did_change_text_editor_options": "showing",
    "on_did_change_text_editor_selection": "showing",
    "on_did_change_text_editor_view_column": "showing",
    "on_did_change_text_editor_visible_ranges": "showing",
    "on_did_change_visible_text_editors": "showing",
    "register_file_decoration_provider": "file_decorations",
    "register_tree_data_provider": "trees",
    "register_uri_handler": "urihandlers",
    "register_webview_panel_serializer": "panels",
    "register_webview_view_provider": "views",
    "show_open_dialog": "dialogs",
    "show_save_dialog": "dialogs",
    "show_text_document": "showing",
    "show_workspace_folder_pick": "dialogs",
    "TextEditor": "editors",
}
"""Names that are loaded when they are first used, and their modules. A constant."""

if not TYPE_CHECKING:  # type checkers see the annotations above, and mistyped names

    def __getattr__(name: str) -> Any:
        if name in _LIVE:
            return _LIVE[name](current_session())
        if name in LATER:
            return getattr(import_module(f"shim.{LATER[name]}"), name)
        return absent_member(__name__, name)


fix(__name__)
