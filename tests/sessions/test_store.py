"""A user's rows: durable when acknowledged, whole after a kill, apart from every other user's."""

from __future__ import annotations

import asyncio
import gc
import logging
import os
import random
import resource
import shutil
import sqlite3
import stat
import subprocess
import sys
import threading
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from itertools import pairwise
from pathlib import Path

import pytest

from sessions import store as store_module
from sessions.errors import FileSystemError, InvalidUid, Overloaded, SessionClosed, StoreError
from sessions.migrations import template
from sessions.pool import THREADS
from sessions.statefile import open_file
from sessions.store import Store
from tests.sessions.stores import databases, eventually, killed_at_random

pytestmark = pytest.mark.anyio

PUT = (
    "INSERT INTO kv (namespace, scope, key, value) VALUES ('n', 'global', ?, ?)"
    " ON CONFLICT DO UPDATE SET value = excluded.value"
)
ALL = "SELECT key, value FROM kv ORDER BY key"


async def test_a_row_that_was_acknowledged_is_read_back_by_the_next_host(tmp_path: Path) -> None:
    async with databases(tmp_path) as first:
        await first.store("alice").write(PUT, ("k", b"1"))
    async with databases(tmp_path) as second:
        assert await second.store("alice").read(ALL) == [("k", b"1")]


async def test_what_is_acknowledged_is_in_the_file_at_once_and_seen_by_another_program(tmp_path: Path) -> None:
    async with databases(tmp_path) as several:
        await several.store("alice").write(PUT, ("k", b"1"))
        seen = await asyncio.to_thread(rows_of, tmp_path / "alice" / "state.db")
        assert seen == [("k", b"1")]


@pytest.mark.parametrize("cancelled", [False, True])
async def test_a_commit_of_many_is_acknowledged_in_turns(tmp_path: Path, cancelled: bool) -> None:
    async with databases(tmp_path) as several:
        store = several.store("alice")
        await store.write(PUT, ("k", b""))
        writes = [store.write(PUT, (f"k{number}", b"")) for number in range(store_module.GROUP_WRITES)]
        seen = [0]
        await writes[0]  # until then the thread that commits needs the interpreter: a loop that spins would keep it
        while seen[-1] < len(writes):
            seen.append(sum(write.done() for write in writes))
            if cancelled and seen[-1] and store._writer is not None:
                store._writer.cancel()
                await asyncio.wait(writes, timeout=5)
                break
            await asyncio.sleep(0)
        assert cancelled or max(after - before for before, after in pairwise(seen)) <= store_module.TURN
        assert several.commits == 2
        assert [write.result() for write in writes] == [None] * len(writes), "what is on the disk is acknowledged"


async def test_users_never_see_each_others_rows(tmp_path: Path) -> None:
    async with databases(tmp_path) as several:
        names = ["alice", "alice2", "Alice", "a.lice", "a@b+c_d-e"]
        await asyncio.gather(*(several.store(name).write(PUT, ("who", name.encode())) for name in names))
        for name in names:
            assert await several.store(name).read(ALL) == [("who", name.encode())]


@pytest.mark.parametrize("uid", ["", "..", "../alice", "a/b", ".hidden", "a\0b", "x" * 129, "ä", None])
async def test_a_name_that_is_no_uid_has_no_store(tmp_path: Path, uid: str) -> None:
    async with databases(tmp_path) as several:
        with pytest.raises(InvalidUid):
            several.store(uid)
    assert list(tmp_path.iterdir()) == []


async def test_a_store_that_nobody_uses_touches_no_disk(tmp_path: Path) -> None:
    async with databases(tmp_path) as several:
        several.store("alice")
        assert several.open == 0
    assert list(tmp_path.iterdir()) == []


async def test_who_only_reads_gets_no_file_and_next_to_no_memory(tmp_path: Path) -> None:
    async with databases(tmp_path) as several:
        stores = [several.store(f"u{number}") for number in range(300)]
        assert await asyncio.gather(*(store.read("SELECT count(*) FROM kv") for store in stores)) == [[(0,)]] * 300
        assert several.open == 1
        assert list(tmp_path.iterdir()) == []
        await stores[7].write(PUT, ("k", b"1"))
        assert await asyncio.gather(*(store.read(ALL) for store in stores[6:9])) == [[], [("k", b"1")], []]
        assert os.listdir(tmp_path) == ["u7"]


