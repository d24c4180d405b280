"""HTTP as strangers, browsers and scripts meet it: documents, problems, CORS, files of any size, events, settings."""

from __future__ import annotations

import asyncio
import json
import signal
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import pytest

from tests.client import Process, connect, running
from tests.raw import Answer, Socket, exchange, fetch, handshake, parsed

pytestmark = pytest.mark.anyio

OPEN = ("/healthz", "/readyz", "/api/health", "/metrics", "/openapi.json", "/docs")
OWN = ("/api/v1/files?path=/workspace/a", "/api/v1/events", "/api/v1/config")


def problem(answer: Answer, *status: int) -> dict[str, Any]:
    """The problem document that this answer is."""
    assert answer.status in status, answer
    assert answer.kind == "application/problem+json", answer
    document: dict[str, Any] = answer.json()
    assert document["status"] == answer.status
    assert document["title"]
    assert len(document["detail"]) > 5
    assert "Traceback" not in document["detail"]
    assert "/users/" not in document["detail"]
    return document


# -- what anybody may read


async def test_health_says_alive_ready_and_what_works(base: str) -> None:
    assert (await fetch(base, "/healthz")).status == 200
    assert (await fetch(base, "/readyz")).status == 200
    health = (await fetch(base, "/api/health")).json()
    assert health["status"] == "ok"
    assert "database" in health["services"]


async def test_metrics_count_without_naming_anybody(base: str, alice: str) -> None:
    async with connect(base, alice) as client:
        await client.call("session.open")
        answer = await fetch(base, "/metrics")
    assert answer.kind == "text/plain"
    lines = answer.body.decode().splitlines()
    names = {line.split("{")[0].split()[0] for line in lines if line and not line.startswith("#")}
    assert "roost_connections" in names
    assert all(name.startswith("roost_") for name in names)
    assert alice not in answer.body.decode()
    assert "uid" not in answer.body.decode()


def references(value: Any) -> set[str]:
    """Every `$ref` in a document."""
    if isinstance(value, list):
        return {one for part in value for one in references(part)}
    if not isinstance(value, dict):
        return set()
    own = {value["$ref"]} if isinstance(value.get("$ref"), str) else set()
    return own | {one for part in value.values() for one in references(part)}


async def test_the_openapi_document_is_whole_and_true(base: str, alice: str) -> None:
    document = (await fetch(base, "/openapi.json")).json()
    assert document["openapi"].startswith("3.1")
    assert {"/healthz", "/api/health", "/metrics", "/login", "/api/v1/files", "/api/v1/events"} <= set(
        document["paths"]
    )
    for reference in references(document):
        found: Any = document
        for part in reference.removeprefix("#/").split("/"):
            found = found[part.replace("~1", "/").replace("~0", "~")]
    seen = set()
    for path, item in document["paths"].items():
        for verb, operation in item.items():
            if verb not in ("get", "put", "post", "delete", "patch", "head"):
                continue
            assert operation["operationId"] not in seen
            seen.add(operation["operationId"])
            assert operation["responses"]
            declared = {one["name"] for one in operation.get("parameters", []) if one["in"] == "path"}
            assert declared == {part[1:-1] for part in path.split("/") if part.startswith("{")}
            if "{" not in path and "events" not in path:
                answer = await fetch(base, f"{path}?uid={alice}", verb.upper())
                assert answer.status not in (404, 405) or "files" in path, (verb, path)


async def test_the_page_of_documents_runs_no_script_and_loads_nothing_from_elsewhere(base: str) -> None:
    page = await fetch(base, "/docs")
    assert page.kind == "text/html"
    assert b'src="http' not in page.body
    assert "content-security-policy" in page.headers
    assert page.headers["x-content-type-options"] == "nosniff"


# -- problems


