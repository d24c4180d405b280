"""A client's screen as it follows the wire: the snapshot first, then every change. What it shows is `pieces`."""

from __future__ import annotations

import json
from typing import Any

from sessions.context import SessionContext
from sessions.mailbox import Mailbox
from shim.surface import CHANGED, REVEALED, Surface
from tests.sessions.stores import eventually


class Screen:
    """What one user's client shows. `await screen.shows(kind)` is the state of the newest piece of a kind."""

    def __init__(self, session: SessionContext, *, late: bool = False) -> None:
        self.session = session
        self.mailbox: Mailbox = session.mailbox
        self.follower = session.mailbox.follow(None)
        self.pieces: dict[str, dict[str, Any]] = {}
        self.kinds: dict[str, str] = {}
        self.revealed: list[dict[str, Any]] = []
        self.events: list[tuple[str, Any]] = []
        if late:
            for piece, told in session.get(Surface).snapshot():
                self.kinds[piece.handle] = piece.kind
                self.pieces[piece.handle] = {name: json.loads(one) for name, one in told.items()}

    async def look(self) -> None:
        """Take in what has come."""
        while batch := await self.follower.read():
            for event in batch:
                self._take(event.type, json.loads(event.data_json))

    def _take(self, type: str, data: Any) -> None:
        self.events.append((type, data))
        if type == REVEALED:
            self.revealed.append(data)
        if type != CHANGED:
            return
        self.kinds[data["handle"]] = data["kind"]
        if "changes" in data:
            state = {**self.pieces[data["handle"]], **data["changes"]}
            self.pieces[data["handle"]] = {name: one for name, one in state.items() if one is not None}
        elif data["state"] is None:
            del self.pieces[data["handle"]]
        else:
            self.pieces[data["handle"]] = data["state"]

    def of(self, kind: str) -> list[dict[str, Any]]:
        """The states of all pieces of a kind."""
        return [state for handle, state in self.pieces.items() if self.kinds[handle] == kind]

    def handle(self, kind: str) -> str:
        """The handle of the newest piece of a kind."""
        return [handle for handle in self.pieces if self.kinds[handle] == kind][-1]

    async def settle(self) -> None:
        """Wait until nothing is on its way."""
        surface = self.session.get(Surface)
        await eventually(lambda: surface._timer is None)
        await eventually(lambda: self.mailbox.seq == self.mailbox._numbers.last)
        await self.look()

    async def shows(self, kind: str) -> dict[str, Any]:
        """The newest piece of a kind, once all is told."""
        await self.settle()
        return self.of(kind)[-1]
