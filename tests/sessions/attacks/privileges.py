"""More rights than one was given: other ways into the kernel, more of the machine, rights that are lent to files."""

from __future__ import annotations

import ctypes
import fcntl
import glob
import mmap
import os
import resource
import struct

from tests.sessions.attacks.calls import TARGETS, X86, call, in_child, more, number, reaches

NONE = b"/there/is/no/such"
APPEND_ONLY = 0x20
TIMEX = 208


@more
def change_segments() -> None:
    """What of the processor is old enough to have been wrong several times."""
    if not X86:
        raise OSError(38, "not of this machine")
    call(154, 0, ctypes.create_string_buffer(16), 16)


@more
def call_as_32_bit() -> bool:
    """getpid by another ABI, whose numbers mean other calls: `mov eax, 20; int 0x80; ret`."""
    if not X86:
        raise OSError(38, "not of this machine")

    def attack() -> None:
        page = mmap.mmap(-1, 4096, prot=mmap.PROT_READ | mmap.PROT_WRITE | mmap.PROT_EXEC)
        page.write(b"\xb8\x14\x00\x00\x00\xcd\x80\xc3")
        function = ctypes.CFUNCTYPE(ctypes.c_int)(ctypes.addressof(ctypes.c_char.from_buffer(page)))
        if function() != os.getpid():
            raise OSError(38, "no such ABI here")

    in_child(attack)
    return True


@more
def run_as_old_program() -> None:
    """A personality under which the kernel makes data executable and maps page zero."""
    in_child(lambda: call(number(135, 92), 0x0400000 | 0x0100000))


@more
def lend_rights_to_memory_file() -> bool:
    """A file that has no name, runs by its descriptor and, set-uid, as its owner."""
    fd = call(number(319, 279), b"lent", 0)
    try:
        os.fchmod(fd, 0o4755)
        return bool(os.fstat(fd).st_mode & 0o4000)
    finally:
        os.close(fd)


@more
def lend_capabilities_to_file() -> None:
    path = os.path.join(TARGETS["own"], f"capable-{os.getpid()}")
    os.close(os.open(path, os.O_WRONLY | os.O_CREAT, 0o755))
    try:
        os.setxattr(path, "security.capability", struct.pack("<5I", 0x02000001, 1 << 21, 0, 0, 0))
    finally:
        os.unlink(path)


@more
def make_file_that_cannot_be_deleted() -> None:
    """Not by the host either, while the flag is set."""
    path = os.path.join(TARGETS["own"], f"kept-{os.getpid()}")
    fd = os.open(path, os.O_RDWR | os.O_CREAT, 0o600)
    try:
        had = fcntl.ioctl(fd, 0x80086601, bytes(8))
        flags = struct.unpack("q", had)[0]
        fcntl.ioctl(fd, 0x40086602, struct.pack("q", flags | APPEND_ONLY))
        fcntl.ioctl(fd, 0x40086602, had)
    finally:
        os.close(fd)
        os.unlink(path)


@more
def add_key() -> None:
    in_child(lambda: call(number(248, 217), b"user", b"roost-canary", b"x", 1, -2))


@more
def request_key() -> bool:
    return reaches(number(249, 218), b"user", b"roost-nothing", 0, 0)


@more
def compare_with_host() -> None:
    """Whether two have the same file open; the order of the kernel's addresses leaks with it."""
    call(number(312, 272), TARGETS["pid"], TARGETS["pid"], 0, 0, 0)


@more
def read_memory_of_supervisor() -> bool:
    """Whether the call is looked at: the address is nonsense."""
    buffer = ctypes.create_string_buffer(8)
    local, remote = struct.pack("PN", ctypes.addressof(buffer), 8), struct.pack("PN", 8, 8)
    target = TARGETS["supervisor"] if TARGETS["inside"] else TARGETS["pid"]
    return reaches(number(310, 270), target, local, 1, remote, 1, 0)


@more
def find_unfiltered_process() -> bool:
    """One that may make any call, and whose memory is one's own to write, would make it for us."""
    for path in glob.glob("/proc/[0-9]*/status"):
        try:
            with open(path) as file:
                if "\nSeccomp:\t0" in file.read():
                    return True
        except OSError:
            continue
    return False


@more
def turn_root() -> None:
    """pivot_root, to a folder of one's own."""
    own = TARGETS["own"].encode()

    def attack() -> None:
        call(number(272, 97), 0x20000)
        call(number(165, 40), b"none", b"/", b"none", 0x4000 | 1 << 18, 0)  # all of it private
        call(number(165, 40), own, own, b"none", 0x1000, 0)
        call(number(155, 41), own, own)

    in_child(attack)


@more
def walk_through_root_of_supervisor() -> bool:
    """What came before oneself may see more: the first process is bubblewrap's own."""
    before = (1, TARGETS["supervisor"]) if TARGETS["inside"] else (TARGETS["pid"],)
    return any(os.path.exists(f"/proc/{pid}/root{TARGETS['file']}") for pid in before)


@more
def write_any_kernel_setting() -> bool:
    """Each file under /proc/sys, opened to be written and left as it is."""
    return any(writable(path) for path in glob.iglob("/proc/sys/**", recursive=True))


@more
def steer_interrupts() -> bool:
    return any(writable(path) for path in (*glob.glob("/proc/irq/*/smp_affinity"), "/proc/mtrr", "/proc/kmsg"))


def writable(path: str) -> bool:
    try:
        os.close(os.open(path, os.O_WRONLY | os.O_NONBLOCK))
    except OSError:
        return False
    return True


@more
def raise_own_limits() -> None:
    def attack() -> None:
        soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
        try:
            resource.setrlimit(resource.RLIMIT_NOFILE, (soft, hard + 1))
        except ValueError:  # how Python says EPERM of this one
            raise PermissionError(1, "not permitted") from None

    in_child(attack)


@more
def be_more_urgent() -> None:
    in_child(lambda: os.setpriority(os.PRIO_PROCESS, 0, -5))


@more
def be_served_in_real_time() -> None:
    in_child(lambda: os.sched_setscheduler(0, os.SCHED_FIFO, os.sched_param(1)))


@more
def set_clock() -> None:
    """Its pace, to the pace that it has."""
    clock = ctypes.create_string_buffer(TIMEX)
    call(number(159, 171), clock)
    struct.pack_into("I", clock, 0, 2)  # ADJ_FREQUENCY
    call(number(159, 171), clock)


@more
def speak_to_ports_of_machine() -> None:
    if not X86:
        raise OSError(38, "not of this machine")
    in_child(lambda: call(172, 3))


@more
def command_machine() -> bool:
    """Modules, swap, accounting, the end of it: asked for what there is not."""
    asked = (
        (number(176, 106), NONE, 0), (number(313, 273), -1, b"", 0), (number(167, 224), NONE, 0),
        (number(163, 89), NONE), (number(169, 142), 0, 0, 0, 0), (number(179, 60), 0x800002 << 8, NONE, 0, 0),
    )  # fmt: skip
    for each in asked:
        try:
            if reaches(*each):
                return True
        except OSError:
            continue
    return False


@more
def hide_from_the_end_of_memory() -> None:
    """Be the last to be ended where memory runs out."""

    def attack() -> None:
        with open("/proc/self/oom_score_adj", "w") as file:
            file.write("-1000")

    in_child(attack)


@more
def leave_group_of_processes() -> bool:
    """The kernel's groups, where they can be seen: to write a process into another frees it of its limits."""
    return any(writable(path) for path in glob.glob("/sys/fs/cgroup/**/cgroup.procs", recursive=True))
