"""The filter of system calls, run step by step as the kernel would: what is denied, what is not, on both machines."""

from __future__ import annotations

import errno
import struct
from typing import NamedTuple

import pytest

from sessions.seccomp import AUDIT_ARCH, CALLS, JUDGED, NEWEST, SHARED, program

ALLOWED, KILLED = 0, -1
MACHINES = list(AUDIT_ARCH)


class Call(NamedTuple):
    name: str
    arguments: tuple[int, ...] = ()


def judged(filter_: bytes, machine: str, number: int, *arguments: int, arch: int | None = None) -> int:
    """What the filter answers: 0, an errno, or -1 for death. An interpreter of the few steps that are used."""
    words = [*arguments, *[0] * (6 - len(arguments))]
    data = struct.pack("=IIQ6Q", number, AUDIT_ARCH[machine] if arch is None else arch, 0, *words)
    steps: list[tuple[int, int, int, int]] = list(struct.iter_unpack("=HBBI", filter_))
    at = value = 0
    while True:
        code, if_so, if_not, k = steps[at]
        at += 1
        if code == 0x20:
            value = int(struct.unpack_from("=I", data, k)[0])
        elif code == 0x54:
            value &= k
        elif code == 0x06:
            return ALLOWED if k == 0x7FFF0000 else KILLED if k == 0x80000000 else k & 0xFFFF
        else:
            holds = {0x15: value == k, 0x25: value > k, 0x35: value >= k, 0x45: bool(value & k)}[code]
            at += if_so if holds else if_not


def answer(name: str, *arguments: int, machine: str = "x86_64", **options: bool) -> int:
    table = CALLS.get(name) or JUDGED[name]
    number = table[MACHINES.index(machine)]
    assert number is not None
    return judged(program(machine=machine, **options), machine, number, *arguments)


@pytest.mark.parametrize("machine", MACHINES)
def test_what_reaches_beyond_the_sandbox_is_denied(machine: str) -> None:
    column = MACHINES.index(machine)
    for name, numbers in CALLS.items():
        if (number := numbers[column]) is not None:
            assert judged(program(machine=machine), machine, number) == errno.EPERM, name


@pytest.mark.parametrize("machine", MACHINES)
def test_everything_else_that_is_known_is_allowed(machine: str) -> None:
    column = MACHINES.index(machine)
    denied = {numbers[column] for numbers in CALLS.values()}
    always = {JUDGED[name][column] for name in ("clone3", "openat2", "memfd_create")}
    filter_ = program(machine=machine)
    for number in range(NEWEST + 1):
        if number not in denied | always:
            first = 1 if number in (JUDGED["socket"][column], JUDGED["socketpair"][column]) else 0
            assert judged(filter_, machine, number, first) == ALLOWED, number


@pytest.mark.parametrize("number", [NEWEST + 1, 1000, 0x40000000, 0x40000000 + 101, 0xFFFFFFFF])
def test_calls_that_nobody_looked_at_are_not_there(number: int) -> None:
    assert judged(program(machine="x86_64"), "x86_64", number) == errno.ENOSYS


@pytest.mark.parametrize("machine", MACHINES)
def test_a_foreign_abi_is_the_end_of_the_process(machine: str) -> None:
    for arch in (0x40000003, 0x40000028, 0, 0xC000003E + 1):
        assert judged(program(machine=machine), machine, 1, arch=arch) == KILLED


