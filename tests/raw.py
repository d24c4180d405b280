"""HTTP and WebSocket handshakes byte by byte, for tests that send what no polite client would. No host code is here."""

from __future__ import annotations

import asyncio
import base64
import json
import os
from dataclasses import dataclass
from typing import Any
from urllib.parse import urlsplit


@dataclass(frozen=True)
class Answer:
    """What came back: the status, the headers with lower-case names (the last of each), the whole body."""

    status: int
    headers: dict[str, str]
    body: bytes

    @property
    def kind(self) -> str:
        return self.headers.get("content-type", "").partition(";")[0]

    def json(self) -> Any:
        return json.loads(self.body)


async def exchange(base: str, sent: bytes, seconds: float = 20) -> bytes:
    """Send these bytes on a connection of their own and read until the host closes it."""
    place = urlsplit(base)
    async with asyncio.timeout(seconds):
        reader, writer = await asyncio.open_connection(place.hostname, place.port)
        try:
            writer.write(sent)
            return await _all(reader)
        finally:
            writer.close()


async def _all(reader: asyncio.StreamReader) -> bytes:
    """Everything until the end; a host that cuts off what it does not want to read may still have answered."""
    whole = b""
    try:
        while part := await reader.read(65_536):
            whole += part
    except ConnectionError:
        pass
    return whole


async def fetch(
    base: str, target: str, method: str = "GET", body: bytes | Any = b"", host: str | None = None, **headers: str
) -> Answer:
    """One request; `target` goes out as typed, `headers` have `_` for `-`, a body that is no bytes goes as JSON."""
    if not isinstance(body, bytes):
        body, headers = json.dumps(body).encode(), {"content_type": "application/json", **headers}
    lines = [f"{method} {target} HTTP/1.1", f"Host: {host if host is not None else urlsplit(base).netloc}"]
    lines += [f"{name.replace('_', '-')}: {value}" for name, value in headers.items()]
    lines += ["Connection: close"] + ([f"Content-Length: {len(body)}"] if body or method in ("PUT", "POST") else [])
    return parsed(await exchange(base, "\r\n".join([*lines, "", ""]).encode("latin-1") + body))


def parsed(raw: bytes) -> Answer:
    """The first answer in these bytes; status 0 where nothing was answered."""
    head, _, body = raw.partition(b"\r\n\r\n")
    if not head:
        return Answer(0, {}, b"")
    first, *lines = head.decode("latin-1").split("\r\n")
    headers = {name.lower(): value.strip() for name, _, value in (line.partition(":") for line in lines)}
    if headers.get("transfer-encoding") == "chunked":
        body = _unchunked(body)
    return Answer(int(first.split()[1]), headers, body)


def _unchunked(body: bytes) -> bytes:
    whole = b""
    while body:
        size, _, body = body.partition(b"\r\n")
        whole, body = whole + body[: int(size, 16)], body[int(size, 16) + 2 :]
    return whole


def handshake(base: str, target: str = "/ws", *more: str, host: str | None = None, method: str = "GET") -> bytes:
    """The bytes that ask for a WebSocket; `more` are further header lines."""
    lines = [
        f"{method} {target} HTTP/1.1",
        f"Host: {host if host is not None else urlsplit(base).netloc}",
        "Connection: Upgrade",
        "Upgrade: websocket",
        "Sec-WebSocket-Version: 13",
        f"Sec-WebSocket-Key: {base64.b64encode(os.urandom(16)).decode()}",
        *more,
    ]
    return "\r\n".join([*lines, "", ""]).encode("latin-1")


def frame(payload: bytes, opcode: int = 1, *, fin: bool = True, masked: bool = True, reserved: int = 0) -> bytes:
    """One WebSocket frame as a client sends it."""
    size = len(payload)
    head = bytes([(0x80 if fin else 0) | reserved | opcode])
    flag = 0x80 if masked else 0
    if size < 126:
        head += bytes([flag | size])
    elif size < 1 << 16:
        head += bytes([flag | 126]) + size.to_bytes(2, "big")
    else:
        head += bytes([flag | 127]) + size.to_bytes(8, "big")
    return head + (b"\0\0\0\0" if masked else b"") + payload


class Socket:
    """A WebSocket whose frames are ours to spoil: nothing is answered, checked or read that the test does not."""

    def __init__(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self.reader = reader
        self.writer = writer

    @classmethod
    async def open(cls, base: str, target: str, *more: str, limit: int = 65_536) -> Socket:
        place = urlsplit(base)
        reader, writer = await asyncio.open_connection(place.hostname, place.port, limit=limit)
        writer.write(handshake(base, target, *more))
        status = await asyncio.wait_for(reader.readuntil(b"\r\n\r\n"), 10)
        assert status.startswith(b"HTTP/1.1 101"), status
        return cls(reader, writer)

    def send(self, payload: bytes | dict[str, Any], opcode: int = 1, **how: Any) -> None:
        self.writer.write(frame(payload if isinstance(payload, bytes) else json.dumps(payload).encode(), opcode, **how))

    async def receive(self) -> tuple[int, bytes]:
        """The next frame: its opcode and payload."""
        async with asyncio.timeout(20):
            first, second = await self.reader.readexactly(2)
            size = second & 0x7F
            if size > 125:
                size = int.from_bytes(await self.reader.readexactly(2 if size == 126 else 8), "big")
            return first & 0x0F, await self.reader.readexactly(size)

    async def close_code(self) -> int | None:
        """Read until the host closes; its code, None where it just hung up."""
        try:
            while True:
                opcode, payload = await self.receive()
                if opcode == 8:
                    return int.from_bytes(payload[:2], "big")
        except (asyncio.IncompleteReadError, ConnectionError):
            return None

    def drop(self) -> None:
        """Vanish without a word."""
        self.writer.transport.abort()
