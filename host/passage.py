"""What of a request may reach a user's dev server, and what of its answer may reach a browser. No I/O is here."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from typing import NamedTuple
from urllib.parse import unquote_plus

from host.auth import COOKIE

Headers = list[tuple[bytes, bytes]]

HOP_BY_HOP = (
    b"connection", b"keep-alive", b"te", b"trailer", b"transfer-encoding", b"upgrade", b"expect",
)  # fmt: skip
PRIVATE = (b"authorization", b"cookie", b"host", b"origin", b"referer", b"forwarded", b"service-worker")
"""Of a request: who the user is, and where the host and the preview are; said anew where a server needs it."""

DENIED = (
    b"set-cookie2", b"strict-transport-security", b"clear-site-data", b"service-worker-allowed", b"alt-svc", b"nel",
    b"report-to", b"reporting-endpoints", b"public-key-pins", b"origin-agent-cluster", b"x-frame-options",
    b"referrer-policy", b"www-authenticate", b"date",
)  # fmt: skip
"""Of an answer: what speaks for a whole origin, which is the host's, or decides who may read or frame it."""

SANDBOX = b"sandbox allow-scripts allow-forms allow-modals allow-popups allow-downloads allow-pointer-lock"
"""The page has an origin that is nobody's: scripts run, but for the host's API they are a stranger's."""

GUARDED: tuple[tuple[bytes, bytes], ...] = (
    (b"x-content-type-options", b"nosniff"),
    (b"referrer-policy", b"no-referrer"),
)
BY_LOGIN: tuple[tuple[bytes, bytes], ...] = (
    *GUARDED,
    (b"content-security-policy", SANDBOX + b"; frame-ancestors 'self'"),
    (b"x-frame-options", b"SAMEORIGIN"),
    (b"cross-origin-resource-policy", b"same-origin"),
    (b"cache-control", b"no-store"),  # the same address is another user's page for another user
)
BY_TICKET: tuple[tuple[bytes, bytes], ...] = (
    *GUARDED,
    (b"content-security-policy", SANDBOX),
    (b"cross-origin-resource-policy", b"cross-origin"),
    (b"access-control-allow-origin", b"*"),
    (b"access-control-expose-headers", b"*"),
)
PREFLIGHT: tuple[tuple[bytes, bytes], ...] = (
    *BY_TICKET,
    (b"access-control-allow-methods", b"*"),
    (b"access-control-allow-headers", b"*"),
    (b"access-control-max-age", b"600"),
)
OWN = re.compile(rb"http://(?:localhost|127\.0\.0\.1|\[::1\]):([0-9]{1,5})(/.*)?", re.DOTALL)


class Passage(NamedTuple):
    """The way between a browser and one port: `prefix` is the preview's path here, without its last slash."""

    port: int
    prefix: bytes
    ticketed: bool
    """The address itself is what lets the browser in; else it is the user's login."""
    all_cookies: bool
    """Whether cookies other than our own may pass: not where the app around this host has its own among them."""

    @property
    def authority(self) -> bytes:
        """The dev server's name for itself."""
        return b"localhost:%d" % self.port

    def target(self, path: bytes, query: bytes) -> bytes:
        """What the dev server is asked for; `uid` in the query is the host's, where the address alone is not enough."""
        query = query if self.ticketed else without_uid(query)
        return path + (b"?" + query if query else b"")

    def inward(self, given: Iterable[tuple[bytes, bytes]]) -> Headers:
        """The headers for the dev server, as if its own page on its own machine had asked."""
        headers = [(name.lower(), value) for name, value in given]
        dropped = {*HOP_BY_HOP, *PRIVATE, *_named_by_connection(headers)}
        kept = [pair for pair in headers if pair[0] not in dropped and not pair[0].startswith((b"proxy-", b"x-forw"))]
        first = [(b"host", self.authority), (b"x-forwarded-prefix", self.prefix)]
        if any(name == b"origin" for name, _ in headers):
            first.append((b"origin", b"http://" + self.authority))
        if any(name == b"transfer-encoding" for name, _ in headers):
            first.append((b"transfer-encoding", b"chunked"))
        if cookies := self._cookies(headers):
            first.append((b"cookie", cookies))
        return first + kept

    def _cookies(self, headers: Headers) -> bytes:
        pairs = [pair.strip() for name, value in headers if name == b"cookie" for pair in value.split(b";")]
        return b"; ".join(pair for pair in pairs if pair and not _is_ours(pair)) if self.all_cookies else b""

    def outward(self, given: Iterable[tuple[bytes, bytes]]) -> Headers:
        """The headers for the browser, which must not take the dev server's word for anything of the host's origin."""
        return [*self._passed([(name.lower(), value) for name, value in given]), *self.own]

    @property
    def own(self) -> tuple[tuple[bytes, bytes], ...]:
        """What every answer of a preview says."""
        return BY_TICKET if self.ticketed else BY_LOGIN

    def _passed(self, headers: Headers) -> Iterator[tuple[bytes, bytes]]:
        replaced = {name for name, _ in self.own} - {b"content-security-policy"}  # two of these hold both
        dropped = {*HOP_BY_HOP, *DENIED, *_named_by_connection(headers), *replaced}
        for name, value in headers:
            if name == b"set-cookie":
                if not _is_ours(value.partition(b";")[0]):
                    yield name, self._cookie(value)
            elif name == b"location":
                yield name, self._location(value)
            elif name not in dropped and not name.startswith((b"proxy-", b"access-control-", b"cross-origin-")):
                yield name, value

    def _cookie(self, value: bytes) -> bytes:
        """A cookie for this preview and nothing else of the host."""
        pair, *attributes = value.split(b";")
        kept = [one for one in attributes if one.partition(b"=")[0].strip().lower() not in (b"domain", b"path")]
        return b";".join([pair, *kept, b" Path=" + self.prefix + b"/"])

    def _location(self, value: bytes) -> bytes:
        """A redirect to the dev server itself stays in the preview."""
        own = OWN.fullmatch(value)
        if own and int(own[1]) == self.port:
            value = own[2] or b"/"
        if value.startswith(b"/") and value[1:2] not in (b"/", b"\\"):
            return self.prefix + value
        return value


def without_uid(query: bytes) -> bytes:
    """The query without what says to the host who somebody is; the rest byte for byte."""
    return b"&".join(part for part in query.split(b"&") if not _is_uid(part))


def _named_by_connection(headers: Headers) -> set[bytes]:
    values = [value for name, value in headers if name == b"connection"]
    return {token.strip().lower() for value in values for token in value.split(b",")}


def _is_ours(pair: bytes) -> bool:
    """Whether a cookie is, or could be read as, the host's own: a nameless one may hold its name in the value."""
    return COOKIE.encode() in pair.lower()


def _is_uid(part: bytes) -> bool:
    return unquote_plus(part.partition(b"=")[0].decode("latin-1")) == "uid"
