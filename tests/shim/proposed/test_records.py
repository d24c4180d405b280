"""The proposal `records`: what an extension keeps is durable whole or not at all, and its user's alone."""

from __future__ import annotations

import asyncio
import random
import sys
import threading
from pathlib import Path
from typing import Any

import orjson
import pytest

from sessions import records as module
from sessions.context import SessionContext
from sessions.errors import InvalidValue, QuotaExceeded
from sessions.mailbox import Mailbox
from sessions.quotas import Quotas
from sessions.records import RECORD_BYTES, Records
from sessions.store import Store
from shim.proposed import records
from shim.proposed.records import Delete, Put
from tests.people import people
from tests.sessions.stores import databases, eventually, killed_at_random

pytestmark = pytest.mark.anyio

CODER = "roost.coder"


async def test_what_is_kept_is_there_again_in_the_order_of_its_keys(tmp_path: Path) -> None:
    async with people(tmp_path) as sessions:
        with (await sessions.open("ada")).entered(CODER):
            await records.commit([Put("notes", f"{n:03}", {"n": n}) for n in (3, 1, 2)])
        await sessions.close("ada")
        with (await sessions.open("ada")).entered(CODER):
            assert await records.page("notes") == [("001", {"n": 1}), ("002", {"n": 2}), ("003", {"n": 3})]
            assert await records.page("notes", after="001", limit=1) == [("002", {"n": 2})]
            assert await records.page("notes", before="003", after="001") == [("002", {"n": 2})]
            assert await records.get("notes", "003") == {"n": 3}
            assert await records.get("notes", "004") is None


async def test_records_can_be_replaced_and_removed(ada: SessionContext) -> None:
    with ada.entered(CODER):
        await records.commit([Put("a", "1", 1), Put("a", "2", 2), Put("b", "1", 3)])
        await records.commit([Put("a", "1", "new"), Delete("a", "2"), Delete("a", "9"), Delete("b")])
        assert await records.page("a") == [("1", "new")]
        assert await records.page("b") == []


async def test_what_is_large_is_read_beside_the_loop_and_in_its_order(
    ada: SessionContext, monkeypatch: pytest.MonkeyPatch
) -> None:
    threads: list[threading.Thread] = []
    read = module.json_of

    def noted(*given: Any, **more: Any) -> bytes:
        threads.append(threading.current_thread())
        return read(*given, **more)

    monkeypatch.setattr(module, "json_of", noted)
    with ada.entered(CODER):
        large, small = ["x" * 9] * 20_000, ["small"]
        first = records.commit([Put("a", "1", large), Put("a", "2", large)])
        second = records.commit([Put("a", "1", small)])
        await asyncio.sleep(0)  # both have begun
        small.append("changed meanwhile")
        await asyncio.gather(first, second)
        assert await records.page("a") == [("1", ["small"]), ("2", large)]
        with pytest.raises(InvalidValue, match="of '1' must be JSON"):
            await records.commit([Put("a", "1", [*large, {1}])])
    here = [one is threading.current_thread() for one in threads]
    assert (here.count(False), here.count(True)) == (3, 1)


async def test_nobody_else_sees_them(ada: SessionContext, ben: SessionContext) -> None:
    with ada.entered(CODER):
        await records.commit([Put("a", "1", "ada's")])
    with ben.entered(CODER):
        assert await records.get("a", "1") is None
        await records.commit([Delete("a")])
    with ada.entered("acme.other"):
        assert await records.get("a", "1") is None
        await records.commit([Delete("a")])
    with ada.entered(CODER):
        assert await records.get("a", "1") == "ada's"


async def test_an_event_is_seen_once_its_records_are_kept(ada: SessionContext) -> None:
    with ada.entered(CODER):
        number = await records.commit([Put("a", "1", 1)], ("coder.task", {"taskId": "t"}))
    assert number is not None
    (event,) = await anext(ada.mailbox.follow(number - 1))
    assert (event.type, orjson.loads(event.data_json), event.durable) == ("coder.task", {"taskId": "t"}, True)


@pytest.mark.parametrize(
    ("change", "event"),
    [
        (Put("a", "2", float("nan")), None),
        (Put("a", "", 1), None),
        (Put("", "2", 1), None),
        (Put("a", "2", 1), "other.x"),
    ],
)
async def test_a_commit_with_anything_wrong_changes_nothing(
    ada: SessionContext, change: records.Change, event: str | None
) -> None:
    with ada.entered(CODER), pytest.raises(InvalidValue):
        await records.commit([Put("a", "1", 1), change], (event, {}) if event else None)
    with ada.entered(CODER):
        assert await records.page("a") == []
    assert ada.mailbox.seq == 0


