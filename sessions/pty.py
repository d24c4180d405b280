"""The host's end of a shell's terminal: output in fair turns, input as the shell takes it. It keeps no output."""

from __future__ import annotations

import asyncio
import fcntl
import os
import struct
import termios
from collections.abc import Callable
from contextlib import suppress
from typing import Protocol

from sessions.turns import Turns

COUNT = struct.Struct("=i")
NO_COUNT = bytes(COUNT.size)

INPUT_BYTES = 1 << 20
"""Input that waits for a shell which does not read it; what does not fit is refused."""

WRITE_BYTES = 4_096
LAST_BYTES = 256 << 10
"""What is read at most after the shell ended: more than the system holds of it. The rest is somebody else's."""

HANG_UP_S = 0.5
"""The time that a shell and its programs have to end by themselves once the terminal is gone."""


class Shell(Protocol):
    """What is needed of a shell on a terminal: `sessions.process.Terminal` has it."""

    fd: int

    @property
    def process_id(self) -> int: ...
    def resize(self, columns: int, rows: int) -> None: ...
    def detach(self) -> int: ...
    async def wait(self) -> int | None: ...
    async def kill(self) -> None: ...


def waiting(fd: int) -> int:
    """How many bytes of output a terminal has at hand; asking does not wait for those that the kernel still moves."""
    (count,) = COUNT.unpack(fcntl.ioctl(fd, termios.FIONREAD, NO_COUNT))
    return int(count)


class Pty:
    """One shell's terminal.

    `fed` gets the output in pieces, never while it is held back (`flow(False)`). `drained` is called once, when the
    shell has ended and all of its output was fed.
    """

    _fed: Callable[[bytes], None]
    _drained: Callable[[], None]

    __slots__ = (
        "_asks",
        "_deserted",
        "_drained",
        "_ended",
        "_fed",
        "_flowing",
        "_input",
        "_last",
        "_room",
        "_shell",
        "_turns",
        "_uid",
    )

    def __init__(self, shell: Shell, uid: str, turns: Turns) -> None:
        self._shell = shell
        self._uid = uid
        self._turns = turns
        self._fed = _nowhere
        self._drained = _nobody
        self._flowing = True
        self._deserted = False
        self._asks = False
        self._ended = False
        self._last = LAST_BYTES
        self._input: bytearray | None = None
        self._room: asyncio.Future[None] | None = None

    @property
    def process_id(self) -> int:
        """The shell's, as it is called in its sandbox."""
        return self._shell.process_id

    async def run(self, fed: Callable[[bytes], None], drained: Callable[[], None]) -> int | None:
        """Read until the shell ends; returns its exit code, None where the sandbox went down with it."""
        if self._shell.fd >= 0:
            self._fed, self._drained = fed, drained
            self._turns.watch(self._shell.fd, self._uid, self._ready)
        else:  # it was ended before it was read
            drained()
        code = await self._shell.wait()
        self._ended = True
        self._ask()
        return code

    def resize(self, columns: int, rows: int) -> None:
        """Tell the size in characters."""
        self._shell.resize(columns, rows)

    async def end(self) -> None:
        """Hang up, and end what does not end by itself."""
        self._close()
        with suppress(TimeoutError):
            async with asyncio.timeout(HANG_UP_S):
                await self._shell.wait()
        await self._shell.kill()
        await self._shell.wait()

    # -- output

    def flow(self, on: bool) -> None:
        """Hold the output back, so that the shell waits, or let it go on."""
        self._flowing = on
        if on:
            self._ask()

    def _ready(self, deserted: bool) -> None:
        self._deserted = deserted
        self._ask()

    def _ask(self) -> None:
        if not self._asks:
            self._asks = True
            self._turns.ask(self._uid, self._turn)

    def _turn(self, most: int, alone: bool) -> tuple[int, bool]:
        if not self._flowing or self._shell.fd < 0:
            self._asks = False
            return 0, False
        taken, self._asks = self._read(most, alone or self._ended or self._deserted)
        return taken, self._asks

    def _read(self, most: int, patient: bool) -> tuple[int, bool]:
        """Take what is at hand, up to `most` bytes; only who is patient looks for more, as that waits for the kernel.

        What comes later is announced anew. Returns how much it was, and whether there is more.
        """
        pieces: list[bytes] = []
        left, more = most, True
        while more and left > 0:
            data = self._take(left if patient else min(left, waiting(self._shell.fd)))
            left -= len(data)
            pieces.append(data)
            more = patient and bool(data)
        if left < most:
            self._fed(b"".join(pieces))
        if self._ended:
            self._last -= most - left
            if not more or self._last <= 0:
                self._close()
        return most - left, self._shell.fd >= 0 and (more or waiting(self._shell.fd) > 0)

    def _take(self, most: int) -> bytes:
        try:
            return os.read(self._shell.fd, most) if most else b""
        except OSError:  # EAGAIN, or EIO where nobody has the terminal open: it may be opened anew
            self._deserted = False
            return b""

    def _close(self) -> None:
        if self._shell.fd < 0:
            return
        self._turns.forget(self._shell.fd)
        if self._input:
            asyncio.get_running_loop().remove_writer(self._shell.fd)
        self._input = None
        self._turns.hang_up(self._shell.detach())
        self._make_room()
        drained = self._drained
        self._fed, self._drained = _nowhere, _nobody  # who hears of it holds this
        drained()

    # -- input

    def write(self, data: bytes) -> bool:
        """Type `data`, or queue it for when the shell reads; False and nothing is done where it does not fit."""
        if self._shell.fd < 0:
            return True
        if len(data) + len(self._input or b"") > INPUT_BYTES:
            return False
        if self._input:
            self._input += data
            return True
        written = self._type(data[:WRITE_BYTES])
        if written < len(data):
            self._input = bytearray(data[written:])
            asyncio.get_running_loop().add_writer(self._shell.fd, self._write_on)
        return True

    def _type(self, data: bytes | bytearray) -> int:
        try:
            return os.write(self._shell.fd, data)
        except BlockingIOError:
            return 0
        except OSError:  # nobody has the terminal open
            return len(data)

    def _write_on(self) -> None:
        assert self._input is not None
        del self._input[: self._type(self._input[:WRITE_BYTES])]
        if len(self._input) <= INPUT_BYTES // 2:
            self._make_room()
        if not self._input:
            self._input = None
            asyncio.get_running_loop().remove_writer(self._shell.fd)

    async def room(self) -> None:
        """Wait until there is room for input again, or the terminal is closed."""
        if self._room is None:
            self._room = asyncio.get_running_loop().create_future()
        await asyncio.shield(self._room)

    def _make_room(self) -> None:
        room, self._room = self._room, None
        if room is not None and not room.done():
            room.set_result(None)


def _nowhere(data: bytes) -> None:
    """Takes output that nobody asked for."""


def _nobody() -> None:
    """Hears that there is no more."""
