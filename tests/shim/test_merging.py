"""What several providers answer, as one list: VS Code's order, and nothing twice."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from typing import Any

import pytest

import shim as vscode
from sessions.context import SessionContext
from shim import Range, SymbolKind, Uri
from shim.merging import MOST_AT_ONCE, merged

pytestmark = pytest.mark.anyio

FILE = Uri.file("/workspace/a.py")
HERE = vscode.Position(0, 0)


@pytest.fixture
async def ask(ada: SessionContext) -> Callable[..., Any]:
    """Ask by command what these providers answer, which are registered in their order."""
    await ada.files.write("/workspace/a.py", b"one\ntwo\nthree\n")

    async def ask(feature: str, method: str, command: str, answers: list[Any], *more: Any, **resolve: Any) -> Any:
        with ada.entered("acme.all"):
            for answer in answers:
                provider = type("Provider", (), {method: lambda *_, answer=answer: answer, **resolve})()
                selector = [] if feature == "workspace_symbol" else ["python"]
                getattr(vscode.languages, f"register_{feature}_provider")(*selector, provider)
            return await vscode.commands.execute_command(f"vscode.{command}", *more)

    return ask


def location(path: str, line: int = 1) -> vscode.Location:
    return vscode.Location(Uri.file(path), Range(line, 0, line, 3))


@pytest.mark.parametrize("kind", ["definition", "declaration", "type_definition", "implementation"])
async def test_places_are_ordered_by_file_and_line_and_there_once(ask: Callable[..., Any], kind: str) -> None:
    link = vscode.LocationLink(Uri.file("/b"), Range(0, 0, 0, 1))
    answers = [location("/b"), location("/b"), [location("/d"), location("/c", 4), location("/c", 3), link]]
    command = f"execute{kind.title().replace('_', '')}Provider"
    found = await ask(kind, f"provide_{kind}", command, answers, FILE, HERE)
    assert found == [link, found[1], found[2], found[3], found[4]]
    assert [(one.uri.path, one.range.start.line) for one in found[1:]] == [("/b", 1), ("/c", 3), ("/c", 4), ("/d", 1)]


async def test_references_are_there_once(ask: Callable[..., Any]) -> None:
    answers = [[location("/b"), location("/a")], [location("/b")]]
    found = await ask("reference", "provide_references", "executeReferenceProvider", answers, FILE, HERE)
    assert [one.uri.path for one in found] == ["/a", "/b"]


async def test_symbols_stand_in_the_order_of_the_text(ask: Callable[..., Any]) -> None:
    last, first = Range(1, 0, 1, 2), Range(0, 1, 0, 3)
    symbols = [
        [vscode.DocumentSymbol("first", "", SymbolKind.ENUM, first, first)],
        [vscode.SymbolInformation("last", SymbolKind.ENUM, last, FILE)],
    ]
    found = await ask("document_symbol", "provide_document_symbols", "executeDocumentSymbolProvider", symbols, FILE)
    assert [one.name for one in found] == ["first", "last"]


async def test_symbols_of_the_workspace_are_there_once(ask: Callable[..., Any]) -> None:
    def symbol(name: str, path: str) -> vscode.SymbolInformation:
        return vscode.SymbolInformation(name, SymbolKind.ARRAY, "", location(path))

    answers = [[symbol("b", "/1"), symbol("a", "/2")], [symbol("b", "/1"), symbol("b", "/0")]]
    found = await ask("workspace_symbol", "provide_workspace_symbols", "executeWorkspaceSymbolProvider", answers, "")
    assert [(one.name, one.location.uri.path) for one in found] == [("a", "/2"), ("b", "/0"), ("b", "/1")]


async def test_hints_stand_in_the_order_of_the_text(ask: Callable[..., Any]) -> None:
    places = [[vscode.Position(1, 2)], [vscode.Position(0, 3), vscode.Position(0, 1)]]
    hints = [[vscode.InlayHint(place, f"{place.line}:{place.character}") for place in one] for one in places]
    found = await ask("inlay_hints", "provide_inlay_hints", "executeInlayHintProvider", hints, FILE, Range(0, 0, 9, 9))
    assert [one.label for one in found] == ["0:1", "0:3", "1:2"]


async def test_of_lenses_that_are_resolved_no_others_come(ask: Callable[..., Any]) -> None:
    whole = vscode.CodeLens(Range(3, 0, 3, 1), vscode.Command("there", "there"))
    lenses = [whole, *(vscode.CodeLens(Range(line, 0, line, 1)) for line in (2, 0, 1))]
    resolved: list[int] = []

    def resolve_code_lens(_: Any, lens: vscode.CodeLens, token: Any) -> None:
        resolved.append(lens.range.start.line)
        lens.command = vscode.Command("made", "made")

    method, command = "provide_code_lenses", "executeCodeLensProvider"
    found = await ask("code_lens", method, command, [lenses], FILE, 2, resolve_code_lens=resolve_code_lens)
    assert [(one.range.start.line, one.command.title) for one in found] == [(3, "there"), (0, "made"), (1, "made")]
    assert resolved == [0, 1]
    assert [one.range.start.line for one in await ask("code_lens", method, command, [], FILE)] == [0, 1, 2, 3]


async def test_a_resolved_action_has_its_edit_and_command_and_its_old_title(ask: Callable[..., Any]) -> None:
    def resolve_code_action(_: Any, action: vscode.CodeAction, token: Any) -> vscode.CodeAction:
        action.title, action.edit = "another", vscode.WorkspaceEdit()
        return action

    actions = [vscode.CodeAction("title", vscode.CodeActionKind("foo"))]
    (found,) = await ask(
        "code_actions", "provide_code_actions", "executeCodeActionProvider", [actions], FILE, Range(0, 0, 1, 1),
        None, 1000, resolve_code_action=resolve_code_action,
    )  # fmt: skip
    assert (found.title, found.edit is not None) == ("title", True)


async def test_a_command_asks_for_signatures_with_a_character_that_nobody_typed(ada: SessionContext) -> None:
    class Provider:
        def provide_signature_help(self, document: Any, position: Any, token: Any, context: Any) -> Any:
            return vscode.SignatureHelp([vscode.SignatureInformation(f"{context.trigger_kind.name} ,")])

    await ada.files.write("/workspace/a.py", b"one\n")
    with ada.entered():
        vscode.languages.register_signature_help_provider("python", Provider())
        found = await vscode.commands.execute_command("vscode.executeSignatureHelpProvider", FILE, HERE, ",")
    assert found.signatures[0].label == "INVOKE ,"


async def test_what_can_be_renamed_may_be_said_in_a_mapping(ask: Callable[..., Any]) -> None:
    place = {"range": Range(0, 0, 0, 3), "placeholder": "foo"}
    found = await ask(
        "rename", "provide_rename_edits", "prepareRename", [None], FILE, HERE, prepare_rename=lambda *_: place
    )
    assert (found.range, found.placeholder) == (place["range"], "foo")


async def test_many_items_are_put_in_order_beside_the_loop(monkeypatch: pytest.MonkeyPatch) -> None:
    beside: list[int] = []

    async def to_thread(function: Callable[..., Any], *arguments: Any) -> Any:
        beside.append(len(arguments[1]))
        return function(*arguments)

    monkeypatch.setattr(asyncio, "to_thread", to_thread)
    offer: Any = None
    many = [(offer, location("/a", line)) for line in range(MOST_AT_ONCE + 1, 0, -1)]
    assert [one.range.start.line for _, one in await merged("references", many)] == [*range(1, MOST_AT_ONCE + 2)]
    assert len(await merged("references", many[:3])) == 3
    assert beside == [MOST_AT_ONCE + 1]