@pytest.mark.parametrize("method", ["POST", "PUT", "DELETE", "PATCH", "TRACE", "BREW", "CONNECT", "get"])
async def test_a_wrong_method_is_a_405_that_names_the_right_ones(base: str, method: str) -> None:
    for target in ("/healthz", "/openapi.json"):
        answer = await fetch(base, target, method)
        problem(answer, *((400,) if method in ("BREW", "get") else (405,)))  # no such method is in HTTP at all
        assert answer.status == 400 or "GET" in answer.headers["allow"]


@pytest.mark.parametrize("method", ["GET", "POST", "PUT", "DELETE", "PATCH", "OPTIONS"])
async def test_a_path_that_is_not_there_is_a_404(base: str, alice: str, method: str) -> None:
    for path in (
        "/nope",
        "/api",
        "/api/v1",
        "/api/v1/nope",
        "/healthz/",
        "//healthz",
        "/HEALTHZ",
        "/api/v1/files/x",
        "/%00",
        "/..%2fetc",
    ):
        problem(await fetch(base, f"{path}?uid={alice}", method), 404, *((405,) if method == "OPTIONS" else ()))


async def test_odd_targets_are_refused_and_the_host_lives(base: str) -> None:
    for target in (
        "/../../etc/passwd",
        "/%2e%2e/%2e%2e/etc/passwd",
        "/static/../../etc/passwd",
        "/\\..\\x",
        "*",
        "http://evil/healthz",
        "/a\x7fb",
        "/" + "a" * 30_000,
    ):
        answer = await fetch(base, target)
        assert answer.status in (0, 400, 403, 404, 414, 431) or target == "http://evil/healthz", (target, answer)
        assert b"root:" not in answer.body
    assert (await fetch(base, "/healthz")).status == 200


@pytest.mark.parametrize(
    ("change", "statuses"),
    [
        ({"content_type": "text/plain", "body": b"{}"}, (415,)),
        ({"content_type": "application/xml", "body": b"<a/>"}, (415,)),
        ({"content_type": "application/json", "body": b"{"}, (400, 422)),
        ({"content_type": "application/json", "body": b"[]"}, (400, 422)),
        ({"content_type": "application/json", "body": b"null"}, (400, 422)),
        ({"content_type": "application/json", "body": b'{"nope": 1}'}, (422,)),
        ({"content_type": "application/json", "body": b'{"user": 1}'}, (422,)),
        ({"content_type": "application/json", "body": b'{"user": {"a.b": NaN}}'}, (400, 422)),
        ({"content_type": "application/json", "body": b"\xff\xfe"}, (400, 422)),
        ({"content_type": "application/json", "body": b"[" * 100_000}, (400, 413, 422)),
        ({"content_type": "application/json", "body": b'{"user": {"a.b": "' + b"x" * 12_000_000 + b'"}}'}, (413,)),
    ],
)
async def test_a_bad_body_is_a_problem_that_names_what_is_wrong(
    base: str, alice: str, change: dict[str, Any], statuses: tuple[int, ...]
) -> None:
    before = (await fetch(base, f"/api/v1/config?uid={alice}")).json()
    problem(await fetch(base, f"/api/v1/config?uid={alice}", "PUT", **change), *statuses)
    assert (await fetch(base, f"/api/v1/config?uid={alice}")).json() == before


