"""`python -m benchmarks.neighbours PORT DATA`: users who take all they can, one kind at a time, in a process of theirs.

It reads `begin KIND` and `end` from its input, and answers `begun` and `ended DONE REFUSED BYTES`: what was served to
the noisy one, what was not, and how much they moved. Each kind is a user of that name. Nothing goes anywhere but to the
host at PORT.
"""

from __future__ import annotations

import asyncio
import subprocess
import sys
from collections.abc import Iterator
from contextlib import AsyncExitStack, contextmanager
from pathlib import Path
from typing import NamedTuple

import uvloop

from benchmarks import flooding, loud
from benchmarks.place import KINDS, Place

__all__ = ["KINDS", "Got", "Neighbours", "flooding", "loud", "moved_in"]


class Got(NamedTuple):
    """How often a noisy one got what they wanted and how often not, and the bytes that they moved."""

    done: int
    refused: int
    moved: int


class Neighbours:
    """The process, as its parent has it."""

    def __init__(self, process: subprocess.Popen[str]) -> None:
        self._process = process

    def begin(self, kind: str) -> None:
        """That one is loud from now on."""
        self._say(f"begin {kind}")

    def end(self) -> Got:
        """Nobody is; what the last one got."""
        return Got(*map(int, self._say("end").split()[1:]))

    def _say(self, what: str) -> str:
        assert self._process.stdin and self._process.stdout
        self._process.stdin.write(what + "\n")
        self._process.stdin.flush()
        answer = self._process.stdout.readline().strip()
        if not answer:
            raise RuntimeError(f"the neighbour broke at {what!r}")
        return answer


@contextmanager
def moved_in(port: int, data: Path) -> Iterator[Neighbours]:
    """The process. It steps back behind the host: whoever floods has a machine of their own elsewhere."""
    command = ["nice", "-n", "5", sys.executable, "-m", "benchmarks.neighbours", str(port), str(data)]
    with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) as process:
        try:
            yield Neighbours(process)
        finally:
            process.kill()


async def serve(port: int, data: Path) -> None:
    """Be whom the input names, until it ends."""
    number = 0
    while line := await asyncio.to_thread(sys.stdin.readline):
        _, _, name = line.strip().partition(" ")
        number += 1
        place = Place(port, data, f"noisy{list(KINDS).index(name)}")
        async with AsyncExitStack() as stack:
            await stack.enter_async_context(KINDS[name](place))
            print("begun", flush=True)
            await asyncio.to_thread(sys.stdin.readline)
        print(f"ended {place.done} {place.refused} {place.moved}", flush=True)


if __name__ == "__main__":
    uvloop.run(serve(int(sys.argv[1]), Path(sys.argv[2])))
