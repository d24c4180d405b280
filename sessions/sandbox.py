"""What a user's processes run in: started when first needed, ended with the session, started anew after it died.

How it is done is beside it: `levels` (what can be had here), `jail` (what is seen inside), `holder` (one life of it).
"""

from __future__ import annotations

import asyncio
import socket
from collections.abc import Callable, Coroutine, Mapping, Sequence
from contextlib import suppress
from typing import Any, Protocol

from sessions import jail
from sessions.answers import VARIABLE, Answer
from sessions.cgroups import Cgroups
from sessions.disk import Disk, State
from sessions.errors import SandboxDied, SandboxUnavailable, SessionClosed
from sessions.holder import Holder
from sessions.jail import Network, World
from sessions.levels import Level
from sessions.limits import Limits
from sessions.output import KEPT_BYTES, Finished, Output
from sessions.process import Process, Terminal
from sessions.sockets import Fetch
from sessions.spare import Likely
from sessions.streams import PipeWriter
from sessions.tasks import Tasks

__all__ = ["Finished", "Limits", "Process", "Sandbox", "Terminal", "World"]

WATCH_SECONDS = 1.0
READ_BYTES = 65536
QUIET_SECONDS = 0.5
IDLE_SECONDS = 60.0
END_SECONDS = 30.0
"""How long a command that was killed, or has closed its output, may take to be told as ended; then all of them end."""
UNUSED = "nothing ran in it"
OVERFULL = "its processes went on filling the disk over your quota"
LINGER_SECONDS = 3.0
"""How long output is read after a command's end, while something that it left behind still writes."""


class Gate(Protocol):
    """The way out of a sandbox whose network is `proxy`; `sessions.egress.Egress` is one."""

    async def serve(self, listener: socket.socket, uid: str, tasks: Tasks) -> Callable[[], None]:
        """Take that user's connections from `listener`; returns what ends it."""


