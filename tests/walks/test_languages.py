"""Walk: a client asks an extension's language providers over the real wire, and hears what is wrong with its files."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.client import Refused, connect, running
from tests.people import extension

pytestmark = pytest.mark.anyio

MANIFEST = (
    'activation_events = ["onLanguage:acme"]\ncontributes.languages = [{ id = "acme", extensions = [".acme"] }]\n'
)

CODE = """
import shim as vscode
from shim import CodeAction, CodeActionKind, Command, CompletionItem, Diagnostic, Hover, MarkdownString, Range

LINE = Range(0, 0, 0, 3)

class Provider:
    def provide_hover(self, document, position, token):
        return Hover(MarkdownString("**" + document.get_text() + "**"), LINE)

    def provide_completion_items(self, document, position, token, context):
        return [CompletionItem("b", vscode.CompletionItemKind.CLASS), CompletionItem("a")]

    def resolve_completion_item(self, item, token):
        item.detail = "resolved"
        return item

    def provide_code_actions(self, document, range, context, token):
        edit = vscode.WorkspaceEdit()
        edit.replace(document.uri, LINE, "new")
        action = CodeAction("Mend " + context.diagnostics[0].message, CodeActionKind.QUICK_FIX, edit)
        action.command = Command("Note", "acme.note", arguments=["mended"])
        return [action]

    def provide_rename_edits(self, document, position, new_name, token):
        raise ValueError("it is a keyword")

notes = []

def activate(context):
    provider = Provider()
    collection = vscode.languages.create_diagnostic_collection("acme")
    for name in ("hover", "code_actions", "rename"):
        getattr(vscode.languages, f"register_{name}_provider")("acme", provider)
    vscode.languages.register_completion_item_provider("acme", provider)
    vscode.commands.register_command("acme.note", notes.append)
    vscode.commands.register_command("acme.notes", lambda: notes)
    vscode.commands.register_command("acme.check", lambda path: collection.set(
        vscode.Uri.file(path), [Diagnostic(LINE, "it", vscode.DiagnosticSeverity.WARNING)]))
"""


@pytest.fixture(scope="module")
def speakers(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """A host with the extension above."""
    folder = tmp_path_factory.mktemp("speakers")
    place: Path = extension(folder / "extensions", "speaker", MANIFEST, extension=CODE)
    with running(folder / "data", ROOST_EXTENSIONS__FOLDERS=f'["{place}"]') as process:
        yield process.base


async def test_providers_answer_a_client_and_what_they_offer_is_done(speakers: str, alice: str, bob: str) -> None:
    async with connect(speakers, alice) as client, connect(speakers, bob) as other:
        for one in (client, other):
            await one.call("session.open")
        at: dict[str, Any] = {"uri": "/workspace/x.acme", "position": {"line": 0, "character": 1}}
        await client.call("workspace.fs.writeFile", uri="/workspace/x.acme", content="old text")
        opened = await client.call("workspace.openTextDocument", uri="/workspace/x.acme")
        assert opened["languageId"] == "acme"
        while not (hovers := await client.call("languages.provideHover", **at)):
            pass  # the extension is woken by the language, and nobody waits for it
        line = {"start": {"line": 0, "character": 0}, "end": {"line": 0, "character": 3}}
        assert hovers == [
            {"contents": [{"value": "**old text**", "supportThemeIcons": False, "supportHtml": False}], "range": line}
        ]
        by_command = await client.call(
            "commands.executeCommand", command="vscode.executeHoverProvider", arguments=[at["uri"], at["position"]]
        )
        assert by_command == hovers

        completions = await client.call("languages.provideCompletionItems", **at)
        assert [(one["label"], one.get("kind")) for one in completions["items"]] == [("a", None), ("b", 6)]
        resolved = await client.call("languages.resolveItem", id=completions["items"][1]["id"])
        assert (resolved["label"], resolved["detail"]) == ("b", "resolved")

        await client.call("commands.executeCommand", command="acme.check", arguments=["/workspace/x.acme"])
        while (event := (await client.next())["params"])["type"] != "languages.onDidChangeDiagnostics":
            pass
        assert event["data"] == {"uris": ["file:///workspace/x.acme"]}
        (wrong,) = await client.call("languages.getDiagnostics", uri="/workspace/x.acme")
        assert wrong["diagnostics"] == [{"range": line, "message": "it", "severity": 1}]
        assert await other.call("languages.getDiagnostics") == []

        (action,) = await client.call("languages.provideCodeActions", uri="/workspace/x.acme", range=line)
        assert (action["title"], action["kind"]) == ("Mend it", "quickfix")
        with pytest.raises(Refused, match="is of no item that is remembered"):
            await other.call("languages.applyItem", id=action["id"])
        await client.call("languages.applyItem", id=action["id"])
        assert (await client.call("workspace.openTextDocument", uri="/workspace/x.acme"))["text"] == "new text"
        assert await client.call("commands.executeCommand", command="acme.notes") == ["mended"]

        with pytest.raises(Refused, match="it is a keyword"):
            await client.call("languages.provideRenameEdits", **at, newName="class")
        assert "acme" in await client.call("languages.getLanguages")
