"""The connections to providers, for the HTTP client: its network backend on asyncio alone.

The client's own goes through a second event loop library, which is a tenth of what an agent's step costs, and asks the
kernel about every idle connection at every request: with many users that stops the loop. Here the loop tells.
"""

from __future__ import annotations

import asyncio
import socket
import ssl
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from typing import Any, cast

import httpcore2
from aiohappyeyeballs import start_connection

FULL = 256 << 10
"""Bytes that wait to be read before a connection is read no further."""

NEXT_ADDRESS_S = 0.25
"""Until another address of a name is tried beside one that does not answer (RFC 8305)."""


class Network(httpcore2.AsyncNetworkBackend):
    """Connects by TCP; by nothing else, and from no address or with no options of somebody's: nobody needs them."""

    async def connect_tcp(
        self,
        host: str,
        port: int,
        timeout: float | None = None,
        local_address: str | None = None,
        socket_options: Iterable[Any] | None = None,
    ) -> httpcore2.AsyncNetworkStream:
        """A connection to the first of the host's addresses that answers.

        Raises `ConnectTimeout` and `ConnectError`.
        """
        if local_address is not None or socket_options is not None:
            raise NotImplementedError("a connection to a provider takes no local address and no socket options")
        loop = asyncio.get_running_loop()
        with _raised(httpcore2.ConnectTimeout, httpcore2.ConnectError):
            async with asyncio.timeout(timeout):
                found = await loop.getaddrinfo(host, port, type=socket.SOCK_STREAM)
                opened = await start_connection(found, happy_eyeballs_delay=NEXT_ADDRESS_S)
                try:
                    _, line = await loop.create_connection(Line, sock=opened)
                except BaseException:
                    opened.close()
                    raise
        return Stream(line)


class Line(asyncio.Protocol):
    """What came and was not read yet, and whether there is room to write."""

    def __init__(self) -> None:
        self.transport: asyncio.Transport | None = None
        self._came = bytearray()
        self._over = False
        self._error: OSError | None = None
        self._news: asyncio.Future[None] | None = None
        self._room: asyncio.Future[None] | None = None
        self._held = False

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self.transport = cast(asyncio.Transport, transport)  # uvloop's is none by name

    def data_received(self, data: bytes) -> None:
        self._came += data
        if len(self._came) > FULL and not self._held and self.transport is not None:
            self._held = True
            self.transport.pause_reading()
        _set(self._news)

    def eof_received(self) -> None:
        self._over = True
        _set(self._news)

    def connection_lost(self, error: Exception | None) -> None:
        self._over = True
        self._error = error if error is None or isinstance(error, OSError) else ConnectionError(str(error))
        _set(self._news)
        _set(self._room)

    def pause_writing(self) -> None:
        self._room = asyncio.get_running_loop().create_future()

    def resume_writing(self) -> None:
        room, self._room = self._room, None
        _set(room)

    @property
    def is_readable(self) -> bool:
        return bool(self._came) or self._over

    async def read(self, most: int, timeout: float | None) -> bytes:
        """What came, up to `most` bytes; none at the end."""
        while not self._came and not self._over:
            self._news = asyncio.get_running_loop().create_future()
            async with asyncio.timeout(timeout):
                await self._news
        if self._error is not None and not self._came:
            raise self._error
        data = bytes(self._came[:most])
        del self._came[:most]
        if self._held and len(self._came) <= FULL // 2 and self.transport is not None:
            self._held = False
            self.transport.resume_reading()
        return data

    async def write(self, data: bytes, timeout: float | None) -> None:
        """Write, and wait until there is room for more."""
        assert self.transport is not None
        if self.transport.is_closing():
            raise self._error or ConnectionResetError("the connection is closed")
        self.transport.write(data)
        if self._room is not None:
            async with asyncio.timeout(timeout):
                await asyncio.shield(self._room)
            if self._error is not None:
                raise self._error


class Stream(httpcore2.AsyncNetworkStream):
    """A connection as the HTTP client has it."""

    def __init__(self, line: Line) -> None:
        self._line = line

    async def read(self, max_bytes: int, timeout: float | None = None) -> bytes:
        with _raised(httpcore2.ReadTimeout, httpcore2.ReadError):
            return await self._line.read(max_bytes, timeout)

    async def write(self, buffer: bytes, timeout: float | None = None) -> None:
        if buffer:
            with _raised(httpcore2.WriteTimeout, httpcore2.WriteError):
                await self._line.write(buffer, timeout)

    async def aclose(self) -> None:
        """At once: whoever is done with it, or breaks it off, waits for no farewell of the other side."""
        assert self._line.transport is not None
        self._line.transport.abort()

    async def start_tls(
        self, ssl_context: ssl.SSLContext, server_hostname: str | None = None, timeout: float | None = None
    ) -> httpcore2.AsyncNetworkStream:
        """The same connection under TLS. Raises `ConnectTimeout` and `ConnectError`; it is closed then."""
        line = self._line
        assert line.transport is not None
        try:
            with _raised(httpcore2.ConnectTimeout, httpcore2.ConnectError):
                async with asyncio.timeout(timeout):
                    line.transport = await asyncio.get_running_loop().start_tls(
                        line.transport, line, ssl_context, server_hostname=server_hostname
                    )
        except BaseException:
            await self.aclose()
            raise
        return self

    def get_extra_info(self, info: str) -> Any:
        """`is_readable` without a question to the kernel; else what asyncio's transport knows."""
        if info == "is_readable":
            return self._line.is_readable
        names = {"client_addr": "sockname", "server_addr": "peername"}
        return self._line.transport and self._line.transport.get_extra_info(names.get(info, info))


@contextmanager
def _raised(late: type[Exception], broken: type[Exception]) -> Iterator[None]:
    try:
        yield
    except TimeoutError as error:
        raise late(error) from error
    except (OSError, UnicodeError) as error:  # TLS's errors among them, and a name that can be none
        raise broken(error) from error


def _set(told: asyncio.Future[None] | None) -> None:
    if told is not None and not told.done():
        told.set_result(None)
