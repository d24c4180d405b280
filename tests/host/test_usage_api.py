"""What was spent, over HTTP: each sees their own, an administrator sees sums and sets budgets, nobody else does."""

from __future__ import annotations

import csv
import io
import threading
from pathlib import Path
from typing import Any

import pytest

from host import usage_api
from host.app import Host
from sessions import usage as book
from sessions.errors import QuotaExceeded
from sessions.models import Message, Model, Price, Request, Text, Usage
from tests.hosted import hosted

pytestmark = pytest.mark.anyio

FINE = Model("acme/fine", "Fine", "acme", price=Price(3, 15, 0.3, 3.75))
ODD = Model("acme/=odd()", "Odd", "acme")


async def call(host: Host, uid: str, model: Model = FINE, task: str | None = None, tokens: int = 1_000_000) -> None:
    """One call of a user that is answered in full."""
    request = Request(model.id, (Message("user", (Text("hello"),)),), task=task)
    async with host.sessions.using(uid) as session:
        reservation = await host.ledger.reserve(session, request, model, Usage(tokens, 1_000))
        await reservation.settle(Usage(tokens // 2, 0, tokens // 2), "finished")


async def test_a_user_sees_what_they_spent_by_model_task_and_day(tmp_path: Path) -> None:
    async with hosted(tmp_path, budgets={"day": 100}) as (host, user):
        alice = user("alice")
        await call(host, "alice", task="t1")
        await call(host, "alice", task="t2")
        await call(host, "alice", task="t2")
        report = (await alice.get("/api/v1/usage")).json()
        assert report["totalCost"] == 4.95
        assert (report["calls"], report["inputTokens"], report["cachedTokens"]) == (3, 3_000_000, 1_500_000)
        assert report["cacheHitRate"] == 0.5
        assert [(row["model"], row["cost"]) for row in report["rows"]] == [("acme/fine", 4.95)]
        assert report["budgets"]["day"] == {"limit": 100, "used": 4.95, "held": 0}
        tasks = (await alice.get("/api/v1/usage?by=task")).json()["rows"]
        assert {row["key"]: row["cost"] for row in tasks} == {"t1": 1.65, "t2": 3.3}
        (day,) = (await alice.get("/api/v1/usage?by=day")).json()["rows"]
        assert (day["calls"], day["key"][4]) == (3, "-")
        assert (await alice.get("/api/v1/usage?by=day&from=2001-01-01&to=2001-12-31")).json()["rows"] == []
        (month,) = (await alice.get("/api/v1/usage?by=month")).json()["rows"]
        assert month["key"] == day["key"][:7]


async def test_nobody_sees_anothers(tmp_path: Path) -> None:
    async with hosted(tmp_path) as (host, user):
        await call(host, "alice", task="secret-task")
        bob = user("bob")
        for target in ("/api/v1/usage?by=task", "/api/v1/usage.csv?by=task", "/api/v1/usage"):
            answer = await bob.get(target)
            assert answer.status_code == 200
            assert "secret-task" not in answer.text
            assert "fine" not in answer.text
            assert (await bob.get(target, params={"uid": "alice"})).status_code == 403
        assert (await bob.get("/api/v1/usage")).json()["calls"] == 0


async def test_an_unknown_cost_is_null_and_an_empty_cell(tmp_path: Path) -> None:
    async with hosted(tmp_path) as (host, user):
        alice = user("alice")
        await call(host, "alice", ODD)
        report = (await alice.get("/api/v1/usage")).json()
        assert (report["totalCost"], report["unpricedCalls"]) == (None, 1)
        assert report["rows"][0]["cost"] is None
        await call(host, "alice")
        report = (await alice.get("/api/v1/usage")).json()
        assert (report["totalCost"], report["unpricedCalls"]) == (1.65, 1)
        answer = await alice.get("/api/v1/usage.csv")
        assert answer.headers["content-type"].startswith("text/csv")
        rows = list(csv.DictReader(io.StringIO(answer.text)))
        assert {row["model"]: row["cost"] for row in rows} == {"acme/fine": "1.65", "acme/=odd()": ""}


async def test_a_model_named_as_a_formula_is_a_text_in_the_table(tmp_path: Path) -> None:
    async with hosted(tmp_path) as (host, user):
        await call(host, "alice", Model("=cmd()/x", "X", "=cmd()"))
        (row,) = csv.DictReader(io.StringIO((await user("alice").get("/api/v1/usage.csv")).text))
        assert row["model"] == "'=cmd()/x"


async def test_models_are_compared_by_what_was_really_used(tmp_path: Path) -> None:
    prices = {
        "fine": {"input": 3, "output": 15, "cache_read": 0.3, "cache_write": 3.75},
        "cheap": {"input": 1, "output": 1, "cache_read": 0.5},
    }
    told = {"kind": "openai", "api_key": "x", "base_url": "http://127.0.0.1:9", "models": ["odd", "fine", "cheap"]}
    async with hosted(tmp_path, ai_providers={"acme": {**told, "prices": prices}}) as (host, user):
        await call(host, "alice")
        answer = (await user("alice").get("/api/v1/usage/comparison")).json()
        assert answer["actualCost"] == 1.65
        assert answer["models"] == [
            {"model": "demo/scripted", "cost": 0, "withoutCache": 0, "savings": 0},
            {"model": "acme/cheap", "cost": 0.75, "withoutCache": 1, "savings": 0.25},
            {"model": "acme/fine", "cost": 1.65, "withoutCache": 3, "savings": 1.35},
            {"model": "acme/odd", "cost": None, "withoutCache": None, "savings": None},
        ]
        assert (await user("bob").get("/api/v1/usage/comparison")).json()["inputTokens"] == 0


async def test_rows_of_which_there_may_be_thousands_are_made_and_added_up_beside_the_loop(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    worked: dict[str, set[int]] = {}

    def watched(module: Any, name: str) -> None:
        work = getattr(module, name)

        def spied(*arguments: Any) -> Any:
            worked.setdefault(name, set()).add(threading.get_ident())
            return work(*arguments)

        monkeypatch.setattr(module, name, spied)

    watched(book, "_sum")
    for name in ("_added", "_row", "_compared"):
        watched(usage_api, name)
    async with hosted(tmp_path) as (host, user):
        await call(host, "alice")
        admin, alice = user("root", scope="admin"), user("alice")
        for query in ("by=model", "by=day", "by=month", "by=task"):
            for of in ("usage", "usage.csv", "admin/usage/alice"):
                assert (await admin.get(f"/api/v1/{of}?{query}")).status_code == 200
        assert (await alice.get("/api/v1/usage/comparison")).status_code == 200
    assert worked.keys() == {"_sum", "_added", "_row", "_compared"}
    assert threading.get_ident() not in set().union(*worked.values())


async def test_the_storage_is_what_the_users_files_take(tmp_path: Path) -> None:
    async with hosted(tmp_path, quotas={"bytes": 10_000_000}) as (_, user):
        alice = user("alice")
        await alice.put("/api/v1/files?path=/workspace/a", content=b"x" * 100_000)
        report = (await alice.get("/api/v1/usage")).json()
        assert report["storage"]["limit"] == 10_000_000
        assert 100_000 <= report["storageSize"] == report["storage"]["bytes"] < 200_000
        assert (await user("bob").get("/api/v1/usage")).json()["storageSize"] < 100_000


@pytest.mark.parametrize(
    "query",
    ["by=year", "from=yesterday", "to=2026-1-1", "to=2026-02-30", "to=2026-W01-1", "x=1", "by=task&from=2026-01-01"],
)
async def test_a_wrong_query_is_refused_by_name(tmp_path: Path, query: str) -> None:
    async with hosted(tmp_path) as (_, user):
        answer = await user("alice").get(f"/api/v1/usage?{query}")
        assert answer.status_code == 422
        assert answer.json()["detail"].startswith(query.rpartition("&")[2].partition("=")[0])


async def test_only_an_administrator_sees_sums_and_sets_budgets(tmp_path: Path) -> None:
    async with hosted(tmp_path, budgets={"day": 5, "host": 50}) as (host, user):
        admin, alice = user("root", scope="admin"), user("alice", scope="impersonate")
        await call(host, "alice", tokens=2_000)
        for method, target in (
            ("GET", "/api/v1/admin/usage"),
            ("GET", "/api/v1/admin/usage/bob"),
            ("GET", "/api/v1/admin/budgets/alice"),
            ("PUT", "/api/v1/admin/budgets/alice"),
            ("PUT", "/api/v1/admin/budgets/*"),
        ):
            answer = await alice.request(method, target, json={"day": 1_000} if method == "PUT" else None)
            assert answer.status_code == 403
        everybody = (await admin.get("/api/v1/admin/usage")).json()
        assert everybody["users"] == [{"uid": "alice", "cost": 0.0033}]
        assert everybody["host"] == {"limit": 50, "used": 0.0033, "held": 0}
        assert (await admin.get("/api/v1/admin/usage?month=2001-01")).json()["users"] == []
        await host.sessions.close("alice")
        details = (await admin.get("/api/v1/admin/usage/alice?by=model")).json()
        assert (details["rows"][0]["model"], details["totalCost"]) == ("acme/fine", 0.0033)
        assert host.sessions.get("alice") is None
        assert (await admin.get("/api/v1/admin/usage/nobody")).json()["rows"] == []
        assert not (tmp_path / "users/nobody").exists()


async def test_a_budget_that_an_administrator_raises_lets_the_user_go_on(tmp_path: Path) -> None:
    async with hosted(tmp_path, budgets={"day": 20, "host": 500}) as (host, user):
        admin = user("root", scope="admin")
        await call(host, "alice")
        with pytest.raises(QuotaExceeded):
            await call(host, "alice", tokens=6_000_000)
        answer = await admin.put("/api/v1/admin/budgets/alice", json={"day": 90})
        assert answer.json()["set"] == {"day": 90}
        assert answer.json()["effective"] == {"task": None, "day": 90, "month": None, "host": 500}
        await call(host, "alice", tokens=6_000_000)
        await admin.put("/api/v1/admin/budgets/*", json={"host": None, "day": 1})
        answer = await admin.put("/api/v1/admin/budgets/alice", json={})
        assert answer.json()["effective"] == {"task": None, "day": 1, "month": None, "host": None}
        for bad in ({"day": -1}, {"day": "1"}, {"host": 3}, {"unpriced": "allow"}, {"day": 1e300}):
            assert (await admin.put("/api/v1/admin/budgets/alice", json=bad)).status_code == 422, bad
        assert (await admin.put("/api/v1/admin/budgets/..%2Fx", json={})).status_code in (400, 404)


async def test_metrics_count_calls_without_naming_a_user_or_a_users_provider(tmp_path: Path) -> None:
    async with hosted(tmp_path, ai_providers={"openai": {}}) as (host, user):
        await call(host, "alice")
        await call(host, "alice", Model("openai/x", "X", "openai"))
        text = (await user("alice").get("/metrics")).text
        assert 'roost_model_calls_total{outcome="finished",provider="other"} 1.0' in text
        assert 'roost_model_calls_total{outcome="finished",provider="openai"} 1.0' in text
        assert 'roost_model_tokens_total{kind="cache_read",provider="other"} 500000.0' in text
        assert "roost_model_cost_usd_total 1.65" in text
        assert "roost_model_unpriced_calls_total 1.0" in text
        assert "alice" not in text
        assert "acme" not in text


async def test_the_new_paths_are_in_the_document_with_their_parts(tmp_path: Path) -> None:
    async with hosted(tmp_path) as (_, user):
        paths = (await user("alice").get("/openapi.json")).json()["paths"]
        operation = paths["/api/v1/admin/budgets/{uid}"]["put"]
        assert operation["parameters"] == [
            {"name": "uid", "in": "path", "required": True, "schema": {"type": "string"}}
        ]
        assert {one["name"] for one in paths["/api/v1/usage"]["get"]["parameters"]} == {"by", "from", "to"}
