"""State as an extension keeps it: there at once, on the disk when acknowledged, its own copy, and bounded."""

from __future__ import annotations

import asyncio
import sqlite3
from contextlib import closing
from pathlib import Path
from typing import Any

import orjson
import pytest
from hypothesis import given, settings
from hypothesis import strategies as some

from sessions.errors import FileSystemError, InvalidValue, QuotaExceeded, SessionClosed, StoreError
from sessions.memento import ABSENT, Memento
from sessions.store import Databases
from tests.sessions.stores import databases, killed_at_random

pytestmark = pytest.mark.anyio


async def loaded(several: Databases, uid: str = "alice", namespace: str = "a.b", scope: str = "global") -> Memento:
    fresh = Memento(several.store(uid), namespace, scope)
    await fresh.load()
    return fresh


def all_of(state: Memento) -> dict[str, Any]:
    return dict(zip(state.keys(), map(state.get, state.keys()), strict=True))


async def test_a_value_is_there_at_once_and_after_a_restart(tmp_path: Path) -> None:
    async with databases(tmp_path) as first:
        state = await loaded(first)
        future = state.update("k", {"deep": [1, {"a": None}]})
        assert state.get("k") == {"deep": [1, {"a": None}]}
        await future
    async with databases(tmp_path) as second:
        state = await loaded(second)
        assert state.get("k") == {"deep": [1, {"a": None}]}
        assert state.keys() == ["k"]


async def test_a_null_is_a_value_and_an_absent_value_deletes(tmp_path: Path) -> None:
    async with databases(tmp_path) as several:
        state = await loaded(several)
        await state.update("k", None)
        assert state.get("k", "default") is None
        assert state.keys() == ["k"]
        await state.update("k")
        assert state.get("k", "default") == "default"
        assert state.keys() == []
        await state.update("never there", ABSENT)
        assert (await loaded(several)).keys() == []


async def test_changing_what_was_given_or_got_changes_nothing_that_is_kept(tmp_path: Path) -> None:
    async with databases(tmp_path) as several:
        state = await loaded(several)
        given_value: dict[str, Any] = {"list": [1]}
        future = state.update("k", given_value)
        given_value["list"].append(2)
        state.get("k")["list"].append(3)
        await future
        assert state.get("k") == {"list": [1]}
        assert (await loaded(several)).get("k") == {"list": [1]}


async def test_two_updates_of_a_key_end_with_the_second_whoever_awaits_which(tmp_path: Path) -> None:
    async with databases(tmp_path) as several:
        state = await loaded(several)
        futures = [state.update("k", number) for number in range(300)]
        await asyncio.gather(*reversed(futures))
        assert state.get("k") == 299
        assert (await loaded(several)).get("k") == 299


async def test_namespaces_scopes_and_users_are_apart(tmp_path: Path) -> None:
    places = [(u, n, s) for u in ("alice", "bob") for n in ("client", "a.b", "a.B") for s in ("global", "workspace")]
    async with databases(tmp_path) as several:
        for place in places:
            await (await loaded(several, *place)).update("k", place)
        for place in places:
            assert (await loaded(several, *place)).get("k") == list(place)


async def test_a_scope_that_is_none_is_refused(tmp_path: Path) -> None:
    async with databases(tmp_path) as several:
        with pytest.raises(InvalidValue, match=r"^scope: "):
            Memento(several.store("alice"), "a.b", "planet")


async def test_asking_before_it_is_loaded_says_what_to_do(tmp_path: Path) -> None:
    async with databases(tmp_path) as several:
        state = Memento(several.store("alice"), "a.b", "global")
        for ask in (state.keys, lambda: state.get("k"), lambda: state.update("k", 1)):
            with pytest.raises(StoreError, match=r"await its load\(\) first"):
                ask()


async def test_loading_again_forgets_nothing(tmp_path: Path) -> None:
    async with databases(tmp_path) as several:
        state = await loaded(several)
        future = state.update("k", 1)
        await asyncio.gather(state.load(), state.load())
        assert state.get("k") == 1
        await future


@pytest.mark.parametrize("value", [float("nan"), {1}, {1: 1}, 2**64, "\ud800", b"x"])
async def test_what_is_not_json_is_refused_by_key_and_nothing_changes(tmp_path: Path, value: object) -> None:
    async with databases(tmp_path) as several:
        state = await loaded(several)
        await state.update("colour", "red")
        with pytest.raises(InvalidValue, match=r"^value: of 'colour' must be JSON"):
            state.update("colour", value)
        assert state.get("colour") == "red"


@pytest.mark.parametrize("key", ["", "a\0b", "x" * 1_025, "\ud800", None, 7])
async def test_a_key_that_is_none_is_refused_and_has_no_value(tmp_path: Path, key: Any) -> None:
    async with databases(tmp_path) as several:
        state = await loaded(several)
        with pytest.raises(InvalidValue, match=r"^key: "):
            state.update(key, 1)
        assert state.get(key, "default") == "default"
        assert state.keys() == []


