"""While others change what paths mean, or kill the writer, no operation leaves the root or half a file."""

from __future__ import annotations

import ctypes
import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

import pytest

from sessions.errors import FileSystemError, InvalidValue
from sessions.openat2 import Resolve
from sessions.root import Root
from tests.sessions.roots import left_over, resolve

__all__ = ["resolve"]

SECONDS = float(os.environ.get("ROOST_RACE_S", "0.25"))
"""How long each operation is attacked."""

CANARY = b"CANARY" * 100

ATTACKER = """
import ctypes, os, sys
libc = ctypes.CDLL(None)
pairs = [tuple(os.fsencode(name) for name in pair.split(":")) for pair in sys.argv[2:]]
os.chdir(sys.argv[1])
print("ready", flush=True)
while os.getppid() != 1:
    for a, b in pairs:
        libc.renameat2(-100, a, -100, b, 2)
"""


def can_exchange(folder: Path) -> bool:
    (folder / "a").touch()
    (folder / "b").touch()
    libc = ctypes.CDLL(None)
    names = os.fsencode(folder / "a"), os.fsencode(folder / "b")
    return hasattr(libc, "renameat2") and libc.renameat2(-100, names[0], -100, names[1], 2) == 0


@contextmanager
def attacked(place: Path, *pairs: str) -> Iterator[None]:
    """Meanwhile the two names of each pair are exchanged in `place` as fast as a process can."""
    with subprocess.Popen([sys.executable, "-c", ATTACKER, place, *pairs], stdout=subprocess.PIPE) as attacker:
        assert attacker.stdout
        attacker.stdout.readline()
        try:
            yield
        finally:
            attacker.kill()


@pytest.fixture
def world(tmp_path: Path) -> Path:
    """alice's workspace holds `d`, a directory, and links of the same depth that lead out, inside and nowhere."""
    if not can_exchange(tmp_path):
        pytest.skip("this file system cannot exchange two names")
    root, outside = Root(tmp_path / "users/alice/root"), tmp_path / "outside"
    root.write("/workspace/d/e/file", b"inside")
    root.write("/workspace/swap/x/e/file", b"inside")
    (outside / "e").mkdir(parents=True)
    (outside / "e/file").write_bytes(CANARY)
    (outside / "e/CANARY").touch()
    place = tmp_path / "users/alice/root/workspace"
    (place / "out").symlink_to(outside)
    (place / "relative").symlink_to("../../../../outside")
    (place / "d/link").symlink_to(outside / "e")
    (place / "leak").symlink_to(outside / "e/file")
    (place / "shallow").mkdir()
    (tmp_path / "users/alice/state.db").write_bytes(CANARY)
    return tmp_path


def survey(world: Path) -> list[tuple[str, int, int]]:
    """All that is outside of alice's root."""
    places = [*(world / "outside").rglob("*"), *(world / "users").glob("*"), *(world / "users/alice").glob("*.db*")]
    return sorted((str(path), path.lstat().st_ino, path.lstat().st_mtime_ns) for path in places)


def test_the_attack_works_against_a_check_of_strings(world: Path) -> None:
    """Else the tests below would prove nothing."""
    root = world / "users/alice/root"
    with attacked(root / "workspace", "d:out"):
        until = time.monotonic() + 30
        while time.monotonic() < until:
            path = root / "workspace/d/e/file"
            with suppress(OSError):
                if os.path.realpath(path).startswith(f"{root}/") and path.read_bytes() == CANARY:
                    return
    pytest.fail("the attacker never won: the machine is too quiet for this test")


