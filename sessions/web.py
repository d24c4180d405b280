"""The one client by which the host fetches for a user: GET of a public page, in bounded time, size and memory.

Every hop is a new connection through the gate, which judges the address that it connects to; nothing is sent along
that says who asks: no cookie, no credentials, no referrer, no proxy of the environment.
"""

from __future__ import annotations

import asyncio
import re
import ssl
import zlib
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass
from urllib.parse import quote, urljoin, urlsplit

import h11

from sessions.egress import AUTHORITY, Egress, Refused, Request, Streams, User
from sessions.errors import InvalidValue, RoostError

HOPS = 5
LONGEST_URL = 4_000
PIECE = 16 << 10
OPENED = 64 << 10
"""Bytes that a piece of a packed body is opened to at a time: the loop is free in between."""

MOST_BYTES = 20 << 20
MOST_SECONDS = 120.0
HANDSHAKE_SECONDS = 15.0
PORTS = {"http": 80, "https": 443}
MOVED = frozenset({301, 302, 303, 307, 308})
UNSAFE = re.compile(r"[\x00-\x20\x7f\\]")
ASKED = (
    ("User-Agent", "Mozilla/5.0 (compatible; Roost)"),
    ("Accept", "text/html,text/markdown,text/plain,application/json;q=0.9,*/*;q=0.5"),
    ("Accept-Encoding", "gzip, deflate"),
    ("Connection", "close"),
)


class FetchFailed(RoostError):
    """There is no page; the sentence says why, and whether it may not be or cannot be had."""


@dataclass(frozen=True, slots=True)
class Page:
    """What came of a request, after redirects and opened: `content` has `max_bytes` at most."""

    url: str
    status: int
    headers: Mapping[str, str]
    """By lower-case names; of several of a name, the first."""
    content: bytes
    truncated: bool
    """Whether there was more."""

    @property
    def content_type(self) -> str:
        """Such as `text/html`, empty where nobody said."""
        return self.headers.get("content-type", "").partition(";")[0].strip().lower()

    @property
    def text(self) -> str:
        """The content, by the encoding that the page was sent with; else as UTF-8."""
        named = re.search(r"charset=[\"']?([\w.-]+)", self.headers.get("content-type", ""), re.IGNORECASE)
        try:
            return self.content.decode(named[1] if named else "utf-8", "replace")
        except LookupError:
            return self.content.decode("utf-8", "replace")


@dataclass(frozen=True, slots=True)
class Place:
    """A URL taken apart."""

    scheme: str
    host: str
    port: int
    target: str
    url: str

    @property
    def authority(self) -> str:
        host = f"[{self.host}]" if ":" in self.host else self.host
        return host if self.port == PORTS[self.scheme] else f"{host}:{self.port}"


class Web:
    """Fetches pages for the users of one host, through its gate. `tls` is for tests."""

    def __init__(self, gate: Egress, tls: ssl.SSLContext | None = None) -> None:
        self._gate = gate
        self._tls = tls

    async def fetch(self, user: User, url: str, *, max_bytes: int = MOST_BYTES, timeout: float = 30.0) -> Page:
        """The page at `url`, whatever its status. Raises `FetchFailed`, and `InvalidValue` for what is no URL."""
        if not 0 < max_bytes <= MOST_BYTES:
            raise InvalidValue("max_bytes", f"must be 1 to {MOST_BYTES}")
        if not 0 < timeout <= MOST_SECONDS:
            raise InvalidValue("timeout", f"must be seconds, {MOST_SECONDS:g} at most")
        place = parsed(url)
        try:
            async with asyncio.timeout(timeout):
                return await self._follow(user, place, max_bytes)
        except TimeoutError:
            raise FetchFailed(f"{place.authority} took longer than {timeout:g} s; try again, or another page") from None
        except Refused as refused:
            raise FetchFailed(str(refused)) from None
        except (OSError, ssl.SSLError, h11.RemoteProtocolError, zlib.error) as error:
            raise FetchFailed(f"{place.authority} cannot be read: {error or type(error).__name__}") from None

    async def _follow(self, user: User, place: Place, max_bytes: int) -> Page:
        for _ in range(HOPS + 1):
            page = await self._get(user, place, max_bytes)
            there = page.headers.get("location")
            if page.status not in MOVED or there is None:
                return page
            try:
                place = parsed(urljoin(place.url, there))
            except InvalidValue as error:
                raise FetchFailed(f"{place.authority} leads to what is no page: {error}") from None
        raise FetchFailed(f"{place.authority} leads on and on: {HOPS} redirects are followed")

    async def _get(self, user: User, place: Place, max_bytes: int) -> Page:
        async with self._connected(user, place) as (reader, writer):
            wire = h11.Connection(h11.CLIENT)
            asked = h11.Request(method="GET", target=place.target, headers=[("Host", place.authority), *ASKED])
            writer.write((wire.send(asked) or b"") + (wire.send(h11.EndOfMessage()) or b""))
            await writer.drain()
            response = await _response(wire, reader)
            headers: dict[str, str] = {}
            for name, value in response.headers:
                headers.setdefault(name.decode().lower(), value.decode("latin-1").strip())
            if response.status_code in MOVED and "location" in headers:
                return Page(place.url, response.status_code, headers, b"", False)
            body = bytearray()
            async for piece in _opened(_body(wire, reader, max_bytes), headers.get("content-encoding", "")):
                body += piece
                if len(body) > max_bytes:
                    break
            return Page(place.url, response.status_code, headers, bytes(body[:max_bytes]), len(body) > max_bytes)

    @asynccontextmanager
    async def _connected(self, user: User, place: Place) -> AsyncIterator[Streams]:
        reader, writer = await self._gate.reach(user, Request(place.host, place.port, b""))
        try:
            if place.scheme == "https":
                if self._tls is None:
                    self._tls = await asyncio.to_thread(ssl.create_default_context)
                await writer.start_tls(self._tls, server_hostname=place.host, ssl_handshake_timeout=HANDSHAKE_SECONDS)
            yield reader, writer
        finally:
            writer.transport.abort()  # nothing more is said to the far side, however it would like to go on


