"""The pool of models against the bare SDK: what a chunk costs, whose turn it is, and what a flood does to others."""

from __future__ import annotations

import asyncio
import statistics
import sys
import tempfile
import time
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager, contextmanager
from typing import Any

import httpx2
import uvloop
from openai import AsyncOpenAI

from benchmarks import servers
from host.app import Host
from host.config import Config
from host.models import Pool
from sessions.context import SessionContext
from sessions.models import Message, Queued, Request, Text

PROVIDER = """
import asyncio, json

counts = {"open": 0, "most": 0, "all": 0}

def chunk(text, reason=None):
    delta = {"content": text} if text else {}
    choices = [{"index": 0, "delta": delta, "finish_reason": reason}]
    data = json.dumps({"id": "c", "object": "chat.completion.chunk", "created": 1, "model": "m", "choices": choices})
    return b"data: " + data.encode() + b"\\n\\n"

def framed(data):
    return b"%x\\r\\n%s\\r\\n" % (len(data), data)

async def answer(writer, asked):
    count, wait = map(int, asked["model"].split("-"))
    said = asked["messages"][-1]["content"][0]["text"]
    writer.write(b"HTTP/1.1 200 OK\\r\\nContent-Type: text/event-stream\\r\\nTransfer-Encoding: chunked\\r\\n\\r\\n")
    await asyncio.sleep(wait / 1000)
    piece = framed(chunk(said))
    for _ in range(count):
        writer.write(piece)
        await writer.drain()
    writer.write(framed(chunk("", "stop")) + framed(b"data: [DONE]\\n\\n") + b"0\\r\\n\\r\\n")
    await writer.drain()

async def serve(reader, writer):
    try:
        while True:
            head = (await reader.readuntil(b"\\r\\n\\r\\n")).decode().lower()
            if head.startswith("get"):
                data = json.dumps(counts).encode()
                writer.write(b"HTTP/1.1 200 OK\\r\\nContent-Length: %d\\r\\n" % len(data))
                writer.write(b"Connection: close\\r\\n\\r\\n" + data)
                break
            if not getattr(writer, "counted", False):
                writer.counted = True
                counts["all"] += 1
                counts["open"] += 1
                counts["most"] = max(counts["most"], counts["open"])
            size = int(head.partition("content-length: ")[2].partition("\\r")[0])
            await answer(writer, json.loads(await reader.readexactly(size)))
    except (ConnectionError, asyncio.IncompleteReadError):
        pass
    finally:
        counts["open"] -= getattr(writer, "counted", False)
        writer.close()

async def main():
    server = await asyncio.start_server(serve, "127.0.0.1", 0, backlog=1024)
    print("listening on http://127.0.0.1:%d" % server.sockets[0].getsockname()[1], flush=True)
    await server.serve_forever()

asyncio.run(main())
"""
"""A provider of the models `<chunks>-<ms until the first>`, which says what it was told; GET tells its connections."""

CONNECTIONS = 20
USERS, EACH = 60, 5
FLOOD = 100
THINKS_MS = 300
"""Until a hosted model's first word, at the least."""

AT_ONCE_MS = 40
"""Until that of one that hardly thinks: there the host's own work for 100 calls that begin together is what shows."""


@contextmanager
def provider() -> Iterator[servers.Server]:
    with servers._started([sys.executable, "-c", PROVIDER], {}) as server:
        yield server


@asynccontextmanager
async def house(port: int) -> AsyncIterator[tuple[Host, Pool]]:
    """A host, and a pool of 20 connections beside its own, with its books."""
    models = ["2000-0", f"20-{THINKS_MS}", f"20-{AT_ONCE_MS}"]
    acme = {"kind": "openai", "api_key": "k", "base_url": f"http://127.0.0.1:{port}/v1", "models": models}
    with tempfile.TemporaryDirectory() as folder:
        config = Config.model_validate(
            {"data": folder, "multi_user": True, "quotas": {"streams": FLOOD}, "ai_providers": {"acme": acme}}
        )
        async with Host(config) as host:
            pool = Pool(config, host.ledger, connections=CONNECTIONS)
            try:
                yield host, pool
            finally:
                await pool.close()


async def ask(
    pool: Pool, session: SessionContext, model: str, said: str, queued: asyncio.Event | None = None
) -> tuple[float, list[str]]:
    """When the first word came, and all words; `queued` is set where it has to wait for its turn."""
    first, words = 0.0, []
    request = Request(f"acme/{model}", (Message("user", (Text(said),)),))
    async with pool.stream(session, request) as items:
        async for item in items:
            if isinstance(item, Text):
                first = first or time.perf_counter()
                words.append(item.text)
            elif isinstance(item, Queued) and queued is not None:
                queued.set()
    return first, words


