"""What may pass between a browser and a dev server, header by header."""

from __future__ import annotations

import pytest

from host.passage import Passage, without_uid

BY_LOGIN = Passage(80, b"/code/preview/80", False, True)
BY_TICKET = Passage(80, b"/preview/T", True, True)


@pytest.mark.parametrize(
    ("given", "left"),
    [
        (b"uid=a", b""),
        (b"x=1&uid=a&y=%20&uid=b", b"x=1&y=%20"),
        (b"%75id=a&ui%64=b&Uid=c", b"Uid=c"),
        (b"uid", b""),
        (b"a=uid", b"a=uid"),
    ],
)
def test_the_query_says_nothing_of_who_it_is_for(given: bytes, left: bytes) -> None:
    assert without_uid(given) == left


@pytest.mark.parametrize(
    ("sent", "passed"),
    [
        (b"roost_session=x; a=1", b"a=1"),
        (b"a=1; ROOST_SESSION=x;roost_session = x; b=2", b"a=1; b=2"),
        (b'"roost_session"=x; =roost_session=x', None),
        (b"a=roost_session=x", None),
    ],
)
def test_no_cookie_passes_that_is_or_could_be_read_as_ours(sent: bytes, passed: bytes | None) -> None:
    assert dict(BY_LOGIN.inward([(b"Cookie", sent)])).get(b"cookie") == passed


def test_where_another_app_is_around_the_host_no_cookie_passes() -> None:
    guest = BY_LOGIN._replace(all_cookies=False)
    assert b"cookie" not in dict(guest.inward([(b"cookie", b"sessionid=the-embedders")]))


def test_headers_of_one_hop_and_of_proxies_end_here() -> None:
    given = [(b"Connection", b"close, X-Hop"), (b"X-Hop", b"1"), (b"TE", b"trailers"), (b"Proxy-Authorization", b"x")]
    given += [(b"X-Forwarded-For", b"1"), (b"Forwarded", b"for=1"), (b"X-Kept", b"1"), (b"Upgrade", b"h2c")]
    assert [name for name, _ in BY_LOGIN.inward(given)] == [b"host", b"x-forwarded-prefix", b"x-kept"]
    out = BY_LOGIN.outward([(b"Connection", b"x-hop"), (b"X-Hop", b"1"), (b"Keep-Alive", b"1"), (b"ETag", b"1")])
    assert [name for name, _ in out if name not in dict(BY_LOGIN.own)] == [b"etag"]


@pytest.mark.parametrize(
    ("given", "kept"),
    [
        (b"a=1; Path=/; Domain=x.org; Secure", b"a=1; Secure; Path=/code/preview/80/"),
        (b"a=1;path=/api;PATH=/", b"a=1; Path=/code/preview/80/"),
        (b"Roost_Session=x", None),
        (b" =roost_session=x", None),
        (b"roost_session", None),
    ],
)
def test_a_cookie_of_the_dev_server_is_for_its_preview_only(given: bytes, kept: bytes | None) -> None:
    assert dict(BY_LOGIN.outward([(b"Set-Cookie", given)])).get(b"set-cookie") == kept


def test_what_speaks_for_the_whole_origin_does_not_pass() -> None:
    names = [b"Strict-Transport-Security", b"Alt-Svc", b"NEL", b"Service-Worker-Allowed", b"WWW-Authenticate"]
    names += [b"Cross-Origin-Opener-Policy", b"Access-Control-Allow-Origin", b"Clear-Site-Data", b"Referrer-Policy"]
    for passage in (BY_LOGIN, BY_TICKET):
        passed = passage.outward((name, b"its own") for name in names)
        assert b"its own" not in [value for _, value in passed]
        assert not any(b"allow-same-origin" in value for _, value in passed)


def test_an_address_that_is_another_page_for_another_user_is_kept_by_no_cache() -> None:
    given = [(b"Cache-Control", b"public, max-age=9")]
    assert dict(BY_LOGIN.outward(given))[b"cache-control"] == b"no-store"
    assert dict(BY_TICKET.outward(given))[b"cache-control"] == b"public, max-age=9"


def test_a_policy_of_the_page_holds_beside_ours() -> None:
    policies = [value for name, value in BY_TICKET.outward([(b"Content-Security-Policy", b"default-src 'self'")])
                if name == b"content-security-policy"]  # fmt: skip
    assert b"default-src 'self'" in policies and any(one.startswith(b"sandbox ") for one in policies)
