"""Semantic tokens: what each word of a text is, packed as VS Code packs it, five numbers a token, each from the last.

The numbers are: lines down, characters right (from the last token's, if on its line), length, type, modifiers as bits.
"""

from __future__ import annotations

from array import array
from collections.abc import Iterable, Sequence
from typing import overload

from sessions.errors import InvalidValue
from shim.ranges import AnyRange, as_range
from shim.values import Value, field, readonly


@readonly
class SemanticTokensLegend(Value):
    """The names that the numbers of types and modifiers stand for."""

    token_types: Sequence[str]
    token_modifiers: Sequence[str] = field(default_factory=tuple)


@readonly
class SemanticTokens(Value):
    """All tokens of a document; `data` is an `array('I')`."""

    data: array[int]
    result_id: str | None = None


@readonly
class SemanticTokensEdit(Value):
    """Numbers to put in place of `delete_count` others."""

    start: int
    delete_count: int
    data: array[int] | None = None


@readonly
class SemanticTokensEdits(Value):
    """What has changed since the tokens that were called `result_id`."""

    edits: Sequence[SemanticTokensEdit]
    result_id: str | None = None


class SemanticTokensBuilder:
    """Takes tokens in any order and packs them in that of the text."""

    __slots__ = ("_legend", "_tokens")

    def __init__(self, legend: SemanticTokensLegend | None = None) -> None:
        self._legend = legend
        self._tokens: list[tuple[int, int, int, int, int]] = []

    @overload
    def push(self, line: int, char: int, length: int, token_type: int, token_modifiers: int = 0, /) -> None: ...
    @overload
    def push(self, range: AnyRange, token_type: str, token_modifiers: Iterable[str] | None = None, /) -> None: ...
    def push(self, *token: object) -> None:
        """Add a token: by numbers, or by a range within a line and the legend's names."""
        if len(token) in (3, 5) and token[-1] is None:
            token = token[:-1]  # it has no modifiers
        if len(token) in (4, 5) and all(isinstance(number, int) for number in token):
            self._tokens.append((*token, 0)[:5])  # type: ignore[arg-type]
        elif len(token) in (2, 3):
            self._tokens.append(self._named(*token))  # type: ignore[arg-type]
        else:
            raise InvalidValue("token", "must be (line, char, length, type, modifiers) or (range, type, modifiers)")

    def _named(self, where: AnyRange, kind: str, modifiers: Iterable[str] = ()) -> tuple[int, int, int, int, int]:
        legend, range = self._legend, as_range(where, "range")
        if legend is None:
            raise InvalidValue("legend", "must be given to the builder, for names to mean something")
        if not range.is_single_line:
            raise InvalidValue("range", "must not span lines")
        start, length = range.start, range.end.character - range.start.character
        bits = sum({1 << _number("token_modifiers", name, legend.token_modifiers) for name in modifiers})
        return (start.line, start.character, length, _number("token_type", kind, legend.token_types), bits)

    def build(self, result_id: str | None = None) -> SemanticTokens:
        """The tokens so far, in the order of the text; those at one place in the order they came."""
        packed = array("I")
        last_line = last_char = 0
        for line, char, *rest in sorted(self._tokens, key=lambda token: token[:2]):
            packed.extend((line - last_line, char - last_char if line == last_line else char, *rest))
            last_line, last_char = line, char
        return SemanticTokens(packed, result_id)


def _number(field: str, name: str, names: Sequence[str]) -> int:
    if name not in names:
        raise InvalidValue(field, f"must be in the legend, and {name!r} is not")
    return names.index(name)
