"""Hosts that take tokens: how one says who one is, until when, for whom else one may speak, and what never works."""

from __future__ import annotations

import asyncio
import base64
import json
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from cryptography.hazmat.primitives.asymmetric import ec, rsa
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat, PublicFormat

from tests.client import Client, Process, Refused, connect, running
from tests.raw import Answer, Socket, fetch
from tests.tokens import GUARDED, SECRET, bearer, token

pytestmark = pytest.mark.anyio


def read(key: str = "k") -> dict[str, Any]:
    return {"scope": "global", "key": key}


@pytest.fixture(scope="module")
def strict(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Process]:
    """A host that also asks for an audience and an issuer."""
    rules = {"ROOST_AUTH__JWT__AUDIENCE": "roost", "ROOST_AUTH__JWT__ISSUER": "https://id.example"}
    with running(tmp_path_factory.mktemp("strict") / "data", **GUARDED, **rules) as host:
        yield host


async def test_a_bearer_token_says_who_one_is_with_or_without_the_query(guarded: Process, alice: str) -> None:
    for query in ("", f"?uid={alice}"):
        async with connect(guarded.base, alice, query, additional_headers=bearer(alice)) as client:
            assert (await client.call("session.open"))["uid"] == alice
    async with connect(
        guarded.base, alice, "", additional_headers={"Authorization": f"bearer {token(alice)}"}
    ) as client:
        assert (await client.call("session.open"))["uid"] == alice


def b64(value: bytes | dict[str, Any]) -> str:
    return (
        base64.urlsafe_b64encode(value if isinstance(value, bytes) else json.dumps(value).encode())
        .rstrip(b"=")
        .decode()
    )


def bad_tokens(uid: str) -> dict[str, str]:
    """What must never be believed, by what is wrong with it."""
    good = token(uid)
    head, body, sign = good.split(".")
    now = int(time.time())
    claims = {"sub": uid, "exp": now + 600}
    return {
        "garbage": "x",
        "nearly empty": "..",
        "two parts": f"{head}.{body}",
        "four parts": f"{good}.{sign}",
        "no signature": f"{head}.{body}.",
        "a cut signature": good[:-3],
        "a changed body": f"{head}.{b64({**claims, 'scope': 'admin'})}.{sign}",
        "another key": token(uid, key="another-key-of-at-least-thirty-two-bytes"),
        "alg none": f"{b64({'alg': 'none', 'typ': 'JWT'})}.{b64(claims)}.",
        "alg None": f"{b64({'alg': 'None'})}.{b64(claims)}.",
        "alg nOnE, signed": f"{b64({'alg': 'nOnE'})}.{b64(claims)}.{sign}",
        "another algorithm": token(uid, key=SECRET * 2, algorithm="HS512"),
        "the secret under another algorithm": token(uid, algorithm="HS384", key=SECRET + "-" * 16),
        "expired": token(uid, seconds=-3600),
        "no exp": token(uid, exp=None),
        "an exp that is text": token(uid, exp="tomorrow"),
        "an exp that is true": token(uid, exp=True),
        "an exp without end": f"{head}.{b64(claims)[:-4]}.{sign}",
        "nbf to come": token(uid, nbf=now + 3600),
        "iat to come": token(uid, iat=now + 36_000),
        "no sub": token(uid, sub=None),
        "an empty sub": token(""),
        "a sub that is no uid": token(f"../{uid}"),
        "a sub with a blank": token(f"{uid} "),
        "an aud that nobody asked for": token(uid, aud="elsewhere"),
        "a list of aud": token(uid, aud=["a", "b"]),
        "crit": _with_header(uid, {"crit": ["exp"], "exp": 1}),
        "a jku": _with_header(uid, {"jku": "http://127.0.0.1:1/keys"}, key="x" * 40),
        "an embedded key": _with_header(uid, {"jwk": {"kty": "oct", "k": b64(b"x" * 40)}}, key="x" * 40),
        "a long one": good + "A" * 20_000,
        "not ascii": good[:-1] + "\xe9",
    }


