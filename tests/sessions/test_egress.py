"""The way out: what may be reached through the proxy, what may not, and that nothing leaves by any other way.

No test connects to the outside: names are resolved by the test, and what is dialled is a server of the test.
"""

from __future__ import annotations

import asyncio
import contextlib
import socket
import time
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager

import pytest

from sessions import egress as egress_module
from sessions.egress import Egress, Internal, Refused, is_own_address, parse
from sessions.sandbox import Sandbox
from sessions.tasks import Tasks
from tests.sessions.sandboxes import HAS_BUBBLEWRAP, NO_BUBBLEWRAP, folder, output, sandbox

pytestmark = pytest.mark.anyio

NAMES = {
    "public.test": ["93.184.216.34"], "a.example.org": ["93.184.216.35"], "example.org": ["93.184.216.36"],
    "two.test": ["10.0.0.1", "93.184.216.37"], "inside.test": ["10.0.0.1"], "loop.test": ["127.0.0.1"],
    "six.test": ["::1"], "mapped.test": ["::ffff:127.0.0.1"], "meta.test": ["169.254.169.254"],
    "own.test": ["93.184.216.99"],
    "dead.test": ["93.184.216.50"], "slow.test": ["93.184.216.51"],
}  # fmt: skip


class Far:
    """What stands for the internet: one server of the test, and what was asked of it."""

    def __init__(self) -> None:
        self.resolved: list[str] = []
        self.dialled: list[tuple[str, int]] = []
        self.heard = b""
        self.port = 0
        self.answer = b"HTTP/1.1 200 OK\r\nContent-Length: 5\r\nConnection: close\r\n\r\nhello"

    async def resolve(self, host: str, port: int) -> list[str]:
        self.resolved.append(host)
        if host in NAMES:
            return NAMES[host]
        found = await asyncio.get_running_loop().getaddrinfo(host, port, flags=socket.AI_NUMERICHOST)
        return [str(entry[4][0]) for entry in found]

    async def dial(self, address: str, port: int) -> egress_module.Streams:
        self.dialled.append((address, port))
        if address == "93.184.216.50":
            raise ConnectionRefusedError("connection refused")
        if address == "93.184.216.51":
            await asyncio.sleep(1000)
        return await asyncio.open_connection("127.0.0.1", self.port, limit=egress_module.CHUNK_BYTES)

    async def serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self.heard += await reader.readuntil(b"\r\n\r\n") if self.answer.startswith(b"HTTP") else b""
        writer.write(self.answer)
        if self.answer == b"echo":
            while data := await reader.read(65536):
                writer.write(data)
                await writer.drain()
        writer.close()


Ask = Callable[[bytes], Awaitable[bytes]]


@asynccontextmanager
async def proxy(allow: list[str], far: Far, internal: Internal | None = None) -> AsyncIterator[tuple[Egress, int]]:
    """A proxy on a port of the test's own, with `far` behind it."""
    server = await asyncio.start_server(far.serve, "127.0.0.1", 0)
    far.port = server.sockets[0].getsockname()[1]
    made = Egress(allow, resolve=far.resolve, dial=far.dial, is_own=lambda ip: ip == "93.184.216.99", internal=internal)
    failures: list[BaseException] = []
    async with asyncio.TaskGroup() as group:
        tasks = Tasks(group, lambda name, error: failures.append(error))
        listener = socket.create_server(("127.0.0.1", 0))
        end = await made.serve(listener, "alice", tasks)
        try:
            yield made, listener.getsockname()[1]
        finally:
            end()
            server.close()
            await tasks.close()
            made.close()
    assert failures == []


async def ask(port: int, request: bytes, then: bytes = b"") -> bytes:
    """All that comes back for some bytes."""
    reader, writer = await asyncio.open_connection("127.0.0.1", port)
    try:
        async with asyncio.timeout(20):
            writer.write(request)
            answer = b""
            if then:
                answer = await reader.readuntil(b"\r\n\r\n")
                writer.write(then)
                writer.write_eof()
            return answer + await reader.read()
    finally:
        writer.close()