async def test_what_users_without_a_file_share_cannot_be_written(tmp_path: Path) -> None:
    async with databases(tmp_path) as several:
        for sql in ("INSERT INTO kv VALUES ('n', 'global', 'k', x'00')", "DROP TABLE kv", "CREATE TABLE t (a)"):
            with pytest.raises(StoreError):
                await several.store("alice").read(sql)
        assert await several.store("bob").read(ALL) == []


async def test_writes_happen_in_the_order_of_the_calls_also_when_nobody_awaits_them(tmp_path: Path) -> None:
    async with databases(tmp_path) as several:
        alice = several.store("alice")
        for number in range(500):
            alice.write(PUT, ("k", b"%d" % number))
        await alice.write(PUT, ("other", b"x"))
        assert await alice.read(ALL) == [("k", b"499"), ("other", b"x")]


async def test_writes_that_nobody_awaits_are_there_after_close(tmp_path: Path) -> None:
    async with databases(tmp_path) as several:
        for number in range(50):
            several.store(f"u{number}").write(PUT, ("k", b"%d" % number))
    async with databases(tmp_path) as again:
        assert [await again.store(f"u{n}").read(ALL) for n in range(50)] == [[("k", b"%d" % n)] for n in range(50)]


async def test_writes_that_wait_for_a_commit_share_the_next_one(tmp_path: Path) -> None:
    async with databases(tmp_path) as several:
        alice = several.store("alice")
        await asyncio.gather(*(alice.write(PUT, (str(number), b"x")) for number in range(400)))
        assert several.acks == 400
        assert several.commits <= 4
        assert len(await alice.read(ALL)) == 400


async def test_statements_given_together_are_kept_together_or_not_at_all(tmp_path: Path) -> None:
    async with databases(tmp_path) as several:
        alice = several.store("alice")
        broken = alice.write_all([(PUT, ("a", b"1")), (PUT, ("b", None))])
        whole = alice.write_all([(PUT, ("c", b"1")), (PUT, ("d", b"2"))])
        with pytest.raises(StoreError):
            await broken
        await whole
        assert await alice.read(ALL) == [("c", b"1"), ("d", b"2")]


@pytest.mark.parametrize(
    ("sql", "params"),
    [
        (PUT, ("k", None)),
        (PUT, ("k", {1})),
        (PUT, ("k", 2**80)),
        (PUT, ("k\ud800", b"")),
        (PUT, ("k",)),
        ("INSERT INTO nowhere VALUES (1)", ()),
        ("not SQL", ()),
        ("COMMIT", ()),
    ],
)
async def test_only_the_guilty_write_of_a_group_fails(tmp_path: Path, sql: str, params: tuple[object, ...]) -> None:
    async with databases(tmp_path) as several:
        alice = several.store("alice")
        before = [alice.write(PUT, (f"a{number}", b"x")) for number in range(5)]
        guilty = alice.write(sql, params)
        after = [alice.write(PUT, (f"b{number}", b"x")) for number in range(5)]
        with pytest.raises(StoreError, match="alice"):
            await guilty
        await asyncio.gather(*before, *after)
        assert len(await alice.read(ALL)) == 10
        await alice.write(PUT, ("later", b"x"))


