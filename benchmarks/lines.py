"""Sockets with terminals for the benchmarks. They measure nothing themselves."""

from __future__ import annotations

import asyncio
import json
import struct
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

import websockets
from websockets.asyncio.client import ClientConnection

HEADER = struct.Struct(">BIQ")
OUTPUT, INPUT = 1, 2
PROMPT = b"$ "
PATIENCE_S = 120.0


class Line:
    """A user's socket with terminals: what is asked is answered, output is counted and may be waited for."""

    def __init__(self, socket: ClientConnection, uid: str) -> None:
        self.socket = socket
        self.uid = uid
        self.received = 0
        self.kept: bytearray | None = None
        """The output itself, where somebody set it to something."""
        self.output = asyncio.Event()
        self.ended = asyncio.Event()
        self._answers: dict[int, asyncio.Future[Any]] = {}
        self._count = 0
        self.reader = asyncio.ensure_future(self._read())

    async def _read(self) -> None:
        async for frame in self.socket:
            if isinstance(frame, bytes):
                self.received += len(frame) - HEADER.size
                if self.kept is not None:
                    self.kept += frame[HEADER.size :]
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

    async def prompt(self) -> None:
        """A terminal with the user's own shell, once it shows its prompt."""
        self.kept = bytearray()
        await self.ask("window.createTerminal")
        await self.see(PROMPT)
        self.kept = None

    async def see(self, text: bytes) -> None:
        """Wait until the output that is kept holds `text`."""
        async with asyncio.timeout(PATIENCE_S):
            while self.kept is not None and text not in self.kept:
                self.output.clear()
                await self.output.wait()


@asynccontextmanager
async def line(port: int, uid: str) -> AsyncIterator[Line]:
    url = f"ws://127.0.0.1:{port}/ws?uid={uid}"
    async with websockets.connect(url, max_size=None, compression=None) as socket:
        opened = Line(socket, uid)
        try:
            yield opened
        finally:
            opened.reader.cancel()
