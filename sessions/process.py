"""What runs in a sandbox, as its owner holds it: a terminal's shell, or a command on pipes. Nothing starts here."""

from __future__ import annotations

import asyncio
import fcntl
import os
import select
import signal
import struct
import termios
from collections.abc import Awaitable, Callable
from contextlib import suppress

from sessions.descriptors import Handle
from sessions.streams import PipeReader, PipeWriter

Kill = Callable[["Child"], Awaitable[None]]

PIPE_BYTES = 65536
TIOCSPTLCK, TIOCGPTN, TIOCGPTPEER = 0x40045431, 0x80045430, 0x5441
IUTF8 = 0o40000
LOOK_AGAIN_S = 5.0
"""How late the end of a process is noticed that was not announced."""


class Child:
    """A process in a session of its own. `process_id` is what it is called in there; `token` marks its descendants."""

    __slots__ = ("_ended", "_kill", "pidfd", "process_id", "token")

    def __init__(self, process_id: int, pidfd: int, token: bytes | None, kill: Kill) -> None:
        self.process_id = process_id
        self.token = token
        self.pidfd = pidfd
        self._kill = kill
        self._ended: asyncio.Future[int | None] = asyncio.get_running_loop().create_future()

    @property
    def running(self) -> bool:
        return not self._ended.done()

    @property
    def exit_code(self) -> int | None:
        """0 to 255, 128 + the signal that ended it; None while it runs, or if it went down with its sandbox."""
        return self._ended.result() if self._ended.done() else None

    async def wait(self) -> int | None:
        """Return `exit_code` once it has ended. Cancelling this harms nothing."""
        return await asyncio.shield(self._ended)

    def send_signal(self, number: int) -> None:
        """Signal the process itself, not what it started; nothing happens if it has ended."""
        if self.running and self.pidfd >= 0:
            try:
                signal.pidfd_send_signal(self.pidfd, number)
            except ProcessLookupError:
                return

    async def kill(self) -> None:
        """End it and everything it started, in whatever session that is now (for a terminal: its own session).

        Of one that has ended, what it left running.
        """
        await self._kill(self)

    def end(self, code: int | None) -> None:
        """Say that it ended; the first word counts."""
        if self.pidfd >= 0:
            os.close(self.pidfd)
            self.pidfd = -1
        if not self._ended.done():
            self._ended.set_result(code)


class Terminal(Child):
    """A shell on a real terminal of its sandbox.

    `fd` is the master side, non-blocking: read output from it and write input to it. Reading raises EIO once no
    process has the terminal open. `close` it when done, or `detach` and close that, or it stays.
    """

    __slots__ = ("fd",)

    def __init__(self, fd: int, process_id: int, pidfd: int, kill: Kill) -> None:
        super().__init__(process_id, pidfd, None, kill)
        self.fd = fd

    def resize(self, columns: int, rows: int) -> None:
        """Tell the size in characters; what runs in the foreground gets SIGWINCH."""
        if self.fd >= 0:
            fcntl.ioctl(self.fd, termios.TIOCSWINSZ, size(columns, rows))

    def detach(self) -> int:
        """Its `fd`, from now on the caller's; -1 where that was done."""
        fd, self.fd = self.fd, -1
        return fd

    def close(self) -> None:
        """Hang up, as closing a window does: the shell and its foreground get SIGHUP and may ignore it. May block."""
        fd = self.detach()
        if fd >= 0:
            os.close(fd)


class Process(Child):
    """A command on pipes: a reader that waits makes it wait.

    `stderr` is None where it goes into `stdout`, `stdin` where there is none. `close` it when done with its streams.
    """

    __slots__ = ("_readers", "stderr", "stdin", "stdout")

    def __init__(self, process_id: int, pidfd: int, token: bytes, kill: Kill) -> None:
        super().__init__(process_id, pidfd, token, kill)
        self._readers: list[PipeReader] = []
        self.stdin: PipeWriter | None = None
        self.stdout = asyncio.StreamReader(PIPE_BYTES)
        self.stderr: asyncio.StreamReader | None = None

    def connect(self, stdin: int, stdout: int, stderr: int) -> None:
        """Take the host's ends of its pipes, -1 for none. For whoever started it."""
        self._readers.append(PipeReader(stdout, self.stdout))
        if stderr >= 0:
            self.stderr = asyncio.StreamReader(PIPE_BYTES)
            self._readers.append(PipeReader(stderr, self.stderr))
        if stdin >= 0:
            self.stdin = PipeWriter(stdin)

    def close(self) -> None:
        """Drop the streams: a process that still writes to them gets SIGPIPE."""
        for reader in self._readers:
            reader.close()
        if self.stdin is not None:
            self.stdin.abort()


def is_gone(pidfd: int) -> bool:
    """Whether the process has ended."""
    poll = select.poll()
    poll.register(pidfd, select.POLLIN)
    return bool(poll.poll(0))


