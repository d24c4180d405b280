"""The commands of a task that run, or ran: read all the time, kept within bounds, ended with the task."""

from __future__ import annotations

import asyncio
import signal
import time
from collections.abc import Awaitable, Callable, Iterator
from typing import Any

import shim as vscode
from extensions.coder.kept import Kept, legible
from shim.proposed import processes
from shim.thenable import thenable

LOG_BYTES = 16 << 20
"""Of one command's output in the task's store."""

FOLDER = "command-output"
PACE_BYTES = 1 << 20
PACE_SECONDS = 0.05
"""A flood that is not stored any more is taken at 20 MB/s: the machine is for others, too."""

QUIET_SECONDS = 0.5
LINGER_SECONDS = 3.0
"""How long an ended command's output is waited for while something that it left behind still writes."""

MOST_RUNNING = 16
MOST_REMEMBERED = 48
NEWS_BYTES = 8_000
"""Of all background commands together, for each time that the environment is told."""

ONE_NEWS_BYTES = 2_000
ENVIRONMENT = (
    *(("LC_ALL", "C.UTF-8"), ("PAGER", "cat"), ("GIT_PAGER", "cat")),
    *(("GIT_CONFIG_COUNT", "1"), ("GIT_CONFIG_KEY_0", "safe.bareRepository"), ("GIT_CONFIG_VALUE_0", "explicit")),
)
"""What commands get besides. A folder that looks like a bare repository is none to git: files that an agent wrote there
would be its configuration, which runs programs."""


class Running:
    """One command. `ended` is done when it has ended by itself, was killed, or was out of time."""

    def __init__(self, number: int, command: str, cwd: str, log: vscode.Uri, preview: int) -> None:
        self.number = number
        """What the model calls it."""
        self.command = command
        self.cwd = cwd
        self.log = log
        """Where all of its output is, once that is more than `preview` bytes, or it went to the background."""
        self.kept = Kept()
        self.exit_code: int | None = None
        self.timed_out = False
        self.problem = ""
        """Why not all of the output is in the log."""
        self.is_background = False
        self.ended: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        self.news = asyncio.Event()
        self.on_output: Callable[[bytes], None] | None = None
        self.read_until = 0
        """Bytes of the output that the model has seen."""
        self.began = time.monotonic()
        self._preview = preview
        self._process: processes.Process | None = None
        self._pending: bytes | None = b""
        self._logged = 0
        self._lock = asyncio.Lock()
        self._work: vscode.Thenable[None] | None = None

    @property
    def artifact(self) -> str:
        """The log's name, by which `read_command_output` knows it."""
        return self.log.path.rpartition("/")[2]

    @property
    def is_stored(self) -> bool:
        """Whether there is a log."""
        return self._logged > 0

    @property
    def is_open(self) -> bool:
        """Whether it runs, or something that it left behind holds its output open."""
        return self._work is not None and not self._work.done()

    async def start(self, limit: float | None) -> None:
        """Start it; after `limit` seconds it is killed. Raises `processes.Failure`."""
        argv = [processes.SHELL, "-c", self.command]
        self._process = await processes.start(argv, cwd=self.cwd, env=dict(ENVIRONMENT))
        self._work = thenable(self._live(self._process, limit), f"command {self.artifact}")

    async def _live(self, process: processes.Process, limit: float | None) -> None:
        try:
            async with asyncio.TaskGroup() as group:
                reading = group.create_task(self._read(process))
                await self._finish(process, reading, limit)
        finally:
            process.close()
            if not self.ended.done():
                self.ended.set_result(None)

    async def _finish(self, process: processes.Process, reading: asyncio.Task[None], limit: float | None) -> None:
        try:
            async with asyncio.timeout(limit):
                await process.wait()
        except TimeoutError:
            self.timed_out = True
            await process.kill()
        self.exit_code = await process.wait()
        until, taken = time.monotonic() + LINGER_SECONDS, -1
        while not reading.done() and self.kept.total > taken and time.monotonic() < until:
            taken = self.kept.total
            await asyncio.wait({reading}, timeout=QUIET_SECONDS)
        self.ended.set_result(None)
        self.news.set()

    async def _read(self, process: processes.Process) -> None:
        paced = 0
        while data := await process.read():
            self.kept.add(data)
            if self.on_output is not None:
                self.on_output(data)
            self.news.set()
            await self._log(data)
            paced += len(data) if self._logged >= LOG_BYTES or self.problem else 0
            if paced > PACE_BYTES:
                paced = 0
                await asyncio.sleep(PACE_SECONDS)

    async def store(self) -> None:
        """From now on, all of the output is in the log."""
        async with self._lock:
            await self._spill()

    async def _log(self, data: bytes) -> None:
        async with self._lock:
            if self._pending is not None:
                self._pending += data
                if len(self._pending) > self._preview:
                    await self._spill()
            else:
                await self._append(data)

    async def _spill(self) -> None:
        pending, self._pending = self._pending, None
        if pending:
            await self._append(pending)

    async def _append(self, data: bytes) -> None:
        left = data[: LOG_BYTES - self._logged]
        if not left or self.problem:
            return
        try:
            await processes.append(self.log, left)
            self._logged += len(left)
        except (processes.Failure, vscode.FileSystemError) as error:
            self.problem = f"only the first {self._logged} bytes of the output could be stored: {error}"

    async def kill(self) -> None:
        """End it with all that it started, and wait until its output is read to the end."""
        if self._process is not None:
            await self._process.kill()
        if self._work is not None:
            await asyncio.wait({self._work}, timeout=LINGER_SECONDS)

    async def unread(self, most: int) -> str:
        """What it said since the model last looked, the newest `most` bytes of it."""
        data, left_out = self.kept.since(self.read_until, most)
        self.read_until = self.kept.total
        return self._gap(left_out) + await asyncio.to_thread(legible, data)

    def newest(self, most: int) -> str:
        """As `unread`, for the few bytes that the loop itself makes text of."""
        data, left_out = self.kept.since(self.read_until, most)
        self.read_until = self.kept.total
        return self._gap(left_out) + legible(data)

    def _gap(self, left_out: int) -> str:
        return f"[...{left_out} bytes omitted, the whole output is in {self.artifact}...]\n" if left_out else ""

    def state(self) -> str:
        """How it stands, as a sentence."""
        if not self.ended.done():
            return f"Running for {time.monotonic() - self.began:.0f} s."
        left = " Something that it left in the background still runs." if self.is_open else ""
        if self.timed_out:
            return f"Killed, as it ran longer than the user lets a command run.{left}"
        return f"{told_exit(self.exit_code)}{left}"


