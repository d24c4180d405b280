"""What may not be read in a log, in the many ways in which it gets there."""

from __future__ import annotations

import json
import time

import pytest
from hypothesis import given
from hypothesis import strategies as st

from host.masking import LONGEST, Mask, is_secret, one_line

KNOWN = "correct horse/battery+staple"
JWT = "eyJhbGciOiJIUzI1NiJ9.eyJzdWIiOiJhbGljZSIsImV4cCI6MX0.c2lnbmF0dXJlLXNpZ25hdHVyZQ"
MASK = Mask([KNOWN, "", "abc"])


@pytest.mark.parametrize(
    "name",
    [
        "token", "TOKEN", "access_token", "accessToken", "refresh-token", "X-Auth-Token", "id_token", "secret",
        "secrets",
        "client_secret", "clientSecret", "secretKey", "JWT_SECRET", "password", "PASSWORD", "passwd", "dbPassword",
        "passphrase",
        "api_key", "apiKey", "api-key", "APIKEY", "x-api-key", "OPENAI_API_KEY", "authorization", "Authorization",
        "Proxy-Authorization", "cookie", "Cookie", "set-cookie", "Set-Cookie", "cookies", "credentials",
        "private_key",
        "privateKey", "master_key", "ROOST_MASTER_KEY", "aws_access_key_id", "jwt", "pat", "bearer", "otp",
    ],
)  # fmt: skip
def test_what_has_such_a_name_is_secret(name: str) -> None:
    assert is_secret(name)
    assert MASK.value("value", name) == "***"
    assert MASK.value({"a": [{name: ["x", {"y": 1}]}]}) == {"a": [{name: "***"}]}


@pytest.mark.parametrize(
    "name",
    [
        "tokens", "max_tokens", "maxTokens", "total_tokens", "tokenizer", "token_count", "key", "keys", "monkey",
        "uid", "path",
        "pattern", "compat", "author", "pass", "passed", "bearing", "jwt_algorithm", "", "a" * 10_000,
    ],
)  # fmt: skip
def test_what_has_another_name_is_not(name: str) -> None:
    assert not is_secret(name)
    assert MASK.value("value", name) == "value"


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        # tokens and keys by their looks
        (JWT, "***"),
        (f"got {JWT}.", "got ***"),
        (f"({JWT}) and {JWT}", "(***) and ***"),
        (JWT.rpartition(".")[0] + ".", "***"),
        (JWT.rpartition(".")[0], "***"),
        ("eyAiYWxnIjogIm5vbmUiIH0.eyAic3ViIjogMSB9.", "***"),
        ("AAAAAAAAAAAAAAAA.BBBBBBBBBBBBBBBB.CCCCCCCCCCCCCCCC", "***"),
        ("key sk-proj-abcdefghijklmnop1234 ok", "key *** ok"),
        ("sk-ant-api03-AbC_dEf-123456789", "***"),
        ("ghp_abcdefghijklmnopqrstuvwxyz0123456789", "***"),
        ("github_pat_11ABCDEFG0abcdefghijkl", "***"),
        ("xoxb-1234567890-abcdefghij", "***"),
        ("AIzaSyA-1234567890abcdefghijklmnop", "***"),
        ("AKIAIOSFODNN7EXAMPLE", "***"),
        ("-----BEGIN PRIVATE KEY-----\nMIIE\nabc\n-----END PRIVATE KEY-----\nrest", "***\nrest"),
        ("-----BEGIN RSA PRIVATE KEY-----\nMIIE", "***"),
        # schemes and headers
        ("Authorization: Bearer abc.def", "Authorization: ***"),
        ("authorization=Basic dXNlcjpwdw==", "authorization=***"),
        ("sent Bearer abcdef", "sent Bearer ***"),
        ("sent bearer  abcdef, then left", "sent bearer  ***, then left"),
        ("Basic dXNlcjpwdw== sent", "Basic *** sent"),
        ("{'authorization': 'Bearer x y'}", "{'authorization': '***'}"),
        ("(b'cookie', b'x') Cookie: a=b; roost_session=xyz", "(b'cookie', b'x') Cookie: ***"),
        ("Set-Cookie: roost_session=x; Path=/\r\nHost: y", "Set-Cookie: ***\r\nHost: y"),
        # names and values
        ("GET /ws?uid=alice&token=abc%2Edef&x=1 HTTP/1.1", "GET /ws?uid=alice&token=***&x=1 HTTP/1.1"),
        ("/cb?access_token=abc#x", "/cb?access_token=***"),
        ("password=hunter2", "password=***"),
        ("password: hunter2", "password: ***"),
        ("PASSWORD='hunter 2' next", "PASSWORD=*** next"),
        ('{"client_secret": "hunter2", "uid": "alice"}', '{"client_secret": ***, "uid": "alice"}'),
        ("{'api_key': 'hunter2'}", "{'api_key': ***}"),
        ("api-key=hunter2;x", "api-key=***;x"),
        ("OPENAI_API_KEY=hunter2", "OPENAI_API_KEY=***"),
        ("https://alice:hunter2@example.org/x", "https://alice:***@example.org/x"),
        ("redis://:hunter2@db:6379", "redis://:***@db:6379"),
        # secrets that are known
        (f"it is {KNOWN}!", "it is ***!"),
        (f"x{KNOWN}y{KNOWN}", "x***y***"),
        ("at /correct%20horse%2Fbattery%2Bstaple", "at /***"),
        # what is none
        ("session opened for alice in 3 ms", "session opened for alice in 3 ms"),
        ("token: expired", "token: expired"),
        ("task-12345678 at 10.0.0.1:3000 of host.example.org", "task-12345678 at 10.0.0.1:3000 of host.example.org"),
        ("max_tokens=100 tokens=5", "max_tokens=100 tokens=5"),
        ("auth.jwt.secret: must have at least 32 bytes", "auth.jwt.secret: must have at least 32 bytes"),
        ("basic checks passed", "basic checks passed"),
        ("https://example.org:8443/a@b", "https://example.org:8443/a@b"),
        ("abc", "abc"),
        ("", ""),
    ],
)
def test_a_secret_in_a_text_is_hidden_and_the_rest_stays(text: str, shown: str) -> None:
    assert MASK.text(text) == shown
    assert MASK.tail(text) == shown
    assert MASK.value({"message": [text]}) == {"message": [shown]}


