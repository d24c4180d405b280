"""What a host asks of a process that it has for itself. One embedded in another server leaves it to the owner."""

from __future__ import annotations

import ctypes
import os
import resource
import sys
from contextlib import suppress

from sessions.heaps import keep_few_heaps

SWITCH_S = 0.0005
"""How long a thread that computes may go on while the loop waits for the interpreter; Python's own 5 ms are felt."""

TUNABLES = "GLIBC_TUNABLES"
UNCACHED = "glibc.malloc.tcache_count=0"

AT_SECURE = 23
"""What getauxval(3) is asked for: whether the program has more rights than who began it."""


def begin_uncached() -> None:
    """Start this program anew where its threads would keep what they free to themselves.

    glibc can be told only as a program starts. Some sixty threads fill a cache each, by and by with up to 200 KiB, so
    that a host would grow for days. What the variable says already is the operator's, and stays; sandboxes get none.
    """
    if sys.platform == "linux" and TUNABLES not in os.environ and _is_heard():
        with suppress(OSError):  # whoever may not begin it anew goes on as it is
            os.execve(sys.executable, [sys.executable, *sys.orig_argv[1:]], {**os.environ, TUNABLES: UNCACHED})


def _is_heard() -> bool:
    """Whether it is glibc, and takes the variable: from a program with rights of its own it takes it away."""
    try:
        is_glibc = (os.confstr("CS_GNU_LIBC_VERSION") or "").startswith("glibc")
    except (ValueError, OSError):
        return False
    return is_glibc and not ctypes.CDLL(None).getauxval(AT_SECURE)


def tune() -> None:
    """As many descriptors as the system allows, the interpreter handed on sooner, and few heaps; for good.

    Every connection and every shell is a descriptor.
    """
    hard = resource.getrlimit(resource.RLIMIT_NOFILE)[1]
    resource.setrlimit(resource.RLIMIT_NOFILE, (hard, hard))
    sys.setswitchinterval(SWITCH_S)
    keep_few_heaps()
