"""A token -> a user, and where a request carries its token. Whether a request may come at all is in guard.py."""

from __future__ import annotations

import base64
import json
import re
import time
from collections.abc import Callable, Collection
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from host.keys import Keys
from host.layers import ConfigError
from sessions.current import checked_uid
from sessions.errors import InvalidUid, RoostError

if TYPE_CHECKING:
    from host.config import Config

COOKIE = "roost_session"
LARGEST_TOKEN = 8192
"""Characters of a token; also about what servers take as one header."""
LATEST = 253402300799
"""The last second of the year 9999: a time beyond it is a mistake."""
CLOCKS_APART_S = 60
"""How far in the future an `iat` may lie, beside `auth.jwt.leeway_s`."""
TOKEN = re.compile(r"([A-Za-z0-9_-]+)\.([A-Za-z0-9_-]+)\.([A-Za-z0-9_-]+)")
SCOPE = re.compile(r"|[!#-\[\]-~]+( [!#-\[\]-~]+)*")
TYPES = ("jwt", "at+jwt", "application/jwt", "application/at+jwt")

Headers = Collection[tuple[bytes, bytes]]


class BadToken(RoostError):
    """A token that makes nobody of anybody; the text is the reason, and holds nothing of the token."""


class NotYours(RoostError):
    """Somebody asks for what is another user's."""


@dataclass(frozen=True, slots=True)
class User:
    """Who somebody is: a uid, the scopes of their token, and when it ends (seconds since 1970; None: never)."""

    uid: str
    scopes: frozenset[str] = frozenset()
    expires: float | None = None

    def may_speak_for(self, uid: str) -> bool:
        """Whether a message that names `uid` is theirs to send."""
        return uid == self.uid or "impersonate" in self.scopes

    @property
    def is_admin(self) -> bool:
        """Whether they may use `/api/v1/admin/*`."""
        return "admin" in self.scopes


class Authenticator:
    """Checks tokens by `auth.jwt` (RFC 7515, 7519, 8725): one algorithm, which the settings name and no token chooses.

    Making one imports PyJWT, some 9 MiB. `clock` gives seconds since 1970.
    """

    def __init__(self, config: Config, clock: Callable[[], float] = time.time) -> None:
        if config.auth.jwt is None:
            raise ValueError("auth.jwt is not configured, so no token can be checked")
        from jwt import InvalidKeyError, get_algorithm_by_name

        self._jwt = config.auth.jwt
        self._algorithm = get_algorithm_by_name(self._jwt.algorithm)
        try:
            self._keys = Keys(self._jwt, self._algorithm.prepare_key)
        except InvalidKeyError:
            raise ConfigError("auth.jwt.secret: must not be a key file's text; write a random one") from None
        self._clock = clock

    def user_of_token(self, token: str) -> User:
        """Whose `token` it is. Raises `BadToken`. It may read a JWKS file that changed: call it in a thread."""
        if len(token) > LARGEST_TOKEN:
            raise BadToken(f"token: must have at most {LARGEST_TOKEN} characters")
        parts = TOKEN.fullmatch(token)
        if parts is None:
            raise BadToken("token: must be three parts of base64url with dots between (JWS compact form)")
        key = self._key(_table(_decoded(parts[1]), "header"))
        signed, _, _ = token.rpartition(".")
        if not self._algorithm.verify(signed.encode(), key, _decoded(parts[3])):
            raise BadToken("token: its signature does not fit")
        return self._user(_table(_decoded(parts[2]), "payload"))

    def _key(self, header: dict[str, Any]) -> Any:
        """The key for a token of this `header`, in which keys and addresses of keys are not looked at."""
        if header.get("alg") != self._jwt.algorithm:
            raise BadToken(f"token: `alg` must be {self._jwt.algorithm}")
        if "crit" in header or "b64" in header:
            raise BadToken("token: its header asks for an extension (`crit`, `b64`), and none is understood")
        kind = header.get("typ", "JWT")
        if not isinstance(kind, str) or kind.lower() not in TYPES:
            raise BadToken("token: `typ` must be JWT or at+jwt")
        kid = header.get("kid")
        if "kid" in header and not isinstance(kid, str):
            raise BadToken("token: `kid` must be text")
        key = self._keys.named(kid)
        if key is None:
            raise BadToken("token: its `kid` names no key of this host")
        return key

    def _user(self, claims: dict[str, Any]) -> User:
        now, leeway = self._clock(), self._jwt.leeway_s
        if "exp" not in claims:
            raise BadToken("token: must have an `exp`")
        expires = _moment(claims, "exp") + leeway
        if expires <= now:
            raise BadToken("token: expired")
        if _moment(claims, "nbf") > now + leeway:
            raise BadToken("token: not valid yet")
        if _moment(claims, "iat") > now + leeway + CLOCKS_APART_S:
            raise BadToken("token: issued in the future")
        self._check_parties(claims)
        return User(_subject(claims), _scopes(claims), expires)

    def _check_parties(self, claims: dict[str, Any]) -> None:
        named = claims.get("aud")
        audience = named if isinstance(named, list) else [named]
        if self._jwt.audience is None:
            if "aud" in claims:
                raise BadToken("token: has an `aud`, and auth.jwt.audience is not set")
        elif not all(isinstance(one, str) for one in audience) or self._jwt.audience not in audience:
            raise BadToken("token: `aud` is not this host's")
        if self._jwt.issuer is not None and claims.get("iss") != self._jwt.issuer:
            raise BadToken("token: `iss` is not the configured one")

    def issue(self, uid: str, scope: str = "", ttl_s: int = 3600) -> str:
        """A token for `uid` that ends in `ttl_s` seconds. Only a host with HS256 has what signing takes."""
        if self._jwt.secret is None:
            raise BadToken("auth.jwt: this host only checks tokens; let the issuer with the private key make one")
        now = int(self._clock())
        claims: dict[str, Any] = {"sub": checked_uid(uid), "scope": scope, "iat": now, "exp": now + ttl_s}
        _scopes(claims)
        claims |= {"aud": self._jwt.audience} if self._jwt.audience else {}
        claims |= {"iss": self._jwt.issuer} if self._jwt.issuer else {}
        signed = f"{_encoded({'alg': self._jwt.algorithm, 'typ': 'JWT'})}.{_encoded(claims)}"
        return f"{signed}.{_base64(self._algorithm.sign(signed.encode(), self._keys.named(None)))}"


