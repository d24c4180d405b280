"""What is offered while one types or points: completions, hovers, signatures, hints, pasting. Providers make them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import ClassVar, Generic, TypeAlias, TypeVar

from sessions.errors import InvalidValue
from shim.edits import SnippetString, TextEdit, WorkspaceEdit
from shim.enums import CompletionItemKind, CompletionItemTag, InlayHintKind
from shim.markdown import MarkdownString
from shim.ranges import Location, Position, Range
from shim.types import Command, Kind
from shim.values import Value, field, readonly, value

C = TypeVar("C", bound="CompletionItem")


@value
class CompletionItemLabel(Value):
    """A label with less prominent parts: `detail` right after it, `description` at the end."""

    label: str
    detail: str | None = None
    description: str | None = None


@value
class InsertAndReplace(Value):
    """The ranges of a completion for inserting and for replacing (`{inserting, replacing}` in VS Code)."""

    inserting: Range
    replacing: Range


@value
class CompletionItem(Value):
    """A proposal to complete what is being typed."""

    label: str | CompletionItemLabel
    kind: CompletionItemKind | None = None
    tags: Sequence[CompletionItemTag] | None = None
    detail: str | None = None
    documentation: str | MarkdownString | None = None
    sort_text: str | None = None
    filter_text: str | None = None
    preselect: bool | None = None
    insert_text: str | SnippetString | None = None
    range: Range | InsertAndReplace | None = None
    commit_characters: Sequence[str] | None = None
    keep_whitespace: bool | None = None
    text_edit: TextEdit | None = None
    additional_text_edits: Sequence[TextEdit] | None = None
    command: Command | None = None


@value
class CompletionList(Value, Generic[C]):
    """Completions; `is_incomplete` asks to be asked again when more is typed."""

    items: list[C] = field(default_factory=list)
    is_incomplete: bool = False


@value
class InlineCompletionItem(Value):
    """A text to show ahead of the cursor."""

    insert_text: str | SnippetString
    range: Range | None = None
    command: Command | None = None
    filter_text: str | None = None


@value
class InlineCompletionList(Value):
    """Inline completions."""

    items: list[InlineCompletionItem]


@value
class MarkedCode(Value):
    """Code in a hover (`{language, value}` in VS Code)."""

    language: str
    value: str


Content: TypeAlias = MarkdownString | MarkedCode | str | Mapping[str, str]


@value
class Hover(Value):
    """What is said of the place that one points at; one content becomes a list of one."""

    contents: list[MarkdownString | MarkedCode | str]
    range: Range | None = None

    def __init__(
        self,
        contents: Content | Sequence[Content],
        range: Range | None = None,
    ) -> None:
        if contents is None or contents == "":
            raise InvalidValue("contents", "must be a text, or a list of texts")
        given = [contents] if isinstance(contents, MarkdownString | MarkedCode | str | Mapping) else contents
        self.contents = [MarkedCode(**one) if isinstance(one, Mapping) else one for one in given]
        self.range = range


@value
class ParameterInformation(Value):
    """A parameter: its label, or where it stands in the label of the signature."""

    label: str | tuple[int, int]
    documentation: str | MarkdownString | None = None


@value
class SignatureInformation(Value):
    """One way to call something."""

    label: str
    documentation: str | MarkdownString | None = None
    parameters: list[ParameterInformation] = field(default_factory=list)
    active_parameter: int | None = None


@value
class SignatureHelp(Value):
    """The ways to call what is being called, and where one is in it."""

    signatures: list[SignatureInformation] = field(default_factory=list)
    active_signature: int = 0
    active_parameter: int = 0


@value
class InlayHintLabelPart(Value):
    """A part of a hint, with what it leads to."""

    value: str
    tooltip: str | MarkdownString | None = None
    location: Location | None = None
    command: Command | None = None


@value
class InlayHint(Value):
    """A short text shown inside a line."""

    position: Position
    label: str | list[InlayHintLabelPart]
    kind: InlayHintKind | None = None
    tooltip: str | MarkdownString | None = None
    text_edits: Sequence[TextEdit] | None = None
    padding_left: bool | None = None
    padding_right: bool | None = None


@value
class ColorPresentation(Value):
    """A way to write a colour."""

    label: str
    text_edit: TextEdit | None = None
    additional_text_edits: Sequence[TextEdit] | None = None

    def check(self) -> None:
        if not self.label or not isinstance(self.label, str):
            raise InvalidValue("label", "must be a text that is not empty")


@readonly
class EvaluatableExpression(Value):
    """What a debugger shows of the place that one points at."""

    range: Range
    expression: str | None = None


@readonly
class InlineValueText(Value):
    """A text shown at a line while debugging."""

    range: Range
    text: str


@readonly
class InlineValueVariableLookup(Value):
    """A variable whose value is shown at a line while debugging."""

    range: Range
    variable_name: str | None = None
    case_sensitive_lookup: bool = True


@readonly
class InlineValueEvaluatableExpression(Value):
    """An expression whose value is shown at a line while debugging."""

    range: Range
    expression: str | None = None


@readonly
class DocumentDropOrPasteEditKind(Kind):
    """What a drop or a paste makes, such as `text.updateImports`."""

    value: str

    EMPTY: ClassVar[DocumentDropOrPasteEditKind]
    TEXT: ClassVar[DocumentDropOrPasteEditKind]
    TEXT_UPDATE_IMPORTS: ClassVar[DocumentDropOrPasteEditKind]


DocumentDropOrPasteEditKind.EMPTY = DocumentDropOrPasteEditKind("")
DocumentDropOrPasteEditKind.TEXT = DocumentDropOrPasteEditKind("text")
DocumentDropOrPasteEditKind.TEXT_UPDATE_IMPORTS = DocumentDropOrPasteEditKind("text.updateImports")


@value
class DocumentDropEdit(Value):
    """What dropping something into a document does."""

    insert_text: str | SnippetString
    title: str | None = None
    kind: DocumentDropOrPasteEditKind | None = None
    additional_edit: WorkspaceEdit | None = None
    yield_to: Sequence[DocumentDropOrPasteEditKind] | None = None


@value
class DocumentPasteEdit(Value):
    """What pasting something into a document does."""

    insert_text: str | SnippetString
    title: str
    kind: DocumentDropOrPasteEditKind
    additional_edit: WorkspaceEdit | None = None
    yield_to: Sequence[DocumentDropOrPasteEditKind] | None = None
