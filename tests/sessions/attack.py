"""What a tenant may try, as a program: reads its targets as JSON from its argument, prints what succeeded as JSON.

It is run inside a sandbox, where nothing may succeed, and outside of one, where the same calls must: else they prove
nothing. Standard library only, and no import of ours: it crosses into the sandbox as text.
"""

from __future__ import annotations

import ctypes
import fcntl
import glob
import json
import os
import platform
import signal
import socket
import struct
import sys
import threading
from collections.abc import Callable
from typing import Any

TARGETS: dict[str, Any] = json.loads(sys.argv[1]) if len(sys.argv) > 1 and __name__ == "__main__" else {}
LIBC = ctypes.CDLL(None, use_errno=True)
HELD = ctypes.PyDLL(None, use_errno=True)
"""The same, for calls that return twice: Python's lock stays held, or the new process might wait for it for ever."""

X86 = platform.machine() == "x86_64"
INHERITED = [fd for fd in range(3, 1024) if os.path.exists(f"/dev/fd/{fd}")]
MATRIX: dict[str, Callable[[], Any]] = {}
MORE: dict[str, Callable[[], Any]] = {}

Attack = Callable[[], Any]


def matrix(attack: Attack) -> Attack:
    """One of the 22."""
    MATRIX[attack.__name__] = attack
    return attack


def more(attack: Attack) -> Attack:
    MORE[attack.__name__] = attack
    return attack


def call(number: int, *arguments: Any, libc: ctypes.CDLL = LIBC) -> int:
    """A system call; raises `OSError` as Python's own do."""
    # As machine words: what libc passes on beyond an int's 32 bits would be chance.
    words = [ctypes.c_ulong(word % (1 << 64)) if isinstance(word, int) else word for word in arguments]
    result = int(libc.syscall(ctypes.c_long(number), *words))
    if result < 0:
        raise OSError(ctypes.get_errno(), os.strerror(ctypes.get_errno()))
    return result


def number(x86: int, arm: int) -> int:
    return x86 if X86 else arm


def connects(family: int, address: Any) -> bool:
    with socket.socket(family, socket.SOCK_STREAM) as attacker:
        attacker.settimeout(3)
        attacker.connect(address)
        return attacker.recv(100) == b"canary"


def seen_in(pattern: str, canary: bytes) -> bool:
    """Whether any file that fits holds the canary; one's own command line names it, so that is left out."""
    own = {f"/proc/{os.getpid()}/", "/proc/self/", "/proc/thread-self/"}
    for path in glob.glob(pattern):
        if path.startswith(tuple(own)):
            continue
        try:
            with open(path, "rb") as file:
                if canary in file.read(1 << 20):
                    return True
        except OSError:
            continue
    return False


# -- the 22: another user's file, the host's secrets, its processes, its sockets, the machine


@matrix
def read_file() -> bool:
    with open(TARGETS["file"], "rb") as file:
        return b"canary" in file.read()


@matrix
def list_folder() -> bool:
    return "secret.txt" in os.listdir(os.path.dirname(TARGETS["file"]))


@matrix
def stat_file() -> bool:
    return os.stat(TARGETS["file"]).st_size > 0


@matrix
def chmod_file() -> None:
    os.chmod(TARGETS["file"], 0o600)


@matrix
def touch_file() -> None:
    os.utime(TARGETS["file"], (1, 1))


@matrix
def set_attribute() -> None:
    os.setxattr(TARGETS["file"], "user.canary", b"1")


@matrix
def chown_file() -> None:
    os.chown(TARGETS["file"], os.geteuid(), -1)


@matrix
def truncate_file() -> None:
    os.truncate(TARGETS["file"], 1000)


@matrix
def enter_folder() -> None:
    here = os.getcwd()
    os.chdir(os.path.dirname(TARGETS["file"]))
    os.chdir(here)


@matrix
def link_file() -> None:
    os.link(TARGETS["file"], os.path.join(TARGETS["own"], f"stolen-{os.getpid()}"))


@matrix
def plant_file() -> None:
    path = os.path.join(os.path.dirname(TARGETS["file"]), f"planted-{os.getpid()}")
    os.close(os.open(path, os.O_WRONLY | os.O_CREAT))


@matrix
def read_key_of_host() -> bool:
    with open(TARGETS["key"], "rb") as file:
        return b"canary" in file.read()


