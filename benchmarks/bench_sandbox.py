"""How soon a user's terminal shows its prompt, what that costs in memory, and how long the event loop stands still.

The floor is `openpty` and `bash` without a sandbox, in the same run and in turns. Run it alone: two cores are few.
"""

from __future__ import annotations

import asyncio
import os
import pty
import shutil
import subprocess
import sys
import tempfile
import time
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager, suppress
from pathlib import Path

import uvloop

from benchmarks import servers
from benchmarks.figures import Row, apart, figure
from sessions.egress import Egress
from sessions.jail import World
from sessions.levels import Level, probe
from sessions.limits import Limits
from sessions.process import Terminal
from sessions.sandbox import Sandbox
from sessions.tasks import Tasks

SHELL = ["/bin/bash", "--norc", "--noprofile", "-i"]
AT_ONCE = 50
BALLAST = 500 << 20
BASE_UID = 900_000


class Bench:
    """The users of one run, and what ends them."""

    def __init__(self, data: Path, level: Level, tasks: Tasks) -> None:
        self.data = data
        self.level = level
        self.tasks = tasks
        self.gate = Egress(["*"])
        self.users: list[Sandbox] = []

    def user(self) -> Sandbox:
        name = f"user{len(self.users)}"
        owner = BASE_UID + len(self.users) if os.geteuid() == 0 else None
        world = World.of_user(name, self.data / "users" / name, owner)
        for real in (*world.folders.values(), world.run):
            real.mkdir(parents=True)
            if owner is not None and real != world.run:
                os.chown(real, owner, owner)
        network = "proxy" if "proxy" in self.level.networks else "none"
        made = Sandbox(world, self.level, network, Limits(), self.tasks, gate=self.gate)  # type: ignore[arg-type]
        self.users.append(made)
        return made

    async def close(self) -> None:
        await asyncio.gather(*(user.close() for user in self.users))
        self.gate.close()


@asynccontextmanager
async def bench(level: Level) -> AsyncIterator[Bench]:
    data = Path(tempfile.mkdtemp(prefix="roost-bench-"))
    data.chmod(0o711)
    async with asyncio.TaskGroup() as group:
        made = Bench(data, level, Tasks(group, lambda name, error: print(name, repr(error), file=sys.stderr)))
        try:
            yield made
        finally:
            await made.close()
            shutil.rmtree(data, ignore_errors=True)


async def prompt(fd: int) -> None:
    """Wait until a terminal shows a prompt."""
    loop = asyncio.get_running_loop()
    seen, ready = b"", asyncio.Event()
    loop.add_reader(fd, ready.set)
    try:
        while not seen.rstrip().endswith((b"$", b"#")):
            await ready.wait()
            ready.clear()
            with suppress(BlockingIOError):
                seen += os.read(fd, 4096)
    finally:
        loop.remove_reader(fd)


async def floor() -> float:
    """Milliseconds to the prompt of a bash without a sandbox."""
    began = time.perf_counter()
    master, slave = pty.openpty()
    os.set_blocking(master, False)
    shell = subprocess.Popen(  # noqa: ASYNC220 - as cheaply as it can be had
        SHELL, stdin=slave, stdout=slave, stderr=slave, start_new_session=True, env={"TERM": "xterm", "HOME": "/"}
    )
    os.close(slave)
    await prompt(master)
    took = time.perf_counter() - began
    shell.kill()
    shell.wait()
    os.close(master)
    return took * 1e3


async def opened(user: Sandbox) -> tuple[float, Terminal]:
    """Milliseconds to the prompt of a terminal, and the terminal."""
    began = time.perf_counter()
    terminal = await user.open_terminal(SHELL)
    await prompt(terminal.fd)
    return (time.perf_counter() - began) * 1e3, terminal


def kib(pids: list[int]) -> float:
    """Proportional memory of processes, in KiB."""
    total = 0.0
    for pid in pids:
        with suppress(OSError):
            lines = Path(f"/proc/{pid}/smaps_rollup").read_text().splitlines()
            total += sum(int(line.split()[1]) for line in lines if line.startswith("Pss:"))
    return total


def name(pid: int) -> str:
    return Path(f"/proc/{pid}/comm").read_text().strip()


def own_kib() -> float:
    return float(Path("/proc/self/statm").read_text().split()[1]) * 4


