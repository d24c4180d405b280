"""One life of one user's sandbox: from its start to the end of all that runs in it. No policy here."""

from __future__ import annotations

import asyncio
import itertools
import logging
import os
import secrets
import socket
import time
from collections.abc import Awaitable, Callable, Mapping, Sequence
from contextlib import AsyncExitStack, suppress
from pathlib import Path
from typing import TypeVar

from sessions import jail, procfs
from sessions.answers import Answer, Answers
from sessions.cgroups import Cgroup
from sessions.descriptors import Handle
from sessions.errors import SandboxDied, SandboxUnavailable
from sessions.inside import Inside, look, look_around
from sessions.jail import Network, World
from sessions.launch import Form, Launch, prepare
from sessions.limits import Limits
from sessions.output import Output
from sessions.process import LOOK_AGAIN_S, Child, Pipes, Process, Terminal, gone, is_gone, open_terminal
from sessions.program import Program, start
from sessions.sockets import Sockets
from sessions.spare import Likely
from sessions.spare import line as spare_line
from sessions.spares import Spares
from sessions.startup import EARLY, NONCE
from sessions.supervisor import DIED, Supervisor, command
from sessions.tasks import Tasks

log = logging.getLogger("roost.sessions")
A = TypeVar("A")
C = TypeVar("C", bound=Child)

START_SECONDS = 20.0
ANSWER_SECONDS = 20.0
END_SECONDS = 5.0
LEADS_S = (0.003, 0.05)
"""After so long it is looked whether a new process leads a session of its own."""
FURTHER = 5
"""Steps that a command on pipes stands behind a terminal, where somebody may be typing."""
END_TRIES = 4
NOBODY = -1
OWN_PROCESSES = 2
"""bubblewrap's first process and the supervisor; the other forms count none of theirs."""

FOLDER = os.O_PATH | os.O_DIRECTORY | os.O_NOFOLLOW | os.O_CLOEXEC


