"""The pool of models against the bare SDK: what a chunk costs, whose turn it is, and what a flood does to others."""

from __future__ import annotations

import asyncio
import tempfile
import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

import httpx2
import uvloop
from openai import AsyncOpenAI

from benchmarks import provider
from benchmarks.figures import Row, figure, paired
from host.app import Host
from host.config import Config
from host.models import Pool
from sessions.context import SessionContext
from sessions.models import Message, Queued, Request, Text

CONNECTIONS = 20
USERS, EACH = 60, 5
FLOOD = 100
THINKS_MS = 300
"""Until a hosted model's first word, at the least."""

AT_ONCE_MS = 40
"""Until that of one that hardly thinks: there the host's own work for 100 calls that begin together is what shows."""


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


async def chunks(port: int, rounds: int) -> Row:
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
    return paired("a streamed chunk, CPU", "us", pairs)


async def crowd(port: int) -> list[Row]:
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
        figure(f"streams of {USERS * EACH} that were mixed up", "streams", mixed),
        figure(f"streams that began before each of {USERS} users had one", "streams", before),
    ]


async def flood(port: int, rounds: int, thinks_ms: int) -> Row:
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
    return paired(f"the first word, of {thinks_ms} ms, beside another's {FLOOD} streams", "ms", pairs)


async def first_word(pool: Pool, session: SessionContext, model: str) -> float:
    began = time.perf_counter()
    return (await ask(pool, session, model, "me"))[0] - began


def run(quick: bool) -> list[Row]:
    """Against a provider in a process of its own, fresh for the count of connections."""
    rounds = 5 if quick else 15
    with asyncio.Runner(loop_factory=uvloop.new_event_loop) as runner:
        with provider.running("chunks") as server:
            rows = [runner.run(chunks(server.port, rounds))]
            rows += [runner.run(flood(server.port, rounds, wait)) for wait in (THINKS_MS, AT_ONCE_MS)]
        with provider.running("chunks") as server:
            rows += runner.run(crowd(server.port))
            used = runner.run(provider.told(server.port))
    rows.append(figure(f"connections for {USERS * EACH} streams", "sockets", used["connections"]))
    return rows
