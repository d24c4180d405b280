"""A user's dev server in their sandbox, seen through the host: by them, by nobody else, and as nobody at the API."""

from __future__ import annotations

import asyncio
import json
import subprocess
import sys
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager, contextmanager
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import pytest
import websockets

from tests.client import Process, running
from tests.faults.clock import DAY, HOUR, Clock
from tests.raw import exchange, fetch, parsed
from tests.screens import Desk, desk, passable
from tests.sessions.sandboxes import HAS_BUBBLEWRAP, NO_BUBBLEWRAP
from tests.tokens import GUARDED, bearer, token

pytestmark = [pytest.mark.anyio, pytest.mark.skipif(not HAS_BUBBLEWRAP, reason=NO_BUBBLEWRAP)]

SERVER = (Path(__file__).parents[1] / "devserver.py").read_text()
PAGE = {"accept": "text/html,*/*"}


@pytest.fixture(scope="module")
def house() -> Iterator[Process]:
    """A host that believes `?uid=`."""
    with passable() as folder, running(folder / "data") as started:
        yield started


@pytest.fixture(scope="module")
def strict() -> Iterator[Process]:
    """A host that wants tokens."""
    with passable() as folder, running(folder / "data", **GUARDED) as started:
        yield started


@asynccontextmanager
async def serving(base: str, uid: str, port: int = 5173, **more: Any) -> AsyncIterator[Desk]:
    """The user's dev server, running in a terminal of theirs."""
    async with desk(base, uid, **more) as work:
        await work.client.call("workspace.fs.writeFile", uri="/workspace/devserver.py", content=SERVER)
        screen = await work.create()
        await screen.run(f"python3 devserver.py {port}")
        await screen.see("serving")
        yield work


async def test_a_dev_server_is_shown_to_its_user_and_to_nobody_else(house: Process, alice: str, bob: str) -> None:
    async with serving(house.base, alice):
        answer = await fetch(house.base, f"/preview/5173/a%2Fb/%C3%A4?x=1&uid={alice}&y=%20", "POST", b"hello")
        assert answer.status == 200, answer.body
        said = answer.json()
        assert (said["method"], said["target"], said["body"]) == ("POST", "/a%2Fb/%C3%A4?x=1&y=%20", "hello")
        assert dict(said["headers"])["host"] == "localhost:5173"
        for who in (bob, "", alice + "x"):
            refused = await fetch(house.base, f"/preview/5173/?uid={who}")
            assert refused.status in (400, 502), who
        async with desk(house.base, bob) as work:  # also when they have a sandbox of their own
            await (await work.create()).run("sleep 1000")
            assert (await fetch(house.base, f"/preview/5173/?uid={bob}")).status == 502


async def test_what_says_who_one_is_does_not_reach_the_dev_server(strict: Process, alice: str, bob: str) -> None:
    async with serving(strict.base, alice, additional_headers=bearer(alice)):
        mine = token(alice)
        cookie = f"roost_session={mine}; theme=dark"
        for headers in ({"authorization": f"Bearer {mine}", "cookie": "theme=dark"}, {"cookie": cookie}):
            answer = await fetch(
                strict.base, "/preview/5173/", x_forwarded_for="1.2.3.4", referer="http://x/", **headers
            )
            said = dict(answer.json()["headers"])
            assert said["cookie"] == "theme=dark"
            assert not {"authorization", "referer", "x-forwarded-for"} & set(said)
            assert mine not in answer.body.decode()
        assert (await fetch(strict.base, "/preview/5173/")).status == 401
        assert (await fetch(strict.base, f"/preview/5173/?uid={alice}")).status == 401
        assert (await fetch(strict.base, "/preview/5173/", authorization="Bearer x.y.z")).status == 401
        others = {"authorization": bearer(bob)["Authorization"]}
        assert (await fetch(strict.base, "/preview/5173/", **others)).status == 502
        assert (await fetch(strict.base, f"/preview/5173/?uid={alice}", **others)).status == 403


