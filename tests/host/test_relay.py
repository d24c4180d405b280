"""What a sandbox gets of the host's own API at http://roost.internal/v1, and that it is its user whatever it says."""

from __future__ import annotations

import json
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager, contextmanager
from typing import Any

import pytest
from starlette.requests import Request
from starlette.responses import JSONResponse, Response, StreamingResponse
from starlette.routing import Route

from host.app import Host, create_app
from host.config import load
from host.identity import INSIDER, Insider, Unidentified, identify
from tests.screens import passable
from tests.sessions.sandboxes import HAS_BUBBLEWRAP, NO_BUBBLEWRAP
from tests.tokens import GUARDED, bearer

pytestmark = [pytest.mark.anyio, pytest.mark.skipif(not HAS_BUBBLEWRAP, reason=NO_BUBBLEWRAP)]


def doors(host: Host) -> list[Route]:
    """Endpoints of the test's own below /v1/."""

    async def who(request: Request) -> Response:
        try:
            identity = await identify(host, request)
        except Unidentified as error:
            return JSONResponse({"refused": error.reason}, error.status)
        if identity is None:
            return JSONResponse({"refused": "nobody"}, 401)
        named = sorted(name for name in request.headers if name != "content-length")
        body = (await request.body()).decode()
        return JSONResponse({"uid": identity.uid, "headers": named, "body": body})

    async def count(request: Request) -> Response:
        async def numbers() -> AsyncIterator[bytes]:
            for number in range(2_000):
                yield b"%d\n" % number

        return StreamingResponse(numbers())

    methods = ["GET", "POST"]
    return [Route("/v1/who", who, methods=methods), Route("/v1/count", count), Route("/other", who)]


@contextmanager
def hosting(**more: str) -> Iterator[Host]:
    """A host in this process, not started yet."""
    with passable() as folder:
        environ = {"MULTI_USER": "1", "ROOST_DATA": str(folder / "data"), "ROOST_TERMINALS__NETWORK": "proxy"}
        yield create_app(load({}, environ | more))


@asynccontextmanager
async def started(host: Host) -> AsyncIterator[Host]:
    """It, running: its endpoints are made anew as it starts, so that the test's own come then."""
    async with host:
        host._router.routes[:0] = doors(host)
        yield host


@pytest.fixture
def house() -> Iterator[Host]:
    with hosting() as host:
        yield host


@pytest.fixture
def strict_house() -> Iterator[Host]:
    """One that wants tokens from whoever comes from outside."""
    with hosting(**GUARDED) as host:
        yield host


async def ask(host: Host, uid: str, command: str) -> str:
    """What a command says that this user runs in their sandbox."""
    sandbox = await (await host.sessions.open(uid)).sandbox()
    finished = await sandbox.run(["bash", "-c", command], timeout=40)
    return finished.output.decode()


ASK = "import urllib.request as r; q = r.Request({url!r}, headers={headers!r}, data={data!r})\n"
ASK += "try: print(r.urlopen(q, timeout=20).read().decode())\n"
ASK += "except r.HTTPError as e: print(e.code, e.read().decode())"


def asking(url: str, data: bytes | None = None, **headers: str) -> str:
    program = ASK.format(url=url, headers={name.replace("_", "-"): value for name, value in headers.items()}, data=data)
    return f"python3 -c {json.dumps(program)}" if "\n" not in program else f"python3 - <<'EOF'\n{program}\nEOF"


async def test_each_sandbox_is_its_own_user_there_whatever_it_sends(strict_house: Host) -> None:
    async with started(strict_house) as host:
        forged = bearer("bob")["Authorization"]
        said: dict[str, dict[str, Any]] = {}
        for uid in ("alice", "bob"):
            command = asking("http://roost.internal/v1/who", b"{}", Authorization=forged, Cookie="roost_session=x")
            said[uid] = json.loads(await ask(host, uid, command))
        assert {uid: one["uid"] for uid, one in said.items()} == {"alice": "alice", "bob": "bob"}
        assert said["alice"]["body"] == "{}"
        assert not {"authorization", "cookie"} & set(said["alice"]["headers"])
        assert "refused" in await ask(host, "alice", asking("http://roost.internal/v1/who?uid=bob"))


async def test_nothing_but_v1_is_there(house: Host) -> None:
    async with started(house) as host:
        for path in ("/other", "/api/v1/config", "/v1/../other", "/v1/%2e%2e/other", "/v1", "//v1/who", "/metrics"):
            said = await ask(host, "alice", asking(f"http://roost.internal{path}"))
            assert said.startswith("403 "), (path, said)
        assert (await ask(host, "alice", asking("http://roost.internal/v1/models"))).startswith(("404 ", "{"))


async def test_an_answer_streams_and_a_head_has_no_body(house: Host) -> None:
    async with started(house) as host:
        said = await ask(host, "alice", asking("http://roost.internal/v1/count"))
        assert said.split() == [str(number) for number in range(2_000)]
        line = r"HEAD http://roost.internal/v1/count HTTP/1.1\r\n\r\n"
        proxy = f"exec 3<>/dev/tcp/127.0.0.1/3128; printf '{line}' >&3; cat <&3"
        head = await ask(host, "alice", proxy)
        assert head.startswith("HTTP/1.1 200 ") and head.endswith("\r\n\r\n")


async def test_what_is_no_http_is_refused(house: Host) -> None:
    async with started(house) as host:
        lines = r"GET http://roost.internal/v1/who HTTP/1.1\r\nno colon here\r\n\r\n"
        said = await ask(host, "alice", f"exec 3<>/dev/tcp/127.0.0.1/3128; printf '{lines}' >&3; cat <&3")
        assert said.startswith("HTTP/1.1 400 ")


async def test_nobody_outside_is_an_insider(strict_house: Host) -> None:
    """The mark is an object of this process: what comes over a socket is text."""
    async with started(strict_house) as host:
        await host.sessions.open("alice")
        for scope in ({INSIDER: "alice"}, {INSIDER: ["alice"]}, {"headers": [(INSIDER.encode(), b"alice")]}, {}):
            assert await status_of(host, "/v1/who", **scope) == 401
        assert await status_of(host, "/v1/who", **{INSIDER: Insider("alice")}) == 200


async def status_of(host: Host, path: str, **more: Any) -> int:
    """What a server in front of the app would get."""
    sent: list[Any] = []

    async def send(message: Any) -> None:
        sent.append(message)

    async def receive() -> Any:
        return {"type": "http.request", "body": b""}

    headers = [(b"host", b"localhost"), *more.pop("headers", [])]
    scope = {"type": "http", "method": "GET", "path": path, "raw_path": path.encode(), "query_string": b""}
    scope |= {"headers": headers, "scheme": "http", "root_path": "", "server": ("127.0.0.1", 80), "client": None}
    await host(scope | more, receive, send)
    return int(sent[0]["status"])
