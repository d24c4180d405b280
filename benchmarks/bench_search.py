"""Search on a large tree over the socket: text by `workspace.findTextInFiles`, names by `workspace.findFiles`.

The floor is `rg` itself on the same tree, warm, with what the host asks it for: `--json` and `--files`.
"""

from __future__ import annotations

import asyncio
import random
import shutil
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

import uvloop

from benchmarks import people, servers
from benchmarks.figures import Row, figure, paired, percentile

WORDS = ("account", "branch", "carry", "deliver", "engine", "follow", "ground", "handle", "inside", "journal", "keep")
RG = shutil.which("rg", path=str(Path(sys.executable).parent)) or "rg"
RARE, COMMON = "needle_in_the_hay", "thread_in_the_hay"


def tree(folder: Path, files: int) -> None:
    """So many files of about 3 KB, 100 a folder; 1 in 100 has the rare word, every 20th the common one."""
    chance = random.Random(8)
    for number in range(files):
        place = folder / f"part{number // 1000}" / f"group{number // 100}"
        if number % 100 == 0:
            place.mkdir(parents=True)
        lines = [" ".join(chance.choices(WORDS, k=8)) for _ in range(55)]
        if number % 100 == 7:
            lines[20] = f"here is {RARE}"
        if number % 20 == 3:
            lines[30] = f"a {COMMON} runs"
        (place / f"module{number}.py").write_text("\n".join(lines))


def bare(folder: Path, *arguments: str) -> tuple[float, int]:
    """Milliseconds that `rg` takes, its output read, and how many lines that has."""
    began = time.perf_counter()
    done = subprocess.run([RG, *arguments, "."], cwd=folder, stdout=subprocess.PIPE, check=False)
    return 1e3 * (time.perf_counter() - began), done.stdout.count(b"\n")


async def asked(person: people.Person, method: str, **params: Any) -> tuple[float, Any]:
    """Milliseconds until the answer, and it."""
    began = time.perf_counter()
    found = await person.call(method, **params)
    return 1e3 * (time.perf_counter() - began), found


async def _measure(port: int, data: Path, files: int, rounds: int) -> list[Row]:
    person = await people.arrive(port, "ada")
    await person.call("workspace.fs.createDirectory", uri="/workspace/big")
    folder = data / "users/ada/root/workspace/big"
    await asyncio.to_thread(tree, folder, files)
    texts: dict[str, list[tuple[float, float]]] = {RARE: [], COMMON: []}
    names: list[tuple[float, float]] = []
    wrong = 0
    for number in range(-1, rounds):
        for word, most in ((RARE, 100), (COMMON, 20)):
            ours, found = await asked(person, "workspace.findTextInFiles", query={"pattern": word})
            floor, _ = await asyncio.to_thread(bare, folder, "--json", "--fixed-strings", word)
            wrong += len(found["matches"]) != len(range(7 if most == 100 else 3, files, most))
            texts[word] += [(ours, floor)] if number >= 0 else []
        ours, uris = await asked(person, "workspace.findFiles", include="**/module*7.py", maxResults=100_000)
        floor, count = await asyncio.to_thread(bare, folder, "--files", "-g", "**/module*7.py")
        wrong += len(uris) != count
        names += [(ours, floor)] if number >= 0 else []
    return [
        paired(f"a text that 1 file in 100 has, of {files}", "ms", texts[RARE]),
        paired(f"a text that 1 file in 20 has, of {files}", "ms", texts[COMMON]),
        paired(f"names by a glob, 1 in 10 of {files}", "ms", names),
        figure("searches that did not find what is there", "", wrong),
        await _meanwhile(person, port, rounds),
    ]


async def _meanwhile(person: people.Person, port: int, rounds: int) -> Row:
    """Another user's pings while one searches: search must not stop the loop."""
    other = await people.arrive(port, "ben")
    waits: list[float] = []

    async def search() -> None:
        for _ in range(rounds):
            await person.call("workspace.findTextInFiles", query={"pattern": COMMON})
            await person.call("workspace.findFiles", include="**/module*7.py", maxResults=100_000)

    async with asyncio.TaskGroup() as group:
        searching = group.create_task(search())
        while not searching.done():
            waits.append((await asked(other, "session.ping"))[0])
            await asyncio.sleep(0.002)
    return figure("another user's ping meanwhile, p99", "ms", percentile(waits, 0.99))


def run(quick: bool) -> list[Row]:
    """Each round one of ours and one of the floor; the first is for the disk's cache."""
    with servers.host() as host, asyncio.Runner(loop_factory=uvloop.new_event_loop) as runner:
        return runner.run(_measure(host.port, host.data, 20_000 if quick else 100_000, 5 if quick else 9))
