"""A process like the host, for the attacks: secrets in its memory and environment, sockets of every kind, a terminal.

A program: `victim.py FOLDER ABSTRACT CANARY` says as JSON where all that is and lives until its stdin ends.
"""

from __future__ import annotations

import array
import ctypes
import fcntl
import json
import os
import socket
import struct
import sys
import threading
from collections.abc import Callable

FOLDER, ABSTRACT, CANARY = sys.argv[1:4]
COLUMNS = 4321
"""Which no terminal has by chance."""

SECRET = ctypes.create_string_buffer(CANARY.encode())


def listen(family: socket.AddressFamily, address: object, serve: Callable[[socket.socket], None]) -> socket.socket:
    listener = socket.socket(family, socket.SOCK_STREAM)
    listener.bind(address)
    listener.listen()

    def accept() -> None:
        while True:
            client, _ = listener.accept()
            with client:
                serve(client)

    threading.Thread(target=accept, daemon=True).start()
    return listener


def answer(family: socket.AddressFamily, address: object) -> socket.socket:
    waiting = socket.socket(family, socket.SOCK_DGRAM)
    waiting.bind(address)

    def answer_all() -> None:
        while True:
            _, sender = waiting.recvfrom(100)
            waiting.sendto(b"canary", sender)

    threading.Thread(target=answer_all, daemon=True).start()
    return waiting


def tell(client: socket.socket) -> None:
    client.send(b"canary")


def hand_out(client: socket.socket) -> None:
    """A descriptor of the host's key, to whoever comes."""
    with open(f"{FOLDER}/master.key", "rb") as file:
        client.sendmsg([b"x"], [(socket.SOL_SOCKET, socket.SCM_RIGHTS, array.array("i", [file.fileno()]))])


def main() -> None:
    named, giver = f"{FOLDER}/host.sock", f"{FOLDER}/giver.sock"
    port = listen(socket.AF_INET, ("127.0.0.1", 0), tell).getsockname()[1]
    for address, serve in ((named, tell), (giver, hand_out)):
        listen(socket.AF_UNIX, address, serve)
    for ending, serve in (("", tell), ("-giver", hand_out)):
        listen(socket.AF_UNIX, f"\0{ABSTRACT}{ending}", serve)
    for path in (named, giver):
        os.chmod(path, 0o777)
    datagrams = answer(socket.AF_INET, ("127.0.0.1", 0)).getsockname()[1]
    answer(socket.AF_UNIX, f"\0{ABSTRACT}-datagrams")
    _, terminal = os.openpty()
    fcntl.ioctl(terminal, 0x5414, struct.pack("4H", COLUMNS, 10, 0, 0))
    libc = ctypes.CDLL(None, use_errno=True)
    libc.shmat.restype = ctypes.c_void_p
    segment = libc.shmget(0, 4096, 0o1666)
    ctypes.memmove(libc.shmat(segment, None, 0), b"canary", 6)
    queue = libc.msgget(0, 0o1666)
    libc.msgsnd(queue, struct.pack("l6s", 1, b"canary"), 6, 0)
    told = {
        "pid": os.getpid(), "port": port, "datagrams": datagrams, "address": ctypes.addressof(SECRET),
        "socket": named, "giver": giver, "segment": segment, "queue": queue, "terminal": os.ttyname(terminal),
    }  # fmt: skip
    print(json.dumps(told), flush=True)
    sys.stdin.read()
    libc.shmctl(segment, 0, None)
    libc.msgctl(queue, 0, None)


if __name__ == "__main__":
    main()
