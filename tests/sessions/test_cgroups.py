"""Control groups: what is written where, and against the kernel's own tree where this machine has one to divide."""

from __future__ import annotations

import os
import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest

from sessions.cgroups import Cgroups, find, settings
from sessions.launch import ENTER, Limits
from sessions.supervisor import shell

LIMITS = Limits(processes=12, memory=34 << 20)


def tree(folder: Path, controllers: str = "cpuset cpu io memory pids", procs: str = "", group: str = "/own") -> Path:
    """The files of a group as the kernel makes them, in which nothing happens."""
    base = folder / group.lstrip("/")
    base.mkdir(parents=True)
    (base / "cgroup.controllers").write_text(controllers)
    (base / "cgroup.procs").write_text(procs)
    (folder / "self").write_text(f"12:pids:/other\n0::{group}\n")
    return base


def test_a_part_of_our_own_is_divided_for_users(tmp_path: Path) -> None:
    base = tree(tmp_path)
    found = find(tmp_path, tmp_path / "self")
    assert found is not None
    assert (base / "cgroup.subtree_control").read_text() == "+cpu +memory +pids"
    assert (base / "users" / "cpu.weight").read_text() == "50"


def test_the_host_goes_into_a_leaf_when_it_is_alone(tmp_path: Path) -> None:
    base = tree(tmp_path, procs=f"{os.getpid()}\n")
    assert find(tmp_path, tmp_path / "self") is not None
    assert (base / "host" / "cgroup.procs").read_text() == "0"


def test_where_a_service_manager_made_that_leaf_the_part_above_is_ours(tmp_path: Path) -> None:
    base = tree(tmp_path)
    (tmp_path / "self").write_text("0::/own/host\n")
    assert find(tmp_path, tmp_path / "self") is not None
    assert (base / "users").is_dir()


@pytest.mark.parametrize(
    ("controllers", "procs"),
    [("cpu io", ""), ("hugetlb", ""), ("", ""), ("cpu memory pids", "1\n2\n"), ("memory", "")],
)
def test_what_cannot_be_divided_is_left_alone(tmp_path: Path, controllers: str, procs: str) -> None:
    base = tree(tmp_path, controllers, procs)
    assert find(tmp_path, tmp_path / "self") is None
    assert not (base / "cgroup.subtree_control").exists()


def test_a_machine_without_version_2_has_none(tmp_path: Path) -> None:
    (tmp_path / "self").write_text("4:memory:/x\n1:cpu:/\n")
    assert find(tmp_path, tmp_path / "self") is None
    assert find(tmp_path, tmp_path / "no-such-file") is None


@pytest.fixture
def real() -> Iterator[Path]:
    """A group of the kernel's own, without controllers: those of this machine may be taken by version 1."""
    for mount in (Path("/sys/fs/cgroup/unified"), Path("/sys/fs/cgroup")):
        base = mount / f"roost-test-{os.getpid()}"
        try:
            if (mount / "cgroup.controllers").exists():
                base.mkdir()
                break
        except OSError:
            continue
    else:
        pytest.skip("no cgroup v2 that may be divided is mounted here")
    yield base
    for folder in (*base.glob("*/*"), *base.glob("*"), base):
        if folder.is_dir():
            folder.rmdir()


def test_a_process_enters_its_group_before_it_runs_and_all_in_it_end_with_it(real: Path) -> None:
    group = Cgroups(real, controllers=()).create(LIMITS)
    command = [shell(), "-c", ENTER, "sh", group.procs, "sh", "-c", "setsid sleep 1000 & echo $!; exec sleep 1000"]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as process:
        assert process.stdout is not None
        left = process.stdout.readline().strip()
        inside = Path(group.procs).read_text().split()
        assert {str(process.pid), left} <= set(inside)
        group.remove()
        assert process.wait() == -9
    assert not Path(group.procs).exists()


def test_a_group_that_cannot_be_entered_starts_nothing(tmp_path: Path) -> None:
    done = subprocess.run([shell(), "-c", ENTER, "sh", str(tmp_path / "no/procs"), "echo", "x"], capture_output=True)
    assert (done.returncode, done.stdout) == (125, b"")


@pytest.mark.parametrize(
    ("limits", "expected"),
    [
        (LIMITS, {"memory.max": "35651584", "memory.swap.max": "0", "pids.max": "12"}),
        (Limits(processes=None, memory=None), {}),
        (Limits(processes=5, memory=None), {"pids.max": "5"}),
    ],
)
def test_only_what_is_limited_is_written(limits: Limits, expected: dict[str, str]) -> None:
    assert settings(limits) == expected