async def test_an_error_never_shows_a_value_or_a_path(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    async with databases(tmp_path) as several:
        with pytest.raises(StoreError) as caught:
            await several.store("alice").write(PUT, ("canary-key", {"canary-value"}))
    told = str(caught.value) + caplog.text
    assert "canary" not in told
    assert str(tmp_path) not in told


async def test_a_failure_that_nobody_awaits_is_logged_once_and_asyncio_stays_quiet(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    noise: list[object] = []
    asyncio.get_running_loop().set_exception_handler(lambda loop, context: noise.append(context))
    with caplog.at_level(logging.WARNING, "roost.sessions"):
        async with databases(tmp_path) as several:
            for _ in range(3):
                several.store("alice").write("INSERT INTO nowhere VALUES (1)")
    gc.collect()
    assert noise == []
    assert [record.getMessage()[:34] for record in caplog.records] == ["1 of 1 writes of alice were not ke"] * 3


async def test_cancelling_who_awaits_a_write_does_not_cancel_the_write(tmp_path: Path) -> None:
    async with databases(tmp_path) as several:
        alice = several.store("alice")
        future = alice.write(PUT, ("k", b"1"))
        future.cancel()
        await alice.write(PUT, ("l", b"2"))
        assert await alice.read(ALL) == [("k", b"1"), ("l", b"2")]


async def test_a_read_never_sees_half_of_a_transaction(tmp_path: Path) -> None:
    async with databases(tmp_path) as several:
        alice = several.store("alice")
        await alice.write_all([(PUT, ("a", b"0")), (PUT, ("b", b"0"))])

        async def look() -> None:
            for _ in range(60):
                (_, a), (_, b) = await alice.read(ALL)
                assert a == b

        async def move() -> None:
            for number in range(60):
                value = b"%d" % number
                await alice.write_all([(PUT, ("a", value)), ("DELETE FROM kv WHERE 0", ()), (PUT, ("b", value))])

        await asyncio.gather(look(), move(), look())


async def test_a_store_that_was_closed_refuses_and_its_rows_stay(tmp_path: Path) -> None:
    async with databases(tmp_path) as several:
        alice = several.store("alice")
        alice.write(PUT, ("k", b"1"))
        await alice.close()
        assert several.open == 0
        with pytest.raises(SessionClosed):
            alice.write(PUT, ("k", b"2"))
        with pytest.raises(SessionClosed):
            await alice.read(ALL)
        assert await several.store("alice").read(ALL) == [("k", b"1")]
    with pytest.raises(SessionClosed):
        several.store("alice").write(PUT, ("k", b"3"))


async def test_when_the_work_is_cancelled_from_outside_every_write_still_ends(tmp_path: Path) -> None:
    async with databases(tmp_path) as several:
        alice, bob = several.store("alice"), several.store("bob")
        await alice.read(ALL)
        futures = [alice.write(PUT, (str(number), bytes(100))) for number in range(1_500)]
        unstarted = bob.write(PUT, ("k", b"1"))
        await asyncio.sleep(0)
        await several.tasks.close()
        late = alice.write(PUT, ("late", b"1"))
        await asyncio.wait_for(late, 10)
    await asyncio.wait_for(unstarted, 10)
    kept = [await asyncio.wait_for(asyncio.gather(one, return_exceptions=True), 10) for one in futures]
    async with databases(tmp_path) as several:
        there = {key for key, _ in await several.store("alice").read(ALL)}
    assert {str(number) for number, (outcome,) in enumerate(kept) if outcome is None} <= there
    assert all(outcome is None or isinstance(outcome, SessionClosed) for (outcome,) in kept)


async def test_one_user_cannot_pile_up_writes_without_bound(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(store_module, "PENDING_BYTES", 1 << 20)
    async with databases(tmp_path) as several:
        alice, bob = several.store("alice"), several.store("bob")
        kept = [alice.write(PUT, (f"k{number}", bytes(400_000))) for number in range(3)]
        with pytest.raises(Overloaded) as caught:
            alice.write(PUT, ("k", b""))
        assert caught.value.retry_after_ms > 0
        await bob.write(PUT, ("k", b"1"))
        await asyncio.gather(*kept)
        await alice.write(PUT, ("k", b""))
        assert len(await alice.read("SELECT key FROM kv")) == 4


# -- files that are open


async def test_few_files_are_open_however_many_users_are_here(tmp_path: Path) -> None:
    most = 0
    async with databases(tmp_path, limit=4) as several:

        async def work(uid: str) -> None:
            nonlocal most
            for number in range(3):
                await several.store(uid).write(PUT, (str(number), uid.encode()))
                most = max(most, several.open)
                assert len(await several.store(uid).read(ALL)) == number + 1

        await asyncio.gather(*(work(f"u{number}") for number in range(40)))
        assert most <= 4
        assert several.waiting == 0


async def test_who_gives_up_waiting_for_a_file_costs_the_others_nothing(tmp_path: Path) -> None:
    async with databases(tmp_path, limit=1) as several:
        async with several.pool.use("holder"):
            waiter = asyncio.get_running_loop().create_task(several.store("waiter").read(ALL))  # for the empty one
            await eventually(lambda: several.waiting == 1)
            waiter.cancel()
            with pytest.raises(asyncio.CancelledError):
                await waiter
            assert several.waiting == 0
        assert await several.store("next").read(ALL) == []
        assert several.open == 1


async def test_many_who_wait_get_in_although_nobody_uses_the_files_that_are_open(tmp_path: Path) -> None:
    async with databases(tmp_path, limit=8, idle_s=3600) as several:
        await asyncio.gather(*(several.store(f"idle{number}").write(PUT, ("k", b"1")) for number in range(8)))
        assert several.open == 8 and several.waiting == 0
        waiting = [several.store(f"u{number}").write(PUT, ("k", b"1")) for number in range(8)]
        await asyncio.wait_for(asyncio.gather(*waiting), 10)


async def test_no_thread_is_started_for_a_file(tmp_path: Path) -> None:
    threads = threading.active_count()
    async with databases(tmp_path) as several:
        await asyncio.gather(*(several.store(f"u{number}").write(PUT, ("k", b"1")) for number in range(100)))
        assert several.open == 100
        assert threading.active_count() <= threads + THREADS + 8, "and those of asyncio.to_thread"


async def test_what_was_called_before_its_caller_was_cancelled_ends_first(tmp_path: Path) -> None:
    begun, let, seen = threading.Event(), threading.Event(), list[str]()

    def slow(connection: sqlite3.Connection) -> None:
        begun.set()
        let.wait(10)
        seen.append("slow")

    async with databases(tmp_path) as several, several.pool.use("alice") as connection:
        calling = asyncio.get_running_loop().create_task(connection.call(slow))
        await eventually(begun.is_set)
        calling.cancel()
        with pytest.raises(asyncio.CancelledError):
            await calling
        after = asyncio.get_running_loop().create_task(connection.call(lambda _: seen.append("after")))
        await asyncio.sleep(0.05)
        let.set()
        await after
        assert seen == ["slow", "after"]


async def test_who_waits_for_a_file_gets_in_as_soon_as_another_is_done(tmp_path: Path) -> None:
    async with databases(tmp_path, limit=1, idle_s=3600) as several:
        async with several.pool.use("holder"):
            waiting = [several.store(f"u{number}").write(PUT, ("k", b"1")) for number in range(5)]
            await eventually(lambda: several.waiting == 5)
        await asyncio.wait_for(asyncio.gather(*waiting), 10)


async def test_a_file_that_nobody_used_for_a_while_is_closed_and_opens_again(tmp_path: Path) -> None:
    async with databases(tmp_path, idle_s=0.05) as several:
        alice = several.store("alice")
        await alice.write(PUT, ("k", b"1"))
        assert several.open == 1
        log = tmp_path / "alice" / "state.db-wal"
        await eventually(lambda: several.open == 0 and not log.exists())
        assert await alice.read(ALL) == [("k", b"1")]


async def test_a_file_in_use_is_not_closed_as_idle(tmp_path: Path) -> None:
    async with databases(tmp_path, idle_s=0.02) as several:
        await several.store("bob").write(PUT, ("k", b"1"))
        async with several.pool.use("alice") as connection:
            await eventually(lambda: several.open == 1)
            assert await connection.fetch("SELECT 1") == [(1,)]


async def test_after_close_no_thread_and_no_descriptor_is_left(tmp_path: Path) -> None:
    threads, descriptors = threading.active_count(), len(os.listdir("/proc/self/fd"))
    async with databases(tmp_path) as several:
        await asyncio.gather(*(several.store(f"u{number}").write(PUT, ("k", b"1")) for number in range(20)))
        assert several.open == 20
    assert len(os.listdir("/proc/self/fd")) == descriptors
    await eventually(lambda: threading.active_count() <= threads)


# -- the file itself


async def test_the_file_is_the_hosts_alone_and_has_the_right_pragmas(tmp_path: Path) -> None:
    async with databases(tmp_path) as several:
        alice = several.store("alice")
        await alice.write(PUT, ("k", b"1"))
        for name in ("state.db", "state.db-wal"):
            assert stat.S_IMODE((tmp_path / "alice" / name).stat().st_mode) == 0o600
        wanted = {"journal_mode": "wal", "synchronous": 2, "foreign_keys": 1, "busy_timeout": 5000}
        assert {name: (await alice.read(f"PRAGMA {name}"))[0][0] for name in wanted} == wanted
    assert os.listdir(tmp_path / "alice") == ["state.db"]


async def test_the_log_does_not_stay_large(tmp_path: Path) -> None:
    async with databases(tmp_path) as several:
        alice = several.store("alice")
        for number in range(12):
            await alice.write(PUT, ("k", os.urandom(2_000_000) + b"%d" % number))
        await asyncio.gather(*(alice.write(PUT, (f"s{number}", os.urandom(50))) for number in range(3)))
        assert (tmp_path / "alice" / "state.db-wal").stat().st_size <= 6 << 20


async def test_a_fresh_file_is_whole_on_the_disk_before_it_has_its_name(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    happened: list[str] = []
    fsync, rename = os.fsync, os.rename

    def note_fsync(descriptor: int) -> None:
        happened.append(os.readlink(f"/proc/self/fd/{descriptor}").removeprefix(str(tmp_path)))
        fsync(descriptor)

    def note_rename(old: str, new: str) -> None:
        happened.append(f"rename to {Path(new).name}")
        rename(old, new)

    monkeypatch.setattr(os, "fsync", note_fsync)
    monkeypatch.setattr(os, "rename", note_rename)
    async with databases(tmp_path) as several:
        await several.store("alice").write(PUT, ("k", b"1"))
    assert happened == ["", "/alice/state.db.new", "rename to state.db", "/alice", ""]


@pytest.mark.parametrize(
    "name", ["a b", "100%41", "q?mode=ro#x", "üñ", "nl\nnl", "file:x", "'quoted\"", os.fsdecode(b"\xff\xfe")]
)
async def test_the_data_folder_may_have_any_name(tmp_path: Path, name: str) -> None:
    folder = tmp_path / name
    async with databases(folder) as several:
        await several.store("alice").write(PUT, ("k", b"1"))
    assert await asyncio.to_thread(rows_of, folder / "alice" / "state.db") == [("k", b"1")]
    assert os.listdir(tmp_path) == [name]


async def test_a_file_that_is_no_database_is_told_plainly_and_left_alone(tmp_path: Path) -> None:
    path = tmp_path / "alice" / "state.db"
    path.parent.mkdir()
    for content in (b"rubbish " * 1000, b"", b"SQLite format 3\0" + b"\xff" * 5000):
        path.write_bytes(content)
        async with databases(tmp_path) as several:
            with pytest.raises(StoreError, match=r"^state.db of alice: .*begin anew"):
                await several.store("alice").read(ALL)
            with pytest.raises(StoreError):
                await several.store("alice").write(PUT, ("k", b"1"))
            await several.store("bob").write(PUT, ("k", b"1"))
        assert path.read_bytes() == content


async def test_a_damaged_file_never_crashes_and_never_stops_another_user(tmp_path: Path) -> None:
    async with databases(tmp_path) as several:
        alice = several.store("alice")
        await asyncio.gather(*(alice.write(PUT, (f"k{n}", os.urandom(700))) for n in range(100)))
    path = tmp_path / "alice" / "state.db"
    whole, chance = path.read_bytes(), random.Random(7)
    outcomes: Counter[str] = Counter()
    for _ in range(40):
        path.write_bytes(damaged(whole, chance))
        async with databases(tmp_path) as several:
            try:
                await several.store("alice").read(ALL)
                await several.store("alice").write(PUT, ("k", b"1"))
                outcomes["goes on"] += 1
            except StoreError as error:
                assert str(tmp_path) not in str(error)
                outcomes["told"] += 1
            await several.store("bob").write(PUT, ("k", b"1"))
    assert outcomes["told"] > 10


async def test_a_log_without_its_file_is_not_thrown_away(tmp_path: Path) -> None:
    log = tmp_path / "alice" / "state.db-wal"
    log.parent.mkdir()
    log.write_bytes(b"what was acknowledged")
    async with databases(tmp_path) as several:
        with pytest.raises(StoreError, match="missing"):
            await several.store("alice").write(PUT, ("k", b"1"))
        with pytest.raises(StoreError, match="missing"):
            await several.store("alice").read(ALL)
    assert log.read_bytes() == b"what was acknowledged"
    assert os.listdir(log.parent) == ["state.db-wal"]


async def test_what_a_kill_left_of_a_fresh_file_is_no_hindrance(tmp_path: Path) -> None:
    left = tmp_path / "alice" / "state.db.new"
    left.parent.mkdir()
    left.write_bytes(b"half")
    async with databases(tmp_path) as several:
        await several.store("alice").write(PUT, ("k", b"1"))
    assert os.listdir(left.parent) == ["state.db"]


async def test_a_folder_that_cannot_be_made_is_told_to_that_user_alone(tmp_path: Path) -> None:
    (tmp_path / "alice").write_bytes(b"a file where the folder should be")
    async with databases(tmp_path) as several:
        with pytest.raises(StoreError, match="operating system"):
            await several.store("alice").write(PUT, ("k", b"1"))
        await several.store("bob").write(PUT, ("k", b"1"))


async def test_who_comes_late_never_replaces_a_file_that_has_rows(tmp_path: Path) -> None:
    """What a cancelled opening does in its thread, at every moment of the next one."""
    path = tmp_path / "alice" / "state.db"
    image, lock = await asyncio.to_thread(template), threading.Lock()

    def keep(number: int) -> None:
        connection = open_file(path, lambda: image, lock)
        try:
            connection.execute(PUT, (str(number), b"1"))
        finally:
            connection.close()

    for _ in range(10):
        await asyncio.gather(*(asyncio.to_thread(keep, number) for number in range(4)))
        async with databases(tmp_path) as several:
            assert len(await several.store("alice").read(ALL)) == 4
        await asyncio.to_thread(shutil.rmtree, tmp_path / "alice")


# -- a full disk


async def test_a_full_file_is_no_space_and_a_later_smaller_write_works_again(tmp_path: Path) -> None:
    async with databases(tmp_path) as several:
        alice = several.store("alice")
        await alice.write("PRAGMA max_page_count = 40")
        small, large, last = (alice.write(PUT, (k, os.urandom(n))) for k, n in [("a", 9), ("b", 400_000), ("c", 9)])
        await small
        with pytest.raises(FileSystemError, match="full") as caught:
            await large
        assert caught.value.code == "NoSpace"
        await last
        assert [key for key, _ in await alice.read(ALL)] == ["a", "c"]


@contextmanager
def without_descriptors() -> Iterator[None]:
    """This process can open nothing."""
    before = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (3, before[1]))
    try:
        yield
    finally:
        resource.setrlimit(resource.RLIMIT_NOFILE, before)


@pytest.mark.parametrize("uid", ["alice", "fresh"])
async def test_a_process_that_can_open_nothing_says_that_and_works_again_later(tmp_path: Path, uid: str) -> None:
    async with databases(tmp_path) as several:
        await several.store("alice").write(PUT, ("k", b"1"))
    async with databases(tmp_path) as several:
        with without_descriptors(), pytest.raises(FileSystemError, match="too many files") as caught:
            await several.store(uid).write(PUT, ("l", b"1"))
        assert caught.value.code == "Unavailable"
        await several.store(uid).write(PUT, ("l", b"1"))
        assert [key for key, _ in await several.store("alice").read(ALL)] == ["k", "l"][: 1 + (uid == "alice")]


@pytest.mark.skipif(os.geteuid() != 0, reason="only root may mount a small file system")
async def test_a_full_disk_loses_nothing_acknowledged_and_is_over_when_space_is_free(tmp_path: Path) -> None:
    if await asyncio.to_thread(subprocess.call, ["mount", "-t", "tmpfs", "-o", "size=1m", "none", str(tmp_path)]):
        pytest.skip("this machine does not let root mount a small file system")
    try:
        await fill_and_free(tmp_path)
    finally:
        await asyncio.to_thread(subprocess.check_call, ["umount", "-l", str(tmp_path)])


async def fill_and_free(folder: Path) -> None:
    ballast, kept = folder / "ballast", []
    ballast.write_bytes(bytes(300_000))
    async with databases(folder, idle_s=0.02) as several:
        alice = several.store("alice")
        with pytest.raises(FileSystemError) as caught:
            for number in range(1_000):
                await alice.write(PUT, (f"k{number:04}", os.urandom(5_000)))
                kept.append(f"k{number:04}")
        assert caught.value.code == "NoSpace"
        with pytest.raises(OSError, match="space"):
            (folder / "fill").write_bytes(bytes(2 << 20))
        with pytest.raises(FileSystemError) as caught:
            await several.store("fresh").write(PUT, ("k", b"1"))
        assert caught.value.code == "NoSpace"
        assert [key for key, _ in await alice.read(ALL)] == kept
        ballast.unlink()
        await several.store("fresh").write(PUT, ("k", b"1"))
        await alice.write(PUT, ("later", b"1"))
        await eventually(lambda: several.open == 0)
        assert [key for key, _ in await alice.read(ALL)] == [*kept, "later"]


async def test_a_limit_on_file_size_is_an_error_and_not_the_end(tmp_path: Path) -> None:
    """The kernel answers EFBIG, which SQLite calls an I/O error; a signal would end the process."""
    soft, hard = resource.getrlimit(resource.RLIMIT_FSIZE)
    async with databases(tmp_path) as several:
        alice = several.store("alice")
        await alice.write(PUT, ("a", b"1"))
        resource.setrlimit(resource.RLIMIT_FSIZE, (200_000, hard))
        try:
            with pytest.raises((StoreError, FileSystemError)):
                await alice.write(PUT, ("b", os.urandom(400_000)))
        finally:
            resource.setrlimit(resource.RLIMIT_FSIZE, (soft, hard))
        await alice.write(PUT, ("c", b"1"))
        assert [key for key, _ in await alice.read(ALL)] == ["a", "c"]


# -- kill -9

WRITER = """
import asyncio, sys
from pathlib import Path
from sessions.pool import THREADS
from sessions.store import Databases
from sessions.tasks import Tasks

PUT = "INSERT INTO kv VALUES ('n', 'global', ?, ?) ON CONFLICT DO UPDATE SET value = excluded.value"

async def main(folder, start):
    async with asyncio.TaskGroup() as group:
        store = Databases(Path(folder), Tasks(group, lambda name, error: None)).store("alice")

        async def write(key):
            for number in range(start, start + 1_000_000):
                value = b"%d %s" % (number, b"x" * (number * 37 % 3000))
                await store.write_all([(PUT, (key, value)), (PUT, (key + "'", value))])
                sys.stdout.write(f"{key} {number}\\n")
                sys.stdout.flush()

        for key in "abcdefgh":
            group.create_task(write(key))

asyncio.run(main(sys.argv[1], int(sys.argv[2])))
"""


async def test_a_row_that_was_acknowledged_survives_kill_9(tmp_path: Path) -> None:
    acknowledged: dict[str, int] = {}
    for start in range(0, 20_000_000, 1_000_000):
        for line in await asyncio.to_thread(killed_at_random, WRITER, tmp_path, start, lines=20):
            key, number = line.split()
            acknowledged[key] = int(number)
        async with databases(tmp_path) as several:
            rows = dict(await several.store("alice").read(ALL))
        for key, number in acknowledged.items():
            there, filling = rows[key].split(b" ")
            assert int(there) >= number, "an acknowledged row is lost"
            assert len(filling) == int(there) * 37 % 3000, "a row is half there"
            assert rows[key] == rows[f"{key}'"], "half a transaction is there"
    assert len(acknowledged) == 8


def damaged(whole: bytes, chance: random.Random) -> bytes:
    """A copy with a bit turned, a page of zeros, a piece of rubbish, or its end cut off."""
    image, place = bytearray(whole), chance.randrange(len(whole) - 4096)
    kind = chance.randrange(4)
    if kind == 0:
        image[place % 100 if chance.random() < 0.5 else place] ^= 1 << chance.randrange(8)
    elif kind == 1:
        image[place // 4096 * 4096 : place // 4096 * 4096 + 4096] = bytes(4096)
    elif kind == 2:
        image[place : place + 300] = chance.randbytes(300)
    else:
        del image[place:]
    return bytes(image)


def rows_of(path: Path) -> list[tuple[str, bytes]]:
    connection = sqlite3.connect(path)
    try:
        return connection.execute(ALL).fetchall()
    finally:
        connection.close()


def test_a_store_that_nobody_uses_costs_next_to_no_memory() -> None:
    assert sys.getsizeof(Store.__new__(Store)) <= 96
