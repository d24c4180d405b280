"""What an administrator sees of users and of the host; nobody else does."""

from __future__ import annotations

import time
from pathlib import Path

import pytest

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
