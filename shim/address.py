"""Where the user's clients reach the host, as they came: what links for them begin with. It opens nothing."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING

from shim.uri import Uri

if TYPE_CHECKING:
    from sessions.context import SessionContext

SCHEME = "roost"
"""The scheme of the Uris that come to extensions: `roost://publisher.name/path`."""

LOCAL = ("localhost", "127.0.0.1", "[::1]")
PORTS = {"http": 80, "https": 443}


class Address:
    """The address that the user's newest client came to."""

    __slots__ = ("_base", "_known", "_query")

    def __init__(self, session: SessionContext) -> None:
        self._base = self._query = ""
        self._known: asyncio.Event | None = None

    def note(self, base: str, query: str) -> None:
        """A client came to `base`; `query` is what says there who it is, if nothing else does."""
        if base:
            self._base, self._query = base, query
            if self._known is not None:
                self._known.set()

    async def external(self, target: Uri) -> Uri:
        """`target` as a client reaches it: a server on the user's own machine here, or a Uri for an extension.

        It waits for a client where none has been here yet. What is the same everywhere comes back as it is.
        """
        path = _path(target)
        if path is None:
            return target
        while not self._base:
            self._known = self._known or asyncio.Event()
            await self._known.wait()
        found = Uri.parse(f"{self._base}{path}")
        query = "&".join(part for part in (self._query, target.query) if part)
        return found.with_(path=found.path, query=query or None, fragment=target.fragment or None)


def _path(target: Uri) -> str | None:
    """The path below the host's address that stands for a Uri; None where it stands for itself."""
    if target.scheme == SCHEME:
        return f"/uri/{target.authority}{target.path}"
    name, _, port = target.authority.rpartition(":")
    name, port = (name, port) if name and port.isdigit() else (target.authority, str(PORTS.get(target.scheme, "")))
    return f"/preview/{port}{target.path}" if target.scheme in PORTS and name in LOCAL else None
