"""A user's dev server, to be run in their sandbox: it says what it was asked. Standard library only; port by argument.

`/redirect?TO`, `/headers` (odd ones), `/echo` (the body, as it comes), `/broken`, `/nonsense` and a WebSocket are its
pages; all else is told as JSON.
"""

from __future__ import annotations

import asyncio
import base64
import hashlib
import json
import sys
from urllib.parse import unquote

ODD = (
    "Set-Cookie: theme=dark; Domain=example.org; Path=/; HttpOnly",
    "Set-Cookie: roost_session=stolen; Path=/",
    "Set-Cookie: =roost_session=stolen; Path=/",
    "Strict-Transport-Security: max-age=1",
    "Clear-Site-Data: *",
    "Access-Control-Allow-Origin: https://evil.test",
    "Access-Control-Allow-Credentials: true",
    "Content-Security-Policy: default-src 'self'",
    "X-Frame-Options: ALLOWALL",
    "X-Mine: kept",
    "Connection: X-Hop",
    "X-Hop: dropped",
)


async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    head = (await reader.readuntil(b"\r\n\r\n")).decode("latin-1").split("\r\n")
    method, target, _ = head[0].split(" ")
    pairs = [line.partition(": ")[::2] for line in head[1:] if line]
    headers = {name.lower(): value for name, value in pairs}
    path, _, query = target.partition("?")
    body = Body(reader, headers)
    if headers.get("upgrade"):
        await sockets(reader, writer, headers)
    elif path == "/redirect":
        answer(writer, b"", "302 Found", f"Location: {unquote(query)}")
    elif path == "/headers":
        answer(writer, b"odd", "200 OK", *ODD)
    elif path == "/echo":
        writer.write(b"HTTP/1.1 200 OK\r\nConnection: close\r\n\r\n")
        while piece := await body.read():
            writer.write(piece)
            await writer.drain()
    elif path == "/broken":
        writer.write(b"HTTP/1.1 200 OK\r\nContent-Length: 100\r\n\r\nshort")
    elif path == "/nonsense":
        writer.write(b"this is no HTTP\r\n\r\n")
    else:
        whole = b""
        while piece := await body.read():
            whole += piece
        told = {"method": method, "target": target, "headers": pairs, "body": whole.decode("latin-1")}
        answer(writer, json.dumps(told).encode(), "200 OK", "Content-Type: application/json")
    await writer.drain()
    writer.close()


def answer(writer: asyncio.StreamWriter, body: bytes, status: str, *headers: str) -> None:
    lines = [f"HTTP/1.1 {status}", *headers, f"Content-Length: {len(body)}", "", ""]
    writer.write("\r\n".join(lines).encode() + body)


class Body:
    """A request's body, as it comes."""

    def __init__(self, reader: asyncio.StreamReader, headers: dict[str, str]) -> None:
        self.reader = reader
        self.chunked = headers.get("transfer-encoding") == "chunked"
        self.left = int(headers.get("content-length", 0))

    async def read(self) -> bytes:
        if self.chunked:
            size = int(await self.reader.readline(), 16)
            piece = await self.reader.readexactly(size + 2)
            return piece[:-2]
        piece = await self.reader.read(min(self.left, 65536)) if self.left else b""
        self.left -= len(piece)
        return piece


async def sockets(reader: asyncio.StreamReader, writer: asyncio.StreamWriter, headers: dict[str, str]) -> None:
    """Says the headers in the first frame, then everything back, until `bye`, which closes with 4321."""
    key = headers["sec-websocket-key"] + "258EAFA5-E914-47DA-95CA-C5AB0DC85B11"
    accept = base64.b64encode(hashlib.sha1(key.encode()).digest()).decode()
    protocol = headers.get("sec-websocket-protocol", "").split(",")[-1].strip()
    lines = ["HTTP/1.1 101 Switching Protocols", "Upgrade: websocket", "Connection: Upgrade"]
    lines += [f"Sec-WebSocket-Accept: {accept}"] + ([f"Sec-WebSocket-Protocol: {protocol}"] if protocol else [])
    writer.write("\r\n".join([*lines, "", ""]).encode())
    writer.write(frame(1, json.dumps(headers).encode()))
    while True:
        first, size = await reader.readexactly(2)
        size &= 0x7F
        if size >= 126:
            size = int.from_bytes(await reader.readexactly(2 if size == 126 else 8), "big")
        mask = await reader.readexactly(4)
        data = bytes(byte ^ mask[at % 4] for at, byte in enumerate(await reader.readexactly(size)))
        if first & 15 == 8 or data == b"bye":
            writer.write(frame(8, (4321).to_bytes(2, "big") + b"gone"))
            return
        writer.write(frame(first & 15, data))
        await writer.drain()


def frame(kind: int, data: bytes) -> bytes:
    if len(data) < 126:
        size = bytes([len(data)])
    elif len(data) < 1 << 16:
        size = b"\x7e" + len(data).to_bytes(2, "big")
    else:
        size = b"\x7f" + len(data).to_bytes(8, "big")
    return bytes([0x80 | kind]) + size + data


async def main() -> None:
    server = await asyncio.start_server(serve, "127.0.0.1", int(sys.argv[1]))
    print("serving", server.sockets[0].getsockname()[1], flush=True)
    await server.serve_forever()


if __name__ == "__main__":
    asyncio.run(main())
