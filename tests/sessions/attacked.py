"""Runs `attacks` against a process like the host, in a sandbox and without. Standard library only."""

from __future__ import annotations

import asyncio
import json
import os
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from sessions.egress import Egress
from sessions.jail import RUN, Network
from sessions.levels import ISOLATED, Level
from sessions.sandbox import Sandbox
from tests.sessions.sandboxes import folder, owner, sandbox, until, world

SECONDS = 120
"""Long enough for any machine: the attacks take a third of one where nothing else runs."""

HERE = Path(__file__).parent
MODULE = "tests.sessions.attacks"
TRY = f'/usr/bin/python3 -m {MODULE} "$1" >found.new && mv found.new found.json'
CANARY = "canary-5e7b"

Found = dict[str, Any]
"""What `attacks.calls.report` says."""


@contextmanager
def victim(data: Path) -> Iterator[dict[str, Any]]:
    """A process like the host, with its secrets, and another user's file: what the attacks are after."""
    abstract = f"roost-{os.getpid()}-{id(data)}"
    bob = world(data, "bob", owner())
    secret = bob.folders["/workspace"] / "secret.txt"
    key, shared, temporary = data / "master.key", Path("/dev/shm", abstract), Path(tempfile.gettempdir(), abstract)
    for path, mode in ((secret, 0o644), (key, 0o600), (shared, 0o644), (temporary, 0o644)):
        path.write_text(CANARY)
        path.chmod(mode)
    if bob.owner is not None:
        os.chown(secret, bob.owner, bob.owner)
    process = subprocess.Popen(
        [sys.executable, str(HERE / "victim.py"), str(data), abstract, CANARY],
        env={"ROOST_MASTER_KEY": CANARY, "PATH": os.environ.get("PATH", "/usr/bin")},
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        cwd=data,
        text=True,
    )
    assert process.stdout
    try:
        yield {
            **json.loads(process.stdout.readline()), "file": str(secret), "key": str(key), "canary": CANARY,
            "abstract": abstract, "shared": str(shared), "temporary": str(temporary),
        }  # fmt: skip
    finally:
        process.communicate()
        for path in (shared, temporary):
            path.unlink()


def carry_attacks(into: Path) -> None:
    """Put the attacks there, for a `python3 -m` in that folder."""
    shutil.copytree(HERE / "attacks", into / MODULE.replace(".", "/"), ignore=shutil.ignore_patterns("__pycache__"))
    for path in (into / "tests").rglob("*"):
        path.chmod(0o755 if path.is_dir() else 0o644)
    (into / "tests").chmod(0o755)


async def attacked(data: Path, level: Level, door: str = "command", network: Network = "none") -> Found:
    """What came of it inside a user's sandbox, tried by what came in through that door."""
    gate = Egress(["*"]) if network == "proxy" else None
    with victim(data) as targets:
        async with sandbox(data, level=level, network=network, gate=gate) as alice:
            workspace = alice.world.folders["/workspace"]
            isolated = level is ISOLATED
            await alice.run(["true"])
            assert alice._holder is not None
            words = json.dumps({
                **targets, "own": "/workspace" if isolated else str(workspace), "inside": True,
                "supervisor": 2 if isolated else alice._holder.inside.shell,
                "run": RUN if isolated else str(alice.world.run),
            })  # fmt: skip
            carry_attacks(workspace)
            await DOORS[door](alice, ["sh", "-c", TRY, "sh", words])
            await until(lambda: (workspace / "found.json").exists(), SECONDS)
            return dict(json.loads((workspace / "found.json").read_text()))


async def by_command(alice: Sandbox, argv: list[str]) -> None:
    await alice.run(argv, timeout=SECONDS)


async def by_terminal(alice: Sandbox, argv: list[str]) -> None:
    terminal = await alice.open_terminal(argv)
    async with asyncio.timeout(SECONDS):
        await terminal.wait()
    terminal.close()


async def by_orphan(alice: Sandbox, argv: list[str]) -> None:
    """A process that left its session, and whose parents have ended: nothing is left of how it came in."""
    left = """setsid sh -c 'setsid "$@" </dev/null >/dev/null 2>&1 &' sh "$@" &"""
    await alice.run(["sh", "-c", left, "sh", *argv], timeout=SECONDS)


DOORS = {"command": by_command, "terminal": by_terminal, "orphan": by_orphan}


def outside(data: Path) -> Found:
    """What comes of it without a sandbox, as whoever runs this. What it may leave running has no pipe to hold us by."""
    with victim(data) as targets, (data / "said").open("w+") as said:
        own = data / "own"
        own.mkdir()
        carry_attacks(own)
        words = json.dumps({**targets, "own": str(own), "run": str(own), "inside": False})
        command = ["/usr/bin/python3", "-m", MODULE, words]
        subprocess.run(command, stdin=subprocess.DEVNULL, stdout=said, cwd=own, timeout=SECONDS, check=True)
        return dict(json.loads((data / "said").read_text()))


def main() -> None:
    """Both runs, as whoever runs this; for the test above."""
    with folder() as data:
        without = outside(data)
    with folder() as data:
        inside = asyncio.run(attacked(data, ISOLATED, *sys.argv[1:]))
    print(json.dumps({"inside": inside, "outside": without}))


if __name__ == "__main__":
    main()
