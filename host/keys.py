"""The public keys that tokens are checked with: PEM and JWKS files to key objects. No token comes here."""

from __future__ import annotations

import base64
import json
import logging
import re
import time
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Any

from host.layers import ConfigError

if TYPE_CHECKING:
    from cryptography.hazmat.primitives.asymmetric.ec import EllipticCurvePublicKey
    from cryptography.hazmat.primitives.asymmetric.rsa import RSAPublicKey

    from host.tables import Jwt

    PublicKey = RSAPublicKey | EllipticCurvePublicKey

log = logging.getLogger("roost.host")

LARGEST_FILE = 1024 * 1024
SMALLEST_RSA = 2048
PRIVATE = {"d", "p", "q", "dp", "dq", "qi", "k"}


class Keys:
    """The keys of `auth.jwt`, each as `prepare` makes it of what the settings or a file hold.

    A JWKS file is looked at again once a second at most, and read again when it changed.
    """

    __slots__ = ("_held", "_jwt", "_looked_at", "_prepare", "_version")

    def __init__(self, jwt: Jwt, prepare: Callable[[Any], Any]) -> None:
        self._jwt = jwt
        self._prepare = prepare
        self._look()

    def _look(self) -> None:
        self._looked_at = time.monotonic()
        self._version = _version(self._jwt.jwks_file)
        self._held = {kid: self._prepare(key) for kid, key in read(self._jwt).items()}

    def named(self, kid: str | None) -> Any | None:
        """The key for a token that names `kid`. It need not name one where there is one key only."""
        self._look_again()
        if len(self._held) == 1 and (kid is None or None in self._held):
            return next(iter(self._held.values()))
        return None if kid is None else self._held.get(kid)

    def _look_again(self) -> None:
        if self._jwt.jwks_file is None or time.monotonic() - self._looked_at < 1:
            return
        self._looked_at = time.monotonic()
        try:
            if _version(self._jwt.jwks_file) != self._version:
                self._look()
        except ConfigError as error:
            log.warning("the keys read before are used on: %s", error)


def _version(file: Path | None) -> tuple[int, ...] | None:
    """What changes when a file does; None where there is none."""
    try:
        found = file.stat() if file else None
    except OSError:
        return None
    return (found.st_ino, found.st_size, found.st_mtime_ns, found.st_ctime_ns) if found else None


def read(jwt: Jwt) -> dict[str | None, str | PublicKey]:
    """The keys of `jwt` by their `kid` (None: a key that has none). Raises `ConfigError` naming the setting."""
    if jwt.secret is not None:
        return {None: jwt.secret.get_secret_value()}
    if jwt.public_key_file is not None:
        return {None: _from_pem(jwt.public_key_file, jwt.algorithm)}
    assert jwt.jwks_file is not None, "config has exactly one source of keys"
    return from_jwks(content(jwt.jwks_file, "auth.jwt.jwks_file"), jwt.algorithm)


def content(file: Path, key: str) -> bytes:
    """What `file` holds, at most 1 MiB of it."""
    try:
        with file.open("rb") as opened:
            held = opened.read(LARGEST_FILE + 1)
    except OSError as error:
        raise ConfigError(f"{key}: cannot be read ({error.strerror}); name a file that this host may read") from None
    if len(held) > LARGEST_FILE:
        raise ConfigError(f"{key}: must be at most 1 MiB; is it the file that was meant?")
    return held


def _from_pem(file: Path, algorithm: str) -> PublicKey:
    from cryptography.exceptions import UnsupportedAlgorithm
    from cryptography.hazmat.primitives.serialization import load_pem_public_key

    held = content(file, "auth.jwt.public_key_file")
    if b"PRIVATE KEY" in held:
        raise ConfigError(
            "auth.jwt.public_key_file: holds a private key, which a host must not have; "
            "write its public half with `openssl pkey -pubout`"
        )
    try:
        return _fitting(load_pem_public_key(held), algorithm)
    except (ValueError, UnsupportedAlgorithm):
        rule = f"must be a PEM public key for {algorithm} ({_needs(algorithm)})"
        raise ConfigError(f"auth.jwt.public_key_file: {rule}; name such a file, or change algorithm") from None


def _needs(algorithm: str) -> str:
    return f"RSA of at least {SMALLEST_RSA} bits" if algorithm == "RS256" else "the curve P-256"


def _fitting(key: object, algorithm: str) -> PublicKey:
    from cryptography.hazmat.primitives.asymmetric import ec, rsa

    if algorithm == "RS256" and isinstance(key, rsa.RSAPublicKey) and key.key_size >= SMALLEST_RSA:
        return key
    if algorithm == "ES256" and isinstance(key, ec.EllipticCurvePublicKey) and isinstance(key.curve, ec.SECP256R1):
        return key
    raise ValueError("another kind of key")


def from_jwks(held: bytes, algorithm: str) -> dict[str | None, str | PublicKey]:
    """The keys of a JWKS document that fit `algorithm`; those for other uses are passed over, as RFC 7517 says."""
    try:
        entries = json.loads(held)["keys"]
        found = [(entry.get("kid"), _from_jwk(entry, algorithm)) for entry in entries if _is_for(entry, algorithm)]
    except (ValueError, TypeError, KeyError, AttributeError, RecursionError):
        raise _bad_jwks(f'must be JSON with `"keys": [...]`, each key whole and public ({_needs(algorithm)})') from None
    kids = [kid for kid, _ in found]
    if not found:
        raise _bad_jwks(f"has no key for {algorithm} ({_needs(algorithm)})")
    if len(set(kids)) < len(kids) or (None in kids and len(kids) > 1):
        raise _bad_jwks("has several keys that fit, so each must have a kid of its own")
    return dict(found)


def _bad_jwks(rule: str) -> ConfigError:
    return ConfigError(f"auth.jwt.jwks_file: {rule}; correct the file, or change auth.jwt.algorithm")


def _is_for(entry: dict[str, Any], algorithm: str) -> bool:
    if PRIVATE & entry.keys():
        raise ValueError("a private key")
    kind = "RSA" if algorithm == "RS256" else "EC"
    return (
        entry.get("kty") == kind
        and entry.get("alg", algorithm) == algorithm
        and entry.get("use", "sig") == "sig"
        and "verify" in entry.get("key_ops", ["verify"])
        and entry.get("crv", "P-256") == "P-256"
    )


def _from_jwk(entry: dict[str, Any], algorithm: str) -> PublicKey:
    from cryptography.hazmat.primitives.asymmetric import ec, rsa

    if not isinstance(entry.get("kid"), str | None):
        raise ValueError("a kid is text")
    if algorithm == "RS256":
        return _fitting(rsa.RSAPublicNumbers(_number(entry["e"]), _number(entry["n"])).public_key(), algorithm)
    numbers = ec.EllipticCurvePublicNumbers(_number(entry["x"]), _number(entry["y"]), ec.SECP256R1())
    return _fitting(numbers.public_key(), algorithm)


def _number(text: str) -> int:
    if not re.fullmatch(r"[A-Za-z0-9_-]{1,2048}", text):
        raise ValueError("not base64url")
    return int.from_bytes(base64.urlsafe_b64decode(text + "=" * (-len(text) % 4)))
