"""OpenAI's chat completions, which many others speak too: Ollama, Gemini's compatible address, any by `base_url`."""

from __future__ import annotations

import asyncio
import base64
import re
from collections.abc import AsyncIterator, Iterator, Mapping, Sequence
from contextlib import suppress
from typing import Any, NamedTuple
from urllib.parse import urlsplit

import orjson

from host.providers.account import Account, Piece
from host.providers.answers import DETAILS, ECHO, SEAL, Calls, Words, author
from host.providers.catalog import described, listed
from host.providers.details import Details
from host.providers.faults import Faults, count_of, cut, text_of
from host.providers.ids import MISTRAL, OPENAI, named, taken
from host.providers.line import JSON, Client, written
from host.providers.subset import subset
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
    ToolSpec,
    Usage,
)

ADDRESSES = {
    "ollama": "http://127.0.0.1:11434/v1",
    "gemini": "https://generativelanguage.googleapis.com/v1beta/openai/",
}
"""Where those are who speak this API and are not OpenAI."""

SEALING = re.compile(r"gemini-([3-9]|\d\d)")
"""Models that take no call of theirs back without the signature of the thought that led to it."""

UNSEALED = "skip_thought_signature_validator"
"""What they take for a signature of a call that another model made."""

OPTIONS = frozenset({"temperature", "top_p", "stop", "seed", "presence_penalty", "frequency_penalty", "effort"})
REASONS: Mapping[str, Reason] = {
    "stop": "stop",
    "length": "length",
    "tool_calls": "tool_calls",
    "function_call": "tool_calls",
    "content_filter": "blocked",
}


class OpenAI:
    """The provider kinds `openai`, `gemini` and `ollama`."""

    def __init__(self, client: Client) -> None:
        self._client = client

    async def models(self, account: Account) -> Sequence[Model]:
        """The account's models: those that it names, else those that the provider lists."""
        names = list(account.models)
        if not names:
            with Faults(account):
                sdk = await self._client.openai(placed(account))
                names = await listed(one.id async for one in await sdk.models.list())
        return [described(account, name) for name in names]

    async def stream(self, account: Account, model: Model, request: Request) -> AsyncIterator[Piece]:
        """Ask once."""
        asked = await asyncio.to_thread(written, body, account, model, request)
        answer = Answer(account.provider, model.own_name)
        with Faults(account, answer):
            sdk = await self._client.openai(placed(account))
            from openai import AsyncStream

            stream = await sdk.post(  # as plain JSON: a model of each chunk costs ten times what it says
                "/chat/completions",
                cast_to=object,
                content=asked,
                options={"headers": JSON},
                stream=True,
                stream_cls=AsyncStream[object],
            )
            async with stream:
                async for chunk in stream:
                    await self._client.turn()
                    for piece in answer.take(chunk):
                        yield piece
            last = await asyncio.to_thread(answer.end, request) if answer.is_large else answer.end(request)
        for piece in last:
            yield piece


def placed(account: Account) -> Account:
    """The account with the address of its kind, where it names none."""
    import dataclasses

    address = account.base_url or ADDRESSES.get(account.kind)
    return dataclasses.replace(account, base_url=address)


