"""`/` and `/assets/`: the page that people see, from the bundle in `host/web/dist`. It knows nobody, and asks nothing.

The page's own text goes out anew each time, with a nonce for the styles that its editor and terminals make; all else
is named by its content and may be kept for ever. Whoever has no bundle gets a sentence in place of the page.
"""

from __future__ import annotations

import asyncio
import re
import secrets
from html import escape
from pathlib import Path
from typing import TYPE_CHECKING

import orjson
from starlette.responses import Response
from starlette.types import Receive, Scope, Send

from host.routes import not_known, problem_answer

if TYPE_CHECKING:
    from host.app import Host

DIST = Path(__file__).resolve().parent / "web" / "dist"
NAME = re.compile(r"/assets/([A-Za-z0-9_-][A-Za-z0-9_.-]*\.(?:js|css|svg|woff2))")
TYPES = {
    "js": "text/javascript; charset=utf-8",
    "css": "text/css; charset=utf-8",
    "svg": "image/svg+xml",
    "woff2": "font/woff2",
}
"""What an asset is, by its extension. A constant."""

ENCODINGS = (("br", ".br"), ("gzip", ".gz"))
FOR_EVER = "public, max-age=31536000, immutable"
MISSING = (
    "<!doctype html><html lang=en><meta charset=utf-8><title>Roost</title><h1>Roost runs; its page is not built</h1>"
    "<p>Run <code>make page</code> where npm can be reached (or install a wheel, which carries it), "
    "and load this again. "
    "Everything else works: <a href=docs>what can be asked</a>.</p></html>"
)


def asset_of(scope: Scope) -> str | None:
    """The asset that this request's address names, "" for the page itself; None where it names neither."""
    if scope["type"] != "http":
        return None
    path = scope["path"].removeprefix(scope.get("root_path", ""))
    if path in ("", "/"):
        return ""
    found = NAME.fullmatch(path)
    return found[1] if found else None


class Page:
    """The page of a host, as an ASGI app."""

    def __init__(self, host: Host, dist: Path = DIST) -> None:
        self._host = host
        self._dist = dist

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Serve a request whose address `asset_of` knows."""
        name = asset_of(scope)
        assert name is not None
        if scope["method"] not in ("GET", "HEAD"):
            answer = problem_answer(not_known(405, "this path takes GET, HEAD"), {"Allow": "GET, HEAD"})
        elif name:
            answer = await asyncio.to_thread(self._asset, name, _accepted(scope))
        else:
            answer = await asyncio.to_thread(self._page)
        await answer(scope, receive, send)

    def _page(self) -> Response:
        """The page's text, or the sentence in its place. It blocks."""
        try:
            text = (self._dist / "page.html").read_text()
        except OSError:
            return Response(MISSING, 503, {"Cache-Control": "no-store"}, "text/html")
        nonce = secrets.token_urlsafe(18)
        about = escape(orjson.dumps(self._about()).decode())
        headers = {"Cache-Control": "no-store", "Content-Security-Policy": policy(nonce)}
        return Response(text.replace("{nonce}", nonce).replace("{about}", about), 200, headers, "text/html")

    def _about(self) -> dict[str, str]:
        """What the page must know before it knows anybody: how people come in here."""
        host = self._host
        if host.authenticate is not None:
            login = "outside"
        elif host.wants_token:
            login = "token"
        else:
            login = "uid" if host.config.multi_user else "none"
        return {"login": login, "version": host.version}

    def _asset(self, name: str, accepted: frozenset[str]) -> Response:
        """A file of the bundle, packed as the client takes it. It blocks."""
        headers = {"Cache-Control": FOR_EVER, "Vary": "Accept-Encoding"}
        for encoding, end in (*((one, end) for one, end in ENCODINGS if one in accepted), ("", "")):
            try:
                content = (self._dist / "assets" / (name + end)).read_bytes()
            except OSError:
                continue
            more = {"Content-Encoding": encoding} if encoding else {}
            return Response(content, 200, {**headers, **more, "Content-Type": TYPES[name.rpartition(".")[2]]})
        return problem_answer(not_known(404, "no such part of the page; load the page again"))


def policy(nonce: str) -> str:
    """What the page may do: run and load what is its own, and nothing that somebody put into it."""
    rules = {
        "default-src": "'none'",
        "script-src": "'self'",
        "style-src": f"'self' 'nonce-{nonce}'",
        "img-src": "'self' data: blob:",
        "font-src": "'self'",
        "connect-src": "'self'",
        "frame-src": "'self'",
        "base-uri": "'none'",
        "form-action": "'none'",
        "frame-ancestors": "'none'",
    }
    return "; ".join(f"{name} {rule}" for name, rule in rules.items())


def _accepted(scope: Scope) -> frozenset[str]:
    """The encodings that the client takes."""
    given = b",".join(value for name, value in scope["headers"] if name == b"accept-encoding").decode("latin-1")
    parts = (one.strip().lower().replace(" ", "") for one in given.split(","))
    return frozenset(one.partition(";")[0] for one in parts if not one.endswith((";q=0", ";q=0.0")))