@pytest.mark.parametrize("kind", ["headers", "a header", "a target", "trailers", "a chunk's extension", "blank lines"])
async def test_a_head_without_end_is_refused_before_it_fills_the_memory(
    process: Process, alice: str, kind: str
) -> None:
    place = urlsplit(process.base)
    host = f"Host: {place.netloc}\r\n"
    get = f"GET /healthz HTTP/1.1\r\n{host}"
    put = f"PUT /api/v1/files?uid={alice}&path=/workspace/a HTTP/1.1\r\n{host}Transfer-Encoding: chunked\r\n\r\n"
    begin, more = {
        "headers": (get, f"X: {'a' * 500}\r\n" * 2_000),
        "a header": (f"{get}X: ", "a" * 1_000_000),
        "a target": ("GET /", "a" * 1_000_000),
        "trailers": (f"{put}0\r\n", f"X: {'a' * 500}\r\n" * 2_000),
        "a chunk's extension": (f"{put}5;", "a" * 1_000_000),
        "blank lines": ("", "\r\n" * 500_000),
    }[kind]
    before = resident(process)
    _, writer = await asyncio.open_connection(place.hostname, place.port)
    writer.write(begin.encode())
    with pytest.raises(ConnectionError):
        for _ in range(60):
            writer.write(more.encode())
            await asyncio.wait_for(writer.drain(), 10)
            await asyncio.sleep(0)
    writer.transport.abort()
    assert resident(process) - before < 16_000_000
    assert (await fetch(process.base, "/healthz")).status == 200


async def test_a_head_over_64_kib_is_a_431_and_one_below_is_served(base: str) -> None:
    problem(await fetch(base, "/healthz", X_Much="a" * 70_000), 431)
    problem(await fetch(base, f"/healthz?{'a' * 70_000}"), 431)
    assert (await fetch(base, "/healthz", X_Much="a" * 30_000)).status == 200


async def test_what_is_no_http_is_refused_and_the_host_lives(base: str) -> None:
    place = f"Host: {urlsplit(base).netloc}\r\n"
    for raw in (
        "\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03",
        "GET\r\n\r\n",
        "GET /healthz HTTP/9.9\r\n\r\n",
        f"GET /healthz HTTP/1.1\r\n{place}Content-Length: -1\r\n\r\n",
        f"GET /healthz HTTP/1.1\r\n{place}Content-Length: x\r\n\r\n",
        f"PUT /api/v1/config HTTP/1.1\r\n{place}Content-Length: 2\r\nContent-Length: 3\r\n\r\n{{}}",
        f"PUT /api/v1/config HTTP/1.1\r\n{place}Transfer-Encoding: chunked\r\n\r\nzz\r\n",
        f"GET /healthz HTTP/1.1\r\n{place}X: a\x00b\r\nConnection: close\r\n\r\n",
        f"GET /health z HTTP/1.1\r\n{place}\r\n",
        "\r\n" * 1_000 + "x\r\n\r\n",
    ):
        answer = parsed(await exchange(base, raw.encode("latin-1")))
        assert answer.status in (0, 400, 403, 404, 405, 411, 413, 415, 505), (raw, answer)
    assert (await fetch(base, "/healthz")).status == 200


async def test_a_smuggled_second_request_is_not_served(base: str, alice: str) -> None:
    place = urlsplit(base)
    outer, inner = (
        f"PUT /api/v1/files?uid={alice}&path=/workspace/{name} HTTP/1.1\r\nHost: {place.netloc}\r\nContent-Length: "
        for name in ("outer", "smuggled")
    )
    raw = f"{outer}5\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n{inner}1\r\n\r\nx"
    reader, writer = await asyncio.open_connection(place.hostname, place.port)
    writer.write(raw.encode())
    await asyncio.wait_for(reader.read(65_536), 10)
    writer.close()
    assert (await fetch(base, f"/api/v1/files?uid={alice}&path=/workspace/smuggled")).status == 404


# -- where from


BAD_HOSTS = [
    "",
    "evil.example",
    "127.0.0.1.evil.example",
    "localhost.evil",
    "127.0.0.1@evil",
    "evil:80",
    "127.0.0.1:x",
    "127.0.0.1:99999",
    "[::1",
    "0.0.0.0",
    "2130706433",
    "0x7f.1",
    "127.1",
    "localhost/x",
    "localhost#x",
    "localhost, evil",
    "a b",
    "\xe9",
    "xn--",
    "[::1]]",
    "localhost\x00",
]


