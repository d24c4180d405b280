"""Providers of models on loopback that speak OpenAI's and Anthropic's wire and do as a test's script says."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from typing import Any

import orjson

Reply = Callable[["Asked"], Awaitable[None]]


@dataclass
class Asked:
    """One request as the provider sees it, and its way to answer."""

    path: str
    headers: dict[str, str]
    body: dict[str, Any]
    writer: asyncio.StreamWriter
    number: int

    async def head(self, status: int = 200, kind: str = "text/event-stream", **headers: str) -> None:
        """Begin an answer."""
        more = "".join(f"{name.replace('_', '-')}: {value}\r\n" for name, value in headers.items())
        self.writer.write(
            f"HTTP/1.1 {status} X\r\nContent-Type: {kind}\r\nTransfer-Encoding: chunked\r\n{more}\r\n".encode()
        )

    async def send(self, data: bytes) -> None:
        """A piece of the body."""
        self.writer.write(b"%x\r\n%s\r\n" % (len(data), data))
        await self.writer.drain()

    async def event(self, data: object, name: str | None = None) -> None:
        """A server-sent event."""
        head = f"event: {name}\n" if name else ""
        await self.send(head.encode() + b"data: " + (data if isinstance(data, bytes) else orjson.dumps(data)) + b"\n\n")

    async def end(self) -> None:
        """The body is whole."""
        self.writer.write(b"0\r\n\r\n")
        await self.writer.drain()

    async def refuse(self, status: int, message: str = "no", **headers: str) -> None:
        """An error as these APIs tell it."""
        await self.head(status, "application/json", **headers)
        await self.send(orjson.dumps({"error": {"message": message, "type": "x"}}))
        await self.end()


@dataclass
class Provider:
    """A running provider: what it was asked, and how many connections it has had."""

    url: str = ""
    asked: list[Asked] = field(default_factory=list)
    connections: int = 0
    open: int = 0
    most: int = 0


@asynccontextmanager
async def provider(reply: Reply) -> AsyncIterator[Provider]:
    """A provider on a free port of loopback that answers every request by `reply`."""
    made = Provider()

    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        made.connections += 1
        made.open += 1
        made.most = max(made.most, made.open)
        try:
            while (head := await _head(reader)) is not None:
                asked = await _asked(reader, writer, head, len(made.asked))
                made.asked.append(asked)
                await reply(asked)
        except (ConnectionError, asyncio.IncompleteReadError):
            pass
        finally:
            made.open -= 1
            writer.close()

    server = await asyncio.start_server(serve, "127.0.0.1", 0)
    made.url = f"http://127.0.0.1:{server.sockets[0].getsockname()[1]}"
    try:
        yield made
    finally:
        server.close()
        for one in made.asked:
            one.writer.close()


async def _head(reader: asyncio.StreamReader) -> str | None:
    try:
        return (await reader.readuntil(b"\r\n\r\n")).decode()
    except asyncio.IncompleteReadError:
        return None


async def _asked(reader: asyncio.StreamReader, writer: asyncio.StreamWriter, head: str, number: int) -> Asked:
    first, *lines = head.strip().split("\r\n")
    headers = {name.lower(): value for name, value in (line.split(": ", 1) for line in lines)}
    body = await reader.readexactly(int(headers.get("content-length", 0)))
    return Asked(first.split()[1], headers, orjson.loads(body) if body else {}, writer, number)


async def openai_says(
    asked: Asked, *words: str, calls: list[tuple[str, str, str]] | None = None, end: bool = True, reason: str = "stop"
) -> None:
    """An answer in OpenAI's events: words, then tool calls `(id, name, arguments)`."""
    await asked.head()
    for word in words:
        await asked.event(_chunk({"content": word}))
    for at, (id_, name, arguments) in enumerate(calls or ()):
        function = {"name": name, "arguments": arguments[: len(arguments) // 2]}
        await asked.event(_chunk({"tool_calls": [{"index": at, "id": id_, "type": "function", "function": function}]}))
        rest = {"arguments": arguments[len(arguments) // 2 :]}
        await asked.event(_chunk({"tool_calls": [{"index": at, "function": rest}]}))
    if end:
        await asked.event(_chunk({}, "tool_calls" if calls else reason))
        details = {"prompt_tokens_details": {"cached_tokens": 40}}
        usage = {"prompt_tokens": 100, "completion_tokens": 10, "total_tokens": 110, **details}
        await asked.event({**_chunk(None), "choices": [], "usage": usage})
        await asked.event(b"[DONE]")
    await asked.end()


def _chunk(delta: Any, reason: str | None = None) -> dict[str, Any]:
    choices = [] if delta is None else [{"index": 0, "delta": delta, "finish_reason": reason}]
    return {"id": "c", "object": "chat.completion.chunk", "created": 1, "model": "m", "choices": choices}


async def anthropic_says(
    asked: Asked, *words: str, calls: list[tuple[str, str, str]] | None = None, end: bool = True
) -> None:
    """An answer in Anthropic's events."""
    await asked.head()
    usage = {"input_tokens": 60, "output_tokens": 1, "cache_read_input_tokens": 40, "cache_creation_input_tokens": 5}
    message = {"id": "m", "type": "message", "role": "assistant", "content": [], "model": "m", "stop_reason": None}
    await _named(asked, "message_start", message={**message, "stop_sequence": None, "usage": usage})
    await _named(asked, "content_block_start", index=0, content_block={"type": "text", "text": ""})
    for word in words:
        await _named(asked, "content_block_delta", index=0, delta={"type": "text_delta", "text": word})
    await _named(asked, "content_block_stop", index=0)
    for at, (id_, name, arguments) in enumerate(calls or (), 1):
        block = {"type": "tool_use", "id": id_, "name": name, "input": {}}
        await _named(asked, "content_block_start", index=at, content_block=block)
        for part in (arguments[:3], arguments[3:]):
            delta = {"type": "input_json_delta", "partial_json": part}
            await _named(asked, "content_block_delta", index=at, delta=delta)
        await _named(asked, "content_block_stop", index=at)
    if end:
        delta = {"stop_reason": "tool_use" if calls else "end_turn", "stop_sequence": None}
        await _named(asked, "message_delta", delta=delta, usage={"output_tokens": 10})
        await _named(asked, "message_stop")
    await asked.end()


async def _named(asked: Asked, kind: str, **more: Any) -> None:
    await asked.event({"type": kind, **more}, kind)