def _with_header(uid: str, more: dict[str, Any], key: str = SECRET) -> str:
    import jwt

    return jwt.encode({"sub": uid, "exp": int(time.time()) + 600}, key, algorithm="HS256", headers=more)


async def test_no_bad_token_opens_anything(guarded: Process, alice: str) -> None:
    for what, bad in bad_tokens(alice).items():
        text = f"Bearer {bad}".encode().decode("latin-1")
        answer = await fetch(guarded.base, "/api/v1/config", Authorization=text)
        assert answer.status in (401, 431), (what, answer)
        if len(bad) < 10_000:
            assert answer.kind == "application/problem+json", what
            assert bad[-20:] not in answer.body.decode() or len(bad) < 10, what
        login = await fetch(guarded.base, "/login", "POST", {"token": bad})
        assert login.status in (401, 422), (what, login)
        assert "set-cookie" not in login.headers, what
    assert not (guarded.log.with_suffix("") / "users" / alice).exists()


async def test_bad_tokens_close_the_socket_with_4401(guarded: Process, alice: str) -> None:
    for what, bad in bad_tokens(alice).items():
        if len(bad) < 10_000 and bad.isascii():
            for headers in ({"Authorization": f"Bearer {bad}"}, {"Cookie": f"roost_session={bad}"}):
                async with connect(guarded.base, alice, "", additional_headers=headers) as client:
                    assert await client.closed() == 4401, what
        async with connect(guarded.base, alice, "") as client:
            answer = await client.ask("session.authenticate", {"token": bad})
            assert answer["error"]["code"] == -32002, what
            assert bad not in json.dumps(answer) or len(bad) < 10
            assert await client.closed() == 4401, what


async def test_a_first_message_can_say_who_one_is(guarded: Process, alice: str, bob: str) -> None:
    async with connect(guarded.base, alice, "") as client:
        for method in ("session.ping", "session.open", "state.get", "rpc.discover", "no.such"):
            assert (await client.ask(method, read() if method == "state.get" else {}))["error"]["code"] == -32002, (
                method
            )
        assert (await client.ask("session.authenticate", {"token": token(alice)})).get("error") is None
        assert (await client.call("session.open"))["uid"] == alice
        assert (await client.ask("session.ping", uid=bob))["error"]["code"] == -32003
    async with connect(guarded.base, alice, f"?uid={bob}") as client:
        answer = await client.ask("session.authenticate", {"token": token(alice)}, uid=alice)
        assert answer["error"]["code"] in (-32003, -32002)


async def test_who_does_not_say_within_ten_seconds_is_closed_with_4401(guarded: Process, alice: str) -> None:
    async with connect(guarded.base, None, "") as silent, connect(guarded.base, alice, "") as talker:
        began = time.monotonic()
        for _ in range(3):
            await talker.ask("session.ping")
        assert await silent.closed() == 4401
        assert await talker.closed() == 4401
        assert 8 < time.monotonic() - began < 13


async def test_a_connection_ends_with_its_token_by_4401(guarded: Process, alice: str) -> None:
    async with connect(guarded.base, alice, "", additional_headers=bearer(alice, seconds=2)) as client:
        await client.call("session.open")
        assert await client.closed() == 4401


async def test_a_new_token_on_an_open_connection_lengthens_it(guarded: Process, alice: str, bob: str) -> None:
    async with connect(guarded.base, alice, "", additional_headers=bearer(alice, seconds=2)) as client:
        await client.call("session.open")
        with pytest.raises(Refused) as caught:
            await client.call("session.authenticate", token=token(bob))
        assert caught.value.code == -32003
        with pytest.raises(Refused):
            await client.call("session.authenticate", token=token(alice, seconds=-60))
        await client.call("session.authenticate", token=token(alice, seconds=600))
        await asyncio.sleep(3)
        assert (await client.ask("session.ping"))["result"]
        await client.call("session.authenticate", token=token(alice, seconds=1))
        assert await client.closed() == 4401