def connect(host: str) -> bytes:
    return b"CONNECT %s HTTP/1.1\r\nHost: x\r\n\r\n" % host.encode()


async def test_a_tunnel_to_an_allowed_host_carries_bytes_both_ways() -> None:
    far = Far()
    far.answer = b"echo"
    async with proxy(["public.test"], far) as (_, port):
        answer = await ask(port, connect("public.test:443"), b"\x00\x01binary" * 20_000)
    assert answer == b"HTTP/1.1 200 Connection established\r\n\r\necho" + b"\x00\x01binary" * 20_000
    assert (far.resolved, far.dialled) == (["public.test"], [("93.184.216.34", 443)])


async def test_plain_http_is_forwarded_without_what_was_for_the_proxy() -> None:
    far = Far()
    request = (
        b"GET http://Public.test/a%20b?c=d HTTP/1.1\r\nHost: other.test\r\nProxy-Authorization: Basic x\r\n"
        b"Connection: keep-alive, X-Odd\r\nProxy-Connection: keep-alive\r\nAccept: */*\r\nTE: trailers\r\n\r\n"
    )
    async with proxy(["public.test"], far) as (_, port):
        assert await ask(port, request) == far.answer
    assert far.heard == (b"GET /a%20b?c=d HTTP/1.1\r\nHost: Public.test\r\nAccept: */*\r\nConnection: close\r\n\r\n")
    assert far.dialled == [("93.184.216.34", 80)]


NOT_PUBLIC = [
    "inside.test", "loop.test", "six.test", "mapped.test", "meta.test", "own.test", "127.0.0.1", "[::1]",
    "10.0.0.1", "169.254.169.254", "168.63.129.16", "[::ffff:127.0.0.1]", "[64:ff9b::7f00:1]", "[fe80::1]",
    "[2002:7f00:1::]", "0.0.0.0", "100.64.0.1", "192.168.1.1", "172.17.0.1", "224.0.0.1", "2130706433", "0x7f.1",
    "127.1", "0177.0.0.1", "0", "loop.test.", "LOOP.TEST",
]  # fmt: skip
"""Names and spellings that lead to the host, its network or a cloud's own."""


@pytest.mark.parametrize("host", NOT_PUBLIC)
async def test_an_address_that_is_not_public_is_refused_whatever_the_list_says(host: str) -> None:
    far = Far()
    listed = [host.strip("[]").lower().rstrip("."), f"{host.strip('[]').lower()}:443", "*"]
    async with proxy(listed, far) as (_, port):
        for request in (connect(f"{host}:443"), b"GET http://%s/ HTTP/1.1\r\n\r\n" % host.encode()):
            answer = await ask(port, request)
            assert answer.startswith(b"HTTP/1.1 403 Forbidden\r\n")
            assert b"never allowed" in answer
    assert far.dialled == []


async def test_each_of_them_would_be_reached_if_its_address_were_not_judged(monkeypatch: pytest.MonkeyPatch) -> None:
    """Else the test above would prove nothing."""
    monkeypatch.setattr(egress_module, "refusal", lambda address: None)
    far = Far()
    async with proxy(["*"], far) as (made, port):
        made._is_own = lambda address: False
        for host in NOT_PUBLIC:
            answer = await ask(port, connect(f"{host}:443"), b"GET / HTTP/1.1\r\n\r\n")
            assert answer.endswith(b"hello"), host
    assert len(far.dialled) == len(NOT_PUBLIC)


async def test_of_several_addresses_only_a_public_one_is_dialled() -> None:
    far = Far()
    async with proxy(["two.test"], far) as (_, port):
        await ask(port, connect("two.test:443"), b"GET / HTTP/1.1\r\n\r\n")
    assert far.dialled == [("93.184.216.37", 443)]


