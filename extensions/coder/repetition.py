"""The same tool call again and again: counted, and stopped. The count is a record, which outlives a restart."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping
from typing import Any

import orjson


def counted(last: Mapping[str, Any] | None, tool: str, arguments: Mapping[str, Any], limit: int) -> Any:
    """The record of this call, `{call, count}`, after that of the call before; None where it is one too many.

    `limit` identical calls in a row pass and the next one is stopped; zero or less lets all pass. After a stop there is
    no record, and the count begins anew: the agent gets another chance once the user was asked.
    """
    call = digest(tool, arguments)
    count = last["count"] + 1 if last and last.get("call") == call else 1
    return {"call": call, "count": count} if limit <= 0 or count <= limit else None


def digest(*values: Any) -> str:
    """A short name of values that are JSON, whatever order their fields are in."""
    found = hashlib.blake2b(digest_size=16)
    for value in values:
        try:
            found.update(orjson.dumps(value, option=orjson.OPT_SORT_KEYS, default=str))
        except TypeError:  # half of a character, or a number of more than 64 bits
            found.update(json.dumps(value, sort_keys=True, default=str).encode())
        found.update(b"\0")
    return found.hexdigest()
