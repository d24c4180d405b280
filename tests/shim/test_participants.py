"""What the settings want done to a text that is saved: ends of lines and files, code actions, the formatter."""

from __future__ import annotations

import asyncio
import logging
from typing import Any

import pytest

import shim as vscode
from sessions.context import SessionContext
from shim import CodeAction, CodeActionKind, Position, Range, TextEdit, WorkspaceEdit, participants
from shim.participants import MOST_EDITS

pytestmark = pytest.mark.anyio

PATH = "/workspace/note.txt"


async def saved(session: SessionContext, text: str, path: str = PATH, before: bytes = b"", **settings: Any) -> str:
    """What is in the file once a text was typed and saved, with those settings."""
    for name, setting in settings.items():
        await session.settings.update(name.replace("_", "."), setting, "global")
    await session.files.write(path, before)
    document = await vscode.workspace.open_text_document(path)
    edit = WorkspaceEdit()
    edit.insert(document.uri, Position(0, 0), text)
    assert await vscode.workspace.apply_edit(edit) and await document.save() and not document.is_dirty
    return (await session.files.read(path)).decode()


@pytest.mark.parametrize(
    ("setting", "text", "kept"),
    [
        ("files_trimTrailingWhitespace", "a \n\t\n b\t \n  ", "a\n\n b\n"),
        ("files_trimTrailingWhitespace", "😀  \n\u00a0", "😀\n\u00a0"),
        ("files_trimTrailingWhitespace", "x \n" * (MOST_EDITS + 1) + " y ", "x\n" * (MOST_EDITS + 1) + " y"),
        ("files_insertFinalNewline", "a", "a\n"),
        ("files_insertFinalNewline", "a\n", "a\n"),
        ("files_trimFinalNewlines", "a\n\n\n", "a\n"),
        ("files_trimFinalNewlines", "a\n", "a\n"),
        ("files_trimFinalNewlines", "a", "a"),
        ("files_trimFinalNewlines", "\n\n\n", "\n"),
    ],
)
async def test_lines_are_ended_as_the_settings_say(ada: SessionContext, setting: str, text: str, kept: str) -> None:
    with ada.entered():
        assert await saved(ada, text) == text, "without a setting a text is saved as it is"
        assert await saved(ada, text, "/workspace/other.txt", **{setting: True}) == kept


async def test_lines_keep_their_ends(ada: SessionContext) -> None:
    with ada.entered():
        assert await saved(ada, "a \nb \nc", before=b"\r\n ", files_trimTrailingWhitespace=True) == "a\r\nb\r\nc\r\n"


async def test_a_new_text_is_saved_as_the_settings_say_too(ada: SessionContext) -> None:
    await ada.settings.update("files.insertFinalNewline", True, "global")
    with ada.entered():
        document = await vscode.workspace.open_text_document(vscode.Uri.parse(f"untitled:{PATH}"))
        edit = WorkspaceEdit()
        edit.insert(document.uri, Position(0, 0), "a")
        assert await vscode.workspace.apply_edit(edit) and await document.save()
    assert await ada.files.read(PATH) == b"a\n"


async def test_a_language_has_settings_of_its_own(ada: SessionContext) -> None:
    await ada.settings.update("files.trimTrailingWhitespace", True, "global", language="python")
    with ada.entered():
        assert await saved(ada, "a ", "/workspace/a.py") == "a"
        assert await saved(ada, "a ") == "a "


async def test_an_empty_file_stays_empty(ada: SessionContext) -> None:
    with ada.entered():
        assert await saved(ada, " ", files_insertFinalNewline=True, files_trimTrailingWhitespace=True) == ""


class Formatter:
    """One that makes a text upper case, and says with which options it was asked."""

    def __init__(self) -> None:
        self.asked: list[tuple[int, bool]] = []

    def provide_document_formatting_edits(self, document: Any, options: Any, token: Any) -> list[TextEdit]:
        self.asked.append((options.tab_size, options.insert_spaces))
        whole = Range(Position(0, 0), document.line_at(document.line_count - 1).range.end)
        return [TextEdit.replace(whole, document.get_text().upper())]


async def test_the_formatter_runs_where_it_is_wanted(ada: SessionContext) -> None:
    formatter = Formatter()
    with ada.entered():
        vscode.languages.register_document_formatting_edit_provider("plaintext", formatter)
        assert await saved(ada, "a\n\tb\n\tc") == "a\n\tb\n\tc"
        assert await saved(ada, "a\n\tb\n\tc", "/workspace/b.txt", editor_formatOnSave=True) == "A\n\tB\n\tC"
        document = await vscode.workspace.open_text_document("/workspace/b.txt")
    assert formatter.asked == [(4, False)], "as the text is indented"
    assert document.get_text() == "A\n\tB\n\tC"


