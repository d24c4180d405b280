"""Sockets in a sandbox's own network, for the host to hold: to listen there, and to reach what listens there."""

from __future__ import annotations

import asyncio
import os
import socket
import subprocess
import sys
import threading

from sessions import netns
from sessions.descriptors import Handle
from sessions.errors import SandboxDied
from sessions.supervisor import DIED

SECONDS = 20.0
SPARE = 8


class Fetch:
    """One fetching of sockets: by a thread of its own where the host is root, else by the one-shot program `netns`.

    Begin it early, as the program takes as long to start as a sandbox. Use it once, or `close` it.
    """

    __slots__ = ("_child", "_is_wanted", "_lock", "_made", "_ours")

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._made: list[socket.socket] = []
        self._is_wanted = True
        self._ours: socket.socket | None = None
        self._child: subprocess.Popen[bytes] | None = None
        if os.geteuid() != 0:
            self._start()

    def _start(self) -> None:
        self._ours, theirs = socket.socketpair()
        self._ours.settimeout(SECONDS)
        with theirs:
            fd = theirs.fileno()
            argv = [sys.executable, "-I", "-S", netns.__file__, str(fd)]
            try:
                self._child = subprocess.Popen(argv, pass_fds=[fd], env={}, stdin=subprocess.DEVNULL)
            except OSError:
                self._ours.close()
                raise

    async def listener(self, network: Handle, port: int) -> socket.socket:
        """A non-blocking socket that listens on 127.0.0.1:port of the namespace `network`."""
        (listener,) = await self._fetched(network, port, 1)
        return listener

    async def sockets(self, network: Handle, count: int) -> list[socket.socket]:
        """`count` non-blocking sockets of that namespace, not connected; they are IPv6 unless the kernel has none."""
        return await self._fetched(network, 0, count)

    async def _fetched(self, network: Handle, port: int, count: int) -> list[socket.socket]:
        try:
            return await asyncio.to_thread(self._fetch, network, port, count)
        except asyncio.CancelledError:  # the thread goes on, and may have made them by now
            with self._lock:
                self._is_wanted = False
                self._drop()
            raise

    def _fetch(self, network: Handle, port: int, count: int) -> list[socket.socket]:
        fds = self._ask(network, port, count) if self._ours else in_thread(network, port, count)
        made = [socket.socket(fileno=fd) for fd in fds]
        for each in made:
            each.setblocking(False)
        with self._lock:
            self._made = made
            if not self._is_wanted:
                self._drop()
        return made

    def _drop(self) -> None:
        for each in self._made:
            each.close()

    def _ask(self, network: Handle, port: int, count: int) -> list[int]:
        assert self._ours is not None
        try:
            socket.send_fds(self._ours, [b"%d %d" % (port, count)], [network.fd])
            said, fds, *_ = socket.recv_fds(self._ours, 1024, count)
        finally:
            self.close()
        if len(fds) != count:
            raise OSError(f"no socket in the sandbox's network: {said.decode(errors='replace') or 'no answer'}")
        return fds

    def close(self) -> None:
        """End the program, done or not."""
        if self._ours is not None and self._child is not None:
            self._ours.close()
            self._child.kill()
            self._child.wait()


def in_thread(network: Handle, port: int, count: int) -> list[int]:
    """As the program does it, in a thread that ends in that namespace and so never has to come back."""
    made: list[int] = []
    problems: list[OSError] = []

    def visit() -> None:
        try:
            netns.enter(network.fd, netns.NEW_NET)
            made.extend(netns.make(port, count))
        except OSError as error:
            problems.append(error)

    thread = threading.Thread(target=visit, name="netns")
    thread.start()
    thread.join()
    if problems:
        raise problems[0]
    return made


class Sockets:
    """Connections to what listens on the loopback of a sandbox; `network` is its namespace.

    Some are fetched at a time, as each fetching starts a program; who finds none waits for those.
    """

    __slots__ = ("_fetching", "_network", "_spare")

    def __init__(self, network: Handle) -> None:
        self._network: Handle | None = network
        self._spare: list[socket.socket] = []
        self._fetching = asyncio.Lock()

    async def connect(self, port: int) -> socket.socket:
        """A connected, non-blocking socket to that port on 127.0.0.1, or else on ::1. Raises `OSError`."""
        try:
            return await self._connect("::ffff:127.0.0.1", port)
        except ConnectionRefusedError:
            return await self._connect("::1", port)

    async def _connect(self, address: str, port: int) -> socket.socket:
        chosen = await self._take()
        reached = address if chosen.family == socket.AF_INET6 else "127.0.0.1"
        try:
            await asyncio.get_running_loop().sock_connect(chosen, (reached, port))
        except BaseException:
            chosen.close()
            raise
        return chosen

    async def _take(self) -> socket.socket:
        async with self._fetching:
            if not self._spare and self._network is not None:
                self._spare += await Fetch().sockets(self._network, SPARE)
            if self._network is None:
                self.close()
                raise SandboxDied(DIED)
            return self._spare.pop()

    def close(self) -> None:
        """The sandbox has ended; who still waits for a socket is told so."""
        self._network = None
        while self._spare:
            self._spare.pop().close()
