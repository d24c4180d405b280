"""The disk is full: whoever writes is told so, nothing acknowledged is lost, and all goes on once there is room."""

from __future__ import annotations

import asyncio
import os
import subprocess
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest

from tests.client import Client, Process, Refused, connect, running
from tests.raw import fetch

pytestmark = pytest.mark.anyio

MOUNT = 'mount -t tmpfs -o size={size}k,mode=711 none "$0" && exec "$@"'
ROOM_KIB = 24 << 10


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
def small(data: Path) -> Iterator[tuple[Process, Path]]:
    """A host whose data is on a small disk of its own, and that disk as it is seen from here."""
    data.mkdir(mode=0o711)
    before = ["unshare", "-m", "sh", "-c", MOUNT.format(size=ROOM_KIB), str(data)]
    with running(data, before=before) as host:
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
