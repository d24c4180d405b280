"""From where a request may come: rules on Host, Origin and CORS. It does no I/O and asks nobody who they are."""

from __future__ import annotations

import ipaddress
import re
from collections.abc import Collection, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from host.auth import session_cookies
from host.fields import PORTS, host_name, origin
from sessions.errors import RoostError

if TYPE_CHECKING:
    from host.tables import Server

Headers = list[tuple[bytes, bytes]]

AUTHORITY = re.compile(r"(?:\[([0-9A-Fa-f:.]+)\]|([A-Za-z0-9._-]+))(?::([0-9]{1,5}))?")
LOOPBACK = ("localhost", "127.0.0.1", "::1")
EVERYWHERE = ("0.0.0.0", "::")
"""Addresses to listen on that are nobody's name: `http://0.0.0.0` in a page is an attack."""
SAFE = ("GET", "HEAD", "OPTIONS")
HOPS = 32

SECURITY: tuple[tuple[bytes, bytes], ...] = (
    (b"x-content-type-options", b"nosniff"),
    (b"content-security-policy", b"default-src 'none'; frame-ancestors 'none'"),
    (b"x-frame-options", b"DENY"),
    (b"referrer-policy", b"no-referrer"),
    (b"cross-origin-resource-policy", b"same-origin"),
)
"""What every answer carries that is not a page of ours."""

EXPOSED = (b"access-control-expose-headers", b"ETag, Retry-After, Content-Range, Content-Disposition")
PREFLIGHT: tuple[tuple[bytes, bytes], ...] = (
    (b"access-control-allow-methods", b"GET, HEAD, POST, PUT, PATCH, DELETE"),
    (
        b"access-control-allow-headers",
        b"Authorization, Content-Type, If-Match, If-None-Match, Last-Event-ID, Range, X-Request-ID",
    ),
    (b"access-control-max-age", b"600"),
)


class Refused(RoostError):
    """A request that may not come from where it does; the text says why and names the setting that would let it."""

    status = 403


@dataclass(frozen=True, slots=True)
class Visit:
    """Where a request came from, as far as it can be believed."""

    scheme: str
    """`http` or `https`, as the client spoke it."""
    authority: str
    """`name[:port]`, as the client wrote it; one of this host's own."""
    client: str | None
    """The client's address."""
    origin: str | None
    """The page's origin, None where none was sent."""
    foreign: bool
    """Whether only `*` or `null` lets the page in: it may be somebody by a token, by nothing that a browser adds."""

    def check_ambient(self) -> None:
        """Call it where something else than a token says who somebody is: a foreign page may not use that."""
        if self.foreign:
            raise Refused("Origin: such a page needs a token; list its origin in server.cors.origins to do without")


