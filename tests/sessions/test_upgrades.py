"""A state.db of each earlier release (`schemas/v*.sql`, as it was written then) opens with all that was in it."""

from __future__ import annotations

import sqlite3
from contextlib import closing
from pathlib import Path

import pytest

from sessions.mailbox import Mailbox
from sessions.memento import Memento
from sessions.migrations import STEPS, migrate
from sessions.usage import Book
from tests.sessions.stores import databases

SCHEMAS = sorted((Path(__file__).parent / "schemas").glob("v*.sql"))


def left_by(schema: Path, folder: Path) -> None:
    """The file as that release left it."""
    folder.mkdir()
    with closing(sqlite3.connect(folder / "state.db", isolation_level=None)) as connection:
        connection.execute("PRAGMA journal_mode = WAL")
        connection.executescript(schema.read_text())


def schema_of(connection: sqlite3.Connection) -> list[tuple[str, str]]:
    return connection.execute("SELECT name, sql FROM sqlite_schema WHERE sql IS NOT NULL ORDER BY name").fetchall()


def test_there_is_a_file_of_every_version_that_ever_was() -> None:
    assert [schema.stem for schema in SCHEMAS] == [f"v{number}" for number in range(1, len(STEPS) + 1)], (
        "a new step needs a file of what it makes: never change those that are there"
    )


@pytest.mark.parametrize("schema", SCHEMAS, ids=lambda schema: schema.stem)
def test_each_becomes_what_a_fresh_one_is(tmp_path: Path, schema: Path) -> None:
    left_by(schema, tmp_path / "ada")
    with (
        closing(sqlite3.connect(tmp_path / "ada" / "state.db", isolation_level=None)) as old,
        closing(sqlite3.connect(":memory:", isolation_level=None)) as fresh,
    ):
        migrate(old)
        migrate(fresh)
        assert schema_of(old) == schema_of(fresh)
        assert old.execute("PRAGMA integrity_check").fetchone() == ("ok",)


@pytest.mark.anyio
@pytest.mark.parametrize("schema", SCHEMAS, ids=lambda schema: schema.stem)
async def test_what_was_in_each_is_read_by_this_one(tmp_path: Path, schema: Path) -> None:
    left_by(schema, tmp_path / "ada")
    async with databases(tmp_path, keep=2) as several:
        store = several.store("ada")
        memento = Memento(store, "client", "global")
        await memento.load()
        assert memento.get("colour") == "red"
        await memento.update("colour", "blue")
        mailbox = Mailbox(store, "ada")
        await mailbox.load()
        assert mailbox.seq == 1007, "numbers go on beyond all that were given"
        assert await mailbox.post("chat.said", {"text": "again"}, durable=True) == 1008
        await mailbox.close()
        assert await store.read("SELECT hex(sealed) FROM secrets") == [("00010203",)]
        assert await store.read("SELECT count(*) FROM records") == [(int(schema.stem >= "v3"),)]
        sums = await Book(store).tasks()
        assert [(one.key, one.cost) for one in sums] == ([] if schema.stem == "v1" else [("t1", 1500)])
