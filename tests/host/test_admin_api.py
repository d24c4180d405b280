"""What an administrator sees and sets of users and of the host; nobody else does."""

from __future__ import annotations

import time
from pathlib import Path

import pytest

from host import audit
from host.app import TOGETHER
from sessions.errors import QuotaExceeded
from tests.hosted import hosted

pytestmark = pytest.mark.anyio


@pytest.mark.parametrize("target", ["users", "host", "sessions"])
async def test_only_an_administrator_is_answered(tmp_path: Path, target: str) -> None:
    async with hosted(tmp_path) as (_, user):
        for scope in ("", "impersonate", "administrator"):
            answer = await user("alice", scope=scope).get(f"/api/v1/admin/{target}")
            assert answer.status_code == 403
            assert "scope `admin`" in answer.json()["detail"]
        assert (await user("root", scope="admin").get(f"/api/v1/admin/{target}")).status_code == 200


async def test_users_are_listed_the_latest_first_with_their_limits_and_what_they_have(tmp_path: Path) -> None:
    people = {"bob": {"quotas": {"terminals": 2}}}
    async with hosted(tmp_path, users=people, quotas={"bytes": 1_000_000}) as (host, user):
        for uid in ("alice", "bob"):
            async with host.sessions.using(uid) as session:
                await session.files.write(f"{session.workspace}/a.txt", b"x" * 500)
        seen = (await user("root", scope="admin").get("/api/v1/admin/users")).json()
        assert {one["uid"] for one in seen["users"]} >= {"alice", "bob"}
        assert seen["more"] is False
        times = [one["seen"] for one in seen["users"]]
        assert times == sorted(times, reverse=True)
        assert abs(times[0] - time.time() * 1_000) < 60_000
        bob = next(one for one in seen["users"] if one["uid"] == "bob")
        assert (bob["quotas"]["terminals"], bob["quotas"]["bytes"], bob["open"]) == (2, 1_000_000, True)
        assert bob["bytes"] >= 500
        assert bob["files"] >= 1
        few = (await user("root", scope="admin").get("/api/v1/admin/users?limit=1")).json()
        assert len(few["users"]) == 1
        assert few["more"] is True


async def test_the_host_says_what_its_isolation_does_not_protect(tmp_path: Path) -> None:
    async with hosted(tmp_path) as (host, user):
        about = (await user("root", scope="admin").get("/api/v1/admin/host")).json()
        level, network = await host.isolation.found()
        assert about["isolation"]["level"] == level.name
        assert about["isolation"]["network"] == network
        assert about["isolation"]["gaps"] == list(level.gaps)
        assert about["multiUser"] is True
        assert about["quotas"]["terminals"] == 32
        assert about["memoryBytes"] > 10_000_000


async def test_limits_that_an_administrator_sets_count_at_once_where_the_user_is(tmp_path: Path) -> None:
    async with hosted(tmp_path, quotas={"terminals": 5}, users={"bob": {"quotas": {"terminals": 3}}}) as (host, user):
        admin = user("root", scope="admin")
        async with host.sessions.using("alice") as alice, host.sessions.using("bob") as bob:
            await alice.files.write("/workspace/before.txt", b"x" * 5_000)
            answer = await admin.put("/api/v1/admin/quotas/alice", json={"bytes": 2_000, "terminals": None})
            assert answer.json()["set"] == {"bytes": 2_000, "terminals": None}
            assert (answer.json()["effective"]["bytes"], answer.json()["effective"]["terminals"]) == (2_000, None)
            assert alice.quotas.terminals is None
            with pytest.raises(QuotaExceeded, match="bytes"):
                await alice.files.write("/workspace/after.txt", b"y")
            assert await alice.files.read("/workspace/before.txt") == b"x" * 5_000
            await bob.files.write("/workspace/bobs.txt", b"x" * 5_000)
            await admin.put("/api/v1/admin/quotas/*", json={"terminals": 9, "streams": 1})
            assert (bob.quotas.terminals, bob.quotas.streams) == (3, 1)
            assert (alice.quotas.terminals, alice.quotas.streams) == (None, 1)
            everybody = (await admin.get("/api/v1/admin/host")).json()["quotas"]
            assert (everybody["terminals"], everybody["streams"]) == (9, 1)
            answer = await admin.put("/api/v1/admin/quotas/alice", json={})
            assert (answer.json()["set"], answer.json()["effective"]["terminals"]) == ({}, 9)
            await alice.files.write("/workspace/after.txt", b"y")


