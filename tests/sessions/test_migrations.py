"""A state.db of an earlier version comes up to date whole, one of a later version is refused."""

from __future__ import annotations

import asyncio
import sqlite3
import threading
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing
from pathlib import Path

import pytest

from sessions.errors import StoreError
from sessions.migrations import STEPS, migrate, template
from tests.sessions.stores import databases, killed_at_random


@pytest.fixture
def file(tmp_path: Path) -> Iterator[sqlite3.Connection]:
    with closing(sqlite3.connect(tmp_path / "state.db", isolation_level=None)) as connection:
        yield connection


def add_colour(connection: sqlite3.Connection) -> None:
    connection.execute("ALTER TABLE events ADD COLUMN colour TEXT")
    connection.execute("UPDATE events SET colour = 'red'")


def fail_late(connection: sqlite3.Connection) -> None:
    connection.execute("DELETE FROM events")
    connection.execute("CREATE TABLE halfway (a)")
    connection.execute("INSERT INTO nowhere VALUES (1)")


def tables_of(connection: sqlite3.Connection) -> set[str]:
    return {name for (name,) in connection.execute("SELECT name FROM sqlite_schema WHERE type = 'table'")}


def version_of(connection: sqlite3.Connection) -> int:
    return int(connection.execute("PRAGMA user_version").fetchone()[0])


def test_an_empty_file_gets_every_step_once_and_again_is_no_change(file: sqlite3.Connection) -> None:
    migrate(file)
    assert tables_of(file) == {
        "kv",
        "events",
        "secrets",
        "meta",
        "calls",
        "usage",
        "holds",
        "records",
        "sqlite_sequence",
    }
    assert version_of(file) == len(STEPS)
    migrate(file)
    assert version_of(file) == len(STEPS)


def test_an_older_file_keeps_its_rows_and_gets_only_what_it_lacks(file: sqlite3.Connection) -> None:
    migrate(file)
    file.execute("INSERT INTO events VALUES (1, 'a', x'', 0)")
    migrate(file, (*STEPS, add_colour))
    assert file.execute("SELECT seq, colour FROM events").fetchall() == [(1, "red")]
    assert version_of(file) == len(STEPS) + 1


def test_a_newer_file_is_refused_in_words_and_stays_as_it_is(file: sqlite3.Connection, tmp_path: Path) -> None:
    migrate(file, (*STEPS, add_colour))
    before = (tmp_path / "state.db").read_bytes()
    with pytest.raises(StoreError, match=f"version {len(STEPS) + 1}.*up to {len(STEPS)}.*newer host"):
        migrate(file)
    assert (tmp_path / "state.db").read_bytes() == before


@pytest.mark.anyio
async def test_a_user_whose_file_is_newer_is_told_and_the_others_work(tmp_path: Path) -> None:
    (tmp_path / "alice").mkdir()
    (tmp_path / "alice" / "state.db").write_bytes(await asyncio.to_thread(template, (*STEPS, add_colour)))
    async with databases(tmp_path) as several:
        with pytest.raises(StoreError, match=r"state.db of alice: .*newer host"):
            await several.store("alice").read("SELECT 1")
        assert await several.store("bob").read("SELECT 1") == [(1,)]


def test_a_step_that_fails_leaves_the_old_version_whole(file: sqlite3.Connection) -> None:
    migrate(file)
    file.execute("INSERT INTO events VALUES (1, 'a', x'', 0)")
    with pytest.raises(sqlite3.OperationalError):
        migrate(file, (*STEPS, add_colour, fail_late))
    assert version_of(file) == len(STEPS) + 1
    assert "halfway" not in tables_of(file)
    assert file.execute("SELECT seq, colour FROM events").fetchall() == [(1, "red")]


def test_a_copy_of_the_template_is_a_file_in_wal_mode_with_every_table(tmp_path: Path) -> None:
    path = tmp_path / "copy.db"
    path.write_bytes(template())
    with closing(sqlite3.connect(path)) as copy, closing(sqlite3.connect(":memory:", isolation_level=None)) as made:
        migrate(made)
        assert copy.execute("PRAGMA journal_mode").fetchone() == ("wal",)
        assert copy.execute("PRAGMA integrity_check").fetchone() == ("ok",)
        assert version_of(copy) == len(STEPS)
        assert tables_of(copy) == tables_of(made)
    assert path.read_bytes()[: len(template())] == template()


def test_two_that_migrate_one_file_at_once_apply_each_step_once(tmp_path: Path) -> None:
    (tmp_path / "state.db").write_bytes(template())
    ready = threading.Barrier(4)

    def go() -> None:
        with closing(sqlite3.connect(tmp_path / "state.db", isolation_level=None)) as connection:
            ready.wait(10)
            migrate(connection, (*STEPS, add_colour))

    with ThreadPoolExecutor(4) as threads:
        for done in [threads.submit(go) for _ in range(4)]:
            done.result()
    with closing(sqlite3.connect(tmp_path / "state.db")) as after:
        assert version_of(after) == len(STEPS) + 1


SLOW_STEP = """
import sqlite3, sys
from sessions.migrations import STEPS, migrate

def rewrite(connection):
    print("rewriting", flush=True)
    connection.execute("ALTER TABLE events ADD COLUMN colour TEXT")
    while True:
        connection.execute("UPDATE events SET colour = hex(randomblob(500))")

connection = sqlite3.connect(sys.argv[1], isolation_level=None)
connection.execute("PRAGMA cache_size = 20")
migrate(connection, (*STEPS, rewrite))
"""


def test_a_migration_that_is_killed_leaves_the_old_version_whole(file: sqlite3.Connection, tmp_path: Path) -> None:
    file.execute("PRAGMA journal_mode = WAL")
    migrate(file)
    file.executemany("INSERT INTO events VALUES (?, 'a', zeroblob(100), 0)", [(seq,) for seq in range(1, 2_000)])
    for _ in range(4):
        assert killed_at_random(SLOW_STEP, tmp_path / "state.db", lines=1) == ["rewriting"]
        with closing(sqlite3.connect(tmp_path / "state.db", isolation_level=None)) as after:
            assert version_of(after) == len(STEPS)
            assert after.execute("PRAGMA integrity_check").fetchone() == ("ok",)
            assert after.execute("SELECT count(*), max(length(data)) FROM events").fetchone() == (1_999, 100)
    migrate(file, (*STEPS, add_colour))
    assert file.execute("SELECT count(colour) FROM events").fetchone() == (1_999,)