@pytest.mark.parametrize("host", BAD_HOSTS)
async def test_a_host_that_is_not_this_ones_is_refused_everywhere(base: str, alice: str, host: str) -> None:
    for target in ("/healthz", f"/api/v1/config?uid={alice}", "/nope", "/metrics"):
        answer = await fetch(base, target, host=host)
        assert answer.status in (400, 403), (target, answer)
    answer = parsed(await exchange(base, handshake(base, f"/ws?uid={alice}", host=host)))
    assert answer.status in (400, 403), answer


async def test_host_must_be_there_once(base: str) -> None:
    place = urlsplit(base).netloc
    for lines in (
        "",
        f"Host: {place}\r\nHost: {place}\r\n",
        f"Host: {place}\r\nHost: evil\r\n",
        f"Host: evil\r\nHost: {place}\r\n",
    ):
        for version in ("1.1", "1.0"):
            raw = f"GET /healthz HTTP/{version}\r\n{lines}Connection: close\r\n\r\n".encode()
            assert parsed(await exchange(base, raw)).status in (400, 403), (lines, version)


async def test_a_forwarded_host_from_nobodys_proxy_is_not_believed(base: str, alice: str) -> None:
    answer = await fetch(base, "/healthz", host="evil.example", X_Forwarded_Host=urlsplit(base).netloc)
    assert answer.status == 403
    sent = {"X_Forwarded_Host": "evil.example", "X_Forwarded_Proto": "https", "Forwarded": "host=evil.example"}
    answer = await fetch(base, f"/api/v1/config?uid={alice}", Origin="https://evil.example", **sent)
    assert answer.status == 403


BAD_ORIGINS = [
    "http://evil.example",
    "null",
    "",
    "*",
    "file://",
    "http://127.0.0.1",
    "http://localhost:1",
    "https://{}",
    "http://{}.evil.example",
    "http://{}/",
    "http://{}:80",
    "http://evil@{}",
    "HTTP://evil/{}",
    "http://{} http://evil",
    "javascript:alert(1)",
    "http://[::1]:1",
    "//{}",
]


@pytest.mark.parametrize("origin", BAD_ORIGINS)
async def test_a_page_of_another_origin_is_refused(base: str, alice: str, origin: str) -> None:
    sent = origin.format(urlsplit(base).netloc)
    for method, target in (
        ("GET", f"/api/v1/config?uid={alice}"),
        ("PUT", f"/api/v1/files?uid={alice}&path=/workspace/a"),
    ):
        answer = await fetch(base, target, method, Origin=sent)
        problem(answer, 403)
        assert "access-control-allow-origin" not in answer.headers
    answer = parsed(await exchange(base, handshake(base, f"/ws?uid={alice}", f"Origin: {sent}")))
    assert answer.status == 403
    preflight = await fetch(
        base, f"/api/v1/config?uid={alice}", "OPTIONS", Origin=sent, Access_Control_Request_Method="PUT"
    )
    assert preflight.status == 403
    assert "access-control-allow-origin" not in preflight.headers


async def test_the_hosts_own_page_is_welcome(base: str, alice: str) -> None:
    assert (await fetch(base, f"/api/v1/config?uid={alice}", Origin=base)).status == 200
    socket = await Socket.open(base, f"/ws?uid={alice}", f"Origin: {base}")
    socket.send({"jsonrpc": "2.0", "id": 1, "method": "session.ping", "params": {}, "uid": alice})
    assert json.loads((await socket.receive())[1])["result"]
    socket.drop()


