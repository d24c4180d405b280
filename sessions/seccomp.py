"""Which system calls a sandboxed process may not make, as a BPF program. Bytes only: nothing is installed here."""

from __future__ import annotations

import errno
import platform
import struct
from collections.abc import Iterable, Sequence
from functools import cache

# name: (number on x86_64, number on aarch64); None where the machine has no such call.
CALLS: dict[str, tuple[int | None, int | None]] = {
    # reading or steering other processes
    "ptrace": (101, 117), "process_vm_readv": (310, 270), "process_vm_writev": (311, 271),
    "process_madvise": (440, 440), "kcmp": (312, 272), "pidfd_getfd": (438, 438),
    # keys are shared by all processes of an OS user
    "keyctl": (250, 219), "add_key": (248, 217), "request_key": (249, 218),
    # large kernel surfaces that a shell does not need
    "bpf": (321, 280), "perf_event_open": (298, 241), "userfaultfd": (323, 282), "fanotify_init": (300, 262),
    "io_uring_setup": (425, 425), "io_uring_enter": (426, 426), "io_uring_register": (427, 427),
    "memfd_secret": (447, 447), "modify_ldt": (154, None), "uselib": (134, None), "lookup_dcookie": (212, 18),
    "nfsservctl": (180, 42), "sysfs": (139, None), "_sysctl": (156, None),
    # mounts and other namespaces
    "mount": (165, 40), "umount2": (166, 39), "pivot_root": (155, 41), "chroot": (161, 51), "setns": (308, 268),
    "move_mount": (429, 429), "open_tree": (428, 428), "fsopen": (430, 430), "fsconfig": (431, 431),
    "fsmount": (432, 432), "fspick": (433, 433), "mount_setattr": (442, 442), "open_by_handle_at": (304, 265),
    # the machine itself
    "swapon": (167, 224), "swapoff": (168, 225), "reboot": (169, 142), "kexec_load": (246, 104),
    "kexec_file_load": (320, 294), "init_module": (175, 105), "finit_module": (313, 273),
    "delete_module": (176, 106), "quotactl": (179, 60), "quotactl_fd": (443, 443), "acct": (163, 89),
    "syslog": (103, 116), "settimeofday": (164, 170), "clock_settime": (227, 112), "clock_adjtime": (305, 266),
    "adjtimex": (159, 171), "iopl": (172, None), "ioperm": (173, None), "vhangup": (153, 58),
    "sethostname": (170, 161), "setdomainname": (171, 162), "move_pages": (279, 239), "migrate_pages": (256, 238),
}  # fmt: skip
"""Calls that always answer EPERM."""

JUDGED: dict[str, tuple[int | None, int | None]] = {
    "clone": (56, 220), "clone3": (435, 435), "unshare": (272, 97), "ioctl": (16, 29), "personality": (135, 92),
    "socket": (41, 198), "socketpair": (53, 199), "connect": (42, 203), "bind": (49, 200),
    "shmget": (29, 194), "shmat": (30, 196), "shmctl": (31, 195), "semget": (64, 190), "semop": (65, 193),
    "semctl": (66, 191), "semtimedop": (220, 192), "msgget": (68, 186), "msgsnd": (69, 189), "msgrcv": (70, 188),
    "msgctl": (71, 187), "mq_open": (240, 180), "mq_unlink": (241, 181), "memfd_create": (319, 279),
    "chmod": (90, None), "fchmod": (91, 52), "fchmodat": (268, 53), "fchmodat2": (452, 452),
    "mknod": (133, None), "mknodat": (259, 33), "creat": (85, None), "open": (2, None), "openat": (257, 56),
    "openat2": (437, 437),
}  # fmt: skip
"""Calls judged by their arguments, or that answer as if the kernel were older."""

SHARED = (
    "shmget", "shmat", "shmctl", "semget", "semop", "semctl", "semtimedop", "msgget", "msgsnd", "msgrcv", "msgctl",
    "mq_open", "mq_unlink",
)  # fmt: skip
"""About objects that are the whole machine's where a sandbox has no namespace: their numbers can be guessed."""

NEWEST = 462
"""The newest call that was looked at (mseal, Linux 6.10): later ones answer ENOSYS, and programs fall back."""

AUDIT_ARCH = {"x86_64": 0xC000003E, "aarch64": 0xC00000B7}
NAMESPACES = 0x7E020080  # every CLONE_NEW* flag, NEWTIME included
CLONE_NAMESPACES = 0x7E020000  # in clone() the low byte is a signal
SET_ID = 0o6000
CREATES = 0o100 | 0o20000000  # O_CREAT, O_TMPFILE
TERMINAL_INJECTION = (0x5412, 0x541C, 0x5423)  # TIOCSTI, TIOCLINUX, TIOCSETD
UNIX, INET, INET6, NETLINK = 1, 2, 10, 16
PERSONALITIES = (0, 0x0008, 0x20000, 0x20008, 0xFFFFFFFF)
SHARED_MEMORY_BYTES = 65536

_LOAD, _EQUAL, _MORE, _AT_LEAST, _ANY_BIT, _AND, _RETURN = 0x20, 0x15, 0x25, 0x35, 0x45, 0x54, 0x06
_ALLOW, _KILL = 0x7FFF0000, 0x80000000

Code = list[tuple[int, int, int, int]]


def answer(number: int) -> Code:
    """The call is not made; the process sees errno `number`."""
    return [(_RETURN, 0, 0, 0x00050000 | number)]


