"""Processes, memory and descriptors of the host and of other users."""

from __future__ import annotations

import ctypes
import os
import signal
import struct

from tests.sessions.attacks.calls import INHERITED, LIBC, TARGETS, call, in_child, more, number


@more
def pin_host() -> None:
    os.sched_setaffinity(TARGETS["pid"], os.sched_getaffinity(TARGETS["pid"]))


@more
def choose_host_for_the_end_of_memory() -> None:
    with open(f"/proc/{TARGETS['pid']}/oom_score_adj", "r+") as file:
        score = file.read()
        file.seek(0)
        file.write(score)


@more
def read_shared_file_of_host() -> bool:
    """In /dev/shm, where programs keep what they share."""
    with open(TARGETS["shared"], "rb") as file:
        return b"canary" in file.read()


@more
def read_temporary_file_of_host() -> bool:
    with open(TARGETS["temporary"], "rb") as file:
        return b"canary" in file.read()


@more
def attach_memory_of_host() -> bool:
    """System V's, which has no name but a number that can be guessed."""
    LIBC.shmat.restype = ctypes.c_void_p
    at = LIBC.shmat(TARGETS["segment"], None, 0o10000)  # to read only
    return at not in (None, ctypes.c_void_p(-1).value) and ctypes.string_at(at, 6) == b"canary"


@more
def remove_memory_of_host() -> None:
    """Asks for its state: who may that may remove what is theirs."""
    call(number(31, 195), TARGETS["segment"], 2, ctypes.create_string_buffer(256))


@more
def read_queue_of_host() -> bool:
    """What waits in a message queue, and it stays there."""
    text = ctypes.create_string_buffer(64)
    return call(number(70, 188), TARGETS["queue"], text, 16, 0, 0o44000) > 0  # MSG_COPY, IPC_NOWAIT


@more
def read_memory_of_host() -> None:
    buffer = ctypes.create_string_buffer(8)
    local = struct.pack("PN", ctypes.addressof(buffer), 8)
    remote = struct.pack("PN", TARGETS["address"], 8)
    call(number(310, 270), TARGETS["pid"], local, 1, remote, 1, 0)


@more
def open_memory_of_host() -> None:
    os.close(os.open(f"/proc/{TARGETS['pid']}/mem", os.O_RDWR))


@more
def walk_through_root_of_host() -> bool:
    return os.path.exists(f"/proc/{TARGETS['pid']}/root{TARGETS['file']}")


@more
def walk_through_folder_of_host() -> bool:
    return bool(os.listdir(f"/proc/{TARGETS['pid']}/cwd"))


@more
def list_descriptors_of_host() -> bool:
    return bool(os.listdir(f"/proc/{TARGETS['pid']}/fd"))


@more
def take_descriptor_of_host() -> None:
    fd = os.pidfd_open(TARGETS["pid"])
    call(438, fd, 0, 0)


@more
def take_descriptor_of_supervisor() -> None:
    """The supervisor is the tenant's own process, but its channel to the host is not theirs to take by a call."""
    if TARGETS["inside"]:
        call(438, os.pidfd_open(TARGETS["supervisor"]), 0, 0)
    else:
        call(438, os.pidfd_open(os.getpid()), 0, 0)


@more
def reopen_channel_of_supervisor() -> None:
    parent = TARGETS["supervisor"] if TARGETS["inside"] else os.getpid()
    os.close(os.open(f"/proc/{parent}/fd/0", os.O_RDWR))


@more
def inherit_descriptors() -> bool:
    """Beyond stdin, stdout and stderr."""
    return not TARGETS["inside"] or bool(INHERITED)


@more
def see_environment_of_supervisor() -> bool:
    return TARGETS["inside"] and any(open(path, "rb").read() for path in ("/proc/1/environ",))


@more
def signal_host_by_descriptor() -> None:
    signal.pidfd_send_signal(os.pidfd_open(TARGETS["pid"]), 0)


@more
def write_memory_of_host() -> None:
    """Its first letter, which is the same afterwards."""
    buffer = ctypes.create_string_buffer(b"c", 1)
    local = struct.pack("PN", ctypes.addressof(buffer), 1)
    remote = struct.pack("PN", TARGETS["address"], 1)
    call(number(311, 271), TARGETS["pid"], local, 1, remote, 1, 0)


@more
def schedule_host() -> None:
    os.sched_setscheduler(TARGETS["pid"], os.SCHED_OTHER, os.sched_param(0))


@more
def slow_disk_of_host() -> None:
    call(number(251, 30), 1, TARGETS["pid"], 2 << 13 | 4)  # ioprio_set: best effort, as it is


@more
def join_network_of_host() -> None:
    in_child(lambda: call(number(308, 268), os.pidfd_open(TARGETS["pid"]), 0x40000000))


@more
def trace_supervisor() -> None:
    target = TARGETS["supervisor"] if TARGETS["inside"] else TARGETS["pid"]
    in_child(lambda: call(number(101, 117), 0x4206, target, 0, 0))
