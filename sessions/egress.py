"""The way out, of a sandbox as of the host itself: connections to public addresses on an allow-list only.

For sandboxes it is an HTTP proxy, which speaks CONNECT (https, ssh, git) and plain http. A name is resolved once, its
addresses are judged, and one that passed is connected to: what a name says later changes nothing, and every redirect
is a new request.
"""

from __future__ import annotations

import asyncio
import re
import socket
from collections.abc import Awaitable, Callable, Iterable
from concurrent.futures import ThreadPoolExecutor
from typing import NamedTuple

from sessions.addresses import refusal
from sessions.tasks import Tasks

Streams = tuple[asyncio.StreamReader, asyncio.StreamWriter]
Resolve = Callable[[str, int], Awaitable[list[str]]]
Dial = Callable[[str, int], Awaitable[Streams]]
Internal = Callable[[str, bytes, asyncio.StreamReader, asyncio.StreamWriter], Awaitable[None]]
"""Serves one request to `INTERNAL` as a user: uid, the head in origin form, the rest of the request, the answer."""

INTERNAL = "roost.internal"
PORTS = (80, 443, 22)
CONNECTIONS = 64
LOOKUPS = 2
LOOKUP_THREADS = 8
HEAD_BYTES = 16 << 10
CHUNK_BYTES = 32 << 10
HEAD_SECONDS = 20.0
CONNECT_SECONDS = 15.0
IDLE_SECONDS = 900.0
LINGER_SECONDS = 2.0

REQUEST = re.compile(rb"([A-Z]{1,16}) ([\x21-\x7e]{1,8000}) HTTP/1\.[01]")
FIELD = re.compile(rb"[A-Za-z0-9!#$%&'*+.^_`|~-]+:[\t\x20-\x7e\x80-\xff]*")
AUTHORITY = re.compile(r"(?:\[([0-9a-fA-F:.]{2,45})\]|([A-Za-z0-9._-]{1,253}))(?::([0-9]{1,5}))?")
HOP_BY_HOP = (b"connection", b"keep-alive", b"proxy-", b"te:", b"trailer", b"upgrade", b"host")


class Refused(Exception):
    """The answer to a request that is not served: a status and a sentence that names the rule."""

    def __init__(self, status: str, sentence: str) -> None:
        super().__init__(sentence)
        self.status = status


class Request(NamedTuple):
    """What a client wants: `head` is what the far side is sent first, empty for a tunnel."""

    host: str
    port: int
    head: bytes


class User:
    """What one user has open."""

    __slots__ = ("lookups", "open", "uid")

    def __init__(self, uid: str) -> None:
        self.uid = uid
        self.open = 0
        self.lookups = asyncio.Semaphore(LOOKUPS)


