"""How many tokens a conversation is: cheaply, rather too many than too few, and asked exactly only near a limit."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from typing import Any

import orjson

import shim as vscode
from extensions.coder.history import Message
from extensions.coder.sending import sent

BYTES = 3.5
"""Bytes of UTF-8 for one token, about: prose has more, code and other scripts fewer."""

IMAGE = 1_600
"""What a large image costs."""

MESSAGE = 8
"""What a message costs beside its words."""

NEAR = 0.75
"""From this part of a limit on it is worth to ask how many it really are."""


def estimate(text: str) -> int:
    """About how many tokens a text is."""
    size = len(text) if text.isascii() else len(text.encode("utf-8", "surrogatepass"))
    return int(size / BYTES) + 1 if text else 0


def of_message(message: Message) -> int:
    """About how many tokens a message is."""
    return MESSAGE + _of_content(message["content"])


def of_messages(messages: Sequence[Message]) -> int:
    """About how many tokens a conversation is."""
    return sum(map(of_message, messages))


def _of_content(content: Any) -> int:
    if isinstance(content, str):
        return estimate(content)
    return sum(_of_part(part) for part in content or ())


def _of_part(part: dict[str, Any]) -> int:
    match part["type"]:
        case "text":
            return estimate(part["text"])
        case "thinking":
            return estimate(part.get("thinking", ""))
        case "image":
            return IMAGE
        case "tool_use":
            return estimate(part["name"]) + int(len(orjson.dumps(part.get("input") or {})) / BYTES) + MESSAGE
        case "tool_result":
            return MESSAGE + _of_content(part.get("content"))
        case _:
            return MESSAGE


async def counted(messages: Sequence[Message], model: vscode.LanguageModelChat, limit: int) -> int:
    """How many tokens a conversation is: as the model counts it, once the estimate comes near the limit."""
    about = of_messages(messages)
    if about < limit * NEAR:
        return about
    told = await asyncio.to_thread(sent, messages)
    return sum([await model.count_tokens(one) for one in told])
