"""Tokens made by hand, with real keys: who is let in, and why each other one is not."""

from __future__ import annotations

import base64
import hashlib
import hmac
import json
import os
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec, padding, rsa
from cryptography.hazmat.primitives.asymmetric.utils import decode_dss_signature

from host.auth import Authenticator, BadToken, User, credentials, login_cookie, logout_cookie
from host.config import Config, ConfigError, load
from sessions.errors import InvalidUid

ROOT = Path(__file__).parents[2]
SECRET = "a shared secret of forty-one characters.."
NOW = 1_800_000_000
RSA_KEY = rsa.generate_private_key(65537, 2048)
OTHER_RSA = rsa.generate_private_key(65537, 2048)
EC_KEY = ec.generate_private_key(ec.SECP256R1())
OTHER_EC = ec.generate_private_key(ec.SECP256R1())
Sign = Callable[[bytes], bytes]


def b64(content: bytes | str) -> str:
    raw = content.encode() if isinstance(content, str) else content
    return base64.urlsafe_b64encode(raw).rstrip(b"=").decode()


def hs(secret: str | bytes = SECRET, name: str = "sha256") -> Sign:
    key = secret.encode() if isinstance(secret, str) else secret
    return lambda signed: hmac.digest(key, signed, name)


def rs(key: rsa.RSAPrivateKey = RSA_KEY, kind: hashes.HashAlgorithm = hashes.SHA256()) -> Sign:  # noqa: B008
    return lambda signed: key.sign(signed, padding.PKCS1v15(), kind)


def ps(signed: bytes) -> bytes:
    return RSA_KEY.sign(signed, padding.PSS(padding.MGF1(hashes.SHA256()), 32), hashes.SHA256())


def es(key: ec.EllipticCurvePrivateKey = EC_KEY) -> Sign:
    def sign(signed: bytes) -> bytes:
        r, s = decode_dss_signature(key.sign(signed, ec.ECDSA(hashes.SHA256())))
        return r.to_bytes(32) + s.to_bytes(32)

    return sign


def es_der(signed: bytes) -> bytes:
    return EC_KEY.sign(signed, ec.ECDSA(hashes.SHA256()))


def made(header: Any, payload: Any, sign: Sign) -> str:
    """A token of these parts; text is taken as the JSON that it is."""
    parts = [part if isinstance(part, str) else json.dumps(part) for part in (header, payload)]
    signed = ".".join(b64(part) for part in parts)
    return f"{signed}.{b64(sign(signed.encode()))}"


def claims(**more: Any) -> dict[str, Any]:
    """What a good token claims; None takes one away."""
    whole = {"sub": "alice", "exp": NOW + 60} | more
    return {name: value for name, value in whole.items() if value is not ...}


def pem(key: Any) -> bytes:
    form = serialization.PublicFormat.SubjectPublicKeyInfo
    return bytes(key.public_key().public_bytes(serialization.Encoding.PEM, form))


