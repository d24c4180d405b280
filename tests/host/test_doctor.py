"""`roost doctor`, run as a person runs it: it says what a host here would say of itself, and what is wrong."""

from __future__ import annotations

import asyncio
import json
import os
import socket
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from host.doctor import cgroups
from host.folder import holding
from tests.client import ROOT, connect, running
from tests.raw import fetch
from tests.screens import passable

pytestmark = pytest.mark.anyio


@pytest.fixture
def data() -> Iterator[Path]:
    with passable() as folder:
        yield folder / "data"


def doctor(*arguments: str, **environ: str) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, "-m", "host", "doctor", *arguments]
    given = {name: value for name, value in os.environ.items() if not name.startswith(("ROOST_", "MULTI_USER"))}
    return subprocess.run(
        command, env=given | environ, cwd=ROOT, capture_output=True, text=True, timeout=50, check=False
    )


def told(*arguments: str, **environ: str) -> tuple[int, dict[str, Any], dict[str, dict[str, str]]]:
    """Exit code, the report, and its findings by name."""
    ended = doctor("--json", *arguments, **environ)
    assert ended.stderr == ""
    report = json.loads(ended.stdout)
    return ended.returncode, report, {one["name"]: one for one in report["findings"]}


async def test_it_names_the_level_that_a_host_here_has(data: Path) -> None:
    code, report, found = await asyncio.to_thread(told, "--data", str(data), "--port", "0", MULTI_USER="1")
    assert not data.exists(), "it leaves nothing"
    starting = running(data)
    house = await asyncio.to_thread(starting.__enter__)
    try:
        async with connect(house.base, "alice") as alice:
            isolation = (await alice.call("session.open"))["isolation"]
        health = (await fetch(house.base, "/api/health")).json()
    finally:
        await asyncio.to_thread(starting.__exit__, None, None, None)
    assert {name: report["isolation"][name] for name in isolation} == isolation
    assert health["services"]["isolation"] == report["isolation"]["level"]
    assert (code == 0) == report["ok"] == all(one["state"] != "failed" for one in found.values())
    assert report["isolation"]["doesNotProtect"] and report["isolation"]["promise"]
    assert {"python", "system", "openat2", "data", "disk", "secrets", "port", "isolation", "bubblewrap"} <= set(found)
    assert {"user namespaces", "seccomp", "landlock", "cgroups", "descriptors", "git", "rg", "node"} <= set(found)


def test_what_is_missing_is_told_with_its_cost_and_a_way_out(data: Path) -> None:
    _, _, found = told("--data", str(data), "--port", "0", PATH="/nonexistent")
    for name in ("git", "node", "chromium"):
        assert found[name]["state"] == "warning" and found[name]["cost"] and found[name]["wayOut"]
    assert found["rg"]["state"] == "ok", "it comes with the host's own packages, whatever the PATH"


def test_one_person_alone_is_told_that_there_are_no_walls(data: Path) -> None:
    code, report, _ = told("--data", str(data), "--port", "0")
    assert report["isolation"]["level"] == "off" and code == 0
    assert report["isolation"]["doesNotProtect"] == ["Anything: what runs here can do all that you can."]


def test_settings_that_are_wrong_are_told_line_by_line(data: Path) -> None:
    code, report, _ = told("--data", str(data), MULTI_USER="1", ROOST_SERVER__HOST="0.0.0.0", ROOST_QUOTAS__BYTES="x")
    wrong = [one["found"] for one in report["findings"] if one["name"] == "settings"]
    assert code == 1 and report["isolation"] is None
    assert any(line.startswith("quotas.bytes") for line in wrong), wrong


def test_a_port_that_somebody_has_and_a_key_that_is_none_are_told(data: Path) -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = str(taken.getsockname()[1])
        code, _, found = told("--data", str(data), "--port", port, ROOST_MASTER_KEY="a-key-that-is-none")
    assert code == 1
    assert found["port"]["state"] == "failed" and port in found["port"]["found"]
    assert found["secrets"]["state"] == "failed" and "a-key-that" not in str(found)


@pytest.mark.skipif(os.geteuid() != 0, reason="only where the host is root do users have OS uids of their own")
def test_a_folder_that_users_cannot_pass_is_told(tmp_path: Path) -> None:
    tmp_path.chmod(0o700)
    code, report, found = told("--data", str(tmp_path / "data"), "--port", "0", MULTI_USER="1")
    assert code == 1 and found["data: parents"]["state"] == "failed"
    assert found["data: parents"]["wayOut"]
    assert report["isolation"]["level"] != "bubblewrap"


def test_a_data_folder_that_a_host_has_already_is_told(data: Path) -> None:
    with holding(data):
        code, _, found = told("--data", str(data), "--port", "0")
    assert code == 0 and found["data: in use"]["found"] == f"by a host that runs now, process {os.getpid()}"
    _, _, found = told("--data", str(data), "--port", "0")
    assert "data: in use" not in found and (data / "lock").read_text() == f"{os.getpid()}\n"


def test_a_data_folder_that_cannot_be_is_told(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    code, _, found = told("--data", str(tmp_path / "file" / "data"), "--port", "0")
    assert code == 1 and found["data"]["state"] == "failed"


def test_it_can_be_read_by_a_person_and_is_not_coloured_in_a_pipe(data: Path) -> None:
    ended = doctor("--data", str(data), "--port", "0")
    assert "\x1b" not in ended.stdout
    assert ended.stdout.splitlines()[-1] == "A host can serve here."


def test_a_delegated_cgroup_is_known_by_what_it_offers(tmp_path: Path) -> None:
    own = tmp_path / "cgroup"
    own.write_text("0::/service\n")
    base = tmp_path / "service"
    base.mkdir()
    assert cgroups(tmp_path, own).state == "warning"
    (base / "cgroup.controllers").write_text("cpu memory pids\n")
    assert cgroups(tmp_path, own).state == "ok"
    own.write_text("4:memory:/x\n")
    assert cgroups(tmp_path, own).state == "warning"


def test_it_is_coloured_where_somebody_looks(data: Path) -> None:
    ours, theirs = os.openpty()
    command = [sys.executable, "-m", "host", "doctor", "--data", str(data), "--port", "0"]
    with subprocess.Popen(command, cwd=ROOT, stdout=theirs, env={**os.environ, "TERM": "xterm"}):
        os.close(theirs)
        seen = b""
        try:
            while piece := os.read(ours, 65536):
                seen += piece
        except OSError:
            pass  # the other end is closed
    os.close(ours)
    assert b"\x1b[32mok" in seen and b"serve here." in seen
