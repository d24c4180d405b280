"""A user sets providers of their own: keys go in and come out nowhere, nobody reaches another's or the host's."""

from __future__ import annotations

import logging
from pathlib import Path
from typing import Any

import pytest

from tests.hosted import hosted

pytestmark = pytest.mark.anyio

KEY = "sk-canary-4711-of-alice"
HOSTS = "sk-canary-0815-of-the-host"
AT = "/api/v1/config/providers"
OPERATORS: dict[str, Any] = {
    "anthropic": {"api_key": HOSTS, "base_url": "http://10.0.0.7:8080/internal"},
    "house": {"kind": "openai", "models": ["a", "b"]},
}


def by_id(answer: Any) -> dict[str, Any]:
    return {one["id"]: one for one in answer.json()["providers"]}


async def test_a_key_goes_in_and_never_comes_out(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.DEBUG)
    async with hosted(tmp_path, ai_providers=OPERATORS) as (_, user):
        alice = user("alice")
        answers = [
            await alice.put(f"{AT}/openai", json={"apiKey": KEY, "models": ["gpt-4o"]}),
            await alice.put(f"{AT}/openai", json={"api_key": "***", "base_url": "https://models.example.org/v1"}),
            await alice.get(AT),
            await alice.get("/api/v1/config"),
            await alice.put(f"{AT}/openai", json={"apiKey": KEY, "baseUrl": f"ftp://{KEY}@x"}),
            await alice.put(f"{AT}/openai", json={"apiKey": [KEY]}),
            await alice.put(f"{AT}/openai", json={KEY: KEY, "x": 1}),
        ]
        assert [one.status_code for one in answers] == [200, 200, 200, 200, 422, 422, 422]
        for answer in answers[:6]:
            assert "canary" not in answer.text
        shown = by_id(answers[2])["openai"]
        assert shown == {
            "id": "openai",
            "kind": "openai",
            "source": "user",
            "apiKey": "***",
            "baseUrl": "https://models.example.org/v1",
            "models": ["gpt-4o"],
        }
        events = (await alice.get("/api/v1/usage")).text
        assert "canary" not in events
    assert "canary" not in caplog.text
    files = [file.read_bytes() for file in tmp_path.rglob("*") if file.is_file()]
    assert files
    assert not any(b"canary" in content for content in files)


async def test_another_user_sees_only_the_hosts_and_neither_its_key_nor_its_address(tmp_path: Path) -> None:
    async with hosted(tmp_path, ai_providers=OPERATORS) as (_, user):
        await user("alice").put(f"{AT}/mine", json={"kind": "openai", "apiKey": KEY})
        bob = by_id(await user("bob").get(AT))
        assert set(bob) == {"anthropic", "house", "demo"}
        assert bob["anthropic"] | {"models": []} == {
            "id": "anthropic",
            "kind": "anthropic",
            "source": "host",
            "apiKey": "***",
            "baseUrl": None,
            "models": [],
        }
        assert (await user("bob").delete(f"{AT}/mine")).status_code == 404
        assert (await user("bob").put(f"{AT}/mine?uid=alice", json={"apiKey": "x"})).status_code == 403
        assert "mine" in by_id(await user("alice").get(AT))
        admin = by_id(await user("root", scope="admin").get(AT))
        assert admin["anthropic"]["baseUrl"] == "http://10.0.0.7:8080/internal"
        assert admin["anthropic"]["apiKey"] == "***"


async def test_an_address_of_ones_own_never_comes_with_the_hosts_key(tmp_path: Path) -> None:
    async with hosted(tmp_path, ai_providers=OPERATORS) as (host, user):
        alice = user("alice")
        answer = await alice.put(f"{AT}/anthropic", json={"baseUrl": "https://evil.example.org", "apiKey": "***"})
        assert answer.json()["apiKey"] is None
        from host.providers.own import own_providers

        async with host.sessions.using("alice") as session:
            assert (await own_providers(session))["anthropic"].api_key is None
        answer = await alice.put(f"{AT}/anthropic", json={"baseUrl": None})
        assert answer.status_code == 422
        assert "never uses the host's key" in answer.json()["detail"]


