"""What a model's tokens cost: the operator's word, else the bundled table's. Unknown is never 0; nobody is asked."""

from __future__ import annotations

import asyncio
import math
import re
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit

from host.tables import Cost
from sessions.models import Price, Usage
from sessions.usage import NANOS

if TYPE_CHECKING:
    from genai_prices.types import ModelPrice

TABLES = {"anthropic": "anthropic", "openai": "openai", "gemini": "google"}
"""The table of each kind of provider, at its own address or behind one that is no other vendor's, as a gateway's is."""

FREE = Price(0.0, 0.0, 0.0, 0.0)
FIELDS = ("input", "output", "cache_read", "cache_write")


def cost_of(price: Price, usage: Usage) -> int:
    """What a call costs, in billionths of a USD, rounded up.

    A price for cached tokens that is not named is that of input. Above `long_above` tokens of input, cached ones
    among them, the whole call is at the `long` price.
    """
    if price.long is not None and usage.all_input > price.long_above:
        return cost_of(price.long, usage)
    read = price.input if price.cache_read is None else price.cache_read
    write = price.input if price.cache_write is None else price.cache_write
    millionths = (
        usage.input * price.input + usage.output * price.output + usage.cache_read * read + usage.cache_write * write
    )
    return math.ceil(round(millionths * (NANOS // 1_000_000), 3))


def dearest(price: Price, worst: Usage) -> int:
    """What a call costs at most that takes no more tokens than `worst`, however its input is cached or counted."""
    flat = Usage(input=worst.all_input, output=worst.output)
    cached = Usage(cache_write=worst.all_input, output=worst.output)
    return max(cost_of(one, usage) for one in _tiers(price) for usage in (flat, cached))


def _tiers(price: Price) -> list[Price]:
    """The price and those for longer calls, each alone."""
    alone = Price(price.input, price.output, price.cache_read, price.cache_write)
    return [alone] + (_tiers(price.long) if price.long else [])


class Prices:
    """The prices of all models here; `named` are the operator's, by provider id and the provider's name of a model."""

    __slots__ = ("_named",)

    def __init__(self, named: Mapping[str, Mapping[str, Cost]]) -> None:
        self._named = named

    async def of(
        self, provider: str, kind: str, base_url: str | None, names: Sequence[str], *, own: bool = False
    ) -> dict[str, Price]:
        """The prices of these models, without those that nobody knows.

        `own`: the provider is a user's, so that what the operator says of one of the same id is not meant.
        """
        said = {} if own else self._named.get(provider, {})
        found = {name: _price_of(said[name]) for name in names if name in said}
        rest = [name for name in names if name not in found]
        if not rest:
            return found
        if kind == "ollama":
            return found | (dict.fromkeys(rest, FREE) if _runs_here(base_url) else {})
        return found | await asyncio.to_thread(_from_table, kind, base_url, rest)


def _price_of(said: Cost) -> Price:
    return Price(said.input, said.output, said.cache_read, said.cache_write)


def _runs_here(base_url: str | None) -> bool:
    """Whether an Ollama is somebody's own machine, which costs nothing a token, and not the company's service."""
    host = urlsplit(base_url or "http://localhost").hostname or ""
    return host != "ollama.com" and not host.endswith(".ollama.com")


def _from_table(kind: str, base_url: str | None, names: Sequence[str]) -> dict[str, Price]:
    """What the bundled table says. Blocks; the first time it loads some 9 MB."""
    from genai_prices.data_snapshot import get_snapshot

    providers = get_snapshot().providers
    named = next((one for one in providers if base_url and re.match(one.api_pattern, base_url)), None)
    table = named or next((one for one in providers if one.id == TABLES.get(kind)), None)
    if table is None:
        return {}
    now = datetime.now(UTC)
    infos = {name: table.find_model(name, all_providers=providers) for name in names}
    prices = {name: _converted(info.get_prices(now)) for name, info in infos.items() if info is not None}
    return {name: price for name, price in prices.items() if price is not None}


def _converted(listed: ModelPrice) -> Price | None:
    """A price of the table as ours; None where it is not by the token, or says half of it only."""
    named = [getattr(listed, f"{field}_mtok") for field in FIELDS]
    if named[0] is None or named[1] is None or listed.requests_kcount is not None:
        return None
    starts = sorted({tier.start for value in named for tier in getattr(value, "tiers", ())}, reverse=True)
    price: Price | None = None
    above = 0
    for start in [*starts, 0]:
        in_, out, read, write = (_at(value, start) for value in named)
        price = Price(in_ or 0.0, out or 0.0, read, write, above, price)
        above = start
    return price


def _at(value: Any, start: int) -> float | None:
    """The price for a million tokens in the tier that begins at `start`."""
    if value is None:
        return None
    reached = [tier.price for tier in getattr(value, "tiers", ()) if tier.start <= start]
    return float(reached[-1] if reached else getattr(value, "base", value))
