"""Ways to speak to what is not one's own: other addresses, other families, descriptors handed over, terminals."""

from __future__ import annotations

import array
import fcntl
import os
import socket
import struct

from tests.sessions.attacks.calls import TARGETS, call, connects, more, number, reaches, writable_folder

NETLINK = 16
OTHER_KERNEL_TALK = range(1, 23)


@more
def connect_by_mapped_address() -> bool:
    return connects(socket.AF_INET6, ("::ffff:127.0.0.1", TARGETS["port"]))


@more
def connect_by_other_loopback() -> bool:
    """The whole 127/8 is the machine's own, and 0.0.0.0 leads there too."""
    return connects(socket.AF_INET, ("0.0.0.0", TARGETS["port"]))


@more
def send_datagram_to_port() -> bool:
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as attacker:
        attacker.settimeout(2)
        attacker.connect(("127.0.0.1", TARGETS["datagrams"]))
        attacker.send(b"who")
        return attacker.recv(100) == b"canary"


@more
def send_datagram_to_abstract_socket() -> bool:
    with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as attacker:
        attacker.settimeout(2)
        attacker.bind(f"\0{TARGETS['abstract']}-back-{os.getpid()}")
        attacker.sendto(b"who", "\0" + TARGETS["abstract"] + "-datagrams")
        return attacker.recv(100) == b"canary"


@more
def take_handed_descriptor() -> bool:
    """Somebody hands out a descriptor of a file that one may not open: with it, it could be read."""
    return b"canary" in handed(TARGETS["giver"])


@more
def take_handed_descriptor_by_abstract_socket() -> bool:
    return b"canary" in handed("\0" + TARGETS["abstract"] + "-giver")


def handed(address: str) -> bytes:
    with socket.socket(socket.AF_UNIX, socket.SOCK_STREAM) as attacker:
        attacker.settimeout(3)
        attacker.connect(address)
        fds = array.array("i")
        _, control, _, _ = attacker.recvmsg(1, socket.CMSG_SPACE(4))
        for level, kind, data in control:
            if (level, kind) == (socket.SOL_SOCKET, socket.SCM_RIGHTS):
                fds.frombytes(data[:4])
        return os.pread(fds[0], 100, 0) if fds else b""


@more
def hear_of_every_device_and_login() -> bool:
    """The kernel's other talk: audit, devices, who has which socket, crypto. One family is enough."""
    for protocol in OTHER_KERNEL_TALK:
        try:
            socket.socket(NETLINK, socket.SOCK_RAW, protocol).close()
        except OSError:
            continue
        return True
    return False


@more
def hear_of_sockets_with_high_bits() -> None:
    os.close(call(number(41, 198), NETLINK, 3, 1 << 32 | 4))


@more
def change_network() -> None:
    """Say of the loopback that it is up, as it is: who may say that may add addresses and routes."""
    with socket.socket(NETLINK, socket.SOCK_RAW, 0) as attacker:
        attacker.settimeout(3)
        about = struct.pack("BxHiII", 0, 0, 1, 1, 1)  # index 1, IFF_UP
        attacker.sendto(struct.pack("IHHII", 16 + len(about), 16, 5, 1, 0) + about, (0, 0))  # RTM_NEWLINK, with an ACK
        refused = -struct.unpack_from("i", attacker.recv(4096), 16)[0]
    if refused:
        raise OSError(refused, os.strerror(refused))


@more
def open_raw_socket() -> None:
    socket.socket(socket.AF_INET, socket.SOCK_RAW, 1).close()


@more
def open_odd_family() -> bool:
    """Those with much code and few readers: netrom, rds, tipc, can, xdp, qipcrtr, smc and the like."""
    return any(opens(family) for family in (*range(3, 10), *range(11, 16), *range(18, 46)))


def opens(family: int) -> bool:
    for kind in (socket.SOCK_STREAM, socket.SOCK_DGRAM, socket.SOCK_RAW, socket.SOCK_SEQPACKET):
        try:
            socket.socket(family, kind).close()
        except OSError:
            continue
        return True
    return False


@more
def reach_terminal_of_others() -> bool:
    """By its number; that it is theirs and not one's own of that number is told by its size."""
    fd = os.open(TARGETS["terminal"], os.O_RDWR | os.O_NOCTTY | os.O_NONBLOCK)
    try:
        return struct.unpack("4H", fcntl.ioctl(fd, 0x5413, bytes(8)))[0] == 4321
    finally:
        os.close(fd)


@more
def speak_to_console() -> bool:
    master, slave = os.openpty()
    try:
        return reaches(number(16, 29), slave, 0x541C, b"\x0c")  # TIOCLINUX
    finally:
        os.close(master)
        os.close(slave)


@more
def change_line_discipline() -> None:
    """Of a terminal of one's own, to one of many that few have read; to the one it has, here."""
    master, slave = os.openpty()
    try:
        fcntl.ioctl(slave, 0x5423, struct.pack("i", 0))
    finally:
        os.close(master)
        os.close(slave)


@more
def write_into_folder_of_pipes() -> None:
    """Where the host keeps the pipes of commands: what is made there could pass for one of them."""
    writable_folder(TARGETS["run"])
