"""Requests to a user's clients: they wait for one, survive a reconnect, and the first answer wins. No socket here."""

from __future__ import annotations

import asyncio
import itertools
import secrets
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from sessions.errors import Overloaded, RoostError

Heard = Callable[[], None]
"""Called without arguments when something was asked or settled; the listener looks for itself."""

KEEP = 256
"""How many requests of one user may wait for a client at once; more are refused, as nobody is reading them."""


class ClientRefused(RoostError):
    """The client answered a request with an error."""


@dataclass(slots=True, eq=False)
class Request:
    """One question: `id` is the JSON-RPC id, never given again to this user; `params` are the wire's."""

    id: str
    method: str
    params: dict[str, Any]
    answer: asyncio.Future[Any]


class Requests:
    """What was asked of one user's clients and is not answered yet, in the order of asking."""

    __slots__ = ("_life", "_listeners", "_numbers", "_waiting")

    def __init__(self) -> None:
        self._waiting: dict[str, Request] = {}
        self._numbers = itertools.count(1)
        self._life = secrets.token_hex(4)
        """So that a late answer to what was asked in an earlier life of the session answers nothing of this one."""
        self._listeners: list[Heard] = []

    @property
    def waiting(self) -> list[Request]:
        """The open requests, oldest first."""
        return list(self._waiting.values())

    def ask(self, method: str, params: dict[str, Any]) -> asyncio.Future[Any]:
        """Ask whoever is or will be connected. Cancelling the future withdraws the request.

        Raises `Overloaded` when 256 requests wait already, and the future `ClientRefused` for an error answer.
        """
        if len(self._waiting) >= KEEP:
            raise Overloaded(f"{KEEP} requests wait for a client of this user already", 1_000)
        request = Request(
            f"roost-{self._life}-{next(self._numbers)}", method, params, asyncio.get_running_loop().create_future()
        )
        self._waiting[request.id] = request
        request.answer.add_done_callback(lambda _: self._settled(request))
        self._tell()
        return request.answer

    def answer(self, id_: object, result: object, error: dict[str, Any] | None) -> bool:
        """Settle a request with a client's answer; False when there is no such request, or not any more."""
        request = self._waiting.get(id_) if isinstance(id_, str) else None
        if request is None or request.answer.done():
            return False
        if error is None:
            request.answer.set_result(result)
        else:
            request.answer.set_exception(ClientRefused(str(error.get("message", "the client refused"))[:1_000]))
        return True

    def listen(self, heard: Heard) -> Callable[[], None]:
        """Hear of every change; returns the undo."""
        self._listeners.append(heard)
        return lambda: self._listeners.remove(heard) if heard in self._listeners else None

    def withdraw(self) -> None:
        """Cancel all that waits: the session ends."""
        for request in self.waiting:
            request.answer.cancel()

    def _settled(self, request: Request) -> None:
        self._waiting.pop(request.id, None)
        if not request.answer.cancelled():
            request.answer.exception()  # an asker that stopped waiting is no reason for a warning
        self._tell()

    def _tell(self) -> None:
        for heard in list(self._listeners):
            heard()
