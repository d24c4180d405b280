"""A damaged state.db between two lives of a host, and the commands `roost backup` and `roost restore`."""

from __future__ import annotations

import asyncio
import os
import re
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from host.__main__ import main
from sessions.migrations import template
from tests.client import ROOT, connect, running
from tests.raw import fetch
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
            assert (await fetch(host.base, "/api/v1/usage?uid=alice")).status == 200  # which opens the host's books
            made = await asyncio.to_thread(roost, "backup", "--data", data)
            assert (made.returncode, made.stderr) == (0, "")
            assert re.fullmatch(r"alice: \S+\nthe host's books: \S+/host/ledger/backups/\S+\n", made.stdout)
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
    put = await asyncio.to_thread(roost, "restore", "--books", "--data", data)
    assert (put.returncode, put.stderr) == (0, "")
    assert put.stdout.startswith("the host's books: state-") and "state.db.before-" in put.stdout
    with running(data) as host:
        assert await host.stop() == 0
    nobody = await asyncio.to_thread(roost, "backup", "carol", "--data", data)
    assert (nobody.returncode, nobody.stdout) == (1, "")
    assert "carol: has no state" in nobody.stderr


@pytest.mark.parametrize(
    ("words", "code", "said"),
    [
        (["backup"], 1, r"no host has ever run in DATA; name the host's folder with --data or --config"),
        (
            ["backup", "ada", "eve"],
            1,
            r"eve: has no state in DATA; .*|ada: no backup could be made: file is not a database",
        ),
        (["backup", "--to", "/dev/null"], 1, r"ada: no backup could be made: Not a directory: /dev/null/users"),
        (["restore"], 2, r"roost: UID: name whose state it is, or give --books .* See `roost restore --help`\."),
        (["restore", "ada", "--books"], 2, r"roost: UID: .*; not both\. See .*"),
        (["restore", "eve"], 2, r"roost: eve: there is no backup in DATA/users/eve: `roost backup` makes one; .*"),
        (["restore", "eve", "--list"], 2, r"roost: eve: there is no backup in .*"),
        (["restore", "--books", "--list"], 2, r"roost: the host's books: there is no backup in DATA/host/ledger: .*"),
        (
            ["restore", "eve", "--from", "x"],
            2,
            r"roost: eve: there is no backup 'x': `roost restore eve --list` says .*",
        ),
        (["restore", "../x"], 2, r"roost: uid: must fully match .*"),
    ],
)
def test_what_is_wrong_with_a_line_is_said_in_one_sentence_and_never_passes_for_done(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], words: list[str], code: int, said: str
) -> None:
    data = tmp_path / "data"
    if words != ["backup"]:
        (data / "users" / "ada").mkdir(parents=True)
        (data / "users" / "ada" / "state.db").write_bytes(b"no database" * 100)
    with pytest.raises(SystemExit) as ended:
        main([*words, "--data", str(data)])
    out, err = capsys.readouterr()
    assert (ended.value.code, out) == (code, "")
    assert err and all(re.fullmatch(said.replace("DATA", str(data)), line) for line in err.splitlines()), err


def test_a_host_that_nobody_has_used_yet_has_nothing_to_copy_and_that_is_fine(tmp_path: Path) -> None:
    (tmp_path / "lock").touch()
    done = roost("backup", "--data", tmp_path)
    assert (done.returncode, done.stdout, done.stderr) == (0, "", f"nobody has stored anything in {tmp_path} yet\n")


@pytest.mark.skipif(os.geteuid() != 0, reason="only root makes files for others")
def test_what_root_copies_and_puts_back_belongs_to_whom_the_host_runs_as(tmp_path: Path) -> None:
    user = tmp_path / "users" / "ada"
    user.mkdir(parents=True)
    (user / "state.db").write_bytes(template())
    for one in (tmp_path / "users", user, user / "state.db"):
        os.chown(one, 12345, 12346)
    assert roost("backup", "--data", tmp_path).returncode == 0
    assert roost("restore", "ada", "--data", tmp_path).returncode == 0
    made = [user / "state.db", user / "backups", *(user / "backups").iterdir()]
    assert len(made) == 3 and {(one.stat().st_uid, one.stat().st_gid) for one in made} == {(12345, 12346)}
    shutil.copy(made[2], tmp_path / "copy.db")
    assert roost("restore", "eve", "--from", tmp_path / "copy.db", "--data", tmp_path).returncode == 0
    eves = tmp_path / "users" / "eve"
    assert {one.stat().st_uid for one in (eves, eves / "state.db")} == {12345}
