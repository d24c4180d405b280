"""What may be asked of a user's language providers, and how the answers of several become one. It opens no document."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from copy import copy
from typing import TYPE_CHECKING, Any, Literal, NamedTuple

from shim.cancellation import CancellationToken
from shim.completions import (
    ColorPresentation,
    CompletionItem,
    CompletionList,
    Hover,
    InlayHint,
    InlineCompletionItem,
    SignatureHelp,
)
from shim.configuration import WorkspaceConfiguration
from shim.contexts import (
    CodeActionContext,
    CompletionContext,
    LocationLink,
    SignatureHelpContext,
)
from shim.diagnostics import CodeAction, CodeActionKind
from shim.edits import TextEdit, WorkspaceEdit
from shim.enums import CodeActionTriggerKind, CompletionTriggerKind, SignatureHelpTriggerKind
from shim.features import Features, Offer, items
from shim.merging import Found, merged
from shim.problems import Problems
from shim.ranges import Location, Position, Range
from shim.scopes import scope_of
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
from shim.turns import in_turns
from shim.types import Command

if TYPE_CHECKING:
    from sessions.context import SessionContext

Token = CancellationToken | None

IN_A_TURN = 500
"""Diagnostics, or code actions, that are looked at in one turn of the loop."""


class Question(NamedTuple):
    """How a feature is asked for: the provider's method, what an item of its answer must be, and who is asked.

    `all`: everybody's items count. `best`: those of who fits best and has some. `first`: one provider's.
    """

    method: str
    kinds: tuple[type[Any], ...]
    way: Literal["all", "best", "first"] = "all"


PLACES = (Location, LocationLink)

QUESTIONS: Mapping[str, Question] = {
    "hover": Question("provide_hover", (Hover,)),
    "definition": Question("provide_definition", PLACES),
    "declaration": Question("provide_declaration", PLACES),
    "type_definition": Question("provide_type_definition", PLACES),
    "implementation": Question("provide_implementation", PLACES),
    "references": Question("provide_references", (Location,)),
    "highlight": Question("provide_document_highlights", (DocumentHighlight,), "best"),
    "linked_editing": Question("provide_linked_editing_ranges", (LinkedEditingRanges,), "first"),
    "selection": Question("provide_selection_ranges", (SelectionRange,), "first"),
    "completion": Question("provide_completion_items", (CompletionItem,), "best"),
    "inline_completion": Question("provide_inline_completion_items", (InlineCompletionItem,)),
    "signature": Question("provide_signature_help", (SignatureHelp,), "first"),
    "symbol": Question("provide_document_symbols", (DocumentSymbol, SymbolInformation)),
    "workspace_symbol": Question("provide_workspace_symbols", (SymbolInformation,)),
    "code_action": Question("provide_code_actions", (CodeAction, Command)),
    "code_lens": Question("provide_code_lenses", (CodeLens,)),
    "link": Question("provide_document_links", (DocumentLink,)),
    "folding": Question("provide_folding_ranges", (FoldingRange,)),
    "inlay_hint": Question("provide_inlay_hints", (InlayHint,)),
    "format": Question("provide_document_formatting_edits", (TextEdit,), "first"),
    "format_range": Question("provide_document_range_formatting_edits", (TextEdit,), "first"),
    "format_on_type": Question("provide_on_type_formatting_edits", (TextEdit,), "first"),
    "rename": Question("provide_rename_edits", (WorkspaceEdit,), "first"),
    "color": Question("provide_document_colors", (ColorInformation,)),
    "tokens": Question("provide_document_semantic_tokens", (SemanticTokens,), "first"),
    "range_tokens": Question("provide_document_range_semantic_tokens", (SemanticTokens,), "first"),
    "call_hierarchy": Question("prepare_call_hierarchy", (CallHierarchyItem,), "first"),
    "type_hierarchy": Question("prepare_type_hierarchy", (TypeHierarchyItem,), "first"),
}

FOLLOWING: Mapping[str, tuple[str, type[Any]]] = {
    "incoming_calls": ("provide_call_hierarchy_incoming_calls", CallHierarchyIncomingCall),
    "outgoing_calls": ("provide_call_hierarchy_outgoing_calls", CallHierarchyOutgoingCall),
    "supertypes": ("provide_type_hierarchy_supertypes", TypeHierarchyItem),
    "subtypes": ("provide_type_hierarchy_subtypes", TypeHierarchyItem),
    "color_presentations": ("provide_color_presentations", ColorPresentation),
}
"""What is asked of the provider of an item: its method, and what it gives."""

RESOLVES: Mapping[str, str] = {
    "completion": "resolve_completion_item",
    "code_action": "resolve_code_action",
    "code_lens": "resolve_code_lens",
    "link": "resolve_document_link",
    "inlay_hint": "resolve_inlay_hint",
    "workspace_symbol": "resolve_workspace_symbol",
}
"""Features whose items may come without all that there is to say of them."""


async def ask(
    session: SessionContext,
    feature: str,
    document: Any,
    *arguments: Any,
    token: Token = None,
    only: Callable[[Offer], bool] | None = None,
) -> list[Found]:
    """The items that providers have of a feature; without a document all providers are asked."""
    method, kinds, way = QUESTIONS[feature]
    features = session.get(Features)
    given = arguments if document is None else (document, *arguments)
    if way == "first":
        first = await features.first(feature, document, method, *given, token=token, kinds=kinds)
        answers = [] if first is None else [first]
    elif way == "best":
        answers = await features.best(feature, document, method, *given, token=token, only=only, kinds=kinds)
    else:
        answers = await features.all(feature, document, method, *given, token=token, only=only)
    return await merged(feature, [(offer, one) for offer, answer in answers for one in items(answer, *kinds)])


def bare(found: Iterable[Found]) -> list[Any]:
    """The items alone."""
    return [one for _, one in found]


async def resolved(session: SessionContext, feature: str, found: Found, token: Token = None) -> Any:
    """An item with what its provider adds when it is needed; the item itself where that adds nothing."""
    offer, item = found
    before = copy(item)
    answer = await session.get(Features).one(offer, RESOLVES[feature], item, token=token)
    whole = answer if isinstance(answer, type(item)) else item
    if not isinstance(whole, CodeAction):
        return whole
    before.edit, before.command = whole.edit, whole.command  # all else of it is shown already
    return before


async def following(session: SessionContext, what: str, found: Found, *more: Any, token: Token = None) -> list[Found]:
    """What the provider of an item knows further of it; `what` is one of `FOLLOWING`."""
    offer, item = found
    method, kind = FOLLOWING[what]
    answer = await session.get(Features).one(offer, method, item, *more, token=token)
    return [(offer, one) for one in items(answer, kind)]


# -- what needs more than that


async def completions(
    session: SessionContext, document: Any, position: Position, character: str | None = None, token: Token = None
) -> tuple[list[Found], bool]:
    """What completes the text, in the order to show it, and whether to ask again when more is typed.

    With the `character` that was just typed, only those are asked who were registered with it.
    """
    kind = CompletionTriggerKind.INVOKE if character is None else CompletionTriggerKind.TRIGGER_CHARACTER
    method = QUESTIONS["completion"].method
    answers = await session.get(Features).best(
        "completion",
        document,
        method,
        *(document, position, ..., CompletionContext(kind, character)),
        token=token,
        only=_triggered(character),
        kinds=(CompletionItem,),
    )
    found = [(offer, one) for offer, answer in answers for one in items(answer, CompletionItem)]
    incomplete = any(isinstance(answer, CompletionList) and answer.is_incomplete for _, answer in answers)
    return await merged("completion", found), incomplete


def _triggered(character: str | None) -> Callable[[Offer], bool]:
    return lambda offer: character is None or character in offer.more["characters"]


async def signatures(
    session: SessionContext,
    document: Any,
    position: Position,
    character: str | None = None,
    token: Token = None,
    *,
    typed: bool = True,
) -> SignatureHelp | None:
    """How what is being called may be called; `typed` says whether `character` was just typed."""
    kind = SignatureHelpTriggerKind.INVOKE if character is None else SignatureHelpTriggerKind.TRIGGER_CHARACTER
    context = SignatureHelpContext(kind if typed else SignatureHelpTriggerKind.INVOKE, character)
    found = await ask(session, "signature", document, position, ..., context, token=token)
    return found[0][1] if found else None


async def code_actions(
    session: SessionContext, document: Any, range: Range, kind: CodeActionKind | None = None, token: Token = None
) -> list[Found]:
    """What would mend or change the code there, of a kind or of all; providers of other kinds are not asked."""
    there = in_turns(session.get(Problems).of(document.uri), IN_A_TURN)
    diagnostics = [one async for one in there if one.range.intersection(range) is not None]
    context = CodeActionContext(CodeActionTriggerKind.INVOKE, diagnostics, kind)
    found = await ask(
        session, "code_action", document, range, context, token=token, only=lambda offer: _may_have(offer, kind)
    )
    return [one async for one in in_turns(found, IN_A_TURN) if _is_wanted(one[1], kind)]


def _may_have(offer: Offer, kind: CodeActionKind | None) -> bool:
    kinds = offer.more["kinds"]
    return kind is None or not kinds or any(kind.intersects(one) for one in kinds)


def _is_wanted(action: CodeAction | Command, kind: CodeActionKind | None) -> bool:
    """VS Code's rule: of a wanted kind only what says that it is one; those of `source` only when asked for."""
    given = action.kind if isinstance(action, CodeAction) else None
    if kind is not None:
        return given is not None and kind.contains(given)
    return given is None or not CodeActionKind.SOURCE.contains(given)