async def test_what_a_name_says_a_second_time_changes_nothing() -> None:
    """DNS rebinding: the first answer is judged and the same is dialled; there is no second question."""
    far = Far()
    answers = iter([["93.184.216.34"], ["127.0.0.1"]])

    async def resolve(host: str, port: int) -> list[str]:
        far.resolved.append(host)
        return next(answers)

    async with proxy(["*"], far) as (made, port):
        made._resolve = resolve
        await ask(port, connect("rebind.test:443"), b"GET / HTTP/1.1\r\n\r\n")
        assert far.dialled == [("93.184.216.34", 443)]
        assert b"403" in await ask(port, connect("rebind.test:443"))
    assert len(far.dialled) == 1


@pytest.mark.parametrize(
    ("allow", "host", "port", "allowed"),
    [
        ([], "public.test", 443, False),
        (["other.test"], "public.test", 443, False),
        (["public.test"], "public.test", 443, True),
        (["Public.Test"], "PUBLIC.test", 443, True),
        (["public.test"], "public.test.", 443, True),
        (["*"], "public.test", 443, True),
        (["*.example.org"], "a.example.org", 443, True),
        (["*.example.org"], "b.a.example.org", 443, True),
        (["*.example.org"], "example.org", 443, False),
        (["*.example.org"], "badexample.org", 443, False),
        (["example.org"], "a.example.org", 443, False),
        (["example.org"], "example.org.evil.test", 443, False),
        (["*"], "public.test", 22, True),
        (["*"], "public.test", 80, True),
        (["*"], "public.test", 25, False),
        (["*"], "public.test", 6379, False),
        (["public.test:8443"], "public.test", 8443, True),
        (["public.test:8443"], "public.test", 443, False),
        (["*:8443"], "public.test", 8443, True),
        (["*.example.org:9000"], "a.example.org", 9000, True),
        (["public.test"], "public.test", 8443, False),
    ],
)
async def test_the_list_says_which_hosts_and_ports(allow: list[str], host: str, port: int, allowed: bool) -> None:
    far = Far()
    async with proxy(allow, far) as (made, _):
        request = parse(connect(f"{host}:{port}")[:-4])
        if allowed:
            made.check(request.host, request.port)
        else:
            with pytest.raises(Refused, match=r"terminals\.egress_allow"):
                made.check(request.host, request.port)
    assert far.resolved == []  # a name that is not allowed is not even looked up


@pytest.mark.parametrize(
    "request_",
    [
        b"GET / HTTP/1.1\r\n\r\n", b"GET https://public.test/ HTTP/1.1\r\n\r\n",
        b"CONNECT public.test HTTP/1.1\r\n\r\n",
        b"CONNECT public.test:0 HTTP/1.1\r\n\r\n", b"CONNECT public.test:65536 HTTP/1.1\r\n\r\n",
        b"CONNECT user@public.test:443 HTTP/1.1\r\n\r\n", b"GET http://user:pw@public.test/ HTTP/1.1\r\n\r\n",
        b"CONNECT public.test:443:22 HTTP/1.1\r\n\r\n", b"CONNECT http://public.test:443 HTTP/1.1\r\n\r\n",
        b"GET http://public.test\\@loop.test/ HTTP/1.1\r\n\r\n", b"GET http:///path HTTP/1.1\r\n\r\n",
        b"GET http://pub lic.test/ HTTP/1.1\r\n\r\n", b"GET http://public.test#loop.test/ HTTP/1.1\r\n\r\n",
        b"GET http://public.test?x=/ HTTP/1.1\r\n\r\n", b"GET ftp://public.test/ HTTP/1.1\r\n\r\n",
        b"GET http://public.test/ HTTP/2.0\r\n\r\n", b"get http://public.test/ HTTP/1.1\r\n\r\n", b"\r\n\r\n",
        b"\x16\x03\x01\x02\x00\r\n\r\n", b"CONNECT [::1:443 HTTP/1.1\r\n\r\n",
        b"CONNECT \xc3\xbc.test:443 HTTP/1.1\r\n\r\n",
        b"CONNECT %31.test:443 HTTP/1.1\r\n\r\n",
    ],
)  # fmt: skip
async def test_what_is_not_a_plain_request_is_refused_before_anything_is_looked_up(request_: bytes) -> None:
    far = Far()
    async with proxy(["*"], far) as (_, port):
        answer = await ask(port, request_)
    assert answer.startswith(b"HTTP/1.1 400 Bad Request\r\n")
    assert (far.resolved, far.dialled) == ([], [])


