"""Commands of the active editor: what they do to its text is one edit."""

from __future__ import annotations

import logging
from typing import Any

import pytest

import shim as vscode
from sessions.context import SessionContext
from shim.commands import CommandFailed

pytestmark = pytest.mark.anyio


async def test_an_editor_command_gets_the_active_editor_and_its_edits_are_one(ada: SessionContext) -> None:
    heard: list[int] = []

    def shout(editor: vscode.TextEditor, edit: vscode.TextEditorEdit, *arguments: Any) -> None:
        edit.replace(vscode.Range(0, 0, 0, 3), editor.document.get_text(vscode.Range(0, 0, 0, 3)).upper())
        edit.insert(vscode.Position(1, 0), arguments[0])

    with ada.entered():
        document = await vscode.workspace.open_text_document(content="one\ntwo")
        await vscode.window.show_text_document(document)
        vscode.workspace.on_did_change_text_document(lambda event: heard.append(len(event.content_changes)))
        command = vscode.commands.register_text_editor_command("acme.shout", shout)
        assert await vscode.commands.execute_command("acme.shout", "> ") is None
        assert (document.get_text(), heard) == ("ONE\n> two", [2])
        command.dispose()
        with pytest.raises(Exception, match=r"acme\.shout"):
            await vscode.commands.execute_command("acme.shout")


@pytest.mark.parametrize("command", ["undo", "redo", "editor.action.formatDocument", "workbench.action.openSettings"])
async def test_what_a_window_does_by_itself_is_no_command_here(ada: SessionContext, command: str) -> None:
    with ada.entered(), pytest.raises(CommandFailed, match="not found"):
        await vscode.commands.execute_command(command)


async def test_without_an_active_editor_it_does_not_run(ada: SessionContext, caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.WARNING, "roost.shim")
    ran: list[Any] = []
    with ada.entered():
        vscode.commands.register_text_editor_command("acme.shout", lambda *given: ran.append(given))
        await vscode.commands.execute_command("acme.shout")
        with pytest.raises(ValueError, match="already exists"):
            vscode.commands.register_text_editor_command("acme.shout", lambda *given: None)
    assert ran == []
    assert "acme.shout needs an active editor" in caplog.text


async def test_what_has_no_occasion_here_can_still_be_listened_to(ada: SessionContext) -> None:
    subscriptions: list[vscode.Disposable] = []
    with ada.entered():
        vscode.extensions.on_did_change(lambda _: None, None, subscriptions)
        vscode.workspace.on_did_grant_workspace_trust(lambda _: None, disposables=subscriptions)
        assert len(subscriptions) == 2
        assert vscode.workspace.notebook_documents == ()
