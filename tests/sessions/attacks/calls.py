"""What a tenant may try, as a program: reads its targets as JSON from its argument, prints what came of it as JSON.

It is run inside a sandbox, where nothing may succeed, and outside of one, where the same calls must: else they prove
nothing. Standard library only, and no import of ours but these modules: they cross into the sandbox as text. Here is
what all attacks are made of.
"""

from __future__ import annotations

import ctypes
import errno
import glob
import json
import os
import platform
import signal
import socket
import sys
import threading
from collections.abc import Callable
from typing import Any

TARGETS: dict[str, Any] = json.loads(sys.argv[1]) if len(sys.argv) > 1 and sys.argv[1].startswith("{") else {}
LIBC = ctypes.CDLL(None, use_errno=True)
HELD = ctypes.PyDLL(None, use_errno=True)
"""The same, for calls that return twice: Python's lock stays held, or the new process might wait for it for ever."""

X86 = platform.machine() == "x86_64"
INHERITED = [fd for fd in range(3, 1024) if os.path.exists(f"/dev/fd/{fd}")]
MATRIX: dict[str, Callable[[], Any]] = {}
MORE: dict[str, Callable[[], Any]] = {}
SECONDS = 5
REFUSALS = (errno.EPERM, errno.EACCES, errno.ENOSYS)

Attack = Callable[[], Any]


class Died(Exception):
    """The kernel ended what made the call."""


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


def reaches(number: int, *arguments: Any) -> bool:
    """Whether a call that asks for nonsense is looked at by the kernel, which then says what is wrong with it."""
    try:
        call(number, *arguments)
    except OSError as error:
        if error.errno in REFUSALS:
            raise
    return True


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


def readable(path: str) -> bool:
    try:
        os.close(os.open(path, os.O_RDONLY | os.O_NONBLOCK))
    except OSError:
        return False
    return True


def writable_folder(folder: str) -> None:
    path = os.path.join(folder, f".canary-{os.getpid()}")
    os.close(os.open(path, os.O_WRONLY | os.O_CREAT))
    os.unlink(path)


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


def in_child(attack: Callable[[], Any]) -> None:
    """Try what would change this process in one that may be lost."""
    pid = os.fork()
    if pid == 0:
        try:
            attack()
            os._exit(0)
        except OSError as error:
            os._exit(error.errno or 255)
    ended = os.waitpid(pid, 0)[1]
    if os.WIFSIGNALED(ended):
        raise Died(signal.Signals(os.WTERMSIG(ended)).name)
    if code := os.waitstatus_to_exitcode(ended):
        raise OSError(code, os.strerror(code))


def outcome(attack: Attack) -> str:
    """`done` where it did what it should not, else what was in its way: an errno's or a signal's name, or `nothing`.

    One that returns nothing did it when it did not raise. A hang is no success, and a fault of the attack is none.
    """
    answer: list[str] = []

    def attempt() -> None:
        try:
            answer.append("nothing" if attack() is False else "done")
        except OSError as error:
            answer.append(errno.errorcode.get(error.errno or 0, "silence"))
        except Died as death:
            answer.append(str(death))
        except Exception as error:
            answer.append(f"fault: {error!r}")

    thread = threading.Thread(target=attempt, daemon=True)
    thread.start()
    thread.join(SECONDS)
    return answer[0] if answer else "hang"


def report() -> dict[str, Any]:
    said = {name: outcome(attack) for name, attack in {**MATRIX, **MORE}.items()}
    return {
        "matrix": [name for name in MATRIX if said[name] == "done"],
        "more": [name for name in MORE if said[name] == "done"],
        "tried": list(said),
        "said": said,
    }