async def formatting(
    session: SessionContext, document: Any, options: Any, range: Range | None = None, token: Token = None
) -> list[TextEdit]:
    """What formats a document, or a range of it; who formats only ranges formats a document as its whole range.

    One after the other is asked until one has an answer, or the one alone that `editor.defaultFormatter` names by the
    id of its extension, where that is among them.
    """
    named = WorkspaceConfiguration(session, "editor", scope_of(document)).get("defaultFormatter")
    asked = _formatters(session, document, range)
    favoured = [one for one in asked if isinstance(named, str) and one[0].extension == named.lower()]
    for offer, feature, place in favoured[:1] or asked:
        method = QUESTIONS[feature].method
        answer = await session.get(Features).one(offer, method, document, *place, options, token=token)
        if edits := items(answer, TextEdit):
            return edits
    return []


def _formatters(
    session: SessionContext, document: Any, range: Range | None
) -> list[tuple[Offer, str, tuple[Range, ...]]]:
    """Who formats, as which feature and what of it: who formats documents comes before who does ranges (VS Code)."""
    features = session.get(Features)
    whole = features.offers("format", document) if range is None else []
    own = {offer.extension for offer in whole} - {None}
    parts = [offer for offer in features.offers("format_range", document) if offer.extension not in own]
    if range is None and parts:
        range = Range(Position(0, 0), document.line_at(document.line_count - 1).range.end)
    place = () if range is None else (range,)
    return [(offer, "format", ()) for offer in whole] + [(offer, "format_range", place) for offer in parts]


async def formatting_on_type(
    session: SessionContext, document: Any, position: Position, character: str, options: Any, token: Token = None
) -> list[TextEdit]:
    """What to change because `character` was just typed."""
    features, method = session.get(Features), QUESTIONS["format_on_type"].method
    for offer in features.offers("format_on_type", document):
        if character in offer.more["characters"]:
            answer = await features.one(offer, method, document, position, character, options, token=token)
            return items(answer, TextEdit)
    return []


async def tokens(
    session: SessionContext, document: Any, range: Range | None = None, token: Token = None
) -> tuple[SemanticTokens, Offer] | None:
    """The semantic tokens of a document or a range, and whose they are: that one's legend says what they mean."""
    feature, given = ("tokens", ()) if range is None else ("range_tokens", (range,))
    found = await ask(session, feature, document, *given, token=token)
    return (found[0][1], found[0][0]) if found else None
