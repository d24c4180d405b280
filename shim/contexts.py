"""What language providers are told beside the document: why they are asked, and how the answer is meant to be."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from typing import Any

from shim.completions import SignatureHelp
from shim.diagnostics import CodeActionKind, Diagnostic
from shim.enums import (
    CodeActionTriggerKind,
    CompletionTriggerKind,
    InlineCompletionTriggerKind,
    SignatureHelpTriggerKind,
)
from shim.ranges import Range
from shim.uri import Uri
from shim.values import Value, readonly, value


@value
class LocationLink(Value):
    """A place that a definition leads to, with more of what is around it; ranges are of the target."""

    target_uri: Uri
    target_range: Range
    origin_selection_range: Range | None = None
    target_selection_range: Range | None = None


@readonly
class CompletionContext(Value):
    """How completions were asked for."""

    trigger_kind: CompletionTriggerKind = CompletionTriggerKind.INVOKE
    trigger_character: str | None = None


@readonly
class SignatureHelpContext(Value):
    """How signatures were asked for; `active_signature_help` is what is shown already."""

    trigger_kind: SignatureHelpTriggerKind = SignatureHelpTriggerKind.INVOKE
    trigger_character: str | None = None
    is_retrigger: bool = False
    active_signature_help: SignatureHelp | None = None


@readonly
class CodeActionContext(Value):
    """What is wrong at the place, and which kind of actions is wanted: all without `only`."""

    trigger_kind: CodeActionTriggerKind
    diagnostics: Sequence[Diagnostic]
    only: CodeActionKind | None = None


@readonly
class ReferenceContext(Value):
    """Whether the declaration counts as a reference."""

    include_declaration: bool = True


@readonly
class SelectedCompletionInfo(Value):
    """The completion that is selected while inline ones are asked for."""

    range: Range
    text: str


@readonly
class InlineCompletionContext(Value):
    """How inline completions were asked for."""

    trigger_kind: InlineCompletionTriggerKind = InlineCompletionTriggerKind.INVOKE
    selected_completion_info: SelectedCompletionInfo | None = None


@readonly
class FoldingContext(Value):
    """Nothing is in it, as in VS Code."""


@value
class FormattingOptions(Value):
    """How to indent."""

    tab_size: int = 4
    insert_spaces: bool = True


@value
class RenameLocation(Value):
    """What can be renamed at a place, and the text that the user begins with (`{range, placeholder}` in VS Code)."""

    range: Range
    placeholder: str


@readonly
class DocumentRange(Value):
    """A range of a document that colours are asked for (`{document, range}` in VS Code)."""

    document: Any
    range: Range


@value
class LanguageConfiguration(Value):
    """How a language is typed: brackets, comments, words. A mapping of the same words will do in its place."""

    comments: Mapping[str, Any] | None = None
    brackets: Sequence[Sequence[str]] | None = None
    word_pattern: re.Pattern[str] | None = None
    indentation_rules: Mapping[str, Any] | None = None
    on_enter_rules: Sequence[Mapping[str, Any]] | None = None
    auto_closing_pairs: Sequence[Mapping[str, Any]] | None = None
