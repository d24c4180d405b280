"""A socket of one command: what it and its children ask there while it runs, its host answers.

So a secret needs no argument, no environment and no file: it is told to who asks, and stands nowhere else.
"""

from __future__ import annotations

import asyncio
import os
import socket
import struct
from collections.abc import Callable
from contextlib import suppress
from functools import partial

from sessions import procfs
from sessions.descriptors import Handle
from sessions.procfs import Procfs

Answer = Callable[[bytes], bytes]
"""Gives the answer to a question; it may not block."""

VARIABLE = "ROOST_ASK"
"""What a command knows the path of its socket by."""

QUESTION_BYTES = 64 << 10
SECONDS = 10.0
"""How long asking and being answered may take."""
AGAIN_S = 0.1
AT_ONCE = 16
CREDENTIALS = struct.Struct("3i")
"""`struct ucred`: pid, uid, gid."""


class Answers:
    """One such socket, in a folder that only the host may change.

    `folder` is that folder here and `inside` in the sandbox; `owner` is the OS uid that connects, None for ours.
    """

    __slots__ = ("_answer", "_folder", "_listener", "_name", "_owner", "_turns", "path")

    def __init__(self, answer: Answer, folder: Handle, inside: str, owner: int | None, number: int) -> None:
        self._answer = answer
        self._name = f"{number}.ask"
        self._owner = owner
        self._turns = asyncio.Semaphore(AT_ONCE)
        self.path = f"{inside}/{self._name}"
        self._folder = folder
        self._listener = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM | socket.SOCK_NONBLOCK)

    def open(self) -> None:
        """Make it; who connects before `serve` waits. Blocks: call it in a thread."""
        here = f"/proc/self/fd/{self._folder.fd}"  # its own path may be too long for a socket
        self._listener.bind(f"{here}/{self._name}")
        os.chmod(self._name, 0o600, dir_fd=self._folder.fd)
        if self._owner is not None:
            os.chown(self._name, self._owner, self._owner, dir_fd=self._folder.fd, follow_symlinks=False)
        self._listener.listen(AT_ONCE)

    async def serve(self, processes: Procfs, leader: int) -> None:
        """Until this is cancelled answer whom `processes` knows in the terminal session that process `leader` began.

        Nobody can join that session from outside: what else the user runs is told nothing.
        """
        async with asyncio.TaskGroup() as group:
            while True:
                await self._turns.acquire()
                asker = await self._accept()
                task = group.create_task(self._hear(asker, processes, leader))
                task.add_done_callback(partial(self._part, asker))

    async def _accept(self) -> socket.socket:
        while True:
            try:
                return (await asyncio.get_running_loop().sock_accept(self._listener))[0]
            except OSError:  # no descriptor is left just now
                await asyncio.sleep(AGAIN_S)

    async def _hear(self, asker: socket.socket, processes: Procfs, leader: int) -> None:
        told = asker.getsockopt(socket.SOL_SOCKET, socket.SO_PEERCRED, CREDENTIALS.size)
        (pid, *_) = CREDENTIALS.unpack(told)
        with suppress(OSError, TimeoutError):
            async with asyncio.timeout(SECONDS):
                if await asyncio.to_thread(lambda: processes.session(procfs.inner_pid(pid))) == leader:
                    question = await whole(asker)
                    await asyncio.get_running_loop().sock_sendall(asker, self._answer(question))

    def _part(self, asker: socket.socket, _: object) -> None:
        asker.close()
        self._turns.release()

    def close(self) -> None:
        """Take it away. Blocks: call it in a thread."""
        self._listener.close()
        with suppress(FileNotFoundError):
            os.unlink(self._name, dir_fd=self._folder.fd)


async def whole(asker: socket.socket) -> bytes:
    """All that is written, up to its end or as much as a question may have."""
    said = b""
    while piece := await asyncio.get_running_loop().sock_recv(asker, QUESTION_BYTES + 1 - len(said)):
        said += piece
        if len(said) > QUESTION_BYTES:
            raise OSError(f"a question may have {QUESTION_BYTES} bytes")
    return said