class Sandbox:
    """One user's sandbox. One that is never used costs nothing but itself.

    `ended` is called, with a sentence, when it went down by itself with all that ran in it. `limits` None is for the
    one user of a machine, who has none.
    """

    __slots__ = (
        "_closed", "_disk", "_ended", "_gate", "_groups", "_holder", "_lock", "_tasks", "level", "limits", "network",
        "world",
    )  # fmt: skip

    def __init__(
        self,
        world: World,
        level: Level,
        network: Network,
        limits: Limits | None,
        tasks: Tasks,
        *,
        gate: Gate | None = None,
        groups: Cgroups | None = None,
        disk: Disk | None = None,
        ended: Callable[[str], None] | None = None,
    ) -> None:
        self.world = world
        self.level = level
        self.network = network
        self.limits = limits
        self._tasks = tasks
        self._gate = gate
        self._groups = groups
        self._disk = disk
        self._ended = ended
        self._holder: Holder | None = None
        self._lock: asyncio.Lock | None = None
        self._closed = False

    @property
    def running(self) -> bool:
        return self._holder is not None and self._holder.running

    async def open_terminal(
        self,
        argv: Sequence[str],
        *,
        cwd: str | None = None,
        env: Mapping[str, str] | None = None,
        columns: int = 80,
        rows: int = 24,
        early: bool = False,
    ) -> Terminal:
        """Start `argv` (found by the PATH inside) on a real terminal of the sandbox, as its session's leader.

        `cwd` is a path inside (default: the workspace), `env` is added to what `jail.environment` gives. A program or
        a folder that is not there says so on the terminal, and the exit code is 125 to 127, as under a shell.
        `early`: it is a shell that can be started before it is asked for (`startup.Start`), as the next one then is.
        """
        cwd = cwd or self.world.cwd
        holder = await self._start(Likely(tuple(argv), cwd) if early else None, terminals=True)
        return await holder.open_terminal(argv, cwd, env or {}, columns, rows, early)

    async def start(
        self,
        argv: Sequence[str],
        *,
        cwd: str | None = None,
        env: Mapping[str, str] | None = None,
        stdin: bool = False,
        apart: bool = False,
    ) -> Process:
        """Start `argv` on pipes, for as long as it likes; `stdin` gives it one, `apart` keeps stderr out of stdout."""
        holder = await self._start()
        return await holder.start_process(argv, cwd or self.world.cwd, env or {}, stdin, apart)

    async def run(
        self,
        argv: Sequence[str],
        *,
        cwd: str | None = None,
        env: Mapping[str, str] | None = None,
        stdin: bytes = b"",
        timeout: float | None = None,
        on_output: Callable[[bytes], None] | None = None,
        keep: int = KEPT_BYTES,
        answer: Answer | None = None,
    ) -> Finished:
        """Run `argv` to its end: stdout and stderr together, each chunk to `on_output`, `keep` bytes of it returned.

        After `timeout` seconds, or when the caller is cancelled, it is killed with all that it started. What it leaves
        running when it ends by itself goes on. `answer` hears what is asked at `$ROOST_ASK` meanwhile; see `Answers`.
        """
        holder = await self._start()
        answers = holder.answers(answer) if answer is not None else None
        try:
            if answers is not None:
                await asyncio.to_thread(answers.open)
                env = {**(env or {}), VARIABLE: answers.path}
            output = holder.output(keep)
            process = await holder.start_process(argv, cwd or self.world.cwd, env or {}, bool(stdin), False)

            async def work() -> None:
                serving = answers.serve(holder.inside.processes, process.process_id) if answers is not None else None
                await follow(process, stdin, output, on_output, serving)

            return await _finish(holder, process, output, work(), timeout)
        finally:
            if answers is not None:
                await asyncio.to_thread(answers.close)

    async def connect(self, port: int) -> socket.socket:
        """A connected, non-blocking socket to what listens on `port` of the sandbox's own loopback, for previews.

        Raises `OSError` where nothing listens, `SandboxUnavailable` where the sandbox has no network of its own.
        """
        holder = await self._start()
        return await holder.connect(port)

    def memory(self) -> dict[int, int]:
        """Bytes that each process in it holds; nothing where none runs. Blocks."""
        holder = self._holder
        try:
            return holder.inside.processes.memory() if holder is not None and holder.running else {}
        except SandboxDied:
            return {}

    async def close(self) -> None:
        """End it for good, and wait until nothing of it runs."""
        self._closed = True
        async with self._starting():  # one that is just being started ends as soon as it has
            if self._holder is not None:
                self._holder.end("the session ended")
                await self._holder.close()

    async def _start(self, likely: Likely | None = None, *, terminals: bool = False) -> Holder:
        """The running sandbox: the one there is, or a new one."""
        if self._holder is not None and self._holder.running:
            return self._holder
        async with self._starting():
            self._refuse_when_closed()
            if self._holder is not None and self._holder.running:
                return self._holder
            self._holder = await self._new(likely, terminals)
            self._refuse_when_closed()
            return self._holder

    def _refuse_when_closed(self) -> None:
        if self._closed:
            raise SessionClosed("the session has ended, so nothing can be started in it; connect again")

    def _starting(self) -> asyncio.Lock:
        """Held while it is started, and while it is ended for good. One that is never used has none."""
        self._lock = self._lock or asyncio.Lock()
        return self._lock

    async def _new(self, likely: Likely | None, terminals: bool) -> Holder:
        if self.level.form is None or self.network not in self.level.networks:
            raise SandboxUnavailable(self.level.refusal(self.network))
        group = await asyncio.to_thread(self._groups.create, self.limits) if self._groups and self.limits else None
        holder = Holder(self.world, self.level.form, self.network, self.limits, self._tasks, group)
        fetch = Fetch() if self._gate is not None and self.network == "proxy" else None
        try:
            await holder.start(likely, terminals=terminals)
            if self._disk is not None:
                await self._disk.enter(holder.inside)
            if fetch is not None:
                await self._open_gate(holder, fetch)
        except BaseException:
            if fetch is not None:
                fetch.close()
            await holder.close()
            raise
        self._tasks.start(self._live(holder), "sandbox")
        self._tasks.start(self._watch(holder), "sandbox watch")
        return holder

    async def _open_gate(self, holder: Holder, fetch: Fetch) -> None:
        network = holder.inside.network
        assert self._gate is not None and network is not None  # `_new` refused what has none
        try:
            listener = await fetch.listener(network, jail.PROXY_PORT)
        except OSError as error:
            raise SandboxUnavailable(f"the sandbox has no way to the egress proxy: {error}") from error
        holder.on_end(await self._gate.serve(listener, self.world.uid, self._tasks))

    async def _live(self, holder: Holder) -> None:
        await holder.live()
        reason = await holder.ended
        if self._ended is not None and not self._closed and reason != UNUSED:
            self._ended(reason)

    async def _watch(self, holder: Holder) -> None:
        """Look after its processes and the user's disk each second; end a sandbox that nobody uses."""
        idle = 0.0
        while holder.running:
            await asyncio.sleep(WATCH_SECONDS)
            with suppress(SandboxDied):
                others, due = await asyncio.to_thread(self._look, holder)
                if due and self._disk is not None and await self._disk.watch(holder.inside) is State.ENDED:
                    holder.end(OVERFULL)
                idle = 0.0 if others > 0 or holder.is_used else idle + WATCH_SECONDS
                if idle >= IDLE_SECONDS:
                    holder.end(UNUSED)

    def _look(self, holder: Holder) -> tuple[int, bool]:
        """One trip to a thread, as there are many sandboxes: processes of the user, and whether to count the disk."""
        return holder.look_after(), self._disk is not None and self._disk.is_due


