"""What an extension implements to offer something for a language: VS Code's provider interfaces. They are types only.

Methods may be plain or async. Those that are optional in VS Code are named in the docstrings and looked up when needed.
"""

from __future__ import annotations

from collections.abc import Awaitable, Sequence
from typing import TYPE_CHECKING, Any, Protocol, TypeAlias, TypeVar

from sessions.memento import Memento as Memento
from shim.completions import (
    ColorPresentation,
    CompletionItem,
    CompletionList,
    Hover,
    InlayHint,
    InlineCompletionItem,
    InlineCompletionList,
    SignatureHelp,
)
from shim.contexts import (
    CodeActionContext,
    CompletionContext,
    DocumentRange,
    FoldingContext,
    FormattingOptions,
    InlineCompletionContext,
    LocationLink,
    ReferenceContext,
    SignatureHelpContext,
)
from shim.diagnostics import CodeAction
from shim.edits import TextEdit, WorkspaceEdit
from shim.ranges import Location, Position, Range
from shim.symbols import (
    CallHierarchyIncomingCall,
    CallHierarchyItem,
    CallHierarchyOutgoingCall,
    CodeLens,
    ColorInformation,
    DocumentHighlight,
    DocumentLink,
    DocumentSymbol,
    FoldingRange,
    LinkedEditingRanges,
    SelectionRange,
    SymbolInformation,
    TypeHierarchyItem,
)
from shim.tokens import SemanticTokens
from shim.types import Color, Command

if TYPE_CHECKING:
    from shim.cancellation import CancellationToken as Token

T = TypeVar("T")

ProviderResult: TypeAlias = T | Awaitable[T | None] | None
"""What a provider gives: at once, or later."""

Places: TypeAlias = Location | Sequence[Location] | Sequence[LocationLink]
Document: TypeAlias = Any
"""A TextDocument."""


class HoverProvider(Protocol):
    def provide_hover(self, document: Document, position: Position, token: Token, /) -> ProviderResult[Hover]: ...


class DefinitionProvider(Protocol):
    def provide_definition(self, document: Document, position: Position, token: Token, /) -> ProviderResult[Places]: ...


class DeclarationProvider(Protocol):
    def provide_declaration(
        self, document: Document, position: Position, token: Token, /
    ) -> ProviderResult[Places]: ...


class TypeDefinitionProvider(Protocol):
    def provide_type_definition(
        self, document: Document, position: Position, token: Token, /
    ) -> ProviderResult[Places]: ...


class ImplementationProvider(Protocol):
    def provide_implementation(
        self, document: Document, position: Position, token: Token, /
    ) -> ProviderResult[Places]: ...


class ReferenceProvider(Protocol):
    def provide_references(
        self, document: Document, position: Position, context: ReferenceContext, token: Token, /
    ) -> ProviderResult[Sequence[Location]]: ...


class DocumentHighlightProvider(Protocol):
    def provide_document_highlights(
        self, document: Document, position: Position, token: Token, /
    ) -> ProviderResult[Sequence[DocumentHighlight]]: ...


class LinkedEditingRangeProvider(Protocol):
    def provide_linked_editing_ranges(
        self, document: Document, position: Position, token: Token, /
    ) -> ProviderResult[LinkedEditingRanges]: ...


class SelectionRangeProvider(Protocol):
    def provide_selection_ranges(
        self, document: Document, positions: Sequence[Position], token: Token, /
    ) -> ProviderResult[Sequence[SelectionRange]]: ...


class CompletionItemProvider(Protocol):
    """May have `resolve_completion_item(item, token)`."""

    def provide_completion_items(
        self, document: Document, position: Position, token: Token, context: CompletionContext, /
    ) -> ProviderResult[Sequence[CompletionItem] | CompletionList[CompletionItem]]: ...


class InlineCompletionItemProvider(Protocol):
    def provide_inline_completion_items(
        self, document: Document, position: Position, context: InlineCompletionContext, token: Token, /
    ) -> ProviderResult[Sequence[InlineCompletionItem] | InlineCompletionList]: ...


class SignatureHelpProvider(Protocol):
    def provide_signature_help(
        self, document: Document, position: Position, token: Token, context: SignatureHelpContext, /
    ) -> ProviderResult[SignatureHelp]: ...


class DocumentSymbolProvider(Protocol):
    def provide_document_symbols(
        self, document: Document, token: Token, /
    ) -> ProviderResult[Sequence[DocumentSymbol] | Sequence[SymbolInformation]]: ...


