"""A damaged state.db between two lives of a host, and the commands `roost backup` and `roost restore`."""

from __future__ import annotations

import asyncio
import subprocess
import sys
from pathlib import Path

import pytest

from tests.client import ROOT, connect, running
from tests.sessions.stores import eventually

pytestmark = pytest.mark.anyio


def roost(*arguments: object) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, "-m", "host", *map(str, arguments)]
    return subprocess.run(command, cwd=ROOT, capture_output=True, text=True, timeout=60, check=False)


async def test_a_user_whose_state_is_damaged_has_their_last_backup_and_is_told_and_others_notice_nothing(
    tmp_path: Path,
) -> None:
    data = tmp_path / "data"
    state = data / "users" / "alice" / "state.db"
    with running(data, ROOST_BACKUPS__EVERY_S="1") as host:
        async with connect(host.base, "alice") as alice, connect(host.base, "bob") as bob:
            before = (await alice.call("session.open"))["seq"]
            for client in (alice, bob):
                await client.call("state.update", scope="global", key="name", value=client.uid)
                await client.call("workspace.fs.writeFile", uri="/workspace/a.txt", content=client.uid)
            await eventually(lambda: list(state.parent.glob("backups/state-*.db")))
        assert await host.stop() == 0
    image = bytearray(state.read_bytes())
    image[2_000:] = b"\xa5" * (len(image) - 2_000)
    state.write_bytes(image)

    with running(data, ROOST_BACKUPS__EVERY_S="1") as host:
        async with connect(host.base, "bob") as bob, connect(host.base, "alice") as alice:
            opened = await alice.call("session.open", after=before)
            assert opened["seq"] > before
            assert await alice.call("state.get", scope="global", key="name") == "alice"
            assert (await alice.call("workspace.fs.readFile", uri="/workspace/a.txt"))["content"] == "alice"
            shown = await alice.next("window.showMessage")
            assert "damaged" in shown["params"]["message"]
            event = await anext_of(alice.heard, "session.onDidRestoreState")
            kept = event["data"]["kept"]
            assert event["data"]["backup"].startswith("state-")
            assert (state.parent / kept).read_bytes() == image
            await bob.call("session.open")
            assert await bob.call("state.get", scope="global", key="name") == "bob"
            assert "session.onDidRestoreState" not in str(bob.heard)
        assert await host.stop() == 0


async def anext_of(heard: list[dict[str, object]], kind: str) -> dict[str, dict[str, str]]:
    def found() -> list[dict[str, dict[str, str]]]:
        return [one["params"] for one in heard if one.get("method") == "event" and one["params"]["type"] == kind]  # type: ignore[index,misc]

    await eventually(found)
    return found()[0]


async def test_the_commands_copy_while_the_host_runs_and_put_back_when_it_does_not(tmp_path: Path) -> None:
    data = tmp_path / "data"
    with running(data) as host:
        async with connect(host.base, "alice") as alice:
            await alice.call("state.update", scope="global", key="k", value="backed up")
            made = await asyncio.to_thread(roost, "backup", "--data", data)
            assert (made.returncode, made.stderr) == (0, "")
            assert made.stdout.startswith("alice: ")
            elsewhere = await asyncio.to_thread(roost, "backup", "alice", "--data", data, "--to", tmp_path / "copies")
            (copy,) = (tmp_path / "copies").glob("users/alice/state-*.db")
            assert str(copy) in elsewhere.stdout
            await alice.call("state.update", scope="global", key="k", value="later")
            refused = await asyncio.to_thread(roost, "restore", "alice", "--data", data)
            assert (refused.returncode, refused.stdout) == (2, "")
            assert "another host" in refused.stderr
        assert await host.stop() == 0

    listed = await asyncio.to_thread(roost, "restore", "alice", "--list", "--data", data)
    (name,) = listed.stdout.split()
    copy.with_name("bad.db").write_bytes(copy.read_bytes()[:9_000])
    bad = await asyncio.to_thread(roost, "restore", "alice", "--data", data, "--from", copy.with_name("bad.db"))
    assert (bad.returncode, "choose another backup" in bad.stderr) == (2, True)
    with running(data) as host:
        async with connect(host.base, "alice") as alice:
            assert await alice.call("state.get", scope="global", key="k") == "later"
        assert await host.stop() == 0
    put = await asyncio.to_thread(roost, "restore", "alice", "--data", data, "--from", name)
    assert (put.returncode, put.stderr) == (0, "")
    assert name in put.stdout
    with running(data) as host:
        async with connect(host.base, "alice") as alice:
            assert await alice.call("state.get", scope="global", key="k") == "backed up"
        assert await host.stop() == 0
    nobody = await asyncio.to_thread(roost, "backup", "carol", "--data", data)
    assert (nobody.returncode, nobody.stdout) == (1, "")
    assert "carol: has no state" in nobody.stderr