class Answer:
    """An answer as it comes: pieces out of chunks, tool calls when it is whole."""

    def __init__(self, provider: str, model: str) -> None:
        self.begun = False
        self._provider = provider
        self._author = author(f"{provider}/{model}")
        self._calls = Calls(provider)
        self._details = Details()
        self._words, self._thoughts = Words(), Words()
        self._reason: str | None = None
        self._usage: Usage | None = None
        self._said = 0
        self._is_echoed = False
        """Whether thinking came last that the model wants back."""

    def take(self, chunk: Any) -> list[Piece]:
        """The pieces of one chunk, which is JSON as it came. Raises `ODD` for one that is not as the API has it."""
        found: list[Piece] = []
        for choice in (chunk.get("choices") or ())[:1]:
            self._reason = text_of(choice.get("finish_reason")) or self._reason
            if (delta := choice.get("delta")) is not None:
                found = self._delta(delta)
        self.begun = self.begun or bool(found) or bool(self._calls)
        if (usage := chunk.get("usage")) is not None:
            self._usage = usage_of(usage)
            found.append(self._usage)
        return found

    def _delta(self, delta: Any) -> list[Piece]:
        found: list[Piece] = []
        thought = delta.get("reasoning_content") or delta.get("reasoning")
        if isinstance(thought, str) and (text := self._thoughts.take(thought)):
            found.append(Thinking(text))
            self._said += len(text)
            self._is_echoed = bool(delta.get("reasoning_content"))
        self._details.take(delta.get("reasoning_details"))
        if delta.get("content") or delta.get("tool_calls"):
            found += self._signed()
        if (said := delta.get("content")) and (text := self._words.take(said)):
            found.append(Text(text))
            self._said += len(text)
        for call in delta.get("tool_calls") or ():
            function = call.get("function") or {}
            name, more = text_of(function.get("name")), function.get("arguments")
            given = more if isinstance(more, dict) else None  # some servers do not write it as a text
            google = (call.get("extra_content") or {}).get("google") or {}
            seal = text_of(google.get("thought_signature"))
            more = "" if given is not None else text_of(more)
            self._calls.take(call.get("index"), text_of(call.get("id")), name, more, seal, given)
        return found

    def _signed(self) -> list[Piece]:
        """The end of the thinking so far, where there is any that goes back."""
        is_echoed, self._is_echoed = self._is_echoed, False
        return [Thinking("", f"{ECHO}{self._author}")] if is_echoed else []

    @property
    def is_large(self) -> bool:
        """Whether its end takes more than a moment."""
        return self._calls.is_large

    def end(self, request: Request) -> list[Piece]:
        """Tool calls and the end, if the answer is whole. Raises `Fault` where it is not."""
        if self._reason is None:
            raise cut(self._provider)
        reason = REASONS.get(self._reason, "other")
        calls: list[Piece] = [] if reason == "length" else list(self._sealed(self._calls.whole()))
        usage = self._usage or Usage(input=about(request), output=(self._said + self._calls.size) // 4)
        return [*self._signed(), *calls, Finished("tool_calls" if calls and reason == "stop" else reason, usage)]

    def _sealed(self, calls: Sequence[ToolCall]) -> Iterator[Piece]:
        """The calls, each behind the thinking that goes back with it, and all behind what goes back with all."""
        if calls and (details := self._details.whole()):
            yield Thinking("", f"{DETAILS}{self._author}:{details}", redacted=True)
        for call in calls:
            if seal := self._calls.seals.get(call.id):
                yield Thinking("", f"{SEAL}{self._author}:{seal}", redacted=True)
            yield call


def usage_of(raw: Any) -> Usage:
    """OpenAI counts cached tokens among the input's."""
    cached = count_of((raw.get("prompt_tokens_details") or {}).get("cached_tokens"))
    thinking = count_of((raw.get("completion_tokens_details") or {}).get("reasoning_tokens"))
    total = count_of(raw.get("prompt_tokens"))
    return Usage(max(0, total - cached), count_of(raw.get("completion_tokens")), min(cached, total), 0, thinking)


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
    taste = _taste(account, model)
    for message in request.messages:
        messages += _messages(message, taste)
    asked: dict[str, Any] = {"model": model.own_name, "messages": messages, "stream": True}
    asked["stream_options"] = {"include_usage": True}
    most = min(request.max_output_tokens or model.max_output_tokens, model.max_output_tokens)
    asked["max_completion_tokens" if account.base_url is None and account.kind == "openai" else "max_tokens"] = most
    if request.tools:
        asked["tools"] = [{"type": "function", "function": _function(account, tool)} for tool in request.tools]
        forced = {"type": "function", "function": {"name": request.forced_tool}}
        asked["tool_choice"] = forced if request.forced_tool else request.tool_choice
    return asked | _options(request)


def _function(account: Account, tool: ToolSpec) -> dict[str, Any]:
    """Google refuses all tools for one schema that it does not understand, and what takes nothing has none."""
    said = {"name": tool.name, "description": tool.description}
    if account.kind != "gemini":
        return said | {"parameters": dict(tool.schema)}
    parameters = subset(tool.schema)
    return said | ({"parameters": parameters} if "properties" in parameters else {})


class Taste(NamedTuple):
    """What those who speak this wire want otherwise than others."""

    ids: re.Pattern[str] | None
    """Which ids of tool calls are taken; None: any, and some read more than a name in them."""
    echo: str
    """How thinking is signed that goes back with the calls that came of it."""
    needs_echo: bool
    """Whether no call is taken without."""
    seal: str
    """How the thinking begins that is sealed with one call, and goes back in it."""
    needs_seal: bool
    """Whether the first call of a message is taken only with one."""
    details: str
    """How the thinking begins that is all of an answer's, and goes back beside its calls."""
    needs_details: bool
    """Whether no call is taken without."""


def _taste(account: Account, model: Model) -> Taste:
    host = urlsplit(account.base_url or "").hostname or ""
    asked = author(f"{account.provider}/{model.own_name}")
    seals = SEALING.search(model.own_name) is not None
    official = OPENAI if account.kind == "openai" and account.base_url is None else None
    return Taste(
        MISTRAL if host.endswith("mistral.ai") else official,
        f"{ECHO}{asked}",
        "deepseek" in host,
        f"{SEAL}{asked}:",
        account.kind == "gemini" and seals,
        f"{DETAILS}{asked}:",
        host.endswith("openrouter.ai") and seals,
    )


def _options(request: Request) -> dict[str, Any]:
    unknown = sorted(set(request.options) - OPTIONS)
    if unknown:
        raise InvalidValue(
            f"options.{unknown[0]}", f"is unknown to this provider; there are {', '.join(sorted(OPTIONS))}"
        )
    return {("reasoning_effort" if name == "effort" else name): value for name, value in request.options.items()}


def _messages(message: Message, taste: Taste) -> list[dict[str, Any]]:
    results = [part for part in message.parts if isinstance(part, ToolResult)]
    found: list[dict[str, Any]] = [
        {"role": "tool", "tool_call_id": taken(one.call_id, taste.ids), "content": _result(one)} for one in results
    ]
    images = [part for one in results for part in one.content if isinstance(part, Image)]
    said = [part for part in message.parts if isinstance(part, Text | Image)] + images
    if message.role == "assistant":
        found.append(_assistant(message, taste))
    elif said:
        found.append({"role": "user", "content": [_content(part) for part in said]})
    return found


def _result(result: ToolResult) -> str:
    text = "\n".join(part.text for part in result.content if isinstance(part, Text))
    return f"Error: {text}" if result.is_error else text


def _assistant(message: Message, taste: Taste) -> dict[str, Any]:
    said: dict[str, Any] = {
        "role": "assistant",
        "content": "".join(part.text for part in message.parts if isinstance(part, Text)) or None,
    }
    if calls := _calls(message, taste):
        said["tool_calls"] = calls
        thought = "".join(
            part.text for part in message.parts if isinstance(part, Thinking) and part.signature == taste.echo
        )
        said |= {"reasoning_content": thought} if thought or taste.needs_echo else {}
        details = _details(message, taste, calls[0]["id"])
        said |= {"reasoning_details": details} if details else {}
    return said


def _details(message: Message, taste: Taste, call_id: str) -> list[Any]:
    for part in message.parts:
        if isinstance(part, Thinking) and part.signature.startswith(taste.details):
            with suppress(orjson.JSONDecodeError):  # one that is damaged is none
                found = orjson.loads(part.signature.removeprefix(taste.details))
                if isinstance(found, list):
                    return found
    unsealed = {"type": "reasoning.encrypted", "data": UNSEALED, "format": "google-gemini-v1", "index": 0}
    return [{**unsealed, "id": call_id}] if taste.needs_details else []


def _calls(message: Message, taste: Taste) -> list[dict[str, Any]]:
    calls: list[dict[str, Any]] = []
    seal = UNSEALED if taste.needs_seal else ""
    for part in message.parts:
        if isinstance(part, Thinking) and part.signature.startswith(taste.seal):
            seal = part.signature.removeprefix(taste.seal)
        elif isinstance(part, ToolCall):
            function = {"name": named(part.name), "arguments": orjson.dumps(dict(part.arguments)).decode()}
            call = {"id": taken(part.id, taste.ids), "type": "function", "function": function}
            calls.append(call | ({"extra_content": {"google": {"thought_signature": seal}}} if seal else {}))
            seal = ""
    return calls


def _content(part: Text | Image) -> dict[str, Any]:
    if isinstance(part, Text):
        return {"type": "text", "text": part.text}
    data = base64.b64encode(part.data).decode()
    return {"type": "image_url", "image_url": {"url": f"data:{part.mime};base64,{data}"}}
