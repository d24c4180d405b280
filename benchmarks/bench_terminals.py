"""Terminals: output, typing and numbers, against a bare PTY and the smallest bridge from a PTY to a socket."""

from __future__ import annotations

import asyncio
import importlib.util
import json
import os
import select
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import AsyncExitStack, contextmanager
from pathlib import Path

import uvloop
import websockets
from websockets.asyncio.client import ClientConnection

from benchmarks import servers
from benchmarks.figures import Row, apart, figure, paired, percentile
from benchmarks.lines import HEADER, Line, line

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

PEER = """
import sys, terminado, tornado.httpserver, tornado.ioloop, tornado.netutil, tornado.web
terminals = terminado.UniqueTermManager(shell_command=["/bin/cat", sys.argv[1]])
app = tornado.web.Application([("/ws", terminado.TermSocket, {"term_manager": terminals})])
sockets = tornado.netutil.bind_sockets(0, "127.0.0.1")
tornado.httpserver.HTTPServer(app).add_sockets(sockets)
print("listening on http://127.0.0.1:%d" % sockets[0].getsockname()[1], flush=True)
tornado.ioloop.IOLoop.current().start()
"""
"""terminado, what Jupyter has its terminals by; measured where it is installed."""

FLOOD = """
import asyncio, sys, uvloop
from benchmarks.bench_terminals import flood
with asyncio.Runner(loop_factory=uvloop.new_event_loop) as runner:
    runner.run(flood(int(sys.argv[1]), int(sys.argv[2])))
"""


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


async def _peak(server: servers.Server, stop: asyncio.Event) -> int:
    """The most bytes that the host held until `stop`."""
    most = server.resident
    while not stop.is_set():
        most = max(most, server.resident)
        await asyncio.sleep(0.02)
    return most


async def _watched(server: servers.Server, size: int) -> tuple[float, float]:
    """As `_shown`, and the MB that the host held more at its peak than before."""
    before, stop = server.resident, asyncio.Event()
    peak = asyncio.ensure_future(_peak(server, stop))
    rate = await _shown(server.port, server.data, size)
    stop.set()
    return rate, (await peak - before) / MB


async def _shown_by_peer(port: int, size: int) -> float:
    """MB a second of the same file by terminado, which sends text in JSON."""
    began, received = time.perf_counter(), 0
    async with websockets.connect(f"ws://127.0.0.1:{port}/ws", max_size=None, compression=None) as socket:
        while received < size:
            kind, *rest = json.loads(await socket.recv())
            received += len(rest[0]) if kind == "stdout" else 0
    return received / MB / (time.perf_counter() - began)


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


def run(quick: bool) -> list[Row]:
    """Throughput, echo, echo beside floods, and many terminals."""
    size, keys, users = (20 * MB, 200, 40) if quick else (100 * MB, 1_000, 200)
    rows = []
    with asyncio.Runner(loop_factory=uvloop.new_event_loop) as runner:
        with servers.host() as server:
            with tempfile.NamedTemporaryFile() as file:
                file.write(LINE * (size // len(LINE)))
                file.flush()
                raw, ours, grown, peer = [], [], [], []
                for _ in range(3):
                    raw.append(_raw(Path(file.name)))
                    rate, more = runner.run(_watched(server, size))
                    ours.append(rate)
                    grown.append(more)
                    if importlib.util.find_spec("terminado"):
                        with servers.floor(PEER, file.name) as other:
                            peer.append(runner.run(_shown_by_peer(other.port, size)))
            before = server.resident
            rows.append(paired(f"`cat` of {size // MB} MB", "MB/s", zip(ours, raw, strict=True)))
            if peer:
                rows.append(paired("the same; floor: terminado", "MB/s", zip(ours, peer, strict=True), ">= 1"))
            rows.append(figure("memory of the host that it added, at most", "MB", max(grown[1:])))
            with servers.floor(BRIDGE) as bridge:
                floor = runner.run(_bridge_echo(bridge.port, keys))
            quiet = runner.run(_echo(server.port, keys))
            rows.append(apart("echo of a key, median", "ms", [statistics.median(quiet)], floor))
            with _flooding(server.port, 4):
                loud = runner.run(_echo(server.port, keys))
            calm = percentile(quiet, 0.99)
            bar = f"<= {max(2 * calm, calm + 10):.1f} ms"
            rows.append(apart("echo beside 4 floods, p99", "ms", [percentile(loud, 0.99)], [calm], bar))
            more = (server.resident - before) / MB
            rows.append(figure("memory of the host that floods added", "MB", more))
        with servers.host() as server:
            took, done = runner.run(_many(server.port, users))
            rows.append(figure(f"users of {users} whose terminal did not answer", "", users - done))
            rows.append(figure(f"until {users} users had typed", "s", took))
    return rows