async def test_they_count_as_what_a_user_has(tmp_path: Path) -> None:
    async with people(tmp_path, quotas=Quotas(bytes=100_000)) as sessions:
        session = await sessions.open("ada")
        with session.entered(CODER):
            await records.commit([Put("a", "1", "x" * 60_000)])
            with pytest.raises(QuotaExceeded):
                await records.commit([Put("a", "2", "x" * 60_000)])
            assert await records.get("a", "2") is None
            await records.commit([Put("a", "1", "y" * 70_000)])  # in the place of what is there it fits
            with pytest.raises(QuotaExceeded):
                await records.commit([Put("a", "1", "y" * 110_000)])
            assert await records.get("a", "1") == "y" * 70_000
            await records.commit([Put("a", "1", "x")])
            await records.commit([Put("a", "2", "x" * 60_000)])
            await records.commit([Delete("a")])
            await records.commit([Put("a", "3", "x" * 60_000)])


class Counted:
    """How many bytes were taken and given back."""

    def __init__(self) -> None:
        self.bytes = 0

    def store(self, more_bytes: int) -> None:
        self.bytes += more_bytes

    def stored(self, more_bytes: int) -> None:
        self.bytes += more_bytes


async def test_what_a_commit_replaces_is_looked_at_in_the_commit_itself(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    async with people(tmp_path) as sessions:
        session = await sessions.open("ada")
        with session.entered(CODER):
            await records.commit([Put("a", "1", "x" * 1_000)])
            before = session.allowance.counted[0]
            with monkeypatch.context() as patch:
                patch.setattr(Store, "read", None)
                await records.commit([Put("a", "1", "x" * 400), Put("a", "2", "x" * 100)])
            assert session.allowance.counted[0] - before == -500 + RECORD_BYTES + 2  # with the quotes of the new one


async def test_a_commit_that_was_cancelled_on_its_way_to_the_disk_is_counted(tmp_path: Path) -> None:
    async with databases(tmp_path, gate=1) as opened:
        store, meter = opened.store("ada"), Counted()
        mailbox = Mailbox(store, "ada")
        await mailbox.load()
        kept = Records(store, mailbox, "roost.coder", meter)
        for event in (None, ("coder.n", 1)):
            await kept.commit([Put("a", "1", "x")])
            async with opened.gate:  # nothing is committed meanwhile
                committing = asyncio.create_task(kept.commit([Put("a", "1", "x" * 1_000)], event))
                await eventually(lambda: store._pending)
                committing.cancel()
                with pytest.raises(asyncio.CancelledError):
                    await committing
            await store.flush()
            assert await kept.get("a", "1") == "x" * 1_000
            await eventually(lambda: meter.bytes == 1_002 + RECORD_BYTES)
        await store.close()


async def test_whatever_a_commit_does_to_the_same_places_it_counts_what_is_there_after(tmp_path: Path) -> None:
    draw = random.Random(7)
    async with databases(tmp_path) as opened:
        store = opened.store("ada")
        mailbox = Mailbox(store, "ada")
        await mailbox.load()
        meter = Counted()
        kept = Records(store, mailbox, "roost.coder", meter)
        for _ in range(200):
            changes: list[Any] = []
            for _ in range(draw.randint(1, 8)):
                collection, key = draw.choice("ab"), draw.choice(["1", "2", 'a"b', "é\n"])
                kind = draw.randint(0, 9)
                put = Put(collection, key, "x" * draw.randint(0, 50))
                changes.append(Delete(collection) if kind == 0 else Delete(collection, key) if kind < 4 else put)
            await kept.commit(changes)
            ((there,),) = await store.read("SELECT coalesce(sum(length(value) + 128), 0) FROM records")
            assert meter.bytes == there, changes
        await store.close()


PROGRAM = """
import asyncio, sys
from pathlib import Path
from sessions.mailbox import Mailbox
from sessions.records import Put, Records
from tests.sessions.stores import databases

class Free:
    def store(self, more_bytes): ...
    def stored(self, more_bytes): ...

async def main():
    async with databases(Path(sys.argv[1])) as opened:
        store = opened.store("ada")
        mailbox = Mailbox(store, "ada")
        await mailbox.load()
        kept = Records(store, mailbox, "roost.coder", Free())
        for n in range(1_000_000):
            await kept.commit([Put("one", f"{n:09}", n), Put("two", f"{n:09}", n)], ("coder.n", n))
            print(n, flush=True)

asyncio.run(main())
"""


async def test_what_was_acknowledged_survives_kill_9_whole(tmp_path: Path) -> None:
    said = killed_at_random(PROGRAM, tmp_path, lines=5)
    async with databases(tmp_path) as opened:
        store = opened.store("ada")
        kept: dict[str, list[Any]] = {}
        for name in ("one", "two"):
            rows = await store.read("SELECT key FROM records WHERE collection = ? ORDER BY key", (name,))
            kept[name] = [int(row[0]) for row in rows]
        told = [int(row[0]) for row in await store.read("SELECT data FROM events ORDER BY seq")]
        await store.close()
    assert kept["one"] == kept["two"] == told == list(range(len(told)))
    assert len(told) >= len(said) > 0, sys.version
