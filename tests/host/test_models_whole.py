"""From OpenAI's API over the pool to a provider and into the books: whose key goes out, who pays, what is refused."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import pytest

from host.app import Host
from tests.host.fakes import Asked, Provider, Reply, openai_says, provider
from tests.hosted import hosted

pytestmark = pytest.mark.anyio

HOSTS = "sk-canary-0815-of-the-host"
ALICES = "sk-canary-4711-of-alice"
PRICES = {"m": {"input": 1_000, "output": 10_000, "cache_read": 100}}
COST = 60 * 0.001 + 40 * 0.0001 + 10 * 0.01
"""Of one answer of the fake provider: 100 tokens of input, 40 of them cached, and 10 of output."""

AT = "/api/v1/config/providers"


async def answers(asked: Asked) -> None:
    if asked.path.endswith("/models"):
        await refuse_or_list(asked)
    else:
        await openai_says(asked, "Hello", " there")


async def refuse_or_list(asked: Asked) -> None:
    if "right" not in asked.headers["authorization"]:
        await asked.refuse(401, f"Incorrect API key provided: {asked.headers['authorization']}")
        return
    await asked.head(200, "application/json")
    await asked.send(b'{"object": "list", "data": [{"id": "m", "object": "model", "created": 1, "owned_by": "x"}]}')
    await asked.end()


@asynccontextmanager
async def house(folder: Path, reply: Reply = answers, **settings: Any) -> AsyncIterator[tuple[Host, Any, Provider]]:
    async with provider(reply) as acme:
        told = {"kind": "openai", "api_key": HOSTS, "base_url": acme.url, "models": ["m"], "prices": PRICES}
        async with hosted(folder, ai_providers={"acme": told}, **settings) as (host, user):
            yield host, user, acme


def ask(**more: Any) -> dict[str, Any]:
    return {"json": {"model": "acme/m", "messages": [{"role": "user", "content": "hello"}], "max_tokens": 20, **more}}


async def test_an_answer_is_paid_at_the_operators_price_by_who_asked(tmp_path: Path) -> None:
    async with house(tmp_path) as (_, user, acme):
        alice, bob = user("alice"), user("bob")
        whole = (await alice.post("/v1/chat/completions", **ask())).json()
        assert whole["choices"][0]["message"]["content"] == "Hello there"
        assert whole["usage"]["cost"] == pytest.approx(COST)
        streamed = (await alice.post("/v1/chat/completions", **ask(stream=True))).text
        assert streamed.rstrip().endswith("[DONE]")
        report = (await alice.get("/api/v1/usage")).json()
        assert report["totalCost"] == pytest.approx(2 * COST)
        assert (report["calls"], report["inputTokens"], report["cachedTokens"]) == (2, 200, 80)
        assert (await bob.get("/api/v1/usage")).json()["calls"] == 0
        assert {one.headers["authorization"] for one in acme.asked} == {f"Bearer {HOSTS}"}
        compared = (await alice.get("/api/v1/usage/comparison")).json()["models"]
        assert {one["model"] for one in compared} == {"acme/m", "demo/scripted"}


async def test_a_budget_stops_the_call_before_the_provider_hears_of_it(tmp_path: Path) -> None:
    async with house(tmp_path, budgets={"day": 0.5}) as (_, user, acme):
        alice, admin = user("alice"), user("root", scope="admin")
        assert (await alice.post("/v1/chat/completions", **ask())).status_code == 200
        too_long = await alice.post("/v1/chat/completions", **ask(max_tokens=50))
        assert too_long.status_code == 429
        assert too_long.json()["error"]["quota"] == "budgets.day"
        assert too_long.json()["error"]["used"] == pytest.approx(COST)
        assert len(acme.asked) == 1
        assert (await user("bob").post("/v1/chat/completions", **ask())).status_code == 200
        await admin.put("/api/v1/admin/budgets/alice", json={"day": 5})
        assert (await alice.post("/v1/chat/completions", **ask(max_tokens=50))).status_code == 200


async def test_many_calls_at_once_never_pass_the_budget(tmp_path: Path) -> None:
    async with house(tmp_path, budgets={"day": 1}, quotas={"streams": 100}) as (_, user, acme):
        alice = user("alice")
        got = await asyncio.gather(*(alice.post("/v1/chat/completions", **ask()) for _ in range(40)))
        went = [one.status_code for one in got].count(200)
        assert {one.status_code for one in got} == {200, 429}
        assert len(acme.asked) == went
        report = (await alice.get("/api/v1/usage")).json()
        assert report["totalCost"] == pytest.approx(went * COST)
        assert report["totalCost"] <= 1
        assert report["budgets"]["day"]["held"] == 0


async def test_a_users_own_key_is_for_their_own_calls_and_is_read_nowhere(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.DEBUG)

    async def refuses(asked: Asked) -> None:
        await asked.refuse(400, f"bad key {asked.headers['authorization']}")

    async with house(tmp_path, refuses, multi_user=False, workspace=tmp_path) as (host, user, acme):
        local = user("local")
        told = {"kind": "openai", "apiKey": ALICES, "baseUrl": acme.url, "models": ["m"]}
        said = [await local.put(f"{AT}/mine", json=told)]
        body = ask(model="mine/m")
        said += [await local.post("/v1/chat/completions", **body), await local.post("/v1/chat/completions", **ask())]
        assert [one.headers["authorization"] for one in acme.asked] == [f"Bearer {ALICES}", f"Bearer {HOSTS}"]
        said += [await local.get("/api/v1/usage"), await local.get(AT), await local.get("/metrics")]
        session = await host.sessions.open("local")
        events = await session.mailbox.follow(0).read()
        assert events
        assert not any("canary" in one.text for one in said)
        assert not any(b"canary" in one.data_json for one in events)
    assert "canary" not in caplog.text


async def test_another_users_provider_cannot_be_asked(tmp_path: Path) -> None:
    async with house(tmp_path) as (_, user, acme):
        told = {"kind": "openai", "apiKey": ALICES, "baseUrl": "https://models.example.org", "models": ["m"]}
        await user("alice").put(f"{AT}/mine", json=told)
        bob = user("bob")
        answer = await bob.post("/v1/chat/completions", **ask(model="mine/m"))
        assert answer.status_code == 404
        assert "mine/m" not in (await bob.get("/v1/models")).text
        assert "mine/m" in (await user("alice").get("/v1/models")).text
        assert acme.asked == []


async def test_a_users_address_that_leads_inside_is_never_connected_to(tmp_path: Path) -> None:
    async with house(tmp_path) as (_, user, acme):
        alice = user("alice")
        told = {"kind": "openai", "apiKey": ALICES, "baseUrl": acme.url}
        answer = await alice.put(f"{AT}/mine", json={**told, "test": True})
        assert answer.status_code >= 400
        assert "canary" not in answer.text
        assert (await alice.put(f"{AT}/mine", json={**told, "models": ["m"]})).status_code == 200
        assert (await alice.post("/v1/chat/completions", **ask(model="mine/m"))).status_code >= 400
        assert acme.connections == 0


async def test_a_key_is_tried_before_it_is_kept_where_that_is_asked_for(tmp_path: Path) -> None:
    async with house(tmp_path, multi_user=False, workspace=tmp_path) as (_, user, acme):
        local = user("local")
        told = {"kind": "openai", "baseUrl": acme.url, "models": ["m"], "test": True}
        wrong = await local.put(f"{AT}/mine", json={**told, "apiKey": ALICES})
        assert wrong.status_code == 403
        assert "canary" not in wrong.text
        assert "mine" not in (await local.get(AT)).text
        right = await local.put(f"{AT}/mine", json={**told, "apiKey": "sk-right-1"})
        assert right.status_code == 200
        assert "mine/m" in (await local.get("/v1/models")).text


async def test_without_any_key_the_demo_model_is_there_and_says_what_it_is(tmp_path: Path) -> None:
    async with hosted(tmp_path, budgets={"day": 0, "host": 0}) as (_, user):
        alice = user("alice")
        assert [one["id"] for one in (await alice.get("/v1/models")).json()["data"]] == ["demo/scripted"]
        answer = (await alice.post("/v1/chat/completions", **ask(model="demo/scripted", max_tokens=None))).json()
        assert "script" in answer["choices"][0]["message"]["content"]
        assert answer["usage"]["cost"] == 0
        assert (await alice.get("/api/v1/usage")).json()["totalCost"] == 0
