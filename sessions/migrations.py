"""How a state.db gets its tables: steps in order, each applied once and whole. Synchronous, for threads."""

from __future__ import annotations

import sqlite3
from collections.abc import Callable, Sequence
from contextlib import closing

from sessions.errors import StoreError

Step = Callable[[sqlite3.Connection], None]
"""One change of the schema. It runs inside a transaction and must not begin or end one."""

WAL_VERSION = 2
"""What bytes 18 and 19 of a database file are in WAL mode (sqlite.org/fileformat2.html, section 1.3.3)."""


def first_tables(connection: sqlite3.Connection) -> None:
    """State of extensions and clients, numbered events, sealed secrets, and what the host notes about the file."""
    connection.execute(
        "CREATE TABLE kv (namespace TEXT NOT NULL, scope TEXT NOT NULL, key TEXT NOT NULL, value BLOB NOT NULL,"
        " PRIMARY KEY (namespace, scope, key)) WITHOUT ROWID"
    )
    connection.execute(
        "CREATE TABLE events (seq INTEGER PRIMARY KEY, type TEXT NOT NULL, data BLOB NOT NULL, time INTEGER NOT NULL)"
    )
    connection.execute(
        "CREATE TABLE secrets (namespace TEXT NOT NULL, key TEXT NOT NULL, sealed BLOB NOT NULL,"
        " PRIMARY KEY (namespace, key)) WITHOUT ROWID"
    )
    connection.execute("CREATE TABLE meta (key TEXT PRIMARY KEY, value NOT NULL) WITHOUT ROWID")


def usage_tables(connection: sqlite3.Connection) -> None:
    """Calls of language models: each of them, their sums by task, day and month, and what calls that run hold back."""
    tokens = "input INTEGER NOT NULL, output INTEGER NOT NULL, cache_read INTEGER NOT NULL,"
    tokens += " cache_write INTEGER NOT NULL, thinking INTEGER NOT NULL"
    connection.execute(
        "CREATE TABLE calls (id INTEGER PRIMARY KEY AUTOINCREMENT, time INTEGER NOT NULL, task TEXT,"
        f" provider TEXT NOT NULL, model TEXT NOT NULL, {tokens}, cost INTEGER, outcome TEXT NOT NULL)"
    )
    connection.execute(
        "CREATE TABLE usage (period TEXT NOT NULL, key TEXT NOT NULL, provider TEXT NOT NULL, model TEXT NOT NULL,"
        f" {tokens}, cost INTEGER NOT NULL, calls INTEGER NOT NULL, unpriced INTEGER NOT NULL, last INTEGER NOT NULL,"
        " PRIMARY KEY (period, key, provider, model)) WITHOUT ROWID"
    )
    connection.execute(
        "CREATE TABLE holds (id TEXT PRIMARY KEY, time INTEGER NOT NULL, task TEXT, provider TEXT NOT NULL,"
        f" model TEXT NOT NULL, {tokens}, cost INTEGER) WITHOUT ROWID"
    )


def record_tables(connection: sqlite3.Connection) -> None:
    """What extensions keep that grows, such as the conversations of the coding agent."""
    connection.execute(
        "CREATE TABLE records (namespace TEXT NOT NULL, collection TEXT NOT NULL, key TEXT NOT NULL,"
        " value BLOB NOT NULL, PRIMARY KEY (namespace, collection, key)) WITHOUT ROWID"
    )


STEPS: tuple[Step, ...] = (first_tables, usage_tables, record_tables)
"""Append only: what a release has applied is never edited. The file keeps their number as `PRAGMA user_version`."""


def migrate(connection: sqlite3.Connection, steps: Sequence[Step] = STEPS) -> None:
    """Apply the steps that the file lacks, each in a transaction of its own: a kill leaves the last whole version.

    `connection` is in autocommit mode. Raises `StoreError` where the file is newer than `steps`.
    """
    version = _version(connection)
    if version > len(steps):
        raise StoreError(
            f"state.db has version {version}, and this host knows versions up to {len(steps)}:"
            " start the newer host that wrote it, or put back a copy from before the upgrade"
        )
    for number, step in enumerate(steps[version:], version + 1):
        _apply(connection, step, number)


def _version(connection: sqlite3.Connection) -> int:
    return int(connection.execute("PRAGMA user_version").fetchone()[0])


def _apply(connection: sqlite3.Connection, step: Step, number: int) -> None:
    connection.execute("BEGIN IMMEDIATE")
    try:
        if _version(connection) < number:  # else another connection was first
            step(connection)
            connection.execute(f"PRAGMA user_version = {number}")
        connection.execute("COMMIT")
    except BaseException:
        connection.rollback()
        raise


def template(steps: Sequence[Step] = STEPS) -> bytes:
    """The bytes of a fresh state.db in WAL mode: placing a copy costs a tenth of running the steps."""
    with closing(sqlite3.connect(":memory:", isolation_level=None)) as connection:
        migrate(connection, steps)
        image = bytearray(connection.serialize())
    image[18] = image[19] = WAL_VERSION
    return bytes(image)
