"""How what several providers answer becomes one list: in VS Code's order, and without what is there twice."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Mapping, Sequence
from types import MappingProxyType
from typing import TYPE_CHECKING, Any, TypeAlias

from shim.completions import CompletionItem, CompletionItemLabel
from shim.contexts import LocationLink
from shim.ranges import Location, Range
from shim.symbols import DocumentSymbol, SymbolInformation

if TYPE_CHECKING:
    from shim.features import Offer

Found: TypeAlias = tuple["Offer", Any]
"""An item of an answer, and who gave it."""

Key: TypeAlias = tuple[Any, ...]

MOST_AT_ONCE = 500
"""Items that are put in order on the loop; more are in a thread."""

NOWHERE = Range(0, 0, 0, 0)


def _range(range: Range | None) -> Key:
    start, end = (range or NOWHERE).start, (range or NOWHERE).end
    return (start.line, start.character, end.line, end.character)


def _typed(item: CompletionItem) -> Key:
    label = item.label.label if isinstance(item.label, CompletionItemLabel) else item.label
    return ((item.sort_text or str(label)).lower(),)


def _place(place: Location | LocationLink) -> Key:
    if isinstance(place, LocationLink):
        return (str(place.target_uri), *_range(place.target_range))
    return (str(place.uri), *_range(place.range))


def _symbol(symbol: DocumentSymbol | SymbolInformation) -> Key:
    return _range(symbol.range if isinstance(symbol, DocumentSymbol) else symbol.location.range)


def _named(symbol: SymbolInformation) -> Key:
    return (symbol.name, int(symbol.kind), *_place(symbol.location), symbol.container_name or "")


ORDERS: Mapping[str, Callable[[Any], Key]] = MappingProxyType(
    {
        "definition": _place,
        "declaration": _place,
        "type_definition": _place,
        "implementation": _place,
        "references": _place,
        "symbol": _symbol,
        "workspace_symbol": _named,
        "completion": _typed,
        "code_lens": lambda lens: (lens.range.start.line,),
        "inlay_hint": lambda hint: (hint.position.line, hint.position.character),
    }
)
"""What items of a feature are ordered by; those of others stay in the order of their providers."""

ONCE = frozenset({"definition", "declaration", "type_definition", "implementation", "references", "workspace_symbol"})
"""Features whose items are there once, however many providers give them."""


async def merged(feature: str, found: Sequence[Found]) -> list[Found]:
    """These items as one list."""
    if feature not in ORDERS or len(found) < 2:
        return list(found)
    if len(found) > MOST_AT_ONCE:
        return await asyncio.to_thread(_merged, feature, found)
    return _merged(feature, found)


def _merged(feature: str, found: Sequence[Found]) -> list[Found]:
    order = ORDERS[feature]
    keyed = sorted(((order(item), number) for number, (_, item) in enumerate(found)), key=lambda one: one[0])
    if feature not in ONCE:
        return [found[number] for _, number in keyed]
    return [found[number] for at, (key, number) in enumerate(keyed) if not at or key != keyed[at - 1][0]]
