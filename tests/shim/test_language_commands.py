"""VS Code's commands that ask language providers, with real documents: from an extension and with a client's words."""

from __future__ import annotations

import re
from typing import Any

import pytest

import shim as vscode
from sessions.context import SessionContext
from sessions.errors import FileSystemError, InvalidValue
from shim import NotSupported
from shim.commands import Commands
from shim.features import ProviderFailed
from shim.language_commands import API

pytestmark = pytest.mark.anyio

A = vscode.Uri.file("/workspace/a.py")
LINE = vscode.Range(0, 0, 0, 5)


class Provider:
    """Answers all that these tests ask, with what it was asked."""

    def provide_hover(self, document: Any, position: Any, token: Any) -> Any:
        return vscode.Hover(f"{document.language_id} {document.get_text()} {position.line}:{position.character}")

    def provide_definition(self, document: Any, position: Any, token: Any) -> Any:
        return [vscode.LocationLink(document.uri, LINE)]

    provide_declaration = provide_type_definition = provide_implementation = provide_definition

    def provide_references(self, document: Any, position: Any, context: Any, token: Any) -> Any:
        return [vscode.Location(document.uri, LINE)] if context.include_declaration else []

    def provide_document_highlights(self, document: Any, position: Any, token: Any) -> Any:
        return [vscode.DocumentHighlight(LINE)]

    def provide_selection_ranges(self, document: Any, positions: Any, token: Any) -> Any:
        return [vscode.SelectionRange(vscode.Range(one, one)) for one in positions]

    def provide_completion_items(self, document: Any, position: Any, token: Any, context: Any) -> Any:
        return [vscode.CompletionItem("a"), vscode.CompletionItem("b")]

    def resolve_completion_item(self, item: Any, token: Any) -> Any:
        item.detail = "resolved"
        return item

    def provide_signature_help(self, document: Any, position: Any, token: Any, context: Any) -> Any:
        return vscode.SignatureHelp([vscode.SignatureInformation(f"f({context.trigger_character})")])

    def provide_document_symbols(self, document: Any, token: Any) -> Any:
        return [vscode.DocumentSymbol("f", "", vscode.SymbolKind.FUNCTION, LINE, LINE)]

    def provide_workspace_symbols(self, query: str, token: Any) -> Any:
        return [vscode.SymbolInformation(query, vscode.SymbolKind.CLASS, "", vscode.Location(A, LINE))]

    def provide_code_actions(self, document: Any, range: Any, context: Any, token: Any) -> Any:
        return [vscode.CodeAction("fix", vscode.CodeActionKind.QUICK_FIX)]

    def provide_code_lenses(self, document: Any, token: Any) -> Any:
        return [vscode.CodeLens(LINE)]

    def resolve_code_lens(self, lens: Any, token: Any) -> Any:
        return vscode.CodeLens(lens.range, vscode.Command("Run", "acme.run"))

    def provide_document_links(self, document: Any, token: Any) -> Any:
        return [vscode.DocumentLink(LINE, A)]

    def provide_folding_ranges(self, document: Any, context: Any, token: Any) -> Any:
        return [vscode.FoldingRange(0, 1)]

    def provide_inlay_hints(self, document: Any, range: Any, token: Any) -> Any:
        return [vscode.InlayHint(range.start, "int")]

    def provide_document_range_formatting_edits(self, document: Any, range: Any, options: Any, token: Any) -> Any:
        return [vscode.TextEdit(range, f"{options.tab_size} {options.insert_spaces}")]

    def provide_on_type_formatting_edits(self, document: Any, position: Any, ch: str, options: Any, token: Any) -> Any:
        return [vscode.TextEdit(LINE, ch)]

    def provide_rename_edits(self, document: Any, position: Any, new_name: str, token: Any) -> Any:
        edit = vscode.WorkspaceEdit()
        edit.replace(document.uri, LINE, new_name)
        return edit

    def provide_document_colors(self, document: Any, token: Any) -> Any:
        return [vscode.ColorInformation(LINE, vscode.Color(1, 0, 0, 1))]

    def provide_color_presentations(self, color: Any, context: Any, token: Any) -> Any:
        return [vscode.ColorPresentation(f"{color.red} at {context.document.file_name}")]

    def provide_document_semantic_tokens(self, document: Any, token: Any) -> Any:
        return vscode.SemanticTokensBuilder().build()

    def provide_document_range_semantic_tokens(self, document: Any, range: Any, token: Any) -> Any:
        return vscode.SemanticTokensBuilder().build("ranged")

    def prepare_call_hierarchy(self, document: Any, position: Any, token: Any) -> Any:
        return vscode.CallHierarchyItem(vscode.SymbolKind.FUNCTION, "f", "", document.uri, LINE, LINE)

    def provide_call_hierarchy_incoming_calls(self, item: Any, token: Any) -> Any:
        return [vscode.CallHierarchyIncomingCall(item, [LINE])]

    def provide_call_hierarchy_outgoing_calls(self, item: Any, token: Any) -> Any:
        return [vscode.CallHierarchyOutgoingCall(item, [LINE])]

    def prepare_type_hierarchy(self, document: Any, position: Any, token: Any) -> Any:
        return [vscode.TypeHierarchyItem(vscode.SymbolKind.CLASS, "C", "", document.uri, LINE, LINE)]

    def provide_type_hierarchy_supertypes(self, item: Any, token: Any) -> Any:
        return [item]

    provide_type_hierarchy_subtypes = provide_type_hierarchy_supertypes