class Guard:
    """The rules of `server.*` on where requests come from, made once a host."""

    def __init__(self, server: Server) -> None:
        bound = () if server.host in EVERYWHERE else (server.host,)
        self._names = frozenset((*LOOPBACK, *bound, *server.allowed_hosts))
        self._proxies = tuple(ipaddress.ip_network(network) for network in server.trusted_proxies)
        self._origins = frozenset(server.cors.origins if server.cors.enabled else ())

    def check(self, scope: Mapping[str, Any]) -> Visit:
        """Where the request of this ASGI `scope` (http or websocket) comes from. Raises `Refused`."""
        headers = scope["headers"]
        believed = self._is_proxy(_peer(scope))
        authority = self._authority(_once(headers, b"host", "Host"), scope)
        forwarded = _last(headers, b"x-forwarded-host") if believed else None
        if forwarded is not None:
            authority = self._authority(forwarded, {})
        scheme = _scheme(scope, headers if believed else [])
        sent = _once(headers, b"origin", "Origin") if _values(headers, b"origin") else None
        page, foreign = self._page(sent, f"{scheme}://{authority}", scope["type"])
        _check_cookie(scope, page, foreign)
        return Visit(scheme, authority, self._client(scope, headers) if believed else _peer(scope), page, foreign)

    def _authority(self, text: str, scope: Mapping[str, Any]) -> str:
        found = AUTHORITY.fullmatch(text)
        if found is None or int(found[3] or 0) > 65535:
            raise Refused("Host: must be a host name or an address, and a port if there is one")
        try:
            name = host_name(found[1] or found[2])
        except ValueError:
            raise Refused("Host: must be a host name or an address in its usual spelling") from None
        if (":" in name) != bool(found[1]):
            raise Refused("Host: must have an IPv6 address, and nothing else, in brackets")
        if name not in self._names and name != _reached(scope):
            raise Refused("Host: is not a name of this host; add it to server.allowed_hosts if it should be")
        return (f"[{name}]" if found[1] else name) + (f":{int(found[3])}" if found[3] else "")

    def _page(self, sent: str | None, own: str, kind: str) -> tuple[str | None, bool]:
        """The origin of the page that asks, and whether it is foreign."""
        if sent is None:
            return None, False
        if sent == "null":
            return self._nameless()
        try:
            page = origin(sent)
        except ValueError:
            raise Refused("Origin: must be `scheme://host[:port]`") from None
        if page == origin(own) or page in self._origins:
            return page, False
        if "*" not in self._origins:
            raise Refused(
                "Origin: is not this host's own and not in server.cors.origins; where a proxy in front speaks https, "
                "its address belongs in server.trusted_proxies"
            )
        if kind == "websocket":
            raise Refused("Origin: `*` opens no WebSocket; name the page's origin in server.cors.origins")
        return page, True

    def _nameless(self) -> tuple[str, bool]:
        if "null" not in self._origins:
            raise Refused("Origin: a page without an origin may not call; server.cors.origins would have to hold null")
        return "null", True

    def _is_proxy(self, address: str | None) -> bool:
        try:
            found = _plain(address) if address and self._proxies else None
        except ValueError:
            return False
        return found is not None and any(found in network for network in self._proxies)

    def _client(self, scope: Mapping[str, Any], headers: Collection[tuple[bytes, bytes]]) -> str | None:
        """The nearest address that is not a proxy of ours; what stands before it in the header anybody can write."""
        client = _peer(scope)
        hops = ",".join(_values(headers, b"x-forwarded-for")).split(",")
        for hop in reversed(hops[-HOPS:]):
            try:
                client = str(_plain(hop.strip()))
            except ValueError:
                break
            if not self._is_proxy(client):
                break
        return client

    def cors(self, visit: Visit) -> Headers:
        """What the answer to `visit` says about who may read it."""
        if not self._origins:
            return []
        vary = (b"vary", b"Origin")
        if visit.origin is None or visit.origin == origin(f"{visit.scheme}://{visit.authority}"):
            return [vary]
        if visit.foreign:
            shown = b"null" if visit.origin == "null" else b"*"
            return [vary, (b"access-control-allow-origin", shown), EXPOSED]
        named = (b"access-control-allow-origin", visit.origin.encode())
        return [vary, named, (b"access-control-allow-credentials", b"true"), EXPOSED]

    def preflight(self, scope: Mapping[str, Any], visit: Visit) -> Headers | None:
        """The headers of a 204 that answers a browser's question before a request; None: it is no such question."""
        asks = _values(scope["headers"], b"access-control-request-method")
        if scope["type"] != "http" or scope["method"] != "OPTIONS" or visit.origin is None or not asks:
            return None
        return [*self.cors(visit), *PREFLIGHT]


def _values(headers: Collection[tuple[bytes, bytes]], wanted: bytes) -> list[str]:
    return [value.decode("latin-1") for name, value in headers if name.lower() == wanted]


def _once(headers: Collection[tuple[bytes, bytes]], wanted: bytes, name: str) -> str:
    values = _values(headers, wanted)
    if len(values) != 1:
        raise Refused(f"{name}: must be sent, and once")
    return values[0]


def _last(headers: Collection[tuple[bytes, bytes]], wanted: bytes) -> str | None:
    """The value that the nearest proxy wrote; those before it came to that proxy from outside."""
    values = ",".join(_values(headers, wanted))
    return values.rpartition(",")[2].strip() if values else None


def _peer(scope: Mapping[str, Any]) -> str | None:
    client = scope.get("client")
    return client[0] if client else None


def _reached(scope: Mapping[str, Any]) -> str | None:
    """The address that the socket was reached at; a server that puts a name there took it from the client."""
    server = scope.get("server")
    try:
        return str(_plain(server[0])) if server else None
    except ValueError:
        return None


def _plain(text: str) -> ipaddress.IPv4Address | ipaddress.IPv6Address:
    """An address; IPv4 also where a socket of both families shows it as IPv6."""
    address = ipaddress.ip_address(text)
    return getattr(address, "ipv4_mapped", None) or address


def _scheme(scope: Mapping[str, Any], headers: Collection[tuple[bytes, bytes]]) -> str:
    scheme = (_last(headers, b"x-forwarded-proto") or scope.get("scheme", "http")).lower()
    plain = {"ws": "http", "wss": "https"}.get(scheme, scheme)
    if plain not in PORTS:
        raise Refused("X-Forwarded-Proto: must be http or https")
    return plain


def _check_cookie(scope: Mapping[str, Any], page: str | None, foreign: bool) -> None:
    """A browser adds its cookie to whatever a page asks for, so the page must be known for what changes something.

    Who sends neither Origin nor Sec-Fetch-Site is a program with a cookie jar: browsers send one with every change.
    """
    headers = scope["headers"]
    if _values(headers, b"authorization"):
        return
    has_cookie = bool(session_cookies(headers))
    if has_cookie and foreign:
        raise Refused("Origin: such a page may not use the cookie; name its origin in server.cors.origins")
    if page is not None or scope["type"] != "http" or scope["method"] in SAFE:
        return
    sites = _values(headers, b"sec-fetch-site")
    if not sites or sites in (["same-origin"], ["none"]):
        return
    raise Refused("Origin: must be sent with what changes something, or else Authorization instead of the cookie")