OPERATIONS: dict[str, Callable[[Root, int], object]] = {
    "read": lambda root, _: root.read("/workspace/d/e/file", 1000),
    "climb": lambda root, _: root.read("/workspace/d/e/../../../state.db", 1000),
    "stat": lambda root, _: root.stat("/workspace/d/e/file"),
    "list": lambda root, _: root.read_directory("/workspace/d/e"),
    "walk": lambda root, _: [path for path, _ in root.walk("/workspace")],
    "write": lambda root, number: root.write("/workspace/d/e/file", b"inside %d" % number),
    "mkdir": lambda root, number: root.create_directory(f"/workspace/d/e/{number}/x/y"),
    "delete": lambda root, _: root.delete("/workspace/d/e", recursive=True),
    "trash": lambda root, _: root.delete("/workspace/d/e", recursive=True, use_trash=True),
    "copy in": lambda root, _: root.copy("/home/source", "/workspace/d/e", overwrite=True),
    "copy out": lambda root, number: root.copy("/workspace/d", f"/home/{number}"),
    "rename in": lambda root, _: root.rename("/home/source", "/workspace/d/e", overwrite=True),
    "rename out": lambda root, number: root.rename("/workspace/d/e", f"/home/moved{number}"),
}


PAIRS = {
    "a directory and a link out": ("d:out", "relative:swap"),
    "and further up": ("d/e:d/link", "d:relative"),
    "directories of different depth": ("d/e:shallow",),
    "a file and a link out": ("d/e/file:leak",),
}
"""What is exchanged meanwhile."""


@pytest.mark.parametrize("name", OPERATIONS)
@pytest.mark.parametrize("pairs", PAIRS)
def test_no_operation_escapes_while_names_are_exchanged(world: Path, resolve: Resolve, name: str, pairs: str) -> None:
    root, outside = Root(world / "users/alice/root", resolve=resolve), survey(world)
    until, number = time.monotonic() + SECONDS, 0
    with attacked(world / "users/alice/root/workspace", *PAIRS[pairs]):
        while time.monotonic() < until or number < 20:
            number += 1
            prepare(root)
            with suppress(FileSystemError, InvalidValue):
                result = OPERATIONS[name](root, number)
                assert "CANARY" not in str(result)
                assert f"size={len(CANARY)}" not in str(result)
    assert survey(world) == outside
    for path in (world / "users/alice/root").rglob("*"):
        if not path.is_symlink() and path.is_file():
            assert CANARY not in path.read_bytes(), path


def test_a_file_that_turns_into_a_link_while_its_tree_is_copied_is_not_followed(world: Path, resolve: Resolve) -> None:
    root, place = Root(world / "users/alice/root", resolve=resolve), world / "users/alice/root/workspace"
    (place / "many").mkdir()
    for number in range(200):
        (place / f"many/{number}").write_bytes(b"inside" * 100)  # no smaller than what a link leads to
    with attacked(place, "many/100:leak"):
        for number in range(20):
            with suppress(FileSystemError):
                root.copy("/workspace/many", f"/home/{number}")
    for path in (world / "users/alice/root/home").rglob("*"):
        assert path.is_symlink() or path.is_dir() or CANARY not in path.read_bytes(), path


def test_renaming_without_end_keeps_nobody_else_from_their_files(tmp_path: Path, resolve: Resolve) -> None:
    if not can_exchange(tmp_path):
        pytest.skip("this file system cannot exchange two names")
    bob = Root(tmp_path / "users/bob/root", resolve=resolve)
    dots = "/workspace" + "/a/b/../.." * 30
    bob.write("/workspace/a/b/file", b"bob's")
    with attacked(tmp_path, "a:b"):
        until, number = time.monotonic() + SECONDS, 0
        while time.monotonic() < until or number < 1000:
            number += 1
            assert bob.read(f"{dots}/a/b/file", 100) == b"bob's"


def prepare(root: Root) -> None:
    """Put back what an operation took away."""
    with suppress(FileSystemError):
        root.write("/workspace/d/e/file", b"inside", overwrite=False)
    with suppress(FileSystemError):
        root.write("/home/source/file", b"inside", overwrite=False)