async def test_header_lines_cannot_be_smuggled_through_the_target() -> None:
    far = Far()
    async with proxy(["*"], far) as (_, port):
        await ask(port, b"GET http://public.test/\rX-Evil:1 HTTP/1.1\r\n\r\n")
        await ask(port, b"GET http://public.test/ HTTP/1.1\nX-Evil: 1\r\n\r\n")
    assert far.heard == b""


@pytest.mark.parametrize(
    "field",
    [
        b" Host: loop.test", b"\tX: 1", b"X: 1\nHost: loop.test", b"X: 1\rHost: loop.test", b"Host : loop.test",
        b"no field", b": empty", b"X\x00: 1", b"X: \x00", b"X: \x7f", b"Transfer-Encoding\t: chunked",
        b"Connection: a\r\n .loop.test",
    ],
)  # fmt: skip
async def test_a_field_that_another_server_could_read_as_two_is_refused(field: bytes) -> None:
    """Also folded ones: what is left of one that is dropped would be part of the `Host` before it."""
    far = Far()
    async with proxy(["*"], far) as (_, port):
        for first in (b"GET http://public.test/ HTTP/1.1", b"CONNECT public.test:443 HTTP/1.1"):
            assert (await ask(port, first + b"\r\n" + field + b"\r\n\r\n")).startswith(b"HTTP/1.1 400 ")
    assert (far.resolved, far.heard) == ([], b"")


