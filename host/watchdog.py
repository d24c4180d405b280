"""A watch over the event loop: whose code keeps it from everybody, in which line, and that it does not do so again.

A thread looks from outside, as the loop cannot look while it is kept. It cannot stop code that runs: in one process
nothing can. It says who it is, and an extension that did it repeatedly is ended once the loop is free.
"""

from __future__ import annotations

import asyncio
import logging
import sys
import threading
import time
from collections import deque
from collections.abc import Iterator
from types import FrameType
from typing import TYPE_CHECKING, NamedTuple

from host.activation import Activations
from host.modules import Copies

if TYPE_CHECKING:
    from host.loader import Loader
    from sessions.context import SessionContext
    from sessions.manager import SessionManager

log = logging.getLogger("roost.watchdog")

BEAT_S = 0.1
"""How often the loop says that it is free, and the thread looks."""

BLOCKED_S = 1.0
"""For how long the loop must be kept for an offence."""

OFFENCES = 3
WITHIN_S = 600.0
"""So many offences of one extension for one user within this time disable it for them."""

SEEN = 3
"""The same extension must be seen so many times in a row: who is merely there when a busy machine halts is not it."""

DISABLED = "extensions.onDidDisable"
"""The event that tells a user of an extension that was ended for good: `{id, message}`."""

REASON = "it kept everybody waiting and is disabled; ask the operator"


class Offence(NamedTuple):
    """An extension kept the loop: its id, the user's uid where that is known, the place in its code."""

    extension: str
    uid: str | None
    place: str


class Watchdog:
    """Watches one loop for as long as the body of `with` runs. `stalls` counts what it saw, of extensions or not."""

    def __init__(
        self,
        loader: Loader,
        sessions: SessionManager,
        *,
        blocked_s: float = BLOCKED_S,
        offences: int = OFFENCES,
        beat_s: float = BEAT_S,
    ) -> None:
        self._loader = loader
        self._sessions = sessions
        self._blocked_s = blocked_s
        self._offences = offences
        self._beat_s = beat_s
        self._loop = asyncio.get_running_loop()
        self._loop_thread = threading.get_ident()
        self._beat_at = time.monotonic()
        self._timer: asyncio.TimerHandle | None = None
        self._stop = threading.Event()
        self._thread = threading.Thread(target=self._watch, name="watchdog", daemon=True)
        self._recent: dict[tuple[str, str | None], deque[float]] = {}
        self.stalls = 0
        """How often the loop was kept for too long."""
        self.disabled: set[tuple[str, str | None]] = set()
        """Extensions that were ended for good, by id and uid; uid None is everybody."""

    def __enter__(self) -> Watchdog:
        self._beat()
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._stop.set()
        if self._timer is not None:
            self._timer.cancel()

    def _beat(self) -> None:
        self._beat_at = time.monotonic()
        self._timer = self._loop.call_later(self._beat_s, self._beat)

    # -- in the thread

    def _watch(self) -> None:
        seen: list[Offence | None] = []
        said = 0.0
        while not self._stop.wait(self._beat_s):
            kept = time.monotonic() - self._beat_at
            if kept < self._blocked_s / 2:
                if said:
                    log.warning("the loop is free again")
                seen, said = [], 0.0
                continue
            seen.append(self._look())
            if kept >= self._blocked_s and kept >= 2 * said and len(seen) >= SEEN:
                self._say(seen[-SEEN:], kept, again=bool(said))
                said = kept

    def _say(self, seen: list[Offence | None], kept: float, again: bool) -> None:
        """Tell the operator, first after `blocked_s` and then each time that it lasts twice as long."""
        self.stalls += not again
        last = seen[-1]
        if last is None or any(one is None or one.extension != last.extension for one in seen):
            log.error("the loop is kept for %.1f s, by no extension%s", kept, self._stack())
            return
        who = last.uid if last.uid is not None else "somebody"
        log.error("extension %s keeps the loop for %.1f s, for %s, at %s", last.extension, kept, who, last.place)
        if not again:
            self._loop.call_soon_threadsafe(self._count, last)

    def _look(self) -> Offence | None:
        """Whose code the loop's thread runs now: the innermost frame that is an extension's."""
        for frame in self._frames():
            found = self._loader.extension_of(frame.f_code.co_filename)
            if found is not None:
                place = f"{frame.f_code.co_filename}:{frame.f_lineno} ({frame.f_code.co_name})"
                return Offence(found.id, self._user(found.package.name, frame), place)
        return None

    def _frames(self) -> Iterator[FrameType]:
        frame = sys._current_frames().get(self._loop_thread)
        while frame is not None:
            yield frame
            frame = frame.f_back

    def _stack(self) -> str:
        places = [f"{frame.f_code.co_filename}:{frame.f_lineno}" for frame in self._frames()]
        return ": " + " < ".join(places[:6]) if places else ""

    def _user(self, package: str, frame: FrameType) -> str | None:
        """Whose module runs; of a module that all share, whose task."""
        task = asyncio.current_task(self._loop)
        for session in self._sessions:
            copies = session.peek(Copies)
            if copies is not None and copies.has(package, frame.f_globals):
                return session.uid
            if task is not None and session.runs(task):
                return session.uid
        return None

    # -- on the loop, once it is free

    def _count(self, offence: Offence) -> None:
        key, now = (offence.extension, offence.uid), time.monotonic()
        recent = self._recent.setdefault(key, deque(maxlen=self._offences))
        recent.append(now)
        if len(recent) == self._offences and now - recent[0] <= WITHIN_S and key not in self.disabled:
            self.disabled.add(key)
            self._disable(offence)

    def _disable(self, offence: Offence) -> None:
        who, times = offence.uid or "everybody", self._offences
        log.error("extension %s kept the loop %s times and is disabled for %s", offence.extension, times, who)
        self._loader.disable(offence.extension, offence.uid, REASON)
        for session in self._sessions:
            if offence.uid in (None, session.uid) and not session.closing:
                session.start(self._end(session, offence.extension), f"disable {offence.extension}")

    async def _end(self, session: SessionContext, extension: str) -> None:
        await session.get(Activations).end_one(extension)
        session.mailbox.post(DISABLED, {"id": extension, "message": REASON})