def number(value: int) -> str:
    return b64(value.to_bytes((value.bit_length() + 7) // 8))


def jwk(key: Any, **more: Any) -> dict[str, Any]:
    held = key.public_key().public_numbers()
    if isinstance(key, rsa.RSAPrivateKey):
        return {"kty": "RSA", "n": number(held.n), "e": number(held.e), **more}
    return {"kty": "EC", "crv": "P-256", "x": b64(held.x.to_bytes(32)), "y": b64(held.y.to_bytes(32)), **more}


def authenticator(clock: Callable[[], float] = lambda: NOW, **jwt: Any) -> Authenticator:
    return Authenticator(Config.model_validate({"auth": {"jwt": jwt or {"secret": SECRET}}}), clock)


def reason(checks: Authenticator, token: str) -> str:
    """Why `token` is refused; none of its parts may be in the text."""
    with pytest.raises(BadToken) as caught:
        checks.user_of_token(token)
    assert not [part for part in token.split(".") if len(part) > 7 and part in str(caught.value)]
    assert SECRET not in str(caught.value)
    return str(caught.value)


HS = {"alg": "HS256", "typ": "JWT"}
GOOD = made(HS, claims(), hs())
HEAD, BODY, SIGNATURE = GOOD.split(".")


@pytest.mark.parametrize(
    ("header", "payload", "user"),
    [
        (HS, claims(), User("alice", frozenset(), NOW + 60)),
        ({"alg": "HS256"}, claims(), User("alice", frozenset(), NOW + 60)),
        ({"alg": "HS256", "typ": "at+JWT", "kid": "any"}, claims(), User("alice", frozenset(), NOW + 60)),
        (HS, claims(exp=NOW + 0.5), User("alice", frozenset(), NOW + 0.5)),
        (HS, claims(nbf=NOW, iat=NOW), User("alice", frozenset(), NOW + 60)),
        (HS, claims(iat=NOW + 60), User("alice", frozenset(), NOW + 60)),
        (HS, claims(scope=""), User("alice", frozenset(), NOW + 60)),
        (HS, claims(scope="impersonate admin"), User("alice", frozenset({"impersonate", "admin"}), NOW + 60)),
        (HS, claims(iss="anybody", jti="x", name="Älice", deep={"a": [1]}), User("alice", frozenset(), NOW + 60)),
        (HS, claims(sub="A.b_c-d@e+f"), User("A.b_c-d@e+f", frozenset(), NOW + 60)),
        (HS, claims(sub="x" * 128), User("x" * 128, frozenset(), NOW + 60)),
        # keys and addresses in a header are nobody's to give
        (HS | {"jku": "https://evil.example/jwks", "x5u": "//evil"}, claims(), User("alice", frozenset(), NOW + 60)),
        (HS | {"jwk": {"kty": "oct", "k": "AAAA"}, "x5c": ["MII"]}, claims(), User("alice", frozenset(), NOW + 60)),
    ],
)  # fmt: skip
def test_a_good_token_is_its_user(header: dict[str, Any], payload: dict[str, Any], user: User) -> None:
    assert authenticator().user_of_token(made(header, payload, hs())) == user


SHAPE = "token: must be three parts of base64url with dots between (JWS compact form)"
ALG = "token: `alg` must be HS256"
SIGNED = "token: its signature does not fit"
HEADER = "token: its header must be a JSON object, with each key once and plain numbers"
PAYLOAD = "token: its payload must be a JSON object, with each key once and plain numbers"
SPELLING = "token: is not base64url in its one spelling"
EXTENSION = "token: its header asks for an extension (`crit`, `b64`), and none is understood"


def moment(name: str) -> str:
    return f"token: `{name}` must be a number of seconds since 1970"


SCOPE = "token: `scope` must be text of words with one space between"
FORGED = [
    # no token at all
    ("", SHAPE), (".", SHAPE), ("..", SHAPE), ("...", SHAPE), ("null", SHAPE), ("alice", SHAPE), ("\0", SHAPE),
    (f"{HEAD}.{BODY}", SHAPE), (f"{HEAD}.{BODY}.", SHAPE), (f"{HEAD}..{SIGNATURE}", SHAPE),
    (f".{BODY}.{SIGNATURE}", SHAPE),
    (f"{GOOD}.{SIGNATURE}", SHAPE), (f"{HEAD}.{BODY}.{SIGNATURE}.", SHAPE), (f"{GOOD}..{SIGNATURE}", SHAPE),
    (json.dumps({"payload": BODY, "protected": HEAD, "signature": SIGNATURE}), SHAPE),
    (f" {GOOD}", SHAPE), (f"{GOOD} ", SHAPE), (f"{GOOD}\n", SHAPE), (f"{HEAD}.{BODY}\n.{SIGNATURE}", SHAPE),
    (f"{HEAD}. {BODY}.{SIGNATURE}", SHAPE), (f"{GOOD}\r\nX: y", SHAPE), (f"Bearer {GOOD}", SHAPE),
    (f'"{GOOD}"', SHAPE),
    (f"{GOOD}==", SHAPE), (f"{GOOD}=", SHAPE), (f"{HEAD}=.{BODY}.{SIGNATURE}", SHAPE),
    (GOOD.replace(".", "%2e"), SHAPE),
    (f"{HEAD}.{BODY}.{SIGNATURE[:-2]}+/", SHAPE), (f"{HEAD}.{BODY}.{SIGNATURE[:-1]}é", SHAPE),
    (f"{HEAD}．{BODY}．{SIGNATURE}", SHAPE),
    (f"{GOOD}\ud800", SHAPE), (f"{HEAD}.{BODY}.{'A' * 8192}", "token: must have at most 8192 characters"),
    # parts that are no JSON objects, or two at once
    (made("", claims(), hs()), SHAPE), (made("null", claims(), hs()), HEADER), (made("[]", claims(), hs()), HEADER),
    (made('"HS256"', claims(), hs()), HEADER), (made('{"alg":"HS256"', claims(), hs()), HEADER),
    (made('{"alg":"none","alg":"HS256"}', claims(), hs()), HEADER),
    (made('{"alg":"HS256","alg":"HS256"}', claims(), hs()), HEADER),
    (made('{"alg":"HS256"} {}', claims(), hs()), HEADER), (made('\ufeff{"alg":"HS256"}', claims(), hs()), HEADER),
    (made("[" * 5000, claims(), hs()), HEADER),
    (made('{"alg":"HS256","a":' + "[" * 2000 + "]" * 2000 + "}", claims(), hs()), HEADER),
    (made("{'alg':'HS256'}", claims(), hs()), HEADER), (made('{"alg":"HS256","n":NaN}', claims(), hs()), HEADER),
    (made(HS, "null", hs()), PAYLOAD), (made(HS, "[]", hs()), PAYLOAD), (made(HS, '"alice"', hs()), PAYLOAD),
    (made(HS, "5", hs()), PAYLOAD),
    (made(HS, '{"sub":"alice","exp":1800000060,"sub":"bob"}', hs()), PAYLOAD),
    (made(HS, '{"sub":"alice","exp":1,"exp":1800000060}', hs()), PAYLOAD),
    (made(HS, '{"sub":"alice","exp":1800000060,"x":{"a":1,"a":2}}', hs()), PAYLOAD),
    (made(HS, '{"sub":"alice","exp":Infinity}', hs()), PAYLOAD),
    (made(HS, '{"sub":"alice","exp":NaN}', hs()), PAYLOAD),
    (made(HS, '{"sub":"alice","exp":' + "9" * 5000 + "}", hs()), PAYLOAD),
    (f"{HEAD}.{b64(bytes([0xFF, 0xFE]))}." + b64(hs()(f"{HEAD}.{b64(bytes([0xFF, 0xFE]))}".encode())), PAYLOAD),
    # a spelling of base64url that is not the one
    (f"{HEAD}.{BODY}.{SIGNATURE[:-1]}{chr(ord(SIGNATURE[-1]) + 1)}", SPELLING),
    (f"{HEAD}.{BODY}.A", "token: is not base64url"),
    (f"{HEAD}.{BODY}.{SIGNATURE}A", SIGNED), (f"{HEAD}.{BODY}.{SIGNATURE}AB", "token: is not base64url"),
    # another algorithm than the configured one
    (f"{b64(json.dumps({'alg': 'none'}))}.{BODY}.", SHAPE), (f"{b64(json.dumps({'alg': 'none'}))}.{BODY}.AA", ALG),
    *((made({"alg": alg}, claims(), hs()), ALG) for alg in
      ("none", "None", "NONE", "nOnE", "hs256", "HS256 ", "HS-256", "HS384", "HS512", "RS256", "ES256", "PS256",
       "EdDSA", "A128KW", "dir", "")),
    *((made({"alg": alg}, claims(), hs()), ALG) for alg in (None, True, 0, ["HS256"], {"HS256": 1})),
    (made({"typ": "JWT"}, claims(), hs()), ALG), (made({"ALG": "HS256"}, claims(), hs()), ALG),
    (made({"alg": "HS384"}, claims(), hs(name="sha384")), ALG),
    (made({"alg": "HS512"}, claims(), hs(name="sha512")), ALG),
    (made({"alg": "RS256"}, claims(), rs()), ALG), (made({"alg": "ES256"}, claims(), es()), ALG),
    # extensions and other kinds of tokens
    (made(HS | {"crit": ["exp"], "exp": 1}, claims(), hs()), EXTENSION),
    (made(HS | {"crit": []}, claims(), hs()), EXTENSION),
    (made(HS | {"crit": None}, claims(), hs()), EXTENSION),
    (made(HS | {"crit": ["b64"], "b64": False}, claims(), hs()), EXTENSION),
    (made(HS | {"b64": False}, claims(), hs()), EXTENSION), (made(HS | {"b64": True}, claims(), hs()), EXTENSION),
    *((made(HS | {"typ": typ}, claims(), hs()), "token: `typ` must be JWT or at+jwt") for typ in ("logout+jwt",
       "dpop+jwt", "JOSE+JSON", "", None, 5, ["JWT"])),
    *((made(HS | {"kid": kid}, claims(), hs()), "token: `kid` must be text") for kid in (None, 5, ["a"], {"a": 1},
       True)),
    # signatures
    (made(HS, claims(), hs("another secret of more than thirty-two bytes")), SIGNED),
    (made(HS, claims(), hs("")), SIGNED),
    (made(HS, claims(), hs("\0" + SECRET)), SIGNED), (made(HS, claims(), hs(SECRET[:-1])), SIGNED),
    (made(HS, claims(), lambda _: b"\0" * 32), SIGNED),
    (made(HS, claims(), lambda signed: hs()(signed)[:-1]), SIGNED),
    (made(HS, claims(), lambda signed: hs()(signed) + b"\0"), SIGNED),
    (made(HS, claims(), lambda signed: hs()(signed)[:16]), SIGNED),
    (made(HS, claims(), lambda signed: hashlib.sha256(signed).digest()), SIGNED),
    (made(HS, claims(), hs(name="sha512")), SIGNED), (made(HS, claims(), rs()), SIGNED),
    (made(HS, claims(), es()), SIGNED),
    (f"{HEAD}.{b64(json.dumps(claims(sub='bob')))}.{SIGNATURE}", SIGNED),
    (f"{HEAD}.{b64(json.dumps(claims(scope='admin')))}.{SIGNATURE}", SIGNED),
    (f"{b64(json.dumps(HS | {'kid': 'x'}))}.{BODY}.{SIGNATURE}", SIGNED), (f"{BODY}.{HEAD}.{SIGNATURE}", ALG),
    (made(HS | {"jwk": {"kty": "oct", "k": b64("mine")}}, claims(), hs("mine")), SIGNED),
    (made(HS | {"kid": "../../../../dev/null"}, claims(), hs("")), SIGNED),
    (made(HS | {"kid": "' UNION SELECT 'k"}, claims(), hs("k")), SIGNED),
    # times
    (made(HS, claims(exp=...), hs()), "token: must have an `exp`"),
    (made(HS, claims(exp=NOW), hs()), "token: expired"),
    (made(HS, claims(exp=NOW - 1), hs()), "token: expired"), (made(HS, claims(exp=0), hs()), "token: expired"),
    (made(HS, claims(exp=NOW - 0.001), hs()), "token: expired"),
    (made(HS, claims(exp=NOW, nbf=NOW + 5), hs()), "token: expired"),
    *((made(HS, claims(exp=exp), hs()), moment("exp")) for exp in
      (None, True, "1800000060", "never", [NOW + 60], {"at": NOW}, -1, 1e300, 10**20, 253402300800, NOW * 1000,
       -(10**30))),
    (made(HS, '{"sub":"alice","exp":1e400}', hs()), moment("exp")),
    (made(HS, '{"sub":"alice","exp":' + "9" * 400 + "}", hs()), moment("exp")),
    (made(HS, claims(nbf=NOW + 1), hs()), "token: not valid yet"),
    (made(HS, claims(nbf=NOW + 0.5), hs()), "token: not valid yet"),
    *((made(HS, claims(nbf=nbf), hs()), moment("nbf")) for nbf in (None, True, "0", [], -1, 10**20)),
    (made(HS, claims(iat=NOW + 61), hs()), "token: issued in the future"),
    *((made(HS, claims(iat=iat), hs()), moment("iat")) for iat in (None, False, "now", {}, -1, 10**20)),
    # who and what
    *((made(HS, claims(sub=sub), hs()), "token: `sub` must be a uid") for sub in
      (..., None, "", 5, True, ["alice"], {"alice": 1}, "alice bob", "../bob", ".bob", "-bob", "a/b",
       "a\0", "alice\n", "älice", "а", "x" * 129, "a%00", "\ud800")),
    *((made(HS, claims(scope=scope), hs()), SCOPE) for scope in
      (None, True, 5, ["impersonate"], {"admin": True}, " admin", "admin ", "a  b", "a\tb", "a\nadmin", "a,b é",
       'a"b', "a\\b", "a\0b", " ")),
    *((made(HS, claims(aud=aud), hs()),
       "token: has an `aud`, and auth.jwt.audience is not set") for aud in ("roost", "", [], None, ["a"], 5)),
]  # fmt: skip


@pytest.mark.parametrize(("token", "why"), FORGED, ids=range(len(FORGED)))
def test_a_forged_or_broken_token_is_nobody(token: str, why: str) -> None:
    assert reason(authenticator(), token) == why


@pytest.mark.parametrize(
    ("aud", "iss", "why"),
    [
        ("roost", "https://id.example", None),
        (["other", "roost"], "https://id.example", None),
        (["roost"], "https://id.example", None),
        (..., "https://id.example", "aud"),
        (None, "https://id.example", "aud"),
        ("", "https://id.example", "aud"),
        ("Roost", "https://id.example", "aud"),
        ("roost ", "https://id.example", "aud"),
        ("roost2", "https://id.example", "aud"),
        ("roo", "https://id.example", "aud"),
        ("other roost", "https://id.example", "aud"),
        ([], "https://id.example", "aud"),
        (["other"], "https://id.example", "aud"),
        (["roost", 5], "https://id.example", "aud"),
        ([["roost"]], "https://id.example", "aud"),
        ({"roost": 1}, "https://id.example", "aud"),
        (True, "https://id.example", "aud"),
        ("roost", ..., "iss"),
        ("roost", None, "iss"),
        ("roost", "https://id.example/", "iss"),
        ("roost", "https://ID.example", "iss"),
        ("roost", "https://id.example.evil.example", "iss"),
        ("roost", ["https://id.example"], "iss"),
        ("roost", "", "iss"),
        ("roost", 5, "iss"),
    ],
)
def test_where_audience_and_issuer_are_configured_both_must_match(aud: Any, iss: Any, why: str | None) -> None:
    checks = authenticator(secret=SECRET, audience="roost", issuer="https://id.example")
    token = made(HS, claims(aud=aud, iss=iss), hs())
    if why is None:
        assert checks.user_of_token(token).uid == "alice"
    else:
        wrong = {"aud": "token: `aud` is not this host's", "iss": "token: `iss` is not the configured one"}
        assert reason(checks, token) == wrong[why]


def test_a_leeway_is_allowed_for_clocks_and_no_more() -> None:
    checks = authenticator(secret=SECRET, leeway_s=30)
    assert checks.user_of_token(made(HS, claims(exp=NOW - 29), hs())).expires == NOW + 1
    assert reason(checks, made(HS, claims(exp=NOW - 30), hs())) == "token: expired"
    assert checks.user_of_token(made(HS, claims(nbf=NOW + 30), hs())).uid == "alice"
    assert reason(checks, made(HS, claims(nbf=NOW + 31), hs())) == "token: not valid yet"
    assert checks.user_of_token(made(HS, claims(iat=NOW + 90), hs())).uid == "alice"
    assert reason(checks, made(HS, claims(iat=NOW + 91), hs())) == "token: issued in the future"


def test_a_token_that_was_good_ends_when_its_time_does() -> None:
    times = [NOW]
    checks = authenticator(lambda: times[0])
    assert checks.user_of_token(GOOD).expires == NOW + 60
    times[0] = NOW + 60
    assert reason(checks, GOOD) == "token: expired"


@pytest.mark.parametrize(
    ("algorithm", "token", "why"),
    [
        ("RS256", made({"alg": "RS256"}, claims(), rs()), None),
        ("RS256", made({"alg": "RS256", "kid": "whatever"}, claims(), rs()), None),
        ("RS256", made({"alg": "RS256"}, claims(), rs(OTHER_RSA)), SIGNED),
        ("RS256", made({"alg": "RS256"}, claims(), rs(kind=hashes.SHA512())), SIGNED),
        ("RS256", made({"alg": "RS256"}, claims(), ps), SIGNED),
        ("RS256", made({"alg": "RS256"}, claims(), hs(pem(RSA_KEY))), SIGNED),
        ("RS256", made({"alg": "HS256"}, claims(), hs(pem(RSA_KEY))), "token: `alg` must be RS256"),
        ("RS256", made({"alg": "HS256"}, claims(), hs(pem(RSA_KEY).strip())), "token: `alg` must be RS256"),
        ("RS256", made({"alg": "PS256"}, claims(), ps), "token: `alg` must be RS256"),
        ("RS256", made({"alg": "RS512"}, claims(), rs(kind=hashes.SHA512())), "token: `alg` must be RS256"),
        ("RS256", made({"alg": "none"}, claims(), lambda _: b"\0"), "token: `alg` must be RS256"),
        ("RS256", made({"alg": "RS256", "jwk": jwk(OTHER_RSA)}, claims(), rs(OTHER_RSA)), SIGNED),
        ("RS256", made({"alg": "RS256"}, claims(), lambda _: b"\0" * 256), SIGNED),
        ("RS256", made({"alg": "RS256"}, claims(), lambda _: b"\1"), SIGNED),
        ("ES256", made({"alg": "ES256"}, claims(), es()), None),
        ("ES256", made({"alg": "ES256"}, claims(), es(OTHER_EC)), SIGNED),
        ("ES256", made({"alg": "ES256"}, claims(), es_der), SIGNED),
        ("ES256", made({"alg": "ES256"}, claims(), lambda _: b"\0" * 64), SIGNED),
        ("ES256", made({"alg": "ES256"}, claims(), lambda signed: es()(signed)[:63]), SIGNED),
        ("ES256", made({"alg": "ES256"}, claims(), lambda signed: es()(signed) + b"\0"), SIGNED),
        ("ES256", made({"alg": "ES256"}, claims(), hs(pem(EC_KEY))), SIGNED),
        ("ES256", made({"alg": "HS256"}, claims(), hs(pem(EC_KEY))), "token: `alg` must be ES256"),
        ("ES256", made({"alg": "ES256K"}, claims(), es()), "token: `alg` must be ES256"),
        ("ES256", made({"alg": "RS256"}, claims(), rs()), "token: `alg` must be ES256"),
    ],
)
def test_a_public_key_checks_its_own_algorithm_only(
    tmp_path: Path, algorithm: str, token: str, why: str | None
) -> None:
    file = tmp_path / "key.pem"
    file.write_bytes(pem(RSA_KEY if algorithm == "RS256" else EC_KEY))
    checks = authenticator(algorithm=algorithm, public_key_file=str(file))
    if why is None:
        assert checks.user_of_token(token).uid == "alice"
    else:
        assert reason(checks, token) == why


def jwks_file(folder: Path, *keys: dict[str, Any]) -> Path:
    file = folder / "jwks.json"
    (folder / "next").write_text(json.dumps({"keys": keys}))
    os.replace(folder / "next", file)
    return file


NO_KEY = "token: its `kid` names no key of this host"


@pytest.mark.parametrize(
    ("header", "key", "why"),
    [
        ({"kid": "one"}, RSA_KEY, None),
        ({"kid": "two"}, OTHER_RSA, None),
        ({"kid": "one"}, OTHER_RSA, SIGNED),
        ({"kid": "two"}, RSA_KEY, SIGNED),
        ({}, RSA_KEY, NO_KEY),
        ({"kid": "three"}, RSA_KEY, NO_KEY),
        ({"kid": "ONE"}, RSA_KEY, NO_KEY),
        ({"kid": ""}, RSA_KEY, NO_KEY),
        ({"kid": "encryption"}, RSA_KEY, NO_KEY),
        ({"kid": "other"}, RSA_KEY, NO_KEY),
    ],
)
def test_a_jwks_with_several_keys_wants_the_kid_of_one(
    tmp_path: Path, header: dict[str, Any], key: rsa.RSAPrivateKey, why: str | None
) -> None:
    unfit = [jwk(RSA_KEY, kid="encryption", use="enc"), jwk(RSA_KEY, kid="other", alg="RS512"), jwk(EC_KEY, kid="ec")]
    file = jwks_file(tmp_path, jwk(RSA_KEY, kid="one", use="sig"), jwk(OTHER_RSA, kid="two", alg="RS256"), *unfit)
    checks = authenticator(algorithm="RS256", jwks_file=str(file))
    token = made({"alg": "RS256"} | header, claims(), rs(key))
    if why is None:
        assert checks.user_of_token(token).uid == "alice"
    else:
        assert reason(checks, token) == why


def test_a_jwks_with_one_key_needs_no_kid_but_minds_one(tmp_path: Path) -> None:
    named = authenticator(algorithm="ES256", jwks_file=str(jwks_file(tmp_path, jwk(EC_KEY, kid="one"))))
    assert named.user_of_token(made({"alg": "ES256"}, claims(), es())).uid == "alice"
    assert reason(named, made({"alg": "ES256", "kid": "two"}, claims(), es())) == NO_KEY
    nameless = authenticator(algorithm="ES256", jwks_file=str(jwks_file(tmp_path, jwk(EC_KEY))))
    assert nameless.user_of_token(made({"alg": "ES256", "kid": "two"}, claims(), es())).uid == "alice"


def soon(test: Callable[[], bool]) -> bool:
    """Whether `test` becomes true within 5 s, which is five looks at the file."""
    end = time.monotonic() + 5
    while time.monotonic() < end:
        if test():
            return True
        time.sleep(0.02)
    return False


def test_a_key_that_leaves_the_jwks_file_is_no_longer_taken(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    file = jwks_file(tmp_path, jwk(EC_KEY, kid="one"))
    checks = authenticator(algorithm="ES256", jwks_file=str(file))
    old, new = (
        made({"alg": "ES256", "kid": kid}, claims(), es(key)) for kid, key in (("one", EC_KEY), ("two", OTHER_EC))
    )

    def takes(token: str) -> bool:
        try:
            return checks.user_of_token(token).uid == "alice"
        except BadToken:
            return False

    assert takes(old)
    assert not takes(new)
    jwks_file(tmp_path, jwk(OTHER_EC, kid="two"))
    assert soon(lambda: takes(new))
    assert not takes(old)
    file.write_text('{"keys": [half a fi')
    assert soon(lambda: takes(new) and "auth.jwt.jwks_file" in caplog.text)
    file.unlink()
    assert soon(lambda: takes(new) and "cannot be read" in caplog.text)
    jwks_file(tmp_path, jwk(EC_KEY, kid="one"))
    assert soon(lambda: takes(old) and not takes(new))


def test_a_secret_that_is_a_key_files_text_is_refused_in_every_form() -> None:
    openssh = RSA_KEY.public_key().public_bytes(serialization.Encoding.OpenSSH, serialization.PublicFormat.OpenSSH)
    for secret in (openssh.decode(), json.dumps(jwk(RSA_KEY)), "ecdsa-sha2-nistp256 AAAAAAAAAAAAAAAAAAAAAAAAAA"):
        with pytest.raises(ConfigError, match=r"^auth\.jwt\.secret: must not be a key file's text; "):
            Authenticator(load({"auth.jwt.secret": secret}, {}, None))


def test_without_jwt_settings_there_is_nothing_to_check_tokens_with() -> None:
    with pytest.raises(ValueError, match=r"auth\.jwt is not configured"):
        Authenticator(Config())


def test_a_token_that_the_host_issues_is_taken_and_ends() -> None:
    times = [NOW]
    checks = authenticator(lambda: times[0], secret=SECRET, audience="roost", issuer="us")
    token = checks.issue("bob", "impersonate admin", 10)
    assert checks.user_of_token(token) == User("bob", frozenset({"impersonate", "admin"}), NOW + 10)
    assert reason(authenticator(), token) == "token: has an `aud`, and auth.jwt.audience is not set"
    times[0] += 10
    assert reason(checks, token) == "token: expired"
    with pytest.raises(BadToken, match="`scope` must be text"):
        checks.issue("bob", "two  spaces")
    with pytest.raises(InvalidUid):
        checks.issue("../bob")


def test_a_host_that_only_has_a_public_key_issues_nothing(tmp_path: Path) -> None:
    checks = authenticator(algorithm="ES256", jwks_file=str(jwks_file(tmp_path, jwk(EC_KEY))))
    with pytest.raises(BadToken, match="only checks tokens"):
        checks.issue("bob")


def test_who_may_speak_for_whom() -> None:
    alice, proxy, admin = User("alice"), User("proxy", frozenset({"impersonate"})), User("root", frozenset({"admin"}))
    assert [alice.may_speak_for(uid) for uid in ("alice", "Alice", "bob", "")] == [True, False, False, False]
    assert [proxy.may_speak_for(uid) for uid in ("alice", "bob", "proxy")] == [True, True, True]
    assert [admin.may_speak_for(uid) for uid in ("alice", "root")] == [False, True]
    assert [user.is_admin for user in (alice, proxy, admin)] == [False, False, True]
    assert not User("a", frozenset({"impersonated", "IMPERSONATE", "administrator"})).may_speak_for("b")


A, B = b"aaa.bbb.ccc", b"ddd.eee.fff"
TWO = "Cookie: roost_session must be sent once; log out, or delete the cookies of this site"
ONLY = "Authorization: must be `Bearer <token>`"
DIFFER = "Authorization and the cookie roost_session differ; send one of them"


@pytest.mark.parametrize(
    ("headers", "expected"),
    [
        ([], None),
        ([(b"x-token", A), (b"cookie", b"other=1; roost=2")], None),
        ([(b"authorization", b"Bearer " + A)], A),
        ([(b"authorization", b"bearer " + A)], A),
        ([(b"authorization", b"BEARER  " + A + b" ")], A),
        ([(b"Authorization", b"Bearer " + A)], A),
        ([(b"cookie", b"roost_session=" + A)], A),
        ([(b"cookie", b"a=b; roost_session=" + A + b"; c=d")], A),
        ([(b"cookie", b"a=b"), (b"cookie", b"roost_session=" + A)], A),
        ([(b"cookie", b"roost_session=" + A + b"=;x")], A + b"="),
        ([(b"cookie", b"Roost_Session=" + A)], None),
        ([(b"cookie", b"xroost_session=" + A + b"; roost_sessionx=" + B)], None),
        ([(b"cookie", b"a=roost_session=" + A)], None),
        ([(b"authorization", b"Bearer " + A), (b"cookie", b"roost_session=" + A)], A),
        ([(b"authorization", b"Bearer " + A), (b"cookie", b"roost_session=" + B)], DIFFER),
        ([(b"authorization", b"Bearer " + A), (b"authorization", b"Bearer " + A)], "Authorization: must be sent once"),
        ([(b"authorization", b"Bearer " + A), (b"authorization", b"Bearer " + B)], "Authorization: must be sent once"),
        ([(b"authorization", b"Basic YTpi")], ONLY),
        ([(b"authorization", b"Basic YTpi"), (b"cookie", b"roost_session=" + A)], ONLY),
        ([(b"authorization", b"")], ONLY),
        ([(b"authorization", A)], ONLY),
        ([(b"authorization", b"Bearer\t" + A)], ONLY),
        ([(b"authorization", b"Token " + A)], ONLY),
        ([(b"authorization", b"BearerX " + A)], ONLY),
        ([(b"authorization", b"Bearer")], b""),
        ([(b"authorization", b"Bearer " + A + b", Bearer " + B)], A + b", Bearer " + B),
        ([(b"cookie", b"roost_session=" + A + b"; roost_session=" + B)], TWO),
        ([(b"cookie", b"roost_session=" + A + b"; roost_session=" + A)], TWO),
        ([(b"cookie", b"roost_session=" + A), (b"cookie", b"roost_session=" + B)], TWO),
        ([(b"cookie", b"roost_session=" + A + b"; roost_session =" + B)], TWO),
        ([(b"cookie", b"roost_session=" + A + b";\troost_session=" + B)], TWO),
        ([(b"cookie", b"roost_session=" + A + b"; roost_session")], TWO),
        ([(b"cookie", b"roost_session=")], b""),
    ],
)
def test_a_request_carries_one_token_in_one_place(
    headers: list[tuple[bytes, bytes]], expected: bytes | str | None
) -> None:
    if isinstance(expected, str):
        with pytest.raises(BadToken) as caught:
            credentials(headers)
        assert str(caught.value) == expected
    else:
        assert credentials(headers) == (None if expected is None else expected.decode())


def test_what_is_no_token_in_a_header_is_refused_when_it_is_checked() -> None:
    for header in (
        b"Bearer",
        b"Bearer " + GOOD.encode() + b", Bearer " + GOOD.encode(),
        b"Bearer " + GOOD.encode() + b"\xe9",
    ):
        token = credentials([(b"authorization", header)])
        assert token is not None
        assert reason(authenticator(), token) == SHAPE


def test_the_login_cookie_lives_as_long_as_the_token_and_is_for_this_site_only() -> None:
    user = User("alice", frozenset(), NOW + 60.9)
    assert login_cookie(GOOD, user, secure=True, path="/code", now=NOW) == (
        f"roost_session={GOOD}; Path=/code; HttpOnly; SameSite=Strict; Max-Age=60; Secure"
    )
    assert login_cookie(GOOD, user, secure=False, path="", now=NOW + 100) == (
        f"roost_session={GOOD}; Path=/; HttpOnly; SameSite=Strict; Max-Age=0"
    )
    assert login_cookie(GOOD, User("a"), secure=False) == f"roost_session={GOOD}; Path=/; HttpOnly; SameSite=Strict"
    assert logout_cookie(secure=True) == "roost_session=; Path=/; HttpOnly; SameSite=Strict; Max-Age=0; Secure"
    sent = login_cookie(GOOD, user, secure=True).split(";")[0]
    assert credentials([(b"cookie", sent.encode())]) == GOOD


def test_the_jwt_library_is_loaded_by_the_first_authenticator_only() -> None:
    code = "import sys; import host.auth; print(*sys.modules)"
    loaded = subprocess.run([sys.executable, "-c", code], cwd=ROOT, check=True, capture_output=True, text=True)
    assert not {"jwt", "cryptography"} & set(loaded.stdout.split())