def test_a_known_secret_is_hidden_as_json_writes_it() -> None:
    secret = 'a "quoted"\\secret é'
    assert Mask([secret]).text(json.dumps({"x": secret})) == '{"x": "***"}'


def test_the_longer_of_two_known_secrets_is_hidden_whole() -> None:
    assert Mask(["secret-one", "secret-one-and-more"]).text("<secret-one-and-more>") == "<***>"


@pytest.mark.parametrize(
    ("value", "kept"),
    [
        (None, None), (True, True), (5, 5), (-1.5, -1.5), (float("nan"), "nan"), (float("inf"), "inf"),
        (10**30, str(10**30)[:32]),
        (b"\x00secret", "<7 bytes>"), (bytearray(3), "<3 bytes>"), (("a", 1), ["a", 1]), ({1: 2}, {"1": 2}),
        ({"b"}, ["b"]),
        (ValueError("password=x"), "password=***"), (object, "<class 'object'>"),
    ],
)  # fmt: skip
def test_whatever_is_logged_becomes_json(value: object, kept: object) -> None:
    assert MASK.value(value) == kept
    json.dumps(MASK.value(value), allow_nan=False)


def test_an_object_that_cannot_be_shown_does_not_stop_the_log() -> None:
    class Broken:
        def __str__(self) -> str:
            raise RuntimeError("no")

    assert MASK.value({"x": Broken()}) == {"x": "<a Broken that cannot be shown>"}


def test_what_is_too_long_too_many_or_too_deep_is_cut() -> None:
    assert len(MASK.text("a" * 10**7)) < LONGEST + 100
    assert len(MASK.tail("a" * 10**7)) == LONGEST
    assert len(MASK.value(list(range(1000)))) == 32
    assert len(MASK.value({str(n): n for n in range(1000)})) == 32
    wide: object = "x" * 10_000
    for _ in range(6):
        wide = [wide] * 32
    assert len(json.dumps(MASK.value(wide))) < 8 * LONGEST
    deep: list[object] = []
    for _ in range(10_000):
        deep = [deep]
    assert len(json.dumps(MASK.value(deep))) < 2 * LONGEST
    assert MASK.tail("x" * LONGEST + " the end").endswith(" the end")


PIECES = [
    "a",
    "-",
    ".",
    "_",
    " ",
    "://",
    ":",
    "@",
    "token",
    "=",
    "bearer ",
    "eyJ",
    "sk-",
    "-----BEGIN PRIVATE KEY-----",
    "'",
    "cookie: ",
]


@pytest.mark.parametrize(
    "piece", [*PIECES, "a-", "a.", "://a:", "tokentoken", "token-", "bearer  ", "basic a", "eyJa.", "-----BEGIN "]
)
def test_no_text_takes_long_to_look_through(piece: str) -> None:
    began = time.process_time()
    MASK.text(piece * (80_000 // len(piece)))
    assert time.process_time() - began < 0.5


@given(st.lists(st.sampled_from([*PIECES, "hunter2", "\n", "é", "&", '"', "b"]), max_size=30).map("".join))
def test_a_known_secret_is_never_shown_whatever_stands_around_it(around: str) -> None:
    assert KNOWN not in MASK.text(around + KNOWN + around)
    assert KNOWN not in str(MASK.value({around or "x": [KNOWN, around + KNOWN]}))


@pytest.mark.parametrize(
    ("text", "line"),
    [
        ("a b", "a b"), ("é 中 🙂", "é 中 🙂"), ("a\nb", "a\\nb"), ("a\r\nb", "a\\r\\nb"), ("\x1b[31m", "\\x1b[31m"),
        ("\0", "\\x00"),
        ("\u2028", "\\u2028"), ("\u2029", "\\u2029"), ("\x85", "\\x85"), ("\x0b\x0c", "\\x0b\\x0c"), ("\u202eabc",
        "\\u202eabc"),
        ("\u2066", "\\u2066"), ("\x7f", "\\x7f"), ("\ud800", "\\ud800"), ("\t", "\\t"), ("\u200b", "\\u200b"),
    ],
)  # fmt: skip
def test_a_line_stays_one_line(text: str, line: str) -> None:
    assert one_line(text) == line