async def test_a_cookie_from_login_works_until_logout_and_no_script_sees_it(guarded: Process, alice: str) -> None:
    login = await fetch(guarded.base, "/login", "POST", {"token": token(alice)})
    assert login.status in (200, 204), login
    cookie = login.headers["set-cookie"]
    name, value = cookie.partition(";")[0].split("=", 1)
    assert name == "roost_session"
    rules = cookie.lower()
    assert "httponly" in rules
    assert "samesite=strict" in rules or "samesite=lax" in rules
    assert "path=/" in rules
    assert "domain=" not in rules
    sent = {"Cookie": f"{name}={value}"}
    assert (await fetch(guarded.base, "/api/v1/config", **sent)).status == 200
    async with connect(guarded.base, alice, "", additional_headers={**sent, "Origin": guarded.base}) as client:
        assert (await client.call("session.open"))["uid"] == alice
    logout = await fetch(guarded.base, "/logout", "POST", b"", **sent, Origin=guarded.base)
    assert logout.status in (200, 204), logout
    ended = logout.headers["set-cookie"].lower()
    assert "roost_session=" in ended
    assert "max-age=0" in ended or "expires=thu, 01 jan 1970" in ended


@pytest.mark.parametrize(
    "origin", ["http://evil.example", "null", "http://127.0.0.1", "https://127.0.0.1:1", "file://"]
)
async def test_a_page_of_another_origin_gets_nothing_with_the_cookie(guarded: Process, alice: str, origin: str) -> None:
    sent = {"Cookie": f"roost_session={token(alice)}", "Origin": origin}
    for method, target in (
        ("GET", "/api/v1/config"),
        ("PUT", "/api/v1/config"),
        ("POST", "/logout"),
        ("POST", "/login"),
    ):
        answer = await fetch(guarded.base, target, method, b"{}" if method != "GET" else b"", **sent)
        assert answer.status == 403, (method, target)
        assert answer.kind == "application/problem+json"
        assert "access-control-allow-origin" not in answer.headers


@pytest.mark.parametrize(
    ("kind", "body", "status"),
    [
        ("application/json", b"", (400, 422)),
        ("application/json", b"{", (400, 422)),
        ("application/json", b"[]", (400, 422)),
        ("application/json", b"{}", (400, 422)),
        ("application/json", b'{"token": 7}', (400, 422)),
        ("application/json", b'{"token": null}', (400, 422)),
        ("application/json", b'{"token": "x", "more": 1}', (400, 401, 422)),
        ("application/json", b"[" * 50_000, (400, 413, 422)),
        ("application/json", b'{"token": "' + b"x" * 3_000_000 + b'"}', (413,)),
        ("text/plain", b'{"token": "x"}', (415,)),
        ("application/x-www-form-urlencoded", b"token=x", (415,)),
    ],
)
async def test_a_login_that_is_not_one_is_a_problem_document(
    guarded: Process, kind: str, body: bytes, status: tuple[int, ...]
) -> None:
    answer = await fetch(guarded.base, "/login", "POST", body, content_type=kind)
    assert answer.status in status, answer
    assert answer.kind == "application/problem+json"
    assert answer.json()["status"] == answer.status


async def test_aud_and_iss_must_match_where_they_are_configured(strict: Process, alice: str) -> None:
    good = {"aud": "roost", "iss": "https://id.example"}
    wrong = [
        {},
        {"aud": "roost"},
        {"iss": "https://id.example"},
        {**good, "aud": "Roost"},
        {**good, "aud": []},
        {**good, "aud": ["elsewhere"]},
        {**good, "iss": "https://id.example/"},
        {**good, "iss": ["https://id.example"]},
        {**good, "aud": {"roost": 1}},
    ]
    for claims in (good, {**good, "aud": ["elsewhere", "roost"]}):
        assert (await fetch(strict.base, "/api/v1/config", **bearer(alice, **claims))).status == 200
    for claims in wrong:
        sent = {"Authorization": f"Bearer {_unchecked(alice, claims)}"}
        assert (await fetch(strict.base, "/api/v1/config", **sent)).status == 401, claims
        async with connect(strict.base, alice, "", additional_headers=sent) as client:
            assert await client.closed() == 4401, claims


def _unchecked(uid: str, claims: dict[str, Any]) -> str:
    """A well signed token with claims that the library would not let one make."""
    import jwt

    return jwt.api_jws.encode(
        json.dumps({"sub": uid, "exp": int(time.time()) + 600, **claims}).encode(), SECRET, "HS256"
    )


