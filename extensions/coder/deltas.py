"""What streams to clients: pieces of texts, put together for a moment, as live `coder.delta` events."""

from __future__ import annotations

import asyncio

from shim.proposed import events

MOMENT_S = 0.03
LARGEST = 64 * 1024
"""Characters that wait at most; then they go out at once."""


class Deltas:
    """The pieces of one task."""

    __slots__ = ("_pieces", "_size", "_task_id", "_timer")

    def __init__(self, task_id: str) -> None:
        self._task_id = task_id
        self._pieces: dict[tuple[int, str], list[str]] = {}
        self._size = 0
        self._timer: asyncio.TimerHandle | None = None

    def add(self, message_id: int, kind: str, text: str) -> None:
        """Show a piece of a message soon. `kind` is text, thinking, arguments or output."""
        if not text:
            return
        self._pieces.setdefault((message_id, kind), []).append(text)
        self._size += len(text)
        if self._size >= LARGEST:
            self.flush()
        elif self._timer is None:
            self._timer = asyncio.get_running_loop().call_later(MOMENT_S, self.flush)

    def flush(self) -> None:
        """Show what waits."""
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None
        pieces, self._pieces, self._size = self._pieces, {}, 0
        for (message_id, kind), texts in pieces.items():
            delta = {"taskId": self._task_id, "messageId": message_id, "kind": kind, "text": "".join(texts)}
            events.post("coder.delta", delta)
