"""A WebSocket client that costs almost nothing, so that the server is what is measured."""

from __future__ import annotations

import asyncio
import json
import os
import struct
import time
from typing import Any

MASK = b"\x00\x00\x00\x00"
"""A mask of zeros is a legal mask and leaves the payload as it is."""


def frame(message: dict[str, Any]) -> bytes:
    """A masked text frame."""
    payload = json.dumps(message).encode()
    if len(payload) < 126:
        return bytes([0x81, 0x80 | len(payload)]) + MASK + payload
    if len(payload) < 1 << 16:
        return bytes([0x81, 0x80 | 126]) + struct.pack("!H", len(payload)) + MASK + payload
    return bytes([0x81, 0x80 | 127]) + struct.pack("!Q", len(payload)) + MASK + payload


class Socket(asyncio.Protocol):
    """Sends `message`, and again for each answer, until told to stop; counts the answers."""

    def __init__(self, path: str, port: int) -> None:
        self.request = (
            f"GET {path} HTTP/1.1\r\nHost: 127.0.0.1:{port}\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n"
            "Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\nSec-WebSocket-Version: 13\r\n\r\n"
        ).encode()
        self.open = asyncio.get_running_loop().create_future()
        self.answered: asyncio.Future[bytes] = asyncio.get_running_loop().create_future()
        self.lost = False
        self.count = 0
        self.message = b""
        self.again = False
        self.waits: list[float] = []
        self._sent_at = 0.0
        self._buffer = b""

    def connection_made(self, transport: Any) -> None:
        self.transport = transport
        transport.write(self.request)

    def connection_lost(self, error: Exception | None) -> None:
        self.lost = True
        for future in (self.open, self.answered):
            if not future.done():
                future.set_exception(ConnectionError("closed"))
                future.exception()

    def data_received(self, data: bytes) -> None:
        data = self._buffer + data if self._buffer else data
        if not self.open.done():
            head, found, data = data.partition(b"\r\n\r\n")
            if not found:
                self._buffer = head
                return
            self.open.set_result(head.startswith(b"HTTP/1.1 101"))
        self._buffer = self._frames(data)

    def _frames(self, data: bytes) -> bytes:
        at = 0
        while len(data) - at >= 2:
            size, start = data[at + 1], at + 2
            if size == 126:
                size, start = int.from_bytes(data[at + 2 : at + 4]), at + 4
            elif size == 127:
                size, start = int.from_bytes(data[at + 2 : at + 10]), at + 10
            if len(data) < start + size:
                break
            if data[at] == 0x81:
                self._answer(data[start : start + size])
            elif data[at] == 0x89:
                self.transport.write(bytes([0x8A, 0x80 | size]) + MASK + data[start : start + size])
            at = start + size
        return data[at:]

    def _answer(self, payload: bytes) -> None:
        self.count += 1
        if self.again:
            now = time.perf_counter()
            self.waits.append(now - self._sent_at)
            self._sent_at = now
            self.transport.write(self.message)
        elif not self.answered.done():
            self.answered.set_result(payload)

    def start(self, message: dict[str, Any]) -> None:
        """Ping and pong from now on."""
        self.message = frame(message)
        self.again = True
        self._sent_at = time.perf_counter()
        self.transport.write(self.message)

    async def ask(self, message: dict[str, Any]) -> dict[str, Any]:
        """One message, one answer."""
        self.answered = asyncio.get_running_loop().create_future()
        self.transport.write(frame(message))
        async with asyncio.timeout(60):
            return dict(json.loads(await self.answered))


async def connect(port: int, uid: str) -> Socket:
    """An open socket of `uid`."""
    loop = asyncio.get_running_loop()
    _, socket = await loop.create_connection(lambda: Socket(f"/ws?uid={uid}", port), "127.0.0.1", port)
    async with asyncio.timeout(60):
        if not await socket.open:
            raise RuntimeError(f"{os.getpid()}: the upgrade was refused")
    return socket


async def connect_all(port: int, count: int, at_once: int = 100) -> list[Socket]:
    """`count` sockets of as many users."""
    sockets: list[Socket] = []
    for start in range(0, count, at_once):
        sockets += await asyncio.gather(*(connect(port, f"user{n}") for n in range(start, min(count, start + at_once))))
    return sockets
