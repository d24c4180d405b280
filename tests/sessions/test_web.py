"""The one client that fetches for users: public addresses only at every hop, and within its bounds whatever comes.

No test connects to the outside: names are resolved by the test, and what is dialled is a server of the test.
"""

from __future__ import annotations

import asyncio
import gzip
import socket
import ssl
import zlib
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from pathlib import Path

import pytest

from sessions.egress import CHUNK_BYTES, Egress, Streams, User
from sessions.errors import InvalidValue
from sessions.web import HOPS, FetchFailed, Page, Web, parsed
from tests.certificates import contexts

pytestmark = pytest.mark.anyio

NAMES = {
    "public.test": ["93.184.216.34"], "other.test": ["93.184.216.35"], "two.test": ["10.0.0.1", "93.184.216.37"],
    "inside.test": ["10.0.0.1"], "loop.test": ["127.0.0.1"], "six.test": ["::1"], "mapped.test": ["::ffff:127.0.0.1"],
    "nat64.test": ["64:ff9b::7f00:1"], "meta.test": ["169.254.169.254"], "own.test": ["93.184.216.99"],
    "local.test": ["fe80::1"], "unique.test": ["fd00::1"], "wire.test": ["168.63.129.16"],
    "six2four.test": ["2002:7f00:1::"], "slow.test": ["93.184.216.51"],
}  # fmt: skip

Answer = bytes | Callable[[bytes], bytes]


class Far:
    """What stands for the internet: answers by `Host` and path, and what was asked."""

    def __init__(self, **answers: Answer) -> None:
        self.answers = answers
        self.asked: list[str] = []
        self.dialled: list[tuple[str, int]] = []
        self.port = 0
        self.rebinds = False

    async def resolve(self, host: str, port: int) -> list[str]:
        if host in NAMES:
            return NAMES[host]
        found = await asyncio.get_running_loop().getaddrinfo(host, port, flags=socket.AI_NUMERICHOST)
        return [str(entry[4][0]) for entry in found]

    async def dial(self, address: str, port: int) -> Streams:
        self.dialled.append((address, port))
        if address == "93.184.216.51":
            await asyncio.sleep(1_000)
        return await asyncio.open_connection("127.0.0.1", self.port, limit=CHUNK_BYTES)

    async def serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        try:
            head = (await reader.readuntil(b"\r\n\r\n")).decode()
            self.asked.append(head)
            name = head.split()[1].strip("/").partition("?")[0] or "index"
            answer = self.answers[name]
            writer.write(answer(head.encode()) if callable(answer) else answer)
            await writer.drain()
        except (asyncio.IncompleteReadError, ConnectionError, KeyError, ssl.SSLError):
            pass
        finally:
            writer.close()


@asynccontextmanager
async def internet(
    far: Far, *allow: str, tls: tuple[ssl.SSLContext, ssl.SSLContext] | None = None
) -> AsyncIterator[Web]:
    """A client whose connections all end at `far`; `tls` are the contexts of server and client."""
    server = await asyncio.start_server(far.serve, "127.0.0.1", 0, ssl=tls[0] if tls else None)
    far.port = server.sockets[0].getsockname()[1]
    gate = Egress(allow or ("*",), resolve=far.resolve, dial=far.dial, is_own=lambda ip: ip == "93.184.216.99")
    try:
        yield Web(gate, tls[1] if tls else None)
    finally:
        server.close()
        gate.close()


def says(body: bytes = b"hello", status: str = "200 OK", **headers: str) -> bytes:
    lines = [f"{name.replace('_', '-')}: {value}" for name, value in headers.items()]
    head = "\r\n".join((f"HTTP/1.1 {status}", f"Content-Length: {len(body)}", *lines))
    return f"{head}\r\n\r\n".encode() + body


async def fetched(far: Far, url: str = "http://public.test/", *allow: str, **more: float) -> Page:
    async with internet(far, *allow) as web:
        return await web.fetch(User("ada"), url, **more)  # type: ignore[arg-type]


# -- what comes