async def test_a_preview_cannot_speak_for_the_hosts_origin(house: Process, alice: str) -> None:
    async with serving(house.base, alice):
        place = urlsplit(house.base).netloc
        request = f"GET /preview/5173/headers?uid={alice} HTTP/1.1\r\nHost: {place}\r\nConnection: close\r\n\r\n"
        head = (await exchange(house.base, request.encode())).partition(b"\r\n\r\n")[0].decode().lower().split("\r\n")
        policies = [line for line in head if line.startswith("content-security-policy:")]
        assert any("sandbox allow-scripts" in line and "frame-ancestors 'self'" in line for line in policies)
        assert not any("allow-same-origin" in line for line in head)
        assert "content-security-policy: default-src 'self'" in policies
        assert [line for line in head if "cookie" in line] == ["set-cookie: theme=dark; httponly; path=/preview/5173/"]
        for name in ("strict-transport", "clear-site-data", "access-control", "x-hop"):
            assert not [line for line in head if line.startswith(name)], name
        for line in (
            "x-mine: kept",
            "x-frame-options: sameorigin",
            "referrer-policy: no-referrer",
            "cache-control: no-store",
        ):
            assert line in head
        # and what such a page asks of the API is a stranger's request
        assert (await fetch(house.base, f"/api/v1/config?uid={alice}", "PUT", {}, origin="null")).status == 403


async def test_a_redirect_stays_in_the_preview(house: Process, alice: str) -> None:
    async with serving(house.base, alice):
        for to, where in (
            ("/login?x=1", "/preview/5173/login?x=1"),
            ("http://localhost:5173/a", "/preview/5173/a"),
            ("http://127.0.0.1:5173", "/preview/5173/"),
            ("next", "next"),
            ("//elsewhere.test/", "//elsewhere.test/"),
            ("http://localhost:9/a", "http://localhost:9/a"),
        ):
            answer = await fetch(house.base, f"/preview/5173/redirect?{to.replace('?', '%3F')}&uid={alice}")
            assert (answer.status, answer.headers["location"]) == (302, where)
        bare = await fetch(house.base, f"/preview/5173?uid={alice}")
        assert (bare.status, bare.headers["location"]) == (307, f"/preview/5173/?uid={alice}")


async def test_a_browsers_page_goes_on_under_an_address_of_its_own(strict: Process, alice: str, bob: str) -> None:
    """Its page has no origin, so what it loads comes without a cookie."""
    async with serving(strict.base, alice, additional_headers=bearer(alice)):
        cookie = {"cookie": f"roost_session={token(alice)}"}
        moved = await fetch(strict.base, "/preview/5173/app/?x=1&uid=" + alice, **PAGE, **cookie)
        assert moved.status == 307
        where = moved.headers["location"]
        assert where.startswith("/preview/") and where.endswith("/app/?x=1")
        page = await fetch(strict.base, where + "&uid=mine", **PAGE)
        assert page.status == 200 and page.json()["target"] == "/app/?x=1&uid=mine"
        assert "sandbox" in page.headers["content-security-policy"]
        script = await fetch(strict.base, where, origin="null")
        assert script.headers["access-control-allow-origin"] == "*"
        assert "access-control-allow-credentials" not in script.headers
        assert dict(script.json()["headers"])["origin"] == "http://localhost:5173"
        asked = await fetch(strict.base, where, "OPTIONS", origin="null", access_control_request_method="PUT")
        assert asked.status == 204 and asked.headers["access-control-allow-methods"] == "*"
        again = await fetch(strict.base, "/preview/5173/", **PAGE, **cookie)
        assert again.headers["location"] == where.removesuffix("app/?x=1")
        assert (
            (await fetch(strict.base, where.replace("app", "..%2f..%2f..%2fapi"))).json()["target"].startswith("/..%2f")
        )
        # it opens that port, and nothing else
        ticket = where.split("/")[2]
        for target in (f"/preview/{ticket}/../5174/", f"/api/v1/config?ticket={ticket}", f"/preview/{'x' * 43}/"):
            answer = await fetch(strict.base, target)
            assert answer.status in (401, 404) or answer.json()["target"] == "/../5174/", target
        for name in ("authorization", "cookie"):
            answer = await fetch(strict.base, "/api/v1/config", **{name: f"Bearer {ticket}; roost_session={ticket}"})
            assert answer.status == 401


