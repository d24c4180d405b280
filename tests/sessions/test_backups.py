"""Backups of state.db: whole while it is written to, checked, rotated; and what stands in for a damaged file."""

from __future__ import annotations

import asyncio
import os
import random
import sqlite3
import time
from collections.abc import Callable
from contextlib import closing, suppress
from pathlib import Path

import pytest

from sessions import statefile
from sessions.backups import Rescued, back_up, backups_of, changed_since_backup, is_damage, made_at, put_back
from sessions.errors import StoreError
from sessions.migrations import STEPS, template
from tests.sessions.stores import databases

pytestmark = pytest.mark.anyio

PUT = "INSERT OR REPLACE INTO kv (namespace, scope, key, value) VALUES ('t', 'g', ?, ?)"
ALL = "SELECT key, value FROM kv ORDER BY key"


def rows_of(path: Path) -> dict[str, bytes]:
    with closing(sqlite3.connect(path)) as connection:
        return dict(connection.execute(ALL).fetchall())


async def test_a_backup_of_a_file_that_is_written_to_holds_all_that_was_acknowledged(tmp_path: Path) -> None:
    state = tmp_path / "alice" / "state.db"
    async with databases(tmp_path) as several:
        alice = several.store("alice")
        await alice.write(PUT, ("first", b"0"))
        acknowledged = 0

        async def write() -> None:
            nonlocal acknowledged
            for number in range(400):
                await asyncio.gather(*(alice.write(PUT, (f"k{number}", os.urandom(300))) for _ in range(2)))
                acknowledged = number + 1

        async with asyncio.TaskGroup() as group:
            group.create_task(write())
            for _ in range(8):
                before = acknowledged
                made = await asyncio.to_thread(back_up, state, 100)
                rows = await asyncio.to_thread(rows_of, made)
                assert {f"k{number}" for number in range(before)} <= rows.keys()
    assert (made.stat().st_mode & 0o777, made.parent.stat().st_mode & 0o777) == (0o600, 0o700)
    assert not [one for one in made.parent.iterdir() if not one.name.startswith("state-")]


def placed(folder: Path, rows: int = 60) -> Path:
    state = folder / "alice" / "state.db"
    state.parent.mkdir(parents=True, exist_ok=True)
    state.write_bytes(template())
    with closing(sqlite3.connect(state)) as connection:
        connection.executemany(PUT, [(f"k{number}", os.urandom(900)) for number in range(rows)])
        connection.commit()
    return state


def test_only_the_newest_are_kept(tmp_path: Path) -> None:
    state = placed(tmp_path)
    made = [back_up(state, 3) for _ in range(5)]
    assert backups_of(state) == made[:1:-1]
    assert abs(made_at(made[-1]) - time.time()) < 60


def test_a_damaged_file_is_never_taken_for_a_backup_and_pushes_no_good_one_out(tmp_path: Path) -> None:
    state = placed(tmp_path)
    good = back_up(state, 1)
    image = bytearray(state.read_bytes())
    image[8192:20_000] = os.urandom(20_000 - 8192)
    state.write_bytes(image)
    with pytest.raises(sqlite3.DatabaseError) as error:
        back_up(state, 1)
    assert is_damage(error.value)
    assert list(good.parent.iterdir()) == [good]


def test_a_backup_is_due_when_something_was_written_since(tmp_path: Path) -> None:
    state = tmp_path / "alice" / "state.db"
    assert changed_since_backup(state) is None
    state = placed(tmp_path)
    assert changed_since_backup(state) == float("inf")
    back_up(state, 3)
    os.utime(state, (time.time() - 100,) * 2)
    assert changed_since_backup(state) is None
    os.utime(state, (time.time() + 100,) * 2)
    assert 0 <= (changed_since_backup(state) or -1) < 60