LEGEND = vscode.SemanticTokensLegend(["class"])
PLAIN = (
    "hover definition declaration type_definition implementation reference document_highlight selection_range "
    "document_symbol code_actions code_lens document_link folding_range inlay_hints rename color call_hierarchy "
    "type_hierarchy document_range_formatting_edit"
)


@pytest.fixture
async def there(ada: SessionContext) -> SessionContext:
    """Ada, with a file and a provider for everything."""
    await ada.files.write("/workspace/a.py", b"hello = 1\n")
    languages, provider = vscode.languages, Provider()
    with ada.entered("acme.all"):
        for name in PLAIN.split():
            getattr(languages, f"register_{name}_provider")("python", provider)
        languages.register_workspace_symbol_provider(provider)
        languages.register_completion_item_provider("python", provider, ".")
        languages.register_signature_help_provider("python", provider, "(")
        languages.register_on_type_formatting_edit_provider("python", provider, ";")
        languages.register_document_semantic_tokens_provider("python", provider, LEGEND)
        languages.register_document_range_semantic_tokens_provider("python", provider, LEGEND)
    return ada


async def run(session: SessionContext, name: str, *arguments: Any) -> Any:
    with session.entered("other.one"):
        return await vscode.commands.execute_command(f"vscode.{name}", *arguments)


HERE = vscode.Position(0, 2)
ASKED: list[tuple[str, tuple[Any, ...], Any]] = [
    ("executeHoverProvider", (A, HERE), lambda found: found[0].contents == ["python hello = 1\n 0:2"]),
    ("executeDefinitionProvider", (A, HERE), lambda found: found[0].target_uri == A),
    ("executeDeclarationProvider", (A, HERE), lambda found: found[0].target_range == LINE),
    ("executeTypeDefinitionProvider", (A, HERE), len),
    ("executeImplementationProvider", (A, HERE), len),
    ("executeReferenceProvider", (A, HERE), lambda found: found[0].uri == A),
    ("executeDocumentHighlights", (A, HERE), len),
    ("executeSelectionRangeProvider", (A, [HERE, HERE]), lambda found: len(found) == 2),
    ("executeCompletionItemProvider", (A, HERE), lambda found: [one.label for one in found.items] == ["a", "b"]),
    ("executeCompletionItemProvider", (A, HERE, ".", 1), lambda found: found.items[0].detail == "resolved"),
    ("executeCompletionItemProvider", (A, HERE, ".", 1), lambda found: found.items[1].detail is None),
    ("executeCompletionItemProvider", (A, HERE, ":"), lambda found: found.items == []),
    ("executeSignatureHelpProvider", (A, HERE, "("), lambda found: found.signatures[0].label == "f(()"),
    ("executeDocumentSymbolProvider", (A,), lambda found: found[0].name == "f"),
    ("executeWorkspaceSymbolProvider", ("Cat",), lambda found: found[0].name == "Cat"),
    ("executeCodeActionProvider", (A, LINE), lambda found: found[0].title == "fix"),
    ("executeCodeActionProvider", (A, LINE, "refactor"), lambda found: found == []),
    ("executeCodeLensProvider", (A,), lambda found: not found[0].is_resolved),
    ("executeCodeLensProvider", (A, 1), lambda found: found[0].command.command == "acme.run"),
    ("executeLinkProvider", (A,), lambda found: found[0].target == A),
    ("executeFoldingRangeProvider", (A,), lambda found: (found[0].start, found[0].end) == (0, 1)),
    ("executeInlayHintProvider", (A, LINE), lambda found: found[0].label == "int"),
    ("executeFormatRangeProvider", (A, LINE, {"tabSize": 2}), lambda found: found[0].new_text == "2 True"),
    ("executeFormatDocumentProvider", (A,), lambda found: found[0].range == vscode.Range(0, 0, 1, 0)),
    ("executeFormatOnTypeProvider", (A, HERE, ";", {}), lambda found: found[0].new_text == ";"),
    ("executeDocumentRenameProvider", (A, HERE, "bye"), lambda found: found.get(A)[0].new_text == "bye"),
    ("prepareRename", (A, HERE), lambda found: (found.range, found.placeholder) == (LINE, "hello")),
    ("executeDocumentColorProvider", (A,), lambda found: found[0].color.red == 1),
    (
        "executeColorPresentationProvider",
        (vscode.Color(1, 0, 0, 1), {"uri": A, "range": LINE}),
        lambda found: found[0].label == "1 at /workspace/a.py",
    ),
    ("provideDocumentSemanticTokens", (A,), lambda found: found.result_id is None),
    ("provideDocumentSemanticTokensLegend", (A,), lambda found: found is LEGEND),
    ("provideDocumentRangeSemanticTokens", (A, LINE), lambda found: found.result_id == "ranged"),
    ("provideDocumentRangeSemanticTokensLegend", (A, LINE), lambda found: found is LEGEND),
    ("prepareCallHierarchy", (A, HERE), lambda found: found[0].name == "f"),
    ("prepareTypeHierarchy", (A, HERE), lambda found: found[0].name == "C"),
]


