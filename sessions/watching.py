"""Which of a user's directory trees are watched, and for whom; who listens soon hears of changes. It knows no glob."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING

from sessions.errors import RoostError
from sessions.inotify import Inotify, Refused, nothing
from sessions.watchtree import Budget, Change, Tree

if TYPE_CHECKING:
    from sessions.context import SessionContext

log = logging.getLogger("roost.sessions")

SOON_S = 0.05
"""How long changes gather before they are told, in seconds: as in VS Code."""
SHARE = 4
"""Looking took t seconds: the next look is at least so many times t later, so that it takes a fifth of a thread."""
POLL_S, POLL_SHARE = 5.0, 20
"""How often directories are looked at that the kernel does not let be watched, in seconds as in VS Code; a twentieth of
a thread at most."""
MISSING_S = 2.0
"""How often it is looked whether a watched directory that is not there has come, in seconds."""

TOLD = 250
"""Changes that are told, all who hear counted, before others have their turn."""

FOLDERS = 4_096
"""Directories of one user that are watched at most; the kernel has some 100,000 for a whole host."""
ENTRIES = 100_000

FULL = (
    f"of one user at most {FOLDERS} directories and {ENTRIES} entries are, and of all no more than the kernel allows; "
    "exclude some by files.watcherExclude"
)

Hear = Callable[[Sequence[Change]], None]


class Watch:
    """One tree that is watched, and who hears of it."""

    __slots__ = (
        "_busy", "_give_back", "_poll", "_session", "_timer", "began", "hears", "told_full", "told_polled", "took",
        "tree",
    )  # fmt: skip

    def __init__(self, session: SessionContext, path: str, recursive: bool, budget: Budget, excluded: Excluded) -> None:
        self._session = session
        inotify = self._take()
        self.tree = Tree(session.files.root, path, recursive, inotify, budget, excluded, self._stir)
        inotify.lost.add(self.tree.lost)
        self._timer: asyncio.TimerHandle | None = None
        self._poll: asyncio.TimerHandle | None = None
        self._busy = True
        self.took = 0.0
        self.told_full = self.told_polled = False
        self.hears: list[Hear] = []
        try:
            self.began = session.promise(self._begin(), "watch files")
        except RoostError:  # the session is ending
            self._let_go()()
            raise

    def _take(self) -> Inotify | Refused:
        try:
            inotify, self._give_back = self._session.inotify.take(self._session.uid)
        except OSError as error:
            self._give_back = lambda: nothing
            return Refused(error)
        return inotify

    async def _begin(self) -> None:
        await asyncio.to_thread(self.tree.begin)
        self._busy = False
        self._say_if_full()
        self._later()

    def covers(self, path: str, recursive: bool) -> bool:
        """Whether what happens at a path, and below it, is heard here, as somebody else listens already."""
        if not self.hears:
            return False
        top = self.tree.top.name
        if path == top:
            return self.tree.recursive or not recursive
        return self.tree.recursive and path.startswith(top + "/") and not self.tree.excluded(path[len(top) + 1 :])

    def _stir(self) -> None:
        if self._timer is None and not self._busy and not self._session.closing:
            self._timer = self._after(max(SOON_S, min(2.0, SHARE * self.took)), self._look_soon)

    def _after(self, seconds: float, then: Callable[[], None]) -> asyncio.TimerHandle:
        return asyncio.get_running_loop().call_later(seconds, then, context=self._session.context.copy())

    def _poll_soon(self) -> None:
        """Look at what the kernel does not tell of, and ask it again for more."""
        self._poll = None
        if not self._busy and isinstance(self.tree.inotify, Refused):
            self.tree.inotify.lost.discard(self.tree.lost)
            self.tree.inotify = self._take()
            self.tree.inotify.lost.add(self.tree.lost)
        self.tree.poll()
        self._stir()
        self._later()

    def _look_soon(self) -> None:
        self._timer = None
        if not self._session.closing:
            self._busy = True
            self._session.start(self._look(), "look at changes")

    async def _look(self) -> None:
        loop = asyncio.get_running_loop()
        began = loop.time()
        try:
            changes = await asyncio.to_thread(self.tree.look, self.tree.taken())
            self.took = loop.time() - began
            await self._tell(changes)
        finally:
            self._busy = False
        self._say_if_full()
        self._later()

    async def _tell(self, changes: Sequence[Change]) -> None:
        """Let everybody hear, a portion after the other: a checkout changes thousands of files at once."""
        told = 0
        for begin in range(0, len(changes), TOLD):
            some = changes[begin : begin + TOLD]
            for hear in list(self.hears):
                if hear in self.hears:  # still: others had their turn
                    hear(some)
                told += len(some)
                if told >= TOLD:
                    told = 0
                    await asyncio.sleep(0)

    def _later(self) -> None:
        if self._session.closing or not self.hears:
            return
        if self.tree.dirty:
            self._stir()
        elif self.tree.missing and self._timer is None:
            self._timer = self._after(MISSING_S, self._look_soon)
        if self.tree.unheard and self._poll is None:
            self._poll = self._after(max(POLL_S, POLL_SHARE * self.took), self._poll_soon)

    def _say_if_full(self) -> None:
        top = self.tree.top.path or "/"
        if self.tree.unheard and not self.told_polled:
            self.told_polled = True
            words = "%s of %s: %d directories are looked at every %g s instead of watched: %s"
            log.warning(words, top, self._session.uid, len(self.tree.unheard), POLL_S, self.tree.refused)
        if self.tree.full and not self.told_full:
            self.told_full = True
            words = f"not all of {top} is watched: {FULL}"
            log.warning("files of %s: %s", self._session.uid, words)
            try:
                self._session.mailbox.post("workspace.onDidFailToWatch", {"message": words})
            except RoostError:
                return  # the log has it

    async def close(self) -> None:
        """Watch it no more. Where this was cancelled it can be done again."""
        self.hears.clear()
        for timer in (self._timer, self._poll):
            if timer is not None:
                timer.cancel()
        await asyncio.to_thread(self.tree.end)
        await asyncio.to_thread(self._let_go())

    def _let_go(self) -> Callable[[], None]:
        self.tree.inotify.lost.discard(self.tree.lost)
        self.tree.stir = lambda: None  # who is stirred holds the tree
        return self._give_back()


Excluded = Callable[[str], bool]


class Watching:
    """A user's watches: one a tree however many listen to it, and none where nobody does."""

    __slots__ = ("_budget", "_session", "_watches")

    def __init__(self, session: SessionContext) -> None:
        self._session = session
        self._budget = Budget(FOLDERS, ENTRIES)
        self._watches: list[Watch] = []

    def follow(
        self, path: str, hear: Hear, *, recursive: bool = True, excluded: Excluded = lambda path: False
    ) -> tuple[asyncio.Future[None], Callable[[], None]]:
        """Let `hear` hear what changes at `path` and below it, some of it elsewhere in the same tree too.

        Gives what is done once all is heard, and the undo. Whatever is changed by `session.files` waits for the first.
        What the kernel does not let be watched is looked at every `POLL_S` seconds.
        """
        path = path.rstrip("/")
        watch = next((one for one in self._watches if one.covers(path, recursive)), None)
        if watch is None:
            watch = self._new(path, recursive, excluded)
        watch.hears.append(hear)
        # Shielded: others hear by the same watch, and who does not wait any more must not keep it from beginning.
        return asyncio.shield(watch.began), lambda: self._leave(watch, hear)

    def _new(self, path: str, recursive: bool, excluded: Excluded) -> Watch:
        watch = Watch(self._session, path, recursive, self._budget, excluded)
        self._watches.append(watch)
        self._session.files.wait_for(watch.began)
        return watch

    def _leave(self, watch: Watch, hear: Hear) -> None:
        if hear not in watch.hears:
            return
        watch.hears.remove(hear)
        if not watch.hears and not self._session.closing:
            self._session.start(self._end(watch), "end a watch")

    async def _end(self, watch: Watch) -> None:
        """End it; if the session ends before this has, `close` does it."""
        await watch.close()
        self._watches.remove(watch)

    @property
    def overflowed(self) -> int:
        """How often events were lost, so that all was looked at again."""
        return sum(watch.tree.overflowed for watch in self._watches)

    async def close(self) -> None:
        """The session ends."""
        for watch in self._watches:
            await watch.close()
        self._watches.clear()
