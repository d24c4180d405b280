"""The agent of thirty users at work at once: what a step costs the host, and how long its loop stops meanwhile.

A scripted model in a process of its own leads each through the same work: list, read, change, write, search, run, end.
The floor is the bare SDK, asked the same with the same answers: what no agent over HTTP goes without.
"""

from __future__ import annotations

import asyncio
import json
import os
import tempfile
import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

import httpx2
import uvloop
from openai import AsyncOpenAI

from benchmarks import provider
from benchmarks.bench_documents import Heartbeat
from benchmarks.figures import Row, figure, paired
from host.app import Host
from host.config import Config
from sessions.context import SessionContext
from shim.commands import Commands

USERS = 30
THINKS_MS = 700
"""Until the model's first word, about half of it more or less: hosted ones take longer."""

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

ALLOWED = {
    "autoApprovalEnabled": True,
    "alwaysAllowWrite": True,
    "alwaysAllowExecute": True,
    "allowedCommands": ["grep"],
}


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

    def let_rest(self) -> None:
        """It speaks for nobody else."""


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


async def crowd(port: int, rounds: int) -> list[Row]:
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
            floor = await bare(port, (await provider.told(port))["asked"][: len(STEPS)], USERS)
            steps = USERS * len(STEPS)
            pairs.append((1e3 * ours / steps, 1e3 * floor / steps))
            stalls.append(heart.worst * 1e3)
            computed.append(heart.computed * 1e3)
    pairs, stalls, computed = pairs[1:], stalls[1:], computed[1:]  # the first round opens what is opened once
    return [
        paired(f"a step of {USERS} users' tasks at once, CPU", "ms", pairs),
        figure("longest stop of the loop", "ms", stalls),
        figure("of that computed by the loop itself", "ms", computed),
    ]


def run(quick: bool) -> list[Row]:
    """Against a provider in a process of its own."""
    plan = {"STEPS": json.dumps(STEPS), "THINKS_MS": str(THINKS_MS)}
    with provider.running("steps", **plan) as server, asyncio.Runner(loop_factory=uvloop.new_event_loop) as runner:
        return runner.run(crowd(server.port, 1 if quick else 4))
