"""The agent of thirty users at work at once: what a step costs the host, and how long its loop stops meanwhile.

A scripted model in a process of its own leads each through the same work: list, read, change, write, search, run, end.
The floor is the bare SDK, asked the same with the same answers: what no agent over HTTP goes without.
"""

from __future__ import annotations

import asyncio
import json
import os
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
from benchmarks.bench_documents import Heartbeat
from benchmarks.bench_models import compared
from host.app import Host
from host.config import Config
from sessions.context import SessionContext
from shim.commands import Commands

USERS = 30
THINKS_MS = 700
"""Until the model's first word, about half of it more or less: hosted ones take longer."""

STALL_MS = 20.0
STEP_MS = 25.0

STEPS: list[tuple[str, dict[str, Any]]] = [
    ("list_files", {"path": ".", "recursive": True}),
    ("read_file", {"path": "shop/cart.py"}),
    ("read_file", {"path": "shop/prices.py"}),
    ("search_files", {"path": ".", "regex": "def total", "file_pattern": "*.py"}),
    (
        "apply_diff",
        {
            "path": "shop/cart.py",
            "diff": "<<<<<<< SEARCH\n:start_line:2\n-------\n    return 2\n=======\n    return 20\n>>>>>>> REPLACE",
        },
    ),
    ("write_to_file", {"path": "notes.md", "content": "# Notes\n\n" + "The total is right now.\n" * 40}),
    ("execute_command", {"command": "grep -n return shop/cart.py"}),
    ("update_todo_list", {"todos": "[x] find it\n[x] mend it\n"}),
    ("attempt_completion", {"result": "The total is right now."}),
]

PROVIDER = """
import asyncio, json, os, random

steps, thinks_ms = json.loads(os.environ["STEPS"]), int(os.environ["THINKS_MS"])
kept = []

def chunk(delta, reason=None, **more):
    choices = [{"index": 0, "delta": delta, "finish_reason": reason}] if delta is not None else []
    data = {"id": "c", "object": "chat.completion.chunk", "created": 1, "model": "m", "choices": choices, **more}
    data = b"data: " + json.dumps(data).encode() + b"\\n\\n"
    return b"%x\\r\\n%s\\r\\n" % (len(data), data)

async def answer(writer, asked):
    at = sum(one["role"] == "assistant" for one in asked["messages"])
    name, given = steps[at]
    writer.write(b"HTTP/1.1 200 OK\\r\\nContent-Type: text/event-stream\\r\\nTransfer-Encoding: chunked\\r\\n\\r\\n")
    await asyncio.sleep(random.uniform(0.5, 1.5) * thinks_ms / 1000)
    for word in ("I", " look", " at", " this", " next", ",", " as", " it", " is", " what", " I", " was", " told", "."):
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
    writer.write(chunk({}, "tool_calls") + chunk(None, usage=used))
    data = b"data: [DONE]\\n\\n"
    writer.write(b"%x\\r\\n%s\\r\\n0\\r\\n\\r\\n" % (len(data), data))
    await writer.drain()

async def serve(reader, writer):
    try:
        while True:
            head = (await reader.readuntil(b"\\r\\n\\r\\n")).decode().lower()
            if head.startswith("get"):
                data = json.dumps(kept).encode()
                writer.write(b"HTTP/1.1 200 OK\\r\\nContent-Length: %d\\r\\n\\r\\n" % len(data) + data)
                await writer.drain()
                continue
            size = int(head.partition("content-length: ")[2].partition("\\r")[0])
            asked = json.loads(await reader.readexactly(size))
            if len(kept) < len(steps) and "of user00" in json.dumps(asked):
                kept.append(asked)
            await answer(writer, asked)
    except (ConnectionError, asyncio.IncompleteReadError):
        pass
    finally:
        writer.close()

async def main():
    server = await asyncio.start_server(serve, "127.0.0.1", 0, backlog=1024)
    print("listening on http://127.0.0.1:%d" % server.sockets[0].getsockname()[1], flush=True)
    await server.serve_forever()

asyncio.run(main())
"""
"""Plays the steps by how many answers a conversation has; GET gives the first user's requests."""

ALLOWED = {
    "autoApprovalEnabled": True,
    "alwaysAllowWrite": True,
    "alwaysAllowExecute": True,
    "allowedCommands": ["grep"],
}


@contextmanager
def provider() -> Iterator[servers.Server]:
    told = {"STEPS": json.dumps(STEPS), "THINKS_MS": str(THINKS_MS)}
    with servers._started([sys.executable, "-c", PROVIDER], told) as server:
        yield server


