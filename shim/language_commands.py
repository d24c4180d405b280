"""VS Code's commands that ask language providers, such as `vscode.executeHoverProvider`. Each opens the document first.

Names and arguments: https://code.visualstudio.com/api/references/commands. They are not among `commands.get_commands`,
as in VS Code. From a client, Uris are strings, positions and ranges are LSP's.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping, Sequence
from types import MappingProxyType
from typing import TYPE_CHECKING, Any, TypeAlias

from sessions.current import current_session
from sessions.errors import InvalidValue
from shim import queries, renaming
from shim.absent import NotSupported
from shim.completions import CompletionList
from shim.contexts import DocumentRange, FoldingContext, FormattingOptions, ReferenceContext
from shim.diagnostics import CodeActionKind
from shim.documents import Documents
from shim.features import Features
from shim.merging import Found
from shim.queries import ask, bare
from shim.ranges import as_position, as_range
from shim.tokens import SemanticTokensLegend
from shim.uri import Uri

if TYPE_CHECKING:
    from sessions.context import SessionContext

Api: TypeAlias = Callable[..., Awaitable[Any]]

RESOLVED = 1_000
"""Items that one command resolves at most."""


async def opened(uri: object) -> tuple[SessionContext, Any]:
    """The current user's session and document; a string is a URI, or a path that begins with `/`."""
    session = current_session()
    if isinstance(uri, str):
        uri = Uri.file(uri) if uri.startswith("/") else Uri.parse(uri, strict=True)
    if not isinstance(uri, Uri):
        raise InvalidValue("uri", f"must be a Uri, not {type(uri).__name__}")
    return session, await session.get(Documents).open(uri)


def _of_document(feature: str, *more: Any) -> Api:
    async def command(uri: Any) -> list[Any]:
        session, document = await opened(uri)
        return bare(await ask(session, feature, document, *more))

    return command


def _at(feature: str, *more: Any) -> Api:
    async def command(uri: Any, position: Any) -> list[Any]:
        session, document = await opened(uri)
        return bare(await ask(session, feature, document, as_position(position, "position"), *more))

    return command


def _in(feature: str) -> Api:
    async def command(uri: Any, range: Any) -> list[Any]:
        session, document = await opened(uri)
        return bare(await ask(session, feature, document, as_range(range, "range")))

    return command


async def _resolve(session: SessionContext, feature: str, found: Sequence[Found], count: int | None) -> list[Any]:
    """The items, the first `count` of them with all that their providers have of them."""
    first = min(count or 0, RESOLVED)
    return [await queries.resolved(session, feature, one) for one in found[:first]] + bare(found[first:])


async def _completions(
    uri: Any, position: Any, trigger_character: str | None = None, item_resolve_count: int | None = None
) -> CompletionList[Any]:
    session, document = await opened(uri)
    place = as_position(position, "position")
    found, incomplete = await queries.completions(session, document, place, trigger_character)
    return CompletionList(await _resolve(session, "completion", found, item_resolve_count), incomplete)


async def _signatures(uri: Any, position: Any, trigger_character: str | None = None) -> Any:
    session, document = await opened(uri)
    place = as_position(position, "position")
    return await queries.signatures(session, document, place, trigger_character, typed=False)


async def _code_actions(
    uri: Any, range: Any, kind: str | CodeActionKind | None = None, item_resolve_count: int | None = None
) -> list[Any]:
    session, document = await opened(uri)
    wanted = CodeActionKind(kind) if isinstance(kind, str) else kind
    found = await queries.code_actions(session, document, as_range(range, "range"), wanted)
    return await _resolve(session, "code_action", found, item_resolve_count)


async def _code_lenses(uri: Any, item_resolve_count: int | None = None) -> list[Any]:
    session, document = await opened(uri)
    found = await ask(session, "code_lens", document)
    if item_resolve_count is None:
        return bare(found)
    whole = [one for one in found if one[1].is_resolved]
    partial = [one for one in found if not one[1].is_resolved][:item_resolve_count]  # those after them are left out
    return bare(whole) + await _resolve(session, "code_lens", partial, item_resolve_count)


async def _links(uri: Any, link_resolve_count: int | None = None) -> list[Any]:
    session, document = await opened(uri)
    return await _resolve(session, "link", await ask(session, "link", document), link_resolve_count)


async def _selections(uri: Any, positions: Sequence[Any]) -> list[Any]:
    session, document = await opened(uri)
    return bare(await ask(session, "selection", document, [as_position(one, "positions") for one in positions]))


async def _workspace_symbols(query: str) -> list[Any]:
    return bare(await ask(current_session(), "workspace_symbol", None, str(query)))


def options_of(given: Any) -> FormattingOptions:
    """Formatting options of a mapping in VS Code's or Python's words."""
    if isinstance(given, FormattingOptions):
        return given
    words = given if isinstance(given, Mapping) else {}
    size = words.get("tabSize", words.get("tab_size", 4))
    return FormattingOptions(int(size), bool(words.get("insertSpaces", words.get("insert_spaces", True))))


