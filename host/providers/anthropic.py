"""Anthropic's Messages API, with marks for its prompt cache."""

from __future__ import annotations

import asyncio
import base64
from collections.abc import AsyncIterator, Mapping, Sequence
from typing import Any

from host.providers.account import Account, Piece
from host.providers.answers import FOREIGN, Calls, Words
from host.providers.catalog import described, listed
from host.providers.faults import Faults, count_of, cut, text_of
from host.providers.ids import ANTHROPIC, named, taken
from host.providers.line import JSON, Client, written
from sessions.errors import InvalidValue
from sessions.models import (
    CacheMark,
    Finished,
    Image,
    Message,
    Model,
    Reason,
    Request,
    Text,
    Thinking,
    ToolCall,
    ToolResult,
    Usage,
)

REASONS: Mapping[str, Reason] = {
    "end_turn": "stop",
    "stop_sequence": "stop",
    "max_tokens": "length",
    "tool_use": "tool_calls",
    "refusal": "blocked",
}
OPTIONS = frozenset({"stop", "thinking_tokens"})
MARKS = 4
"""Places that the cache takes in one request."""

EPHEMERAL = {"type": "ephemeral"}
EMPTY = "(empty)"
"""For a text of nothing or of blanks alone, which the API refuses."""


class Anthropic:
    """The provider kind `anthropic`."""

    def __init__(self, client: Client) -> None:
        self._client = client

    async def models(self, account: Account) -> Sequence[Model]:
        """The account's models: those that it names, else those that the provider lists."""
        names = list(account.models)
        if not names:
            with Faults(account):
                sdk = await self._client.anthropic(account)
                names = await listed(one.id async for one in await sdk.models.list(limit=1000))
        return [described(account, name) for name in names]

    async def stream(self, account: Account, model: Model, request: Request) -> AsyncIterator[Piece]:
        """Ask once."""
        asked = await asyncio.to_thread(written, body, model, request)
        answer = Answer(account.provider)
        with Faults(account, answer):
            sdk = await self._client.anthropic(account)
            from anthropic import AsyncStream
            from anthropic.types import RawMessageStreamEvent

            event: Any = RawMessageStreamEvent  # a union, which the SDK passes as a type too
            stream = await sdk.post(
                "/v1/messages",
                cast_to=event,
                content=asked,
                options={"headers": JSON},
                stream=True,
                stream_cls=AsyncStream[RawMessageStreamEvent],
            )
            async with stream:
                async for one in stream:
                    await self._client.turn()
                    for piece in answer.take(one):
                        yield piece
            last = await asyncio.to_thread(answer.end) if answer.is_large else answer.end()
        for piece in last:
            yield piece


class Answer:
    """An answer as it comes: pieces out of events, tool calls when it is whole."""

    def __init__(self, provider: str) -> None:
        self.begun = False
        self._provider = provider
        self._calls = Calls(provider)
        self._words, self._thoughts = Words(), Words()
        self._reason: str | None = None
        self._stopped = False
        self._usage = Usage()
        self._thought = 0

    def take(self, event: Any) -> list[Piece]:
        """The pieces of one event; kinds that are not known are passed over, as Anthropic asks."""
        match event.type:
            case "message_start":
                self._usage = usage_of(event.message.usage)
                return [self._usage]
            case "content_block_start":
                return self._start(event)
            case "content_block_delta":
                return self._delta(event)
            case "message_delta":
                self._reason = text_of(event.delta.stop_reason) or self._reason
                self._usage = _newer(self._usage, event.usage, self._thought)
                return [self._usage]
            case "message_stop":
                self._stopped = True
        return []

    def _start(self, event: Any) -> list[Piece]:
        self.begun = True
        block = event.content_block
        if block.type == "tool_use":
            given = getattr(block, "input", None)  # whole already where others speak this wire
            self._calls.take(count_of(event.index), text_of(block.id), text_of(block.name), given=given)
        elif block.type == "redacted_thinking":
            return [Thinking("", text_of(block.data), redacted=True)]
        return []

    def _delta(self, event: Any) -> list[Piece]:
        delta = event.delta
        match delta.type:
            case "text_delta":
                return [Text(text)] if (text := self._words.take(delta.text)) else []
            case "thinking_delta":
                self._thought += len(delta.thinking)
                return [Thinking(text)] if (text := self._thoughts.take(delta.thinking)) else []
            case "signature_delta":
                return [Thinking("", text_of(delta.signature))]
            case "input_json_delta":
                self._calls.take(count_of(event.index), text=text_of(delta.partial_json))
        return []

    @property
    def is_large(self) -> bool:
        """Whether its end takes more than a moment."""
        return self._calls.is_large

    def end(self) -> list[Piece]:
        """Tool calls and the end, if the answer is whole. Raises `Fault` where it is not."""
        if self._reason is None or not self._stopped:
            raise cut(self._provider)
        reason = REASONS.get(self._reason, "other")
        calls: list[Piece] = [] if reason == "length" else [*self._calls.whole()]
        return [*calls, Finished(reason, self._usage)]


