"""Sockets in a sandbox's own network, for the host to hold: to listen there, and to reach what listens there."""

from __future__ import annotations

import asyncio
import socket
import subprocess
import sys

from sessions import netns

SECONDS = 20.0
SPARE = 8


class Fetch:
    """One fetching of sockets by the one-shot program `netns`; begin it early, as it takes as long as a sandbox.

    Use it once, or `close` it. Begin it in a thread or on the loop: it does not fork the host.
    """

    __slots__ = ("_child", "_ours")

    def __init__(self) -> None:
        self._ours, theirs = socket.socketpair()
        self._ours.settimeout(SECONDS)
        with theirs:
            fd = theirs.fileno()
            argv = [sys.executable, "-I", "-S", netns.__file__, str(fd)]
            self._child = subprocess.Popen(argv, pass_fds=[fd], env={}, stdin=subprocess.DEVNULL)

    async def listener(self, network: int, port: int) -> socket.socket:
        """A non-blocking socket that listens on 127.0.0.1:port of the namespace that the descriptor `network` names."""
        (listener,) = await asyncio.to_thread(self._fetch, network, port, 1)
        return listener

    async def sockets(self, network: int, count: int) -> list[socket.socket]:
        """`count` non-blocking sockets of that namespace, not connected; they are IPv6 unless the kernel has none."""
        return await asyncio.to_thread(self._fetch, network, 0, count)

    def _fetch(self, network: int, port: int, count: int) -> list[socket.socket]:
        try:
            socket.send_fds(self._ours, [b"%d %d" % (port, count)], [network])
            said, fds, *_ = socket.recv_fds(self._ours, 1024, count)
        finally:
            self.close()
        if len(fds) != count:
            raise OSError(f"no socket in the sandbox's network: {said.decode(errors='replace') or 'no answer'}")
        made = [socket.socket(fileno=fd) for fd in fds]
        for each in made:
            each.setblocking(False)
        return made

    def close(self) -> None:
        """End the program, done or not."""
        self._ours.close()
        self._child.kill()
        self._child.wait()


class Sockets:
    """Connections to what listens on the loopback of a sandbox; `network` is its namespace, open as long as this is.

    Some are fetched at a time, as each fetching starts a program.
    """

    __slots__ = ("_network", "_spare")

    def __init__(self, network: int) -> None:
        self._network = network
        self._spare: list[socket.socket] = []

    async def connect(self, port: int) -> socket.socket:
        """A connected, non-blocking socket to that port on 127.0.0.1, or else on ::1. Raises `OSError`."""
        try:
            return await self._connect("::ffff:127.0.0.1", port)
        except ConnectionRefusedError:
            return await self._connect("::1", port)

    async def _connect(self, address: str, port: int) -> socket.socket:
        if not self._spare:
            self._spare += await Fetch().sockets(self._network, SPARE)
        chosen = self._spare.pop()
        reached = address if chosen.family == socket.AF_INET6 else "127.0.0.1"
        try:
            await asyncio.get_running_loop().sock_connect(chosen, (reached, port))
        except BaseException:
            chosen.close()
            raise
        return chosen

    def close(self) -> None:
        while self._spare:
            self._spare.pop().close()