class Holder:
    """A running sandbox. `ended` is done when nothing of it is left, with the reason as a sentence."""

    def __init__(
        self,
        world: World,
        form: Form,
        network: Network,
        limits: Limits | None,
        tasks: Tasks,
        cgroup: Cgroup | None = None,
    ) -> None:
        self.world = world
        self.form = form
        self.ended: asyncio.Future[str] = asyncio.get_running_loop().create_future()
        self._network = network
        self._limits = limits
        self._tasks = tasks
        self._cgroup = cgroup
        self._undo: list[Callable[[], None]] = []
        self._token = secrets.token_hex(8)
        self._numbers = itertools.count(time.monotonic_ns())  # a thread of an earlier life has none of these names
        self._children: set[Child] = set()
        self._piped: set[int] = set()
        self._reason = "its supervisor ended"
        self._ending = False
        self._closing = False
        self._starting = 0
        self._sockets: Sockets | None = None
        self._supervisor = Supervisor(lambda: self.end("its supervisor ended"))
        self._program: Program | None = None
        self._pidfd = -1
        self._dead: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        self._inside: Inside | None = None
        self._folder: Handle | None = None
        self._spares: Spares | None = None
        self._by_session = False

    @property
    def running(self) -> bool:
        return self._inside is not None and not self._ending

    @property
    def inside(self) -> Inside:
        if self._inside is None or self._ending:
            raise SandboxDied(DIED)
        return self._inside

    async def start(self, likely: Likely | None = None, *, terminals: bool = False) -> None:
        """Start it; for `terminals` the first one's shell is got ready meanwhile: that of the `likely` one, if any.

        Raises `SandboxUnavailable` with why not, and nothing is left of it then.
        """
        try:
            launch = await asyncio.to_thread(self._prepare, likely, terminals)
            try:
                await self._start(launch)
            finally:
                launch.given.close()
        except (TimeoutError, SandboxDied, OSError, LookupError, ValueError) as error:
            await self.close()
            raise SandboxUnavailable(f"the sandbox did not start: {error or 'it did not answer in time'}") from error
        except BaseException:
            await self.close()
            raise

    def _prepare(self, likely: Likely | None, terminals: bool) -> Launch:
        self._folder = open_empty(self.world.run)
        self._by_session = self._cgroup is None and procfs.autogroups()
        cgroup = self._cgroup.procs if self._cgroup else None
        self._spares = Spares(
            self._folder, self.run_folder, self.world.owner, self._supervisor, self._tasks, self._mark,
            lambda likely: self._line(likely.argv, likely.cwd, EARLY), self._numbers,
        )  # fmt: skip
        if terminals:
            self._spares.prepare(likely)
        return prepare(self.world, self.form, self._network, self._limits, cgroup)

    async def _start(self, launch: Launch) -> None:
        ours, theirs = socket.socketpair()
        try:
            with theirs:
                await self._spawn(launch, theirs)
            await asyncio.get_running_loop().create_unix_connection(lambda: self._supervisor, sock=ours)
        except BaseException:
            ours.close()
            raise
        assert self._spares is not None
        self._spares.begin()
        async with asyncio.timeout(START_SECONDS):
            await self._supervisor.ready
        self._limit()
        self._inside = self._look(launch.info)
        await self._spares.enter(self._inside)

    async def _spawn(self, launch: Launch, theirs: socket.socket) -> None:
        """It has no environment, as bubblewrap's own is readable inside."""
        self._program = await start(launch.argv, theirs.fileno(), launch.given.fds)
        self._pidfd = os.pidfd_open(self._program.pid)
        asyncio.get_running_loop().add_reader(self._pidfd, self._on_death)

    def _on_death(self) -> None:
        assert self._program is not None
        asyncio.get_running_loop().remove_reader(self._pidfd)
        self._program.wait()  # it has ended: this takes the dead away
        if not self._dead.done():
            self._dead.set_result(None)

    async def _death(self, seconds: float) -> bool:
        """Whether the program has ended, after so many seconds at most: also one whose end was not announced."""
        await asyncio.wait({self._dead}, timeout=seconds)
        if not self._dead.done() and self._pidfd >= 0 and is_gone(self._pidfd):
            self._on_death()
        return self._dead.done()

    def _look(self, info: int) -> Inside:
        assert self._program is not None
        if self.form == "bubblewrap":
            return look(info)
        mark = f"ROOST_SANDBOX={self._token}".encode() if self.form == "none" else None
        return look_around(self._program.pid, self.world.owner, mark)

    def _limit(self) -> None:
        """Behind the host, as far as one may say so: a container may forbid it."""
        if self._limits is not None and self._program is not None:
            with suppress(PermissionError):
                os.setpriority(os.PRIO_PGRP, self._program.pid, self._limits.nice)

    def look_after(self) -> int:
        """Look after the processes, once a second or so; how many there are besides its own. It blocks.

        All together hold no more memory than they may, where no cgroup sees to it, and every terminal session stands
        back as `_limit` says, where nice does not do it.
        """
        processes = self.inside.processes
        pids = processes.pids()
        if self._limits is not None and self._limits.memory is not None and self._cgroup is None:
            processes.relieve(self._limits.memory, pids)
        if self._limits is not None and self._by_session:
            processes.step_back(self._nice, pids)
        return len(pids) - OWN_PROCESSES - len(self._spares or ())

    async def _stand_back(self, child: Child) -> None:
        """The same for the session of one that was just started."""
        for seconds in LEADS_S:
            await asyncio.sleep(seconds)
            if self._inside is None or not child.running:
                return
            if await asyncio.to_thread(self._inside.processes.step_back_alone, child.process_id, self._nice):
                return

    def _nice(self, session: int) -> int:
        assert self._limits is not None
        return min(self._limits.nice + FURTHER, 19) if session in self._piped else self._limits.nice

    async def open_terminal(
        self, argv: Sequence[str], cwd: str, env: Mapping[str, str], columns: int, rows: int, early: bool = False
    ) -> Terminal:
        """Start `argv` on a new terminal of that size; see `Sandbox.open_terminal`."""
        line = self._line(argv, cwd, env)
        likely = Likely(tuple(argv), cwd) if early else None
        self._starting += 1
        try:
            woken = await self._wake(likely, env, columns, rows)
            return self._adopt(woken or await self._open_terminal(argv, env, line, columns, rows))
        finally:
            self._starting -= 1
            if self._spares is not None and self.running:
                self._spares.refill(likely)

    async def _wake(self, likely: Likely | None, env: Mapping[str, str], columns: int, rows: int) -> Terminal | None:
        """One whose shell was started before, as this is what the last terminal was."""
        if likely is None or self._spares is None:
            return None
        woken = await self._answer(self._spares.wake(likely, env[NONCE], columns, rows))
        return Terminal(*woken, self.kill) if woken else None

    async def _open_terminal(
        self, argv: Sequence[str], env: Mapping[str, str], line: bytes, columns: int, rows: int
    ) -> Terminal:
        master, slave, path = open_terminal(self.inside.ptmx, self.world.owner, columns, rows)
        try:
            assert self._spares is not None
            found = await self._answer(self._spares.use(spare_line(argv, env, path, line)))
            if found is None:
                pid = await self._answer(self._supervisor.start_on_terminal(line, path))
                found = pid, procfs.open_child(self.inside.shell, pid)
            return Terminal(master, *found, self.kill)
        except BaseException:
            os.close(master)
            raise
        finally:
            os.close(slave)

    @property
    def _mark(self) -> dict[str, str]:
        """What all processes of a sandbox carry that has no namespace of its own."""
        return {} if self.form == "bubblewrap" else {"ROOST_SANDBOX": self._token}

    async def start_process(
        self, argv: Sequence[str], cwd: str, env: Mapping[str, str], stdin: bool, apart: bool
    ) -> Process:
        """Start `argv` on pipes; see `Sandbox.start`. Where who asks is cancelled meanwhile, it is ended at once."""
        starting = self._tasks.promise(self._start_process(argv, cwd, env, stdin, apart), "start a process")
        try:
            return await asyncio.shield(starting)
        except asyncio.CancelledError:
            starting.add_done_callback(self._end_unwanted)
            raise

    def _end_unwanted(self, starting: asyncio.Future[Process]) -> None:
        if not starting.cancelled() and starting.exception() is None:
            process = starting.result()
            process.close()
            self._tasks.start(process.kill(), "end a process that nobody wants")

    async def _start_process(
        self, argv: Sequence[str], cwd: str, env: Mapping[str, str], stdin: bool, apart: bool
    ) -> Process:
        number = next(self._numbers)
        token = f"{self._token}-{number}"
        line = self._line(argv, cwd, {**env, "ROOST_COMMAND": token})
        pipes = Pipes(self._run, self.run_folder, self.world.owner, number)
        self._starting += 1
        try:
            ends = await asyncio.to_thread(pipes.open, stdin, apart)
            pid = await self._answer(self._supervisor.start_on_pipes(line, pipes.paths))
            pidfd = await asyncio.to_thread(procfs.open_child, self.inside.shell, pid)
            self._piped.add(pid)
            process = self._adopt(Process(pid, pidfd, f"ROOST_COMMAND={token}".encode(), self.kill))
            process.connect(*map(pipes.take, ends))
        finally:
            self._starting -= 1
            await asyncio.to_thread(pipes.close)
        return process

    def answers(self, answer: Answer) -> Answers:
        """A socket for the questions of a command, that is to be started with its path; see `Answers`."""
        return Answers(answer, self._run, self.run_folder, self.world.owner, next(self._numbers))

    async def connect(self, port: int) -> socket.socket:
        """A connection to what listens on the sandbox's own loopback; see `Sandbox.connect`."""
        network = self.inside.network
        if network is None or self._network == "host":
            raise SandboxUnavailable("this sandbox has no network of its own to connect into")
        if self._sockets is None:
            self._sockets = Sockets(network)
            self._undo.append(self._sockets.close)
        return await self._sockets.connect(port)

    @property
    def is_used(self) -> bool:
        """Whether anything that was asked for runs in it, or is being started."""
        return bool(self._children or self._starting)

    @property
    def _run(self) -> Handle:
        """The host's own folder; whoever works in it in a thread holds it open."""
        if self._folder is None or self._ending:
            raise SandboxDied(DIED)
        return self._folder

    @property
    def run_folder(self) -> str:
        """Where the sandbox sees the host's own folder, to read what is kept there."""
        return jail.RUN if self.form == "bubblewrap" else str(self.world.run)

    def _line(self, argv: Sequence[str], cwd: str, env: Mapping[str, str]) -> bytes:
        if self.form != "bubblewrap":
            env, cwd = {**env, **self._mark}, self.world.real(cwd)
        return command(argv, cwd, env)

    async def _answer(self, question: Awaitable[A]) -> A:
        """What the supervisor says; one that is silent is the tenant's by now, and no good any more."""
        try:
            async with asyncio.timeout(ANSWER_SECONDS):
                return await question
        except TimeoutError:
            self.end("its supervisor did not answer")
            raise SandboxDied(DIED) from None

    def _adopt(self, child: C) -> C:
        self._children.add(child)
        self._tasks.start(self._watch(child), "process")
        if self._by_session and self._limits is not None:
            self._tasks.start(self._stand_back(child), "stand back")
        return child

    async def _watch(self, child: Child) -> None:
        code = None
        try:
            if child.pidfd >= 0:
                await gone(child.pidfd, self.ended)
            code = await self._answer(self._supervisor.wait(child.process_id))
        except SandboxDied:
            return
        finally:
            self._children.discard(child)
            self._piped.discard(child.process_id)
            child.end(code)

    async def kill(self, child: Child) -> None:
        """End a child and what it started. A tree that outgrows the killing takes the whole sandbox with it.

        The number of a command that has ended may be another's by now: then only its mark tells what it left.
        """
        if self._inside is None or self._ending:
            return
        processes = self._inside.processes
        root = child.process_id if child.running or child.token is None else NOBODY
        if not await asyncio.to_thread(processes.kill, lambda: processes.tree(root, child.token)):
            self.end("its processes multiplied faster than they could be killed")

    def output(self, keep: int) -> Output:
        """What takes the output of a command, with a file of its own if it is much."""
        return Output(self._run, self.run_folder, f"{next(self._numbers)}.log", self.world.owner, keep)

    def on_end(self, undo: Callable[[], None]) -> None:
        """Call `undo` when it has ended."""
        self._undo.append(undo)

    def end(self, reason: str) -> None:
        """Begin to end it; `ended` says when nothing is left."""
        if not self._ending:
            self._ending = True
            self._reason = reason
            self._supervisor.close()
        if self._program is not None:
            self._program.kill()

    async def live(self) -> None:
        """Return once it has ended; whoever ended it, nothing of it is left then."""
        try:
            while not await self._death(LOOK_AGAIN_S) and not self._ending:
                pass  # one that is to end and does not is `close`'s to kill again
        finally:
            await self.close()

    async def close(self) -> None:
        """End it and wait until nothing of it runs any more."""
        if self._closing:
            await asyncio.shield(self.ended)
            return
        self._closing = self._ending = True
        try:
            async with AsyncExitStack() as rest:  # done from the last to the first, whatever fails or is cancelled
                rest.callback(self.ended.set_result, self._reason)
                rest.callback(self._let_go)
                for undo in self._undo:
                    rest.callback(undo)
                if self._spares is not None:
                    rest.push_async_callback(self._spares.close)
                rest.callback(self._supervisor.close)
                await self._bury()
        except Exception:  # what ends a sandbox must not fail with it: nobody could do anything about it
            log.exception("a sandbox of %s did not end as it should", self.world.uid)

    def _let_go(self) -> None:
        """Close what is open. A descriptor that the loop still watched would deafen it for the next of its number."""
        if self._pidfd >= 0:
            asyncio.get_running_loop().remove_reader(self._pidfd)
            os.close(self._pidfd)
            self._pidfd = -1
        inside, self._inside = self._inside, None
        if inside is not None:
            inside.close()
        self._folder = self._spares = None

    async def _bury(self) -> None:
        """Wait for the program, then for whatever it left; with a pid namespace the kernel has ended all that.

        It is killed again while it does not end. What the kernel does not let go of for that long is left behind.
        """
        for _ in range(END_TRIES if self._pidfd >= 0 else 0):
            self.end(self._reason)
            if await self._death(END_SECONDS):
                break
        else:
            if self._pidfd >= 0:
                log.error("a sandbox of %s was killed and does not end; it is left behind", self.world.uid)
        if self._inside is None:
            return
        if self._inside.init >= 0:
            with suppress(TimeoutError):
                async with asyncio.timeout(END_TRIES * END_SECONDS):
                    await gone(self._inside.init)
        else:
            processes = self._inside.processes
            await asyncio.to_thread(processes.kill, lambda: {stat.pid for stat in processes.stats()}, END_SECONDS)
        if self._cgroup is not None:
            await asyncio.to_thread(self._cgroup.remove)


def open_empty(folder: Path) -> Handle:
    """The host's own folder, made if need be, without what an earlier life left there."""
    folder.mkdir(0o711, parents=True, exist_ok=True)
    opened = Handle(os.open(folder, FOLDER))
    for left in folder.iterdir():
        left.unlink()
    return opened