@asynccontextmanager
async def house(port: int) -> AsyncIterator[Host]:
    acme = {"kind": "openai", "api_key": "k", "base_url": f"http://127.0.0.1:{port}/v1", "models": ["m"]}
    with tempfile.TemporaryDirectory() as folder:
        os.chmod(folder, 0o711)
        config = Config.model_validate({"data": folder, "multi_user": True, "ai_providers": {"acme": acme}})
        async with Host(config) as host:
            someone: Any = Someone()
            host.connections.add(someone)
            yield host
            host.connections.discard(someone)


class Someone:
    """A client that is connected: where nobody is, the host looks for garbage whenever it likes."""

    def overdue(self, now: float, wall: float) -> None:
        """It never is."""


async def lay(session: SessionContext) -> None:
    """A small repository, and leave to work on it."""
    for number in range(40):
        text = f"def part_{number}(given):\n    return given + {number}\n" * 6
        await session.files.write(f"/workspace/shop/part_{number}.py", text.encode())
    await session.files.write("/workspace/shop/cart.py", b"def total():\n    return 2\n")
    await session.files.write("/workspace/shop/prices.py", b"PRICES = {}\n" * 300)
    with session.entered():
        await session.get(Commands).execute("coder.setAutoApproval", ALLOWED)


async def task(session: SessionContext) -> None:
    """One user's task to its end, heard as a client hears it."""
    follower = session.mailbox.follow(None)
    with session.entered():
        made = await session.get(Commands).execute("coder.createTask", {"message": f"Mend the total of {session.uid}."})
    async for events in follower:
        told = [json.loads(one.data_json) for one in events if one.type == "coder.task"]
        assert all(one["status"] in ("pending", "running", "completed") for one in told), told
        if any(one["status"] == "completed" for one in told):
            break
    assert await session.files.read("/workspace/shop/cart.py") == b"def total():\n    return 20\n", made


async def bare(port: int, bodies: list[dict[str, Any]], users: int) -> float:
    """CPU seconds in which the SDK alone has the same conversations."""
    async with httpx2.AsyncClient(trust_env=False) as http:
        sdk = AsyncOpenAI(api_key="k", base_url=f"http://127.0.0.1:{port}/v1", http_client=http)

        async def one() -> None:
            for body in bodies:
                async with await sdk.chat.completions.create(**body) as stream:
                    async for _ in stream:
                        pass

        began = time.process_time()
        async with asyncio.TaskGroup() as group:
            for _ in range(users):
                group.create_task(one())
        return time.process_time() - began


async def asked(port: int) -> list[dict[str, Any]]:
    """The requests of the first user."""
    async with httpx2.AsyncClient(trust_env=False) as http:
        found: list[dict[str, Any]] = (await http.get(f"http://127.0.0.1:{port}/")).json()
        return found


async def crowd(port: int, rounds: int) -> list[dict[str, Any]]:
    pairs, stalls, computed = [], [], []
    async with house(port) as host:
        sessions = [await host.sessions.open(f"user{number:02}") for number in range(USERS)]
        for session in sessions:
            await lay(session)
        for _ in range(rounds + 1):
            for session in sessions:
                await session.files.write("/workspace/shop/cart.py", b"def total():\n    return 2\n")
            heart = Heartbeat()
            watching = asyncio.create_task(heart.watch())
            began = time.process_time()
            async with asyncio.TaskGroup() as group:
                for session in sessions:
                    group.create_task(task(session))
            ours = time.process_time() - began
            heart.stop()
            await watching
            floor = await bare(port, await asked(port), USERS)
            steps = USERS * len(STEPS)
            pairs.append((1e3 * ours / steps, 1e3 * floor / steps))
            stalls.append(heart.worst * 1e3)
            computed.append(heart.computed * 1e3)
    pairs, stalls, computed = pairs[1:], stalls[1:], computed[1:]  # the first round opens what is opened once
    middle = sorted(stalls)[len(stalls) // 2]
    return [
        compared("a step of 30 users' tasks at once, CPU", "ms", pairs, f"<= {STEP_MS:g} ms"),
        {"what": "longest stop of the loop", "unit": "ms", "ours": middle, "bar": f"<= {STALL_MS:g} ms",
         "spread": [min(stalls), max(stalls)]},
        {"what": "of that computed by the loop itself", "unit": "ms", "ours": sorted(computed)[len(computed) // 2],
         "bar": "", "spread": [min(computed), max(computed)]},
    ]  # fmt: skip


def run(quick: bool) -> list[dict[str, Any]]:
    with provider() as server, asyncio.Runner(loop_factory=uvloop.new_event_loop) as runner:
        return runner.run(crowd(server.port, 1 if quick else 4))
