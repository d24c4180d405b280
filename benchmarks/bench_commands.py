"""What a command of the agent costs over the bare program, and a checkpoint over a bare commit of the same files.

The floor is `bash -c true` as a child of this process, and `git add -A && git commit` of a plain repository beside
it, in turns with ours. Each checkpoint and commit has two changed files of 5,000.
"""

from __future__ import annotations

import asyncio
import shutil
import subprocess
import tempfile
import time
from pathlib import Path
from typing import Any

from benchmarks.figures import Row, figure, paired
from extensions.coder.checkpoints import Checkpoints
from host.app import create_app
from host.config import load
from sessions.context import SessionContext
from shim.proposed import processes

FOLDERS, FILES = 100, 50
MAKE = f"for d in $(seq {FOLDERS}); do mkdir d$d; for f in $(seq {FILES}); do echo file $d $f > d$d/f$f.py; done; done"
COMMIT = "git add -A && git -c user.name=a -c user.email=a@b -c commit.gpgsign=false -c gc.auto=0 commit -q -m x"
RUN = ["bash", "-c", "true"]


def run(quick: bool) -> list[Row]:
    place = Path(tempfile.mkdtemp(prefix="roost-bench-"))
    place.chmod(0o711)
    try:
        return asyncio.run(_measured(place, quick))
    finally:
        shutil.rmtree(place, ignore_errors=True)


async def _measured(place: Path, quick: bool) -> list[Row]:
    host = create_app(load({"multi_user": True, "data": place / "data"}, {}))
    async with host:
        session = await host.sessions.open("ada")
        with session.entered("roost.coder"):
            return [
                await _commands(session, 30 if quick else 200),
                *await _checkpoints(session, place / "plain", 10 if quick else 60),
            ]


async def _commands(session: SessionContext, rounds: int) -> Row:
    await processes.run(RUN)
    ours, floor = [], []
    for _ in range(rounds):
        ours.append(await _timed(processes.run(RUN)))
        floor.append(await _timed(asyncio.to_thread(subprocess.run, RUN, check=True)))
    return _row("a command in the user's sandbox", ours, floor)


async def _checkpoints(session: SessionContext, plain: Path, count: int) -> list[Row]:
    checkpoints = Checkpoints()
    await asyncio.to_thread(plain.mkdir)
    await _both(session, plain, MAKE)
    await asyncio.to_thread(_sh, plain, "git init -q .")
    first = [await _timed(checkpoints.save("bench"))]
    bare = [await _timed(asyncio.to_thread(_sh, plain, COMMIT))]
    ours, floor = [], []
    for number in range(1, count + 1):
        await _both(session, plain, f"echo {number} >> d{number}/f1.py; echo new > d{number}/new.py")
        ours.append(await _timed(checkpoints.save("bench")))
        floor.append(await _timed(asyncio.to_thread(_sh, plain, COMMIT)))
    restored = await _timed(checkpoints.restore("bench", (await checkpoints.list("bench"))[0].checkpoint_id))
    return [
        _row("the first checkpoint of 5,000 files", first, bare),
        _row("a checkpoint of 2 changed files of 5,000", ours, floor),
        figure("back over all of them", "ms", restored),
    ]


async def _both(session: SessionContext, plain: Path, script: str) -> None:
    """The same change in the user's workspace and in the plain repository."""
    await processes.run(["bash", "-c", script])
    await asyncio.to_thread(_sh, plain, script)


def _sh(folder: Path, script: str) -> None:
    subprocess.run(["bash", "-c", script], cwd=folder, check=True, capture_output=True)


async def _timed(work: Any) -> float:
    """Milliseconds."""
    began = time.perf_counter()
    await work
    return 1e3 * (time.perf_counter() - began)


def _row(what: str, ours: list[float], floor: list[float]) -> Row:
    return paired(f"{what}, p50", "ms", zip(ours, floor, strict=True))