def parsed(url: str) -> Place:
    """A URL that may be asked for. Raises `InvalidValue` with the rule that it breaks."""
    if len(url) > LONGEST_URL or UNSAFE.search(url):
        raise InvalidValue("url", f"must be an address of {LONGEST_URL} characters at most, without blanks")
    try:
        parts = urlsplit(url)
        host = (parts.hostname or "").encode("idna").decode() if ":" not in (parts.hostname or "") else parts.hostname
        port = parts.port
    except ValueError:
        raise InvalidValue("url", "must be an address such as https://example.org/page") from None
    if parts.scheme not in PORTS:
        raise InvalidValue("url", "must begin with http:// or https://")
    if "@" in parts.netloc:
        raise InvalidValue("url", "must name no user and no password: they are not sent along")
    shown = f"[{host}]" if host and ":" in host else host or ""
    if AUTHORITY.fullmatch(shown) is None or port == 0:
        raise InvalidValue("url", "must name a host, as in https://example.org/page")
    target = quote(parts.path or "/", safe="/%:@!$&'()*+,;=~-._")
    target += f"?{quote(parts.query, safe='/?%:@!$&()*+,;=~-._')}" if parts.query else ""
    scheme, port = parts.scheme, port or PORTS[parts.scheme]
    place = Place(scheme, (host or "").lower().rstrip("."), port, target, "")
    return Place(place.scheme, place.host, place.port, target, f"{scheme}://{place.authority}{target}")


async def _response(wire: h11.Connection, reader: asyncio.StreamReader) -> h11.Response:
    while True:
        event = wire.next_event()
        if isinstance(event, h11.Response):
            return event
        if event is h11.NEED_DATA:
            wire.receive_data(await reader.read(PIECE))
        elif isinstance(event, h11.ConnectionClosed):
            raise ConnectionResetError("it closed the connection without an answer")


async def _body(wire: h11.Connection, reader: asyncio.StreamReader, max_bytes: int) -> AsyncIterator[bytes]:
    """The body as it was sent, a little more than `max_bytes` of it at most."""
    taken = 0
    while taken <= max_bytes:
        event = wire.next_event()
        if event is h11.NEED_DATA:
            wire.receive_data(await reader.read(PIECE))
        elif isinstance(event, h11.Data):
            taken += len(event.data)
            yield bytes(event.data)
        elif isinstance(event, h11.EndOfMessage | h11.ConnectionClosed):
            return


async def _opened(body: AsyncIterator[bytes], encoding: str) -> AsyncIterator[bytes]:
    """The body without what it was packed in: piece by piece, so that what swells can be left alone in time."""
    encoding = encoding.strip().lower()
    if encoding in ("", "identity"):
        async for piece in body:
            yield piece
        return
    if encoding not in ("gzip", "x-gzip", "deflate"):
        raise FetchFailed(f"the page is packed as {encoding[:40]!r}, which nobody asked for; try another page")
    opener = None
    async for piece in body:
        if opener is None:
            opener = zlib.decompressobj(_window(encoding, piece))
        while piece and not opener.eof:
            yield opener.decompress(piece, OPENED)
            piece = opener.unconsumed_tail
            await asyncio.sleep(0)


def _window(encoding: str, first: bytes) -> int:
    """What zlib is to expect: deflate comes with zlib's head or without it."""
    has_head = len(first) > 1 and first[0] & 0x0F == 8 and (first[0] << 8 | first[1]) % 31 == 0
    return -zlib.MAX_WBITS if encoding == "deflate" and not has_head else zlib.MAX_WBITS | 32
