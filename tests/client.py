"""A client as anybody could write it from PROTOCOL.md: the tests speak to the host through this and nothing else."""

from __future__ import annotations

import asyncio
import itertools
import json
import os
import signal
import subprocess
import sys
from collections.abc import AsyncIterator, Callable, Iterator, Sequence
from contextlib import asynccontextmanager, contextmanager
from pathlib import Path
from typing import Any

import websockets
from websockets.asyncio.client import ClientConnection

ROOT = Path(__file__).resolve().parent.parent
DEFAULTS = {
    "MULTI_USER": "1",
    "ROOST_EXTENSIONS__FOLDERS": f'["{ROOT / "examples"}"]',
    # As a host sets it itself by starting anew (`tests/host/test_process.py`): that costs each start a fifth more.
    "GLIBC_TUNABLES": "glibc.malloc.tcache_count=0",
}


class Refused(Exception):
    """An error answer."""

    def __init__(self, error: dict[str, Any]) -> None:
        super().__init__(f"{error['code']} {error['message']}")
        self.code: int = error["code"]
        self.message: str = error["message"]
        self.data: dict[str, Any] = error.get("data") or {}


class Client:
    """One user's socket. Answers go to who asked; everything else waits in `inbox`, in order."""

    def __init__(self, socket: ClientConnection, uid: str) -> None:
        self.socket = socket
        self.uid = uid
        self.patience = 20.0
        """Seconds that an answer may take."""
        self.inbox: asyncio.Queue[dict[str, Any]] = asyncio.Queue()
        self.heard: list[dict[str, Any]] = []
        """Every JSON message that came, for tests that look for what should not have."""
        self.framed: Callable[[bytes], object] = lambda frame: None
        """Called with each binary frame."""
        self._ids = itertools.count(1)
        self._waiting: dict[Any, asyncio.Future[dict[str, Any]]] = {}
        self._reader = asyncio.create_task(self._read())

    async def _read(self) -> None:
        try:
            async for frame in self.socket:
                if isinstance(frame, bytes):
                    self.framed(frame)
                    continue
                message = json.loads(frame)
                self.heard.append(message)
                future = self._waiting.pop(message.get("id"), None) if "method" not in message else None
                if future is not None and not future.done():
                    future.set_result(message)
                else:
                    self.inbox.put_nowait(message)
        except websockets.ConnectionClosed:
            pass
        finally:
            for future in self._waiting.values():
                if not future.done():
                    future.set_exception(
                        ConnectionError(f"closed: {self.socket.close_code} {self.socket.close_reason}")
                    )
                    future.exception()  # who stopped waiting when sending failed is not warned of it

    async def send(self, message: dict[str, Any] | str | bytes) -> None:
        await self.socket.send(message if isinstance(message, str | bytes) else json.dumps(message))

    async def ask(self, method: str, params: dict[str, Any] | None = None, **more: Any) -> dict[str, Any]:
        """Send a request and return the whole answer; `more` overrides members of the message (`uid`, `id`)."""
        message = {"jsonrpc": "2.0", "id": next(self._ids), "method": method, "params": params or {}, "uid": self.uid}
        message.update(more)
        future = self._waiting[message["id"]] = asyncio.get_running_loop().create_future()
        await self.send(message)
        async with asyncio.timeout(self.patience):
            return await future

    async def call(self, method: str, /, **params: Any) -> Any:
        """The result of a method, with its parameters by their names on the wire; raises `Refused`."""
        answer = await self.ask(method, params)
        if "error" in answer:
            raise Refused(answer["error"])
        return answer["result"]

    async def next(self, method: str = "event") -> dict[str, Any]:
        """The next message that is no answer and has this method."""
        async with asyncio.timeout(20):
            while (message := await self.inbox.get()).get("method") != method:
                pass
            return message

    async def next_answer(self, id_: Any) -> dict[str, Any]:
        """The answer to something that was sent by hand."""
        async with asyncio.timeout(20):
            while (message := await self.inbox.get()).get("id") != id_ or "method" in message:
                pass
            return message

    async def closed(self) -> int | None:
        """Wait for the end of the connection; its close code."""
        async with asyncio.timeout(20):
            await self.socket.wait_closed()
        return self.socket.close_code

    async def close(self) -> None:
        await self.socket.close()
        await self._reader


@asynccontextmanager
async def connect(base: str, uid: str | None, query: str | None = None, **more: Any) -> AsyncIterator[Client]:
    """A client of the host at `base` (http://host:port); `uid` None sends no `?uid=`."""
    if query is None:
        query = f"?uid={uid}" if uid is not None else ""
    url = base.replace("http", "ws", 1) + "/ws" + query
    async with websockets.connect(url, max_size=None, compression=None, **more) as socket:
        client = Client(socket, uid or "local")
        try:
            yield client
        finally:
            await client.close()


class Process:
    """A real host in a process of its own, as `python -m host` starts it."""

    def __init__(self, process: subprocess.Popen[bytes], base: str, log: Path) -> None:
        self.process = process
        self.base = base
        self.log = log

    def send(self, how: signal.Signals) -> None:
        self.process.send_signal(how)

    async def stop(self, how: signal.Signals = signal.SIGTERM) -> int:
        """Send a signal and return the exit code."""
        self.send(how)
        return await asyncio.to_thread(self.process.wait, 15)


@contextmanager
def running(data: Path, *arguments: str, before: Sequence[str] = (), **environ: str) -> Iterator[Process]:
    """`python -m host` on a free port, multi-user unless told otherwise; killed at the end if it still runs.

    `before`: a command that becomes the one that follows it, such as `unshare`.
    """
    log = data.with_name(data.name + ".log")
    command = [*before, sys.executable, "-m", "host", "--port", "0", "--data", str(data), *arguments]
    with log.open("ab") as errors:
        process = subprocess.Popen(
            command, env={**os.environ, **DEFAULTS, **environ}, stdout=subprocess.PIPE, stderr=errors, cwd=ROOT
        )
    assert process.stdout
    try:
        line = process.stdout.readline().decode().strip()
        if not line:
            raise RuntimeError(f"the host did not start: {log.read_text()}")
        assert line.startswith("listening on http://"), line
        yield Process(process, line.removeprefix("listening on "), log)
    finally:
        if process.poll() is None:
            process.kill()
        process.communicate()
