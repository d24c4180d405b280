"""Sockets in a sandbox's own network, for the host to hold: to listen there, and to reach what listens there."""

from __future__ import annotations

import asyncio
import socket
import subprocess
import sys

from sessions import netns

SECONDS = 20.0


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
        (fd,) = await asyncio.to_thread(self._fetch, network, port, 1)
        return socket.socket(fileno=fd)

    async def sockets(self, network: int, count: int) -> list[socket.socket]:
        """`count` non-blocking IPv6 sockets of that namespace, not connected; IPv4 is ::ffff:127.0.0.1 to them."""
        return [socket.socket(fileno=fd) for fd in await asyncio.to_thread(self._fetch, network, 0, count)]

    def _fetch(self, network: int, port: int, count: int) -> list[int]:
        try:
            socket.send_fds(self._ours, [b"%d %d" % (port, count)], [network])
            said, fds, *_ = socket.recv_fds(self._ours, 1024, count)
        finally:
            self.close()
        if len(fds) != count:
            raise OSError(f"no socket in the sandbox's network: {said.decode(errors='replace') or 'no answer'}")
        return fds

    def close(self) -> None:
        """End the program, done or not."""
        self._ours.close()
        self._child.kill()
        self._child.wait()