async def bare(sdk: AsyncOpenAI, model: str) -> int:
    """The SDK alone; the chunks that came."""
    said: Any = [{"role": "user", "content": [{"type": "text", "text": "word"}]}]
    count = 0
    async with await sdk.chat.completions.create(model=model, messages=said, stream=True) as stream:
        async for chunk in stream:
            count += bool(chunk.choices and chunk.choices[0].delta.content)
    return count


async def chunks(port: int, rounds: int) -> dict[str, Any]:
    """CPU time of a chunk, floor and pool in turn."""
    pairs = []
    async with house(port) as (host, pool), httpx2.AsyncClient(trust_env=False) as http:
        sdk = AsyncOpenAI(api_key="k", base_url=f"http://127.0.0.1:{port}/v1", http_client=http)
        session = await host.sessions.open("ada")
        await ask(pool, session, "2000-0", "word")
        await bare(sdk, "2000-0")
        for _ in range(rounds):
            began = time.process_time()
            count = await bare(sdk, "2000-0")
            between = time.process_time()
            _, words = await ask(pool, session, "2000-0", "word")
            ended = time.process_time()
            assert count == len(words) == 2_000
            pairs.append((1e6 * (ended - between) / count, 1e6 * (between - began) / count))
    return compared("a streamed chunk, CPU", "us", pairs, "<= 2.0")


def compared(what: str, unit: str, pairs: list[tuple[float, float]], bar: str) -> dict[str, Any]:
    """A row of rounds of ours and floor."""
    ratios = [ours / floor for ours, floor in pairs]
    return {
        "what": what,
        "unit": unit,
        "ours": statistics.median(ours for ours, _ in pairs),
        "floor": statistics.median(floor for _, floor in pairs),
        "ratio": statistics.median(ratios),
        "spread": [min(ratios), max(ratios)],
        "bar": bar,
    }


async def crowd(port: int) -> list[dict[str, Any]]:
    """300 streams of 60 users at once: connections, mixed streams, and how even the first words are shared."""
    model = f"20-{THINKS_MS}"
    began: list[tuple[float, str]] = []
    mixed = 0
    async with house(port) as (host, pool):
        sessions = [await host.sessions.open(f"user{number}") for number in range(USERS)]

        async def one(session: SessionContext, number: int) -> None:
            nonlocal mixed
            said = f"{session.uid} {number}"
            first, words = await ask(pool, session, model, said)
            began.append((first, session.uid))
            mixed += words != [said] * 20

        async with asyncio.TaskGroup() as group:
            for number in range(EACH):
                for session in sessions:
                    group.create_task(one(session, number))
    seen: set[str] = set()
    before = 0
    for _, uid in sorted(began):
        seen.add(uid)
        before += 1
        if len(seen) == USERS:
            break
    return [
        {"what": "streams of 300 that were mixed up", "unit": "streams", "ours": mixed, "bar": "<= 0 streams"},
        {
            "what": "streams that began before each of 60 users had one",
            "unit": "streams",
            "ours": before,
            "bar": "<= 80 streams",
        },
    ]


async def connections(port: int) -> dict[str, int]:
    async with httpx2.AsyncClient(trust_env=False) as http:
        found: dict[str, int] = (await http.get(f"http://127.0.0.1:{port}/")).json()
        return found


async def flood(port: int, rounds: int, thinks_ms: int) -> dict[str, Any]:
    """The time to ben's first word alone, and while ada has 100 streams."""
    model = f"20-{thinks_ms}"
    pairs = []
    async with house(port) as (host, pool):
        ada, ben = await host.sessions.open("ada"), await host.sessions.open("ben")
        await ask(pool, ben, model, "warm")
        for _ in range(rounds):
            alone = await first_word(pool, ben, model)
            queued = asyncio.Event()
            async with asyncio.TaskGroup() as group:
                for number in range(FLOOD):
                    group.create_task(ask(pool, ada, model, str(number), queued))
                await queued.wait()
                crowded = await first_word(pool, ben, model)
            pairs.append((1e3 * crowded, 1e3 * alone))
    return compared(f"the first word, of {thinks_ms} ms, beside another's 100 streams", "ms", pairs, "<= 2.0")


async def first_word(pool: Pool, session: SessionContext, model: str) -> float:
    began = time.perf_counter()
    return (await ask(pool, session, model, "me"))[0] - began


def run(quick: bool) -> list[dict[str, Any]]:
    """Against a provider in a process of its own, fresh for the count of connections."""
    rounds = 5 if quick else 15
    with asyncio.Runner(loop_factory=uvloop.new_event_loop) as runner:
        with provider() as server:
            rows = [runner.run(chunks(server.port, rounds))]
            rows += [runner.run(flood(server.port, rounds, wait)) for wait in (THINKS_MS, AT_ONCE_MS)]
        with provider() as server:
            rows += runner.run(crowd(server.port))
            used = runner.run(connections(server.port))
    rows.append({"what": "connections for 300 streams", "unit": "sockets", "ours": used["all"], "bar": "<= 20 sockets"})
    return rows