class Commands:
    """A task's commands, from the first to its end."""

    def __init__(self) -> None:
        self._all: dict[int, Running] = {}
        self._count = 0
        self._stamp = 0
        self._others: list[Callable[[], Awaitable[None]]] = []
        self._voices: list[Callable[[], str]] = []

    @classmethod
    def of(cls, notes: dict[str, Any]) -> Commands:
        """Those of the task whose notes these are."""
        found: Commands = notes.setdefault("commands", cls())
        return found

    def __iter__(self) -> Iterator[Running]:
        return iter(list(self._all.values()))

    def get(self, number: int) -> Running | None:
        return self._all.get(number)

    async def start(self, store: vscode.Uri, command: str, cwd: str, preview: int, limit: float | None) -> Running:
        """Start a command. Raises `processes.Failure`, and `TooMany` where too many run already."""
        if sum(one.is_open for one in self) >= MOST_RUNNING:
            raise TooMany(f"{MOST_RUNNING} commands of this task run already: end one of them first (kill_process)")
        self._count += 1
        self._stamp = max(self._stamp + 1, time.time_ns() // 1_000_000)
        log = vscode.Uri.join_path(store, FOLDER, f"cmd-{self._stamp}.txt")
        running = Running(self._count, command, cwd, log, preview)
        await running.start(limit)
        self._all[running.number] = running
        self._forget()
        return running

    def _forget(self) -> None:
        """The oldest that have ended, so that only so many are remembered."""
        over = len(self._all) - MOST_REMEMBERED
        gone = [one.number for one in self if not one.is_open][: max(0, over)]
        for number in gone:
            del self._all[number]

    @property
    def is_idle(self) -> bool:
        """Whether nothing of the task runs, no command and nothing else of its tools."""
        return not (self._others or self._voices or any(one.is_open for one in self))

    def at_end(self, close: Callable[[], Awaitable[None]]) -> None:
        """Call `close`, too, when the task ends."""
        self._others.append(close)

    async def end(self) -> None:
        """End all that runs, and all that was left behind: the task has ended."""
        await asyncio.gather(*(one.kill() for one in self), *(close() for close in self._others))
        self._all.clear()

    def told_by(self, news: Callable[[], str]) -> None:
        """Add what `news` says to the task's environment, too."""
        self._voices.append(news)

    def news(self) -> str:
        """For the task's environment: what runs in the background, what ended there, and what they said since."""
        background = [one for one in self if one.is_background]
        each = NEWS_BYTES // max(1, len(background))
        told = [self._told(one, each) for one in background]
        for one in background:
            one.is_background = one.is_open or not one.ended.done()
        sections = ["# Background commands\n" + "\n".join(told)] if told else []
        return "\n\n".join([*sections, *filter(None, (voice() for voice in self._voices))])

    @staticmethod
    def _told(one: Running, most: int) -> str:
        output = one.newest(min(most, ONE_NEWS_BYTES)).strip("\n")
        said = f"\nNew output:\n{output}" if output else ""
        return f"## Process {one.number} in '{one.cwd}': `{one.command[:200]}`\n{one.state()}{said}"


class TooMany(Exception):
    """The task has as many commands as it may have."""


def told_exit(code: int | None) -> str:
    """An exit code as the model reads it."""
    if code is None:
        return "It went down with the sandbox that it ran in (out of memory, or over a limit)."
    if code > 128:
        try:
            return f"Exit code: {code} (terminated by {signal.Signals(code - 128).name})"
        except ValueError:
            pass
    return f"Exit code: {code}"


def setting(name: str, default: float) -> float:
    """A number among the user's settings of the agent; what is none counts as the default."""
    value = vscode.workspace.get_configuration("coder").get(name, default)
    return value if isinstance(value, int | float) and not isinstance(value, bool) else default


def time_limit(command: str) -> float | None:
    """How long the user lets this command run, in seconds; None: as long as it likes."""
    limit = setting("commandExecutionTimeout", 0)
    free = vscode.workspace.get_configuration("coder").get("commandTimeoutAllowlist", [])
    listed = isinstance(free, list) and any(isinstance(one, str) and one and command.startswith(one) for one in free)
    return None if limit <= 0 or listed else limit