def test_a_write_is_on_the_disk_before_it_returns(
    tmp_path: Path, resolve: Resolve, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A power cut cannot be had here, so the order of what the kernel is asked for must do."""
    done: list[tuple[str, int]] = []
    fsync, rename, mkdir = os.fsync, os.rename, os.mkdir

    def see(name: str, call: Callable[..., None]) -> Callable[..., None]:
        def seen(target: object, *args: object, **options: object) -> None:
            call(target, *args, **options)
            done.append((name, os.fstat(target).st_ino if isinstance(target, int) else 0))

        return seen

    root = Root(tmp_path / "alice/root", resolve=resolve)
    for name, call in (("fsync", fsync), ("rename", rename), ("mkdir", mkdir)):
        monkeypatch.setattr(os, name, see(name, call))
    root.write("/workspace/new/deep/file", b"1")
    place = tmp_path / "alice/root/workspace"
    file, deep, new, top = (
        path.stat().st_ino for path in (place / "new/deep/file", place / "new/deep", place / "new", place)
    )
    made = [("mkdir", 0), ("fsync", top), ("mkdir", 0), ("fsync", new)]
    assert done == [*made, ("fsync", file), ("rename", 0), ("fsync", deep)]
    done.clear()
    root.rename("/workspace/new/deep/file", "/workspace/file", overwrite=True)
    assert done[0] == ("rename", 0)
    assert sorted(done[1:]) == sorted([("fsync", top), ("fsync", deep)])
    done.clear()
    root.delete("/workspace/file")
    assert done == [("fsync", top)]


WRITER = """
import sys
from pathlib import Path
from sessions.openat2 import openat2, walk
from sessions.root import Root
root = Root(Path(sys.argv[1]), resolve={"openat2": openat2, "walk": walk}[sys.argv[2]])
for number in range(int(sys.argv[3]), 1_000_000):
    root.write("/workspace/a/file", b"%09d" % number * 20_000)
    root.write(f"/workspace/b/{number % 7}", b"%09d" % number * 100)
    print(number, flush=True)
"""


def test_kill_9_loses_no_acknowledged_write_and_leaves_no_half_file(tmp_path: Path, resolve: Resolve) -> None:
    folder, last = tmp_path / "alice/root", 0
    for round_ in range(8):
        acknowledged = _write_until_killed(folder, resolve, last, 0.02 + 0.013 * round_)
        root = Root(folder, resolve=resolve)
        content = root.read("/workspace/a/file", 1 << 20)
        number = int(content[:9])
        assert content == b"%09d" % number * 20_000
        assert number in (acknowledged, acknowledged + 1)
        newest = max(
            int(root.read(f"/workspace/b/{name}", 1 << 20)[:9]) for name, _ in root.read_directory("/workspace/b")
        )
        assert newest in (acknowledged, acknowledged + 1)
        for name, _ in root.read_directory("/workspace/b"):
            content = root.read(f"/workspace/b/{name}", 1 << 20)
            assert content == content[:9] * 100
        last = number + 1
    root.usage()
    assert left_over(folder) == []


def _write_until_killed(folder: Path, resolve: Resolve, first: int, after: float) -> int:
    """The number of the last write that was acknowledged before the writer was killed, some time `after` it began."""
    command = [sys.executable, "-c", WRITER, str(folder), resolve.__name__, str(first)]
    with subprocess.Popen(command, stdout=subprocess.PIPE) as writer:
        assert writer.stdout
        lines = [writer.stdout.readline()]
        until = time.monotonic() + after
        while time.monotonic() < until:
            lines.append(writer.stdout.readline())
        writer.send_signal(signal.SIGKILL)
        lines += writer.stdout.readlines()
    return int([line for line in lines if line.endswith(b"\n")][-1])


def test_a_live_writer_of_another_process_is_not_taken_for_a_left_over(tmp_path: Path, resolve: Resolve) -> None:
    folder = tmp_path / "alice/root"
    script = """
import sys
from pathlib import Path
from sessions.root import Root
with Root(Path(sys.argv[1])).replace("/workspace/slow") as file:
    file.write(b"first ")
    print("begun", flush=True)
    sys.stdin.readline()
    file.write(b"second")
"""
    command = [sys.executable, "-c", script, str(folder)]
    with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE) as writer:
        assert writer.stdin
        assert writer.stdout
        assert writer.stdout.readline() == b"begun\n"
        root = Root(folder, resolve=resolve)
        root.write("/workspace/other", b"1")
        assert root.usage("/workspace") == (7, 1)
        assert root.read_directory("/workspace") == [("other", 1)]
        writer.stdin.write(b"\n")
        writer.stdin.flush()
        assert writer.wait(20) == 0
    assert root.read("/workspace/slow", 100) == b"first second"