async def _format(uri: Any, options: Any = None) -> list[Any]:
    session, document = await opened(uri)
    return list(await queries.formatting(session, document, options_of(options)))


async def _format_range(uri: Any, range: Any, options: Any = None) -> list[Any]:
    session, document = await opened(uri)
    return list(await queries.formatting(session, document, options_of(options), as_range(range, "range")))


async def _format_on_type(uri: Any, position: Any, ch: str, options: Any = None) -> list[Any]:
    session, document = await opened(uri)
    place = as_position(position, "position")
    return list(await queries.formatting_on_type(session, document, place, ch, options_of(options)))


async def _rename(uri: Any, position: Any, new_name: str) -> Any:
    session, document = await opened(uri)
    return await renaming.rename(session, document, as_position(position, "position"), new_name)


async def _prepare_rename(uri: Any, position: Any) -> Any:
    session, document = await opened(uri)
    return await renaming.location(session, document, as_position(position, "position"))


def _tokens(ranged: bool) -> Api:
    async def command(uri: Any, range: Any = None) -> Any:
        session, document = await opened(uri)
        found = await queries.tokens(session, document, as_range(range, "range") if ranged else None)
        return found[0] if found else None

    return command


def _legend(feature: str) -> Api:
    async def command(uri: Any, range: Any = None) -> SemanticTokensLegend | None:
        session, document = await opened(uri)
        offers = session.get(Features).offers(feature, document)
        return offers[0].more["legend"] if offers else None

    return command


def _following(feature: str, what: str) -> Api:
    """What is known further of an item that a command of `feature` gave: its provider is asked, by its document."""

    async def command(item: Any) -> list[Any]:
        session, document = await opened(getattr(item, "uri", None))
        for offer in session.get(Features).offers(feature, document):
            if found := await queries.following(session, what, (offer, item)):
                return bare(found)
        return []

    return command


async def _color_presentations(color: Any, context: Mapping[str, Any]) -> list[Any]:
    session, document = await opened(context.get("uri"))
    place = DocumentRange(document, as_range(context.get("range"), "range"))
    for offer in session.get(Features).offers("color", document):
        if found := await queries.following(session, "color_presentations", (offer, color), place):
            return bare(found)
    return []


async def _inline_values(*_: Any) -> Any:
    raise NotSupported("vscode.executeInlineValueProvider", "there is no debugger; hovers and inlay hints are here")


API: Mapping[str, Api] = MappingProxyType(
    {
        "vscode.executeHoverProvider": _at("hover"),
        "vscode.executeDefinitionProvider": _at("definition"),
        "vscode.executeDeclarationProvider": _at("declaration"),
        "vscode.executeTypeDefinitionProvider": _at("type_definition"),
        "vscode.executeImplementationProvider": _at("implementation"),
        "vscode.executeReferenceProvider": _at("references", ReferenceContext()),
        "vscode.executeDocumentHighlights": _at("highlight"),
        "vscode.executeSelectionRangeProvider": _selections,
        "vscode.executeCompletionItemProvider": _completions,
        "vscode.executeSignatureHelpProvider": _signatures,
        "vscode.executeDocumentSymbolProvider": _of_document("symbol"),
        "vscode.executeWorkspaceSymbolProvider": _workspace_symbols,
        "vscode.executeCodeActionProvider": _code_actions,
        "vscode.executeCodeLensProvider": _code_lenses,
        "vscode.executeLinkProvider": _links,
        "vscode.executeFoldingRangeProvider": _of_document("folding", FoldingContext()),
        "vscode.executeInlayHintProvider": _in("inlay_hint"),
        "vscode.executeFormatDocumentProvider": _format,
        "vscode.executeFormatRangeProvider": _format_range,
        "vscode.executeFormatOnTypeProvider": _format_on_type,
        "vscode.executeDocumentRenameProvider": _rename,
        "vscode.prepareRename": _prepare_rename,
        "vscode.executeDocumentColorProvider": _of_document("color"),
        "vscode.executeColorPresentationProvider": _color_presentations,
        "vscode.provideDocumentSemanticTokens": _tokens(False),
        "vscode.provideDocumentSemanticTokensLegend": _legend("tokens"),
        "vscode.provideDocumentRangeSemanticTokens": _tokens(True),
        "vscode.provideDocumentRangeSemanticTokensLegend": _legend("range_tokens"),
        "vscode.prepareCallHierarchy": _at("call_hierarchy"),
        "vscode.provideIncomingCalls": _following("call_hierarchy", "incoming_calls"),
        "vscode.provideOutgoingCalls": _following("call_hierarchy", "outgoing_calls"),
        "vscode.prepareTypeHierarchy": _at("type_hierarchy"),
        "vscode.provideSupertypes": _following("type_hierarchy", "supertypes"),
        "vscode.provideSubtypes": _following("type_hierarchy", "subtypes"),
        "vscode.executeInlineValueProvider": _inline_values,
    }
)
"""The commands by id."""
