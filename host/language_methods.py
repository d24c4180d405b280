"""What a client may ask of language providers, and what is wrong with files. `methods.py` publishes these.

Answers are in LSP's forms (`shim.plain`). Items that may be resolved, applied or followed have an `id` for that, which
is good until sixteen more lists were asked for.
"""

from __future__ import annotations

import secrets
from typing import Annotated, Any, Literal

from pydantic import Field, StringConstraints
from typing_extensions import TypedDict

from host.caller import Caller
from host.contract import Contract
from host.document_methods import Language, Resource, WirePosition, WireRange, as_range, resource
from sessions.context import SessionContext
from sessions.errors import InvalidValue
from shim import queries, renaming
from shim.bulk import apply_edit
from shim.commands import Commands
from shim.contexts import DocumentRange, FoldingContext, FormattingOptions, InlineCompletionContext, ReferenceContext
from shim.diagnostics import CodeAction, CodeActionKind
from shim.documents import Documents, wire_uri
from shim.features import Offer
from shim.known_languages import Known
from shim.merging import Found
from shim.plain import plain
from shim.problems import TOLD, Problems
from shim.queries import ask, bare
from shim.ranges import Position
from shim.types import Command

CONTRACT = Contract()
method = CONTRACT.method

LISTS = 16
"""Lists of a user whose items are remembered."""

REMEMBERED = 2_000
"""Items of one list that are remembered; those after them have no id."""

Item = dict[str, Any]
Items = list[Item]
Character = Annotated[str, StringConstraints(min_length=1, max_length=16)]
Positions = Annotated[list[WirePosition], Field(min_length=1, max_length=1_000)]
Id = Annotated[str, StringConstraints(pattern=r"^\d{1,15}\.\d{1,15}$")]
Size = Annotated[int, Field(ge=1, le=64)]


class Completions(TypedDict):
    items: Items
    isIncomplete: bool


class Tokens(TypedDict):
    data: list[int]
    tokenTypes: list[str]
    tokenModifiers: list[str]


class Wrong(TypedDict):
    uri: str
    diagnostics: Items


class Given:
    """The newest lists of items that one user's clients were given."""

    __slots__ = ("_lists", "_number")

    def __init__(self, session: SessionContext) -> None:
        self._lists: dict[int, tuple[str, list[Found]]] = {}
        self._number = secrets.randbelow(10**12)  # an id of an earlier life of the session is of nothing in this one

    def give(self, feature: str, found: list[Found]) -> Items:
        """The items as a client has them, each with an id by which it is found again."""
        self._number += 1
        self._lists[self._number] = (feature, found[:REMEMBERED])
        self._lists.pop(self._number - LISTS, None)
        return [
            plain(one) | ({"id": f"{self._number}.{at}"} if at < REMEMBERED else {})
            for at, (_, one) in enumerate(found)
        ]

    def find(self, id: str) -> tuple[str, Found]:
        """The feature and the item of an id. Raises `InvalidValue` for one that is not remembered."""
        number, _, at = id.partition(".")
        feature, found = self._lists.get(int(number), ("", []))
        if int(at) >= len(found):
            raise InvalidValue("id", "is of no item that is remembered; ask for the list again")
        return feature, found[int(at)]

    def forget_extension(self, extension: str) -> None:
        """It is gone, so nobody can be asked about its items."""
        self._lists = {
            number: (feature, [one for one in found if one[0].extension != extension])
            for number, (feature, found) in self._lists.items()
        }


async def _document(caller: Caller, uri: str) -> Any:
    return await caller.session.get(Documents).open(resource(caller.session, uri))


async def _at(caller: Caller, feature: str, uri: str, position: WirePosition, *more: Any) -> list[Found]:
    document = await _document(caller, uri)
    return await ask(caller.session, feature, document, _position(document, position), *more)


def _position(document: Any, position: WirePosition) -> Position:
    place: Position = document.validate_position(Position(position.line, position.character))
    return place


def _shown(found: list[Found]) -> Items:
    return [plain(one) for one in bare(found)]


# -- at a place


@method("languages.provideHover")
async def hover(caller: Caller, uri: Resource, position: WirePosition) -> Items:
    """What is said of a place: `{contents, range?}` each."""
    return _shown(await _at(caller, "hover", uri, position))


@method("languages.provideDefinition")
async def definition(caller: Caller, uri: Resource, position: WirePosition) -> Items:
    """Where what is named there is defined: `{uri, range}`, or links with `targetUri`."""
    return _shown(await _at(caller, "definition", uri, position))