async def test_very_many_edits_of_a_formatter_are_one_change(ada: SessionContext) -> None:
    class Many:
        def provide_document_formatting_edits(self, document: Any, options: Any, token: Any) -> list[TextEdit]:
            return [TextEdit.insert(Position(line, 1), "😀y") for line in range(1, MOST_EDITS + 5)]

    changes: list[int] = []
    with ada.entered():
        vscode.languages.register_document_formatting_edit_provider("plaintext", Many())
        vscode.workspace.on_did_change_text_document(lambda event: changes.append(len(event.content_changes)))
        text = await saved(ada, "xx\n" * 1_000, editor_formatOnSave=True)
    assert text == "xx\n" + "x😀yx\n" * (MOST_EDITS + 4) + "xx\n" * (995 - MOST_EDITS)
    assert changes == [1, 1, 0], "typed, formatted, saved"


@pytest.mark.parametrize("wrong", ["raises", "hangs", "odd"])
async def test_a_formatter_that_fails_does_not_keep_a_text_from_being_saved(
    ada: SessionContext, monkeypatch: pytest.MonkeyPatch, wrong: str
) -> None:
    class Broken:
        async def provide_document_formatting_edits(self, document: Any, options: Any, token: Any) -> Any:
            if wrong == "raises":
                raise ValueError("no")
            if wrong == "hangs":
                await asyncio.Event().wait()
            return 5

    monkeypatch.setattr(participants, "LIMIT_S", 0.5)
    with ada.entered():
        vscode.languages.register_document_formatting_edit_provider("plaintext", Broken())
        assert await saved(ada, "a ", editor_formatOnSave=True, files_insertFinalNewline=True) == "a \n"


class Mends:
    """Two code actions that add their name at the end, and one that nobody may take."""

    def provide_code_actions(self, document: Any, range: Any, context: Any, token: Any) -> list[CodeAction]:
        kinds = (CodeActionKind.SOURCE_ORGANIZE_IMPORTS, CodeActionKind.SOURCE_FIX_ALL, CodeActionKind.QUICK_FIX)
        return [self._action(document, kind) for kind in kinds]

    def _action(self, document: Any, kind: CodeActionKind) -> CodeAction:
        action = CodeAction(f"do {kind.value}", kind)
        action.edit = WorkspaceEdit()
        action.edit.insert(document.uri, document.line_at(document.line_count - 1).range.end, f" {kind.value}")
        return action


@pytest.mark.parametrize(
    ("setting", "kept"),
    [
        ({"source.organizeImports": "explicit", "source.fixAll": "always"}, "a source.fixAll source.organizeImports"),
        (["source.organizeImports"], "a source.organizeImports"),
        ({"source.organizeImports": False, "source.fixAll": "never"}, "a"),
        ({"source": True}, "a source.organizeImports source.fixAll"),
        ({"source": "explicit", "source.organizeImports": "never"}, "a source.fixAll"),
        ({"source": "explicit", "source.fixAll": False}, "a source.organizeImports"),
        ({"source.fixAll": "explicit", "source": "never"}, "a source.fixAll"),
        ({"source.fixAll": True, "source": True}, "a source.organizeImports source.fixAll"),
        ({"source.fixAll": ["odd"], "source.organizeImports": {}}, "a"),
    ],
)
async def test_code_actions_are_made_of_the_kinds_that_are_wanted(ada: SessionContext, setting: Any, kept: str) -> None:
    with ada.entered():
        vscode.languages.register_code_actions_provider("plaintext", Mends())
        assert await saved(ada, "a", editor_codeActionsOnSave=setting) == kept


@pytest.mark.parametrize("error", [ValueError("no"), KeyError(5), asyncio.CancelledError(), SystemExit(1)])
async def test_a_command_of_a_code_action_that_raises_does_not_keep_a_text_from_being_saved(
    ada: SessionContext, error: BaseException, caplog: pytest.LogCaptureFixture
) -> None:
    class Raises:
        def provide_code_actions(self, *_: Any) -> list[CodeAction]:
            command = vscode.Command("raise", "acme.raise")
            return [CodeAction("raise", CodeActionKind.SOURCE_FIX_ALL, command=command)]

    async def fail() -> None:
        raise error

    with ada.entered():
        vscode.commands.register_command("acme.raise", fail)
        vscode.languages.register_code_actions_provider("plaintext", Raises())
        settings = {"editor_codeActionsOnSave": ["source.fixAll"], "files_insertFinalNewline": True}
        with caplog.at_level(logging.WARNING, "roost.shim"):
            assert await saved(ada, "a", **settings) == "a\n"
    assert f"{PATH} is saved without what" in caplog.text


async def test_a_tab_size_that_is_none_does_not_keep_a_text_from_being_saved(ada: SessionContext) -> None:
    text = b'{"editor.formatOnSave": true, "editor.tabSize": {"odd": 1}, "editor.codeActionsOnSave": 5, "files.eol": 5}'
    await ada.files.write("/workspace/.vscode/settings.json", text)
    await ada.settings.refresh()
    with ada.entered():
        vscode.languages.register_document_formatting_edit_provider("plaintext", Formatter())
        assert (await saved(ada, "a ")).strip().lower() == "a"
