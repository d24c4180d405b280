"""What the model of a task knows of files: the text it saw or wrote last. A file that is another by now is told."""

from __future__ import annotations

import asyncio
import time
from collections import OrderedDict
from dataclasses import dataclass, field
from hashlib import blake2b
from typing import Any

from extensions.coder.differences import unified

MOST = 500
"""Files that are remembered; the longest unused is forgotten first."""

KEPT = 64 * 1024
"""Characters of a text that is remembered itself, so that what changed can be told."""

MOST_KEPT = 40
DIFF_CHARS = 4_000


@dataclass(slots=True)
class Known:
    """A text as the model knows it."""

    digest: bytes
    text: str | None
    noted: int = field(default_factory=lambda: time.time_ns() // 1_000_000)
    """When, in milliseconds since 1970."""
    mark: object = None
    """What its file was when it was looked at last."""
    is_stale: bool = False
    """Whether it was another then."""


class Seen:
    """The files that the model of a task has seen. One a task, in its notes."""

    __slots__ = ("_known", "look_at")

    def __init__(self) -> None:
        self._known: OrderedDict[str, Known] = OrderedDict()
        self.look_at = 0.0
        """When its files are looked at next, on the clock of `time.monotonic`."""

    @classmethod
    def of(cls, notes: dict[str, Any]) -> Seen:
        """The one of the task."""
        found: Seen = notes.setdefault("files seen", cls())
        return found

    async def note(self, path: str, text: str) -> None:
        """The model knows the file as it is now."""
        mark = digest(text) if len(text) <= KEPT else await asyncio.to_thread(digest, text)
        self._known[path] = Known(mark, text if len(text) <= KEPT else None)
        self._known.move_to_end(path)
        if len(self._known) > MOST:
            self._known.popitem(last=False)
        for older in list(self._known.values())[:-MOST_KEPT]:
            older.text = None

    def forget(self, path: str) -> None:
        """There is no such file any more."""
        self._known.pop(path, None)

    def has(self, path: str) -> bool:
        """Whether the model has seen the file."""
        return path in self._known

    def newest(self, most: int) -> list[tuple[str, Known]]:
        """The files that it saw last."""
        return list(self._known.items())[-most:]

    async def is_stale(self, path: str, text: str) -> bool:
        """Whether the file is another than the one that the model saw."""
        known = self._known.get(path)
        return known is not None and known.digest != await asyncio.to_thread(digest, text)

    async def told(self, path: str, name: str, text: str) -> str:
        """What the model must know of a file that changed since it saw it; nothing where it did not."""
        if not await self.is_stale(path, text):
            return ""
        known = self._known[path].text
        diff = (await asyncio.to_thread(unified, name, known, text)).text if known is not None else ""
        head = f"{name} was changed by the user or a command since you last saw it."
        if not diff or len(diff) > DIFF_CHARS:
            return f"{head} Read it again before you rely on the rest of it."
        return f"{head} What changed before your edit:\n{diff}"


def digest(text: str) -> bytes:
    """Sixteen bytes that stand for a text."""
    return blake2b(text.encode("utf-8", "surrogatepass"), digest_size=16).digest()