@method("languages.provideDeclaration")
async def declaration(caller: Caller, uri: Resource, position: WirePosition) -> Items:
    """Where it is declared."""
    return _shown(await _at(caller, "declaration", uri, position))


@method("languages.provideTypeDefinition")
async def type_definition(caller: Caller, uri: Resource, position: WirePosition) -> Items:
    """Where its type is defined."""
    return _shown(await _at(caller, "type_definition", uri, position))


@method("languages.provideImplementation")
async def implementation(caller: Caller, uri: Resource, position: WirePosition) -> Items:
    """What implements it."""
    return _shown(await _at(caller, "implementation", uri, position))


@method("languages.provideReferences")
async def references(caller: Caller, uri: Resource, position: WirePosition, include_declaration: bool = True) -> Items:
    """Where it is used."""
    return _shown(await _at(caller, "references", uri, position, ReferenceContext(include_declaration)))


@method("languages.provideDocumentHighlights")
async def highlights(caller: Caller, uri: Resource, position: WirePosition) -> Items:
    """What to highlight along with a place."""
    return _shown(await _at(caller, "highlight", uri, position))


@method("languages.provideLinkedEditingRanges")
async def linked_editing(caller: Caller, uri: Resource, position: WirePosition) -> Item | None:
    """What changes together with a place."""
    found = _shown(await _at(caller, "linked_editing", uri, position))
    return found[0] if found else None


@method("languages.provideSelectionRanges")
async def selections(caller: Caller, uri: Resource, positions: Positions) -> Items:
    """For each position what to select around it: a range with the next larger one as `parent`."""
    document = await _document(caller, uri)
    places = [_position(document, one) for one in positions]
    return _shown(await ask(caller.session, "selection", document, places))


# -- while typing


@method("languages.provideCompletionItems")
async def completions(
    caller: Caller, uri: Resource, position: WirePosition, trigger_character: Character | None = None
) -> Completions:
    """What completes the text, in the order to show it; `isIncomplete` asks to be asked again when more is typed."""
    document = await _document(caller, uri)
    place = _position(document, position)
    found, incomplete = await queries.completions(caller.session, document, place, trigger_character)
    return {"items": caller.session.get(Given).give("completion", found), "isIncomplete": incomplete}


@method("languages.provideInlineCompletionItems")
async def inline_completions(caller: Caller, uri: Resource, position: WirePosition) -> Items:
    """Texts to show ahead of the cursor."""
    return _shown(await _at(caller, "inline_completion", uri, position, InlineCompletionContext()))


@method("languages.provideSignatureHelp")
async def signature_help(
    caller: Caller, uri: Resource, position: WirePosition, trigger_character: Character | None = None
) -> Item | None:
    """How what is being called may be called."""
    document = await _document(caller, uri)
    place = _position(document, position)
    found: Item | None = plain(await queries.signatures(caller.session, document, place, trigger_character))
    return found


# -- of a document, and of all


@method("languages.provideDocumentSymbols")
async def document_symbols(caller: Caller, uri: Resource) -> Items:
    """What a document is made of."""
    return _shown(await ask(caller.session, "symbol", await _document(caller, uri)))


@method("languages.provideWorkspaceSymbols")
async def workspace_symbols(caller: Caller, query: Annotated[str, StringConstraints(max_length=1_024)]) -> Items:
    """Names of the whole workspace."""
    found = await ask(caller.session, "workspace_symbol", None, query)
    return caller.session.get(Given).give("workspace_symbol", found)


@method("languages.provideCodeActions")
async def code_actions(caller: Caller, uri: Resource, range: WireRange, kind: Language | None = None) -> Items:
    """What would mend or change the code there; `languages.applyItem` does it."""
    document = await _document(caller, uri)
    place = document.validate_range(as_range(range))
    wanted = None if kind is None else CodeActionKind(kind)
    found = await queries.code_actions(caller.session, document, place, wanted)
    return caller.session.get(Given).give("code_action", found)


@method("languages.provideCodeLenses")
async def code_lenses(caller: Caller, uri: Resource) -> Items:
    """Commands to show between lines; `languages.applyItem` runs one."""
    found = await ask(caller.session, "code_lens", await _document(caller, uri))
    return caller.session.get(Given).give("code_lens", found)


@method("languages.provideDocumentLinks")
async def document_links(caller: Caller, uri: Resource) -> Items:
    """Parts of a text that lead somewhere; one without a `target` is resolved when it is followed."""
    return caller.session.get(Given).give("link", await ask(caller.session, "link", await _document(caller, uri)))


