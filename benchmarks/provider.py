"""`python -m benchmarks.provider chunks|steps`: a provider as OpenAI's, in a process of its own, that costs little.

`chunks` has the models `<chunks>-<ms until the first>`, which say what they were told. `steps` plays `$STEPS` by how
many answers a conversation has, `$THINKS_MS` before each, about half of it more or less. GET tells of connections and
of the first user's requests.
"""

from __future__ import annotations

import asyncio
import json
import os
import random
import sys
from asyncio import StreamReader, StreamWriter
from collections.abc import Awaitable, Callable, Iterator
from contextlib import contextmanager
from typing import Any

import httpx2

from benchmarks import servers

Asked = dict[str, Any]
"""The body of a request."""

HEAD = b"HTTP/1.1 200 OK\r\nContent-Type: text/event-stream\r\nTransfer-Encoding: chunked\r\n\r\n"
KEPT = 50
"""Requests of the first user, from their first one on."""

WORDS = ("I", " look", " at", " this", " next", ",", " as", " it", " is", " what", " I", " was", " told", ".")


def framed(data: bytes) -> bytes:
    """An event in a chunk of HTTP."""
    event = b"data: " + data + b"\n\n"
    return b"%x\r\n%s\r\n" % (len(event), event)


END = framed(b"[DONE]") + b"0\r\n\r\n"


def chunk(delta: dict[str, Any] | None, reason: str | None = None, **more: Any) -> bytes:
    """A piece of an answer; one without a delta tells of the whole."""
    choices = [{"index": 0, "delta": delta, "finish_reason": reason}] if delta is not None else []
    data = {"id": "c", "object": "chat.completion.chunk", "created": 1, "model": "m", "choices": choices, **more}
    return framed(json.dumps(data).encode())


async def chunks(writer: StreamWriter, asked: Asked) -> None:
    """So many pieces, each of them what was said."""
    count, wait_ms = map(int, asked["model"].split("-"))
    writer.write(HEAD)
    await asyncio.sleep(wait_ms / 1000)
    piece = chunk({"content": asked["messages"][-1]["content"][0]["text"]})
    for _ in range(count):
        writer.write(piece)
        await writer.drain()
    writer.write(chunk({}, "stop") + END)


async def steps(writer: StreamWriter, asked: Asked) -> None:
    """Some words and a call of a tool."""
    at = sum(one["role"] == "assistant" for one in asked["messages"])
    name, given = json.loads(os.environ["STEPS"])[at]
    writer.write(HEAD)
    await asyncio.sleep(random.uniform(0.5, 1.5) * int(os.environ["THINKS_MS"]) / 1000)
    for word in WORDS:
        writer.write(chunk({"content": word}))
        await writer.drain()
        await asyncio.sleep(0.005)
    text = json.dumps(given)
    call = {"index": 0, "id": f"call-{at}", "type": "function", "function": {"name": name, "arguments": ""}}
    writer.write(chunk({"tool_calls": [call]}))
    for begin in range(0, len(text), 40):
        writer.write(chunk({"tool_calls": [{"index": 0, "function": {"arguments": text[begin : begin + 40]}}]}))
        await writer.drain()
    used = {"prompt_tokens": 9000, "completion_tokens": 60, "total_tokens": 9060}
    writer.write(chunk({}, "tool_calls") + chunk(None, usage=used) + END)


class Provider:
    """Answers, and remembers how many connections asked and what the first user did."""

    def __init__(self, answer: Callable[[StreamWriter, Asked], Awaitable[None]]) -> None:
        self.answer = answer
        self.connections = 0
        self.asked: list[Asked] = []

    async def serve(self, reader: StreamReader, writer: StreamWriter) -> None:
        """A connection, request after request."""
        counted = False
        try:
            while True:
                head = (await reader.readuntil(b"\r\n\r\n")).decode().lower()
                if head.startswith("get"):
                    data = json.dumps({"connections": self.connections, "asked": self.asked}).encode()
                    writer.write(b"HTTP/1.1 200 OK\r\nContent-Length: %d\r\n\r\n%s" % (len(data), data))
                    continue
                self.connections, counted = self.connections + (not counted), True
                size = int(head.partition("content-length: ")[2].partition("\r")[0])
                body = await reader.readexactly(size)
                if len(self.asked) < KEPT and b" of user00" in body:
                    self.asked.append(json.loads(body))
                await self.answer(writer, json.loads(body))
                await writer.drain()
        except (ConnectionError, asyncio.IncompleteReadError):
            pass
        finally:
            writer.close()


async def main(kind: str) -> None:
    """Serve until it is killed."""
    provider = Provider({"chunks": chunks, "steps": steps}[kind])
    server = await asyncio.start_server(provider.serve, "127.0.0.1", 0, backlog=1024)
    print(f"listening on http://127.0.0.1:{server.sockets[0].getsockname()[1]}", flush=True)
    await server.serve_forever()


@contextmanager
def running(kind: str, **environ: str) -> Iterator[servers.Server]:
    """One in a process of its own."""
    with servers.started(["-m", "benchmarks.provider", kind], environ) as server:
        yield server


async def told(port: int) -> dict[str, Any]:
    """{connections, asked}: how many connections have asked something, and the requests of `user00`."""
    async with httpx2.AsyncClient(trust_env=False) as http:
        found: dict[str, Any] = (await http.get(f"http://127.0.0.1:{port}/")).json()
        return found


if __name__ == "__main__":
    asyncio.run(main(sys.argv[1]))