def test_a_clock_that_was_put_back_stops_no_backup_and_the_newest_is_still_the_first(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    state = placed(tmp_path)
    now = time.time()
    monkeypatch.setattr("sessions.backups.time.time", lambda: now + 86_400)  # a day ahead, until somebody notices
    ahead = [back_up(state, 3) for _ in range(3)]
    monkeypatch.setattr("sessions.backups.time.time", lambda: now)
    assert changed_since_backup(state) == float("inf")
    made = back_up(state, 3)
    assert backups_of(state) == [made, ahead[2], ahead[1]]
    os.utime(state, (now - 10,) * 2)
    assert changed_since_backup(state) is None, "one is enough"
    os.utime(state, (now + 1,) * 2)
    assert 0 <= (changed_since_backup(state) or 0.0) < 60


async def test_a_file_of_an_earlier_version_is_copied_before_it_is_changed(tmp_path: Path) -> None:
    for version in range(1, len(STEPS)):
        state = tmp_path / f"user{version}" / "state.db"
        state.parent.mkdir()
        state.write_bytes(await asyncio.to_thread(template, STEPS[:version]))
        async with databases(tmp_path, keep=3) as several:
            await several.store(f"user{version}").write(PUT, ("k", b"1"))
        (backup,) = await asyncio.to_thread(backups_of, state)
        assert backup.stem.endswith(f"-v{version}")
        with closing(sqlite3.connect(backup)) as connection:
            assert connection.execute("PRAGMA user_version").fetchone() == (version,)
        with closing(sqlite3.connect(state)) as connection:
            assert connection.execute("PRAGMA user_version").fetchone() == (len(STEPS),)
        await asyncio.to_thread(put_back, state, backup)
        async with databases(tmp_path, keep=3) as several:
            assert await several.store(f"user{version}").read(ALL) == []


# -- damage


def cut(image: bytearray, chance: random.Random) -> None:
    del image[chance.randrange(len(image)) :]


def nothing_left(image: bytearray, chance: random.Random) -> None:
    image.clear()


def zero_page(image: bytearray, chance: random.Random) -> None:
    at = chance.randrange(len(image) // 4096) * 4096
    image[at : at + 4096] = bytes(4096)


def rubbish_page(image: bytearray, chance: random.Random) -> None:
    at = chance.randrange(len(image) // 4096) * 4096
    image[at : at + 4096] = chance.randbytes(4096)


def another_head(image: bytearray, chance: random.Random) -> None:
    image[:16] = b"not a database !"


def turned_bits(image: bytearray, chance: random.Random) -> None:
    for _ in range(40):
        image[chance.randrange(len(image))] ^= 1 << chance.randrange(8)


Damage = Callable[[bytearray, random.Random], None]


@pytest.mark.parametrize("damage", [cut, nothing_left, zero_page, rubbish_page, another_head, turned_bits])
async def test_however_it_is_damaged_there_is_an_answer_and_nothing_is_thrown_away(
    tmp_path: Path, damage: Damage
) -> None:
    """What cannot be seen to be damaged, such as a bit within a value, is read as it stands."""
    state = await asyncio.to_thread(placed, tmp_path)
    whole = rows_of(state)
    backup = await asyncio.to_thread(back_up, state, 3)
    image, chance = state.read_bytes(), random.Random(damage.__name__)
    for _ in range(12):
        broken = bytearray(image)
        damage(broken, chance)
        state.write_bytes(broken)
        told: list[Rescued] = []
        async with databases(tmp_path, keep=3, told=lambda uid, one, told=told: told.append(one)) as several:
            alice, bob = several.store("alice"), several.store("bob")
            rows = dict(await alice.read(ALL))
            await alice.write(PUT, ("new", b"1"))
            await bob.write(PUT, ("k", b"1"))
        assert len(told) <= 1
        if told:
            assert told[0].backup == backup.name
            assert rows == whole, "the backup is in its place"
            assert (state.parent / told[0].kept).read_bytes() == broken
        else:
            assert damage in (turned_bits, zero_page, rubbish_page)
        for left in state.parent.glob("state.db*"):
            left.unlink()


async def test_damage_that_only_a_later_read_meets_is_repaired_by_that_read(tmp_path: Path) -> None:
    state = await asyncio.to_thread(placed, tmp_path)
    whole = rows_of(state)
    await asyncio.to_thread(back_up, state, 3)
    told: list[Rescued] = []
    async with databases(tmp_path, keep=3, idle_s=0.05, told=lambda uid, one: told.append(one)) as several:
        alice = several.store("alice")
        assert dict(await alice.read(ALL)) == whole
        await several.pool.shut("alice")
        image = bytearray(state.read_bytes())
        image[4096 * 7 :] = os.urandom(len(image) - 4096 * 7)
        state.write_bytes(image)
        assert dict(await alice.read(ALL)) == whole
    assert len(told) == 1


async def test_a_log_of_rubbish_is_passed_over(tmp_path: Path) -> None:
    state = await asyncio.to_thread(placed, tmp_path)
    whole = rows_of(state)
    state.with_name("state.db-wal").write_bytes(os.urandom(50_000))
    async with databases(tmp_path, keep=3) as several:
        assert dict(await several.store("alice").read(ALL)) == whole


async def test_a_log_whose_file_is_gone_is_kept_and_the_backup_takes_its_place(tmp_path: Path) -> None:
    state = await asyncio.to_thread(placed, tmp_path)
    whole = rows_of(state)
    await asyncio.to_thread(back_up, state, 3)
    state.unlink()
    state.with_name("state.db-wal").write_bytes(b"what was acknowledged")
    told: list[Rescued] = []
    async with databases(tmp_path, keep=3, told=lambda uid, one: told.append(one)) as several:
        assert dict(await several.store("alice").read(ALL)) == whole
    (kept,) = state.parent.glob("state.db.corrupt-*-wal")
    assert kept.read_bytes() == b"what was acknowledged"
    assert kept.name == f"{told[0].kept}-wal"


async def test_where_no_backup_is_good_it_begins_anew_and_says_so(tmp_path: Path) -> None:
    state = await asyncio.to_thread(placed, tmp_path)
    (await asyncio.to_thread(back_up, state, 3)).write_bytes(b"damaged too")
    state.write_bytes(b"rubbish " * 1_000)
    told: list[Rescued] = []
    async with databases(tmp_path, keep=3, told=lambda uid, one: told.append(one)) as several:
        alice = several.store("alice")
        assert await alice.read(ALL) == []
        await alice.write(PUT, ("k", b"1"))
        ((mark,),) = await alice.read("SELECT value FROM meta WHERE key = 'mailbox.mark'")
    assert mark > 10**12, "the numbers of events go on beyond all that were seen"
    assert (told[0].backup, told[0].made_at) == (None, None)
    assert (state.parent / told[0].kept).read_bytes() == b"rubbish " * 1_000


async def test_a_file_of_a_newer_host_is_not_damage(tmp_path: Path) -> None:
    state = await asyncio.to_thread(placed, tmp_path)
    with closing(sqlite3.connect(state)) as connection:
        connection.execute("PRAGMA user_version = 99")
    image = state.read_bytes()
    async with databases(tmp_path, keep=3) as several:
        with pytest.raises(StoreError, match="version 99"):
            await several.store("alice").read(ALL)
    assert state.read_bytes() == image
    assert not list(state.parent.glob("state.db.corrupt-*"))


@pytest.mark.parametrize("step", range(12))
def test_a_kill_while_a_backup_is_put_back_leaves_one_or_the_other_whole(
    tmp_path: Path, step: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Every call that changes the folder may be the last one of the process."""
    state = placed(tmp_path)
    old = rows_of(state)
    backup = back_up(state, 3)
    with closing(sqlite3.connect(state)) as connection:
        connection.execute(PUT, ("since", b"1"))
        connection.commit()
    since = rows_of(state)

    class Killed(BaseException):
        """The process is gone."""

    count = 0

    def dying(real: Callable[..., object]) -> Callable[..., object]:
        def call(*arguments: object, **more: object) -> object:
            nonlocal count
            count += 1
            if count > step:
                raise Killed
            return real(*arguments, **more)

        return call

    with monkeypatch.context() as patch:
        for name in ("unlink", "rename"):
            patch.setattr(Path, name, dying(getattr(Path, name)))
        with suppress(Killed):
            put_back(state, backup)
    with closing(statefile.open_file(state, template, _NoLock())) as connection:
        found = dict(connection.execute(ALL).fetchall())
    assert found in (old, since)


class _NoLock:
    def __enter__(self) -> None:
        """Nobody else is here."""

    def __exit__(self, *_: object) -> None:
        """Nobody else was here."""
