"""File contents that were read before, shared by users where they are the same. It reads no file and knows no path."""

from __future__ import annotations

import threading
from collections import OrderedDict
from hashlib import sha256

Key = tuple[str, tuple[int, ...]]
"""(uid, identity of one version of one file): what one user reads can never be found by another."""

ENTRY = 1_024
"""Bytes that an entry is counted with beside its content, so that many empty files are bounded too."""
LARGEST_SHARE = 8
"""A content of more than this part of the whole limit is not kept: it would push out too many others."""


class FileCache:
    """The newest contents, at most `limit` bytes of them; threads may use it at once (`sessions.files.Cache`)."""

    __slots__ = ("_contents", "_entries", "_lock", "_owned", "bytes", "limit")

    def __init__(self, limit: int) -> None:
        self.limit = limit
        self.bytes = 0
        self._lock = threading.Lock()
        self._entries: OrderedDict[Key, bytes] = OrderedDict()  # -> digest, the least lately used first
        self._contents: dict[bytes, tuple[bytes, int]] = {}  # digest -> (content, entries that hold it)
        self._owned: dict[str, set[Key]] = {}

    def __len__(self) -> int:
        return len(self._entries)

    def get(self, owner: str, identity: tuple[int, ...]) -> bytes | None:
        """What `owner` read from this very version of a file, if it is still kept."""
        with self._lock:
            digest = self._entries.get((owner, identity))
            if digest is None:
                return None
            self._entries.move_to_end((owner, identity))
            return self._contents[digest][0]

    def put(self, owner: str, identity: tuple[int, ...], content: bytes) -> None:
        if len(content) + ENTRY > self.limit // LARGEST_SHARE:
            return
        digest = sha256(content).digest()  # a hash that nobody can find two contents for
        with self._lock:
            key = owner, identity
            self._drop(key)
            kept, holders = self._contents.get(digest, (content, 0))
            self._contents[digest] = kept, holders + 1
            self._entries[key] = digest
            self._owned.setdefault(owner, set()).add(key)
            self.bytes += ENTRY + (0 if holders else len(content))
            while self.bytes > self.limit:
                self._drop(next(iter(self._entries)))

    def forget(self, owner: str) -> None:
        """Nobody reads for `owner` any more: drop what they read, most of it versions that are gone. It takes a moment
        for thousands of files."""
        with self._lock:
            for key in list(self._owned.get(owner, ())):
                self._drop(key)

    def _drop(self, key: Key) -> None:
        digest = self._entries.pop(key, None)
        if digest is None:
            return
        owned = self._owned[key[0]]
        owned.discard(key)
        if not owned:
            del self._owned[key[0]]
        content, holders = self._contents[digest]
        if holders > 1:
            self._contents[digest] = content, holders - 1
        else:
            del self._contents[digest]
        self.bytes -= ENTRY + (len(content) if holders == 1 else 0)
