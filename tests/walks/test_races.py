"""A user's shell exchanges folders for links as fast as it can while their client works with the same paths.

`tests/sessions/test_files_race.py` does it to the file system alone; here are a sandbox's own shell, a real host and
all the doors to files that a client has. Never a byte of anything outside of the user's world, and never one to it.
"""

from __future__ import annotations

import asyncio
import os
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any

import pytest

from tests.client import Client, Process, Refused, running
from tests.raw import fetch
from tests.screens import Desk, desk, passable

pytestmark = [pytest.mark.anyio, pytest.mark.timeout(600)]

SECONDS = float(os.environ.get("ROOST_RACE_S", "3"))
"""How long the exchanging goes on."""

CANARY = "CANARY-of-somebody-else"
PLACE = "/workspace/race"
ATTACKER = """
import ctypes, os, sys
libc = ctypes.CDLL(None)
pairs = ("d", "out"), ("d", "up"), ("d/e", "d/away"), ("d/e/file", "leak"), ("d/e/file", "pipe")
print("rea" + "dy", flush=True)
pairs = [tuple(map(os.fsencode, pair)) for pair in pairs]
while True:
    for here, there in pairs:
        libc.renameat2(-100, here, -100, there, 2)
"""


class House:
    """A host, its data folder, and what of that is not alice's."""

    def __init__(self, process: Process, data: Path) -> None:
        self.base = process.base
        self.data = data

    def root(self, uid: str) -> Path:
        return self.data / "users" / uid / "root"

    def outside(self, uid: str) -> dict[str, tuple[int, int]]:
        """All that is not that user's: path -> inode and, of what only users write, when it was."""
        found = {}
        for folder, names, files in os.walk(self.data):
            here = Path(folder)
            names[:] = [name for name in names if here / name != self.root(uid) and name != "run"]
            for path in (here / name for name in (*names, *files) if ".db" not in name):
                state = path.lstat()
                found[str(path)] = state.st_ino, state.st_mtime_ns if "root" in path.parts else 0
        return found


@pytest.fixture
def house() -> Iterator[House]:
    with passable() as folder, running(folder / "data") as started:
        yield House(started, folder / "data")


async def lay_out(house: House, work: Desk) -> str:
    """A folder, and links of its kind: to bob's files by this machine's path, upwards, to a file, to a pipe.

    The result is the terminal of who exchanges them.
    """
    secret = house.root("bob") / "workspace" / "e"
    links = f"ln -s {secret.parent} out; ln -s ../../../../bob/root/workspace up; ln -s {secret} d/away"
    links += f"; ln -s {secret}/file leak; mkfifo pipe"
    script = f"mkdir -p {PLACE}/d/e && cd {PLACE} && echo mine > d/e/file && {links}"
    screen = await work.create()
    await screen.run(f"{script}; echo laid o''ut")
    await screen.see("laid out")
    await work.client.call("workspace.fs.writeFile", uri=f"{PLACE}/attack.py", content=ATTACKER)
    await screen.run(f"exec python3 {PLACE}/attack.py")
    await screen.see("ready")
    return screen.id


@contextmanager
def quiet() -> Iterator[None]:
    """What is not there at the moment is refused, which is right."""
    try:
        yield
    except Refused as refused:
        assert refused.code in (-32010, -32602, -32001, -32005), refused


