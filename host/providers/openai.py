"""OpenAI's chat completions, which many others speak too: Ollama, Gemini's compatible address, any by `base_url`."""

from __future__ import annotations

import base64
from collections.abc import AsyncIterator, Mapping, Sequence
from typing import Any

import orjson

from host.providers.account import Account, Piece
from host.providers.catalog import described
from host.providers.faults import Faults, cut
from host.providers.line import Client
from sessions.errors import InvalidValue
from sessions.models import (
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

ADDRESSES = {
    "ollama": "http://127.0.0.1:11434/v1",
    "gemini": "https://generativelanguage.googleapis.com/v1beta/openai/",
}
"""Where those are who speak this API and are not OpenAI."""

OPTIONS = frozenset({"temperature", "top_p", "stop", "seed", "presence_penalty", "frequency_penalty", "effort"})
REASONS: Mapping[str, Reason] = {
    "stop": "stop",
    "length": "length",
    "tool_calls": "tool_calls",
    "function_call": "tool_calls",
    "content_filter": "blocked",
}
ARGUMENT_BYTES = 4 << 20


class OpenAI:
    """The provider kinds `openai`, `gemini` and `ollama`."""

    def __init__(self, client: Client) -> None:
        self._client = client

    async def models(self, account: Account) -> Sequence[Model]:
        """The account's models: those that it names, else those that the provider lists."""
        names = list(account.models)
        if not names:
            with Faults(account.provider):
                sdk = await self._client.openai(placed(account))
                names = [one.id.removeprefix("models/") async for one in await sdk.models.list()]
        return [described(account, name) for name in names[:1_000]]

    async def stream(self, account: Account, model: Model, request: Request) -> AsyncIterator[Piece]:
        """Ask once."""
        asked = body(account, model, request)
        answer = Answer(account.provider)
        with Faults(account.provider, answer):
            sdk = await self._client.openai(placed(account))
            stream = await sdk.chat.completions.create(**asked)
            async with stream:
                async for chunk in stream:
                    for piece in answer.take(chunk):
                        yield piece
        for piece in answer.end(request):
            yield piece


def placed(account: Account) -> Account:
    """The account with the address of its kind, where it names none."""
    import dataclasses

    address = account.base_url or ADDRESSES.get(account.kind)
    return dataclasses.replace(account, base_url=address)


class Answer:
    """An answer as it comes: pieces out of chunks, tool calls when it is whole."""

    def __init__(self, provider: str) -> None:
        self.begun = False
        self._provider = provider
        self._calls: dict[int, dict[str, str]] = {}
        self._reason: str | None = None
        self._usage: Usage | None = None
        self._said = 0
        self._size = 0

    def take(self, chunk: Any) -> list[Piece]:
        """The pieces of one chunk."""
        found: list[Piece] = []
        if chunk.usage is not None:
            self._usage = usage_of(chunk.usage)
        for choice in (chunk.choices or ())[:1]:
            self._reason = choice.finish_reason or self._reason
            delta = choice.delta
            if delta is None:
                continue
            thought = getattr(delta, "reasoning_content", None) or getattr(delta, "reasoning", None)
            if isinstance(thought, str) and thought:
                found.append(Thinking(thought))
            if delta.content:
                found.append(Text(delta.content))
            for call in delta.tool_calls or ():
                self._collect(call)
        self._said += sum(len(piece.text) for piece in found if isinstance(piece, Text | Thinking))
        self.begun = self.begun or bool(found) or bool(self._calls)
        return found

    def _collect(self, call: Any) -> None:
        kept = self._calls.setdefault(
            call.index if call.index is not None else len(self._calls), {"id": "", "name": "", "arguments": ""}
        )
        kept["id"] = call.id or kept["id"]
        if call.function is not None:
            kept["name"] = call.function.name or kept["name"]
            kept["arguments"] += call.function.arguments or ""
            self._size += len(call.function.arguments or "")
        if self._size > ARGUMENT_BYTES:
            raise cut(self._provider, f"the arguments of its calls are longer than {ARGUMENT_BYTES} bytes")

    def end(self, request: Request) -> list[Piece]:
        """Tool calls and the end, if the answer is whole. Raises `Fault` where it is not."""
        if self._reason is None:
            raise cut(self._provider)
        reason = REASONS.get(self._reason, "other")
        calls: list[Piece] = []
        if reason != "length":
            calls = [tool_call(at, kept) for at, kept in sorted(self._calls.items())]
        usage = self._usage or Usage(input=about(request), output=self._said // 4 + self._size // 4)
        return [*calls, Finished("tool_calls" if calls and reason == "stop" else reason, usage)]


def tool_call(at: int, kept: Mapping[str, str]) -> ToolCall:
    """A call whose arguments are an object; what is none is given as it is, for the tool to refuse it by name."""
    text = kept["arguments"] or "{}"
    try:
        arguments = orjson.loads(text)
    except orjson.JSONDecodeError:
        arguments = None
    if not isinstance(arguments, dict):
        arguments = {"arguments_that_are_no_json_object": text[:2_000]}
    return ToolCall(kept["id"] or f"call_{at}", kept["name"], arguments)


def usage_of(raw: Any) -> Usage:
    """OpenAI counts cached tokens among the input's."""
    cached = getattr(getattr(raw, "prompt_tokens_details", None), "cached_tokens", None) or 0
    thinking = getattr(getattr(raw, "completion_tokens_details", None), "reasoning_tokens", None) or 0
    total = raw.prompt_tokens or 0
    return Usage(max(0, total - cached), raw.completion_tokens or 0, min(cached, total), 0, thinking)


def about(request: Request) -> int:
    """About how many tokens a request is, where the provider does not say."""
    return sum(len(part.text) for message in request.messages for part in message.parts if isinstance(part, Text)) // 4


# -- what is sent


def body(account: Account, model: Model, request: Request) -> dict[str, Any]:
    """The request as the API takes it. Raises `InvalidValue` for an option that it does not have."""
    messages: list[dict[str, Any]] = []
    system = "\n\n".join(part.text for part in request.system if isinstance(part, Text))
    if system:
        messages.append({"role": "system", "content": system})
    for message in request.messages:
        messages += _messages(message)
    asked: dict[str, Any] = {"model": model.own_name, "messages": messages, "stream": True}
    asked["stream_options"] = {"include_usage": True}
    most = min(request.max_output_tokens or model.max_output_tokens, model.max_output_tokens)
    asked["max_completion_tokens" if account.base_url is None and account.kind == "openai" else "max_tokens"] = most
    if request.tools:
        asked["tools"] = [
            {
                "type": "function",
                "function": {"name": t.name, "description": t.description, "parameters": dict(t.schema)},
            }
            for t in request.tools
        ]
        forced = {"type": "function", "function": {"name": request.forced_tool}}
        asked["tool_choice"] = forced if request.forced_tool else request.tool_choice
    return asked | _options(request)


def _options(request: Request) -> dict[str, Any]:
    unknown = sorted(set(request.options) - OPTIONS)
    if unknown:
        raise InvalidValue(
            f"options.{unknown[0]}", f"is unknown to this provider; there are {', '.join(sorted(OPTIONS))}"
        )
    return {("reasoning_effort" if name == "effort" else name): value for name, value in request.options.items()}


def _messages(message: Message) -> list[dict[str, Any]]:
    results = [part for part in message.parts if isinstance(part, ToolResult)]
    found: list[dict[str, Any]] = [
        {"role": "tool", "tool_call_id": one.call_id, "content": _result(one)} for one in results
    ]
    images = [part for one in results for part in one.content if isinstance(part, Image)]
    said = [part for part in message.parts if isinstance(part, Text | Image)] + images
    if message.role == "assistant":
        found.append(_assistant(message))
    elif said:
        found.append({"role": "user", "content": [_content(part) for part in said]})
    return found


def _result(result: ToolResult) -> str:
    text = "\n".join(part.text for part in result.content if isinstance(part, Text))
    return f"Error: {text}" if result.is_error else text


def _assistant(message: Message) -> dict[str, Any]:
    said: dict[str, Any] = {
        "role": "assistant",
        "content": "".join(part.text for part in message.parts if isinstance(part, Text)) or None,
    }
    calls = [part for part in message.parts if isinstance(part, ToolCall)]
    if calls:
        said["tool_calls"] = [
            {
                "id": call.id,
                "type": "function",
                "function": {"name": call.name, "arguments": orjson.dumps(dict(call.arguments)).decode()},
            }
            for call in calls
        ]
    return said


def _content(part: Text | Image) -> dict[str, Any]:
    if isinstance(part, Text):
        return {"type": "text", "text": part.text}
    data = base64.b64encode(part.data).decode()
    return {"type": "image_url", "image_url": {"url": f"data:{part.mime};base64,{data}"}}
