"""From where a request may come: hosts, origins, proxies and pages, each with what it gets."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from host.guard import SECURITY, Guard, Refused, Visit
from host.tables import Server

LISTED = "https://ide.example"
PROXY = "10.0.0.9"


def guard(**server: Any) -> Guard:
    return Guard(Server.model_validate(server))


def scope(*headers: tuple[str, str], kind: str = "http", **more: Any) -> dict[str, Any]:
    """A request as the server hands it over, reached at 192.168.1.5 from 127.0.0.9 unless said otherwise."""
    raw = [(name.lower().encode(), value.encode("latin-1", "replace")) for name, value in headers]
    scheme = "ws" if kind == "websocket" else "http"
    whole = {"type": kind, "scheme": scheme, "server": ("192.168.1.5", 3000), "client": ("127.0.0.9", 5)}
    return whole | ({"method": "GET"} if kind == "http" else {}) | {"headers": raw} | more


HOST = ("Host", "localhost:3000")
OWN = ("Origin", "http://localhost:3000")
EVIL = ("Origin", "https://evil.example")
COOKIE = ("Cookie", "a=b; roost_session=x.y.z")
BEARER = ("Authorization", "Bearer x.y.z")


def refusal(guarded: Guard, asked: dict[str, Any]) -> str:
    with pytest.raises(Refused) as caught:
        guarded.check(asked)
    assert caught.value.status == 403
    return str(caught.value)


@pytest.mark.parametrize(
    ("host", "authority"),
    [
        ("localhost", "localhost"),
        ("localhost:3000", "localhost:3000"),
        ("localhost:1", "localhost:1"),
        ("LOCALHOST:3000", "localhost:3000"),
        ("LocalHost", "localhost"),
        ("127.0.0.1", "127.0.0.1"),
        ("127.0.0.1:65535", "127.0.0.1:65535"),
        ("[::1]", "[::1]"),
        ("[::1]:3000", "[::1]:3000"),
        ("[0:0:0:0:0:0:0:1]:3000", "[::1]:3000"),
        ("[0000::0001]", "[::1]"),
        ("roost.internal", "roost.internal"),
        ("Roost.Internal:80", "roost.internal:80"),
        ("code.example", "code.example"),
        ("10.1.2.3:9", "10.1.2.3:9"),
        ("[2001:DB8::5]", "[2001:db8::5]"),
        ("192.168.1.5", "192.168.1.5"),
        ("192.168.1.5:3000", "192.168.1.5:3000"),
        ("my_service:3000", "my_service:3000"),
        ("localhost:03000", "localhost:3000"),
    ],
)
def test_a_host_is_reached_by_its_own_names_and_the_listed_ones(host: str, authority: str) -> None:
    guarded = guard(host="roost.internal", allowed_hosts=["code.example", "10.1.2.3", "2001:db8:0::5", "MY_service"])
    assert guarded.check(scope(("Host", host))) == Visit("http", authority, "127.0.0.9", None, False)


NOT_OURS = "Host: is not a name of this host; add it to server.allowed_hosts if it should be"
NO_NAME = "Host: must be a host name or an address, and a port if there is one"
ODD_NAME = "Host: must be a host name or an address in its usual spelling"
ONCE = "Host: must be sent, and once"


REFUSED_HOSTS = {
    NOT_OURS: [
        "evil.example", "evil.example:3000", "localhost.evil.example", "evil-localhost", "localhost1",
        "xlocalhost", "a.localhost", "code.example.evil.example", "sub.code.example", "evilcode.example",
        "code.exampl", "example", "127.0.0.1.evil.example", "127.0.0.1.nip.io", "xn--lclhost-9ya", "0.0.0.0",
        "0.0.0.0:3000", "[::]", "127.0.0.2", "127.0.0.9", "192.168.1.6", "10.0.0.1", "169.254.169.254", "[::2]",
        "[::ffff:127.0.0.1]", "[::ffff:192.168.1.5]", "[::127.0.0.1]", "255.255.255.255", "a." * 126 + "a",
    ],
    ODD_NAME: [
        "127.1", "127.0.1", "2130706433", "0x7f000001", "0x7f.1", "0177.0.0.1", "127.0.0.01", "127.000.000.001",
        "127.0.0.1.", "0", "256.0.0.1", "1.2.3.4.5", "localhost.", "localhost.:3000", "localhost..",
        ".localhost", "a..b", "-localhost", "localhost-", ".", "x" * 64 + ".example", "a." * 127 + "a", "[:::1]",
        "[::1::]",
    ],
    NO_NAME: [
        "", " ", ":3000", "localhost:", "localhost:x", "localhost:-1", "localhost:65536", "localhost:99999",
        "localhost:+80", "localhost:3000:3000", "localhost:3 000", " localhost", "localhost ", "local host",
        "localhost\t", "localhost\n", "localhost\r\nX: y", "localhost\0", "localhost\0.evil.example",
        "user@localhost", "localhost@evil.example", "user:pw@localhost:3000", "localhost#@evil", "localhost/",
        "localhost/x", "localhost?x", "localhost\\", "http://localhost", "localhost,evil.example",
        "localhost, localhost", "localhost;x", "*", "*.example", "%6cocalhost", "localhost%00",
        "localhost%2eevil", "localhóst", "１２７.0.0.1", "::1", "::1:3000", "[::1", "::1]", "[::1]x", "[::1]:",
        "[]", "[::1%25lo]", "[::1%lo]", "[[::1]]", "[v1.x]", "[localhost]",
    ],
    "Host: must have an IPv6 address, and nothing else, in brackets": [
        "[127.0.0.1]",
    ],
}  # fmt: skip


@pytest.mark.parametrize(("host", "why"), [(host, why) for why, group in REFUSED_HOSTS.items() for host in group])
def test_any_other_host_is_refused(host: str, why: str) -> None:
    guarded = guard(allowed_hosts=["code.example"])
    assert refusal(guarded, scope(("Host", host))) == why
    assert refusal(guarded, scope(("Host", host), kind="websocket")) == why


def test_a_host_must_be_sent_once() -> None:
    assert refusal(guard(), scope()) == ONCE
    assert refusal(guard(), scope(HOST, HOST)) == ONCE
    assert refusal(guard(), scope(HOST, ("Host", "evil.example"))) == ONCE


@pytest.mark.parametrize(
    ("server", "host", "ours"),
    [
        (("192.168.1.5", 3000), "192.168.1.5", True),
        (("::ffff:192.168.1.5", 3000, 0, 0), "192.168.1.5", True),
        (("2001:db8::7", 3000, 0, 0), "[2001:db8::7]:3000", True),
        (("evil.example", 3000), "evil.example", False),  # a server that says so took it from the request
        (("/run/roost.sock", None), "192.168.1.5", False),
        (None, "192.168.1.5", False),
        (("fe80::1%eth0", 3000, 0, 2), "fe80", False),
    ],
)
def test_the_address_that_was_reached_is_the_hosts_own_but_a_name_is_not(server: Any, host: str, ours: bool) -> None:
    asked = scope(("Host", host), server=server)
    if ours:
        assert guard(host="0.0.0.0").check(asked).client == "127.0.0.9"
    else:
        assert refusal(guard(host="0.0.0.0"), asked) == NOT_OURS


@pytest.mark.parametrize("host", ["0.0.0.0", "::"])
def test_the_address_that_means_everywhere_is_no_name_of_a_host_bound_to_it(host: str) -> None:
    for name in ("0.0.0.0", "0.0.0.0:3000", "[::]", "[::]:3000"):
        assert refusal(guard(host=host), scope(("Host", name))) == NOT_OURS


FOREIGN = (
    "Origin: is not this host's own and not in server.cors.origins; where a proxy in front speaks https, "
    "its address belongs in server.trusted_proxies"
)
NO_ORIGIN = "Origin: must be `scheme://host[:port]`"
NAMELESS = "Origin: a page without an origin may not call; server.cors.origins would have to hold null"


@pytest.mark.parametrize(
    ("host", "sent", "canonical"),
    [
        ("localhost:3000", "http://localhost:3000", "http://localhost:3000"),
        ("localhost:3000", "HTTP://LOCALHOST:3000", "http://localhost:3000"),
        ("localhost", "http://localhost", "http://localhost"),
        ("localhost:80", "http://localhost", "http://localhost"),
        ("localhost", "http://localhost:80", "http://localhost"),
        ("[::1]:3000", "http://[::1]:3000", "http://[::1]:3000"),
        ("[::1]:3000", "http://[0:0::1]:3000", "http://[::1]:3000"),
        ("127.0.0.1:3000", "http://127.0.0.1:3000", "http://127.0.0.1:3000"),
        ("192.168.1.5", "http://192.168.1.5", "http://192.168.1.5"),
        ("localhost:3000", "https://ide.example", LISTED),
        ("localhost:3000", "https://ide.example:443", LISTED),
        ("localhost:3000", "https://IDE.example", LISTED),
        ("localhost:3000", "http://localhost:5173", "http://localhost:5173"),
        ("localhost:3000", "vscode-webview://abc", "vscode-webview://abc"),
    ],
)
@pytest.mark.parametrize("kind", ["http", "websocket"])
def test_pages_of_this_host_and_of_listed_origins_may_call(host: str, sent: str, canonical: str, kind: str) -> None:
    guarded = guard(cors={"origins": [LISTED, "http://localhost:5173", "vscode-webview://abc"]})
    visit = guarded.check(scope(("Host", host), ("Origin", sent), kind=kind))
    assert (visit.origin, visit.foreign) == (canonical, False)
    visit.check_ambient()


REFUSED_ORIGINS = {
    FOREIGN: [
        "https://evil.example", "http://evil.example", "https://localhost:3000", "http://localhost",
        "http://localhost:3001", "http://127.0.0.1:3000", "http://[::1]:3000",
        "http://localhost.evil.example:3000", "http://evil-localhost:3000", "http://ide.example",
        "https://ide.example:444", "https://ide.example.evil.example", "https://sub.ide.example",
        "https://evilide.example", "https://ide.exampl", "file://localhost", "ws://localhost:3000",
        "chrome-extension://abcdef", "http://192.168.1.5:3000", "vscode-webview://x",
    ],
    NAMELESS: [
        "null",
    ],
    NO_ORIGIN: [
        "NULL", "Null", "", " ", "*", "localhost:3000", "//localhost:3000", "http:localhost:3000",
        "http:/localhost:3000", "http://localhost:3000/", "http://localhost:3000/x", "http://localhost:3000?x",
        "http://localhost:3000#x", "http://u@localhost:3000", "http://u:p@localhost:3000",
        "http://localhost:3000@evil.example", "http://localhost:3000 https://evil.example",
        "http://localhost:3000,https://evil.example", "http://localhost:", "http://localhost:99999",
        "http://localhost:3000:3000", "http://localhost.:3000", "http://.localhost:3000", "http://127.1:3000",
        "http://2130706433:3000", "http://[localhost]:3000", "http://[127.0.0.1]:3000", "http://::1:3000",
        " http://localhost:3000", "http://localhost:3000 ", "http://local\0host:3000",
        "http://localhost:3000\r\nX: y", "http://%6cocalhost:3000", "http://localhóst:3000", "http://",
        "://localhost", "javascript:alert(1)", "file://", "about:blank", "undefined",
    ],
}  # fmt: skip


@pytest.mark.parametrize(("sent", "why"), [(sent, why) for why, group in REFUSED_ORIGINS.items() for sent in group])
@pytest.mark.parametrize("kind", ["http", "websocket"])
def test_pages_of_other_origins_may_not_call(sent: str, why: str, kind: str) -> None:
    guarded = guard(cors={"origins": [LISTED]})
    assert refusal(guarded, scope(HOST, ("Origin", sent), kind=kind)) == why


@pytest.mark.parametrize("kind", ["http", "websocket"])
def test_an_origin_is_sent_once_or_not_at_all(kind: str) -> None:
    assert guard().check(scope(HOST, kind=kind)).origin is None
    assert refusal(guard(), scope(HOST, OWN, OWN, kind=kind)) == "Origin: must be sent, and once"
    assert refusal(guard(), scope(HOST, OWN, EVIL, kind=kind)) == "Origin: must be sent, and once"


def test_origins_count_only_while_cors_is_enabled() -> None:
    guarded = guard(cors={"enabled": False, "origins": ["*", LISTED, "null"]})
    for sent in ("https://evil.example", LISTED, "null"):
        assert "server.cors.origins" in refusal(guarded, scope(HOST, ("Origin", sent)))
    assert guarded.cors(guarded.check(scope(HOST, OWN))) == []


def answered(guarded: Guard, *headers: tuple[str, str], **more: Any) -> dict[str, str]:
    """The CORS headers of the answer to such a request."""
    asked = scope(HOST, *headers, **more)
    return {name.decode(): value.decode() for name, value in guarded.cors(guarded.check(asked))}


def test_every_page_may_read_under_a_star_but_never_with_what_the_browser_adds() -> None:
    guarded = guard(cors={"origins": ["*"]})
    answer = answered(guarded, EVIL)
    assert answer["access-control-allow-origin"] == "*"
    assert "access-control-allow-credentials" not in answer
    assert answer["vary"] == "Origin"
    visit = guarded.check(scope(HOST, EVIL, BEARER))
    assert visit.foreign
    with pytest.raises(Refused, match=r"needs a token; list its origin in server\.cors\.origins"):
        visit.check_ambient()
    why = "Origin: such a page may not use the cookie; name its origin in server.cors.origins"
    for method in ("GET", "POST", "OPTIONS", "DELETE"):
        assert refusal(guarded, scope(HOST, EVIL, COOKIE, method=method)) == why
    why = "Origin: `*` opens no WebSocket; name the page's origin in server.cors.origins"
    for more in ((), (COOKIE,), (BEARER,)):
        assert refusal(guarded, scope(HOST, EVIL, *more, kind="websocket")) == why
    assert refusal(guarded, scope(HOST, ("Origin", "null"))) == NAMELESS


def test_a_listed_page_may_read_with_credentials_and_nobody_else_is_told_of_it() -> None:
    guarded = guard(cors={"origins": [LISTED, "*"]})
    answer = answered(guarded, ("Origin", LISTED), COOKIE)
    assert answer["access-control-allow-origin"] == LISTED
    assert answer["access-control-allow-credentials"] == "true"
    assert answered(guarded, EVIL)["access-control-allow-origin"] == "*"
    assert answered(guarded) == answered(guarded, OWN) == {"vary": "Origin"}
    assert answered(guard(), OWN) == {}


def test_a_listed_null_is_a_page_without_credentials() -> None:
    guarded = guard(cors={"origins": ["null"]})
    answer = answered(guarded, ("Origin", "null"))
    assert answer["access-control-allow-origin"] == "null"
    assert "access-control-allow-credentials" not in answer
    assert guarded.check(scope(HOST, ("Origin", "null"), kind="websocket")).foreign
    for kind in ("http", "websocket"):
        assert "may not use the cookie" in refusal(guarded, scope(HOST, ("Origin", "null"), COOKIE, kind=kind))


def test_a_question_before_a_request_is_answered_for_listed_pages_only() -> None:
    guarded = guard(cors={"origins": [LISTED]})
    ask = ("Access-Control-Request-Method", "PUT")
    asked = scope(HOST, ("Origin", LISTED), ask, method="OPTIONS")
    headers = dict(guarded.preflight(asked, guarded.check(asked)) or [])
    assert headers[b"access-control-allow-origin"] == LISTED.encode()
    assert b"PUT" in headers[b"access-control-allow-methods"]
    assert b"Authorization" in headers[b"access-control-allow-headers"]
    assert headers[b"vary"] == b"Origin"
    assert b"access-control-allow-private-network" not in headers
    assert refusal(guarded, scope(HOST, EVIL, ask, method="OPTIONS")) == FOREIGN
    for other in (
        scope(HOST, ("Origin", LISTED), ask, method="GET"),
        scope(HOST, ("Origin", LISTED), method="OPTIONS"),
        scope(HOST, ask, method="OPTIONS"),
        scope(HOST, ("Origin", LISTED), ask, kind="websocket"),
    ):
        assert guarded.preflight(other, guarded.check(other)) is None


def test_a_star_never_sends_credentials_whatever_is_asked() -> None:
    guarded = guard(cors={"origins": ["*"]})
    for sent in ("https://evil.example", "http://localhost:3000", "https://a.b"):
        for method in ("GET", "OPTIONS", "POST"):
            asked = scope(HOST, ("Origin", sent), ("Access-Control-Request-Method", "GET"), method=method)
            visit = guarded.check(asked)
            for headers in (guarded.cors(visit), guarded.preflight(asked, visit) or []):
                assert b"access-control-allow-credentials" not in dict(headers)


CHANGES = "Origin: must be sent with what changes something, or else Authorization instead of the cookie"


@pytest.mark.parametrize("method", ["POST", "PUT", "PATCH", "DELETE", "BREW"])
@pytest.mark.parametrize(
    ("headers", "why"),
    [
        ([COOKIE, OWN], None),
        ([COOKIE, ("Origin", LISTED)], None),
        ([COOKIE, ("Sec-Fetch-Site", "same-origin")], None),
        ([COOKIE, ("Sec-Fetch-Site", "none")], None),
        ([COOKIE, BEARER], None),
        ([BEARER], None),
        ([], None),
        ([("Cookie", "other=1")], None),
        ([COOKIE], None),
        ([COOKIE, ("Sec-Fetch-Site", "same-site")], CHANGES),
        ([COOKIE, ("Sec-Fetch-Site", "cross-site")], CHANGES),
        ([COOKIE, ("Sec-Fetch-Site", "")], CHANGES),
        ([COOKIE, ("Sec-Fetch-Site", "Same-Origin")], CHANGES),
        ([COOKIE, ("Sec-Fetch-Site", "same-origin"), ("Sec-Fetch-Site", "cross-site")], CHANGES),
        ([COOKIE, ("Referer", "http://localhost:3000/")], None),
        ([("Sec-Fetch-Site", "cross-site")], CHANGES),
        ([("Sec-Fetch-Site", "same-site")], CHANGES),
        ([COOKIE, EVIL], FOREIGN),
        ([COOKIE, EVIL, ("Sec-Fetch-Site", "same-origin")], FOREIGN),
        ([COOKIE, ("Origin", "null")], NAMELESS),
    ],
)
def test_what_changes_something_by_cookie_comes_from_a_known_page(
    method: str, headers: list[tuple[str, str]], why: str | None
) -> None:
    guarded = guard(cors={"origins": [LISTED]})
    asked = scope(HOST, *headers, method=method)
    if why is None:
        assert not guarded.check(asked).foreign
    else:
        assert refusal(guarded, asked) == why


@pytest.mark.parametrize("method", ["GET", "HEAD", "OPTIONS"])
def test_a_link_may_be_followed_with_the_cookie(method: str) -> None:
    assert guard().check(scope(HOST, COOKIE, ("Sec-Fetch-Site", "cross-site"), method=method)).origin is None


FORWARDED = [("X-Forwarded-Proto", "https"), ("X-Forwarded-Host", "code.example"), ("X-Forwarded-For", "203.0.113.7")]


def proxied(*headers: tuple[str, str], peer: str = PROXY, **more: Any) -> dict[str, Any]:
    return scope(*headers, client=(peer, 5), **more)


BEHIND: dict[str, Any] = {
    "allowed_hosts": ["code.example", "roost"],
    "trusted_proxies": ["10.0.0.0/24", "2001:db8::/64"],
}


@pytest.mark.parametrize("peer", [PROXY, "10.0.0.1", "::ffff:10.0.0.9", "2001:db8::9"])
def test_a_trusted_proxy_says_what_the_client_spoke(peer: str) -> None:
    visit = guard(**BEHIND).check(
        proxied(("Host", "roost:3000"), ("Origin", "https://code.example"), *FORWARDED, peer=peer)
    )
    assert visit == Visit("https", "code.example", "203.0.113.7", "https://code.example", False)


@pytest.mark.parametrize("peer", ["10.0.1.9", "127.0.0.1", "203.0.113.7", "2001:db9::1", "roost", ""])
def test_nobody_else_does(peer: str) -> None:
    guarded = guard(**BEHIND)
    assert (
        refusal(guarded, proxied(("Host", "roost"), ("Origin", "https://code.example"), *FORWARDED, peer=peer))
        == FOREIGN
    )
    assert guarded.check(proxied(("Host", "roost"), *FORWARDED, peer=peer)) == Visit("http", "roost", peer, None, False)
    assert guarded.check(scope(("Host", "roost"), *FORWARDED, client=None)).client is None


@pytest.mark.parametrize(
    ("headers", "expected"),
    [
        ([("Host", "code.example")], ("http", "code.example", PROXY)),
        ([("Host", "code.example"), ("X-Forwarded-Proto", "wss")], ("https", "code.example", PROXY)),
        ([("Host", "code.example"), ("X-Forwarded-Proto", "http, HTTPS")], ("https", "code.example", PROXY)),
        ([("Host", "code.example"), ("X-Forwarded-Host", "evil.example,code.example:8")],
         ("http", "code.example:8", PROXY)),
        ([("Host", "roost"), ("X-Forwarded-For", "1.1.1.1, 203.0.113.7")], ("http", "roost", "203.0.113.7")),
        ([("Host", "roost"), ("X-Forwarded-For", "1.1.1.1"), ("X-Forwarded-For", "203.0.113.7, 10.0.0.3")],
         ("http", "roost", "203.0.113.7")),
        ([("Host", "roost"), ("X-Forwarded-For", "10.0.0.2,10.0.0.3")], ("http", "roost", "10.0.0.2")),
        ([("Host", "roost"), ("X-Forwarded-For", "6.6.6.6, nonsense, 10.0.0.3")], ("http", "roost", "10.0.0.3")),
        ([("Host", "roost"), ("X-Forwarded-For", "")], ("http", "roost", PROXY)),
        ([("Host", "roost"), ("X-Forwarded-For", "::ffff:203.0.113.7")], ("http", "roost", "203.0.113.7")),
        ([("Host", "roost"), ("X-Forwarded-For", ",".join(["10.0.0.2"] * 5000))], ("http", "roost", "10.0.0.2")),
        ([("Host", "roost"), ("X-Forwarded-For", "6.6.6.6" + ",10.0.0.2" * 40)], ("http", "roost", "10.0.0.2")),
        ([("Host", "roost"), ("Forwarded", "host=evil.example;proto=https;for=1.1.1.1")], ("http", "roost", PROXY)),
    ],
)  # fmt: skip
def test_of_a_chain_of_proxies_the_nearest_is_believed(
    headers: list[tuple[str, str]], expected: tuple[str, str, str]
) -> None:
    visit = guard(**BEHIND).check(proxied(*headers))
    assert (visit.scheme, visit.authority, visit.client) == expected


@pytest.mark.parametrize(
    ("headers", "why"),
    [
        ([("Host", "evil.example"), ("X-Forwarded-Host", "code.example")], NOT_OURS),
        ([("Host", "roost"), ("X-Forwarded-Host", "evil.example")], NOT_OURS),
        ([("Host", "roost"), ("X-Forwarded-Host", "code.example, evil.example")], NOT_OURS),
        ([("Host", "roost"), ("X-Forwarded-Host", "192.168.1.5")], NOT_OURS),
        ([("Host", "roost"), ("X-Forwarded-Host", "code.example,")], NO_NAME),
        ([("Host", "roost"), ("X-Forwarded-Host", "https://code.example")], NO_NAME),
        ([("Host", "roost"), ("X-Forwarded-Proto", "gopher")], "X-Forwarded-Proto: must be http or https"),
        ([("Host", "roost"), ("X-Forwarded-Proto", "https:")], "X-Forwarded-Proto: must be http or https"),
        ([("X-Forwarded-Host", "code.example")], ONCE),
    ],
)
def test_a_trusted_proxy_makes_no_foreign_name_ours(headers: list[tuple[str, str]], why: str) -> None:
    assert refusal(guard(**BEHIND), proxied(*headers)) == why


def test_every_answer_forbids_guessing_framing_and_referring() -> None:
    headers = dict(SECURITY)
    assert headers[b"x-content-type-options"] == b"nosniff"
    assert headers[b"content-security-policy"] == b"default-src 'none'; frame-ancestors 'none'"
    assert headers[b"referrer-policy"] == b"no-referrer"
    assert headers[b"x-frame-options"] == b"DENY"


NAMES = st.sampled_from(
    [b"host", b"origin", b"cookie", b"authorization", b"sec-fetch-site", b"x-forwarded-host", b"x-forwarded-for",
     b"x-forwarded-proto", b"access-control-request-method"]
)  # fmt: skip
PIECES = st.lists(
    st.sampled_from(
        ["http", "https", "://", ":", "localhost", "code.example", "evil.example", "[", "]", "::1", "127.0.0.1", "null",
         "*", ",", " ", "@", ".", "3000", "roost_session=x", ";", "\0", "é", "%", "/", "same-origin"]
    ), max_size=5,
).map("".join)  # fmt: skip


@given(
    headers=st.lists(
        st.tuples(NAMES, PIECES.map(lambda text: text.encode("latin-1")) | st.binary(max_size=20)), max_size=6
    ),
    kind=st.sampled_from(["http", "websocket"]),
    client=st.sampled_from([PROXY, "127.0.0.1", "", "nonsense"]),
)
def test_whatever_is_sent_gets_a_visit_from_a_known_place_or_a_refusal(
    headers: list[tuple[bytes, bytes]], kind: str, client: str
) -> None:
    guarded = guard(**BEHIND, cors={"origins": ["*", LISTED, "null"]})
    asked = scope(kind=kind, client=(client, 5)) | {"headers": headers}
    try:
        visit = guarded.check(asked)
    except Refused:
        return
    name = (
        visit.authority.rpartition(":")[0]
        if visit.authority[-1].isdigit() and ":" in visit.authority
        else visit.authority
    )
    assert {visit.authority, name} & {"localhost", "127.0.0.1", "[::1]", "code.example", "roost", "192.168.1.5"}
    assert b"evil" not in b"".join(value for _, value in guarded.cors(visit))
    if visit.origin and "evil" in visit.origin:
        assert visit.foreign
        assert kind == "http"
