"""The processes of a sandbox that wait to become a terminal's shell: how many, of what kind, when they are made."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Iterator, Mapping
from contextlib import suppress

from sessions.descriptors import Handle
from sessions.errors import RoostError
from sessions.inside import Inside
from sessions.spare import LINE_BYTES, Early, Likely, Spare
from sessions.supervisor import Supervisor
from sessions.tasks import Tasks

PARK_SECONDS = 20.0
PAUSE_S = 0.1
LAST_WORDS = 3
"""Turns of the loop after which what a process said before its end has been heard."""

MOST = 2
"""How many wait, of both kinds together."""

Words = Callable[[Likely], bytes]
"""The `supervisor.command` that starts a shell which waits."""


class Spares:
    """Those that wait in a sandbox. `folder` is the host's own there, called `inside` in it.

    A sandbox that is started for a terminal begins with that one's shell, where it can be started before its time, else
    with one that can become any program. Later there are both: the next of the kind that was last opened is made at
    once, as a second terminal often follows the first, and any other only when nobody opens terminals any more, whose
    time it would take.
    """

    __slots__ = (
        "_asked", "_closing", "_early", "_first", "_folder", "_inside", "_likely", "_making", "_mark", "_numbers",
        "_opened", "_owner", "_parking", "_path", "_supervisor", "_tasks", "_waiting", "_words",
    )  # fmt: skip

    def __init__(
        self,
        folder: Handle,
        inside: str,
        owner: int | None,
        supervisor: Supervisor,
        tasks: Tasks,
        mark: Mapping[str, str],
        words: Words,
        numbers: Iterator[int],
    ) -> None:
        """`mark` is set for those that wait, beside what all have; `numbers` name their pipes."""
        self._folder = folder
        self._path = inside
        self._owner = owner
        self._supervisor = supervisor
        self._tasks = tasks
        self._mark = mark
        self._words = words
        self._inside: Inside | None = None
        self._numbers = numbers
        self._waiting: list[Spare] = []
        self._opened: list[Spare] = []
        self._first: Early | None = None
        self._early: Early | None = None
        self._likely: Likely | None = None
        self._making: asyncio.Future[None] | None = None
        self._parking: asyncio.Task[None] | None = None
        self._asked = asyncio.Event()
        self._closing = False

    def __len__(self) -> int:
        return len(self._waiting) + (self._early is not None)

    def prepare(self, likely: Likely | None) -> None:
        """What the first of them needs. Blocks: call it in a thread, before the sandbox starts."""
        if likely is None:
            self._opened = self.open(1)
        else:
            self._first = self._open_early(likely)

    def begin(self) -> None:
        """The sandbox starts: one that needs nothing of it is started as soon as it can be."""
        opened, self._opened = self._opened, []
        if opened:
            self.start(opened)

    async def enter(self, inside: Inside) -> None:
        """The sandbox runs, so that one may begin that needs a terminal in it."""
        self._inside = inside
        if self._first is not None:
            self.refill(self._first.likely)
            await asyncio.sleep(0)  # it is being made now, and so is waited for by who wants it

    @property
    def _parent(self) -> int:
        return self._inside.shell if self._inside is not None else 0

    # -- making them

    def open(self, wanted: int) -> list[Spare]:
        """What those need that are missing before they can be started. Blocks: call it in a thread."""
        opened: list[Spare] = []
        try:
            for _ in range(wanted - len(self._waiting)):
                opened.append(Spare(self._folder, self._path, next(self._numbers)))
                opened[-1].open(self._owner)
        except BaseException:
            drop(opened)
            raise
        return opened

    def start(self, opened: list[Spare]) -> None:
        """Let those wait."""
        self._parking = self._tasks.start(self._keep(opened), "shells that wait")

    def refill(self, likely: Likely | None) -> None:
        """Let as many wait again as there may; `likely` is what was just opened, if it can be started early."""
        self._likely = likely or self._likely
        self._asked.set()
        if self._parking is None and not self._closing and not self._supervisor.lost:
            self.start([])

    async def _keep(self, opened: list[Spare]) -> None:
        try:
            if opened:
                await self._park(opened)
            while self._asked.is_set() and not self._closing and not self._supervisor.lost:
                self._asked.clear()
                await self._fill()
        except (OSError, TimeoutError, RoostError):  # the sandbox ends, or has no room: terminals start slower
            return
        finally:
            self._parking = None

    async def _fill(self) -> None:
        """Make what is missing; whoever opens a terminal meanwhile is looked after first."""
        if self._likely is not None and (self._early is None or self._early.likely != self._likely):
            await self._make_early(self._likely)
        most = MOST - (self._likely is not None)
        if len(self._waiting) < most and not (len(self) and await self._asked_within(PAUSE_S)):
            await self._park(await asyncio.to_thread(self.open, most))

    async def _asked_within(self, seconds: float) -> bool:
        with suppress(TimeoutError):
            async with asyncio.timeout(seconds):
                await self._asked.wait()
        return self._asked.is_set()

    async def _park(self, opened: list[Spare]) -> None:
        try:
            async with asyncio.timeout(PARK_SECONDS):
                for spare in opened:
                    spare.process_id = await self._supervisor.park(spare.path, self._mark)
                    spare.find(self._parent)
                    self._waiting.append(spare)
        finally:
            await asyncio.to_thread(forget, opened)
            drop([spare for spare in opened if not spare.process_id])

    async def _make_early(self, likely: Likely) -> None:
        if self._early is not None:
            self._early.close()
            self._early = None
        made: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        self._making = made
        try:
            await self._start_early(likely)
        finally:
            self._making = None
            made.set_result(None)

    async def _start_early(self, likely: Likely) -> None:
        if self._inside is None:
            return
        early, self._first = self._first, None
        if early is None:
            early = await asyncio.to_thread(self._open_early, likely)
        try:
            early.open_terminal(self._inside.ptmx, self._owner)
            async with asyncio.timeout(PARK_SECONDS):
                early.process_id = await self._supervisor.start_early(self._words(likely), early.terminal, early.path)
            early.started()
            early.find(self._parent)
        except BaseException:
            early.close()
            raise
        finally:
            await asyncio.to_thread(early.forget)
        if self._closing or not early.process_id:
            early.close()
        else:
            self._early = early

    def _open_early(self, likely: Likely) -> Early:
        """One that has its pipe. Blocks: call it in a thread."""
        early = Early(self._folder, self._path, next(self._numbers), likely)
        try:
            early.open(self._owner)
        except BaseException:
            early.close()
            raise
        return early

    # -- using them

    async def wake(self, likely: Likely, nonce: str, columns: int, rows: int) -> tuple[int, int, int] | None:
        """The master, pid and pidfd of a shell that was started early and now goes on; None where there is none.

        One that is just being made is waited for, by the first who asks: nothing else would be sooner.
        """
        making, self._making = self._making, None
        if making is not None and self._early is None:
            await asyncio.shield(making)
        early = self._early
        if early is None or early.likely != likely:
            return None
        self._early = None
        try:
            early.find(self._parent)
            return (early.wake(nonce, columns, rows), early.process_id, early.take()) if early.lives else None
        finally:
            early.close()

    async def use(self, line: bytes) -> tuple[int, int] | None:
        """The pid and pidfd of a shell that waited and now does that `line`; None where none can."""
        while self._waiting and len(line) <= LINE_BYTES:
            spare = self._waiting.pop(0)
            try:
                spare.find(self._parent)
                if spare.pidfd >= 0 and await self._told(spare, line):
                    return spare.process_id, spare.take()
            finally:
                spare.close()
        return None

    async def _told(self, spare: Spare, line: bytes) -> bool:
        """Whether it is the terminal's shell now; one that was killed before is not."""
        answer = self._supervisor.become(line, spare.say)
        loop = asyncio.get_running_loop()
        dead: asyncio.Future[int] = loop.create_future()
        loop.add_reader(spare.pidfd, dead.cancel)
        try:
            await asyncio.wait({answer, dead}, return_when=asyncio.FIRST_COMPLETED)
            for _ in range(LAST_WORDS):
                if not answer.done():
                    await asyncio.sleep(0)
            return bool(answer.done() and answer.result())
        finally:
            loop.remove_reader(spare.pidfd)
            if not answer.done():
                self._supervisor.forget(answer)

    async def close(self) -> None:
        """Let go of those that wait. Call it once the supervisor is closed, before the folder is."""
        self._closing = True
        self._asked.set()
        if self._parking is not None:
            await asyncio.wait({self._parking}, timeout=PARK_SECONDS)
        drop([*self._opened, *self._waiting, *(one for one in (self._first, self._early) if one is not None)])
        self._opened.clear()
        self._waiting.clear()
        self._first = self._early = None
        self._words = lambda likely: b""  # who says them holds this


def drop(spares: list[Spare]) -> None:
    for spare in spares:
        spare.close()


def forget(spares: list[Spare]) -> None:
    for spare in spares:
        spare.forget()