async def test_what_is_taken_away_is_gone_and_the_hosts_counts_again(tmp_path: Path) -> None:
    async with hosted(tmp_path, ai_providers=OPERATORS) as (_, user):
        alice = user("alice")
        await alice.put(f"{AT}/anthropic", json={"apiKey": KEY})
        assert by_id(await alice.get(AT))["anthropic"]["source"] == "user"
        assert (await alice.delete(f"{AT}/anthropic")).status_code == 204
        assert by_id(await alice.get(AT))["anthropic"]["source"] == "host"
        assert (await alice.delete(f"{AT}/anthropic")).status_code == 404


@pytest.mark.parametrize(
    ("name", "body", "status", "says"),
    [
        ("mine", {"apiKey": "x"}, 422, "kind"),
        ("mine", {"kind": "else", "apiKey": "x"}, 422, "kind"),
        ("openai", {}, 422, "apiKey"),
        ("demo", {"apiKey": "x"}, 409, "built in"),
        ("a%20b", {"apiKey": "x"}, 422, "id"),
        ("openai", {"apiKey": "x", "prices": {}}, 422, "prices"),
        ("openai", {"apiKey": "x\ny"}, 422, "api_key"),
        ("openai", {"apiKey": "x", "baseUrl": "not an address"}, 422, "base_url"),
        ("openai", {"apiKey": "x", "scope": "host"}, 403, "admin"),
    ],
)
async def test_a_wrong_provider_is_refused_by_name(
    tmp_path: Path, name: str, body: dict[str, Any], status: int, says: str
) -> None:
    async with hosted(tmp_path) as (_, user):
        answer = await user("alice").put(f"{AT}/{name}", json=body)
        assert answer.status_code == status
        assert says in answer.json()["detail"]


async def test_what_the_config_file_names_is_its_own_even_for_an_administrator(tmp_path: Path) -> None:
    async with hosted(tmp_path, ai_providers=OPERATORS) as (_, user):
        root = user("root", scope="admin")
        answer = await root.put(f"{AT}/house", json={"apiKey": "x", "scope": "host"})
        assert answer.status_code == 409
        assert "config file" in answer.json()["detail"]
        assert (await root.delete(f"{AT}/house", params={"scope": "host"})).status_code == 409


async def test_an_administrator_sets_a_provider_for_everybody_durably_and_sealed(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.DEBUG)
    given = {"apiKey": HOSTS, "baseUrl": "http://10.1.2.3:8000/v1", "kind": "openai", "models": ["m"], "scope": "host"}
    async with hosted(tmp_path) as (host, user):
        root, alice = user("root", scope="admin"), user("alice")
        heard: list[str] = []
        async with host.sessions.using("alice") as session:
            host.models.listen(session, lambda: heard.append("changed"))
            answer = await root.put(f"{AT}/acme", json=given)
        assert (answer.status_code, answer.json()["source"], heard) == (200, "host", ["changed"])
        assert "canary" not in answer.text
        seen = by_id(await alice.get(AT))["acme"]
        assert (seen["source"], seen["apiKey"], seen["baseUrl"], seen["models"]) == ("host", "***", None, ["m"])
        kept = await root.put(f"{AT}/acme", json={"apiKey": "***", "models": ["m", "n"], "scope": "host"})
        assert (kept.status_code, kept.json()["baseUrl"]) == (200, given["baseUrl"])
        assert (await alice.delete(f"{AT}/acme", params={"scope": "host"})).status_code == 403

    async with hosted(tmp_path) as (host, user):
        root, alice = user("root", scope="admin"), user("alice")
        async with host.sessions.using("alice") as session:
            assert {one.id for one in await host.models.models(session)} >= {"acme/m", "acme/n"}
        stored = host.models.hosts.was_set("acme")
        assert stored is not None and stored.api_key is not None
        assert stored.api_key.get_secret_value() == HOSTS
        assert (await root.delete(f"{AT}/acme", params={"scope": "host"})).status_code == 204
        assert (await root.delete(f"{AT}/acme", params={"scope": "host"})).status_code == 404
        deeds = (await root.get("/api/v1/admin/audit")).json()["deeds"]
        assert [(one["by"], one["what"], one["uid"]) for one in deeds] == [("root", "provider", "*")] * 3
        models = [(one["before"] and one["before"]["models"], one["after"] and one["after"]["models"]) for one in deeds]
        assert models == [(["m", "n"], None), (["m"], ["m", "n"]), (None, ["m"])]
        assert {one["before"]["apiKey"] for one in deeds if one["before"]} == {"***"}
        assert "acme" not in by_id(await alice.get(AT))
    assert "canary" not in caplog.text
    assert not any(b"canary" in file.read_bytes() for file in tmp_path.rglob("*") if file.is_file())