async def test_a_head_without_end_is_cut_off(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(egress_module, "HEAD_SECONDS", 0.3)
    far = Far()
    async with proxy(["*"], far) as (_, port):
        assert b" 431 " in await ask(port, b"GET http://public.test/ HTTP/1.1\r\nX: " + b"y" * 40_000 + b"\r\n\r\n")
        assert b" 431 " in await ask(port, b"GET http://public.test/ HTT")
    assert far.dialled == []


async def test_what_cannot_be_reached_says_so(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(egress_module, "CONNECT_SECONDS", 0.3)
    far = Far()
    async with proxy(["*"], far) as (_, port):
        for host, said in {"dead.test": b"refused", "slow.test": b"cannot be reached", "no.test": b"resolved"}.items():
            answer = await ask(port, connect(f"{host}:443"))
            assert answer.startswith(b"HTTP/1.1 502 ")
            assert said in answer


async def test_a_user_has_a_bounded_number_of_connections(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(egress_module, "CONNECTIONS", 3)
    far = Far()
    far.answer = b"echo"
    async with proxy(["*"], far) as (_, port):
        kept = []
        for _ in range(3):
            reader, writer = await asyncio.open_connection("127.0.0.1", port)
            writer.write(connect("public.test:443"))
            assert b" 200 " in await reader.readuntil(b"\r\n\r\n")
            kept.append(writer)
        assert b" 503 " in await ask(port, connect("public.test:443"))
        kept.pop().close()
        async with asyncio.timeout(10):
            while b" 503 " in await ask(port, connect("public.test:443"), b"x"):
                pass
        for writer in kept:
            writer.close()


async def test_a_far_side_that_floods_is_held_back_by_a_slow_client() -> None:
    far = Far()
    sent = 0

    async def flood(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        nonlocal sent
        with contextlib.suppress(ConnectionError):
            while sent < 200 << 20:
                writer.write(b"x" * 65536)
                await writer.drain()
                sent += 65536

    far.serve = flood  # type: ignore[method-assign]
    async with proxy(["*"], far) as (_, port):
        reader, writer = await asyncio.open_connection("127.0.0.1", port, limit=1024)
        writer.write(connect("public.test:443"))
        await reader.readuntil(b"\r\n\r\n")
        before, until = -1, time.monotonic() + 20
        while before != sent and time.monotonic() < until:
            before = sent
            await asyncio.sleep(0.3)
        assert sent < 64 << 20  # what the sockets of the kernel hold
        writer.close()


async def test_an_idle_tunnel_ends(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(egress_module, "IDLE_SECONDS", 0.3)
    far = Far()
    far.answer = b"echo"
    async with proxy(["*"], far) as (_, port):
        reader, writer = await asyncio.open_connection("127.0.0.1", port)
        writer.write(connect("public.test:443"))
        async with asyncio.timeout(10):
            assert (await reader.read()).endswith(b"echo")
        writer.close()


async def test_a_client_that_goes_away_ends_its_tunnel() -> None:
    far = Far()
    far.answer = b"echo"
    ended = asyncio.Event()

    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.read()
        ended.set()
        writer.close()

    far.serve = serve  # type: ignore[method-assign]
    async with proxy(["*"], far) as (_, port):
        reader, writer = await asyncio.open_connection("127.0.0.1", port)
        writer.write(connect("public.test:443"))
        await reader.readuntil(b"\r\n\r\n")
        writer.transport.abort()
        async with asyncio.timeout(10):
            await ended.wait()


async def test_the_hosts_own_model_api_is_served_as_the_user() -> None:
    asked: list[tuple[str, bytes]] = []

    async def internal(uid: str, head: bytes, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        asked.append((uid, head))
        writer.write(b"HTTP/1.1 204 No Content\r\n\r\n")

    far = Far()
    async with proxy([], far, internal=internal) as (_, port):
        assert b" 204 " in await ask(port, b"GET http://roost.internal/v1/models HTTP/1.1\r\nX: 1\r\n\r\n")
        assert b" 403 " in await ask(port, connect("roost.internal:443"))
    assert asked == [("alice", b"GET /v1/models HTTP/1.1\r\nHost: roost.internal\r\nX: 1\r\nConnection: close\r\n\r\n")]
    async with proxy([], far) as (_, port):
        assert b" 503 " in await ask(port, b"GET http://roost.internal/v1/models HTTP/1.1\r\n\r\n")
    assert far.resolved == []


async def test_names_are_looked_up_in_threads_of_their_own() -> None:
    made = Egress(["*"])
    assert await made._look_up("127.0.0.1", 80) == ["127.0.0.1"]
    assert set(await made._look_up("localhost", 80)) <= {"127.0.0.1", "::1"}
    made.close()


def test_the_machines_own_addresses_are_known() -> None:
    assert is_own_address("127.0.0.1")
    assert not is_own_address("192.0.2.1")  # a documentation address; nothing is sent by asking


# -- from inside a sandbox


needs_bubblewrap = pytest.mark.skipif(not HAS_BUBBLEWRAP, reason=NO_BUBBLEWRAP)


@asynccontextmanager
async def behind_proxy(allow: list[str], far: Far) -> AsyncIterator[Sandbox]:
    server = await asyncio.start_server(far.serve, "127.0.0.1", 0)
    far.port = server.sockets[0].getsockname()[1]
    gate = Egress(allow, resolve=far.resolve, dial=far.dial, is_own=lambda address: False)
    with folder() as data:
        async with sandbox(data, network="proxy", gate=gate) as alice:
            yield alice
    server.close()
    gate.close()


FETCH = "import urllib.request as r; print(r.urlopen('{}', timeout=20).read().decode())"


@needs_bubblewrap
async def test_programs_find_their_way_out_and_only_to_what_is_listed() -> None:
    far = Far()
    async with behind_proxy(["public.test"], far) as alice:
        assert (await alice.run(["python3", "-c", FETCH.format("http://public.test/x")])).output == b"hello\n"
        refused = await alice.run(["python3", "-c", FETCH.format("http://inside.test/x")])
        assert b"403" in refused.output
    assert far.dialled == [("93.184.216.34", 80)]


@needs_bubblewrap
async def test_around_the_proxy_there_is_no_way() -> None:
    far = Far()
    async with behind_proxy(["*"], far) as alice:
        script = (
            "import socket\n"
            f"for address in (('127.0.0.1', {far.port}), ('93.184.216.34', 80), ('192.0.2.1', 80)):\n"
            "    try: socket.create_connection(address, 3); print('open', address)\n"
            "    except OSError: pass\n"
            "try: print(socket.getaddrinfo('public.test', 80))\n"
            "except OSError: pass\n"
        )
        assert (await alice.run(["python3", "-c", script], timeout=30)).output == b""
    assert far.dialled == []


@needs_bubblewrap
async def test_ssh_and_git_over_ssh_go_through_the_proxy() -> None:
    far = Far()
    far.answer = b"SSH-2.0-canary\r\n"
    async with behind_proxy(["public.test"], far) as alice:
        if await output(alice, "command -v ssh git | wc -l") != "2":
            pytest.skip("ssh or git is not installed")
        await alice.run(["ssh", "-o", "StrictHostKeyChecking=no", "git@public.test", "true"], timeout=20)
        assert far.dialled == [("93.184.216.34", 22)]
        await alice.run(["git", "ls-remote", "ssh://git@public.test/x"], env={"GIT_TERMINAL_PROMPT": "0"}, timeout=20)
        assert far.dialled == [("93.184.216.34", 22)] * 2
        refused = await alice.run(["ssh", "git@inside.test", "true"], timeout=20)
        assert b"terminals.egress_allow" in refused.output
    assert len(far.dialled) == 2


@needs_bubblewrap
@pytest.mark.parametrize(
    ("tool", "command"),
    [
        ("git", "git ls-remote https://public.test/x.git"),
        ("curl", "curl -sS https://public.test/"),
        ("pip", "python3 -m pip download --no-cache-dir --retries 0 -i https://public.test/simple x"),
        ("npm", "npm view x --registry=https://public.test/ --fetch-retries=0"),
        ("node", "node -e 'require(`https`)' ; npm ping --registry=https://public.test/ --fetch-retries=0"),
    ],
)
async def test_tools_ask_the_proxy_by_themselves(tool: str, command: str) -> None:
    """The far side is no TLS server, so each fails in the end; but it came by the way that was meant."""
    far = Far()
    far.answer = b"not tls"
    async with behind_proxy(["public.test"], far) as alice:
        program = "python3 -m pip --version" if tool == "pip" else f"command -v {tool}"
        if (await alice.run(["bash", "-c", program])).exit_code:
            pytest.skip(f"{tool} is not installed")
        await alice.run(["bash", "-c", command], timeout=40)
    assert ("93.184.216.34", 443) in far.dialled


@needs_bubblewrap
async def test_users_have_ports_of_their_own_and_the_host_can_reach_them() -> None:
    serve = (
        "import socket, sys\n"
        "family = socket.AF_INET6 if ':' in sys.argv[1] else socket.AF_INET\n"
        "listener = socket.create_server((sys.argv[1], 8000), family=family)\n"
        "print('up', flush=True)\n"
        "while True: client, _ = listener.accept(); client.send(sys.argv[2].encode()); client.close()\n"
    )
    with folder() as data:
        async with sandbox(data, "alice") as alice, sandbox(data, "bob") as bob:
            for user, address in ((alice, "127.0.0.1"), (bob, "::1")):
                process = await user.start(["python3", "-c", serve, address, user.world.uid])
                assert await process.stdout.readline() == b"up\n"
                for _ in range(10):
                    assert await said(user, 8000) == user.world.uid
                process.close()
            with pytest.raises(ConnectionRefusedError):
                await alice.connect(8001)


async def said(sandbox: Sandbox, port: int) -> str:
    reader, writer = await asyncio.open_connection(sock=await sandbox.connect(port))
    answer = await reader.read()
    writer.close()
    return answer.decode()
