"""Real stores in a folder of the test's own, and real processes that write to them until they are killed."""

from __future__ import annotations

import asyncio
import random
import signal
import subprocess
import sys
import time
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

from sessions.store import Databases
from sessions.tasks import Tasks

ROOT = Path(__file__).parents[2]


@asynccontextmanager
async def databases(folder: Path, **options: Any) -> AsyncIterator[Databases]:
    """The users' databases in `folder`, closed after the body; a task of theirs that failed fails the test."""
    failures: list[tuple[str, Exception]] = []
    async with asyncio.TaskGroup() as group:
        opened = Databases(folder, Tasks(group, lambda name, error: failures.append((name, error))), **options)
        try:
            yield opened
        finally:
            async with asyncio.timeout(20):
                await opened.close()
    assert not failures


def killed_at_random(program: str, *arguments: object, lines: int) -> list[str]:
    """What `program` had printed, whole lines only, when SIGKILL took it some 20 to 120 ms after its first line.

    It is let go on until there are at least `lines` of them, so that a slow machine tests the same.
    """
    command = [sys.executable, "-c", program, *map(str, arguments)]
    with subprocess.Popen(command, cwd=ROOT, stdout=subprocess.PIPE) as process:
        assert process.stdout is not None
        said = [process.stdout.readline() for _ in range(lines)]
        time.sleep(random.uniform(0.02, 0.12))  # the random moment of the kill
        process.kill()
        said += process.stdout.readlines()
    assert process.returncode == -signal.SIGKILL, "the program ended by itself"
    return [line.decode().strip() for line in said if line.endswith(b"\n")]


async def eventually(holds: Callable[[], object], within_s: float = 10.0) -> None:
    """Wait until `holds()` is true; fails the test if it never is."""
    async with asyncio.timeout(within_s):
        while not holds():  # noqa: ASYNC110  what is awaited has no event of its own
            await asyncio.sleep(0.005)