async def test_limits_for_everybody_reach_all_who_are_here_however_many(tmp_path: Path) -> None:
    async with hosted(tmp_path) as (host, user):
        kept = [host.presence(f"user{number}") for number in range(3 * TOGETHER)]
        session = await host.sessions.open("alice")
        limits = {"requests_per_second": 7, "streams": 2}
        answer = await user("root", scope="admin").put("/api/v1/admin/quotas/*", json=limits)
        assert answer.status_code == 200, answer.text
        assert {one.quotas.requests_per_second for one in kept} == {7}
        assert session.quotas.streams == 2


async def test_what_was_set_and_by_whom_is_known_after_a_restart(tmp_path: Path) -> None:
    async with hosted(tmp_path) as (host, user):
        admin = user("root", scope="admin")
        await admin.put("/api/v1/admin/quotas/alice", json={"files": 7})
        await user("ops", scope="admin").put("/api/v1/admin/quotas/alice", json={"files": 8})
        await admin.put("/api/v1/admin/budgets/*", json={"day": 2})
        await host.sessions.open("alice")
        await admin.delete("/api/v1/admin/sessions/alice")
    async with hosted(tmp_path) as (host, user):
        admin = user("root", scope="admin")
        assert (await host.sessions.open("alice")).quotas.files == 8
        assert (await host.sessions.open("bob")).quotas.files == 1_000_000
        deeds = (await admin.get("/api/v1/admin/audit")).json()["deeds"]
        assert [(one["by"], one["what"], one["uid"], one["before"], one["after"]) for one in deeds] == [
            ("root", "session ended", "alice", None, None),
            ("root", "budgets", "*", {}, {"day": 2}),
            ("ops", "quotas", "alice", {"files": 7}, {"files": 8}),
            ("root", "quotas", "alice", {}, {"files": 7}),
        ]
        assert all(abs(one["time"] - time.time() * 1_000) < 60_000 for one in deeds)
        assert len((await admin.get("/api/v1/admin/audit?limit=2")).json()["deeds"]) == 2


async def test_the_oldest_deeds_go_where_there_are_many(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(audit, "KEPT", 3)
    async with hosted(tmp_path) as (_, user):
        admin = user("root", scope="admin")
        for files in range(6):
            await admin.put("/api/v1/admin/quotas/alice", json={"files": files})
        deeds = (await admin.get("/api/v1/admin/audit")).json()["deeds"]
        assert [one["after"]["files"] for one in deeds] == [5, 4, 3]


@pytest.mark.parametrize(
    ("method", "target"), [("GET", "quotas/alice"), ("PUT", "quotas/alice"), ("PUT", "quotas/*"), ("GET", "audit")]
)
async def test_nobody_else_reads_or_sets_limits(tmp_path: Path, method: str, target: str) -> None:
    async with hosted(tmp_path) as (host, user):
        for scope in ("", "impersonate", "administrator"):
            body = {"files": 10**9} if method == "PUT" else None
            answer = await user("alice", scope=scope).request(method, f"/api/v1/admin/{target}", json=body)
            assert answer.status_code == 403
            assert "scope `admin`" in answer.json()["detail"]
        assert host.quotas_of("alice").files == 1_000_000


@pytest.mark.parametrize(
    ("said", "rule"),
    [
        ({"files": -1}, "files: "),
        ({"files": "7"}, "files: "),
        ({"files": 1.5}, "files: "),
        ({"files": True}, "files: "),
        ({"streams": 0}, "streams: "),
        ({"bytes": 2**60}, "bytes: "),
        ({"byte": 5}, "byte: "),
        ({"requestsInFlight": 5}, "requestsInFlight: "),
    ],
)
async def test_a_wrong_limit_is_refused_by_its_name_and_changes_nothing(
    tmp_path: Path, said: dict[str, object], rule: str
) -> None:
    async with hosted(tmp_path) as (host, user):
        admin = user("root", scope="admin")
        answer = await admin.put("/api/v1/admin/quotas/alice", json={"terminals": 1, **said})
        assert answer.status_code == 422
        assert answer.json()["detail"].startswith(rule)
        assert host.quotas_of("alice").terminals == 32
        assert (await admin.get("/api/v1/admin/audit")).json()["deeds"] == []


async def test_limits_are_not_kept_for_what_can_be_nobody(tmp_path: Path) -> None:
    async with hosted(tmp_path) as (_, user):
        admin = user("root", scope="admin")
        for uid in ("..%2Fx", "a%20b", "**"):
            assert (await admin.put(f"/api/v1/admin/quotas/{uid}", json={"files": 1})).status_code in (400, 404)
