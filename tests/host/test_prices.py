"""What a call costs: by Roo's rules, by the bundled table, by the operator's word, and unknown where nobody knows."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from host.prices import Prices, cost_of, dearest
from host.tables import Cost
from sessions.models import Price, Usage

pytestmark = pytest.mark.anyio

CASES = Path(__file__).parents[2] / "../shared/cases/roo_cost.json"
NOBODYS = Prices({})


def roo_cases() -> list[Any]:
    if not CASES.exists():
        return [pytest.param(None, marks=pytest.mark.skip(reason="../shared/cases/roo_cost.json is not here"))]
    return [pytest.param(case, id=f"{case['op']}-{case['id']}") for case in json.loads(CASES.read_text())["cases"]]


def price_of(info: dict[str, Any]) -> Price:
    """A model of Roo's as a price of ours; what Roo has no price for is free there."""
    amounts = [info.get(name, 0) for name in ("inputPrice", "outputPrice", "cacheReadsPrice", "cacheWritesPrice")]
    far = info.get("longContextPricing")
    if far is None:
        return Price(*amounts)
    times = [far[f"{name}PriceMultiplier"] for name in ("input", "output", "cacheReads", "cacheWrites")]
    longer = Price(*(amount * factor for amount, factor in zip(amounts, times, strict=True)))
    return Price(*amounts, far["thresholdTokens"], longer)


@pytest.mark.parametrize("case", roo_cases())
async def test_a_call_costs_what_roo_says_it_does(case: dict[str, Any]) -> None:
    info, read, written, *cached = case["in"]
    writes, reads = ((value or 0) for value in (*cached, 0, 0)[:2])
    if case["op"].endswith("OpenAI"):  # counts cached tokens among the input
        read -= writes + reads
    usage = Usage(read, written, reads, writes)
    expected = case["expect"]
    assert usage.all_input == expected["totalInputTokens"]
    assert usage.output == expected["totalOutputTokens"]
    assert cost_of(price_of(info), usage) == round(expected["totalCost"] * 1e9)


async def test_the_bundled_table_knows_the_vendors_models_and_their_long_prices() -> None:
    found = await NOBODYS.of("a", "anthropic", None, ["claude-sonnet-4-5", "claude-3-5-haiku-20241022", "nonsense"])
    assert set(found) == {"claude-sonnet-4-5", "claude-3-5-haiku-20241022"}
    sonnet = found["claude-sonnet-4-5"]
    assert (sonnet.input, sonnet.output, sonnet.cache_read, sonnet.cache_write) == (3, 15, 0.3, 3.75)
    assert sonnet.long == Price(6, 22.5, 0.6, 7.5)
    assert sonnet.long_above == 200_000
    assert cost_of(sonnet, Usage(200_000)) == 600_000_000
    assert cost_of(sonnet, Usage(200_000, cache_read=1)) == 200_000 * 6_000 + 600
    (gemini,) = (await NOBODYS.of("g", "gemini", None, ["gemini-2.5-pro"])).values()
    assert gemini.input == 1.25


async def test_a_vendors_address_has_its_table_and_a_gateways_that_of_its_kind() -> None:
    vendors = await NOBODYS.of("openai", "openai", "https://api.openai.com/v1", ["gpt-4o"])
    assert vendors == await NOBODYS.of("openai", "openai", None, ["gpt-4o"])
    assert vendors["gpt-4o"].input == 2.5
    assert await NOBODYS.of("house", "openai", "http://127.0.0.1:8080/v1", ["gpt-4o", "house-7b"]) == vendors
    assert await NOBODYS.of("groq", "openai", "https://api.groq.com/openai/v1", ["llama-3.3-70b-versatile", "gpt-4o"])
    assert "gpt-4o" not in await NOBODYS.of("groq", "openai", "https://api.groq.com/openai/v1", ["gpt-4o"])


async def test_the_operators_price_stands_above_the_table_and_is_not_a_users() -> None:
    prices = Prices({"openai": {"gpt-4o": Cost(input=1, output=2), "mine": Cost(input=3, output=4, cache_read=0.5)}})
    found = await prices.of("openai", "openai", None, ["gpt-4o", "mine", "other"])
    assert found == {"gpt-4o": Price(1, 2), "mine": Price(3, 4, 0.5)}
    assert set(await prices.of("openai", "openai", "https://a.example", ["mine"], own=True)) == set()


async def test_a_model_of_ones_own_machine_is_free_and_the_service_of_that_name_is_not_known() -> None:
    assert (await NOBODYS.of("ollama", "ollama", None, ["llama3"]))["llama3"] == Price(0, 0, 0, 0)
    assert await NOBODYS.of("ollama", "ollama", "https://ollama.com", ["llama3"]) == {}


amounts = st.floats(0, 1_000)
tokens = st.integers(0, 2_000_000)


@given(amounts, amounts, st.none() | amounts, st.none() | amounts, tokens, tokens, tokens, tokens, tokens)
def test_nothing_within_the_worst_case_costs_more_than_it(
    into: float, out: float, read: float | None, write: float | None, a: int, b: int, c: int, d: int, above: int
) -> None:
    cached = into if read is None else min(read, into)  # reading what is cached is never dearer than reading anew
    price = Price(into, out, cached, write, above, Price(2 * into, out / 2, cached, write))
    worst = Usage(a + b + c, d)
    for usage in (Usage(a, d, b, c), Usage(a + b + c, d), Usage(a, d // 2, b), Usage(0, d, 0, a), Usage()):
        assert cost_of(price, usage) <= dearest(price, worst)