@pytest.mark.parametrize(
    "target",
    ["/preview/05173/", "/preview/0/", "/preview/65536/", "/preview/5173@evil.test/", "/preview/x/", "/preview/",
     "/preview/5173.evil.test/", "/preview/localhost:5173/", "/preview/%35173/"],
)  # fmt: skip
async def test_a_port_is_a_number_and_nothing_else(house: Process, alice: str, target: str) -> None:
    assert (await fetch(house.base, f"{target}?uid={alice}")).status == 404


async def test_what_is_not_there_is_said_in_a_sentence(house: Process, alice: str) -> None:
    answer = await fetch(house.base, f"/preview/5173/?uid={alice}")
    assert answer.status == 502 and answer.kind == "application/problem+json"
    async with serving(house.base, alice):
        assert (await fetch(house.base, f"/preview/5174/?uid={alice}")).status == 502
        assert "way out" in (await fetch(house.base, f"/preview/3128/?uid={alice}")).json()["detail"]
        assert (await fetch(house.base, f"/preview/5173/nonsense?uid={alice}")).status == 502
        cut = parsed(await exchange(house.base, _get(house, f"/preview/5173/broken?uid={alice}")))
        assert cut.body == b"short"  # and the connection was closed before its 100 bytes were there
        assert (await fetch(house.base, f"/preview/5173/?uid={alice}", service_worker="script")).status == 403
        assert (await fetch(house.base, f"/preview/5173/?uid={alice}", sec_fetch_site="cross-site")).status == 403
        assert (await fetch(house.base, f"/preview/5173/?uid={alice}", origin="https://evil.test")).status == 403


def _get(house: Process, target: str) -> bytes:
    return f"GET {target} HTTP/1.1\r\nHost: {urlsplit(house.base).netloc}\r\n\r\n".encode()


async def test_a_body_goes_both_ways_at_once_and_whoever_is_slow_is_waited_for(house: Process, alice: str) -> None:
    async with serving(house.base, alice), asyncio.timeout(40):
        place = urlsplit(house.base)
        reader, writer = await asyncio.open_connection(place.hostname, place.port, limit=1 << 16)
        head = f"POST /preview/5173/echo?uid={alice} HTTP/1.1\r\nHost: {place.netloc}\r\n"
        writer.write(head.encode() + b"Transfer-Encoding: chunked\r\n\r\n")
        for word in (b"one", b"two"):  # each comes back before the next is sent
            writer.write(b"%x\r\n%s\r\n" % (len(word), word))
            await reader.readuntil(word)
        piece = b"10000\r\n" + b"x" * 65536 + b"\r\n"
        sent = 0
        while sent < 2_000:  # nobody reads, so that in the end nothing is taken: far less than all of this
            writer.write(piece)
            sent += 1
            try:
                async with asyncio.timeout(1.0):
                    await writer.drain()
            except TimeoutError:
                break
        assert sent < 1_000
        writer.write(b"0\r\n\r\n")
        got = 0
        while piece := await reader.read(1 << 20):
            got += piece.count(b"x")
            if got >= sent * 65536:
                break
        assert got == sent * 65536
        writer.close()


async def test_a_websocket_goes_through(house: Process, alice: str, bob: str) -> None:
    async with serving(house.base, alice):
        url = house.base.replace("http", "ws", 1) + f"/preview/5173/socket?uid={alice}"
        cookies = {"Cookie": "roost_session=mine; theme=dark", "Authorization": "Basic x"}
        async with websockets.connect(url, subprotocols=["a", "b"], additional_headers=cookies) as socket:
            assert socket.subprotocol == "b"
            said = json.loads(await socket.recv())
            assert (said["host"], said["cookie"]) == ("localhost:5173", "theme=dark")
            assert "authorization" not in said
            for frame in ("text", b"bytes", "x" * 100_000):
                await socket.send(frame)
                assert await socket.recv() == frame
            await socket.send("bye")
            await socket.wait_closed()
            assert (socket.close_code, socket.close_reason) == (4321, "gone")
        for target, status in (
            (f"/preview/5173/socket?uid={bob}", 502),
            ("/preview/5173/socket", 400),
            (f"/preview/5174/socket?uid={alice}", 502),
        ):
            with pytest.raises(websockets.InvalidStatus) as refused:
                await websockets.connect(house.base.replace("http", "ws", 1) + target)
            assert refused.value.response.status_code == status, target