async def test_cors_lets_in_whom_the_config_names_and_star_never_with_credentials(tmp_path: Path) -> None:
    named, star = {"ROOST_SERVER__CORS__ENABLED": "true"}, {"ROOST_SERVER__CORS__ENABLED": "true"}
    named["ROOST_SERVER__CORS__ORIGINS"] = '["https://app.example"]'
    star["ROOST_SERVER__CORS__ORIGINS"] = '["*"]'
    asks = {"Access_Control_Request_Method": "PUT", "Access_Control_Request_Headers": "content-type"}
    target = "/api/v1/config?uid=ada"
    with running(tmp_path / "named", **named) as host:
        preflight = await fetch(host.base, target, "OPTIONS", Origin="https://app.example", **asks)
        assert preflight.status in (200, 204)
        assert preflight.headers["access-control-allow-origin"] == "https://app.example"
        assert "PUT" in preflight.headers["access-control-allow-methods"]
        answer = await fetch(host.base, target, Origin="https://app.example")
        assert answer.headers["access-control-allow-origin"] == "https://app.example"
        assert "origin" in answer.headers["vary"].lower()
        for origin in ("https://evil.example", "https://app.example.evil", "http://app.example", "null"):
            for method, more in (("OPTIONS", asks), ("GET", {})):
                refused = await fetch(host.base, target, method, Origin=origin, **more)
                assert refused.status == 403
                assert "access-control-allow-origin" not in refused.headers
    with running(tmp_path / "star", **star) as host:
        for method, more in (("OPTIONS", asks), ("GET", {})):
            answer = await fetch(host.base, "/healthz", method, Origin="https://anybody.example", **more)
            assert answer.headers.get("access-control-allow-origin", "*") == "*"
            assert "access-control-allow-credentials" not in answer.headers
        socket = parsed(
            await exchange(host.base, handshake(host.base, "/ws?uid=ada", "Origin: https://anybody.example"))
        )
        assert socket.status == 403


# -- files


def resident(host: Process) -> int:
    """Bytes of memory that the host has now."""
    return int(Path(f"/proc/{host.process.pid}/statm").read_text().split()[1]) * 4096


def highest(host: Process) -> int:
    """The most memory that the host ever had, in bytes."""
    text = Path(f"/proc/{host.process.pid}/status").read_text()
    return int(text.partition("VmHWM:")[2].split()[0]) * 1024


