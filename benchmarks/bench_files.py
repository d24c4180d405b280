"""What a user's file costs through `sessions.files`, against the same work by bare system calls in the same moments."""

from __future__ import annotations

import os
import statistics
import tempfile
import time
import tracemalloc
from collections.abc import Callable
from pathlib import Path

from benchmarks.figures import Row, figure, paired
from sessions.files import Files
from sessions.openat2 import has_openat2, walk
from sessions.root import Root

Work = Callable[[], object]

ROUNDS = 5

SMALL, LARGE = b"x" * 4096, b"x" * (1 << 20)


class Floor:
    """The same work by paths that nobody checks."""

    def __init__(self, folder: Path) -> None:
        self.path = str(folder / "workspace/project/src/file")
        self.large = str(folder / "workspace/project/src/large")
        self.folder = str(folder / "workspace/project/src")
        self.listed = str(folder / "workspace/listed")

    def open(self) -> None:
        fd = os.open(self.path, os.O_RDONLY | os.O_CLOEXEC)
        os.fstat(fd)
        os.close(fd)

    def stat(self) -> None:
        os.stat(self.path)

    def read(self, path: str, size: int) -> None:
        fd = os.open(path, os.O_RDONLY | os.O_CLOEXEC)
        os.fstat(fd)
        while os.read(fd, size + 1):
            pass
        os.close(fd)

    def write(self, content: bytes) -> None:
        """As atomic and as durable: a new file, fsync, rename, fsync of the directory."""
        temporary = f"{self.folder}/.new"
        fd = os.open(temporary, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC, 0o644)
        os.write(fd, content)
        os.fsync(fd)
        os.close(fd)
        os.rename(temporary, self.path)
        directory = os.open(self.folder, os.O_RDONLY | os.O_DIRECTORY)
        os.fsync(directory)
        os.close(directory)

    def list(self) -> None:
        with os.scandir(self.listed) as entries:
            sorted((entry.name, entry.is_dir(follow_symlinks=False)) for entry in entries)


def rounds(ours: Work, floor: Work, calls: int, seconds: float) -> list[tuple[float, float]]:
    """Microseconds a call of both in each round: the medians of turns of so many `calls`, one of ours and one bare."""
    found = []
    for _ in range(ROUNDS):
        turns: list[tuple[float, float]] = []
        until = time.perf_counter() + seconds / ROUNDS
        while time.perf_counter() < until or len(turns) < 3:
            turns.append((_timed(ours, calls), _timed(floor, calls)))
        mine, bare = (statistics.median(column) for column in zip(*turns, strict=True))
        found.append((mine, bare))
    return found


def _timed(work: Work, calls: int) -> float:
    began = time.perf_counter()
    for _ in range(calls):
        work()
    return 1e6 * (time.perf_counter() - began) / calls


def memory(folder: Path, count: int) -> float:
    """Bytes of Python's own that a user's idle files hold, without the one descriptor."""
    Files(Root(folder / "warm/root"), "warm")
    tracemalloc.start()
    kept = [Files(Root(folder / f"u{number}/root"), f"u{number}") for number in range(count)]
    held, _ = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    for files in kept:
        files.close()
    return held / count


def run(quick: bool) -> list[Row]:
    """A row for each figure; under 10 s in all."""
    seconds = 0.3 if quick else 0.8
    with tempfile.TemporaryDirectory(prefix="roost-bench-") as name:
        folder = Path(name, "users/ada/root")
        root, walking, bare = Root(folder), Root(folder, resolve=walk), Floor(folder)
        path = "/workspace/project/src/file"
        root.write(path, SMALL)
        root.write("/workspace/project/src/large", LARGE)
        for number in range(1000):
            (folder / "workspace/listed").mkdir(exist_ok=True)
            (folder / f"workspace/listed/{number}").touch()
        works: list[tuple[str, Work, Work, int]] = [
            ("open and fstat", lambda: os.close(root.open(path)), bare.open, 100),
            ("the same without openat2", lambda: os.close(walking.open(path)), bare.open, 50),
            ("stat", lambda: root.stat(path), bare.stat, 100),
            ("read 4 KiB", lambda: root.read(path, 1 << 21), lambda: bare.read(bare.path, 4096), 100),
            (
                "read 1 MiB",
                lambda: root.read("/workspace/project/src/large", 1 << 21),
                lambda: bare.read(bare.large, 1 << 20),
                10,
            ),
            ("list 1,000 entries", lambda: root.read_directory("/workspace/listed"), bare.list, 3),
            ("write 4 KiB, durable", lambda: root.write(path, SMALL), lambda: bare.write(SMALL), 5),
            ("write 1 MiB, durable", lambda: root.write(path, LARGE), lambda: bare.write(LARGE), 2),
        ]
        rows = [paired(what, "us", rounds(ours, floor, calls, seconds)) for what, ours, floor, calls in works]
        rows.append(figure("idle files of a user", "bytes", memory(Path(name), 200)))
        rows.append(figure("openat2 is there", "", float(has_openat2())))
    return rows
