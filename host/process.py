"""What a host asks of a process that it has for itself. One embedded in another server leaves it to the owner."""

from __future__ import annotations

import resource
import sys

from sessions.heaps import keep_few_heaps

SWITCH_S = 0.0005
"""How long a thread that computes may go on while the loop waits for the interpreter; Python's own 5 ms are felt."""


def tune() -> None:
    """As many descriptors as the system allows, the interpreter handed on sooner, and few heaps; for good.

    Every connection and every shell is a descriptor.
    """
    hard = resource.getrlimit(resource.RLIMIT_NOFILE)[1]
    resource.setrlimit(resource.RLIMIT_NOFILE, (hard, hard))
    sys.setswitchinterval(SWITCH_S)
    keep_few_heaps()
