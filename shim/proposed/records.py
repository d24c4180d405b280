"""The proposal `records`: what an extension keeps that grows, each commit with the event that tells of it.

VS Code's Mementos hold everything in memory and tell nobody; this is for conversations, logs and results.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from sessions.current import current_extension, current_session
from sessions.errors import InvalidValue
from sessions.records import Change, Delete, Put
from sessions.records import Records as Kept
from shim.thenable import Thenable

__all__ = ["Change", "Delete", "Put", "commit", "get", "page"]


def get(collection: str, key: str) -> Thenable[Any]:
    """The value of a record of the current user and extension, or None."""
    return current_session().promise(_records().get(collection, key), "records")


def page(
    collection: str, *, after: str = "", before: str | None = None, limit: int = 1_000
) -> Thenable[list[tuple[str, Any]]]:
    """Keys and values in order from beyond `after`, or with `before` downwards from below it; 1,000 at most."""
    return current_session().promise(_records().page(collection, after, before, limit), "records")


def commit(
    changes: Sequence[Change], event: tuple[str, Any] | None = None, *, more: Sequence[tuple[str, Any]] = ()
) -> Thenable[int | None]:
    """Make the changes durable, all or none, and then show the event `(type, data)`; gives the event's number.

    `more` events go to the disk with it and are shown behind it. Types begin with the extension's name. Raises
    `InvalidValue`, `QuotaExceeded`, `Overloaded` and `StoreError`.
    """
    name = (current_extension() or "").partition(".")[2]
    if any(not one[0].startswith(f"{name}.") for one in (*([event] if event else []), *more)):
        raise InvalidValue("type", f"must begin with the extension's own name: '{name}.<what happened>'")
    return current_session().promise(_records().commit(changes, event, more), "records")


def _records() -> Kept:
    extension = current_extension()
    if not extension:
        raise InvalidValue("extension", "is not known here; keep records from an extension's code")
    return current_session().records(extension.lower())
