"""The C library's heaps, from which all but Python's small objects come. Only glibc has the two knobs used here."""

from __future__ import annotations

import ctypes

HEAPS = 2
"""As many as processors that allocate at once: more of them only hold more holes."""

_M_ARENA_MAX = -8
"""The name of that knob in glibc's <malloc.h>."""

_c = ctypes.CDLL(None)
_trim = getattr(_c, "malloc_trim", None)
_set = getattr(_c, "mallopt", None)


def keep_few_heaps() -> None:
    """Let threads share heaps, from now on and for the whole process; each would get one of its own, full of holes."""
    if _set is not None:
        _set(_M_ARENA_MAX, HEAPS)


def give_back_memory() -> None:
    """Closed files leave holes in every heap, some 40 MB after 256 of them: glibc returns them when asked."""
    if _trim is not None:
        _trim(0)