class Egress:
    """The gate of one host.

    `allow` holds names (`pypi.org`), all names below one (`*.example.org`) and `*` for any; each may end with `:port`,
    which then need not be one of `ports`. Nothing in it allows an address that is not public. Empty allows nothing.
    """

    def __init__(
        self,
        allow: Iterable[str],
        *,
        ports: Iterable[int] = PORTS,
        resolve: Resolve | None = None,
        dial: Dial | None = None,
        is_own: Callable[[str], bool] | None = None,
        internal: Internal | None = None,
    ) -> None:
        self._allow = frozenset(entry.lower() for entry in allow)
        self._ports = frozenset(ports)
        self._threads = ThreadPoolExecutor(LOOKUP_THREADS, "egress")  # makes its threads when there is work
        self._resolve = resolve or self._look_up
        self._dial = dial or connect
        self._is_own = is_own or is_own_address
        self._internal = internal

    async def serve(self, listener: socket.socket, uid: str, tasks: Tasks) -> Callable[[], None]:
        """Take that user's connections from `listener` until what this returns is called."""
        user = User(uid)

        def connected(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
            tasks.start(self._serve(user, reader, writer), "egress")

        server = await asyncio.start_server(connected, sock=listener, limit=CHUNK_BYTES, start_serving=False)
        try:
            await server.start_serving()
        except BaseException:  # who wanted it is gone before it serves
            server.close()
            raise
        return server.close

    def close(self) -> None:
        self._threads.shutdown(wait=False, cancel_futures=True)

    async def _serve(self, user: User, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        user.open += 1
        try:
            await self._answer(user, reader, writer)
        except Refused as refused:
            writer.write(page(refused))
            await linger(reader, writer)
        except OSError:  # the client went away, which is its right
            return
        finally:
            user.open -= 1
            writer.close()

    async def _answer(self, user: User, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        if user.open > 2 * CONNECTIONS:
            return
        request = parse(await head_of(reader))
        if user.open > CONNECTIONS:
            raise Refused("503 Service Unavailable", f"you have {CONNECTIONS} connections open; close one first")
        if request.host == INTERNAL and request.head:
            await self._serve_internal(user, request, reader, writer)
            return
        far_reader, far_writer = await self.reach(user, request)
        try:
            if request.head:
                far_writer.write(request.head)
            else:
                writer.write(b"HTTP/1.1 200 Connection established\r\n\r\n")
            await join((reader, writer), (far_reader, far_writer))
        finally:
            far_writer.close()

    async def _serve_internal(
        self, user: User, request: Request, reader: asyncio.StreamReader, writer: asyncio.StreamWriter
    ) -> None:
        if self._internal is None:
            raise Refused("503 Service Unavailable", f"{INTERNAL}: this host offers no model API")
        await self._internal(user.uid, request.head, reader, writer)

    async def reach(self, user: User, request: Request) -> Streams:
        """Connect to the first of the host's addresses that may be and can be connected to. Raises `Refused`."""
        self.check(request.host, request.port)
        problem: OSError | TimeoutError | None = None
        for address in await self._judged(user, request):
            try:
                async with asyncio.timeout(CONNECT_SECONDS):
                    return await self._dial(address, request.port)
            except (OSError, TimeoutError) as error:
                problem = error
        raise Refused("502 Bad Gateway", f"{request.host}:{request.port} cannot be reached: {problem or 'no address'}")

    def check(self, host: str, port: int) -> None:
        """Raise `Refused` unless the allow-list has that host and port."""
        labels = host.split(".")
        above = {"*." + ".".join(labels[at:]) for at in range(1, len(labels))}
        names = {host, "*", *above}
        if self._allow & {f"{name}:{port}" for name in names}:
            return
        if not self._allow & names:
            raise Refused(
                "403 Forbidden", f"{host} is not on the list terminals.egress_allow; ask your operator to add it"
            )
        if port not in self._ports:
            ports = ", ".join(map(str, sorted(self._ports)))
            raise Refused("403 Forbidden", f"port {port} is not open to sandboxes: only {ports} are, or what "
                          f"terminals.egress_allow names as {host}:{port}")  # fmt: skip

    async def _judged(self, user: User, request: Request) -> list[str]:
        try:
            async with user.lookups, asyncio.timeout(CONNECT_SECONDS):
                found = await self._resolve(request.host, request.port)
        except (OSError, TimeoutError) as error:
            raise Refused("502 Bad Gateway", f"{request.host} cannot be resolved: {error or 'no answer'}") from None
        reasons = {address: self._reason(address) for address in found}
        passed = [address for address, reason in reasons.items() if reason is None]
        if found and not passed:
            why = reasons[found[0]]
            raise Refused(
                "403 Forbidden", f"{request.host} is at {found[0]}, which is not public ({why}): never allowed"
            )
        return passed

    def _reason(self, address: str) -> str | None:
        return refusal(address) or ("an address of the host itself" if self._is_own(address) else None)

    async def _look_up(self, host: str, port: int) -> list[str]:
        """In threads of its own: names that nobody answers for must not hold up the threads of everybody."""
        work = self._threads.submit(socket.getaddrinfo, host, port, type=socket.SOCK_STREAM)
        found = await asyncio.wrap_future(work)
        return list(dict.fromkeys(str(entry[4][0]) for entry in found))


def parse(head: bytes) -> Request:
    """What the head of a request asks for; raises `Refused` for what a proxy does not serve."""
    line, _, fields = head.partition(b"\r\n")
    match = REQUEST.fullmatch(line)
    if match is None:
        raise Refused(
            "400 Bad Request", "this is an HTTP/1.1 proxy: send CONNECT host:port, or METHOD http://host/path"
        )
    lines = [line for line in fields.split(b"\r\n") if line]
    if odd := [line for line in lines if FIELD.fullmatch(line) is None]:
        raise Refused("400 Bad Request", f"{odd[0][:100]!r} is no field: one is `Name: value` on a line of its own")
    method, target = match[1], match[2].decode()
    if method == b"CONNECT":
        host, port = authority(target, None)
        return Request(host, port, b"")
    scheme, found, rest = target.partition("://")
    if not found or scheme.lower() != "http":
        raise Refused("400 Bad Request", "name the whole address, http://host/path; https goes through CONNECT")
    where, slash, path = rest.partition("/")
    host, port = authority(where, 80)
    kept = [line for line in lines if not line.lower().startswith(HOP_BY_HOP)]
    # The host is the one that was judged, whatever the client wrote, and the connection is for this request only.
    first = b"%s %s%s HTTP/1.1" % (method, slash.encode() or b"/", path.encode())
    sent = [first, b"Host: " + where.encode(), *kept, b"Connection: close", b"", b""]
    return Request(host, port, b"\r\n".join(sent))


def authority(text: str, default: int | None) -> tuple[str, int]:
    """The host, in lower case, and port of `host:port`; raises `Refused`."""
    match = AUTHORITY.fullmatch(text)
    port = int(match[3]) if match and match[3] else default
    if match is None or port is None or not 0 < port < 65536:
        raise Refused("400 Bad Request", f"{text[:300]!r} is not host:port")
    return (match[1] or match[2]).lower().rstrip("."), port


async def head_of(reader: asyncio.StreamReader) -> bytes:
    try:
        async with asyncio.timeout(HEAD_SECONDS):
            head = await reader.readuntil(b"\r\n\r\n")
    except (asyncio.LimitOverrunError, TimeoutError):
        head = b""
    except asyncio.IncompleteReadError:
        raise ConnectionResetError from None
    if not head or len(head) > HEAD_BYTES:
        raise Refused("431 Request Header Fields Too Large", f"the head must end within {HEAD_BYTES} bytes and 20 s")
    return head[:-4]


async def linger(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    """Let the client read its refusal: closing with something of theirs unread would take it from them."""
    try:
        async with asyncio.timeout(LINGER_SECONDS):
            writer.write_eof()
            while await reader.read(CHUNK_BYTES):
                pass
    except (OSError, TimeoutError):
        return


async def join(near: Streams, far: Streams) -> None:
    """Carry bytes both ways until both ends are done, one breaks, or nothing moves for a quarter of an hour."""
    try:
        async with asyncio.timeout(IDLE_SECONDS) as patience, asyncio.TaskGroup() as group:
            group.create_task(carry(near[0], far[1], patience))
            group.create_task(carry(far[0], near[1], patience))
    except* (OSError, TimeoutError):
        pass


async def carry(reader: asyncio.StreamReader, writer: asyncio.StreamWriter, patience: asyncio.Timeout) -> None:
    """One way: the writer that is slow stops the reader, so little is held here."""
    loop = asyncio.get_running_loop()
    while data := await reader.read(CHUNK_BYTES):
        patience.reschedule(loop.time() + IDLE_SECONDS)
        writer.write(data)
        await writer.drain()
    if writer.can_write_eof():
        writer.write_eof()


async def connect(address: str, port: int) -> Streams:
    return await asyncio.open_connection(address, port, limit=CHUNK_BYTES)


def is_own_address(address: str) -> bool:
    """Whether this machine has that address: what is sent there comes from there. Nothing is sent to find out."""
    family = socket.AF_INET6 if ":" in address else socket.AF_INET
    with socket.socket(family, socket.SOCK_DGRAM) as probe:
        try:
            probe.connect((address, 9))
        except OSError:
            return False
        return bool(probe.getsockname()[0] == address)


def page(refused: Refused) -> bytes:
    body = f"roost: {refused}\n".encode()
    head = f"HTTP/1.1 {refused.status}\r\nContent-Type: text/plain; charset=utf-8\r\nContent-Length: {len(body)}\r\n"
    return head.encode() + b"Connection: close\r\n\r\n" + body