@method("languages.provideFoldingRanges")
async def folding_ranges(caller: Caller, uri: Resource) -> Items:
    """Lines that fold."""
    return _shown(await ask(caller.session, "folding", await _document(caller, uri), FoldingContext()))


@method("languages.provideInlayHints")
async def inlay_hints(caller: Caller, uri: Resource, range: WireRange) -> Items:
    """Short texts to show inside of lines."""
    document = await _document(caller, uri)
    found = await ask(caller.session, "inlay_hint", document, document.validate_range(as_range(range)))
    return caller.session.get(Given).give("inlay_hint", found)


@method("languages.provideDocumentSemanticTokens")
async def semantic_tokens(caller: Caller, uri: Resource, range: WireRange | None = None) -> Tokens | None:
    """What each word is, five numbers each as LSP packs them, and the names that the numbers stand for."""
    document = await _document(caller, uri)
    place = None if range is None else document.validate_range(as_range(range))
    found = await queries.tokens(caller.session, document, place)
    if found is None:
        return None
    legend = found[1].more["legend"]
    names = {"tokenTypes": list(legend.token_types), "tokenModifiers": list(legend.token_modifiers)}
    return {"data": list(found[0].data), "tokenTypes": names["tokenTypes"], "tokenModifiers": names["tokenModifiers"]}


# -- changing


@method("languages.provideFormattingEdits")
async def formatting(
    caller: Caller, uri: Resource, range: WireRange | None = None, tab_size: Size = 4, insert_spaces: bool = True
) -> Items:
    """What formats a document, or a range of it: `{range, newText}` each."""
    document = await _document(caller, uri)
    place = None if range is None else document.validate_range(as_range(range))
    options = FormattingOptions(tab_size, insert_spaces)
    return [plain(one) for one in await queries.formatting(caller.session, document, options, place)]


@method("languages.provideOnTypeFormattingEdits")
async def formatting_on_type(
    caller: Caller,
    uri: Resource,
    position: WirePosition,
    ch: Character,
    tab_size: Size = 4,
    insert_spaces: bool = True,
) -> Items:
    """What to change because a character was just typed."""
    document = await _document(caller, uri)
    place, options = _position(document, position), FormattingOptions(tab_size, insert_spaces)
    return [plain(one) for one in await queries.formatting_on_type(caller.session, document, place, ch, options)]


@method("languages.prepareRename")
async def prepare_rename(caller: Caller, uri: Resource, position: WirePosition) -> Item:
    """What would be renamed there: `{range, placeholder}`. An error says why nothing can be."""
    document = await _document(caller, uri)
    found: Item = plain(await renaming.location(caller.session, document, _position(document, position)))
    return found


@method("languages.provideRenameEdits")
async def rename(
    caller: Caller,
    uri: Resource,
    position: WirePosition,
    new_name: Annotated[str, StringConstraints(min_length=1, max_length=1_024)],
) -> Item | None:
    """The edit that renames what is there: `{documentChanges}`. An error says why it may not be."""
    document = await _document(caller, uri)
    found: Item | None = plain(await renaming.rename(caller.session, document, _position(document, position), new_name))
    return found


@method("languages.provideDocumentColors")
async def colors(caller: Caller, uri: Resource) -> Items:
    """Parts of a text that say a colour; `languages.followItem` gives the ways to write it."""
    return caller.session.get(Given).give("color", await ask(caller.session, "color", await _document(caller, uri)))


@method("languages.prepareCallHierarchy")
async def call_hierarchy(caller: Caller, uri: Resource, position: WirePosition) -> Items:
    """The function there; `languages.followItem` gives its calls."""
    found = await _at(caller, "call_hierarchy", uri, position)
    return caller.session.get(Given).give("call_hierarchy", found)


@method("languages.prepareTypeHierarchy")
async def type_hierarchy(caller: Caller, uri: Resource, position: WirePosition) -> Items:
    """The type there; `languages.followItem` gives those above and below it."""
    found = await _at(caller, "type_hierarchy", uri, position)
    return caller.session.get(Given).give("type_hierarchy", found)


# -- what was given


@method("languages.resolveItem")
async def resolve_item(caller: Caller, id: Id) -> Item:
    """An item with what its provider says of it only when it is needed."""
    feature, found = caller.session.get(Given).find(id)
    if feature not in queries.RESOLVES:
        raise InvalidValue("id", "is of an item that has nothing more to say")
    answer: Item = plain(await queries.resolved(caller.session, feature, found))
    return answer | {"id": id}


