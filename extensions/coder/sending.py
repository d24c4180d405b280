"""A task's messages as a model is sent them: pairs of calls and results whole, marks where a cache may end. No I/O.

What is true only now stands behind the last mark: the next request begins with the same bytes as this one.
"""

from __future__ import annotations

import base64
import binascii
from collections.abc import Iterator, Sequence
from itertools import groupby
from typing import Any

import shim as vscode
from extensions.coder.history import Message, with_answers

MARK = vscode.LanguageModelDataPart(b"ephemeral", "cache_control")
MARKED = 2
"""Messages of the user, from the end, behind which a cache may end."""

NOTHING = "(no text)"
UNSEEN = "(a picture, which this model does not see)"


def sent(
    messages: Sequence[Message], environment: str = "", beginning: str = ""
) -> list[vscode.LanguageModelChatMessage]:
    """The messages for `send_request`; `environment` comes last, outside of what is cached.

    `beginning` stands behind the first message, and has to be the same each time for what is cached to count.
    """
    turns = [(role, _parts(list(some))) for role, some in groupby(whole(messages), key=lambda one: one["role"])]
    if beginning and turns and turns[0][0] == "user":
        turns[0][1].append(vscode.LanguageModelTextPart(beginning))
    if environment and (not turns or turns[-1][0] != "user"):
        turns.append(("user", []))
    users = [at for at, (role, _) in enumerate(turns) if role == "user"][-MARKED:]
    found = []
    for at, (role, parts) in enumerate(turns):
        marked = [*parts, MARK] if at in users and parts else parts
        if environment and at == len(turns) - 1:
            marked = [*marked, vscode.LanguageModelTextPart(environment)]
        make = vscode.LanguageModelChatMessage.user if role == "user" else vscode.LanguageModelChatMessage.assistant
        found.append(make(marked or [vscode.LanguageModelTextPart(NOTHING)]))
    return found


def blind(messages: Sequence[Message]) -> list[Message]:
    """The messages with a sentence in the place of every picture, for a model that takes none."""
    return [{**one, "content": [_unseen(part) for part in _listed(one)]} for one in messages]


def has_pictures(messages: Sequence[Message]) -> bool:
    """Whether there is anything to see."""
    return any(_unseen(part) != part for one in messages for part in _listed(one))


def _unseen(part: dict[str, Any]) -> dict[str, Any]:
    if part["type"] == "image":
        return {"type": "text", "text": UNSEEN}
    if part["type"] == "tool_result" and isinstance(part.get("content"), list):
        return {**part, "content": [_unseen(one) for one in part["content"]]}
    return part


def whole(messages: Sequence[Message]) -> list[Message]:
    """The messages with one answer behind every call, and none to what nobody asked: providers refuse either."""
    answered: list[Message] = []
    open_: list[str] = []
    for one in messages:
        if one["role"] == "assistant":
            answered += _missing(open_)
            kept = _once(one, "tool_use", "id")
            open_ = [part["id"] for part in kept if part["type"] == "tool_use"]
            answered.append(one if len(kept) == len(_listed(one)) else {**one, "content": kept})
            continue
        kept = [
            part
            for part in _once(one, "tool_result", "tool_use_id")
            if part["type"] != "tool_result" or part["tool_use_id"] in open_
        ]
        given = {part["tool_use_id"] for part in kept if part["type"] == "tool_result"}
        open_ = [call for call in open_ if call not in given]
        if kept or not _listed(one):
            answered.append({**one, "content": kept})
    return answered + _missing(open_)


def _once(message: Message, kind: str, name: str) -> list[dict[str, Any]]:
    """The parts without those of a kind whose id another one before them has: ids are unique for providers."""
    seen: set[str] = set()
    kept = []
    for part in _listed(message):
        if part["type"] == kind:
            if part[name] in seen:
                continue
            seen.add(part[name])
        kept.append(part)
    return kept


def _missing(calls: Sequence[str]) -> list[Message]:
    if not calls:
        return []
    asked = [{"role": "assistant", "content": [{"type": "tool_use", "id": call} for call in calls]}]
    return with_answers(asked, 1)[1:]


def _listed(message: Message) -> list[dict[str, Any]]:
    content = message["content"]
    return [{"type": "text", "text": content}] if isinstance(content, str) else content


def _parts(messages: Sequence[Message]) -> list[Any]:
    """The parts of messages of one role that follow each other; results of calls come first."""
    parts = [part for one in messages for part in _listed(one)]
    parts.sort(key=lambda part: part["type"] != "tool_result")
    return [shown for part in parts for shown in _part(part)]


def _part(part: dict[str, Any]) -> Iterator[Any]:
    match part["type"]:
        case "text":
            if part["text"].strip():
                yield vscode.LanguageModelTextPart(part["text"])
        case "thinking":
            yield vscode.LanguageModelThinkingPart(part.get("thinking", ""), part.get("signature", ""))
        case "redacted_thinking":
            yield vscode.LanguageModelThinkingPart("", part.get("data", ""), True)
        case "image":
            yield _image(part)
        case "tool_use":
            yield vscode.LanguageModelToolCallPart(part["id"], part["name"], part.get("input") or {})
        case "tool_result":
            failed = part.get("is_error") is True
            yield vscode.LanguageModelToolResultPart(part["tool_use_id"], _result(part.get("content")), failed)


def _result(content: Any) -> list[Any]:
    given = [{"type": "text", "text": content}] if isinstance(content, str) else content or []
    return [shown for part in given for shown in _part(part)] or [vscode.LanguageModelTextPart(NOTHING)]


def _image(part: dict[str, Any]) -> Any:
    source = part["source"]
    try:
        return vscode.LanguageModelDataPart(base64.b64decode(source["data"]), source["media_type"])
    except (binascii.Error, ValueError):
        return vscode.LanguageModelTextPart("(an image that cannot be read)")