def _base64(content: bytes) -> str:
    return base64.urlsafe_b64encode(content).rstrip(b"=").decode()


def _encoded(table: dict[str, Any]) -> str:
    return _base64(json.dumps(table, separators=(",", ":")).encode())


def _decoded(part: str) -> bytes:
    """Base64url, of which one content has one spelling only."""
    try:
        content = base64.urlsafe_b64decode(part + "=" * (-len(part) % 4))
    except ValueError:
        raise BadToken("token: is not base64url") from None
    if _base64(content) != part:
        raise BadToken("token: is not base64url in its one spelling")
    return content


def _table(content: bytes, name: str) -> dict[str, Any]:
    try:
        table = json.loads(content.decode(), object_pairs_hook=_unique, parse_constant=_refuse)
    except (ValueError, RecursionError):
        table = None
    if not isinstance(table, dict):
        raise BadToken(f"token: its {name} must be a JSON object, with each key once and plain numbers")
    return table


def _unique(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    table = dict(pairs)
    if len(table) < len(pairs):
        raise ValueError("a key is there twice")
    return table


def _refuse(constant: str) -> None:
    raise ValueError("not a number of JSON")


def _moment(claims: dict[str, Any], name: str) -> float:
    """A time in seconds since 1970; one that is not there is long ago."""
    value = claims.get(name, 0)
    if type(value) not in (int, float) or not 0 <= value <= LATEST:
        raise BadToken(f"token: `{name}` must be a number of seconds since 1970")
    return float(value)


def _subject(claims: dict[str, Any]) -> str:
    try:
        return checked_uid(claims.get("sub"))
    except InvalidUid:
        raise BadToken("token: `sub` must be a uid") from None


def _scopes(claims: dict[str, Any]) -> frozenset[str]:
    scope = claims.get("scope", "")
    if not isinstance(scope, str) or not SCOPE.fullmatch(scope):
        raise BadToken("token: `scope` must be text of words with one space between")
    return frozenset(scope.split())


def credentials(headers: Headers) -> str | None:
    """The token in a request's headers, or None: `Authorization: Bearer`, else the cookie, never the address.

    Raises `BadToken` where it is not certain which one is meant.
    """
    tokens = [_bearer(value) for name, value in headers if name.lower() == b"authorization"]
    if len(tokens) > 1:
        raise BadToken("Authorization: must be sent once")
    cookies = session_cookies(headers)
    if len(cookies) > 1:
        raise BadToken(f"Cookie: {COOKIE} must be sent once; log out, or delete the cookies of this site")
    if tokens and cookies and tokens != cookies:
        raise BadToken(f"Authorization and the cookie {COOKIE} differ; send one of them")
    return next(iter(tokens + cookies), None)


def _bearer(value: bytes) -> str:
    scheme, _, token = value.partition(b" ")
    if scheme.lower() != b"bearer":
        raise BadToken("Authorization: must be `Bearer <token>`")
    return token.strip(b" ").decode("latin-1")


def session_cookies(headers: Headers) -> list[str]:
    """Every value that `Cookie` gives for our cookie; more than one says that another site set one too."""
    pairs = [pair for name, value in headers if name.lower() == b"cookie" for pair in value.split(b";")]
    named = [(name.strip(), value.strip()) for name, _, value in (pair.partition(b"=") for pair in pairs)]
    return [value.decode("latin-1") for name, value in named if name == COOKIE.encode()]


def login_cookie(token: str, user: User, *, secure: bool, path: str = "/", now: float | None = None) -> str:
    """A `Set-Cookie` value that makes a browser `user` while the checked `token` lives; `secure`: over https only."""
    left = None if user.expires is None else max(0, int(user.expires - (time.time() if now is None else now)))
    return _cookie(token, left, secure, path)


def logout_cookie(*, secure: bool, path: str = "/") -> str:
    """A `Set-Cookie` value that takes the cookie away again."""
    return _cookie("", 0, secure, path)


def _cookie(value: str, max_age: int | None, secure: bool, path: str) -> str:
    age = "" if max_age is None else f"; Max-Age={max_age}"
    return f"{COOKIE}={value}; Path={path or '/'}; HttpOnly; SameSite=Strict{age}{'; Secure' if secure else ''}"
