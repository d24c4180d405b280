"""Ways to be loud with what every user has: shells, files and a socket."""

from __future__ import annotations

import asyncio
import json
import os
from collections.abc import AsyncIterator
from functools import partial
from pathlib import Path

from benchmarks.people import Person, arrive
from benchmarks.place import MiB, Place, all_of, kind, terminals
from benchmarks.sockets import frame

MANY, LINKS = 200_000, 20_000
"""Entries of a folder, and how many of them are the same file."""

# -- what shells do


@kind("8 processor burners")
async def burners(place: Place) -> AsyncIterator[None]:
    async with terminals(place, 8, "/bin/sh", "-c", "while :; do :; done"):
        yield


BOMB = """
my $refused = 0;
open my $told, ">>", "/workspace/refused";
while (!-e "/workspace/stop") { defined fork or ++$refused % 100 or syswrite $told, "."; }
"""
"""Every process of it forks without end, and says of each 100 forks that it was refused them. A file ends it: it would
outlive its terminal."""


@kind("a fork bomb")
async def bomb(place: Place) -> AsyncIterator[None]:
    async with place.person() as person:
        await person.call("workspace.fs.writeFile", uri="/workspace/refused", content="")
        place.file("stop").unlink(missing_ok=True)
        async with terminals(place, 1, "/usr/bin/perl", "-e", BOMB):
            for _ in range(200):  # until it has all the processes that it may have, 10 s at most
                if place.file("refused").stat().st_size:
                    break
                await asyncio.sleep(0.05)
            yield
            await person.call("workspace.fs.writeFile", uri="/workspace/stop", content="")
        place.refused += 100 * place.file("refused").stat().st_size


@kind("`yes` in 4 terminals")
async def yes(place: Place) -> AsyncIterator[None]:
    async with terminals(place, 4, "/usr/bin/yes"):
        yield


@kind("terminals opened and closed")
async def spawns(place: Place) -> AsyncIterator[None]:
    async with place.person() as person:

        async def spawn() -> None:
            made = await person.call("window.createTerminal", shellPath="/bin/true")
            await person.call("terminal.dispose", terminalId=made["terminalId"])

        async with all_of(*(place.again(spawn) for _ in range(4))):
            yield


# -- files