async def test_impersonate_speaks_for_each_user_message_by_message(guarded: Process, alice: str, bob: str) -> None:
    sent = bearer(f"server-of-{alice}", scope="read impersonate")
    async with connect(guarded.base, f"server-of-{alice}", "", additional_headers=sent) as server:
        for uid in (alice, bob):
            opened = await server.ask("session.open", uid=uid)
            assert (opened["uid"], opened["result"]["uid"]) == (uid, uid)
            await server.ask("state.update", {**read(), "value": f"of {uid}"}, uid=uid)
            await server.ask("workspace.fs.writeFile", {"uri": "/workspace/a", "content": "x " * len(uid)}, uid=uid)
        calls = [server.ask("state.get", read(), uid=uid) for uid in (alice, bob) * 50]
        answers = await asyncio.gather(*calls)
        assert [(one["uid"], one["result"]) for one in answers] == [(uid, f"of {uid}") for uid in (alice, bob) * 50]
        run = {"command": "hello.countWords", "arguments": ["a"]}
        await asyncio.gather(*(server.ask("commands.executeCommand", run, uid=uid) for uid in (alice, bob)))
        events = [await server.next(), await server.next()]
        assert {(one["uid"], one["params"]["seq"], one["params"]["data"]["words"]) for one in events} == {
            (alice, 1, len(alice)),
            (bob, 1, len(bob)),
        }
        for bad in ("..", "", "a/b", " ", "a" * 129):
            assert (await server.ask("session.ping", uid=bad))["error"]["code"] in (-32003, -32600), bad
    async with connect(guarded.base, alice, "", additional_headers=bearer(alice)) as mine:
        assert await mine.call("state.get", **read()) == f"of {alice}"


async def test_on_a_shared_socket_ids_and_answers_stay_each_users_own(guarded: Process, alice: str, bob: str) -> None:
    sent = bearer(f"server-of-{alice}", scope="impersonate")
    async with connect(guarded.base, f"server-of-{alice}", "", additional_headers=sent) as server:
        for uid in (alice, bob):
            await server.ask("session.open", uid=uid)
        greet = {"jsonrpc": "2.0", "id": "same", "method": "commands.executeCommand"}
        questions = {}
        for uid in (alice, bob):
            await server.send({**greet, "params": {"command": "hello.greet"}, "uid": uid})
            questions[uid] = await server.next("window.showMessage")
            assert questions[uid]["uid"] == uid
        await server.send({"jsonrpc": "2.0", "method": "$/cancelRequest", "params": {"id": "same"}, "uid": bob})
        cancelled = await server.next_answer("same")
        assert (cancelled["uid"], cancelled["error"]["code"]) == (bob, -32800)
        stolen = {"jsonrpc": "2.0", "id": questions[alice]["id"], "result": "stolen"}
        await server.send({**stolen, "uid": bob})
        assert (await server.ask("session.ping", uid=bob))["result"]
        await server.send({**stolen, "result": "Hello to you, too", "uid": alice})
        answer = await server.next_answer("same")
        assert (answer["uid"], answer["result"]) == (alice, "Hello to you, too")


@pytest.mark.parametrize("scope", ["", "Impersonate", "impersonate,x", "ximpersonate", "impersonate:x", "admin", "*"])
async def test_no_other_scope_impersonates(guarded: Process, alice: str, bob: str, scope: str) -> None:
    async with connect(guarded.base, alice, "", additional_headers=bearer(alice, scope=scope)) as client:
        assert (await client.ask("session.ping", uid=bob))["error"]["code"] == -32003
    answer = await fetch(guarded.base, f"/api/v1/config?uid={bob}", **bearer(alice, scope=scope))
    assert answer.status in (403, 404)


async def test_a_scope_that_is_no_string_gives_no_rights(guarded: Process, alice: str, bob: str) -> None:
    for scope in (["impersonate"], {"impersonate": True}, 7, True):
        answer = await fetch(guarded.base, f"/api/v1/config?uid={bob}", **bearer(alice, scope=scope))
        assert answer.status in (401, 403, 404), scope


