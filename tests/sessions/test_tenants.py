"""OS uids of users: stable, durable, never given to another, whatever happens between two lines."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor
from itertools import pairwise
from pathlib import Path

import pytest

from sessions import tenants
from sessions.errors import StoreError
from sessions.tenants import BASE, Tenants, subordinate, taken_until
from tests.sessions.sandboxes import ROOT


def test_a_user_keeps_their_uid_for_ever(tmp_path: Path) -> None:
    first = Tenants(tmp_path)
    given = {uid: first.owner(uid) for uid in ("alice", "bob", "Alice", "a+b@example.org")}
    assert len(set(given.values())) == 4
    assert all(number > BASE for number in given.values())
    again = Tenants(tmp_path)
    assert {uid: again.owner(uid) for uid in reversed(given)} == given
    assert again.owner("carol") not in given.values()


def test_two_hosts_of_one_machine_give_their_first_users_different_uids(tmp_path: Path) -> None:
    hosts = [tmp_path / str(number) for number in range(8)]
    for folder in hosts:
        folder.mkdir()
    numbers = sorted(Tenants(folder).owner("alice") for folder in hosts)
    assert all(after - before >= 4_096 for before, after in pairwise(numbers))


def test_in_a_container_with_few_uids_they_begin_where_they_can(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(tenants, "is_usable", lambda number: number < 300_000)
    assert BASE < Tenants(tmp_path).owner("alice") < 300_000


def test_many_at_once_each_get_their_own(tmp_path: Path) -> None:
    ours = Tenants(tmp_path)
    with ThreadPoolExecutor(16) as threads:
        numbers = list(threads.map(ours.owner, [f"user{number % 50}" for number in range(200)]))
    assert len(set(numbers)) == 50
    assert numbers[:50] == numbers[50:100]


def test_a_line_that_was_half_written_was_nobodys(tmp_path: Path) -> None:
    number = Tenants(tmp_path).owner("alice")
    with (tmp_path / "tenants").open("ab") as file:
        file.write(b"%d bo" % (number + 1))
    ours = Tenants(tmp_path)
    assert ours.owner("alice") == number
    assert ours.owner("carol") == number + 1
    assert (tmp_path / "tenants").read_text().splitlines()[1].endswith(" carol")


DAMAGE = ("200009\n", "x alice\n", "0 root\n", "100 low\n", "{} bob\n", "200001 ../x\n", "\n", "99999999999 big\n")


@pytest.mark.parametrize("damage", DAMAGE)
def test_a_damaged_list_is_refused_and_not_touched(tmp_path: Path, damage: str) -> None:
    number = Tenants(tmp_path).owner("alice")
    path = tmp_path / "tenants"
    path.write_text(before := path.read_text() + damage.format(number) + "200050 zoe\n")
    for _ in range(2):
        with pytest.raises(StoreError, match="backup"):
            Tenants(tmp_path).owner("bob")
    assert path.read_text() == before


def test_a_full_disk_gives_nobody_a_uid_twice(tmp_path: Path) -> None:
    ours = Tenants(tmp_path)
    ours.owner("alice")
    with pytest.raises(StoreError, match="free some space"):
        _with_full_disk(tmp_path)
    assert len({ours.owner("alice"), ours.owner("dave"), Tenants(tmp_path).owner("erin")}) == 3


def _with_full_disk(folder: Path) -> None:
    """Another process, which may write no file larger than this one is."""
    program = (
        "import resource, signal, sys, pathlib\n"
        "from sessions.tenants import Tenants\n"
        "from sessions.errors import StoreError\n"
        "signal.signal(signal.SIGXFSZ, signal.SIG_IGN)\n"
        "folder = pathlib.Path(sys.argv[1])\n"
        "size = (folder / 'tenants').stat().st_size\n"
        "resource.setrlimit(resource.RLIMIT_FSIZE, (size + 3, size + 3))\n"
        "try: Tenants(folder).owner('bob')\n"
        "except StoreError as error: print(error)\n"
    )
    command = [sys.executable, "-c", program, str(folder)]
    said = subprocess.run(command, capture_output=True, text=True, cwd=ROOT, check=True).stdout
    raise StoreError(said)


def test_uids_given_out_before_a_kill_are_never_given_again(tmp_path: Path) -> None:
    program = (
        "import sys, pathlib, itertools\n"
        "from sessions.tenants import Tenants\n"
        "tenants = Tenants(pathlib.Path(sys.argv[1]))\n"
        "for n in itertools.count(): print(f'{sys.argv[2]}-{n}', tenants.owner(f'{sys.argv[2]}-{n}'), flush=True)\n"
    )
    given: dict[str, int] = {}
    for life in range(5):
        command = [sys.executable, "-c", program, str(tmp_path), f"life{life}"]
        with subprocess.Popen(command, stdout=subprocess.PIPE, text=True, cwd=ROOT) as host:
            assert host.stdout is not None
            lines = [host.stdout.readline() for _ in range(5 + 7 * life)]
            host.send_signal(signal.SIGKILL)
            lines += host.stdout.read().splitlines(keepends=True)
        for line in lines:
            if line.endswith("\n"):
                uid, number = line.split()
                given[uid] = int(number)
    assert len(set(given.values())) == len(given)
    after = Tenants(tmp_path)
    assert {uid: after.owner(uid) for uid in given} == given


def test_numbers_that_the_machine_knows_are_left_out(tmp_path: Path) -> None:
    assert taken_until(os.getuid()) == os.getuid() + 1
    ranges = tmp_path / "subuid"
    ranges.write_text("alice:100000:65536\n# a comment\nbob:x:1\n1000:165536:65536\n")
    assert subordinate(ranges) == [(100000, 65536), (165536, 65536)]
    assert subordinate(tmp_path / "none") == []


def test_nobody_is_ever_root(tmp_path: Path) -> None:
    for base in (0, -1):
        with pytest.raises(ValueError, match="base"):
            Tenants(tmp_path, base)