async def test_fifty_megabytes_go_in_and_out_with_flat_memory(process: Process, alice: str) -> None:
    base, size, block = process.base, 50_000_000, bytes(range(250)) * 4_000
    target = f"/api/v1/files?uid={alice}&path=/workspace/deep/big.bin"
    await fetch(base, f"/api/v1/files?uid={alice}&path=/workspace/small", "PUT", block)
    before = resident(process)
    place = urlsplit(base)
    reader, writer = await asyncio.open_connection(place.hostname, place.port)
    head = f"PUT {target} HTTP/1.1\r\nHost: {place.netloc}\r\nContent-Length: {size}\r\nConnection: close\r\n\r\n"
    writer.write(head.encode())
    for _ in range(size // len(block)):
        writer.write(block)
        await writer.drain()
    assert parsed(await asyncio.wait_for(reader.read(-1), 30)).status in (200, 201, 204)
    writer.close()
    reader, writer = await asyncio.open_connection(place.hostname, place.port)
    writer.write(f"GET {target} HTTP/1.1\r\nHost: {place.netloc}\r\nConnection: close\r\n\r\n".encode())
    answer = parsed(await asyncio.wait_for(reader.readuntil(b"\r\n\r\n"), 10))
    assert answer.status == 200
    assert answer.headers["content-length"] == str(size)
    for _ in range(size // len(block)):
        assert await asyncio.wait_for(reader.readexactly(len(block)), 20) == block
    assert await reader.read(-1) == b""
    writer.close()
    assert highest(process) - before < 45_000_000


async def test_a_put_that_is_cut_off_leaves_the_old_file_and_no_other(process: Process, alice: str) -> None:
    target = f"/api/v1/files?uid={alice}&path=/workspace/a.txt"
    assert (await fetch(process.base, target, "PUT", b"the old one")).status in (200, 201, 204)
    place = urlsplit(process.base)
    for body in (
        "Content-Length: 1000000\r\n\r\n" + "x" * 500_000,
        "Transfer-Encoding: chunked\r\n\r\n5\r\nxxxxx\r\n7\r\nyy",
    ):
        _, writer = await asyncio.open_connection(place.hostname, place.port)
        writer.write(f"PUT {target} HTTP/1.1\r\nHost: {place.netloc}\r\n{body}".encode())
        await writer.drain()
        async with connect(process.base, alice) as client:
            assert (await client.call("workspace.fs.readFile", uri="/workspace/a.txt"))["content"] == "the old one"
        writer.transport.abort()
    async with asyncio.timeout(10), connect(process.base, alice) as client:
        folder = process.log.with_suffix("") / "users" / alice
        while [one for one in folder.rglob("*") if one.is_file() and one.stat().st_size in (500_000, 7, 5)]:  # noqa: ASYNC110
            await asyncio.sleep(0.05)
        assert (await client.call("workspace.fs.readFile", uri="/workspace/a.txt"))["content"] == "the old one"
        assert await client.call("workspace.fs.readDirectory", uri="/workspace") == [["a.txt", 1]]


@pytest.mark.parametrize(
    ("path", "status"),
    [
        ("", (400, 422)),
        ("relative", (400, 422)),
        ("/workspace", (409,)),
        ("/workspace/missing", (404,)),
        ("/missing", (404,)),
        ("/workspace/a%00b", (400, 422)),
        ("/workspace/" + "x" * 256, (400, 422)),
        ("/workspace/" + "x/" * 5_000, (400, 404, 409, 414, 422)),
        ("http://evil/a", (400, 422)),
        ("file://evil/a", (400, 422)),
        ("/workspace/%ff", (400, 404, 422)),
        ("%2Fetc%2Fpasswd", (404,)),
        ("/../../../../etc/passwd", (404,)),
        ("/etc/passwd", (404,)),
        ("/proc/self/environ", (404,)),
        ("/workspace/a&path=/workspace/b", (400, 422)),
        ("/workspace/a&x=1", (400, 422)),
    ],
)
async def test_a_path_that_is_no_file_of_ones_own_is_a_problem(
    base: str, alice: str, path: str, status: tuple[int, ...]
) -> None:
    problem(await fetch(base, f"/api/v1/files?uid={alice}&path={path}"), *status)


async def test_a_file_is_served_as_bytes_that_no_browser_runs(base: str, alice: str) -> None:
    target = f"/api/v1/files?uid={alice}&path=/workspace/page.html"
    await fetch(base, target, "PUT", b"<script>alert(1)</script>")
    answer = await fetch(base, target)
    assert answer.body == b"<script>alert(1)</script>"
    assert answer.headers["x-content-type-options"] == "nosniff"
    assert "content-security-policy" in answer.headers
    assert answer.kind != "text/html" or "attachment" in answer.headers.get("content-disposition", "")
    head = await fetch(base, target, "HEAD")
    assert head.status == 200
    assert head.body == b""
    assert head.headers.get("content-length") == "25"


async def test_names_of_all_sorts_come_back_as_they_were_written(base: str, alice: str) -> None:
    names = [
        "a b",
        "%20",
        "%2e%2e",
        "ü",
        "日本",
        "a+b",
        "a&b=c",
        "~",
        "$HOME",
        "*",
        "a\\b",
        '"',
        "\r\nSet-Cookie: x=1",
        "\u202e",
        "'",
    ]
    from urllib.parse import quote

    for name in names:
        target = f"/api/v1/files?uid={alice}&path={quote('/workspace/' + name, safe='')}"
        assert (await fetch(base, target, "PUT", name.encode())).status in (200, 201, 204), name
        answer = await fetch(base, target)
        assert answer.body == name.encode(), name
        assert "set-cookie" not in answer.headers
    async with connect(base, alice) as client:
        assert {one[0] for one in await client.call("workspace.fs.readDirectory", uri="/workspace")} == set(names)


async def test_ranges_are_sane_whole_or_right(base: str, alice: str) -> None:
    target = f"/api/v1/files?uid={alice}&path=/workspace/a"
    await fetch(base, target, "PUT", bytes(range(100)))
    for asked, part in (("bytes=0-9", slice(0, 10)), ("bytes=-5", slice(95, 100)), ("bytes=90-", slice(90, 100))):
        answer = await fetch(base, target, Range=asked)
        assert answer.body == (bytes(range(100))[part] if answer.status == 206 else bytes(range(100))), asked
    for asked in (
        "bytes=200-300",
        "bytes=5-1",
        "bytes=x",
        "lines=1-2",
        "bytes=" + ",".join(["0-"] * 3_000),
        "bytes=-0",
    ):
        answer = await fetch(base, target, Range=asked)
        assert answer.status in (200, 400, 416), asked
        assert len(answer.body) < 1_000


async def test_unknown_and_doubled_query_parameters_are_refused(base: str, alice: str) -> None:
    for target in OWN:
        sep = "&" if "?" in target else "?"
        problem(await fetch(base, f"{target}{sep}uid={alice}&uid={alice}"), 400, 422)
        problem(await fetch(base, f"{target}{sep}uid={alice}&nope=1"), 400, 422)
        problem(await fetch(base, f"{target}{sep}UID={alice}"), 400, 401)
        problem(await fetch(base, target), 400, 401)
        for bad in ("..", "a/b", "%00", "%ff", "a%20", "%C3%A9", "a" * 129, "-a", ".a"):
            problem(await fetch(base, f"{target}{sep}uid={bad}"), 400)


# -- settings


async def test_settings_are_the_callers_own_and_secrets_never_show(base: str, alice: str, bob: str) -> None:
    mine, theirs = f"/api/v1/config?uid={alice}", f"/api/v1/config?uid={bob}"
    answer = await fetch(base, mine, "PUT", {"user": {"editor.tabSize": 3, "acme.apiKey": "canary-4711"}})
    assert answer.status in (200, 204), answer
    shown = await fetch(base, mine)
    assert shown.json()["user"]["editor.tabSize"] == 3
    assert shown.json()["user"]["acme.apiKey"] == "***"
    assert b"canary" not in shown.body + answer.body
    assert (await fetch(base, theirs)).json()["user"] == {}
    assert (await fetch(base, mine, "PUT", {"user": shown.json()["user"]})).status == 200
    assert (await fetch(base, mine)).json()["user"] == {"editor.tabSize": 3, "acme.apiKey": "***"}
    assert (await fetch(base, mine, "PUT", {"user": {"acme.apiKey": None}})).json()["user"] == {"editor.tabSize": 3}


async def test_host_wide_values_are_not_a_users_to_set(base: str, alice: str) -> None:
    target = f"/api/v1/config?uid={alice}"
    for body in (
        {"server": {"port": 1}},
        {"host": {"server": {"port": 1}}},
        {"quotas": {"bytes": 1}},
        {"auth": {}},
        {"users": {}},
        {"security": {"file_access": {}}},
        {"storage": {"path": "/"}},
    ):
        problem(await fetch(base, target, "PUT", body), 403)
    assert (await fetch(base, target)).json()["quotas"]["bytes"] > 1


# -- events


@asynccontextmanager
async def listening(base: str, uid: str, **headers: str) -> AsyncIterator[asyncio.StreamReader]:
    """A user's event stream, after its headers."""
    place = urlsplit(base)
    reader, writer = await asyncio.open_connection(place.hostname, place.port, limit=1 << 20)
    lines = [f"GET /api/v1/events?uid={uid} HTTP/1.1", f"Host: {place.netloc}"]
    lines += [f"{name.replace('_', '-')}: {value}" for name, value in headers.items()]
    writer.write("\r\n".join([*lines, "", ""]).encode())
    try:
        head = parsed(await asyncio.wait_for(reader.readuntil(b"\r\n\r\n"), 10))
        assert head.status == 200, head
        assert head.kind == "text/event-stream"
        yield reader
    finally:
        writer.transport.abort()


async def next_event(reader: asyncio.StreamReader) -> dict[str, str]:
    """The fields of the next event that has an id."""
    fields: dict[str, str] = {}
    async with asyncio.timeout(20):
        while True:
            line = (await reader.readuntil(b"\n")).decode().rstrip("\r\n")
            name, colon, value = line.partition(":")
            if not line and "id" in fields:
                return fields
            if colon and name in ("id", "event", "data"):
                fields[name] = value.lstrip()


async def count(base: str, uid: str, times: int) -> None:
    """Post so many events as the user."""
    async with connect(base, uid) as client:
        await client.call("workspace.fs.writeFile", uri="/workspace/a", content="two words")
        for _ in range(times):
            await client.call("commands.executeCommand", command="hello.countWords", arguments=["a"])


async def test_server_sent_events_are_the_same_and_resume_by_their_id(base: str, alice: str, bob: str) -> None:
    async with listening(base, alice) as reader, listening(base, bob) as other:
        await count(base, alice, 5)
        events = [await next_event(reader) for _ in range(5)]
        assert [one["id"] for one in events] == ["1", "2", "3", "4", "5"]
        first = json.loads(events[0]["data"])
        assert (first["seq"], first["type"], first["data"]["words"]) == (1, "hello.counted", 2)
        with pytest.raises(TimeoutError):
            await asyncio.wait_for(next_event(other), 0.3)
    async with listening(base, alice, Last_Event_ID="3") as reader:
        assert [(await next_event(reader))["id"] for _ in range(2)] == ["4", "5"]
    for bad in ("x", "-1", "1.5", "", "9" * 40):
        place = f"/api/v1/events?uid={alice}"
        raw = f"GET {place} HTTP/1.1\r\nHost: {urlsplit(base).netloc}\r\nLast-Event-ID: {bad}\r\n\r\n".encode()
        parts = urlsplit(base)
        reader_, writer = await asyncio.open_connection(parts.hostname, parts.port)
        writer.write(raw)
        status = parsed(await asyncio.wait_for(reader_.readuntil(b"\r\n\r\n"), 10)).status
        assert status in (200, 400, 422), bad
        writer.transport.abort()


@pytest.mark.parametrize("how", [signal.SIGTERM, signal.SIGKILL])
async def test_an_event_stream_goes_on_after_a_restart_of_the_host(tmp_path: Path, how: signal.Signals) -> None:
    with running(tmp_path / "data") as host:
        async with listening(host.base, "ada") as reader:
            await count(host.base, "ada", 3)
            last = [await next_event(reader) for _ in range(3)][-1]["id"]
            await host.stop(how)
            assert b"Traceback" not in await asyncio.wait_for(reader.read(-1), 10)
    with running(tmp_path / "data") as host:
        async with listening(host.base, "ada", Last_Event_ID=last) as reader:
            await count(host.base, "ada", 1)
            assert int((await next_event(reader))["id"]) > int(last)


async def test_a_reader_of_events_that_stops_reading_costs_only_itself(process: Process, alice: str, bob: str) -> None:
    async with listening(process.base, alice), listening(process.base, bob) as reader:
        async with connect(process.base, alice) as client:
            before = resident(process)
            name = "a" * 200
            await client.call("workspace.fs.writeFile", uri=f"/workspace/{name}", content="x")
            run = {"command": "hello.countWords", "arguments": [name]}
            for _ in range(40):
                await asyncio.gather(*(client.ask("commands.executeCommand", run) for _ in range(100)))
            assert resident(process) - before < 45_000_000
        await count(process.base, bob, 1)
        assert (await next_event(reader))["id"] == "1"