async def test_a_value_may_be_8_mib_and_not_more(tmp_path: Path) -> None:
    async with databases(tmp_path) as several:
        state = await loaded(several)
        await state.update("k", "x" * ((8 << 20) - 2))
        with pytest.raises(InvalidValue, match="at most 8388608 bytes"):
            state.update("k", "x" * ((8 << 20) - 1))
        assert len(state.get("k")) == (8 << 20) - 2


async def test_all_values_together_are_bounded_and_room_comes_back(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(Memento, "all_bytes", 100_000)
    async with databases(tmp_path) as several:
        state = await loaded(several)
        await state.update("a", "x" * 60_000)
        with pytest.raises(QuotaExceeded, match="delete keys"):
            state.update("b", "x" * 60_000)
        await state.update("a", "y" * 70_000)
        await state.update("a")
        await state.update("b", "x" * 60_000)
        assert state.keys() == ["b"]
        state = await loaded(several)
        with pytest.raises(QuotaExceeded):
            state.update("a", "x" * 60_000)
        with pytest.raises(QuotaExceeded):
            for number in range(1_000):
                state.update(f"tiny {number}", 1)


async def test_keys_for_sync_are_taken_and_forgotten(tmp_path: Path) -> None:
    async with databases(tmp_path) as several:
        state = await loaded(several)
        state.set_keys_for_sync(["k"])
        assert state.keys() == []


# -- when the disk says no


async def full_disk(state: Memento) -> None:
    await state.store.write("PRAGMA max_page_count = 20")


async def test_a_change_that_cannot_be_kept_is_taken_back(tmp_path: Path) -> None:
    async with databases(tmp_path) as several:
        state = await loaded(several)
        await state.update("old", "durable")
        await full_disk(state)
        failing = [state.update("old", "x" * 200_000), state.update("new", "x" * 200_000)]
        assert len(state.get("old")) == 200_000
        for future in failing:
            with pytest.raises(FileSystemError, match="full"):
                await future
        assert state.get("old") == "durable"
        assert state.keys() == ["old"]
        await state.update("old", "later")
        assert (await loaded(several)).get("old") == "later"


async def test_a_failed_change_does_not_take_back_a_later_one(tmp_path: Path) -> None:
    async with databases(tmp_path) as several:
        state = await loaded(several)
        await state.update("k", 0)
        await full_disk(state)
        outcomes = await asyncio.gather(
            state.update("k", "x" * 200_000),
            state.update("k", 1),
            state.update("k", "y" * 200_000),
            return_exceptions=True,
        )
        assert [type(outcome).__name__ for outcome in outcomes] == ["FileSystemError", "NoneType", "FileSystemError"]
        assert state.get("k") == 1
        assert (await loaded(several)).get("k") == 1


async def test_a_failed_delete_brings_the_value_back(tmp_path: Path) -> None:
    async with databases(tmp_path) as several:
        state = await loaded(several)
        await state.update("k", "kept")
        await state.store.write("CREATE TRIGGER no BEFORE DELETE ON kv BEGIN SELECT raise(ABORT, 'no'); END")
        future = state.update("k")
        assert state.keys() == []
        with pytest.raises(StoreError):
            await future
        assert state.get("k") == "kept"


async def test_cancelling_who_awaits_neither_stops_the_update_nor_hides_its_failure(tmp_path: Path) -> None:
    async with databases(tmp_path) as several:
        state = await loaded(several)
        state.update("a", 1).cancel()
        await state.update("b", 2)
        assert (await loaded(several)).get("a") == 1
        await full_disk(state)
        state.update("a", "x" * 200_000).cancel()
        await state.update("b", 3)
        assert state.get("a") == 1


async def test_after_the_session_ended_an_update_is_refused_and_not_half_there(tmp_path: Path) -> None:
    async with databases(tmp_path) as several:
        state = await loaded(several)
        await state.store.close()
        with pytest.raises(SessionClosed):
            state.update("k", 1)
        assert state.keys() == []


async def test_a_value_that_was_damaged_on_the_disk_is_told_by_key_and_can_be_replaced(tmp_path: Path) -> None:
    async with databases(tmp_path) as several:
        await (await loaded(several)).update("k", 1)
        await several.store("alice").write("UPDATE kv SET value = x'7b'")
        state = await loaded(several)
        with pytest.raises(StoreError, match="'k' is damaged"):
            state.get("k")
        await state.update("k", 2)
        assert state.get("k") == 2


# -- who counts the bytes


class Bytes:
    """A user's allowance of bytes, as quotas keep one."""

    def __init__(self, limit: int) -> None:
        self.limit = limit
        self.used = 0

    def store(self, more_bytes: int) -> None:
        assert more_bytes > 0
        if self.used + more_bytes > self.limit:
            raise QuotaExceeded("bytes", self.limit, self.used, "delete something")
        self.used += more_bytes

    def stored(self, more_bytes: int) -> None:
        assert more_bytes <= 0, "nothing was kept before"
        self.used += more_bytes


async def test_over_the_quota_nothing_is_kept_and_the_count_stays_true(tmp_path: Path) -> None:
    meter = Bytes(10_000)
    async with databases(tmp_path) as several:
        state = Memento(several.store("alice"), "a.b", "global", meter)
        await state.load()
        await state.update("k", "x" * 6_000)
        used = meter.used
        with pytest.raises(QuotaExceeded, match="bytes"):
            state.update("l", "x" * 6_000)
        assert (state.keys(), meter.used) == (["k"], used)
        await asyncio.gather(state.update("k", 1), state.update("k", "y" * 8_000), state.update("k"))
        assert meter.used == 0
        await full_disk(state)
        meter.limit = 1_000_000
        with pytest.raises(FileSystemError):
            await state.update("k", "x" * 300_000)
        assert meter.used == 0
        await state.update("k", 1)
        await state.store.close()
        counted = meter.used
        with pytest.raises(SessionClosed):
            state.update("l", "x")
        assert meter.used == counted


operations = some.lists(
    some.tuples(some.sampled_from("abc"), some.sampled_from([ABSENT, None, 0, "x", {"a": [1]}, [], "large"])),
    max_size=25,
)


@settings(max_examples=25, deadline=None)
@given(operations)
async def test_any_sequence_of_updates_leaves_memory_disk_and_count_the_same(
    tmp_path_factory: pytest.TempPathFactory, steps: list[tuple[str, Any]]
) -> None:
    """'large' values do not fit on the disk, so some updates fail among others that do not."""
    meter, kept = Bytes(1 << 30), {}
    async with databases(tmp_path_factory.mktemp("users")) as several:
        state = Memento(several.store("alice"), "a.b", "global", meter)
        await state.load()
        await full_disk(state)
        for key, value in steps:
            state.update(key, "x" * 200_000 if value == "large" else value)
            if value is ABSENT:
                kept.pop(key, None)
            elif value != "large":
                kept[key] = value
        await state.store.flush()
        await asyncio.sleep(0)
        assert all_of(state) == all_of(await loaded(several)) == kept
        assert meter.used == sum(128 + len(key) + len(orjson.dumps(value)) for key, value in kept.items())


# -- kill -9

UPDATER = """
import asyncio, sys
from pathlib import Path
from sessions.memento import Memento
from sessions.store import Databases
from sessions.tasks import Tasks

async def main(folder, start):
    async with asyncio.TaskGroup() as group:
        several = Databases(Path(folder), Tasks(group, lambda name, error: None))
        state = Memento(several.store("alice"), "a.b", "global")
        await state.load()

        async def work(key):
            for number in range(start, start + 1_000_000):
                if number % 5:
                    await state.update(key, {"number": number, "text": "x" * (number % 700)})
                else:
                    await state.update(key)
                print(key, number, flush=True)

        for key in "abcdefgh":
            group.create_task(work(key))

asyncio.run(main(sys.argv[1], int(sys.argv[2])))
"""


async def test_an_acknowledged_update_survives_kill_9(tmp_path: Path) -> None:
    acknowledged: dict[str, int] = {}
    for start in range(0, 20_000_000, 1_000_000):
        for line in await asyncio.to_thread(killed_at_random, UPDATER, tmp_path, start, lines=20):
            key, number = line.split()
            acknowledged[key] = int(number)
        async with databases(tmp_path) as several:
            state = await loaded(several)
        for key, number in acknowledged.items():
            value = state.get(key)
            if value is None:
                assert number % 5 in (0, 4), "a key is gone that nobody deleted"
            else:
                assert number % 5 or value["number"] == number + 1, "a deleted key is back"
                assert value["number"] in (number, number + 1), "an acknowledged update is lost"
                assert value["text"] == "x" * (value["number"] % 700)


async def test_the_file_that_a_host_left_is_whole(tmp_path: Path) -> None:
    async with databases(tmp_path) as several:
        state = await loaded(several)
        await asyncio.gather(*(state.update(f"k{number}", "x" * number * 50) for number in range(300)))
        await asyncio.gather(*(state.update(f"k{number}") for number in range(0, 300, 2)))

    def check() -> object:
        with closing(sqlite3.connect(tmp_path / "alice" / "state.db")) as connection:
            return connection.execute("PRAGMA integrity_check").fetchone()

    assert await asyncio.to_thread(check) == ("ok",)
