"""What of a conversation a model is sent after it was condensed or cut. Nothing is deleted: messages are only hidden.

A summary has a `condenseId`; what it stands for names it as `condenseParent`. A cut leaves a marker with a
`truncationId`, what it hides names it as `truncationParent`. When summary or marker go, what they hid is back.
"""

from __future__ import annotations

import time
from collections.abc import Iterator
from typing import Any

Message = dict[str, Any]
DEFERRED = "Context condensation triggered. Tool execution deferred."


def effective(messages: list[Message]) -> list[Message]:
    """The messages that count now: from the newest summary on, without what a cut hides or answers nobody asked for."""
    shown = since_summary(messages)
    if shown and shown[0].get("isSummary"):
        shown = _without_orphans(shown)
    markers = {one.get("truncationId") for one in shown if one.get("isTruncationMarker")}
    return [one for one in shown if not one.get("truncationParent") or one["truncationParent"] not in markers]


def _without_orphans(messages: list[Message]) -> list[Message]:
    """Tool results whose call is hidden are left out; a message of nothing else goes with them."""
    called = {part["id"] for one in messages if one["role"] == "assistant" for part in _parts(one, "tool_use")}
    kept: list[Message] = []
    for one in messages:
        if one["role"] != "user" or not isinstance(one["content"], list):
            kept.append(one)
            continue
        parts = [part for part in one["content"] if part.get("type") != "tool_result" or part["tool_use_id"] in called]
        if parts:
            kept.append(one if len(parts) == len(one["content"]) else {**one, "content": parts})
    return kept


def _parts(message: Message, kind: str) -> Iterator[Message]:
    if isinstance(message["content"], list):
        yield from (part for part in message["content"] if part.get("type") == kind)


def since_summary(messages: list[Message]) -> list[Message]:
    """From the newest summary on, or all."""
    at = next((at for at in range(len(messages) - 1, -1, -1) if messages[at].get("isSummary")), 0)
    return messages[at:]


def restored(messages: list[Message]) -> list[Message]:
    """The messages after some were removed: who names a summary or marker that is gone is no longer hidden."""
    there = {one["condenseId"] for one in messages if one.get("isSummary") and one.get("condenseId")}
    marks = {one["truncationId"] for one in messages if one.get("isTruncationMarker") and one.get("truncationId")}
    return [_unhidden(one, there, marks) for one in messages]


def _unhidden(message: Message, summaries: set[str], markers: set[str]) -> Message:
    gone = [
        key
        for key, known in (("condenseParent", summaries), ("truncationParent", markers))
        if message.get(key) and message[key] not in known
    ]
    return {key: value for key, value in message.items() if key not in gone} if gone else message


def with_answers(messages: list[Message], now_ms: int | None = None) -> list[Message]:
    """The messages, and answers for tool calls that have none: a provider refuses a call without an answer."""
    called = [part["id"] for one in messages if one["role"] == "assistant" for part in _parts(one, "tool_use")]
    answered = {part["tool_use_id"] for one in messages if one["role"] == "user" for part in _parts(one, "tool_result")}
    missing = [call for call in dict.fromkeys(called) if call not in answered]
    if not missing:
        return messages
    results = [{"type": "tool_result", "tool_use_id": call, "content": DEFERRED} for call in missing]
    return [*messages, {"role": "user", "content": results, "ts": now_ms or int(time.time() * 1000)}]
