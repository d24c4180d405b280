"""Long work on the loop, in turns: everybody else has theirs after so many things. It does none itself."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Iterable
from typing import Generic, TypeVar

T = TypeVar("T")

TURN = 100
"""Things after which everybody else has a turn, where these are quick."""


class in_turns(Generic[T]):
    """These, with a turn for everybody else after so many. It is no generator: nothing has to end it."""

    __slots__ = ("_each", "_number", "_things")

    def __init__(self, things: Iterable[T], each: int = TURN) -> None:
        self._things = iter(things)
        self._each = each
        self._number = 0

    def __aiter__(self) -> AsyncIterator[T]:
        return self

    async def __anext__(self) -> T:
        for one in self._things:
            if self._number and self._number % self._each == 0:
                await asyncio.sleep(0)
            self._number += 1
            return one
        raise StopAsyncIteration
