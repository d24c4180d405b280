"""No path, however it is written and whatever links it goes through, leaves the user's root."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Callable, Iterator
from itertools import product
from pathlib import Path
from typing import Any

import pytest

from sessions.errors import FileSystemError, InvalidValue
from sessions.files import path_of
from sessions.openat2 import Resolve
from sessions.root import Root
from tests.sessions.roots import resolve

__all__ = ["resolve"]

CANARY = b"CANARY: this is not alice's. " * 300
"""Longer than any path, so that the size of a link is never taken for it."""

DOTS = [
    "..", "../", ".././", "./..", "..//", "...", "....//", "..;", "..\\", "..%2f", "%2e%2e", "%2e%2e%2f", "%252e%252e",
    ".%2e", "%c0%ae%c0%ae", "%uff0e%uff0e", "․․", "．．", "‥", "..\u200b", "\u202e..", "\udcc0\udcae\udcc0\udcae",
    "..\t", "..\n", " ..", ".. ", "..\x7f", "~", "~root", "$HOME", "${HOME}", "`pwd`", "*", "{..,.}", "..:", "..?",
    "..#",
]  # fmt: skip


def links(world: Path) -> dict[str, str]:
    """Links that alice's shell may make in /workspace: name -> target."""
    outside, root = world / "outside", world / "data/users/alice/root"
    targets = {
        "absolute": f"{outside}/secret", "directory": f"{outside}", "root": "/", "here": ".", "up": "..",
        "up2": "../..",
        "up9": "../" * 9, "relative": "../../../../../outside/secret", "state": "../../state.db", "host": f"{root}/..",
        "bob": "../../../bob/root/workspace/secret", "neighbour": "../../../alice2/root/workspace/secret",
        "proc": "/proc/self/root", "cwd": "/proc/self/cwd", "fd": "/dev/fd/0", "passwd": "/etc/passwd",
        "python": sys.executable, "loop": "loop", "ping": "pong", "pong": "ping", "through": "up2/outside/secret",
        "slash": "/workspace/real/", "dots": "/workspace/real/../../../../outside/secret",
        "inside": "/workspace/real/file", "long": "/" + "./" * 1000 + "..",
        "mixed": f"up9/../..{outside}/secret", "deep": "real/../up/../../state.db",
        "twice": "root/workspace/root/../../../..",
    }  # fmt: skip
    targets |= {f"chain{number}": f"chain{number + 1}" for number in range(50)}
    return targets | {"chain50": "real/file"}


@pytest.fixture
def world(tmp_path: Path) -> Path:
    """A host's disk with three users, each with a state.db beside the root, and a secret that is nobody's."""
    for uid in ("alice", "alice2", "bob"):
        root = Root(tmp_path / "data/users" / uid / "root")
        root.write(
            "/workspace/secret" if uid != "alice" else "/workspace/real/file", CANARY if uid != "alice" else b"alice's"
        )
        (tmp_path / "data/users" / uid / "state.db").write_bytes(CANARY)
    (tmp_path / "outside/deep").mkdir(parents=True)
    (tmp_path / "outside/secret").write_bytes(CANARY)
    (tmp_path / "outside/deep/secret").write_bytes(CANARY)
    for name, target in links(tmp_path).items():
        (tmp_path / "data/users/alice/root/workspace" / name).symlink_to(target)
    return tmp_path


