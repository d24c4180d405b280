"""The disk is full: whoever writes is told so, nothing acknowledged is lost, and all goes on once there is room."""

from __future__ import annotations

import asyncio
import os
import subprocess
import time
from collections.abc import Iterator
from contextlib import AsyncExitStack, contextmanager
from pathlib import Path
from typing import Any

import pytest

from tests.client import Client, Process, Refused, connect, running
from tests.faults.kinds import KEYS, KINDS, none_is_lost, put_on
from tests.raw import fetch
from tests.sirens import planted

pytestmark = pytest.mark.anyio

MOUNT = 'mount -t tmpfs -o size={size}k,mode=711 none "$0" && exec "$@"'
ROOM_KIB = 24 << 10
ROUNDS = 3
"""How often the disk is filled again: what was deleted or taken back leaves some room."""


def may_mount() -> bool:
    """Whether a file system of a test's own can be had here."""
    try:
        done = subprocess.run(
            ["unshare", "-m", "mount", "-t", "tmpfs", "none", "/mnt"], capture_output=True, timeout=10
        )
    except OSError:
        return False
    return done.returncode == 0


@contextmanager
def small(data: Path, **environ: str) -> Iterator[tuple[Process, Path]]:
    """A host whose data is on a small disk of its own, and that disk as it is seen from here."""
    data.mkdir(mode=0o711)
    before = ["unshare", "-m", "sh", "-c", MOUNT.format(size=ROOM_KIB), str(data)]
    with running(data, before=before, **environ) as host:
        yield host, Path(f"/proc/{host.process.pid}/root{data}")


def fill(disk: Path) -> None:
    """Take all the room that is left."""
    with open(disk / "filler", "ab", buffering=0) as filler:
        for size in (1 << 20, 4096, 1):
            try:
                while True:
                    filler.write(b"x" * size)
            except OSError:
                pass


async def refused(client: Client, method: str, **params: Any) -> dict[str, Any]:
    with pytest.raises(Refused) as caught:
        await client.call(method, **params)
    return {"code": caught.value.code, **caught.value.data}


FULL = {"code": "NoSpace"}


@pytest.mark.skipif(not may_mount(), reason="no file system can be mounted here")
async def test_a_full_disk_is_told_loses_nothing_and_is_left_behind_without_a_restart(tmp_path: Path) -> None:
    kept: dict[str, int] = {}
    with small(tmp_path / "data") as (host, disk):
        async with connect(host.base, "ada") as ada, connect(host.base, "ben") as ben:
            for one in (ada, ben):
                await one.call("session.open")
                await one.call("workspace.fs.writeFile", uri="/workspace/a.txt", content="whole " * 2_000)
                await one.call("secrets.store", key="k", value="v")
            await asyncio.to_thread(fill, disk)
            number = 0
            with pytest.raises(Refused) as caught:
                for number in range(1, 20_000):  # SQLite's log has some room of its own
                    await ada.call("state.update", scope="global", key=f"k{number % 50}", value="x" * 2_000)
                    kept[f"k{number % 50}"] = number
            assert caught.value.code == -32010 and caught.value.data == FULL, "and not a defect of the host"
            assert await refused(ben, "workspace.fs.writeFile", uri="/workspace/a.txt", content="new" * 9_000) == FULL
            assert await refused(ben, "workspace.fs.writeFile", uri="/workspace/b.txt", content="new" * 9_000) == FULL
            assert [name for name, _ in await ben.call("workspace.fs.readDirectory", uri="/workspace")] == ["a.txt"]
            uploaded = await fetch(host.base, "/api/v1/files?path=/workspace/c.txt&uid=ben", "PUT", b"z" * 300_000)
            assert uploaded.status == 507 and uploaded.kind == "application/problem+json"
            async with connect(host.base, "newcomer") as newcomer:  # for whom there is not even a folder yet
                answer = await newcomer.ask("state.update", {"scope": "global", "key": "k", "value": "x" * 5_000})
                assert answer["error"]["data"] == FULL, answer
            for one in (ada, ben):
                assert "result" in await one.ask("session.ping")
                text = (await one.call("workspace.fs.readFile", uri="/workspace/a.txt"))["content"]
                assert text == "whole " * 2_000
            assert all([await ada.call("state.get", scope="global", key=key) == "x" * 2_000 for key in kept])
            assert (await fetch(host.base, "/healthz")).status == 200

            os.unlink(disk / "filler")
            began = time.monotonic()
            await ada.call("state.update", scope="global", key="after", value=1)
            await ben.call("workspace.fs.writeFile", uri="/workspace/b.txt", content="new")
            async with connect(host.base, "newcomer") as newcomer:
                await newcomer.call("state.update", scope="global", key="k", value=1)
            assert time.monotonic() - began < 5
            names = await ben.call("workspace.fs.readDirectory", uri="/workspace")
            assert [name for name, _ in names] == ["a.txt", "b.txt"], "what was half written is gone"
        assert await host.stop() == 0


def is_no_space(refusal: Refused) -> bool:
    """Whether it says that the disk is full: by its code, or in the words of a command that failed of it."""
    return refusal.data.get("code") == "NoSpace" or "is full" in refusal.message


@pytest.mark.faults
@pytest.mark.skipif(not may_mount(), reason="no file system can be mounted here")
async def test_on_a_full_disk_no_kind_of_write_is_acknowledged_and_lost(tmp_path: Path) -> None:
    kept: dict[str, dict[str, int]] = {name: {} for name in KINDS}
    environ = planted(tmp_path / "extensions") | {
        "ROOST_LOGGING__FILE": str(tmp_path / "data" / "host.log"),
        "ROOST_BACKUPS__EVERY_S": "1",
    }
    with small(tmp_path / "data", **environ) as (host, disk):
        async with AsyncExitStack() as stack:
            people = {name: await stack.enter_async_context(connect(host.base, name)) for name in KINDS}
            for name, client in people.items():
                refused = await put_on(client, KINDS[name], kept[name], KEYS + 1)
                assert refused is None, f"{name}: {refused}"
            refusals: dict[str, Refused] = {}
            for _ in range(ROUNDS):
                await asyncio.to_thread(fill, disk)
                for name, client in people.items():
                    refusal = await put_on(client, KINDS[name], kept[name], KEYS)
                    if refusal is not None:
                        refusals.setdefault(name, refusal)
                    assert "result" in await client.ask("session.ping")
            unclear = {name: str(one) for name, one in refusals.items() if not is_no_space(one)}
            assert not unclear, "whoever is refused is told why"
            assert set(refusals) >= {"files", "uploads", "documents"}, "the disk was not full"
            print(f"refused: {', '.join(sorted(refusals))}")
            os.unlink(disk / "filler")
            for name, client in people.items():
                refused = await put_on(client, KINDS[name], kept[name], KEYS)
                assert refused is None, f"{name} is still refused: {refused}"
        await none_is_lost(host.base, kept)
        assert not list(disk.glob("users/*/backups/new*")), "half a backup is left"
        assert (disk / "host.log").stat().st_size > 0
        assert await host.stop() == 0
