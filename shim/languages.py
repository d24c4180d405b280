"""`vscode.languages`: what the current user's extensions offer for languages, and what they say is wrong in files.

Who registers a provider gets its undo. For each document those are asked whose selector fits it (`match`).
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any, overload

from sessions.current import current_session
from sessions.errors import InvalidValue
from shim.absent import absent_member
from shim.contexts import LanguageConfiguration
from shim.diagnostics import CodeActionKind, Diagnostic
from shim.document import TextDocument
from shim.documents import Documents
from shim.events import Disposable, of_user
from shim.features import Features
from shim.known_languages import Known
from shim.language_status import LanguageStatusItem
from shim.namespace import fix
from shim.problems import DiagnosticCollection, Problems
from shim.queries import QUESTIONS
from shim.selectors import DocumentSelector, Selectable, score
from shim.thenable import Thenable, thenable
from shim.tokens import SemanticTokensLegend
from shim.uri import Uri

if TYPE_CHECKING:
    from shim.interfaces import (
        CallHierarchyProvider,
        CodeActionProvider,
        CodeLensProvider,
        CompletionItemProvider,
        DeclarationProvider,
        DefinitionProvider,
        DocumentColorProvider,
        DocumentFormattingEditProvider,
        DocumentHighlightProvider,
        DocumentLinkProvider,
        DocumentRangeFormattingEditProvider,
        DocumentRangeSemanticTokensProvider,
        DocumentSemanticTokensProvider,
        DocumentSymbolProvider,
        FoldingRangeProvider,
        HoverProvider,
        ImplementationProvider,
        InlayHintsProvider,
        InlineCompletionItemProvider,
        LinkedEditingRangeProvider,
        OnTypeFormattingEditProvider,
        ReferenceProvider,
        RenameProvider,
        SelectionRangeProvider,
        SignatureHelpProvider,
        TypeDefinitionProvider,
        TypeHierarchyProvider,
        WorkspaceSymbolProvider,
    )


def match(selector: DocumentSelector, document: Selectable) -> int:
    """How well a selector fits a document: 10 for exact words, 5 for `*`, 0 where it does not."""
    return score(selector, document)


# -- what is wrong


def create_diagnostic_collection(name: str | None = None) -> DiagnosticCollection:
    """A new place to say what is wrong with files; `name` is shown nowhere but in it."""
    return current_session().get(Problems).create(name)


@overload
def get_diagnostics(resource: Uri) -> list[Diagnostic]: ...
@overload
def get_diagnostics(resource: None = None) -> list[tuple[Uri, list[Diagnostic]]]: ...
def get_diagnostics(resource: Uri | None = None) -> Any:
    """What all extensions of the user say is wrong with a resource, or with each."""
    problems = current_session().get(Problems)
    return problems.all() if resource is None else problems.of(resource)


on_did_change_diagnostics = of_user(lambda session: session.get(Problems).changed)
"""What is wrong has changed; changes that come together are told together."""


# -- languages


def get_languages() -> Thenable[list[str]]:
    """The ids of all languages: those that everybody has, and those that extensions contribute."""
    return thenable(_languages(), "languages.get_languages")


async def _languages() -> list[str]:
    return current_session().get(Known).ids()


def set_text_document_language(document: TextDocument, language_id: str) -> Thenable[TextDocument]:
    """Let a document be in another language: it is closed and opened for listeners, and stays the same object."""
    return thenable(_set_language(document, language_id), "languages.set_text_document_language")


async def _set_language(document: TextDocument, language_id: str) -> TextDocument:
    session = current_session()
    session.get(Known).check(language_id)
    session.get(Documents).set_language(document, language_id)
    return document


def set_language_configuration(language: str, configuration: LanguageConfiguration | Mapping[str, Any]) -> Disposable:
    """Say how a language is typed; of several that say so the newest counts. Its `word_pattern` says what a word is."""
    return current_session().get(Known).configure(language, configuration)


def create_language_status_item(id: str, selector: DocumentSelector) -> LanguageStatusItem:
    """Show something of the language beside documents of `selector`."""
    return LanguageStatusItem(id, selector)


# -- providers


def _add(feature: str, selector: DocumentSelector | None, provider: Any, **more: Any) -> Disposable:
    return current_session().get(Features).add(feature, QUESTIONS[feature].method, provider, selector, **more)


def register_hover_provider(selector: DocumentSelector, provider: HoverProvider) -> Disposable:
    """Say something of what the user points at."""
    return _add("hover", selector, provider)


def register_definition_provider(selector: DocumentSelector, provider: DefinitionProvider) -> Disposable:
    """Say where a name is defined."""
    return _add("definition", selector, provider)


def register_declaration_provider(selector: DocumentSelector, provider: DeclarationProvider) -> Disposable:
    """Say where a name is declared."""
    return _add("declaration", selector, provider)


def register_type_definition_provider(selector: DocumentSelector, provider: TypeDefinitionProvider) -> Disposable:
    """Say where the type of a name is defined."""
    return _add("type_definition", selector, provider)


def register_implementation_provider(selector: DocumentSelector, provider: ImplementationProvider) -> Disposable:
    """Say what implements a name."""
    return _add("implementation", selector, provider)


def register_reference_provider(selector: DocumentSelector, provider: ReferenceProvider) -> Disposable:
    """Say where a name is used."""
    return _add("references", selector, provider)


def register_document_highlight_provider(selector: DocumentSelector, provider: DocumentHighlightProvider) -> Disposable:
    """Say what to highlight along with a place."""
    return _add("highlight", selector, provider)


def register_linked_editing_range_provider(
    selector: DocumentSelector, provider: LinkedEditingRangeProvider
) -> Disposable:
    """Say what changes together with a place."""
    return _add("linked_editing", selector, provider)


def register_selection_range_provider(selector: DocumentSelector, provider: SelectionRangeProvider) -> Disposable:
    """Say what to select around places, from small to large."""
    return _add("selection", selector, provider)


def register_inline_completion_item_provider(
    selector: DocumentSelector, provider: InlineCompletionItemProvider
) -> Disposable:
    """Show text ahead of the cursor."""
    return _add("inline_completion", selector, provider)


def register_code_lens_provider(selector: DocumentSelector, provider: CodeLensProvider) -> Disposable:
    """Show commands between lines."""
    return _add("code_lens", selector, provider)


def register_document_link_provider(selector: DocumentSelector, provider: DocumentLinkProvider) -> Disposable:
    """Make parts of a text lead somewhere."""
    return _add("link", selector, provider)


def register_folding_range_provider(selector: DocumentSelector, provider: FoldingRangeProvider) -> Disposable:
    """Say which lines fold."""
    return _add("folding", selector, provider)


def register_inlay_hints_provider(selector: DocumentSelector, provider: InlayHintsProvider) -> Disposable:
    """Show short texts inside of lines."""
    return _add("inlay_hint", selector, provider)


def register_document_formatting_edit_provider(
    selector: DocumentSelector, provider: DocumentFormattingEditProvider
) -> Disposable:
    """Format documents."""
    return _add("format", selector, provider)


def register_rename_provider(selector: DocumentSelector, provider: RenameProvider) -> Disposable:
    """Rename what is named in a text."""
    return _add("rename", selector, provider)


def register_color_provider(selector: DocumentSelector, provider: DocumentColorProvider) -> Disposable:
    """Say which parts of a text are colours, and how to write one."""
    return _add("color", selector, provider)


def register_call_hierarchy_provider(selector: DocumentSelector, provider: CallHierarchyProvider) -> Disposable:
    """Say who calls whom."""
    return _add("call_hierarchy", selector, provider)


def register_type_hierarchy_provider(selector: DocumentSelector, provider: TypeHierarchyProvider) -> Disposable:
    """Say which types are above and below one."""
    return _add("type_hierarchy", selector, provider)


def register_completion_item_provider(
    selector: DocumentSelector, provider: CompletionItemProvider, *trigger_characters: str
) -> Disposable:
    """Complete what is typed; after one of `trigger_characters` without being asked."""
    return _add("completion", selector, provider, characters=_characters(trigger_characters))


def register_signature_help_provider(
    selector: DocumentSelector,
    provider: SignatureHelpProvider,
    *trigger_characters: str | Mapping[str, Sequence[str]],
    retrigger_characters: Sequence[str] = (),
) -> Disposable:
    """Say how what is being called may be called."""
    metadata = [one for one in trigger_characters if isinstance(one, Mapping)]
    characters = [one for one in trigger_characters if isinstance(one, str)]
    for one in metadata:  # VS Code's other form: {trigger_characters, retrigger_characters}
        characters += one.get("trigger_characters", ())
        retrigger_characters = one.get("retrigger_characters", ())
    return _add(
        "signature",
        selector,
        provider,
        characters=_characters(characters),
        retrigger_characters=_characters(retrigger_characters),
    )


def register_document_symbol_provider(
    selector: DocumentSelector, provider: DocumentSymbolProvider, *, label: str | None = None
) -> Disposable:
    """Say what a document is made of; `label` is what an outline of it is called."""
    return _add("symbol", selector, provider, label=label)


def register_workspace_symbol_provider(provider: WorkspaceSymbolProvider) -> Disposable:
    """Find names in the whole workspace."""
    return _add("workspace_symbol", None, provider)


def register_code_actions_provider(
    selector: DocumentSelector,
    provider: CodeActionProvider,
    *,
    provided_code_action_kinds: Sequence[CodeActionKind] = (),
    documentation: Sequence[Mapping[str, Any]] = (),
) -> Disposable:
    """Offer changes of code; with kinds, those of no other kind are asked of it."""
    return _add("code_action", selector, provider, kinds=tuple(provided_code_action_kinds))


def register_document_range_formatting_edit_provider(
    selector: DocumentSelector, provider: DocumentRangeFormattingEditProvider
) -> Disposable:
    """Format ranges, and documents that no other provider formats."""
    return _add("format_range", selector, provider)


def register_on_type_formatting_edit_provider(
    selector: DocumentSelector,
    provider: OnTypeFormattingEditProvider,
    first_trigger_character: str,
    *more_trigger_character: str,
) -> Disposable:
    """Change the text after one of these characters was typed."""
    characters = _characters((first_trigger_character, *more_trigger_character))
    return _add("format_on_type", selector, provider, characters=characters)


def register_document_semantic_tokens_provider(
    selector: DocumentSelector, provider: DocumentSemanticTokensProvider, legend: SemanticTokensLegend
) -> Disposable:
    """Say what each word of a document is, in the numbers of `legend`."""
    return _add("tokens", selector, provider, legend=_legend(legend))


def register_document_range_semantic_tokens_provider(
    selector: DocumentSelector, provider: DocumentRangeSemanticTokensProvider, legend: SemanticTokensLegend
) -> Disposable:
    """Say what each word of a range is, in the numbers of `legend`."""
    return _add("range_tokens", selector, provider, legend=_legend(legend))


def _characters(given: Sequence[str]) -> tuple[str, ...]:
    if not all(isinstance(one, str) and one for one in given):
        raise InvalidValue("trigger_characters", "must be characters, as in '.', ':'")
    return tuple(given)


def _legend(given: object) -> SemanticTokensLegend:
    if not isinstance(given, SemanticTokensLegend):
        raise InvalidValue("legend", f"must be a SemanticTokensLegend, not {type(given).__name__}")
    return given


if not TYPE_CHECKING:  # type checkers see mistyped names

    def __getattr__(name: str) -> Any:
        return absent_member(__name__, name)


fix(__name__)