def attacks(world: Path) -> Iterator[str]:
    """Every way to a file outside that we could think of; the last name is always one that only this test has."""
    goals = [
        f"{world}/outside/secret",
        f"{world}/outside/deep",
        "state.db",
        "bob/root/workspace/secret",
        "alice2/root/workspace",
    ]
    for dots, depth, goal in product(DOTS, (1, 2, 7), goals):
        yield "/" + f"{dots}/" * depth + goal.lstrip("/")
        yield f"/workspace/{dots}/" * depth + goal.lstrip("/")
    for name in links(world):
        for tail in (
            "",
            "/",
            "/.",
            "/secret",
            "/deep/secret",
            "/../state.db",
            "/outside/secret",
            f"{world}/outside/secret",
        ):
            yield f"/workspace/{name}{tail}"
        for other in ("up", "root", "directory", "proc", "host"):
            yield f"/workspace/{name}/{other}/state.db"
            yield f"/workspace/{other}/workspace/{name}/../../state.db"
    for goal in goals:
        for prefix in (
            "//",
            "/./",
            "/.//./",
            "///workspace/..//",
            "/workspace/real/file/..",
            "/home/../",
            "/proc/self/root",
            "/proc/1/cwd",
        ):
            yield prefix + "/" + goal.lstrip("/")


def attempt(work: Callable[..., object], *args: object, **options: object) -> Any:
    """What `work` gives, or the code of its error."""
    try:
        return work(*args, **options)
    except FileSystemError as error:
        assert CANARY.decode() not in str(error)
        return error.code
    except InvalidValue:
        return "InvalidValue"


def snapshot(world: Path) -> dict[str, object]:
    """Everything on the host's disk but alice's root."""
    state: dict[str, object] = {}
    for folder, names, files in os.walk(world):
        if folder == f"{world}/data/users/alice":
            names.remove("root")
        for name in names + files:
            path = Path(folder, name)
            found = path.lstat()
            state[str(path)] = (
                found.st_mode,
                found.st_ino,
                found.st_mtime_ns,
                path.read_bytes() if name in files else None,
            )
    return state


def test_nothing_outside_can_be_read_or_listed(world: Path, resolve: Resolve) -> None:
    root, tried = Root(world / "data/users/alice/root", resolve=resolve), 0
    allowed = (b"alice's", "FileNotFound", "FileIsADirectory", "FileNotADirectory", "NoPermissions", "InvalidValue")
    magic = {"/etc/passwd", "/proc/self/root/etc/passwd", "/proc/self/exe", "/proc/self/fd/0", "/dev/null"}
    for path in {*attacks(world), *magic}:
        tried += 1
        assert attempt(root.read, path, 1 << 20) in allowed, path
        listing = attempt(root.read_directory, path)
        assert isinstance(listing, str) or not {"secret", "state.db", "etc"} & {name for name, _ in listing}, path
        state = attempt(root.stat, path)
        assert isinstance(state, str) or state.size != len(CANARY), path
    assert tried > 1000
    assert "secret" not in str(list(root.walk("/")))


def test_nothing_outside_can_be_changed_or_brought_in(world: Path, resolve: Resolve) -> None:
    root = Root(world / "data/users/alice/root", resolve=resolve)
    before = snapshot(world)
    for number, path in enumerate(sorted({*attacks(world)})[::7]):
        odd = bool(number % 2)
        attempt(root.copy, path, f"/home/copied{number}")
        attempt(root.write, path, b"overwritten", overwrite=odd)
        attempt(root.create_directory, path)
        attempt(root.copy, "/workspace/real/file", path, overwrite=True)
        attempt(root.delete, path, recursive=True, use_trash=odd)
        attempt(root.rename, path, f"/home/moved{number}")
        attempt(root.rename, f"/home/moved{number}", path, overwrite=True)
        attempt(root.write, "/workspace/real/file", b"alice's")
    assert snapshot(world) == before
    for path_ in (world / "data/users/alice/root").rglob("*"):
        assert path_.is_symlink() or not path_.is_file() or CANARY not in path_.read_bytes(), path_


CHROOT = """
import json, os, sys
os.chroot(sys.argv[1]); os.chdir("/")
def look(path):
    try:
        fd = os.open(os.fsencode(path), os.O_RDONLY | os.O_NONBLOCK)
    except (OSError, ValueError) as error:
        return getattr(error, "errno", None)
    try:
        return sorted(os.listdir(fd)) if os.path.isdir(os.fsencode(path)) else os.read(fd, 1000).decode()
    finally:
        os.close(fd)
json.dump([look(path) for path in json.load(sys.stdin)], sys.stdout)
"""


