"""One connection to `roost.internal` is one request of one user, however its bytes are put together."""

from __future__ import annotations

import re
from typing import Any

import pytest
from starlette.types import Message, Receive, Scope, Send

from host.relay import Relay
from tests.sessions.test_egress import Far, ask, proxy

pytestmark = pytest.mark.anyio

FIRST = b"POST http://roost.internal/v1/first HTTP/1.1\r\nHost: other.test\r\n"
SECOND = b"GET http://roost.internal/v1/second HTTP/1.1\r\nHost: roost.internal\r\nAuthorization: Bearer bob\r\n\r\n"


class App:
    """What stands for the host: notes what it was asked, reads the body and says it."""

    def __init__(self) -> None:
        self.asked: list[tuple[str, dict[bytes, bytes]]] = []

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        self.asked.append((scope["path"], dict(scope["headers"])))
        body = b""
        while (message := await receive())["type"] == "http.request":
            body += message["body"]
            if not message.get("more_body"):
                break
        start: Message = {"type": "http.response.start", "status": 200, "headers": []}
        await send(start)
        await send({"type": "http.response.body", "body": b"[%s]" % body})


async def said(request: bytes) -> tuple[bytes, list[tuple[str, dict[bytes, bytes]]]]:
    """The answers, and what the app was asked."""
    app, far = App(), Far()
    async with proxy([], far, internal=Relay(app).serve) as (_, port):
        answer = await ask(port, request)
    assert (far.resolved, far.dialled) == ([], [])
    return answer, app.asked


def answers(answer: bytes) -> int:
    """How many there are in it."""
    return len(re.findall(rb"HTTP/1\.1 [0-9]{3}", answer))


@pytest.mark.parametrize(
    ("fields", "body", "heard"),
    [
        (b"Content-Length: 4\r\n", b"body" + SECOND, b"[body]"),
        (b"Transfer-Encoding: chunked\r\n", b"4\r\nbody\r\n0\r\n\r\n" + SECOND, b"[body]"),
        (b"Content-Length: 4\r\nContent-Length: 4\r\n", b"body" + SECOND, b"[body]"),
        (b"Content-Length: 4\r\nTransfer-Encoding: chunked\r\n", b"4\r\nbody\r\n0\r\n\r\n" + SECOND, b"[body]"),
        (b"", SECOND, b"[]"),
        (b"Connection: keep-alive\r\nKeep-Alive: max=9\r\n", SECOND, b"[]"),
        (b"Connection: Upgrade, HTTP2-Settings\r\nUpgrade: h2c\r\n", SECOND, b"[]"),
        (b"Upgrade: websocket\r\nSec-WebSocket-Key: x\r\n", SECOND, b"[]"),
    ],
)
async def test_what_follows_a_request_is_none(fields: bytes, body: bytes, heard: bytes) -> None:
    answer, asked = await said(FIRST + fields + b"\r\n" + body)
    assert [path for path, _ in asked] == ["/v1/first"]
    assert answers(answer) == 1 and heard in answer
    assert b"second" not in answer and b"bob" not in answer


@pytest.mark.parametrize(
    "fields",
    [
        b"Content-Length: 4\r\nContent-Length: 40\r\n", b"Content-Length: 4, 40\r\n", b"Content-Length: -4\r\n",
        b"Content-Length: 0x4\r\n", b"Content-Length: +4\r\n", b"Content-Length:\r\n 4\r\n",
        b"Transfer-Encoding: identity\r\n", b"Transfer-Encoding: chunked, identity\r\n",
        b"Transfer-Encoding: xchunked\r\n", b"Transfer-Encoding: gzip, chunked\r\n", b"Transfer-Encoding : chunked\r\n",
        b"X: 1\nTransfer-Encoding: chunked\r\n", b"X: 1\rContent-Length: 4\r\n", b"\x00: 1\r\n", b"X\r\n",
    ],
)  # fmt: skip
async def test_a_length_that_can_be_read_in_two_ways_is_refused(fields: bytes) -> None:
    answer, asked = await said(FIRST + fields + b"\r\n4\r\nbody\r\n0\r\n\r\n" + SECOND)
    assert asked == []
    assert answer.startswith((b"HTTP/1.1 400 ", b"HTTP/1.1 501 ")) and answers(answer) == 1


@pytest.mark.parametrize(
    "body",
    [
        b"g\r\nbody\r\n0\r\n\r\n", b"-4\r\nbody\r\n0\r\n\r\n", b"4 \x00\r\nbody\r\n0\r\n\r\n", b"4\nbody\n0\n\n",
        b"ffffffffffffffffffffff\r\n", b"4\r\nbodyX\r\n0\r\n\r\n",
    ],
)  # fmt: skip
async def test_chunks_that_are_none_end_the_request(body: bytes) -> None:
    answer, asked = await said(FIRST + b"Transfer-Encoding: chunked\r\n\r\n" + body + SECOND)
    assert [path for path, _ in asked] == ["/v1/first"]
    assert b"second" not in answer.replace(SECOND, b"") and answers(answer) <= 1


@pytest.mark.parametrize(
    "target",
    [
        b"http://ROOST.internal/v1/x", b"http://roost.internal./v1/x", b"http://roost.internal:80/v1/x",
        b"HTTP://roost.internal/v1/x",
    ],
)  # fmt: skip
async def test_its_name_may_be_written_as_names_may_and_is_never_looked_up(target: bytes) -> None:
    _, asked = await said(b"GET " + target + b" HTTP/1.1\r\nHost: 127.0.0.1\r\n\r\n")
    assert [path for path, _ in asked] == ["/v1/x"]


@pytest.mark.parametrize(
    "target",
    [
        b"http://roost.internal@bob/v1/x", b"http://bob@roost.internal/v1/x", b"http://roost.internal\\@x/v1/x",
        b"/v1/x",        b"http://roost.internal", b"http://roost.internal/", b"http://roost.internal/v1/../api/v1/config",
        b"http://roost.internal/v1/%2e%2e/api", b"http://roost.internal/v1%2f..%2fapi", b"http://roost.internal/V1/x",
        b"http://roost.internal//v1/x", b"http://roost.internal/v1;/x", b"http://roost.internal?/v1/x", b"*",
    ],
)  # fmt: skip
async def test_no_other_spelling_leads_in(target: bytes) -> None:
    answer, asked = await said(b"GET " + target + b" HTTP/1.1\r\n\r\n")
    assert asked == []
    assert answer.startswith((b"HTTP/1.1 400 ", b"HTTP/1.1 403 "))


async def test_what_a_program_says_of_who_it_is_does_not_arrive() -> None:
    said_so: dict[bytes, Any] = {
        b"Authorization": b"Bearer x", b"Cookie": b"roost_session=x", b"Proxy-Authorization": b"Basic x",
        b"Origin": b"http://x", b"Forwarded": b"for=x", b"Host": b"other.test", b"Kept": b"1",
    }  # fmt: skip
    lines = b"".join(b"%s: %s\r\n%s: %s\r\n" % (name, value, name.upper(), value) for name, value in said_so.items())
    _, asked = await said(b"GET http://roost.internal/v1/x HTTP/1.1\r\n" + lines + b"\r\n")
    assert {name: value for name, value in asked[0][1].items() if name != b"connection"} == {
        b"host": b"roost.internal", b"kept": b"1",
    }  # fmt: skip


async def test_a_head_that_is_too_long_is_refused() -> None:
    answer, asked = await said(FIRST + b"X: " + b"y" * 17_000 + b"\r\n\r\n" + SECOND)
    assert answer.startswith(b"HTTP/1.1 431 ") and asked == []