@matrix
def read_environment_of_host() -> bool:
    return seen_in("/proc/[0-9]*/environ", TARGETS["canary"].encode())


@matrix
def read_command_of_host() -> bool:
    return seen_in(f"/proc/{TARGETS['pid']}/cmdline", TARGETS["canary"].encode())


@matrix
def trace_host() -> None:
    in_child(lambda: call(number(101, 117), 0x4206, TARGETS["pid"], 0, 0))  # PTRACE_SEIZE; its end lets go


@matrix
def signal_host() -> None:
    os.kill(TARGETS["pid"], 0)


@matrix
def connect_to_port() -> bool:
    return connects(socket.AF_INET, ("127.0.0.1", TARGETS["port"]))


@matrix
def connect_to_socket() -> bool:
    return connects(socket.AF_UNIX, TARGETS["socket"])


@matrix
def connect_to_abstract_socket() -> bool:
    return connects(socket.AF_UNIX, "\0" + TARGETS["abstract"])


@matrix
def write_sysctl() -> None:
    os.close(os.open("/proc/sys/kernel/core_pattern", os.O_WRONLY))


@matrix
def renice_host() -> None:
    os.setpriority(os.PRIO_PROCESS, TARGETS["pid"], 5)


@matrix
def limit_host() -> None:
    import resource

    resource.prlimit(TARGETS["pid"], resource.RLIMIT_NOFILE, resource.prlimit(TARGETS["pid"], resource.RLIMIT_NOFILE))


@more
def pin_host() -> None:
    os.sched_setaffinity(TARGETS["pid"], os.sched_getaffinity(TARGETS["pid"]))


@more
def choose_host_for_the_end_of_memory() -> None:
    with open(f"/proc/{TARGETS['pid']}/oom_score_adj", "r+") as file:
        score = file.read()
        file.seek(0)
        file.write(score)


# -- memory and descriptors of others


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


# -- namespaces, mounts, devices


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


def readable(path: str) -> bool:
    try:
        os.close(os.open(path, os.O_RDONLY | os.O_NONBLOCK))
    except OSError:
        return False
    return True


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


def writable_folder(folder: str) -> None:
    path = os.path.join(folder, f".canary-{os.getpid()}")
    os.close(os.open(path, os.O_WRONLY | os.O_CREAT))
    os.unlink(path)


# -- privileges


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


# -- the kernel's surface


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


def runs_as_root(path: str) -> bool:
    pid = os.fork()
    if pid == 0:
        null = os.open("/dev/null", os.O_RDWR)
        for fd in (0, 1, 2):
            os.dup2(null, fd)
        os.execv(path, [path, "--help"])
    effective = "-1"
    for _ in range(2000):
        try:
            with open(f"/proc/{pid}/status") as file:
                lines = dict(line.split(":\t", 1) for line in file.read().splitlines() if ":\t" in line)
        except OSError:
            break
        effective = lines["Uid"].split()[1]
        if effective == "0" or lines["State"].startswith("Z"):
            break
    os.waitpid(pid, 0)
    return effective == "0"


@more
def see_many_processes() -> bool:
    return len([name for name in os.listdir("/proc") if name.isdecimal()]) > 8


def in_child(attack: Callable[[], Any]) -> None:
    """Try what would change this process in one that may be lost."""
    pid = os.fork()
    if pid == 0:
        try:
            attack()
            os._exit(0)
        except (OSError, ValueError):
            os._exit(1)
    if os.waitpid(pid, 0)[1]:
        raise PermissionError


def succeeded(attack: Callable[[], Any]) -> bool:
    """Whether it did what it should not; one that returns nothing did when it did not raise. A hang is no success."""
    answer: list[bool] = []

    def attempt() -> None:
        try:
            answer.append(attack() is not False)
        except (OSError, ValueError):
            answer.append(False)

    thread = threading.Thread(target=attempt, daemon=True)
    thread.start()
    thread.join(5)
    return answer == [True]


def main() -> None:
    found = {
        "matrix": [name for name, attack in MATRIX.items() if succeeded(attack)],
        "more": [name for name, attack in MORE.items() if succeeded(attack)],
        "tried": [*MATRIX, *MORE],
    }
    print(json.dumps(found), flush=True)
    os._exit(0)


if __name__ == "__main__":
    main()