async def test_a_ticket_opens_a_websocket_to_a_page_without_origin(strict: Process, alice: str) -> None:
    async with serving(strict.base, alice, additional_headers=bearer(alice)):
        moved = await fetch(strict.base, "/preview/5173/", **PAGE, cookie=f"roost_session={token(alice)}")
        url = strict.base.replace("http", "ws", 1) + moved.headers["location"] + "socket"
        async with websockets.connect(url, origin="null") as socket:  # type: ignore[arg-type]
            assert json.loads(await socket.recv())["origin"] == "http://localhost:5173"
        direct = strict.base.replace("http", "ws", 1) + "/preview/5173/socket"
        with pytest.raises(websockets.InvalidStatus) as refused:
            await websockets.connect(direct, origin="null", additional_headers=bearer(alice))  # type: ignore[arg-type]
        assert refused.value.response.status_code == 403


async def test_a_preview_ends_with_the_login_it_was_opened_with(strict: Process, alice: str) -> None:
    async with serving(strict.base, alice, additional_headers=bearer(alice)):
        url = strict.base.replace("http", "ws", 1) + "/preview/5173/socket"
        async with websockets.connect(url, additional_headers=bearer(alice, seconds=3)) as socket, asyncio.timeout(20):
            await socket.wait_closed()


async def test_a_preview_ends_with_its_login_also_where_the_clock_is_put_forward(alice: str) -> None:
    with passable() as folder:
        clock = Clock(folder / "clock")
        with running(folder / "data", before=clock.command, **GUARDED) as host:
            async with serving(host.base, alice, additional_headers=bearer(alice, seconds=3 * DAY)):
                url = host.base.replace("http", "ws", 1) + "/preview/5173/socket"
                async with websockets.connect(url, additional_headers=bearer(alice, seconds=HOUR)) as socket:
                    assert json.loads(await socket.recv())["host"] == "localhost:5173"
                    clock.ahead(DAY)
                    async with asyncio.timeout(10):
                        await socket.wait_closed()


@contextmanager
def alone() -> Iterator[tuple[Process, int]]:
    """A host for the one user of a machine, and the port of a dev server that they run there."""
    with passable() as folder, running(folder / "data", "--workspace", str(folder), MULTI_USER="0") as started:
        command = [sys.executable, str(Path(__file__).parents[1] / "devserver.py"), "0"]
        with subprocess.Popen(command, stdout=subprocess.PIPE) as server:
            assert server.stdout
            yield started, int(server.stdout.readline().split()[1])
            server.kill()


@pytest.fixture
def single() -> Iterator[tuple[Process, int]]:
    with alone() as both:
        yield both


async def test_one_person_alone_sees_what_their_machine_serves_but_not_the_host_itself(
    single: tuple[Process, int],
) -> None:
    house, port = single
    assert (await fetch(house.base, f"/preview/{port}/x?uid=local")).json()["target"] == "/x"
    own = urlsplit(house.base).port
    assert (await fetch(house.base, f"/preview/{own}/")).status == 403
    moved = await fetch(house.base, f"/preview/{own}/", **PAGE)
    assert (await fetch(house.base, moved.headers["location"])).status == 403


@pytest.fixture(params=[("network", "none"), ("network", "host"), ("isolation", "landlock")], ids=lambda one: one[1])
def other(request: pytest.FixtureRequest) -> Iterator[tuple[Process, str]]:
    """A host with another level or network than usual, and which."""
    key, value = request.param
    with (
        passable() as folder,
        running(folder / "data", **GUARDED, **{f"ROOST_TERMINALS__{key.upper()}": value}) as started,
    ):
        yield started, value


async def test_where_ports_are_not_apart_nothing_is_shown_and_the_reason_is(
    other: tuple[Process, str], alice: str
) -> None:
    house, kind = other
    login = {"authorization": bearer(alice)["Authorization"]}
    if kind == "none":
        async with serving(house.base, alice, additional_headers=bearer(alice)):
            assert (await fetch(house.base, "/preview/5173/", **login)).status == 200
        return
    refused = await fetch(house.base, "/preview/5173/", **login)
    assert (refused.status, kind) in ((403, "host"), (409, "landlock"), (503, "landlock"))
    assert kind in refused.json()["detail"]
