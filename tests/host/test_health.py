"""What a host says of itself: whether state can be kept, whether it takes users, and which backups were made."""

from __future__ import annotations

import asyncio
from pathlib import Path

import pytest

from host import health, metrics
from host.app import Host
from host.health import DatabaseProbe
from tests.hosted import hosted

pytestmark = pytest.mark.anyio


async def test_the_disk_is_asked_by_a_real_write_once_however_many_ask(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    writes: list[bool] = []
    write = DatabaseProbe._write

    def noted(probe: DatabaseProbe) -> bool:
        writes.append(write(probe))
        return writes[-1]

    monkeypatch.setattr(DatabaseProbe, "_write", noted)
    probe = DatabaseProbe(tmp_path / "data")
    assert await asyncio.gather(*(probe.works() for _ in range(5))) == [False] * 5
    (tmp_path / "data").mkdir()
    assert await probe.works() is False, "the last answer is believed for a while"
    monkeypatch.setattr(health, "BELIEVED_S", 0.0)
    assert await probe.works() is True
    assert writes == [False, True]


async def test_a_host_that_cannot_keep_state_says_so_to_who_asks_for_its_health(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(health, "BELIEVED_S", 0.0)
    async with hosted(tmp_path) as (host, user):
        anybody = user("ada")
        assert (await anybody.get("/api/health")).status_code == 200
        with monkeypatch.context() as patch:
            patch.setattr(DatabaseProbe, "_write", lambda probe: False)
            answer = await anybody.get("/api/health")
        told = answer.json()
        assert (answer.status_code, told["status"], told["services"]["database"]) == (503, "degraded", "failed")
        assert (await anybody.get("/readyz")).status_code == 200, "what is stored can still be read"
        assert (await anybody.get("/api/health")).json()["status"] == "ok"
        await host.drain()
        ready = await anybody.get("/readyz")
        assert (ready.status_code, ready.json()) == (503, {"status": "draining"})
        assert (await anybody.get("/healthz")).status_code == 200


async def test_backups_are_counted_those_that_fail_too(tmp_path: Path) -> None:
    async with hosted(tmp_path) as (host, user):
        assert (await user("ada").get("/api/v1/usage")).status_code == 200  # which opens the host's books
        await host.keeper.look_after(tmp_path / "host" / "ledger" / "state.db")
        assert await counted(host) == {"roost_backups_total": 1.0, "roost_backups_failed_total": 0.0}
        eves = tmp_path / "users" / "eve" / "state.db"
        eves.parent.mkdir(parents=True)
        eves.write_bytes(b"no database" * 1_000)
        await host.keeper.look_after(eves)
        assert await counted(host) == {"roost_backups_total": 1.0, "roost_backups_failed_total": 1.0}


async def counted(host: Host) -> dict[str, float]:
    """The metrics of backups."""
    content, _ = await asyncio.to_thread(metrics.render, host)
    lines = content.decode().splitlines()
    return {name: float(value) for name, value in (line.split() for line in lines if line.startswith("roost_backups"))}