async def test_impersonate_by_http_is_the_uid_in_the_query(guarded: Process, alice: str, bob: str) -> None:
    sign = bearer(f"server-of-{alice}", scope="impersonate")
    assert (
        await fetch(guarded.base, f"/api/v1/files?uid={alice}&path=/workspace/a", "PUT", b"hers", **sign)
    ).status < 300
    assert (await fetch(guarded.base, "/api/v1/files?path=/workspace/a", **bearer(alice))).body == b"hers"
    assert (await fetch(guarded.base, "/api/v1/files?path=/workspace/a", **bearer(bob))).status == 404


async def test_a_token_that_loses_impersonate_loses_the_others(guarded: Process, alice: str, bob: str) -> None:
    sent = bearer(alice, scope="impersonate")
    async with connect(guarded.base, alice, "", additional_headers=sent) as client:
        await client.ask("session.open", uid=bob)
        await client.ask("state.update", {**read(), "value": 1}, uid=bob)
        await client.call("session.authenticate", token=token(alice))
        assert (await client.ask("state.get", read(), uid=bob))["error"]["code"] == -32003
        async with connect(guarded.base, bob, "", additional_headers=bearer(bob)) as other:
            await other.call("workspace.fs.writeFile", uri="/workspace/a", content="x")
            await other.call("commands.executeCommand", command="hello.countWords", arguments=["a"])
            assert await other.call("state.get", **read()) == 1
        assert (await client.ask("session.ping"))["result"]
        assert not [one for one in client.heard if one.get("method") == "event"]


def _keys(folder: Path, kind: str) -> tuple[str, str]:
    """A private key as PEM, and the file with its public half."""
    private: Any = rsa.generate_private_key(65537, 2048) if kind == "RS256" else ec.generate_private_key(ec.SECP256R1())
    file = folder / f"{kind}.pem"
    file.write_bytes(private.public_key().public_bytes(Encoding.PEM, PublicFormat.SubjectPublicKeyInfo))
    return private.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption()).decode(), str(file)


@pytest.mark.parametrize("kind", ["RS256", "ES256"])
async def test_a_host_with_a_public_key_believes_its_private_half_only(tmp_path: Path, kind: str) -> None:
    private, file = _keys(tmp_path, kind)
    stranger, _ = _keys(tmp_path.joinpath("other") if (tmp_path / "other").mkdir() else tmp_path / "other", kind)
    rules = {"ROOST_AUTH__JWT__ALGORITHM": kind, "ROOST_AUTH__JWT__PUBLIC_KEY_FILE": file}
    with running(tmp_path / "data", **rules) as host:
        async with connect(
            host.base, "ada", "", additional_headers=bearer("ada", key=private, algorithm=kind)
        ) as client:
            assert (await client.call("session.open"))["uid"] == "ada"
        public = Path(file).read_text()
        confused = [
            token("ada", key=stranger, algorithm=kind),
            token("ada"),
            f"{b64({'alg': 'none'})}.{b64({'sub': 'ada', 'exp': int(time.time()) + 600})}.",
            *(_hmac("ada", key) for key in (public, public.strip(), public.replace("\n", "\r\n"), "")),
        ]
        for bad in confused:
            assert (await fetch(host.base, "/api/v1/config", Authorization=f"Bearer {bad}")).status == 401
            async with connect(host.base, "ada", "", additional_headers={"Authorization": f"Bearer {bad}"}) as client:
                assert await client.closed() == 4401


def _hmac(uid: str, key: str) -> str:
    """A token signed with a public key's text as if it were a secret."""
    import hashlib
    import hmac

    body = f"{b64({'alg': 'HS256', 'typ': 'JWT'})}.{b64({'sub': uid, 'exp': int(time.time()) + 600})}"
    return f"{body}.{b64(hmac.new(key.encode(), body.encode(), hashlib.sha256).digest())}"