async def test_a_page_comes_with_its_type_and_text() -> None:
    far = Far(index=says("grüß".encode("latin-1"), Content_Type="Text/HTML; charset=iso-8859-1"))
    page = await fetched(far, "HTTP://Public.TEST:80/#top")
    assert (page.url, page.status, page.content_type, page.text) == ("http://public.test/", 200, "text/html", "grüß")
    assert far.dialled == [("93.184.216.34", 80)]


async def test_a_refusal_of_the_server_is_a_page_too() -> None:
    assert (await fetched(Far(index=says(b"no", "404 Not Found")))).status == 404


async def test_nothing_is_sent_that_says_who_asks(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("http_proxy", "http://127.0.0.1:9")
    far = Far(index=says(b"", "302 Found", Location="http://other.test/b", Set_Cookie="a=1"), b=says())
    await fetched(far)
    for head in far.asked:
        names = {line.partition(":")[0].lower() for line in head.split("\r\n")[1:] if line}
        assert names == {"host", "user-agent", "accept", "accept-encoding", "connection"}


async def test_redirects_are_followed_and_each_is_judged_anew() -> None:
    far = Far(index=says(b"", "301 Moved", Location="/a"), a=says(b"", "307 T", Location="//other.test/b"), b=says())
    assert (await fetched(far)).url == "http://other.test/b"
    assert [address for address, _ in far.dialled] == ["93.184.216.34", "93.184.216.34", "93.184.216.35"]


async def test_a_name_with_one_bad_address_is_reached_by_its_good_one() -> None:
    far = Far(index=says())
    await fetched(far, "http://two.test/")
    assert far.dialled == [("93.184.216.37", 80)]


@pytest.mark.parametrize("pack", ["gzip", "deflate", "raw"])
async def test_what_is_packed_is_opened(pack: str) -> None:
    text = b"words and words " * 10_000
    packed = {"gzip": gzip.compress, "deflate": zlib.compress, "raw": lambda one: zlib.compress(one)[2:-4]}[pack](text)
    far = Far(index=says(packed, Content_Encoding="gzip" if pack == "gzip" else "deflate"))
    assert (await fetched(far)).content == text


async def test_chunks_and_bodies_without_a_length_are_read() -> None:
    chunked = b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nhello\r\n0\r\n\r\n"
    assert (await fetched(Far(index=chunked))).content == b"hello"
    assert (await fetched(Far(index=b"HTTP/1.1 200 OK\r\n\r\nhello"))).content == b"hello"


# -- what may not be reached


@pytest.mark.parametrize(
    "host",
    ["inside.test", "loop.test", "six.test", "mapped.test", "nat64.test", "meta.test", "own.test", "local.test",
     "unique.test", "wire.test", "six2four.test", "127.0.0.1", "[::1]", "2130706433", "0x7f.1", "0177.0.0.1",
     "[::ffff:10.0.0.1]", "１２７.0.0.1", "169.254.169.254", "[64:ff9b::a00:1]", "0", "10.1"],
)  # fmt: skip
async def test_what_is_not_public_is_not_connected_to(host: str) -> None:
    far = Far(index=says())
    with pytest.raises((FetchFailed, InvalidValue)):
        await fetched(far, f"http://{host}/")
    jump = Far(index=says(b"", "302 Found", Location=f"http://{host}/"))
    with pytest.raises(FetchFailed, match=r"not public|leads to what is no page|cannot be resolved"):
        await fetched(jump)
    assert far.dialled == []
    assert jump.dialled == [("93.184.216.34", 80)]


async def test_what_the_operator_has_not_listed_is_not_reached() -> None:
    far = Far(index=says(), b=says(b"", "302 Found", Location="http://other.test/"))
    assert (await fetched(far, "http://public.test/", "public.test")).status == 200
    for url in ("http://other.test/", "http://public.test/b"):
        with pytest.raises(FetchFailed, match=r"other\.test is not on the list terminals\.egress_allow"):
            await fetched(far, url, "public.test")
    with pytest.raises(FetchFailed, match="port 8080 is not open"):
        await fetched(far, "http://public.test:8080/")


@pytest.mark.parametrize(
    "url",
    ["", "public.test", "file:///etc/passwd", "ftp://public.test/", "http://", "http://ada:secret@public.test/",
     "http://ada@public.test/", "http://public.test\\@inside.test/", "http://public.test/a b", "http://pub\tlic.test/",
     "http://public.test:0/", "http://public.test:99999/", "http://[::1/", "http://a..b/", "http://%31/",
     "http://public.test/\r\nX: y", "javascript:alert(1)", "http://" + "a" * 5_000],
)  # fmt: skip
def test_what_is_no_address_of_a_page_is_refused(url: str) -> None:
    with pytest.raises(InvalidValue, match="url"):
        parsed(url)


@pytest.mark.parametrize(
    ("url", "target"),
    [
        ("http://a.test", "/"),
        ("http://a.test/ä?q=ü x".replace(" ", "+"), "/%C3%A4?q=%C3%BC+x"),
        ("http://a.test/%2F#x", "/%2F"),
    ],
)
def test_a_path_is_sent_as_it_may_be(url: str, target: str) -> None:
    assert parsed(url).target == target


# -- what is bounded


async def test_a_long_page_is_cut() -> None:
    page = await fetched(Far(index=says(b"x" * 1_000_000)), max_bytes=1_000)
    assert (page.content, page.truncated) == (b"x" * 1_000, True)
    assert not (await fetched(Far(index=says(b"x" * 1_000)), max_bytes=1_000)).truncated


@pytest.mark.parametrize("again", [1, 2])
async def test_what_swells_is_left_alone_in_time(again: int) -> None:
    bomb = b"\0" * 200_000_000
    for _ in range(again):
        bomb = gzip.compress(bomb, 9)
    page = await fetched(Far(index=says(bomb, Content_Encoding="gzip")), max_bytes=100_000)
    assert len(page.content) <= 100_000
    assert page.truncated == (len(page.content) == 100_000)


async def test_what_never_ends_ends() -> None:
    forever = Far(index=says(b"", "302 Found", Location="/"))
    with pytest.raises(FetchFailed, match=f"{HOPS} redirects are followed"):
        await fetched(forever)
    assert len(forever.asked) == HOPS + 1
    with pytest.raises(FetchFailed, match=r"slow\.test took longer than 0\.2 s"):
        await fetched(Far(), "http://slow.test/", timeout=0.2)


@pytest.mark.parametrize(
    "answer",
    [
        b"",
        b"nonsense\r\n\r\n",
        b"HTTP/1.1 200 OK\r\n" + b"X: " + b"y" * 100_000 + b"\r\n\r\n",
        b"HTTP/1.1 200 OK\r\nContent-Length: 100\r\n\r\nshort",
        says(b"no gzip", Content_Encoding="gzip"),
        says(b"x", Content_Encoding="br"),
        says(b"", "302 Found", Location="ftp://other.test/"),
    ],
)
async def test_a_server_that_talks_nonsense_is_named(answer: bytes) -> None:
    with pytest.raises(FetchFailed, match=r"public\.test|packed as 'br'"):
        await fetched(Far(index=answer))


@pytest.mark.parametrize("bad", [{"max_bytes": 0}, {"max_bytes": 10**9}, {"timeout": 0}, {"timeout": 10**6}])
async def test_bounds_have_bounds(bad: dict[str, float]) -> None:
    with pytest.raises(InvalidValue):
        await fetched(Far(index=says()), **bad)


# -- with TLS


async def test_https_is_spoken_and_a_long_page_comes_whole(tmp_path: Path) -> None:
    body = bytes(range(256)) * 8_000
    tls = await asyncio.to_thread(contexts, tmp_path, "public.test")
    far = Far(index=says(body))
    async with internet(far, tls=tls) as web:
        assert (await web.fetch(User("ada"), "https://public.test/")).content == body
    assert far.dialled == [("93.184.216.34", 443)]


async def test_a_certificate_of_another_name_is_not_believed(tmp_path: Path) -> None:
    tls = await asyncio.to_thread(contexts, tmp_path, "public.test")
    async with internet(Far(index=says()), tls=tls) as web:
        with pytest.raises(FetchFailed, match=r"other\.test cannot be read: .*certificate"):
            await web.fetch(User("ada"), "https://other.test/")
