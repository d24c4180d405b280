"""What the tests of files share: a user's root on a real disk, opened by openat2 and by the walk."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from sessions.errors import FileSystemError
from sessions.openat2 import Resolve, has_openat2, openat2, walk
from sessions.root import Root

RESOLVERS = [
    pytest.param(
        openat2, id="openat2", marks=pytest.mark.skipif(not has_openat2(), reason="no openat2 in this kernel")
    ),
    pytest.param(walk, id="walk"),
]


@pytest.fixture(params=RESOLVERS)
def resolve(request: pytest.FixtureRequest) -> Resolve:
    resolver: Resolve = request.param
    return resolver


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """Where alice's world is on the host."""
    return tmp_path / "data" / "users" / "alice" / "root"


@pytest.fixture
def root(folder: Path, resolve: Resolve) -> Iterator[Root]:
    root = Root(folder, resolve=resolve)
    yield root
    root.close()


class Ledger:
    """A meter that remembers what it was asked, and refuses over its limits."""

    def __init__(self, bytes_: int = 10**12, files: int = 10**9) -> None:
        self.bytes = self.files = 0
        self.limits = bytes_, files

    def reserve(self, more_bytes: int, more_files: int) -> None:
        if self.bytes + more_bytes > self.limits[0] or self.files + more_files > self.limits[1]:
            raise OverQuota
        self.bytes += more_bytes
        self.files += more_files

    def released(self, fewer_bytes: int, fewer_files: int) -> None:
        self.bytes -= fewer_bytes
        self.files -= fewer_files


class OverQuota(Exception):
    pass


@contextmanager
def refused(code: str) -> Iterator[pytest.ExceptionInfo[FileSystemError]]:
    """The body must raise a `FileSystemError` of this code."""
    with pytest.raises(FileSystemError) as caught:
        yield caught
    assert caught.value.code == code


def left_over(folder: Path) -> list[str]:
    """What is hidden from users anywhere below `folder`."""
    return [str(path) for path in folder.rglob(".roost-*")]
