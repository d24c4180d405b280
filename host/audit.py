"""What administrators did while the host ran: who, when, to whom, and what it was before. Rows of the host's own."""

from __future__ import annotations

import secrets
import time
from typing import Any

import orjson

from sessions.store import Statement, Store

KEPT = 10_000
"""Deeds that are kept; older ones go."""

PUT = "INSERT INTO kv (namespace, scope, key, value) VALUES ('audit', '', ?, ?)"
TRIM = (
    "DELETE FROM kv WHERE namespace = 'audit' AND key <= coalesce((SELECT key FROM kv WHERE namespace = 'audit'"
    " ORDER BY key DESC LIMIT 1 OFFSET ?), '')"
)
NEWEST = "SELECT value FROM kv WHERE namespace = 'audit' ORDER BY key DESC LIMIT ?"


def deed(by: str, what: str, uid: str, before: object = None, after: object = None) -> list[Statement]:
    """The statements that keep a deed: written with what it changes, both are on the disk or neither is."""
    at = time.time_ns() // 1_000_000
    told = {"time": at, "by": by, "what": what, "uid": uid, "before": before, "after": after}
    return [(PUT, (f"{at:015d}-{secrets.token_hex(4)}", orjson.dumps(told))), (TRIM, (KEPT,))]


async def newest(store: Store, most: int) -> list[dict[str, Any]]:
    """The last deeds, the newest first: `{time (ms), by, what, uid ('*': everybody), before, after}`."""
    return [orjson.loads(held) for (held,) in await store.read(NEWEST, (most,))]
