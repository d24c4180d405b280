"""`vscode.commands.register_text_editor_command`: they change the text of the active editor."""

from __future__ import annotations

import logging
from collections.abc import Callable
from typing import Any

from sessions.current import current_session
from shim import window
from shim.commands import Commands
from shim.editing import TextEditorEdit
from shim.events import Disposable

log = logging.getLogger("roost.shim")


def register_text_editor_command(command: str, callback: Callable[..., object], this_arg: object = None) -> Disposable:
    """Let `callback(text_editor, edit, *arguments)` be a command; it runs where an editor is active.

    What it does to `edit`, at once and not later, is made as one edit when it returns. `this_arg` has no meaning.
    """

    async def run(*arguments: Any) -> None:
        editor = window.active_text_editor
        if editor is None:
            log.warning("the command %s needs an active editor, and there is none", command)
            return

        def change(edit: TextEditorEdit) -> None:
            callback(editor, edit, *arguments)

        if not await editor.edit(change):
            log.warning("the edits of the command %s were not made", command)

    return current_session().get(Commands).register(command, run)