class WorkspaceSymbolProvider(Protocol):
    """May have `resolve_workspace_symbol(symbol, token)`."""

    def provide_workspace_symbols(self, query: str, token: Token, /) -> ProviderResult[Sequence[SymbolInformation]]: ...


class CodeActionProvider(Protocol):
    """May have `resolve_code_action(action, token)`."""

    def provide_code_actions(
        self, document: Document, range: Range, context: CodeActionContext, token: Token, /
    ) -> ProviderResult[Sequence[CodeAction | Command]]: ...


class CodeLensProvider(Protocol):
    """May have `on_did_change_code_lenses` and `resolve_code_lens(lens, token)`."""

    def provide_code_lenses(self, document: Document, token: Token, /) -> ProviderResult[Sequence[CodeLens]]: ...


class DocumentLinkProvider(Protocol):
    """May have `resolve_document_link(link, token)`."""

    def provide_document_links(self, document: Document, token: Token, /) -> ProviderResult[Sequence[DocumentLink]]: ...


class FoldingRangeProvider(Protocol):
    """May have `on_did_change_folding_ranges`."""

    def provide_folding_ranges(
        self, document: Document, context: FoldingContext, token: Token, /
    ) -> ProviderResult[Sequence[FoldingRange]]: ...


class InlayHintsProvider(Protocol):
    """May have `on_did_change_inlay_hints` and `resolve_inlay_hint(hint, token)`."""

    def provide_inlay_hints(
        self, document: Document, range: Range, token: Token, /
    ) -> ProviderResult[Sequence[InlayHint]]: ...


class DocumentFormattingEditProvider(Protocol):
    def provide_document_formatting_edits(
        self, document: Document, options: FormattingOptions, token: Token, /
    ) -> ProviderResult[Sequence[TextEdit]]: ...


class DocumentRangeFormattingEditProvider(Protocol):
    def provide_document_range_formatting_edits(
        self, document: Document, range: Range, options: FormattingOptions, token: Token, /
    ) -> ProviderResult[Sequence[TextEdit]]: ...


class OnTypeFormattingEditProvider(Protocol):
    def provide_on_type_formatting_edits(
        self, document: Document, position: Position, ch: str, options: FormattingOptions, token: Token, /
    ) -> ProviderResult[Sequence[TextEdit]]: ...


class RenameProvider(Protocol):
    """May have `prepare_rename(document, position, token)`, which gives a Range or a RenameLocation, or raises."""

    def provide_rename_edits(
        self, document: Document, position: Position, new_name: str, token: Token, /
    ) -> ProviderResult[WorkspaceEdit]: ...


class DocumentColorProvider(Protocol):
    def provide_document_colors(
        self, document: Document, token: Token, /
    ) -> ProviderResult[Sequence[ColorInformation]]: ...

    def provide_color_presentations(
        self, color: Color, context: DocumentRange, token: Token, /
    ) -> ProviderResult[Sequence[ColorPresentation]]: ...


class DocumentSemanticTokensProvider(Protocol):
    """May have `on_did_change_semantic_tokens`; what has changed since (`..._edits`) is not asked for."""

    def provide_document_semantic_tokens(
        self, document: Document, token: Token, /
    ) -> ProviderResult[SemanticTokens]: ...


class DocumentRangeSemanticTokensProvider(Protocol):
    def provide_document_range_semantic_tokens(
        self, document: Document, range: Range, token: Token, /
    ) -> ProviderResult[SemanticTokens]: ...


class CallHierarchyProvider(Protocol):
    def prepare_call_hierarchy(
        self, document: Document, position: Position, token: Token, /
    ) -> ProviderResult[CallHierarchyItem | Sequence[CallHierarchyItem]]: ...

    def provide_call_hierarchy_incoming_calls(
        self, item: CallHierarchyItem, token: Token, /
    ) -> ProviderResult[Sequence[CallHierarchyIncomingCall]]: ...

    def provide_call_hierarchy_outgoing_calls(
        self, item: CallHierarchyItem, token: Token, /
    ) -> ProviderResult[Sequence[CallHierarchyOutgoingCall]]: ...


class TypeHierarchyProvider(Protocol):
    def prepare_type_hierarchy(
        self, document: Document, position: Position, token: Token, /
    ) -> ProviderResult[TypeHierarchyItem | Sequence[TypeHierarchyItem]]: ...

    def provide_type_hierarchy_supertypes(
        self, item: TypeHierarchyItem, token: Token, /
    ) -> ProviderResult[Sequence[TypeHierarchyItem]]: ...

    def provide_type_hierarchy_subtypes(
        self, item: TypeHierarchyItem, token: Token, /
    ) -> ProviderResult[Sequence[TypeHierarchyItem]]: ...