async def gone(pidfd: int, over: asyncio.Future[str] | None = None) -> None:
    """Return once the process has ended, or `over` is done.

    It is looked at now and then, too: a loop that still holds an earlier descriptor of that number hears nothing.
    """
    loop = asyncio.get_running_loop()
    ended = asyncio.Event()
    loop.add_reader(pidfd, ended.set)
    if over is not None:
        over.add_done_callback(lambda _: ended.set())
    try:
        while not is_gone(pidfd) and not (over is not None and over.done()):
            with suppress(TimeoutError):
                async with asyncio.timeout(LOOK_AGAIN_S):
                    await ended.wait()
            ended.clear()
    finally:
        loop.remove_reader(pidfd)


def size(columns: int, rows: int) -> bytes:
    """A `struct winsize`; what is out of range becomes the nearest that is in it."""
    return struct.pack("=HHHH", min(max(rows, 1), 0xFFFF), min(max(columns, 1), 0xFFFF), 0, 0)


def open_terminal(ptmx: int, owner: int | None, columns: int, rows: int) -> tuple[int, int, str]:
    """A new terminal: its master (non-blocking), its slave, and its path.

    `ptmx` is an O_PATH descriptor of the multiplexer that makes it, -1 for the machine's; `owner` gets the slave.
    """
    path = "/dev/ptmx" if ptmx < 0 else f"/proc/self/fd/{ptmx}"
    master = os.open(path, os.O_RDWR | os.O_NOCTTY | os.O_NONBLOCK | os.O_CLOEXEC)
    try:
        fcntl.ioctl(master, TIOCSPTLCK, struct.pack("=i", 0))
        (number,) = struct.unpack("=I", fcntl.ioctl(master, TIOCGPTN, bytes(4)))
        fcntl.ioctl(master, termios.TIOCSWINSZ, size(columns, rows))
        slave = fcntl.ioctl(master, TIOCGPTPEER, os.O_RDWR | os.O_NOCTTY | os.O_CLOEXEC)
    except BaseException:
        os.close(master)
        raise
    if owner is not None:
        os.fchown(slave, owner, owner)
    modes = termios.tcgetattr(slave)
    modes[0] |= IUTF8
    termios.tcsetattr(slave, termios.TCSANOW, modes)
    return master, slave, f"/dev/pts/{number}"


class Pipes:
    """The named pipes of one command, in a folder that only the host may change. They block: use them in a thread.

    Named, as the supervisor cannot be handed descriptors; once it has opened them, they need no name any more.
    `folder` is that folder here and `inside` in the sandbox; `owner` is the OS uid that opens them, None for ours.
    """

    __slots__ = ("_folder", "_kept", "_names", "_owner", "_prefix", "paths")

    def __init__(self, folder: Handle, inside: str, owner: int | None, number: int) -> None:
        self.paths = ["/dev/null", "", ""]
        """What the three are called in the sandbox."""
        self._folder = folder
        self._prefix = f"{inside}/{number}."
        self._owner = owner
        self._names: list[str] = []
        self._kept: list[int] = []

    def open(self, stdin: bool, apart: bool) -> list[int]:
        """The host's ends for stdin, stdout and stderr, -1 for none. `apart`: stderr has a pipe of its own.

        One that is read from has no end of file before somebody has opened it to write.
        """
        ends = [-1, self._reader(1, "out"), -1]
        if apart:
            ends[2] = self._reader(2, "err")
        else:
            self.paths[2] = self.paths[1]
        if stdin:
            self._reader(0, "in")  # without a reader it cannot be opened to write, so this one is kept until then
            ends[0] = self._open(self._names[-1], os.O_WRONLY)
        return ends

    def _reader(self, index: int, kind: str) -> int:
        self.paths[index] = self._prefix + kind
        name = self.paths[index].rpartition("/")[2]
        os.mkfifo(name, 0o600, dir_fd=self._folder.fd)
        self._names.append(name)
        if self._owner is not None:
            os.chown(name, self._owner, self._owner, dir_fd=self._folder.fd, follow_symlinks=False)
        return self._open(name, os.O_RDONLY)

    def _open(self, name: str, mode: int) -> int:
        fd = os.open(name, mode | os.O_NONBLOCK | os.O_NOFOLLOW | os.O_CLOEXEC, dir_fd=self._folder.fd)
        self._kept.append(fd)
        return fd

    def take(self, fd: int) -> int:
        """Make an end the caller's to close."""
        if fd >= 0:
            self._kept.remove(fd)
        return fd

    def close(self) -> None:
        """Take the names away and close what was not taken."""
        while self._kept:
            os.close(self._kept.pop())
        while self._names:
            with suppress(FileNotFoundError):  # the next life of the sandbox has emptied the folder
                os.unlink(self._names.pop(), dir_fd=self._folder.fd)