def test_a_path_means_what_it_means_after_a_chroot(world: Path, resolve: Resolve) -> None:
    """The kernel itself is asked: a process that was locked into the root opens the same paths."""
    folder = world / "data/users/alice/root"
    names = ["..", ".", "up", "root", "workspace", "here", "real", "slash", "file"]
    paths = sorted({*attacks(world), *("/workspace/" + "/".join(way) for way in product(names, repeat=4))})
    done = subprocess.run(
        [sys.executable, "-c", CHROOT, folder],
        input=json.dumps(paths),
        capture_output=True,
        text=True,
        timeout=50,
        check=False,
    )
    if "PermissionError" in done.stderr:
        pytest.skip("chroot needs root")
    root, opened = Root(folder, resolve=resolve), 0
    for path, expected in zip(paths, json.loads(done.stdout), strict=True):
        got = attempt(root.read, path, 1 << 20)
        if got == "FileIsADirectory":
            got = sorted(name for name, _ in root.read_directory(path))
        if isinstance(expected, int):
            assert (
                got == {2: "FileNotFound", 20: "FileNotADirectory", 36: "InvalidValue", 40: "NoPermissions"}[expected]
            ), path
        else:
            opened += 1
            assert (got.decode() if isinstance(got, bytes) else got) == expected, path
    assert opened > 300, "a path that opens nothing proves little"


def test_forty_links_are_followed_and_no_more(world: Path, resolve: Resolve) -> None:
    root = Root(world / "data/users/alice/root", resolve=resolve)
    assert root.read("/workspace/chain11", 100) == b"alice's"
    assert attempt(root.read, "/workspace/chain10", 100) == "NoPermissions"
    root.write("/workspace/chain11", b"alice's")
    assert attempt(root.write, "/workspace/chain10", b"") == "NoPermissions"


def test_a_hard_link_cannot_be_made_by_copying_or_renaming(world: Path, resolve: Resolve) -> None:
    root = Root(world / "data/users/alice/root", resolve=resolve)
    for source in links(world):
        attempt(root.copy, f"/workspace/{source}", f"/home/{source}")
    root.copy("/workspace/real", "/home/real")
    for path in (world / "data/users/alice/root").rglob("*"):
        assert path.is_dir() or path.lstat().st_nlink == 1, path


@pytest.mark.parametrize("escape", ["%2e%2e", "%2E%2E", "%252e%252e", ".%2e", "..", "%2e.", "..%5c", "%5c..%5c"])
def test_a_uri_is_decoded_once_and_then_clamped(world: Path, resolve: Resolve, escape: str) -> None:
    root = Root(world / "data/users/alice/root", resolve=resolve)
    for depth, scheme in product((1, 3, 9), ("file://", "file:", "FILE://")):
        for goal in ("state.db", f"{world}/outside/secret".lstrip("/"), "bob/root/workspace/secret"):
            uri = f"{scheme}/workspace/{f'{escape}/' * depth}{goal}"
            assert attempt(root.read, path_of(uri), 100) == "FileNotFound", uri


def test_links_in_a_tree_are_neither_followed_by_delete_nor_by_copy(world: Path, resolve: Resolve) -> None:
    root, before = Root(world / "data/users/alice/root", resolve=resolve), snapshot(world)
    root.copy("/workspace", "/home/all")
    assert os.readlink(world / "data/users/alice/root/home/all/up2") == "../.."
    assert root.usage("/home/all").bytes == len(b"alice's")
    for name in [name for name, _ in root.read_directory("/workspace")]:
        root.delete(f"/workspace/{name}", recursive=True)
    root.delete("/home/all", recursive=True)
    assert root.usage() == (0, 3)
    assert snapshot(world) == before