@pytest.mark.parametrize(("name", "arguments", "right"), ASKED, ids=[one[0] for one in ASKED])
async def test_a_command_gives_what_the_providers_answer(
    there: SessionContext, name: str, arguments: tuple[Any, ...], right: Any
) -> None:
    assert right(await run(there, name, *arguments))


async def test_items_of_hierarchies_are_followed(there: SessionContext) -> None:
    (call,) = await run(there, "prepareCallHierarchy", A, HERE)
    assert [one.from_ for one in await run(there, "provideIncomingCalls", call)] == [call]
    assert [one.to for one in await run(there, "provideOutgoingCalls", call)] == [call]
    (type_,) = await run(there, "prepareTypeHierarchy", A, HERE)
    assert await run(there, "provideSupertypes", type_) == [type_]
    assert await run(there, "provideSubtypes", type_) == [type_]


def test_every_command_is_asked_in_these_tests() -> None:
    followed = {"IncomingCalls", "OutgoingCalls", "Supertypes", "Subtypes"}
    asked = {f"vscode.{one[0]}" for one in ASKED} | {f"vscode.provide{one}" for one in followed}
    assert set(API) - asked == {"vscode.executeInlineValueProvider"}


async def test_a_client_says_uris_and_places_in_its_own_words(there: SessionContext) -> None:
    for uri in ("/workspace/a.py", "file:///workspace/a.py"):
        (hover,) = await run(there, "executeHoverProvider", uri, {"line": 0, "character": 3})
        assert hover.contents == ["python hello = 1\n 0:3"]


async def test_what_is_not_there_is_said(there: SessionContext, ben: SessionContext) -> None:
    with pytest.raises(FileSystemError):
        await run(there, "executeHoverProvider", vscode.Uri.file("/workspace/none.py"), HERE)
    with pytest.raises(InvalidValue, match="uri: must be a Uri, not int"):
        await run(there, "executeHoverProvider", 7, HERE)
    with pytest.raises(InvalidValue, match="position: must be a Position"):
        await run(there, "executeHoverProvider", A, None)
    with pytest.raises(NotSupported, match="there is no debugger"):
        await run(there, "executeInlineValueProvider", A, LINE)
    with pytest.raises(FileSystemError):
        await run(ben, "executeHoverProvider", A, HERE)
    await ben.files.write("/workspace/a.py", b"class = 2")
    assert await run(ben, "executeHoverProvider", A, HERE) == []
    with pytest.raises(ProviderFailed, match="nothing can be renamed there"):
        await run(ben, "prepareRename", A, HERE)


async def test_these_commands_are_neither_listed_nor_taken(there: SessionContext) -> None:
    assert not [one for one in there.get(Commands).ids() if one.startswith("vscode.execute")]
    with there.entered(), pytest.raises(ValueError, match="already exists"):
        vscode.commands.register_command("vscode.executeHoverProvider", lambda: None)


async def test_a_documents_language_can_be_set_and_says_what_a_word_is(ada: SessionContext) -> None:
    await ada.files.write("/workspace/a.txt", b"one-two three")
    with ada.entered():
        document = await vscode.workspace.open_text_document(vscode.Uri.file("/workspace/a.txt"))
        heard: list[str] = []
        vscode.workspace.on_did_close_text_document(lambda _: heard.append("closed"))
        vscode.workspace.on_did_open_text_document(lambda one: heard.append(one.language_id))
        assert await vscode.languages.set_text_document_language(document, "ruby") is document
        assert (document.language_id, heard) == ("ruby", ["closed", "ruby"])
        with pytest.raises(InvalidValue, match="'no-such' is the id of no language"):
            await vscode.languages.set_text_document_language(document, "no-such")
        word = document.get_word_range_at_position(HERE)
        assert word is not None and document.get_text(word) == "one"
        undo = vscode.languages.set_language_configuration("ruby", {"word_pattern": re.compile(r"[a-z-]+")})
        word = document.get_word_range_at_position(HERE)
        assert word is not None and document.get_text(word) == "one-two"
        undo.dispose()
        word = document.get_word_range_at_position(HERE)
        assert word is not None and document.get_text(word) == "one"
