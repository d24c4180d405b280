"""Memory after a rush: glibc keeps what is freed in pieces, so a host that a thousand people opened would look full."""

from __future__ import annotations

import ctypes

RUSH = 16
"""Databases that were open at once and are closed now, for their memory to be worth asking for."""


def give_back() -> None:
    """Give what is free back to the system; takes some ms, in a thread. Does nothing where the C library cannot."""
    trim = getattr(ctypes.CDLL(None), "malloc_trim", None)
    if trim is not None:
        trim(0)


class Rush:
    """Sees the end of a rush in the number of open databases."""

    __slots__ = ("_most",)

    def __init__(self) -> None:
        self._most = 0

    def is_over(self, now_open: int) -> bool:
        """Whether many were open, and most of them are not any more; true once for each rush."""
        self._most = max(self._most, now_open)
        if self._most < RUSH or now_open > self._most // 4:
            return False
        self._most = now_open
        return True
