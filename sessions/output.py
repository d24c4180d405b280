"""What is kept of a command's output: its two ends in memory, and once that is not all, everything in a file."""

from __future__ import annotations

import asyncio
import os
from dataclasses import dataclass
from pathlib import Path

from sessions.descriptors import Handle

KEPT_BYTES = 64 << 10
FILE_BYTES = 16 << 20
FILES = 8


@dataclass(frozen=True, slots=True)
class Finished:
    """A command that ended.

    `exit_code` is None if the sandbox went down with it, `timed_out` if it was killed for taking too long. `head` and
    `tail` are the output, `omitted` the bytes between them; `path` is where the sandbox has it whole (up to 16 MiB).
    """

    exit_code: int | None
    timed_out: bool
    head: bytes
    tail: bytes
    omitted: int
    path: str | None

    @property
    def output(self) -> bytes:
        """All of it, or its two ends with a line between them that says what is missing and where it is."""
        if not self.omitted:
            return self.head + self.tail
        gap = f"\n[{self.omitted} bytes are left out here; all of the output is in {self.path}]\n"
        return self.head + gap.encode() + self.tail


class Output:
    """Takes output chunk by chunk; memory is bounded by `kept` bytes, the file by `most`.

    `folder` is the host's own folder, which the sandbox knows as `inside`; `name` is a new file there
    and `group` the gid that may read it, None for the host's own.
    """

    __slots__ = (
        "_fd", "_folder", "_group", "_head", "_inside", "_kept", "_most", "_name", "_tail", "_written", "total",
    )  # fmt: skip

    def __init__(
        self, folder: Handle, inside: str, name: str, group: int | None, kept: int = KEPT_BYTES, most: int = FILE_BYTES
    ) -> None:
        self.total = 0
        self._folder = folder
        self._inside = inside
        self._name = name
        self._group = group
        self._kept = kept
        self._most = most
        self._head = b""
        self._tail = bytearray()
        self._written = 0
        self._fd = -1

    async def add(self, data: bytes) -> None:
        """Keep `data`, the file first: who waits for this holds its writer back."""
        self.total += len(data)
        self._tail += data
        if self._fd < 0 and self.total > self._kept:
            await asyncio.to_thread(self._open)
            data = bytes(self._tail)
            self._head = data[: self._kept // 2]
        if self._fd >= 0:
            await asyncio.to_thread(self._write, data)
            del self._tail[: -(self._kept - self._kept // 2)]

    def _open(self) -> None:
        """Make the file, and room for it: the oldest go."""
        here = Path(f"/proc/self/fd/{self._folder.fd}")
        for old in sorted(here.glob("*.log"), key=lambda log: int(log.stem))[: -(FILES - 1)]:
            old.unlink()
        flags = os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_NOFOLLOW | os.O_CLOEXEC
        self._fd = os.open(self._name, flags, 0o640, dir_fd=self._folder.fd)
        if self._group is not None:
            os.fchown(self._fd, -1, self._group)

    def _write(self, data: bytes) -> None:
        left = memoryview(data)[: self._most - self._written]
        try:
            while left:
                written = os.write(self._fd, left)
                self._written += written
                left = left[written:]
        except OSError:  # a full disk: what is there is kept, the command goes on
            self._most = self._written

    def close(self) -> None:
        if self._fd >= 0:
            os.close(self._fd)
            self._fd = -1

    def finished(self, exit_code: int | None, timed_out: bool) -> Finished:
        """What there is of it."""
        omitted = self.total - len(self._head) - len(self._tail)
        path = f"{self._inside}/{self._name}" if omitted else None
        return Finished(exit_code, timed_out, self._head, bytes(self._tail), omitted, path)
