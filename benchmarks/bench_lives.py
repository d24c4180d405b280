"""How a host ends, drained or killed, and how soon it is back.

SIGTERM comes with 200 users connected, kill -9 under a load of acknowledged writes; a killed host of a thousand users
is started again, with one of nobody as its floor.
"""

from __future__ import annotations

import asyncio
import itertools
import json
import os
import random
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import uvloop
import websockets

from benchmarks.figures import Row, apart, figure

USERS = 200
WRITERS = 8
KEPT = 1_000


@contextmanager
def _host(data: Path) -> Iterator[tuple[subprocess.Popen[bytes], str]]:
    """The real host on a folder that outlives it, and where its socket is; it is killed if it still runs."""
    command = [sys.executable, "-m", "host", "--port", "0", "--data", str(data)]
    environ = {**os.environ, "MULTI_USER": "1"}
    process = subprocess.Popen(command, env=environ, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL)
    assert process.stdout
    try:
        line = process.stdout.readline().decode().strip()
        if not line.startswith("listening on "):
            raise RuntimeError("the host did not start")
        yield process, line.removeprefix("listening on http") + "/ws?uid="
    finally:
        process.kill()
        process.communicate()


class User:
    """A socket of one user, one call at a time."""

    def __init__(self, socket: websockets.ClientConnection, uid: str) -> None:
        self.socket, self.uid = socket, uid
        self._ids = itertools.count(1)

    async def call(self, method: str, **params: Any) -> Any:
        message = {"jsonrpc": "2.0", "id": next(self._ids), "method": method, "params": params, "uid": self.uid}
        await self.socket.send(json.dumps(message))
        while "method" in (answer := json.loads(await self.socket.recv())):
            pass
        if "error" in answer and answer["error"]["code"] != -32010:
            raise RuntimeError(str(answer["error"]))
        return answer.get("result")


async def _connect(where: str, uid: str) -> User:
    return User(await websockets.connect(f"ws{where}{uid}", compression=None), uid)


async def drain(data: Path) -> tuple[float, int, int]:
    """Seconds from SIGTERM to the end, its exit code, and how many of the users were told 1012."""
    with _host(data) as (process, where):
        users = [await _connect(where, f"user{number}") for number in range(USERS)]
        await asyncio.gather(*(user.call("session.open") for user in users))
        await asyncio.gather(*(user.call("state.update", scope="global", key="k", value=1) for user in users))
        began = time.perf_counter()
        process.send_signal(signal.SIGTERM)
        async with asyncio.timeout(30):
            code = await asyncio.to_thread(process.wait, 30)
            took = time.perf_counter() - began
            await asyncio.gather(*(user.socket.wait_closed() for user in users))
        return took, code, sum(user.socket.close_code == 1012 for user in users)


async def kill(data: Path, after_s: float) -> tuple[int, int]:
    """Acknowledged writes before a kill -9, and how many of them the next start does not have."""
    with _host(data) as (process, where):
        users = [await _connect(where, f"writer{number}") for number in range(WRITERS)]
        async with asyncio.TaskGroup() as group:
            writing = [group.create_task(_write(user)) for user in users]
            await asyncio.sleep(after_s)
            process.kill()
    kept = {user.uid: task.result() for user, task in zip(users, writing, strict=True)}
    with _host(data) as (_, where):
        lost = sum([await _lost(await _connect(where, uid), number) for uid, number in kept.items()])
    return sum(kept.values()), lost


async def _write(user: User) -> int:
    """Numbers under a key of their own and into a file until the connection is cut; the last one acknowledged."""
    number = 0
    try:
        while True:
            await user.call("state.update", scope="global", key=f"k{number + 1}", value=number + 1)
            await user.call("workspace.fs.writeFile", uri="/workspace/a.txt", content=f"{number + 1}\n" * 500)
            number += 1
    except websockets.ConnectionClosed:
        return number


async def _lost(user: User, acknowledged: int) -> int:
    """How many updates are not there, and one more if the file is missing, older or half-written."""
    keys = set(await user.call("state.keys", scope="global"))
    lost = sum(f"k{number}" not in keys for number in range(1, acknowledged + 1))
    lines = ((await user.call("workspace.fs.readFile", uri="/workspace/a.txt")) or {"content": ""})["content"].split()
    whole = len(lines) == 500 and len(set(lines)) == 1 and int(lines[0]) >= acknowledged
    await user.socket.close()
    return lost + (acknowledged > 0 and not whole)


async def fill(data: Path, users: int) -> None:
    """A killed host of so many users, each of whom has kept something."""
    with _host(data) as (process, where):
        for start in range(0, users, 100):
            some = await asyncio.gather(*(_connect(where, f"kept{start + number}") for number in range(100)))
            await asyncio.gather(*(user.call("state.update", scope="global", key="k", value=1) for user in some))
            await asyncio.gather(*(user.socket.close() for user in some))
        process.kill()


async def back(data: Path, uid: str) -> float:
    """Seconds from the start of a host that was killed to a user's first answer."""
    began = time.perf_counter()
    with _host(data) as (process, where):
        user = await _connect(where, uid)
        await user.call("state.update", scope="global", key="k", value=2)
        took = time.perf_counter() - began
        process.kill()
        return took


def run(quick: bool) -> list[Row]:
    """The drain once, and rounds of killing, each on a folder of its own."""
    chance = random.Random(9)
    with (
        tempfile.TemporaryDirectory(prefix="roost-bench-") as name,
        asyncio.Runner(loop_factory=uvloop.new_event_loop) as runner,
    ):
        folder = Path(name)
        took, code, told = runner.run(drain(folder / "drain"))
        rounds = 3 if quick else 20
        kills = [runner.run(kill(folder / f"kill{n}", 0.5 + chance.random())) for n in range(rounds)]
        runner.run(fill(folder / "many", KEPT))
        many, none = [], []
        for number in range(3 if quick else 9):  # in turn, so that both see the same machine
            none.append(runner.run(back(folder / "none", f"new{number}")))
            many.append(runner.run(back(folder / "many", f"kept{number}")))
    written, lost = (sum(column) for column in zip(*kills, strict=True))
    return [
        figure(f"SIGTERM with {USERS} users: until the end", "s", took),
        figure("SIGTERM: exit code other than 0", "", abs(code)),
        figure("SIGTERM: users told 1012", "", told),
        figure(f"kill -9, {rounds} rounds: pairs of writes acknowledged", "", written),
        figure(f"kill -9, {rounds} rounds: lost or half-written", "", lost),
        apart(f"kill -9 with {KEPT:,} users: until one of them is answered", "s", many, none),
    ]
