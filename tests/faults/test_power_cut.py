"""The power goes while users write: what was acknowledged is on the disk, and each file opens, whenever it went."""

from __future__ import annotations

import asyncio
import os
import random
import shutil
from collections.abc import Awaitable, Callable
from pathlib import Path

import pytest

from sessions.backups import back_up, verify
from sessions.context import SessionContext
from sessions.records import Put
from tests.faults.disk import Recorder
from tests.hosted import hosted

pytestmark = pytest.mark.anyio

CUTS = int(os.environ.get("FAULTS_CUTS", "300"))
USERS = ("ada", "ben")
ROUNDS = 12
KEYS = 3

Keep = Callable[[SessionContext, str, int], Awaitable[object]]
Kept = Callable[[SessionContext, str], Awaitable[int]]


async def put_state(session: SessionContext, key: str, number: int) -> None:
    memento = await session.memento("client", "global")
    await memento.update(key, {"number": number, "filling": "x" * 700 * number})


async def state_of(session: SessionContext, key: str) -> int:
    value = (await session.memento("client", "global")).get(key, {"number": 0, "filling": ""})
    assert len(value["filling"]) == 700 * value["number"], "a value is half there"
    return int(value["number"])


async def put_records(session: SessionContext, key: str, number: int) -> None:
    """Two that belong together, and the event that tells of them."""
    changes = [Put("left", key, number), Put("right", key, number)]
    await session.records("coder").commit(changes, ("told", {"key": key, "number": number}))


async def records_of(session: SessionContext, key: str) -> int:
    records = session.records("coder")
    left, right = await records.get("left", key), await records.get("right", key)
    assert left == right, "half of a commit is there"
    rows = await session.store.read("SELECT data FROM events WHERE type = 'told'")
    told = [text for (text,) in rows if f'"{key}"'.encode() in text]
    assert len(told) == (left or 0) // KEYS + bool((left or 0) % KEYS), "an event without its commit, or the other way"
    return int(left or 0)


async def put_secret(session: SessionContext, key: str, number: int) -> None:
    await session.secrets("client").store(key, str(number))


async def secret_of(session: SessionContext, key: str) -> int:
    return int(await session.secrets("client").get(key) or 0)


async def put_file(session: SessionContext, key: str, number: int) -> None:
    await session.files.write(f"/workspace/{key}.txt", b"%04d" % number * 1_500)


async def file_of(session: SessionContext, key: str) -> int:
    names = [name for name, _ in await session.files.read_directory("/workspace")]
    assert not [name for name in names if name.startswith(".roost-")], "a file that was being written is shown"
    if f"{key}.txt" not in names:
        return 0
    content = await session.files.read(f"/workspace/{key}.txt")
    assert content == content[:4] * 1_500, "a file is half there"
    return int(content[:4])


async def put_setting(session: SessionContext, key: str, number: int) -> None:
    await session.settings.update(f"mine.{key}", number, "global")


async def setting_of(session: SessionContext, key: str) -> int:
    return int(session.settings.get(f"mine.{key}") or 0)


KINDS: dict[str, tuple[Keep, Kept]] = {
    "state": (put_state, state_of),
    "records": (put_records, records_of),
    "secrets": (put_secret, secret_of),
    "files": (put_file, file_of),
    "settings": (put_setting, setting_of),
}


async def write(recorder: Recorder, session: SessionContext, kind: str) -> None:
    for number in range(1, ROUNDS + 1):
        key = f"k{number % KEYS}"
        await KINDS[kind][0](session, key, number)
        recorder.acknowledge((session.uid, kind, key, number))


async def live(recorder: Recorder, folder: Path) -> None:
    """One run of a host in which users write, and backups are made as they do."""
    with recorder.recording():
        async with hosted(folder) as (host, _), asyncio.TaskGroup() as group:
            for uid in USERS:
                session = await host.sessions.open(uid)
                for kind in KINDS:
                    group.create_task(write(recorder, session, kind))
                state = folder / "users" / uid / "state.db"
                await session.store.write("INSERT INTO meta VALUES ('begun', 1)")
                made = await asyncio.to_thread(back_up, state, 3)
                recorder.acknowledge((uid, "backup", made.name, 0))


async def look(folder: Path, acknowledged: list[tuple[str, str, str, int]]) -> None:
    """Start a host on what the cut left: all that was acknowledged is there, and whatever else is there is whole."""
    newest = {(uid, kind, key): number for uid, kind, key, number in acknowledged}
    for uid, kind, name in newest:
        if kind == "backup":
            await asyncio.to_thread(verify, folder / "users" / uid / "backups" / name)
    async with hosted(folder) as (host, _):
        for uid in USERS:
            session = await host.sessions.open(uid)
            for kind, (_, kept) in KINDS.items():
                for key in (f"k{number}" for number in range(KEYS)):
                    found, least = await kept(session, key), newest.get((uid, kind, key), 0)
                    assert found >= least, f"{kind}: {key} is {found}, and {least} was acknowledged"
            [(said,)] = await session.store.read("PRAGMA integrity_check")
            assert said == "ok"
            assert not list((folder / "users" / uid).glob("state.db.corrupt-*")), "a cut was taken for damage"
            await put_state(session, "after", 1)


async def cuts(folder: Path, count: int) -> None:
    recorder = Recorder(folder / "data")
    await live(recorder, folder / "data")
    assert sum(op.kind == "sync" for op in recorder.log) > 40, "nothing of the product's is heard"
    for number in range(count):
        chance = random.Random(number)
        found = folder / f"cut{number}"
        acknowledged = recorder.after(chance.randint(1, len(recorder.log)), chance, found)
        await look(found, acknowledged)
        await asyncio.to_thread(shutil.rmtree, found)


async def test_a_cut_at_any_moment_loses_nothing_that_was_acknowledged(tmp_path: Path) -> None:
    await cuts(tmp_path, 12)


@pytest.mark.faults
@pytest.mark.timeout(7_200)
async def test_hundreds_of_cuts_lose_nothing_that_was_acknowledged(tmp_path: Path) -> None:
    await cuts(tmp_path, CUTS)
