"""Runs the attacks of `attack.py` against a process like the host, in a sandbox and without. Standard library only."""

from __future__ import annotations

import asyncio
import json
import os
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from sessions.levels import ISOLATED, Level
from sessions.sandbox import Sandbox
from tests.sessions.sandboxes import folder, owner, sandbox, until, world

SECONDS = 120
"""Long enough for any machine: the attacks take a third of one where nothing else runs."""

TRY = '/usr/bin/python3 attack.py "$1" >found.new && mv found.new found.json'
ATTACKS = Path(__file__).with_name("attack.py").read_text()
CANARY = "canary-5e7b"
VICTIM = r"""
import ctypes, os, socket, struct, sys, threading
secret = ctypes.create_string_buffer(b"canary-5e7b")
made = []
for family, address in ((socket.AF_INET, ("127.0.0.1", 0)), (socket.AF_UNIX, sys.argv[1]), (socket.AF_UNIX, "\0" + sys.argv[2])):
    listener = socket.socket(family)
    listener.bind(address)
    listener.listen()
    made.append(listener)
os.chmod(sys.argv[1], 0o777)
def serve(listener):
    while True:
        client, _ = listener.accept()
        client.send(b"canary")
        client.close()
for listener in made:
    threading.Thread(target=serve, args=(listener,), daemon=True).start()
libc = ctypes.CDLL(None, use_errno=True)
libc.shmat.restype = ctypes.c_void_p
segment = libc.shmget(0, 4096, 0o1666)
ctypes.memmove(libc.shmat(segment, None, 0), b"canary", 6)
queue = libc.msgget(0, 0o1666)
libc.msgsnd(queue, struct.pack("l6s", 1, b"canary"), 6, 0)
print(os.getpid(), made[0].getsockname()[1], ctypes.addressof(secret), segment, queue, flush=True)
sys.stdin.read()
libc.shmctl(segment, 0, None)
libc.msgctl(queue, 0, None)
"""  # noqa: E501


@contextmanager
def victim(data: Path) -> Iterator[dict[str, Any]]:
    """A process like the host, with its secrets, and another user's file: what the attacks are after."""
    abstract = f"roost-{os.getpid()}-{id(data)}"
    bob = world(data, "bob", owner())
    secret = bob.folders["/workspace"] / "secret.txt"
    secret.write_text(CANARY)
    secret.chmod(0o644)
    if bob.owner is not None:
        os.chown(secret, bob.owner, bob.owner)
    key = data / "master.key"
    key.write_text(CANARY)
    key.chmod(0o600)
    shared, temporary = Path("/dev/shm", abstract), Path(tempfile.gettempdir(), abstract)
    for path in (shared, temporary):
        path.write_text(CANARY)
        path.chmod(0o644)
    process = subprocess.Popen(
        [sys.executable, "-c", VICTIM, str(data / "host.sock"), abstract, CANARY],
        env={"ROOST_MASTER_KEY": CANARY, "PATH": os.environ.get("PATH", "/usr/bin")},
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        cwd=data,
        text=True,
    )
    assert process.stdout
    pid, port, address, segment, queue = map(int, process.stdout.readline().split())
    try:
        yield {
            "file": str(secret), "key": str(key), "canary": CANARY, "pid": pid, "port": port, "address": address,
            "socket": str(data / "host.sock"), "abstract": abstract,
            "shared": str(shared), "temporary": str(temporary), "segment": segment, "queue": queue,
        }  # fmt: skip
    finally:
        process.communicate()
        for path in (shared, temporary):
            path.unlink()


async def attacked(data: Path, level: Level, door: str = "command") -> dict[str, list[str]]:
    """What succeeded from inside a user's sandbox, tried by what came in through that door."""
    with victim(data) as targets:
        async with sandbox(data, level=level) as alice:
            workspace = alice.world.folders["/workspace"]
            own = "/workspace" if level is ISOLATED else str(workspace)
            await alice.run(["true"])
            assert alice._holder is not None
            supervisor = 2 if level is ISOLATED else alice._holder.inside.shell
            words = json.dumps({**targets, "own": own, "supervisor": supervisor, "inside": True})
            (workspace / "attack.py").write_text(ATTACKS)
            (workspace / "attack.py").chmod(0o644)
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


def outside(data: Path) -> dict[str, list[str]]:
    """What succeeds without a sandbox, as whoever runs this. What it may leave running has no pipe to hold us by."""
    with victim(data) as targets, (data / "said").open("w+") as said:
        (data / "own").mkdir()
        words = json.dumps({**targets, "own": str(data / "own"), "inside": False})
        command = ["/usr/bin/python3", "-c", ATTACKS, words]
        subprocess.run(command, stdin=subprocess.DEVNULL, stdout=said, timeout=SECONDS, check=True)
        return dict(json.loads((data / "said").read_text()))


def main() -> None:
    """Both runs, as whoever runs this; for the test above."""
    with folder() as data:
        without = outside(data)
    with folder() as data:
        inside = asyncio.run(attacked(data, ISOLATED, sys.argv[1]))
    print(json.dumps({"inside": inside, "outside": without}))


if __name__ == "__main__":
    main()