async def upload(place: Place, name: str, per_s: float | None) -> None:
    async def body() -> AsyncIterator[bytes]:
        for _ in range(256):
            yield b"x" * (MiB // 4)
            if per_s:
                await asyncio.sleep(MiB / 4 / per_s)

    await place.http("PUT", f"/workspace/{name}", body, 64 * MiB)


@kind("uploads of 10 MiB/s")
async def uploads(place: Place) -> AsyncIterator[None]:
    async with place.person(), all_of(place.again(lambda: upload(place, "up", 10 * MiB))):
        yield


@kind("4 uploads as fast as they go")
async def fast_uploads(place: Place) -> AsyncIterator[None]:
    async with place.person(), all_of(*(place.again(partial(upload, place, f"up{n}", None)) for n in range(4))):
        yield


@kind("8 large downloads")
async def downloads(place: Place) -> AsyncIterator[None]:
    async with place.person() as person:
        await person.call("workspace.fs.writeFile", uri="/workspace/here", content="")
        place.file("large").write_bytes(b"x" * (64 * MiB))
        async with all_of(*(place.again(lambda: place.http("GET", "/workspace/large", None)) for _ in range(8))):
            yield


@kind("files of 11 MB in frames")
async def framed(place: Place) -> AsyncIterator[None]:
    async with place.person() as person:
        await person.call("workspace.fs.writeFile", uri="/workspace/here", content="")
        place.file("large").write_bytes(os.urandom(11_000_000))

        async def read() -> None:
            await person.call("workspace.fs.readFile", uri="/workspace/large", encoding="base64")

        async with all_of(*(place.again(read) for _ in range(4))):
            yield


def fill(folder: Path) -> None:
    """So many entries, as links to files of which none has more than a file system allows."""
    handle = os.open(folder, os.O_RDONLY)
    try:
        if len(os.listdir(handle)) >= MANY:
            return
        for number in range(MANY):
            first = str(number - number % LINKS)
            if number % LINKS:
                os.link(first, str(number), src_dir_fd=handle, dst_dir_fd=handle)
            else:
                os.close(os.open(first, os.O_CREAT | os.O_WRONLY, 0o644, dir_fd=handle))
    finally:
        os.close(handle)


@kind("a folder of 200,000 entries")
async def folder(place: Place) -> AsyncIterator[None]:
    async with place.person() as person:
        await person.call("workspace.fs.createDirectory", uri="/workspace/many")
        await asyncio.to_thread(fill, place.file("many"))
        await person.call("workspace.watch", glob="**/*")

        async def write() -> None:
            await person.call("workspace.fs.writeFile", uri="/workspace/many/0", content="x")

        async def list_() -> None:
            await person.call("workspace.fs.readDirectory", uri="/workspace/many")

        async def find() -> None:
            await person.call("workspace.findFiles", include="**/*7*")

        async with all_of(place.again(write), place.again(list_), place.again(list_), place.again(find)):
            yield


@kind("bombs of patterns")
async def patterns(place: Place) -> AsyncIterator[None]:
    async with place.person() as person:
        await person.call("workspace.fs.writeFile", uri="/workspace/" + "a" * 200, content=("a" * 500 + "\n") * 2_000)

        async def search(pattern: str) -> None:
            query = {"pattern": pattern, "isRegExp": True}
            await person.call("workspace.findTextInFiles", query=query)

        async def find(glob: str) -> None:
            await person.call("workspace.findFiles", include=glob)

        async with all_of(
            place.again(lambda: search("(a*)*(a*)*(a*)*b")),
            place.again(lambda: search(r"(\w{1,90}){1,90}")),
            place.again(lambda: find("**/" + "*a" * 400 + "*b")),
            place.again(lambda: find("**/" * 300 + "*?" * 300 + "b")),
            place.again(lambda: find("{" + ",".join("*a" * 10 + str(n) for n in range(250)) + "}")),
        ):
            yield


# -- the socket


async def ask(person: Person, count: int) -> None:
    await asyncio.gather(*(person.call("session.ping") for _ in range(count)))


@kind("2,000 messages a second")
async def messages(place: Place) -> AsyncIterator[None]:
    async with place.person() as person, all_of(place.again(lambda: ask(person, 20), 0.01)):
        yield


@kind("messages as fast as they go")
async def flood(place: Place) -> AsyncIterator[None]:
    async with place.person() as person:

        async def mixed() -> None:
            asked = [person.call("workspace.fs.stat", uri="/workspace") for _ in range(50)]
            asked += [person.call("state.get", scope="global", key="k") for _ in range(50)]
            found = await asyncio.gather(*asked, ask(person, 100), return_exceptions=True)
            place.refused += sum(isinstance(one, Exception) for one in found)

        async with all_of(*(place.again(mixed) for _ in range(4))):
            yield


@kind("a client that reads nothing")
async def deaf(place: Place) -> AsyncIterator[None]:
    async with place.person() as reading, terminals(place, 1, "/usr/bin/yes") as person:
        person.transport.pause_reading()
        call = {"jsonrpc": "2.0", "id": 0, "method": "session.ping", "params": {}, "uid": place.uid}
        pings = frame(call) * 1_000

        async def ping() -> None:
            if not person.lost and person.transport.get_write_buffer_size() < MiB:
                person.transport.write(pings)
            await asyncio.sleep(0.01)

        async def tell() -> None:
            await reading.call("commands.executeCommand", command="noise.burst", arguments=[100])

        async with all_of(place.again(ping), place.again(tell, 0.05)):
            yield
        person.transport.resume_reading()


def values(count: int) -> str:
    return "[" + ",".join(["{}"] * count) + "]"


@kind("frames of 15 MB")
async def frames(place: Place) -> AsyncIterator[None]:
    async with place.person() as person:
        deep = json.loads(values(4_000_000))
        wide = frame(
            {"jsonrpc": "2.0", "id": 10**9, "method": "no.such", "params": {"value": deep}, "uid": place.uid}
        ).replace(b"{}, ", b"{},")
        del deep
        text = "x" * (15 * 1000 * 1000)

        async def write() -> None:
            await person.call("workspace.fs.writeFile", uri="/workspace/long", content=text)

        async def send() -> None:
            future = asyncio.get_running_loop().create_future()
            person._waiting[10**9] = person._waiting[None] = future  # type: ignore[index]  # one unread has no id
            person.transport.write(wide)
            await future

        async with all_of(place.again(write), place.again(send)):
            yield


@kind("sessions opened and closed")
async def sessions(place: Place) -> AsyncIterator[None]:
    async def come_and_go() -> None:
        person = await arrive(place.port, place.uid)
        person.transport.abort()

    async with all_of(*(place.again(come_and_go) for _ in range(8))):
        yield