@method("languages.applyItem", acts=True)
async def apply_item(caller: Caller, id: Id) -> None:
    """Do what a code action, a lens or a completion stands for: first its edit, then its command."""
    session = caller.session
    feature, found = session.get(Given).find(id)
    item = await queries.resolved(session, feature, found) if feature in queries.RESOLVES else found[1]
    if isinstance(item, CodeAction) and item.disabled is not None:
        raise InvalidValue("id", f"is of an action that cannot be done now: {item.disabled.reason}")
    if isinstance(item, CodeAction) and item.edit is not None:
        await apply_edit(session, item.edit)
    command = item if isinstance(item, Command) else getattr(item, "command", None)
    if isinstance(command, Command):
        await session.get(Commands).execute(command.command, *(command.arguments or ()))


Further = Literal["incomingCalls", "outgoingCalls", "supertypes", "subtypes", "colorPresentations"]
FURTHER: dict[str, tuple[str, str]] = {
    "incomingCalls": ("call_hierarchy", "incoming_calls"),
    "outgoingCalls": ("call_hierarchy", "outgoing_calls"),
    "supertypes": ("type_hierarchy", "supertypes"),
    "subtypes": ("type_hierarchy", "subtypes"),
    "colorPresentations": ("color", "color_presentations"),
}


@method("languages.followItem")
async def follow_item(caller: Caller, id: Id, what: Further, uri: Resource | None = None) -> Items:
    """What its provider knows further of an item; of a colour's, `uri` names the document."""
    feature, (offer, item) = caller.session.get(Given).find(id)
    wanted, further = FURTHER[what]
    if feature != wanted:
        raise InvalidValue("what", f"is not known of a {feature}")
    if feature != "color":
        found = await queries.following(caller.session, further, (offer, item))
        return _followed(caller, what, found)
    if uri is None:
        raise InvalidValue("uri", "is missing; name the document of the colour")
    place = DocumentRange(await _document(caller, uri), item.range)
    return _shown(await queries.following(caller.session, further, (offer, item.color), place))


def _followed(caller: Caller, what: str, found: list[Found]) -> Items:
    """Types can be followed further; of calls, who calls and who is called."""
    if what in ("supertypes", "subtypes"):
        return caller.session.get(Given).give("type_hierarchy", found)
    ends: list[tuple[Offer, Any]] = [(offer, getattr(one, "from_", None) or one.to) for offer, one in found]
    ids = caller.session.get(Given).give("call_hierarchy", ends)
    return [plain(one) | {"id": end.get("id")} for (_, one), end in zip(found, ids, strict=True)]


# -- what is wrong, and languages


@method("languages.getDiagnostics")
async def get_diagnostics(caller: Caller, uri: Resource | None = None) -> list[Wrong]:
    """What is wrong with a resource, or with all, by severity; at most 1,000 of each resource."""
    problems = caller.session.get(Problems)
    if uri is None:
        found = problems.all()
    else:
        named = resource(caller.session, uri)
        found = [(named, problems.of(named))]
    return [{"uri": wire_uri(one), "diagnostics": _worst(these)} for one, these in found]


def _worst(diagnostics: list[Any]) -> Items:
    first = sorted(diagnostics, key=lambda one: int(one.severity))[:TOLD]
    return [plain(one) for one in first]


@method("languages.getLanguages")
async def get_languages(caller: Caller) -> list[str]:
    """The ids of all languages."""
    return caller.session.get(Known).ids()


@method("languages.getLanguageOf")
async def get_language_of(caller: Caller, uri: Resource) -> str:
    """The language of a resource: an open document's own, else the one that its name says. No file is read."""
    named, documents = resource(caller.session, uri), caller.session.get(Documents)
    document = documents.find(named)
    return document.language_id if document else await documents.language_of(named)


@method("languages.setTextDocumentLanguage")
async def set_text_document_language(caller: Caller, uri: Resource, language_id: Language) -> None:
    """Let a document be in another language, for as long as it is open."""
    caller.session.get(Known).check(language_id)
    caller.session.get(Documents).set_language(await _document(caller, uri), language_id)


@method("languages.getLanguageConfiguration")
async def get_language_configuration(caller: Caller, language_id: Language) -> Item:
    """How a language is typed, as extensions said it: brackets, comments, words."""
    found: Item = plain(caller.session.get(Known).configuration(language_id))
    return found
