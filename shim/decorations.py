"""Decorations: how an extension marks ranges of text. Clients draw them; here they are named, bounded and passed on."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any, TypeAlias

from sessions.errors import InvalidValue
from shim.markdown import MarkdownString
from shim.ranges import AnyRange, Range, as_range
from shim.surface import Piece, plain
from shim.uri import Uri
from shim.values import Value, camel_case, value

MOST = 5_000
"""Ranges of one type in one editor."""


class TextEditorDecorationType(Piece):
    """A way to mark text, until it is disposed of: then nothing is marked so any more."""

    __slots__ = ("_options",)

    kind = "decorationType"

    def __init__(self, options: Mapping[str, Any]) -> None:
        super().__init__()
        self._options = options
        self.changed()

    @property
    def key(self) -> str:
        """Names it among the user's decoration types."""
        return f"TextEditorDecorationType{self.handle}"

    def state(self) -> Mapping[str, Any] | None:
        return {"key": self.key, "options": self._options}


@value
class DecorationOptions(Value):
    """A range to mark, with what is said when the pointer is over it."""

    range: Range
    hover_message: MarkdownString | str | Iterable[MarkdownString | str] | None = None
    render_options: Mapping[str, Any] | None = None


Decorated: TypeAlias = AnyRange | DecorationOptions | Mapping[str, Any]


def create_text_editor_decoration_type(**options: Any) -> TextEditorDecorationType:
    """A way to mark text, of VS Code's `DecorationRenderOptions` in snake_case: `background_color="red"`, ..."""
    return TextEditorDecorationType(renamed(options))


def renamed(options: Any) -> Any:
    """Options with the names that clients know, also inside: `{"before": {"content_text": ...}}`."""
    if isinstance(options, Mapping):
        return {camel_case(name): renamed(one) for name, one in options.items()}
    return options if isinstance(options, Value | Uri) else plain(options)


def as_decorations(given: Iterable[Decorated]) -> list[dict[str, Any]]:
    """What clients are told of decorated ranges. Raises `InvalidValue` of more than 5,000, or of what is no range."""
    found = [_decoration(one) for one in given]
    if len(found) > MOST:
        raise InvalidValue("ranges_or_options", f"may be {MOST} of a type, and are {len(found)}; mark what is visible")
    return found


def _decoration(given: Decorated) -> dict[str, Any]:
    if isinstance(given, Mapping):
        given = DecorationOptions(**given)
    if not isinstance(given, DecorationOptions):
        return {"range": told(as_range(given, "range"))}
    message = given.hover_message
    messages = [message] if message is None or isinstance(message, str | MarkdownString) else list(message)
    more = {"hoverMessage": [plain(one) for one in messages if one is not None] or None}
    more["renderOptions"] = None if given.render_options is None else plain(renamed(given.render_options))
    return {"range": told(as_range(given.range, "range")), **{name: one for name, one in more.items() if one}}


def told(range: Range) -> dict[str, Any]:
    """A range as the wire has it."""
    return {
        "start": {"line": range.start.line, "character": range.start.character},
        "end": {"line": range.end.line, "character": range.end.character},
    }
