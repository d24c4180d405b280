"""kill -9 in the middle of writes of each kind: what was acknowledged is there, and the host is back at once."""

from __future__ import annotations

import asyncio
import os
import random
import signal
import statistics
import time
from collections.abc import Awaitable, Callable
from pathlib import Path

import pytest

from tests.client import Client, connect, running
from tests.raw import fetch

pytestmark = pytest.mark.anyio

KILLS = int(os.environ.get("FAULTS_KILLS", "200"))
KEYS = 9
"""Each writer goes round so many names, so that what it wrote last of each is what must be there."""


async def put_state(client: Client, key: str, number: int) -> None:
    await client.call("state.update", scope="workspace", key=key, value={"number": number, "filling": "x" * number})


async def state_of(client: Client, key: str) -> int:
    value = await client.call("state.get", scope="workspace", key=key, default={"number": 0, "filling": ""})
    assert value["filling"] == "x" * value["number"], "a value is half there"
    return int(value["number"])


async def put_file(client: Client, key: str, number: int) -> None:
    await client.call("workspace.fs.writeFile", uri=f"/workspace/{key}", content=f"{number}\n" * 3_000)


async def file_of(client: Client, key: str) -> int:
    lines = (await client.call("workspace.fs.readFile", uri=f"/workspace/{key}"))["content"].split()
    assert (len(lines), len(set(lines))) == (3_000, 1), "a file is half there"
    return int(lines[0])


async def put_secret(client: Client, key: str, number: int) -> None:
    await client.call("secrets.store", key=f"{key}-{number}", value="x" * 100)


async def secret_of(client: Client, key: str) -> int:
    names = await client.call("secrets.keys")
    return max((int(name.split("-")[1]) for name in names if name.startswith(f"{key}-")), default=0)


async def put_document(client: Client, key: str, number: int) -> None:
    uri = f"/workspace/{key}.md"
    if number <= KEYS:
        await client.call("workspace.fs.writeFile", uri=uri, content="0")
    text = (await client.call("workspace.openTextDocument", uri=uri))["text"]
    end = {"line": 0, "character": len(text)}
    edit = {"uri": uri, "range": {"start": {"line": 0, "character": 0}, "end": end}, "newText": str(number)}
    assert (await client.call("workspace.applyEdit", edits=[edit]))["applied"]
    assert (await client.call("workspace.saveDocument", uri=uri))["saved"]


async def document_of(client: Client, key: str) -> int:
    return int((await client.call("workspace.fs.readFile", uri=f"/workspace/{key}.md"))["content"])


async def put_setting(client: Client, key: str, number: int) -> None:
    await client.call("workspace.updateConfiguration", key=f"mine.{key}", value=number, target="global")


async def setting_of(client: Client, key: str) -> int:
    return int(await client.call("workspace.getConfiguration", section=f"mine.{key}") or 0)


async def upload(client: Client, key: str, number: int) -> None:
    """Streamed over HTTP, as files of any size are."""
    address, body = f"/api/v1/files?path=/workspace/{key}&uid={client.uid}", b"%d\n" % number * 3_000
    answer = await fetch(base_of(client), address, "PUT", body)
    if answer.status == 0:
        raise ConnectionError("the host is gone")
    assert answer.status in (200, 201, 204), answer


def base_of(client: Client) -> str:
    place = client.socket.remote_address
    return f"http://{place[0]}:{place[1]}"


Put = Callable[[Client, str, int], Awaitable[None]]
Get = Callable[[Client, str], Awaitable[int]]

KINDS: dict[str, tuple[Put, Get]] = {
    "state": (put_state, state_of),
    "files": (put_file, file_of),
    "secrets": (put_secret, secret_of),
    "documents": (put_document, document_of),
    "settings": (put_setting, setting_of),
    "uploads": (upload, file_of),
}


async def write_on(client: Client, put: Put, from_: int, acknowledged: dict[str, int]) -> None:
    """Until the host is gone."""
    number = from_
    try:
        while True:
            number += 1
            key = f"k{number % KEYS}"
            await put(client, key, number)
            acknowledged[key] = number
    except ConnectionError:
        pass


async def killed(data: Path, kinds: dict[str, dict[str, int]], chance: random.Random) -> float:
    """One life that ends by SIGKILL while users write, and all is looked for; the seconds until it is back."""
    with running(data) as host:
        async with asyncio.TaskGroup() as group:
            clients = {}
            for kind, acknowledged in kinds.items():
                client = clients[kind] = connect(host.base, kind)
                opened = await client.__aenter__()
                group.create_task(write_on(opened, KINDS[kind][0], max(acknowledged.values(), default=0), acknowledged))
            await asyncio.sleep(chance.uniform(0.2, 0.7))  # the random moment of the kill
            host.send(signal.SIGKILL)
        for client in clients.values():
            await client.__aexit__(None, None, None)
    began = time.monotonic()
    with running(data) as host:
        for kind, acknowledged in kinds.items():
            async with connect(host.base, kind) as client:
                back_s = time.monotonic() - began
                for key, number in acknowledged.items():
                    assert await KINDS[kind][1](client, key) >= number, f"{kind}: an acknowledged write is lost"
        await host.stop(signal.SIGKILL)
    return back_s


async def kills(data: Path, count: int) -> list[float]:
    """So many lives; the seconds until the host was back after each."""
    kept: dict[str, dict[str, int]] = {kind: {} for kind in KINDS}
    chance = random.Random(count)
    back_s = [await killed(data, kept, chance) for _ in range(count)]
    assert all(kept.values()), "too little was written to say anything"
    return back_s


async def test_three_kills_lose_nothing_that_was_acknowledged(tmp_path: Path) -> None:
    await kills(tmp_path / "data", 3)


@pytest.mark.faults
@pytest.mark.timeout(7_200)
async def test_many_kills_lose_nothing_that_was_acknowledged_and_the_host_is_back_soon(tmp_path: Path) -> None:
    assert statistics.median(await kills(tmp_path / "data", KILLS)) < 10