async def test_a_provider_for_everybody_is_neither_set_nor_taken_back_where_it_cannot_be_noted_who_did(
    tmp_path: Path,
) -> None:
    given = {"apiKey": "x", "kind": "openai", "models": ["m"], "scope": "host"}
    refuse = "BEGIN SELECT RAISE(ABORT, 'the notes are full'); END"
    async with hosted(tmp_path) as (host, user):
        root = user("root", scope="admin")
        assert (await root.put(f"{AT}/kept", json=given)).status_code == 200
        await host.books.write(f"CREATE TRIGGER full BEFORE INSERT ON kv WHEN NEW.namespace = 'audit' {refuse}")
        assert (await root.put(f"{AT}/acme", json=given)).status_code >= 500
        assert (await root.put(f"{AT}/kept", json=given | {"models": ["n"]})).status_code >= 500
        assert (await root.delete(f"{AT}/kept", params={"scope": "host"})).status_code >= 500
    async with hosted(tmp_path) as (_, user):
        shown = by_id(await user("root", scope="admin").get(AT))
        assert ("acme" in shown, shown["kept"]["models"]) == (False, ["m"])


@pytest.mark.parametrize("scope", ["user", "host"])
async def test_a_provider_has_a_list_of_models_and_no_book_of_them(tmp_path: Path, scope: str) -> None:
    async with hosted(tmp_path) as (_, user):
        root = user("root", scope="admin")
        given = {"apiKey": "x", "kind": "openai", "models": [f"m{number}" for number in range(257)], "scope": scope}
        refused = await root.put(f"{AT}/acme", json=given)
        assert (refused.status_code, refused.json()["detail"].partition(":")[0]) == (422, "models")
        given["models"].pop()  # type: ignore[attr-defined]
        assert (await root.put(f"{AT}/acme", json=given)).status_code == 200


async def test_the_file_stands_before_what_was_set(tmp_path: Path) -> None:
    async with hosted(tmp_path) as (_, user):
        set_ = await user("root", scope="admin").put(
            f"{AT}/openai", json={"apiKey": "x", "models": ["set"], "scope": "host"}
        )
        assert set_.status_code == 200
    async with hosted(tmp_path, ai_providers={"openai": {"api_key": "y", "models": ["file"]}}) as (_, user):
        assert by_id(await user("alice").get(AT))["openai"]["models"] == ["file"]


async def test_a_user_has_at_most_twenty(tmp_path: Path) -> None:
    async with hosted(tmp_path) as (_, user):
        alice = user("alice")
        for number in range(20):
            assert (await alice.put(f"{AT}/p{number}", json={"kind": "ollama"})).status_code == 200
        assert (await alice.put(f"{AT}/p20", json={"kind": "ollama"})).status_code == 422
        assert (await alice.put(f"{AT}/p1", json={"kind": "ollama", "models": ["m"]})).status_code == 200
