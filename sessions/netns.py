"""A one-shot program: joins a network namespace, makes sockets there, hands them over and ends.

A socket stays in the namespace that it was made in, whoever holds it: so nothing of ours need run in there. The host's
Python runs this file (see `sessions.sockets`); it imports nothing of ours, and little else, as it must start fast.
"""

from __future__ import annotations

import _socket
import ctypes
import sys
from fcntl import ioctl
from posix import geteuid, strerror

NS_GET_USERNS = 0xB701
NEW_USER, NEW_NET = 0x10000000, 0x40000000
BACKLOG = 128
FD_BYTES = 4

_libc = ctypes.CDLL(None, use_errno=True)


def main(fd: int) -> None:
    """Answer one order over the socket `fd`: the bytes `PORT COUNT` with the descriptor of a network namespace.

    A port other than 0: one socket that listens there on 127.0.0.1. Else `COUNT` unconnected ones, IPv6 if it may be.
    """
    host = _socket.socket(fileno=fd)
    order, controls, *_ = host.recvmsg(64, _socket.CMSG_LEN(FD_BYTES))
    network = int.from_bytes(controls[0][2], sys.byteorder)
    try:
        join(network)
        fds = make(*map(int, order.split()))
    except OSError as error:
        host.send(str(error).encode())
        return
    packed = b"".join(fd.to_bytes(FD_BYTES, sys.byteorder) for fd in fds)
    host.sendmsg([b"done"], [(_socket.SOL_SOCKET, _socket.SCM_RIGHTS, packed)])


def join(network: int) -> None:
    """An ordinary user may enter the namespaces that they own, through the user namespace that owns those."""
    if geteuid() != 0:
        enter(ioctl(network, NS_GET_USERNS), NEW_USER)
    enter(network, NEW_NET)


def enter(namespace: int, kind: int) -> None:
    if _libc.setns(namespace, kind) < 0:
        raise OSError(ctypes.get_errno(), f"setns: {strerror(ctypes.get_errno())}")


def make(port: int, count: int) -> list[int]:
    kind = _socket.SOCK_STREAM | _socket.SOCK_NONBLOCK
    if not port:
        return [unconnected(kind) for _ in range(count)]
    listener = _socket.socket(_socket.AF_INET, kind)
    listener.bind(("127.0.0.1", port))
    listener.listen(BACKLOG)
    return [listener.detach()]


def unconnected(kind: int) -> int:
    try:
        return _socket.socket(_socket.AF_INET6, kind).detach()
    except OSError:  # a kernel without it
        return _socket.socket(_socket.AF_INET, kind).detach()


if __name__ == "__main__":
    main(int(sys.argv[1]))
