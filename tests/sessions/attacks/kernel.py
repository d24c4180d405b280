"""The kernel's surface, and what is seen of others through it."""

from __future__ import annotations

import ctypes
import os
import signal
import socket
import struct

from tests.sessions.attacks.calls import TARGETS, X86, call, more, number, runs_as_root


@more
def use_keyring() -> None:
    call(number(250, 219), 0, -3, 0)


@more
def load_program_into_kernel() -> None:
    attributes = struct.pack("5I", 2, 4, 4, 1, 0) + bytes(100)  # an array of one number
    os.close(call(number(321, 280), 0, attributes, len(attributes)))


@more
def use_io_uring() -> None:
    call(425, 1, ctypes.create_string_buffer(120))


@more
def handle_page_faults() -> None:
    os.close(call(number(323, 282), 1))


@more
def measure_performance() -> None:
    attributes = struct.pack("IIQ", 1, 112, 0) + bytes(96)
    os.close(call(number(298, 241), attributes, 0, -1, -1, 0))


@more
def open_by_handle() -> None:
    handle = ctypes.create_string_buffer(struct.pack("II", 128, 0) + bytes(128))
    mount = ctypes.c_int()
    call(number(303, 264), -100, TARGETS["own"].encode(), handle, ctypes.byref(mount), 0)
    folder = os.open(TARGETS["own"], os.O_RDONLY)
    os.close(call(number(304, 265), folder, handle, 0))


@more
def read_kernel_log() -> None:
    call(number(103, 116), 10, 0, 0)


@more
def use_hypervisor_socket() -> None:
    socket.socket(40, socket.SOCK_STREAM).close()


@more
def use_packet_socket() -> None:
    socket.socket(17, socket.SOCK_RAW, 0).close()


@more
def use_kernel_crypto() -> None:
    socket.socket(38, socket.SOCK_SEQPACKET).close()


@more
def call_as_x32() -> bool:
    return X86 and call(0x40000000 + 39) > 0  # getpid of another ABI


@more
def find_other_route() -> bool:
    with open("/proc/net/route") as file:
        return len(file.read().splitlines()) > 1


@more
def see_sockets_of_others() -> bool:
    with open("/proc/net/unix") as file:
        return TARGETS["abstract"] in file.read()


@more
def follow_link_out() -> bool:
    path = os.path.join(TARGETS["own"], f"link-{os.getpid()}")
    os.symlink(TARGETS["file"], path)
    try:
        with open(path, "rb") as file:
            return b"canary" in file.read()
    finally:
        os.unlink(path)


@more
def follow_link_in_temporary_folder() -> bool:
    path = os.path.join(os.environ.get("TMPDIR", "/tmp"), f"link-{os.getpid()}")
    os.symlink(TARGETS["file"], path)
    try:
        return os.stat(path).st_size > 0
    finally:
        os.unlink(path)


@more
def trace_own_child() -> None:
    """What may be traced may be made to call anything, from within programs that hold more."""
    pid = os.fork()
    if pid == 0:
        signal.pause()
    try:
        call(number(101, 117), 0x4206, pid, 0, 0)
    finally:
        os.kill(pid, signal.SIGKILL)
        os.waitpid(pid, 0)


@more
def gain_by_running_su() -> bool:
    """Root's own id for a program that lends it: `su` would become root, if its file still said so here."""
    return any(runs_as_root(path) for path in ("/usr/bin/su", "/usr/bin/mount", "/usr/bin/passwd", "/usr/bin/chsh"))


@more
def see_many_processes() -> bool:
    return len([name for name in os.listdir("/proc") if name.isdecimal()]) > 8
