"""Terminals: output, typing and numbers, against a bare PTY and the smallest bridge from a PTY to a socket."""

from __future__ import annotations

import asyncio
import json
import os
import select
import statistics
import struct
import subprocess
import sys
import tempfile
import time
from collections.abc import AsyncIterator, Iterator
from contextlib import AsyncExitStack, asynccontextmanager, contextmanager
from pathlib import Path
from typing import Any

import uvloop
import websockets
from websockets.asyncio.client import ClientConnection

from benchmarks import servers

HEADER = struct.Struct(">BIQ")
LINE = b"0123456789" * 7 + b"012345678\n"
MB = 1_000_000

BRIDGE = """
import asyncio, os, socket, subprocess, uvicorn, uvloop
from starlette.applications import Starlette
from starlette.routing import WebSocketRoute

async def bridge(socket):
    await socket.accept()
    loop, wake = asyncio.get_running_loop(), asyncio.Event()
    master, slave = os.openpty()
    os.set_blocking(master, False)
    subprocess.Popen(["/bin/cat"], stdin=slave, stdout=slave, stderr=slave, start_new_session=True)
    os.close(slave)
    loop.add_reader(master, wake.set)

    async def show():
        while True:
            await wake.wait()
            wake.clear()
            try:
                await socket.send_bytes(os.read(master, 65536))
            except BlockingIOError:
                pass

    showing = asyncio.ensure_future(show())
    try:
        while True:
            os.write(master, await socket.receive_bytes())
    except Exception:
        showing.cancel()
        loop.remove_reader(master)
        os.close(master)

listener = socket.socket()
listener.bind(("127.0.0.1", 0))
listener.listen(64)
config = uvicorn.Config(Starlette(routes=[WebSocketRoute("/ws", bridge)]), ws="websockets-sansio", log_config=None,
    access_log=False, ws_per_message_deflate=False, lifespan="off")
print("listening on http://127.0.0.1:%d" % listener.getsockname()[1], flush=True)
with asyncio.Runner(loop_factory=uvloop.new_event_loop) as runner:
    runner.run(uvicorn.Server(config).serve(sockets=[listener]))
"""

FLOOD = """
import asyncio, sys, uvloop
from benchmarks.bench_terminals import flood
with asyncio.Runner(loop_factory=uvloop.new_event_loop) as runner:
    runner.run(flood(int(sys.argv[1]), int(sys.argv[2])))
"""


class Line:
    """A user's socket with terminals: what is asked is answered, output is counted and may be waited for."""

    def __init__(self, socket: ClientConnection, uid: str) -> None:
        self.socket = socket
        self.uid = uid
        self.received = 0
        self.output = asyncio.Event()
        self.ended = asyncio.Event()
        self._answers: dict[int, asyncio.Future[Any]] = {}
        self._count = 0
        self.reader = asyncio.ensure_future(self._read())

    async def _read(self) -> None:
        async for frame in self.socket:
            if isinstance(frame, bytes):
                self.received += len(frame) - HEADER.size
                self.output.set()
                continue
            message = json.loads(frame)
            if message.get("method") == "terminal.exit":
                self.ended.set()
            elif "method" not in message:
                self._answers.pop(message["id"]).set_result(message)

    async def ask(self, method: str, **params: Any) -> Any:
        self._count += 1
        future = self._answers[self._count] = asyncio.get_running_loop().create_future()
        message = {"jsonrpc": "2.0", "id": self._count, "method": method, "params": params, "uid": self.uid}
        await self.socket.send(json.dumps(message))
        answer = await future
        if "error" in answer:
            raise RuntimeError(f"{method}: {answer['error']['message']}")
        return answer["result"]

    async def create(self, *command: str) -> int:
        """A terminal that runs `command`; its channel."""
        made = await self.ask("window.createTerminal", shellPath=command[0], shellArgs=list(command[1:]))
        return int(made["channel"])


@asynccontextmanager
async def line(port: int, uid: str) -> AsyncIterator[Line]:
    url = f"ws://127.0.0.1:{port}/ws?uid={uid}"
    async with websockets.connect(url, max_size=None, compression=None) as socket:
        opened = Line(socket, uid)
        try:
            yield opened
        finally:
            opened.reader.cancel()


@contextmanager
def house() -> Iterator[tuple[servers.Server, Path]]:
    """A host whose users have terminals, and its data folder: where it is root, users must be able to pass there."""
    with tempfile.TemporaryDirectory(prefix="roost-bench-") as folder:
        os.chmod(folder, 0o711)
        data = Path(folder, "data")
        command = [sys.executable, "-m", "host", "--port", "0", "--data", str(data)]
        with servers._started(command, {"MULTI_USER": "1"}) as server:
            yield server, data


# -- output


def _raw(file: Path) -> float:
    """MB a second that can be read from a terminal on which a file is shown, by a program that does nothing else."""
    master, slave = os.openpty()
    os.set_blocking(master, False)
    with subprocess.Popen(["/bin/cat", file], stdin=slave, stdout=slave, stderr=slave) as shown, select.epoll() as poll:
        os.close(slave)
        poll.register(master, select.EPOLLIN)
        began, total = time.perf_counter(), 0
        while True:
            poll.poll()
            try:
                total += len(os.read(master, 65_536))
            except BlockingIOError:
                continue
            except OSError:
                break
        took = time.perf_counter() - began
        shown.wait()
    os.close(master)
    return total / MB / took