async def prompts(made: Bench, rounds: int) -> dict[str, list[float]]:
    """The floor, a first and a further terminal in turns; all of them stay open."""
    took: dict[str, list[float]] = {"floor": [], "first": [], "further": []}
    await opened(made.user())
    for _ in range(rounds):
        took["floor"].append(await floor())
        user = made.user()
        took["first"].append((await opened(user))[0])
        took["floor"].append(await floor())
        took["further"].append((await opened(user))[0])
    return took


def memory(users: int) -> tuple[float, float]:
    """KiB over bash for a user, by all the sandboxes that run now; and bash's own."""
    pids = [pid for pid in servers.below(os.getpid()) if pid != os.getpid()]
    shells = [pid for pid in pids if name(pid) == "bash"]
    rest = [pid for pid in pids if pid not in shells]
    return kib(rest) / users, kib(shells) / len(shells)


async def stall(action: Callable[[], object]) -> float:
    """The longest the loop stood still while something went on, in milliseconds."""
    longest, last, done = 0.0, time.perf_counter(), False

    async def tick() -> None:
        nonlocal longest, last
        while not done:
            now = time.perf_counter()
            longest, last = max(longest, now - last), now
            await asyncio.sleep(0)

    async with asyncio.TaskGroup() as group:
        group.create_task(tick())
        await action()  # type: ignore[misc]
        done = True
    return longest * 1e3


async def stalls(made: Bench, rounds: int) -> dict[str, list[float]]:
    """Milliseconds with the host large: a first terminal, a further one, and nothing at all for comparison."""
    ballast = bytearray(os.urandom(4096) * (BALLAST // 4096))
    found: dict[str, list[float]] = {"nothing": [], "first": [], "further": []}
    for _ in range(rounds):
        user = made.user()
        found["nothing"].append(await stall(lambda: asyncio.sleep(0.03)))
        found["first"].append(await stall(lambda user=user: opened(user)))  # type: ignore[misc]
        found["further"].append(await stall(lambda user=user: opened(user)))  # type: ignore[misc]
    assert len(ballast) >= BALLAST
    return found


async def processes_at_rest() -> int:
    """How many there are once what makes sandboxes has ended: a first prompt is there before that."""
    last, count = -1, len(servers.below(os.getpid()))
    while count != last:
        await asyncio.sleep(0.2)
        last, count = count, len(servers.below(os.getpid()))
    return count


async def _measure(rounds: int) -> list[Row]:
    level = await probe(Path(tempfile.gettempdir()))
    megabytes = BALLAST >> 20
    async with bench(level) as made:
        took = await prompts(made, rounds)
        user_kib, shell_kib = memory(len(made.users))
        before, processes = own_kib(), await processes_at_rest()
        extra = [await opened(user) for user in made.users for _ in range(4)]
        after = own_kib()
        more_kib = memory(len(made.users))[0]
        added = await processes_at_rest() - processes
        assert added == len(extra), f"a further terminal is its shell and nothing else: {added} for {len(extra)}"
    async with bench(level) as made:
        began = time.perf_counter()
        await asyncio.gather(*(opened(made.user()) for _ in range(AT_ONCE)))
        at_once = time.perf_counter() - began
    async with bench(level) as made:
        still = await stalls(made, max(rounds // 2, 3))
    further_kib = (more_kib - user_kib) / 4 + (after - before) / len(extra)
    where = f"the loop stands still, {megabytes} MB in the host"
    return [
        apart(f"first prompt ({level.name}), median", "ms", took["first"], took["floor"]),
        apart("further prompt, median", "ms", took["further"], took["floor"]),
        figure(f"{AT_ONCE} users at once, all at their prompt", "s", at_once),
        apart(f"{where}: a first terminal, median", "ms", still["first"], still["nothing"]),
        apart(f"{where}: a further one, median", "ms", still["further"], still["nothing"]),
        apart("a user over their shell (PSS); floor: bash itself", "KiB", [user_kib], [shell_kib]),
        figure("a further terminal over its shell (PSS and the host's RSS)", "KiB", further_kib),
    ]


def run(quick: bool) -> list[Row]:
    """Prompts, users at once, stalls of the loop and memory, of sandboxes that this process holds itself."""
    with asyncio.Runner(loop_factory=uvloop.new_event_loop) as runner:
        return runner.run(_measure(5 if quick else 20))
