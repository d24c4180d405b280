"""Runs the attacks of `attack.py` against a process like the host, in a sandbox and without. Standard library only."""

from __future__ import annotations

import asyncio
import json
import os
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from sessions.levels import ISOLATED, Level
from tests.sessions.sandboxes import folder, owner, sandbox, world

ATTACKS = Path(__file__).with_name("attack.py").read_text()
CANARY = "canary-5e7b"
VICTIM = r"""
import ctypes, os, socket, sys, threading
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
print(os.getpid(), made[0].getsockname()[1], ctypes.addressof(secret), flush=True)
sys.stdin.read()
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
    process = subprocess.Popen(
        [sys.executable, "-c", VICTIM, str(data / "host.sock"), abstract, CANARY],
        env={"ROOST_MASTER_KEY": CANARY, "PATH": os.environ.get("PATH", "/usr/bin")},
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        cwd=data,
        text=True,
    )
    assert process.stdout
    pid, port, address = map(int, process.stdout.readline().split())
    try:
        yield {
            "file": str(secret), "key": str(key), "canary": CANARY, "pid": pid, "port": port, "address": address,
            "socket": str(data / "host.sock"), "abstract": abstract,
        }  # fmt: skip
    finally:
        process.communicate()


async def attacked(data: Path, level: Level) -> dict[str, list[str]]:
    """What succeeded from inside a user's sandbox."""
    with victim(data) as targets:
        async with sandbox(data, level=level) as alice:
            own = "/workspace" if level is ISOLATED else alice.world.real("/workspace")
            words = json.dumps({**targets, "own": own, "inside": True})
            finished = await alice.run(["/usr/bin/python3", "-", words], stdin=ATTACKS.encode(), timeout=50)
    return dict(json.loads(finished.output))


def outside(data: Path) -> dict[str, list[str]]:
    """What succeeds without a sandbox, as whoever runs this."""
    with victim(data) as targets:
        (data / "own").mkdir()
        words = json.dumps({**targets, "own": str(data / "own"), "inside": False})
        command = ["/usr/bin/python3", "-", words]
        done = subprocess.run(command, input=ATTACKS, capture_output=True, text=True, timeout=50, check=True)
        return dict(json.loads(done.stdout))


def main() -> None:
    """Both runs, as whoever runs this; for the test above."""
    with folder() as data:
        without = outside(data)
    with folder() as data:
        found = {"inside": asyncio.run(attacked(data, ISOLATED)), "outside": without}
    print(json.dumps(found))


if __name__ == "__main__":
    main()