async def _shown(port: int, data: Path, size: int) -> float:
    """MB a second of a file that `cat` shows, through sandbox, host and socket."""
    async with line(port, "ann") as ann:
        await ann.ask("workspace.fs.writeFile", uri="/workspace/here", content="")
        file = data / "users/ann/root/workspace/file"
        await asyncio.to_thread(file.write_bytes, LINE * (size // len(LINE)))
        await ann.create("/bin/true")
        await ann.ended.wait()
        ann.ended.clear()
        began, before = time.perf_counter(), ann.received
        await ann.create("/bin/cat", "/workspace/file")
        await ann.ended.wait()
        return (ann.received - before) / MB / (time.perf_counter() - began)


# -- typing


async def _typed(socket: ClientConnection, output: asyncio.Event, frame: bytes, count: int) -> list[float]:
    """Milliseconds from each key to its echo."""
    took = []
    for _ in range(count):
        output.clear()
        began = time.perf_counter()
        await socket.send(frame)
        await output.wait()
        took.append((time.perf_counter() - began) * 1_000)
        await asyncio.sleep(0.005)
    return took


async def _bridge_echo(port: int, count: int) -> list[float]:
    async with websockets.connect(f"ws://127.0.0.1:{port}/ws", compression=None) as socket:
        output = asyncio.Event()

        async def read() -> None:
            async for _ in socket:
                output.set()

        reader = asyncio.ensure_future(read())
        took = await _typed(socket, output, b"x", count)
        reader.cancel()
        return took


async def _echo(port: int, count: int) -> list[float]:
    async with line(port, "bob") as bob:
        channel = await bob.create("/bin/cat")
        await asyncio.sleep(0.2)
        return await _typed(bob.socket, bob.output, HEADER.pack(2, channel, 0) + b"x", count)


async def flood(port: int, users: int) -> None:
    """Users whose terminals never stop; runs in a process of its own until it is killed."""
    async with AsyncExitStack() as stack:
        for number in range(users):
            one = await stack.enter_async_context(line(port, f"flood{number}"))
            await one.create("/usr/bin/yes")
        print("flooding", flush=True)
        await asyncio.sleep(600)


@contextmanager
def _flooding(port: int, users: int) -> Iterator[None]:
    command = [sys.executable, "-c", FLOOD, str(port), str(users)]
    with subprocess.Popen(command, stdout=subprocess.PIPE) as process:
        assert process.stdout is not None
        process.stdout.readline()
        try:
            yield
        finally:
            process.kill()


# -- many


async def _many(port: int, users: int) -> tuple[float, int]:
    """Seconds until that many users each have a terminal that has answered, and how many have."""

    async def one(number: int) -> Line:
        opened = await stack.enter_async_context(line(port, f"many{number}"))
        channel = await opened.create("/bin/cat")
        await opened.socket.send(HEADER.pack(2, channel, 0) + b"x")
        await opened.output.wait()
        return opened

    async with AsyncExitStack() as stack:
        began, done = time.perf_counter(), 0
        for start in range(0, users, 20):
            opened = await asyncio.gather(*(one(number) for number in range(start, min(users, start + 20))))
            done += len(opened)
        return time.perf_counter() - began, done


def run(quick: bool) -> list[dict[str, Any]]:
    """Throughput, echo, echo beside floods, and many terminals."""
    size, keys, users = (20 * MB, 200, 40) if quick else (100 * MB, 1_000, 200)
    rows = []
    with asyncio.Runner(loop_factory=uvloop.new_event_loop) as runner:
        with house() as (server, data):
            with tempfile.NamedTemporaryFile() as file:
                file.write(LINE * (size // len(LINE)))
                file.flush()
                raw, ours = [], []
                for _ in range(3):
                    raw.append(_raw(Path(file.name)))
                    ours.append(runner.run(_shown(server.port, data, size)))
            before = server.resident
            rows.append(_row(f"`cat` of {size // MB} MB", "MB/s", ours, raw, ">= 0.6"))
            with servers._started([sys.executable, "-c", BRIDGE], {}) as bridge:
                floor = runner.run(_bridge_echo(bridge.port, keys))
            quiet = runner.run(_echo(server.port, keys))
            rows.append(_row("echo of a key, median", "ms", quiet, floor, "<= 2"))
            with _flooding(server.port, 4):
                loud = runner.run(_echo(server.port, keys))
            p99 = _p99(loud), _p99(quiet)
            bar = f"<= {max(2 * p99[1], p99[1] + 10):.1f} ms"
            rows.append(_row("echo beside 4 floods, p99", "ms", [p99[0]], [p99[1]], bar))
            grown = (server.resident - before) / MB
            rows.append(_row("memory of the host that floods added", "MB", [grown], None, "<= 24 MB"))
        with house() as (server, _):
            took, done = runner.run(_many(server.port, users))
            rows.append(_row(f"terminals of {users} users", "", [done], None, f">= {users}"))
            rows.append(_row(f"until {users} users had typed", "s", [took], None, ""))
    return rows


def _p99(values: list[float]) -> float:
    return sorted(values)[len(values) * 99 // 100]


def _row(what: str, unit: str, ours: list[float], floor: list[float] | None, bar: str) -> dict[str, Any]:
    middle = statistics.median(ours)
    under = statistics.median(floor) if floor else None
    spread = max(ours) - min(ours) if len(ours) in range(2, 10) else None
    ratio = middle / under if under else None
    return {"what": what, "unit": unit, "ours": middle, "floor": under, "ratio": ratio, "spread": spread, "bar": bar}


if __name__ == "__main__":
    for row in run("--quick" in sys.argv):
        print(json.dumps(row))