def usage_of(raw: Any) -> Usage:
    """Anthropic counts cached tokens apart from the input's."""
    if raw is None:
        return Usage()
    read, write = count_of(raw.cache_read_input_tokens), count_of(raw.cache_creation_input_tokens)
    return Usage(count_of(raw.input_tokens), count_of(raw.output_tokens), read, write)


def _newer(usage: Usage, raw: Any, thought: int) -> Usage:
    """The counts so far; the last ones are those of the whole answer."""
    found = []
    for name, known in (
        ("input_tokens", usage.input),
        ("output_tokens", usage.output),
        ("cache_read_input_tokens", usage.cache_read),
        ("cache_creation_input_tokens", usage.cache_write),
    ):
        said = getattr(raw, name, None)
        found.append(known if said is None else count_of(said))
    read, written, cached, stored = found
    return Usage(read, written, cached, stored, min(written, thought // 4))


# -- what is sent


def body(model: Model, request: Request) -> dict[str, Any]:
    """The request as the API takes it. Raises `InvalidValue` for an option that it does not have."""
    unknown = sorted(set(request.options) - OPTIONS)
    if unknown:
        raise InvalidValue(
            f"options.{unknown[0]}", f"is unknown to this provider; there are {', '.join(sorted(OPTIONS))}"
        )
    most = min(request.max_output_tokens or model.max_output_tokens, model.max_output_tokens)
    asked: dict[str, Any] = {"model": model.own_name, "max_tokens": most, "stream": True}
    asked["messages"] = [{"role": one.role, "content": _blocks(one)} for one in request.messages]
    if request.system:
        asked["system"] = _marked(request.system)
    if request.tools:
        asked["tools"] = [
            {"name": tool.name, "description": tool.description, "input_schema": dict(tool.schema)}
            for tool in request.tools
        ]
        asked["tool_choice"] = _choice(request)
    if "stop" in request.options:
        stop = request.options["stop"]
        asked["stop_sequences"] = [stop] if isinstance(stop, str) else list(stop)
    if "thinking_tokens" in request.options:
        asked["thinking"] = {"type": "enabled", "budget_tokens": request.options["thinking_tokens"]}
    _mark(asked)
    return asked


def _choice(request: Request) -> dict[str, Any]:
    if request.forced_tool:
        return {"type": "tool", "name": request.forced_tool}
    return {"type": {"auto": "auto", "required": "any", "none": "none"}[request.tool_choice]}


def _mark(asked: dict[str, Any]) -> None:
    """Mark, from the longest-lived on: the tools, the system prompt, and the last two messages of the user.

    Where messages have marks of their own, these stay instead, the last ones as far as the cache takes so many.
    """
    if asked.get("tools"):
        asked["tools"][-1]["cache_control"] = EPHEMERAL
    if asked.get("system") and not any("cache_control" in block for block in asked["system"]):
        asked["system"][-1]["cache_control"] = EPHEMERAL
    used = bool(asked.get("tools")) + sum("cache_control" in block for block in asked.get("system", ()))
    own = [block for one in asked["messages"] for block in one["content"] if "cache_control" in block]
    for block in own[: max(0, len(own) + used - MARKS)]:
        del block["cache_control"]
    if own:
        return
    said = [one for one in asked["messages"] if one["role"] == "user" and one["content"]]
    for message in said[-min(2, max(0, MARKS - used)) :] if used < MARKS else []:
        message["content"][-1]["cache_control"] = EPHEMERAL


def _marked(parts: Sequence[Any]) -> list[dict[str, Any]]:
    """Blocks, each mark on the block before it."""
    blocks: list[dict[str, Any]] = []
    for part in parts:
        if isinstance(part, CacheMark):
            if blocks:
                blocks[-1]["cache_control"] = EPHEMERAL
        else:
            blocks.append(_block(part))
    return blocks


def _blocks(message: Message) -> list[dict[str, Any]]:
    """Thinking of another wire is left out: its signature is none."""
    return _marked(
        [one for one in message.parts if not (isinstance(one, Thinking) and one.signature.startswith(FOREIGN))]
    )


def _block(part: Text | Thinking | Image | ToolCall | ToolResult) -> dict[str, Any]:
    match part:
        case Text():
            return {"type": "text", "text": part.text if part.text.strip() else EMPTY}
        case Thinking(redacted=True):
            return {"type": "redacted_thinking", "data": part.signature}
        case Thinking():
            return {"type": "thinking", "thinking": part.text, "signature": part.signature}
        case Image():
            data = base64.b64encode(part.data).decode()
            return {"type": "image", "source": {"type": "base64", "media_type": part.mime, "data": data}}
        case ToolCall():
            call_id, name = taken(part.id, ANTHROPIC), named(part.name)
            return {"type": "tool_use", "id": call_id, "name": name, "input": dict(part.arguments)}
        case ToolResult():
            content = [_block(one) for one in part.content] or [{"type": "text", "text": EMPTY}]
            call_id = taken(part.call_id, ANTHROPIC)
            return {"type": "tool_result", "tool_use_id": call_id, "content": content, "is_error": part.is_error}
