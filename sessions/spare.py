"""A process of a sandbox that waits to become the next terminal's shell: what it takes to start one is done by then.

It has what all children have, but no terminal, folder and program yet; those come by a pipe of its own. Like the
supervisor it is the tenant's, and what it says is the tenant's word.
"""

from __future__ import annotations

import fcntl
import os
import select
import termios
from collections.abc import Mapping, Sequence
from contextlib import suppress
from typing import NamedTuple

from sessions.descriptors import Handle
from sessions.process import is_gone, open_terminal, size
from sessions.procfs import open_child
from sessions.shells import SHELLS
from sessions.supervisor import quoted

LINE_BYTES = select.PIPE_BUF - 16
"""What a pipe takes whole and at once. Who has more to say starts a shell the slow way."""

OWN = frozenset({"ROOST_LOGIN", "ROOST_NONCE", "ROOST_SANDBOX", "ROOST_ZDOTDIR", "ZDOTDIR", "ROOST_ENV", "ENV"})
"""Variables that mean nothing to the waiting shell, so that it can export them itself; others are env's to set."""

PARKED = r"""n='
'
IFS= read -r line || exit
eval "set -- $line"
id=$1 tty=$2 how=$3 cwd=$4
shift 4
[ "$how" != env ] || set -- /usr/bin/env -- "$@"
while case $1 in *=*) ;; *) false ;; esac; do export "$1"; shift; done
{
    echo "$id 1"
    cd -P "$cwd" 2>/dev/null || { echo "cannot change directory to $cwd: it is not there, or not yours" >&5; exit 125; }
    unset PWD OLDPWD
    exec "$@" <&5 >&5 2>&5 5<&-
} 5<>"$tty" || echo "$id 0"
"""
"""What it runs. Its answer goes where the supervisor's do. It leads a session, so the terminal becomes its own."""


def line(argv: Sequence[str], env: Mapping[str, str], path: str, words: bytes) -> bytes:
    """What makes it the `supervisor.command` of these `words` on the terminal `path`.

    What is no usual shell goes through env, which says better why something cannot be run.
    """
    how = b"own" if argv[0] in SHELLS and env.keys() <= OWN else b"env"
    return b"%s %s %s" % (quoted(path), how, words)


class Spare:
    """One of them, and the pipe that it reads."""

    __slots__ = ("_fd", "_folder", "_name", "path", "pidfd", "process_id")

    def __init__(self, folder: Handle, inside: str, number: int) -> None:
        self._folder = folder
        self._name = f"{number}.spare"
        self._fd = -1
        self.path = f"{inside}/{self._name}"
        """What its pipe is called in the sandbox."""
        self.process_id = 0
        self.pidfd = -1

    def open(self, owner: int | None) -> None:
        """Make the pipe. It has a writer from now on, so that opening it does not wait. Blocks."""
        os.mkfifo(self._name, 0o600, dir_fd=self._folder.fd)
        if owner is not None:
            os.chown(self._name, owner, owner, dir_fd=self._folder.fd, follow_symlinks=False)
        mode = os.O_RDWR | os.O_NONBLOCK | os.O_NOFOLLOW | os.O_CLOEXEC
        self._fd = os.open(self._name, mode, dir_fd=self._folder.fd)

    def forget(self) -> None:
        """Take the pipe's name away: who is to read it has it open by now, or never will. Blocks."""
        with suppress(FileNotFoundError):
            os.unlink(self._name, dir_fd=self._folder.fd)

    def say(self, line: bytes) -> None:
        """Tell it what to become."""
        os.write(self._fd, line)

    def find(self, parent: int) -> None:
        """Take hold of the process, a child of `parent` once that is known."""
        if self.pidfd < 0 and parent:
            self.pidfd = open_child(parent, self.process_id)

    def take(self) -> int:
        """Its pidfd, from now on the caller's."""
        fd, self.pidfd = self.pidfd, -1
        return fd

    def close(self) -> None:
        """Let go of it; one that was told nothing ends."""
        for fd in (self._fd, self.pidfd):
            if fd >= 0:
                os.close(fd)
        self._fd = self.pidfd = -1


class Likely(NamedTuple):
    """What the next terminal will probably run, and where: what the last one did."""

    argv: tuple[str, ...]
    cwd: str


class Early(Spare):
    """A shell that was started on a terminal of its own before anybody asked for one.

    All that is left for it to do is to read its user's files, which it does when it is told its nonce.
    """

    __slots__ = ("_master", "_slave", "likely", "terminal")

    def __init__(self, folder: Handle, inside: str, number: int, likely: Likely) -> None:
        super().__init__(folder, inside, number)
        self.likely = likely
        self.terminal = ""
        """Its terminal's path in the sandbox."""
        self._master = self._slave = -1

    def open_terminal(self, ptmx: int, owner: int | None) -> None:
        """Make its terminal, which is held open until the shell has it."""
        self._master, self._slave, self.terminal = open_terminal(ptmx, owner, 80, 24)

    def started(self) -> None:
        """The shell has its terminal."""
        os.close(self._slave)
        self._slave = -1

    @property
    def lives(self) -> bool:
        """Whether it can still become somebody's."""
        return self.pidfd >= 0 and not is_gone(self.pidfd)

    def wake(self, nonce: str, columns: int, rows: int) -> int:
        """Let it go on as the shell of a terminal of that size, whose master it returns, from now on the caller's."""
        fcntl.ioctl(self._master, termios.TIOCSWINSZ, size(columns, rows))
        self.say(f"{nonce}\n".encode())
        master, self._master = self._master, -1
        return master

    def close(self) -> None:
        super().close()
        for fd in (self._master, self._slave):
            if fd >= 0:
                os.close(fd)
        self._master = self._slave = -1
