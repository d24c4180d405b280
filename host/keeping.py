"""Backups of every user's state by a schedule, and what a user is told when one was put back. No copy is made here."""

from __future__ import annotations

import asyncio
import logging
import sqlite3
from collections.abc import Callable, Iterator
from contextlib import suppress
from datetime import UTC, datetime
from functools import partial
from pathlib import Path
from typing import Any

from host.tables import Backups
from host.totals import NAME
from sessions import backups
from sessions.backups import Rescued, back_up, backups_of, changed_since_backup, give
from sessions.context import SessionContext
from sessions.current import checked_uid
from sessions.errors import RoostError, StoreError

log = logging.getLogger("roost.host")

LOOKS_S = 300.0
"""How often it is looked who has changed; so a new user has a first backup soon."""

RESTORED = "session.onDidRestoreState"


class Keeper:
    """Keeps the backups of a host. `session_of` is the session that is open now, if one is."""

    def __init__(self, data: Path, settings: Backups, session_of: Callable[[str], SessionContext | None]) -> None:
        self._data = data
        self._settings = settings
        self._session_of = session_of
        self._untold: dict[str, Rescued] = {}
        self.made = 0
        """Backups made since the start, for metrics."""
        self.failed = 0

    async def run(self) -> None:
        """Make what is due, again and again."""
        every_s = self._settings.every_s
        while every_s is not None:
            await asyncio.sleep(min(LOOKS_S, every_s))
            for state in await asyncio.to_thread(lambda: list(states(self._data))):
                await self.look_after(state)

    async def look_after(self, state: Path) -> None:
        """Back up one file, if it was written and its newest backup is old enough. What fails is logged, no more."""
        try:
            made = await asyncio.to_thread(_back_up_when_due, state, self._settings.keep, self._settings.every_s or 0.0)
        except (sqlite3.Error, OSError) as error:
            self.failed += 1
            log.warning("no backup could be made: %s", _reason(error), extra={"user": state.parent.name})
        else:
            self.made += made

    # -- what was put back

    def rescued(self, uid: str, rescued: Rescued) -> None:
        """A damaged state.db was replaced: the log, and the user now or when their session has opened."""
        log.error("%s", message_of(rescued), extra={"user": uid})
        session = self._session_of(uid)
        if session is None or session.closing:
            self._untold[uid] = rescued
        else:
            _tell(session, rescued)

    async def opened(self, session: SessionContext) -> None:
        """Tell the user of a session that has just opened what was found when it did."""
        rescued = self._untold.pop(session.uid, None)
        if rescued is not None:
            _tell(session, rescued)


def states(data: Path) -> Iterator[Path]:
    """Every state.db in a data folder: the users', and the host's own books."""
    for folder in ("users", "host"):
        yield from sorted((data / folder).glob("*/state.db"))


def _back_up_when_due(state: Path, keep: int, every_s: float) -> bool:
    age_s = changed_since_backup(state)
    if age_s is None or age_s < every_s:
        return False
    back_up(state, keep)
    return True


def _reason(error: Exception) -> str:
    """Without a path: only the user's name goes into the log."""
    return (error.strerror or "the system refuses it") if isinstance(error, OSError) else str(error)


def _tell(session: SessionContext, rescued: Rescued) -> None:
    text = message_of(rescued)
    made_at = None if rescued.made_at is None else int(rescued.made_at * 1000)
    data: dict[str, Any] = {"message": text, "kept": rescued.kept, "backup": rescued.backup, "madeAt": made_at}
    with suppress(RoostError):
        session.mailbox.post(RESTORED, data, durable=True)
        session.requests.ask(  # who was not there when the event came sees this when they come
            "window.showMessage", {"severity": "error", "message": text, "modal": False, "items": []}
        )


def message_of(rescued: Rescued) -> str:
    """What happened, as the user and the log are told."""
    found = f"your stored state was damaged and is kept as {rescued.kept}"
    if rescued.made_at is None:
        return f"{found}; there was no good backup, so it begins anew: your files are as they were"
    when = datetime.fromtimestamp(rescued.made_at, UTC).strftime("%Y-%m-%d %H:%M:%S UTC")
    put = f"the backup of {when} is in its place, and what was stored since then is not"
    return f"{found}; {put}: your files are as they were"


# -- what the command line does

BOOKS = "the host's books"


def state_of(data: Path, uid: str | None) -> Path:
    """Where a user's state is, or (None) what the host itself keeps."""
    return data / "host" / NAME / "state.db" if uid is None else data / "users" / checked_uid(uid) / "state.db"


def back_up_all(
    data: Path, uids: tuple[str, ...], keep: int, to: Path | None
) -> Iterator[tuple[str, Path | Exception]]:
    """Back up the named users, or all and the host's books, while a host may run: each's backup, or its failure."""
    for state in states(data):
        uid, kind = state.parent.name, state.parent.parent.name
        if uids and not (kind == "users" and uid in uids):
            continue
        name = uid if kind == "users" else BOOKS
        try:
            yield name, back_up(state, keep, to=None if to is None else to / kind / uid)
        except (sqlite3.Error, OSError) as error:
            yield name, error


def why_not(error: Exception) -> str:
    """Why no backup could be made, for the operator."""
    place = f": {error.filename}" if isinstance(error, OSError) and error.filename else ""
    return f"no backup could be made: {_reason(error)}{place}"


def choose(state: Path, wanted: str | None) -> Path | None:
    """The backup that `wanted` means: a file, a name in the user's folder, or (None) the newest."""
    found = backups_of(state)
    if wanted is None:
        return next(iter(found), None)
    named = Path(wanted)
    return named if named.is_file() else next(filter(partial(_is_named, wanted), found), None)


def put_back(state: Path, backup: Path) -> str | None:
    """Put a backup in the place of what is there, which is kept under the name that is returned.

    Raises `StoreError` where the backup is damaged; then nothing has changed.
    """
    if not state.parent.exists():
        state.parent.mkdir(mode=0o711, parents=True)
        give(state.parent, state.parent.parent)
    try:
        backups.verify(backup)
        kept = backups.keep_aside(state, "before") if state.exists() else None
        backups.put_back(state, backup)
    except (sqlite3.DatabaseError, OSError) as error:
        raise StoreError(f"{backup.name} cannot be put back: {_reason(error)}; choose another backup") from None
    return kept


def _is_named(wanted: str, backup: Path) -> bool:
    return backup.name == wanted
