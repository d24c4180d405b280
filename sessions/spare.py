"""A process of a sandbox that waits to become the next terminal's shell: what it takes to start one is done by then.

It has what all children have, but no terminal, folder and program yet; those come by a pipe of its own. Like the
supervisor it is the tenant's, and what it says is the tenant's word.
"""

from __future__ import annotations

import asyncio
import os
import select
from collections.abc import Mapping, Sequence
from contextlib import suppress

from sessions.errors import RoostError
from sessions.procfs import open_child
from sessions.shells import SHELLS
from sessions.supervisor import Supervisor, quoted
from sessions.tasks import Tasks

PARK_SECONDS = 20.0
PAUSE_S = 0.1
LAST_WORDS = 3
"""Turns of the loop after which what a process said before its end has been heard."""

MOST = 2
"""How many wait."""

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

    def __init__(self, folder: int, inside: str, number: int) -> None:
        self._folder = folder
        self._name = f"{number}.spare"
        self._fd = -1
        self.path = f"{inside}/{self._name}"
        """What its pipe is called in the sandbox."""
        self.process_id = 0
        self.pidfd = -1

    def open(self, owner: int | None) -> None:
        """Make the pipe. It has a writer from now on, so that opening it does not wait. Blocks."""
        os.mkfifo(self._name, 0o600, dir_fd=self._folder)
        if owner is not None:
            os.chown(self._name, owner, owner, dir_fd=self._folder, follow_symlinks=False)
        mode = os.O_RDWR | os.O_NONBLOCK | os.O_NOFOLLOW | os.O_CLOEXEC
        self._fd = os.open(self._name, mode, dir_fd=self._folder)

    def forget(self) -> None:
        """Take the pipe's name away: who is to read it has it open by now, or never will. Blocks."""
        with suppress(FileNotFoundError):
            os.unlink(self._name, dir_fd=self._folder)

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


class Spares:
    """Those that wait in a sandbox. `folder` is the host's own there, called `inside` in it.

    A sandbox begins with one, and has two later, as terminals may be opened one right after the other. While one is
    left, new ones come only when nobody waits for a prompt any more: they would take its time.
    """

    __slots__ = (
        "_closing", "_count", "_folder", "_inside", "_owner", "_parking", "_supervisor", "_tasks", "_waiting",
        "_wanted", "parent",
    )  # fmt: skip

    def __init__(self, folder: int, inside: str, owner: int | None, supervisor: Supervisor, tasks: Tasks) -> None:
        self._folder = folder
        self._inside = inside
        self._owner = owner
        self._supervisor = supervisor
        self._tasks = tasks
        self.parent = 0
        """The supervisor's pid, once that is known."""
        self._count = 0
        self._waiting: list[Spare] = []
        self._parking: asyncio.Task[None] | None = None
        self._closing = asyncio.Event()
        self._wanted = False

    def __len__(self) -> int:
        return len(self._waiting)

    def open(self, wanted: int) -> list[Spare]:
        """What those need that are missing before they can be started. Blocks: call it in a thread."""
        opened: list[Spare] = []
        try:
            for _ in range(wanted - len(self._waiting)):
                self._count += 1
                opened.append(Spare(self._folder, self._inside, self._count))
                opened[-1].open(self._owner)
        except BaseException:
            drop(opened)
            raise
        return opened

    def start(self, opened: list[Spare], env: Mapping[str, str]) -> None:
        """Let those wait, with `env` beside what all have."""
        self._parking = self._tasks.start(self._keep(opened, env), "shells that wait")

    def refill(self, env: Mapping[str, str]) -> None:
        """Let as many wait again as there may."""
        self._wanted = True
        if self._parking is None and not self._supervisor.lost:
            self.start([], env)

    async def _keep(self, opened: list[Spare], env: Mapping[str, str]) -> None:
        try:
            await self._park(opened, env)
            while self._wanted and not self._closing.is_set():
                self._wanted = False
                if self._waiting:
                    await self._pause()
                if not self._supervisor.lost:
                    await self._park(await asyncio.to_thread(self.open, MOST), env)
        except (OSError, TimeoutError, RoostError):  # the sandbox ends, or has no room: terminals start slower
            return
        finally:
            self._parking = None

    async def _pause(self) -> None:
        with suppress(TimeoutError):
            async with asyncio.timeout(PAUSE_S):
                await self._closing.wait()

    async def _park(self, opened: list[Spare], env: Mapping[str, str]) -> None:
        try:
            async with asyncio.timeout(PARK_SECONDS):
                for spare in opened:
                    spare.process_id = await self._supervisor.park(spare.path, env)
                    spare.find(self.parent)
                    self._waiting.append(spare)
        finally:
            await asyncio.to_thread(forget, opened)
            drop([spare for spare in opened if not spare.process_id])

    async def use(self, line: bytes) -> tuple[int, int] | None:
        """The pid and pidfd of a shell that waited and now does that `line`; None where none can."""
        while self._waiting and len(line) <= LINE_BYTES:
            spare = self._waiting.pop(0)
            try:
                spare.find(self.parent)
                if spare.pidfd >= 0 and await self._told(spare, line):
                    return spare.process_id, spare.take()
            finally:
                spare.close()
        return None

    async def _told(self, spare: Spare, line: bytes) -> bool:
        """Whether it is the terminal's shell now; one that was killed before is not."""
        answer = self._supervisor.become(line, spare.say)
        loop = asyncio.get_running_loop()
        dead: asyncio.Future[int] = loop.create_future()
        loop.add_reader(spare.pidfd, dead.cancel)
        try:
            await asyncio.wait({answer, dead}, return_when=asyncio.FIRST_COMPLETED)
            for _ in range(LAST_WORDS):
                if not answer.done():
                    await asyncio.sleep(0)
            return bool(answer.done() and answer.result())
        finally:
            loop.remove_reader(spare.pidfd)
            if not answer.done():
                self._supervisor.forget(answer)

    async def close(self) -> None:
        """Let go of those that wait. Call it once the supervisor is closed, before the folder is."""
        self._closing.set()
        if self._parking is not None:
            await asyncio.wait({self._parking})
        drop(self._waiting)
        self._waiting.clear()


def drop(spares: list[Spare]) -> None:
    for spare in spares:
        spare.close()


def forget(spares: list[Spare]) -> None:
    for spare in spares:
        spare.forget()
