"""Who has work that goes on with nobody connected: files beside the user's world, found again when the host starts."""

from __future__ import annotations

import asyncio
import logging
import os
from pathlib import Path
from typing import TYPE_CHECKING

from sessions.budgets import BudgetListeners
from sessions.errors import SessionClosed

if TYPE_CHECKING:
    from host.loader import Loader
    from sessions.context import SessionContext
    from sessions.manager import SessionManager

log = logging.getLogger("roost.host")

NAMES = {"work": "awake", "budget": "short"}
"""What a user has (work that runs, work that waits for money), and the file that says so."""


class Waker:
    """Opens the sessions of those who have work, so that it goes on."""

    def __init__(self, data: Path, sessions: SessionManager, loader: Loader) -> None:
        self._data = data
        self._sessions = sessions
        self._loader = loader

    async def wake(self) -> None:
        """Open the sessions whose work went on when the last run of the host ended, one after the other."""
        for uid in await asyncio.to_thread(_marked, self._data):
            await self._resume(uid)

    async def budget_changed(self, uid: str | None = None) -> None:
        """More may be spent by a user, or by everybody: work that waits for that looks again, also of who sleeps."""
        waiting = await asyncio.to_thread(_marked, self._data)
        for one in waiting if uid is None else [uid] if uid in waiting else []:
            await self._resume(one, richer=True)

    async def opened(self, session: SessionContext) -> None:
        """A session was opened for its user: its work goes on, too."""
        if await asyncio.to_thread(_is_marked, self._data, session.uid):
            session.start(self._loader.resume(session), "go on with work")

    async def _resume(self, uid: str, *, richer: bool = False) -> None:
        """Open a session for its work, and tell it where there may be more money."""
        try:
            async with self._sessions.using(uid) as session:
                await self._loader.resume(session)
                if richer:
                    session.get(BudgetListeners).changed()
                log.info("session opened for its work", extra={"user": uid})
        except SessionClosed:  # the host stops: the next one finds the same work
            return
        except Exception:  # one user's failure must not keep the others' work from going on
            log.exception("a session with work could not be opened", extra={"user": uid})


async def mark(folder: Path, what: str, on: bool) -> None:
    """Note durably that the user of this folder has such work, or has none any more."""
    await asyncio.to_thread(_mark, folder, NAMES[what], on)


def _mark(folder: Path, name: str, on: bool) -> None:
    if on:
        descriptor = os.open(folder / name, os.O_WRONLY | os.O_CREAT | os.O_CLOEXEC, 0o600)
        os.close(descriptor)
    else:
        (folder / name).unlink(missing_ok=True)
    place = os.open(folder, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
    try:
        os.fsync(place)
    finally:
        os.close(place)


def _marked(data: Path) -> list[str]:
    """The uids that have work of any kind."""
    return sorted({one.parent.name for name in NAMES.values() for one in (data / "users").glob(f"*/{name}")})


def _is_marked(data: Path, uid: str) -> bool:
    """Whether a user has work of any kind."""
    return any((data / "users" / uid / name).exists() for name in NAMES.values())