class Worker:
    """One that asks for the same paths all the time, and looks at each answer."""

    def __init__(self, house: House, client: Client) -> None:
        self.house = house
        self.client = client
        self.answered = 0

    async def ask(self, method: str, **params: Any) -> None:
        with quiet():
            answer = await self.client.call(method, **params)
            assert CANARY not in str(answer), (method, params, answer)
            self.answered += 1

    async def load(self, path: str) -> None:
        answer = await fetch(self.house.base, f"/api/v1/files?uid=alice&path={path}")
        assert CANARY.encode() not in answer.body
        self.answered += answer.status == 200

    async def send(self, path: str) -> None:
        answer = await fetch(self.house.base, f"/api/v1/files?uid=alice&path={path}", "PUT", b"uploaded")
        self.answered += answer.status in (200, 201, 204)

    async def step(self, number: int) -> None:
        file, folder = f"{PLACE}/d/e/file", f"{PLACE}/d/e"
        await self.ask("workspace.fs.readFile", uri=file)
        await self.ask("workspace.fs.stat", uri=file)
        await self.ask("workspace.fs.readDirectory", uri=folder)
        await self.ask("workspace.fs.writeFile", uri=f"{folder}/written{number % 7}", content="written")
        await self.ask("workspace.fs.writeFile", uri=file, content="mine")
        await self.ask("workspace.fs.createDirectory", uri=f"{folder}/made{number % 5}/deeper")
        await self.ask("workspace.fs.copy", source=f"{PLACE}/d", target=f"/home/copied{number % 3}", overwrite=True)
        await self.ask("workspace.fs.copy", source="/home/copied0", target=f"{folder}/back", overwrite=True)
        await self.ask("workspace.fs.rename", source=f"{folder}/made{number % 5}", target=f"/home/moved{number}")
        await self.ask("workspace.fs.rename", source=f"/home/moved{number}", target=f"{folder}/moved{number}")
        await self.ask("workspace.fs.delete", uri=f"{folder}/moved{number}", recursive=True, useTrash=bool(number % 2))
        await self.ask("workspace.fs.delete", uri=f"{folder}/back", recursive=True)
        await self.ask("workspace.openTextDocument", uri=file)
        await self.load(file)
        await self.send(f"{folder}/sent{number % 7}")
        await self.send(file)
        if number % 8 == 0:
            await self.ask("workspace.findFiles", include="**/*")
            query = {"pattern": "CANARY.{0,30}", "isRegExp": True}
            await self.ask("workspace.findTextInFiles", query=query, include="**/file")


def opened(path: Path) -> str:
    """What is at a path, by its name; a pipe that was put there is not waited for."""
    fd = os.open(path, os.O_RDONLY | os.O_NONBLOCK)
    try:
        return os.read(fd, 100).decode()
    finally:
        os.close(fd)


async def test_the_exchange_works_against_who_checks_a_path_and_then_opens_it(house: House) -> None:
    """Else the test below would prove nothing."""
    async with desk(house.base, "alice") as work, desk(house.base, "bob") as other:
        await other.client.call("workspace.fs.writeFile", uri="/workspace/e/file", content=CANARY)
        await lay_out(house, work)
        root = os.path.realpath(house.root("alice"))
        path = Path(root, PLACE[1:], "d/e/file")

        def read_by_name() -> bool:
            until = time.monotonic() + 60
            while time.monotonic() < until:
                with suppress(OSError):
                    if os.path.realpath(path).startswith(f"{root}/") and CANARY in opened(path):
                        return True
            return False

        if os.geteuid() == 0 and not await asyncio.to_thread(read_by_name):
            pytest.fail("the shell never won: the machine is too quiet for this test")


async def test_no_byte_comes_from_or_goes_to_the_outside_while_names_are_exchanged(house: House) -> None:
    async with desk(house.base, "alice") as work, desk(house.base, "bob") as other:
        await other.client.call("workspace.fs.writeFile", uri="/workspace/e/file", content=CANARY)
        await work.client.call("workspace.watch", glob="race/**")
        terminal = await lay_out(house, work)
        before = await asyncio.to_thread(house.outside, "alice")
        workers = [Worker(house, work.client) for _ in range(4)]
        until = time.monotonic() + SECONDS

        async def labour(worker: Worker, number: int) -> None:
            while time.monotonic() < until or sum(one.answered for one in workers) <= 100:
                await worker.step(number)
                number += len(workers)

        async with asyncio.TaskGroup() as group:
            for number, worker in enumerate(workers):
                group.create_task(labour(worker, number))
        assert not [message for message in work.client.heard if CANARY in str(message)]
        assert (await other.client.call("workspace.fs.readFile", uri="/workspace/e/file"))["content"] == CANARY
        await work.client.call("terminal.dispose", terminalId=terminal)
        while await work.client.call("terminal.list"):  # noqa: ASYNC110  a client that asks
            await asyncio.sleep(0.05)  # until its processes are gone
    after = await asyncio.to_thread(house.outside, "alice")
    assert {path: after.get(path) for path in {*before, *after} if after.get(path) != before.get(path)} == {}
    for path in house.root("alice").rglob("*"):
        if not path.is_symlink() and path.is_file() and path.name != "attack.py":
            assert CANARY.encode() not in path.read_bytes(), path