def argument(index: int) -> Code:
    """The low 32 bits of an argument: where the kernel takes an int, it ignores the others, and so must we."""
    return [(_LOAD, 0, 0, 16 + 8 * index)]


def any_bit(index: int, mask: int, then: Code) -> Code:
    return [*argument(index), (_ANY_BIT, 0, len(then), mask), *then]


def is_one_of(index: int, values: Iterable[int], then: Code) -> Code:
    tests = [step for value in values for step in ((_EQUAL, 0, len(then), value), *then)]
    return [*argument(index), *tests]


def is_none_of(index: int, values: Sequence[int], then: Code) -> Code:
    last = len(values) - 1
    tests = [(_EQUAL, last - at + len(then), 0, value) for at, value in enumerate(values)]
    return [*argument(index), *tests, *then]


def is_over(index: int, limit: int, then: Code) -> Code:
    """A 64-bit argument: either half may be what makes it large."""
    high = (_LOAD, 0, 0, 20 + 8 * index)
    return [*argument(index), (_MORE, 0, len(then), limit), *then, high, (_MORE, 0, len(then), 0), *then]


def judgements(sockets: bool, shared: bool, accounted: bool) -> dict[str, Code]:
    """The rules of `JUDGED` by name; see `program` for the parameters."""
    no = answer(errno.EPERM)
    rules = {
        "clone": any_bit(0, CLONE_NAMESPACES, no),
        "clone3": answer(errno.ENOSYS),  # its flags are behind a pointer; libc falls back to clone
        "unshare": any_bit(0, NAMESPACES, no),
        "ioctl": is_one_of(1, TERMINAL_INJECTION, no),
        "personality": is_none_of(0, PERSONALITIES, no),
        **_no_set_id(no),
        **(_sockets() if sockets else _no_sockets(no)),
    }
    if not shared:
        rules |= dict.fromkeys(SHARED, no)
    elif not accounted:
        rules["shmget"] = is_over(1, SHARED_MEMORY_BYTES, answer(errno.ENOSPC))
    if not accounted:
        rules["memfd_create"] = answer(errno.ENOSYS)
    return rules


def _no_set_id(no: Code) -> dict[str, Code]:
    """No file that lends its owner's rights to whoever runs it outside: it would stay on the host's disk."""
    one, two, three = (any_bit(index, SET_ID, no) for index in (1, 2, 3))
    return {
        "chmod": one, "fchmod": one, "creat": one, "mknod": one,
        "fchmodat": two, "fchmodat2": two, "mknodat": two,
        "open": any_bit(1, CREATES, two), "openat": any_bit(2, CREATES, three),
        "openat2": answer(errno.ENOSYS),  # its mode is behind a pointer
    }  # fmt: skip


def _sockets() -> dict[str, Code]:
    """The families a program needs; not vsock (it leads to the hypervisor), packet, alg, bluetooth and the like."""
    foreign = is_none_of(0, (UNIX, INET, INET6, NETLINK), answer(errno.EAFNOSUPPORT))
    not_route = is_none_of(2, (0,), answer(errno.EPROTONOSUPPORT))
    return {
        "socket": [*foreign, (_EQUAL, 0, len(not_route), NETLINK), *not_route],
        "socketpair": is_none_of(0, (UNIX,), answer(errno.EAFNOSUPPORT)),
    }


def _no_sockets(no: Code) -> dict[str, Code]:
    """Only connected pairs: a datagram pair could still send to any socket that has a name."""
    kind = [*argument(1), (_AND, 0, 0, 0xF), (_EQUAL, 2, 0, 1), (_EQUAL, 1, 0, 5), *no]
    return {
        "socket": no,
        "connect": no,
        "bind": no,
        "socketpair": [*is_none_of(0, (UNIX,), answer(errno.EAFNOSUPPORT)), *kind],
    }


@cache
def program(
    *, sockets: bool = True, shared: bool = True, accounted: bool = False, machine: str = platform.machine()
) -> bytes:
    """The filter for this machine, as `struct sock_filter[]`; raises `LookupError` for a machine without a table.

    `sockets`: named sockets may be opened (else only connected pairs). `shared`: System V and POSIX message objects
    belong to this sandbox alone. `accounted`: the kernel counts memory that no process maps; where it does not,
    such memory is refused, as nothing else would see it.
    """
    if machine not in AUDIT_ARCH:
        raise LookupError(f"no table of system calls for {machine}: known are {', '.join(AUDIT_ARCH)}")
    column = list(AUDIT_ARCH).index(machine)
    code: Code = [(_LOAD, 0, 0, 4), (_EQUAL, 1, 0, AUDIT_ARCH[machine]), (_RETURN, 0, 0, _KILL), (_LOAD, 0, 0, 0)]
    # Later calls, and with them the x32 ABI, whose numbers have bit 30 set.
    code += [(_AT_LEAST, 0, 1, NEWEST + 1), *answer(errno.ENOSYS)]
    for numbers in CALLS.values():
        code += _rule(numbers[column], answer(errno.EPERM))
    for name, rule in judgements(sockets, shared, accounted).items():
        code += _rule(JUDGED[name][column], [*rule, (_RETURN, 0, 0, _ALLOW)])
    code.append((_RETURN, 0, 0, _ALLOW))
    return b"".join(struct.pack("=HBBI", *step) for step in code)


def _rule(number: int | None, body: Code) -> Code:
    return [] if number is None else [(_EQUAL, 0, len(body), number), *body]