async def test_two_ways_of_saying_who_one_is_are_no_way_around(guarded: Process, alice: str, bob: str) -> None:
    both = {"Authorization": f"Bearer {token(alice)}", "Cookie": f"roost_session={token(bob)}", "Origin": guarded.base}
    async with connect(guarded.base, alice, "", additional_headers=both) as client:
        assert await client.closed() == 4401
    for headers in (
        [f"Authorization: Bearer {token(alice)}", f"Authorization: Bearer {token(bob)}"],
        [f"Cookie: roost_session={token(alice)}; roost_session={token(bob)}", f"Origin: {guarded.base}"],
    ):
        socket = await Socket.open(guarded.base, "/ws", *headers)
        assert await socket.close_code() == 4401
        socket.drop()
    for uid in (alice, bob):
        answer = await fetch(guarded.base, f"/api/v1/config?access_token={token(uid)}&token={token(uid)}")
        assert answer.status == 401


async def test_admin_routes_do_not_open_to_others(guarded: Process, alice: str) -> None:
    for sign in ({}, bearer(alice), bearer(alice, scope="impersonate"), bearer(alice, scope="administrator")):
        answer = await fetch(guarded.base, "/api/v1/admin/users", **sign)
        assert answer.status in (401, 403, 404)
        assert answer.kind == "application/problem+json"


async def _log(host: Process) -> str:
    return await asyncio.to_thread(host.log.read_text)


async def test_no_token_ever_reaches_the_log(guarded: Process, alice: str) -> None:
    good, ended = token(alice), token(alice, seconds=-600)
    for one in (good, ended, good[:-2]):
        sent = {"Authorization": f"Bearer {one}"}
        await fetch(guarded.base, f"/api/v1/config?token={one}", **sent)
        await fetch(guarded.base, "/api/v1/config", Cookie=f"roost_session={one}")
        await fetch(guarded.base, f"/{one}", **sent)
        await fetch(guarded.base, "/login", "POST", {"token": one})
        for query, headers in (("", sent), (f"?token={one}", {}), ("", {"Cookie": f"roost_session={one}"})):
            async with connect(guarded.base, alice, query, additional_headers=headers) as client:
                await _try(client, one)
    log = await _log(guarded)
    for one in (good, ended):
        for part in (one, one.split(".")[1], one.split(".")[2], SECRET):
            assert part not in log


async def _try(client: Client, one: str) -> None:
    try:
        await client.ask("session.authenticate", {"token": one})
        await client.ask("no.such", {"token": one})
        await client.ask("secrets.store", {"key": "k", "value": one})
    except (ConnectionError, OSError):
        pass
    except Exception as error:
        assert "ConnectionClosed" in type(error).__name__, error


async def test_health_and_documents_need_no_token_and_the_rest_does(guarded: Process) -> None:
    for target in ("/healthz", "/readyz", "/api/health", "/openapi.json", "/docs"):
        assert (await fetch(guarded.base, target)).status == 200
    for target in ("/api/v1/config", "/api/v1/events", "/api/v1/files?path=/workspace/a"):
        answer: Answer = await fetch(guarded.base, target)
        assert answer.status == 401
        assert answer.headers["www-authenticate"].startswith("Bearer")


async def test_a_limit_that_an_administrator_sets_holds_for_a_socket_that_is_open(guarded: Process, alice: str) -> None:
    target, admin = f"/api/v1/admin/quotas/{alice}", bearer("root", scope="admin")["Authorization"]

    async def allow(limits: dict[str, int]) -> None:
        assert (await fetch(guarded.base, target, "PUT", limits, authorization=admin)).status == 200

    async def refused(client: Client) -> int:
        answers = [await asyncio.gather(*(client.ask("session.ping") for _ in range(10))) for _ in range(3)]
        return sum(answer.get("error", {}).get("code") == -32001 for some in answers for answer in some)

    async with connect(guarded.base, alice, additional_headers=bearer(alice)) as client:
        assert (await client.call("session.open"))["quotas"]["terminals"] == 32
        assert await refused(client) == 0
        await allow({"requests_per_second": 1, "terminals": 0})
        assert await refused(client) > 10
        await allow({"terminals": 0})
        assert await refused(client) == 0
        with pytest.raises(Refused, match="terminals") as error:
            await client.call("window.createTerminal")
        assert (error.value.code, error.value.data["limit"]) == (-32005, 0)