async def _finish(
    holder: Holder, process: Process, output: Output, work: Coroutine[Any, Any, None], timeout: float | None
) -> Finished:
    """What a process has come to, with which `work` is done until it ends."""
    late = False
    try:
        async with asyncio.timeout(timeout):
            await work
    except TimeoutError:
        late = True
    finally:
        try:
            if process.running:
                await process.kill()
        finally:
            process.close()
            output.close()
    try:
        async with asyncio.timeout(END_SECONDS):
            code = await process.wait()
    except TimeoutError:
        holder.end("a command of it could not be ended")
        code = await process.wait()
    return output.finished(code, late)


async def follow(
    process: Process,
    stdin: bytes,
    output: Output,
    on_output: Callable[[bytes], None] | None,
    serving: Coroutine[Any, Any, None] | None,
) -> None:
    """Feed a process and take its output until it has ended; what it left running may go on holding its pipe."""
    async with asyncio.TaskGroup() as group:
        served = group.create_task(serving) if serving is not None else None
        if process.stdin is not None:
            group.create_task(feed(process.stdin, stdin))
        reading = group.create_task(take(process.stdout, output, on_output))
        await process.wait()
        if served is not None:
            served.cancel()
        until = asyncio.get_running_loop().time() + LINGER_SECONDS
        taken = -1
        while not reading.done() and output.total > taken and asyncio.get_running_loop().time() < until:
            taken = output.total
            await asyncio.wait({reading}, timeout=QUIET_SECONDS)
        reading.cancel()


async def take(stdout: asyncio.StreamReader, output: Output, on_output: Callable[[bytes], None] | None) -> None:
    while data := await stdout.read(READ_BYTES):
        await output.add(data)
        if on_output is not None:
            on_output(data)


async def feed(stdin: PipeWriter, data: bytes) -> None:
    """Write it all and close. A process that does not read to the end is no error."""
    try:
        stdin.write(data)
        await stdin.drain()
    except BrokenPipeError:
        return
    stdin.close()
