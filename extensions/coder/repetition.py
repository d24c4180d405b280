"""The same tool calls again and again, in a row or in turn: counted, and stopped. The record outlives a restart."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping, Sequence
from typing import Any

import orjson

CYCLE = 3
"""Calls that are made in turn, at most, for it to be a circle that is noticed."""

SCROLLS = ("scroll_down", "scroll_up")
"""What a browser does again and again to read a page."""

LONGEST = 60
"""Calls that are remembered: circles of three are noticed up to limits of twenty."""


def named(tool: str, arguments: Mapping[str, Any]) -> str | None:
    """A short name that equal calls share; None for one that is no repetition: to scroll on."""
    if tool == "browser_action" and arguments.get("action") in SCROLLS:
        return None
    return digest(tool, arguments)


def counted(last: Mapping[str, Any] | None, call: str | None, limit: int) -> Any:
    """The record with a call, `{call, count, past}`, after that of the call before; None where it is one too many.

    `limit` identical calls in a row pass and the next one is stopped, and so is the call that would begin anew a circle
    of two or three that was gone round `limit` times (twice at least) with the same results; zero or less lets all go.
    After a stop there is no record, and the count begins anew: the agent gets another chance once the user was asked.
    A call without a name leaves the record as it was.
    """
    if call is None:
        return dict(last or {})
    past = list((last or {}).get("past", ()))
    count = last["count"] + 1 if last and last.get("call") == call else 1
    if limit > 0 and (count > limit or _goes_round(past, call, limit)):
        return None
    kept = min(CYCLE * max(limit, 2), LONGEST) if limit > 0 else 0
    return {"call": call, "count": count, "past": [*past, [call, None]][-kept:] if kept else []}


def ended(record: Mapping[str, Any], call: str | None, came: str) -> Any:
    """The record with what came of a call, by its digest."""
    past = list(record.get("past", ()))
    at = next((at for at, (one, came) in enumerate(past) if one == call and came is None), None)
    if at is not None:
        past[at] = [call, came]
    return {**record, "past": past}


def _goes_round(past: Sequence[Any], call: str, limit: int) -> bool:
    """Whether the last calls are a circle of two or three, with equal results each time, and this call its first."""
    for size in range(2, CYCLE + 1):
        whole = size * max(limit, 2)
        rounds = [tuple(one) for one in past[-whole:]]
        first = rounds[:size]
        is_done = len(rounds) == whole and first[0][0] == call and all(came for _, came in first)
        if is_done and rounds == first * (whole // size):
            return True
    return False


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