@pytest.mark.parametrize(
    ("call", "expected"),
    [
        (Call("clone", (0x01200011,)), ALLOWED),  # fork
        (Call("clone", (0x3D0F00,)), ALLOWED),  # a thread
        (Call("clone", (0x10000011,)), errno.EPERM),
        (Call("clone", (0x00020011,)), errno.EPERM),
        (Call("clone", (0x40000011,)), errno.EPERM),
        (Call("clone", (0xFFFFFFFF_10000011,)), errno.EPERM),
        (Call("clone3", (0, 88)), errno.ENOSYS),
        (Call("unshare", (0x400,)), ALLOWED),  # its own table of files
        (Call("unshare", (0x10000000,)), errno.EPERM),
        (Call("unshare", (0x00000080,)), errno.EPERM),
        (Call("ioctl", (0, 0x5401)), ALLOWED),
        (Call("ioctl", (0, 0x5413)), ALLOWED),
        (Call("ioctl", (0, 0x5412)), errno.EPERM),
        (Call("ioctl", (0, 0x1_0000_5412)), errno.EPERM),
        (Call("ioctl", (0, 0x541C)), errno.EPERM),
        (Call("ioctl", (0, 0x5423)), errno.EPERM),
        (Call("socket", (1, 1, 0)), ALLOWED),
        (Call("socket", (2, 1, 6)), ALLOWED),
        (Call("socket", (10, 2, 0)), ALLOWED),
        (Call("socket", (16, 3, 0)), ALLOWED),  # how a program lists its network interfaces
        (Call("socket", (16, 3, 12)), errno.EPROTONOSUPPORT),
        (Call("socket", (40, 1, 0)), errno.EAFNOSUPPORT),
        (Call("socket", (38, 5, 0)), errno.EAFNOSUPPORT),
        (Call("socket", (17, 3, 0)), errno.EAFNOSUPPORT),
        (Call("socketpair", (1, 1, 0)), ALLOWED),
        (Call("socketpair", (30, 1, 0)), errno.EAFNOSUPPORT),
        (Call("personality", (0xFFFFFFFF,)), ALLOWED),
        (Call("personality", (0x0400000,)), errno.EPERM),  # data that can be executed
        (Call("chmod", (0, 0o755)), ALLOWED),
        (Call("chmod", (0, 0o4755)), errno.EPERM),
        (Call("chmod", (0, 0o2755)), errno.EPERM),
        (Call("chmod", (0, 0o1777)), ALLOWED),
        (Call("fchmod", (0, 0o6755)), errno.EPERM),
        (Call("fchmodat", (0, 0, 0o4755)), errno.EPERM),
        (Call("fchmodat2", (0, 0, 0o4755, 0)), errno.EPERM),
        (Call("mknod", (0, 0o104755)), errno.EPERM),
        (Call("mknodat", (0, 0, 0o104755)), errno.EPERM),
        (Call("creat", (0, 0o4755)), errno.EPERM),
        (Call("open", (0, 0o101, 0o4755)), errno.EPERM),
        (Call("open", (0, 0, 0o4755)), ALLOWED),  # makes no file, so its mode means nothing
        (Call("openat", (0, 0, 0o100, 0o644)), ALLOWED),
        (Call("openat", (0, 0, 0o100, 0o2644)), errno.EPERM),
        (Call("openat", (0, 0, 0o20200000, 0o4644)), errno.EPERM),
        (Call("openat2", (0, 0, 0, 24)), errno.ENOSYS),
        (Call("memfd_create", (0, 0)), errno.ENOSYS),
        (Call("shmget", (0, 65536)), ALLOWED),
        (Call("shmget", (0, 65537)), errno.ENOSPC),
        (Call("shmget", (0, 1 << 32)), errno.ENOSPC),
        (Call("mq_open", (0,)), ALLOWED),
    ],
    ids=str,
)
def test_a_call_is_judged_by_its_arguments(call: Call, expected: int) -> None:
    assert answer(call.name, *call.arguments) == expected
    if JUDGED[call.name][1] is not None:
        assert answer(call.name, *call.arguments, machine="aarch64") == expected


def test_where_the_kernel_counts_memory_all_kinds_of_it_may_be_had() -> None:
    assert answer("memfd_create", accounted=True) == ALLOWED
    assert answer("shmget", 0, 1 << 40, accounted=True) == ALLOWED


def test_without_a_network_of_its_own_a_process_has_connected_pairs_only() -> None:
    for family in (1, 2, 10, 16, 40):
        assert answer("socket", family, 1, 0, sockets=False, shared=False) == errno.EPERM
    for name in ("connect", "bind", *SHARED):
        assert answer(name, sockets=False, shared=False) == errno.EPERM
    kinds = {1: ALLOWED, 5: ALLOWED, 0o2000001: ALLOWED, 0o2004001: ALLOWED, 2: errno.EPERM, 3: errno.EPERM}
    for kind, expected in kinds.items():
        assert answer("socketpair", 1, kind, 0, sockets=False, shared=False) == expected


def test_a_machine_without_a_table_is_named() -> None:
    with pytest.raises(LookupError, match="riscv64"):
        program(machine="riscv64")
