"""Namespaces, mounts, devices and privileges: what a wall is made of."""

from __future__ import annotations

import fcntl
import os
import signal
import socket
import struct

from tests.sessions.attacks.calls import (
    HELD,
    TARGETS,
    call,
    in_child,
    more,
    number,
    readable,
    writable_folder,
)


@more
def unshare_user() -> None:
    in_child(lambda: call(number(272, 97), 0x10000000))


@more
def clone_user() -> None:
    pid = call(number(56, 220), 0x10000000 | signal.SIGCHLD, 0, 0, 0, 0, libc=HELD)
    if pid == 0:
        os._exit(0)
    os.waitpid(pid, 0)


@more
def clone3_user() -> None:
    arguments = struct.pack("8Q", 0x10000000, 0, 0, 0, signal.SIGCHLD, 0, 0, 0)
    pid = call(435, arguments, len(arguments), libc=HELD)
    if pid == 0:
        os._exit(0)
    os.waitpid(pid, 0)


@more
def mount_tmpfs() -> None:
    in_child(lambda: (call(number(272, 97), 0x20000), call(number(165, 40), b"none", b"/mnt", b"tmpfs", 0, 0)))


@more
def mount_over_settings() -> None:
    """A folder of one's own in the place of one that the system reads."""
    own = TARGETS["own"].encode()
    in_child(lambda: (call(number(272, 97), 0x20000), call(number(165, 40), own, b"/etc", b"none", 0x1000, 0)))


@more
def mount_kernel_settings_writable() -> None:
    flags = 0x1000 | 0x20  # bind, remount: without read-only
    kinds = ((b"/proc/sys", 0x1000), (b"/proc/sys", flags))
    in_child(lambda: (call(number(272, 97), 0x20000),
                      *(call(number(165, 40), at, at, b"none", how, 0) for at, how in kinds)))  # fmt: skip


@more
def take_mount_away() -> None:
    in_child(lambda: (call(number(272, 97), 0x20000), call(number(166, 39), b"/dev/shm", 2)))


@more
def open_filesystem() -> None:
    os.close(call(430, b"tmpfs", 0))


@more
def copy_tree_of_mounts() -> None:
    os.close(call(428, -100, b"/usr", 1))  # open_tree, OPEN_TREE_CLONE


@more
def rename_machine() -> None:
    socket.sethostname(socket.gethostname())


@more
def watch_all_files() -> None:
    os.close(call(number(300, 262), 4, os.O_RDONLY))  # fanotify_init, for what is about to be read


@more
def change_root() -> None:
    in_child(lambda: call(number(161, 51), b"/tmp"))


@more
def join_own_namespace() -> None:
    fd = os.open("/proc/self/ns/uts", os.O_RDONLY)
    call(number(308, 268), fd, 0)


@more
def make_device() -> None:
    path = os.path.join(TARGETS["own"], f"device-{os.getpid()}")
    os.mknod(path, 0o020600, os.makedev(1, 3))
    os.unlink(path)


@more
def open_disk() -> bool:
    return any(readable(path) for path in ("/dev/vda", "/dev/sda", "/dev/mem", "/dev/kmsg", "/proc/kcore"))


@more
def see_sys() -> bool:
    return bool(os.listdir("/sys"))


@more
def write_sysrq() -> None:
    os.close(os.open("/proc/sysrq-trigger", os.O_WRONLY))


@more
def write_usr() -> None:
    writable_folder("/usr")


@more
def write_etc() -> None:
    writable_folder("/etc")


@more
def write_dev() -> None:
    writable_folder("/dev")


@more
def write_root() -> None:
    writable_folder("/")


@more
def make_set_uid_file() -> bool:
    """A file that runs as its owner would stay on the host's disk for others to run."""
    path = os.path.join(TARGETS["own"], f"setuid-{os.getpid()}")
    os.close(os.open(path, os.O_WRONLY | os.O_CREAT, 0o755))
    os.chmod(path, 0o4755)
    found = os.stat(path).st_mode & 0o4000
    os.unlink(path)
    return bool(found)


@more
def create_set_uid_file() -> bool:
    path = os.path.join(TARGETS["own"], f"created-{os.getpid()}")
    os.close(os.open(path, os.O_WRONLY | os.O_CREAT, 0o4755))
    found = os.stat(path).st_mode & 0o4000
    os.unlink(path)
    return bool(found)


@more
def gain_by_set_uid_program() -> bool:
    """No new privileges, or none to gain: the flag is inherited and cannot be taken back."""
    with open("/proc/thread-self/status") as file:
        return "NoNewPrivs:\t1" not in file.read()


@more
def hold_capabilities() -> bool:
    with open("/proc/thread-self/status") as file:
        lines = dict(line.split(":\t") for line in file.read().splitlines() if line.startswith("Cap"))
    return any(int(value, 16) for value in lines.values())


@more
def push_input_to_terminal() -> None:
    master, slave = os.openpty()
    fcntl.ioctl(slave, 0x5412, b"x")
    os.close(master)


@more
def push_input_with_high_bits() -> None:
    """The kernel looks at 32 bits of an ioctl's number; a filter that looks at 64 is passed."""
    master, slave = os.openpty()
    call(number(16, 29), slave, 0x1_0000_5412, b"x")
    os.close(master)
