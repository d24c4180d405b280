"""Work on values of JSON that may be large: done at once where they are small, in a thread where it would take long."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Mapping
from typing import Any, TypeVar

T = TypeVar("T")

QUICK = 500
"""Values in all that are no matter of more than a millisecond."""

QUICK_CHARS = 50_000
"""Characters of all their texts."""


async def beside(work: Callable[..., T], *values: Any) -> T:
    """What `work` makes of the values; nobody else waits for it."""
    return await asyncio.to_thread(work, *values) if is_large(values) else work(*values)


def is_large(value: Any) -> bool:
    """Whether there is more in a value than is looked at in a moment; to tell takes less than that."""
    left, room = QUICK, QUICK_CHARS
    open_values = [value]
    while open_values:
        one = open_values.pop()
        left -= 1
        if isinstance(one, str | bytes):
            room -= len(one)
        elif isinstance(one, Mapping | list | tuple):
            if len(one) > left:
                return True
            if isinstance(one, Mapping):
                room -= sum(len(name) for name in one if isinstance(name, str))
                open_values += one.values()
            else:
                open_values += one
        if left < 0 or room < 0:
            return True
    return False
